//! A full disk, played by a database that may have no more pages.

use crate::clock::DeviceClock;
use crate::home::Home;
use crate::ledger::{Act, AppendError, DocumentContent, KeyInFile, Ledger, LedgerError, NewRecord};
use crate::ledger::{Page, Serving};
use protocol::id::{BootId, ClaimId, IssuerId, VoucherId};
use protocol::key::{Ed25519Key, Signer};
use protocol::record::{HowRead, Monotonic, SignedVoucher};
use protocol::seal::UnsealingKey;
use protocol::voucher::{Reference, VoucherIdentity};
use protocol::{Benefit, Currency, Hash, Money, Timestamp};

fn device() -> Ed25519Key {
    Ed25519Key::from_seed(&[1; 32])
}

fn open(dir: &std::path::Path) -> Ledger {
    Ledger::open(Home::open(dir).unwrap(), &KeyInFile, &device().public_key()).unwrap()
}

/// Lets the database grow by so many pages and no more.
fn leave_pages(ledger: &Ledger, pages: i64) {
    let count: i64 = ledger.db.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    let limit = format!("PRAGMA max_page_count = {}", count + pages);
    ledger.db.query_row(&limit, [], |_| Ok(())).unwrap();
}

fn redeem(ledger: &mut Ledger, number: u8, document: &[u8]) -> Result<(), AppendError> {
    let now = Timestamp::from_seconds(1_795_219_200).unwrap();
    let monotonic = Monotonic { millis: 0, boot: BootId::from_bytes([1; 16]) };
    let serving = Serving {
        claim: ClaimId::from_bytes([number; 16]),
        voucher: SignedVoucher::Cose(vec![0; 300]),
        identity: VoucherIdentity {
            issuer: IssuerId::new("dswd").unwrap(),
            reference: Reference::Cti(VoucherId::from_bytes([number; 16])),
        },
        soft_floor: None,
        how_read: HowRead::Camera,
        given: Benefit::Money(Money::new(1, Currency::new("PHP").unwrap()).unwrap()),
        warnings: Vec::new(),
        overridden: None,
        documents: vec![DocumentContent {
            content: document.to_vec(),
            media_type: "image/jpeg".into(),
        }],
    };
    let observed = ledger.observed_state().unwrap();
    let new = NewRecord { act: Act::Redeem(serving), operator: None, clock_floor: now, observed };
    let sealing = UnsealingKey::from_seed(&[3; 32]).public().clone();
    let clock = DeviceClock { time: now, monotonic };
    ledger.append(clock, &new, &device(), &sealing).map(|_| ())
}

#[test]
fn on_a_full_disk_nothing_is_recorded_and_what_is_there_stays_readable() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = open(dir.path());
    redeem(&mut ledger, 1, b"prescription").unwrap();
    // However far a transaction gets before there is no room, nothing of it stays.
    for pages in [0, 1, 2, 10, 20] {
        leave_pages(&ledger, pages);
        let refused = redeem(&mut ledger, 2, &[7; 200_000]).unwrap_err();
        assert!(matches!(refused, AppendError::Ledger(LedgerError::Full)), "{refused:?}");
        assert!(refused.to_string().contains("Nothing was recorded"));
        assert_eq!(ledger.head().unwrap().unwrap().sequence, 1);
        assert_eq!(ledger.claims(Page::ALL).unwrap().len(), 1);
        assert_eq!(ledger.read_document(Hash::of(&[7; 200_000])).unwrap(), None);
    }
    drop(ledger);
    let mut ledger = open(dir.path());
    assert_eq!(ledger.doctor().unwrap().findings, []);
    redeem(&mut ledger, 2, &[7; 200_000]).unwrap();
    assert_eq!(ledger.head().unwrap().unwrap().sequence, 2);
}
