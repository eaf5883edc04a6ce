//! Values as the vectors write them: times in seconds, ids and digests in hex, absent fields left out.

use protocol::ack::{Ack, Batch, Outcome};
use protocol::authenticity::NotAuthentic;
use protocol::bundle::{Answer, Bundle, Part, PartKind};
use protocol::enrolment::{Offer, Request};
use protocol::key::{Algorithm, PublicKey};
use protocol::profile::Profile;
use protocol::record::{Body, Document, OpenedRecord, RefusedSubject, SignedVoucher};
use protocol::session::SessionProof;
use protocol::status::{Status, StatusList};
use protocol::trust::{Grade, TrustState};
use protocol::voucher::{Reference, Voucher};
use protocol::{Benefit, Error, Timestamp};
use serde_json::{Map, Value, json};

/// An object without the members that are null or empty lists.
fn sparse(value: Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .filter(|(_, it)| {
                    !it.is_null() && it.as_array().is_none_or(|list| !list.is_empty())
                })
                .collect::<Map<_, _>>(),
        ),
        other => other,
    }
}

pub fn error(error: &Error) -> Value {
    json!({ "error": error.code() })
}

pub fn key(key: &PublicKey) -> Value {
    json!({
        "algorithm": match key.algorithm() {
            Algorithm::Ed25519 => "Ed25519",
            Algorithm::Esp256 => "ESP256",
            Algorithm::Rs256 => "RS256",
        },
        "thumbprint": key.thumbprint().to_string(),
        "kid": key.kid().to_string(),
        "digits": key.fingerprint_digits(),
    })
}

pub fn voucher(voucher: &Voucher) -> Value {
    let (kind, reference) = match &voucher.identity.reference {
        Reference::Cti(id) => ("cti", id.to_string()),
        Reference::Code(code) => ("code", code.clone()),
        Reference::Sub(sub) => ("sub", sub.clone()),
    };
    let documents: Vec<Value> = voucher
        .documents
        .iter()
        .map(|document| json!([document.hash.to_string(), document.label]))
        .collect();
    let mut described = sparse(json!({
        "issuer": voucher.identity.issuer.as_str(),
        "entitlement": voucher.entitlement.as_str(),
        "audience": voucher.audience.as_ref().map(|it| it.as_str()),
        "expires": voucher.expires.as_seconds(),
        "not_before": voucher.not_before.as_seconds(),
        "issued": voucher.issued.as_seconds(),
        "programme": voucher.programme.as_str(),
        "benefit": benefit(&voucher.benefit),
        "assistance": voucher.assistance,
        "holder": voucher.holder.as_ref().map(|holder| sparse(json!({
            "name": holder.name,
            "birth_year": holder.birth_year,
            "id_tail": holder.id_tail,
        }))),
        "status": voucher.status.map(|at| [at.list, at.index]),
        "documents": documents,
        "identity_hash": voucher.identity.hash().to_string(),
    }));
    described[kind] = reference.into();
    described
}

fn benefit(benefit: &Benefit) -> Value {
    match benefit {
        Benefit::Money(money) => json!({ "money": [money.minor(), money.currency().as_str()] }),
        Benefit::Goods(lines) => {
            let lines: Vec<Value> = lines
                .iter()
                .map(|line| json!([line.item, line.quantity.thousandths(), line.unit]))
                .collect();
            json!({ "goods": lines })
        }
    }
}

/// A list's head, and every entry that is not valid by its index.
pub fn status_list(list: &StatusList) -> Value {
    let count = list.entries.packed().len() as u32 * 4;
    let marks: Map<String, Value> = (0..count)
        .filter_map(|index| {
            let word = match list.entries.get(index).ok()? {
                Status::Valid => return None,
                Status::Revoked => "revoked",
                Status::Suspended => "suspended",
                Status::Redeemed => "redeemed",
            };
            Some((index.to_string(), word.into()))
        })
        .collect();
    sparse(json!({
        "address": list.address,
        "issued": list.issued.as_seconds(),
        "expires": list.expires.map(Timestamp::as_seconds),
        "entries": count,
        "not_valid": marks,
    }))
}

pub fn trust(state: &TrustState, at: Timestamp) -> Value {
    json!({
        "root_version": state.root().version,
        "list_version": state.list().version,
        "list_hash": state.list_hash().to_string(),
        "grade": match state.grade(at) {
            Grade::Fresh => "fresh",
            Grade::Stale => "stale",
            Grade::TooOld => "too_old",
        },
    })
}

fn document(document: &Document) -> Value {
    json!([document.hash.to_string(), document.len, document.media_type])
}

