//! What scripts may rely on in `vouchsafe read`.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::{self, Cursor};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use image::codecs::png::PngEncoder;
use image::{DynamicImage, GrayImage, ImageEncoder, ImageFormat, Luma, Rgba, RgbaImage};
use prints::{Print, Severity};
use qrcode::QrCode;
use serde_json::{Value, json};
use tempfile::TempDir;

fn vouchsafe() -> Command {
    Command::new(env!("CARGO_BIN_EXE_vouchsafe"))
}

fn read(arguments: &[&str], files: &[&Path]) -> Output {
    vouchsafe().arg("read").args(arguments).args(files).output().unwrap()
}

/// The lines of `read --json`, and the exit status.
fn read_json(files: &[&Path]) -> (Vec<Value>, i32) {
    let output = read(&["--json"], files);
    let lines = String::from_utf8(output.stdout).unwrap();
    (
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
        output.status.code().unwrap(),
    )
}

fn texts(line: &Value) -> Vec<&str> {
    line["symbols"]
        .as_array()
        .unwrap()
        .iter()
        .map(|symbol| symbol["text"].as_str().unwrap())
        .collect()
}

/// Draws symbols side by side, 4 pixels a module, 24 pixels apart and from the edges.
fn picture(contents: &[&[u8]]) -> GrayImage {
    let codes: Vec<QrCode> = contents.iter().map(|content| QrCode::new(content).unwrap()).collect();
    let sides: Vec<u32> = codes.iter().map(|code| code.width() as u32 * 4).collect();
    let height = sides.iter().max().unwrap() + 48;
    let mut picture = GrayImage::from_pixel(
        sides.iter().map(|side| side + 24).sum::<u32>() + 24,
        height,
        Luma([255]),
    );
    let mut left = 24;
    for (code, side) in codes.iter().zip(sides) {
        for y in 0..side {
            for x in 0..side {
                if code[((x / 4) as usize, (y / 4) as usize)] == qrcode::Color::Dark {
                    picture.put_pixel(left + x, 24 + y, Luma([0]));
                }
            }
        }
        left += side + 24;
    }
    picture
}

