//! What the symbols say: as much text of a voucher's kind as fits.

use qrcode::{EcLevel, QrCode, Version};

use crate::random::Random;

/// What base45 writes.
const LETTERS: &[u8; 45] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

/// A text that fills a symbol of this version and level but for a few percent, and the symbol.
pub(crate) fn filling(version: i16, level: EcLevel, random: &mut Random) -> (String, QrCode) {
    let spare = random.between(0.0, 0.1);
    // Letters of alphanumeric mode take 5.5 bits, so that this many fit into no symbol of this size.
    let side = 17 + 4 * version as usize;
    let mut letters = String::from("VS1:");
    letters.extend((0..side * side / 5).map(|_| char::from(LETTERS[random.below(45) as usize])));
    let code =
        |length: usize| QrCode::with_version(&letters[..length], Version::Normal(version), level);
    let (mut fits, mut too_long) = (0, letters.len());
    while too_long - fits > 1 {
        let length = fits.midpoint(too_long);
        if code(length).is_ok() { fits = length } else { too_long = length }
    }
    let length = (fits as f64 * (1.0 - spare)) as usize;
    let shorter = code(length);
    let code = shorter.unwrap_or_else(|error| unreachable!("a shorter text fits as well: {error}"));
    (letters[..length].to_owned(), code)
}
