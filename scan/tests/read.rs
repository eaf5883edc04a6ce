//! What reading promises: every symbol of the picture, each once, at its place, and an end whatever the pixels are.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use qrcode::{EcLevel, QrCode};
use scan::{Content, Crop, Luma, Point, Rotation, Symbol};

/// A picture to draw on: white, a byte for a pixel.
struct Canvas {
    pixels: Vec<u8>,
    width: u32,
    height: u32,
}

impl Canvas {
    fn new(width: u32, height: u32) -> Self {
        Self { pixels: vec![255; (width * height) as usize], width, height }
    }

    /// Draws a symbol without quiet zone, `module` pixels to a module; returns its side in pixels.
    fn draw(&mut self, code: &QrCode, left: u32, top: u32, module: u32) -> u32 {
        let side = code.width() as u32 * module;
        for y in 0..side {
            for x in 0..side {
                let dark =
                    code[((x / module) as usize, (y / module) as usize)] == qrcode::Color::Dark;
                self.pixels[((top + y) * self.width + left + x) as usize] =
                    if dark { 30 } else { 220 };
            }
        }
        side
    }

    fn frame(&self) -> Luma<'_> {
        Luma::new(&self.pixels, self.width, self.height, self.width).unwrap()
    }
}

fn text(symbol: &Symbol) -> &str {
    match &symbol.content {
        Content::Text(text) => text,
        Content::Bytes(bytes) => panic!("bytes instead of text: {bytes:?}"),
    }
}

/// The corners of an upright square, in the symbol's order.
fn square(left: u32, top: u32, side: u32) -> [Point; 4] {
    let point = |x, y| Point { x: x as f32, y: y as f32 };
    [
        point(left, top),
        point(left + side, top),
        point(left + side, top + side),
        point(left, top + side),
    ]
}

fn assert_near(found: &[Point; 4], expected: &[Point; 4], tolerance: f32) {
    for (found_corner, expected_corner) in found.iter().zip(expected) {
        let distance =
            (found_corner.x - expected_corner.x).hypot(found_corner.y - expected_corner.y);
        assert!(distance <= tolerance, "found {found:?}, expected {expected:?}");
    }
}

#[test]
fn photos_read_as_their_texts_say() {
    let photos = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/photos");
    let mut read = 0;
    for entry in fs::read_dir(photos).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "png") {
            continue;
        }
        let picture = image::open(&path).unwrap().to_luma8();
        let frame =
            Luma::new(&picture, picture.width(), picture.height(), picture.width()).unwrap();
        let expected = fs::read_to_string(path.with_extension("txt")).unwrap();
        let symbols = scan::read(&frame);
        assert!(
            symbols.iter().any(|symbol| text(symbol) == expected),
            "{}: {symbols:?}",
            path.display()
        );
        read += 1;
    }
    assert_eq!(read, 9);
}

#[test]
fn a_symbol_inside_another_is_told_beside_it() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/photos/qrcode-2-16.png");
    let picture = image::open(path).unwrap().to_luma8();
    let frame = Luma::new(&picture, picture.width(), picture.height(), picture.width()).unwrap();
    let symbols = scan::read(&frame);
    assert_eq!(symbols.len(), 2);
    assert!(symbols.iter().any(|symbol| text(symbol).starts_with("[外側QRコード]")));
    assert!(symbols.iter().any(|symbol| text(symbol).starts_with("[内側QRコード]")));
}

#[test]
fn corners_are_told_in_the_symbols_order_however_the_frame_is_turned() {
    let code = QrCode::new("TURN ME ROUND").unwrap();
    let mut canvas = Canvas::new(260, 200);
    let side = canvas.draw(&code, 40, 30, 4);
    let upright = square(40, 30, side);
    let turned = |rotation: Rotation| {
        upright.map(|Point { x, y }| match rotation {
            Rotation::None => Point { x, y },
            Rotation::Quarter => Point { x: 200.0 - y, y: x },
            Rotation::Half => Point { x: 260.0 - x, y: 200.0 - y },
            Rotation::ThreeQuarters => Point { x: y, y: 260.0 - x },
        })
    };
    for rotation in [Rotation::None, Rotation::Quarter, Rotation::Half, Rotation::ThreeQuarters] {
        let symbols = scan::read(&canvas.frame().rotated(rotation));
        assert_eq!(symbols.len(), 1, "{rotation:?}");
        assert_eq!(text(&symbols[0]), "TURN ME ROUND");
        assert_near(&symbols[0].corners, &turned(rotation), 2.0);
    }
}

#[test]
fn corners_are_told_in_the_pixels_of_the_part_that_was_read() {
    let code = QrCode::new("PART").unwrap();
    let mut canvas = Canvas::new(400, 150);
    let side = canvas.draw(&code, 40, 30, 4);
    canvas.draw(&QrCode::new("OTHER").unwrap(), 240, 30, 4);
    let part = canvas.frame().crop(Crop { left: 20, top: 10, width: 180, height: 130 }).unwrap();
    let symbols = scan::read(&part);
    assert_eq!(symbols.iter().map(text).collect::<Vec<_>>(), ["PART"]);
    assert_near(&symbols[0].corners, &square(20, 20, side), 2.0);
}

