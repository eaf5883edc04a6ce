//! `issued.json`: sets of what was truly issued under compromised keys.

use crate::bytes::trust_of;
use crate::{Vector, vector, write};
use protocol::Hash;
use protocol::authenticity::{NotAuthentic, authenticate, read_text};
use protocol::cbor::{self, Value as Cbor};
use protocol::key::Kid;
use protocol::trust::{IssuedSet, IssuedSetRef, IssuedSets, KeyEnd, TrustList};
use protocol::voucher::Voucher;
use samples::describe;
use samples::{
    self, Who, foreign_public, jwt, jwt_claims, jwt_header, public, text_of, trust_list, voucher,
};
use serde_json::{Value, json};

pub fn write_all() {
    let sets = Sets::new();
    write(
        "issued.json",
        "Vouchers under compromised keys whose sets of issued vouchers the trust list pins \
         (docs/protocol.md, section 5). Take `set` in as the set of the key with the id `key`, when \
         there is one, then judge `text`.",
        json!({ "trust": trust_of(&sets.trust) }),
        sets.vectors(),
    );
}

/// A trust list in which the usual key, the food programme's and the foreign one are compromised, each
/// with a set.
struct Sets {
    trust: TrustList,
    ours: Vec<u8>,
    food: Vec<u8>,
    foreign: Vec<u8>,
}

fn token() -> String {
    jwt(&jwt_header(), &jwt_claims().to_string())
}

/// The digest of what was signed, before the key was compromised.
fn payload_of(text: &str) -> Hash {
    let signed = read_text(text).unwrap();
    authenticate(&signed, &trust_list(), &IssuedSets::none()).unwrap().payload_hash
}

fn set(kid: Kid, payloads: &[Hash]) -> Vec<u8> {
    IssuedSet::new(kid, payloads.iter().copied()).unwrap().encode().unwrap()
}

/// A file of another form than the one there is.
fn raw(kid: Kid, prefixes: Vec<u8>) -> Vec<u8> {
    let entries = vec![
        (Cbor::from(1), Cbor::Bytes(kid.as_bytes().to_vec())),
        (Cbor::from(2), Cbor::Bytes(prefixes)),
    ];
    cbor::encode(&Cbor::Map(entries)).unwrap()
}

impl Sets {
    fn new() -> Self {
        let usual = payload_of(&text_of(&voucher(), Who::Voucher));
        let others = [b"another".as_slice(), b"a third"].map(Hash::of);
        let ours = set(public(Who::Voucher).kid(), &[usual, others[0], others[1]]);
        // Pinned, and out of order: no reader takes it in.
        let food = raw(public(Who::FoodVoucher).kid(), [[2; 16], [1; 16]].concat());
        let foreign = set(foreign_public().kid(), &[payload_of(&token())]);
        let mut trust = trust_list();
        let pins = [
            (public(Who::Voucher), &ours),
            (public(Who::FoodVoucher), &food),
            (foreign_public(), &foreign),
        ];
        for (key, file) in pins {
            let hash = Hash::of(file);
            let pinned = IssuedSetRef { address: format!("/v1/issued/{hash}"), hash };
            let entry = trust.keys.iter_mut().find(|entry| entry.key == key).unwrap();
            entry.end = Some(KeyEnd::Compromised(Some(pinned)));
        }
        Sets { trust, ours, food, foreign }
    }

    fn vectors(&self) -> Vec<Vector> {
        let usual = text_of(&voucher(), Who::Voucher);
        let with = |voucher: &Voucher| text_of(voucher, Who::Voucher);
        let more = Voucher { benefit: samples::money(500_001), ..voucher() };
        let unknown = Voucher {
            identity: protocol::voucher::VoucherIdentity {
                issuer: samples::issuer(),
                reference: protocol::voucher::Reference::Cti(samples::cti(9)),
            },
            ..voucher()
        };
        let ours = public(Who::Voucher).kid();
        let refused = describe::not_authentic(&NotAuthentic::IssuerCompromised);
        let code = |code: &str| json!({ "error": code });
        let good = |text: &str, voucher: Value| {
            let mut expect = voucher;
            expect["key_in_force"] = true.into();
            expect["payload_hash"] = payload_of(text).to_string().into();
            expect
        };
        let case = |name, what: &str, set: Option<(&[u8], Kid)>, text: &str, expect: Value| {
            let mut own = json!({ "text": text, "expect": expect });
            if let Some((file, kid)) = set {
                own["set"] = hex::encode(file).into();
                own["key"] = kid.to_string().into();
            }
            vector(name, what, own)
        };
        let held = Some((self.ours.as_slice(), ours));
        let cut = &self.ours[..self.ours.len() - 1];
        let other = set(ours, &[Hash::of(b"another")]);
        let foreign = {
            let signed = read_text(&token()).unwrap();
            let found = authenticate(&signed, &trust_list(), &IssuedSets::none()).unwrap();
            good(&token(), describe::voucher(&found.voucher))
        };
        let kid = foreign_public().kid();
        vec![
            case(
                "truly issued",
                "The payload is in the set.",
                held,
                &usual,
                good(&usual, describe::voucher(&voucher())),
            ),
            case(
                "not issued",
                "The thief signed a voucher of his own.",
                held,
                &with(&unknown),
                refused.clone(),
            ),
            case(
                "another amount",
                "The thief signed a known identity with another amount: the set names payloads.",
                held,
                &with(&more),
                refused.clone(),
            ),
            case(
                "no set held",
                "Late news cost service, never money.",
                None,
                &usual,
                refused.clone(),
            ),
            case(
                "a key without a set",
                "Nothing under it is good, whatever sets are held.",
                held,
                &text_of(&voucher(), Who::Compromised),
                refused.clone(),
            ),
            case(
                "a foreign key's token",
                "OpenG2P's vouchers are named by the digest of their claims.",
                Some((&self.foreign, kid)),
                &token(),
                foreign,
            ),
            case(
                "a foreign key's token, no set held",
                "As for vouchers of our own form.",
                None,
                &token(),
                refused,
            ),
            case(
                "another set",
                "Well-formed, and not the one that is pinned.",
                Some((&other, ours)),
                &usual,
                code("trust.issued_set"),
            ),
            case(
                "cut short",
                "Not the pinned bytes.",
                Some((cut, ours)),
                &usual,
                code("trust.issued_set"),
            ),
            case(
                "another key's set",
                "Pinned for another key.",
                Some((&self.foreign, ours)),
                &usual,
                code("trust.issued_set"),
            ),
            case(
                "out of order",
                "Pinned, and its prefixes do not ascend.",
                Some((&self.food, public(Who::FoodVoucher).kid())),
                &usual,
                code("field.wrong"),
            ),
        ]
    }
}
