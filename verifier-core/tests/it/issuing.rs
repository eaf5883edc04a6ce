//! Issuing in the field: within what was delegated, each number once whatever happens, and never a
//! voucher that a verifier would refuse.

use fixtures::{Phone, Server, clock};
use protocol::authenticity::NotAuthentic;
use protocol::delegation::{Beyond, Ceiling, Delegation, FieldVoucher, MAX_TEXT_LEN};
use protocol::id::{Audience, EntitlementId, ProviderId};
use protocol::key::P256Key;
use protocol::profile::Limits;
use protocol::record::Body;
use protocol::voucher::Holder;
use protocol::{Span, Timestamp};
use samples::{at, field, money};
use verifier_core::clock::DeviceClock;
use verifier_core::verdict::{Reason, Verdict};
use verifier_core::verifier::{EngineError, FieldOrder, HeldDelegation, IssuedInField, Redemption};

fn server() -> Server {
    let mut server = Server::with_trust(&field::field_trust_list());
    server.profile.provider = ProviderId::new("field-office-4").unwrap();
    server.profile.groups.clear();
    server
}

/// A phone of the field office with this delegation, which is made out to its key.
fn officer(server: &mut Server, delegation: &Delegation) -> Phone {
    let mut phone = Phone::enrolled(server);
    delegate(server, &mut phone, delegation);
    phone
}

/// A phone of another provider, with a key of its own.
fn pharmacist(server: &mut Server) -> Phone {
    Phone::enrolled_with(P256Key::from_scalar(&[0x24; 32]).unwrap(), server)
}

fn delegate(server: &mut Server, phone: &mut Phone, delegation: &Delegation) {
    let device = server.profile.device.clone();
    let signed = Delegation { device, ..delegation.clone() }.sign(&field::delegating()).unwrap();
    server.profile.delegations.push(signed);
    server.profile.issued = server.profile.issued.after(Span::seconds(1));
    phone.sync(server);
}

fn order(minor: u64) -> FieldOrder {
    FieldOrder {
        delegation: None,
        benefit: money(minor),
        assistance: Some("medicines".to_owned()),
        holder: Some(Holder {
            name: "Maria Clara Dela Cruz-Santos".to_owned(),
            birth_year: Some(1984),
            id_tail: Some("0417".to_owned()),
        }),
        entitlement: Some(EntitlementId::new("E-10021").unwrap()),
        audience: None,
        days: Some(7),
    }
}

fn issue(phone: &mut Phone, minor: u64) -> IssuedInField {
    phone.verifier.issue(&order(minor), None, clock()).unwrap()
}

fn refused(phone: &mut Phone, order: &FieldOrder) -> EngineError {
    let before = held(phone);
    let records = phone.unsent();
    let error = phone.verifier.issue(order, None, clock()).unwrap_err();
    assert_eq!((held(phone), phone.unsent()), (before, records), "nothing was issued");
    error
}

fn held(phone: &Phone) -> Vec<HeldDelegation> {
    phone.verifier.delegations().unwrap()
}

fn sound(phone: &Phone) {
    assert_eq!(phone.verifier.ledger().doctor().unwrap().findings, []);
}

fn later(span: Span) -> DeviceClock {
    DeviceClock { time: clock().time.after(span), ..clock() }
}

#[test]
fn what_an_officer_issues_another_providers_phone_serves_without_a_network() {
    let mut office = server();
    let mut officer = officer(&mut office, &field::delegation());
    let issued = issue(&mut officer, 50_000);
    assert!(issued.text.len() <= MAX_TEXT_LEN, "{} characters", issued.text.len());
    assert_eq!((issued.number, issued.sequence), (1, 1));
    let zone = &issued.programme.zone;
    assert_eq!(zone.last_day_before(issued.voucher.expires).to_string(), "2026-06-21");

    let mut pharmacy = Server::with_trust(&field::field_trust_list());
    let mut pharmacy_phone = pharmacist(&mut pharmacy);
    let verdict = pharmacy_phone.verifier.check(&issued.text, clock()).unwrap();
    let Verdict::Accept(accepted) = verdict else { panic!("{verdict:?}") };
    assert_eq!(accepted.voucher, issued.voucher);
    let Redemption::Done(_) = pharmacy_phone.redeem(&issued.text, Vec::new()) else {
        panic!("not served");
    };
    sound(&pharmacy_phone);
    sound(&officer);
}

