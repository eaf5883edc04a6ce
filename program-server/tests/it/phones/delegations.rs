//! What field officers' phones issue: paid when it was reported, within what was delegated, and never
//! beyond.

use crate::on_both_engines;
use crate::phones::office::{Office, audience, pesos, programme};
use crate::phones::phone::{Phone, outcomes, told};
use program_server::delegations::{self, Grant};
use program_server::trust;
use protocol::ack::{Ack, Outcome};
use protocol::authenticity::{Authentic, NotAuthentic, authenticate};
use protocol::delegation::{self, Beyond, FieldVoucher};
use protocol::key::KeyUse;
use protocol::record::{Body, SignedVoucher};
use protocol::status::{Status, StatusList};
use protocol::trust::IssuedSets;
use protocol::{Hash, Span};

fn grant() -> Grant {
    Grant {
        programme: programme(),
        audience: Some(audience("pharmacies")),
        assistance: vec!["Medicine".to_owned()],
        single: pesos(1_000),
        total: pesos(2_500),
        count: 5,
        valid_days: 7,
        from: None,
        until: "2026-12-20".parse().unwrap(),
    }
}

/// An officer's phone of the provider `harbour` with a delegation.
struct Officer {
    phone: Phone,
    hash: Hash,
    signed: Vec<u8>,
}

impl Officer {
    async fn new(office: &Office, grant: Grant) -> Self {
        let phone = Phone::confirmed(office, "harbour").await;
        let device = phone.device(office).await;
        let granted = delegations::grant(&office.app, &device, grant).await.unwrap();
        trust::current(&office.app).await.unwrap();
        let signed = phone.profile(office).await.delegations.pop().unwrap();
        Officer { phone, hash: granted.hash, signed }
    }

    fn voucher(&self, office: &Office, number: u32, minor: u64) -> SignedVoucher {
        let issued = office.app.now();
        let own = FieldVoucher {
            number,
            entitlement: None,
            audience: None,
            expires: issued.after(Span::days(7)),
            not_before: None,
            issued,
            benefit: pesos(minor),
            assistance: None,
            holder: None,
        };
        self.sign(&own)
    }

    fn sign(&self, own: &FieldVoucher) -> SignedVoucher {
        SignedVoucher::Cose(delegation::sign(own, &self.signed, &self.phone.key).unwrap())
    }

    async fn report(&mut self, office: &Office, vouchers: &[&SignedVoucher]) -> Ack {
        let mut records = Vec::new();
        for voucher in vouchers {
            let SignedVoucher::Cose(signed) = voucher else { panic!("a token") };
            let body = Body::Issue { voucher: signed.clone() };
            records.push(self.phone.record(office, body).await);
        }
        self.phone.send(office, &records).await
    }

    async fn violations(&self, office: &Office) -> Vec<(u32, String)> {
        let violations = delegations::violations(office.app.db.reader(), self.hash).await.unwrap();
        violations.into_iter().map(|one| (one.number, one.code)).collect()
    }
}

async fn judged(office: &Office, voucher: &SignedVoucher) -> Result<Authentic, NotAuthentic> {
    let trust = trust::current(&office.app).await.unwrap();
    authenticate(voucher, trust.state.list(), &IssuedSets::none())
}

async fn status(office: &Office, voucher: &SignedVoucher) -> Status {
    let at = judged(office, voucher).await.unwrap().voucher.status.unwrap();
    let token = trust::status_token(&office.app, at.list).await.unwrap();
    let list = StatusList::open(&token.bytes, &office.keys(KeyUse::Status).await).unwrap();
    list.entries.get(at.index).unwrap()
}

async fn end(office: &Office, officer: &Officer) {
    let tx = office.app.db.begin().await.unwrap();
    trust::end_delegation(&tx, officer.hash, "stolen", office.app.now()).await.unwrap();
    tx.commit().await.unwrap();
    trust::current(&office.app).await.unwrap();
}

fn refused(ack: &Ack) -> Vec<&str> {
    outcomes(ack)
        .into_iter()
        .map(|outcome| match outcome {
            Outcome::Refused(code) => code.as_str(),
            other => panic!("{other:?}"),
        })
        .collect()
}

const MISSING: Option<(&str, Option<&str>)> = Some(("in_review", Some("issue_record_missing")));

