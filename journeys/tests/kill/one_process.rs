//! kill -9 at random moments, of both binaries, on real files and on PostgreSQL: nothing said to be
//! recorded is lost, and nothing is there twice. `scripts/kill-loops` kills thousands.

use crate::killing::{Random, count_by_voucher, kill_after, kills, once, spawn};
use crate::postgres::Schema;
use journeys::enrolled::{enrolled, enrolled_on};
use serde_json::Value;
use std::thread;
use std::time::Instant;

#[test]
fn a_killed_redeem_loses_nothing_it_said_and_doubles_nothing() {
    let kills = kills();
    let dir = tempfile::tempdir().unwrap();
    let (office, phone, vouchers) = enrolled(dir.path(), kills + 3);
    let (whole_ones, rest) = vouchers.split_at(3);
    let took = whole_ones.iter().map(|voucher| {
        let start = Instant::now();
        phone.run(&["redeem", "--text", &voucher.text]).unwrap().succeeded().unwrap();
        start.elapsed()
    });
    // The fastest, so that a slow start does not put every kill after the end.
    let whole = took.min().unwrap();

    let mut random = Random(0x9e37_79b9);
    let mut said = Vec::new();
    for voucher in rest {
        let child = spawn(&phone, &["redeem", "--json", "--text", &voucher.text]);
        let out = kill_after(child, random.up_to(whole * 5 / 4));
        if let Ok(answer) = serde_json::from_str::<Value>(&out) {
            said.push(answer["claim"].as_str().unwrap().to_owned());
        }
    }
    assert!(
        (1..rest.len()).contains(&said.len()),
        "{} of {} were killed",
        rest.len() - said.len(),
        rest.len()
    );
    let held = phone.claims().unwrap();
    for claim in &said {
        assert!(held.iter().any(|it| it["claim"] == claim.as_str()), "{claim} was said and lost");
    }
    let recorded = held.len() - whole_ones.len();
    eprintln!(
        "{kills} redemptions killed: {} before their record was kept, {} between that and the \
         answer, {} after the answer; none was lost",
        kills - recorded,
        recorded - said.len(),
        said.len()
    );
    assert_eq!(phone.run(&["doctor"]).unwrap().status, Some(0));
    for voucher in rest {
        let status = phone.run(&["redeem", "--text", &voucher.text]).unwrap().status;
        assert!(matches!(status, Some(0 | 1)), "{status:?}");
    }
    assert_eq!(count_by_voucher(&phone.claims().unwrap()), once(&vouchers));

    let running = office.server.start().unwrap();
    assert_eq!(phone.sync().unwrap()["stopped"], Value::Null);
    assert_eq!(count_by_voucher(&office.claims().unwrap()), once(&vouchers));
    drop(running);
}

#[test]
fn killed_syncs_and_servers_end_with_every_record_once() {
    end_with_every_record_once(None);
}

#[test]
fn killed_syncs_and_servers_end_with_every_record_once_on_postgres() {
    let schema = Schema::create();
    end_with_every_record_once(Some(&schema.url()));
}

fn end_with_every_record_once(database: Option<&str>) {
    let kills = kills();
    let dir = tempfile::tempdir().unwrap();
    let (office, phone, vouchers) = enrolled_on(database, dir.path(), kills + 3);
    let (whole_ones, rest) = vouchers.split_at(3);
    let took = whole_ones.iter().map(|voucher| {
        phone.run(&["redeem", "--text", &voucher.text]).unwrap().succeeded().unwrap();
        // A server that has just started is slower at first, as those are that are killed.
        let _running = office.server.start().unwrap();
        let start = Instant::now();
        assert_eq!(phone.sync().unwrap()["accepted"], 1);
        start.elapsed()
    });
    let whole = took.min().unwrap();

    let mut random = Random(0x1234_5678);
    let (mut servers_first, mut whole_syncs) = (0, 0);
    for voucher in rest {
        phone.run(&["redeem", "--text", &voucher.text]).unwrap().succeeded().unwrap();
        let running = office.server.start().unwrap();
        let syncing = spawn(&phone, &["sync", "--json"]);
        let pause = random.up_to(whole * 3 / 2);
        let said = if random.next().is_multiple_of(2) {
            servers_first += 1;
            thread::sleep(pause);
            running.kill();
            kill_after(syncing, random.up_to(whole))
        } else {
            let said = kill_after(syncing, pause);
            running.kill();
            said
        };
        let report = serde_json::from_str::<Value>(&said);
        whole_syncs += usize::from(report.is_ok_and(|report| report["stopped"].is_null()));
    }
    let taken = office.claims().unwrap().len() - whole_ones.len();
    let running = office.server.start().unwrap();
    assert_eq!(phone.sync().unwrap()["stopped"], Value::Null);
    drop(running);
    eprintln!(
        "{kills} syncs and {kills} servers killed, {servers_first} times the server first: \
         {whole_syncs} syncs had ended whole, {taken} records had been taken in"
    );
    assert!(whole_syncs < kills && taken > 0, "nothing was tried");
    assert_eq!(count_by_voucher(&office.claims().unwrap()), once(&vouchers));
    assert_eq!(count_by_voucher(&phone.claims().unwrap()), once(&vouchers));
    assert_eq!(phone.run(&["doctor"]).unwrap().status, Some(0));
    let status = phone.run(&["status", "--json"]).unwrap().json().unwrap();
    assert_eq!((&status["unsent"], &status["refused"]), (&0.into(), &0.into()));
}
