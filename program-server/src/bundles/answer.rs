//! The way back: what the phone would have been told over a network, in files sealed to it.

use crate::app::App;
use crate::devices::{self, Device, DeviceStatus};
use crate::sync::{self, Quota};
use crate::{Error, Result, keys, providers, trust};
use protocol::ack::Batch;
use protocol::bundle::{
    Answer, MAX_FILE_LEN, MAX_PARTS, Part, PartKind, Place, Writer, file_len, file_name,
};
use protocol::id::BundleId;
use protocol::seal::SealingKey;
use std::collections::BTreeMap;

use super::ImportedBundle;

/// A file that goes back to a phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerFile {
    /// What it is called.
    pub name: String,
    pub bytes: Vec<u8>,
}

/// Bytes of a file that are left for headers beside the parts.
const HEADER_ROOM: usize = 64 * 1024;

type Content = (PartKind, Vec<u8>);

/// The answer to files of one device, in as many files as it takes: the first has what a new phone
/// needs before anything else. It is made anew each time, and says how things stand now.
///
/// # Errors
/// [`Error::Unavailable`] when something cannot be signed, [`Error::Database`].
pub async fn answer(app: &App, imported: &[ImportedBundle]) -> Result<Vec<AnswerFile>> {
    let newest = imported.iter().max_by_key(|imported| imported.bundle.made);
    let newest = newest.ok_or_else(|| Error::invalid("there is nothing to be answered"))?;
    let mut contents = standing_news(app, &newest.device).await?;
    let own = imported.iter().filter(|imported| imported.device.id == newest.device.id);
    let mut asks: BTreeMap<_, Batch> = BTreeMap::new();
    for imported in own {
        contents.extend(imported.acks.iter().map(|ack| (PartKind::Ack, ack.clone())));
        for ask in &imported.asks {
            let asked = asks.entry(ask.chain).or_insert_with(|| ask.clone());
            asked.since = asked.since.min(ask.since);
        }
    }
    // Documents arrived after the acks to the records that name them.
    for ask in asks.into_values() {
        let ack = sync::receive(app, &newest.device, ask, Quota::default()).await?;
        contents.push((PartKind::Ack, ack));
    }
    contents.extend(status_lists(app, &newest.device).await?);
    contents.extend(issued_sets(app, &newest.device).await?);
    seal(app, &newest.device, &newest.bundle.answer_to, contents)
}

/// Trust and profile, which everything else is verified and judged by.
async fn standing_news(app: &App, device: &Device) -> Result<Vec<Content>> {
    let mut news = vec![(PartKind::Trust, trust::current_file(app).await?.bytes)];
    let device = devices::known(&app.db, device.id).await?.unwrap_or_else(|| device.clone());
    if device.status != DeviceStatus::Suspended {
        news.push((PartKind::Profile, devices::profile(app, &device).await?));
    }
    Ok(news)
}

/// The status lists of the programmes that the device's provider serves.
async fn status_lists(app: &App, device: &Device) -> Result<Vec<Content>> {
    let provider = providers::get(app.db.reader(), &device.provider).await?;
    let trust = trust::current(app).await?;
    let mut lists = Vec::new();
    for entry in &trust.state.list().status_lists {
        if provider.programmes.contains(&entry.programme) {
            let token = trust::status_token(app, entry.number).await?.bytes;
            lists.push((PartKind::StatusList { list: entry.number }, token));
        }
    }
    Ok(lists)
}

/// What was truly issued under compromised keys of those programmes.
async fn issued_sets(app: &App, device: &Device) -> Result<Vec<Content>> {
    let provider = providers::get(app.db.reader(), &device.provider).await?;
    let trust = trust::current(app).await?;
    let mut sets = Vec::new();
    for key in &trust.state.list().keys {
        let own = key.programmes.iter().any(|id| provider.programmes.contains(id));
        if let Some(pinned) = key.issued_set().filter(|_| own) {
            let set = trust::issued_set_file(app.db.reader(), pinned.hash).await?.bytes;
            sets.push((PartKind::IssuedSet, set));
        }
    }
    Ok(sets)
}

/// Distributes the contents over files, in their order, and seals each.
fn seal(
    app: &App,
    device: &Device,
    to: &SealingKey,
    contents: Vec<Content>,
) -> Result<Vec<AnswerFile>> {
    let mut files: Vec<Vec<Content>> = Vec::new();
    let mut filled = 0;
    for content in contents {
        let len = content.1.len();
        let file = files.last_mut().filter(|file| {
            file.len() < MAX_PARTS && file_len(HEADER_ROOM, filled + len) <= MAX_FILE_LEN
        });
        match file {
            Some(file) => {
                file.push(content);
                filled += len;
            }
            None => {
                files.push(vec![content]);
                filled = len;
            }
        }
    }
    let mut id = [0; 16];
    keys::random(&mut id)?;
    let (id, of) = (BundleId::from_bytes(id), u32::try_from(files.len()).unwrap_or(u32::MAX));
    (1..=of)
        .zip(files)
        .map(|(number, contents)| {
            let place = Place { number, of };
            let header = Answer {
                device: device.id.0,
                id,
                place,
                made: app.now(),
                parts: contents.iter().map(|(kind, content)| Part::of(*kind, content)).collect(),
            };
            let (mut writer, mut bytes) = Writer::begin(to, &header.encode()?)?;
            for (_, content) in &contents {
                writer.write(content, &mut bytes)?;
            }
            writer.finish(&mut bytes)?;
            Ok(AnswerFile { name: file_name(id, place, true), bytes })
        })
        .collect()
}
