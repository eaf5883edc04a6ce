//! The reference that is printed on a voucher: what people call it by, read out and type.

use std::fmt;

/// Crockford's base 32: its letters are hard to mistake for one another.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

const LEN: usize = 8;

/// What people call a voucher by, as it is printed: `7K2M-94QX`. 40 random bits that say nothing of the voucher's
/// identity, so a list of references redeems nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrintedReference([u8; LEN]);

impl PrintedReference {
    /// The reference of these bits.
    #[must_use]
    pub fn from_bits(bits: [u8; 5]) -> Self {
        let bits = bits.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        let letter = |place| LETTERS[(bits >> (5 * (LEN - 1 - place)) & 31) as usize];
        PrintedReference(std::array::from_fn(letter))
    }

    /// Reads a reference as people type it; see [`letters`].
    #[must_use]
    pub fn typed(text: &str) -> Option<Self> {
        letters(text)?.into_bytes().try_into().ok().map(PrintedReference)
    }

    /// Reads a reference as it is printed, and in no other way.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::typed(text).filter(|reference| reference.to_string() == text)
    }

    /// Its letters, without the hyphen.
    #[must_use]
    pub fn letters(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for PrintedReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (front, back) = self.letters().split_at(LEN / 2);
        write!(f, "{front}-{back}")
    }
}

impl fmt::Debug for PrintedReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrintedReference({self})")
    }
}

/// The letters of a reference, or of a part of one, as people type them: in either case, O for 0, I and L for 1, the
/// digits of Arabic and Persian keyboards, and with whatever else stands between them. `None` when one of them is a
/// letter that no reference has.
#[must_use]
pub fn letters(typed: &str) -> Option<String> {
    typed.chars().filter(|c| c.is_alphanumeric()).map(letter).collect()
}

fn letter(typed: char) -> Option<char> {
    let letter = match typed {
        '\u{660}'..='\u{669}' => char::from_digit(u32::from(typed) - 0x660, 10)?,
        '\u{6f0}'..='\u{6f9}' => char::from_digit(u32::from(typed) - 0x6f0, 10)?,
        _ => match typed.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        },
    };
    u8::try_from(letter).is_ok_and(|byte| LETTERS.contains(&byte)).then_some(letter)
}
