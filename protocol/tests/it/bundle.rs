//! Sealed bundles: only a whole, unaltered file opens, and only for whom it is sealed to.

use proptest::prelude::*;
use protocol::bundle::stream::{CHUNK_LEN, Opener, Prelude, Sealer, TAG_LEN, sealed_len};
use protocol::bundle::{
    Answer, Bundle, BundleFault, Event, MAX_FILE_LEN, MAX_PARTS, Part, PartKind, Parts, Place,
    Reader, Writer, file_len, verify,
};
use protocol::id::BundleId;
use protocol::key::Signer;
use protocol::seal::UnsealingKey;
use protocol::{Error, Hash, Result};
use samples::{batch, device, document, now, request, sealing};

const SEALED_CHUNK: usize = CHUNK_LEN + TAG_LEN;

fn phone() -> UnsealingKey {
    UnsealingKey::from_seed(&[0x41; 32])
}

/// Something of this length that is nowhere the same.
fn content(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at % 251) as u8 ^ (at / 251) as u8).collect()
}

fn piece(content: &[u8]) -> PartKind {
    let document = document().hash;
    PartKind::Document { document, offset: 0, total: content.len() as u64 }
}

fn bundle(parts: &[(PartKind, Vec<u8>)]) -> Bundle {
    Bundle {
        device: device().public_key(),
        id: BundleId::from_bytes([0xb0; 16]),
        place: Place { number: 2, of: 3 },
        made: now(),
        answer_to: phone().public().clone(),
        parts: parts.iter().map(|(kind, content)| Part::of(*kind, content)).collect(),
    }
}

fn write(header: &[u8], parts: &[(PartKind, Vec<u8>)], to: &UnsealingKey) -> Vec<u8> {
    let (mut writer, mut file) = Writer::begin(to.public(), header).unwrap();
    for (_, content) in parts {
        writer.write(content, &mut file).unwrap();
    }
    writer.finish(&mut file).unwrap();
    file
}

fn file(parts: &[(PartKind, Vec<u8>)]) -> Vec<u8> {
    write(&bundle(parts).sign(&device()).unwrap(), parts, &sealing())
}

fn usual() -> Vec<(PartKind, Vec<u8>)> {
    vec![
        (PartKind::Enrolment, request().sign(&device()).unwrap()),
        (PartKind::Batch, batch().encode().unwrap()),
        (piece(&content(1000)), content(1000)),
    ]
}

/// Three chunks, the last of them short.
fn long() -> Vec<(PartKind, Vec<u8>)> {
    vec![(piece(&content(140_000)), content(140_000)), (PartKind::Other(99), vec![7; 10])]
}

fn open(file: &[u8]) -> Result<Vec<Vec<u8>>> {
    verify::<Bundle>(file, &sealing())?;
    Parts::<Bundle>::of(file, &sealing())?.map(|part| part.map(|(_, content)| content)).collect()
}

fn code(file: &[u8]) -> &'static str {
    open(file).err().map_or("opened", |error| error.code())
}

#[test]
fn what_was_sealed_opens_as_it_was() {
    for parts in [usual(), long(), vec![], vec![(PartKind::Other(7), vec![])]] {
        let file = file(&parts);
        let header = verify::<Bundle>(&file, &sealing()).unwrap();
        assert_eq!(header, bundle(&parts));
        let contents: Vec<Vec<u8>> = parts.iter().map(|(_, content)| content.clone()).collect();
        assert_eq!(open(&file).unwrap(), contents);
        let sum = contents.iter().map(Vec::len).sum();
        assert_eq!(file.len(), file_len(header.sign(&device()).unwrap().len(), sum));
    }
}

#[test]
fn outside_stand_version_key_id_and_encapsulated_key_alone() {
    let file = file(&usual());
    let prelude = Prelude::decode(&file).unwrap();
    assert_eq!(prelude.kid, sealing().public().kid());
    for inside in [device().public_key().kid().as_bytes().as_slice(), &[0xb0; 16], &content(40)] {
        assert!(!file.windows(inside.len()).any(|window| window == inside));
    }
}

#[test]
fn the_same_contents_never_look_the_same_twice() {
    assert_ne!(file(&usual()), file(&usual()));
}

#[test]
fn another_key_opens_nothing() {
    let file = file(&usual());
    let other = verify::<Bundle>(&file, &phone()).unwrap_err();
    assert_eq!(other, Error::Bundle(BundleFault::OtherKey));
    let mut renamed = file;
    renamed[3..11].copy_from_slice(phone().public().kid().as_bytes());
    let other = verify::<Bundle>(&renamed, &phone()).unwrap_err();
    assert_eq!(other, Error::Bundle(BundleFault::Damaged));
}

