//! `vouchsafe-server`: the programme server and the commands of the office.
#![forbid(unsafe_code)]

mod cli;

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    cli::run().await
}
