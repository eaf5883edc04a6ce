//! Resumable uploads after tus 1.0 (core, creation, checksum), and downloads.

use super::folder::{ChunkFault, Folder, Upload};
use super::{MAX_LEN, store, tus};
use crate::Error;
use crate::app::App;
use crate::devices::Session;
use crate::http::{Body, Problem};
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use protocol::Hash;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Largest chunk of one PATCH, in bytes. A client sends smaller ones where networks are weak.
const MAX_CHUNK: usize = 4 * 1024 * 1024;

const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const VERSION: HeaderName = HeaderName::from_static("tus-version");
const EXTENSION: HeaderName = HeaderName::from_static("tus-extension");
const MAX_SIZE: HeaderName = HeaderName::from_static("tus-max-size");
const CHECKSUM_ALGORITHM: HeaderName = HeaderName::from_static("tus-checksum-algorithm");
const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const LENGTH: HeaderName = HeaderName::from_static("upload-length");
const METADATA: HeaderName = HeaderName::from_static("upload-metadata");
const CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create, describe))
        .routes(routes!(offset, append, download))
        .layer(DefaultBodyLimit::max(MAX_CHUNK))
        .layer(from_fn(speak_tus))
}

/// Every answer names the version; a request in another version is refused (tus 1.0, core).
async fn speak_tus(request: Request, next: Next) -> Response {
    let asked = request.headers().get(RESUMABLE);
    let needs_version = !matches!(*request.method(), Method::OPTIONS | Method::GET);
    let mut response = if needs_version && asked.is_none_or(|version| version != tus::VERSION) {
        let mut refused = Problem::new(
            StatusCode::PRECONDITION_FAILED,
            "tus_version",
            "Another version of the upload protocol",
            "Send the header `Tus-Resumable: 1.0.0`.",
        )
        .into_response();
        refused.headers_mut().insert(VERSION, HeaderValue::from_static(tus::VERSION));
        refused
    } else {
        next.run(request).await
    };
    response.headers_mut().insert(RESUMABLE, HeaderValue::from_static(tus::VERSION));
    response
}

/// What this server speaks of tus.
#[utoipa::path(
    options,
    path = "/v1/documents",
    tag = "documents",
    responses((status = NO_CONTENT, description = "Version, extensions and the largest size in headers"))
)]
async fn describe() -> Response {
    let headers = [
        (VERSION, tus::VERSION.to_owned()),
        (EXTENSION, tus::EXTENSIONS.to_owned()),
        (MAX_SIZE, MAX_LEN.to_string()),
        (CHECKSUM_ALGORITHM, tus::CHECKSUMS.to_owned()),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// Begins an upload, or finds how far one is. `Upload-Metadata` names the document:
/// `sha256` with its 64 hexadecimal digits in base64.
#[utoipa::path(
    post,
    path = "/v1/documents",
    tag = "documents",
    security(("session" = [])),
    params(
        ("Upload-Length" = u64, Header, description = "Length of the document in bytes"),
        ("Upload-Metadata" = String, Header, description = "`sha256 BASE64`, and what else may follow"),
    ),
    responses(
        (status = CREATED, description = "`Location` and `Upload-Offset`"),
        (status = FORBIDDEN, description = "No record of this device names the document", body = Problem),
        (status = PAYLOAD_TOO_LARGE, description = "Larger than a document may be", body = Problem),
    )
)]
async fn create(
    State(app): State<App>,
    Session(device): Session,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let metadata = text(&headers, &METADATA).unwrap_or_default();
    let document = tus::document_named(metadata).map_err(|fault| bad_header(&fault))?;
    let len = number(&headers, &LENGTH)?;
    let Some(named) = store::len_named_by(app.db.reader(), device.id, document).await? else {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "document_unnamed",
            "No record names this document",
            "Send the record that names the document first, then the document.",
        ));
    };
    if len > MAX_LEN {
        return Err(too_large());
    }
    if len != named {
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "document_length",
            "Another length than the record says",
            format!("The record says {named} bytes."),
        ));
    }
    let offset = match at_rest(&app, document, len).await? {
        Some(Upload::Whole(_)) => len,
        Some(Upload::Unfinished(offset)) => offset,
        None => on_disk(&app, move |folder| Ok(folder.create(document)?)).await?,
    };
    let headers =
        [(header::LOCATION, format!("/v1/documents/{document}")), (OFFSET, offset.to_string())];
    Ok((StatusCode::CREATED, headers).into_response())
}

