//! What is shown to the phone: a picture with a QR code, or its text.

use crate::picture::{Picture, PictureError};
use protocol::authenticity;
use protocol::enrolment;
use protocol::record::HowRead;
use scan::Content;
use std::path::PathBuf;

/// A picture or a text, one of the two.
#[derive(clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Presented {
    /// A picture with the QR code: PNG, JPEG, WebP or GIF
    #[arg(value_name = "IMAGE")]
    image: Option<PathBuf>,

    /// The text of the QR code itself
    #[arg(long, value_name = "T")]
    text: Option<String>,
}

/// Why a picture gives no text to work with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PresentedError {
    /// The file cannot be used as a picture.
    #[error("{0}: {1}")]
    Picture(String, PictureError),
    /// There is no QR code that can be read.
    #[error("{0}: no QR code could be read. Take the picture again: closer, steady, in even light")]
    NoSymbol(String),
    /// Several codes might be meant.
    #[error("{0}: there are {1} codes in this picture. Show one at a time")]
    Several(String, usize),
}

impl Presented {
    /// The text that was shown, and how it was read.
    pub(crate) fn text(&self) -> Result<(String, HowRead), PresentedError> {
        match (&self.image, &self.text) {
            (Some(path), _) => {
                let name = path.display().to_string();
                let picture = Picture::open(path)
                    .map_err(|error| PresentedError::Picture(name.clone(), error))?;
                Ok((one_text(name, &picture)?, HowRead::Picture))
            }
            (None, text) => Ok((text.clone().unwrap_or_default(), HowRead::Typed)),
        }
    }
}

/// The text of the one code that is meant: the only one of ours, else the only one at all.
fn one_text(name: String, picture: &Picture) -> Result<String, PresentedError> {
    let texts: Vec<String> = picture
        .symbols()
        .into_iter()
        .map(|symbol| match symbol.content {
            Content::Text(text) => text,
            Content::Bytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        })
        .collect();
    let is_ours = |text: &&String| {
        authenticity::read_text(text).is_ok() || text.starts_with(enrolment::TEXT_PREFIX)
    };
    let mut ours: Vec<&String> = texts.iter().filter(is_ours).collect();
    ours.dedup();
    match (ours.as_slice(), texts.as_slice()) {
        ([], []) => Err(PresentedError::NoSymbol(name)),
        ([text], _) => Ok((*text).clone()),
        ([], [text]) => Ok(text.clone()),
        ([], several) => Err(PresentedError::Several(name, several.len())),
        (several, _) => Err(PresentedError::Several(name, several.len())),
    }
}
