//! `provider supervisor`: who may override, and their PINs.

use crate::cli::output::Output;
use clap::{Args, Subcommand};
use program_server::providers::supervisors::{self, Pin};
use program_server::{App, Error, Result};
use protocol::id::{OperatorId, ProviderId};
use serde_json::json;
use std::io::{IsTerminal, Read};
use std::path::PathBuf;
use zeroize::Zeroizing;

/// Supervisors of a provider.
#[derive(Debug, Subcommand)]
pub enum Supervisor {
    Set(Set),
    /// Remove a supervisor; phones learn it at their next sync.
    Remove(Named),
    /// List the supervisors of a provider.
    List {
        /// The provider.
        #[arg(long, value_name = "ID")]
        provider: ProviderId,
    },
}

/// Which supervisor.
#[derive(Debug, Args)]
pub struct Named {
    /// The provider.
    #[arg(long, value_name = "ID")]
    provider: ProviderId,
    /// The supervisor's name, without white space, as phones ask for it.
    #[arg(long)]
    name: OperatorId,
}

/// Make somebody a supervisor, or give them another PIN. The PIN is read from the standard input, and
/// never given as an argument, which other users of the machine can see.
#[derive(Debug, Args)]
pub struct Set {
    #[command(flatten)]
    named: Named,
    /// Read the PIN from this file.
    #[arg(long, value_name = "FILE")]
    pin_file: Option<PathBuf>,
}

impl Supervisor {
    pub async fn run(self, app: &App, output: &Output) -> Result<()> {
        match self {
            Supervisor::Set(set) => set.run(app, output).await,
            Supervisor::Remove(Named { provider, name }) => {
                let tx = app.db.begin().await?;
                supervisors::remove(&tx, &provider, &name).await?;
                tx.commit().await?;
                output.print(
                    &format!("{name} is no longer a supervisor of {provider}."),
                    &json!({ "provider": provider.as_str(), "name": name.as_str() }),
                )
            }
            Supervisor::List { provider } => {
                for supervisor in supervisors::of(app.db.reader(), &provider).await? {
                    let name = supervisor.name.as_str();
                    output.print(name, &json!({ "provider": provider.as_str(), "name": name }))?;
                }
                Ok(())
            }
        }
    }
}

impl Set {
    async fn run(self, app: &App, output: &Output) -> Result<()> {
        let Named { provider, name } = &self.named;
        let pin = Pin::new(&self.typed()?)?;
        let tx = app.db.begin().await?;
        supervisors::set(&tx, provider, name, &pin).await?;
        tx.commit().await?;
        output.print(
            &format!("{name} is a supervisor of {provider}. Phones learn it at their next sync."),
            &json!({ "provider": provider.as_str(), "name": name.as_str() }),
        )
    }

    fn typed(&self) -> Result<Zeroizing<String>> {
        let mut typed = Zeroizing::new(String::new());
        match &self.pin_file {
            Some(file) => {
                let mut opened = std::fs::File::open(file).map_err(Error::file(file))?;
                opened.read_to_string(&mut typed).map_err(Error::file(file))?;
            }
            None => {
                let input = PathBuf::from("the standard input");
                let stdin = std::io::stdin();
                if stdin.is_terminal() {
                    // Nobody looks over the shoulder: it is not shown.
                    let pin = rpassword::prompt_password("PIN: ").map_err(Error::file(&input))?;
                    return Ok(Zeroizing::new(pin));
                }
                stdin.read_line(&mut typed).map_err(Error::file(&input))?;
            }
        }
        Ok(typed)
    }
}
