//! Sending one document, resumable (tus 1.0): ask how far it is, create it, send the rest.

use super::{HttpRequest, HttpResponse, Method, request};
use crate::verifier::{EngineError, Verifier};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use protocol::record::Document;

/// Bytes of one PATCH: what a weak network carries before it breaks.
const CHUNK: u64 = 256 * 1024;

/// A document on its way.
pub(super) struct Upload {
    document: Document,
    /// Its content, decrypted once, when the first of it is sent.
    content: Option<Vec<u8>>,
    next: Next,
    /// The furthest offset that the server named.
    furthest: u64,
    /// How often the offset was asked for since it moved on last; a server that takes nothing is not
    /// asked for ever.
    stuck: u32,
}

#[derive(Debug, Clone, Copy)]
enum Next {
    AskOffset,
    Create,
    Send { offset: u64 },
}

/// How an upload stands after an answer.
pub(super) enum Progress {
    More,
    Sent,
    Failed,
}

/// The documents that the server lacks, last to be sent first in the list.
pub(super) fn waiting(verifier: &Verifier) -> Result<Vec<Upload>, EngineError> {
    let documents = verifier.documents_to_send()?;
    Ok(documents
        .into_iter()
        .rev()
        .map(|document| Upload {
            document,
            content: None,
            next: Next::AskOffset,
            furthest: 0,
            stuck: 0,
        })
        .collect())
}

impl Upload {
    /// The next request; none when this phone no longer has the content.
    pub(super) fn request(
        &mut self,
        verifier: &Verifier,
        origin: &str,
        token: Option<&str>,
    ) -> Result<Option<HttpRequest>, EngineError> {
        let path = format!("/v1/documents/{}", self.document.hash);
        let mut sent = match self.next {
            Next::AskOffset => request(Method::Head, origin, &path, token),
            Next::Create => {
                let mut create = request(Method::Post, origin, "/v1/documents", token);
                let metadata = format!(
                    "sha256 {},filetype {}",
                    STANDARD.encode(self.document.hash.to_string()),
                    STANDARD.encode(&self.document.media_type)
                );
                create.headers.push(("upload-length", self.document.len.to_string()));
                create.headers.push(("upload-metadata", metadata));
                create
            }
            Next::Send { offset } => {
                let mut patch = request(Method::Patch, origin, &path, token);
                if self.content.is_none() {
                    self.content = verifier.read_document(self.document.hash)?;
                }
                let Some(content) = &self.content else { return Ok(None) };
                let from = usize::try_from(offset).unwrap_or(usize::MAX).min(content.len());
                let to = from.saturating_add(CHUNK as usize).min(content.len());
                patch.body = content[from..to].to_vec();
                patch.headers.push(("upload-offset", offset.to_string()));
                patch.headers.push(("content-type", "application/offset+octet-stream".to_owned()));
                patch
            }
        };
        sent.headers.push(("tus-resumable", "1.0.0".to_owned()));
        Ok(Some(sent))
    }

    pub(super) fn answer(&mut self, response: &HttpResponse) -> Progress {
        let offset = response.header("upload-offset").and_then(|text| text.parse::<u64>().ok());
        let next = match (self.next, response.status, offset) {
            (Next::AskOffset, 200 | 204, Some(offset)) => Next::Send { offset },
            (Next::AskOffset, 404 | 410, _) => Next::Create,
            (Next::Create, 201, offset) => Next::Send { offset: offset.unwrap_or(0) },
            (Next::Send { offset: before }, 204, Some(offset)) if offset > before => {
                Next::Send { offset }
            }
            (Next::Send { .. } | Next::Create, 409, _) => Next::AskOffset,
            _ => return Progress::Failed,
        };
        match next {
            Next::AskOffset => self.stuck += 1,
            Next::Send { offset } if offset > self.furthest => {
                (self.furthest, self.stuck) = (offset, 0);
            }
            _ => {}
        }
        self.next = next;
        match next {
            Next::Send { offset } if offset >= self.document.len => Progress::Sent,
            _ if self.stuck > 3 => Progress::Failed,
            _ => Progress::More,
        }
    }
}
