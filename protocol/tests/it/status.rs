//! Status lists: what they say, and which of them count.

use proptest::prelude::*;
use protocol::cose::ObjectType;
use protocol::key::Signer;
use protocol::status::{Entries, MAX_ENTRIES, Status, StatusList};
use protocol::{Error, Timestamp};
use samples::raw::{Envelope, bytes, int, map, text};
use samples::{Who, at, key, public, status_list, trust_list};
use std::io::Write;

fn zlib(content: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    out.write_all(content).unwrap();
    out.finish().unwrap()
}

/// A token around these compressed bytes.
fn token(lst: &[u8]) -> Vec<u8> {
    let list = map(&[(text("lst"), bytes(lst)), (text("bits"), int(2))]);
    let issued = at("2026-06-14T00:00:00Z").as_seconds() as i64;
    let payload = map(&[(int(2), text("/v1/status/1")), (int(6), int(issued)), (int(65533), list)]);
    Envelope::new(ObjectType::StatusList, &payload, &key(Who::Status)).sign(&key(Who::Status))
}

fn open(lst: &[u8]) -> Result<StatusList, Error> {
    StatusList::open(&token(lst), [&public(Who::Status)])
}

fn code(lst: &[u8]) -> &'static str {
    open(lst).err().map_or("none", |error| error.code())
}

#[test]
fn a_list_reads_back_at_every_size() {
    for count in [0, 1, 4, 5, 1000, MAX_ENTRIES] {
        let last = count.saturating_sub(1);
        let marks =
            if count == 0 { vec![] } else { vec![(0, Status::Revoked), (last, Status::Redeemed)] };
        let list = status_list(count, &marks);
        let signed = list.sign(&key(Who::Status)).unwrap();
        assert_eq!(StatusList::open(&signed, [&public(Who::Status)]).unwrap(), list);
    }
    assert!(Entries::all_valid(MAX_ENTRIES + 1).is_err());
}

#[test]
fn absence_from_a_list_says_nothing_good() {
    let list = status_list(8, &[]);
    assert_eq!(list.entries.get(7), Ok(Status::Valid));
    assert_eq!(list.entries.get(8).unwrap_err().code(), "status.index");
    assert_eq!(list.entries.get(u32::MAX).unwrap_err().code(), "status.index");
}

#[test]
fn a_compressed_list_is_one_stream_within_the_limit() {
    let full = vec![0; MAX_ENTRIES as usize / 4];
    assert_eq!(code(&zlib(&full)), "none");
    assert_eq!(code(&zlib(&[full.as_slice(), &[0]].concat())), "status.too_long");
    // a bomb: a hundred megabytes in a hundred kilobytes
    assert_eq!(code(&zlib(&vec![0; 100_000_000])), "status.too_long");
    assert_eq!(code(&[zlib(&[0; 9]), vec![0]].concat()), "status.trailing");
    assert_eq!(code(&[zlib(&[0; 9]), zlib(&[0; 9])].concat()), "status.trailing");
    let whole = zlib(&[5; 90]);
    for len in 0..whole.len() {
        assert_eq!(code(&whole[..len]), "status.inflate", "{len} bytes");
    }
    let mut wrong_sum = whole;
    *wrong_sum.last_mut().unwrap() ^= 1;
    assert_eq!(code(&wrong_sum), "status.inflate");
}

#[test]
fn a_list_counts_for_its_own_entry_alone_and_never_goes_back() {
    let trust = trust_list();
    let [cash, food] = [trust.status_list(1).unwrap(), trust.status_list(2).unwrap()];
    let list = status_list(16, &[]);
    let signed = |list: &StatusList, by| list.sign(&key(by)).unwrap();
    let token = signed(&list, Who::Status);
    let accept = |token: &[u8], held: Option<Timestamp>| {
        cash.accept(token, &trust, held).err().map_or("none", |error| error.code())
    };
    assert_eq!(accept(&token, None), "none");
    assert_eq!(accept(&token, Some(list.issued)), "none");
    assert_eq!(accept(&token, Some(at("2026-06-14T00:00:01Z"))), "status.older");
    assert_eq!(food.accept(&token, &trust, None).unwrap_err().code(), "status.address");
    let older = StatusList { issued: at("2026-05-31T23:59:59Z"), ..list.clone() };
    assert_eq!(accept(&signed(&older, Who::Status), None), "status.older");
    assert_eq!(accept(&signed(&list, Who::Stranger), None), "key.unknown");
    assert_eq!(accept(&signed(&list, Who::Voucher), None), "key.unknown");
}

