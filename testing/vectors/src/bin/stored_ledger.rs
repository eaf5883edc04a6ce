//! Writes a ledger with something of everything to a file, to be stored under `verifier-core/tests/ledgers` when the
//! schema has a new version: `cargo run -p vectors --bin stored_ledger -- FILE`.

use fixtures::ledger::{fill, open};
use verifier_core::home::Home;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let target = std::env::args_os().nth(1).ok_or("name the file to write")?;
    let dir = tempfile::tempdir()?;
    let home = Home::open(dir.path())?;
    home.write_secret(&home.data_key_file(), &[8; 32])?;
    let file = home.ledger_file();
    drop(home);
    let mut ledger = open(dir.path())?;
    fill(&mut ledger);
    drop(ledger);
    std::fs::copy(file, target)?;
    Ok(())
}
