//! The sync engine between a phone and its server, with whatever the bytes put between the two.
//!
//! The bytes are a script: whether the phone first serves, voids or starts again, then a fault
//! an answer. When they end, the network is good. Whatever the script: every record is kept, doctor
//! finds nothing, and a record that no longer waits was settled by a signed ack. If nobody signed
//! what the server never said, the server has each record that the phone believes it has, and one
//! good sync brings it the rest.
#![allow(clippy::unwrap_used, reason = "machinery that breaks is a find")]

use crate::script::Script;
use fixtures::{Phone, Server, clock, document, ok, status, text};
use protocol::ack::{Ack, ClaimState, ClaimUpdate, ItemResult, Outcome};
use protocol::bundle::{Answer, Part, PartKind, Place, Writer};
use protocol::cose::{ObjectType, sign1};
use protocol::id::{BundleId, ChainId};
use protocol::key::Signer;
use protocol::record::HowRead;
use protocol::status::StatusList;
use protocol::{Hash, Timestamp};
use samples::{self, Who};
use std::collections::{BTreeMap, BTreeSet};
use tempfile::TempDir;
use verifier_core::bundle::Imported;
use verifier_core::ledger::{ChainRef, Claim, Delivery, Head, OutboxItem, Page};
use verifier_core::sync::{HttpRequest, HttpResponse, SyncReport, TransportFailure};
use verifier_core::verifier::{EngineError, Redemption, Service};

/// Runs of one script, each after something that staff do.
const RUNS: usize = 3;

/// Vouchers that the phone may serve besides those it has served when the script begins.
const VOUCHERS: u32 = 8;

/// A phone's home in which two vouchers were served, one with a document, and the phone's server,
/// which knows of neither.
struct Start {
    home: TempDir,
    server: Server,
    texts: Vec<String>,
}

thread_local! {
    static START: Start = {
        let mut server = Server::new();
        for number in 1..=2 {
            let address = format!("/v1/status/{number}");
            server.publish(&StatusList { address, ..samples::status_list(5_000, &[]) });
        }
        let mut phone = Phone::enrolled(&mut server);
        phone.serve(1);
        phone.serve_with(2, vec![document(&[7; 300])]);
        let texts = (3..3 + VOUCHERS).map(text).collect();
        Start { home: phone.close(), server, texts }
    };
}

/// Whatever the bytes say, no record is lost, and none counts as sent that was not acknowledged.
pub(crate) fn sync(bytes: &[u8]) {
    let mut script = Script::of(bytes);
    let mut story = START.with(|start| Story::begin(start, &mut script));
    for _ in 0..RUNS {
        story = story.staff_act(&mut script);
        story.sync(&mut script);
        story.check();
    }
    if !story.lied {
        story.end_well();
    }
    let report = story.phone.verifier.ledger().doctor().unwrap();
    assert_eq!(report.findings, []);
    assert!(report.records >= story.records.len() as u64, "a record is lost");
}

/// A phone, its server, and what passed between them.
struct Story {
    phone: Phone,
    server: Server,
    texts: Vec<String>,
    /// Every record that staff made, in order.
    records: Vec<Made>,
    /// Items that a signed ack settled.
    settled: BTreeSet<Hash>,
    /// The highest head of each chain that a signed ack named.
    heads: BTreeMap<ChainId, u64>,
    /// Whether something was signed with the server's keys that the server did not say.
    lied: bool,
    answers: Vec<HttpResponse>,
}

/// A record of the phone.
struct Made {
    chain: ChainId,
    sequence: u64,
    /// The digest of its sealed bytes.
    item: Hash,
}

impl Story {
    fn begin(start: &Start, script: &mut Script<'_>) -> Self {
        let mut server = start.server.twin();
        let marked = script.byte();
        server.judge = Box::new(move |record| {
            let place = record.header.sequence % 8;
            match place % 3 {
                _ if marked >> place & 1 == 0 => Outcome::Accepted,
                0 => Outcome::Conflict,
                1 => Outcome::Refused("record_invalid".to_owned()),
                _ => Outcome::Later,
            }
        });
        let phone = Phone::on_copy_of(start.home.path());
        let mut story = Story {
            phone,
            server,
            texts: start.texts.clone(),
            records: Vec::new(),
            settled: BTreeSet::new(),
            heads: BTreeMap::new(),
            lied: false,
            answers: Vec::new(),
        };
        story.note_new_records();
        story
    }

