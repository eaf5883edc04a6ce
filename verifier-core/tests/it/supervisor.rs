//! A supervisor's override: what it passes over, what it never does, and what guessing PINs costs.

use argon2::{Argon2, PasswordHash, PasswordHasher};
use fixtures::{Phone, Server, voucher};
use protocol::Timestamp;
use protocol::id::{BootId, OperatorId};
use protocol::profile::Supervisor;
use protocol::record::{Body, HowRead, Kind, Monotonic};
use protocol::status::{Status, StatusList};
use protocol::voucher::Voucher;
use samples::{self, Who, at};
use verifier_core::clock::DeviceClock;
use verifier_core::verdict::Reason;
use verifier_core::verifier::{EngineError, Redemption, Service, Supervision};

const PIN: &str = "271828";

fn lorna() -> OperatorId {
    OperatorId::new("lorna").unwrap()
}

fn phone(server: &mut Server) -> Phone {
    let hash: PasswordHash =
        Argon2::default().hash_password_with_salt(PIN.as_bytes(), b"0123456789abcdef").unwrap();
    server.profile.supervisors = vec![Supervisor { name: lorna(), pin_hash: hash.to_string() }];
    Phone::enrolled(server)
}

/// Clocks at that time, so many seconds into that boot.
fn clocks(time: Timestamp, boot: u8, seconds: u64) -> DeviceClock {
    let boot = BootId::from_bytes([boot; 16]);
    DeviceClock { time, monotonic: Monotonic { millis: seconds * 1000, boot } }
}

/// Set back by a week, in another boot.
fn turned_back(seconds: u64) -> DeviceClock {
    clocks(at("2026-06-08T10:00:00Z"), 2, seconds)
}

fn food() -> Voucher {
    Voucher {
        programme: samples::programme_id(samples::FOOD),
        status: None,
        expires: at("2026-12-30T16:00:00Z"),
        ..voucher(1)
    }
}

fn ask(
    phone: &mut Phone,
    voucher: &Voucher,
    pin: &str,
    now: DeviceClock,
) -> Result<Redemption, EngineError> {
    let text = samples::text_of(voucher, Who::Voucher);
    let service =
        Service { given: None, how_read: HowRead::Camera, operator: None, documents: Vec::new() };
    let supervision = Supervision { supervisor: lorna(), pin };
    phone.verifier.redeem_with_override(&text, service, &supervision, now)
}

