//! What anyone may fetch: trust list, status lists and sets of issued vouchers, made for caches; and
//! whether the server is up.

use super::Problem;
use crate::app::App;
use crate::trust::{self, EntityBody};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// How long a cache may answer without asking again.
const CACHED: &str = "public, max-age=60";

/// The body type of a status list (Token Status List, CWT form).
const STATUS_LIST: &str = "application/statuslist+cwt";

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(trust_file))
        .routes(routes!(status_list))
        .routes(routes!(issued_set))
        .routes(routes!(health))
}

/// The roots and the trust list, in one file.
#[utoipa::path(
    get,
    path = "/v1/trust",
    tag = "public",
    responses(
        (status = OK, description = "The trust file", body = Vec<u8>, content_type = "application/cbor"),
        (status = NOT_MODIFIED, description = "The one that `If-None-Match` names is the newest"),
    )
)]
async fn trust_file(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    Ok(cached(trust::current_file(&app).await?, "application/cbor", &headers))
}

/// A status list.
#[utoipa::path(
    get,
    path = "/v1/status/{list}",
    tag = "public",
    params(("list" = u32, Path, description = "The list's number in the trust list")),
    responses(
        (status = OK, description = "The status list token", body = Vec<u8>, content_type = "application/statuslist+cwt"),
        (status = NOT_MODIFIED, description = "The one that `If-None-Match` names is the newest"),
        (status = NOT_FOUND, description = "There is no such list", body = Problem),
    )
)]
async fn status_list(
    State(app): State<App>,
    Path(list): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let number = list.parse().map_err(|_| crate::Error::not_found("status list", &list))?;
    Ok(cached(trust::status_token(&app, number).await?, STATUS_LIST, &headers))
}

/// What was truly issued under a compromised key.
#[utoipa::path(
    get,
    path = "/v1/issued/{set}",
    tag = "public",
    params(("set" = String, Path, description = "The set's SHA-256, as the trust list pins it")),
    responses(
        (status = OK, description = "The set", body = Vec<u8>, content_type = "application/cbor"),
        (status = NOT_MODIFIED, description = "The caller has it; it never changes"),
        (status = NOT_FOUND, description = "There is no such set", body = Problem),
    )
)]
async fn issued_set(
    State(app): State<App>,
    Path(set): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let unknown = || crate::Error::not_found("set of issued vouchers", &set);
    let hash = protocol::Hash::from_hex(&set).ok_or_else(unknown)?;
    let served = trust::issued_set_file(app.db.reader(), hash).await?;
    Ok(cached(served, "application/cbor", &headers))
}

/// The server's health.
#[derive(Serialize, utoipa::ToSchema)]
struct Health {
    /// `ok`.
    status: &'static str,
}

/// Whether the server and its database answer.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "public",
    responses((status = OK, description = "They do", body = Health))
)]
async fn health(State(app): State<App>) -> Result<Response, Problem> {
    app.db.reader().ping().await.map_err(crate::Error::from)?;
    let headers = [(header::CACHE_CONTROL, "no-store")];
    Ok((headers, Json(Health { status: "ok" })).into_response())
}

/// An answer that caches may keep, or 304 when the caller has it (RFC 9110 §13.1.2).
fn cached(served: EntityBody, content_type: &'static str, headers: &HeaderMap) -> Response {
    let about = [(header::ETAG, served.etag.clone()), (header::CACHE_CONTROL, CACHED.to_owned())];
    if if_none_match(headers, &served.etag) {
        return (StatusCode::NOT_MODIFIED, about).into_response();
    }
    (about, [(header::CONTENT_TYPE, content_type)], served.bytes).into_response()
}

/// Whether `If-None-Match` names this entity tag, compared weakly.
#[must_use]
pub fn if_none_match(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|tag| tag.trim().trim_start_matches("W/"))
        .any(|tag| tag == "*" || tag == etag)
}
