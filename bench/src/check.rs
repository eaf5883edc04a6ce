//! A verdict on a voucher's text, against the one signature check that it cannot do without.

use crate::measure::{Times, micros, ratio, time};
use crate::report::{Goal, Line};
use ed25519_dalek::{Signature, VerifyingKey};
use fixtures::{Phone, Server, clock, voucher};
use protocol::cbor::Value;
use protocol::id::Audience;
use protocol::voucher::{Holder, StatusRef, Voucher};
use rusqlite::{Connection, params};
use samples::{self, Who};
use std::path::Path;
use verifier_core::verdict::Verdict;

/// Different vouchers, so that look-ups fall all over the ledger.
const VOUCHERS: u32 = 1024;
/// How often each is checked.
const ROUNDS: usize = 8;

const FEW: u32 = 1_000;
const MANY: u32 = 1_000_000;

pub(crate) fn run() -> Vec<Line> {
    let mut server = Server::new();
    let few = Phone::enrolled(&mut server).restart_after(|home| fill(home, FEW));
    let many = Phone::enrolled(&mut server).restart_after(|home| fill(home, MANY));
    let vouchers: Vec<Signed> = (0..VOUCHERS).map(Signed::new).collect();
    let key = VerifyingKey::from_bytes(&samples_key()).unwrap();

    let (mut on_few, mut on_many, mut verify) =
        (Times::default(), Times::default(), Times::default());
    for round in 0..=ROUNDS {
        for voucher in &vouchers {
            let few = time(|| check(&few, voucher));
            let once = time(|| key.verify_strict(&voucher.message, &voucher.signature).unwrap());
            let many = time(|| check(&many, voucher));
            // The first round fetches the status list and fills caches.
            if round > 0 {
                on_few.push(few);
                verify.push(once);
                on_many.push(many);
            }
        }
    }
    let (few, many, once) = (on_few.median(), on_many.median(), verify.median());
    let longest = vouchers.iter().map(|voucher| voucher.text.len()).max().unwrap_or(0);
    vec![
        Line {
            benchmark: "check",
            what: "check of a voucher ÷ one verify_strict of its signature".to_owned(),
            ratio: ratio(few, once),
            goal: Goal::AtMost(2.0),
            detail: format!("{} ÷ {}, texts of {longest} characters", micros(few), micros(once)),
        },
        Line {
            benchmark: "check",
            what: format!("check on a ledger of {MANY} records ÷ of {FEW}"),
            ratio: ratio(many, few),
            goal: Goal::AtMost(1.2),
            detail: format!("{} ÷ {}", micros(many), micros(few)),
        },
    ]
}

/// A voucher's text, and what its signature is over.
struct Signed {
    text: String,
    message: Vec<u8>,
    signature: Signature,
}

impl Signed {
    /// A voucher as pharmacies see them: money, one provider, a holder's name, a place in a status list.
    fn new(number: u32) -> Self {
        let voucher = Voucher {
            audience: Some(Audience::new(samples::PROVIDER).unwrap()),
            holder: Some(Holder {
                name: "Maria Dela Cruz-Peña".to_owned(),
                birth_year: Some(1984),
                id_tail: Some("0417".to_owned()),
            }),
            status: Some(StatusRef { list: 1, index: number * 997 }),
            ..voucher(number)
        };
        let signed = samples::sign_voucher(&voucher, Who::Voucher);
        let Ok(Value::Array(parts)) = protocol::cbor::decode_tagged(&signed, &[18]) else {
            unreachable!("a voucher that was just signed is a COSE_Sign1");
        };
        let [protected, _, payload, signature] = <[Value; 4]>::try_from(parts).unwrap();
        let context = Value::from("Signature1");
        let to_be_signed = Value::Array(vec![context, protected, Value::Bytes(vec![]), payload]);
        Signed {
            text: protocol::voucher::to_text(&signed).unwrap(),
            message: protocol::cbor::encode(&to_be_signed).unwrap(),
            signature: Signature::from_slice(&signature.into_bytes().unwrap()).unwrap(),
        }
    }
}

fn check(phone: &Phone, voucher: &Signed) -> Verdict {
    let verdict = phone.verifier.check(&voucher.text, clock()).unwrap();
    assert!(matches!(&verdict, Verdict::Accept(accepted) if accepted.warnings.is_empty()));
    verdict
}

fn samples_key() -> [u8; 32] {
    ed25519_dalek::SigningKey::from_bytes(&samples::key(Who::Voucher).seed())
        .verifying_key()
        .to_bytes()
}

/// Puts so many redemptions into a ledger by SQL alone: a million of them through the engine would
/// take an hour of fsyncs. The schema is the ledger's own with its constraints and indices. The
/// columns that a check looks up hold what they would hold; the encrypted ones, which it does not
/// read, are short.
fn fill(home: &Path, records: u32) {
    let mut db = Connection::open(home.join("ledger.db")).unwrap();
    db.pragma_update(None, "journal_mode", "MEMORY").unwrap();
    db.pragma_update(None, "synchronous", "OFF").unwrap();
    db.pragma_update(None, "cache_size", -262_144).unwrap();
    let transaction = db.transaction().unwrap();
    let numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)";
    let base: i64 = transaction
        .query_row("SELECT coalesce(max(arrival), 0) FROM inbox", [], |row| row.get(0))
        .unwrap();
    let insert = |into: &str| {
        let inserted = transaction.execute(&format!("{numbers} {into}"), params![records, base]);
        assert_eq!(inserted.unwrap(), records as usize);
    };
    insert(
        "INSERT INTO record (arrival, chain, sequence, hash, signed_header, body, voucher, sealed)
         SELECT ?2 + i, 1, i, randomblob(32), randomblob(16), randomblob(16), randomblob(16),
                randomblob(16)
         FROM n",
    );
    insert(
        "INSERT INTO outbox (record, chain, sequence, kind, hash, item, recorded_at, state)
         SELECT ?2 + i, 1, i, 1, randomblob(32), randomblob(32), 1760000000 + i, 'sent' FROM n",
    );
    // A claim's id is a UUIDv7, so ids grow with time; an identity is a keyed digest, so it is anywhere.
    insert(
        "INSERT INTO claim (id, record, identity, live, redeemed_at, operator, state)
         SELECT unhex(printf('%012x7%03x', 1760000000000 + i * 1000, i % 4096) || hex(randomblob(8))),
                ?2 + i, randomblob(32), 1, 1760000000 + i, 'ana', 'paid'
         FROM n",
    );
    transaction.commit().unwrap();
}
