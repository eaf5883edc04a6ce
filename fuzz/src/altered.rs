//! Good objects that someone alters: whatever still opens says what its signer wrote.
//!
//! The first byte chooses one of the [`GOODS`], the others are edits of its bytes.

use crate::script::Script;
use protocol::Hash;
use protocol::ack::Ack;
use protocol::authenticity::{authenticate, read_text};
use protocol::bundle::{Answer, Bundle, Part, PartKind, Place, Writer, verify};
use protocol::delegation::Delegation;
use protocol::enrolment::Request;
use protocol::id::BundleId;
use protocol::key::Signer;
use protocol::profile::Profile;
use protocol::record::Record;
use protocol::session::SessionProof;
use protocol::status::StatusList;
use protocol::trust::{IssuedSets, TrustFile, TrustList, TrustState};
use samples::{self, Who, field};
use std::sync::LazyLock;

/// Something signed or sealed, and what it says when it opens.
struct Good {
    bytes: Vec<u8>,
    says: fn(&[u8]) -> Option<String>,
}

static TRUST: LazyLock<TrustList> = LazyLock::new(field::field_trust_list);

static GOODS: LazyLock<Vec<(Good, String)>> = LazyLock::new(|| {
    let goods = goods().unwrap_or_else(|error| unreachable!("a sample cannot be made: {error}"));
    goods
        .into_iter()
        .map(|good| {
            let says = (good.says)(&good.bytes);
            (good, says.unwrap_or_else(|| unreachable!("a good sample does not open")))
        })
        .collect()
});

/// At most so many edits.
const EDITS: usize = 8;

pub(crate) fn altered(bytes: &[u8]) {
    let mut script = Script::of(bytes);
    let (good, says) = &GOODS[usize::from(script.byte()) % GOODS.len()];
    let mut altered = good.bytes.clone();
    for _ in 0..EDITS {
        if script.is_over() {
            break;
        }
        edit(&mut altered, &mut script);
    }
    if let Some(said) = (good.says)(&altered) {
        assert_eq!(&said, says, "it was altered, and opens");
    }
}

fn edit(bytes: &mut Vec<u8>, script: &mut Script<'_>) {
    let how = script.byte();
    let at = script.number() % (bytes.len() + 1);
    match how % 6 {
        0 => {
            let by = script.byte();
            bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= by);
        }
        1 => bytes.insert(at, script.byte()),
        2 => drop(bytes.drain(at..(at + usize::from(script.byte())).min(bytes.len()))),
        3 => drop(bytes.splice(at..at, script.bytes())),
        4 => {
            let piece = script.bytes();
            let end = (at + piece.len()).min(bytes.len());
            drop(bytes.splice(at..end, piece));
        }
        _ => {
            let end = (at + script.number()).min(bytes.len());
            let piece = bytes[at..end].to_vec();
            let to = script.number() % (bytes.len() + 1);
            drop(bytes.splice(to..to, piece));
        }
    }
}

fn goods() -> protocol::Result<Vec<Good>> {
    let offered = samples::voucher();
    let jwt = samples::jwt(&samples::jwt_header(), &samples::jwt_claims().to_string());
    let list = samples::status_list(64, &[(3, protocol::status::Status::Revoked)]);
    Ok(vec![
        Good { bytes: samples::text_of(&offered, Who::Voucher).into_bytes(), says: voucher },
        Good {
            bytes: field::text(&field::field_voucher(), &field::delegation()).into_bytes(),
            says: voucher,
        },
        Good { bytes: jwt.into_bytes(), says: voucher },
        Good {
            bytes: samples::ack().sign(&samples::key(Who::Ack))?,
            says: |it| said(Ack::open(it, [&samples::public(Who::Ack)])),
        },
        Good {
            bytes: samples::profile().sign(&samples::key(Who::Profile))?,
            says: |it| said(Profile::open(it, [&samples::public(Who::Profile)])),
        },
        Good {
            bytes: list.sign(&samples::key(Who::Status))?,
            says: |it| said(StatusList::open(it, [&samples::public(Who::Status)])),
        },
        Good {
            bytes: field::delegation().sign(&field::delegating())?,
            says: |it| said(Delegation::open(it, [&field::delegating().public_key()])),
        },
        Good {
            bytes: samples::record(1, &samples::redeem()).encode()?,
            says: |it| {
                said(Record::decode(it).and_then(|it| it.open(&samples::device().public_key())))
            },
        },
        Good {
            bytes: samples::request().sign(&samples::device())?,
            says: |it| said(Request::open(it)),
        },
        Good {
            bytes: samples::session().sign(&samples::device())?,
            says: |it| said(SessionProof::open(it, &samples::device().public_key())),
        },
        Good { bytes: samples::trust_file().encode()?, says: trust_file },
        Good { bytes: phones_file()?, says: phones_header },
        Good { bytes: answer_file()?, says: |it| said(verify::<Answer>(it, &samples::sealing())) },
    ])
}

fn said<T: std::fmt::Debug>(opened: protocol::Result<T>) -> Option<String> {
    opened.ok().map(|opened| format!("{opened:?}"))
}

/// The payload, and all that a verdict rests on.
fn voucher(text: &[u8]) -> Option<String> {
    let signed = read_text(std::str::from_utf8(text).ok()?).ok()?;
    let authentic = authenticate(&signed, &TRUST, &IssuedSets::none()).ok()?;
    Some(format!("{authentic:?}"))
}

fn trust_file(file: &[u8]) -> Option<String> {
    let file = TrustFile::decode(file).ok()?;
    let pinned = samples::root_hash(&samples::root());
    let state = TrustState::first(pinned, &file, samples::now()).ok()?;
    Some(format!("{} {:?}", state.list_hash(), state.list()))
}

const CONTENT: [u8; 90] = [0x5a; 90];

fn parts() -> Vec<Part> {
    vec![Part::of(PartKind::Batch, &CONTENT[..60]), Part::of(PartKind::Other(77), &CONTENT[60..])]
}

fn sealed(header: &[u8]) -> protocol::Result<Vec<u8>> {
    let (mut writer, mut file) = Writer::begin(samples::sealing().public(), header)?;
    writer.write(&CONTENT, &mut file)?;
    writer.finish(&mut file)?;
    Ok(file)
}

fn phones_file() -> protocol::Result<Vec<u8>> {
    let header = Bundle {
        device: samples::device().public_key(),
        id: BundleId::from_bytes([0xb0; 16]),
        place: Place { number: 1, of: 2 },
        made: samples::now(),
        answer_to: samples::sealing().public().clone(),
        parts: parts(),
    };
    sealed(&header.sign(&samples::device())?)
}

fn phones_header(file: &[u8]) -> Option<String> {
    said(verify::<Bundle>(file, &samples::sealing()))
}

fn answer_file() -> protocol::Result<Vec<u8>> {
    let header = Answer {
        device: Hash::of(b"a phone's key"),
        id: BundleId::from_bytes([0xb1; 16]),
        place: Place { number: 1, of: 1 },
        made: samples::now(),
        parts: parts(),
    };
    sealed(&header.encode()?)
}