#[test]
fn a_file_cut_at_any_byte_is_refused() {
    let file = file(&usual());
    for len in 0..file.len() {
        assert_ne!(code(&file[..len]), "opened", "{len} bytes");
    }
}

#[test]
fn a_file_cut_at_the_end_of_a_chunk_is_refused() {
    let file = file(&long());
    for chunks in 0..=2 {
        let len = Prelude::LEN + chunks * SEALED_CHUNK;
        assert_eq!(code(&file[..len]), "bundle.damaged", "{chunks} chunks");
    }
    assert_eq!(open(&file).unwrap().len(), 2);
}

#[test]
fn a_change_of_any_bit_is_noticed() {
    let file = file(&usual());
    for at in 0..file.len() {
        let mut altered = file.clone();
        altered[at] ^= 1 << (at % 8);
        assert_ne!(code(&altered), "opened", "byte {at}");
    }
}

#[test]
fn chunks_that_are_moved_repeated_left_out_or_added_are_noticed() {
    let file = file(&long());
    let (prelude, chunks) = file.split_at(Prelude::LEN);
    let chunks: Vec<&[u8]> = chunks.chunks(SEALED_CHUNK).collect();
    assert_eq!(chunks.len(), 3);
    let other_file = self::file(&long());
    let foreign = &other_file[Prelude::LEN..][..SEALED_CHUNK];
    let with = |order: &[&[u8]]| [prelude, &order.concat()].concat();
    let [first, second, last] = [chunks[0], chunks[1], chunks[2]];
    assert_eq!(code(&with(&[first, second, last])), "opened");
    for order in [
        vec![second, first, last],
        vec![first, first, second, last],
        vec![second, last],
        vec![first, last],
        vec![first, second, last, last],
        vec![first, second, last, first],
        vec![foreign, second, last],
        vec![first, second, last, &[0]],
    ] {
        assert_eq!(code(&with(&order)), "bundle.damaged");
    }
}

#[test]
fn a_chunk_that_was_not_the_last_does_not_become_it() {
    // Two whole chunks, so that the second has the length of one that others follow.
    let (mut sealer, mut file) = Sealer::begin(sealing().public()).unwrap();
    sealer.write(&content(2 * CHUNK_LEN), &mut file).unwrap();
    sealer.finish(&mut file).unwrap();
    assert_eq!(file.len(), sealed_len(2 * CHUNK_LEN));
    let read = |bytes: &[u8]| {
        let mut opener = Opener::begin(&Prelude::decode(bytes)?, &sealing())?;
        let mut opened = Vec::new();
        opener.read(&bytes[Prelude::LEN..], &mut opened)?;
        opener.finish(&mut opened)?;
        Ok(opened)
    };
    assert_eq!(read(&file).unwrap(), content(2 * CHUNK_LEN));
    let cut: Result<_> = read(&file[..file.len() - SEALED_CHUNK]);
    assert_eq!(cut, Err(Error::Bundle(BundleFault::Damaged)));
}

#[test]
fn a_last_chunk_of_no_bytes_is_refused() {
    let (sealer, mut file) = Sealer::begin(sealing().public()).unwrap();
    sealer.finish(&mut file).unwrap();
    assert_eq!(code(&file), "bundle.damaged");
}

#[test]
fn a_header_that_its_own_key_did_not_sign_is_refused() {
    let parts = usual();
    let thief = protocol::key::Ed25519Key::from_seed(&[9; 32]);
    let stolen = bundle(&parts).sign(&thief).unwrap();
    let refused = verify::<Bundle>(&write(&stolen, &parts, &sealing()), &sealing()).unwrap_err();
    assert_eq!(refused.code(), "key.unknown");
}

#[test]
fn contents_that_the_header_does_not_list_are_refused() {
    let parts = usual();
    let signed = bundle(&parts).sign(&device()).unwrap();
    let mut fewer = parts.clone();
    fewer.pop();
    let mut more = parts.clone();
    more.push((PartKind::Ack, vec![1]));
    let mut others = parts.clone();
    others[2].1[0] ^= 1;
    let mut turned = parts;
    turned.swap(0, 1);
    for other in [fewer, more, others, turned] {
        assert_eq!(code(&write(&signed, &other, &sealing())), "bundle.contents");
    }
}

#[test]
fn an_answer_is_no_bundle_and_a_bundle_no_answer() {
    let parts = vec![(PartKind::Ack, vec![1, 2, 3])];
    let answer = Answer {
        device: device().public_key().thumbprint(),
        id: BundleId::from_bytes([1; 16]),
        place: Place { number: 1, of: 1 },
        made: now(),
        parts: parts.iter().map(|(kind, content)| Part::of(*kind, content)).collect(),
    };
    let file = write(&answer.encode().unwrap(), &parts, &phone());
    assert_eq!(verify::<Answer>(&file, &phone()).unwrap(), answer);
    assert!(verify::<Bundle>(&file, &phone()).is_err());
    let signed = bundle(&parts).sign(&device()).unwrap();
    assert!(verify::<Answer>(&write(&signed, &parts, &phone()), &phone()).is_err());
}