pub fn record(record: &OpenedRecord) -> Value {
    let header = &record.header;
    let lists: Vec<Value> = header
        .observed
        .status_lists
        .iter()
        .map(|(number, issued)| json!([number, issued.as_seconds()]))
        .collect();
    sparse(json!({
        "hash": record.hash.to_string(),
        "chain": header.chain.to_string(),
        "sequence": header.sequence,
        "previous": header.previous.map(|hash| hash.to_string()),
        "device_time": header.device_time.as_seconds(),
        "clock_floor": header.clock_floor.as_seconds(),
        "monotonic": [json!(header.monotonic.millis), json!(header.monotonic.boot.to_string())],
        "operator": header.operator.as_ref().map(|it| it.as_str()),
        "held": sparse(json!({
            "ack": header.observed.ack.map(|hash| hash.to_string()),
            "trust_version": header.observed.trust_version,
            "status_lists": lists,
        })),
        "body": body(&record.body),
    }))
}

fn body(body: &Body) -> Value {
    match body {
        Body::Redeem(redeem) => {
            let documents: Vec<Value> = redeem.documents.iter().map(document).collect();
            sparse(json!({
                "kind": "redeem",
                "claim": redeem.claim.to_string(),
                "voucher": match &redeem.voucher {
                    SignedVoucher::Cose(signed) => hex::encode(signed),
                    SignedVoucher::Jwt(text) => text.clone(),
                },
                "how_read": redeem.how_read.number(),
                "given": benefit(&redeem.given),
                "warnings": redeem.warnings,
                "documents": documents,
                "overridden_by": redeem.overridden_by.map(|hash| hash.to_string()),
            }))
        }
        Body::Void { claim, reason } => {
            json!({ "kind": "void", "claim": claim.to_string(), "reason": reason })
        }
        Body::Refuse { reason, subject } => match subject {
            RefusedSubject::Voucher(hash) => {
                json!({ "kind": "refuse", "reason": reason, "voucher": hash.to_string() })
            }
            RefusedSubject::Text(hash) => {
                json!({ "kind": "refuse", "reason": reason, "text": hash.to_string() })
            }
        },
        Body::AttachDocument { claim, document: attached } => json!({
            "kind": "attach_document",
            "claim": claim.to_string(),
            "document": document(attached),
        }),
        Body::Issue { voucher } => json!({ "kind": "issue", "voucher": hex::encode(voucher) }),
        Body::Override { voucher, reason, supervisor } => json!({
            "kind": "override",
            "voucher": voucher.to_string(),
            "reason": reason,
            "supervisor": supervisor.to_string(),
        }),
        Body::ServeByReference(served) => {
            let documents: Vec<Value> = served.documents.iter().map(document).collect();
            sparse(json!({
                "kind": "serve_by_code",
                "claim": served.claim.to_string(),
                "reference": served.reference.to_string(),
                "voucher": served.voucher.to_string(),
                "given": benefit(&served.given),
                "warnings": served.warnings,
                "documents": documents,
            }))
        }
        Body::Restart(restart) => {
            let orphans: Vec<String> =
                restart.orphans.iter().map(protocol::Hash::to_string).collect();
            let shared =
                restart.shared.map(|shared| json!([shared.sequence, shared.hash.to_string()]));
            sparse(json!({
                "kind": "restart",
                "chain": restart.chain.to_string(),
                "shared": shared,
                "orphans": orphans,
            }))
        }
    }
}

pub fn batch(batch: &Batch) -> Value {
    let items: Vec<String> = batch.items.iter().map(hex::encode).collect();
    let mut described = sparse(json!({
        "chain": batch.chain.to_string(),
        "since": batch.since,
        "last_ack": batch.last_ack.map(|hash| hash.to_string()),
        "device": batch.device.map(|hash| hash.to_string()),
    }));
    described["items"] = json!(items);
    described
}

pub fn ack(ack: &Ack) -> Value {
    let results: Vec<Value> = ack
        .results
        .iter()
        .map(|result| {
            let item = result.item.to_string();
            match &result.outcome {
                Outcome::Accepted => json!([item, "accepted"]),
                Outcome::Duplicate => json!([item, "duplicate"]),
                Outcome::Conflict => json!([item, "conflict"]),
                Outcome::Refused(reason) => json!([item, "refused", reason]),
                Outcome::Later => json!([item, "later"]),
            }
        })
        .collect();
    let documents: Vec<String> = ack.documents.iter().map(ToString::to_string).collect();
    let claims: Vec<Value> = ack
        .claims
        .iter()
        .map(|update| {
            sparse(json!({
                "claim": update.claim.to_string(),
                "state": update.state.name(),
                "reason": update.reason,
            }))
        })
        .collect();
    sparse(json!({
        "device": ack.device.to_string(),
        "chain": ack.chain.to_string(),
        "head": ack.head,
        "head_hash": ack.head_hash.map(|hash| hash.to_string()),
        "results": results,
        "documents": documents,
        "claims": claims,
        "cursor": ack.cursor,
        "server_time": ack.server_time.as_seconds(),
        "restored": ack.restored.then_some(true),
    }))
}

