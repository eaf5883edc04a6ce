//! A programme for a journey: a server that is set up, vouchers issued by it, phones enrolled with it.

use crate::command::Answer;
use crate::phone::Phone;
use crate::server::Server;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The programme office: its server and where it puts what it makes.
#[derive(Debug, Clone)]
pub struct Office {
    pub server: Server,
    dir: PathBuf,
}

/// One voucher as it was issued.
#[derive(Debug, Clone)]
pub struct Issued {
    /// Its `cti`.
    pub reference: String,
    /// The reference that is printed on it.
    pub printed: String,
    /// The text of its QR code.
    pub text: String,
    pub png: PathBuf,
}

impl Office {
    /// Sets a server up in `dir`: keys by ceremony (three root keys, threshold two), and nothing else.
    ///
    /// # Errors
    /// What the command said that failed.
    pub fn set_up(binary: &Path, dir: &Path, database: Option<&str>) -> Result<Self, String> {
        let server = Server::new(binary, &dir.join("server"))?;
        let origin = server.origin();
        Self::set_up_behind(&origin, server, dir, database)
    }

    /// As [`Office::set_up`], of a server that phones reach at another address than its own.
    ///
    /// # Errors
    /// What the command said that failed.
    pub fn set_up_behind(
        origin: &str,
        server: Server,
        dir: &Path,
        database: Option<&str>,
    ) -> Result<Self, String> {
        let office = Office { server, dir: dir.to_owned() };
        let mut init = vec![
            "init",
            "--origin",
            origin,
            "--issuer",
            "welfare",
            "--name",
            "Provincial Welfare Office",
        ];
        if let Some(database) = database {
            init.extend(["--database", database]);
        }
        office.admin(&init)?;
        let keys = text_of(&office.root_keys());
        office.admin(&[
            "trust",
            "ceremony",
            "--root-keys",
            &keys,
            "--roots",
            "3",
            "--threshold",
            "2",
        ])?;
        Ok(office)
    }

    /// The office that was set up in `dir` before.
    ///
    /// # Errors
    /// When no port is free for its server.
    pub fn at(binary: &Path, dir: &Path) -> Result<Self, String> {
        Ok(Office { server: Server::new(binary, &dir.join("server"))?, dir: dir.to_owned() })
    }

    /// Where the root keys lie, apart from the server.
    #[must_use]
    pub fn root_keys(&self) -> PathBuf {
        self.dir.join("root-keys")
    }

    /// Runs a command of the office that must succeed.
    ///
    /// # Errors
    /// What the command said.
    pub fn admin(&self, arguments: &[&str]) -> Result<Answer, String> {
        self.server.run(arguments)?.succeeded()
    }

    /// Adds a programme that pays in Philippine pesos.
    ///
    /// # Errors
    /// What the command said.
    pub fn add_programme(&self, id: &str, name: &str) -> Result<(), String> {
        self.admin(&[
            "programme",
            "add",
            "--id",
            id,
            "--name",
            name,
            "--zone",
            "Asia/Manila",
            "--currency",
            "PHP",
        ])?;
        Ok(())
    }

    /// Adds a provider of a programme.
    ///
    /// # Errors
    /// What the command said.
    pub fn add_provider(&self, id: &str, name: &str, programme: &str) -> Result<(), String> {
        self.admin(&["provider", "add", "--id", id, "--name", name, "--programme", programme])?;
        Ok(())
    }

    /// Signs and stores a new trust list.
    ///
    /// # Errors
    /// What the command said.
    pub fn publish(&self) -> Result<(), String> {
        self.admin(&["trust", "publish"])?;
        Ok(())
    }

    /// Issues vouchers of a programme, each with its picture.
    ///
    /// # Errors
    /// What the command said.
    pub fn issue(&self, programme: &str, extra: &[&str]) -> Result<Vec<Issued>, String> {
        let out = text_of(&self.dir.join("vouchers"));
        let last_day = day(LAST_DAY_IN)?.to_string();
        let mut arguments = vec![
            "issue",
            "--json",
            "--programme",
            programme,
            "--holder",
            "Maria Santos",
            "--birth-year",
            "1980",
            "--id-tail",
            "4711",
            "--out",
            &out,
        ];
        if !extra.contains(&"--until") {
            arguments.extend(["--until", &last_day]);
        }
        arguments.extend(extra);
        let issued = self.admin(&arguments)?.json_lines()?;
        issued
            .iter()
            .map(|line| {
                Ok(Issued {
                    reference: text_at(line, "reference")?,
                    printed: text_at(line, "printed")?,
                    text: text_at(line, "text")?,
                    png: PathBuf::from(text_at(line, "png")?),
                })
            })
            .collect()
    }

    /// Makes an enrolment code for a provider; gives its picture.
    ///
    /// # Errors
    /// What the command said.
    pub fn offer(&self, provider: &str) -> Result<PathBuf, String> {
        let out = text_of(&self.dir.join("enrolment"));
        let offer = ["enrolment", "offer", "--provider", provider, "--out", &out, "--json"];
        Ok(PathBuf::from(text_at(&self.admin(&offer)?.json()?, "png")?))
    }

    /// The device that waits for staff with these digits.
    ///
    /// # Errors
    /// When the office sees no such digits.
    pub fn pending(&self, digits: &str) -> Result<String, String> {
        let pending = self.admin(&["enrolment", "pending", "--json"])?.json_lines()?;
        let device = pending.iter().find(|device| device["digits"] == digits);
        text_at(
            device.ok_or_else(|| format!("the office does not see the digits {digits}"))?,
            "device",
        )
    }

    /// Enrols a phone for a provider and confirms its digits; gives the device's id. The server must
    /// run.
    ///
    /// # Errors
    /// What the command said that failed.
    pub fn enrol(&self, phone: &Phone, provider: &str) -> Result<String, String> {
        let picture = text_of(&self.offer(provider)?);
        let enrolled = phone.run(&["enrol", "--json", &picture])?.succeeded()?.json()?;
        let digits = text_at(&enrolled, "digits")?;
        let device = self.pending(&digits)?;
        self.admin(&["enrolment", "confirm", &device, "--digits", &digits])?;
        phone.run(&["sync"])?.succeeded()?;
        Ok(device)
    }

    /// Every claim that the server holds.
    ///
    /// # Errors
    /// What the command said.
    pub fn claims(&self) -> Result<Vec<Value>, String> {
        self.admin(&["claims", "--json"])?.json_lines()
    }
}

/// How many days from today the last valid day of a journey's vouchers lies.
pub const LAST_DAY_IN: i64 = 20;

/// The day so many days from today.
///
/// # Errors
/// When no calendar has it.
pub fn day(days: i64) -> Result<jiff::civil::Date, String> {
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    today.checked_add(jiff::Span::new().days(days)).map_err(|error| error.to_string())
}

/// The text at a key of an object.
///
/// # Errors
/// When there is none.
pub fn text_at(value: &Value, key: &str) -> Result<String, String> {
    let text = value[key].as_str().map(str::to_owned);
    text.ok_or_else(|| format!("there is no {key} in {value}"))
}

/// A path as an argument.
#[must_use]
pub fn text_of(path: &Path) -> String {
    path.display().to_string()
}
