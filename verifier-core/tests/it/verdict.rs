//! The verdict: one reason, the first that holds, and warnings that say what is not known.

use fixtures::{Phone, Server, text};
use proptest::prelude::*;
use protocol::id::{Audience, BootId, ClaimId, OperatorId};
use protocol::profile::Profile;
use protocol::record::Monotonic;
use protocol::status::{Status, StatusList};
use protocol::trust::{IssuedSet, IssuedSetRef, IssuedSets, KeyEnd, TrustList, TrustState};
use protocol::voucher::{StatusRef, Voucher, VoucherIdentity};
use protocol::{Hash, Span, Timestamp};
use samples::{self, Who, at};
use std::sync::Arc;
use verifier_core::clock::{ClockTrust, DeviceClock, FloorMark, Floors};
use verifier_core::ledger::LiveRedemption;
use verifier_core::verdict::{
    self, Accepted, Circumstances, Held, Lookup, Reason, Refusal, Verdict, Warning,
};

/// The index of the samples' vouchers in their status list.
const INDEX: u32 = 4_711;

/// A text and everything that its verdict hangs on.
#[derive(Clone)]
struct Case {
    voucher: Voucher,
    by: Who,
    trust: TrustList,
    profile: Profile,
    /// What the device's clock says.
    clock: Timestamp,
    /// A time that has surely passed, learnt in an earlier boot.
    floor: Timestamp,
    redeemed: Option<LiveRedemption>,
    status_lists: Vec<StatusList>,
    /// The sets that are held of what was truly issued under compromised keys.
    issued: IssuedSets,
}

impl Case {
    /// All is well.
    fn good() -> Self {
        Case {
            voucher: samples::voucher(),
            by: Who::Voucher,
            trust: samples::trust_list(),
            profile: samples::profile(),
            clock: samples::now(),
            floor: at("2026-06-14T00:00:00Z"),
            redeemed: None,
            status_lists: vec![samples::status_list(8_192, &[])],
            issued: IssuedSets::none(),
        }
    }

    fn text(&self) -> String {
        samples::text_of(&self.voucher, self.by)
    }

    fn says(&self, text: &str) -> Verdict {
        let trust = TrustState::restore(
            samples::root_hash(&samples::root()),
            &samples::trust_file_with(&self.trust),
        )
        .unwrap();
        let boot = |number| Monotonic { millis: 0, boot: BootId::from_bytes([number; 16]) };
        let circumstances = Circumstances {
            trust: &trust,
            issued: &self.issued,
            profile: &self.profile,
            clock: DeviceClock { time: self.clock, monotonic: boot(2) },
            floors: &Floors {
                hard: vec![FloorMark { time: self.floor, seen: boot(1) }],
                soft: Vec::new(),
            },
        };
        verdict::decide(text, &circumstances, self).unwrap()
    }

    fn verdict(&self) -> Verdict {
        self.says(&self.text())
    }

    fn accepted(&self) -> Accepted {
        match self.verdict() {
            Verdict::Accept(accepted) => *accepted,
            Verdict::Refuse(refusal) => panic!("refused: {:?}", refusal.reason),
        }
    }

    fn warnings(&self) -> Vec<Warning> {
        self.accepted().warnings
    }

    fn refusal(&self) -> Refusal {
        match self.verdict() {
            Verdict::Refuse(refusal) => *refusal,
            Verdict::Accept(accepted) => panic!("accepted: {:?}", accepted.warnings),
        }
    }

    fn mark(&mut self, status: Status) {
        self.status_lists[0].entries.set(INDEX, status).unwrap();
    }
}

impl Lookup for Case {
    type Error = &'static str;

    fn redeemed(&self, identity: &VoucherIdentity) -> Result<Option<LiveRedemption>, &'static str> {
        assert_eq!(*identity, self.voucher.identity);
        Ok(self.redeemed.clone())
    }

    fn status_list(&self, number: u32) -> Result<Option<&StatusList>, &'static str> {
        let address = format!("/v1/status/{number}");
        Ok(self.status_lists.iter().find(|list| list.address == address))
    }
}

fn live() -> LiveRedemption {
    LiveRedemption {
        claim: ClaimId::from_bytes([3; 16]),
        redeemed_at: at("2026-06-14T09:30:00Z"),
        operator: Some(OperatorId::new("ana").unwrap()),
    }
}

