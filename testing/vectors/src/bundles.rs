//! `bundle.json`: files that travel where there is no network.

use crate::{Vector, error, vector, write};
use protocol::Hash;
use protocol::bundle::stream::{CHUNK_LEN, Prelude, Sealer, TAG_LEN};
use protocol::bundle::{Answer, Bundle, Part, PartKind, Place, Writer};
use protocol::id::BundleId;
use protocol::key::{Ed25519Key, Signer};
use protocol::seal::UnsealingKey;
use samples::describe;
use samples::{batch, device, now, request, sealing};
use serde_json::{Value, json};

/// What the server's private key is made of in every sample.
const SERVER: [u8; 32] = [0x31; 32];
const PHONE: [u8; 32] = [0x41; 32];

pub fn write_all() {
    write(
        "bundle.json",
        "Sealed bundles: open with the key pair that DeriveKeyPair (RFC 9180) makes of `seed`, read the \
         header as that of a `bundle` or an `answer`, and check every part. `of` names another vector: \
         the file is put together of the ranges `take` of its bytes.",
        json!({}),
        bundles(),
    );
}

type Content = (PartKind, Vec<u8>);

fn bundle(parts: &[Content]) -> Bundle {
    Bundle {
        device: device().public_key(),
        id: BundleId::from_bytes([0xb0; 16]),
        place: Place { number: 2, of: 3 },
        made: now(),
        answer_to: UnsealingKey::from_seed(&PHONE).public().clone(),
        parts: parts.iter().map(|(kind, content)| Part::of(*kind, content)).collect(),
    }
}

fn answer(parts: &[Content]) -> Answer {
    Answer {
        device: device().public_key().thumbprint(),
        id: BundleId::from_bytes([0xa5; 16]),
        place: Place { number: 1, of: 1 },
        made: now(),
        parts: parts.iter().map(|(kind, content)| Part::of(*kind, content)).collect(),
    }
}

fn file(header: &[u8], parts: &[Content], seed: &[u8; 32]) -> Vec<u8> {
    let to = UnsealingKey::from_seed(seed);
    let (mut writer, mut file) = Writer::begin(to.public(), header).unwrap();
    for (_, content) in parts {
        writer.write(content, &mut file).unwrap();
    }
    writer.finish(&mut file).unwrap();
    file
}

fn signed(parts: &[Content]) -> Vec<u8> {
    bundle(parts).sign(&device()).unwrap()
}

/// Content that begins with the length of a header and may then be anything.
fn raw(content: &[u8]) -> Vec<u8> {
    let (mut sealer, mut file) = Sealer::begin(sealing().public()).unwrap();
    sealer.write(content, &mut file).unwrap();
    sealer.finish(&mut file).unwrap();
    file
}

fn case(name: &'static str, what: &str, hex: &[u8], seed: [u8; 32], expect: Value) -> Vector {
    let own = json!({
        "kind": "bundle",
        "hex": hex::encode(hex),
        "seed": hex::encode(seed),
        "expect": expect,
    });
    vector(name, what, own)
}

fn taken(name: &'static str, what: &str, of: &str, take: &[[usize; 2]], expect: Value) -> Vector {
    let seed = hex::encode(SERVER);
    let own = json!({ "kind": "bundle", "of": of, "take": take, "seed": seed, "expect": expect });
    vector(name, what, own)
}

fn usual() -> Vec<Content> {
    let picture = b"\xff\xd8\xff picture".to_vec();
    let total = picture.len() as u64;
    let document = PartKind::Document { document: Hash::of(&picture), offset: 0, total };
    vec![
        (PartKind::Enrolment, request().sign(&device()).unwrap()),
        (PartKind::Batch, batch().encode().unwrap()),
        (document, picture),
    ]
}

fn bundles() -> Vec<Vector> {
    assert_eq!(UnsealingKey::from_seed(&SERVER).public(), sealing().public());
    let parts = usual();
    let good = file(&signed(&parts), &parts, &SERVER);
    let altered = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    };
    let damaged = || error("bundle.damaged");
    let mut vectors = vec![
        case("good", "A phone's file.", &good, SERVER, describe::bundle(&bundle(&parts))),
        case(
            "nothing but news",
            "A file whose header lists nothing.",
            &file(&signed(&[]), &[], &SERVER),
            SERVER,
            describe::bundle(&bundle(&[])),
        ),
        case("another key", "A file for another.", &good, PHONE, error("bundle.other_key")),
        case("altered version", "A version to come.", &altered(1), SERVER, error("bundle.version")),
        case("altered key id", "Another key's id.", &altered(5), SERVER, error("bundle.other_key")),
        case("altered encapsulated key", "A bit of it changed.", &altered(20), SERVER, damaged()),
        case("altered content", "A bit changed.", &altered(Prelude::LEN + 9), SERVER, damaged()),
        case("altered tag", "The last bit changed.", &altered(good.len() - 1), SERVER, damaged()),
        case("cut by a byte", "The last byte lacks.", &good[..good.len() - 1], SERVER, damaged()),
        case("prelude alone", "No chunk at all.", &good[..Prelude::LEN], SERVER, damaged()),
        case(
            "cut within the prelude",
            "Shorter than any bundle.",
            &good[..Prelude::LEN - 1],
            SERVER,
            error("bundle.not_a_bundle"),
        ),
        case("lengthened", "A byte more.", &[&good[..], &[0]].concat(), SERVER, damaged()),
    ];
    vectors.extend(headers());
    vectors.extend(chunks());
    vectors.extend(answers());
    vectors
}