fn save(
    directory: &TempDir,
    name: &str,
    picture: impl Into<DynamicImage>,
    format: ImageFormat,
) -> PathBuf {
    let path = directory.path().join(name);
    let mut bytes = Vec::new();
    picture.into().write_to(&mut Cursor::new(&mut bytes), format).unwrap();
    fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn a_line_of_json_tells_file_symbols_corners_and_time() {
    let directory = TempDir::new().unwrap();
    let path = save(&directory, "one.png", picture(&[b"VS1:HELLO"]), ImageFormat::Png);
    let (lines, status) = read_json(&[&path]);
    assert_eq!(status, 0);
    assert_eq!(lines.len(), 1);
    let line = lines[0].as_object().unwrap();
    assert_eq!(line.keys().collect::<Vec<_>>(), ["file", "ms", "symbols"]);
    assert_eq!(line["file"], json!(path));
    assert!(line["ms"].as_f64().unwrap() >= 0.0);
    let symbol = line["symbols"][0].as_object().unwrap();
    assert_eq!(symbol.keys().collect::<Vec<_>>(), ["corners", "text"]);
    assert_eq!(symbol["text"], "VS1:HELLO");
    let corners: Vec<[f64; 2]> = serde_json::from_value(symbol["corners"].clone()).unwrap();
    for (corner, expected) in
        corners.iter().zip([[24.0, 24.0], [108.0, 24.0], [108.0, 108.0], [24.0, 108.0]])
    {
        assert!((corner[0] - expected[0]).hypot(corner[1] - expected[1]) < 3.0, "{corners:?}");
    }
}

#[test]
fn every_symbol_of_a_picture_is_told() {
    let directory = TempDir::new().unwrap();
    let path =
        save(&directory, "three.png", picture(&[b"ONE", b"TWO", b"THREE"]), ImageFormat::Png);
    let (lines, _) = read_json(&[&path]);
    let mut texts = texts(&lines[0]);
    texts.sort_unstable();
    assert_eq!(texts, ["ONE", "THREE", "TWO"]);
}

#[test]
fn the_format_is_told_by_content_and_not_by_name() {
    let directory = TempDir::new().unwrap();
    let picture = picture(&[b"ANY FORMAT"]);
    let colour = DynamicImage::from(picture.clone()).into_rgb8();
    let paths = [
        save(&directory, "a.jpeg", picture.clone(), ImageFormat::Png),
        save(&directory, "b.png", picture, ImageFormat::Jpeg),
        save(&directory, "c.txt", colour.clone(), ImageFormat::WebP),
        save(&directory, "d", DynamicImage::from(colour).into_rgba8(), ImageFormat::Gif),
    ];
    let (lines, status) = read_json(&paths.each_ref().map(PathBuf::as_path));
    assert_eq!(status, 0);
    assert_eq!(lines.iter().map(texts).collect::<Vec<_>>(), vec![["ANY FORMAT"]; 4]);
}

#[test]
fn bytes_that_are_no_text_come_in_base64() {
    let directory = TempDir::new().unwrap();
    let path =
        save(&directory, "bytes.png", picture(&[&[0xFF, 0x00, 0xD2, 0x84]]), ImageFormat::Png);
    let (lines, status) = read_json(&[&path]);
    assert_eq!(status, 0);
    let symbol = lines[0]["symbols"][0].as_object().unwrap();
    assert_eq!(symbol["base64"], "/wDShA==");
    assert!(!symbol.contains_key("text"));
}

#[test]
fn a_picture_without_a_symbol_is_no_error() {
    let directory = TempDir::new().unwrap();
    let blank = GrayImage::from_pixel(80, 60, Luma([200]));
    let path = save(&directory, "blank.png", blank, ImageFormat::Png);
    let (lines, status) = read_json(&[&path]);
    assert_eq!((lines[0]["symbols"].clone(), status), (json!([]), 0));
    let words = read(&[], &[&path]);
    assert!(String::from_utf8(words.stdout).unwrap().contains("no QR symbol"));
    assert_eq!(words.status.code(), Some(0));
}

#[test]
fn frames_together_give_what_none_of_them_gives_alone() {
    let directory = TempDir::new().unwrap();
    let print = Print::of_version(15, Severity::new(5).unwrap(), 9);
    let frames = Vec::from_iter((0..10).map(|index| {
        let frame = print.frame(index);
        let picture = GrayImage::from_raw(frame.width, frame.height, frame.pixels).unwrap();
        save(&directory, &format!("{index}.png"), picture, ImageFormat::Png)
    }));
    let frames = Vec::from_iter(frames.iter().map(PathBuf::as_path));

    let (alone, status) = read_json(&frames);
    assert!(alone.iter().all(|line| texts(line).is_empty()));
    assert_eq!(status, 0);

    let output = read(&["--json", "--fuse"], &frames);
    assert_eq!(output.status.code(), Some(0));
    let lines = Vec::from_iter(
        str::from_utf8(&output.stdout)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()),
    );
    assert_eq!(lines.len(), frames.len());
    let texts = Vec::from_iter(lines.iter().flat_map(texts));
    assert!(!texts.is_empty() && texts.iter().all(|text| *text == print.text()), "{texts:?}");
}

