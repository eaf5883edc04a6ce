//! The two signature checks that a record needs and nothing else: its device's, P-256, and its
//! voucher's, Ed25519.

use super::phone::Redeemed;
use ed25519_dalek::VerifyingKey;
use p256::ecdsa::signature::Verifier as _;
use protocol::cbor::Value;
use protocol::key::PublicKey;
use protocol::record::SignedVoucher;
use std::fs;
use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

/// How long the checks are repeated.
const LONG: Duration = Duration::from_secs(2);

/// Both signatures of one record, with keys that are ready to use.
pub(crate) struct Checks {
    device: Check<p256::ecdsa::VerifyingKey, p256::ecdsa::Signature>,
    voucher: Check<VerifyingKey, ed25519_dalek::Signature>,
}

struct Check<K, S> {
    key: K,
    message: Vec<u8>,
    signature: S,
}

impl Checks {
    /// Those of a record by this device's key, and of its voucher by this issuer's.
    pub(crate) fn of(redeemed: &Redeemed, device: &PublicKey, issuer: &PublicKey) -> Self {
        let SignedVoucher::Cose(voucher) = &redeemed.voucher else {
            unreachable!("the office issues vouchers of our own form");
        };
        let (message, signature) = taken_apart(&redeemed.record.signed_header);
        let point = [&[4], coordinate(device, -2).as_slice(), &coordinate(device, -3)].concat();
        let device = Check {
            key: p256::ecdsa::VerifyingKey::from_sec1_bytes(&point).unwrap(),
            message,
            signature: p256::ecdsa::Signature::from_slice(&signature).unwrap(),
        };
        let (message, signature) = taken_apart(voucher);
        let voucher = Check {
            key: VerifyingKey::from_bytes(&coordinate(issuer, -2)).unwrap(),
            message,
            signature: ed25519_dalek::Signature::from_slice(&signature).unwrap(),
        };
        Checks { device, voucher }
    }

    fn make(&self) {
        let Check { key, message, signature } = &self.device;
        black_box(key.verify(message, signature)).unwrap();
        let Check { key, message, signature } = &self.voucher;
        black_box(key.verify_strict(message, signature)).unwrap();
    }
}

/// The time that both checks of one record take of one processor, while every processor is at it.
pub(crate) fn time_of_both(checks: &[Checks]) -> Duration {
    let workers = thread::available_parallelism().unwrap().get();
    let (count, taken) = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers)
            .map(|worker| {
                scope.spawn(move || {
                    let (start, before) = (Instant::now(), time_of_this_thread());
                    let mut count = 0u32;
                    let mine = checks.iter().cycle().skip(worker * checks.len() / workers);
                    for check in mine {
                        check.make();
                        count += 1;
                        if start.elapsed() > LONG {
                            break;
                        }
                    }
                    (count, time_of_this_thread() - before)
                })
            })
            .collect();
        let done = workers.into_iter().map(|worker| worker.join().unwrap());
        done.fold((0, Duration::ZERO), |(count, taken), one| (count + one.0, taken + one.1))
    });
    taken / count
}

/// Time on a processor, whatever else the machine did meanwhile.
fn time_of_this_thread() -> Duration {
    let schedstat = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(schedstat.split(' ').next().unwrap().parse().unwrap())
}

/// The bytes of a key at a label of its COSE_Key (RFC 9053 §7).
fn coordinate(key: &PublicKey, label: i64) -> [u8; 32] {
    let Value::Map(entries) = key.to_value() else {
        unreachable!("a COSE_Key is a map");
    };
    let found = entries.into_iter().find(|(at, _)| *at == Value::from(label));
    found.unwrap().1.into_bytes().unwrap().try_into().unwrap()
}

/// What was signed, and the signature, of a COSE_Sign1 (RFC 9052 §4.4).
fn taken_apart(envelope: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let Ok(Value::Array(parts)) = protocol::cbor::decode_tagged(envelope, &[18]) else {
        unreachable!("what was just signed is a COSE_Sign1");
    };
    let [protected, _, payload, signature] = <[Value; 4]>::try_from(parts).unwrap();
    let context = Value::from("Signature1");
    let to_be_signed = Value::Array(vec![context, protected, Value::Bytes(vec![]), payload]);
    (protocol::cbor::encode(&to_be_signed).unwrap(), signature.into_bytes().unwrap())
}
