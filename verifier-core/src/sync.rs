//! Sync without I/O: a run hands out requests, takes responses, and acts on signed answers alone.
//!
//! One engine serves Android's HTTP stack, the command line's and tests that inject faults. A run
//! stops early on failures that predict others, tries one request again a few times, and never lets
//! one bad record or one failed document block the rest.

mod backoff;
mod documents;
mod http;
mod vouchers;

pub use backoff::between_runs;
pub use http::{HttpRequest, HttpResponse, Method, TransportFailure};

use crate::clock::DeviceClock;
use crate::ledger::{ChainRef, has_no_place};
use crate::verifier::{EngineError, Verifier};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use documents::Upload;
use protocol::Hash;
use protocol::ack::{Batch, Outcome};
use protocol::id::ChainId;
use protocol::key::Kid;
use protocol::trust::{IssuedSet, IssuedSetRef, TrustFile};
use std::collections::BTreeSet;
use std::time::Duration;
use vouchers::{Gathered, Gathering};

/// Items of a batch at first; a broken connection halves it.
const BATCH_ITEMS: usize = 100;

/// Bytes of a batch's items at most, far below the protocol's limit, for weak networks.
const BATCH_BYTES: usize = 1024 * 1024;

/// A connection that breaks over so many documents in a row, or records, is to blame itself.
const BROKEN_IN_A_ROW: u32 = 3;

/// Largest answer that is read where the protocol names no limit of its own.
const SMALL_ANSWER: usize = 64 * 1024;

