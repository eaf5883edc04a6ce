//! A provider's own claims over HTTP.

use super::{Claim, Cursor, Event, list};
use crate::app::App;
use crate::devices::Session;
use crate::http::{BenefitShape, Problem};
use axum::Json;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(own_claims))
}

/// Which page.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// The `next` of the page before.
    after: Option<String>,
}

/// A page of claims.
#[derive(Serialize, utoipa::ToSchema)]
struct Claims {
    claims: Vec<ClaimWithHistory>,
    /// The cursor of the next page; absent on the last.
    next: Option<String>,
}

/// A claim and what happened to it.
#[derive(Serialize, utoipa::ToSchema)]
struct ClaimWithHistory {
    /// The claim's id, which the phone drew.
    claim: String,
    programme: String,
    given: BenefitShape,
    /// How the voucher's code was read: `camera`, `picture`, `shared` or `typed`; `by_reference` when only its
    /// reference was typed.
    how_read: &'static str,
    /// When the server received it (RFC 3339).
    received: String,
    /// When it may be paid at the earliest, since a second claim may still come in until then (RFC 3339).
    payable_from: String,
    state: &'static str,
    /// A stable code of why, where there is something to say.
    reason: Option<String>,
    history: Vec<Change>,
}

/// A change of a claim's state.
#[derive(Serialize, utoipa::ToSchema)]
struct Change {
    state: &'static str,
    reason: Option<String>,
    /// What staff wrote to it.
    note: Option<String>,
    /// When (RFC 3339).
    at: String,
}

impl From<Claim> for ClaimWithHistory {
    fn from(claim: Claim) -> Self {
        ClaimWithHistory {
            claim: claim.id.to_string(),
            programme: claim.programme.to_string(),
            given: BenefitShape::from(&claim.given),
            how_read: claim.how_served.name(),
            received: claim.received.to_string(),
            payable_from: claim.payable_from.to_string(),
            state: claim.state.name(),
            reason: claim.reason,
            history: claim.history.into_iter().map(Change::from).collect(),
        }
    }
}

impl From<Event> for Change {
    fn from(event: Event) -> Self {
        Change {
            state: event.state.name(),
            reason: event.reason,
            note: event.note,
            at: event.at.to_string(),
        }
    }
}

/// The claims of the device's provider, the first received first, each with its history.
#[utoipa::path(
    get,
    path = "/v1/provider/claims",
    tag = "provider",
    security(("session" = [])),
    params(Wanted),
    responses((status = OK, description = "A page of claims", body = Claims))
)]
async fn own_claims(
    State(app): State<App>,
    Session(device): Session,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let after = match &wanted.after {
        None => None,
        Some(text) => Some(Cursor::parse(text).ok_or_else(bad_cursor)?),
    };
    let found = list(&app.db, Some(device.provider), None, after).await?;
    let page = Claims {
        claims: found.claims.into_iter().map(ClaimWithHistory::from).collect(),
        next: found.next.map(|cursor| cursor.to_string()),
    };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(page)).into_response())
}

fn bad_cursor() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "cursor",
        "There is no such page",
        "Begin again without `after`.",
    )
}
