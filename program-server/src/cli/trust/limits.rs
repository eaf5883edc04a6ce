//! `trust limits`, `trust app-minimum`, `trust end-delegation`: what the trust list fixes for phones.

use super::{renew, time};
use crate::cli::output::Output;
use clap::Args;
use program_server::trust::{self, Limits};
use program_server::{App, Error, Result};
use protocol::trust::{AppMinimum, Freshness};
use protocol::{Hash, Span, Timestamp};
use serde_json::json;

/// Say from which age on phones show lists as stale, and from which they are too old.
///
/// What is set here takes the place of `trust_age` and `status_age` in `config.json`.
#[derive(Debug, Args)]
pub struct SetLimits {
    /// Trust lists: days until stale, and days until too old, such as 7:180.
    #[arg(long, value_name = "STALE:TOO-OLD", value_parser = ages, required_unless_present = "status")]
    trust: Option<Freshness>,
    /// Status lists: the same.
    #[arg(long, value_name = "STALE:TOO-OLD", value_parser = ages)]
    status: Option<Freshness>,
}

/// Say which version of the app phones need to redeem, from a time on. Syncing works with every version.
#[derive(Debug, Args)]
pub struct SetAppMinimum {
    /// The oldest version, such as 0.2.0.
    #[arg(value_parser = version, required_unless_present = "none")]
    version: Option<[u32; 3]>,
    /// From when on; now if not given. Give people time to update.
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<Timestamp>,
    /// Every version may redeem.
    #[arg(long, conflicts_with_all = ["version", "from"])]
    none: bool,
}

/// End a delegation before its time: phones refuse every voucher under it from the next list on.
#[derive(Debug, Args)]
pub struct EndDelegation {
    /// Its hash: 64 hexadecimal digits.
    #[arg(value_parser = hash)]
    hash: Hash,
    /// Why, in one line.
    #[arg(long)]
    reason: String,
}

fn ages(text: &str) -> Result<Freshness, String> {
    let wrong = || "give two numbers of days, such as 7:180, the first not above the second";
    let (stale, too_old) = text.split_once(':').ok_or_else(wrong)?;
    let days = |text: &str| text.parse::<u32>().map(|days| Span::days(u64::from(days)));
    let (Ok(stale_after), Ok(too_old_after)) = (days(stale), days(too_old)) else {
        return Err(wrong().to_owned());
    };
    if stale_after > too_old_after {
        return Err(wrong().to_owned());
    }
    Ok(Freshness { stale_after, too_old_after })
}

fn version(text: &str) -> Result<[u32; 3], String> {
    let parts: Result<Vec<u32>, _> = text.split('.').map(str::parse).collect();
    parts
        .ok()
        .and_then(|parts| parts.try_into().ok())
        .ok_or_else(|| "give a version such as 0.2.0".to_owned())
}

fn hash(text: &str) -> Result<Hash, String> {
    Hash::from_hex(text).ok_or_else(|| "a hash has 64 hexadecimal digits".to_owned())
}

async fn change(app: &App, change: impl FnOnce(&mut Limits)) -> Result<Limits> {
    let tx = app.db.begin().await?;
    tx.advisory_lock("trust limits").await?;
    let mut limits = trust::limits(&*tx).await?;
    change(&mut limits);
    trust::set_limits(&tx, &limits).await?;
    tx.commit().await?;
    renew(app).await?;
    Ok(limits)
}

impl SetLimits {
    pub async fn run(self, app: &App, output: &Output) -> Result<()> {
        let limits = change(app, |limits| {
            limits.trust = self.trust.or(limits.trust);
            limits.status = self.status.or(limits.status);
        })
        .await?;
        let days = |freshness: Freshness| {
            [freshness.stale_after, freshness.too_old_after].map(|span| span.as_seconds() / 86_400)
        };
        let mut words = Vec::new();
        for (what, freshness) in [("Trust", limits.trust), ("Status", limits.status)] {
            let Some([stale, too_old]) = freshness.map(days) else { continue };
            words.push(format!(
                "{what} lists are stale after {stale} days and too old after {too_old}."
            ));
        }
        words.push("Phones go by it after their next sync.".to_owned());
        output.print(
            &words.join("\n"),
            &json!({ "trust_days": limits.trust.map(days), "status_days": limits.status.map(days) }),
        )
    }
}

impl SetAppMinimum {
    pub async fn run(self, app: &App, output: &Output) -> Result<()> {
        let from = self.from.unwrap_or_else(|| app.now());
        let minimum = self.version.map(|version| AppMinimum { version, from });
        change(app, |limits| limits.app = minimum.clone()).await?;
        let words = match &minimum {
            None => "Every version of the app may redeem.".to_owned(),
            Some(AppMinimum { version: [major, minor, patch], from }) => format!(
                "From {from} on, phones redeem with version {major}.{minor}.{patch} or a later one; \
                 older ones still sync. Next: tell providers to update before then."
            ),
        };
        let value = minimum.map(|it| {
            let [major, minor, patch] = it.version;
            json!({ "version": format!("{major}.{minor}.{patch}"), "from": it.from.to_string() })
        });
        output.print(&words, &json!({ "app_minimum": value }))
    }
}

impl EndDelegation {
    pub async fn run(self, app: &App, output: &Output) -> Result<()> {
        let tx = app.db.begin().await?;
        trust::end_delegation(&tx, self.hash, &self.reason, app.now()).await?;
        tx.commit().await?;
        let published = trust::current(app).await.map_err(|error| {
            Error::Unavailable(format!("it is ended; the list is not: {error}"))
        })?;
        let list = published.state.list().version;
        output.print(
            &format!(
                "The delegation {} is ended with trust list {list}: phones that have synced refuse \
                 every voucher under it, also those issued before. Next: tell providers to sync, and \
                 issue anew what people still need.",
                self.hash
            ),
            &json!({ "delegation": self.hash.to_string(), "version": list }),
        )
    }
}
