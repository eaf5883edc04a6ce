//! `trust`: keys, the key ceremony and the trust list.

mod compromise;
mod foreign;
mod limits;
mod rotate;
mod show;

use super::output::Output;
use clap::{Args, Subcommand};
use compromise::Compromise;
use foreign::AddForeignIssuer;
use limits::{EndDelegation, SetAppMinimum, SetLimits};
use program_server::trust::{self, Ceremony, TrustedKey};
use program_server::{App, Error, Result};
use protocol::Timestamp;
use protocol::id::ProgrammeId;
use protocol::key::{KeyUse, Kid};
use protocol::trust::KeyEnd;
use rotate::Rotate;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;

/// Keys, and the trust list by which phones know them.
///
/// Every change publishes a new trust list by itself; the server also signs it anew once a day.
#[derive(Debug, Subcommand)]
pub enum Trust {
    Ceremony(HoldCeremony),
    /// Sign and store a new version of the trust list now.
    Publish {
        /// After the server was restored from a backup: a version that is at least this, above what
        /// phones have already.
        #[arg(long, value_name = "VERSION", default_value_t = 0, hide_default_value = true)]
        at_least: u64,
    },
    /// Show the newest trust list.
    Show,
    AddIssuerKey(AddIssuerKey),
    AddForeignIssuer(AddForeignIssuer),
    #[command(subcommand)]
    Rotate(Rotate),
    Compromise(Compromise),
    Retire(Retire),
    /// Destroy the file of a sealing key that left the trust list thirteen months ago.
    DestroySeal {
        /// The key's id: 16 hexadecimal digits.
        #[arg(value_parser = kid)]
        kid: Kid,
    },
    EndDelegation(EndDelegation),
    Limits(SetLimits),
    AppMinimum(SetAppMinimum),
}

/// Make the root keys, the office's keys and the first trust list.
///
/// Phones pin the root, so this is done once. The root keys are written to a folder of their own:
/// take each to a different safe place, and leave none on the server.
#[derive(Debug, Args)]
pub struct HoldCeremony {
    /// An empty folder for the root keys, best on a medium that can be carried away.
    #[arg(long, value_name = "DIR")]
    root_keys: PathBuf,
    /// How many root keys to make.
    #[arg(long, default_value_t = 3, value_name = "N")]
    roots: usize,
    /// How many of them must sign the next root document.
    #[arg(long, default_value_t = 2, value_name = "N")]
    threshold: usize,
}

/// Make another key that signs vouchers; new vouchers are signed by the newest.
#[derive(Debug, Args)]
pub struct AddIssuerKey {
    /// The one programme it signs for; every programme if not given.
    #[arg(long, value_name = "ID")]
    programme: Option<ProgrammeId>,
}

/// Put a key away in good order: what it signed before stays good.
#[derive(Debug, Args)]
pub struct Retire {
    /// The key's id: 16 hexadecimal digits.
    #[arg(value_parser = kid)]
    kid: Kid,
    /// From when on nothing it signs is good, such as 2026-11-21T10:00:00Z; from the
    /// next whole second on if not given.
    #[arg(long, value_name = "TIME", value_parser = time)]
    at: Option<Timestamp>,
}

fn kid(text: &str) -> Result<Kid, String> {
    Kid::from_hex(text).ok_or_else(|| "a key id has 16 hexadecimal digits".to_owned())
}

fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).map_err(|_| "give a time such as 2026-11-21T10:00:00Z".to_owned())
}

/// Publishes what a command changed, once there is a ceremony to sign by.
pub async fn renew(app: &App) -> Result<()> {
    match trust::current(app).await {
        Err(Error::Unavailable(_)) => Ok(()),
        other => other.map(|_| ()),
    }
}

