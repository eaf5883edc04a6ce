//! The data of a symbol, segment by segment, to text or bytes (ISO/IEC 18004:2015 §7.4; ECI numbers from the AIM
//! register).
//!
//! rxing guesses one character set for everything and drops what does not fit. Here nothing is dropped: bytes whose
//! meaning is not certain stay bytes.

use encoding_rs::{Encoding, SHIFT_JIS, UTF_8};

use crate::symbol::Content;

/// Digits and letters of alphanumeric mode, by value.
const ALPHANUMERIC: &[u8; 45] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
/// The GS1 separator, which alphanumeric mode writes as a percent sign after FNC1.
const GROUP_SEPARATOR: u8 = 0x1D;
/// How many Japanese characters in a row make unlabelled bytes Shift JIS.
const JAPANESE_RUN: usize = 3;

/// How the bytes of a segment are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Charset {
    /// Byte mode without a label, and the modes that hold ASCII only.
    Unlabelled,
    /// Kanji mode, or a label.
    Known(&'static Encoding),
    /// Labelled ISO 8859-1, where each byte is a code point. (The Web's decoder makes windows-1252 of it.)
    Latin1,
    /// Labelled binary or with a number nobody defined.
    Binary,
}

struct Segment {
    charset: Charset,
    bytes: Vec<u8>,
}

/// Reads the corrected data codewords of a symbol of `version`. `None` if they break the format.
pub(crate) fn read(data: &[u8], version: u32) -> Option<Content> {
    segments(data, version).map(|segments| content(&segments))
}

fn segments(data: &[u8], version: u32) -> Option<Vec<Segment>> {
    let mut bits = Bits { data, position: 0 };
    let mut segments: Vec<Segment> = Vec::new();
    let mut label = Charset::Unlabelled;
    let mut gs1 = false;
    while bits.left() >= 4 {
        let (charset, bytes) = match bits.take(4)? {
            0b0000 => break,
            0b0001 => (Charset::Unlabelled, numeric(&mut bits, version)?),
            0b0010 => (Charset::Unlabelled, alphanumeric(&mut bits, version, gs1)?),
            0b0100 => (label, byte(&mut bits, version)?),
            0b1000 => (Charset::Known(SHIFT_JIS), kanji(&mut bits, version)?),
            0b1101 => (Charset::Known(encoding_rs::GB18030), hanzi(&mut bits, version)?),
            0b0111 => {
                label = charset_of_eci(eci_number(&mut bits)?);
                continue;
            }
            // One symbol of a series: its place and the parity of the whole. Each symbol is told by itself.
            0b0011 => {
                bits.take(16)?;
                continue;
            }
            0b0101 => {
                gs1 = true;
                continue;
            }
            0b1001 => {
                gs1 = true;
                (Charset::Unlabelled, application_indicator(bits.take(8)?)?)
            }
            _ => return None,
        };
        match segments.last_mut() {
            Some(last) if last.charset == charset => last.bytes.extend(bytes),
            _ => segments.push(Segment { charset, bytes }),
        }
    }
    Some(segments)
}

fn content(segments: &[Segment]) -> Content {
    let text: Option<String> = segments.iter().map(Segment::text).collect();
    text.map_or_else(
        || {
            Content::Bytes(
                segments.iter().flat_map(|segment| segment.bytes.iter().copied()).collect(),
            )
        },
        Content::Text,
    )
}

