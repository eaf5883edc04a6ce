//! `vouchsafe serve-by-reference`: serve a voucher whose code cannot be read by the reference that is printed on it.

use crate::failure::{self, Failure};
use crate::given::Given;
use crate::{Outcome, phone, redeem, words};
use protocol::id::OperatorId;
use protocol::printed::PrintedReference;
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use verifier_core::verdict::{Reason, ReferenceRefusal, ReferenceVerdict};
use verifier_core::verifier::{ReferenceReceipt, ReferenceRedemption, ReferenceService};

/// Serve a voucher whose code cannot be read by its printed reference, where the programme allows it
///
/// The voucher must be on the office's list for this provider. A person at the office decides on each such claim, so scan
/// the code wherever it can be read. Exit status: 0 recorded, 1 refused, 2 if nothing was recorded because something is
/// broken.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The reference, however it is typed
    #[arg(value_parser = reference)]
    reference: PrintedReference,

    #[command(flatten)]
    given: Given,

    /// Attach a document, such as a photo of the voucher; may be repeated
    #[arg(long, value_name = "FILE")]
    document: Vec<PathBuf>,

    /// Who serves
    #[arg(long, value_name = "NAME")]
    operator: Option<OperatorId>,

    /// Print a JSON object instead of words
    #[arg(long)]
    json: bool,
}

fn reference(typed: &str) -> Result<PrintedReference, String> {
    PrintedReference::typed(typed)
        .ok_or_else(|| "a reference has eight letters and digits, like 7K2M-94QX".to_owned())
}

pub(crate) fn run(
    arguments: &Arguments,
    home: &Path,
    out: &mut impl Write,
) -> failure::Result<Outcome> {
    let documents =
        arguments.document.iter().map(|file| redeem::document(file)).collect::<Result<_, _>>()?;
    let mut verifier = phone::open(home)?;
    let clock = phone::clock();
    let accepted = match verifier.check_reference(arguments.reference, clock)? {
        ReferenceVerdict::Accept(accepted) => accepted,
        ReferenceVerdict::Refuse(refusal) => return refused(arguments, &refusal, out),
    };
    let given = arguments.given.of(&accepted.programme)?;
    let service = ReferenceService { given, operator: arguments.operator.clone(), documents };
    match verifier.serve_by_reference(arguments.reference, service, clock)? {
        ReferenceRedemption::Done(receipt) => {
            if arguments.json {
                writeln!(out, "{}", receipt_json(&receipt))?;
            } else {
                write_receipt(&receipt, out)?;
            }
            Ok(Outcome::Done)
        }
        ReferenceRedemption::Refused(refusal) => refused(arguments, &refusal, out),
        ReferenceRedemption::NotWithinVoucher(accepted) => Err(Failure::Argument(format!(
            "the voucher gives {}; more than that, or anything else, cannot be given for it. Nothing was recorded",
            words::benefit_words(&accepted.voucher.benefit, Some(&accepted.programme))
        ))),
    }
}

fn refused(
    arguments: &Arguments,
    refusal: &ReferenceRefusal,
    out: &mut impl Write,
) -> failure::Result<Outcome> {
    let said = match refusal {
        ReferenceRefusal::NotListed => {
            "it is not on the office's list for this provider. Scan its code, or send the person to the programme office"
                .to_owned()
        }
        ReferenceRefusal::NotAllowed => {
            "this programme's vouchers are not served by their references. Scan its code".to_owned()
        }
        ReferenceRefusal::Refused(reason) => words::reason_words(reason, None),
    };
    if arguments.json {
        let mut object = json!({ "verdict": "refuse", "reason": refusal.code(), "words": said });
        if let ReferenceRefusal::Refused(Reason::AlreadyRedeemed(live)) = refusal {
            object["claim"] = json!(live.claim.to_string());
        }
        writeln!(out, "{object}")?;
    } else {
        writeln!(out, "REFUSE: {said}")?;
    }
    Ok(Outcome::Refused)
}

fn receipt_json(receipt: &ReferenceReceipt) -> Value {
    let ReferenceReceipt { claim, sequence, given, accepted } = receipt;
    let warnings: Vec<&str> = accepted.warnings.iter().map(|it| it.code()).collect();
    json!({
        "verdict": "accept",
        "claim": claim.to_string(),
        "sequence": sequence,
        "given": words::benefit_words(given, Some(&accepted.programme)),
        "reference": accepted.voucher.reference.to_string(),
        "warnings": warnings,
    })
}

fn write_receipt(receipt: &ReferenceReceipt, out: &mut impl Write) -> failure::Result<()> {
    let ReferenceReceipt { claim, sequence, given, accepted } = receipt;
    writeln!(out, "REDEEMED BY REFERENCE")?;
    writeln!(out, "  Give: {}", words::benefit_words(given, Some(&accepted.programme)))?;
    writeln!(out, "  Receipt {claim} (record {sequence})")?;
    writeln!(out, "  A person at the office decides on this claim: keep the voucher.")?;
    for warning in &accepted.warnings {
        writeln!(out, "  Note: {}", words::warning_words(*warning))?;
    }
    Ok(())
}
