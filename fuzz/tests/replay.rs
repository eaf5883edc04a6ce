//! The corpora and a fixed number of changed seeds, on the stable compiler: the same bytes every time.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use fuzz::{Mutator, TARGETS, Target};
use std::collections::BTreeSet;
use std::panic::catch_unwind;

/// Rounds a target; a picture or a whole sync costs as much as many of the others.
fn rounds(target: Target) -> u32 {
    match target.name {
        "frame" => 500,
        "sync" => 50,
        _ => 4_000,
    }
}

/// Shows the bytes to the target, and says which bytes broke it.
fn show(target: Target, bytes: &[u8]) {
    if catch_unwind(|| (target.run)(bytes)).is_err() {
        let start = hex::encode(&bytes[..bytes.len().min(4_000)]);
        panic!("{} broke on {} bytes: {start}", target.name, bytes.len());
    }
}

#[test]
fn every_target_has_seeds_and_every_folder_a_target() {
    let names: BTreeSet<String> = TARGETS.iter().map(|it| it.name.to_owned()).collect();
    assert_eq!(names.len(), TARGETS.len(), "a name appears twice");
    let folder = TARGETS[0].corpus().parent().unwrap().to_owned();
    let folders: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names, folders);
    for target in TARGETS {
        assert!(!target.seeds().unwrap().is_empty(), "{}", target.name);
    }
}

#[test]
fn every_seed_holds() {
    for target in TARGETS {
        for seed in target.seeds().unwrap() {
            show(target, &seed);
        }
    }
}

#[test]
fn the_pictures_among_the_seeds_show_symbols() {
    for seed in Target::named("frame").unwrap().seeds().unwrap() {
        let [side, _, 0, ..] = seed[..8] else { panic!("rows are packed in these seeds") };
        let side = u32::from(side);
        let frame = scan::Luma::new(&seed[8..], side, side, side).unwrap();
        assert_eq!(scan::read(&frame).len(), 1, "{side} pixels wide");
    }
}

#[test]
fn nothing_and_a_long_nothing_hold() {
    for target in TARGETS {
        show(target, &[]);
        for byte in [0x00, 0x30, 0x5b, 0x81, 0xff] {
            show(target, &vec![byte; 70_000]);
        }
    }
}

#[test]
fn every_beginning_of_a_seed_holds() {
    for target in TARGETS.into_iter().filter(|&it| rounds(it) == 4_000) {
        for seed in target.seeds().unwrap() {
            let step = (seed.len() / 60).max(1);
            for len in (0..seed.len()).step_by(step) {
                show(target, &seed[..len]);
            }
        }
    }
}

#[test]
fn changed_seeds_hold() {
    for (number, target) in TARGETS.into_iter().enumerate() {
        let seeds = target.seeds().unwrap();
        let mut mutator = Mutator::seeded(number as u64);
        for _ in 0..rounds(target) {
            show(target, &mutator.next(&seeds));
        }
    }
}

#[test]
fn one_seed_makes_the_same_changes_again() {
    let seeds = [b"a good seed".to_vec(), b"another".to_vec()];
    let [mut first, mut second, mut other] = [7, 7, 8].map(Mutator::seeded);
    let mut differ = false;
    for _ in 0..50 {
        let bytes = first.next(&seeds);
        assert_eq!(bytes, second.next(&seeds));
        differ |= bytes != other.next(&seeds);
    }
    assert!(differ);
}