fn code(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Accept(_) => "accept",
        Verdict::Refuse(refusal) => refusal.reason.code(),
    }
}

mod order {
    use super::*;

    /// Everything is wrong at once that can be; what is wrong is put right in the order in which
    /// reasons are told, and each time the next one comes up.
    #[test]
    fn putting_right_what_is_told_brings_up_the_next_reason() {
        let floor = at("2026-10-01T00:00:00Z");
        let mut case = Case {
            voucher: Voucher {
                programme: samples::programme_id(samples::FOOD),
                audience: Some(Audience::new("hospital-3").unwrap()),
                issued: at("2026-06-20T00:00:00Z"),
                not_before: at("2026-10-05T00:00:00Z"),
                expires: at("2026-10-20T00:00:00Z"),
                ..samples::voucher()
            },
            by: Who::Compromised,
            // Its age at the floor is four months.
            trust: samples::trust_list(),
            profile: samples::profile(),
            clock: at("2026-06-25T00:00:00Z"),
            floor,
            redeemed: Some(live()),
            status_lists: vec![samples::status_list(8_192, &[(INDEX, Status::Revoked)])],
            issued: IssuedSets::none(),
        };
        let good = case.text();
        assert_eq!(code(&case.says(&good[4..])), "not_a_voucher");
        assert_eq!(code(&case.says(&good[..good.len() - 1])), "unreadable");
        case.by = Who::Stranger;
        assert_eq!(code(&case.verdict()), "unknown_issuer");
        case.by = Who::Compromised;
        let mut signed = samples::sign_voucher(&case.voucher, case.by);
        *signed.last_mut().unwrap() ^= 1;
        let forged = protocol::voucher::to_text(&signed).unwrap();
        assert_eq!(code(&case.says(&forged)), "forged");
        assert_eq!(code(&case.verdict()), "issuer_compromised");
        case.by = Who::Retired;
        assert_eq!(code(&case.verdict()), "wrong_programme");
        case.voucher.programme = samples::programme_id(samples::CASH);
        assert_eq!(code(&case.verdict()), "trust_too_old");
        case.trust.issued = at("2026-09-25T00:00:00Z");
        assert_eq!(code(&case.verdict()), "clock_turned_back");
        case.clock = floor;
        assert_eq!(code(&case.verdict()), "already_redeemed");
        case.redeemed = None;
        assert_eq!(code(&case.verdict()), "revoked");
        case.mark(Status::Suspended);
        assert_eq!(code(&case.verdict()), "suspended");
        case.mark(Status::Redeemed);
        assert_eq!(code(&case.verdict()), "redeemed_elsewhere");
        case.mark(Status::Valid);
        assert_eq!(code(&case.verdict()), "wrong_provider");
        case.voucher.audience = Some(Audience::new(samples::PROVIDER).unwrap());
        assert_eq!(code(&case.verdict()), "issuer_not_valid");
        case.by = Who::Voucher;
        assert_eq!(code(&case.verdict()), "not_yet_valid");
        case.voucher.not_before = at("2026-06-20T00:00:00Z");
        case.voucher.expires = floor;
        assert_eq!(code(&case.verdict()), "expired");
        case.voucher.expires = floor.after(Span::seconds(1));
        assert_eq!(code(&case.verdict()), "accept");
    }

    #[test]
    fn what_was_truly_issued_under_a_compromised_key_is_judged_like_any_other_voucher() {
        let mut case = Case { by: Who::Compromised, ..Case::good() };
        let key = samples::public(Who::Compromised);
        let payload = Hash::of(&case.voucher.encode().unwrap());
        let file = IssuedSet::new(key.kid(), [payload]).unwrap().encode().unwrap();
        let hash = Hash::of(&file);
        let pinned = IssuedSetRef { address: format!("/v1/issued/{hash}"), hash };
        let listed = case.trust.keys.iter_mut().find(|listed| listed.key == key).unwrap();
        listed.end = Some(KeyEnd::Compromised(Some(pinned.clone())));
        assert_eq!(code(&case.verdict()), "issuer_compromised");
        case.issued.insert(hash, Arc::new(pinned.accept(&file, key.kid()).unwrap()));
        assert_eq!(code(&case.verdict()), "accept");
        case.mark(Status::Suspended);
        assert_eq!(code(&case.verdict()), "suspended");
        case.mark(Status::Valid);
        case.clock = at("2026-07-10T00:00:00Z");
        assert_eq!(code(&case.verdict()), "expired");
    }

