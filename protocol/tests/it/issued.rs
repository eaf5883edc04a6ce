//! The set of what was truly issued under a compromised key.

use protocol::authenticity::{NotAuthentic, authenticate};
use protocol::id::EntitlementId;
use protocol::record::SignedVoucher;
use protocol::trust::{IssuedSet, IssuedSetRef, IssuedSets, KeyEnd, MAX_ISSUED, TrustList};
use protocol::voucher::Voucher;
use protocol::{Hash, cbor};
use samples::{
    Who, foreign_public, jwt, jwt_claims, jwt_header, public, sign_voucher, trust_file_with,
    trust_list, voucher,
};
use std::sync::Arc;

fn hash_of(voucher: &Voucher) -> Hash {
    Hash::of(&voucher.encode().unwrap())
}

/// A list in which the usual key is compromised, and a set of the payloads is pinned for it.
fn compromised(payloads: &[Hash]) -> (TrustList, IssuedSetRef, Vec<u8>) {
    let kid = public(Who::Voucher).kid();
    let file = IssuedSet::new(kid, payloads.iter().copied()).unwrap().encode().unwrap();
    let pinned = IssuedSetRef { address: "/v1/issued/1".to_owned(), hash: Hash::of(&file) };
    let mut list = trust_list();
    let key = list.keys.iter_mut().find(|key| key.key == public(Who::Voucher)).unwrap();
    key.end = Some(KeyEnd::Compromised(Some(pinned.clone())));
    (list, pinned, file)
}

fn held(pinned: &IssuedSetRef, file: &[u8]) -> IssuedSets {
    let mut sets = IssuedSets::none();
    let set = pinned.accept(file, public(Who::Voucher).kid()).unwrap();
    sets.insert(pinned.hash, Arc::new(set));
    sets
}

fn judge(voucher: &Voucher, list: &TrustList, sets: &IssuedSets) -> Result<(), NotAuthentic> {
    let signed = SignedVoucher::Cose(sign_voucher(voucher, Who::Voucher));
    authenticate(&signed, list, sets).map(|_| ())
}

#[test]
fn under_a_compromised_key_only_what_was_truly_issued_counts() {
    let (list, pinned, file) = compromised(&[hash_of(&voucher())]);
    let sets = held(&pinned, &file);
    assert_eq!(judge(&voucher(), &list, &sets), Ok(()));
    let other = Voucher { entitlement: EntitlementId::new("E-666").unwrap(), ..voucher() };
    assert_eq!(judge(&other, &list, &sets), Err(NotAuthentic::IssuerCompromised));
}

#[test]
fn a_known_identity_with_another_amount_is_not_what_was_issued() {
    let (list, pinned, file) = compromised(&[hash_of(&voucher())]);
    let more = Voucher { benefit: samples::money(500_001), ..voucher() };
    assert_eq!(more.identity, voucher().identity);
    assert_eq!(judge(&more, &list, &held(&pinned, &file)), Err(NotAuthentic::IssuerCompromised));
}

#[test]
fn without_the_pinned_set_nothing_under_the_key_counts() {
    let (list, _, _) = compromised(&[hash_of(&voucher())]);
    assert_eq!(judge(&voucher(), &list, &IssuedSets::none()), Err(NotAuthentic::IssuerCompromised));
    let (_, other, file) = compromised(&[hash_of(&voucher()), Hash::of(b"another")]);
    let another_set = held(&other, &file);
    assert_eq!(judge(&voucher(), &list, &another_set), Err(NotAuthentic::IssuerCompromised));
}

#[test]
fn a_set_helps_no_signature_and_no_other_key() {
    let (list, pinned, file) = compromised(&[hash_of(&voucher())]);
    let sets = held(&pinned, &file);
    let by = |who| {
        let signed = SignedVoucher::Cose(sign_voucher(&voucher(), who));
        authenticate(&signed, &list, &sets).map(|_| ())
    };
    assert_eq!(by(Who::Compromised), Err(NotAuthentic::IssuerCompromised));
    assert_eq!(by(Who::Stranger), Err(NotAuthentic::UnknownIssuer));
}

