//! A phone that never had a network: it enrols, serves and is paid by files that strangers carry.

use journeys::binaries::built;
use journeys::phone::Phone;
use journeys::programme::{Issued, Office, text_at, text_of};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// Bytes of one document: two of them do not fit into a file.
const DOCUMENT: usize = 15_000_000;

/// The office's side of one exchange: the files are brought, the answer comes back.
struct Road {
    office: Office,
    phone: Phone,
    stick: PathBuf,
    answers: PathBuf,
}

impl Road {
    fn new(dir: &Path) -> (Self, Vec<Issued>) {
        let office = Office::set_up(&built("vouchsafe-server").unwrap(), dir, None).unwrap();
        office.add_programme("aid", "Medical Aid").unwrap();
        office.add_provider("mercy", "Mercy Pharmacy", "aid").unwrap();
        let extra = ["--money", "500.00", "--assistance", "Medicine", "--count", "4"];
        let vouchers = office.issue("aid", &extra).unwrap();
        office.publish().unwrap();
        let phone = Phone::new(&built("vouchsafe").unwrap(), &dir.join("phone"));
        let road = Road { office, phone, stick: dir.join("stick"), answers: dir.join("answers") };
        (road, vouchers)
    }

    fn export(&self) -> (Value, Vec<PathBuf>) {
        let exported =
            self.phone.run(&["export", "--json", &text_of(&self.stick)]).unwrap().succeeded();
        let exported = exported.unwrap().json().unwrap();
        let files = exported["files"].as_array().unwrap();
        let files = files.iter().map(|file| PathBuf::from(file.as_str().unwrap())).collect();
        (exported, files)
    }

    /// What the office says of the files, and the answers it writes.
    fn bring(&self, files: &[PathBuf]) -> (Vec<Value>, Vec<String>) {
        let out = text_of(&self.answers);
        let mut arguments = vec!["bundle", "import", "--json", "--out", &out];
        let files: Vec<String> = files.iter().map(|file| text_of(file)).collect();
        arguments.extend(files.iter().map(String::as_str));
        let lines = self.office.admin(&arguments).unwrap().json_lines().unwrap();
        let (answers, files): (Vec<Value>, Vec<Value>) =
            lines.into_iter().partition(|line| line["answer"].is_string());
        (files, answers.iter().map(|line| text_at(line, "answer").unwrap()).collect())
    }

    fn import(&self, answers: &[String]) -> Vec<Value> {
        let mut arguments = vec!["import", "--json"];
        arguments.extend(answers.iter().map(String::as_str));
        self.phone.run(&arguments).unwrap().succeeded().unwrap().json_lines().unwrap()
    }

