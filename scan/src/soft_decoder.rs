//! Log-likelihood ratios of modules to a symbol's content, by soft-decision decoding: the format that agrees best, then
//! error correction that erases the least reliable codewords first (generalised minimum distance decoding, Forney
//! 1966).

use crate::decoder::Decoded;
use crate::layout::{Block, Format, Layout, Place};
use crate::payload;
use crate::reed_solomon::correct;

/// A block must speak against chance with so many bits. Decoding takes some ten trials a block, so that a million
/// hopeless symbols of one block give a false one in four hundred times.
const MIN_CERTAINTY: f64 = 32.0;
/// The least log-likelihood ratio that is knowledge of a module.
const LEAST_LLR: f32 = 1e-4;
/// How many formats are tried.
const FORMATS: usize = 2;

/// The log-likelihood ratio of each module, dark against light, row after row. 0 is not known, below it is light.
#[derive(Clone, Debug)]
pub(crate) struct Llrs {
    side: usize,
    values: Vec<f32>,
}

impl Llrs {
    /// `values` has `side` × `side` of them.
    pub(crate) fn new(side: usize, values: Vec<f32>) -> Self {
        debug_assert_eq!(values.len(), side * side);
        Self { side, values }
    }

    pub(crate) fn side(&self) -> usize {
        self.side
    }

    pub(crate) fn values(&self) -> &[f32] {
        &self.values
    }

    #[cfg(test)]
    pub(crate) fn values_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }

    pub(crate) fn at(&self, (x, y): Place) -> f32 {
        self.values[y * self.side + x]
    }

    /// How much is known in all, in modules.
    pub(crate) fn knowledge(&self) -> f32 {
        self.values.iter().map(|value| (value / 2.0).tanh().powi(2)).sum()
    }

    /// The same seen in a mirror.
    fn mirrored(&self) -> Self {
        let values =
            (0..self.side * self.side).map(|index| self.at((index / self.side, index % self.side)));
        Self { side: self.side, values: values.collect() }
    }
}

/// Decodes a symbol of this layout, as it stands or seen in a mirror. `None` unless every block is certain.
///
/// `llrs` gives the log-likelihood ratio of each module, given the modules that are known by now: dark (1), light (-1)
/// or neither (0). It is asked first with the modules that are fixed, and again when blocks were corrected, since what
/// they say makes modules beside theirs surer.
pub(crate) fn decode(layout: &Layout, llrs: impl Fn(&[f32]) -> Llrs) -> Option<Decoded> {
    let seen = llrs(&layout.known());
    let mut formats: Vec<(f32, Format, bool)> = [(seen.clone(), false), (seen.mirrored(), true)]
        .iter()
        .flat_map(|(llrs, mirrored)| {
            agreements(layout, llrs).map(|(agreement, format)| (agreement, format, *mirrored))
        })
        .collect();
    formats.sort_by(|(a, ..), (b, ..)| b.total_cmp(a));
    formats.iter().take(FORMATS).find_map(|&(_, format, mirrored)| {
        let data = corrected(layout, format, mirrored, &seen, &llrs)?;
        Some(Decoded { content: payload::read(&data, layout.version())?, mirrored })
    })
}

/// How well each format's word agrees with what was seen of it.
fn agreements(layout: &Layout, llrs: &Llrs) -> impl Iterator<Item = (f32, Format)> {
    let seen = layout.format_places().map(|copy| copy.map(|place| llrs.at(place)));
    Format::all().map(move |(format, word)| {
        let agreement = seen
            .iter()
            .flat_map(|copy| copy.iter().zip(word))
            .map(|(&llr, dark)| if dark { llr } else { -llr })
            .sum();
        (agreement, format)
    })
}

