//! Serving a voucher whose code cannot be read by its printed reference: where the programme allows it, of the
//! office's list alone, and once, whether by reference or by scan.

use fixtures::{Phone, Server, clock, document, listed, status, text, voucher};
use protocol::ack::{ClaimState, Outcome};
use protocol::id::ClaimId;
use protocol::printed::PrintedReference;
use protocol::record::{Body, Kind};
use protocol::{Benefit, Hash, Money, Span};
use verifier_core::clock::DeviceClock;
use verifier_core::ledger::{Page, ServedVoucher};
use verifier_core::verdict::{Reason, ReferenceRefusal, ReferenceVerdict, Verdict};
use verifier_core::verifier::{EngineError, Redemption, ReferenceRedemption, ReferenceService};

/// A server whose programmes let vouchers be served by reference, or do not, and that lists the first ten vouchers.
fn office(by_reference: bool) -> Server {
    let mut list = samples::trust_list();
    for programme in &mut list.programmes {
        programme.by_reference = by_reference;
    }
    let mut server = Server::with_trust(&list);
    server.vouchers = (0..10).map(|number| listed(&voucher(number), number)).collect();
    server
}

fn reference(number: u32) -> PrintedReference {
    let [a, b, c, d] = number.to_be_bytes();
    PrintedReference::from_bits([0, a, b, c, d])
}

fn whole() -> ReferenceService {
    ReferenceService { given: None, operator: None, documents: Vec::new() }
}

fn serve_at(phone: &mut Phone, number: u32, now: DeviceClock) -> Result<ClaimId, ReferenceRefusal> {
    match phone.verifier.serve_by_reference(reference(number), whole(), now).unwrap() {
        ReferenceRedemption::Done(receipt) => Ok(receipt.claim),
        ReferenceRedemption::Refused(refusal) => Err(refusal),
        ReferenceRedemption::NotWithinVoucher(_) => panic!("the whole voucher is within itself"),
    }
}

fn serve(phone: &mut Phone, number: u32) -> Result<ClaimId, ReferenceRefusal> {
    serve_at(phone, number, clock())
}

fn later(span: Span) -> DeviceClock {
    let now = clock();
    DeviceClock { time: now.time.after(span), ..now }
}

#[test]
fn what_was_served_by_reference_is_recorded_sent_and_told_as_such() {
    let mut server = office(true);
    let mut phone = Phone::enrolled(&mut server);
    let claim = serve(&mut phone, 1).unwrap();
    let mut phone = phone.restart();
    let shown = phone.verifier.claim(claim).unwrap();
    let served = shown.served.unwrap();
    assert_eq!(served.voucher, ServedVoucher::ByReference(reference(1)));
    assert_eq!(served.given, samples::money(500_000));
    assert_eq!(phone.verifier.ledger().unsent().unwrap().redemptions, 1);
    assert_eq!(phone.sync(&mut server).report.accepted, 1);
    assert_eq!(phone.verifier.claim(claim).unwrap().state, ClaimState::Submitted);
    let record = server.records.values().next().unwrap();
    assert_eq!(record.header.kind, Kind::ServeByReference);
    let Body::ServeByReference(sent) = &record.body else { panic!("another kind of body") };
    assert_eq!((sent.claim, sent.reference), (claim, reference(1)));
    assert_eq!(sent.voucher, voucher(1).identity.hash());
    assert!(phone.verifier.ledger().doctor().unwrap().findings.is_empty());
}

#[test]
fn without_the_programmes_consent_nothing_is_served_by_reference() {
    let mut phone = Phone::enrolled(&mut office(false));
    assert_eq!(serve(&mut phone, 1), Err(ReferenceRefusal::NotAllowed));
    assert_eq!(phone.unsent(), 0);
}

#[test]
fn what_is_not_on_the_list_is_not_served_by_reference() {
    let mut phone = Phone::enrolled(&mut office(true));
    assert_eq!(serve(&mut phone, 77), Err(ReferenceRefusal::NotListed));
    let mut server = office(true);
    let mut without = Phone::with_offer();
    without.sync_over(|request| {
        let list = fixtures::route(request).starts_with("GET /v1/provider/vouchers");
        Ok(if list { status(503) } else { server.handle(request) })
    });
    assert_eq!(serve(&mut without, 1), Err(ReferenceRefusal::NotListed));
}