#[test]
fn only_the_pinned_file_of_the_pinned_key_is_accepted() {
    let (_, pinned, file) = compromised(&[Hash::of(b"1"), Hash::of(b"2")]);
    let kid = public(Who::Voucher).kid();
    let set = pinned.accept(&file, kid).unwrap();
    assert_eq!((set.kid(), set.count()), (kid, 2));
    assert!(set.contains(Hash::of(b"1")) && !set.contains(Hash::of(b"3")));
    let code = |file: &[u8]| pinned.accept(file, kid).unwrap_err().code();
    for at in 0..file.len() {
        assert_eq!(code(&file[..at]), "trust.issued_set");
        let mut changed = file.clone();
        changed[at] ^= 1;
        assert_eq!(code(&changed), "trust.issued_set");
    }
    let of_another_key = pinned.accept(&file, public(Who::Compromised).kid()).unwrap_err();
    assert_eq!(of_another_key.code(), "trust.issued_set");
    assert_eq!(code(&vec![0; IssuedSet::MAX_LEN + 1]), "size.too_large");
}

#[test]
fn a_set_has_one_form() {
    let kid = public(Who::Voucher).kid();
    let code = |prefixes: Vec<u8>, more: Option<u8>| {
        let mut entries = vec![
            (1.into(), cbor::Value::Bytes(kid.as_bytes().to_vec())),
            (2.into(), cbor::Value::Bytes(prefixes)),
        ];
        entries.extend(more.map(|key| (key.into(), 0.into())));
        let file = cbor::encode(&cbor::Value::Map(entries)).unwrap();
        let pinned = IssuedSetRef { address: "a".to_owned(), hash: Hash::of(&file) };
        pinned.accept(&file, kid).map(|set| set.count()).map_err(|error| error.code())
    };
    let two = |first: u8, second: u8| [[first; 16], [second; 16]].concat();
    assert_eq!(code(two(1, 2), None), Ok(2));
    assert_eq!(code(two(2, 1), None), Err("field.wrong"));
    assert_eq!(code(two(1, 1), None), Err("field.wrong"));
    assert_eq!(code(vec![1; 17], None), Err("field.wrong"));
    assert_eq!(code(Vec::new(), None), Err("field.wrong"));
    assert_eq!(code(two(1, 2), Some(3)), Err("field.unknown"));
    assert!(IssuedSet::new(kid, []).is_err());
    let twice = IssuedSet::new(kid, [Hash::of(b"1"), Hash::of(b"1")]).unwrap();
    assert_eq!(twice.count(), 1);
}

#[test]
fn the_largest_set_is_as_long_as_its_limit() {
    let numbered = |count: u32| (0..count).map(|i| Hash::of(&i.to_be_bytes()));
    let kid = public(Who::Voucher).kid();
    let most = u32::try_from(MAX_ISSUED).unwrap();
    let file = IssuedSet::new(kid, numbered(most)).unwrap().encode().unwrap();
    assert_eq!(file.len(), IssuedSet::MAX_LEN);
    assert!(IssuedSet::new(kid, numbered(most + 1)).is_err());
}

#[test]
fn a_foreign_issuers_token_counts_by_the_digest_of_its_claims() {
    let text = jwt(&jwt_header(), &jwt_claims().to_string());
    let signed = SignedVoucher::Jwt(text);
    let payload = authenticate(&signed, &trust_list(), &IssuedSets::none()).unwrap().payload_hash;
    let kid = foreign_public().kid();
    let file = IssuedSet::new(kid, [payload]).unwrap().encode().unwrap();
    let pinned = IssuedSetRef { address: "/v1/issued/1".to_owned(), hash: Hash::of(&file) };
    let mut list = trust_list();
    let key = list.keys.iter_mut().find(|key| key.key == foreign_public()).unwrap();
    key.end = Some(KeyEnd::Compromised(Some(pinned.clone())));
    let refused = authenticate(&signed, &list, &IssuedSets::none());
    assert_eq!(refused, Err(NotAuthentic::IssuerCompromised));
    let mut sets = IssuedSets::none();
    sets.insert(pinned.hash, Arc::new(pinned.accept(&file, kid).unwrap()));
    assert!(authenticate(&signed, &list, &sets).is_ok());
}

#[test]
fn the_trust_list_pins_the_set_by_its_hash() {
    let (list, pinned, _) = compromised(&[hash_of(&voucher())]);
    let file = trust_file_with(&list);
    let root = file.first_root_hash().unwrap();
    let state = protocol::trust::TrustState::first(root, &file, list.issued).unwrap();
    let key = state.list().keys.iter().find(|key| key.key == public(Who::Voucher)).unwrap();
    assert_eq!(key.issued_set(), Some(&pinned));
}