/// The data codewords, if every block can be corrected for certain.
fn corrected(
    layout: &Layout,
    format: Format,
    mirrored: bool,
    seen: &Llrs,
    llrs: impl Fn(&[f32]) -> Llrs,
) -> Option<Vec<u8>> {
    let seat = |(x, y): Place| if mirrored { (y, x) } else { (x, y) };
    let mut known = layout.known();
    let mut seen = seen.clone();
    let mut blocks: Vec<(Block, Option<Vec<u8>>)> =
        layout.blocks(format.level).into_iter().map(|block| (block, None)).collect();
    while blocks.iter().any(|(_, whole)| whole.is_none()) {
        let mut progress = false;
        for (block, whole) in blocks.iter_mut().filter(|(_, whole)| whole.is_none()) {
            let codewords = block.codewords.iter().map(|&index| {
                Codeword::of(layout.codeword(index).iter().map(|&place| {
                    let llr = seen.at(seat(place));
                    if format.masks(place) { -llr } else { llr }
                }))
            });
            let Some(right) = corrected_block(&codewords.collect::<Vec<_>>(), block.parity) else {
                continue;
            };
            for (&index, codeword) in block.codewords.iter().zip(&right) {
                for (bit, &place) in layout.codeword(index).iter().enumerate() {
                    let dark = (codeword >> (7 - bit) & 1 == 1) != format.masks(place);
                    let (x, y) = seat(place);
                    known[y * layout.side() + x] = if dark { 1.0 } else { -1.0 };
                }
            }
            *whole = Some(right);
            progress = true;
        }
        if !progress {
            return None;
        }
        seen = llrs(&known);
    }
    let data = blocks.into_iter().filter_map(|(block, whole)| {
        let mut whole = whole?;
        whole.truncate(whole.len() - block.parity);
        Some(whole)
    });
    Some(data.collect::<Vec<_>>().concat())
}

/// Eight bits by hard decision, and how many of them are expected to be wrong.
#[derive(Clone, Copy, Debug)]
struct Codeword {
    value: u8,
    unreliability: f32,
    /// Of each bit, 1 against 0.
    llrs: [f32; 8],
    /// Whether something is known of each of them. What is not known must never count as zeros: a block of zeros has
    /// the parity that it should.
    is_known: bool,
}

impl Codeword {
    /// From the log-likelihood ratios of its bits, 1 against 0.
    fn of(bits: impl Iterator<Item = f32>) -> Self {
        let mut llrs = [0.0; 8];
        // What is not a number says nothing.
        llrs.iter_mut()
            .zip(bits)
            .for_each(|(llr, bit)| *llr = if bit.is_nan() { 0.0 } else { bit });
        Self {
            value: llrs.iter().fold(0, |value, &llr| value << 1 | u8::from(llr > 0.0)),
            unreliability: llrs.iter().map(|llr| 1.0 / (1.0 + llr.abs().exp())).sum(),
            llrs,
            is_known: llrs.iter().all(|llr| llr.abs() > LEAST_LLR),
        }
    }

    /// How much what was seen speaks for another value, against any value at all, in bits.
    fn support(&self, value: u8) -> f64 {
        let bits = self.llrs.iter().enumerate().map(|(bit, &llr)| {
            let against = if value >> (7 - bit) & 1 == 1 { -llr } else { llr };
            1.0 - f64::from(against).exp().ln_1p() / std::f64::consts::LN_2
        });
        bits.sum()
    }
}

