//! Verdicts and vouchers in words for people and as JSON for scripts.

use protocol::Benefit;
use protocol::trust::Programme;
use protocol::voucher::Voucher;
use serde_json::{Value, json};
use std::io::{self, Write};
use verifier_core::clock::ClockTrust;
use verifier_core::verdict::{Accepted, Held, Reason, Refusal, Verdict, Warning};

/// Prints a verdict: one large word first, then the detail.
pub(crate) fn write_verdict(verdict: &Verdict, out: &mut impl Write) -> io::Result<()> {
    match verdict {
        Verdict::Accept(accepted) => {
            writeln!(out, "ACCEPT")?;
            write_voucher(&accepted.voucher, Some(&accepted.programme), out)?;
            for warning in &accepted.warnings {
                writeln!(out, "  Note: {}", warning_words(*warning))?;
            }
            Ok(())
        }
        Verdict::Refuse(refusal) => write_refusal(refusal, out),
    }
}

/// Prints why a voucher is refused.
pub(crate) fn write_refusal(refusal: &Refusal, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "REFUSE: {}", reason_words(&refusal.reason, refusal.programme.as_ref()))?;
    match &refusal.voucher {
        Some(voucher) => write_voucher(voucher, refusal.programme.as_ref(), out),
        None => Ok(()),
    }
}

/// A verdict as one JSON object.
pub(crate) fn verdict_json(verdict: &Verdict) -> Value {
    match verdict {
        Verdict::Accept(accepted) => accepted_json(accepted),
        Verdict::Refuse(refusal) => refusal_json(refusal),
    }
}

/// An accepted voucher as one JSON object.
pub(crate) fn accepted_json(accepted: &Accepted) -> Value {
    let warnings: Vec<&str> = accepted.warnings.iter().map(|warning| warning.code()).collect();
    json!({
        "verdict": "accept",
        "warnings": warnings,
        "judged_at": accepted.now.time.to_string(),
        "voucher": voucher_json(&accepted.voucher, Some(&accepted.programme)),
    })
}

/// A refusal as one JSON object.
pub(crate) fn refusal_json(refusal: &Refusal) -> Value {
    let programme = refusal.programme.as_ref();
    let mut object = json!({
        "verdict": "refuse",
        "reason": refusal.reason.code(),
        "words": reason_words(&refusal.reason, programme),
    });
    if let Reason::Unreadable { code } = refusal.reason {
        object["code"] = json!(code);
    }
    if let Reason::AlreadyRedeemed(live) = &refusal.reason {
        object["claim"] = json!(live.claim.to_string());
    }
    if let Some(voucher) = &refusal.voucher {
        object["voucher"] = voucher_json(voucher, programme);
    }
    object
}

/// The decimal places of most currencies, where nothing says which a currency has.
pub(crate) const USUAL_DECIMALS: u8 = 2;

/// What a benefit is, with the places of the programme's currency.
pub(crate) fn benefit_words(benefit: &Benefit, programme: Option<&Programme>) -> String {
    benefit.words(programme.map_or(USUAL_DECIMALS, |programme| programme.decimals))
}

pub(crate) fn write_voucher(
    voucher: &Voucher,
    programme: Option<&Programme>,
    out: &mut impl Write,
) -> io::Result<()> {
    writeln!(out, "  {} for {}", benefit_words(&voucher.benefit, programme), voucher.assistance)?;
    if let Some(holder) = &voucher.holder {
        write!(out, "  Holder: {}", holder.name)?;
        if let Some(year) = holder.birth_year {
            write!(out, ", born {year}")?;
        }
        if let Some(tail) = &holder.id_tail {
            write!(out, ", identity number ending {tail}")?;
        }
        writeln!(out)?;
    }
    let name = programme.map_or(voucher.programme.as_str(), |programme| &programme.name);
    write!(out, "  {name}")?;
    if let Some(programme) = programme {
        write!(out, ", valid through {}", programme.zone.last_day_before(voucher.expires))?;
    }
    writeln!(out, ", reference {}", voucher.identity.reference)?;
    for document in &voucher.documents {
        writeln!(out, "  Document: {} ({})", document.label, document.hash)?;
    }
    Ok(())
}

