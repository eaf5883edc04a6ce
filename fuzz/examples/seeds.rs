//! Writes seeds that are not there yet from `test-vectors/`: what is signed as it is, and its payload.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a tool for developers")]

use protocol::bundle::stream::{Opener, Prelude};
use protocol::bundle::{Bundle, Part, PartKind, Place};
use protocol::cose::{MultiSigned, ObjectType, Sign1};
use protocol::id::BundleId;
use protocol::key::{Ed25519Key, Signer};
use protocol::record::Record;
use protocol::seal::UnsealingKey;
use protocol::trust::{IssuedSet, TrustFile};
use protocol::voucher::from_text;
use protocol::{Hash, Timestamp};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Most bytes of a seed; larger ones make changes rare where it matters.
const MOST: usize = 8_000;

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn vectors(file: &str) -> Value {
    let path = here().join("../test-vectors").join(file);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn bytes(vector: &Value) -> Option<Vec<u8>> {
    let at_hand = vector.get("zeros").is_none();
    let hex = vector.get("hex")?.as_str()?;
    hex::decode(hex).ok().filter(|_| at_hand)
}

fn write(target: &str, name: &str, seed: &[u8]) {
    if seed.len() > MOST {
        return;
    }
    let name: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let path: PathBuf = here().join("corpus").join(target).join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    if !path.exists() {
        std::fs::write(&path, seed).unwrap();
        println!("{}", path.display());
    }
}

/// Up to so many vectors, those that are good first.
fn some(file: &str, most: usize) -> Vec<(String, Value)> {
    let all = vectors(file);
    let (good, bad): (Vec<&Value>, Vec<&Value>) =
        all["vectors"].as_array().unwrap().iter().partition(|it| {
            it["expect"].get("error").is_none() && it["expect"].get("refuse").is_none()
        });
    let named = good.into_iter().chain(bad).take(most);
    named.map(|it| (it["name"].as_str().unwrap().to_owned(), it.clone())).collect()
}

fn of_bytes(file: &str, target: &str, most: usize, kind: Option<ObjectType>) {
    for (name, vector) in some(file, most) {
        let Some(seed) = bytes(&vector) else { continue };
        write(target, &name, &seed);
        let payload = kind.and_then(|kind| Sign1::parse(kind, &seed).ok());
        if let Some(signed) = payload.filter(|_| vector["expect"].get("error").is_none()) {
            write(target, &format!("{name} payload"), signed.unverified_payload());
        }
    }
}

fn of_text(file: &str, target: &str, most: usize) {
    for (name, vector) in some(file, most) {
        if let Some(text) = vector.get("text").and_then(Value::as_str) {
            write(target, &name, text.as_bytes());
        }
    }
}

fn main() {
    of_bytes("ack.json", "ack", 8, Some(ObjectType::Ack));
    of_bytes("batch.json", "batch", 6, None);
    of_bytes("cbor.json", "cbor", 60, None);
    of_bytes("cose.json", "cose", 40, None);
    of_bytes("enrolment.json", "enrolment", 30, Some(ObjectType::Enrolment));
    of_bytes("key.json", "key", 12, None);
    of_bytes("profile.json", "profile", 8, Some(ObjectType::Profile));
    of_bytes("sealed.json", "sealed", 6, None);
    of_bytes("session.json", "session", 6, Some(ObjectType::Session));
    of_bytes("status.json", "status_list", 16, Some(ObjectType::StatusList));
    of_bytes("voucher.json", "voucher", 16, Some(ObjectType::Voucher));
    of_text("text.json", "text", 20);
    of_text("enrolment.json", "text", 6);
    of_text("openg2p.json", "openg2p", 16);
    of_text("verdict.json", "verdict", 40);
    trust_files();
    records();
    tokens();
    signatures();
    field();
    bundles();
    issued_sets();
    edits();
    moments();
    scripts();
    pictures();
}

fn trust_files() {
    let usual = hex::decode(vectors("verdict.json")["trusts"]["usual"]["file"].as_str().unwrap());
    let usual = usual.unwrap();
    write("trust_file", "usual", &usual);
    let file = TrustFile::decode(&usual).unwrap();
    let root = MultiSigned::parse(ObjectType::Root, &file.roots[0]).unwrap();
    write("trust_file", "root payload", root.unverified_payload());
    let list = MultiSigned::parse(ObjectType::TrustList, &file.list).unwrap();
    write("trust_file", "list payload", list.unverified_payload());
    of_bytes("trust.json", "trust_file", 6, None);
}

fn records() {
    for (name, vector) in some("record.json", 8) {
        let Some(seed) = bytes(&vector) else { continue };
        write("record", &name, &seed);
        let Ok(record) = Record::decode(&seed) else { continue };
        write("record", &format!("{name} body"), &record.body);
        if let Ok(header) = Sign1::parse(ObjectType::Record, &record.signed_header) {
            write("record", &format!("{name} header"), header.unverified_payload());
        }
    }
}

/// The claims of OpenG2P's vouchers, apart.
fn tokens() {
    for (name, vector) in some("openg2p.json", 4) {
        let text = vector["text"].as_str().unwrap();
        if let Ok(token) = protocol::openg2p::Jwt::parse(text) {
            write("openg2p", &format!("{name} claims"), token.unverified_payload());
        }
    }
}

fn signatures() {
    let small = [0x30, 6, 2, 1, 1, 2, 1, 1];
    write("der_signature", "small", &small);
    let with_sign = [&[0x30, 0x45, 2, 0x21, 0][..], &[0x9c; 32], &[2, 0x20], &[0x3c; 32]].concat();
    write("der_signature", "usual", &with_sign);
}

/// What a field officer's vouchers carry and say.
fn field() {
    for (name, vector) in some("delegation.json", 60) {
        let Ok(signed) = from_text(vector["text"].as_str().unwrap()) else { continue };
        let Ok(voucher) = Sign1::parse(ObjectType::Voucher, &signed) else { continue };
        write("field_voucher", &name, voucher.unverified_payload());
        let delegation = voucher.delegation().unwrap();
        if let Ok(delegation) = Sign1::parse(ObjectType::Delegation, delegation) {
            let payload = delegation.unverified_payload();
            write(
                "delegation",
                &format!("payload {}", &Hash::of(payload).to_string()[..8]),
                payload,
            );
        }
    }
}

/// Files, their contents, and headers signed by the key that the target signs with.
fn bundles() {
    for (name, vector) in some("bundle.json", 40) {
        let Some(file) = bytes(&vector).filter(|file| file.len() < MOST) else { continue };
        let seed = hex::decode(vector["seed"].as_str().unwrap()).unwrap();
        if ["good", "nothing but news", "answer"].contains(&&*name) {
            write("bundle", &name, &file);
        }
        let key = UnsealingKey::from_seed(&seed.try_into().unwrap());
        let Ok(opened) = open(&file, &key) else { continue };
        write("bundle", &format!("{name} content"), &opened);
    }
    let signer = Ed25519Key::from_seed(&[0x77; 32]);
    let header = Bundle {
        device: signer.public_key(),
        id: BundleId::from_bytes([2; 16]),
        place: Place { number: 1, of: 1 },
        made: Timestamp::from_seconds(1_781_517_600).unwrap(),
        answer_to: UnsealingKey::from_seed(&[0x31; 32]).public().clone(),
        parts: vec![Part::of(PartKind::Batch, b"batch"), Part::of(PartKind::Other(70), b"")],
    };
    let signed = header.sign(&signer).unwrap();
    let header = Sign1::parse(ObjectType::Bundle, &signed).unwrap();
    write("bundle", "header payload", header.unverified_payload());
}

fn open(file: &[u8], key: &UnsealingKey) -> protocol::Result<Vec<u8>> {
    let mut content = Vec::new();
    let mut opener = Opener::begin(&Prelude::decode(file)?, key)?;
    opener.read(&file[Prelude::LEN..], &mut content)?;
    opener.finish(&mut content)?;
    Ok(content)
}

fn issued_sets() {
    let kid = Ed25519Key::from_seed(&[6; 32]).public_key().kid();
    for count in [1, 3, 40] {
        let hashes = (0..count).map(|number: u8| Hash::of(&[number]));
        let set = IssuedSet::new(kid, hashes).unwrap();
        write("issued_set", &format!("of {count}"), &set.encode().unwrap());
    }
}

/// One edit of each kind, of each good object.
fn edits() {
    for good in 0..13 {
        let edit =
            [0, 0, 40, 1, 1, 0, 9, 7, 2, 0, 60, 3, 3, 0, 5, 0, 2, 7, 7, 5, 0, 0, 0, 20, 0, 80];
        write("altered", &format!("good {good}"), &[&[good][..], &edit].concat());
    }
}

/// Vouchers at hand at the usual moment, one with dates of its own, and a clock turned back.
fn moments() {
    let usual = [64, 0, 0, 0, 1, 0, 60];
    for which in 0..5 {
        write("moment", &format!("at hand {which}"), &[&usual[..], &[0, 0, 0, which]].concat());
    }
    let dates = [200, 60, 0, 0, 60, 0, 0, 80, 0, 0, 4];
    write("moment", "dates of its own", &[&usual[..], &[0, 0, 0], &dates].concat());
    let marks = [1, 66, 0, 0, 0, 1, 0, 9, 1, 65, 0, 0, 1, 1, 0, 9];
    write("moment", "turned back", &[&usual[..], &marks, &[0, 0]].concat());
    write("moment", "turned back and allowed", &[&usual[..], &marks, &[3], &dates].concat());
}

/// Scripts of the sync engine: what the server makes of records, then what staff do and a fault an
/// answer, run by run.
fn scripts() {
    /// A run without faults has so many answers at most.
    const GOOD: [u8; 16] = [0; 16];
    let run = |staff: u8, faults: &[u8]| [&[staff][..], faults, &GOOD].concat();
    let page = [&[4, 0, 0, 14][..], b"<!doctype html"].concat();
    let untrue = [13, 3, 0, 6, 12, 1, 2, 1, 70, 1, 5, 9];
    for (name, marked, runs) in [
        ("good", 0, vec![run(1, &[]), run(2, &[]), run(3, &[])]),
        ("every outcome", 0xff, vec![run(1, &[]), run(9, &[]), run(10, &[])]),
        ("lost answers", 0, vec![run(1, &[2, 2, 2, 0, 2, 0, 2]), run(4, &[0, 0, 0, 0, 0, 2, 2])]),
        ("twice", 0, vec![run(1, &[3; 12]), run(4, &[3; 12])]),
        ("sign-in page", 0, vec![run(1, &page.repeat(6)), run(4, &page), run(2, &[])]),
        ("no network", 0, vec![run(1, &[1, 1]), run(4, &[0, 1, 2]), run(2, &[0, 0, 1, 0])]),
        ("changed", 0, vec![run(1, &[7, 0, 9, 1]), run(2, &[0, 8, 0, 30]), run(3, &[6, 6])]),
        ("played again", 0, vec![run(1, &[]), run(9, &[5, 0, 6].repeat(6)), run(4, &[])]),
        ("by file", 0, vec![run(1, &[]), run(6, &[3, 5, 4, 5, 9, 0, 1]), run(5, &[])]),
        ("untrue acks", 0, vec![run(1, &[&[0; 5], &untrue[..]].concat()), run(4, &untrue)]),
    ] {
        let script: Vec<u8> = [vec![marked]].into_iter().chain(runs).flatten().collect();
        write("sync", name, &script);
    }
}

/// Frames as the target reads them: eight bytes of size, stride, turn and part, then pixels.
fn pictures() {
    for (name, text, scale, turn) in [
        ("short text", "VS1:QED8WEX0", 3, 0),
        ("turned", "HELLO", 3, 1),
        ("one pixel a module", "HELLO", 1, 0),
        ("bytes", "héllo", 4, 2),
    ] {
        let code = qrcode::QrCode::new(text).unwrap();
        let (modules, quiet) = (code.width(), 4);
        let side = (modules + 2 * quiet) * scale;
        let dark = |at: usize| {
            let (x, y) = (at % side / scale, at / side / scale);
            let inside = |it: usize| (quiet..quiet + modules).contains(&it);
            inside(x) && inside(y) && code[(x - quiet, y - quiet)] == qrcode::Color::Dark
        };
        let side_byte = u8::try_from(side).unwrap();
        let head = [side_byte, side_byte, 0, turn, 0, 0, side_byte, side_byte];
        let pixels: Vec<u8> = (0..side * side).map(|at| if dark(at) { 20 } else { 235 }).collect();
        let path = here().join("corpus/frame").join(name.replace(' ', "-"));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        if !path.exists() {
            std::fs::write(path, [&head[..], &pixels].concat()).unwrap();
        }
    }
}