/// How far an upload is.
#[utoipa::path(
    head,
    path = "/v1/documents/{sha256}",
    tag = "documents",
    security(("session" = [])),
    params(("sha256" = String, Path, description = "SHA-256 of the document, hexadecimal")),
    responses(
        (status = OK, description = "`Upload-Offset` and `Upload-Length`"),
        (status = NOT_FOUND, description = "Not begun, or not this device's to see"),
    )
)]
async fn offset(
    State(app): State<App>,
    Session(device): Session,
    Path(document): Path<String>,
) -> Result<Response, Problem> {
    let (document, len) = visible(&app, &device, &document).await?;
    let offset = match at_rest(&app, document, len).await?.ok_or_else(unknown)? {
        Upload::Whole(_) => len,
        Upload::Unfinished(offset) => offset,
    };
    let headers = [
        (OFFSET, offset.to_string()),
        (LENGTH, len.to_string()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((StatusCode::OK, headers).into_response())
}

/// Adds a chunk. Once the answer is here, the chunk is on disk.
#[utoipa::path(
    patch,
    path = "/v1/documents/{sha256}",
    tag = "documents",
    security(("session" = [])),
    params(
        ("sha256" = String, Path, description = "SHA-256 of the document, hexadecimal"),
        ("Upload-Offset" = u64, Header, description = "Where the chunk begins"),
        ("Upload-Checksum" = Option<String>, Header, description = "`sha256 BASE64` of the chunk"),
    ),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"),
    responses(
        (status = NO_CONTENT, description = "The new `Upload-Offset`"),
        (status = CONFLICT, description = "The upload stands at another offset", body = Problem),
        (status = UNSUPPORTED_MEDIA_TYPE, description = "Neither a picture nor a PDF", body = Problem),
    )
)]
async fn append(
    State(app): State<App>,
    Session(device): Session,
    Path(document): Path<String>,
    headers: HeaderMap,
    Body(chunk): Body,
) -> Result<Response, Problem> {
    let (document, len) = visible(&app, &device, &document).await?;
    if text(&headers, &header::CONTENT_TYPE) != Some(tus::CHUNK_TYPE) {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "chunk_type",
            "Another body type than a chunk has",
            "Send the chunk as application/offset+octet-stream.",
        ));
    }
    let offset = number(&headers, &OFFSET)?;
    if let Some(checksum) = text(&headers, &CHECKSUM) {
        let digest = tus::checksum(checksum).map_err(|fault| bad_header(&fault))?;
        if !tus::has_checksum(&chunk, &digest) {
            let mismatch = StatusCode::from_u16(tus::CHECKSUM_MISMATCH);
            return Err(Problem::new(
                mismatch.unwrap_or(StatusCode::BAD_REQUEST),
                "checksum_mismatch",
                "The chunk changed on the way",
                "Send the chunk again.",
            ));
        }
    }
    if len > MAX_LEN {
        return Err(too_large());
    }
    if at_rest(&app, document, len).await?.is_none() {
        return Err(unknown());
    }
    let stands = on_disk(&app, move |folder| folder.append(document, len, offset, &chunk)).await?;
    let offset = match stands {
        Upload::Unfinished(offset) => offset,
        Upload::Whole(kind) => {
            super::arrived(&app, document, len, kind).await?;
            len
        }
    };
    Ok((StatusCode::NO_CONTENT, [(OFFSET, offset.to_string())]).into_response())
}

