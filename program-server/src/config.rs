//! The server's home: a folder with the configuration, the keys and, by default, the database.

use crate::database::Location;
use crate::files::{self, FileMode};
use crate::{Error, Result};
use protocol::Span;
use protocol::id::IssuerId;
use protocol::trust::Freshness;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home(PathBuf);

impl Home {
    /// The home in this folder.
    #[must_use]
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Home(folder.into())
    }

    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// The folder of private keys.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.0.join("keys")
    }

    /// The folder of documents that phones sent.
    #[must_use]
    pub fn documents(&self) -> PathBuf {
        self.0.join("documents")
    }

    /// The embedded database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.0.join("programme.sqlite")
    }

    fn config(&self) -> PathBuf {
        self.0.join("config.json")
    }

    /// Whether `init` was finished here. The configuration is written last, so it tells.
    ///
    /// # Errors
    /// [`Error::File`] when the folder cannot be looked into.
    pub fn is_initialised(&self) -> Result<bool> {
        let config = self.config();
        config.try_exists().map_err(Error::file(&config))
    }
}

/// Where people and phones reach the server: scheme, host and port, nothing after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Origin(String);

impl Origin {
    /// Reads an origin such as `https://vouchers.example.org`; one slash at the end is dropped.
    pub fn parse(text: &str) -> Result<Self> {
        let origin = text.strip_suffix('/').unwrap_or(text);
        let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
        let good = host.is_some_and(|host| {
            !host.is_empty()
                && host.bytes().all(|c| c.is_ascii_alphanumeric() || b"-.:[]".contains(&c))
        });
        if good {
            Ok(Origin(origin.to_owned()))
        } else {
            Err(Error::Invalid(format!(
                "{text:?} is no origin: give scheme, host and port alone, such as \
                 https://vouchers.example.org"
            )))
        }
    }

    /// The origin as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn authority(&self) -> &str {
        self.0.split_once("://").map_or(self.0.as_str(), |(_, host)| host)
    }
}

impl TryFrom<String> for Origin {
    type Error = Error;
    fn try_from(text: String) -> Result<Self> {
        Origin::parse(&text)
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> String {
        origin.0
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// How the age of trust lists, status lists and profiles is judged, in days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgeLimits {
    /// From this age on phones show the age.
    pub stale_after_days: u64,
    /// From this age on phones refuse, or ask a supervisor.
    pub too_old_after_days: u64,
}

impl AgeLimits {
    /// The limits as phones get them.
    #[must_use]
    pub fn freshness(self) -> Freshness {
        Freshness {
            stale_after: Span::days(self.stale_after_days),
            too_old_after: Span::days(self.too_old_after_days),
        }
    }
}

/// The configuration, kept in `config.json`, which people may edit while no server runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where phones reach the server.
    pub origin: Origin,
    /// The name under which the office issues: `iss` of its vouchers. Never changed.
    #[serde(with = "as_text")]
    pub issuer: IssuerId,
    /// The office's name, as it is printed.
    pub office: String,
    /// `sqlite:PATH` or `postgres://…`; the file in the home when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// The age of trust lists.
    #[serde(default = "default_trust_age")]
    pub trust_age: AgeLimits,
    /// The age of status lists.
    #[serde(default = "default_status_age")]
    pub status_age: AgeLimits,
    /// The age of device profiles.
    #[serde(default = "default_profile_age")]
    pub profile_age: AgeLimits,
    /// How many redemptions of vouchers that field officers issued a phone may have unsent before it syncs: a
    /// stolen phone's vouchers are told from true ones only then.
    #[serde(default = "default_unsent_delegated")]
    pub unsent_delegated: u32,
}

fn default_unsent_delegated() -> u32 {
    20
}

/// Phones that spend months without a network keep working, and say how old their trust is.
fn default_trust_age() -> AgeLimits {
    AgeLimits { stale_after_days: 7, too_old_after_days: 180 }
}

fn default_status_age() -> AgeLimits {
    AgeLimits { stale_after_days: 2, too_old_after_days: 180 }
}

fn default_profile_age() -> AgeLimits {
    AgeLimits { stale_after_days: 30, too_old_after_days: 365 }
}

impl Config {
    /// The configuration of a new server.
    #[must_use]
    pub fn new(origin: Origin, issuer: IssuerId, office: String, database: Option<String>) -> Self {
        Config {
            origin,
            issuer,
            office,
            database,
            trust_age: default_trust_age(),
            status_age: default_status_age(),
            profile_age: default_profile_age(),
            unsent_delegated: default_unsent_delegated(),
        }
    }

    /// Where the database of the server in `home` is. A relative SQLite path starts at the home.
    pub fn location(&self, home: &Home) -> Result<Location> {
        match &self.database {
            None => Ok(Location::Sqlite(home.database())),
            Some(text) => Ok(match Location::parse(text)? {
                Location::Sqlite(path) => Location::Sqlite(home.folder().join(path)),
                postgres => postgres,
            }),
        }
    }

    /// Reads the home's configuration.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there is none yet or it cannot be read.
    pub fn read(home: &Home) -> Result<Self> {
        let path = home.config();
        if !home.is_initialised()? {
            return Err(Error::Invalid(format!(
                "{} is no server's home yet: make it one with `vouchsafe-server --home {0} init \
                 --origin URL`",
                home.folder().display()
            )));
        }
        // It may contain the database's password, so it is guarded like a key.
        let text = files::read_secret(&path)?;
        let config: Config = serde_json::from_slice(&text)
            .map_err(|error| Error::Invalid(format!("{}: {error}", path.display())))?;
        for (name, age) in [
            ("trust_age", config.trust_age),
            ("status_age", config.status_age),
            ("profile_age", config.profile_age),
        ] {
            if age.stale_after_days > age.too_old_after_days {
                return Err(Error::Invalid(format!(
                    "{}: {name}: stale_after_days is more than too_old_after_days",
                    path.display()
                )));
            }
        }
        Ok(config)
    }

    /// Writes the home's configuration.
    pub fn write(&self, home: &Home) -> Result<()> {
        let mut text = serde_json::to_vec_pretty(self)
            .map_err(|error| Error::Invalid(format!("the configuration: {error}")))?;
        text.push(b'\n');
        files::write(&home.config(), &text, FileMode::OwnerOnly)
    }
}

mod as_text {
    //! An id of the protocol as a JSON string.
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};
    use std::fmt::Display;
    use std::str::FromStr;

    pub(super) fn serialize<S: Serializer>(id: &impl Display, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(id)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(
        from: D,
    ) -> Result<T, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port_alone() {
        assert_eq!(Origin::parse("http://127.0.0.1:80/").unwrap().as_str(), "http://127.0.0.1:80");
        assert_eq!(Origin::parse("https://v.example").unwrap().authority(), "v.example");
        for wrong in ["v.example", "ftp://v.example", "https://", "https://v/x", "https://u@v"] {
            assert!(Origin::parse(wrong).is_err(), "{wrong}");
        }
    }
}