/// Tries with the least reliable codewords erased, at first those alone of which something is not known and two more
/// each time, until a correction is certain.
///
/// Erased codewords have no part in the correction, so what was seen of them speaks for or against it by itself: for a
/// wrong one by k bits or more once in two to the power of k, whatever was seen.
fn corrected_block(seen: &[Codeword], parity: usize) -> Option<Vec<u8>> {
    let mut least_reliable: Vec<usize> = (0..seen.len()).collect();
    least_reliable.sort_by(|&a, &b| {
        let by_reliability = seen[b].unreliability.total_cmp(&seen[a].unreliability);
        seen[a].is_known.cmp(&seen[b].is_known).then(by_reliability)
    });
    let unknown = seen.iter().filter(|codeword| !codeword.is_known).count();
    let values: Vec<u8> = seen.iter().map(|codeword| codeword.value).collect();
    (unknown..=parity).step_by(2).find_map(|erasures| {
        let mut block = values.clone();
        let erased = &least_reliable[..erasures];
        let correction = correct(&mut block, parity, erased)?;
        let support: f64 = erased.iter().map(|&index| seen[index].support(block[index])).sum();
        (correction.certainty() + support >= MIN_CERTAINTY).then_some(block)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::symbol::Content;
    use proptest::prelude::*;
    use qrcode::{Color, EcLevel, QrCode, Version};

    const TEXT: &str = "VS1:A VOUCHER IS READ FOR CERTAIN OR NOT AT ALL";

    /// A version 5-M symbol: two blocks of 43 codewords, 24 of them parity.
    fn symbol() -> (Layout, Llrs) {
        let code = QrCode::with_version(TEXT, Version::Normal(5), EcLevel::M).unwrap();
        let colours = code.to_colors();
        let llrs = colours.iter().map(|&colour| if colour == Color::Dark { 6.0 } else { -6.0 });
        (Layout::of(5).unwrap(), Llrs::new(code.width(), llrs.collect()))
    }

    /// Changes the modules of these codewords.
    fn change(layout: &Layout, llrs: &mut Llrs, codewords: &[usize], change: impl Fn(f32) -> f32) {
        for &codeword in codewords {
            for &(x, y) in &layout.data()[8 * codeword..8 * codeword + 8] {
                let value = &mut llrs.values_mut()[y * layout.side() + x];
                *value = change(*value);
            }
        }
    }

    fn text(decoded: Option<Decoded>) -> Option<Content> {
        decoded.map(|decoded| decoded.content)
    }

    #[test]
    fn codewords_that_say_nothing_may_be_nearly_as_many_as_the_parity() {
        let (layout, mut llrs) = symbol();
        // Codewords of both blocks take turns: 20 of each.
        change(&layout, &mut llrs, &Vec::from_iter(0..40), |_| 0.0);
        assert_eq!(text(decode(&layout, |_| llrs.clone())), Some(Content::Text(TEXT.into())));
        change(&layout, &mut llrs, &Vec::from_iter(40..48), |_| 0.0);
        assert!(
            decode(&layout, |_| llrs.clone()).is_none(),
            "with all parity used up nothing is certain"
        );
    }

    #[test]
    fn codewords_that_are_wrong_may_be_half_as_many_as_the_parity() {
        let (layout, mut llrs) = symbol();
        change(&layout, &mut llrs, &Vec::from_iter(0..24), |llr| -2.0 * llr);
        assert_eq!(text(decode(&layout, |_| llrs.clone())), Some(Content::Text(TEXT.into())));
        change(&layout, &mut llrs, &[24, 25], |llr| -2.0 * llr);
        assert!(decode(&layout, |_| llrs.clone()).is_none());
    }

    #[test]
    fn a_symbol_from_behind_is_read_and_told_to_be_one() {
        let (layout, llrs) = symbol();
        let decoded = decode(&layout, |_| llrs.mirrored()).unwrap();
        assert!(decoded.mirrored);
        assert_eq!(decoded.content, Content::Text(TEXT.into()));
    }

    #[test]
    fn what_is_not_known_is_not_taken_for_zeros() {
        let layout = Layout::of(5).unwrap();
        for llr in [0.0, f32::NAN, -f32::NAN] {
            let nothing = Llrs::new(37, vec![llr; 37 * 37]);
            assert!(decode(&layout, |_| nothing.clone()).is_none(), "{llr}");
        }
    }

    proptest! {
        #[test]
        fn noise_is_never_a_symbol(values in proptest::collection::vec(-9.0_f32..9.0, 37 * 37)) {
            prop_assert!(decode(&Layout::of(5).unwrap(), |_| Llrs::new(37, values.clone())).is_none());
        }

        #[test]
        fn however_modules_are_spoilt_the_text_is_the_right_one_or_none(
            spoilt in proptest::collection::vec((0_usize..37 * 37, -3.0_f32..3.0), 0..700),
        ) {
            let (layout, mut llrs) = symbol();
            for (index, llr) in spoilt {
                llrs.values_mut()[index] = llr;
            }
            if let Some(decoded) = decode(&layout, |_| llrs.clone()) {
                prop_assert_eq!(decoded.content, Content::Text(TEXT.into()));
            }
        }
    }
}