/// What whoever runs the engine does next.
#[derive(Debug)]
pub enum Step {
    /// Send this and give the response to [`SyncRun::answer`].
    Send(HttpRequest),
    /// Wait so long, then ask again.
    Wait(Duration),
    /// The run is over.
    Done(SyncReport),
}

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SyncReport {
    /// The version of a newer trust list that was accepted.
    pub trust_version: Option<u64>,
    /// Why the trust list that was offered is not accepted: the protocol's code. What is held stays.
    pub trust_refused: Option<&'static str>,
    /// Whether a newer device profile was accepted.
    pub profile_renewed: bool,
    /// The numbers of status lists that were renewed.
    pub status_lists: Vec<u32>,
    /// Status lists that were offered and not accepted, with the protocol's code.
    pub status_refused: Vec<(u32, &'static str)>,
    /// The ids of compromised keys whose sets of issued vouchers were fetched.
    pub issued_sets: Vec<Kid>,
    /// Such sets that were offered and not accepted, with the protocol's code.
    pub issued_refused: Vec<(Kid, &'static str)>,
    /// Records that the server took in.
    pub accepted: usize,
    /// Records that it held already.
    pub duplicates: usize,
    /// Records that it took in beside another claim on the same voucher.
    pub conflicts: usize,
    /// Records that it did not take in; they stay here, listed with the reason.
    pub refused: usize,
    /// Records that the server asked to be sent again another time; they stay in the outbox.
    pub later: usize,
    /// Whether the server's answers showed that this phone was restored from a backup, or has a twin:
    /// another chain of records was begun, and those that lost their place go with it.
    pub restarted: bool,
    /// Whether the server was restored from a backup: what it lost was put back into the outbox.
    pub server_restored: bool,
    /// Claims whose state changed.
    pub claims_changed: usize,
    /// Documents that were sent whole.
    pub documents_sent: usize,
    /// Documents that could not be sent this time.
    pub documents_failed: usize,
    /// How many vouchers name this phone's provider, when the list of them was fetched whole.
    pub vouchers_listed: Option<usize>,
    /// Why the list of vouchers that was offered was not taken: the protocol's code. What is held stays.
    pub vouchers_refused: Option<&'static str>,
    /// Why the run ended early.
    pub stopped: Option<Stopped>,
}

/// Why a run ended before all was done. Nothing is lost; the next run goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// This phone has no enrolment to sync under.
    NotEnrolled,
    /// No answer came.
    Transport(TransportFailure),
    /// Answers come, but not from the programme's server: a sign-in page of the network, perhaps.
    NotOurServer,
    /// The server does not know this phone, or has suspended it.
    NotAdmitted,
    /// The enrolment code is used, expired or unknown.
    EnrolmentRefused,
    /// The server asks to come back later.
    Busy,
}

/// One run. At most one at a time works on a ledger, since it borrows the [`Verifier`] mutably.
pub struct SyncRun {
    stage: Stage,
    /// Which attempt at the present request this is, from 1. Challenge and proof count as one.
    attempt: u32,
    pause: Option<Duration>,
    enrolment_refused: bool,
    token: Option<String>,
    renewed_session: bool,
    batch_items: usize,
    sent: Option<(ChainRef, Batch)>,
    /// Chains whose news are still to be asked for, the next one last.
    chains: Vec<ChainRef>,
    /// Chains of which the server turned out to have lost something.
    came_back: BTreeSet<ChainId>,
    uploads_done: bool,
    /// Records over which the connection broke at every attempt, each sent alone.
    passed_over: BTreeSet<Hash>,
    /// How many such records or documents came in a row.
    broken: u32,
    report: SyncReport,
}

enum Stage {
    Trust,
    Enrol,
    Challenge,
    Prove {
        nonce: [u8; 32],
    },
    Profile,
    StatusLists {
        waiting: Vec<u32>,
    },
    Records,
    Documents {
        waiting: Vec<Upload>,
    },
    /// Late, since these may be large, and nothing that counts waits for them.
    IssuedSets {
        waiting: Vec<(Kid, IssuedSetRef)>,
    },
    /// Last, since nothing waits for it.
    Vouchers(Gathering),
    Over,
}

impl Default for SyncRun {
    fn default() -> Self {
        SyncRun::new()
    }
}

impl SyncRun {
    /// A run from the start.
    #[must_use]
    pub fn new() -> Self {
        SyncRun {
            stage: Stage::Trust,
            attempt: 1,
            pause: None,
            enrolment_refused: false,
            token: None,
            renewed_session: false,
            batch_items: BATCH_ITEMS,
            sent: None,
            chains: Vec::new(),
            came_back: BTreeSet::new(),
            uploads_done: false,
            passed_over: BTreeSet::new(),
            broken: 0,
            report: SyncReport::default(),
        }
    }

    /// What to do next.
    ///
    /// # Errors
    /// When storage or the device's key is broken.
    pub fn next(&mut self, verifier: &Verifier) -> Result<Step, EngineError> {
        if let Some(pause) = self.pause.take() {
            return Ok(Step::Wait(pause));
        }
        loop {
            let Some(origin) = verifier.origin().map(str::to_owned) else {
                return Ok(self.stop(Stopped::NotEnrolled));
            };
            let request = match &mut self.stage {
                Stage::Over => {
                    if !self.passed_over.is_empty() {
                        let broken = Stopped::Transport(TransportFailure::Interrupted);
                        self.report.stopped.get_or_insert(broken);
                    }
                    return Ok(Step::Done(self.report.clone()));
                }
                Stage::Trust => {
                    let mut request = get(&origin, "/v1/trust", None);
                    request.max_response = TrustFile::MAX_LEN;
                    if let Some(hash) = verifier.trust_file_hash() {
                        request.headers.push(("if-none-match", format!("\"{hash}\"")));
                    }
                    Some(request)
                }
                Stage::Enrol => match verifier.enrolment_request()? {
                    None => self.go_on(Stage::Challenge),
                    Some(body) => {
                        Some(post(&origin, "/v1/enrolments", None, "application/cose", body))
                    }
                },
                Stage::Challenge => Some(post(
                    &origin,
                    "/v1/sessions/challenge",
                    None,
                    "application/json",
                    b"{}".to_vec(),
                )),
                Stage::Prove { nonce } => {
                    let proof = verifier.session_proof(*nonce)?;
                    Some(post(&origin, "/v1/sessions", None, "application/cose", proof))
                }
                Stage::Profile => Some(get(&origin, "/v1/profile", self.token.as_deref())),
                Stage::StatusLists { waiting } => match waiting.last() {
                    None => self.go_on_with_records(verifier),
                    Some(&number) => match verifier.status_request(number)? {
                        None => {
                            waiting.pop();
                            None
                        }
                        Some((address, etag)) => {
                            let mut request = get(&origin, &address, None);
                            request.max_response = protocol::cose::ObjectType::StatusList.max_len();
                            request.headers.extend(etag.map(|etag| ("if-none-match", etag)));
                            Some(request)
                        }
                    },
                },
                Stage::Records => match self.chains.last() {
                    None => {
                        let uploads = if self.uploads_done {
                            Vec::new()
                        } else {
                            documents::waiting(verifier)?
                        };
                        self.go_on(Stage::Documents { waiting: uploads })
                    }
                    Some(&chain) => {
                        let (except, most) = (&self.passed_over, self.batch_items);
                        let batch = verifier.next_batch(chain, except, most, BATCH_BYTES)?;
                        let body = batch.encode().map_err(EngineError::Protocol)?;
                        self.sent = Some((chain, batch));
                        let token = self.token.as_deref();
                        let mut request =
                            post(&origin, "/v1/records", token, "application/cbor", body);
                        request.max_response = protocol::cose::ObjectType::Ack.max_len();
                        Some(request)
                    }
                },
                Stage::Documents { waiting } => match waiting.last_mut() {
                    Some(upload) => {
                        let request = upload.request(verifier, &origin, self.token.as_deref())?;
                        if request.is_none() {
                            waiting.pop();
                            self.report.documents_failed += 1;
                        }
                        request
                    }
                    None => {
                        let news = self.report.documents_sent > 0 && !self.uploads_done;
                        self.uploads_done = true;
                        if news {
                            self.go_on_with_records(verifier)
                        } else {
                            let waiting = verifier.issued_sets_to_fetch()?;
                            self.go_on(Stage::IssuedSets { waiting })
                        }
                    }
                },
                Stage::IssuedSets { waiting } => match waiting.last() {
                    None => {
                        let list = Gathering::begin(verifier.held_voucher_pages());
                        self.go_on(Stage::Vouchers(list))
                    }
                    Some((_, pinned)) => {
                        let mut request = get(&origin, &pinned.address, None);
                        request.max_response = IssuedSet::MAX_LEN;
                        Some(request)
                    }
                },
                Stage::Vouchers(list) => Some(list.request(&origin, self.token.as_deref())),
            };
            if let Some(request) = request {
                return Ok(Step::Send(request));
            }
        }
    }

    /// Takes the response to the last request, or why none came.
    ///
    /// # Errors
    /// When storage or the device's key is broken.
    pub fn answer(
        &mut self,
        verifier: &mut Verifier,
        response: Result<HttpResponse, TransportFailure>,
        clock: DeviceClock,
    ) -> Result<(), EngineError> {
        let response = match response {
            Ok(response) => response,
            Err(failure) => return self.no_answer(verifier, failure),
        };
        match &mut self.stage {
            Stage::Over => Ok(()),
            Stage::Trust => self.answer_trust(verifier, &response, clock),
            Stage::Enrol => {
                let kept = verifier.accept_profile(&response.body, clock)?;
                match (kept, response.status) {
                    (Ok(_), _) => {
                        self.report.profile_renewed = true;
                        self.go_on(Stage::Challenge);
                    }
                    // A code counts once. A phone whose answer was lost, or whose profile no longer
                    // verifies, is known by its key.
                    (Err(_), 400..=428 | 430..=499) => {
                        self.enrolment_refused = true;
                        self.go_on(Stage::Challenge);
                    }
                    (Err(_), status) => self.again(unsigned(status))?,
                }
                Ok(())
            }
            Stage::Challenge => match nonce(&response) {
                Some(nonce) => {
                    self.stage = Stage::Prove { nonce };
                    Ok(())
                }
                None => self.again(unsigned(response.status)),
            },
            Stage::Prove { .. } => match (token(&response), response.status) {
                (Some(token), _) => {
                    self.token = Some(token);
                    self.go_on(Stage::Profile);
                    Ok(())
                }
                (None, 401 | 403) => {
                    self.not_admitted();
                    Ok(())
                }
                (None, status) => self.again(unsigned(status)),
            },
            Stage::Profile => {
                if let Ok(renewed) = verifier.accept_profile(&response.body, clock)? {
                    self.report.profile_renewed |= renewed;
                }
                if !verifier.is_enrolled() {
                    self.not_admitted();
                    return Ok(());
                }
                let waiting = verifier.status_numbers();
                self.go_on(Stage::StatusLists { waiting });
                Ok(())
            }
            Stage::StatusLists { waiting } => {
                let Some(number) = waiting.pop() else { return Ok(()) };
                self.attempt = 1;
                if response.status == 304 {
                    return Ok(());
                }
                match verifier.accept_status_list(number, &response.body, clock)? {
                    Ok(true) => self.report.status_lists.push(number),
                    Ok(false) => {}
                    Err(error) => self.report.status_refused.push((number, error.code())),
                }
                Ok(())
            }
            Stage::Records => self.answer_records(verifier, &response, clock),
            Stage::Documents { waiting } => {
                let Some(mut upload) = waiting.pop() else { return Ok(()) };
                self.attempt = 1;
                match upload.answer(&response) {
                    documents::Progress::More => waiting.push(upload),
                    documents::Progress::Sent => {
                        self.report.documents_sent += 1;
                        self.broken = 0;
                    }
                    documents::Progress::Failed => self.report.documents_failed += 1,
                }
                Ok(())
            }
            Stage::IssuedSets { waiting } => {
                let Some((kid, pinned)) = waiting.pop() else { return Ok(()) };
                self.attempt = 1;
                match verifier.accept_issued_set(kid, &pinned, &response.body, clock)? {
                    Ok(()) => self.report.issued_sets.push(kid),
                    Err(error) => self.report.issued_refused.push((kid, error.code())),
                }
                Ok(())
            }
            Stage::Vouchers(list) => {
                self.attempt = 1;
                match list.answer(&response) {
                    Gathered::More => return Ok(()),
                    Gathered::Whole { pages, vouchers } => {
                        verifier.keep_voucher_list(pages, clock)?;
                        self.report.vouchers_listed = Some(vouchers);
                    }
                    Gathered::Failed(code) => self.report.vouchers_refused = code,
                }
                self.go_on(Stage::Over);
                Ok(())
            }
        }
    }

    fn answer_trust(
        &mut self,
        verifier: &mut Verifier,
        response: &HttpResponse,
        clock: DeviceClock,
    ) -> Result<(), EngineError> {
        if response.status == 304 && verifier.trust().is_some() {
            self.go_on(Stage::Enrol);
            return Ok(());
        }
        match verifier.accept_trust(&response.body, clock)? {
            Ok(version) => {
                self.report.trust_version = version;
                self.report.trust_refused = None;
            }
            Err(_) if TrustFile::decode(&response.body).is_err() => {
                return self.again(unsigned(response.status));
            }
            // A trust file that is refused by a rule came from a stale copy on the way, or is newer
            // than this program. What is held stays, and signed acks protect the rest of the run.
            Err(error) => {
                self.report.trust_refused = Some(error.code());
                if verifier.trust().is_none() {
                    return self.again(Stopped::NotOurServer);
                }
            }
        }
        self.go_on(Stage::Enrol);
        Ok(())
    }

    fn answer_records(
        &mut self,
        verifier: &mut Verifier,
        response: &HttpResponse,
        clock: DeviceClock,
    ) -> Result<(), EngineError> {
        let Some((chain, batch)) = self.sent.take() else { return Ok(()) };
        let written = verifier.chains().first().copied();
        let waited = verifier.waiting_of(chain, &self.passed_over)?;
        let Some(ack) = verifier.accept_ack(&response.body, clock)? else {
            return match response.status {
                401 | 403 if !self.renewed_session => {
                    self.renewed_session = true;
                    self.go_on(Stage::Challenge);
                    Ok(())
                }
                401 | 403 => {
                    self.stop(Stopped::NotAdmitted);
                    Ok(())
                }
                status => self.again(unsigned(status)),
            };
        };
        let (mut later, mut displaced) = (0, 0);
        for item in &batch.items {
            let hash = Hash::of(item);
            let result = ack.results.iter().find(|result| result.item == hash);
            match result.map(|result| &result.outcome) {
                Some(Outcome::Accepted) => self.report.accepted += 1,
                Some(Outcome::Duplicate) => self.report.duplicates += 1,
                Some(Outcome::Conflict) => self.report.conflicts += 1,
                // They go again, with the restart that names them.
                Some(Outcome::Refused(reason)) if has_no_place(reason) => displaced += 1,
                Some(Outcome::Refused(_)) => self.report.refused += 1,
                Some(Outcome::Later) | None => later += 1,
            }
        }
        self.report.claims_changed += ack.claims.len();
        self.report.server_restored |= ack.restored;
        self.attempt = 1;
        self.broken = 0;
        self.batch_items = (self.batch_items * 2).min(BATCH_ITEMS);
        if verifier.chains().first().copied() != written {
            self.report.restarted = true;
            self.go_on_with_records(verifier);
            return Ok(());
        }
        // Those of the batch before are the oldest that wait, so they are in this one too.
        self.report.later = later;
        let waits = verifier.waiting_of(chain, &self.passed_over)?;
        let settled = batch.items.len() - later - displaced;
        if later > 0 && settled == 0 {
            self.report.stopped = Some(Stopped::Busy);
        } else if later == 0 {
            self.report.stopped = None;
        }
        // A server that says nothing new of what it is sent is not sent it for ever.
        let came_back = ack.restored && self.came_back.insert(chain.id);
        let idle = !batch.items.is_empty() && waits >= waited && !came_back;
        if waits == 0 || idle {
            self.chains.pop();
        }
        Ok(())
    }

    /// Turns to the records of every chain, the one that is written first.
    fn go_on_with_records(&mut self, verifier: &Verifier) -> Option<HttpRequest> {
        self.chains = verifier.chains();
        self.chains.reverse();
        self.go_on(Stage::Records)
    }

    /// A request got no answer. Some failures end the run at once, since the next request would fail
    /// the same way; a broken connection is worth another try, with a smaller batch. It may break over
    /// one record or document alone, which then does not keep the others from being sent.
    fn no_answer(
        &mut self,
        verifier: &Verifier,
        failure: TransportFailure,
    ) -> Result<(), EngineError> {
        let last_try = self.attempt >= backoff::ATTEMPTS;
        match failure {
            // All that counts is done by then.
            _ if matches!(self.stage, Stage::Vouchers(_))
                && (last_try || failure != TransportFailure::Interrupted) =>
            {
                self.go_on(Stage::Over);
                Ok(())
            }
            TransportFailure::Interrupted => {
                self.batch_items = (self.batch_items / 2).max(1);
                if last_try && self.goes_around(verifier)? {
                    self.attempt = 1;
                    return Ok(());
                }
                self.again(Stopped::Transport(failure))
            }
            TransportFailure::Unreachable | TransportFailure::Certificate => {
                self.stop(Stopped::Transport(failure));
                Ok(())
            }
        }
    }

    /// Whether something else can be sent in place of what the connection broke over at every attempt:
    /// the records of a batch each alone, or what comes after one record or document.
    fn goes_around(&mut self, verifier: &Verifier) -> Result<bool, EngineError> {
        match (&mut self.stage, &self.sent) {
            (Stage::Documents { waiting }, _) if self.broken < BROKEN_IN_A_ROW => {
                waiting.pop();
                self.report.documents_failed += 1;
                self.broken += 1;
                Ok(true)
            }
            (Stage::Records, Some((chain, batch))) => match batch.items.as_slice() {
                [_, _, ..] => {
                    self.batch_items = 1;
                    Ok(true)
                }
                [item] if self.broken < BROKEN_IN_A_ROW => {
                    self.broken += 1;
                    self.passed_over.insert(Hash::of(item));
                    Ok(verifier.waiting_of(*chain, &self.passed_over)? > 0)
                }
                _ => Ok(false),
            },
            _ => Ok(false),
        }
    }

    /// Tries the present request again after a pause, or stops when it was tried often enough.
    fn again(&mut self, otherwise: Stopped) -> Result<(), EngineError> {
        if self.attempt >= backoff::ATTEMPTS {
            self.stop(otherwise);
            return Ok(());
        }
        self.attempt += 1;
        // A nonce counts once, and the server may have seen this one.
        if matches!(self.stage, Stage::Prove { .. }) {
            self.stage = Stage::Challenge;
        }
        let noise = getrandom::u32().map_err(|_| EngineError::NoRandomness)?;
        self.pause = Some(backoff::between_attempts(self.attempt, noise));
        Ok(())
    }

    fn not_admitted(&mut self) {
        let refused = self.enrolment_refused;
        self.stop(if refused { Stopped::EnrolmentRefused } else { Stopped::NotAdmitted });
    }

    fn stop(&mut self, why: Stopped) -> Step {
        self.report.stopped = Some(why);
        self.stage = Stage::Over;
        Step::Done(self.report.clone())
    }

    fn go_on(&mut self, stage: Stage) -> Option<HttpRequest> {
        self.stage = stage;
        self.attempt = 1;
        None
    }
}

/// What an answer without the server's signature is worth: nothing, but it may ask to wait.
fn unsigned(status: u16) -> Stopped {
    match status {
        429 | 503 => Stopped::Busy,
        _ => Stopped::NotOurServer,
    }
}

fn get(origin: &str, path: &str, token: Option<&str>) -> HttpRequest {
    request(Method::Get, origin, path, token)
}

fn post(
    origin: &str,
    path: &str,
    token: Option<&str>,
    content_type: &str,
    body: Vec<u8>,
) -> HttpRequest {
    let mut request = request(Method::Post, origin, path, token);
    request.headers.push(("content-type", content_type.to_owned()));
    request.body = body;
    request
}

fn request(method: Method, origin: &str, path: &str, token: Option<&str>) -> HttpRequest {
    let separator = if path.starts_with('/') { "" } else { "/" };
    HttpRequest {
        method,
        url: format!("{origin}{separator}{path}"),
        headers: token
            .map(|token| ("authorization", format!("Bearer {token}")))
            .into_iter()
            .collect(),
        body: Vec::new(),
        max_response: SMALL_ANSWER,
    }
}

fn nonce(response: &HttpResponse) -> Option<[u8; 32]> {
    let json: serde_json::Value = serde_json::from_slice(&response.body).ok()?;
    URL_SAFE_NO_PAD.decode(json.get("nonce")?.as_str()?).ok()?.try_into().ok()
}

fn token(response: &HttpResponse) -> Option<String> {
    let json: serde_json::Value = serde_json::from_slice(&response.body).ok()?;
    let token = json.get("token")?.as_str()?;
    let printable = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    printable.then(|| token.to_owned())
}