#[test]
fn a_symbol_is_read_though_the_picture_cuts_off_a_finder_pattern() {
    const MODULE: f64 = 7.0;
    let code = QrCode::with_error_correction_level("A".repeat(200), EcLevel::M).unwrap();
    let side = code.width() as f64;
    // Each of the three is uppermost in its turn.
    for (name, turn) in [("top left", 30.0_f64), ("top right", -60.0), ("bottom left", 120.0)] {
        let (sin, cos) = turn.to_radians().sin_cos();
        let level = |x: u32, y: u32| {
            let (x, y) = (f64::from(x) - 500.0, f64::from(y) - 400.0);
            let [u, v] = [x * cos + y * sin, y * cos - x * sin].map(|at| at / MODULE + side / 2.0);
            let inside = [u, v].iter().all(|at| (0.0..side).contains(at));
            if inside && code[(u as usize, v as usize)] == qrcode::Color::Dark { 40 } else { 210 }
        };
        let (width, height) = (1_000, 800);
        let pixels = (0..width * height).map(|place| level(place % width, place / width)).collect();
        let canvas = Canvas { pixels, width, height };
        let highest = 400.0 - side * MODULE * (sin.abs() + cos.abs()) / 2.0;
        let top = (highest + 4.5 * MODULE) as u32;
        let part = canvas.frame().crop(Crop { left: 0, top, width, height: height - top }).unwrap();
        let symbols = scan::read(&part);
        assert_eq!(symbols.iter().map(text).collect::<Vec<_>>(), ["A".repeat(200)], "{name}");
    }
}

#[test]
fn a_row_stride_does_not_skew_the_picture() {
    let mut canvas = Canvas::new(150, 120);
    canvas.draw(&QrCode::new("STRIDE").unwrap(), 30, 20, 3);
    let mut padded = Vec::new();
    for row in canvas.pixels.chunks(150) {
        padded.extend_from_slice(row);
        padded.extend([0; 42]);
    }
    padded.truncate(padded.len() - 42);
    let symbols = scan::read(&Luma::new(&padded, 150, 120, 192).unwrap());
    assert_eq!(symbols.iter().map(text).collect::<Vec<_>>(), ["STRIDE"]);
}

#[test]
fn a_sheet_of_a_hundred_symbols_gives_each_once() {
    let mut canvas = Canvas::new(1_240, 1_240);
    for number in 0..100 {
        let code = QrCode::new(format!("SHEET {number:03}")).unwrap();
        canvas.draw(&code, 30 + number % 10 * 120, 30 + number / 10 * 120, 3);
    }
    let symbols = scan::read(&canvas.frame());
    assert_eq!(symbols.len(), 100);
    assert_eq!(symbols.iter().map(text).collect::<BTreeSet<_>>().len(), 100);
}

#[test]
fn two_symbols_that_say_the_same_are_two() {
    let code = QrCode::new("TWICE").unwrap();
    let mut canvas = Canvas::new(300, 140);
    canvas.draw(&code, 30, 30, 3);
    canvas.draw(&code, 180, 30, 3);
    let symbols = scan::read(&canvas.frame());
    assert_eq!(symbols.iter().map(text).collect::<Vec<_>>(), ["TWICE", "TWICE"]);
}

#[test]
fn light_on_dark_and_mirrored_symbols_read() {
    let code = QrCode::new("SEEN FROM BEHIND").unwrap();
    let mut canvas = Canvas::new(200, 200);
    let side = canvas.draw(&code, 50, 40, 4);
    let mut negative =
        Canvas { pixels: canvas.pixels.iter().map(|pixel| 255 - pixel).collect(), ..canvas };
    assert_eq!(text(&scan::read(&negative.frame())[0]), "SEEN FROM BEHIND");
    for row in negative.pixels.chunks_mut(200) {
        row.reverse();
        row.iter_mut().for_each(|pixel| *pixel = 255 - *pixel);
    }
    let symbols = scan::read(&negative.frame());
    assert_eq!(text(&symbols[0]), "SEEN FROM BEHIND");
    let [top_left, top_right, bottom_right, bottom_left] = square(150 - side, 40, side);
    assert_near(&symbols[0].corners, &[top_right, top_left, bottom_left, bottom_right], 3.0);
}

#[test]
fn modules_of_one_pixel_read() {
    let mut canvas = Canvas::new(60, 60);
    canvas.draw(&QrCode::new("SMALL").unwrap(), 10, 10, 1);
    assert_eq!(scan::read(&canvas.frame()).iter().map(text).collect::<Vec<_>>(), ["SMALL"]);
}

