//! A reference is found however people type it.

use proptest::prelude::*;
use protocol::printed::{PrintedReference, letters};

/// The ways in which people write a letter.
fn written(letter: char) -> Vec<char> {
    let mut ways = vec![letter, letter.to_ascii_lowercase()];
    match letter {
        '0' => ways.extend(['O', 'o']),
        '1' => ways.extend(['I', 'i', 'L', 'l']),
        _ => {}
    }
    if let Some(digit) = letter.to_digit(10) {
        ways.extend([0x660, 0x6f0].into_iter().filter_map(|zero| char::from_u32(zero + digit)));
    }
    ways
}

#[test]
fn a_reference_has_eight_letters_that_are_hard_to_mistake() {
    assert_eq!(PrintedReference::from_bits([0; 5]).to_string(), "0000-0000");
    assert_eq!(PrintedReference::from_bits([0xff; 5]).to_string(), "ZZZZ-ZZZZ");
    assert_eq!(PrintedReference::from_bits([0, 0, 0, 0, 33]).to_string(), "0000-0011");
}

#[test]
fn what_is_no_reference_is_none() {
    for text in ["", "7K2M-94Q", "7K2M-94QXX", "7K2M-94QU", "7K2M-94QÑ", "*** ***"] {
        assert_eq!(PrintedReference::typed(text), None, "{text}");
    }
    assert_eq!(letters("7k-2"), Some("7K2".to_owned()));
    assert_eq!(letters("u"), None);
}

proptest! {
    #[test]
    fn a_reference_is_read_however_it_is_typed(
        bits: [u8; 5],
        ways: [u8; 8],
        separators in proptest::array::uniform9("[ ./\u{2013}\u{200e}-]{0,2}"),
    ) {
        let reference = PrintedReference::from_bits(bits);
        let mut typed = separators[8].clone();
        for (place, letter) in reference.letters().chars().enumerate() {
            let all = written(letter);
            typed.push(all[usize::from(ways[place]) % all.len()]);
            typed.push_str(&separators[place]);
        }
        prop_assert_eq!(PrintedReference::typed(&typed), Some(reference), "{}", typed);
    }

    #[test]
    fn two_references_are_never_read_as_one(a: [u8; 5], b: [u8; 5]) {
        let (a, b) = (PrintedReference::from_bits(a), PrintedReference::from_bits(b));
        prop_assert_eq!(a == b, PrintedReference::typed(&a.to_string()) == Some(b));
    }

    #[test]
    fn any_text_is_read_or_refused(text: String) {
        if let Some(reference) = PrintedReference::typed(&text) {
            prop_assert_eq!(PrintedReference::typed(&reference.to_string()), Some(reference));
        }
    }
}
