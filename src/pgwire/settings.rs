//! The settings of a session: what may be set, to what, and what `SHOW` says.
//!
//! Tools set a dozen of these when they connect. Each is taken only where what it asks for is so: times
//! are told in UTC whatever a client wishes, so another zone is refused and not ignored.

use std::collections::BTreeMap;
use std::time::Duration;

use pgwire::error::PgWireError;

use crate::domain::moment::Moment;
use crate::domain::time::Timestamp;
use crate::pgwire::failure::{refused, state};

/// The setting that says as of when questions are asked.
pub const KNOWN_AT: &str = "twin.known_at";
/// The setting that bounds the time of a statement.
pub const STATEMENT_TIMEOUT: &str = "statement_timeout";
/// The setting that names the database's version; the newest whose `\d` psql 15 knows.
pub const SERVER_VERSION: &str = "15.0";

/// What a setting may be set to.
enum Rule {
    /// Anything: it changes nothing here.
    Any,
    /// One of these, whatever the case.
    One(&'static [&'static str]),
    /// Nothing else than it is.
    Fixed,
    /// An instant, or nothing.
    Instant,
    /// A time span.
    Span,
}

/// A setting: its name, its value, what it may be set to.
type Setting = (&'static str, &'static str, Rule);

const UTC: Rule = Rule::One(&["UTC", "Etc/UTC", "GMT", "Etc/GMT", "Z", "+00", "+00:00", "0"]);

/// Every setting. Names are told as PostgreSQL spells them and found in any case.
const SETTINGS: [Setting; 33] = [
    (KNOWN_AT, "", Rule::Instant),
    (STATEMENT_TIMEOUT, "0", Rule::Span),
    ("application_name", "", Rule::Any),
    ("bytea_output", "hex", Rule::One(&["hex"])),
    ("client_encoding", "UTF8", Rule::One(&["UTF8", "UTF-8", "unicode"])),
    ("client_min_messages", "notice", Rule::Any),
    ("DateStyle", "ISO, YMD", Rule::One(&["ISO", "ISO, YMD", "ISO, MDY", "ISO, DMY"])),
    ("default_transaction_isolation", "repeatable read", Rule::Any),
    ("default_transaction_read_only", "on", Rule::One(&["on", "true", "yes", "1"])),
    ("escape_string_warning", "on", Rule::Any),
    ("extra_float_digits", "1", Rule::Any),
    ("idle_in_transaction_session_timeout", "600000", Rule::Any),
    ("in_hot_standby", "off", Rule::Fixed),
    ("integer_datetimes", "on", Rule::Fixed),
    ("IntervalStyle", "postgres", Rule::One(&["postgres"])),
    ("is_superuser", "off", Rule::Fixed),
    ("jit", "off", Rule::Any),
    ("lc_messages", "C", Rule::Any),
    ("lc_monetary", "C", Rule::Any),
    ("lock_timeout", "0", Rule::Any),
    ("max_identifier_length", "63", Rule::Fixed),
    ("max_index_keys", "32", Rule::Fixed),
    ("row_security", "on", Rule::Any),
    ("search_path", "twin", Rule::Any),
    ("server_encoding", "UTF8", Rule::Fixed),
    ("server_version", SERVER_VERSION, Rule::Fixed),
    ("server_version_num", "150000", Rule::Fixed),
    ("session_authorization", "", Rule::Fixed),
    ("standard_conforming_strings", "on", Rule::One(&["on", "true", "yes", "1"])),
    ("synchronize_seqscans", "on", Rule::Any),
    ("TimeZone", "UTC", UTC),
    ("transaction_isolation", "repeatable read", Rule::Any),
    ("transaction_read_only", "on", Rule::One(&["on", "true", "yes", "1"])),
];

/// What a client is told of without asking, when it connects.
pub const REPORTED: [&str; 12] = [
    "application_name",
    "client_encoding",
    "DateStyle",
    "default_transaction_read_only",
    "in_hot_standby",
    "integer_datetimes",
    "IntervalStyle",
    "is_superuser",
    "server_encoding",
    "server_version",
    "standard_conforming_strings",
    "TimeZone",
];

/// The settings of a session: those that were set.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    set: BTreeMap<&'static str, String>,
    known_at: Option<Timestamp>,
    statement_timeout: Option<Duration>,
}

impl Settings {
    /// As of when questions are asked; now, where nobody said.
    pub fn known_at(&self) -> Option<Timestamp> {
        self.known_at
    }

    /// How long a statement may take, where somebody said.
    pub fn statement_timeout(&self) -> Option<Duration> {
        self.statement_timeout
    }

    /// The name as it is spelt, and the value.
    ///
    /// # Errors
    /// If there is no such setting.
    pub fn show(&self, name: &str) -> Result<(&'static str, String), PgWireError> {
        let (name, default, _) = setting(name)?;
        Ok((name, self.set.get(name).cloned().unwrap_or_else(|| (*default).to_owned())))
    }

