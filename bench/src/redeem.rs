//! A redemption, against the one fsync that it cannot do without.

use crate::fsync;
use crate::measure::{Times, micros, ratio, time};
use crate::report::{Goal, Line};
use fixtures::{Phone, Server, text};
use protocol::profile::Limits;
use std::fs::{self, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use verifier_core::verifier::Redemption;

/// Enough for several checkpoints of the write-ahead log.
const REDEMPTIONS: u32 = 500;

/// The first ones set the database up and are not measured.
const WARM_UP: u32 = 10;

pub(crate) fn run() -> Vec<Line> {
    let mut server = Server::new();
    server.profile.limits = Limits::default();
    let mut phone = Phone::enrolled(&mut server);
    let texts: Vec<String> = (0..REDEMPTIONS).map(text).collect();
    let log = phone.home().join("ledger.db-wal");
    let log_len = || fs::metadata(&log).map_or(0, |found| found.len());
    let mut plain = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .open(phone.home().join("plain"))
        .unwrap();
    fsync::assert_counted(&plain);

    let (mut redeem, mut write) = (Times::default(), Times::default());
    let (mut calls, mut written) = (Vec::new(), Vec::new());
    let mut offset = 0;
    for (number, text) in (0..).zip(&texts) {
        let (calls_before, len_before) = (fsync::calls(), log_len());
        let taken = time(|| assert!(matches!(phone.redeem(text, Vec::new()), Redemption::Done(_))));
        let (called, grown) = (fsync::calls() - calls_before, log_len() - len_before);
        // Once it is full the log is written over from its start, and no longer grows.
        if grown > 0 {
            written.push(grown);
        }
        let bytes = vec![number as u8; median(&written) as usize];
        let plainly = time(|| {
            plain.seek(SeekFrom::Start(offset)).unwrap();
            plain.write_all(&bytes).unwrap();
            plain.sync_all().unwrap();
        });
        // The plain file is written over from its start at the length of the log, as the log is.
        offset += bytes.len() as u64;
        if offset >= log_len() {
            offset = 0;
        }
        if number >= WARM_UP {
            redeem.push(taken);
            write.push(plainly);
            calls.push(called);
        }
    }
    let (taken, plainly) = (redeem.median(), write.median());
    let (sum, count) = (calls.iter().sum::<u64>(), calls.len());
    let more = calls.iter().filter(|&&calls| calls > 1).count();
    vec![
        Line {
            benchmark: "redeem",
            what: "fsyncs ÷ redemptions".to_owned(),
            ratio: sum as f64 / count as f64,
            goal: Goal::AtMost(1.1),
            detail: format!(
                "{sum} ÷ {count}; median {}, {more} redemptions with a checkpoint of the log",
                median(&calls)
            ),
        },
        Line {
            benchmark: "redeem",
            what: "a redemption ÷ writing as many bytes and one fsync".to_owned(),
            ratio: ratio(taken, plainly),
            goal: Goal::None,
            detail: format!("{} ÷ {}, {} bytes", micros(taken), micros(plainly), median(&written)),
        },
    ]
}

fn median(numbers: &[u64]) -> u64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or(0)
}
