//! What a session of questions is about: now, or an instant at which less was known.
//!
//! ```text
//! SET twin.known_at = '2026-11-08T03:10:00Z';   every table as it was known then
//! SHOW twin.known_at; RESET twin.known_at;      what is set; what is known now again
//! ```
//! An instant up to which something may still come has no answer yet that will not change, and is refused.

use datafusion::logical_expr::sqlparser::ast::{Expr, Ident, Set, Statement as Ast, Value};
use datafusion::sql::parser::{DFParser, ResetStatement, Statement};

use crate::domain::moment::Moment;
use crate::domain::time::Timestamp;
use crate::twin::snapshot::ShardSnapshot;

/// What a session of questions is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// Every table is as it was known at this instant; as it is known now where there is none.
    pub known_at: Option<Timestamp>,
}

/// What became of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It changed the session.
    Changed,
    /// It asks what the session's instant is.
    Asks,
    /// It is not about the session.
    Other,
}

/// Why a statement about the session is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// It is no SQL.
    #[error("{0}")]
    Syntax(String),
    /// The time cannot be read.
    #[error("{0} is no instant: expected one with its offset, like '2026-11-08T03:10:00Z'")]
    Time(String),
}

/// Why an instant has no answer yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "what was known at {asked} is not settled: everything is known up to {bound}, ask for that or before"
)]
pub struct Beyond {
    /// The instant asked for.
    pub asked: Timestamp,
    /// The last one that can be asked for.
    pub bound: Timestamp,
}

/// The variable's name.
const KNOWN_AT: &str = "twin.known_at";

impl Session {
    /// A session about the instant of a text, or about now where there is none.
    ///
    /// # Errors
    /// If the text is no instant.
    pub fn at(known_at: Option<&str>) -> Result<Session, SessionError> {
        Ok(Session { known_at: known_at.map(instant).transpose()? })
    }

    /// Hears `SET`, `RESET` and `SHOW` of `twin.known_at`, one statement of text.
    ///
    /// # Errors
    /// If the text is no statement, or the time cannot be read.
    pub fn hear(&mut self, sql: &str) -> Result<Heard, SessionError> {
        let mut statements =
            DFParser::parse_sql(sql).map_err(|e| SessionError::Syntax(e.strip_backtrace()))?;
        match (statements.pop_front(), statements.pop_front()) {
            (Some(statement), None) => self.hear_statement(&statement),
            _ => Err(SessionError::Syntax("expected one statement".to_owned())),
        }
    }

    /// Hears the same of a statement that was read.
    ///
    /// # Errors
    /// If the time cannot be read.
    pub fn hear_statement(&mut self, statement: &Statement) -> Result<Heard, SessionError> {
        let about = |name: &str| name.eq_ignore_ascii_case(KNOWN_AT);
        match statement {
            Statement::Reset(ResetStatement::Variable(name)) if about(&name.to_string()) => {
                self.known_at = None;
                Ok(Heard::Changed)
            }
            Statement::Statement(ast) => match &**ast {
                Ast::Set(Set::SingleAssignment { variable, values, .. })
                    if about(&variable.to_string()) =>
                {
                    self.known_at = set_to(values)?;
                    Ok(Heard::Changed)
                }
                Ast::ShowVariable { variable } if about(&joined(variable)) => Ok(Heard::Asks),
                _ => Ok(Heard::Other),
            },
            _ => Ok(Heard::Other),
        }
    }

    /// What `SHOW twin.known_at` answers.
    pub fn shown(self) -> String {
        self.known_at.map_or_else(|| "now".to_owned(), |at| at.to_string())
    }
}

fn joined(name: &[Ident]) -> String {
    name.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join(".")
}

/// The value of a `SET`: a text with an instant, or `DEFAULT`.
fn set_to(values: &[Expr]) -> Result<Option<Timestamp>, SessionError> {
    let refused = || {
        let texts = values.iter().map(ToString::to_string).collect::<Vec<_>>();
        SessionError::Time(texts.join(", "))
    };
    match values {
        [Expr::Identifier(word)] if word.value.eq_ignore_ascii_case("default") => Ok(None),
        [Expr::Value(value)] => match &value.value {
            Value::SingleQuotedString(text) => instant(text).map(Some),
            _ => Err(refused()),
        },
        _ => Err(refused()),
    }
}

/// Reads an instant of RFC 3339, with a blank instead of the `T` too.
///
/// # Errors
/// If it is none, or has no offset.
pub fn instant(text: &str) -> Result<Timestamp, SessionError> {
    let with_t = match text.split_once(' ') {
        Some((day, time)) if day.len() == 10 => format!("{day}T{time}"),
        _ => text.to_owned(),
    };
    match Moment::parse(&with_t) {
        Ok(Moment::Instant { at, .. }) => Ok(at),
        _ => Err(SessionError::Time(format!("'{text}'"))),
    }
}

/// The last instant of which it is settled what was known: nothing comes to any shard up to then.
pub fn bound(shards: &[ShardSnapshot]) -> Timestamp {
    shards.iter().map(|shard| shard.known_through).min().unwrap_or(Timestamp::MIN)
}

/// Holds an instant against what is settled.
///
/// # Errors
/// If it is beyond.
pub fn settled(asked: Timestamp, shards: &[ShardSnapshot]) -> Result<(), Beyond> {
    let bound = bound(shards);
    if bound < asked { Err(Beyond { asked, bound }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_hears_what_it_is_about() {
        let mut session = Session::default();
        assert_eq!(
            session.hear("SET twin.known_at = '2026-11-08T04:10:00+01:00'"),
            Ok(Heard::Changed)
        );
        assert_eq!(session.shown(), "2026-11-08T03:10:00Z");
        assert_eq!(session.hear("SHOW twin.known_at"), Ok(Heard::Asks));
        assert_eq!(session.hear("reset Twin.Known_At"), Ok(Heard::Changed));
        assert_eq!(session, Session::default());
        assert_eq!(session.hear("SET twin.known_at TO '2026-11-08 03:10:00Z'"), Ok(Heard::Changed));
        assert_eq!(session.hear("SET twin.known_at = DEFAULT"), Ok(Heard::Changed));
        assert_eq!(session.shown(), "now");
        for other in ["SELECT 1", "SET a.b = 1", "SHOW TABLES", "RESET a.b"] {
            assert_eq!(session.hear(other), Ok(Heard::Other), "{other}");
        }
    }

    #[test]
    fn a_time_that_cannot_be_read_is_refused_with_what_was_expected() {
        for text in ["'yesterday'", "'2026-11-08'", "'2026-11-08T03:10:00'", "7", "now"] {
            let error =
                Session::default().hear(&format!("SET twin.known_at = {text}")).unwrap_err();
            let expected =
                "is no instant: expected one with its offset, like '2026-11-08T03:10:00Z'";
            assert!(error.to_string().ends_with(expected), "{text}: {error}");
        }
    }
}
