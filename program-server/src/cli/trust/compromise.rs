//! `trust compromise`: a key in wrong hands, and what it truly signed.

use super::{key_value, kid, renew, time};
use crate::cli::output::Output;
use clap::Args;
use program_server::trust::{self, Compromised};
use program_server::{App, Error, Result, delegations, vouchers};
use protocol::key::{KeyUse, Kid};
use protocol::{Hash, Timestamp};
use serde_json::json;
use std::path::PathBuf;

/// Say that a key is in wrong hands: phones refuse everything it ever signed, but what is known to be
/// truly issued.
///
/// For a voucher or delegation key of this office, what the register has stays good; a thief's are refused,
/// also those that repeat a known voucher with another amount. A key that is needed is replaced at once.
#[derive(Debug, Args)]
pub struct Compromise {
    /// The key's id: 16 hexadecimal digits.
    #[arg(value_parser = kid)]
    kid: Kid,
    /// Leave out what the register says was issued at this time or later: the office cannot vouch for it,
    /// since the thief may have had the register too.
    #[arg(long, value_name = "TIME", value_parser = time, conflicts_with_all = ["issued", "nothing"])]
    issued_before: Option<Timestamp>,
    /// A file with the texts of the vouchers that stay good, one a line, from the office that issued
    /// them; for another office's key.
    #[arg(long, value_name = "FILE", conflicts_with = "nothing")]
    issued: Option<PathBuf>,
    /// Nothing that the key signed stays good.
    #[arg(long)]
    nothing: bool,
}

impl Compromise {
    pub async fn run(self, app: &App, output: &Output) -> Result<()> {
        let published = trust::current(app).await?;
        let root = published.state.root();
        if root.trust_keys.iter().any(|key| key.kid() == self.kid) {
            return Err(Error::Invalid(format!(
                "{} signs trust lists and is named by the root: with the root keys' holders, give \
                 `trust rotate trust --root-keys DIR …`; lists under the old key count no more then",
                self.kid
            )));
        }
        if root.keys.iter().any(|key| key.kid() == self.kid) {
            return Err(Error::Invalid(format!(
                "{kid} is a root key: with the other holders, give `trust rotate root --drop {kid} \
                 --root-keys DIR …`",
                kid = self.kid
            )));
        }
        if trust::sealing_keys(app.db.reader()).await?.iter().any(|key| key.kid == self.kid) {
            return Err(Error::Invalid(format!(
                "{} is a sealing key: give `trust rotate seal --drop-others`; what was sealed to it \
                 can be read by whoever has it",
                self.kid
            )));
        }
        let tx = app.db.begin().await?;
        let issued = self.truly_issued(app, &tx).await?;
        let compromised = trust::compromise(app, &tx, self.kid, &issued).await?;
        tx.commit().await?;
        renew(app).await?;
        for number in trust::status_lists(app.db.reader()).await? {
            trust::status_token(app, number).await?;
        }
        output.print(
            &words(&compromised),
            &json!({
                "key": key_value(&compromised.key),
                "issued": compromised.issued,
                "replacement": compromised.replacement.as_ref().map(key_value),
            }),
        )
    }

    async fn truly_issued(
        &self,
        app: &App,
        tx: &program_server::database::Transaction,
    ) -> Result<Vec<Hash>> {
        if self.nothing {
            return Ok(Vec::new());
        }
        let db = &**tx;
        if let Some(file) = &self.issued {
            let texts = std::fs::read_to_string(file).map_err(Error::file(file))?;
            let published = trust::current(app).await?;
            return trust::payloads_of_texts(db, published.state.list(), self.kid, &texts).await;
        }
        let key = trust::key(db, self.kid).await?;
        match key.purpose {
            KeyUse::Voucher if key.foreign.is_none() => {
                vouchers::payloads_signed_with(db, self.kid, self.issued_before).await
            }
            KeyUse::Delegation => {
                delegations::payloads_signed_with(db, self.kid, self.issued_before).await
            }
            _ => Ok(Vec::new()),
        }
    }
}

fn words(compromised: &Compromised) -> String {
    let kid = compromised.key.key.kid();
    let what = match compromised.key.purpose {
        KeyUse::Delegation => "delegations",
        _ => "vouchers",
    };
    let mut words = match compromised.issued {
        0 => format!("The key {kid} is compromised: nothing it signed is good any more."),
        count => format!(
            "The key {kid} is compromised: of what it signed, {count} {what} stay good, and nothing \
             else. Phones fetch the list of them at their next sync; until then they refuse all that \
             the key signed."
        ),
    };
    if let Some(new) = &compromised.replacement {
        words += &format!("\nThe key {} takes its place.", new.key.kid());
    }
    words += match compromised.key.purpose {
        KeyUse::Voucher => {
            "\nNext: tell providers to sync now; a phone without a network goes on trusting the key. \
             Look through the claims that came in since the theft."
        }
        KeyUse::Delegation => {
            "\nNext: tell providers to sync now; officers go on with the delegations that you gave them."
        }
        KeyUse::Status => {
            "\nEvery status list was signed anew. Next: tell providers to sync now; until then their \
             phones may believe a list of the thief."
        }
        KeyUse::Profile => {
            "\nNext: phones get a new profile at their next sync; tell providers to sync."
        }
        KeyUse::Ack => {
            "\nNext: tell providers to sync now; acks that a thief signed may have told phones that \
             records arrived which did not. Phones send them again once the server names its head."
        }
        _ => "",
    };
    words + "\nCopy keys/ to its backup."
}
