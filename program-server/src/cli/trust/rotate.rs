//! `trust rotate`: a new key in the place of an old one, and new root documents.

use super::{key_value, kid, reached, renew, time};
use crate::cli::output::Output;
use clap::{Args, Subcommand};
use program_server::trust::{self, RootChange, RootReport};
use program_server::{App, Result};
use protocol::Timestamp;
use protocol::id::ProgrammeId;
use protocol::key::{KeyUse, Kid};
use serde_json::json;
use std::path::PathBuf;

/// Put a new key in the place of an old one. What the old one signed stays good.
///
/// Phones learn of the new key with the next trust list, so give them time: with `--from` the old key
/// signs until then. Copy `keys/` to its backup after each rotation.
#[derive(Debug, Subcommand)]
pub enum Rotate {
    /// The root: other root keys, another threshold or expiry; the next root document.
    Root(RotateRoot),
    /// The key that signs trust lists. It is named by the root, so root keys are needed.
    Trust(RotateRoot),
    /// The key that signs vouchers.
    Voucher(RotateKey),
    /// The key that signs delegations to field officers.
    Delegation(RotateKey),
    /// The key that signs status lists.
    Status(RotateKey),
    /// The key that signs device profiles.
    Profile(RotateServerKey),
    /// The key that signs acks.
    Ack(RotateServerKey),
    /// The key to which phones seal; the one before it stays in the list.
    Seal(RotateSeal),
}

#[derive(Debug, Args)]
pub struct RotateKey {
    /// The one programme it signs for; every programme if not given.
    #[arg(long, value_name = "ID")]
    programme: Option<ProgrammeId>,
    #[command(flatten)]
    begin: RotateServerKey,
}

#[derive(Debug, Args)]
pub struct RotateServerKey {
    /// When the new key begins and the old one is retired, such as 2026-12-01T00:00:00Z; at once if not
    /// given, which is the next whole second.
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<Timestamp>,
}

#[derive(Debug, Args)]
pub struct RotateSeal {
    /// A sealing key is in wrong hands: take every earlier one out of the list at once.
    #[arg(long)]
    drop_others: bool,
}

/// What the next root document changes; what is not named stays.
#[derive(Debug, Args)]
pub struct RotateRoot {
    /// A folder with root keys; once for each medium that a holder brought.
    #[arg(long, required = true, value_name = "DIR")]
    root_keys: Vec<PathBuf>,
    /// Draw so many new root keys, into the folder named by --into.
    #[arg(long, requires = "into", value_name = "N")]
    add: Option<usize>,
    /// An empty folder for the new root keys.
    #[arg(long, requires = "add", value_name = "DIR")]
    into: Option<PathBuf>,
    /// A root key that is one no more; may be given several times.
    #[arg(long, value_name = "KID", value_parser = kid)]
    drop: Vec<Kid>,
    /// How many root keys must sign from now on.
    #[arg(long, value_name = "N")]
    threshold: Option<usize>,
    /// When the root after this one is due; a year on if not given.
    #[arg(long, value_name = "TIME", value_parser = time)]
    expires: Option<Timestamp>,
    /// The least version of trust lists that phones take, higher or lower than what they have now.
    /// Only for a list whose version ran away, or after a restore; the next version if not given.
    #[arg(long, value_name = "N")]
    min_trust_version: Option<u64>,
}

impl Rotate {
    pub async fn run(self, app: &App, output: &Output) -> Result<()> {
        let (purpose, rotation) = match self {
            Rotate::Root(root) => return root.run(false, app, output).await,
            Rotate::Trust(root) => return root.run(true, app, output).await,
            Rotate::Seal(seal) => return seal.run(app, output).await,
            Rotate::Voucher(key) => (KeyUse::Voucher, key),
            Rotate::Delegation(key) => (KeyUse::Delegation, key),
            Rotate::Status(key) => (KeyUse::Status, key),
            Rotate::Profile(begin) => (KeyUse::Profile, RotateKey { programme: None, begin }),
            Rotate::Ack(begin) => (KeyUse::Ack, RotateKey { programme: None, begin }),
        };
        let at_once = trust::next_second(app);
        let from = rotation.begin.from.unwrap_or(at_once);
        let tx = app.db.begin().await?;
        let programme = rotation.programme.as_ref();
        let rotated = trust::rotate(app, &tx, purpose, programme, from).await?;
        tx.commit().await?;
        renew(app).await?;
        if from == at_once {
            reached(app, from).await;
        }
        let mut words = format!(
            "The key {} signs as {} key from {from} on.",
            rotated.new.key.kid(),
            purpose.name()
        );
        for old in &rotated.retired {
            words += &format!(
                "\nThe key {} is retired from then on: what it signed before stays good.",
                old.key.kid()
            );
        }
        words += match purpose {
            KeyUse::Voucher | KeyUse::Delegation => {
                "\nPhones that have not synced since refuse what the new key signs. Next: copy keys/ \
                 to its backup."
            }
            _ => "\nPhones learn of it at their next sync. Next: copy keys/ to its backup.",
        };
        output.print(
            &words,
            &json!({
                "new": key_value(&rotated.new),
                "retired": rotated.retired.iter().map(key_value).collect::<Vec<_>>(),
            }),
        )
    }
}