#[test]
fn a_key_of_another_programme_signs_no_list_of_this_one() {
    let mut trust = trust_list();
    let food_only =
        samples::issuer_key(public(Who::NewTrust), protocol::key::KeyUse::Status, &[samples::FOOD]);
    trust.keys.push(food_only);
    let mut entry = trust.status_list(1).unwrap().clone();
    entry.kids.push(public(Who::NewTrust).kid());
    let token = status_list(16, &[]).sign(&key(Who::NewTrust)).unwrap();
    assert_eq!(entry.accept(&token, &trust, None).unwrap_err().code(), "key.unknown");
}

#[test]
fn a_truncated_or_oversized_token_is_refused_by_name() {
    let trust = trust_list();
    let entry = trust.status_list(1).unwrap();
    let code = |token: &[u8]| entry.accept(token, &trust, None).unwrap_err().code();
    let whole = status_list(16, &[(3, Status::Revoked)]).sign(&key(Who::Status)).unwrap();
    for len in 0..whole.len() {
        assert_eq!(code(&whole[..len]), "cbor.truncated", "{len} bytes");
    }
    let most = ObjectType::StatusList.max_len();
    assert_eq!(code(&vec![0; most + 1]), "size.too_large");
}

#[test]
fn the_key_that_signed_must_have_been_in_force_whatever_other_keys_are() {
    let trust = trust_list();
    let entry = trust.status_list(1).unwrap();
    let by_old_key = |issued: &str| {
        let list = StatusList { issued: at(issued), ..status_list(16, &[]) };
        entry.accept(&list.sign(&key(Who::OldStatus)).unwrap(), &trust, None)
    };
    assert!(by_old_key("2026-06-11T23:59:59Z").is_ok());
    assert_eq!(by_old_key("2026-06-12T00:00:00Z"), Err(Error::Signature));
}

#[test]
fn no_status_list_is_a_voucher_as_well() {
    let list = map(&[(text("lst"), bytes(&zlib(&[0]))), (text("bits"), int(2))]);
    let payload = map(&[
        (int(2), text("/v1/status/1")),
        (int(6), int(1_780_000_000)),
        (int(65533), list),
        (int(-65537), map(&[])),
    ]);
    let token = Envelope::new(ObjectType::StatusList, &payload, &key(Who::Status))
        .sign(&key(Who::Status) as &dyn Signer);
    let refused = StatusList::open(&token, [&public(Who::Status)]).unwrap_err();
    assert_eq!(refused.code(), "field.unknown");
}

proptest! {
    #[test]
    fn entries_keep_what_was_set(marks in proptest::collection::hash_map(0..1000_u32, 0..4_u8, 0..50)) {
        let mut entries = Entries::all_valid(1000).unwrap();
        for (index, bits) in &marks {
            entries.set(*index, Status::from_bits(*bits)).unwrap();
        }
        for index in 0..1000 {
            let expected = marks.get(&index).copied().unwrap_or(0);
            prop_assert_eq!(entries.get(index).unwrap().bits(), expected);
        }
        prop_assert_eq!(Entries::from_packed(entries.packed().to_vec()), Some(entries));
    }

    #[test]
    fn a_signed_list_of_anything_is_judged(lst in proptest::collection::vec(any::<u8>(), 0..100)) {
        let _ = open(&lst);
        let _ = open(&[&[0x78, 0xda], lst.as_slice()].concat());
    }
}
