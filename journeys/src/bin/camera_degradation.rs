//! `camera-degradation`: degrades a picture as a camera does, for the demo and for trying things out by hand.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use image::codecs::jpeg::JpegEncoder;
use image::{ImageFormat, ImageResult, RgbImage};
use journeys::camera::{Degradation, photograph};

/// Quality that phones save photos with.
const JPEG_QUALITY: u8 = 85;

/// Turn a picture into a photo of that picture: on a table, askew, blurred, noisy, unevenly lit.
///
/// The same seed gives the same photo.
#[derive(Parser)]
#[command(name = "camera-degradation", version)]
struct Arguments {
    /// The picture, PNG or JPEG
    input: PathBuf,

    /// Where the photo goes: JPEG or PNG, by its extension
    output: PathBuf,

    /// How far the angle of view moves the corners, in percent of the sides
    #[arg(long, value_name = "PERCENT", default_value_t = Degradation::default().perspective, value_parser = up_to_40)]
    perspective: f32,

    /// How far out of focus, in pixels
    #[arg(long, value_name = "PIXELS", default_value_t = Degradation::default().blur, value_parser = up_to_40)]
    blur: f32,

    /// Noise of the sensor, in levels of 255
    #[arg(long, value_name = "LEVELS", default_value_t = Degradation::default().noise, value_parser = up_to_100)]
    noise: f32,

    /// How much darker the dark end of the table is, in percent
    #[arg(long, value_name = "PERCENT", default_value_t = Degradation::default().light, value_parser = up_to_100)]
    light: f32,

    /// Which photo of all possible ones
    #[arg(long, default_value_t = Degradation::default().seed)]
    seed: u64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("camera-degradation: {message}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), String> {
    let Arguments { input, output, perspective, blur, noise, light, seed } = arguments;
    let format = ImageFormat::from_path(output)
        .ok()
        .filter(|format| matches!(format, ImageFormat::Png | ImageFormat::Jpeg))
        .ok_or_else(|| {
            format!("{}: the photo's name must end in .jpg or .png", output.display())
        })?;
    let picture = image::ImageReader::open(input)
        .and_then(image::ImageReader::with_guessed_format)
        .map_err(|error| format!("{}: {error}", input.display()))?
        .decode()
        .map_err(|error| format!("{}: {error}", input.display()))?;
    let degradation = Degradation {
        perspective: *perspective,
        blur: *blur,
        noise: *noise,
        light: *light,
        seed: *seed,
    };
    let photo = photograph(&picture.into_rgb8(), &degradation);
    save(&photo, output, format).map_err(|error| format!("{}: {error}", output.display()))
}

fn save(photo: &RgbImage, output: &PathBuf, format: ImageFormat) -> ImageResult<()> {
    match format {
        ImageFormat::Jpeg => {
            let file = std::io::BufWriter::new(std::fs::File::create(output)?);
            JpegEncoder::new_with_quality(file, JPEG_QUALITY).encode_image(photo)
        }
        format => photo.save_with_format(output, format),
    }
}

fn up_to_40(text: &str) -> Result<f32, String> {
    up_to(40.0, text)
}

fn up_to_100(text: &str) -> Result<f32, String> {
    up_to(100.0, text)
}

fn up_to(most: f32, text: &str) -> Result<f32, String> {
    text.parse()
        .ok()
        .filter(|number| (0.0..=most).contains(number))
        .ok_or_else(|| format!("a number from 0 to {most}"))
}
