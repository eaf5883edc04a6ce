//! The road without a network: files that phones export, that anybody carries, and that come back.

use super::network::Fault;
use super::random::Random;
use super::world::World;
use verifier_core::bundle::Imported;
use verifier_core::sync::{HttpRequest, HttpResponse, Method, SyncReport};
use verifier_core::verifier::{EngineError, Verifier};

/// A file on its way, and which phone's it is.
#[derive(Debug, Clone)]
pub struct Carried {
    /// The phone that made it, or that it answers.
    pub phone: usize,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Files that are under way.
#[derive(Debug, Default)]
pub struct Satchel {
    /// To the office.
    pub out: Vec<Carried>,
    /// Back to phones.
    pub back: Vec<Carried>,
}

impl World<'_> {
    /// A phone exports what the office lacks.
    ///
    /// # Errors
    /// When storage failed without excuse.
    pub fn export(&mut self, place: usize) -> Result<usize, String> {
        let clock = self.phones[place].clocks.at(self.now);
        let files = self.ask(place, "export", |verifier| exported(verifier, clock))?;
        let files = files.unwrap_or_default();
        let count = files.len();
        if count > 0 {
            let line = format!("{} exports {count} files", self.phones[place].name);
            self.tell(line);
        }
        self.satchel.out.extend(files.into_iter().map(|bytes| Carried { phone: place, bytes }));
        Ok(count)
    }

    /// Somebody with a network brings one of the files to the office, in any order, perhaps damaged,
    /// perhaps not for the last time.
    ///
    /// # Errors
    /// When the server does not start again.
    pub fn bring(&mut self) -> Result<(), String> {
        if self.satchel.out.is_empty() {
            return Ok(());
        }
        let at = self.random.below(self.satchel.out.len());
        let keeps = self.random.percent(30);
        let file = match keeps {
            true => self.satchel.out[at].clone(),
            false => self.satchel.out.swap_remove(at),
        };
        let damaged = self.random.percent(10);
        let bytes =
            if damaged { damage(&file.bytes, &mut self.random) } else { file.bytes.clone() };
        if damaged {
            // Whoever carries a file keeps it until it arrives whole.
            self.satchel.out.push(file.clone());
        }
        let World { network, office, random, .. } = self;
        let (answer, fault) = network.carry(office, random, brought(bytes))?;
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
                self.satchel.back.push(Carried { phone: file.phone, bytes: body });
            }
            _ if keeps || damaged => {}
            _ => self.satchel.out.push(file),
        }
        Ok(())
    }

    /// A phone is given one of the files that came back, its own or another's, perhaps damaged.
    ///
    /// # Errors
    /// When storage failed without excuse.
    pub fn import(&mut self, place: usize) -> Result<(), String> {
        let own: Vec<usize> = (0..self.satchel.back.len())
            .filter(|&at| self.satchel.back[at].phone == place)
            .collect();
        let any = self.random.percent(10) || own.is_empty();
        let at = match any {
            true => self.random.below(self.satchel.back.len()),
            false => self.random.pick(&own).copied().unwrap_or(0),
        };
        let Some(file) = self.satchel.back.get(at).cloned() else { return Ok(()) };
        let damaged = self.random.percent(10);
        let bytes =
            if damaged { damage(&file.bytes, &mut self.random) } else { file.bytes.clone() };
        if let Some((refused, _)) = self.take_in(place, &bytes)?
            && damaged
            && !refused
        {
            let name = self.phones[place].name.clone();
            self.breach(format!("{name} takes in a damaged file"));
        }
        if self.random.percent(60) {
            self.satchel.back.swap_remove(at);
        }
        Ok(())
    }

    /// Exports, brings everything to the office and takes the answers in, with nothing going wrong.
    /// Gives what changed.
    ///
    /// # Errors
    /// When something fails although nothing is broken.
    pub fn carry_whole(&mut self, place: usize) -> Result<SyncReport, String> {
        self.satchel = Satchel::default();
        self.export(place)?;
        let mut sum = SyncReport::default();
        for file in std::mem::take(&mut self.satchel.out) {
            let World { network, office, random, .. } = self;
            let (answer, _) = network.carry(office, random, brought(file.bytes))?;
            let answer = answer.map_err(|failure| format!("a file is not taken in: {failure}"))?;
            if answer.status != 200 {
                return Err(format!("a file is answered with status {}", answer.status));
            }
            match self.take_in(place, &answer.body)? {
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
    fn take_in(
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
fn exported(
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

/// The request by which a stranger brings a file.
fn brought(body: Vec<u8>) -> HttpRequest {
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
