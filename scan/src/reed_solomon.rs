//! Reed–Solomon blocks of QR symbols with errors and erasures (ISO/IEC 18004 §7.5; Blahut, Algebraic Codes for Data
//! Transmission, §7.4).
//!
//! A symbol has no other checksum, so how sure a correction is counts as much as the correction: see
//! [`Correction::certainty`].

use std::sync::LazyLock;

/// The field's polynomial, x⁸ + x⁴ + x³ + x² + 1.
const POLYNOMIAL: u16 = 0x11D;
/// The field's elements but 0 are the powers of 2 below this.
const ORDER: usize = 255;

/// What a block needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Correction {
    length: usize,
    parity: usize,
    /// Codewords that were given up beforehand.
    pub(crate) erasures: usize,
    /// Codewords that were wrong besides.
    pub(crate) errors: usize,
}

impl Correction {
    /// How much speaks against chance, in bits: random codewords are corrected like this, with the same erasures and
    /// this many errors or fewer, once in two to the power of it.
    pub(crate) fn certainty(self) -> f64 {
        let spare = self.parity - self.erasures;
        let kept = self.length - self.erasures;
        // The words within this many errors of a code word, against all words: sum of C(kept, i) 255^i over 256^spare.
        // The last term is most of the sum, which is below twice it.
        let places: f64 =
            (0..self.errors).map(|i| ((kept - i) as f64 / (i + 1) as f64).log2()).sum();
        8.0 * spare as f64
            - 8.0 * self.errors as f64
            - places
            - if self.errors > 0 { 1.0 } else { 0.0 }
    }
}

/// Corrects a block in place: data codewords, then `parity` codewords, 255 or fewer in all. `erased` are the places,
/// each once, whose codewords say nothing.
///
/// Whatever 2 × errors + erasures ≤ parity allows is corrected. `None` if that is passed, as far as it can be told;
/// the block is then as it was. What is returned always has all syndromes zero.
pub(crate) fn correct(block: &mut [u8], parity: usize, erased: &[usize]) -> Option<Correction> {
    let length = block.len();
    if length > ORDER || parity >= length || erased.len() > parity {
        return None;
    }
    let corrected = |errors| Correction { length, parity, erasures: erased.len(), errors };
    let syndromes = syndromes(block, parity);
    if syndromes.iter().all(|&syndrome| syndrome == 0) {
        return Some(corrected(0));
    }
    let locator = locator(&syndromes, erased.iter().map(|place| length - 1 - place))?;
    let evaluator = product_below(&syndromes, &locator, parity);
    let mut whole = block.to_vec();
    let (mut found, mut errors) = (0, 0);
    for (place, codeword) in whole.iter_mut().enumerate() {
        let power = length - 1 - place;
        let inverse = power_of_two(ORDER - power);
        if value(&locator, inverse) != 0 {
            continue;
        }
        found += 1;
        errors += usize::from(!erased.contains(&place));
        let slope = slope(&locator, inverse);
        let magnitude = times(power_of_two(power), over(value(&evaluator, inverse), slope)?);
        *codeword ^= magnitude;
    }
    // A locator with a root outside the block, or with a double one, locates nothing.
    let is_whole = found + 1 == locator.len()
        && 2 * errors + erased.len() <= parity
        && self::syndromes(&whole, parity).iter().all(|&syndrome| syndrome == 0);
    is_whole.then(|| {
        block.copy_from_slice(&whole);
        corrected(errors)
    })
}

/// The block as a polynomial, its first codeword the highest coefficient, at the powers of 2 from 0 on.
fn syndromes(block: &[u8], parity: usize) -> Vec<u8> {
    (0..parity)
        .map(|power| {
            let at = power_of_two(power);
            block.iter().fold(0, |sum, &codeword| times(sum, at) ^ codeword)
        })
        .collect()
}