impl Segment {
    fn text(&self) -> Option<String> {
        let strictly = |encoding: &'static Encoding| {
            encoding
                .decode_without_bom_handling_and_without_replacement(&self.bytes)
                .map(|text| text.into_owned())
        };
        match self.charset {
            Charset::Unlabelled => strictly(UTF_8)
                .or_else(|| strictly(SHIFT_JIS).filter(|text| self.is_plainly_japanese(text))),
            Charset::Known(encoding) => strictly(encoding),
            Charset::Latin1 => Some(self.bytes.iter().map(|&byte| char::from(byte)).collect()),
            Charset::Binary => None,
        }
    }

    /// Byte mode of old Japanese symbols holds Shift JIS without a label. Random bytes can be valid Shift JIS too, so
    /// that only text without control characters and with a run of Japanese letters counts, and only if the very
    /// bytes can be had back from it.
    fn is_plainly_japanese(&self, text: &str) -> bool {
        let japanese = |c: char| matches!(c, '\u{3041}'..='\u{30FF}' | '\u{4E00}'..='\u{9FFF}' | '\u{FF66}'..='\u{FF9F}');
        let runs = text.split(|c| !japanese(c)).map(|run| run.chars().count());
        runs.max().is_some_and(|longest| longest >= JAPANESE_RUN)
            && !text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\r' | '\n'))
            && *SHIFT_JIS.encode(text).0 == self.bytes
    }
}

fn numeric(bits: &mut Bits, version: u32) -> Option<Vec<u8>> {
    let mut count = bits.take(count_width(version, [10, 12, 14]))? as usize;
    let mut digits = Vec::new();
    while count > 0 {
        let group = count.min(3);
        let value = bits.take([0, 4, 7, 10][group])?;
        if value >= 10_u32.pow(group as u32) {
            return None;
        }
        digits.extend(format!("{value:0group$}").into_bytes());
        count -= group;
    }
    Some(digits)
}

fn alphanumeric(bits: &mut Bits, version: u32, gs1: bool) -> Option<Vec<u8>> {
    let mut count = bits.take(count_width(version, [9, 11, 13]))?;
    let mut letters = Vec::new();
    while count >= 2 {
        let pair = bits.take(11)? as usize;
        letters.push(*ALPHANUMERIC.get(pair / 45)?);
        letters.push(ALPHANUMERIC[pair % 45]);
        count -= 2;
    }
    if count == 1 {
        letters.push(*ALPHANUMERIC.get(bits.take(6)? as usize)?);
    }
    Some(if gs1 { with_separators(&letters) } else { letters })
}

/// After FNC1 a single percent sign is the separator and a double one is a percent sign (§7.4.8.3).
fn with_separators(letters: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(letters.len());
    let mut rest = letters;
    loop {
        rest = match rest {
            [] => return out,
            [b'%', b'%', rest @ ..] => {
                out.push(b'%');
                rest
            }
            [b'%', rest @ ..] => {
                out.push(GROUP_SEPARATOR);
                rest
            }
            [letter, rest @ ..] => {
                out.push(*letter);
                rest
            }
        };
    }
}

fn byte(bits: &mut Bits, version: u32) -> Option<Vec<u8>> {
    let count = bits.take(count_width(version, [8, 16, 16]))?;
    (0..count).map(|_| bits.take(8).map(|byte| byte as u8)).collect()
}

/// Each character of 13 bits is a pair of Shift JIS bytes (§7.4.6).
fn kanji(bits: &mut Bits, version: u32) -> Option<Vec<u8>> {
    double_bytes(bits, version, |value| {
        let pair = ((value / 0xC0) << 8) | (value % 0xC0);
        pair + if pair < 0x1F00 { 0x8140 } else { 0xC140 }
    })
}

/// GB 2312 characters of 13 bits (GB/T 18284), as Chinese encoders write them.
fn hanzi(bits: &mut Bits, version: u32) -> Option<Vec<u8>> {
    const GB2312: u32 = 1;
    if bits.take(4)? != GB2312 {
        return None;
    }
    double_bytes(bits, version, |value| {
        let pair = ((value / 0x60) << 8) | (value % 0x60);
        pair + if pair < 0x0A00 { 0xA1A1 } else { 0xA6A1 }
    })
}

fn double_bytes(bits: &mut Bits, version: u32, pair: impl Fn(u32) -> u32) -> Option<Vec<u8>> {
    let count = bits.take(count_width(version, [8, 10, 12]))?;
    let mut bytes = Vec::new();
    for _ in 0..count {
        bytes.extend((pair(bits.take(13)?) as u16).to_be_bytes());
    }
    Some(bytes)
}

