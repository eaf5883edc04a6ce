//! `vouchsafe inspect`: what a QR code holds, layer by layer, and where it breaks.

use crate::picture::Picture;
use crate::presented::PresentedError;
use crate::words::USUAL_DECIMALS;
use crate::{Outcome, failure};
use protocol::cbor::{self, Value};
use protocol::cose::{ObjectType, Sign1};
use protocol::delegation::FieldVoucher;
use protocol::openg2p::Jwt;
use protocol::{enrolment, voucher};
use scan::Content;
use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;

/// Show what a QR code holds, layer by layer, and where it breaks
///
/// For people who debug. Checks no signature and needs no enrolled phone.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A picture, or the text of a QR code itself
    #[arg(value_name = "TEXT|IMAGE")]
    subject: String,

    /// Print a JSON object for each code instead of words
    #[arg(long)]
    pub(crate) json: bool,
}

/// One layer of a text and what it holds, or why it cannot be opened.
struct Layer {
    name: &'static str,
    content: Result<Vec<String>, String>,
}

pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> failure::Result<Outcome> {
    for text in texts(&arguments.subject)? {
        let layers = layers(&text);
        let described = if arguments.json { as_json(&text, &layers) } else { as_words(&layers) };
        writeln!(out, "{described}")?;
    }
    Ok(Outcome::Done)
}

/// The text itself, or those of every code in the picture it names.
fn texts(subject: &str) -> failure::Result<Vec<String>> {
    let path = Path::new(subject);
    if !path.is_file() {
        return Ok(vec![subject.to_owned()]);
    }
    let picture =
        Picture::open(path).map_err(|error| PresentedError::Picture(subject.to_owned(), error))?;
    let texts: Vec<String> = picture
        .symbols()
        .into_iter()
        .map(|symbol| match symbol.content {
            Content::Text(text) => text,
            Content::Bytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        })
        .collect();
    if texts.is_empty() {
        return Err(PresentedError::NoSymbol(subject.to_owned()).into());
    }
    Ok(texts)
}

fn as_words(layers: &[Layer]) -> String {
    let mut out = String::new();
    for layer in layers {
        match &layer.content {
            Ok(lines) => {
                let _ = writeln!(out, "{}", layer.name);
                for line in lines {
                    let _ = writeln!(out, "    {line}");
                }
            }
            Err(why) => {
                let _ = writeln!(out, "{}: BREAKS HERE\n    {why}", layer.name);
            }
        }
    }
    out.trim_end().to_owned()
}

fn as_json(text: &str, layers: &[Layer]) -> String {
    let layers: Vec<serde_json::Value> = layers
        .iter()
        .map(|layer| match &layer.content {
            Ok(lines) => serde_json::json!({"layer": layer.name, "content": lines}),
            Err(why) => serde_json::json!({"layer": layer.name, "breaks": why}),
        })
        .collect();
    serde_json::json!({"text": text, "layers": layers}).to_string()
}

fn layers(text: &str) -> Vec<Layer> {
    let mut layers = vec![Layer {
        name: "text",
        content: Ok(vec![format!(
            "{} characters, beginning {:?}",
            text.chars().count(),
            beginning(text)
        )]),
    }];
    if text.starts_with(voucher::TEXT_PREFIX) {
        ours(text, &mut layers);
    } else if text.starts_with(enrolment::TEXT_PREFIX) {
        offer(text, &mut layers);
    } else if Jwt::looks_like(text) {
        foreign(text, &mut layers);
    } else {
        layers.push(Layer {
            name: "kind",
            content: Err(
                "neither a voucher (VS1:), nor an enrolment offer (VSE1:), nor an OpenG2P token"
                    .to_owned(),
            ),
        });
    }
    layers
}

fn ours(text: &str, layers: &mut Vec<Layer>) {
    let bytes = match voucher::from_text(text) {
        Ok(bytes) => bytes,
        Err(error) => return layers.push(broken("base45", &error)),
    };
    layers.push(Layer { name: "base45", content: Ok(vec![format!("{} bytes", bytes.len())]) });
    let signed = match Sign1::parse(ObjectType::Voucher, &bytes) {
        Ok(signed) => signed,
        Err(error) => return layers.push(broken("COSE_Sign1", &error)),
    };
    layers.push(Layer {
        name: "COSE_Sign1 (the signature is not checked here: `vouchsafe check` does)",
        content: Ok(vec![
            format!("key id {}", signed.kid()),
            format!(
                "payload of {} bytes, SHA-256 {}",
                signed.unverified_payload().len(),
                signed.payload_hash()
            ),
        ]),
    });
    let payload = signed.unverified_payload();
    match cbor::decode(payload) {
        Ok(value) => layers.push(Layer { name: "claims", content: Ok(diagnostic(&value)) }),
        Err(error) => return layers.push(broken("claims", &error)),
    }
    if signed.delegation().is_some() {
        return delegated(&signed, layers);
    }
    match voucher::Voucher::decode(payload) {
        Ok(read) => layers.push(Layer { name: "voucher", content: Ok(described(&read)) }),
        Err(error) => layers.push(broken("voucher", &error)),
    }
}

