//! Vouchers whose code cannot be read, served by the reference that is printed on them.

use crate::on_both_engines;
use crate::phones::office::{Office, audience, pesos, programme};
use crate::phones::phone::{Phone, new_claim, redeem};
use program_server::claims::{self, HowServed};
use program_server::programmes::{self, PolicyChange};
use program_server::vouchers::{self, Decision, IssueRequest};
use protocol::ack::Outcome;
use protocol::id::ClaimId;
use protocol::printed::PrintedReference;
use protocol::record::{Body, Document, ServeByReference, SignedVoucher};
use protocol::{Hash, Span};

/// An office whose programme lets providers serve by reference, or does not.
async fn office(server: crate::support::TestServer, by_reference: bool) -> Office {
    let office = Office::open(server).await;
    let tx = office.app.db.begin().await.unwrap();
    let change = PolicyChange { by_reference: Some(by_reference), ..PolicyChange::default() };
    programmes::set_policy(&tx, &programme(), change).await.unwrap();
    tx.commit().await.unwrap();
    office
}

/// A request for a voucher that names the providers `mercy` and `corner`.
fn issue_request() -> IssueRequest {
    IssueRequest {
        audience: Some(audience("pharmacies")),
        ..crate::phones::office::issue_request()
    }
}

/// A voucher of this office with a service of it by its reference.
struct Typed {
    signed: SignedVoucher,
    served: ServeByReference,
}

async fn typed(office: &Office, request: IssueRequest) -> Typed {
    let (voucher, signed) = office.issued(request).await;
    let issued = vouchers::issued(office.app.db.reader(), &voucher.identity).await.unwrap();
    let served = ServeByReference {
        claim: new_claim(),
        reference: PrintedReference::parse(&issued.unwrap().reference).unwrap(),
        voucher: voucher.identity.hash(),
        given: pesos(100),
        warnings: Vec::new(),
        documents: Vec::new(),
    };
    Typed { signed, served }
}

/// Sends a service by reference; gives what became of its record.
async fn send(office: &Office, phone: &mut Phone, served: &ServeByReference) -> Outcome {
    let record = phone.record(office, Body::ServeByReference(served.clone())).await;
    phone.send(office, &[record]).await.results.remove(0).outcome
}

async fn scan(office: &Office, phone: &mut Phone, signed: &SignedVoucher) -> (ClaimId, Outcome) {
    let served = redeem(signed, pesos(100));
    let claim = served.claim;
    let record = phone.record(office, Body::Redeem(served)).await;
    (claim, phone.send(office, &[record]).await.results.remove(0).outcome)
}

fn refused(code: &str) -> Outcome {
    Outcome::Refused(code.to_owned())
}

fn state(state: &str, reason: &str) -> (String, Option<String>) {
    (state.to_owned(), Some(reason.to_owned()))
}

