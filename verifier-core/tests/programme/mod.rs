//! A programme's server in memory, written with the protocol's own calls and real keys, and phones
//! that are enrolled with it. Faults are put between the two by whoever runs a sync.
#![allow(dead_code, reason = "each test binary uses its own part")]
#![allow(clippy::unwrap_used, reason = "a programme that cannot be made is a failed test")]
#![allow(clippy::panic, reason = "a request that no phone should send is a failed test")]

#[path = "../../../protocol/tests/samples/mod.rs"]
pub mod samples;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use protocol::ack::{Ack, Batch, ClaimUpdate, ItemResult, Outcome};
use protocol::id::{BootId, ChainId, ClaimId};
use protocol::key::{P256Key, PublicKey, Signer};
use protocol::printed::PrintedReference;
use protocol::profile::Profile;
use protocol::record::{Body, HowRead, Monotonic, OpenedRecord, Record};
use protocol::seal::Sealed;
use protocol::session::SessionProof;
use protocol::status::StatusList;
use protocol::trust::TrustList;
use protocol::voucher::{Identity, Reference, Voucher};
use protocol::{Hash, Span, Timestamp};
use samples::Who;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use verifier_core::clock::DeviceClock;
use verifier_core::device_key::DeviceKey;
use verifier_core::home::Home;
use verifier_core::ledger::{DocumentContent, KeyInFile, Ledger};
use verifier_core::sync::{
    HttpRequest, HttpResponse, Method, Step, SyncReport, SyncRun, TransportFailure,
};
use verifier_core::verifier::{Redemption, Service, Verifier};

/// The programme's server. Its fields are its state, to be looked at and tampered with.
pub struct Server {
    /// What `/v1/trust` gives.
    pub trust_file: Vec<u8>,
    /// Status list tokens by their address.
    pub status_lists: BTreeMap<String, Vec<u8>>,
    /// The profile it signs for the one phone that it knows; at first that is a stranger's.
    pub profile: Profile,
    /// Records that it took in.
    pub records: BTreeMap<(ChainId, u64), OpenedRecord>,
    /// Records that lost their place in a chain and that a restart names, by their digest.
    pub orphans: BTreeMap<Hash, OpenedRecord>,
    /// The digest of every item of every batch that reached it, in order.
    pub received: Vec<Hash>,
    /// What it says of a record that it does not hold yet.
    pub judge: Box<dyn Fn(&OpenedRecord) -> Outcome>,
    /// What the next ack says of claims.
    pub claims: Vec<ClaimUpdate>,
    /// Documents by digest.
    pub documents: BTreeMap<Hash, StoredDocument>,
    /// The vouchers that it lists for the provider, in the order of their references.
    pub vouchers: Vec<serde_json::Value>,
    /// Session tokens that are good now.
    pub tokens: BTreeSet<String>,
    /// How many sessions it has opened.
    pub sessions: usize,
    /// Its clock; runs on by a second an ack.
    pub now: Timestamp,
    cursor: u64,
    items: BTreeSet<Hash>,
    acks: BTreeSet<Hash>,
    /// Records that it refused for want of a place; what follows them has none either.
    displaced: BTreeSet<Hash>,
}

/// A document as far as the server has it.
#[derive(Clone)]
pub struct StoredDocument {
    /// The length that was announced.
    pub len: u64,
    /// What has arrived.
    pub content: Vec<u8>,
}

impl StoredDocument {
    /// Whether all of it has arrived.
    pub fn is_whole(&self) -> bool {
        self.content.len() as u64 == self.len
    }
}

impl Default for Server {
    fn default() -> Self {
        Server::new()
    }
}

impl Server {
    /// A server with the samples' trust list and its two status lists, on which every voucher is valid.
    pub fn new() -> Self {
        Server::with_trust(&samples::trust_list())
    }

