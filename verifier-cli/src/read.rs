//! `vouchsafe read`: what the QR symbols in pictures say.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use scan::{Content, Stream, Symbol};
use serde::Serialize;

use crate::Outcome;
use crate::picture::{Picture, PictureError};

/// Read every QR symbol in pictures, vouchers or not
///
/// Says what each symbol holds and checks nothing. Pictures may be PNG, JPEG, WebP or GIF; a photo is turned upright
/// first. A picture without a symbol is no error. A picture that cannot be opened is reported, and the rest are read.
///
/// Exit status: 0 if every picture could be opened, 2 if one could not.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Take the pictures as frames of one camera, one after the other
    ///
    /// What no frame gives alone can come out of several: each adds what it says of a symbol to what those before it
    /// said. A symbol is told with the frame that it came out of, alone or with those before it, and with each frame
    /// after that shows it.
    #[arg(long)]
    fuse: bool,

    /// Print a JSON object a line instead of words
    ///
    /// {"file": "...", "symbols": [{"text": "...", "corners": [[x, y], …]}], "ms": 1.2}, where corners are pixels of
    /// the upright picture: the symbol's own top left, top right, bottom right and bottom left; ms is the time that
    /// reading took without opening the file. Bytes that are no text come as "base64" instead of "text". A picture
    /// that cannot be opened gives {"file": "...", "error": "..."}.
    #[arg(long)]
    json: bool,

    /// The pictures
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,
}

/// What reading one file gave.
struct Reading {
    symbols: Vec<Symbol>,
    took: Duration,
}

pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> io::Result<Outcome> {
    let mut outcome = Outcome::Done;
    let mut stream = arguments.fuse.then(Stream::new);
    for path in &arguments.images {
        let reading = read(path, stream.as_mut());
        if reading.is_err() {
            outcome = Outcome::Broken;
        }
        if arguments.json {
            serde_json::to_writer(&mut *out, &Line::new(path, &reading))?;
            writeln!(out)?;
        } else {
            describe(path, &reading, out)?;
        }
    }
    Ok(outcome)
}

/// Reads a picture by itself, or as the next frame of a stream.
fn read(path: &Path, stream: Option<&mut Stream>) -> Result<Reading, PictureError> {
    let picture = Picture::open(path)?;
    let start = Instant::now();
    let symbols = stream.map_or_else(|| picture.symbols(), |stream| picture.symbols_after(stream));
    Ok(Reading { symbols, took: start.elapsed() })
}

/// A line of `--json`. Scripts rely on its shape.
#[derive(Serialize)]
struct Line {
    file: String,
    #[serde(flatten)]
    result: LineResult,
}

#[derive(Serialize)]
#[serde(untagged)]
enum LineResult {
    Read { symbols: Vec<LineSymbol>, ms: f64 },
    Failed { error: String },
}

#[derive(Serialize)]
struct LineSymbol {
    #[serde(flatten)]
    content: LineContent,
    corners: [[f64; 2]; 4],
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum LineContent {
    Text(String),
    Base64(String),
}

impl Line {
    fn new(path: &Path, reading: &Result<Reading, PictureError>) -> Self {
        let result = match reading {
            Ok(reading) => LineResult::Read {
                symbols: reading.symbols.iter().map(LineSymbol::new).collect(),
                ms: rounded(reading.took.as_secs_f64() * 1_000.0, 1_000.0),
            },
            Err(error) => LineResult::Failed { error: error.to_string() },
        };
        Self { file: path.display().to_string(), result }
    }
}

impl LineSymbol {
    fn new(symbol: &Symbol) -> Self {
        let content = match &symbol.content {
            Content::Text(text) => LineContent::Text(text.clone()),
            Content::Bytes(bytes) => LineContent::Base64(STANDARD.encode(bytes)),
        };
        let corners = symbol
            .corners
            .map(|corner| [corner.x, corner.y].map(|place| rounded(f64::from(place), 100.0)));
        Self { content, corners }
    }
}

/// Rounded to a whole number of `1 / parts`.
fn rounded(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts
}

fn describe(
    path: &Path,
    reading: &Result<Reading, PictureError>,
    out: &mut impl Write,
) -> io::Result<()> {
    let path = path.display();
    let symbols = match reading {
        Ok(reading) => &reading.symbols,
        Err(error) => {
            out.flush()?;
            // Where nobody listens on the error output, the exit status still tells it.
            let _ = writeln!(io::stderr(), "{path}: {error}");
            return Ok(());
        }
    };
    match symbols.len() {
        0 => writeln!(out, "{path}: no QR symbol found")?,
        1 => writeln!(out, "{path}: 1 QR symbol")?,
        count => writeln!(out, "{path}: {count} QR symbols")?,
    }
    for symbol in symbols {
        match &symbol.content {
            Content::Text(text) => writeln!(out, "  {}", printable(text))?,
            Content::Bytes(bytes) => {
                writeln!(
                    out,
                    "  {} bytes, no text; in base64: {}",
                    bytes.len(),
                    STANDARD.encode(bytes)
                )?;
            }
        }
    }
    Ok(())
}

/// A stranger's text for a terminal: lines stay lines, other control characters are spelt out.
fn printable(text: &str) -> String {
    let spelt_out = |c: char| match c {
        '\n' => "\n  ".to_owned(),
        '\r' => String::new(),
        c if c.is_control() => c.escape_default().to_string(),
        c => c.to_string(),
    };
    text.chars().map(spelt_out).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_cannot_command_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\r\nc"), "a\\u{1b}[2Jb\n  c");
    }
}
