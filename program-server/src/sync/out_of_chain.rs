//! Records of a batch that have no place in its chain, until it is known whether a restart names them.

use super::opening::Opened;
use super::refusal::Refusal;
use protocol::Hash;
use protocol::record::OpenedRecord;
use std::collections::BTreeSet;

/// Records without a place: which item of the batch each is, and why it has none.
#[derive(Default)]
pub struct OutOfChain<'b> {
    records: Vec<(usize, &'b Opened, Refusal)>,
    hashes: BTreeSet<Hash>,
}

impl<'b> OutOfChain<'b> {
    /// None so far.
    #[must_use]
    pub fn new() -> Self {
        OutOfChain::default()
    }

    /// Adds the record of the batch's `nth` item.
    pub fn add(&mut self, nth: usize, record: &'b Opened, why: Refusal) {
        self.hashes.insert(record.content.hash);
        self.records.push((nth, record, why));
    }

    /// Whether a record is among them, so that what follows it has no place either.
    #[must_use]
    pub fn contains(&self, record: Hash) -> bool {
        self.hashes.contains(&record)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    #[must_use]
    pub fn hashes(&self) -> Vec<Hash> {
        self.hashes.iter().copied().collect()
    }

    /// What the records say.
    #[must_use]
    pub fn contents(&self) -> Vec<&'b OpenedRecord> {
        self.records.iter().map(|(_, record, _)| &record.content).collect()
    }

    pub fn into_records(self) -> impl Iterator<Item = (usize, &'b Opened, Refusal)> {
        self.records.into_iter()
    }
}
