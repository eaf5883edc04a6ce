//! A phone and its programme office with fixed keys, for tests of the ledger.

use protocol::ack::{Ack, ClaimUpdate, ItemResult, Outcome};
use protocol::id::*;
use protocol::key::{Ed25519Key, KeyUse, PublicKey, Signer};
use protocol::profile::{Limits, Profile};
use protocol::record::*;
use protocol::seal::{SealingKey, UnsealingKey};
use protocol::status::{Entries, StatusList};
use protocol::time::{Span, Zone};
use protocol::trust::*;
use protocol::voucher::{self, Holder, Identity, Reference, Voucher};
use protocol::{Benefit, Currency, Hash, Money, Timestamp};
use std::path::Path;
use tempfile::TempDir;
use verifier_core::clock::DeviceClock;
use verifier_core::home::Home;
use verifier_core::ledger::{
    Act, AppendError, Claim, DocumentContent, Entry, KeptVoucherList, KeyInFile, Ledger,
    LedgerError, ServedVoucher, Serving,
};

/// The holder's name on every voucher.
pub const HOLDER: &str = "Maria Clara Santos";

/// 2026-11-21T00:00:00Z.
const START: u64 = 1_795_219_200;

/// A key of this number.
pub fn key(number: u8) -> Ed25519Key {
    Ed25519Key::from_seed(&[number; 32])
}

/// The phone's own key.
pub fn device() -> Ed25519Key {
    key(1)
}

/// The server's key for acks and profiles.
pub fn server() -> Ed25519Key {
    key(2)
}

pub fn server_keys() -> Vec<PublicKey> {
    vec![server().public_key()]
}

/// The server's key to seal to.
pub fn sealing() -> SealingKey {
    unsealing().public().clone()
}

pub fn unsealing() -> UnsealingKey {
    UnsealingKey::from_seed(&[3; 32])
}

/// A time, in seconds from the start of the story.
pub fn time(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(START + seconds).unwrap()
}

/// The phone's clocks at that time, in the first boot.
pub fn clock(seconds: u64) -> DeviceClock {
    clock_in_boot(1, seconds)
}

pub fn clock_in_boot(boot: u8, seconds: u64) -> DeviceClock {
    let boot = BootId::from_bytes([boot; 16]);
    DeviceClock { time: time(seconds), monotonic: Monotonic { millis: seconds * 1000, boot } }
}

pub fn identity(number: u8) -> Identity {
    Identity {
        issuer: IssuerId::new("dswd").unwrap(),
        reference: Reference::Cti(VoucherId::from_bytes([number; 16])),
    }
}

fn pesos(minor: u64) -> Benefit {
    Benefit::Money(Money::new(minor, Currency::new("PHP").unwrap()).unwrap())
}

/// The signed bytes of a voucher.
pub fn signed_voucher(number: u8) -> Vec<u8> {
    let voucher = Voucher {
        identity: identity(number),
        entitlement: EntitlementId::new("e-1").unwrap(),
        audience: None,
        expires: time(30 * 86_400),
        not_before: time(0),
        issued: time(0),
        programme: ProgrammeId::new("food").unwrap(),
        benefit: pesos(500_000),
        assistance: "food".into(),
        holder: Some(Holder { name: HOLDER.into(), birth_year: Some(1980), id_tail: None }),
        status: None,
        documents: Vec::new(),
    };
    voucher::sign(&voucher, &key(4)).unwrap()
}

/// The identity of the voucher of a claim whose code was read.
pub fn identity_in(claim: &Claim) -> Option<Identity> {
    match &claim.served.as_ref()?.voucher {
        ServedVoucher::Read { identity, .. } => Some(identity.clone()),
        ServedVoucher::ByCode(_) => None,
    }
}

pub fn claim_id(number: u8) -> ClaimId {
    ClaimId::from_bytes([number; 16])
}

/// Voucher `voucher` served as claim `claim`.
pub fn serving(voucher: u8, claim: u8) -> Serving {
    Serving {
        claim: claim_id(claim),
        voucher: SignedVoucher::Cose(signed_voucher(voucher)),
        identity: identity(voucher),
        soft_floor: None,
        how_read: HowRead::Picture,
        given: pesos(120_000),
        warnings: vec!["status_stale".into()],
        documents: Vec::new(),
        overridden: None,
    }
}

pub fn document(content: &[u8]) -> DocumentContent {
    DocumentContent { content: content.to_vec(), media_type: "image/jpeg".into() }
}

pub fn void(claim: u8) -> Act {
    Act::Void { claim: claim_id(claim), reason: "wrong amount for Maria".into() }
}

/// One phone: a home and the ledger in it.
pub struct Phone {
    pub ledger: Ledger,
    pub dir: TempDir,
}

