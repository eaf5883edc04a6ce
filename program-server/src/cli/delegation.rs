//! `delegation`: what field officers' phones may issue where there is no network.

use super::issue::goods_line;
use super::output::Output;
use clap::{Args, Subcommand};
use jiff::civil::Date;
use program_server::delegations::{self, Grant, Kept};
use program_server::programmes::{self, Programme};
use program_server::{App, Error, Result, devices, trust};
use protocol::Benefit;
use protocol::id::{Audience, ProgrammeId};
use serde_json::{Value, json};

/// Delegations: what field officers' phones may issue where there is no network.
#[derive(Debug, Subcommand)]
pub enum Delegation {
    Grant(Box<GrantArguments>),
    /// List the delegations, with what was reported under each.
    List,
    Show(Named),
    End(End),
}

/// Let a phone issue vouchers; it gets the delegation when it next syncs.
///
/// The programme can lose at most the total, and by vouchers that the phone never reports nothing that a person
/// does not decide.
#[derive(Debug, Args)]
pub struct GrantArguments {
    /// The officer's phone: the first digits of its id. Staff must have confirmed it.
    #[arg(long, value_name = "ID")]
    device: String,
    /// The programme.
    #[arg(long, value_name = "ID")]
    programme: ProgrammeId,
    /// The one provider that may serve the vouchers; any of the programme's if neither it nor a group is named.
    #[arg(long, value_name = "ID", conflicts_with = "group")]
    provider: Option<Audience>,
    /// The group whose providers may serve the vouchers.
    #[arg(long, value_name = "ID")]
    group: Option<Audience>,
    /// A kind of assistance; may be given several times.
    #[arg(long, value_name = "TYPE", required = true)]
    assistance: Vec<String>,
    /// The highest amount of one voucher, in the programme's currency.
    #[arg(long, value_name = "AMOUNT", requires = "total", required_unless_present = "goods")]
    max: Option<String>,
    /// The highest amount of all vouchers together.
    #[arg(long, value_name = "AMOUNT", requires = "max")]
    total: Option<String>,
    /// An item, its highest quantity on one voucher and on all together, and its unit, such as Rice:10:200:kg; may
    /// be given several times.
    #[arg(long, value_name = "ITEM:EACH:TOGETHER:UNIT", conflicts_with_all = ["max", "total"])]
    goods: Vec<String>,
    /// How many vouchers.
    #[arg(long, value_name = "N")]
    number: u32,
    /// How many days a voucher may be valid at most, the day of its issue included.
    #[arg(long, value_name = "DAYS")]
    valid_days: u32,
    /// The first day on which vouchers may be issued; from now on if not given.
    #[arg(long, value_name = "DATE")]
    from: Option<Date>,
    /// The last day on which vouchers may be issued.
    #[arg(long, value_name = "DATE")]
    until: Date,
}

/// Show a delegation, and its violations.
#[derive(Debug, Args)]
pub struct Named {
    /// The first digits of its hash.
    hash: String,
}

/// End a delegation before its time: phones refuse every voucher under it from the next trust list on.
///
/// A claim served before its phone could know goes on with a mark; whatever the officer's phone reports
/// from now on waits for a person.
#[derive(Debug, Args)]
pub struct End {
    /// The first digits of its hash.
    hash: String,
    /// Why, in one line.
    #[arg(long)]
    reason: String,
}

impl Delegation {
    pub async fn run(self, app: &App, output: &Output) -> Result<()> {
        match self {
            Delegation::Grant(arguments) => arguments.run(app, output).await,
            Delegation::List => list(app, output).await,
            Delegation::Show(named) => named.run(app, output).await,
            Delegation::End(end) => end.run(app, output).await,
        }
    }
}

impl GrantArguments {
    async fn run(self, app: &App, output: &Output) -> Result<()> {
        let device = devices::find(&app.db, &self.device).await?;
        let programme = programmes::get(app.db.reader(), &self.programme).await?;
        let (single, total) = match (&self.max, &self.total) {
            (Some(max), Some(total)) => {
                (Benefit::Money(programme.amount(max)?), Benefit::Money(programme.amount(total)?))
            }
            _ => goods(&self.goods)?,
        };
        let grant = Grant {
            programme: self.programme,
            audience: self.provider.or(self.group),
            assistance: self.assistance,
            single,
            total,
            count: self.number,
            valid_days: self.valid_days,
            from: self.from,
            until: self.until,
        };
        let granted = delegations::grant(app, &device, grant).await?;
        // Its status list may be new, which phones learn of in the trust list.
        trust::current(app).await?;
        let delegation = &granted.delegation;
        output.print(
            &format!(
                "The phone {} may issue {} vouchers of at most {}, {} together, until {}: delegation {}. \
                 Next: let it sync.",
                &device.id.to_string()[..16],
                delegation.count,
                delegation.ceiling.single().words(programme.decimals),
                delegation.ceiling.total().words(programme.decimals),
                programme.zone.last_day_before(delegation.until),
                granted.hash
            ),
            &json!({
                "delegation": granted.hash.to_string(),
                "device": device.id.to_string(),
                "status_list": delegation.first_status.list,
                "first_index": delegation.first_status.index,
            }),
        )
    }
}