#[test]
fn a_small_symbol_in_a_large_photo_reads_and_stands_where_it_is() {
    let mut canvas = Canvas::new(6_000, 5_000);
    let side = canvas.draw(&QrCode::new("FAR AWAY").unwrap(), 5_000, 4_000, 5);
    let symbols = scan::read(&canvas.frame());
    assert_eq!(symbols.iter().map(text).collect::<Vec<_>>(), ["FAR AWAY"]);
    assert_near(&symbols[0].corners, &square(5_000, 4_000, side), 5.0);
}

#[test]
fn a_large_symbol_does_not_hide_a_small_or_a_light_one() {
    let mut canvas = Canvas::new(3_000, 2_000);
    canvas.draw(&QrCode::new("LARGE").unwrap(), 200, 200, 40);
    canvas.draw(&QrCode::new("SMALL").unwrap(), 2_000, 300, 2);
    let side = canvas.draw(&QrCode::new("LIGHT").unwrap(), 2_000, 1_000, 6);
    for y in 1_000 - 30..1_000 + side + 30 {
        let row = (y * canvas.width) as usize;
        for pixel in &mut canvas.pixels[row + 2_000 - 30..row + 2_000 + side as usize + 30] {
            *pixel = 255 - *pixel;
        }
    }
    let symbols = scan::read(&canvas.frame());
    assert_eq!(
        symbols.iter().map(text).collect::<BTreeSet<_>>(),
        BTreeSet::from(["LARGE", "LIGHT", "SMALL"])
    );
}

#[test]
fn bytes_that_are_no_text_come_out_unchanged() {
    let bytes = [0x00, 0xFF, 0xD2, 0x84, 0x43, 0xA1, 0x01, 0x32, 0x80, 0xC3];
    let mut canvas = Canvas::new(150, 150);
    canvas.draw(&QrCode::new(bytes).unwrap(), 30, 30, 4);
    assert_eq!(scan::read(&canvas.frame())[0].content, Content::Bytes(bytes.to_vec()));
}

#[test]
fn a_picture_made_of_finder_patterns_ends() {
    // 7 × 7 modules each, as dense as they go: some ten thousand, of which no three are a symbol.
    let mut canvas = Canvas::new(900, 900);
    for y in 0..900_u32 {
        for x in 0..900_u32 {
            let ring = (x % 9).abs_diff(4).max((y % 9).abs_diff(4));
            canvas.pixels[(y * 900 + x) as usize] = if ring == 2 || ring == 4 { 255 } else { 0 };
        }
    }
    assert_eq!(scan::read(&canvas.frame()), []);
}

fn noise(seed: u64, count: usize, levels: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    (0..count).map(|_| (next() % levels * 255 / (levels - 1)) as u8).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn noise_of_any_shape_ends_without_panic(
        seed: u64, width in 1_u32..300, height in 1_u32..300, padding in 0_u32..20, levels in 2_u64..256,
        turn in 0_usize..4,
    ) {
        let row_stride = width + padding;
        let pixels = noise(seed, (row_stride * height) as usize, levels);
        let turn = [Rotation::None, Rotation::Quarter, Rotation::Half, Rotation::ThreeQuarters][turn];
        let _ = scan::read(&Luma::new(&pixels, width, height, row_stride).unwrap().rotated(turn));
    }

    #[test]
    fn a_symbol_cut_and_smeared_anywhere_ends_without_panic(
        seed: u64, left in 0_u32..120, top in 0_u32..120, width in 1_u32..120, height in 1_u32..120,
        shear in 0_u32..6, strength in 0_u8..200,
    ) {
        let mut canvas = Canvas::new(240, 240);
        canvas.draw(&QrCode::with_error_correction_level("TO BE SPOILT", EcLevel::H).unwrap(), 50, 50, 4);
        let noise = noise(seed, canvas.pixels.len(), 256);
        let spoilt: Vec<u8> = (0..240 * 240_u32).map(|index| {
            let (x, y) = (index % 240, index / 240);
            let from = y * 240 + (x + y * shear / 8) % 240;
            canvas.pixels[from as usize].saturating_sub(noise[index as usize] & strength)
        }).collect();
        let frame = Luma::new(&spoilt, 240, 240, 240).unwrap();
        let _ = scan::read(&frame.crop(Crop { left, top, width, height }).unwrap());
    }

    #[test]
    fn whatever_a_symbol_holds_is_read(
        // The zero keeps Shift JIS out, which would come out as its text.
        bytes in proptest::collection::vec(any::<u8>(), 1..300).prop_map(|bytes| [vec![0], bytes].concat()),
        module in 2_u32..6,
    ) {
        let Ok(code) = QrCode::with_error_correction_level(&bytes, EcLevel::M) else { return Ok(()) };
        let side = code.width() as u32 * module + 16 * module;
        let mut canvas = Canvas::new(side, side);
        canvas.draw(&code, 8 * module, 8 * module, module);
        let symbols = scan::read(&canvas.frame());
        prop_assert_eq!(symbols.len(), 1);
        match &symbols[0].content {
            Content::Bytes(read) => prop_assert_eq!(read, &bytes),
            Content::Text(text) => prop_assert_eq!(text.as_bytes(), &bytes),
        }
    }
}