/// The document.
#[utoipa::path(
    get,
    path = "/v1/documents/{sha256}",
    tag = "documents",
    security(("session" = [])),
    params(("sha256" = String, Path, description = "SHA-256 of the document, hexadecimal")),
    responses(
        (status = OK, description = "The document, as an attachment", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = NOT_FOUND, description = "Not whole yet, or not this device's to see", body = Problem),
    )
)]
async fn download(
    State(app): State<App>,
    Session(device): Session,
    Path(document): Path<String>,
) -> Result<Response, Problem> {
    let (document, len) = visible(&app, &device, &document).await?;
    let Some(Upload::Whole(kind)) = at_rest(&app, document, len).await? else {
        return Err(unknown());
    };
    let content = on_disk(&app, move |folder| Ok(folder.read(document)?)).await?;
    let name = format!("attachment; filename=\"{document}.{}\"", kind.extension());
    let headers = [
        (header::CONTENT_TYPE, kind.name().to_owned()),
        (header::CONTENT_DISPOSITION, name),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((headers, content).into_response())
}

/// The document of this name and its length, if a record of this device names it.
async fn visible(
    app: &App,
    device: &crate::devices::Device,
    document: &str,
) -> Result<(Hash, u64), Problem> {
    let document = Hash::from_hex(document).ok_or_else(unknown)?;
    let len = store::len_named_by(app.db.reader(), device.id, document).await?;
    Ok((document, len.ok_or_else(unknown)?))
}

/// How a document stands on disk. One that became whole just before a crash is noted now.
async fn at_rest(app: &App, document: Hash, len: u64) -> Result<Option<Upload>, Problem> {
    let stands = on_disk(app, move |folder| match folder.whole(document)? {
        Some(kind) => Ok(Some(Upload::Whole(kind))),
        None => Ok(folder.offset(document)?.map(Upload::Unfinished)),
    })
    .await?;
    if let Some(Upload::Whole(kind)) = stands {
        super::arrived(app, document, len, kind).await?;
    }
    Ok(stands)
}

/// Works on the folder beside the threads that serve requests.
async fn on_disk<T: Send + 'static>(
    app: &App,
    work: impl FnOnce(&Folder) -> Result<T, ChunkFault> + Send + 'static,
) -> Result<T, Problem> {
    let folder = super::folder(app)?;
    let done = tokio::task::spawn_blocking(move || work(&folder)).await;
    done.map_err(|error| Problem::internal(&error))?.map_err(|fault| refused(&fault))
}

fn refused(fault: &ChunkFault) -> Problem {
    let refuse = |status, code, title, detail| Problem::new(status, code, title, detail);
    match fault {
        ChunkFault::Offset => refuse(
            StatusCode::CONFLICT,
            "offset",
            "The upload stands at another offset",
            "Ask for the offset with HEAD and go on from there.",
        ),
        ChunkFault::TooLong => refuse(
            StatusCode::BAD_REQUEST,
            "too_long",
            "More bytes than the document has",
            "Send no more than the record says.",
        ),
        ChunkFault::Busy => refuse(
            StatusCode::LOCKED,
            "busy",
            "Another request is sending this document",
            "Wait until it is done, then ask for the offset with HEAD.",
        ),
        ChunkFault::MediaType => refuse(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "media_type",
            "Neither a picture nor a PDF",
            "Send JPEG, PNG, WebP or PDF.",
        ),
        ChunkFault::Content => refuse(
            StatusCode::UNPROCESSABLE_ENTITY,
            "content",
            "Not the document that the record names",
            "The bytes have another digest. Send the document again from its beginning.",
        ),
        ChunkFault::Disk(error) => Problem::internal(error),
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Result<u64, Problem> {
    text(headers, name).and_then(|text| text.parse().ok()).ok_or_else(|| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "header",
            "A header is missing",
            format!("`{name}` must be a number of bytes."),
        )
    })
}

fn bad_header(fault: &tus::HeaderFault) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "header", "A header is wrong", format!("{fault}."))
}

fn too_large() -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "document_too_large",
        "The document is too large",
        format!("A document has at most {MAX_LEN} bytes. Take the picture at a lower resolution."),
    )
}

fn unknown() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "document_unknown",
        "There is no such document here for this device",
        "Send the record that names it, then begin the upload with POST /v1/documents.",
    )
}

impl From<std::io::Error> for Problem {
    fn from(error: std::io::Error) -> Self {
        Problem::internal(&Error::Unavailable(error.to_string()))
    }
}