/// The polynomial whose roots are the inverses of the places of erasures and errors, lowest coefficient first, by
/// Berlekamp and Massey's algorithm begun with the erasures.
fn locator(syndromes: &[u8], erased: impl Iterator<Item = usize>) -> Option<Vec<u8>> {
    let parity = syndromes.len();
    let mut locator = vec![0; parity + 2];
    locator[0] = 1;
    let mut erasures = 0;
    for power in erased {
        erasures += 1;
        for degree in (1..=erasures).rev() {
            locator[degree] ^= times(locator[degree - 1], power_of_two(power));
        }
    }
    let mut before = locator.clone();
    let mut degree = erasures;
    for step in erasures + 1..=parity {
        let discrepancy = (0..=degree.min(step - 1))
            .fold(0, |sum, index| sum ^ times(locator[index], syndromes[step - 1 - index]));
        before.rotate_right(1);
        before[0] = 0;
        if discrepancy == 0 {
            continue;
        }
        let next: Vec<u8> = locator
            .iter()
            .zip(&before)
            .map(|(&now, &before)| now ^ times(discrepancy, before))
            .collect();
        if 2 * degree < step + erasures {
            degree = step + erasures - degree;
            for (before, &now) in before.iter_mut().zip(&locator) {
                *before = over(now, discrepancy)?;
            }
        }
        locator = next;
    }
    let length = locator.iter().rposition(|&coefficient| coefficient != 0)? + 1;
    locator.truncate(length);
    (length == degree + 1).then_some(locator)
}

/// The product of two polynomials without its powers from `end` on.
fn product_below(left: &[u8], right: &[u8], end: usize) -> Vec<u8> {
    let mut product = vec![0; end];
    for (power, &a) in left.iter().enumerate() {
        for (&b, sum) in right.iter().zip(&mut product[power..]) {
            *sum ^= times(a, b);
        }
    }
    product
}

fn value(polynomial: &[u8], at: u8) -> u8 {
    polynomial.iter().rev().fold(0, |sum, &coefficient| times(sum, at) ^ coefficient)
}

/// The formal derivative at a place: in this field the even powers fall away.
fn slope(polynomial: &[u8], at: u8) -> u8 {
    let square = times(at, at);
    let odd = polynomial.iter().skip(1).step_by(2);
    odd.rev().fold(0, |sum, &coefficient| times(sum, square) ^ coefficient)
}

/// Powers of 2 over two rounds, and logarithms of all but 0.
struct Tables {
    powers: [u8; 2 * ORDER],
    logarithms: [u8; 256],
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let mut tables = Tables { powers: [0; 2 * ORDER], logarithms: [0; 256] };
    let mut element: u16 = 1;
    for power in 0..ORDER {
        tables.powers[power] = element as u8;
        tables.powers[power + ORDER] = element as u8;
        tables.logarithms[usize::from(element)] = power as u8;
        element <<= 1;
        if element > 0xFF {
            element ^= POLYNOMIAL;
        }
    }
    tables
});

fn power_of_two(power: usize) -> u8 {
    TABLES.powers[power % ORDER]
}

fn times(a: u8, b: u8) -> u8 {
    if a == 0 || b == 0 {
        return 0;
    }
    let tables = &*TABLES;
    let sum = usize::from(tables.logarithms[usize::from(a)])
        + usize::from(tables.logarithms[usize::from(b)]);
    tables.powers[sum]
}