    #[test]
    fn a_programme_that_this_phone_does_not_serve_comes_before_old_trust() {
        let mut case = Case::good();
        case.profile.programmes = vec![samples::programme_id(samples::FOOD)];
        case.clock = at("2026-11-01T00:00:00Z");
        assert_eq!(case.refusal().reason, Reason::WrongProgramme);
    }

    #[test]
    fn an_expired_voucher_of_a_retired_issuer_is_told_as_the_issuers() {
        let mut case = Case { by: Who::Retired, ..Case::good() };
        case.voucher.issued = at("2026-06-12T00:00:00Z");
        case.clock = at("2026-07-10T00:00:00Z");
        assert_eq!(case.refusal().reason, Reason::IssuerNotValid);
        case.voucher.issued = at("2026-06-11T23:59:59Z");
        assert_eq!(code(&case.verdict()), "expired");
    }
}

mod refusals {
    use super::*;

    #[test]
    fn say_when_by_whom_and_with_which_claim_it_was_served_here() {
        let case = Case { redeemed: Some(live()), ..Case::good() };
        assert_eq!(case.refusal().reason, Reason::AlreadyRedeemed(live()));
    }

    #[test]
    fn say_from_when_and_until_when_it_is_good() {
        let early = Case {
            clock: at("2026-06-09T15:59:59Z"),
            floor: Timestamp::from_seconds(0).unwrap(),
            ..Case::good()
        };
        let from = samples::voucher().not_before;
        assert_eq!(early.refusal().reason, Reason::NotYetValid { from });
        let late = Case { clock: at("2026-06-30T16:00:00Z"), ..Case::good() };
        let expired = samples::voucher().expires;
        assert_eq!(late.refusal().reason, Reason::Expired { expired });
    }

    #[test]
    fn say_what_is_too_old_and_how_old() {
        let trust = Case { clock: at("2026-08-30T00:00:00Z"), ..Case::good() };
        let age = Span::days(90);
        let what = Held::TrustList;
        assert_eq!(trust.refusal().reason, Reason::TrustTooOld { what, age });
        let mut profile = Case::good();
        profile.profile.issued = at("2026-02-15T10:00:00Z");
        let age = Span::days(120);
        let what = Held::Profile;
        assert_eq!(profile.refusal().reason, Reason::TrustTooOld { what, age });
    }

    #[test]
    fn show_the_claims_only_of_what_a_trusted_issuer_signed() {
        let expired = Case { clock: at("2026-07-10T00:00:00Z"), ..Case::good() }.refusal();
        assert_eq!(expired.voucher, Some(samples::voucher()));
        assert_eq!(expired.programme.map(|it| it.id), Some(samples::programme_id(samples::CASH)));
        for by in [Who::Stranger, Who::Compromised] {
            let refusal = Case { by, ..Case::good() }.refusal();
            assert_eq!((refusal.voucher, refusal.programme), (None, None));
        }
    }

    #[test]
    fn may_be_overridden_for_old_trust_where_the_programme_says_so_and_for_the_clock() {
        let food = |case: &mut Case| {
            case.voucher.programme = samples::programme_id(samples::FOOD);
            case.voucher.status = None;
        };
        let too_old = Case { clock: at("2026-09-15T00:00:00Z"), ..Case::good() };
        assert!(!too_old.refusal().may_be_overridden(), "the cash programme refuses");
        let mut too_old = too_old;
        food(&mut too_old);
        assert_eq!(code(&too_old.verdict()), "trust_too_old");
        assert!(too_old.refusal().may_be_overridden(), "the food programme asks a supervisor");
        let clock = Case { clock: at("2026-06-10T02:00:00Z"), ..Case::good() };
        assert_eq!(code(&clock.verdict()), "clock_turned_back");
        assert!(clock.refusal().may_be_overridden());
    }

