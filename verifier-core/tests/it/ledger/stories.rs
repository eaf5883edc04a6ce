//! Whatever happens in whatever order: one live redemption a voucher, no record lost or sent twice,
//! and the derived tables are what the sources say, also after a restart at any point.

use fixtures::ledger::{Phone, document, identity, identity_in, serving, update, void};
use proptest::prelude::*;
use protocol::ack::{ClaimState, ItemResult, Outcome};
use protocol::record::RefusedSubject;
use std::collections::{BTreeMap, BTreeSet};
use verifier_core::ledger::{Act, ChainState, Delivery, Page};

/// Vouchers and claims are drawn from few numbers, so that they meet.
const NUMBERS: std::ops::Range<u8> = 1..5;

#[derive(Debug, Clone)]
enum Happening {
    Redeem {
        voucher: u8,
        document: Option<u8>,
    },
    Void {
        claim: u8,
    },
    Attach {
        claim: u8,
        document: u8,
    },
    Refuse {
        voucher: u8,
    },
    Ack {
        outcomes: Vec<Outcome>,
        head: bool,
        update: Option<(u8, ClaimState)>,
        document: Option<u8>,
    },
    OldAck {
        update: (u8, ClaimState),
    },
    Restart,
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        4 => Just(Outcome::Accepted),
        1 => Just(Outcome::Duplicate),
        1 => Just(Outcome::Conflict),
        1 => Just(Outcome::Refused("quota".to_owned())),
        1 => Just(Outcome::Later),
    ]
}

fn any_update() -> impl Strategy<Value = (u8, ClaimState)> {
    (1..12_u8, prop::sample::select(ClaimState::ALL.to_vec()))
}

fn any_happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        5 => (NUMBERS, prop::option::of(0..3_u8))
            .prop_map(|(voucher, document)| Happening::Redeem { voucher, document }),
        3 => (1..12_u8).prop_map(|claim| Happening::Void { claim }),
        2 => (1..12_u8, 0..3_u8)
            .prop_map(|(claim, document)| Happening::Attach { claim, document }),
        1 => NUMBERS.prop_map(|voucher| Happening::Refuse { voucher }),
        4 => (
            prop::collection::vec(any_outcome(), 0..6),
            any::<bool>(),
            prop::option::of(any_update()),
            prop::option::of(0..3_u8),
        )
            .prop_map(|(outcomes, head, update, document)| Happening::Ack {
                outcomes,
                head,
                update,
                document,
            }),
        1 => any_update().prop_map(|update| Happening::OldAck { update }),
        1 => Just(Happening::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_ledger_stays_true_whatever_happens(
        story in prop::collection::vec(any_happening(), 1..30),
    ) {
        let mut phone = Phone::on_a_new_ledger();
        let (mut clock, mut cursor, mut claims, mut records) = (0, 0, 0_u8, 0_u64);
        let mut taken = BTreeSet::new();
        let mut told = false;
        for happening in story {
            clock += 10;
            let appended = match happening {
                Happening::Redeem { voucher, document: attached } => {
                    let mut serving = serving(voucher, claims + 1);
                    serving.documents.extend(attached.map(|number| document(&[number; 10])));
                    let live = phone.ledger.live_redemption(&identity(voucher)).unwrap();
                    let redeemed = phone.act(clock, Act::Redeem(serving));
                    prop_assert_eq!(redeemed.is_ok(), live.is_none());
                    claims += u8::from(redeemed.is_ok());
                    redeemed.is_ok()
                }
                Happening::Void { claim } => phone.act(clock, void(claim)).is_ok(),
                Happening::Attach { claim, document: number } => {
                    let document = document(&[number; 10]);
                    let claim = fixtures::ledger::claim_id(claim);
                    phone.act(clock, Act::AttachDocument { claim, document }).is_ok()
                }
                Happening::Refuse { voucher } => {
                    let subject = RefusedSubject::Voucher(identity(voucher).hash());
                    phone.act(clock, Act::Refuse { reason: "expired".into(), subject }).unwrap();
                    true
                }
                Happening::Ack { outcomes, head, update: change, document } => {
                    cursor += 1;
                    let mut ack = phone.ack(cursor, clock);
                    for (item, outcome) in
                        phone.ledger.outbox(6, usize::MAX).unwrap().iter().zip(outcomes)
                    {
                        if matches!(outcome, Outcome::Accepted | Outcome::Duplicate | Outcome::Conflict) {
                            prop_assert!(taken.insert(item.sequence), "sent twice");
                        }
                        ack.results.push(ItemResult { item: item.item, outcome });
                    }
                    if head && let Some(ours) = phone.ledger.head().unwrap() {
                        (ack.head, ack.head_hash) = (ours.sequence, Some(ours.hash));
                    }
                    ack.claims.extend(change.map(|(claim, state)| update(claim, state)));
                    ack.documents
                        .extend(document.map(|number| fixtures::ledger::digest(&[number; 10])));
                    phone.accept(&ack);
                    false
                }
                Happening::OldAck { update: (claim, state) } => {
                    let before = phone.ledger.claims(Page::ALL).unwrap();
                    let mut ack = phone.ack(cursor, 1);
                    ack.claims.push(update(claim, state));
                    phone.accept(&ack);
                    if cursor > 0 {
                        prop_assert_eq!(phone.ledger.claims(Page::ALL).unwrap(), before);
                    }
                    told = true;
                    false
                }
                Happening::Restart => {
                    phone = phone.reopen();
                    false
                }
            };
            records += u64::from(appended);
        }
        prop_assert_eq!(phone.findings(), [""; 0]);
        prop_assert_eq!(phone.ledger.chain_state().unwrap(), ChainState::Agreed);
        let head = phone.ledger.head().unwrap().map_or(0, |head| head.sequence);
        prop_assert_eq!(head, records);
        let unsent = phone.ledger.unsent().unwrap();
        let waiting = phone.ledger.outbox(1000, usize::MAX).unwrap();
        prop_assert_eq!(unsent.records, waiting.len() as u64);
        prop_assert!(waiting.iter().all(|item| !taken.contains(&item.sequence)));

        let listed = phone.ledger.claims(Page::ALL).unwrap();
        prop_assert_eq!(listed.len(), usize::from(claims));
        let mut live = BTreeMap::new();
        for claim in &listed {
            let voided = claim.voided.as_ref();
            if voided.is_none() {
                let identity = identity_in(claim).unwrap();
                prop_assert_eq!(live.insert(identity, claim.id), None, "two live redemptions");
            }
            if claim.delivery == Delivery::Waiting && voided.is_none() && cursor == 0 && !told {
                prop_assert_eq!(claim.state, ClaimState::Recorded);
            }
        }
        for (identity, claim) in live {
            prop_assert_eq!(phone.ledger.live_redemption(&identity).unwrap().unwrap().claim, claim);
        }
    }
}
