//! Records in, acks out, over HTTP.

use super::{Quota, receive};
use crate::app::App;
use crate::devices::Session;
use crate::http::{Body, COSE, Problem};
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use protocol::ack::{Batch, MAX_BATCH_LEN};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(records)).layer(DefaultBodyLimit::max(MAX_BATCH_LEN))
}

/// Takes in a batch of device records and answers with a signed ack: one result an item, the head of
/// the chain, documents stored, and claims that changed. An empty batch asks for news.
#[utoipa::path(
    post,
    path = "/v1/records",
    tag = "sync",
    security(("session" = [])),
    request_body(content = Vec<u8>, content_type = "application/cbor", description = "The batch: at most 500 items and 4 MiB"),
    responses(
        (status = OK, description = "The signed ack", body = Vec<u8>, content_type = "application/cose"),
        (status = BAD_REQUEST, description = "Not a batch", body = Problem),
        (status = UNAUTHORIZED, description = "No session", body = Problem),
    )
)]
async fn records(
    State(app): State<App>,
    Session(device): Session,
    Body(body): Body,
) -> Result<Response, Problem> {
    let batch = Batch::decode(&body).map_err(|error| Problem::unreadable(&error))?;
    let ack = receive(&app, &device, batch, Quota::default()).await?;
    Ok((COSE, ack).into_response())
}
