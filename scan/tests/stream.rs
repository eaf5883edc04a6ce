//! What a stream promises: what no frame gives comes out of several, and nothing ever comes out of two symbols mixed.

#![allow(clippy::unwrap_used)]

use prints::{Frame, Print, Severity};
use qrcode::{Color, EcLevel, QrCode, Version};
use scan::{Content, Crop, Luma, Rotation, Stream, Symbol};

const FRAMES: u32 = 10;
/// The deviation of noise, and by how much a faint pattern is darker than paper, in levels.
const NOISE: f32 = 14.0;
const FAINT: f32 = 14.0;
/// Prints that are read from several frames.
const SEEDS: [u64; 2] = [3, 14];
/// Prints that frames give only together, and among how many such are.
const HARD_PRINTS: usize = 2;
const MOST_SEEDS: u64 = 40;

/// A print that is hard to read but not hopeless, of a size whose frames are small.
fn print(seed: u64) -> Print {
    Print::of_version(seed, Severity::new(4).unwrap(), 9)
}

fn luma(frame: &Frame) -> Luma<'_> {
    Luma::new(&frame.pixels, frame.width, frame.height, frame.width).unwrap()
}

fn text(symbol: &Symbol) -> &str {
    match &symbol.content {
        Content::Text(text) => text,
        Content::Bytes(_) => "bytes that are no text",
    }
}

fn texts(symbols: &[Symbol]) -> Vec<&str> {
    symbols.iter().map(text).collect()
}

#[test]
fn ten_frames_give_what_none_of_them_gives_alone() {
    let severity = Severity::new(5).unwrap();
    let is_read = |symbols: &[Symbol], print: &Print| {
        assert!(texts(symbols).iter().all(|text| *text == print.text()));
        !symbols.is_empty()
    };
    let given_together_alone = (1..=MOST_SEEDS).filter(|&seed| {
        let print = Print::of_version(seed, severity, 9);
        let frames: Vec<Frame> = (0..FRAMES).map(|index| print.frame(index)).collect();
        let mut stream = Stream::new();
        let given_by = frames.iter().position(|frame| is_read(&stream.read(&luma(frame)), &print));
        given_by.is_some_and(|index| index > 0)
            && !frames.iter().any(|frame| is_read(&scan::read(&luma(frame)), &print))
    });
    assert_eq!(given_together_alone.take(HARD_PRINTS).count(), HARD_PRINTS);
}

#[test]
fn two_vouchers_in_turns_give_their_own_texts_or_none() {
    let (first, second) = (print(SEEDS[0]), print(SEEDS[1]));
    let mut stream = Stream::new();
    let mut read = 0;
    for index in 0..FRAMES {
        for print in [&first, &second] {
            let frame = print.frame(index);
            let symbols = stream.read(&luma(&frame));
            assert!(texts(&symbols).iter().all(|text| *text == print.text()));
            read += symbols.len();
        }
    }
    assert!(
        read > 0,
        "each has a track of its own, so that taking turns does not keep them from being read"
    );
}

#[test]
fn a_voucher_that_follows_another_is_read_from_its_own_frames() {
    let (first, second) = (print(SEEDS[0]), print(SEEDS[1]));
    let mut stream = Stream::new();
    for index in 0..FRAMES {
        stream.read(&luma(&first.frame(index)));
    }
    let read = (0..FRAMES).any(|index| {
        let frame = second.frame(index);
        let symbols = stream.read(&luma(&frame));
        assert!(texts(&symbols).iter().all(|text| *text == second.text()));
        !symbols.is_empty()
    });
    assert!(read);
}

#[test]
fn corners_are_told_in_the_view_that_was_given() {
    let print = print(SEEDS[0]);
    let (mut plain, mut turned) = (Stream::new(), Stream::new());
    let read = (0..FRAMES).find_map(|index| {
        let frame = print.frame(index);
        let symbols = plain.read(&luma(&frame));
        let part = Crop { left: 20, top: 10, width: frame.width - 40, height: frame.height - 20 };
        let view = luma(&frame)
            .rotated(Rotation::Quarter)
            .rotated(Rotation::ThreeQuarters)
            .crop(part)
            .unwrap();
        let sideways = turned.read(&view.rotated(Rotation::Quarter));
        Some((symbols.into_iter().next()?, sideways.into_iter().next()?, frame))
    });
    let (upright, sideways, frame) = read.unwrap();
    assert_eq!(upright.content, sideways.content);
    for (upright, sideways) in upright.corners.iter().zip(sideways.corners) {
        // Clockwise: what was the lower edge is on the left.
        let (x, y) = (frame.height as f32 - 10.0 - upright.y, upright.x - 20.0);
        assert!((x - sideways.x).hypot(y - sideways.y) < 4.0, "{upright:?} became {sideways:?}");
    }
}

