//! A symbol's modules to its data: format, mask and codewords (ISO/IEC 18004 §7 and §8, through rxing), error
//! correction, then the segments by [`crate::payload`].

use rxing::common::BitMatrix;
use rxing::qrcode::decoder::{BitMatrixParser, DataBlock};

use crate::payload;
use crate::reed_solomon::correct;
use crate::symbol::Content;

/// A block must speak against chance with so many bits. The smallest symbols at level L have so little parity that
/// noise passes for one of them, if all of it is spent on corrections; this leaves as much of it unspent as
/// ISO/IEC 18004 asks for (table 9, misdecode protection).
const MIN_CERTAINTY: f64 = 24.0;

/// What the modules of a symbol say.
pub(crate) struct Decoded {
    pub(crate) content: Content,
    /// Whether the symbol was seen from behind, so that its top right lies where the bottom left should be.
    pub(crate) mirrored: bool,
}

/// Decodes the modules (`true` is dark) of a symbol, as they stand or seen in a mirror.
pub(crate) fn decode(modules: &BitMatrix) -> Option<Decoded> {
    if let Some(content) = content(modules.clone()) {
        return Some(Decoded { content, mirrored: false });
    }
    let content = content(transposed(modules)?)?;
    Some(Decoded { content, mirrored: true })
}

fn content(modules: BitMatrix) -> Option<Content> {
    let mut parser = BitMatrixParser::new(modules).ok()?;
    let version = parser.readVersion().ok()?;
    let level = parser.readFormatInformation().ok()?.getErrorCorrectionLevel();
    let codewords = parser.readCodewords().ok()?;
    let mut data = Vec::with_capacity(codewords.len());
    for block in DataBlock::getDataBlocks(&codewords, version, level).ok()? {
        let mut codewords = block.getCodewords().to_vec();
        let whole = block.getNumDataCodewords() as usize;
        let parity = codewords.len().checked_sub(whole)?;
        let correction = correct(&mut codewords, parity, &[])?;
        if correction.certainty() < MIN_CERTAINTY {
            return None;
        }
        data.extend_from_slice(&codewords[..whole]);
    }
    payload::read(&data, version.getVersionNumber())
}

fn transposed(modules: &BitMatrix) -> Option<BitMatrix> {
    let (width, height) = (modules.getWidth(), modules.getHeight());
    let mut transposed = BitMatrix::new(height, width).ok()?;
    for y in 0..height {
        for x in 0..width {
            transposed.set_bool(y, x, modules.get(x, y));
        }
    }
    Some(transposed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Layout;
    use qrcode::{Color, EcLevel, QrCode, Version};

    /// A symbol with so many of its codewords wrong.
    fn symbol(version: u32, level: EcLevel, wrong: usize) -> BitMatrix {
        let number = Version::Normal(version as i16);
        let code = QrCode::with_version("0123456789", number, level).unwrap();
        let side = code.width() as u32;
        let mut modules = BitMatrix::with_single_dimension(side).unwrap();
        for (place, colour) in (0..side * side).zip(code.to_colors()) {
            modules.set_bool(place % side, place / side, colour == Color::Dark);
        }
        let layout = Layout::of(version).unwrap();
        for &(x, y) in layout.data().chunks_exact(8).take(wrong).map(|codeword| &codeword[0]) {
            modules.flip_coords(x as u32, y as u32);
        }
        modules
    }

    #[test]
    fn as_many_codewords_are_corrected_as_the_standard_says_and_no_more() {
        // ISO/IEC 18004, table 9: half the parity, without what protects from misreading.
        let capacities = [
            (1, EcLevel::L, 2),
            (1, EcLevel::M, 4),
            (1, EcLevel::Q, 6),
            (1, EcLevel::H, 8),
            (2, EcLevel::L, 4),
            (3, EcLevel::L, 7),
        ];
        for (version, level, most) in capacities {
            let decoded = decode(&symbol(version, level, most)).unwrap();
            assert_eq!(decoded.content, Content::Text("0123456789".into()));
            assert!(decode(&symbol(version, level, most + 1)).is_none(), "{version} {level:?}");
        }
    }
}