    /// A server with this trust list, and a full status list of valid entries at each of its addresses.
    pub fn with_trust(list: &TrustList) -> Self {
        let mut server = Server {
            trust_file: samples::trust_file_with(list).encode().unwrap(),
            status_lists: BTreeMap::new(),
            profile: Profile { device: samples::public(Who::Stranger), ..samples::profile() },
            records: BTreeMap::new(),
            orphans: BTreeMap::new(),
            acks: BTreeSet::new(),
            displaced: BTreeSet::new(),
            received: Vec::new(),
            judge: Box::new(|_| Outcome::Accepted),
            claims: Vec::new(),
            documents: BTreeMap::new(),
            vouchers: Vec::new(),
            tokens: BTreeSet::new(),
            sessions: 0,
            now: samples::now(),
            cursor: 0,
            items: BTreeSet::new(),
        };
        for entry in &list.status_lists {
            let valid = samples::status_list(protocol::status::MAX_ENTRIES, &[]);
            server.publish(&StatusList { address: entry.address.clone(), ..valid });
        }
        server
    }

    /// A second server that holds what this one does, and takes in all that it is sent.
    pub fn twin(&self) -> Self {
        Server {
            trust_file: self.trust_file.clone(),
            status_lists: self.status_lists.clone(),
            profile: self.profile.clone(),
            records: self.records.clone(),
            received: self.received.clone(),
            judge: Box::new(|_| Outcome::Accepted),
            claims: self.claims.clone(),
            documents: self.documents.clone(),
            vouchers: self.vouchers.clone(),
            tokens: self.tokens.clone(),
            items: self.items.clone(),
            orphans: self.orphans.clone(),
            acks: self.acks.clone(),
            displaced: self.displaced.clone(),
            ..*self
        }
    }

    /// Publishes a status list at its address.
    pub fn publish(&mut self, list: &StatusList) {
        let token = list.sign(&samples::key(Who::Status)).unwrap();
        self.status_lists.insert(list.address.clone(), token);
    }

    /// Answers one request.
    pub fn handle(&mut self, request: &HttpRequest) -> HttpResponse {
        let path = request.url.strip_prefix(samples::ORIGIN).unwrap();
        match (request.method, path) {
            (Method::Get, "/v1/trust") => cacheable(request, &self.trust_file),
            (Method::Post, "/v1/enrolments") => self.enrol(&request.body),
            (Method::Post, "/v1/sessions/challenge") => {
                json(&serde_json::json!({ "nonce": URL_SAFE_NO_PAD.encode(self.nonce()) }))
            }
            (Method::Post, "/v1/sessions") => self.open_session(&request.body),
            (Method::Get, address) if self.status_lists.contains_key(address) => {
                cacheable(request, &self.status_lists[address])
            }
            _ if !self.is_in_session(request) => status(401),
            (Method::Get, "/v1/profile") => ok(self.signed_profile()),
            (Method::Get, path) if path.starts_with("/v1/provider/vouchers") => {
                self.list_vouchers(request, path)
            }
            (Method::Post, "/v1/records") => self.take(&request.body),
            (Method::Post, "/v1/documents") => self.create_document(request),
            (Method::Head | Method::Patch, path) => match path.strip_prefix("/v1/documents/") {
                Some(hash) => self.continue_document(Hash::from_hex(hash).unwrap(), request),
                None => status(404),
            },
            _ => status(404),
        }
    }

    /// The ack to a batch, before it is signed.
    pub fn acknowledge(&mut self, batch: &Batch) -> Ack {
        let results = batch
            .items
            .iter()
            .map(|item| ItemResult {
                item: Hash::of(item),
                outcome: self.take_item(batch.chain, item),
            })
            .collect();
        let own = |sequence: u64| self.records.get(&(batch.chain, sequence));
        let head = (1..).take_while(|&sequence| own(sequence).is_some()).last();
        self.cursor += 1;
        self.now = self.now.after(Span::seconds(1));
        Ack {
            device: self.device().thumbprint(),
            chain: batch.chain,
            head: head.unwrap_or(0),
            head_hash: head.and_then(own).map(|record| record.hash),
            results,
            documents: self
                .documents
                .iter()
                .filter(|(_, it)| it.is_whole())
                .map(|it| *it.0)
                .collect(),
            claims: std::mem::take(&mut self.claims),
            cursor: self.cursor,
            server_time: self.now,
            restored: batch.last_ack.is_some_and(|ack| !self.acks.contains(&ack)),
        }
    }