    #[test]
    fn may_be_overridden_for_no_other_reason_in_any_programme() {
        let spans = (samples::voucher().not_before, samples::voucher().expires);
        let reasons = [
            Reason::NotAVoucher,
            Reason::Unreadable { code: "base45" },
            Reason::UnknownIssuer,
            Reason::Forged,
            Reason::IssuerCompromised,
            Reason::WrongProgramme,
            Reason::AlreadyRedeemed(live()),
            Reason::Revoked,
            Reason::Suspended,
            Reason::RedeemedElsewhere,
            Reason::WrongProvider { audience: Audience::new(samples::PROVIDER).unwrap() },
            Reason::IssuerNotValid,
            Reason::NotYetValid { from: spans.0 },
            Reason::Expired { expired: spans.1 },
        ];
        for reason in reasons {
            for programme in samples::trust_list().programmes.into_iter().map(Some).chain([None]) {
                let refusal = Refusal { reason: reason.clone(), voucher: None, programme };
                assert!(!refusal.may_be_overridden(), "{reason:?}");
            }
        }
    }
}

mod warnings {
    use super::*;

    #[test]
    fn are_none_when_all_is_fresh() {
        assert_eq!(Case::good().warnings(), []);
    }

    #[test]
    fn tell_of_a_stale_trust_list_with_its_age() {
        let mut case = Case::good();
        case.trust.issued = at("2026-05-16T10:00:00Z");
        assert_eq!(case.warnings(), [Warning::TrustStale { age: Span::days(30) }]);
        case.trust.issued = at("2026-05-16T10:00:01Z");
        assert_eq!(case.warnings(), []);
    }

    #[test]
    fn tell_of_a_stale_profile_with_its_age() {
        let mut case = Case::good();
        case.profile.issued = at("2026-05-16T10:00:00Z");
        assert_eq!(case.warnings(), [Warning::ProfileStale { age: Span::days(30) }]);
    }

    #[test]
    fn tell_of_a_stale_or_expired_status_list_with_its_age() {
        let mut case = Case::good();
        case.status_lists[0].issued = at("2026-06-08T10:00:00Z");
        assert_eq!(case.warnings(), [Warning::StatusStale { age: Span::days(7) }]);
        let mut case = Case::good();
        case.status_lists[0].expires = Some(samples::now());
        assert_eq!(case.warnings(), [Warning::StatusStale { age: Span::hours(34) }]);
    }

    #[test]
    fn tell_of_a_clock_behind_the_floor_and_the_floor_is_what_counts() {
        let mut case = Case { floor: samples::now().after(Span::hours(24)), ..Case::good() };
        let behind = ClockTrust::Behind(Span::hours(24));
        let accepted = case.accepted();
        assert_eq!(accepted.warnings, [Warning::ClockDoubtful(behind)]);
        assert_eq!(accepted.now.time, case.floor);
        case.floor = case.floor.after(Span::seconds(1));
        assert_eq!(code(&case.verdict()), "clock_turned_back");
        let by_floor = Case {
            clock: at("2026-06-30T15:00:00Z"),
            floor: at("2026-06-30T16:00:00Z"),
            ..Case::good()
        };
        assert_eq!(code(&by_floor.verdict()), "expired");
    }

    #[test]
    fn tell_of_a_clock_beyond_the_trust_lists_expiry() {
        let mut case = Case::good();
        case.trust.expires = at("2026-06-15T09:00:00Z");
        let ahead = Warning::ClockDoubtful(ClockTrust::Ahead(Span::hours(1)));
        assert!(case.warnings().contains(&ahead));
    }

    #[test]
    fn come_together_each_once() {
        let mut case = Case::good();
        case.trust.issued = at("2026-05-01T00:00:00Z");
        case.profile.issued = at("2026-05-01T00:00:00Z");
        case.floor = samples::now().after(Span::hours(1));
        case.status_lists.clear();
        let codes: Vec<_> = case.warnings().into_iter().map(Warning::code).collect();
        assert_eq!(codes, ["trust_stale", "profile_stale", "clock_doubtful", "status_unknown"]);
    }
}

mod status {
    use super::*;