on_both_engines! {
    async fn a_voucher_that_was_reported_is_paid_like_the_offices_own(server: TestServer) {
        let office = Office::open(server).await;
        let mut officer = Officer::new(&office, grant()).await;
        let voucher = officer.voucher(&office, 1, 1_000);
        assert!(judged(&office, &voucher).await.unwrap().key_in_force);
        let ack = officer.report(&office, &[&voucher]).await;
        assert_eq!(outcomes(&ack), [&Outcome::Accepted]);
        assert_eq!(status(&office, &voucher).await, Status::Valid);
        let mut mercy = Phone::confirmed(&office, "mercy").await;
        let (claims, ack) = mercy.serve(&office, &[&voucher]).await;
        assert_eq!(told(&ack, claims[0]), Some(("submitted", None)));
        assert_eq!(status(&office, &voucher).await, Status::Redeemed);
        let kept = delegations::find(office.app.db.reader(), &officer.hash.to_string()).await.unwrap();
        assert_eq!((kept.reported, kept.given), (1, Some(pesos(1_000))));
    }

    async fn a_claim_waits_for_the_report_and_goes_on_by_itself(server: TestServer) {
        let office = Office::open(server).await;
        let mut officer = Officer::new(&office, grant()).await;
        let voucher = officer.voucher(&office, 1, 1_000);
        let mut mercy = Phone::confirmed(&office, "mercy").await;
        let (claims, ack) = mercy.serve(&office, &[&voucher]).await;
        assert_eq!(told(&ack, claims[0]), MISSING);
        officer.report(&office, &[&voucher]).await;
        let news = mercy.news(&office).await;
        assert_eq!(told(&news, claims[0]), Some(("submitted", None)));
        assert_eq!(status(&office, &voucher).await, Status::Redeemed);
        // The same report again, in another record, changes nothing.
        let again = officer.report(&office, &[&voucher]).await;
        assert_eq!(outcomes(&again), [&Outcome::Accepted]);
        assert_eq!(officer.violations(&office).await, []);
    }

    async fn the_officers_own_provider_redeems_nothing_of_it(server: TestServer) {
        let office = Office::open(server).await;
        let open = Grant { audience: None, ..grant() };
        let mut officer = Officer::new(&office, open).await;
        let voucher = officer.voucher(&office, 1, 1_000);
        officer.report(&office, &[&voucher]).await;
        let (_, ack) = officer.phone.serve(&office, &[&voucher]).await;
        assert_eq!(refused(&ack), ["wrong_provider"]);
        let mut colleague = Phone::confirmed(&office, "harbour").await;
        let (_, ack) = colleague.serve(&office, &[&voucher]).await;
        assert_eq!(refused(&ack), ["wrong_provider"]);
        let mut corner = Phone::confirmed(&office, "corner").await;
        let (claims, ack) = corner.serve(&office, &[&voucher]).await;
        assert_eq!(told(&ack, claims[0]), Some(("submitted", None)));
    }

    async fn two_contents_under_one_number_are_a_twin_and_a_violation(server: TestServer) {
        let office = Office::open(server).await;
        let mut officer = Officer::new(&office, grant()).await;
        let (first, second) = (officer.voucher(&office, 1, 1_000), officer.voucher(&office, 1, 999));
        officer.report(&office, &[&first]).await;
        let ack = officer.report(&office, &[&second]).await;
        assert_eq!(refused(&ack), ["twin"]);
        assert_eq!(officer.violations(&office).await, [(1, "twin".to_owned())]);
        let mut mercy = Phone::confirmed(&office, "mercy").await;
        let (claims, ack) = mercy.serve(&office, &[&second]).await;
        assert_eq!(told(&ack, claims[0]), Some(("in_review", Some("twin_of_registered"))));
    }

    async fn a_twin_that_was_served_before_the_true_report_waits_for_a_person(server: TestServer) {
        let office = Office::open(server).await;
        let mut officer = Officer::new(&office, grant()).await;
        let (first, second) = (officer.voucher(&office, 1, 1_000), officer.voucher(&office, 1, 999));
        let mut mercy = Phone::confirmed(&office, "mercy").await;
        let mut corner = Phone::confirmed(&office, "corner").await;
        let (served, ack) = mercy.serve(&office, &[&second]).await;
        assert_eq!(told(&ack, served[0]), MISSING);
        let (other, ack) = corner.serve(&office, &[&first]).await;
        assert_eq!(told(&ack, other[0]), Some(("conflict", Some("twin"))));
        officer.report(&office, &[&first]).await;
        let news = mercy.news(&office).await;
        let state = told(&news, served[0]).unwrap();
        assert_eq!(state.0, "in_review");
        assert_ne!(state.1, Some("issue_record_missing"));
    }

    async fn all_vouchers_together_are_registered_for_no_more_than_the_total(server: TestServer) {
        let office = Office::open(server).await;
        let mut officer = Officer::new(&office, grant()).await;
        let vouchers: Vec<_> = (1..=3).map(|number| officer.voucher(&office, number, 1_000)).collect();
        let ack = officer.report(&office, &vouchers.iter().collect::<Vec<_>>()).await;
        let outcomes = outcomes(&ack);
        assert_eq!(outcomes[..2], [&Outcome::Accepted, &Outcome::Accepted]);
        assert_eq!(*outcomes[2], Outcome::Refused("beyond_delegation".into()));
        assert_eq!(officer.violations(&office).await, [(3, "total".to_owned())]);
        let fits = officer.voucher(&office, 4, 500);
        let ack = officer.report(&office, &[&fits]).await;
        assert_eq!(crate::phones::phone::outcomes(&ack), [&Outcome::Accepted]);
        let mut mercy = Phone::confirmed(&office, "mercy").await;
        let (claims, ack) = mercy.serve(&office, &[&vouchers[2], &fits]).await;
        assert_eq!(told(&ack, claims[0]), MISSING);
        assert_eq!(told(&ack, claims[1]), Some(("submitted", None)));
    }

    async fn a_claim_beyond_a_limit_is_refused_from_the_signed_bytes(server: TestServer) {
        let office = Office::open(server).await;
        let officer = Officer::new(&office, grant()).await;
        let mut mercy = Phone::confirmed(&office, "mercy").await;
        let sixth = officer.voucher(&office, 6, 1_000);
        let dear = officer.voucher(&office, 1, 1_001);
        let (_, ack) = mercy.serve(&office, &[&sixth, &dear]).await;
        assert_eq!(refused(&ack), ["beyond_delegation"; 2]);
    }

    async fn after_the_end_what_a_phone_could_know_is_refused_and_the_rest_is_marked(server: TestServer) {
        let office = Office::open(server).await;
        let mut officer = Officer::new(&office, grant()).await;
        let vouchers: Vec<_> = (1..=3).map(|number| officer.voucher(&office, number, 800)).collect();
        officer.report(&office, &vouchers.iter().take(2).collect::<Vec<_>>()).await;
        let mut mercy = Phone::confirmed(&office, "mercy").await;
        let mut corner = Phone::confirmed(&office, "corner").await;
        // Both heard from the office before the end.
        for phone in [&mut mercy, &mut corner] {
            phone.news(&office).await;
        }
        let body = |voucher: &SignedVoucher| Body::Redeem(crate::phones::phone::redeem(voucher, pesos(800)));
        let before = mercy.record(&office, body(&vouchers[0])).await;
        let unreported = mercy.record(&office, body(&vouchers[2])).await;
        office.wait(Span::seconds(600));
        end(&office, &officer).await;
        assert_eq!(
            judged(&office, &vouchers[0]).await,
            Err(NotAuthentic::BeyondDelegation(Beyond::Ended))
        );
        let ack = mercy.send(&office, &[before, unreported]).await;
        let states: Vec<_> = ack.claims.iter().map(|it| (it.state.name(), it.reason.clone())).collect();
        assert!(states.contains(&("submitted", Some("served_before_notice".into()))), "{states:?}");
        assert!(states.contains(&("in_review", Some("issue_record_missing".into()))), "{states:?}");
        // Told of the end, a phone has no excuse.
        corner.news(&office).await;
        let (_, ack) = corner.serve(&office, &[&vouchers[1]]).await;
        assert_eq!(refused(&ack), ["beyond_delegation"]);
        // What is reported from now on is registered no more.
        let late = officer.report(&office, &[&vouchers[2]]).await;
        assert_eq!(refused(&late), ["beyond_delegation"]);
        assert!(officer.phone.profile(&office).await.delegations.is_empty());
    }

    async fn a_suspended_phones_reports_release_no_claim(server: TestServer) {
        let office = Office::open(server).await;
        let mut officer = Officer::new(&office, grant()).await;
        let voucher = officer.voucher(&office, 1, 1_000);
        let device = officer.phone.device(&office).await;
        program_server::devices::suspend(&office.app.db, &device).await.unwrap();
        let ack = officer.report(&office, &[&voucher]).await;
        assert_eq!(refused(&ack), ["device_suspended"]);
        let mut mercy = Phone::confirmed(&office, "mercy").await;
        let (claims, ack) = mercy.serve(&office, &[&voucher]).await;
        assert_eq!(told(&ack, claims[0]), MISSING);
    }

    async fn another_phone_reports_nothing_in_its_place(server: TestServer) {
        let office = Office::open(server).await;
        let officer = Officer::new(&office, grant()).await;
        let voucher = officer.voucher(&office, 1, 1_000);
        let mut mercy = Phone::confirmed(&office, "mercy").await;
        let SignedVoucher::Cose(signed) = voucher else { panic!("a token") };
        let record = mercy.record(&office, Body::Issue { voucher: signed }).await;
        let ack = mercy.send(&office, &[record]).await;
        assert_eq!(refused(&ack), ["issued_by_another_device"]);
        let own = office.issue(crate::phones::office::issue_request()).await;
        let SignedVoucher::Cose(signed) = own else { panic!("a token") };
        let record = mercy.record(&office, Body::Issue { voucher: signed }).await;
        assert_eq!(refused(&mercy.send(&office, &[record]).await), ["issued_by_another_device"]);
    }

    async fn delegations_stand_in_runs_of_lists_apart_from_the_offices_own(server: TestServer) {
        let office = Office::open(server).await;
        let first = Officer::new(&office, grant()).await;
        let second = Officer::new(&office, grant()).await;
        let places = |officer: &Officer, number| {
            let voucher = officer.voucher(&office, number, 1);
            let office = &office;
            async move { judged(office, &voucher).await.unwrap().voucher.status.unwrap() }
        };
        let (a, b) = (places(&first, 1).await, places(&second, 1).await);
        assert_eq!((a.list, a.index + 5), (b.list, b.index));
        assert_eq!(places(&first, 5).await.index, a.index + 4);
        let own = office.issued(crate::phones::office::issue_request()).await.0;
        assert_ne!(own.status.unwrap().list, a.list);
    }

    async fn limits_that_make_no_sense_are_not_granted(server: TestServer) {
        let office = Office::open(server).await;
        let unconfirmed = Phone::unconfirmed(&office, "harbour").await.device(&office).await;
        assert!(delegations::grant(&office.app, &unconfirmed, grant()).await.is_err());
        let device = Phone::confirmed(&office, "mercy").await.device(&office).await;
        for wrong in [
            Grant { audience: Some(audience("mercy")), ..grant() },
            Grant { audience: Some(audience("nobody")), ..grant() },
            Grant { count: 0, ..grant() },
            Grant { count: 10_001, ..grant() },
            Grant { valid_days: 0, ..grant() },
            Grant { single: pesos(2_501), ..grant() },
            Grant { assistance: vec![], ..grant() },
            Grant { assistance: vec!["w".repeat(200)], ..grant() },
            Grant { until: "2020-01-01".parse().unwrap(), ..grant() },
        ] {
            assert!(delegations::grant(&office.app, &device, wrong.clone()).await.is_err(), "{wrong:?}");
        }
        assert!(delegations::all(office.app.db.reader()).await.unwrap().is_empty());
        assert!(delegations::grant(&office.app, &device, grant()).await.is_ok());
    }

    async fn what_a_person_upholds_counts_towards_the_total_too(server: TestServer) {
        let office = Office::open(server).await;
        let mut officer = Officer::new(&office, grant()).await;
        let vouchers: Vec<_> = (1..=4).map(|number| officer.voucher(&office, number, 900)).collect();
        officer.report(&office, &[&vouchers[0]]).await;
        let mut mercy = Phone::confirmed(&office, "mercy").await;
        let twin = officer.voucher(&office, 1, 901);
        let served = [&vouchers[1], &vouchers[2], &twin];
        let (claims, ack) = mercy.serve(&office, &served).await;
        assert_eq!(told(&ack, claims[0]), MISSING);
        let uphold = async |claim| {
            let decision = program_server::claims::Decision::Uphold;
            let (db, now) = (&office.app.db, office.app.now());
            program_server::claims::decide(db, claim, decision, "seen", now).await.map(drop)
        };
        uphold(claims[0]).await.unwrap();
        assert_eq!(office.state(claims[0]).await.0, "submitted");
        // 900 were reported and 900 upheld; of 2,500 there is no room for 900 more.
        let full = uphold(claims[1]).await.unwrap_err().to_string();
        assert!(full.contains("no room left"), "{full}");
        let other = uphold(claims[2]).await.unwrap_err().to_string();
        assert!(other.contains("another voucher was reported"), "{other}");
        let kept = delegations::all(office.app.db.reader()).await.unwrap().pop().unwrap();
        assert_eq!((kept.reported, kept.given), (2, Some(pesos(1_800))));
    }
}
