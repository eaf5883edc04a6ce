//! Three server processes on one PostgreSQL, each killed again and again while several phones sync
//! through whichever answers: every record ends there once, and each voucher has one live claim.

use crate::killing::{Random, kills};
use crate::postgres::Schema;
use journeys::balancer::Balancer;
use journeys::binaries::built;
use journeys::enrolled;
use journeys::phone::Phone;
use journeys::programme::{Issued, Office};
use journeys::server::Server;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const PROCESSES: usize = 3;
const PHONES: usize = 3;

#[test]
fn three_processes_killed_at_random_end_with_every_record_once_and_one_live_claim_a_voucher() {
    let kills = kills();
    let schema = Schema::create();
    let dir = tempfile::tempdir().unwrap();
    let binary = built("vouchsafe-server").unwrap();
    let servers: Vec<Server> =
        (0..PROCESSES).map(|_| Server::new(&binary, &dir.path().join("server")).unwrap()).collect();
    let balancer = Balancer::before(servers.iter().map(Server::address).collect()).unwrap();
    let office = Office::set_up_behind(
        &balancer.origin(),
        servers[0].clone(),
        dir.path(),
        Some(&schema.url()),
    )
    .unwrap();
    // In each round one voucher is shown at one phone, and another at the two others.
    let vouchers = enrolled::issue(&office, kills + 4);
    let running = servers[0].start().unwrap();
    let phones: Vec<Phone> =
        (0..PHONES).map(|number| enrolled::phone(dir.path(), &format!("phone-{number}"))).collect();
    for phone in &phones {
        office.enrol(phone, "mercy").unwrap();
    }
    let whole = phones.iter().map(one_sync).min().unwrap();
    drop(running);

    let killed = AtomicUsize::new(0);
    let enough = AtomicBool::new(false);
    let together = Barrier::new(PHONES);
    let cut: usize = thread::scope(|scope| {
        for (seed, server) in (1..).zip(&servers) {
            let (killed, enough) = (&killed, &enough);
            scope.spawn(move || {
                let mut random = Random(0x9e37_79b9_u32.wrapping_mul(seed));
                while killed.fetch_add(1, Ordering::SeqCst) < kills {
                    let running = server.start().unwrap();
                    thread::sleep(random.up_to(whole * 3));
                    running.kill();
                }
                enough.store(true, Ordering::SeqCst);
            });
        }
        let phones: Vec<_> = phones
            .iter()
            .enumerate()
            .map(|(number, phone)| {
                let (vouchers, enough, together) = (&vouchers, &enough, &together);
                scope.spawn(move || rounds(number, phone, vouchers, enough, together))
            })
            .collect();
        phones.into_iter().map(|phone| phone.join().unwrap()).sum()
    });

    let running: Vec<_> = servers.iter().map(|server| server.start().unwrap()).collect();
    let mut recorded = Vec::new();
    for phone in &phones {
        assert_eq!(phone.sync().unwrap()["stopped"], Value::Null);
        let status = phone.run(&["status", "--json"]).unwrap().json().unwrap();
        assert_eq!((&status["unsent"], &status["refused"]), (&0.into(), &0.into()));
        assert_eq!(phone.run(&["doctor"]).unwrap().status, Some(0));
        recorded.extend(phone.claims().unwrap());
    }
    drop(running);
    let held = office.claims().unwrap();
    assert_eq!(sorted(&held, "claim"), sorted(&recorded, "claim"), "each claim, once");

    let mut live: BTreeMap<&str, usize> = BTreeMap::new();
    for claim in &held {
        let is_live = claim["state"] != "conflict";
        *live.entry(claim["voucher"].as_str().unwrap()).or_default() += usize::from(is_live);
    }
    let conflicts = held.iter().filter(|claim| claim["state"] == "conflict").count();
    eprintln!(
        "{kills} processes killed, {cut} syncs cut: {} claims on {} vouchers, {conflicts} of them \
         in conflict; none was lost or doubled",
        held.len(),
        live.len()
    );
    assert!(live.values().all(|&live| live == 1), "{live:?}");
    assert!(conflicts > 0 && cut > 0, "nothing was tried: {conflicts} conflicts, {cut} cut syncs");
}

/// Redeems a voucher and syncs, again and again, until enough was killed; gives how many syncs were
/// cut. The phones redeem before any of them syncs, so that two of them hold the same voucher.
fn rounds(
    number: usize,
    phone: &Phone,
    vouchers: &[Issued],
    enough: &AtomicBool,
    together: &Barrier,
) -> usize {
    let mut cut = 0;
    for round in 0.. {
        let shown = round * 2 + usize::from(!(number + round).is_multiple_of(PHONES));
        if let Some(voucher) = vouchers.get(shown) {
            phone.run(&["redeem", "--text", &voucher.text]).unwrap().succeeded().unwrap();
        }
        // Read between two meetings, so that all phones see the same and stop in the same round.
        together.wait();
        let last = enough.load(Ordering::SeqCst);
        together.wait();
        cut += usize::from(!phone.sync().unwrap()["stopped"].is_null());
        if last {
            break;
        }
    }
    cut
}

fn one_sync(phone: &Phone) -> Duration {
    let start = Instant::now();
    assert_eq!(phone.sync().unwrap()["stopped"], Value::Null);
    start.elapsed()
}

fn sorted<'c>(claims: &'c [Value], key: &str) -> Vec<&'c str> {
    let mut values: Vec<&str> = claims.iter().map(|claim| claim[key].as_str().unwrap()).collect();
    values.sort_unstable();
    values
}