    /// Takes down what records were made since; they wait.
    fn note_new_records(&mut self) {
        let chain = self.phone.verifier.ledger().chain();
        let known: BTreeSet<Hash> = self.records.iter().map(|record| record.item).collect();
        let new = self.waiting().into_iter().filter(|waiting| !known.contains(&waiting.item));
        self.records.extend(new.map(|new| Made { chain, sequence: new.sequence, item: new.item }));
    }

    /// What waits to be sent, of every chain.
    fn waiting(&self) -> Vec<OutboxItem> {
        let ledger = self.phone.verifier.ledger();
        let of = |chain: ChainRef| {
            ledger.outbox_of(chain.id, &BTreeSet::new(), 1_000, usize::MAX).unwrap()
        };
        ledger.chains().into_iter().flat_map(of).collect()
    }

    fn claims(&self) -> Vec<Claim> {
        self.phone.verifier.claims(Page::ALL).unwrap()
    }

    /// One thing that staff may do between two runs. What is asked may be refused; what is recorded
    /// must be in order.
    fn staff_act(mut self, script: &mut Script<'_>) -> Self {
        let before = self.records.len();
        let what = script.byte();
        let claims = self.claims();
        let claim = claims.get(usize::from(what) / 8 % claims.len().max(1)).map(|claim| claim.id);
        let did = match (what % 8, claim) {
            (1, _) => self.serve(usize::from(what) / 8),
            (2, Some(claim)) => {
                self.phone.verifier.void(claim, "by mistake", None, clock()).map(|_| true)
            }
            (3, Some(claim)) => {
                let photo = document(&[what; 40]);
                self.phone.verifier.attach(claim, photo, None, clock()).map(|_| true)
            }
            (4, _) => return Story { phone: self.phone.restart(), ..self },
            (5, _) => self.phone.verifier.export(clock()).map(|export| {
                assert_eq!(export.records, self.waiting().len());
                false
            }),
            (6, _) => {
                self.import(script);
                self.note_new_records();
                return self;
            }
            _ => return self,
        };
        match did {
            Ok(done) => {
                self.note_new_records();
                assert_eq!(self.records.len() - before, usize::from(done));
            }
            Err(EngineError::ClaimVoided(_)) => {}
            Err(EngineError::TooManyUnsent(_)) if self.lied => {}
            Err(error) => unreachable!("staff are told that {error}"),
        }
        self
    }

    fn serve(&mut self, number: usize) -> Result<bool, EngineError> {
        let text = self.texts[number % self.texts.len()].clone();
        let service = Service {
            given: None,
            how_read: HowRead::Camera,
            operator: None,
            documents: Vec::new(),
        };
        let came = self.phone.verifier.redeem(&text, service, clock())?;
        Ok(matches!(came, Redemption::Done(_)))
    }

    /// A file comes for this phone, of things that the server once answered and of anything.
    fn import(&mut self, script: &mut Script<'_>) {
        let mut parts = Vec::new();
        for _ in 0..script.byte() % 5 {
            let kind = match script.byte() % 6 {
                0 => PartKind::Trust,
                1 => PartKind::Profile,
                2 => PartKind::StatusList { list: 1 },
                3 => PartKind::IssuedSet,
                _ => PartKind::Ack,
            };
            let content = match usize::from(script.byte()) {
                0 => script.bytes(),
                1 => self.server.trust_file.clone(),
                nth => self.answers.get(nth - 2).map_or_else(Vec::new, |it| it.body.clone()),
            };
            parts.push((Part::of(kind, &content), content));
        }
        let header = Answer {
            device: samples::device().public_key().thumbprint(),
            id: BundleId::from_bytes([1; 16]),
            place: Place { number: 1, of: 1 },
            made: samples::now(),
            parts: parts.iter().map(|(part, _)| part.clone()).collect(),
        };
        let key = self.phone.verifier.ledger().answer_key().unwrap();
        let (mut writer, mut file) =
            Writer::begin(key.public(), &header.encode().unwrap()).unwrap();
        parts.iter().for_each(|(_, content)| writer.write(content, &mut file).unwrap());
        writer.finish(&mut file).unwrap();
        let came = self.phone.verifier.import(&file, clock()).unwrap();
        assert!(matches!(came, Imported::Done(_)), "a whole file is refused: {came:?}");
    }

