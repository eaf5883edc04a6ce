//! A symbol's modules to its data: format, mask, codewords, error correction (ISO/IEC 18004 §7 and §8, through
//! rxing), then the segments by [`crate::payload`].

use rxing::common::BitMatrix;
use rxing::qrcode::cpp_port::decoder::CorrectErrors;
use rxing::qrcode::decoder::{BitMatrixParser, DataBlock};

use crate::payload;
use crate::symbol::Content;

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
        let mut block_codewords = block.getCodewords().to_vec();
        CorrectErrors(&mut block_codewords, block.getNumDataCodewords()).ok()?;
        data.extend_from_slice(&block_codewords[..block.getNumDataCodewords() as usize]);
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
