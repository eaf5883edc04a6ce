//! `trust show`: the newest trust list, and what stands behind it.

use super::{end_words, key_value};
use crate::cli::output::Output;
use program_server::{App, Result, trust};
use protocol::id::ProgrammeId;
use protocol::key::PublicKey;
use protocol::trust::TooOldPolicy;
use serde_json::json;

pub async fn run(app: &App, output: &Output) -> Result<()> {
    let published = trust::current(app).await?;
    let list = published.state.list();
    let root = published.state.root();
    let mut words = format!(
        "Trust list {}, signed {}, next due by {}\nRoot document {}, next due by {}\nRoot keys, any {} \
         of which sign the next root: {}\nTrust list signed by: {}\nKeys:",
        list.version,
        list.issued,
        list.expires,
        root.version,
        root.expires,
        root.threshold,
        kids(&root.keys),
        kids(&root.trust_keys)
    );
    for key in &list.keys {
        let programmes: Vec<&str> = key.programmes.iter().map(ProgrammeId::as_str).collect();
        words += &format!(
            "\n  {}  {:<9} {}  for {}, until {}{}",
            key.key.kid(),
            key.purpose.name(),
            key.issuer,
            programmes.join(", "),
            key.not_after,
            end_words(key.end.as_ref()).map(|end| format!(", {end}")).unwrap_or_default()
        );
    }
    let sealing = trust::sealing_keys(app.db.reader()).await?;
    for key in &sealing {
        let state = match (key.left, key.kept_until()) {
            (Some(left), Some(until)) => format!("left the list {left}, kept until {until}"),
            _ => "phones may seal to it".to_owned(),
        };
        words += &format!("\n  {}  seal      {state}", key.kid);
    }
    for (what, freshness) in [("Trust", list.freshness), ("Status", list.status_freshness)] {
        let [stale, too_old] =
            [freshness.stale_after, freshness.too_old_after].map(|it| it.as_seconds() / 86_400);
        words += &format!("\n{what} lists are stale after {stale} days, too old after {too_old}");
    }
    if let Some(minimum) = &list.app_minimum {
        let [major, minor, patch] = minimum.version;
        words += &format!(
            "\nOldest app that may redeem from {} on: {major}.{minor}.{patch}",
            minimum.from
        );
    }
    let observed = trust::latest_observed_version(app.db.reader()).await?;
    let observed = observed.filter(|observed| observed.version > list.version);
    if let Some(observed) = observed {
        words += &format!(
            "\nA phone ({}) says that it has trust list {}, which this server never signed. If the \
             server was restored from a backup: `trust publish --at-least {}`",
            observed.device,
            observed.version,
            observed.version + 1
        );
    }
    let ended = trust::ended_delegations(app.db.reader()).await?;
    for delegation in &ended {
        words += &format!(
            "\nDelegation {} ended {}: {}",
            delegation.hash, delegation.ended, delegation.reason
        );
    }
    words += "\nProgrammes:";
    for programme in &list.programmes {
        words += &format!(
            "\n  {}  when trust is too old: {}; clocks may be {} hours behind",
            programme.id,
            too_old_words(programme.too_old),
            programme.clock_tolerance.as_seconds() / 3600
        );
    }
    words += "\nStatus lists:";
    for status in &list.status_lists {
        words += &format!("\n  {}  {}  {}", status.number, status.programme, status.address);
    }
    let keys = trust::keys(app.db.reader()).await?;
    output.print(
        &words,
        &json!({
            "version": list.version,
            "issued": list.issued.to_string(),
            "expires": list.expires.to_string(),
            "root_version": root.version,
            "root_expires": root.expires.to_string(),
            "root_hash": trust::root_hash(app.db.reader()).await?.to_string(),
            "root_keys": root.keys.iter().map(|key| key.kid().to_string()).collect::<Vec<_>>(),
            "root_threshold": root.threshold,
            "trust_keys": root.trust_keys.iter().map(|key| key.kid().to_string()).collect::<Vec<_>>(),
            "min_trust_version": root.min_trust_version,
            "keys": keys.iter().map(key_value).collect::<Vec<_>>(),
            "sealing_keys": sealing
                .iter()
                .map(|key| json!({
                    "kid": key.kid.to_string(),
                    "left": key.left.map(|left| left.to_string()),
                }))
                .collect::<Vec<_>>(),
            "programmes": list
                .programmes
                .iter()
                .map(|programme| json!({
                    "id": programme.id.as_str(),
                    "too_old": too_old_words(programme.too_old),
                    "clock_tolerance_hours": programme.clock_tolerance.as_seconds() / 3600,
                }))
                .collect::<Vec<_>>(),
            "ended_delegations":
                ended.iter().map(|it| it.hash.to_string()).collect::<Vec<_>>(),
            "app_minimum": list.app_minimum.as_ref().map(|minimum| {
                let [major, minor, patch] = minimum.version;
                json!({
                    "version": format!("{major}.{minor}.{patch}"),
                    "from": minimum.from.to_string(),
                })
            }),
            "status_lists": list
                .status_lists
                .iter()
                .map(|status| json!({
                    "list": status.number,
                    "programme": status.programme.as_str(),
                    "address": status.address,
                }))
                .collect::<Vec<_>>(),
        }),
    )
}

fn kids(keys: &[PublicKey]) -> String {
    keys.iter().map(|key| key.kid().to_string()).collect::<Vec<_>>().join(", ")
}

fn too_old_words(policy: TooOldPolicy) -> &'static str {
    match policy {
        TooOldPolicy::Refuse => "refuse",
        TooOldPolicy::AskSupervisor => "ask-supervisor",
    }
}