pub(crate) fn voucher_json(voucher: &Voucher, programme: Option<&Programme>) -> Value {
    let documents: Vec<Value> = voucher
        .documents
        .iter()
        .map(|document| json!({"label": document.label, "sha256": document.hash.to_string()}))
        .collect();
    json!({
        "issuer": voucher.identity.issuer.as_str(),
        "reference": voucher.identity.reference.to_string(),
        "programme": voucher.programme.as_str(),
        "entitlement": voucher.entitlement.as_str(),
        "audience": voucher.audience.as_ref().map(|audience| audience.as_str()),
        "benefit": benefit_words(&voucher.benefit, programme),
        "assistance": voucher.assistance,
        "holder": voucher.holder.as_ref().map(|holder| holder.name.as_str()),
        "not_before": voucher.not_before.to_string(),
        "last_day": programme.map(|it| it.zone.last_day_before(voucher.expires).to_string()),
        "documents": documents,
    })
}

/// What staff should know, in a sentence.
pub(crate) fn warning_words(warning: Warning) -> String {
    match warning {
        Warning::TrustStale { age } => {
            format!("the list of trusted issuers is {age} old; sync when there is a network")
        }
        Warning::StatusStale { age } => {
            format!("the list of revoked vouchers is {age} old; sync when there is a network")
        }
        Warning::StatusUnknown => {
            "this phone cannot tell whether the voucher was revoked; sync when there is a network"
                .to_owned()
        }
        Warning::ClockDoubtful(ClockTrust::Ahead(by)) => {
            format!("the clock may be {by} fast; check date and time")
        }
        Warning::ClockDoubtful(ClockTrust::Behind(by)) => {
            format!("the clock is {by} slow; check date and time")
        }
        Warning::ClockDoubtful(ClockTrust::Good) => "check date and time".to_owned(),
        Warning::ProfileStale { age } => {
            format!("this phone's profile is {age} old; sync when there is a network")
        }
    }
}

/// Why a voucher is refused and what to do, in a sentence or two.
pub(crate) fn reason_words(reason: &Reason, programme: Option<&Programme>) -> String {
    let day = |time| match programme {
        Some(programme) => programme.zone.day_of(time).to_string(),
        None => time.to_string(),
    };
    match reason {
        Reason::NotAVoucher => "this is not a voucher.".to_owned(),
        Reason::Unreadable { code } => {
            format!("the voucher cannot be read ({code}). Ask for another print.")
        }
        Reason::UnknownIssuer => {
            "nobody that this programme trusts issued it. Do not serve; if the holder insists, sync and scan again."
                .to_owned()
        }
        Reason::Forged => "forged: the signature is not the issuer's. Do not serve.".to_owned(),
        Reason::IssuerCompromised => {
            "the issuer's key was stolen. Ask the holder to get a new voucher from the programme office."
                .to_owned()
        }
        Reason::BeyondDelegation(limit) => format!(
            "the field officer who issued it was not allowed to: {limit}. Do not serve; send the holder to the programme office."
        ),
        Reason::WrongProgramme => "it belongs to a programme that is not served here.".to_owned(),
        Reason::TrustTooOld { what, age } => {
            let what = match what {
                Held::TrustList => "the list of trusted issuers",
                Held::Profile => "this phone's profile",
            };
            format!("{what} is {age} old, which is too old to rely on. Sync, then scan again.")
        }
        Reason::ClockTurnedBack { by } => {
            format!("the clock was turned back by {by}. Set date and time, then scan again.")
        }
        Reason::AlreadyRedeemed(live) => {
            let by = live.operator.as_ref().map(|who| format!(" by {who}")).unwrap_or_default();
            format!("served here already on {}{by}, receipt {}.", live.redeemed_at, live.claim)
        }
        Reason::Revoked => "the programme took it back.".to_owned(),
        Reason::Suspended => "the programme has suspended it. Send the holder to the office.".to_owned(),
        Reason::RedeemedElsewhere => "it was served somewhere else already.".to_owned(),
        Reason::WrongProvider { audience } => format!("it can only be used at {audience}."),
        Reason::IssuedByThisProvider => {
            "this provider's own phone issued it, so another provider must serve it.".to_owned()
        }
        Reason::IssuerNotValid => {
            "its issuer was not allowed to issue at the date it bears.".to_owned()
        }
        Reason::NotYetValid { from } => format!("it is valid from {} on.", day(*from)),
        Reason::Expired { expired } => match programme {
            Some(programme) => {
                format!("expired: its last day was {}.", programme.zone.last_day_before(*expired))
            }
            None => "expired.".to_owned(),
        },
    }
}
