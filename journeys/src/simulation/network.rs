//! The network between phones and office, and everything that it may do to a request.

use super::office::{Arrival, Handled, Office};
use super::random::Random;
use std::collections::BTreeMap;
use verifier_core::sync::{HttpRequest, HttpResponse, Method, TransportFailure};

/// What the network does to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The request never arrives.
    RequestLost,
    /// The server acts; its answer never arrives.
    AnswerLost,
    /// The phone gives up waiting, and the request arrives later, after others.
    Delayed,
    /// The request arrives, and once more later.
    Duplicated,
    /// The connection breaks within the request.
    RequestReset,
    /// Something on the way passes part of the request off as all of it.
    RequestTruncated,
    /// The connection breaks within the answer.
    AnswerReset,
    /// Something on the way passes part of the answer off as all of it.
    AnswerTruncated,
    /// A sign-in page answers.
    CaptivePortal,
    /// The request arrives; the answer bears another status.
    OtherStatus,
    /// Something on the way answers by itself with a status and nothing else.
    Empty,
    /// Something on the way answers with what the server said to this address some time ago.
    Stale,
    /// The server dies after some of its commits.
    ServerDies,
    /// The server does all its work and dies before it answers.
    ServerDiesLast,
}

/// Every fault, with how likely each is among them.
const FAULTS: [(Fault, u32); 14] = [
    (Fault::RequestLost, 10),
    (Fault::AnswerLost, 14),
    (Fault::Delayed, 10),
    (Fault::Duplicated, 8),
    (Fault::RequestReset, 6),
    (Fault::RequestTruncated, 5),
    (Fault::AnswerReset, 6),
    (Fault::AnswerTruncated, 5),
    (Fault::CaptivePortal, 6),
    (Fault::OtherStatus, 8),
    (Fault::Empty, 6),
    (Fault::Stale, 10),
    (Fault::ServerDies, 20),
    (Fault::ServerDiesLast, 4),
];

/// Requests that are remembered for stale answers, at most, for each address.
const REMEMBERED: usize = 4;

/// Stands between the network and the server, and may do what neither should: a test of the
/// simulation breaks an invariant there.
pub trait Interceptor {
    /// What a phone sends instead.
    fn on_request(&mut self, _office: &Office, request: HttpRequest) -> HttpRequest {
        request
    }

    /// What becomes of a request that reaches the server.
    ///
    /// # Errors
    /// When the server cannot be started again.
    fn handle(
        &mut self,
        office: &mut Office,
        request: &HttpRequest,
        arrival: Arrival,
    ) -> Result<Handled, String> {
        office.handle(request, arrival)
    }

    /// What the phone gets to see of what came back.
    ///
    /// # Errors
    /// When the office's keys cannot be had.
    fn on_answer(
        &mut self,
        _office: &Office,
        _request: &HttpRequest,
        answer: Result<HttpResponse, TransportFailure>,
    ) -> Result<Result<HttpResponse, TransportFailure>, String> {
        Ok(answer)
    }
}

pub struct PassThrough;

impl Interceptor for PassThrough {}

pub struct Network {
    /// Of a hundred requests, so many meet a fault.
    pub faults: u32,
    /// Requests that are still on their way.
    late: Vec<HttpRequest>,
    /// What was answered before, by method and address.
    answers: BTreeMap<String, Vec<HttpResponse>>,
    interceptor: Box<dyn Interceptor>,
}

/// What was done to a request, for the history.
pub type InjectedFault = Option<Fault>;

impl Network {
    /// A network that breaks so many of a hundred requests.
    #[must_use]
    pub fn new(faults: u32, interceptor: Box<dyn Interceptor>) -> Self {
        Network { faults, late: Vec::new(), answers: BTreeMap::new(), interceptor }
    }

    /// Carries a request to the office and the answer back, or does not.
    ///
    /// # Errors
    /// When the server cannot be started again.
    pub fn send(
        &mut self,
        office: &mut Office,
        random: &mut Random,
        request: HttpRequest,
    ) -> Result<(Result<HttpResponse, TransportFailure>, InjectedFault), String> {
        let request = &self.interceptor.on_request(office, request);
        let fault = if random.percent(self.faults) {
            let weights = FAULTS.map(|(_, weight)| weight);
            Some(FAULTS[random.weighed(&weights)].0)
        } else {
            None
        };
        let answer = match fault {
            None => self.deliver(office, request, Arrival::Whole)?,
            Some(fault) => self.inject(office, random, request, fault)?,
        };
        Ok((self.interceptor.on_answer(office, request, answer)?, fault))
    }

    /// Whether a request is still on its way.
    #[must_use]
    pub fn has_late(&self) -> bool {
        !self.late.is_empty()
    }