impl Phone {
    pub fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let ledger = open(dir.path()).unwrap();
        Phone { ledger, dir }
    }

    /// Closes the ledger and opens it again.
    pub fn reopen(self) -> Self {
        let Phone { ledger, dir } = self;
        drop(ledger);
        let ledger = open(dir.path()).unwrap();
        Phone { ledger, dir }
    }

    pub fn act(&mut self, seconds: u64, act: Act) -> Result<OpenedRecord, AppendError> {
        let entry = Entry {
            act,
            operator: Some(OperatorId::new("ana").unwrap()),
            clock_floor: time(0),
            held: self.ledger.held().unwrap(),
        };
        self.ledger.append(clock(seconds), &entry, &device(), &sealing())
    }

    pub fn redeem(&mut self, seconds: u64, voucher: u8, claim: u8) -> OpenedRecord {
        self.act(seconds, Act::Redeem(serving(voucher, claim))).unwrap()
    }

    /// An ack of the server, to be filled in.
    pub fn ack(&self, cursor: u64, seconds: u64) -> Ack {
        Ack {
            device: device().public_key().thumbprint(),
            chain: self.ledger.chain(),
            head: 0,
            head_hash: None,
            results: Vec::new(),
            documents: Vec::new(),
            claims: Vec::new(),
            cursor,
            server_time: time(seconds),
            restored: false,
        }
    }

    pub fn accept(&mut self, ack: &Ack) {
        let seconds = ack.server_time.as_seconds() - START;
        let signed = ack.sign(&server()).unwrap();
        self.ledger.accept_ack(&signed, &server_keys(), clock(seconds)).unwrap();
    }

    /// Whatever waits is answered with this outcome.
    pub fn answer(&mut self, cursor: u64, seconds: u64, outcome: &Outcome) {
        let mut ack = self.ack(cursor, seconds);
        for item in self.ledger.outbox(500, usize::MAX).unwrap() {
            ack.results.push(ItemResult { item: item.item, outcome: outcome.clone() });
        }
        self.accept(&ack);
    }

    pub fn findings(&self) -> Vec<String> {
        self.ledger.doctor().unwrap().findings.iter().map(ToString::to_string).collect()
    }

    /// Changes the files behind the ledger's back, as damage or a thief would.
    pub fn tamper(self, sql: &str) -> Self {
        let Phone { ledger, dir } = self;
        drop(ledger);
        let db = rusqlite::Connection::open(dir.path().join("ledger.db")).unwrap();
        db.pragma_update(None, "foreign_keys", false).unwrap();
        db.execute_batch(sql).unwrap();
        assert!(db.changes() > 0, "nothing was changed by: {sql}");
        drop(db);
        let ledger = open(dir.path()).unwrap();
        Phone { ledger, dir }
    }
}

pub fn open(dir: &Path) -> Result<Ledger, LedgerError> {
    Ledger::open(Home::open(dir)?, &KeyInFile, &device().public_key())
}

pub fn open_read_only(dir: &Path) -> Result<Ledger, LedgerError> {
    Ledger::open_read_only(Home::open_read_only(dir)?, &KeyInFile)
}

pub fn update(claim: u8, state: protocol::ack::ClaimState) -> ClaimUpdate {
    ClaimUpdate { claim: claim_id(claim), state, reason: None }
}

pub fn profile(seconds: u64) -> Vec<u8> {
    profile_of(device().public_key(), seconds)
}

pub fn profile_of(device: PublicKey, seconds: u64) -> Vec<u8> {
    let freshness = Freshness { stale_after: Span::days(30), too_old_after: Span::days(180) };
    let profile = Profile {
        issuer: IssuerId::new("dswd").unwrap(),
        issued: time(seconds),
        device,
        provider: Audience::new("pharmacy-7").unwrap(),
        provider_name: "Botika ni Aling Nena".into(),
        groups: Vec::new(),
        programmes: vec![ProgrammeId::new("food").unwrap()],
        operators: Vec::new(),
        supervisors: Vec::new(),
        limits: Limits::default(),
        freshness,
        confirmed: true,
        delegations: Vec::new(),
    };
    profile.sign(&server()).unwrap()
}