    /// The redemptions that the server holds, by claim.
    pub fn redemptions(&self) -> Vec<ClaimId> {
        let claim = |record: &OpenedRecord| match &record.body {
            Body::Redeem(redeem) => Some(redeem.claim),
            Body::ServeByCode(served) => Some(served.claim),
            _ => None,
        };
        self.records.values().chain(self.orphans.values()).filter_map(claim).collect()
    }

    fn device(&self) -> &PublicKey {
        &self.profile.device
    }

    fn nonce(&self) -> [u8; 32] {
        [self.sessions as u8; 32]
    }

    fn signed_profile(&self) -> Vec<u8> {
        self.profile.sign(&samples::key(Who::Profile)).unwrap()
    }

    fn enrol(&mut self, request: &[u8]) -> HttpResponse {
        let opened = protocol::enrolment::Request::open(request).unwrap();
        assert_eq!((opened.code, opened.root), (samples::offer().code, samples::offer().root));
        self.profile.device = opened.key;
        ok(self.signed_profile())
    }

    fn open_session(&mut self, proof: &[u8]) -> HttpResponse {
        match SessionProof::open(proof, self.device()) {
            Ok(proof) if proof.nonce == self.nonce() && proof.origin == samples::ORIGIN => {
                self.sessions += 1;
                let token = format!("session-{}", self.sessions);
                self.tokens.insert(token.clone());
                json(&serde_json::json!({ "token": token }))
            }
            _ => status(401),
        }
    }

    fn is_in_session(&self, request: &HttpRequest) -> bool {
        header(request, "authorization")
            .and_then(|value| value.strip_prefix("Bearer "))
            .is_some_and(|token| self.tokens.contains(token))
    }

    fn take(&mut self, batch: &[u8]) -> HttpResponse {
        let batch = Batch::decode(batch).unwrap();
        let signed = self.acknowledge(&batch).sign(&samples::key(Who::Ack)).unwrap();
        self.acks.insert(Ack::open(&signed, [&samples::public(Who::Ack)]).unwrap().1);
        ok(signed)
    }

    fn take_item(&mut self, chain: ChainId, item: &[u8]) -> Outcome {
        self.received.push(Hash::of(item));
        if self.items.contains(&Hash::of(item)) {
            return Outcome::Duplicate;
        }
        let opened = samples::sealing().open(&Sealed::decode(item).unwrap()).unwrap();
        let record = Record::decode(&opened).unwrap().open(self.device()).unwrap();
        let fault = self.misplaced(chain, &record);
        if let Some(reason) = fault
            && !self.is_named(record.hash)
        {
            self.displaced.insert(record.hash);
            return Outcome::Refused(reason.to_owned());
        }
        let outcome = (self.judge)(&record);
        if matches!(outcome, Outcome::Accepted | Outcome::Conflict) {
            self.items.insert(Hash::of(item));
            let place = (record.header.chain, record.header.sequence);
            match fault {
                None => assert_eq!(self.records.insert(place, record), None, "a place twice"),
                Some(_) => assert_eq!(self.orphans.insert(record.hash, record), None),
            }
        }
        outcome
    }