/// `None` for a division by 0.
fn over(a: u8, b: u8) -> Option<u8> {
    if b == 0 {
        return None;
    }
    if a == 0 {
        return Some(0);
    }
    let tables = &*TABLES;
    let logarithm = |element: u8| usize::from(tables.logarithms[usize::from(element)]);
    Some(tables.powers[logarithm(a) + ORDER - logarithm(b)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::sample::subsequence;

    /// Data with its parity, by long division, which shares nothing with the decoder but the field.
    fn encoded(data: &[u8], parity: usize) -> Vec<u8> {
        let mut generator = vec![1_u8];
        for power in 0..parity {
            let mut next = generator.clone();
            next.push(0);
            for (index, &coefficient) in generator.iter().enumerate() {
                next[index + 1] ^= times(coefficient, power_of_two(power));
            }
            generator = next;
        }
        let mut rest = data.to_vec();
        rest.resize(data.len() + parity, 0);
        for index in 0..data.len() {
            let factor = rest[index];
            for (offset, &coefficient) in generator.iter().enumerate() {
                rest[index + offset] ^= times(coefficient, factor);
            }
        }
        [data, &rest[data.len()..]].concat()
    }

    /// A block of a symbol's size, and how its codewords are spoilt: which are erased, which are wrong, and by what.
    #[derive(Clone, Debug)]
    struct Spoilt {
        whole: Vec<u8>,
        parity: usize,
        erased: Vec<usize>,
        wrong: Vec<(usize, u8)>,
    }

    impl Spoilt {
        fn block(&self) -> Vec<u8> {
            let mut block = self.whole.clone();
            for &place in &self.erased {
                block[place] = 0xA5;
            }
            for &(place, by) in &self.wrong {
                block[place] ^= by;
            }
            block
        }
    }

    /// With as much damage as `damage` makes of the parity.
    fn spoilt(damage: fn(usize) -> BoxedStrategy<(usize, usize)>) -> impl Strategy<Value = Spoilt> {
        (1_usize..=30, 1_usize..=122)
            .prop_flat_map(move |(parity, data)| {
                (Just(parity), proptest::collection::vec(any::<u8>(), data), damage(parity))
            })
            .prop_flat_map(|(parity, data, (erasures, errors))| {
                let whole = encoded(&data, parity);
                let count = (erasures + errors).min(whole.len());
                let places: Vec<usize> = (0..whole.len()).collect();
                (
                    Just((whole, parity, erasures)),
                    subsequence(places, count).prop_shuffle(),
                    proptest::collection::vec(1_u8..=255, count),
                )
            })
            .prop_map(|((whole, parity, erasures), places, by)| {
                let erasures = erasures.min(places.len());
                Spoilt {
                    whole,
                    parity,
                    erased: places[..erasures].to_vec(),
                    wrong: places[erasures..].iter().copied().zip(by).collect(),
                }
            })
    }

    fn within_the_limit(parity: usize) -> BoxedStrategy<(usize, usize)> {
        (0..=parity)
            .prop_flat_map(move |erasures| (Just(erasures), 0..=(parity - erasures) / 2))
            .boxed()
    }

    fn anything(parity: usize) -> BoxedStrategy<(usize, usize)> {
        (0..=parity, 0..=parity).boxed()
    }

    proptest! {
        #[test]
        fn whatever_is_within_the_limit_is_corrected(spoilt in spoilt(within_the_limit)) {
            let mut block = spoilt.block();
            let correction = correct(&mut block, spoilt.parity, &spoilt.erased);
            prop_assert_eq!(correction.map(|it| it.errors), Some(spoilt.wrong.len()));
            prop_assert_eq!(block, spoilt.whole);
        }

        #[test]
        fn whatever_comes_back_is_a_code_word_and_else_the_block_is_as_it_was(spoilt in spoilt(anything)) {
            let given = spoilt.block();
            let mut block = given.clone();
            match correct(&mut block, spoilt.parity, &spoilt.erased) {
                Some(correction) => {
                    prop_assert_eq!(encoded(&block[..block.len() - spoilt.parity], spoilt.parity), block);
                    prop_assert!(2 * correction.errors + correction.erasures <= spoilt.parity);
                }
                None => prop_assert_eq!(block, given),
            }
        }
    }

    #[test]
    fn the_standards_example_is_a_code_word() {
        // ISO/IEC 18004 annex I: version 1-M, "01234567".
        let mut block = [
            0x10, 0x20, 0x0C, 0x56, 0x61, 0x80, 0xEC, 0x11, 0xEC, 0x11, 0xEC, 0x11, 0xEC, 0x11,
            0xEC, 0x11, 0xA5, 0x24, 0xD4, 0xC1, 0xED, 0x36, 0xC7, 0x87, 0x2C, 0x55,
        ];
        assert_eq!(correct(&mut block, 10, &[]).map(|it| it.errors), Some(0));
    }

    #[test]
    fn a_correction_that_used_all_parity_up_is_told_to_be_worth_nothing() {
        let correction = |erasures, errors| Correction { length: 44, parity: 16, erasures, errors };
        assert!(correction(16, 0).certainty() <= 0.0);
        assert!(correction(14, 1).certainty() < 4.0);
        assert!((correction(0, 0).certainty() - 128.0).abs() < 1e-9);
        // C(44, 8) is between 2^27 and 2^28.
        assert!((35.0..37.0).contains(&correction(0, 8).certainty()));
    }

    #[test]
    fn certainty_agrees_with_what_random_words_give() {
        let mut state = 1_u64;
        let mut random = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        let (mut accepted, tries) = (0, 20_000);
        for _ in 0..tries {
            let mut block: Vec<u8> = (0..20).map(|_| random()).collect();
            accepted += u32::from(correct(&mut block, 4, &[3, 9]).is_some());
        }
        let told = Correction { length: 20, parity: 4, erasures: 2, errors: 1 }.certainty();
        let found = (f64::from(tries) / f64::from(accepted)).log2();
        assert!((found - told).abs() < 1.5, "{found} of {told} bits");
    }
}
