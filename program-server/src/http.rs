//! HTTP: the modules' routes put together, what holds for each of them, and the server itself.

mod benefit;
mod problem;
mod public;

pub use benefit::{BenefitShape, GoodsShape};
pub use problem::Problem;
pub use public::if_none_match;

use crate::app::App;
use crate::{Error, bundles, claims, devices, documents, sync, vouchers};
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, FromRequest, Request};
use axum::http::StatusCode;
use axum::http::header::{self, HeaderName};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use std::time::Duration;
use tower_http::trace::TraceLayer;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder};
use utoipa_axum::router::OpenApiRouter;

/// The header of an answer that is a signed object.
pub const COSE: [(HeaderName, &str); 1] = [(header::CONTENT_TYPE, "application/cose")];

/// Largest body where a route names no limit of its own, in bytes.
const MAX_BODY: usize = 16 * 1024;

/// How long a request may take, its body included. A phone on a bad network sends small chunks.
const MAX_TIME: Duration = Duration::from_secs(60);

/// How long a bundle's file may take, which comes in one piece.
const MAX_FILE_TIME: Duration = Duration::from_secs(10 * 60);

/// A request's body, whole.
#[derive(Debug, Clone)]
pub struct Body(pub axum::body::Bytes);

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = axum::body::Bytes::from_request(request, state).await;
        bytes.map(Body).map_err(|rejection: BytesRejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                "The request is too large",
                "Send it in smaller parts.",
            ),
            _ => Problem::new(
                StatusCode::BAD_REQUEST,
                "interrupted",
                "The request did not come whole",
                "Send it again.",
            ),
        })
    }
}

/// Every route, with the description of those that it serves at `/openapi.json`.
pub fn router(app: App) -> Router {
    let (router, api) = OpenApiRouter::with_openapi(description())
        .merge(devices::router())
        .merge(sync::router())
        .merge(documents::router())
        .merge(bundles::router())
        .merge(claims::router())
        .merge(vouchers::router())
        .merge(public::router())
        .split_for_parts();
    router
        .route("/openapi.json", get(|| async move { Json(api) }))
        .fallback(|| async { nothing_here() })
        .method_not_allowed_fallback(|| async { other_method() })
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(from_fn(in_time))
        .layer(TraceLayer::new_for_http())
        .with_state(app)
}

fn description() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Vouchsafe programme server")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "For phones and providers' systems. Bodies of signed objects are CBOR and COSE as \
             docs/protocol.md fixes them; errors are problem documents (RFC 9457) with a stable code.",
        ));
    let session = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    OpenApiBuilder::new()
        .info(info.build())
        .components(Some(ComponentsBuilder::new().security_scheme("session", session).build()))
        .build()
}

async fn in_time(request: Request, next: Next) -> Response {
    let is_file = request.uri().path() == bundles::PATH;
    let limit = if is_file { MAX_FILE_TIME } else { MAX_TIME };
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "timeout",
            "The request took too long",
            "Send it again, in smaller parts if the network is slow.",
        )
        .into_response(),
    }
}

fn nothing_here() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "no_route",
        "There is nothing at this address",
        "The addresses that there are stand in /openapi.json.",
    )
}

fn other_method() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method",
        "This address takes another method",
        "The methods that it takes stand in /openapi.json.",
    )
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match &error {
            Error::NotFound { what, .. } => Problem::new(
                StatusCode::NOT_FOUND,
                "not_found",
                "There is no such thing here",
                format!("No {what} has that name."),
            ),
            Error::Unavailable(_) => Problem::unavailable(&error),
            _ => Problem::internal(&error),
        }
    }
}