    /// Why a record has no place in the batch's chain.
    fn misplaced(&self, chain: ChainId, record: &OpenedRecord) -> Option<&'static str> {
        let header = &record.header;
        let at = |sequence| self.records.get(&(chain, sequence));
        let before = at(header.sequence - 1).map(|before| before.hash);
        let after = at(header.sequence + 1).and_then(|after| after.header.previous);
        if header.chain != chain {
            Some("chain_foreign")
        } else if at(header.sequence).is_some() {
            Some("sequence_conflict")
        } else if before.is_some_and(|before| Some(before) != header.previous)
            || after.is_some_and(|after| after != record.hash)
            || header.previous.is_some_and(|before| self.displaced.contains(&before))
        {
            Some("chain_broken")
        } else {
            None
        }
    }

    /// Whether a restart that the server holds names a record.
    fn is_named(&self, record: Hash) -> bool {
        self.records.values().chain(self.orphans.values()).any(|held| match &held.body {
            Body::Restart(restart) => restart.orphans.contains(&record),
            _ => false,
        })
    }

    fn list_vouchers(&self, request: &HttpRequest, path: &str) -> HttpResponse {
        let after = path.split_once("?after=").map_or("", |(_, after)| after);
        let reference = |it: &serde_json::Value| it["reference"].as_str().unwrap().to_owned();
        let rest: Vec<_> = self.vouchers.iter().filter(|it| *reference(it) > *after).collect();
        let page = &rest[..rest.len().min(PAGE)];
        let next = page.last().filter(|_| rest.len() > PAGE).map(|last| reference(last));
        let json = serde_json::json!({ "vouchers": page, "next": next });
        cacheable(request, json.to_string().as_bytes())
    }

    fn create_document(&mut self, request: &HttpRequest) -> HttpResponse {
        let metadata = header(request, "upload-metadata").unwrap();
        let hash = metadata
            .split(',')
            .find_map(|pair| pair.strip_prefix("sha256 "))
            .and_then(|value| STANDARD.decode(value).ok())
            .and_then(|hex| Hash::from_hex(std::str::from_utf8(&hex).ok()?))
            .unwrap();
        if !self.names_document(hash) {
            return status(403);
        }
        let len = header(request, "upload-length").and_then(|len| len.parse().ok()).unwrap();
        self.documents.insert(hash, StoredDocument { len, content: Vec::new() });
        status(201)
    }

    /// Whether a record of the phone names the document.
    fn names_document(&self, hash: Hash) -> bool {
        self.records.values().chain(self.orphans.values()).any(|record| match &record.body {
            Body::Redeem(redeem) => redeem.documents.iter().any(|it| it.hash == hash),
            Body::ServeByCode(served) => served.documents.iter().any(|it| it.hash == hash),
            Body::AttachDocument { document, .. } => document.hash == hash,
            _ => false,
        })
    }

    fn continue_document(&mut self, hash: Hash, request: &HttpRequest) -> HttpResponse {
        let Some(stored) = self.documents.get_mut(&hash) else { return status(404) };
        let held = stored.content.len();
        let code = match request.method {
            Method::Head => 200,
            _ if header(request, "upload-offset") != Some(&held.to_string()) => return status(409),
            _ => {
                stored.content.extend_from_slice(&request.body);
                assert!(!stored.is_whole() || Hash::of(&stored.content) == hash);
                204
            }
        };
        let offset = ("upload-offset".to_owned(), stored.content.len().to_string());
        HttpResponse { headers: vec![offset], ..status(code) }
    }
}

/// A phone and its home.
pub struct Phone {
    pub verifier: Verifier,
    home: tempfile::TempDir,
}

