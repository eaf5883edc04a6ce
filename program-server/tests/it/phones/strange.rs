//! Bytes that no phone sends: every seed of the fuzz targets, to every route, in every place.

use crate::on_both_engines;
use crate::phones::office::{Office, issue_request};
use crate::phones::phone::{COSE, Phone};
use program_server::trust;
use protocol::ack::{MAX_ITEMS, Outcome};
use std::path::Path;

/// The targets' names whose seeds are sent; those left out hold texts and pictures.
const TARGETS: [&str; 11] = [
    "ack",
    "batch",
    "bundle",
    "cbor",
    "cose",
    "delegation",
    "enrolment",
    "profile",
    "record",
    "sealed",
    "session",
];

fn seeds() -> Vec<Vec<u8>> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    TARGETS
        .iter()
        .flat_map(|target| std::fs::read_dir(corpus.join(target)).unwrap())
        .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
        .collect()
}

on_both_engines! {
    async fn no_body_makes_a_route_fail(server: TestServer) {
        let office = Office::open(server).await;
        let phone = Phone::confirmed(&office, "mercy").await;
        let (bearer, stranger) = (phone.session(), ("x-nobody", "nothing"));
        // A route that answers before it has read all ends the connection, so each request has its own.
        let alone = ("connection", "close");
        for seed in seeds() {
            for (method, path) in [
                ("POST", "/v1/enrolments"),
                ("POST", "/v1/sessions/challenge"),
                ("POST", "/v1/sessions"),
                ("POST", "/v1/records"),
                ("POST", "/v1/documents"),
                ("PATCH", "/v1/documents/00"),
                ("POST", "/v1/bundles"),
            ] {
                for from in [stranger, bearer.as_header()] {
                    let answer = office.send(method, path, &[from, alone, COSE[0]], seed.clone()).await;
                    assert!(answer.status < 500, "{method} {path}: {answer:?}");
                }
            }
        }
    }

    async fn no_item_of_a_batch_keeps_the_others_from_being_taken_in(server: TestServer) {
        let office = Office::open(server).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let trust = trust::current(&office.app).await.unwrap();
        let key = trust.state.list().sealing_keys.first().unwrap().clone();
        let seeds = seeds();
        let sealed = seeds.iter().map(|seed| key.seal(seed).unwrap());
        let strange: Vec<Vec<u8>> = seeds.iter().cloned().chain(sealed).collect();
        for items in strange.chunks(MAX_ITEMS) {
            let ack = phone.send_items(&office, items.to_vec()).await;
            assert_eq!(ack.results.len(), items.len());
            let taken = |outcome: &Outcome| matches!(outcome, Outcome::Accepted | Outcome::Conflict);
            assert!(!ack.results.iter().any(|result| taken(&result.outcome)), "{ack:?}");
        }
        let voucher = office.issue(issue_request()).await;
        let (_, ack) = phone.serve(&office, &[&voucher]).await;
        assert!(ack.results.iter().all(|result| result.outcome == Outcome::Accepted));
    }
}
