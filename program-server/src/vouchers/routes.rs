//! The vouchers that name a provider, as the provider may see them over HTTP: never the signed bytes
//! nor the `cti`, since a list must not stand in for a scan. The digest of the identity tells neither, and
//! lets a phone know the vouchers that it has served.

use super::{IssuedVoucher, naming};
use crate::app::App;
use crate::devices::Session;
use crate::http::{BenefitShape, Problem, if_none_match};
use crate::{Error, Result, programmes, providers, trust};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use protocol::Hash;
use protocol::id::ProviderId;
use protocol::status::Status;
use protocol::voucher::StatusRef;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Most vouchers of one page.
const PAGE: usize = 100;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(own_vouchers))
}

/// Which page.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// The `next` of the page before.
    after: Option<String>,
}

/// A page of vouchers.
#[derive(Serialize, utoipa::ToSchema)]
struct Vouchers {
    vouchers: Vec<NamedVoucher>,
    /// The cursor of the next page; absent on the last.
    next: Option<String>,
}

/// A voucher that names the provider or one of its groups.
#[derive(Serialize, utoipa::ToSchema)]
struct NamedVoucher {
    /// What is printed on it.
    reference: String,
    /// SHA-256 of its identity (docs/protocol.md §3), in hex.
    identity: String,
    programme: String,
    /// The first letters of the holder's names.
    holder: Option<String>,
    assistance: String,
    benefit: BenefitShape,
    /// The first valid day in the programme's time zone.
    first_day: String,
    /// The last valid day in the programme's time zone.
    last_day: String,
    /// `valid`, `redeemed`, `suspended` or `revoked`.
    status: &'static str,
}

/// The vouchers that name the device's provider or one of its groups, in the order of their references.
#[utoipa::path(
    get,
    path = "/v1/provider/vouchers",
    tag = "provider",
    security(("session" = [])),
    params(Wanted),
    responses(
        (status = OK, description = "A page of vouchers", body = Vouchers),
        (status = NOT_MODIFIED, description = "The page that `If-None-Match` names is the newest"),
    )
)]
async fn own_vouchers(
    State(app): State<App>,
    Session(device): Session,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let page = page(&app, &device.provider, wanted.after.as_deref()).await?;
    let body = serde_json::to_vec(&page).map_err(|error| Error::Broken(error.to_string()))?;
    let etag = format!("\"{}\"", Hash::of(&body));
    // No cache on the way keeps it. The phone does, and asks whether it changed.
    let about = [(header::ETAG, etag.clone()), (header::CACHE_CONTROL, "no-store".to_owned())];
    if if_none_match(&headers, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, about).into_response());
    }
    let json = [(header::CONTENT_TYPE, "application/json")];
    Ok((about, json, body).into_response())
}

async fn page(app: &App, provider: &ProviderId, after: Option<&str>) -> Result<Vouchers> {
    let db = app.db.reader();
    let mut audiences = providers::get(db, provider).await?.groups;
    audiences.push(provider.clone().into());
    let mut found = naming(db, &audiences, after, PAGE as u64 + 1).await?;
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    let next = found.last().filter(|_| more).map(|last| last.reference.clone());
    let zones: BTreeMap<_, _> = programmes::all(db)
        .await?
        .into_iter()
        .map(|programme| (programme.id, programme.zone))
        .collect();
    let places: Vec<StatusRef> = found.iter().filter_map(|one| one.voucher.status).collect();
    let statuses = trust::statuses(db, &places).await?;
    let shown = |issued: IssuedVoucher| {
        let voucher = issued.voucher;
        let zone = zones.get(&voucher.programme)?;
        let status = voucher.status.and_then(|at| statuses.get(&(at.list, at.index)).copied());
        Some(NamedVoucher {
            reference: issued.reference,
            identity: voucher.identity.hash().to_string(),
            programme: voucher.programme.to_string(),
            holder: voucher.holder.map(|holder| masked(&holder.name)),
            assistance: voucher.assistance,
            benefit: BenefitShape::from(&voucher.benefit),
            first_day: zone.day_of(voucher.not_before).to_string(),
            last_day: zone.last_day_before(voucher.expires).to_string(),
            status: word(status?),
        })
    };
    Ok(Vouchers { vouchers: found.into_iter().filter_map(shown).collect(), next })
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Valid => "valid",
        Status::Redeemed => "redeemed",
        Status::Suspended => "suspended",
        Status::Revoked => "revoked",
    }
}

/// The first letter of each name, and nothing of its length: enough to find the person in the room.
fn masked(name: &str) -> String {
    let letters = name.split_whitespace().filter_map(|word| word.chars().next());
    letters.map(|letter| format!("{letter}***")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_name_keeps_first_letters_alone() {
        assert_eq!(masked("Maria  dela Cruz"), "M*** d*** C***");
        assert_eq!(masked("Ñoño"), "Ñ***");
        assert_eq!(masked(" "), "");
    }
}