impl Phone {
    /// Another phone, with a key of its own, that is enrolled and synced. It cannot be restarted.
    pub fn enrolled_with(key: P256Key, server: &mut Server) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut phone = Phone { verifier: open_with(home.path(), key), home };
        phone.verifier.enrol(&samples::offer().to_text().unwrap(), clock()).unwrap();
        let run = phone.sync(server);
        assert_eq!(run.report.stopped, None);
        phone
    }

    /// A phone as it comes from the shop.
    pub fn blank() -> Self {
        let home = tempfile::tempdir().unwrap();
        Phone { verifier: open(home.path()), home }
    }

    /// A phone on a copy of a home that no program has open.
    pub fn on_copy_of(home: &Path) -> Self {
        let copy = tempfile::tempdir().unwrap();
        for entry in std::fs::read_dir(home).unwrap() {
            let file = entry.unwrap();
            std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
        }
        Phone { verifier: open(copy.path()), home: copy }
    }

    /// A phone that has read the enrolment offer and not yet met its server.
    pub fn with_offer() -> Self {
        let mut phone = Phone::blank();
        phone.verifier.enrol(&samples::offer().to_text().unwrap(), clock()).unwrap();
        phone
    }

    /// A phone that is enrolled with this server and holds its trust and status lists.
    pub fn enrolled(server: &mut Server) -> Self {
        let mut phone = Phone::with_offer();
        let run = phone.sync(server);
        assert_eq!(run.report.stopped, None);
        assert!(phone.verifier.is_enrolled());
        phone
    }

    /// Ends the program and starts it again on the same home.
    pub fn restart(self) -> Self {
        let Phone { verifier, home } = self;
        drop(verifier);
        Phone { verifier: open(home.path()), home }
    }

    /// Ends the program, and leaves its home.
    pub fn close(self) -> tempfile::TempDir {
        self.home
    }

    /// Ends the program, and gives what is on the disk to `visit` before it starts again.
    pub fn restart_after(self, visit: impl FnOnce(&Path)) -> Self {
        let Phone { verifier, home } = self;
        drop(verifier);
        visit(home.path());
        Phone { verifier: open(home.path()), home }
    }

    /// Where its files are.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Syncs over a network without faults.
    pub fn sync(&mut self, server: &mut Server) -> Run {
        self.sync_over(|request| Ok(server.handle(request)))
    }

    /// Syncs over a network that does what `network` says.
    pub fn sync_over(
        &mut self,
        mut network: impl FnMut(&HttpRequest) -> Result<HttpResponse, TransportFailure>,
    ) -> Run {
        let mut sync = SyncRun::new();
        let mut steps = Vec::new();
        loop {
            assert!(steps.len() < 1_000, "the run does not end: {steps:?}");
            match sync.next(&self.verifier).unwrap() {
                Step::Send(request) => {
                    let response = network(&request);
                    sync.answer(&mut self.verifier, response, clock()).unwrap();
                    steps.push(Did::Sent(request));
                }
                Step::Wait(pause) => {
                    assert!(!pause.is_zero());
                    steps.push(Did::Waited);
                }
                Step::Done(report) => return Run { report, steps },
            }
        }
    }

    /// Serves the `number`th voucher.
    pub fn serve(&mut self, number: u32) -> ClaimId {
        self.serve_with(number, Vec::new())
    }

    /// Serves the `number`th voucher and attaches documents.
    pub fn serve_with(&mut self, number: u32, documents: Vec<DocumentContent>) -> ClaimId {
        match self.redeem(&text(number), documents) {
            Redemption::Done(receipt) => receipt.claim,
            other => panic!("voucher {number} is not served: {other:?}"),
        }
    }

    /// Asks to redeem a text.
    pub fn redeem(&mut self, text: &str, documents: Vec<DocumentContent>) -> Redemption {
        let service = Service { given: None, how_read: HowRead::Camera, operator: None, documents };
        self.verifier.redeem(text, service, clock()).unwrap()
    }

    /// How many records wait to be sent.
    pub fn unsent(&self) -> u64 {
        self.verifier.ledger().unsent().unwrap().records
    }
}

/// What a run did.
pub struct Run {
    pub report: SyncReport,
    pub steps: Vec<Did>,
}

/// One step of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Did {
    Sent(HttpRequest),
    Waited,
}

impl Run {
    /// The requests of a run in order, as method and path.
    pub fn requests(&self) -> Vec<String> {
        self.sent().map(route).collect()
    }