    fn redeem(&self, voucher: &Issued, documents: &[PathBuf]) -> String {
        let mut arguments = vec!["redeem".to_owned(), "--json".into(), text_of(&voucher.png)];
        for document in documents {
            arguments.extend(["--document".to_owned(), text_of(document)]);
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let receipt = self.phone.run(&arguments).unwrap().succeeded().unwrap().json().unwrap();
        text_at(&receipt, "claim").unwrap()
    }

    fn claim(&self, id: &str) -> Value {
        self.phone.claims().unwrap().into_iter().find(|claim| claim["claim"] == id).unwrap()
    }

    /// Enrols the phone by file and lets staff confirm it.
    fn enrol(&self) {
        let picture = text_of(&self.office.offer("mercy").unwrap());
        let enrolled = self.phone.run(&["enrol", "--json", &picture]).unwrap().json().unwrap();
        assert_eq!(enrolled["enrolled"], false, "no server runs: {enrolled}");
        let (exported, files) = self.export();
        assert_eq!((&exported["enrolment"], files.len()), (&Value::Bool(true), 1));
        let digits = text_at(&exported, "digits").unwrap();
        self.bring(&files);
        let device = self.office.pending(&digits).unwrap();
        let confirm = ["enrolment", "confirm", &device, "--digits", &digits];
        self.office.admin(&confirm).unwrap();
        // The same file once more: now the answer says that the phone is confirmed.
        let (_, answers) = self.bring(&files);
        let imported = self.import(&answers);
        assert_eq!(imported[0]["news"]["profile_renewed"], true, "{imported:?}");
        let status = self.phone.run(&["status", "--json"]).unwrap().json().unwrap();
        assert_eq!(status["profile"]["confirmed"], true, "{status}");
    }
}

/// A picture that nothing else looks like.
fn picture(dir: &Path, filling: u8) -> PathBuf {
    let path = dir.join(format!("receipt-{filling}.jpg"));
    let mut bytes: Vec<u8> = (0..DOCUMENT).map(|at| (at / 7) as u8 ^ filling).collect();
    bytes[..3].copy_from_slice(&[0xff, 0xd8, 0xff]);
    fs::write(&path, bytes).unwrap();
    path
}

fn documents_held(claim: &Value) -> (usize, usize) {
    let documents = claim["documents"].as_array().unwrap();
    let held = documents.iter().filter(|one| one["held_by_server"] == true).count();
    (held, documents.len())
}

#[test]
fn a_phone_that_never_had_a_network_is_paid_by_files_in_any_order_brought_twice() {
    let dir = tempfile::tempdir().unwrap();
    let (road, vouchers) = Road::new(dir.path());
    road.enrol();

    let pictures: Vec<PathBuf> = (1..=3).map(|nth| picture(dir.path(), nth)).collect();
    let claims = [
        road.redeem(&vouchers[0], &pictures[..2]),
        road.redeem(&vouchers[1], &pictures[2..]),
        road.redeem(&vouchers[2], &[]),
    ];
    let (exported, mut files) = road.export();
    assert_eq!((&exported["records"], &exported["documents"]), (&3.into(), &3.into()));
    assert_eq!(files.len(), 3);
    for file in &files {
        assert!(fs::metadata(file).unwrap().len() <= 20_000_000);
        assert_eq!(mode(file), 0o600);
    }
    let unsent = road.phone.run(&["status", "--json"]).unwrap().json().unwrap();
    assert_eq!(unsent["unsent"], 3, "an export sends nothing by itself");

    // Shuffled, and each of them twice.
    files.rotate_left(2);
    files.swap(0, 1);
    let twice: Vec<PathBuf> = files.iter().chain(files.iter().rev()).cloned().collect();
    let (taken, answers) = road.bring(&twice);
    let accepted: u64 = taken.iter().map(|line| line["accepted"].as_u64().unwrap()).sum();
    assert_eq!((taken.len(), accepted), (6, 3), "{taken:?}");
    assert_eq!(road.office.claims().unwrap().len(), 3);

    let imported = road.import(&answers);
    assert_eq!(imported[0]["refused"], Value::Null);
    for (claim, documents) in claims.iter().zip([2, 1, 0]) {
        let claim = road.claim(claim);
        assert_eq!(claim["state"], "submitted", "{claim}");
        assert_eq!(claim["delivery"], "sent");
        assert_eq!(documents_held(&claim), (documents, documents));
    }

    // A decision of the office, and the second round: only what lacks.
    let fourth = road.redeem(&vouchers[3], &pictures[..1]);
    let (exported, files) = road.export();
    assert_eq!((&exported["records"], &exported["documents"]), (&1.into(), &0.into()));
    assert!(fs::metadata(&files[0]).unwrap().len() < 20_000);
    let (taken, answers) = road.bring(&files);
    assert_eq!((&taken[0]["accepted"], &taken[0]["duplicates"]), (&1.into(), &0.into()));
    road.import(&answers);
    road.import(&answers);
    assert_eq!(road.claim(&fourth)["state"], "submitted");
    let status = road.phone.run(&["status", "--json"]).unwrap().json().unwrap();
    assert_eq!((&status["unsent"], &status["unsent_documents"]), (&0.into(), &0.into()));
    road.phone.run(&["doctor"]).unwrap().succeeded().unwrap();
}

#[test]
fn what_was_altered_or_cut_on_the_way_is_told_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (road, vouchers) = Road::new(dir.path());
    road.enrol();
    let claim = road.redeem(&vouchers[0], &[]);
    let (_, files) = road.export();
    let good = fs::read(&files[0]).unwrap();
    let bad = dir.path().join("bad.vsb");
    let import = |file: &Path| {
        let out = text_of(&road.answers);
        road.office.server.run(&["bundle", "import", "--json", "--out", &out, &text_of(file)])
    };
    let mut altered = good.clone();
    altered[good.len() / 2] ^= 1;
    for bytes in [&altered[..], &good[..good.len() - 1], b"not a bundle"] {
        fs::write(&bad, bytes).unwrap();
        let answer = import(&bad).unwrap();
        assert_eq!(answer.status, Some(1));
        assert!(answer.json_lines().unwrap()[0]["code"].as_str().unwrap().starts_with("bundle."));
    }
    assert_eq!(road.office.claims().unwrap().len(), 0);

    let (_, answers) = road.bring(&files);
    let answer = fs::read(&answers[0]).unwrap();
    fs::write(&bad, &answer[..answer.len() - 40]).unwrap();
    let refused = road.phone.run(&["import", "--json", &text_of(&bad)]).unwrap();
    assert_eq!(refused.status, Some(1));
    assert_eq!(refused.json().unwrap()["refused"], "bundle.damaged");
    assert_eq!(road.claim(&claim)["delivery"], "waiting");
    // Another phone, and this one's own export, are refused the answer.
    let other = Phone::new(road.phone.binary(), &dir.path().join("other"));
    let picture = text_of(&road.office.offer("mercy").unwrap());
    other.run(&["enrol", "--json", &picture]).unwrap();
    let refused = other.run(&["import", "--json", &answers[0]]).unwrap();
    assert_eq!(
        (refused.status, refused.json().unwrap()["refused"].as_str()),
        (Some(1), Some("other_phone"))
    );
    let own = road.phone.run(&["import", "--json", &text_of(&files[0])]).unwrap();
    assert_eq!(own.json().unwrap()["refused"], "other_phone");
    road.import(&answers);
    assert_eq!(road.claim(&claim)["state"], "submitted");
}

#[cfg(unix)]
fn mode(file: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(file).unwrap().permissions().mode() & 0o777
}

#[cfg(not(unix))]
fn mode(_: &Path) -> u32 {
    0o600
}