#[test]
fn parts_that_a_later_release_knows_are_passed_over() {
    let parts = vec![(PartKind::Other(77), vec![1, 2, 3]), usual()[1].clone()];
    let opened = verify::<Bundle>(&file(&parts), &sealing()).unwrap();
    assert_eq!(opened.parts[0].kind, PartKind::Other(77));
    assert_eq!(opened.parts[1].kind, PartKind::Batch);
}

#[test]
fn limits_hold_for_writers_and_readers() {
    let one = |number, of| Bundle { place: Place { number, of }, ..bundle(&[]) }.sign(&device());
    for (number, of) in [(0, 1), (2, 1), (1, 10_000), (0, 0)] {
        assert_eq!(one(number, of).unwrap_err().code(), "field.wrong");
    }
    let mut many = bundle(&[]);
    many.parts = vec![Part::of(PartKind::Ack, &[]); MAX_PARTS + 1];
    assert_eq!(many.sign(&device()).unwrap_err().code(), "size.too_large");
    let mut large = bundle(&[]);
    large.parts =
        vec![Part { kind: PartKind::Batch, len: MAX_FILE_LEN + 1, digest: Hash::of(b"") }];
    assert_eq!(large.sign(&device()).unwrap_err().code(), "size.too_large");
    let beyond = [file(&usual()), vec![0; MAX_FILE_LEN]].concat();
    assert!(verify::<Bundle>(&beyond, &sealing()).is_err());
}

#[test]
fn the_largest_header_fits_into_the_first_chunk() {
    let mut full = bundle(&[]);
    let kind = PartKind::Document { document: Hash::of(b""), offset: 0, total: 40_000 };
    full.parts = vec![Part { kind, len: 39_000, digest: Hash::of(b"d") }; MAX_PARTS];
    let signed = full.sign(&device()).unwrap();
    assert!(Writer::begin(sealing().public(), &signed).is_ok(), "{} bytes", signed.len());
}

proptest! {
    #[test]
    fn a_reader_finds_the_same_however_the_bytes_come(
        cuts in prop::collection::vec(1_usize..100_000, 1..12),
    ) {
        let file = file(&long());
        let prelude = Prelude::decode(&file).unwrap();
        let mut reader = Reader::<Bundle>::begin(&prelude, &sealing()).unwrap();
        let (mut rest, mut contents, mut ended) = (&file[Prelude::LEN..], vec![Vec::new(); 2], 0);
        for step in cuts.iter().cycle() {
            while let Some(event) = reader.next_event().unwrap() {
                match event {
                    Event::Header => prop_assert!(reader.header().is_some()),
                    Event::Bytes(part, bytes) => contents[part].extend(bytes),
                    Event::End(part) => {
                        prop_assert_eq!(part, ended);
                        ended += 1;
                    }
                }
            }
            if rest.is_empty() {
                break;
            }
            let (now, later) = rest.split_at((*step).min(rest.len()));
            reader.push(now).unwrap();
            rest = later;
            if rest.is_empty() {
                reader.end().unwrap();
            }
        }
        prop_assert_eq!(ended, 2);
        prop_assert_eq!(contents, long().into_iter().map(|(_, content)| content).collect::<Vec<_>>());
    }

    #[test]
    fn no_change_of_a_file_opens(at in 0_usize..140_000, with: u8, cut in 0_usize..140_000) {
        let file = file(&long());
        let mut altered = file.clone();
        let at = at % altered.len();
        altered[at] ^= with;
        prop_assert_eq!(code(&altered) == "opened", with == 0);
        prop_assert!(code(&file[..cut % file.len()]) != "opened");
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = verify::<Bundle>(&bytes, &sealing());
        let sealed = |content: &[u8]| {
            let (mut sealer, mut file) = Sealer::begin(sealing().public()).unwrap();
            sealer.write(content, &mut file).unwrap();
            sealer.finish(&mut file).unwrap();
            file
        };
        let _ = verify::<Bundle>(&sealed(&bytes), &sealing());
        let _ = verify::<Answer>(&sealed(&bytes), &sealing());
        let headed = [(bytes.len() as u32).to_be_bytes().as_slice(), &bytes].concat();
        let _ = verify::<Answer>(&sealed(&headed), &sealing());
        let _ = Answer::decode(&bytes);
        let signed = protocol::cose::sign1(protocol::cose::ObjectType::Bundle, &bytes, &device());
        let _ = signed.and_then(|signed| Bundle::open(&signed));
    }
}
