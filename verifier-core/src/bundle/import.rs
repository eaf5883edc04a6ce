//! Taking an answer in: each part by the rule by which a sync would have taken it.

use crate::clock::DeviceClock;
use crate::sync::SyncReport;
use crate::verifier::{EngineError, Verifier};
use protocol::ack::{Ack, Outcome};
use protocol::bundle::{Answer, BundleFault, MAX_FILE_LEN, Part, PartKind, Parts, Place, verify};
use protocol::id::ClaimId;
use protocol::{Error, Hash};
use std::collections::{BTreeMap, BTreeSet};

/// What came of importing a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Imported {
    /// It was taken in. Of what it brought, the report says what was news.
    Done(Box<ImportReport>),
    /// It is no answer for this phone. Nothing changed.
    Refused(ImportRefusal),
}

/// What an answer brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportReport {
    /// The file's place among those of its answer.
    pub place: Place,
    /// What changed, as after a sync.
    pub news: SyncReport,
    /// Why the profile is not accepted: the protocol's code. What is held stays.
    pub profile_refused: Option<&'static str>,
    /// Acks that no key of the trust list signed for this phone. They changed nothing.
    pub acks_refused: usize,
    /// Parts that this release does not know.
    pub passed_over: usize,
}

/// Why a file is not taken in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportRefusal {
    /// It is sealed to another key than this phone's.
    #[error(
        "the file is not for this phone: it answers another one, or this phone before its data was \
         lost. Export again, and import the answer to that"
    )]
    OtherPhone,
    /// It was altered or cut short, or is no bundle.
    #[error("the file cannot be read ({0}). Copy it again from where it was made")]
    Unreadable(Error),
    /// A later release made it.
    #[error("the file was made for a later version of this app: update it, then import")]
    LaterVersion,
}

impl ImportRefusal {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            ImportRefusal::OtherPhone => "other_phone",
            ImportRefusal::Unreadable(error) => error.code(),
            ImportRefusal::LaterVersion => "bundle.version",
        }
    }
}

impl From<Error> for ImportRefusal {
    fn from(error: Error) -> Self {
        match error {
            Error::Bundle(BundleFault::OtherKey) => ImportRefusal::OtherPhone,
            Error::Bundle(BundleFault::Version) => ImportRefusal::LaterVersion,
            other => ImportRefusal::Unreadable(other),
        }
    }
}

type Contents = (Answer, Vec<(Part, Vec<u8>)>);

impl Verifier {
    /// Takes in a file that the programme office sent back. All of it is checked before anything
    /// changes. Answers may be imported in any order and again; what is older than what is held
    /// changes nothing.
    ///
    /// # Errors
    /// When this phone never read an enrolment code, or its storage is broken.
    pub fn import(&mut self, file: &[u8], now: DeviceClock) -> Result<Imported, EngineError> {
        if self.origin().is_none() {
            return Err(EngineError::NotEnrolled);
        }
        let (answer, mut parts) = match self.contents(file)? {
            Ok(contents) => contents,
            Err(refusal) => return Ok(Imported::Refused(refusal)),
        };
        parts.sort_by_key(|(part, _)| turn(part.kind));
        let mut report = ImportReport {
            place: answer.place,
            news: SyncReport::default(),
            profile_refused: None,
            acks_refused: 0,
            passed_over: 0,
        };
        let mut acks = Vec::new();
        for (part, content) in parts {
            if part.kind == PartKind::Ack && self.trust().is_some() {
                acks.extend(self.take_ack(&content, now, &mut report)?);
            } else {
                self.take(part.kind, &content, now, &mut report)?;
            }
        }
        count(&acks, &mut report.news);
        Ok(Imported::Done(Box::new(report)))
    }

    /// Everything in a file, after all of it was checked.
    fn contents(&self, file: &[u8]) -> Result<Result<Contents, ImportRefusal>, EngineError> {
        let key = self.ledger().answer_key()?;
        let read = || {
            let (len, max) = (file.len(), MAX_FILE_LEN);
            if len > max {
                return Err(Error::TooLarge { what: "bundle", len, max }.into());
            }
            let answer = verify::<Answer>(file, &key)?;
            if answer.device != self.device().public_key().thumbprint() {
                return Err(ImportRefusal::OtherPhone);
            }
            let parts = Parts::<Answer>::of(file, &key)?.collect::<protocol::Result<_>>()?;
            Ok((answer, parts))
        };
        Ok(read())
    }