    fn sync(&mut self, script: &mut Script<'_>) -> SyncReport {
        let Story { phone, server, answers, lied, .. } = self;
        let from = answers.len();
        let chain = phone.verifier.ledger().chain();
        let head = phone.verifier.ledger().head().unwrap();
        let items = self.records.iter().map(|record| record.item).collect();
        let mut network = Network { server, answers, lied, script, chain, head, items };
        let run = phone.sync_over(|request| network.carry(request));
        for answer in &self.answers[from..] {
            let Ok((ack, _)) = Ack::open(&answer.body, [&samples::public(Who::Ack)]) else {
                continue;
            };
            if ack.device != samples::device().public_key().thumbprint() {
                continue;
            }
            let settled = ack.results.iter().filter(|result| result.outcome != Outcome::Later);
            self.settled.extend(settled.map(|result| result.item));
            let head = self.heads.entry(ack.chain).or_default();
            *head = ack.head.max(*head);
        }
        self.note_new_records();
        run.report
    }

    /// What holds after every run.
    fn check(&self) {
        let waiting: BTreeSet<Hash> = self.waiting().iter().map(|item| item.item).collect();
        let done = self.records.iter().filter(|record| !waiting.contains(&record.item));
        for Made { chain, sequence, item } in done.clone() {
            let acknowledged = self.heads.get(chain).is_some_and(|head| sequence <= head);
            assert!(
                self.settled.contains(item) || acknowledged,
                "record {sequence} counts as sent, and nobody said so"
            );
        }
        if self.lied {
            return;
        }
        assert_eq!(self.phone.verifier.ledger().chains().len(), 1, "nothing asked for a restart");
        let refused = self.refused() > 0;
        for Made { chain, sequence, .. } in done {
            assert!(
                self.server.records.contains_key(&(*chain, *sequence)) || refused,
                "the server lacks record {sequence}, which counts as sent"
            );
        }
    }

    fn refused(&self) -> u64 {
        self.phone.verifier.ledger().unsent().unwrap().refused
    }

    /// A good network and a server that takes everything bring all to an end.
    fn end_well(&mut self) {
        self.server.judge = Box::new(|_| Outcome::Accepted);
        assert_eq!(self.sync(&mut Script::of(&[])).stopped, None);
        let (unsent, refused) = (self.phone.verifier.ledger().unsent().unwrap(), self.refused());
        assert_eq!(unsent.records, 0);
        assert_eq!(self.server.records.len() as u64 + refused, self.records.len() as u64);
        assert!(unsent.documents == 0 || refused > 0);
        for claim in self.claims() {
            let refused = matches!(claim.delivery, Delivery::Refused(_));
            assert!(claim.delivery == Delivery::Sent || refused);
            assert!(claim.state != ClaimState::Recorded || refused);
        }
        self.check();
    }
}

/// What lies between the phone and the server in one run.
struct Network<'s, 'b> {
    server: &'s mut Server,
    answers: &'s mut Vec<HttpResponse>,
    lied: &'s mut bool,
    script: &'s mut Script<'b>,
    chain: ChainId,
    head: Option<Head>,
    items: Vec<Hash>,
}