#[test]
fn the_record_is_there_before_the_text_is_and_carries_the_voucher() {
    let mut office = server();
    let mut phone = officer(&mut office, &field::delegation());
    let issued = issue(&mut phone, 1_000);
    assert_eq!(phone.unsent(), 1);
    phone.sync(&mut office);
    let signed = protocol::voucher::from_text(&issued.text).unwrap();
    let sent: Vec<_> = office.records.values().map(|record| record.body.clone()).collect();
    assert_eq!(sent, [Body::Issue { voucher: signed }]);
}

#[test]
fn numbers_go_up_by_one_and_survive_a_restart() {
    let mut office = server();
    let mut phone = officer(&mut office, &field::delegation());
    let mut numbers = vec![issue(&mut phone, 100).number, issue(&mut phone, 200).number];
    refused(&mut phone, &order(50_001));
    let mut phone = phone.restart();
    numbers.push(issue(&mut phone, 300).number);
    assert_eq!(numbers, [1, 2, 3]);
    let used = &held(&phone)[0].used;
    assert_eq!((used.count, used.given.clone()), (3, Some(money(600))));
    assert_eq!(held(&phone)[0].benefit_left(), Some(money(499_400)));
    sound(&phone);
}

#[test]
fn each_limit_is_kept_before_anything_is_signed() {
    let mut office = server();
    let few = Delegation {
        count: 3,
        ceiling: Ceiling::new(money(400), money(1000)).unwrap(),
        ..field::delegation()
    };
    let mut phone = officer(&mut office, &few);
    let beyond = |phone: &mut Phone, order: FieldOrder| match refused(phone, &order) {
        EngineError::BeyondDelegation(limit) => limit,
        other => panic!("{other}"),
    };
    assert_eq!(beyond(&mut phone, order(401)), Beyond::Amount);
    let burial = FieldOrder { assistance: Some("burial".to_owned()), ..order(100) };
    assert_eq!(beyond(&mut phone, burial), Beyond::Assistance);
    let elsewhere = Some(Audience::new("hospital-3").unwrap());
    assert_eq!(
        beyond(&mut phone, FieldOrder { audience: elsewhere, ..order(1) }),
        Beyond::Audience
    );
    assert_eq!(beyond(&mut phone, FieldOrder { days: Some(15), ..order(1) }), Beyond::Validity);
    assert_eq!(
        beyond(&mut phone, FieldOrder { days: Some(u32::MAX), ..order(1) }),
        Beyond::Validity
    );
    assert_eq!(issue(&mut phone, 400).number, 1);
    assert_eq!(issue(&mut phone, 400).number, 2);
    assert_eq!(beyond(&mut phone, order(201)), Beyond::Total);
    assert_eq!(issue(&mut phone, 200).number, 3);
    assert_eq!(held(&phone)[0].vouchers_left(), 0);
    assert_eq!(held(&phone)[0].benefit_left(), None);
    assert_eq!(beyond(&mut phone, order(1)), Beyond::Number);
}

#[test]
fn the_number_runs_out_before_the_total_does() {
    let mut office = server();
    let mut phone = officer(&mut office, &Delegation { count: 1, ..field::delegation() });
    issue(&mut phone, 100);
    let error = refused(&mut phone, &order(100));
    assert!(matches!(error, EngineError::BeyondDelegation(Beyond::Number)), "{error}");
}