    /// Lets one request that is on its way arrive; nobody waits for its answer any more.
    ///
    /// # Errors
    /// When the server cannot be started again.
    pub fn deliver_late(
        &mut self,
        office: &mut Office,
        random: &mut Random,
    ) -> Result<Option<String>, String> {
        if self.late.is_empty() {
            return Ok(None);
        }
        let request = self.late.swap_remove(random.below(self.late.len()));
        let _ = self.deliver(office, &request, Arrival::Whole)?;
        Ok(Some(format!("{request:?}")))
    }

    fn inject(
        &mut self,
        office: &mut Office,
        random: &mut Random,
        request: &HttpRequest,
        fault: Fault,
    ) -> Result<Result<HttpResponse, TransportFailure>, String> {
        let interrupted = Err(TransportFailure::Interrupted);
        Ok(match fault {
            Fault::RequestLost if random.percent(50) => Err(TransportFailure::Unreachable),
            Fault::RequestLost => interrupted,
            Fault::AnswerLost => {
                let _ = self.deliver(office, request, Arrival::Whole)?;
                interrupted
            }
            Fault::Delayed => {
                self.late.push(request.clone());
                interrupted
            }
            Fault::Duplicated => {
                self.late.push(request.clone());
                self.deliver(office, request, Arrival::Whole)?
            }
            Fault::RequestReset => {
                let len = random.below(request.body.len() + 1);
                let _ = self.deliver(office, request, Arrival::Reset(len))?;
                interrupted
            }
            Fault::RequestTruncated => {
                let len = random.below(request.body.len() + 1);
                self.deliver(office, request, Arrival::Truncated(len))?
            }
            Fault::AnswerReset => {
                let _ = self.deliver(office, request, Arrival::Whole)?;
                interrupted
            }
            Fault::AnswerTruncated => {
                self.deliver(office, request, Arrival::Whole)?.map(|answer| {
                    let len = random.below(answer.body.len() + 1);
                    HttpResponse { body: answer.body[..len].to_vec(), ..answer }
                })
            }
            Fault::CaptivePortal => Ok(portal(random)),
            Fault::OtherStatus => {
                let status =
                    *random.pick(&[200, 204, 304, 401, 403, 404, 409, 500, 503]).unwrap_or(&500);
                let empty = random.percent(50);
                self.deliver(office, request, Arrival::Whole)?.map(|answer| {
                    let body = if empty { Vec::new() } else { answer.body };
                    HttpResponse { status, headers: answer.headers, body }
                })
            }
            Fault::Empty => {
                let status = *random
                    .pick(&[200, 202, 204, 304, 401, 403, 404, 413, 429, 502, 503])
                    .unwrap_or(&500);
                Ok(HttpResponse { status, headers: Vec::new(), body: Vec::new() })
            }
            Fault::Stale => {
                let before = self.answers.get(&address(request)).and_then(|it| random.pick(it));
                match before.cloned() {
                    Some(stale) => Ok(stale),
                    None => self.deliver(office, request, Arrival::Whole)?,
                }
            }
            Fault::ServerDies => {
                office.crash_point.arm(random.below(2) as u32);
                let answer = self.deliver(office, request, Arrival::Whole)?;
                office.crash_point.disarm();
                answer
            }
            Fault::ServerDiesLast => {
                let _ = self.deliver(office, request, Arrival::Whole)?;
                office.start()?;
                interrupted
            }
        })
    }

    fn deliver(
        &mut self,
        office: &mut Office,
        request: &HttpRequest,
        arrival: Arrival,
    ) -> Result<Result<HttpResponse, TransportFailure>, String> {
        match self.interceptor.handle(office, request, arrival)? {
            Handled::Died => Ok(Err(TransportFailure::Interrupted)),
            Handled::Answered(answer) => {
                let remembered = self.answers.entry(address(request)).or_default();
                if remembered.len() == REMEMBERED {
                    remembered.remove(0);
                }
                remembered.push(answer.clone());
                Ok(Ok(answer))
            }
        }
    }
}

fn address(request: &HttpRequest) -> String {
    let head = if request.method == Method::Head { "HEAD " } else { "" };
    format!("{head}{}", request.url)
}

/// The sign-in page of a café, or the way there.
fn portal(random: &mut Random) -> HttpResponse {
    let html = ("content-type".to_owned(), "text/html".to_owned());
    let page = b"<!doctype html><title>Free wifi</title><form action=/login>".to_vec();
    match random.below(3) {
        0 => HttpResponse { status: 200, headers: vec![html], body: page },
        1 => {
            let location = ("location".to_owned(), "http://wifi.example/login".to_owned());
            HttpResponse { status: 302, headers: vec![location], body: Vec::new() }
        }
        _ => HttpResponse { status: 511, headers: vec![html], body: page },
    }
}