impl Network<'_, '_> {
    fn carry(&mut self, request: &HttpRequest) -> Result<HttpResponse, TransportFailure> {
        let mut answer = match self.script.byte() % 16 {
            // Nothing came there.
            1 => {
                return Err(match self.script.byte() % 4 {
                    1 => TransportFailure::Unreachable,
                    2 => TransportFailure::Certificate,
                    _ => TransportFailure::Interrupted,
                });
            }
            // The answer was lost, or it came twice.
            2 => {
                self.server.handle(request);
                return Err(TransportFailure::Interrupted);
            }
            3 => {
                self.server.handle(request);
                self.server.handle(request)
            }
            // Somebody else answers.
            4 => HttpResponse { body: self.script.bytes(), ..status(self.status()) },
            5 => {
                let at = self.script.number() % self.answers.len().max(1);
                self.answers.get(at).cloned().unwrap_or_else(|| status(404))
            }
            // What the server said is changed on the way.
            6 => HttpResponse { status: self.status(), ..self.server.handle(request) },
            7 => {
                let mut answer = self.server.handle(request);
                let at = self.script.number() % answer.body.len().max(1);
                let by = self.script.byte();
                answer.body.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= by);
                answer
            }
            8 => {
                let mut answer = self.server.handle(request);
                answer.body.truncate(self.script.number() % (answer.body.len() + 1));
                answer
            }
            9 => {
                let offset = String::from_utf8_lossy(&self.script.bytes()).into_owned();
                let headers = vec![("upload-offset".to_owned(), offset)];
                HttpResponse { headers, ..self.server.handle(request) }
            }
            // The server's own keys say what it never would.
            10 => self.sign(ObjectType::Ack, Who::Ack),
            11 => self.sign(ObjectType::Profile, Who::Profile),
            12 => self.sign(ObjectType::StatusList, Who::Status),
            13 => self.untrue_ack(),
            _ => self.server.handle(request),
        };
        answer.body.truncate(request.max_response);
        self.answers.push(answer.clone());
        Ok(answer)
    }

    fn status(&mut self) -> u16 {
        const USUAL: [u16; 14] =
            [200, 201, 204, 304, 302, 400, 401, 403, 404, 409, 410, 429, 500, 503];
        let byte = usize::from(self.script.byte());
        USUAL.get(byte).copied().unwrap_or(byte as u16 * 4)
    }

    fn sign(&mut self, kind: ObjectType, who: Who) -> HttpResponse {
        *self.lied = true;
        ok(sign1(kind, &self.script.bytes(), &samples::key(who)).unwrap_or_default())
    }

    /// An ack for this phone and chain in which the bytes choose what it says.
    fn untrue_ack(&mut self) -> HttpResponse {
        *self.lied = true;
        let mut results = Vec::new();
        for _ in 0..self.script.byte() % 8 {
            let byte = usize::from(self.script.byte());
            let outcome = match byte % 5 {
                0 => Outcome::Accepted,
                1 => Outcome::Duplicate,
                2 => Outcome::Conflict,
                3 => Outcome::Refused("record_invalid".to_owned()),
                _ => Outcome::Later,
            };
            let item = self.items.get(byte / 5).copied().unwrap_or(Hash::of(&[byte as u8]));
            results.push(ItemResult { item, outcome });
        }
        let (head, head_hash) = match (self.script.byte() % 4, self.head) {
            (1, Some(head)) => (head.sequence, Some(head.hash)),
            (2, Some(head)) => (head.sequence + 1, Some(head.hash)),
            (3, _) => ((1 << 53) - 1, Some(Hash::of(b"no record"))),
            _ => (0, None),
        };
        let mut claims = Vec::new();
        for _ in 0..self.script.byte() % 4 {
            let byte = usize::from(self.script.byte());
            let state = ClaimState::ALL[byte % ClaimState::ALL.len()];
            let claim = self.server.redemptions().get(byte / 16).copied();
            let claim = claim.unwrap_or(samples::claim());
            claims.push(ClaimUpdate {
                claim,
                state,
                reason: (byte % 2 == 1).then(|| "x".to_owned()),
            });
        }
        let ack = Ack {
            device: samples::device().public_key().thumbprint(),
            chain: self.chain,
            head,
            head_hash,
            results,
            documents: (0..self.script.byte() % 3).map(|it| Hash::of(&[it; 40])).collect(),
            claims,
            cursor: (1 << (self.script.byte() % 54)) - 1,
            server_time: match self.script.byte() {
                0 => self.server.now,
                shift => Timestamp::from_seconds(1 << (shift % 40)).unwrap_or(self.server.now),
            },
            restored: self.script.byte().is_multiple_of(8),
        };
        ok(ack.sign(&samples::key(Who::Ack)).unwrap_or_default())
    }
}