#[test]
fn a_voucher_is_served_once_whether_by_reference_or_by_scan() {
    let mut phone = Phone::enrolled(&mut office(true));
    let scanned = phone.serve(1);
    let refused = serve(&mut phone, 1).unwrap_err();
    assert!(
        matches!(refused, ReferenceRefusal::Refused(Reason::AlreadyRedeemed(live)) if live.claim == scanned)
    );
    let typed = serve(&mut phone, 2).unwrap();
    let refused = serve(&mut phone, 2).unwrap_err();
    assert!(
        matches!(refused, ReferenceRefusal::Refused(Reason::AlreadyRedeemed(live)) if live.claim == typed)
    );
    let Verdict::Refuse(refused) = phone.verifier.check(&text(2), clock()).unwrap() else {
        panic!("a voucher that was served by reference is accepted")
    };
    assert!(matches!(refused.reason, Reason::AlreadyRedeemed(live) if live.claim == typed));
    assert!(matches!(phone.redeem(&text(2), Vec::new()), Redemption::Refused(_)));
    phone.verifier.void(typed, "the paper was found", None, clock()).unwrap();
    assert!(matches!(phone.redeem(&text(2), Vec::new()), Redemption::Done(_)));
    assert_eq!(phone.verifier.claims(Page::ALL).unwrap().len(), 3);
}

#[test]
fn what_the_list_and_the_calendar_say_against_a_voucher_counts() {
    let mut server = office(true);
    for (number, status) in [(1, "revoked"), (2, "suspended"), (3, "redeemed")] {
        server.vouchers[number]["status"] = status.into();
    }
    server.vouchers[4]["last_day"] = "2026-06-10".into();
    server.vouchers[5]["first_day"] = "2026-06-29".into();
    server.vouchers[6]["programme"] = "another".into();
    let phone = Phone::enrolled(&mut server);
    let reason = |number| match phone.verifier.check_reference(reference(number), clock()).unwrap()
    {
        ReferenceVerdict::Refuse(refusal) => refusal.code(),
        ReferenceVerdict::Accept(_) => "accepted",
    };
    let told = [1, 2, 3, 4, 5, 6, 7].map(reason);
    let expected = [
        "revoked",
        "suspended",
        "redeemed_elsewhere",
        "expired",
        "not_yet_valid",
        "wrong_programme",
        "accepted",
    ];
    assert_eq!(told, expected);
}

#[test]
fn old_trust_and_a_clock_turned_back_stand_against_it_and_an_old_list_is_told() {
    let mut phone = Phone::enrolled(&mut office(true));
    let turned_back = DeviceClock { time: clock().time.before(Span::days(3)), ..clock() };
    let refused = serve_at(&mut phone, 1, turned_back).unwrap_err();
    assert_eq!(refused.code(), "clock_turned_back");
    assert_eq!(
        serve_at(&mut phone, 1, later(Span::days(400))).unwrap_err().code(),
        "trust_too_old"
    );
    let verdict = phone.verifier.check_reference(reference(1), later(Span::days(8))).unwrap();
    let ReferenceVerdict::Accept(accepted) = verdict else { panic!("{verdict:?}") };
    let codes: Vec<_> = accepted.warnings.iter().map(|warning| warning.code()).collect();
    assert!(codes.contains(&"status_stale"), "{codes:?}");
}

#[test]
fn no_more_is_given_than_the_voucher_and_documents_go_with_it() {
    let mut server = office(true);
    let mut phone = Phone::enrolled(&mut server);
    let more = Money::new(500_001, samples::php()).unwrap();
    let service = ReferenceService { given: Some(Benefit::Money(more)), ..whole() };
    let refused = phone.verifier.serve_by_reference(reference(1), service, clock()).unwrap();
    assert!(matches!(refused, ReferenceRedemption::NotWithinVoucher(_)));
    let service = ReferenceService { documents: vec![document(b"the torn voucher")], ..whole() };
    let done = phone.verifier.serve_by_reference(reference(1), service, clock()).unwrap();
    assert!(matches!(done, ReferenceRedemption::Done(_)));
    assert_eq!(phone.sync(&mut server).report.documents_sent, 1);
    assert!(server.documents[&Hash::of(b"the torn voucher")].is_whole());
}

#[test]
fn a_phone_holds_no_more_unsent_services_by_reference_than_others() {
    let mut server = office(true);
    server.profile.limits.unsent_redemptions = Some(1);
    let mut phone = Phone::enrolled(&mut server);
    serve(&mut phone, 1).unwrap();
    let refused = phone.verifier.serve_by_reference(reference(2), whole(), clock());
    assert!(matches!(refused, Err(EngineError::TooManyUnsent(1))));
    server.judge = Box::new(|_| Outcome::Refused("by_reference_not_allowed".to_owned()));
    assert_eq!(phone.sync(&mut server).report.refused, 1);
}