/// Files whose seal is good and whose contents are not.
fn headers() -> Vec<Vector> {
    let parts = usual();
    let thief = Ed25519Key::from_seed(&[9; 32]);
    let stolen = bundle(&parts).sign(&thief).unwrap();
    let contents = || error("bundle.contents");
    let mut others = parts.clone();
    others[2].1[4] ^= 1;
    let later = vec![(PartKind::Other(77), b"of a later release".to_vec())];
    vec![
        case(
            "signed by another",
            "The key in the header did not sign it.",
            &file(&stolen, &parts, &SERVER),
            SERVER,
            error("key.unknown"),
        ),
        case(
            "a part too few",
            "The last part lacks.",
            &file(&signed(&parts), &parts[..2], &SERVER),
            SERVER,
            contents(),
        ),
        case(
            "a part too many",
            "More than the header lists.",
            &file(&signed(&parts[..2]), &parts, &SERVER),
            SERVER,
            contents(),
        ),
        case(
            "another part",
            "A part with another digest.",
            &file(&signed(&parts), &others, &SERVER),
            SERVER,
            contents(),
        ),
        case(
            "a part of a later release",
            "A kind of part that is passed over.",
            &file(&signed(&later), &later, &SERVER),
            SERVER,
            describe::bundle(&bundle(&later)),
        ),
        case("no header", "Three bytes of content.", &raw(&[0, 0, 0]), SERVER, contents()),
        case(
            "a header cut short",
            "Less than its length.",
            &raw(&[0, 0, 0, 9, 1]),
            SERVER,
            contents(),
        ),
        case(
            "a header too long",
            "More than a header may have.",
            &raw(&[0, 1, 0, 0, 1]),
            SERVER,
            contents(),
        ),
    ]
}

/// A file of two chunks, cut and put together anew.
fn chunks() -> Vec<Vector> {
    let content: Vec<u8> = (0..66_000_u32).map(|at| (at % 251) as u8).collect();
    let parts = vec![(PartKind::Other(99), content)];
    let two = file(&signed(&parts), &parts, &SERVER);
    let (first, end) = (Prelude::LEN + CHUNK_LEN + TAG_LEN, two.len());
    let damaged = || error("bundle.damaged");
    vec![
        case("two chunks", "More than 64 KiB.", &two, SERVER, describe::bundle(&bundle(&parts))),
        taken("cut between chunks", "The last lacks.", "two chunks", &[[0, first]], damaged()),
        taken(
            "first chunk left out",
            "The last alone.",
            "two chunks",
            &[[0, Prelude::LEN], [first, end]],
            damaged(),
        ),
        taken(
            "chunks in another order",
            "The last one first.",
            "two chunks",
            &[[0, Prelude::LEN], [first, end], [Prelude::LEN, first]],
            damaged(),
        ),
        taken(
            "last chunk twice",
            "It is repeated.",
            "two chunks",
            &[[0, end], [first, end]],
            damaged(),
        ),
    ]
}

fn answers() -> Vec<Vector> {
    let parts = vec![
        (PartKind::Trust, b"trust file".to_vec()),
        (PartKind::Profile, b"profile".to_vec()),
        (PartKind::Ack, b"ack".to_vec()),
        (PartKind::StatusList { list: 7 }, b"token".to_vec()),
        (PartKind::IssuedSet, b"issued set".to_vec()),
    ];
    let header = answer(&parts).encode().unwrap();
    let good = file(&header, &parts, &PHONE);
    let case = |name, what: &str, hex: &[u8], expect| {
        let seed = hex::encode(PHONE);
        let own =
            json!({ "kind": "answer", "hex": hex::encode(hex), "seed": seed, "expect": expect });
        vector(name, what, own)
    };
    vec![
        case("answer", "A file that goes back.", &good, describe::answer(&answer(&parts))),
        case(
            "bundle for an answer",
            "A signed header where none is.",
            &file(&signed(&parts), &parts, &PHONE),
            error("cbor.tag"),
        ),
    ]
}