/// Two digits or one letter (§7.4.8.2).
fn application_indicator(value: u32) -> Option<Vec<u8>> {
    match value {
        0..=99 => Some(format!("{value:02}").into_bytes()),
        165..=190 | 197..=222 => Some(vec![(value - 100) as u8]),
        _ => None,
    }
}

/// One, two or three bytes, told by the leading ones (§7.4.2.2).
fn eci_number(bits: &mut Bits) -> Option<u32> {
    let first = bits.take(8)?;
    match (first as u8).leading_ones() {
        0 => Some(first),
        1 => Some((first & 0x3F) << 8 | bits.take(8)?),
        2 => Some((first & 0x1F) << 16 | bits.take(16)?),
        _ => None,
    }
}

fn charset_of_eci(number: u32) -> Charset {
    let label = match number {
        1 | 3 => return Charset::Latin1,
        4 => "iso-8859-2",
        5 => "iso-8859-3",
        6 => "iso-8859-4",
        7 => "iso-8859-5",
        8 => "iso-8859-6",
        9 => "iso-8859-7",
        10 => "iso-8859-8",
        11 => "iso-8859-9",
        12 => "iso-8859-10",
        13 => "iso-8859-11",
        15 => "iso-8859-13",
        16 => "iso-8859-14",
        17 => "iso-8859-15",
        18 => "iso-8859-16",
        20 => "shift_jis",
        21 => "windows-1250",
        22 => "windows-1251",
        23 => "windows-1252",
        24 => "windows-1256",
        25 => "utf-16be",
        26 | 27 | 170 => "utf-8",
        28 => "big5",
        29 | 32 => "gb18030",
        30 => "euc-kr",
        _ => return Charset::Binary,
    };
    Encoding::for_label(label.as_bytes()).map_or(Charset::Binary, Charset::Known)
}

/// Width of the character count: versions to 9, to 26, to 40 (§7.4.1, table 3).
fn count_width(version: u32, widths: [u32; 3]) -> u32 {
    match version {
        ..=9 => widths[0],
        10..=26 => widths[1],
        _ => widths[2],
    }
}

struct Bits<'a> {
    data: &'a [u8],
    position: usize,
}