/// Reads `Rice:10:200:kg` as the most of one voucher and of all.
fn goods(texts: &[String]) -> Result<(Benefit, Benefit)> {
    let (mut single, mut total) = (Vec::new(), Vec::new());
    for text in texts {
        let wrong = || {
            Error::Invalid(format!(
                "{text:?}: write item, quantity each, quantity together and unit like Rice:10:200:kg"
            ))
        };
        let parts: Vec<&str> = text.split(':').collect();
        let [item, each, together, unit] = parts[..] else { return Err(wrong()) };
        single.push(goods_line(&format!("{item}:{each}:{unit}")).map_err(|_| wrong())?);
        total.push(goods_line(&format!("{item}:{together}:{unit}")).map_err(|_| wrong())?);
    }
    Ok((Benefit::Goods(single), Benefit::Goods(total)))
}

async fn list(app: &App, output: &Output) -> Result<()> {
    let kept = delegations::all(app.db.reader()).await?;
    if kept.is_empty() {
        return output.info("No phone may issue vouchers.");
    }
    for kept in kept {
        let programme = programmes::get(app.db.reader(), &kept.delegation.programme).await?;
        output.print(&words(&kept, &programme), &as_json(&kept, &programme))?;
    }
    Ok(())
}

impl Named {
    async fn run(self, app: &App, output: &Output) -> Result<()> {
        let kept = delegations::find(app.db.reader(), &self.hash).await?;
        let programme = programmes::get(app.db.reader(), &kept.delegation.programme).await?;
        let violations = delegations::violations(app.db.reader(), kept.hash).await?;
        let mut value = as_json(&kept, &programme);
        value["violations"] = violations
            .iter()
            .map(|violation| {
                json!({
                    "number": violation.number,
                    "code": violation.code,
                    "record": violation.record.to_string(),
                    "received": violation.received.to_string(),
                })
            })
            .collect();
        let mut said = words(&kept, &programme);
        for violation in &violations {
            said.push_str(&format!(
                "\n  violation: number {}, {} (record {}, received {})",
                violation.number, violation.code, violation.record, violation.received
            ));
        }
        output.print(&said, &value)
    }
}

impl End {
    async fn run(self, app: &App, output: &Output) -> Result<()> {
        let kept = delegations::find(app.db.reader(), &self.hash).await?;
        let tx = app.db.begin().await?;
        trust::end_delegation(&tx, kept.hash, &self.reason, app.now()).await?;
        tx.commit().await?;
        let published = trust::current(app).await.map_err(|error| {
            Error::Unavailable(format!("it is ended; the trust list is not: {error}"))
        })?;
        let version = published.state.list().version;
        output.print(
            &format!(
                "The delegation {} is ended with trust list {version}. Next: tell providers to sync, \
                 and look at the claims that wait with issue_record_missing.",
                kept.hash
            ),
            &json!({ "delegation": kept.hash.to_string(), "version": version }),
        )
    }
}

fn words(kept: &Kept, programme: &Programme) -> String {
    let delegation = &kept.delegation;
    let amount = |benefit: &Benefit| benefit.words(programme.decimals);
    let given = kept.given.as_ref().map_or("nothing".to_owned(), amount);
    let until = programme.zone.last_day_before(delegation.until);
    let state = match kept.ended {
        Some(at) => format!("ENDED {at}"),
        None => format!("until {until}"),
    };
    format!(
        "{} {} phone {} of {}: {} of {} vouchers reported, {given} of {}; {state}",
        kept.hash,
        delegation.programme,
        &kept.device.to_string()[..16],
        delegation.provider,
        kept.reported,
        delegation.count,
        amount(delegation.ceiling.total()),
    )
}

fn as_json(kept: &Kept, programme: &Programme) -> Value {
    let delegation = &kept.delegation;
    let amount = |benefit: &Benefit| benefit.words(programme.decimals);
    json!({
        "delegation": kept.hash.to_string(),
        "device": kept.device.to_string(),
        "programme": delegation.programme.as_str(),
        "provider": delegation.provider.as_str(),
        "audience": delegation.audience.as_ref().map(|it| it.as_str()),
        "assistance": delegation.assistance,
        "most_each": amount(delegation.ceiling.single()),
        "most_together": amount(delegation.ceiling.total()),
        "vouchers": delegation.count,
        "reported": kept.reported,
        "given": kept.given.as_ref().map(amount),
        "from": delegation.from.to_string(),
        "until": delegation.until.to_string(),
        "ended": kept.ended.map(|at| at.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goods_are_named_with_what_one_and_all_may_give() {
        let (single, total) = goods(&["Rice:10:200:kg".to_owned()]).unwrap();
        assert_eq!((single.words(2), total.words(2)), ("Rice 10 kg".into(), "Rice 200 kg".into()));
        assert!(goods(&["Rice:10:kg".to_owned()]).is_err());
    }
}