/// A voucher that a field officer's phone issued: its delegation, and what both say together.
fn delegated(signed: &Sign1, layers: &mut Vec<Layer>) {
    let (under, own) = match FieldVoucher::read_stored(signed) {
        Ok(read) => read,
        Err(error) => return layers.push(broken("delegated voucher", &error)),
    };
    let delegation = &under.delegation;
    let ceiling = &delegation.ceiling;
    let mut lines = vec![
        format!("SHA-256 {}, signed {}", under.hash, delegation.issued),
        format!("device {}, of {}", delegation.device.kid(), delegation.provider),
        format!("programme {}, for {}", delegation.programme, delegation.assistance.join(", ")),
        format!(
            "{} vouchers of at most {}, {} together, each for at most {}",
            delegation.count,
            ceiling.single().words(USUAL_DECIMALS),
            ceiling.total().words(USUAL_DECIMALS),
            delegation.longest
        ),
        format!("issued from {} until before {}", delegation.from, delegation.until),
    ];
    lines.extend(delegation.audience.as_ref().map(|audience| format!("only at {audience}")));
    layers.push(Layer { name: "delegation", content: Ok(lines) });
    // Who issued it, the key that signed the delegation says; nothing here is verified.
    let issuer = protocol::id::IssuerId::new("(unverified)");
    let whole = issuer.map(|issuer| delegation.voucher(under.hash, issuer, &own));
    let content = match whole {
        Ok(Ok(read)) => {
            let mut lines = vec![format!("number {} of {}", own.number, delegation.count)];
            lines.extend(described(&read));
            Ok(lines)
        }
        Ok(Err(limit)) => Err(format!("{limit} [beyond_delegation, {}]", limit.code())),
        Err(error) => Err(error.to_string()),
    };
    layers.push(Layer { name: "voucher", content });
}

fn offer(text: &str, layers: &mut Vec<Layer>) {
    match enrolment::Offer::from_text(text) {
        Ok(offer) => layers.push(Layer {
            name: "enrolment offer",
            content: Ok(vec![
                format!("server {}", offer.origin),
                format!("root {}", offer.root),
                format!("the code ends {}", offer.expires),
            ]),
        }),
        Err(error) => layers.push(broken("enrolment offer", &error)),
    }
}

fn foreign(text: &str, layers: &mut Vec<Layer>) {
    match Jwt::parse(text) {
        Ok(token) => {
            layers.push(Layer {
                name: "JWT (the signature is not checked here: `vouchsafe check` does)",
                content: Ok(vec![format!("RS256, key id {:?}", token.kid())]),
            });
            let claims = String::from_utf8_lossy(token.unverified_payload()).into_owned();
            layers.push(Layer { name: "claims", content: Ok(vec![claims]) });
        }
        Err(error) => layers.push(broken("JWT", &error)),
    }
}

fn described(read: &voucher::Voucher) -> Vec<String> {
    let mut lines = vec![
        format!("issuer {}, reference {}", read.identity.issuer, read.identity.reference),
        format!("programme {}, entitlement {}", read.programme, read.entitlement),
        format!("gives {} as {:?}", read.benefit.words(2), read.assistance),
        format!(
            "valid from {} until before {}, issued {}",
            read.not_before, read.expires, read.issued
        ),
    ];
    lines.extend(read.audience.as_ref().map(|audience| format!("only at {audience}")));
    lines.extend(read.status.map(|at| format!("status list {}, index {}", at.list, at.index)));
    lines.extend(read.documents.iter().map(|doc| format!("document {:?} {}", doc.label, doc.hash)));
    lines
}

fn broken(name: &'static str, error: &protocol::Error) -> Layer {
    Layer { name, content: Err(format!("{error} [{}]", error.code())) }
}

fn beginning(text: &str) -> String {
    text.chars().take(16).collect()
}

/// The top level of a map, an entry a line, in CBOR's diagnostic notation (RFC 8949 §8).
fn diagnostic(value: &Value) -> Vec<String> {
    match value {
        Value::Map(entries) => entries
            .iter()
            .map(|(key, value)| format!("{}: {}", notation(key), notation(value)))
            .collect(),
        other => vec![notation(other)],
    }
}

fn notation(value: &Value) -> String {
    let list = |items: Vec<String>| items.join(", ");
    match value {
        Value::Integer(number) => i128::from(*number).to_string(),
        Value::Bytes(bytes) => format!("h'{}'", hex::encode(bytes)),
        Value::Text(text) => format!("{text:?}"),
        Value::Bool(flag) => flag.to_string(),
        Value::Null => "null".to_owned(),
        Value::Array(items) => format!("[{}]", list(items.iter().map(notation).collect())),
        Value::Map(entries) => {
            let pairs = entries.iter().map(|(k, v)| format!("{}: {}", notation(k), notation(v)));
            format!("{{{}}}", list(pairs.collect()))
        }
        other => format!("{other:?}"),
    }
}