    /// The requests of a run in order.
    pub fn sent(&self) -> impl Iterator<Item = &HttpRequest> {
        self.steps.iter().filter_map(|step| match step {
            Did::Sent(request) => Some(request),
            Did::Waited => None,
        })
    }
}

/// Method and path of a request.
pub fn route(request: &HttpRequest) -> String {
    let path = request.url.strip_prefix(samples::ORIGIN).unwrap();
    format!("{} {path}", request.method.name())
}

/// The `number`th voucher: the samples' usual one under an id of its own.
pub fn voucher(number: u32) -> Voucher {
    let mut id = *samples::cti(0).as_bytes();
    id[12..].copy_from_slice(&number.to_be_bytes());
    let reference = Reference::Cti(protocol::id::VoucherId::from_bytes(id));
    let identity = Identity { issuer: samples::issuer(), reference };
    Voucher { identity, ..samples::voucher() }
}

/// How many vouchers the server lists on a page.
pub const PAGE: usize = 7;

/// A voucher as the server lists it, under the reference with this number.
pub fn listed(voucher: &Voucher, number: u32) -> serde_json::Value {
    let [a, b, c, d] = number.to_be_bytes();
    serde_json::json!({
        "reference": PrintedReference::from_bits([0, a, b, c, d]).to_string(),
        "identity": voucher.identity.hash().to_string(),
        "programme": voucher.programme.as_str(),
        "holder": "M*** S***",
        "assistance": voucher.assistance,
        "benefit": { "money": { "minor": 500_000, "currency": "PHP" } },
        "first_day": "2026-06-10",
        "last_day": "2026-06-30",
        "status": "valid",
    })
}

/// The QR text of the `number`th voucher.
pub fn text(number: u32) -> String {
    samples::text_of(&voucher(number), Who::Voucher)
}

/// A document of this content.
pub fn document(content: &[u8]) -> DocumentContent {
    DocumentContent { content: content.to_vec(), media_type: "image/jpeg".to_owned() }
}

/// What a phone's clocks say at the samples' usual moment.
pub fn clock() -> DeviceClock {
    let boot = BootId::from_bytes([0xb0; 16]);
    DeviceClock { time: samples::now(), monotonic: Monotonic { millis: 8_640_000, boot } }
}

/// A response with this status and nothing else.
pub fn status(status: u16) -> HttpResponse {
    HttpResponse { status, headers: Vec::new(), body: Vec::new() }
}

/// A good response with this body.
pub fn ok(body: Vec<u8>) -> HttpResponse {
    HttpResponse { body, ..status(200) }
}

fn json(value: &serde_json::Value) -> HttpResponse {
    ok(value.to_string().into_bytes())
}

fn cacheable(request: &HttpRequest, body: &[u8]) -> HttpResponse {
    let etag = format!("\"{}\"", Hash::of(body));
    if header(request, "if-none-match") == Some(&etag) { status(304) } else { ok(body.to_vec()) }
}

/// A header of a request.
pub fn header<'r>(request: &'r HttpRequest, name: &str) -> Option<&'r str> {
    request.headers.iter().find(|(each, _)| *each == name).map(|(_, value)| value.as_str())
}

fn open(home: &Path) -> Verifier {
    open_with(home, samples::device())
}

fn open_with(home: &Path, key: P256Key) -> Verifier {
    let device = KeyInMemory(key);
    let home = Home::open(home).unwrap();
    let ledger = Ledger::open(home, &KeyInFile, &device.public_key()).unwrap();
    Verifier::new(ledger, Box::new(device)).unwrap()
}

/// A P-256 key, as phones have them, in memory.
struct KeyInMemory(P256Key);

impl Signer for KeyInMemory {
    fn public_key(&self) -> PublicKey {
        self.0.public_key()
    }

    fn sign(&self, message: &[u8]) -> protocol::Result<Vec<u8>> {
        self.0.sign(message)
    }
}

impl DeviceKey for KeyInMemory {
    fn kept(&self) -> String {
        "in memory".to_owned()
    }
}