#[test]
fn outside_the_window_and_after_its_end_nothing_is_issued() {
    let mut office = server();
    let mut phone = officer(&mut office, &field::delegation());
    let after = later(Span::days(16));
    assert!(after.time >= field::delegation().until);
    let error = phone.verifier.issue(&order(1), None, after).unwrap_err();
    assert!(matches!(error, EngineError::BeyondDelegation(Beyond::Window)), "{error}");
    let mut list = field::field_trust_list();
    list.version += 1;
    list.ended_delegations.push(held(&phone)[0].hash);
    office.trust_file = samples::trust_file_with(&list).encode().unwrap();
    phone.sync(&mut office);
    let error = refused(&mut phone, &order(1));
    assert!(matches!(error, EngineError::BeyondDelegation(Beyond::Ended)), "{error}");
    assert!(held(&phone)[0].ended);
}

#[test]
fn a_voucher_that_no_verifier_would_take_is_not_issued() {
    let mut office = server();
    let mut phone = Phone::enrolled(&mut office);
    assert!(matches!(refused(&mut phone, &order(1)), EngineError::NoDelegation));
    // Of another device, or signed by a key that the trust list does not have.
    for signed in [
        field::delegation().sign(&field::delegating()).unwrap(),
        field::delegation().sign(&field::officer()).unwrap(),
    ] {
        office.profile.delegations.push(signed);
    }
    office.profile.issued = office.profile.issued.after(Span::seconds(1));
    phone.sync(&mut office);
    assert!(matches!(refused(&mut phone, &order(1)), EngineError::NoDelegation));
    // Under a compromised key.
    let device = office.profile.device.clone();
    let stolen = Delegation { device, ..field::delegation() }.sign(&field::stolen()).unwrap();
    office.profile.delegations = vec![stolen];
    office.profile.issued = office.profile.issued.after(Span::seconds(1));
    phone.sync(&mut office);
    let error = refused(&mut phone, &order(1));
    let compromised = EngineError::MayNotIssue(NotAuthentic::IssuerCompromised);
    assert_eq!(error.to_string(), compromised.to_string());
}

#[test]
fn of_several_delegations_the_first_that_allows_the_order_is_used() {
    let mut office = server();
    let mut phone = officer(&mut office, &field::delegation());
    delegate(&mut office, &mut phone, &field::goods_delegation());
    let rice = FieldOrder { benefit: field::rice(5_000), assistance: None, ..order(1) };
    let issued = phone.verifier.issue(&rice, None, clock()).unwrap();
    assert_eq!(issued.voucher.assistance, "food");
    assert_eq!((issued.number, issue(&mut phone, 1).number), (1, 1));
    let only = FieldOrder { delegation: Some(issued.under.hash), ..order(1) };
    let error = refused(&mut phone, &only);
    assert!(matches!(error, EngineError::BeyondDelegation(Beyond::Amount)), "{error}");
}

#[test]
fn a_name_that_would_not_fit_the_code_is_refused_and_uses_no_number() {
    let mut office = server();
    let mut phone = officer(&mut office, &field::delegation());
    let long = Holder { name: "n".repeat(200), birth_year: None, id_tail: None };
    let error = refused(&mut phone, &FieldOrder { holder: Some(long), ..order(1) });
    assert!(matches!(error, EngineError::VoucherTooLong), "{error}");
    assert_eq!(issue(&mut phone, 1).number, 1);
}

#[test]
fn without_days_a_voucher_is_good_to_the_end_of_the_last_day_that_it_may() {
    let mut office = server();
    let mut phone = officer(&mut office, &field::delegation());
    let longest = FieldOrder { days: None, ..order(1) };
    let issued = phone.verifier.issue(&longest, None, clock()).unwrap();
    // Fourteen days from 15 June at 18:00 in Manila.
    assert_eq!(issued.voucher.expires, at("2026-06-28T16:00:00Z"));
}