    /// Every setting with its value.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, String)> {
        SETTINGS.iter().map(|(name, default, _)| {
            (*name, self.set.get(name).cloned().unwrap_or_else(|| (*default).to_owned()))
        })
    }

    /// Sets a setting.
    ///
    /// # Errors
    /// If there is no such setting, or it cannot be that.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), PgWireError> {
        let (name, default, rule) = setting(name)?;
        let value = value.trim();
        let wrong = |state: &str, expected: &str| {
            Err(refused(state, format!("{name} cannot be \"{value}\": expected {expected}")))
        };
        match rule {
            Rule::Any => {}
            Rule::Fixed if value.eq_ignore_ascii_case(default) => {}
            Rule::Fixed => return wrong(state::FIXED_SETTING, default),
            Rule::One(values) if values.iter().any(|one| one.eq_ignore_ascii_case(value)) => {}
            Rule::One([one, ..]) => return wrong(state::NOT_SUPPORTED, one),
            Rule::One([]) => return wrong(state::NOT_SUPPORTED, default),
            Rule::Instant => {
                self.known_at = match (value, Moment::parse(value)) {
                    ("", _) => None,
                    (_, Ok(Moment::Instant { at, .. })) => Some(at),
                    _ => return wrong(state::WRONG_VALUE, "a time such as 2026-11-08T12:00:00Z"),
                };
            }
            Rule::Span => {
                let Some(span) = span(value) else {
                    return wrong(state::WRONG_VALUE, "milliseconds, or a span such as 30s");
                };
                self.statement_timeout = (!span.is_zero()).then_some(span);
            }
        }
        self.set.insert(name, value.to_owned());
        Ok(())
    }

    /// Gives a setting its first value again.
    ///
    /// # Errors
    /// If there is no such setting.
    pub fn reset(&mut self, name: &str) -> Result<(), PgWireError> {
        let (name, _, _) = setting(name)?;
        self.set.remove(name);
        match *name {
            KNOWN_AT => self.known_at = None,
            STATEMENT_TIMEOUT => self.statement_timeout = None,
            _ => {}
        }
        Ok(())
    }
}

fn setting(name: &str) -> Result<&'static Setting, PgWireError> {
    let named = SETTINGS.iter().find(|(known, _, _)| known.eq_ignore_ascii_case(name));
    let message = || format!("unrecognized configuration parameter \"{name}\"");
    named.ok_or_else(|| refused(state::NO_SETTING, message()))
}

/// A span as PostgreSQL writes it: milliseconds, or a whole number with a unit.
fn span(text: &str) -> Option<Duration> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number: u64 = number.parse().ok()?;
    match unit.trim() {
        "" | "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "min" => number.checked_mul(60).map(Duration::from_secs),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(result: Result<(), PgWireError>) -> String {
        match result {
            Ok(()) => "SET".to_owned(),
            Err(PgWireError::UserError(info)) => format!("{} {}", info.code, info.message),
            Err(other) => other.to_string(),
        }
    }

    #[test]
    fn a_setting_is_taken_only_where_it_is_so() {
        let mut settings = Settings::default();
        for (name, value, expected) in [
            ("TIMEZONE", "utc", "SET"),
            ("TimeZone", "Europe/London", "0A000 TimeZone cannot be \"Europe/London\""),
            ("client_encoding", "LATIN1", "0A000 client_encoding"),
            ("server_version", "9", "55P02 server_version"),
            ("nonsense", "1", "42704 unrecognized configuration parameter \"nonsense\""),
            ("twin.known_at", "2026-11-08T12:00:00Z", "SET"),
            ("twin.known_at", "yesterday", "22023 twin.known_at cannot be \"yesterday\""),
            ("twin.known_at", "2026-11-08", "22023 twin.known_at"),
            ("statement_timeout", "2s", "SET"),
            ("statement_timeout", "2 hours", "22023 statement_timeout"),
        ] {
            let told = told(settings.set(name, value));
            assert!(told.starts_with(expected), "{name} = {value}: {told}");
        }
        assert_eq!(settings.statement_timeout(), Some(Duration::from_secs(2)));
        let shown = settings.show("twin.KNOWN_AT").unwrap();
        assert_eq!(shown, (KNOWN_AT, "2026-11-08T12:00:00Z".to_owned()));
        settings.reset(KNOWN_AT).unwrap();
        assert_eq!(
            (settings.known_at(), settings.show(KNOWN_AT).unwrap().1),
            (None, String::new())
        );
    }

    #[test]
    fn what_is_reported_is_a_setting() {
        for name in REPORTED {
            assert_eq!(Settings::default().show(name).unwrap().0, name);
        }
    }
}