/// A clean symbol, of whose three parts one after the other is covered by something white: one finder pattern is left,
/// or two, or all three.
#[test]
fn what_is_covered_in_turns_comes_out_together() {
    const MODULE: usize = 4;
    for (level, version) in [(EcLevel::L, 7), (EcLevel::M, 11), (EcLevel::Q, 16)] {
        let text = "VOUCHSAFE ".repeat(16);
        let code = QrCode::with_version(&text, Version::Normal(version), level).unwrap();
        let colours = code.to_colors();
        let side = (code.width() + 8) * MODULE;
        let covered = |turn: usize| -> Vec<u8> {
            (0..side * side)
                .map(|place| {
                    let (x, y) = (place % side / MODULE, place / side / MODULE);
                    let is_covered = 3 * y / (code.width() + 8) == turn;
                    let inside =
                        (4..code.width() + 4).contains(&x) && (4..code.width() + 4).contains(&y);
                    let is_dark = inside
                        && colours[(y - 4) * code.width() + x - 4] == Color::Dark
                        && !is_covered;
                    if is_dark { 0 } else { 255 }
                })
                .collect()
        };
        let mut stream = Stream::new();
        let mut read = Vec::new();
        for turn in [1, 0, 2, 1, 0, 2] {
            let pixels = covered(turn);
            let frame = Luma::new(&pixels, side as u32, side as u32, side as u32).unwrap();
            assert!(scan::read(&frame).is_empty(), "{level:?}: a part is enough");
            read.extend(stream.read(&frame));
        }
        assert_eq!(texts(&read).first(), Some(&text.as_str()), "{level:?}");
        assert!(texts(&read).iter().all(|read| *read == text), "{level:?}");
    }
}

/// Whichever of the three it is, and whichever way round the symbol lies.
#[test]
fn a_symbol_of_which_one_finder_pattern_is_faint_is_read() {
    const MODULE: usize = 3;
    const MARGIN: usize = 40;
    let text = "VOUCHSAFE ".repeat(12);
    let code = QrCode::with_version(&text, Version::Normal(8), EcLevel::M).unwrap();
    let colours = code.to_colors();
    let (wide, side) = (code.width(), code.width() * MODULE + 2 * MARGIN);
    let mut state = 7_u64;
    let mut noise = || {
        // The sum of four bytes looks enough like a bell.
        let mut byte = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as f32 - 127.5
        };
        (byte() + byte() + byte() + byte()) / 147.0
    };
    for faint in 0..3 {
        let pixels: Vec<u8> = (0..side * side)
            .map(|place| {
                let module = |at: usize| {
                    at.checked_sub(MARGIN).map(|at| at / MODULE).filter(|at| *at < wide)
                };
                let (x, y) = (module(place % side), module(place / side));
                let (Some(x), Some(y)) = (x, y) else { return (200.0 + NOISE * noise()) as u8 };
                let is_dark = colours[y * wide + x] == Color::Dark;
                let is_faint = match faint {
                    0 => x < 8 && y < 8,
                    1 => x >= wide - 8 && y < 8,
                    _ => x < 8 && y >= wide - 8,
                };
                let level = match (is_dark, is_faint) {
                    (false, _) => 200.0,
                    (true, false) => 60.0,
                    (true, true) => 200.0 - FAINT,
                };
                (level + NOISE * noise()) as u8
            })
            .collect();
        let frame = Luma::new(&pixels, side as u32, side as u32, side as u32).unwrap();
        for turn in [Rotation::None, Rotation::Quarter, Rotation::Half, Rotation::ThreeQuarters] {
            let symbols = Stream::new().read(&frame.rotated(turn));
            assert_eq!(texts(&symbols), [&text], "{faint} {turn:?}");
        }
    }
}
