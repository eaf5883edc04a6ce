//! A chain of device records as the server has it: where a record fits, and how far it is whole.
//!
//! Records come in any order. What is kept never contradicts itself: of two records with one number,
//! or of a record and a neighbour that names another, the first received stays.

use super::refusal::Refusal;
use protocol::Hash;
use std::collections::BTreeMap;

/// What a record says of its place, or what is kept there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    pub hash: Hash,
    /// The digest of the record before; absent at 1.
    pub previous: Option<Hash>,
}

/// Where a record fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkCheck {
    /// Its place is free and its neighbours agree.
    Free,
    /// It is here already.
    Duplicate,
    /// It does not fit.
    Refused(Refusal),
}

/// The links of a chain around the records of a batch, by sequence number.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Links(BTreeMap<u64, Link>);

/// How far a chain is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// The highest sequence up to which no record lacks; 0 for none.
    pub sequence: u64,
    /// The digest of the record there.
    pub hash: Option<Hash>,
}

impl Links {
    /// The links that are kept.
    #[must_use]
    pub fn new(kept: impl IntoIterator<Item = (u64, Link)>) -> Self {
        Links(kept.into_iter().collect())
    }

    /// Where a record fits among the links.
    #[must_use]
    pub fn check(&self, sequence: u64, link: Link) -> LinkCheck {
        if sequence == 0 || (sequence == 1) != link.previous.is_none() {
            return LinkCheck::Refused(Refusal::ChainBroken);
        }
        if let Some(kept) = self.0.get(&sequence) {
            let same = kept.hash == link.hash;
            return if same {
                LinkCheck::Duplicate
            } else {
                LinkCheck::Refused(Refusal::SequenceConflict)
            };
        }
        let before = self.0.get(&(sequence - 1));
        let after = sequence.checked_add(1).and_then(|next| self.0.get(&next));
        let before_agrees = before.is_none_or(|before| Some(before.hash) == link.previous);
        let after_agrees = after.is_none_or(|after| after.previous == Some(link.hash));
        if before_agrees && after_agrees {
            LinkCheck::Free
        } else {
            LinkCheck::Refused(Refusal::ChainBroken)
        }
    }

    /// Adds a record that fits.
    pub fn add(&mut self, sequence: u64, link: Link) {
        self.0.insert(sequence, link);
    }

    /// The sequence numbers that decide where records with these numbers fit.
    #[must_use]
    pub fn around(sequences: impl IntoIterator<Item = u64>) -> Vec<u64> {
        let mut around: Vec<u64> = sequences
            .into_iter()
            .flat_map(|sequence| [sequence.saturating_sub(1), sequence, sequence.saturating_add(1)])
            .collect();
        around.sort_unstable();
        around.dedup();
        around
    }
}

impl Head {
    /// The head after as many of `next` as follow it without a gap. `next` is in order.
    #[must_use]
    pub fn follow(self, next: impl IntoIterator<Item = (u64, Hash)>) -> Head {
        let mut head = self;
        for (sequence, hash) in next {
            if sequence <= head.sequence {
                continue;
            }
            if sequence != head.sequence + 1 {
                break;
            }
            head = Head { sequence, hash: Some(hash) };
        }
        head
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(name: &str) -> Hash {
        Hash::of(name.as_bytes())
    }

    fn link(name: &str, previous: Option<&str>) -> Link {
        Link { hash: hash(name), previous: previous.map(hash) }
    }

    #[test]
    fn a_record_fits_where_its_place_is_free_and_its_neighbours_agree() {
        let links = Links::new([(1, link("a", None)), (3, link("c", Some("b")))]);
        assert_eq!(links.check(2, link("b", Some("a"))), LinkCheck::Free);
        assert_eq!(links.check(9, link("z", Some("y"))), LinkCheck::Free);
        assert_eq!(links.check(1, link("a", None)), LinkCheck::Duplicate);
    }

    #[test]
    fn another_record_with_a_taken_number_is_a_sequence_conflict() {
        let links = Links::new([(1, link("a", None))]);
        let checked = links.check(1, link("another", None));
        assert_eq!(checked, LinkCheck::Refused(Refusal::SequenceConflict));
    }

    #[test]
    fn a_record_that_contradicts_a_neighbour_breaks_the_chain_whichever_came_first() {
        let broken = LinkCheck::Refused(Refusal::ChainBroken);
        let links = Links::new([(1, link("a", None)), (3, link("c", Some("b")))]);
        assert_eq!(links.check(2, link("b", Some("not a"))), broken);
        assert_eq!(links.check(2, link("not b", Some("a"))), broken);
        assert_eq!(links.check(4, link("d", Some("not c"))), broken);
    }

    #[test]
    fn the_first_record_has_no_predecessor_and_every_other_has_one() {
        let links = Links::default();
        assert_eq!(links.check(1, link("a", Some("b"))), LinkCheck::Refused(Refusal::ChainBroken));
        assert_eq!(links.check(2, link("b", None)), LinkCheck::Refused(Refusal::ChainBroken));
        assert_eq!(links.check(0, link("z", None)), LinkCheck::Refused(Refusal::ChainBroken));
        assert_eq!(links.check(u64::MAX, link("z", Some("y"))), LinkCheck::Free);
    }

    #[test]
    fn the_head_stops_at_the_first_gap_and_leaps_when_it_is_filled() {
        let head = Head::default().follow([(1, hash("a")), (3, hash("c"))]);
        assert_eq!(head, Head { sequence: 1, hash: Some(hash("a")) });
        let head = head.follow([(2, hash("b")), (3, hash("c")), (5, hash("e"))]);
        assert_eq!(head, Head { sequence: 3, hash: Some(hash("c")) });
        assert_eq!(head.follow([(2, hash("b"))]), head);
    }
}