/// Waits for this time, so that what is signed after a command is under the key that it began.
pub async fn reached(app: &App, time: Timestamp) {
    while app.now() < time {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

impl Trust {
    pub async fn run(self, app: &App, output: &Output) -> Result<()> {
        match self {
            Trust::Ceremony(ceremony) => ceremony.run(app, output).await,
            Trust::Publish { at_least } => {
                let published = trust::publish_at_least(app, at_least).await?;
                let list = published.state.list();
                output.print(
                    &format!(
                        "Trust list {} is published; the next is due by {}.",
                        list.version, list.expires
                    ),
                    &json!({ "version": list.version, "expires": list.expires.to_string() }),
                )
            }
            Trust::Show => show::run(app, output).await,
            Trust::AddIssuerKey(add) => add.run(app, output).await,
            Trust::AddForeignIssuer(add) => add.run(app, output).await,
            Trust::Rotate(rotate) => rotate.run(app, output).await,
            Trust::Compromise(compromise) => compromise.run(app, output).await,
            Trust::Retire(retire) => retire.run(app, output).await,
            Trust::DestroySeal { kid } => {
                let tx = app.db.begin().await?;
                trust::destroy_sealing_key(app, &tx, kid).await?;
                tx.commit().await?;
                output.print(
                    &format!(
                        "The sealing key {kid} is destroyed here. Next: destroy its copies in the \
                         backups of keys/."
                    ),
                    &json!({ "destroyed": kid.to_string() }),
                )
            }
            Trust::EndDelegation(end) => end.run(app, output).await,
            Trust::Limits(limits) => limits.run(app, output).await,
            Trust::AppMinimum(minimum) => minimum.run(app, output).await,
        }
    }
}

impl HoldCeremony {
    async fn run(self, app: &App, output: &Output) -> Result<()> {
        let report = trust::perform_ceremony(
            app,
            Ceremony { root_keys: &self.root_keys, roots: self.roots, threshold: self.threshold },
        )
        .await?;
        let roots: Vec<String> = report.roots.iter().map(Kid::to_string).collect();
        let office: serde_json::Map<String, Value> = report
            .office
            .iter()
            .map(|(purpose, kid)| ((*purpose).to_owned(), kid.to_string().into()))
            .collect();
        output.print(
            &format!(
                "The root document is made; the next is due by {}. Its digest, which phones pin:\n  \
                 {}\nRoot keys, any {} of which sign the next one: {}\nThey are in {}: take each \
                 to a different safe place.",
                report.expires,
                report.root_hash,
                self.threshold,
                roots.join(", "),
                self.root_keys.display()
            ),
            &json!({
                "root_hash": report.root_hash.to_string(),
                "expires": report.expires.to_string(),
                "root_keys": roots,
                "keys": office,
            }),
        )
    }
}

impl AddIssuerKey {
    async fn run(self, app: &App, output: &Output) -> Result<()> {
        let tx = app.db.begin().await?;
        let key = trust::add_issuer_key(app, &tx, KeyUse::Voucher, self.programme.as_ref()).await?;
        tx.commit().await?;
        renew(app).await?;
        output.print(
            &format!(
                "The key {} signs new vouchers. Phones that have not synced since do not know it \
                 yet.",
                key.key.kid()
            ),
            &key_value(&key),
        )
    }
}

impl Retire {
    async fn run(self, app: &App, output: &Output) -> Result<()> {
        let at_once = trust::next_second(app);
        let at = self.at.unwrap_or(at_once);
        let tx = app.db.begin().await?;
        let key = trust::retire(&tx, self.kid, at).await?;
        tx.commit().await?;
        renew(app).await?;
        if at == at_once {
            reached(app, at).await;
        }
        output.print(
            &format!(
                "The key {} is retired: what it signed before {at} stays good. If no other {} key \
                 signs, give `trust rotate {}`.",
                self.kid,
                key.purpose.name(),
                key.purpose.name()
            ),
            &key_value(&key),
        )
    }
}

/// A key for scripts.
fn key_value(key: &TrustedKey) -> Value {
    json!({
        "kid": key.key.kid().to_string(),
        "use": key.purpose.name(),
        "issuer": key.issuer.as_str(),
        "programme": key.programme.as_ref().map(ProgrammeId::as_str),
        "not_before": key.not_before.to_string(),
        "not_after": key.not_after.to_string(),
        "end": end_words(key.end.as_ref()),
    })
}

fn end_words(end: Option<&KeyEnd>) -> Option<String> {
    end.map(|end| match end {
        KeyEnd::RetiredAt(at) => format!("retired at {at}"),
        KeyEnd::Compromised(None) => "compromised".to_owned(),
        KeyEnd::Compromised(Some(_)) => {
            "compromised, with a set of what was truly issued".to_owned()
        }
    })
}
