//! Shows what libFuzzer makes to the target that `FUZZ_TARGET` names.
#![no_main]

use fuzz::{TARGETS, Target};
use libfuzzer_sys::fuzz_target;
use std::process::exit;
use std::sync::LazyLock;

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    Target::named(&name).unwrap_or_else(|| {
        let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        eprintln!("FUZZ_TARGET is {name:?}; the targets are {}", names.join(", "));
        exit(2)
    })
});

fuzz_target!(
    // libFuzzer's hook ends the program at a panic, also at one that reading pictures catches by design.
    init: scan::keep_caught_panics_quiet(),
    |bytes: &[u8]| (TARGET.run)(bytes)
);
