//! The verdict vectors: what a phone says of a text, given what it holds (test-vectors/README.md).

use protocol::id::{BootId, ClaimId};
use protocol::key::KeyUse;
use protocol::profile::Profile;
use protocol::record::Monotonic;
use protocol::status::StatusList;
use protocol::trust::{IssuedSets, TrustFile, TrustState};
use protocol::voucher::VoucherIdentity;
use protocol::{Hash, Timestamp};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use verifier_core::clock::{DeviceClock, FloorMark, Floors};
use verifier_core::ledger::LiveRedemption;
use verifier_core::verdict::{self, Circumstances, Lookup, Reason, Verdict};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors {
    #[serde(rename = "about")]
    _about: String,
    trusts: BTreeMap<String, Trust>,
    profiles: BTreeMap<String, String>,
    status_lists: BTreeMap<String, String>,
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Trust {
    file: String,
    pinned: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    name: String,
    #[serde(rename = "what")]
    _what: String,
    text: String,
    trust: String,
    profile: String,
    status_lists: Vec<String>,
    clock: Clock,
    redeemed: Vec<Redeemed>,
    expect: Expected,
    /// The limit of its delegation that a voucher oversteps.
    limit: Option<String>,
    #[serde(rename = "voucher")]
    _voucher: Option<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Clock {
    now: u64,
    floor: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Redeemed {
    identity: String,
    claim: String,
    at: u64,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Expected {
    Accept(Vec<String>),
    Refuse(String),
}

/// What a vector's phone holds.
struct Held {
    trust: TrustState,
    tokens: Vec<StatusList>,
    redeemed: BTreeMap<Hash, LiveRedemption>,
}

impl Lookup for Held {
    type Error = Infallible;

    fn redeemed(&self, identity: &VoucherIdentity) -> Result<Option<LiveRedemption>, Infallible> {
        Ok(self.redeemed.get(&identity.hash()).cloned())
    }

    fn status_list(&self, number: u32) -> Result<Option<&StatusList>, Infallible> {
        let entry = self.trust.list().status_list(number);
        Ok(entry.and_then(|entry| self.tokens.iter().find(|list| list.address == entry.address)))
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    hex::decode(hex).unwrap()
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(seconds).unwrap()
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../../test-vectors/verdict.json")).unwrap()
}

fn delegated() -> Vectors {
    serde_json::from_str(include_str!("../../../test-vectors/delegation.json")).unwrap()
}

impl Vectors {
    fn held(&self, vector: &Vector) -> Held {
        let Trust { file, pinned } = &self.trusts[&vector.trust];
        let file = TrustFile::decode(&bytes(file)).unwrap();
        let trust = TrustState::restore(Hash::from_hex(pinned).unwrap(), &file).unwrap();
        let list = trust.list();
        // A token that no longer verifies under the trust list in force is as good as none.
        let accepted = |name: &String| {
            let token = bytes(&self.status_lists[name]);
            list.status_lists.iter().find_map(|entry| entry.accept(&token, list, None).ok())
        };
        let tokens = vector.status_lists.iter().filter_map(accepted).collect();
        let redeemed = vector.redeemed.iter().map(|live| {
            let claim = ClaimId::from_hex(&live.claim).unwrap();
            let live_redemption =
                LiveRedemption { claim, redeemed_at: at(live.at), operator: None };
            (Hash::from_hex(&live.identity).unwrap(), live_redemption)
        });
        Held { redeemed: redeemed.collect(), tokens, trust }
    }

    fn decide(&self, vector: &Vector) -> Verdict {
        let held = self.held(vector);
        let keys = held.trust.list().keys_for(KeyUse::Profile).map(|key| &key.key);
        let profile = Profile::open(&bytes(&self.profiles[&vector.profile]), keys).unwrap();
        let boot = |number| Monotonic { millis: 0, boot: BootId::from_bytes([number; 16]) };
        let floor = FloorMark { time: at(vector.clock.floor), seen: boot(1) };
        let circumstances = Circumstances {
            trust: &held.trust,
            issued: &IssuedSets::none(),
            profile: &profile,
            clock: DeviceClock { time: at(vector.clock.now), monotonic: boot(2) },
            floors: &Floors { hard: vec![floor], soft: Vec::new() },
        };
        let Ok(verdict) = verdict::decide(&vector.text, &circumstances, &held);
        verdict
    }
}

fn told(verdict: &Verdict) -> Expected {
    match verdict {
        Verdict::Accept(accepted) => {
            let codes: BTreeSet<_> = accepted.warnings.iter().map(|it| it.code()).collect();
            assert_eq!(codes.len(), accepted.warnings.len(), "a warning is given twice");
            Expected::Accept(codes.into_iter().map(str::to_owned).collect())
        }
        Verdict::Refuse(refusal) => Expected::Refuse(refusal.reason.code().to_owned()),
    }
}

#[test]
fn every_text_gets_the_verdict_of_its_vector() {
    for all in [vectors(), delegated()] {
        let wrong: Vec<String> = all
            .vectors
            .iter()
            .map(|vector| (vector, told(&all.decide(vector))))
            .filter(|(vector, told)| *told != vector.expect)
            .map(|(vector, told)| format!("{}: {told:?}, not {:?}", vector.name, vector.expect))
            .collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

#[test]
fn the_limit_that_a_delegated_voucher_oversteps_is_told() {
    let all = delegated();
    let mut limits = BTreeSet::new();
    for vector in &all.vectors {
        let told = match all.decide(vector) {
            Verdict::Refuse(refusal) => match refusal.reason {
                Reason::BeyondDelegation(limit) => Some(limit.code().to_owned()),
                _ => None,
            },
            Verdict::Accept(_) => None,
        };
        assert_eq!(told, vector.limit, "{}", vector.name);
        limits.extend(told);
    }
    // All vouchers together are counted by those who see them all: the officer's phone and the server.
    let known = ["amount", "assistance", "audience", "ended", "number", "validity", "window"];
    assert_eq!(limits, known.map(str::to_owned).into());
}

#[test]
fn the_vectors_show_every_reason_and_every_warning_there_is() {
    let all = vectors();
    let mut reasons = BTreeSet::new();
    let mut warnings = BTreeSet::new();
    for vector in &all.vectors {
        match &vector.expect {
            Expected::Accept(codes) => warnings.extend(codes.iter().map(String::as_str)),
            Expected::Refuse(code) => {
                reasons.insert(code.as_str());
            }
        }
    }
    let known = [
        "not_a_voucher",
        "unreadable",
        "unknown_issuer",
        "forged",
        "issuer_compromised",
        "wrong_programme",
        "trust_too_old",
        "clock_turned_back",
        "already_redeemed",
        "revoked",
        "suspended",
        "redeemed_elsewhere",
        "wrong_provider",
        "issuer_not_valid",
        "not_yet_valid",
        "expired",
    ];
    assert_eq!(reasons, BTreeSet::from(known));
    let known =
        ["clock_doubtful", "profile_stale", "status_stale", "status_unknown", "trust_stale"];
    assert_eq!(warnings, BTreeSet::from(known));
}

#[test]
fn a_vector_has_one_name() {
    for all in [vectors(), delegated()] {
        let names: BTreeSet<_> = all.vectors.iter().map(|vector| &vector.name).collect();
        assert_eq!(names.len(), all.vectors.len());
    }
}