    fn take(
        &mut self,
        kind: PartKind,
        content: &[u8],
        now: DeviceClock,
        report: &mut ImportReport,
    ) -> Result<(), EngineError> {
        // Before there is trust, nothing else can be verified.
        if self.trust().is_none() && kind != PartKind::Trust {
            report.passed_over += 1;
            return Ok(());
        }
        match kind {
            PartKind::Trust => match self.accept_trust(content, now)? {
                Ok(version) => report.news.trust_version = version,
                Err(error) => report.news.trust_refused = Some(error.code()),
            },
            PartKind::Profile => match self.accept_profile(content, now)? {
                Ok(renewed) => report.news.profile_renewed = renewed,
                Err(error) => report.profile_refused = Some(error.code()),
            },
            PartKind::StatusList { list } => match self.accept_status_list(list, content, now)? {
                Ok(true) => report.news.status_lists.push(list),
                Ok(false) => {}
                Err(error) => report.news.status_refused.push((list, error.code())),
            },
            PartKind::IssuedSet => self.take_issued_set(content, now, report)?,
            PartKind::Ack
            | PartKind::Enrolment
            | PartKind::Batch
            | PartKind::Document { .. }
            | PartKind::Other(_) => report.passed_over += 1,
        }
        Ok(())
    }

    /// The trust list pins sets by their digest, so a set that is not wanted is none of this phone's,
    /// or held already.
    fn take_issued_set(
        &mut self,
        set: &[u8],
        now: DeviceClock,
        report: &mut ImportReport,
    ) -> Result<(), EngineError> {
        let wanted = self.issued_sets_to_fetch()?;
        let hash = Hash::of(set);
        for (kid, pinned) in wanted.iter().filter(|(_, pinned)| pinned.hash == hash) {
            match self.accept_issued_set(*kid, pinned, set, now)? {
                Ok(()) => report.news.issued_sets.push(*kid),
                Err(error) => report.news.issued_refused.push((*kid, error.code())),
            }
        }
        Ok(())
    }

    /// The ack, if it is one of our server that was not accepted before.
    fn take_ack(
        &mut self,
        signed: &[u8],
        now: DeviceClock,
        report: &mut ImportReport,
    ) -> Result<Option<Ack>, EngineError> {
        if self.ledger().holds_ack(Hash::of(signed))? {
            return Ok(None);
        }
        let ack = self.accept_ack(signed, now)?;
        report.acks_refused += usize::from(ack.is_none());
        Ok(ack)
    }
}

/// Counts items and claims once each, however many acks speak of them.
fn count(acks: &[Ack], news: &mut SyncReport) {
    let mut outcomes: BTreeMap<Hash, &Outcome> = BTreeMap::new();
    for result in acks.iter().flat_map(|ack| &ack.results) {
        let said = outcomes.entry(result.item).or_insert(&result.outcome);
        // Brought twice, it was taken in the first time; or the second, when the first was too soon.
        if matches!(said, Outcome::Duplicate | Outcome::Later) {
            *said = &result.outcome;
        }
    }
    for outcome in outcomes.into_values() {
        match outcome {
            Outcome::Accepted => news.accepted += 1,
            Outcome::Duplicate => news.duplicates += 1,
            Outcome::Conflict => news.conflicts += 1,
            Outcome::Refused(_) => news.refused += 1,
            Outcome::Later => news.later += 1,
        }
    }
    let claims: BTreeSet<ClaimId> =
        acks.iter().flat_map(|ack| &ack.claims).map(|update| update.claim).collect();
    news.claims_changed = claims.len();
}

/// In which order parts are taken, as in a sync: first what the others are verified by.
fn turn(kind: PartKind) -> u8 {
    match kind {
        PartKind::Trust => 0,
        PartKind::Profile => 1,
        PartKind::StatusList { .. } => 2,
        PartKind::Ack => 3,
        PartKind::IssuedSet => 4,
        _ => 5,
    }
}
