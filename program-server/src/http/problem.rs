//! Errors as phones and providers' systems see them: problem documents (RFC 9457) with a stable code
//! and words that say what happened and what to do.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::borrow::Cow;

/// An answer that is no success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Problem {
    #[serde(serialize_with = "number")]
    #[schema(value_type = u16)]
    status: StatusCode,
    /// The stable code, such as `code_expired`.
    #[schema(value_type = String)]
    code: &'static str,
    /// What happened, in a few words.
    #[schema(value_type = String)]
    title: &'static str,
    /// What it means and what to do.
    #[schema(value_type = String)]
    detail: Cow<'static, str>,
}

impl Problem {
    /// A problem with words for people.
    #[must_use]
    pub fn new(
        status: StatusCode,
        code: &'static str,
        title: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Problem { status, code, title, detail: detail.into() }
    }

    /// Something broke that the caller can do nothing about. What it was goes to the log alone.
    pub fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(%error, "a request could not be answered");
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "The server could not do this now",
            "Nothing that was sent before is lost. Try again later.",
        )
    }

    /// Something that the server needs cannot be had now. What it is goes to the log alone.
    pub fn unavailable(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(%error, "the server lacks something that it needs");
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "The server is not ready",
            "Nothing that was sent before is lost. Try again later.",
        )
    }

    /// The body is not what this address takes.
    #[must_use]
    pub fn unreadable(error: &protocol::Error) -> Self {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "unreadable",
            "The request cannot be read",
            format!("{error} ({}). Update the app, then try again.", error.code()),
        )
    }

    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }
}

fn number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status;
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
