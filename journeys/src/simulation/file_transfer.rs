//! Transfer by file, without a network: bundles that phones export, that anybody carries, and answers that come back.

use super::network::Fault;
use super::random::Random;
use super::world::World;
use verifier_core::bundle::Imported;
use verifier_core::sync::{HttpRequest, HttpResponse, Method, SyncReport};
use verifier_core::verifier::{EngineError, Verifier};

/// A file on its way, and which phone's it is.
#[derive(Debug, Clone)]
pub struct FileInTransit {
    /// The phone that made it, or that it answers.
    pub phone: usize,
    pub bytes: Vec<u8>,
}

#[derive(Debug, Default)]
pub struct InTransit {
    pub to_office: Vec<FileInTransit>,
    pub to_phones: Vec<FileInTransit>,
}

impl World<'_> {
    /// A phone exports what the office lacks.
    ///
    /// # Errors
    /// When storage failed without excuse.
    pub fn export(&mut self, place: usize) -> Result<usize, String> {
        let clock = self.phones[place].clocks.at(self.now);
        let files = self.ask(place, "export", |verifier| exported_files(verifier, clock))?;
        let files = files.unwrap_or_default();
        let count = files.len();
        if count > 0 {
            let line = format!("{} exports {count} files", self.phones[place].name);
            self.tell(line);
        }
        self.in_transit
            .to_office
            .extend(files.into_iter().map(|bytes| FileInTransit { phone: place, bytes }));
        Ok(count)
    }

    /// Somebody with a network brings one of the files to the office, in any order, perhaps damaged,
    /// perhaps not for the last time.
    ///
    /// # Errors
    /// When the server does not start again.
    pub fn deliver_file(&mut self) -> Result<(), String> {
        if self.in_transit.to_office.is_empty() {
            return Ok(());
        }
        let at = self.random.below(self.in_transit.to_office.len());
        let keeps = self.random.percent(30);
        let file = match keeps {
            true => self.in_transit.to_office[at].clone(),
            false => self.in_transit.to_office.swap_remove(at),
        };
        let damaged = self.random.percent(10);
        let bytes =
            if damaged { damage(&file.bytes, &mut self.random) } else { file.bytes.clone() };
        if damaged {
            // Whoever carries a file keeps it until it arrives whole.
            self.in_transit.to_office.push(file.clone());
        }
        let World { network, office, random, .. } = self;
        let (answer, fault) = network.send(office, random, upload_request(bytes))?;
        let name = self.phones[file.phone].name.clone();
        self.tell(format!(
            "a file of {name}{} is brought to the office{}: {}",
            if damaged { ", damaged," } else { "" },
            fault.map(|fault: Fault| format!(" [{fault:?}]")).unwrap_or_default(),
            match &answer {
                Ok(answer) => answer.status.to_string(),
                Err(failure) => format!("{failure:?}"),
            }
        ));
        match answer {
            Ok(HttpResponse { status: 200, body, .. }) if !body.is_empty() => {
                self.in_transit.to_phones.push(FileInTransit { phone: file.phone, bytes: body });
            }
            _ if keeps || damaged => {}
            _ => self.in_transit.to_office.push(file),
        }
        Ok(())
    }

    /// A phone is given one of the files that came back, its own or another's, perhaps damaged.
    ///
    /// # Errors
    /// When storage failed without excuse.
    pub fn import(&mut self, place: usize) -> Result<(), String> {
        let own: Vec<usize> = (0..self.in_transit.to_phones.len())
            .filter(|&at| self.in_transit.to_phones[at].phone == place)
            .collect();
        let any = self.random.percent(10) || own.is_empty();
        let at = match any {
            true => self.random.below(self.in_transit.to_phones.len()),
            false => self.random.pick(&own).copied().unwrap_or(0),
        };
        let Some(file) = self.in_transit.to_phones.get(at).cloned() else { return Ok(()) };
        let damaged = self.random.percent(10);
        let bytes =
            if damaged { damage(&file.bytes, &mut self.random) } else { file.bytes.clone() };
        if let Some((refused, _)) = self.import_file(place, &bytes)?
            && damaged
            && !refused
        {
            let name = self.phones[place].name.clone();
            self.breach(format!("{name} takes in a damaged file"));
        }
        if self.random.percent(60) {
            self.in_transit.to_phones.swap_remove(at);
        }
        Ok(())
    }

    /// Exports, brings everything to the office and takes the answers in, with nothing going wrong.
    /// Gives what changed.
    ///
    /// # Errors
    /// When something fails although nothing is broken.
    pub fn transfer_all(&mut self, place: usize) -> Result<SyncReport, String> {
        self.in_transit = InTransit::default();
        self.export(place)?;
        let mut sum = SyncReport::default();
        for file in std::mem::take(&mut self.in_transit.to_office) {
            let World { network, office, random, .. } = self;
            let (answer, _) = network.send(office, random, upload_request(file.bytes))?;
            let answer = answer.map_err(|failure| format!("a file is not taken in: {failure}"))?;
            if answer.status != 200 {
                return Err(format!("a file is answered with status {}", answer.status));
            }
            match self.import_file(place, &answer.body)? {
                Some((false, Some(report))) => {
                    sum.accepted += report.accepted;
                    sum.duplicates += report.duplicates;
                    sum.conflicts += report.conflicts;
                    sum.refused += report.refused;
                    sum.claims_changed += report.claims_changed;
                }
                _ => return Err("an answer is not taken in".to_owned()),
            }
        }
        Ok(sum)
    }

    /// A phone imports a file. Gives whether it refused it, and what it brought.
    fn import_file(
        &mut self,
        place: usize,
        bytes: &[u8],
    ) -> Result<Option<(bool, Option<SyncReport>)>, String> {
        let clock = self.phones[place].clocks.at(self.now);
        let imported = self.ask(place, "import", |verifier| verifier.import(bytes, clock))?;
        let name = self.phones[place].name.clone();
        Ok(match imported {
            None => None,
            Some(Imported::Refused(why)) => {
                self.tell(format!("{name} imports nothing: {}", why.code()));
                Some((true, None))
            }
            Some(Imported::Done(report)) => {
                let news = report.news;
                self.tell(format!(
                    "{name} imports: {} accepted, {} duplicates, {} conflicts, {} refused",
                    news.accepted, news.duplicates, news.conflicts, news.refused
                ));
                Some((false, Some(news)))
            }
        })
    }
}

/// Every file of an export.
fn exported_files(
    verifier: &Verifier,
    clock: verifier_core::clock::DeviceClock,
) -> Result<Vec<Vec<u8>>, EngineError> {
    let mut files = Vec::new();
    for mut file in verifier.export(clock)?.files {
        let mut bytes = Vec::new();
        while let Some(more) = file.next(verifier)? {
            bytes.extend(more);
        }
        files.push(bytes);
    }
    Ok(files)
}

/// The request by which anybody uploads a file.
fn upload_request(body: Vec<u8>) -> HttpRequest {
    HttpRequest {
        method: Method::Post,
        url: format!("{}/v1/bundles", super::template::ORIGIN),
        headers: vec![("content-type", "application/octet-stream".to_owned())],
        body,
        max_response: usize::MAX,
    }
}

/// The same file cut short, or with a byte altered.
fn damage(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let at = random.below(bytes.len());
    let mut damaged = bytes.to_vec();
    if random.percent(50) {
        damaged.truncate(at);
    } else if let Some(byte) = damaged.get_mut(at) {
        *byte ^= 1 << random.below(8);
    }
    damaged
}
