//! Bundles over HTTP: any carrier with a network may bring a file, and takes the answer back.

use super::{ImportError, answer, import};
use crate::app::App;
use crate::http::Problem;
use axum::Extension;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use protocol::bundle::MAX_FILE_LEN;
use std::sync::Arc;
use tokio::sync::Semaphore;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Where files are brought.
pub const PATH: &str = "/v1/bundles";

/// How many files are taken in at a time: strangers may send them, and each is whole in memory.
const AT_A_TIME: usize = 8;

/// The body type of a bundle.
const BUNDLE: &str = "application/octet-stream";

/// How long a carrier waits before it tries again, in seconds.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("30");

#[derive(Clone)]
struct Permits(Arc<Semaphore>);

pub fn router() -> OpenApiRouter<App> {
    let permits = Permits(Arc::new(Semaphore::new(AT_A_TIME)));
    OpenApiRouter::new().routes(routes!(bundles)).layer(Extension(permits))
}

/// Takes in one file of a phone's sealed bundle, whoever brings it, and answers with a file sealed to
/// the phone. The same file again has the same effect as once.
#[utoipa::path(
    post,
    path = "/v1/bundles",
    tag = "bundles",
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The file, at most 20 MB"),
    responses(
        (status = OK, description = "The file that goes back to the phone", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = BAD_REQUEST, description = "No bundle, or altered on its way", body = Problem),
        (status = FORBIDDEN, description = "Not sealed to this server, or the phone is not enrolled here", body = Problem),
        (status = PAYLOAD_TOO_LARGE, description = "Larger than a bundle's file may be", body = Problem),
        (status = TOO_MANY_REQUESTS, description = "Others are bringing files; try again after `Retry-After`", body = Problem),
    )
)]
async fn bundles(
    State(app): State<App>,
    Extension(Permits(permits)): Extension<Permits>,
    request: Request,
) -> Result<Response, Problem> {
    let Ok(_permit) = permits.try_acquire() else { return Ok(busy()) };
    let file = to_bytes(request.into_body(), MAX_FILE_LEN).await.map_err(|_| too_large())?;
    let imported = import(&app, Arc::from(file.as_ref())).await?;
    let files = answer(&app, std::slice::from_ref(&imported)).await?;
    let Some(first) = files.into_iter().next() else { return Err(too_large()) };
    let name = format!("attachment; filename=\"{}\"", first.name);
    let headers = [
        (header::CONTENT_TYPE, BUNDLE.to_owned()),
        (header::CONTENT_DISPOSITION, name),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, first.bytes).into_response())
}

fn busy() -> Response {
    let problem = Problem::new(
        StatusCode::TOO_MANY_REQUESTS,
        "busy",
        "Others are bringing files",
        "Nothing was taken in. Send the file again in half a minute.",
    );
    ([(header::RETRY_AFTER, RETRY_AFTER)], problem).into_response()
}

fn too_large() -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too_large",
        "The file did not come whole, or is too large",
        "A bundle's file has at most 20 MB. Send each file by itself, as it was exported.",
    )
}

impl From<ImportError> for Problem {
    fn from(fault: ImportError) -> Self {
        let words = fault.to_string();
        match fault {
            ImportError::Unreadable(error) => Problem::new(
                StatusCode::BAD_REQUEST,
                error.code(),
                "The file cannot be read",
                words,
            ),
            ImportError::LaterVersion => Problem::new(
                StatusCode::BAD_REQUEST,
                "bundle.version",
                "The file was made by a later release",
                words,
            ),
            ImportError::SealedToAnother => Problem::new(
                StatusCode::FORBIDDEN,
                "sealed_to_another",
                "The file is not sealed to this server",
                words,
            ),
            ImportError::UnknownDevice => Problem::new(
                StatusCode::FORBIDDEN,
                "device_unknown",
                "The phone is not enrolled here",
                words,
            ),
            ImportError::Enrolment(fault) => fault.into(),
            ImportError::Server(error) => error.into(),
        }
    }
}
