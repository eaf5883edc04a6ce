//! A voucher's QR code as a picture: PNG or SVG, by the file's name.

use crate::failure::{self, Failure};
use qrcode::{Color, EcLevel, QrCode};
use std::fmt::Write as _;
use std::path::Path;

/// Light modules that a reader needs on each side (ISO/IEC 18004).
const QUIET_ZONE: usize = 4;

/// Pixels of a module in a PNG, which prints sharply at 300 dots an inch.
const MODULE: usize = 8;

/// A kind of picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Png,
    Svg,
}

impl Format {
    /// The kind that a file's name ends with.
    pub(crate) fn of(file: &Path) -> failure::Result<Self> {
        match file.extension().and_then(|ending| ending.to_str()) {
            Some("png") => Ok(Format::Png),
            Some("svg") => Ok(Format::Svg),
            _ => Err(Failure::Argument(format!(
                "{}: name a file that ends with .png or .svg",
                file.display()
            ))),
        }
    }

    /// Draws the QR code of a text at error correction M.
    pub(crate) fn draw(self, text: &str) -> failure::Result<Vec<u8>> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M)
            .map_err(|_| Failure::Argument("the text is too long for a QR code".to_owned()))?;
        let width = code.width();
        let dark: Vec<bool> = code.into_colors().into_iter().map(|it| it == Color::Dark).collect();
        match self {
            Format::Png => png(&dark, width),
            Format::Svg => Ok(svg(&dark, width).into_bytes()),
        }
    }
}

fn png(dark: &[bool], width: usize) -> failure::Result<Vec<u8>> {
    let side = (width + 2 * QUIET_ZONE) * MODULE;
    let at = |x: u32, y: u32| {
        let module = |pixel: u32| (pixel as usize / MODULE).checked_sub(QUIET_ZONE);
        let (column, row) = (module(x)?, module(y)?);
        (column < width && row < width).then(|| dark[row * width + column])
    };
    let picture = image::GrayImage::from_fn(side as u32, side as u32, |x, y| {
        image::Luma([if at(x, y) == Some(true) { 0 } else { 255 }])
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture
        .write_to(&mut bytes, image::ImageFormat::Png)
        .map_err(|error| Failure::Argument(format!("the picture cannot be drawn: {error}")))?;
    Ok(bytes.into_inner())
}

fn svg(dark: &[bool], width: usize) -> String {
    let side = width + 2 * QUIET_ZONE;
    let mut path = String::new();
    for (row, modules) in dark.chunks(width).enumerate() {
        let mut column = 0;
        while column < width {
            let run = modules[column..].iter().take_while(|dark| **dark).count();
            if run > 0 {
                let (x, y) = (column + QUIET_ZONE, row + QUIET_ZONE);
                // Writing into a String cannot fail.
                let _ = write!(path, "M{x} {y}h{run}v1h-{run}z");
            }
            column += run.max(1);
        }
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" \
         shape-rendering=\"crispEdges\"><rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/>\
         <path d=\"{path}\"/></svg>\n"
    )
}