on_both_engines! {
    async fn a_claim_by_reference_waits_for_a_person_and_goes_on_when_one_upholds_it(server: TestServer) {
        let office = office(server, true).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let typed = typed(&office, issue_request()).await;
        assert_eq!(send(&office, &mut phone, &typed.served).await, Outcome::Accepted);
        let claim = typed.served.claim;
        assert_eq!(office.state(claim).await, state("in_review", "served_by_reference"));
        let found = claims::find(&office.app.db, claim).await.unwrap();
        assert_eq!(found.how_served, HowServed::ByReference);
        assert_eq!(found.given, pesos(100));
        let decision = claims::Decision::Uphold;
        let now = office.app.now();
        claims::decide(&office.app.db, claim, decision, "the paper was seen", now).await.unwrap();
        assert_eq!(office.state(claim).await.0, "submitted");
        assert_eq!(send(&office, &mut phone, &typed.served).await, refused("claim_id_used"));
    }

    async fn where_the_programme_does_not_allow_it_nothing_is_served_by_reference(server: TestServer) {
        let office = office(server, false).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let typed = typed(&office, issue_request()).await;
        let outcome = send(&office, &mut phone, &typed.served).await;
        assert_eq!(outcome, refused("by_reference_not_allowed"));
        assert_eq!(office.claims().await, 0);
        let trust = program_server::trust::current(&office.app).await.unwrap();
        assert!(!trust.state.list().programme(&programme()).unwrap().by_reference);
        assert_eq!(scan(&office, &mut phone, &typed.signed).await.1, Outcome::Accepted);
    }

    async fn a_reference_that_is_nobodys_or_anothers_makes_no_claim(server: TestServer) {
        let office = office(server, true).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let (one, other) = (typed(&office, issue_request()).await, typed(&office, issue_request()).await);
        let unknown = ServeByReference { reference: PrintedReference::from_bits([0; 5]), ..one.served.clone() };
        let swapped = ServeByReference { voucher: other.served.voucher, ..one.served.clone() };
        for served in [unknown, swapped] {
            assert_eq!(send(&office, &mut phone, &served).await, refused("unknown_reference"));
        }
        assert_eq!(office.claims().await, 0);
    }

    async fn a_voucher_that_names_no_provider_is_on_no_list_and_not_served_by_reference(server: TestServer) {
        let office = office(server, true).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let typed = typed(&office, crate::phones::office::issue_request()).await;
        assert_eq!(send(&office, &mut phone, &typed.served).await, refused("not_listed"));
        assert_eq!(scan(&office, &mut phone, &typed.signed).await.1, Outcome::Accepted);
    }

    async fn what_stands_against_a_scanned_voucher_stands_against_its_reference(server: TestServer) {
        let office = office(server, true).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let elsewhere = IssueRequest { audience: Some(audience("harbour")), ..issue_request() };
        let elsewhere = typed(&office, elsewhere).await;
        let outcome = send(&office, &mut phone, &elsewhere.served).await;
        assert_eq!(outcome, refused("wrong_provider"));
        let more = typed(&office, issue_request()).await.served;
        let more = ServeByReference { given: pesos(500_001), ..more };
        assert_eq!(send(&office, &mut phone, &more).await, refused("more_than_voucher"));
        let (voucher, _) = office.issued(issue_request()).await;
        let issued = vouchers::issued(office.app.db.reader(), &voucher.identity).await.unwrap();
        let reference = PrintedReference::parse(&issued.unwrap().reference).unwrap();
        office.decide(&voucher, Decision::Revoke).await;
        office.wait(Span::seconds(10));
        phone.news(&office).await;
        let revoked = ServeByReference {
            claim: new_claim(),
            reference,
            voucher: voucher.identity.hash(),
            ..more.clone()
        };
        let revoked = ServeByReference { given: pesos(1), ..revoked };
        assert_eq!(send(&office, &mut phone, &revoked).await, refused("revoked"));
        let late = typed(&office, issue_request()).await.served;
        office.wait(Span::days(30));
        phone.open_session(&office).await;
        phone.news(&office).await;
        assert_eq!(send(&office, &mut phone, &late).await, refused("expired"));
    }

    async fn a_scan_after_a_code_is_a_conflict_and_a_person_decides_for_one(server: TestServer) {
        let office = office(server, true).await;
        let mut first = Phone::confirmed(&office, "mercy").await;
        let mut second = Phone::confirmed(&office, "corner").await;
        let typed = typed(&office, issue_request()).await;
        assert_eq!(send(&office, &mut first, &typed.served).await, Outcome::Accepted);
        let (scanned, outcome) = scan(&office, &mut second, &typed.signed).await;
        assert_eq!(outcome, Outcome::Conflict);
        assert_eq!(office.state(scanned).await, state("conflict", "redeemed_elsewhere"));
        assert_eq!(office.state(typed.served.claim).await, state("in_review", "conflict_first"));
        let decision = claims::Decision::Uphold;
        let now = office.app.now();
        claims::decide(&office.app.db, scanned, decision, "its paper is here", now).await.unwrap();
        assert_eq!(office.state(scanned).await.0, "upheld");
        assert_eq!(office.state(typed.served.claim).await.0, "denied");
    }

    async fn a_code_after_a_scan_is_a_conflict_and_takes_its_place_when_that_is_taken_back(server: TestServer) {
        let office = office(server, true).await;
        let mut first = Phone::confirmed(&office, "mercy").await;
        let mut second = Phone::confirmed(&office, "corner").await;
        let typed = typed(&office, issue_request()).await;
        let (scanned, outcome) = scan(&office, &mut first, &typed.signed).await;
        assert_eq!(outcome, Outcome::Accepted);
        assert_eq!(send(&office, &mut second, &typed.served).await, Outcome::Conflict);
        let claim = typed.served.claim;
        assert_eq!(office.state(claim).await, state("conflict", "redeemed_elsewhere"));
        let void = Body::Void { claim: scanned, reason: "the wrong person".to_owned() };
        let record = first.record(&office, void).await;
        first.send(&office, &[record]).await;
        assert_eq!(office.state(claim).await, state("in_review", "served_by_reference"));
    }

    async fn a_claim_by_reference_names_its_documents(server: TestServer) {
        let office = office(server, true).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let typed = typed(&office, issue_request()).await;
        let photo = Document { hash: Hash::of(b"a photo"), len: 7, media_type: "image/jpeg".to_owned() };
        let served = ServeByReference { documents: vec![photo], ..typed.served };
        assert_eq!(send(&office, &mut phone, &served).await, Outcome::Accepted);
        let decision = claims::Decision::Uphold;
        let now = office.app.now();
        claims::decide(&office.app.db, served.claim, decision, "seen", now).await.unwrap();
        assert_eq!(office.state(served.claim).await.0, "documents_missing");
    }
}