#[test]
fn a_provider_takes_no_more_from_officers_than_it_may_before_it_syncs() {
    let mut office = server();
    let mut officer = officer(&mut office, &field::delegation());
    let texts: Vec<String> = (0..3).map(|_| issue(&mut officer, 100).text).collect();
    let mut pharmacy = Server::with_trust(&field::field_trust_list());
    pharmacy.profile.limits = Limits { unsent_redemptions: None, unsent_delegated: Some(2) };
    let mut phone = pharmacist(&mut pharmacy);
    phone.serve(1);
    for text in &texts[..2] {
        assert!(matches!(phone.redeem(text, Vec::new()), Redemption::Done(_)));
    }
    let serve = |phone: &mut Phone, text: &str| {
        let service = verifier_core::verifier::Service {
            given: None,
            how_read: protocol::record::HowRead::Camera,
            operator: None,
            documents: Vec::new(),
        };
        phone.verifier.redeem(text, service, clock())
    };
    let capped = serve(&mut phone, &texts[2]);
    assert!(matches!(capped, Err(EngineError::TooManyDelegated(2))), "{capped:?}");
    // The office's own vouchers are served all the same.
    phone.serve(2);
    phone.sync(&mut pharmacy);
    assert!(matches!(serve(&mut phone, &texts[2]), Ok(Redemption::Done(_))));
    sound(&phone);
}

#[test]
fn an_officers_voucher_dated_in_the_future_moves_no_clock() {
    let far = Delegation { until: at("2099-12-31T00:00:00Z"), ..field::delegation() };
    let mut office = server();
    let mut officer = officer(&mut office, &far);
    let text = issue(&mut officer, 1).text;
    let mut pharmacy = Server::with_trust(&field::field_trust_list());
    let mut phone = pharmacist(&mut pharmacy);
    let floors = |phone: &Phone| {
        let floors = phone.verifier.ledger().floors().unwrap();
        floors.soft.iter().map(|mark| mark.time).max()
    };
    assert!(matches!(phone.redeem(&text, Vec::new()), Redemption::Done(_)));
    assert_eq!(floors(&phone), None::<Timestamp>);
    phone.serve(1);
    assert!(floors(&phone).is_some());
}

#[test]
fn a_number_is_served_once_whatever_is_written_under_it() {
    let mut pharmacy = Server::with_trust(&field::field_trust_list());
    let mut phone = Phone::enrolled(&mut pharmacy);
    let third = field::field_voucher();
    let twin = FieldVoucher { benefit: money(1), ..third.clone() };
    let text = |own: &FieldVoucher| field::text(own, &field::delegation());
    assert!(matches!(phone.redeem(&text(&third), Vec::new()), Redemption::Done(_)));
    let Redemption::Refused(refusal) = phone.redeem(&text(&twin), Vec::new()) else {
        panic!("a twin was served");
    };
    assert!(matches!(refusal.reason, Reason::AlreadyRedeemed(_)));
}

#[test]
fn the_phone_that_issued_a_voucher_does_not_serve_it() {
    let open = Delegation { audience: None, ..field::delegation() };
    let mut office = server();
    let mut officer = officer(&mut office, &open);
    let text = issue(&mut officer, 1).text;
    let Redemption::Refused(refusal) = officer.redeem(&text, Vec::new()) else {
        panic!("served its own voucher");
    };
    assert_eq!(refusal.reason, Reason::IssuedByThisProvider);
}

#[test]
fn a_phone_on_a_backup_issues_under_no_delegation_from_before() {
    let mut office = server();
    let mut phone = officer(&mut office, &field::delegation());
    issue(&mut phone, 100);
    phone.sync(&mut office);
    let mut backup = None;
    let mut phone = phone.restart_after(|home| backup = Some(Phone::on_copy_of(home)));
    assert_eq!(issue(&mut phone, 200).number, 2);
    phone.sync(&mut office);
    let mut restored = backup.unwrap();
    restored.sync(&mut office);
    let error = refused(&mut restored, &order(300));
    assert!(matches!(error, EngineError::IssuedBeforeBackup), "{error}");
    let anew = Delegation { issued: clock().time.after(Span::days(1)), ..field::delegation() };
    delegate(&mut office, &mut restored, &anew);
    assert_eq!(issue(&mut restored, 300).number, 1);
    sound(&restored);
}
