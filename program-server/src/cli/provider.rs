//! `provider`: who serves vouchers.

mod supervisor;

use super::output::Output;
use clap::{Args, Subcommand};
use program_server::{App, Result, providers};
use protocol::id::{Audience, ProgrammeId, ProviderId};
use serde_json::json;

/// The service providers: pharmacies, hospitals, shops.
#[derive(Debug, Subcommand)]
pub enum Provider {
    Add(Add),
    /// List the providers.
    List,
    /// Who may allow what phones refuse because their trust is too old or their clock was turned back.
    #[command(subcommand)]
    Supervisor(supervisor::Supervisor),
}

/// Add a service provider.
#[derive(Debug, Args)]
pub struct Add {
    /// Its id, without white space; short, since it is in the QR codes of its vouchers.
    #[arg(long)]
    id: ProviderId,
    /// Its name, for people.
    #[arg(long)]
    name: String,
    /// A programme whose vouchers it serves; may be given several times.
    #[arg(long = "programme", required = true, value_name = "ID")]
    programmes: Vec<ProgrammeId>,
    /// A group it belongs to, which vouchers can name in its place; may be given several times.
    #[arg(long = "group", value_name = "ID")]
    groups: Vec<Audience>,
    /// The name on the account that reimbursements go to.
    #[arg(long, value_name = "NAME")]
    account_name: Option<String>,
}

impl Provider {
    pub async fn run(self, app: &App, output: &Output) -> Result<()> {
        match self {
            Provider::Add(add) => add.run(app, output).await,
            Provider::List => list(app, output).await,
            Provider::Supervisor(supervisor) => supervisor.run(app, output).await,
        }
    }
}

impl Add {
    async fn run(self, app: &App, output: &Output) -> Result<()> {
        let Add { id, name, mut programmes, mut groups, account_name } = self;
        programmes.sort_unstable();
        programmes.dedup();
        groups.sort_unstable();
        groups.dedup();
        let provider = providers::Provider { id, name, groups, programmes, account_name };
        let tx = app.db.begin().await?;
        providers::add(&tx, &provider).await?;
        tx.commit().await?;
        output.print(
            &format!("The provider {} ({}) was added.", provider.id, provider.name),
            &json!({ "id": provider.id.as_str() }),
        )
    }
}

async fn list(app: &App, output: &Output) -> Result<()> {
    for provider in providers::all(app.db.reader()).await? {
        let programmes: Vec<&str> = provider.programmes.iter().map(ProgrammeId::as_str).collect();
        let groups: Vec<&str> = provider.groups.iter().map(Audience::as_str).collect();
        let in_groups = match groups.is_empty() {
            true => String::new(),
            false => format!(", in {}", groups.join(", ")),
        };
        output.print(
            &format!(
                "{}  {}  serves {}{in_groups}",
                provider.id,
                provider.name,
                programmes.join(", ")
            ),
            &json!({
                "id": provider.id.as_str(),
                "name": provider.name,
                "programmes": programmes,
                "groups": groups,
                "account_name": provider.account_name,
            }),
        )?;
    }
    Ok(())
}