    #[test]
    fn that_nothing_is_known_of_is_said_and_is_not_taken_for_valid() {
        let mut cases = vec![Case { status_lists: Vec::new(), ..Case::good() }];
        let named = |status| {
            let mut case = Case::good();
            case.voucher.status = status;
            case
        };
        cases.push(named(None));
        cases.push(named(Some(StatusRef { list: 1, index: 8_192 })));
        cases.push(named(Some(StatusRef { list: 99, index: INDEX })));
        for case in cases {
            assert_eq!(case.warnings(), [Warning::StatusUnknown]);
        }
    }

    /// Else whoever runs one programme's list could free, or stop, another programme's vouchers.
    #[test]
    fn on_a_list_of_another_programme_does_not_count() {
        for status in [Status::Valid, Status::Revoked, Status::Suspended, Status::Redeemed] {
            let mut case = Case::good();
            case.voucher.status = Some(StatusRef { list: 2, index: INDEX });
            let food = samples::status_list(8_192, &[(INDEX, status)]);
            case.status_lists.push(StatusList { address: "/v1/status/2".to_owned(), ..food });
            assert_eq!(case.warnings(), [Warning::StatusUnknown], "{status:?}");
        }
    }

    #[test]
    fn of_a_stale_list_still_refuses() {
        let mut case = Case::good();
        case.mark(Status::Revoked);
        case.status_lists[0].issued = at("2026-06-01T00:00:00Z");
        assert_eq!(case.refusal().reason, Reason::Revoked);
    }

    #[test]
    fn of_the_voucher_beside_it_does_not_count() {
        let mut case = Case::good();
        for beside in [INDEX - 1, INDEX + 1] {
            case.status_lists[0].entries.set(beside, Status::Revoked).unwrap();
        }
        assert_eq!(case.warnings(), []);
    }
}

mod checks {
    use super::*;

    #[test]
    fn write_nothing() {
        let mut server = Server::new();
        let phone = Phone::enrolled(&mut server);
        let files = |phone: &Phone| {
            ["ledger.db", "ledger.db-wal"].map(|name| std::fs::read(phone.home().join(name)).ok())
        };
        let before = files(&phone);
        for shown in [text(1), text(1)[..40].to_owned(), "https://example.org".to_owned()] {
            phone.verifier.check(&shown, fixtures::clock()).unwrap();
        }
        assert!(before.iter().any(Option::is_some));
        assert!(files(&phone) == before, "the ledger's files have changed");
    }

    #[test]
    fn that_cannot_look_something_up_fail_and_decide_nothing() {
        struct Broken;
        impl Lookup for Broken {
            type Error = &'static str;
            fn redeemed(
                &self,
                _: &VoucherIdentity,
            ) -> Result<Option<LiveRedemption>, &'static str> {
                Err("the disk is gone")
            }
            fn status_list(&self, _: u32) -> Result<Option<&StatusList>, &'static str> {
                Err("the disk is gone")
            }
        }
        let root = samples::root_hash(&samples::root());
        let trust = TrustState::restore(root, &samples::trust_file()).unwrap();
        let circumstances = Circumstances {
            trust: &trust,
            issued: &IssuedSets::none(),
            profile: &samples::profile(),
            clock: fixtures::clock(),
            floors: &Floors::default(),
        };
        let decided = verdict::decide(&text(1), &circumstances, &Broken);
        assert_eq!(decided, Err("the disk is gone"));
    }

    #[test]
    fn refuse_a_voucher_with_any_one_character_changed() {
        let case = Case::good();
        let text = case.text();
        for at in 0..text.len() {
            for other in ["0", "Z", ":"] {
                let mut altered = text.clone();
                altered.replace_range(at..=at, other);
                let accepted = code(&case.says(&altered)) == "accept";
                assert_eq!(accepted, altered == text, "character {at} as {other}");
            }
        }
    }

    proptest! {
        #[test]
        fn refuse_any_other_text(
            text in prop_oneof![
                any::<String>(),
                "VS1:[0-9A-Z $%*+./:-]{0,400}",
                "[A-Za-z0-9_-]{0,80}\\.[A-Za-z0-9_-]{0,200}\\.[A-Za-z0-9_-]{0,400}",
            ],
        ) {
            prop_assert_ne!(code(&Case::good().says(&text)), "accept");
        }

        #[test]
        fn refuse_any_bytes_as_a_voucher(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let text = protocol::voucher::to_text(&bytes).unwrap();
            prop_assert_eq!(code(&Case::good().says(&text)), "unreadable");
        }
    }
}
