//! A phone of a journey: a home of the `vouchsafe` command, worked through its public commands.

use crate::command::{Answer, run};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A home and the command that works with it.
#[derive(Debug, Clone)]
pub struct Phone {
    vouchsafe: PathBuf,
    home: PathBuf,
}

impl Phone {
    /// The phone with this home, made at first use.
    #[must_use]
    pub fn new(vouchsafe: &Path, home: &Path) -> Self {
        Phone { vouchsafe: vouchsafe.to_owned(), home: home.to_owned() }
    }

    #[must_use]
    pub fn binary(&self) -> &Path {
        &self.vouchsafe
    }

    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The command with these arguments on this home, not yet started.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.vouchsafe);
        command.arg("--home").arg(&self.home).args(arguments);
        command
    }

    /// Runs the command to its end.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn run(&self, arguments: &[&str]) -> Result<Answer, String> {
        run(&mut self.command(arguments))
    }

    /// Checks a text as JSON; at another time if one is given.
    ///
    /// # Errors
    /// When the command prints no verdict.
    pub fn check(&self, text: &str, at: Option<&str>) -> Result<Value, String> {
        let mut arguments = vec!["check", "--json", "--text", text];
        if let Some(at) = at {
            arguments.extend(["--at", at]);
        }
        self.run(&arguments)?.json()
    }

    /// Every claim of the phone, newest first.
    ///
    /// # Errors
    /// When the command fails.
    pub fn claims(&self) -> Result<Vec<Value>, String> {
        self.run(&["claims", "--json"])?.succeeded()?.json_lines()
    }

    /// One sync.
    ///
    /// # Errors
    /// When the command prints no report.
    pub fn sync(&self) -> Result<Value, String> {
        self.run(&["sync", "--json"])?.json()
    }
}
