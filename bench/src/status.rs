//! Loading the status lists of a phone, against inflating their bytes and nothing else.

use crate::measure::{Times, ratio, time};
use crate::memory;
use crate::report::{Goal, Line};
use flate2::{Decompress, FlushDecompress};
use protocol::cbor::Value;
use protocol::cose::{ObjectType, Sign1};
use protocol::status::{Entries, MAX_ENTRIES, Status, StatusList};
use protocol::trust::{StatusListEntry, TrustList};
use samples::{self, Who};

const LISTS: u32 = 10;
const ROUNDS: usize = 50;
/// Two percent of the entries are not valid.
const ONE_IN: u64 = 50;

pub(crate) fn run() -> Vec<Line> {
    let trust = trust_list();
    let tokens: Vec<Vec<u8>> = trust.status_lists.iter().map(token).collect();
    let packed: Vec<Vec<u8>> = tokens.iter().map(|token| compressed(token)).collect();
    let raw = MAX_ENTRIES as usize / 4 * tokens.len();

    let (mut load, mut inflate) = (Times::default(), Times::default());
    for _ in 0..ROUNDS {
        load.push(time(|| load_all(&trust, &tokens)));
        inflate.push(time(|| packed.iter().map(|list| inflate_one(list)).collect::<Vec<_>>()));
    }
    let (_, all) = memory::of(|| load_all(&trust, &tokens));
    let (_, one) = memory::of(|| load_all(&trust, &tokens[..1]));
    let sent: usize = tokens.iter().map(Vec::len).sum();
    let times = (load.median(), inflate.median());
    let millis = |time: std::time::Duration| format!("{:.2} ms", time.as_secs_f64() * 1e3);
    let bytes = |what: &str, bytes: usize, raw: usize| Line {
        benchmark: "status",
        what: format!("{what} ÷ two bits an entry"),
        ratio: bytes as f64 / raw as f64,
        goal: Goal::None,
        detail: format!("{bytes} ÷ {raw} bytes"),
    };
    vec![
        Line {
            benchmark: "status",
            what: format!("verify and load {LISTS} lists of 2^20 entries ÷ inflating alone"),
            ratio: ratio(times.0, times.1),
            goal: Goal::None,
            detail: format!("{} ÷ {}", millis(times.0), millis(times.1)),
        },
        bytes("bytes to fetch", sent, raw),
        Line { goal: Goal::AtMost(1.01), ..bytes("bytes of memory when loaded", all.kept, raw) },
        bytes("most bytes of memory while one is loaded", one.peak, raw / tokens.len()),
    ]
}

fn trust_list() -> TrustList {
    let mut trust = samples::trust_list();
    let like = trust.status_lists[0].clone();
    trust.status_lists = (1..=LISTS)
        .map(|number| StatusListEntry {
            number,
            address: format!("/v1/status/{number}"),
            ..like.clone()
        })
        .collect();
    trust
}

/// A signed list in which one entry in fifty is revoked, suspended or redeemed, each as often.
fn token(entry: &StatusListEntry) -> Vec<u8> {
    let mut entries = Entries::all_valid(MAX_ENTRIES).unwrap();
    let mut numbers = SplitMix(u64::from(entry.number));
    for index in 0..MAX_ENTRIES {
        if numbers.next().is_multiple_of(ONE_IN) {
            let marks = [Status::Revoked, Status::Suspended, Status::Redeemed];
            entries.set(index, marks[(numbers.next() % 3) as usize]).unwrap();
        }
    }
    let list =
        StatusList { address: entry.address.clone(), entries, ..samples::status_list(4, &[]) };
    list.sign(&samples::key(Who::Status)).unwrap()
}

fn load_all(trust: &TrustList, tokens: &[Vec<u8>]) -> Vec<StatusList> {
    let entries = trust.status_lists.iter().zip(tokens);
    entries.map(|(entry, token)| entry.accept(token, trust, None).unwrap()).collect()
}

/// The zlib bytes inside a token.
fn compressed(token: &[u8]) -> Vec<u8> {
    let signed = Sign1::parse(ObjectType::StatusList, token).unwrap();
    let claims = protocol::cbor::decode(signed.unverified_payload()).unwrap().into_map().unwrap();
    let list = claims.into_iter().find(|(claim, _)| *claim == Value::from(65533)).unwrap().1;
    let list = list.into_map().unwrap().into_iter().find(|(key, _)| *key == Value::from("lst"));
    list.unwrap().1.into_bytes().unwrap()
}

fn inflate_one(packed: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(MAX_ENTRIES as usize / 4 + 1);
    Decompress::new(true).decompress_vec(packed, &mut out, FlushDecompress::Finish).unwrap();
    assert_eq!(out.len(), MAX_ENTRIES as usize / 4);
    out
}

/// SplitMix64: the same numbers at every run.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