/// A trust file of this version, issued at that time, and what accepting it gives.
pub fn trust(version: u64, seconds: u64) -> (Vec<u8>, TrustState) {
    let (root_key, trust_key) = (key(5), key(6));
    let root = Root {
        version: 1,
        issued: time(0),
        expires: time(1000 * 86_400),
        keys: vec![root_key.public_key()],
        threshold: 1,
        trust_keys: vec![trust_key.public_key()],
        trust_threshold: 1,
        min_trust_version: 1,
    };
    let freshness = Freshness { stale_after: Span::days(30), too_old_after: Span::days(180) };
    let status_key = IssuerKey {
        key: status_key().public_key(),
        purpose: KeyUse::Status,
        issuer: IssuerId::new("dswd").unwrap(),
        programmes: vec![ProgrammeId::new("food").unwrap()],
        not_before: time(0),
        not_after: time(1000 * 86_400),
        end: None,
        foreign: None,
    };
    let list = TrustList {
        version,
        issued: time(seconds),
        expires: time(seconds + 86_400),
        freshness,
        status_freshness: freshness,
        keys: vec![status_key],
        programmes: vec![Programme {
            id: ProgrammeId::new("food").unwrap(),
            name: "Food".into(),
            zone: Zone::new("Asia/Manila").unwrap(),
            currency: Currency::new("PHP").unwrap(),
            decimals: 2,
            too_old: TooOldPolicy::Refuse,
            clock_tolerance: Span::days(1),
            by_code: false,
        }],
        status_lists: vec![StatusListEntry {
            number: 1,
            address: "/v1/status/1".into(),
            kids: vec![self::status_key().public_key().kid()],
            programme: ProgrammeId::new("food").unwrap(),
            least_issued: time(0),
        }],
        ended_delegations: Vec::new(),
        sealing_keys: vec![sealing()],
        app_minimum: None,
    };
    let file = TrustFile {
        roots: vec![root.sign(&[&root_key]).unwrap()],
        list: list.sign(&[&trust_key]).unwrap(),
    };
    let state = TrustState::first(file.first_root_hash().unwrap(), &file, time(seconds)).unwrap();
    (file.encode().unwrap(), state)
}

fn status_key() -> Ed25519Key {
    key(7)
}

/// A token of status list 1.
pub fn status_token(seconds: u64) -> Vec<u8> {
    let list = StatusList {
        address: "/v1/status/1".into(),
        issued: time(seconds),
        expires: None,
        entries: Entries::all_valid(1000).unwrap(),
    };
    list.sign(&status_key()).unwrap()
}

/// A list of vouchers in two pages.
pub fn voucher_list(seconds: u64) -> KeptVoucherList {
    let page = |holder: &str| format!(r#"{{"vouchers":[],"of":"{holder}"}}"#).into_bytes();
    KeptVoucherList {
        provider: Audience::new("corner").unwrap(),
        listed: time(seconds),
        pages: vec![page("M*** C*** S***"), page("J*** C***")],
    }
}

/// A phone with something of everything, for doctor and for stored databases: enrolled, trust and
/// status list replaced once, three vouchers served, one of them taken back, one refused, documents,
/// an ack for the first records, and a list of vouchers.
pub fn fill(ledger: &mut Ledger) {
    let act = |ledger: &mut Ledger, seconds, act| {
        let held = ledger.held().unwrap();
        let operator = Some(OperatorId::new("ana").unwrap());
        let entry = Entry { act, operator, clock_floor: time(0), held };
        ledger.append(clock(seconds), &entry, &device(), &sealing()).unwrap()
    };
    ledger.accept_enrolment(b"https://vouchers.example.org", clock(1)).unwrap();
    for (version, seconds) in [(1, 2), (2, 3)] {
        let (file, state) = trust(version, seconds);
        ledger.accept_trust(&file, &state, clock(seconds)).unwrap();
        let list = state.list();
        let token = status_token(seconds);
        ledger.accept_status_list(&list.status_lists[0], list, &token, clock(seconds)).unwrap();
        ledger.accept_profile(&profile(seconds), &server_keys(), clock(seconds)).unwrap();
    }
    let mut first = serving(1, 1);
    first.documents = vec![document(b"prescription of Maria")];
    first.soft_floor = Some(time(4));
    let first = act(ledger, 10, Act::Redeem(first));
    act(ledger, 20, Act::Redeem(serving(2, 2)));
    let results = ledger
        .outbox(10, usize::MAX)
        .unwrap()
        .into_iter()
        .map(|item| ItemResult { item: item.item, outcome: Outcome::Accepted })
        .collect();
    let ack = Ack {
        device: device().public_key().thumbprint(),
        chain: ledger.chain(),
        head: 1,
        head_hash: Some(first.hash),
        results,
        documents: Vec::new(),
        claims: vec![update(2, protocol::ack::ClaimState::Conflict)],
        cursor: 5,
        server_time: time(30),
        restored: false,
    };
    let signed = ack.sign(&server()).unwrap();
    ledger.accept_ack(&signed, &server_keys(), clock(31)).unwrap();
    act(ledger, 40, void(2));
    act(
        ledger,
        50,
        Act::Refuse {
            reason: "expired".into(),
            subject: RefusedSubject::Voucher(identity(9).hash()),
        },
    );
    let mut third = serving(3, 3);
    third.soft_floor = Some(time(6));
    act(ledger, 60, Act::Redeem(third));
    act(
        ledger,
        70,
        Act::AttachDocument { claim: claim_id(3), document: document(b"receipt of Maria") },
    );
    ledger.keep_voucher_list(&voucher_list(80)).unwrap();
}

/// The digest of a document of [`fill`].
pub fn digest(content: &[u8]) -> Hash {
    Hash::of(content)
}
