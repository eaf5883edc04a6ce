//! What the clock floors stand on.

use fixtures::ledger::{Phone, clock, clock_in_boot, serving, status_token, time, trust};
use protocol::Timestamp;
use verifier_core::clock::{DeviceClock, FloorMark};
use verifier_core::ledger::Act;

fn serve(phone: &mut Phone, seconds: u64, number: u8, issued: Option<Timestamp>) {
    let mut serving = serving(number, number);
    serving.soft_floor = issued;
    phone.act(seconds, Act::Redeem(serving)).unwrap();
}

/// The floor at a reading, as the clock judges it.
fn floor(phone: &Phone, at: DeviceClock) -> Timestamp {
    phone.ledger.floors().unwrap().effective_now(at, time(1000 * 86_400)).floor
}

fn hard(phone: &Phone) -> Vec<FloorMark> {
    phone.ledger.floors().unwrap().hard
}

#[test]
fn lists_and_acks_raise_the_hard_floor_and_nothing_lowers_it() {
    let mut phone = Phone::on_a_new_ledger();
    let (file, state) = trust(1, 100);
    phone.ledger.accept_trust(&file, &state, clock_in_boot(1, 1)).unwrap();
    assert_eq!(floor(&phone, clock_in_boot(2, 0)), time(100));
    phone.accept(&phone.ack(1, 300));
    assert_eq!(floor(&phone, clock_in_boot(2, 0)), time(300));
    let entry = &state.list().status_lists[0];
    phone.ledger.accept_status_list(entry, state.list(), &status_token(200), clock(301)).unwrap();
    let phone = phone.reopen();
    assert_eq!(floor(&phone, clock_in_boot(2, 0)), time(300));
}

#[test]
fn within_a_boot_the_floor_runs_on_from_the_mark_that_leads_furthest() {
    let mut phone = Phone::on_a_new_ledger();
    let (_, state) = trust(1, 0);
    let entry = &state.list().status_lists[0];
    // Seen at 10 s: 500. Seen at 400 s: 600, when by the first it was 890 already.
    for (seen, issued) in [(10, 500), (400, 600)] {
        phone
            .ledger
            .accept_status_list(entry, state.list(), &status_token(issued), clock_in_boot(1, seen))
            .unwrap();
    }
    assert_eq!(floor(&phone, clock_in_boot(1, 400)), time(890));
    assert_eq!(floor(&phone, clock_in_boot(2, 0)), time(600));
}

#[test]
fn vouchers_raise_the_soft_floor_until_the_next_list_or_ack() {
    let mut phone = Phone::on_a_new_ledger();
    serve(&mut phone, 10, 1, Some(time(1000)));
    serve(&mut phone, 20, 2, Some(time(900)));
    serve(&mut phone, 30, 3, None);
    assert!(hard(&phone).is_empty());
    assert_eq!(floor(&phone, clock_in_boot(2, 0)), time(1000));
    phone.accept(&phone.ack(1, 500));
    assert!(phone.ledger.floors().unwrap().soft.is_empty());
    assert_eq!(floor(&phone, clock_in_boot(2, 0)), time(500));
}
