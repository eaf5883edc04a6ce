//! Enrolment, sessions and profiles over HTTP.

use super::{
    Device, DeviceStatus, EnrolmentFault, SESSION_AGE, SessionFault, Token, challenge, device,
    enrol, open, profile,
};
use crate::app::App;
use crate::http::{Body, COSE, Problem};
use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(enrolment))
        .routes(routes!(new_challenge))
        .routes(routes!(new_session))
        .routes(routes!(own_profile))
}

/// The device whose session a request belongs to.
#[derive(Debug, Clone)]
pub struct Session(pub Device);

impl FromRequestParts<App> for Session {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let token = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "))
            .and_then(Token::from_text)
            .ok_or_else(no_session)?;
        let device = device(&app.db, &token, app.now()).await?;
        device.map(Session).ok_or_else(no_session)
    }
}

fn no_session() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "no_session",
        "There is no such session",
        "Sessions last an hour. Open one with POST /v1/sessions.",
    )
}

/// A nonce to be signed.
#[derive(Serialize, utoipa::ToSchema)]
struct Challenge {
    /// 32 bytes in base64url without padding.
    nonce: String,
}

/// An open session.
#[derive(Serialize, utoipa::ToSchema)]
struct Opened {
    /// What to send as `Authorization: Bearer`.
    token: String,
    /// How long, in seconds.
    expires_in: u64,
}

/// Enrols a phone by the code of an offer. The same request again has the same answer.
#[utoipa::path(
    post,
    path = "/v1/enrolments",
    tag = "devices",
    request_body(content = Vec<u8>, content_type = "application/cose", description = "The signed enrolment request"),
    responses(
        (status = OK, description = "The signed device profile", body = Vec<u8>, content_type = "application/cose"),
        (status = FORBIDDEN, description = "The code is unknown or used, or for another server", body = Problem),
        (status = GONE, description = "The code has expired", body = Problem),
    )
)]
async fn enrolment(State(app): State<App>, Body(request): Body) -> Result<Response, Problem> {
    let device = enrol(&app.db, &request, app.now()).await?;
    Ok((COSE, profile(&app, &device).await?).into_response())
}

/// Gives out a nonce, good once and for two minutes.
#[utoipa::path(
    post,
    path = "/v1/sessions/challenge",
    tag = "devices",
    responses((status = OK, description = "The nonce", body = Challenge))
)]
async fn new_challenge(State(app): State<App>) -> Result<Response, Problem> {
    let nonce = URL_SAFE_NO_PAD.encode(challenge(&app.db, app.now()).await?);
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(Challenge { nonce })).into_response())
}

/// Opens a session for the device that signed the nonce and this server's origin.
#[utoipa::path(
    post,
    path = "/v1/sessions",
    tag = "devices",
    request_body(content = Vec<u8>, content_type = "application/cose", description = "The signed session proof"),
    responses(
        (status = OK, description = "The token", body = Opened),
        (status = UNAUTHORIZED, description = "The proof does not open a session", body = Problem),
    )
)]
async fn new_session(State(app): State<App>, Body(proof): Body) -> Result<Response, Problem> {
    let token = open(&app.db, &proof, app.config.origin.as_str(), app.now()).await?;
    let opened = Opened { token: token.to_text(), expires_in: SESSION_AGE.as_seconds() };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(opened)).into_response())
}

/// The device's profile, signed anew.
#[utoipa::path(
    get,
    path = "/v1/profile",
    tag = "devices",
    security(("session" = [])),
    responses(
        (status = OK, description = "The signed device profile", body = Vec<u8>, content_type = "application/cose"),
        (status = FORBIDDEN, description = "The device is suspended", body = Problem),
    )
)]
async fn own_profile(
    State(app): State<App>,
    Session(device): Session,
) -> Result<Response, Problem> {
    if device.status == DeviceStatus::Suspended {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "device_suspended",
            "This phone is suspended",
            "What it recorded can still be sent. Ask the programme office about a new enrolment.",
        ));
    }
    let headers = (COSE, [(header::CACHE_CONTROL, "no-store")]);
    Ok((headers, profile(&app, &device).await?).into_response())
}

impl From<EnrolmentFault> for Problem {
    fn from(fault: EnrolmentFault) -> Self {
        let forbid = |code, title, detail| Problem::new(StatusCode::FORBIDDEN, code, title, detail);
        match fault {
            EnrolmentFault::Unreadable(error) => Problem::unreadable(&error),
            EnrolmentFault::UnknownCode => forbid(
                "code_unknown",
                "There is no such enrolment code",
                "Read the code again, or ask the programme office for a new one.",
            ),
            EnrolmentFault::CodeUsed => forbid(
                "code_used",
                "Another phone used this enrolment code",
                "Ask the programme office for a new one, and tell them if you do not know of \
                 another phone.",
            ),
            EnrolmentFault::OtherServer => forbid(
                "other_server",
                "The request is for another server",
                "Read the enrolment code again.",
            ),
            EnrolmentFault::OtherProvider => forbid(
                "other_provider",
                "This phone is enrolled for another provider",
                "Enrol it with a new home, so that it draws a new key.",
            ),
            EnrolmentFault::Expired => Problem::new(
                StatusCode::GONE,
                "code_expired",
                "The enrolment code has expired",
                "Ask the programme office for a new one.",
            ),
            EnrolmentFault::Server(error) => error.into(),
        }
    }
}

impl From<SessionFault> for Problem {
    fn from(fault: SessionFault) -> Self {
        let (code, detail) = match fault {
            SessionFault::Unreadable(error) => return Problem::unreadable(&error),
            SessionFault::Server(error) => return error.into(),
            SessionFault::UnknownDevice => {
                ("device_unknown", "No device that is enrolled here signed this. Enrol the phone.")
            }
            SessionFault::OtherServer => {
                ("other_server", "The proof names another server. Enrol the phone with this one.")
            }
            SessionFault::Nonce => {
                ("nonce", "The nonce was used or has expired. Ask for a new one.")
            }
        };
        Problem::new(StatusCode::UNAUTHORIZED, code, "The proof opens no session", detail)
    }
}
