//! `vouchsafe redeem`: serve a voucher and record it.

use crate::failure::{self, Failure};
use crate::given::Given;
use crate::presented::Presented;
use crate::{Outcome, phone, words};
use protocol::id::OperatorId;
use serde_json::json;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::path::{Path, PathBuf};
use verifier_core::ledger::DocumentContent;
use verifier_core::verdict::Verdict;
use verifier_core::verifier::{Redemption, Service, Supervision};
use zeroize::Zeroizing;

/// Serve a voucher, and record that it was served
///
/// The record is on the disk before this says so. A voucher is served once: what is not given goes back to the fund.
/// Exit status: 0 recorded, 1 refused, 2 if nothing was recorded because something is broken.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    voucher: Presented,

    #[command(flatten)]
    given: Given,

    /// Attach a document, such as a photo of the receipt; may be repeated
    #[arg(long, value_name = "FILE")]
    document: Vec<PathBuf>,

    /// Who serves
    #[arg(long, value_name = "NAME")]
    operator: Option<OperatorId>,

    /// Serve with this supervisor's override what is refused because trust is too old or the clock was turned back. The PIN
    /// is read from the standard input
    #[arg(long = "override", value_name = "SUPERVISOR")]
    override_by: Option<OperatorId>,

    /// Read the supervisor's PIN from this file
    #[arg(long, value_name = "FILE", requires = "override_by")]
    pin_file: Option<PathBuf>,

    /// Print a JSON object instead of words
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(
    arguments: &Arguments,
    home: &Path,
    out: &mut impl Write,
) -> failure::Result<Outcome> {
    let (text, how_read) = arguments.voucher.text()?;
    let documents =
        arguments.document.iter().map(|file| document(file)).collect::<Result<_, _>>()?;
    let mut verifier = phone::open(home)?;
    let clock = phone::clock();
    let given = match verifier.check(&text, clock)? {
        Verdict::Accept(accepted) => arguments.given.of(&accepted.programme)?,
        // What should be given can only be read against the programme, which the receipt names too.
        Verdict::Refuse(refusal) => match (&refusal.voucher, &refusal.programme) {
            (Some(_), Some(programme)) => arguments.given.of(programme)?,
            _ => None,
        },
    };
    let service = Service { given, how_read, operator: arguments.operator.clone(), documents };
    let redemption = match &arguments.override_by {
        None => verifier.redeem(&text, service, clock)?,
        Some(supervisor) => {
            let pin = arguments.pin()?;
            let supervision = Supervision { supervisor: supervisor.clone(), pin: pin.trim() };
            verifier.redeem_with_override(&text, service, &supervision, clock)?
        }
    };
    match redemption {
        Redemption::Done(receipt) => {
            let programme = Some(&receipt.accepted.programme);
            let given = words::benefit_words(&receipt.given, programme);
            if arguments.json {
                let mut object = words::accepted_json(&receipt.accepted);
                object["claim"] = json!(receipt.claim.to_string());
                object["sequence"] = json!(receipt.sequence);
                object["given"] = json!(given);
                writeln!(out, "{object}")?;
            } else {
                writeln!(out, "REDEEMED")?;
                writeln!(out, "  Give: {given}")?;
                writeln!(out, "  Receipt {} (record {})", receipt.claim, receipt.sequence)?;
                for warning in &receipt.accepted.warnings {
                    writeln!(out, "  Note: {}", words::warning_words(*warning))?;
                }
            }
            Ok(Outcome::Done)
        }
        Redemption::Refused(refusal) => {
            if arguments.json {
                writeln!(out, "{}", words::refusal_json(&refusal))?;
            } else {
                words::write_refusal(&refusal, out)?;
            }
            Ok(Outcome::Refused)
        }
        Redemption::NotWithinVoucher(accepted) => Err(Failure::Argument(format!(
            "the voucher gives {}; more than that, or anything else, cannot be given for it. Nothing was recorded",
            words::benefit_words(&accepted.voucher.benefit, Some(&accepted.programme))
        ))),
    }
}

/// Reads a file as a document to attach.
pub(crate) fn document(file: &Path) -> failure::Result<DocumentContent> {
    let content =
        fs::read(file).map_err(|error| Failure::File(file.display().to_string(), error))?;
    Ok(DocumentContent { media_type: media_type(&content).to_owned(), content })
}

/// The media type by the first bytes; what is not known is a plain byte stream.
fn media_type(content: &[u8]) -> &'static str {
    match content {
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [b'%', b'P', b'D', b'F', ..] => "application/pdf",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "image/webp",
        _ => "application/octet-stream",
    }
}

impl Arguments {
    /// The PIN as it was typed: never an argument, which other users of the machine can see.
    fn pin(&self) -> failure::Result<Zeroizing<String>> {
        let mut pin = Zeroizing::new(String::new());
        match &self.pin_file {
            Some(file) => {
                let failed = |error| Failure::File(file.display().to_string(), error);
                BufReader::new(File::open(file).map_err(failed)?)
                    .read_line(&mut pin)
                    .map_err(failed)?;
            }
            None => {
                let failed = |error| Failure::File("the standard input".to_owned(), error);
                if io::stdin().is_terminal() {
                    // Nobody looks over the shoulder: it is not shown.
                    return Ok(Zeroizing::new(
                        rpassword::prompt_password("PIN: ").map_err(failed)?,
                    ));
                }
                io::stdin().lock().read_line(&mut pin).map_err(failed)?;
            }
        }
        Ok(pin)
    }
}