pub fn profile(profile: &Profile) -> Value {
    let supervisors: Vec<Value> =
        profile.supervisors.iter().map(|it| json!([it.name.as_str(), it.pin_hash])).collect();
    sparse(json!({
        "issuer": profile.issuer.as_str(),
        "issued": profile.issued.as_seconds(),
        "device": hex::encode(profile.device.to_bytes()),
        "provider": profile.provider.as_str(),
        "provider_name": profile.provider_name,
        "groups": profile.groups.iter().map(|it| it.as_str()).collect::<Vec<_>>(),
        "programmes": profile.programmes.iter().map(|it| it.as_str()).collect::<Vec<_>>(),
        "operators": profile.operators.iter().map(|it| it.as_str()).collect::<Vec<_>>(),
        "supervisors": supervisors,
        "unsent_redemptions": profile.limits.unsent_redemptions,
        "freshness": [
            profile.freshness.stale_after.as_seconds(),
            profile.freshness.too_old_after.as_seconds(),
        ],
        "confirmed": profile.confirmed,
    }))
}

pub fn offer(offer: &Offer) -> Value {
    json!({
        "origin": offer.origin,
        "code": hex::encode(offer.code),
        "root": offer.root.to_string(),
        "expires": offer.expires.as_seconds(),
    })
}

pub fn request(request: &Request) -> Value {
    json!({
        "code": hex::encode(request.code),
        "root": request.root.to_string(),
        "origin": request.origin,
        "key": hex::encode(request.key.to_bytes()),
        "nonce": hex::encode(request.nonce),
    })
}

pub fn session(proof: &SessionProof) -> Value {
    json!({ "nonce": hex::encode(proof.nonce), "origin": proof.origin })
}

/// A reason of docs/protocol.md §10 that the voucher's bytes alone decide, by its stable code.
pub fn not_authentic(reason: &NotAuthentic) -> Value {
    match reason {
        NotAuthentic::NotAVoucher => json!({ "refuse": "not_a_voucher" }),
        NotAuthentic::Unreadable(error) => {
            json!({ "refuse": "unreadable", "error": error.code() })
        }
        NotAuthentic::UnknownIssuer => json!({ "refuse": "unknown_issuer" }),
        NotAuthentic::Forged => json!({ "refuse": "forged" }),
        NotAuthentic::IssuerCompromised => json!({ "refuse": "issuer_compromised" }),
        NotAuthentic::BeyondDelegation(limit) => {
            json!({ "refuse": "beyond_delegation", "limit": limit.code() })
        }
        NotAuthentic::WrongProgramme => json!({ "refuse": "wrong_programme" }),
    }
}

pub fn bundle(bundle: &Bundle) -> Value {
    sparse(json!({
        "device": bundle.device.thumbprint().to_string(),
        "bundle": bundle.id.to_string(),
        "place": [bundle.place.number, bundle.place.of],
        "made": bundle.made.as_seconds(),
        "answer_to": hex::encode(bundle.answer_to.as_bytes()),
        "parts": bundle.parts.iter().map(part).collect::<Vec<_>>(),
    }))
}

pub fn answer(answer: &Answer) -> Value {
    sparse(json!({
        "device": answer.device.to_string(),
        "bundle": answer.id.to_string(),
        "place": [answer.place.number, answer.place.of],
        "made": answer.made.as_seconds(),
        "parts": answer.parts.iter().map(part).collect::<Vec<_>>(),
    }))
}

fn part(part: &Part) -> Value {
    let kind = match part.kind {
        PartKind::Enrolment => json!("enrolment"),
        PartKind::Batch => json!("batch"),
        PartKind::Document { document, offset, total } => {
            json!({ "document": document.to_string(), "offset": offset, "length": total })
        }
        PartKind::Trust => json!("trust"),
        PartKind::Profile => json!("profile"),
        PartKind::StatusList { list } => json!({ "status_list": list }),
        PartKind::Ack => json!("ack"),
        PartKind::IssuedSet => json!("issued_set"),
        PartKind::Other(number) => json!(number),
    };
    json!({ "kind": kind, "len": part.len, "sha256": part.digest.to_string() })
}
