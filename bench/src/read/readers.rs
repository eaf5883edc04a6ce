//! The readers that are compared, each as its own documentation says that it reads best.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rxing::{BarcodeFormat, DecodeHints};
use scan::{Content, Luma, Symbol};
use zxingcpp::{BarcodeReader, ImageFormat, ImageView};

use super::frames::Picture;

/// What a symbol says, in the forms that a reader gives.
pub(crate) struct Decoded {
    text: Option<String>,
    bytes: Option<Vec<u8>>,
}

impl Decoded {
    /// Whether one of the forms is exactly this.
    pub(crate) fn is(&self, expected: &[u8]) -> bool {
        self.text.as_ref().is_some_and(|text| text.as_bytes() == expected)
            || self.bytes.as_ref().is_some_and(|bytes| bytes == expected)
    }
}

/// A way to read a picture.
pub(crate) struct Reader {
    pub(crate) name: &'static str,
    pub(crate) read: fn(&Picture) -> Vec<Decoded>,
}

/// Ours first, then zxing-cpp; each when asked for one symbol and when asked for all.
pub(crate) const READERS: &[Reader] = &[
    Reader { name: "ours (one)", read: ours_one },
    Reader { name: "ours (all)", read: ours_all },
    Reader { name: "zxing-cpp (one)", read: |picture| zxing_cpp(picture, 1) },
    Reader { name: "zxing-cpp (all)", read: |picture| zxing_cpp(picture, 255) },
    Reader { name: "rxing", read: rxing },
    Reader { name: "rqrr", read: rqrr },
];

fn ours_one(picture: &Picture) -> Vec<Decoded> {
    scan::read_one(&frame(picture)).iter().map(decoded).collect()
}

fn ours_all(picture: &Picture) -> Vec<Decoded> {
    scan::read(&frame(picture)).iter().map(decoded).collect()
}

fn frame(picture: &Picture) -> Luma<'_> {
    let (width, height) = picture.pixels.dimensions();
    Luma::new(&picture.pixels, width, height, width).unwrap()
}

fn decoded(symbol: &Symbol) -> Decoded {
    match &symbol.content {
        Content::Text(text) => Decoded { text: Some(text.clone()), bytes: None },
        Content::Bytes(bytes) => Decoded { text: None, bytes: Some(bytes.clone()) },
    }
}

/// zxing-cpp with every option that makes it try more, for so many symbols at most.
pub(crate) fn zxing_cpp(picture: &Picture, most: i32) -> Vec<Decoded> {
    let (width, height) = picture.pixels.dimensions();
    let view = ImageView::from_slice(&picture.pixels, width, height, ImageFormat::Lum).unwrap();
    let symbols = BarcodeReader::new()
        .formats([zxingcpp::BarcodeFormat::QRCode])
        .try_harder(true)
        .try_rotate(true)
        .try_invert(true)
        .try_downscale(true)
        .text_mode(zxingcpp::TextMode::Plain)
        .max_number_of_symbols(most)
        .from(view)
        .unwrap();
    let decoded = |symbol: &zxingcpp::Barcode| Decoded {
        text: Some(symbol.text()),
        bytes: Some(symbol.bytes()),
    };
    symbols.iter().map(decoded).collect()
}

fn rxing(picture: &Picture) -> Vec<Decoded> {
    let (width, height) = picture.pixels.dimensions();
    let mut hints = DecodeHints {
        TryHarder: Some(true),
        AlsoInverted: Some(true),
        PossibleFormats: Some(HashSet::from([BarcodeFormat::QR_CODE])),
        ..DecodeHints::default()
    };
    // It says that it may panic.
    let symbol = catch_unwind(AssertUnwindSafe(|| {
        rxing::helpers::detect_in_luma_slice_with_hints(
            &picture.pixels,
            width,
            height,
            Some(BarcodeFormat::QR_CODE),
            &mut hints,
        )
    }));
    let decoded = |symbol: rxing::RXingResult| Decoded {
        text: Some(symbol.getText().to_owned()),
        bytes: None,
    };
    symbol.ok().and_then(Result::ok).map(decoded).into_iter().collect()
}

fn rqrr(picture: &Picture) -> Vec<Decoded> {
    let symbols = catch_unwind(AssertUnwindSafe(|| {
        let mut prepared = rqrr::PreparedImage::prepare(picture.pixels.clone());
        let grids = prepared.detect_grids();
        let read = |grid: &rqrr::Grid<_>| {
            let mut bytes = Vec::new();
            rqrr::Grid::decode_to(grid, &mut bytes).ok()?;
            Some(Decoded { text: None, bytes: Some(bytes) })
        };
        grids.iter().filter_map(read).collect()
    }));
    symbols.unwrap_or_default()
}
