//! Moves the bytes of a sync run over HTTP.

use crate::phone;
use std::io;
use std::thread;
use std::time::Duration;
use ureq::http;
use verifier_core::sync::{
    HttpRequest, HttpResponse, Step, Stopped, SyncReport, SyncRun, TransportFailure,
};
use verifier_core::verifier::{EngineError, Verifier};

/// How long a connection may take to be made, and a request as a whole.
const CONNECT: Duration = Duration::from_secs(10);
const REQUEST: Duration = Duration::from_secs(60);

/// Runs one sync to its end.
pub(crate) fn sync(verifier: &mut Verifier) -> Result<SyncReport, EngineError> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_connect(Some(CONNECT))
        .timeout_global(Some(REQUEST))
        .build()
        .into();
    let mut run = SyncRun::new();
    loop {
        match run.next(verifier)? {
            Step::Send(request) => {
                let response = send(&agent, request);
                run.answer(verifier, response, phone::clock())?;
            }
            Step::Wait(pause) => thread::sleep(pause),
            Step::Done(report) => return Ok(report),
        }
    }
}

/// Why a run stopped, in a sentence.
pub(crate) fn stopped_words(stopped: Stopped) -> String {
    match stopped {
        Stopped::NotEnrolled => {
            "this phone is not enrolled; scan an enrolment code first".to_owned()
        }
        Stopped::Transport(failure) => format!("{failure}. Nothing is lost; sync again later"),
        Stopped::NotOurServer => {
            "the answers do not come from the programme's server. Does the network ask to sign in?"
                .to_owned()
        }
        Stopped::NotAdmitted => {
            "the server does not admit this phone. Call the programme office; claims stay here"
                .to_owned()
        }
        Stopped::EnrolmentRefused => {
            "the server refused the enrolment code. Ask the programme office for a new one"
                .to_owned()
        }
        Stopped::Busy => "the server asks to come back later. Nothing is lost".to_owned(),
    }
}

/// The stable code of why a run stopped.
pub(crate) fn stopped_code(stopped: Stopped) -> &'static str {
    match stopped {
        Stopped::NotEnrolled => "not_enrolled",
        Stopped::Transport(TransportFailure::Unreachable) => "unreachable",
        Stopped::Transport(TransportFailure::Interrupted) => "interrupted",
        Stopped::Transport(TransportFailure::Certificate) => "certificate",
        Stopped::NotOurServer => "not_our_server",
        Stopped::NotAdmitted => "not_admitted",
        Stopped::EnrolmentRefused => "enrolment_refused",
        Stopped::Busy => "busy",
    }
}

fn send(agent: &ureq::Agent, request: HttpRequest) -> Result<HttpResponse, TransportFailure> {
    let limit = request.max_response as u64;
    let mut response = dispatch(agent, request).map_err(|error| failure(&error))?;
    let headers = response
        .headers()
        .iter()
        .filter_map(|(name, value)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        })
        .collect();
    let status = response.status().as_u16();
    let body = response
        .body_mut()
        .with_config()
        .limit(limit)
        .read_to_vec()
        .map_err(|error| failure(&error))?;
    Ok(HttpResponse { status, headers, body })
}

fn dispatch(
    agent: &ureq::Agent,
    request: HttpRequest,
) -> Result<http::Response<ureq::Body>, ureq::Error> {
    let mut builder = http::Request::builder().method(request.method.name()).uri(request.url);
    for (name, value) in request.headers {
        builder = builder.header(name, value);
    }
    let has_body = matches!(request.method.name(), "POST" | "PATCH");
    if has_body { agent.run(builder.body(request.body)?) } else { agent.run(builder.body(())?) }
}

fn failure(error: &ureq::Error) -> TransportFailure {
    use ureq::Error as E;
    let unreachable = |kind| {
        matches!(
            kind,
            io::ErrorKind::ConnectionRefused
                | io::ErrorKind::HostUnreachable
                | io::ErrorKind::NetworkUnreachable
                | io::ErrorKind::NetworkDown
                | io::ErrorKind::AddrNotAvailable
        )
    };
    match error {
        E::HostNotFound | E::ConnectionFailed | E::BadUri(_) => TransportFailure::Unreachable,
        E::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => {
            TransportFailure::Unreachable
        }
        E::Io(error) if unreachable(error.kind()) => TransportFailure::Unreachable,
        E::Tls(_) | E::Rustls(_) => TransportFailure::Certificate,
        _ => TransportFailure::Interrupted,
    }
}