impl Bits<'_> {
    fn left(&self) -> usize {
        self.data.len() * 8 - self.position
    }

    /// The next `count` ≤ 16 bits, the first of them highest.
    fn take(&mut self, count: u32) -> Option<u32> {
        if self.left() < count as usize {
            return None;
        }
        let mut value = 0;
        for _ in 0..count {
            let byte = self.data[self.position / 8];
            value = value << 1 | u32::from(byte >> (7 - self.position % 8) & 1);
            self.position += 1;
        }
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Packs (value, width) pairs as a symbol's data.
    fn data(fields: &[(u32, usize)]) -> Vec<u8> {
        let mut bits: Vec<u8> = fields
            .iter()
            .flat_map(|&(value, width)| {
                (0..width).rev().map(move |place| (value >> place & 1) as u8)
            })
            .collect();
        bits.resize(bits.len().div_ceil(8) * 8, 0);
        bits.chunks(8).map(|byte| byte.iter().fold(0, |value, bit| value << 1 | bit)).collect()
    }

    fn byte_segment(bytes: &[u8]) -> Vec<(u32, usize)> {
        let mut fields = vec![(0b0100, 4), (bytes.len() as u32, 8)];
        fields.extend(bytes.iter().map(|&byte| (u32::from(byte), 8)));
        fields
    }

    fn text(text: &str) -> Option<Content> {
        Some(Content::Text(text.to_owned()))
    }

    #[test]
    fn the_standards_own_examples_read_as_printed() {
        // ISO/IEC 18004 §7.4.3: 01234567; §7.4.4: AC-42.
        assert_eq!(
            read(&data(&[(0b0001, 4), (8, 10), (12, 10), (345, 10), (67, 7)]), 1),
            text("01234567")
        );
        let ac_42 =
            [(0b0010, 4), (5, 9), (0b001_1100_1110, 11), (0b111_0011_1001, 11), (0b00_0010, 6)];
        assert_eq!(read(&data(&ac_42), 1), text("AC-42"));
        // §7.4.6: 点 and 茗 are 0x935F and 0xE4AA.
        let kanji = [(0b1000, 4), (2, 8), (0b0_1101_1001_1111, 13), (0b1_1010_1010_1010, 13)];
        assert_eq!(read(&data(&kanji), 1), text("点茗"));
    }

    #[test]
    fn unlabelled_utf_8_is_text_and_anything_else_stays_bytes() {
        assert_eq!(read(&data(&byte_segment("Zoé".as_bytes())), 1), text("Zoé"));
        let binary = [0xFF, 0x00, 0x80, 0x41];
        assert_eq!(read(&data(&byte_segment(&binary)), 1), Some(Content::Bytes(binary.to_vec())));
    }

    #[test]
    fn unlabelled_shift_jis_is_text_only_if_plainly_japanese() {
        assert_eq!(
            read(&data(&byte_segment(b"\x83\x82\x83\x6F\x83\x43\x83\x8B")), 1),
            text("モバイル")
        );
        let two_katakana = [0xB1, 0xB2];
        assert_eq!(
            read(&data(&byte_segment(&two_katakana)), 1),
            Some(Content::Bytes(two_katakana.to_vec()))
        );
        // NEC's second code of a letter that has another.
        let ambiguous = [0xB1, 0xB2, 0xB3, 0xED, 0x40];
        assert_eq!(
            read(&data(&byte_segment(&ambiguous)), 1),
            Some(Content::Bytes(ambiguous.to_vec()))
        );
        let with_control = [0xB1, 0xB2, 0xB3, 0x01];
        assert_eq!(
            read(&data(&byte_segment(&with_control)), 1),
            Some(Content::Bytes(with_control.to_vec()))
        );
    }

    #[test]
    fn a_label_decides_and_a_binary_label_keeps_bytes() {
        let labelled = |eci: u32, bytes: &[u8]| {
            let mut fields = vec![(0b0111, 4), (eci, 8)];
            fields.extend(byte_segment(bytes));
            read(&data(&fields), 1)
        };
        assert_eq!(labelled(3, b"Zo\xE9"), text("Zoé"));
        assert_eq!(labelled(26, "Zoé".as_bytes()), text("Zoé"));
        assert_eq!(labelled(26, b"Zo\xE9"), Some(Content::Bytes(b"Zo\xE9".to_vec())));
        let binary = [(0b0111, 4), (0x8000 | 899, 16)];
        let fields: Vec<_> = binary.into_iter().chain(byte_segment(b"plain")).collect();
        assert_eq!(read(&data(&fields), 1), Some(Content::Bytes(b"plain".to_vec())));
    }

    #[test]
    fn after_fnc1_a_percent_sign_is_the_separator() {
        // "A%%B%" in alphanumeric mode.
        let fields =
            [(0b0101, 4), (0b0010, 4), (5, 9), (10 * 45 + 38, 11), (38 * 45 + 11, 11), (38, 6)];
        assert_eq!(read(&data(&fields), 1), text("A%B\u{1D}"));
    }

    #[test]
    fn a_segment_that_says_more_than_it_holds_is_refused() {
        assert_eq!(read(&data(&[(0b0100, 4), (9, 8), (65, 8)]), 1), None);
        assert_eq!(read(&data(&[(0b0001, 4), (1, 10), (10, 4)]), 1), None);
        assert_eq!(read(&data(&[(0b1111, 4)]), 1), None);
    }

    proptest! {
        #[test]
        fn any_data_ends_without_panic(data in proptest::collection::vec(any::<u8>(), 0..200), version in 1_u32..=40) {
            let _ = read(&data, version);
        }

        #[test]
        fn bytes_are_never_changed(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            match read(&data(&byte_segment(&bytes)), 1) {
                Some(Content::Bytes(read)) => prop_assert_eq!(read, bytes),
                Some(Content::Text(text)) => prop_assert!(
                    text.as_bytes() == bytes || SHIFT_JIS.encode(&text).0.as_ref() == bytes
                ),
                None => prop_assert!(false, "refused"),
            }
        }
    }
}