#[test]
fn a_broken_picture_is_reported_and_the_rest_are_read() {
    let directory = TempDir::new().unwrap();
    let good = save(&directory, "good.png", picture(&[b"GOOD"]), ImageFormat::Png);
    let cut = directory.path().join("cut.png");
    fs::write(&cut, &fs::read(&good).unwrap()[..100]).unwrap();
    let text = directory.path().join("text.png");
    fs::write(&text, "no picture at all").unwrap();
    let empty = directory.path().join("empty.png");
    fs::write(&empty, "").unwrap();
    let missing = directory.path().join("missing.png");
    let bad = [cut.as_path(), &text, &empty, &missing, directory.path()];

    let (lines, status) = read_json(&[bad.as_slice(), &[&good]].concat());
    assert_eq!(status, 2);
    assert_eq!(lines.len(), 6);
    for (line, path) in lines.iter().zip(bad) {
        assert_eq!(line["file"], json!(path));
        assert!(!line["error"].as_str().unwrap().is_empty());
        assert!(line.get("symbols").is_none());
    }
    assert_eq!(texts(&lines[5]), ["GOOD"]);

    let words = read(&[], &[&cut, &good]);
    assert_eq!(words.status.code(), Some(2));
    assert!(String::from_utf8(words.stdout).unwrap().contains("GOOD"));
    assert!(String::from_utf8(words.stderr).unwrap().contains("cut.png"));
}

#[test]
fn a_photo_is_turned_upright_before_corners_are_told() {
    let directory = TempDir::new().unwrap();
    let upright = picture(&[b"UPRIGHT", b"RIGHT HAND"]);
    // Orientation 6: the camera was turned, so that the picture must be turned clockwise.
    let stored = image::imageops::rotate270(&upright);
    let mut bytes = Vec::new();
    let mut encoder = PngEncoder::new(&mut bytes);
    let mut exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0".to_vec();
    exif.extend([0; 4]);
    encoder.set_exif_metadata(exif).unwrap();
    encoder
        .write_image(stored.as_raw(), stored.width(), stored.height(), image::ExtendedColorType::L8)
        .unwrap();
    let path = directory.path().join("turned.png");
    fs::write(&path, bytes).unwrap();

    let (lines, _) = read_json(&[&path]);
    let symbols = lines[0]["symbols"].as_array().unwrap();
    let corner = |text: &str| {
        let symbol = symbols.iter().find(|symbol| symbol["text"] == text).unwrap();
        (symbol["corners"][0][0].as_f64().unwrap(), symbol["corners"][0][1].as_f64().unwrap())
    };
    let (left, top) = corner("UPRIGHT");
    assert!((left - 24.0).hypot(top - 24.0) < 3.0, "{symbols:?}");
    assert!(corner("RIGHT HAND").0 > left + 50.0);
}

#[test]
fn a_symbol_on_a_transparent_ground_reads() {
    let directory = TempDir::new().unwrap();
    let opaque = picture(&[b"CLEAR"]);
    let clear = RgbaImage::from_fn(opaque.width(), opaque.height(), |x, y| {
        if opaque.get_pixel(x, y).0[0] == 0 { Rgba([0, 0, 0, 255]) } else { Rgba([0, 0, 0, 0]) }
    });
    let path = save(&directory, "clear.png", clear, ImageFormat::Png);
    assert_eq!(texts(&read_json(&[&path]).0[0]), ["CLEAR"]);
}

#[test]
fn a_reader_that_goes_away_is_no_crash() {
    let directory = TempDir::new().unwrap();
    let path = save(&directory, "one.png", picture(&[b"GONE"]), ImageFormat::Png);
    for arguments in [["read", "--json"].as_slice(), &["read"]] {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let output = vouchsafe().args(arguments).arg(&path).stdout(writer).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    }
}

#[test]
fn help_says_what_the_command_does_and_what_the_exit_status_means() {
    let help =
        String::from_utf8(vouchsafe().args(["read", "--help"]).output().unwrap().stdout).unwrap();
    for word in ["QR symbol", "PNG, JPEG, WebP or GIF", "--json", "base64", "Exit status"] {
        assert!(help.contains(word), "{word} is missing in: {help}");
    }
    assert_eq!(vouchsafe().arg("read").output().unwrap().status.code(), Some(2));
}
