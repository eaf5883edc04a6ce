//! The byte-level rules.

use proptest::prelude::*;
use protocol::Error;
use protocol::cbor::{Fault, MAX_DEPTH, MAX_INTEGER, MAX_ITEMS, Value, decode, encode, validate};
use samples::raw;

fn fault(bytes: &[u8]) -> Option<Fault> {
    match validate(bytes) {
        Ok(()) => None,
        Err(Error::Cbor { fault, .. }) => Some(fault),
        Err(other) => panic!("not a CBOR fault: {other:?}"),
    }
}

#[test]
fn every_fault_is_found() {
    let cases: [(&[u8], Fault); 31] = [
        (&[], Fault::Truncated),
        (&[0x18], Fault::Truncated),
        (&[0x42, 1], Fault::Truncated),
        (&[0x82, 1], Fault::Truncated),
        (&[0xa1, 1], Fault::Truncated),
        (&[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], Fault::Truncated),
        (&[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], Fault::Truncated),
        (&[0, 0], Fault::Trailing),
        (&[0x18, 23], Fault::NotShortest),
        (&[0x19, 0, 0xff], Fault::NotShortest),
        (&[0x1a, 0, 0, 0xff, 0xff], Fault::NotShortest),
        (&[0x1b, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff], Fault::NotShortest),
        (&[0x58, 1, 0], Fault::NotShortest),
        (&[0x98, 1, 0], Fault::NotShortest),
        (&[0x5f, 0x41, 0, 0xff], Fault::Indefinite),
        (&[0x9f, 0xff], Fault::Indefinite),
        (&[0xbf, 0xff], Fault::Indefinite),
        (&[0xff], Fault::Indefinite),
        (&[0xa2, 2, 0, 1, 0], Fault::KeyOrder),
        (&[0xa2, 0x20, 0, 1, 0], Fault::KeyOrder),
        (&[0xa2, 1, 0, 1, 1], Fault::DuplicateKey),
        (&[0x61, 0xff], Fault::Utf8),
        (&[0x63, 0xed, 0xa0, 0x80], Fault::Utf8),
        (&[0xf9, 0x3c, 0], Fault::Float),
        (&[0xfb, 0, 0, 0, 0, 0, 0, 0, 0], Fault::Float),
        (&[0xc0, 0x60], Fault::Tag),
        (&[0xf7], Fault::Simple),
        (&[0xf8, 0xff], Fault::Simple),
        (&[0x1b, 0, 0x20, 0, 0, 0, 0, 0, 0], Fault::IntegerRange),
        (&[0x3b, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], Fault::IntegerRange),
        (&[0x1c], Fault::Reserved),
    ];
    for (bytes, expected) in cases {
        assert_eq!(fault(bytes), Some(expected), "{}", hex::encode(bytes));
    }
}

#[test]
fn nesting_ends_at_sixteen() {
    let nested = |depth| [vec![0x81; depth], vec![0]].concat();
    assert_eq!(fault(&nested(MAX_DEPTH)), None);
    assert_eq!(fault(&nested(MAX_DEPTH + 1)), Some(Fault::Depth));
    assert_eq!(fault(&vec![0x81; 1_000_000]), Some(Fault::Depth));
}

#[test]
fn a_small_file_cannot_ask_for_a_great_deal_of_memory() {
    let zeros = |count: usize| [raw::head(4, count as u64), vec![0; count]].concat();
    assert_eq!(fault(&zeros(MAX_ITEMS - 1)), None);
    assert_eq!(fault(&zeros(MAX_ITEMS)), Some(Fault::TooMany));
}

#[test]
fn integers_reach_what_a_double_holds() {
    let most = MAX_INTEGER as i64;
    for number in [0, 23, 24, 255, 256, 65_535, 65_536, 4_294_967_295, 4_294_967_296, most, -most] {
        assert_eq!(fault(&raw::int(number)), None, "{number}");
        assert_eq!(decode(&raw::int(number)).unwrap(), Value::from(number));
    }
    assert_eq!(fault(&raw::int(most + 1)), Some(Fault::IntegerRange));
    assert_eq!(fault(&raw::int(-most - 1)), Some(Fault::IntegerRange));
}

#[test]
fn an_offset_points_at_the_item_that_breaks_the_rule() {
    let Err(Error::Cbor { at, .. }) = validate(&[0x82, 0, 0x18, 23]) else {
        panic!("it was taken");
    };
    assert_eq!(at, 2);
}

#[test]
fn writing_sorts_and_refuses_what_reading_would_refuse() {
    let map = |keys: &[i64]| Value::Map(keys.iter().map(|&k| (k.into(), 0.into())).collect());
    assert_eq!(encode(&map(&[-1, 2, 1])).unwrap(), [0xa3, 1, 0, 2, 0, 0x20, 0]);
    for value in [
        map(&[1, 1]),
        Value::Float(1.5),
        Value::Tag(1, Box::new(0.into())),
        Value::from(1_u64 << 53),
    ] {
        assert!(matches!(encode(&value), Err(Error::Cbor { .. })), "{value:?}");
    }
}

/// Any value that may be written, a few levels deep.
fn values() -> impl Strategy<Value = Value> {
    let most = MAX_INTEGER as i64;
    let leaf = prop_oneof![
        (-most..=most).prop_map(Value::from),
        (-300_i64..300).prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
        proptest::collection::vec(any::<u8>(), 0..40).prop_map(Value::Bytes),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            proptest::collection::hash_map(-40_i64..40, inner, 0..6)
                .prop_map(|map| Value::Map(map.into_iter().map(|(k, v)| (k.into(), v)).collect())),
        ]
    })
}

proptest! {
    #[test]
    fn random_bytes_are_judged(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if validate(&bytes).is_ok() {
            prop_assert_eq!(encode(&decode(&bytes).unwrap()).unwrap(), bytes);
        }
    }

    #[test]
    fn what_is_written_reads_back(value in values()) {
        let bytes = encode(&value).unwrap();
        prop_assert_eq!(encode(&decode(&bytes).unwrap()).unwrap(), bytes);
    }

    #[test]
    fn what_still_validates_after_a_change_is_still_the_one_form(
        value in values(),
        at in any::<proptest::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = encode(&value).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if validate(&bytes).is_ok() {
            prop_assert_eq!(encode(&decode(&bytes).unwrap()).unwrap(), bytes);
        }
    }

    #[test]
    fn no_prefix_and_no_continuation_of_an_item_is_an_item(value in values(), more in any::<u8>()) {
        let mut bytes = encode(&value).unwrap();
        for len in 0..bytes.len() {
            prop_assert!(validate(&bytes[..len]).is_err());
        }
        bytes.push(more);
        prop_assert!(validate(&bytes).is_err());
    }
}
