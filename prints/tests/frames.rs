//! What readers are measured with stays what it is.

use prints::{Frame, Print, Severity};

#[allow(clippy::unwrap_used, reason = "of a constant")]
fn severity(level: u8) -> Severity {
    Severity::new(level).unwrap()
}

/// FNV-1a, which is enough to tell whether anything changed.
fn digest(frame: &Frame) -> u64 {
    frame.pixels.iter().fold(0xCBF2_9CE4_8422_2325, |digest, &pixel| {
        (digest ^ u64::from(pixel)).wrapping_mul(0x100_0000_01B3)
    })
}

#[test]
fn a_seed_gives_the_same_pixels_on_every_machine() {
    let found = [(1, 0, 0), (2, 5, 3), (3, 10, 9)]
        .map(|(seed, level, index)| digest(&Print::new(seed, severity(level)).frame(index)));
    assert_eq!(
        found.map(|digest| format!("{digest:016x}")),
        ["4220c2afeb5eba1b", "1768d71e630d2398", "847bae4ce1553f4d"]
    );
}

#[test]
fn frames_of_a_print_differ_and_may_be_asked_for_in_any_order() {
    let print = Print::new(4, severity(3));
    let (later, first) = (print.frame(1), print.frame(0));
    assert_ne!(first, later);
    assert_eq!(Print::new(4, severity(3)).frame(0), first);
}

#[test]
fn prints_are_of_the_versions_that_vouchers_have() {
    let versions: Vec<i16> = (0..16).map(|seed| Print::new(seed, severity(0)).version()).collect();
    assert!(versions.iter().all(|version| (5..=25).contains(version)), "{versions:?}");
    assert!(
        versions.iter().any(|&version| version < 8) && versions.iter().any(|&version| version > 22)
    );
}

#[test]
fn severities_end_at_ten() {
    assert_eq!(Severity::all().count(), 11);
    assert_eq!(Severity::new(10), Some(Severity::WORST));
    assert_eq!(Severity::new(11), None);
}
