//! The commands: one file for each group. Words for people on standard output, or one JSON object a
//! line with `--json`; what went wrong on standard error, and exit status 1.

mod bundle;
mod claims;
mod delegation;
mod enrolment;
mod init;
mod issue;
mod output;
mod programme;
mod provider;
mod revocation;
mod serve;
mod status;
mod trust;

use clap::{Parser, Subcommand};
use output::Output;
use program_server::app::Clock;
use program_server::config::Home;
use program_server::{App, Error, Result};
use std::path::PathBuf;
use std::process::ExitCode;

/// The programme server: issues vouchers, takes in evidence from phones, keeps claims.
#[derive(Debug, Parser)]
#[command(name = "vouchsafe-server", version, after_help = FIRST_STEPS)]
struct Arguments {
    /// The folder with configuration, keys and database.
    #[arg(long, env = "VOUCHSAFE_HOME", global = true, value_name = "DIR")]
    home: Option<PathBuf>,
    /// Write one JSON object a line, for scripts.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

const FIRST_STEPS: &str = "\
The first steps of an office, with --home DIR or VOUCHSAFE_HOME set:
  init --origin https://vouchers.example.org
  trust ceremony --root-keys /media/usb
  programme add --id aid --name \"Medical Aid\" --zone Asia/Manila --currency PHP
  provider add --id mercy --name \"Mercy Pharmacy\" --programme aid
  issue --programme aid --money 5000 --assistance Medicine --holder \"Maria Santos\" --until 2027-06-30 --out vouchers
  enrolment offer --provider mercy --out enrolment
  serve";

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Init),
    Serve(serve::Serve),
    #[command(subcommand)]
    Trust(trust::Trust),
    #[command(subcommand)]
    Status(status::Status),
    #[command(subcommand)]
    Programme(programme::Programme),
    #[command(subcommand)]
    Provider(provider::Provider),
    Issue(Box<issue::Issue>),
    #[command(subcommand)]
    Enrolment(enrolment::Enrolment),
    Claims(claims::Claims),
    #[command(subcommand)]
    Delegation(delegation::Delegation),
    #[command(subcommand)]
    Bundle(bundle::Bundle),
    /// Take a voucher back for good; phones refuse it from their next status list on.
    Revoke(revocation::Revocation),
    /// Suspend a voucher: phones refuse it until the suspension is lifted.
    Suspend(revocation::Revocation),
    /// End a voucher's suspension.
    Lift(revocation::Revocation),
}

/// Runs the command that was given.
pub async fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let output = Output::new(arguments.json);
    match arguments.run(&output).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output.error(&error);
            ExitCode::FAILURE
        }
    }
}

impl Arguments {
    async fn run(self, output: &Output) -> Result<()> {
        let home = self.home.map(Home::at).ok_or_else(|| {
            Error::invalid("name the server's folder with --home DIR, or set VOUCHSAFE_HOME")
        })?;
        if let Command::Init(init) = self.command {
            return init.run(home, output).await;
        }
        let app = App::open(home, Clock::system()).await?;
        let done = match self.command {
            Command::Init(_) => Ok(()),
            Command::Serve(serve) => serve.run(&app, output).await,
            Command::Trust(trust) => trust.run(&app, output).await,
            Command::Status(status) => status.run(&app, output).await,
            Command::Programme(programme) => programme.run(&app, output).await,
            Command::Provider(provider) => provider.run(&app, output).await,
            Command::Issue(issue) => issue.run(&app, output).await,
            Command::Enrolment(enrolment) => enrolment.run(&app, output).await,
            Command::Claims(claims) => claims.run(&app, output).await,
            Command::Delegation(delegation) => delegation.run(&app, output).await,
            Command::Bundle(bundle) => bundle.run(&app, output).await,
            Command::Revoke(revoke) => revoke.run(&app, revocation::REVOKE, output).await,
            Command::Suspend(suspend) => suspend.run(&app, revocation::SUSPEND, output).await,
            Command::Lift(lift) => lift.run(&app, revocation::LIFT, output).await,
        };
        app.db.close().await?;
        done
    }
}
