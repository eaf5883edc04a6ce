//! `programme`: the programmes of the office.

use super::output::Output;
use clap::{Args, Subcommand, ValueEnum};
use program_server::programmes::{self, HOLDING_DAYS, PolicyChange};
use program_server::{App, Error, Result};
use protocol::id::ProgrammeId;
use protocol::time::Zone;
use protocol::trust::TooOldPolicy;
use protocol::{Currency, Span};
use serde_json::json;

/// The programmes whose vouchers this office issues.
#[derive(Debug, Subcommand)]
pub enum Programme {
    Add(Add),
    Policy(Policy),
    /// List the programmes.
    List,
}

/// Add a programme.
#[derive(Debug, Args)]
pub struct Add {
    /// Its id, without white space; short, since it is in every QR code.
    #[arg(long)]
    id: ProgrammeId,
    /// Its name, for people.
    #[arg(long)]
    name: String,
    /// The time zone of its days, such as Asia/Manila.
    #[arg(long)]
    zone: String,
    /// Its currency: the three letters of ISO 4217, such as PHP.
    #[arg(long)]
    currency: Currency,
    /// How many decimal places the currency has.
    #[arg(long, default_value_t = 2, value_name = "N")]
    decimals: u8,
    /// What phones do when they had no trust list for too long.
    #[arg(long, value_enum, default_value_t = TooOld::Refuse)]
    too_old: TooOld,
    /// How many hours a phone's clock may be behind and vouchers still be judged, with a warning.
    #[arg(long, default_value_t = 24, value_name = "HOURS")]
    clock_tolerance: u64,
    /// How many days before a claim may be paid, in case a second one on its voucher comes in.
    #[arg(long, default_value_t = HOLDING_DAYS, value_name = "DAYS")]
    holding_days: u32,
    /// Whether providers may serve a voucher whose code cannot be read by typing its reference.
    #[arg(long, value_enum, default_value_t = ByReference::Refuse)]
    by_reference: ByReference,
}

/// Change what phones do in doubt. What is not given stays.
#[derive(Debug, Args)]
pub struct Policy {
    /// The programme.
    id: ProgrammeId,
    /// What phones do when they had no trust list for too long.
    #[arg(long, value_enum, required_unless_present_any = ["clock_tolerance", "by_reference"])]
    too_old: Option<TooOld>,
    /// How many hours a phone's clock may be behind and vouchers still be judged, with a warning.
    #[arg(long, value_name = "HOURS")]
    clock_tolerance: Option<u64>,
    /// Whether providers may serve a voucher whose code cannot be read by typing its reference.
    #[arg(long, value_enum)]
    by_reference: Option<ByReference>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum TooOld {
    /// Refuse every voucher.
    Refuse,
    /// Let a supervisor allow one; the claim is reviewed.
    AskSupervisor,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ByReference {
    /// They may not.
    Refuse,
    /// They may; a person decides on each such claim.
    Review,
}

impl Programme {
    pub async fn run(self, app: &App, output: &Output) -> Result<()> {
        match self {
            Programme::Add(add) => add.run(app, output).await,
            Programme::Policy(policy) => policy.run(app, output).await,
            Programme::List => list(app, output).await,
        }
    }
}

impl TooOld {
    fn policy(self) -> TooOldPolicy {
        match self {
            TooOld::Refuse => TooOldPolicy::Refuse,
            TooOld::AskSupervisor => TooOldPolicy::AskSupervisor,
        }
    }
}

/// At most a year.
fn tolerance(hours: u64) -> Span {
    Span::hours(hours.min(24 * 366))
}

impl Policy {
    async fn run(self, app: &App, output: &Output) -> Result<()> {
        let tx = app.db.begin().await?;
        let programme = programmes::set_policy(
            &tx,
            &self.id,
            PolicyChange {
                too_old: self.too_old.map(TooOld::policy),
                clock_tolerance: self.clock_tolerance.map(tolerance),
                by_reference: self
                    .by_reference
                    .map(|by_reference| by_reference == ByReference::Review),
            },
        )
        .await?;
        tx.commit().await?;
        super::trust::renew(app).await?;
        let too_old = match programme.too_old {
            TooOldPolicy::Refuse => "refuse",
            TooOldPolicy::AskSupervisor => "ask-supervisor",
        };
        let hours = programme.clock_tolerance.as_seconds() / 3600;
        let (by_reference, by_reference_words) = match programme.by_reference {
            true => {
                ("review", "may be served by a typed reference, and each such claim is reviewed")
            }
            false => ("refuse", "are not served by a typed reference"),
        };
        output.print(
            &format!(
                "The programme {}: when trust is too old, {too_old}; clocks may be {hours} hours \
                 behind; vouchers {by_reference_words}. Phones go by it after their next sync.",
                programme.id
            ),
            &json!({
                "id": programme.id.as_str(),
                "too_old": too_old,
                "clock_tolerance_hours": hours,
                "by_reference": by_reference,
            }),
        )
    }
}

impl Add {
    async fn run(self, app: &App, output: &Output) -> Result<()> {
        let zone = Zone::new(self.zone.as_str()).map_err(|_| {
            Error::Invalid(format!("{:?} is no time zone; give one like Asia/Manila", self.zone))
        })?;
        let programme = programmes::Programme {
            id: self.id,
            name: self.name,
            zone,
            currency: self.currency,
            decimals: self.decimals,
            too_old: self.too_old.policy(),
            clock_tolerance: tolerance(self.clock_tolerance),
            holding_days: self.holding_days,
            by_reference: self.by_reference == ByReference::Review,
        };
        let tx = app.db.begin().await?;
        programmes::add(&tx, &programme).await?;
        tx.commit().await?;
        super::trust::renew(app).await?;
        output.print(
            &format!("The programme {} ({}) was added.", programme.id, programme.name),
            &json!({ "id": programme.id.as_str() }),
        )
    }
}

async fn list(app: &App, output: &Output) -> Result<()> {
    for programme in programmes::all(app.db.reader()).await? {
        output.print(
            &format!(
                "{}  {}  {}  {}, {} decimal places, {} holding days",
                programme.id,
                programme.name,
                programme.zone.name(),
                programme.currency,
                programme.decimals,
                programme.holding_days
            ),
            &json!({
                "id": programme.id.as_str(),
                "name": programme.name,
                "zone": programme.zone.name(),
                "currency": programme.currency.as_str(),
                "decimals": programme.decimals,
                "holding_days": programme.holding_days,
            }),
        )?;
    }
    Ok(())
}
