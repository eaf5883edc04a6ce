//! What the demo relies on: photos at the usual strength look like photos and can still be read.

use std::path::Path;
use std::process::Command;

use image::{GrayImage, Rgb, RgbImage};
use journeys::camera::{Degradation, photograph};
use qrcode::{EcLevel, QrCode, Version};
use scan::{Content, Symbol};
use tempfile::TempDir;

/// As much as a symbol of version 11 at M holds.
fn text() -> String {
    let base45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
    "VS1:"
        .chars()
        .chain((0..362).map(|index| char::from(base45.as_bytes()[index * index % 45])))
        .collect()
}

/// A white sheet with a symbol of version 11 at M, `module` pixels to a module, and dark lines as of print.
fn sheet(module: u32) -> RgbImage {
    let code = QrCode::with_version(text(), Version::Normal(11), EcLevel::M).unwrap();
    let side = code.width() as u32 * module;
    let margin = 6 * module;
    RgbImage::from_fn(side + 2 * margin, side + 3 * margin + 40, |x, y| {
        let dark = match (x.checked_sub(margin), y.checked_sub(margin)) {
            (Some(x), Some(y)) if x < side && y < side => {
                code[((x / module) as usize, (y / module) as usize)] == qrcode::Color::Dark
            }
            (Some(x), Some(y)) => {
                x < side && y > side + margin && y % 20 < 5 && x % 50 < 40 && y < side + margin + 40
            }
            _ => false,
        };
        Rgb(if dark { [20, 20, 28] } else { [255, 255, 255] })
    })
}

fn read(photo: &GrayImage) -> Vec<Symbol> {
    let (width, height) = photo.dimensions();
    scan::read(&scan::Luma::new(photo, width, height, width).unwrap())
}

fn gray(photo: RgbImage) -> GrayImage {
    image::DynamicImage::from(photo).into_luma8()
}

#[test]
fn photos_at_the_usual_strength_can_be_read() {
    let mut unread = Vec::new();
    for module in [5, 6] {
        let sheet = sheet(module);
        for seed in 0..8 {
            let photo = photograph(&sheet, &Degradation { seed, ..Degradation::default() });
            let symbols = read(&gray(photo));
            if symbols.first().map(|symbol| &symbol.content) != Some(&Content::Text(text())) {
                unread.push((module, seed));
            }
        }
    }
    assert_eq!(unread, []);
}

#[test]
fn the_same_seed_gives_the_same_photo_and_another_seed_another() {
    let sheet = sheet(2);
    let photo = |seed| photograph(&sheet, &Degradation { seed, ..Degradation::default() });
    assert_eq!(photo(7), photo(7));
    assert_ne!(photo(7), photo(8));
}

#[test]
fn without_degradation_the_sheet_lies_straight_in_the_middle_of_a_larger_table() {
    let sheet = sheet(4);
    let none = Degradation { perspective: 0.0, blur: 0.0, noise: 0.0, light: 0.0, seed: 3 };
    let photo = photograph(&sheet, &none);
    assert!(photo.width() > sheet.width() && photo.height() > sheet.height());
    let (left, top) = ((photo.width() - sheet.width()) / 2, (photo.height() - sheet.height()) / 2);
    let symbols = read(&gray(photo));
    let corner = symbols[0].corners[0];
    assert!(
        (corner.x - (left + 24) as f32).abs() < 3.0 && (corner.y - (top + 24) as f32).abs() < 3.0
    );
}

#[test]
fn each_degradation_does_its_own_harm() {
    let sheet = RgbImage::from_pixel(80, 80, Rgb([255; 3]));
    let none = Degradation { perspective: 0.0, blur: 0.0, noise: 0.0, light: 0.0, seed: 3 };
    let plain = gray(photograph(&sheet, &none));
    let spread = |photo: &GrayImage| {
        let middle: Vec<u8> = (30..78)
            .flat_map(|y| (30..78).map(move |x| (x, y)))
            .map(|(x, y)| photo.get_pixel(x, y).0[0])
            .collect();
        middle.iter().max().unwrap() - middle.iter().min().unwrap()
    };
    assert_eq!(spread(&plain), 0);
    assert!(spread(&gray(photograph(&sheet, &Degradation { noise: 10.0, ..none }))) > 20);
    assert!(spread(&gray(photograph(&sheet, &Degradation { light: 60.0, ..none }))) > 20);
    // The edge of the sheet is one pixel wide before, and several out of focus.
    let steps = |photo: &GrayImage| (8..24).filter(|&x| photo.get_pixel(x, 54).0[0] < 230).count();
    let soft = gray(photograph(&sheet, &Degradation { blur: 3.0, ..none }));
    assert!(steps(&soft) > steps(&plain));
    assert_ne!(plain, gray(photograph(&sheet, &Degradation { perspective: 10.0, ..none })));
}

#[test]
fn the_command_writes_what_the_name_of_its_output_says() {
    let directory = TempDir::new().unwrap();
    let input = directory.path().join("sheet.png");
    sheet(6).save(&input).unwrap();
    let run = |output: &Path, arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_camera-degradation"))
            .arg(&input)
            .arg(output)
            .args(arguments)
            .output()
            .unwrap()
    };
    for (name, format) in
        [("photo.jpg", image::ImageFormat::Jpeg), ("photo.png", image::ImageFormat::Png)]
    {
        let output = directory.path().join(name);
        assert!(run(&output, &["--seed", "4"]).status.success());
        let bytes = std::fs::read(&output).unwrap();
        assert_eq!(image::guess_format(&bytes).unwrap(), format);
        let symbols = read(&image::load_from_memory(&bytes).unwrap().into_luma8());
        assert_eq!(symbols[0].content, Content::Text(text()));
    }
    let refused = run(&directory.path().join("photo.bmp"), &[]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8(refused.stderr).unwrap().contains(".jpg or .png"));
    assert_eq!(run(&directory.path().join("photo.png"), &["--blur", "-1"]).status.code(), Some(2));
}

#[test]
fn the_smallest_picture_gets_its_photo() {
    let pixel = RgbImage::from_pixel(1, 1, Rgb([255; 3]));
    assert_eq!(photograph(&pixel, &Degradation::default()).dimensions(), (1, 1));
}