impl RotateSeal {
    async fn run(self, app: &App, output: &Output) -> Result<()> {
        let tx = app.db.begin().await?;
        let kid = trust::add_sealing_key(app, &tx, self.drop_others).await?;
        tx.commit().await?;
        renew(app).await?;
        let others = trust::sealing_keys(app.db.reader()).await?;
        let left = others.iter().filter(|key| key.kid != kid && key.left.is_some());
        let mut words = format!("Phones seal to {kid} once they have synced.");
        for key in left.clone() {
            let until = key.kept_until().unwrap_or(Timestamp::MAX);
            words += &format!(
                "\n{} is in the list no more; its file is needed until {until} for what phones \
                 without a network still bring, and can be destroyed then.",
                key.kid
            );
        }
        words += "\nNext: copy keys/ to its backup.";
        let left: Vec<String> = left.map(|key| key.kid.to_string()).collect();
        output.print(&words, &json!({ "new": kid.to_string(), "left": left }))
    }
}

impl RotateRoot {
    async fn run(self, new_trust_key: bool, app: &App, output: &Output) -> Result<()> {
        let change = RootChange {
            media: &self.root_keys,
            new_keys: self.add.zip(self.into.as_deref()),
            dropped: &self.drop,
            threshold: self.threshold,
            expires: self.expires,
            new_trust_key,
            min_trust_version: self.min_trust_version,
        };
        let report = trust::rotate_root(app, change).await?;
        let folder = self.into.as_deref().map(|folder| folder.display().to_string());
        output.print(&words(&report, new_trust_key, folder), &value(&report))
    }
}

fn kids<'k>(kids: impl IntoIterator<Item = &'k Kid>) -> Vec<String> {
    kids.into_iter().map(Kid::to_string).collect()
}

fn words(report: &RootReport, new_trust_key: bool, folder: Option<String>) -> String {
    let root = &report.root;
    let keys: Vec<Kid> = root.keys.iter().map(protocol::key::PublicKey::kid).collect();
    let mut words = format!(
        "Root document {} is made and published with trust list {}; the next root is due by {}.\n\
         Its digest: {}\nSigned by {}. Root keys from now on, any {} of which sign the next one: {}",
        root.version,
        report.list_version,
        root.expires,
        report.hash,
        kids(&report.signed_by).join(", "),
        root.threshold,
        kids(&keys).join(", ")
    );
    if let (Some(folder), false) = (folder, report.drawn.is_empty()) {
        words += &format!(
            "\nNew root keys {} are in {folder}: take each to a different safe place.",
            kids(&report.drawn).join(", ")
        );
    }
    if new_trust_key {
        words += "\nTrust lists are signed with a new key; lists under the old one count no more \
                  once a phone has synced. Next: copy keys/ to its backup.";
    }
    words + "\nPhones learn of it at their next sync. Take the media away from this machine."
}

fn value(report: &RootReport) -> serde_json::Value {
    let root = &report.root;
    json!({
        "root_version": root.version,
        "root_hash": report.hash.to_string(),
        "expires": root.expires.to_string(),
        "root_keys": root.keys.iter().map(|key| key.kid().to_string()).collect::<Vec<_>>(),
        "threshold": root.threshold,
        "trust_keys": root.trust_keys.iter().map(|key| key.kid().to_string()).collect::<Vec<_>>(),
        "min_trust_version": root.min_trust_version,
        "drawn": kids(&report.drawn),
        "signed_by": kids(&report.signed_by),
        "version": report.list_version,
    })
}