fn refusal(asked: Result<Redemption, EngineError>) -> Reason {
    match asked {
        Ok(Redemption::Refused(refusal)) => refusal.reason,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn a_phone_names_its_supervisors_once_it_has_its_profile() {
    let mut server = Server::new();
    assert_eq!(phone(&mut server).verifier.supervisors().collect::<Vec<_>>(), [&lorna()]);
    assert_eq!(Phone::with_offer().verifier.supervisors().count(), 0);
}

#[test]
fn a_clock_turned_back_is_passed_over_and_the_redemption_names_the_override() {
    let mut server = Server::new();
    let mut phone = phone(&mut server);
    let text = samples::text_of(&voucher(1), Who::Voucher);
    let verdict = phone.verifier.check(&text, turned_back(1)).unwrap();
    assert!(format!("{verdict:?}").contains("ClockTurnedBack"));
    let asked = ask(&mut phone, &voucher(1), PIN, turned_back(1));
    let Ok(Redemption::Done(receipt)) = asked else { panic!("{asked:?}") };
    assert_eq!(receipt.sequence, 2);
    phone.sync(&mut server);
    let records: Vec<_> = server.records.values().collect();
    assert_eq!([Kind::Override, Kind::Redeem], [0, 1].map(|at| records[at].header.kind));
    let Body::Override { voucher: named, reason, supervisor } = &records[0].body else { panic!() };
    assert_eq!((reason.as_str(), supervisor), ("clock_turned_back", &lorna()));
    assert_eq!(*named, voucher(1).identity.hash());
    let Body::Redeem(redeem) = &records[1].body else { panic!() };
    assert_eq!(redeem.overridden_by, Some(records[0].hash));
    assert!(redeem.warnings.iter().any(|code| code == "clock_doubtful"));
    assert_eq!(phone.verifier.ledger().doctor().unwrap().findings, []);
}

#[test]
fn trust_too_old_is_passed_over_only_where_the_programme_says_so() {
    let mut server = Server::new();
    let mut phone = phone(&mut server);
    let later = clocks(at("2026-09-15T10:00:00Z"), 2, 1);
    let cash = Voucher { expires: at("2026-12-30T16:00:00Z"), ..voucher(2) };
    let refused = refusal(ask(&mut phone, &cash, PIN, later));
    assert!(matches!(refused, Reason::TrustTooOld { .. }));
    let asked = ask(&mut phone, &food(), PIN, later);
    assert!(matches!(asked, Ok(Redemption::Done(_))), "{asked:?}");
}

#[test]
fn whatever_comes_after_the_overridden_reason_still_counts() {
    let mut server = Server::new();
    let mut phone = phone(&mut server);
    let list = StatusList {
        issued: samples::now(),
        ..samples::status_list(8_192, &[(4_711, Status::Revoked)])
    };
    server.publish(&list);
    phone.sync(&mut server);
    assert_eq!(refusal(ask(&mut phone, &voucher(1), PIN, turned_back(1))), Reason::Revoked);
    let expired = Voucher { expires: at("2026-06-15T09:00:00Z"), status: None, ..voucher(2) };
    let refused = refusal(ask(&mut phone, &expired, PIN, turned_back(1)));
    assert!(matches!(refused, Reason::Expired { .. }), "by the floor, not by the clock");
    let once = ask(&mut phone, &food(), PIN, turned_back(1));
    assert!(matches!(once, Ok(Redemption::Done(_))), "{once:?}");
    let refused = refusal(ask(&mut phone, &food(), PIN, turned_back(2)));
    assert!(matches!(refused, Reason::AlreadyRedeemed(_)));
}

#[test]
fn nothing_is_recorded_for_a_wrong_pin_or_a_stranger() {
    let mut server = Server::new();
    let mut phone = phone(&mut server);
    let wrong = ask(&mut phone, &voucher(1), "000000", turned_back(1));
    assert!(matches!(wrong, Err(EngineError::WrongPin)));
    let text = samples::text_of(&voucher(1), Who::Voucher);
    let service =
        Service { given: None, how_read: HowRead::Camera, operator: None, documents: Vec::new() };
    let supervisor = OperatorId::new("mallory").unwrap();
    let supervision = Supervision { supervisor, pin: PIN };
    let asked = phone.verifier.redeem_with_override(&text, service, &supervision, turned_back(1));
    assert!(matches!(asked, Err(EngineError::UnknownSupervisor(_))));
    assert_eq!(phone.unsent(), 0);
}

#[test]
fn a_voucher_that_needs_no_override_is_served_without_a_record_of_one() {
    let mut server = Server::new();
    let mut phone = phone(&mut server);
    let asked = ask(&mut phone, &voucher(1), "any", fixtures::clock());
    assert!(matches!(asked, Ok(Redemption::Done(_))), "{asked:?}");
    assert_eq!(phone.unsent(), 1);
}

#[test]
fn after_wrong_pins_even_the_right_one_waits_whatever_the_clock_is_set_to() {
    let mut server = Server::new();
    let mut phone = phone(&mut server);
    for _ in 0..3 {
        let wrong = ask(&mut phone, &voucher(1), "000000", turned_back(100));
        assert!(matches!(wrong, Err(EngineError::WrongPin)));
    }
    let waits = |asked| matches!(asked, Err(EngineError::PinWait(_)));
    assert!(waits(ask(&mut phone, &voucher(1), PIN, turned_back(101))));
    let mut phone = phone.restart();
    assert!(waits(ask(&mut phone, &voucher(1), PIN, turned_back(129))));
    let another_day = clocks(at("2026-06-09T10:00:00Z"), 2, 129);
    assert!(waits(ask(&mut phone, &voucher(1), PIN, another_day)));
    let rebooted = |seconds| clocks(at("2026-06-08T10:00:00Z"), 3, seconds);
    assert!(waits(ask(&mut phone, &voucher(1), PIN, rebooted(29))), "a reboot begins it anew");
    let asked = ask(&mut phone, &voucher(1), PIN, rebooted(30));
    assert!(matches!(asked, Ok(Redemption::Done(_))), "{asked:?}");
    let wrong = ask(&mut phone, &voucher(2), "000000", rebooted(31));
    assert!(matches!(wrong, Err(EngineError::WrongPin)), "the right one ended the count");
}
