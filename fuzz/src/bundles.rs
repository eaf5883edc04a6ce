//! Sealed bundles: files as they come, their contents under a good seal, and files written of any parts.

use crate::fixtures::{public, signer, unsealing};
use crate::script::Script;
use protocol::bundle::stream::{Prelude, Sealer};
use protocol::bundle::{
    Answer, Bundle, Event, Part, PartKind, Parts, Place, Reader, Writer, verify,
};
use protocol::cose::{ObjectType, sign1};
use protocol::id::BundleId;
use protocol::{Hash, Timestamp};

pub(crate) fn bundle(bytes: &[u8]) {
    let _ = verify::<Bundle>(bytes, &unsealing());
    let _ = verify::<Answer>(bytes, &unsealing());
    header(bytes);
    if let Ok(file) = seal(bytes) {
        read_in_steps(&file, 1 + bytes.len() % 61);
    }
    write_and_read(&mut Script::of(bytes));
}

/// Headers that are read are written to the same meaning, and those that are signed to the same bytes.
fn header(bytes: &[u8]) {
    if let Ok(answer) = Answer::decode(bytes) {
        assert_eq!(answer.encode().and_then(|it| Answer::decode(&it)), Ok(answer));
    }
    let signed = sign1(ObjectType::Bundle, bytes, &signer()).unwrap_or_default();
    if let Ok(bundle) = Bundle::open(&signed) {
        assert_eq!(bundle.device, public());
        assert_eq!(bundle.sign(&signer()).and_then(|it| Bundle::open(&it)), Ok(bundle));
    }
}

/// The bytes as the content of a sealed file.
fn seal(content: &[u8]) -> protocol::Result<Vec<u8>> {
    let (mut sealer, mut file) = Sealer::begin(unsealing().public())?;
    sealer.write(content, &mut file)?;
    sealer.finish(&mut file)?;
    Ok(file)
}

type Contents = Vec<(Part, Vec<u8>)>;

/// A file says the same whether it is at hand or comes a few bytes at a time.
fn read_in_steps(file: &[u8], step: usize) {
    let at_hand: protocol::Result<Contents> =
        Parts::<Answer>::of(file, &unsealing()).and_then(Iterator::collect);
    let verified = verify::<Answer>(file, &unsealing());
    assert_eq!(at_hand.as_ref().err(), verified.as_ref().err());
    assert_eq!(in_steps(file, step), at_hand);
}

fn in_steps(file: &[u8], step: usize) -> protocol::Result<Contents> {
    let mut reader = Reader::<Answer>::begin(&Prelude::decode(file)?, &unsealing())?;
    let (mut found, mut content) = (Vec::new(), Vec::new());
    let mut pieces = file[Prelude::LEN..].chunks(step);
    loop {
        let piece = pieces.next();
        match piece {
            Some(piece) => reader.push(piece)?,
            None => reader.end()?,
        }
        while let Some(event) = reader.next_event()? {
            match event {
                Event::Header => {}
                Event::Bytes(_, bytes) => content.extend(bytes),
                Event::End(number) => {
                    let part = reader.header().and_then(|it| it.parts.get(number).cloned());
                    found.extend(part.map(|part| (part, std::mem::take(&mut content))));
                }
            }
        }
        if piece.is_none() {
            return Ok(found);
        }
    }
}

/// What is written is read, whatever the parts.
fn write_and_read(script: &mut Script<'_>) {
    let mut contents: Contents = Vec::new();
    for _ in 0..script.byte() % 6 {
        let kind = match script.byte() % 10 {
            0 => PartKind::Enrolment,
            1 => PartKind::Batch,
            2 => PartKind::Trust,
            3 => PartKind::Profile,
            4 => PartKind::StatusList { list: script.number() as u32 },
            5 => PartKind::Ack,
            6 => PartKind::IssuedSet,
            7 => PartKind::Other(1_000),
            _ => PartKind::Document { document: Hash::of(b"whole"), offset: 7, total: 90_000 },
        };
        // Now and then a part that fills more than one chunk.
        let content = match script.byte() {
            255 => vec![script.byte(); 60_000 + script.number()],
            len => script.take(len.into()),
        };
        contents.push((Part::of(kind, &content), content));
    }
    let header = Answer {
        device: Hash::of(b"a phone"),
        id: BundleId::from_bytes([1; 16]),
        place: Place { number: 1, of: 1 },
        made: Timestamp::MAX,
        parts: contents.iter().map(|(part, _)| part.clone()).collect(),
    };
    let Ok(encoded) = header.encode() else { return };
    let read = write(&encoded, &contents, 1 + script.number()).and_then(|file| {
        Parts::<Answer>::of(&file, &unsealing())?.collect::<protocol::Result<Contents>>()
    });
    assert_eq!(read, Ok(contents));
}

/// Writes a file, so many bytes of each part at a time.
fn write(header: &[u8], contents: &Contents, step: usize) -> protocol::Result<Vec<u8>> {
    let (mut writer, mut file) = Writer::begin(unsealing().public(), header)?;
    for piece in contents.iter().flat_map(|(_, content)| content.chunks(step)) {
        writer.write(piece, &mut file)?;
    }
    writer.finish(&mut file)?;
    Ok(file)
}
