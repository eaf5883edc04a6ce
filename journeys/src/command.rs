//! Running the project's commands and reading their answers.

use serde_json::Value;
use std::process::Command;

/// What a command said and how it ended.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The command line, for messages.
    pub line: String,
    /// The exit status; none when a signal ended it.
    pub status: Option<i32>,
    pub out: String,
    /// What it printed to the error output.
    pub err: String,
}

/// Runs a command to its end.
///
/// # Errors
/// When it cannot be started.
pub fn run(command: &mut Command) -> Result<Answer, String> {
    let line = format!("{command:?}");
    let output = command.output().map_err(|error| format!("{line}: {error}"))?;
    Ok(Answer {
        line,
        status: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

impl Answer {
    /// The answer itself, if the command ended with status 0.
    ///
    /// # Errors
    /// What the command said otherwise.
    pub fn succeeded(self) -> Result<Self, String> {
        if self.status == Some(0) { Ok(self) } else { Err(self.complaint()) }
    }

    /// The one JSON value that the command printed.
    ///
    /// # Errors
    /// What the command said otherwise.
    pub fn json(&self) -> Result<Value, String> {
        serde_json::from_str(&self.out).map_err(|_| self.complaint())
    }

    /// The JSON values that the command printed, one a line.
    ///
    /// # Errors
    /// What the command said otherwise.
    pub fn json_lines(&self) -> Result<Vec<Value>, String> {
        self.out
            .lines()
            .map(|line| serde_json::from_str(line).map_err(|_| self.complaint()))
            .collect()
    }

    fn complaint(&self) -> String {
        let status = self.status.map_or("a signal".to_owned(), |status| format!("status {status}"));
        format!("{} ended with {status}: {}{}", self.line, self.out, self.err)
    }
}
