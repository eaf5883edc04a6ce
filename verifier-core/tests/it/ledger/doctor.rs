//! Doctor finds each tampering, and nothing where there is none.

use fixtures::ledger::{Phone, fill};
use verifier_core::ledger::Finding;

fn filled() -> Phone {
    let mut phone = Phone::on_a_new_ledger();
    fill(&mut phone.ledger);
    phone
}

#[test]
fn a_sound_ledger_has_no_findings() {
    let report = filled().ledger.doctor().unwrap();
    assert_eq!((report.records, report.received, report.blobs), (6, 8, 3));
    assert_eq!(report.findings, []);
}

#[test]
fn an_empty_ledger_has_no_findings() {
    assert_eq!(Phone::on_a_new_ledger().findings(), [""; 0]);
}

/// Each tampering, and a word that some finding must hold.
const TAMPERINGS: &[(&str, &str)] = &[
    // The chain.
    ("DELETE FROM record WHERE sequence = 3", "gap"),
    ("DELETE FROM record WHERE sequence = 1", "gap"),
    ("DELETE FROM record WHERE sequence = 6", "table outbox"),
    ("UPDATE record SET sequence = 9 WHERE sequence = 6", "gap"),
    ("UPDATE record SET chain = 2 WHERE sequence = 6", "chain"),
    ("UPDATE record SET hash = zeroblob(32) WHERE sequence = 2", "digest"),
    ("UPDATE record SET signed_header = zeroblob(200) WHERE sequence = 2", "signature"),
    (
        "UPDATE record SET signed_header = (SELECT signed_header FROM record WHERE sequence = 1)
         WHERE sequence = 2",
        "record 2",
    ),
    ("UPDATE record SET body = zeroblob(200) WHERE sequence = 2", "body does not decrypt"),
    (
        "UPDATE record SET body = (SELECT body FROM record WHERE sequence = 1) WHERE sequence = 2",
        "body does not decrypt",
    ),
    ("UPDATE record SET voucher = zeroblob(90) WHERE sequence = 1", "identity"),
    ("UPDATE record SET voucher = NULL WHERE sequence = 1", "identity"),
    ("UPDATE record SET sealed = zeroblob(200) WHERE sequence = 6", "sent"),
    (
        "UPDATE record SET sealed = (SELECT sealed FROM record WHERE sequence = 5)
         WHERE sequence = 6",
        "record 6",
    ),
    // The inbox.
    ("DELETE FROM inbox WHERE kind = 'ack'", "table"),
    ("UPDATE inbox SET content = zeroblob(200) WHERE kind = 'ack'", "does not decrypt"),
    ("UPDATE inbox SET content = NULL WHERE kind = 'ack'", "missing"),
    ("UPDATE inbox SET content = NULL WHERE kind = 'trust'", "missing"),
    ("UPDATE inbox SET content = NULL WHERE kind = 'profile'", "missing"),
    ("UPDATE inbox SET hash = zeroblob(32) WHERE kind = 'trust' AND number = 2", "digest"),
    ("UPDATE inbox SET issued = issued + 1 WHERE kind = 'trust' AND number = 2", "another list"),
    ("UPDATE inbox SET number = 3 WHERE kind = 'trust' AND number = 2", "another list"),
    ("UPDATE inbox SET issued = issued + 1 WHERE kind = 'ack'", "time"),
    (
        "UPDATE inbox SET issued = issued + 1 WHERE kind = 'status_list' AND hash IN
         (SELECT hash FROM blob)",
        "issue time",
    ),
    ("UPDATE inbox SET signer = NULL WHERE kind = 'ack'", "ack"),
    ("UPDATE inbox SET millis = millis + 1 WHERE kind = 'ack'", "table clock_floor"),
    // Blobs.
    ("DELETE FROM blob WHERE kind = 'document'", "missing"),
    ("DELETE FROM blob WHERE kind = 'status_list'", "missing"),
    ("UPDATE blob SET content = zeroblob(99) WHERE kind = 'document'", "does not decrypt"),
    ("UPDATE blob SET content = zeroblob(50) WHERE kind = 'status_list'", "name says"),
    ("INSERT INTO blob VALUES (randomblob(32), 'document', zeroblob(99))", "does not decrypt"),
    // The list of vouchers.
    ("UPDATE voucher_page SET content = zeroblob(99) WHERE number = 2", "page 2"),
    (
        "UPDATE voucher_page SET content = (SELECT content FROM voucher_page WHERE number = 1)",
        "page 2",
    ),
    // What is derived.
    ("UPDATE outbox SET state = 'sent' WHERE sequence = 6", "table outbox"),
    ("UPDATE outbox SET item = zeroblob(32) WHERE sequence = 6", "table outbox"),
    ("DELETE FROM outbox WHERE sequence = 6", "table outbox"),
    ("UPDATE claim SET live = 0", "table claim"),
    ("UPDATE claim SET identity = randomblob(32)", "table claim"),
    ("UPDATE claim SET state = 'paid'", "table claim"),
    ("UPDATE claim SET redeemed_at = 1", "table claim"),
    ("DELETE FROM claim", "table claim"),
    ("UPDATE attachment SET held = 1", "table attachment"),
    ("DELETE FROM attachment", "table attachment"),
    ("DELETE FROM refusal", "table refusal"),
    ("UPDATE refusal SET at = 1", "table refusal"),
    ("UPDATE clock_floor SET issued = 1", "table clock_floor"),
    ("DELETE FROM clock_floor", "table clock_floor"),
    ("UPDATE newest SET arrival = 1", "table newest"),
    ("UPDATE status_list SET issued = 1", "table status_list"),
    ("UPDATE last_ack SET cursor = 99", "table last_ack"),
    ("INSERT INTO divergence VALUES (1, 1, 1)", "table divergence"),
];

#[test]
fn each_tampering_is_found() {
    for (sql, word) in TAMPERINGS {
        let phone = filled().tamper(sql);
        let findings = phone.findings();
        assert!(
            findings.iter().any(|finding| finding.contains(word)),
            "{sql}\nshould be found with “{word}”; found {findings:#?}"
        );
    }
}

#[test]
fn damage_to_a_source_is_not_also_told_of_all_that_follows_from_it() {
    let phone = filled().tamper("UPDATE record SET body = zeroblob(9) WHERE sequence = 1");
    let findings = phone.ledger.doctor().unwrap().findings;
    assert!(findings.contains(&Finding::NotCompared));
    assert!(!findings.iter().any(|finding| matches!(finding, Finding::Derived { .. })));
}

#[test]
fn doctor_changes_nothing() {
    let phone = filled().tamper("UPDATE claim SET live = 0");
    let before = phone.findings();
    assert_eq!(phone.findings(), before);
}
