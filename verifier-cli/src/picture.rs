//! Picture files to the symbols in them.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;

use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};
use scan::{Luma, Stream, Symbol};
use thiserror::Error;

/// The largest picture file that is opened, in bytes.
const MAX_FILE: u64 = 64 << 20;
/// The most pixels of a picture: more than any phone takes. A file of a few kilobytes can claim billions.
const MAX_PIXELS: u64 = 120_000_000;
/// The most memory that decoding may ask for, in bytes.
const MAX_MEMORY: u64 = 640 << 20;

/// Why a file gives no picture, in words for the person who named it.
#[derive(Debug, Error)]
pub(crate) enum PictureError {
    #[error("the file cannot be opened: {0}")]
    Open(#[source] io::Error),
    #[error("the file is larger than {} MiB, so it is not opened", MAX_FILE >> 20)]
    FileTooLarge,
    #[error("this is no PNG, JPEG, WebP or GIF picture")]
    NotAPicture,
    #[error("the picture is too large: {width} × {height} pixels; at most {} million are read", MAX_PIXELS / 1_000_000)]
    TooLarge { width: u32, height: u32 },
    #[error("the picture is broken: {0}")]
    Broken(#[source] ImageError),
}

/// A picture as the scanner wants it: upright, without colour, on white where it was transparent.
pub(crate) struct Picture(GrayImage);

impl Picture {
    /// Opens a picture file. What it is, its content decides, not its name; of an animation, the first frame counts.
    pub(crate) fn open(path: &Path) -> Result<Self, PictureError> {
        Self::decode(read_file(path)?)
    }

    fn decode(bytes: Vec<u8>) -> Result<Self, PictureError> {
        let format = image::guess_format(&bytes).map_err(|_| PictureError::NotAPicture)?;
        if !matches!(
            format,
            ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP | ImageFormat::Gif
        ) {
            return Err(PictureError::NotAPicture);
        }
        let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
        let mut limits = Limits::no_limits();
        limits.max_alloc = Some(MAX_MEMORY);
        reader.limits(limits);
        let mut decoder = reader.into_decoder().map_err(PictureError::Broken)?;
        let (width, height) = decoder.dimensions();
        let side = scan::frame::MAX_SIDE;
        if width > side || height > side || u64::from(width) * u64::from(height) > MAX_PIXELS {
            return Err(PictureError::TooLarge { width, height });
        }
        // A picture whose notes about itself are broken is still a picture.
        let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        let mut picture = DynamicImage::from_decoder(decoder).map_err(PictureError::Broken)?;
        picture.apply_orientation(orientation);
        Ok(Self(without_colour(picture)))
    }

    /// Every QR symbol of the picture.
    pub(crate) fn symbols(&self) -> Vec<Symbol> {
        self.luma().map(|frame| scan::read(&frame)).unwrap_or_default()
    }

    /// The QR symbols that the picture gives as the next frame of a stream.
    pub(crate) fn symbols_after(&self, stream: &mut Stream) -> Vec<Symbol> {
        self.luma().map(|frame| stream.read(&frame)).unwrap_or_default()
    }

    /// The limits of opening are within the scanner's, so that only a picture without pixels is no frame.
    fn luma(&self) -> Option<Luma<'_>> {
        let Self(pixels) = self;
        let (width, height) = pixels.dimensions();
        Luma::new(pixels, width, height, width).ok()
    }
}

fn read_file(path: &Path) -> Result<Vec<u8>, PictureError> {
    let file = File::open(path).map_err(PictureError::Open)?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(PictureError::Open)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(PictureError::FileTooLarge);
    }
    Ok(bytes)
}

fn without_colour(picture: DynamicImage) -> GrayImage {
    if !picture.color().has_alpha() {
        return picture.into_luma8();
    }
    let picture = picture.into_luma_alpha8();
    let (width, height) = picture.dimensions();
    GrayImage::from_fn(width, height, |x, y| {
        let [luma, alpha] = picture.get_pixel(x, y).0.map(u32::from);
        image::Luma([((luma * alpha + 255 * (255 - alpha) + 127) / 255) as u8])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(picture: &DynamicImage) -> Vec<u8> {
        let mut bytes = Vec::new();
        picture.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).unwrap();
        bytes
    }

    #[test]
    fn what_is_transparent_is_white() {
        let half_black = image::RgbaImage::from_pixel(1, 1, image::Rgba([0, 0, 0, 128]));
        let clear_black = image::RgbaImage::from_pixel(1, 1, image::Rgba([0, 0, 0, 0]));
        assert_eq!(Picture::decode(png(&half_black.into())).unwrap().0.as_raw(), &[127]);
        assert_eq!(Picture::decode(png(&clear_black.into())).unwrap().0.as_raw(), &[255]);
    }

    #[test]
    fn a_small_file_that_claims_a_huge_picture_is_refused_before_it_is_decoded() {
        let mut bytes = png(&DynamicImage::new_luma8(1, 1));
        // Width and height stand at the start of the IHDR chunk; its checksum must agree.
        bytes[16..24].copy_from_slice(&[0, 0, 0x60, 0, 0, 0, 0x60, 0]);
        let crc = crc32(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&crc.to_be_bytes());
        assert!(matches!(
            Picture::decode(bytes),
            Err(PictureError::TooLarge { width: 0x6000, height: 0x6000 })
        ));
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(u32::MAX, |crc, &byte| {
            (0..8).fold(crc ^ u32::from(byte), |crc, _| {
                crc >> 1 ^ if crc & 1 == 1 { 0xEDB8_8320 } else { 0 }
            })
        })
    }
}
