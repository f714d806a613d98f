//! What a statement wants: a question, something about the session, or what is refused here and why.

use datafusion::sql::sqlparser::ast::{
    CloseCursor, ContextModifier, Expr, FetchDirection, Ident, ObjectName, Query, Reset, Set,
    Statement, TransactionMode, Value, ValueWithSpan,
};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;
use pgwire::error::PgWireError;

use crate::pgwire::failure::{refused, state};
use crate::pgwire::pg_rewrite;

/// Statements in one message: more were not written by anyone.
const STATEMENTS_MAX: usize = 64;

/// What a statement wants.
#[derive(Clone, Debug)]
pub enum Command {
    /// An answer.
    Ask(Box<Statement>),
    /// A setting set: to a value, or to its first again.
    Set {
        /// The setting.
        name: String,
        /// The value.
        value: Option<String>,
        /// Whether for this transaction only.
        is_local: bool,
    },
    /// A setting told; all of them where none is named.
    Show(Option<String>),
    /// A setting as it was at first; all of them where none is named.
    Reset(Option<String>),
    /// Everything about the session as it was at first.
    Discard,
    /// A transaction begun.
    Begin,
    /// A transaction ended.
    Commit,
    /// A transaction given up.
    Rollback,
    /// What changes nothing here, since nothing is changed here.
    Nothing(&'static str),
    /// A cursor opened.
    Declare {
        /// Its name.
        name: String,
        /// What it is over.
        query: Box<Statement>,
    },
    /// Rows of a cursor; all that are left where no number is said.
    Fetch {
        /// The cursor.
        name: String,
        /// How many.
        n_rows: Option<usize>,
    },
    /// A cursor closed; all of them where none is named.
    Close(Option<String>),
    /// A prepared statement forgotten; all of them where none is named.
    Deallocate(Option<String>),
}

impl Command {
    /// Whether it ends a transaction that failed.
    pub fn ends_transaction(&self) -> bool {
        matches!(self, Command::Commit | Command::Rollback)
    }
}

/// The commands of a message.
///
/// # Errors
/// If it is no SQL, or is refused.
pub fn commands(sql: &str) -> Result<Vec<Command>, PgWireError> {
    let parsed = Parser::parse_sql(&PostgreSqlDialect {}, sql);
    let parsed = parsed.map_err(|error| refused(state::SYNTAX, error.to_string()))?;
    if STATEMENTS_MAX < parsed.len() {
        let message = format!("more than {STATEMENTS_MAX} statements in one message");
        return Err(refused(state::LIMIT, message));
    }
    parsed.into_iter().map(command).collect()
}

fn command(statement: Statement) -> Result<Command, PgWireError> {
    Ok(match statement {
        Statement::Query(query) => Command::Ask(question(query)?),
        statement @ (Statement::Explain { .. }
        | Statement::ExplainTable { .. }
        | Statement::ShowTables { .. }
        | Statement::ShowColumns { .. }) => Command::Ask(Box::new(rewritten(statement))),
        Statement::Set(set) => setting(set)?,
        Statement::ShowVariable { variable } => shown(&variable),
        Statement::Reset(reset) => match reset.reset {
            Reset::ALL => Command::Reset(None),
            Reset::ConfigurationParameter(name) => Command::Reset(Some(text_of(&name))),
        },
        Statement::Discard { .. } => Command::Discard,
        Statement::StartTransaction { modes, .. } => {
            read_only(&modes)?;
            Command::Begin
        }
        Statement::Commit { .. } => Command::Commit,
        Statement::Rollback { savepoint: None, .. } => Command::Rollback,
        Statement::Rollback { savepoint: Some(_), .. }
        | Statement::Savepoint { .. }
        | Statement::ReleaseSavepoint { .. } => {
            return Err(refused(
                state::NOT_SUPPORTED,
                "there are no savepoints here: nothing is changed",
            ));
        }
        Statement::Declare { stmts } => declared(stmts)?,
        Statement::Fetch { name, direction, .. } => fetched(&name, &direction)?,
        Statement::Close { cursor: CloseCursor::All } => Command::Close(None),
        Statement::Close { cursor: CloseCursor::Specific { name } } => {
            Command::Close(Some(name.value))
        }
        Statement::Deallocate { name, .. } if name.value.eq_ignore_ascii_case("all") => {
            Command::Deallocate(None)
        }
        Statement::Deallocate { name, .. } => Command::Deallocate(Some(name.value)),
        other => return Err(refusal(&other)),
    })
}

/// A question, as it is asked here. `SELECT … INTO` makes a table.
fn question(query: Box<Query>) -> Result<Box<Statement>, PgWireError> {
    let statement = rewritten(Statement::Query(query));
    if pg_rewrite::writes(&statement) {
        return Err(refused(state::READ_ONLY, "the tables are read only: nothing is written here"));
    }
    Ok(Box::new(statement))
}

fn rewritten(mut statement: Statement) -> Statement {
    pg_rewrite::rewrite(&mut statement);
    statement
}

/// What cannot be done here, and why.
fn refusal(statement: &Statement) -> PgWireError {
    let text = statement.to_string();
    let words: Vec<&str> = text.split_whitespace().take(2).collect();
    let first = words.first().copied().unwrap_or_default();
    match statement {
        Statement::Copy { .. } | Statement::CopyIntoSnowflake { .. } => {
            let message = "COPY is not supported: ask by SELECT, psql writes files by \\g or --csv";
            refused(state::NOT_SUPPORTED, message)
        }
        Statement::Insert(_)
        | Statement::Update(_)
        | Statement::Delete(_)
        | Statement::Merge(_) => {
            let message = format!("cannot execute {first}: the tables are read only");
            refused(state::READ_ONLY, message)
        }
        Statement::Grant { .. } | Statement::Revoke { .. } => {
            let message = format!("cannot execute {first}: users are in the configuration");
            refused(state::NOT_ALLOWED, message)
        }
        _ if matches!(first, "CREATE" | "DROP" | "ALTER" | "TRUNCATE" | "COMMENT") => {
            let message = format!("cannot execute {}: the tables are read only", words.join(" "));
            refused(state::READ_ONLY, message)
        }
        _ => refused(state::NOT_SUPPORTED, format!("{first} is not supported")),
    }
}

fn setting(set: Set) -> Result<Command, PgWireError> {
    let one = |name: &str, value: &Expr, is_local: bool| {
        let (name, value) = (name.to_owned(), value_of(value));
        Command::Set { name, value, is_local }
    };
    Ok(match set {
        Set::SingleAssignment { scope, variable, values, .. } => {
            let is_local = scope == Some(ContextModifier::Local);
            let values: Vec<Option<String>> = values.iter().map(value_of).collect();
            let value: Option<Vec<String>> = values.into_iter().collect();
            let value = value.map(|values| values.join(", "));
            Command::Set { name: text_of(&variable), value, is_local }
        }
        Set::SetTimeZone { local, value } => one("TimeZone", &value, local),
        Set::SetNames { charset_name, .. } => Command::Set {
            name: "client_encoding".to_owned(),
            value: Some(charset_name.value),
            is_local: false,
        },
        Set::SetTransaction { modes, .. } => {
            read_only(&modes)?;
            Command::Nothing("SET")
        }
        other => return Err(refused(state::NOT_SUPPORTED, format!("{other} is not supported"))),
    })
}

/// Whether a transaction is one that only reads. Which isolation is asked for does not matter: nothing
/// that a statement sees changes under it.
fn read_only(modes: &[TransactionMode]) -> Result<(), PgWireError> {
    let writes = |mode: &TransactionMode| mode.to_string() == "READ WRITE";
    if modes.iter().any(writes) {
        let message = "cannot set transaction read-write mode: the tables are read only";
        return Err(refused(state::READ_ONLY, message));
    }
    Ok(())
}

fn shown(variable: &[Ident]) -> Command {
    let words: Vec<String> = variable.iter().map(|word| word.value.to_lowercase()).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["all"] => Command::Show(None),
        ["time", "zone"] => Command::Show(Some("TimeZone".to_owned())),
        ["transaction", "isolation", "level"] => {
            Command::Show(Some("transaction_isolation".to_owned()))
        }
        words => Command::Show(Some(words.join("."))),
    }
}

fn declared(stmts: Vec<datafusion::sql::sqlparser::ast::Declare>) -> Result<Command, PgWireError> {
    let unsupported = || refused(state::NOT_SUPPORTED, "expected DECLARE NAME CURSOR FOR SELECT …");
    let [declared] = <[_; 1]>::try_from(stmts).map_err(|_| unsupported())?;
    let flags = [declared.binary, declared.scroll, declared.hold];
    if flags.contains(&Some(true)) {
        let message = "cursors go forward, tell text and end with their transaction: \
                       no SCROLL, no BINARY, no WITH HOLD";
        return Err(refused(state::NOT_SUPPORTED, message));
    }
    match (declared.names.first(), declared.for_query) {
        (Some(name), Some(query)) => {
            Ok(Command::Declare { name: name.value.clone(), query: question(query)? })
        }
        _ => Err(unsupported()),
    }
}

fn fetched(name: &Ident, direction: &FetchDirection) -> Result<Command, PgWireError> {
    let number = |limit: &ValueWithSpan| match &limit.value {
        Value::Number(text, _) => text.parse().ok(),
        _ => None,
    };
    let n_rows = match direction {
        FetchDirection::Next | FetchDirection::Forward { limit: None } => Some(1),
        FetchDirection::All | FetchDirection::ForwardAll => None,
        FetchDirection::Count { limit } | FetchDirection::Forward { limit: Some(limit) } => {
            let number = number(limit);
            let message = "expected FETCH with a number of rows, NEXT or ALL";
            Some(number.ok_or_else(|| refused(state::NOT_SUPPORTED, message))?)
        }
        _ => return Err(refused(state::NOT_SUPPORTED, "cursors go forward only")),
    };
    Ok(Command::Fetch { name: name.value.clone(), n_rows })
}

/// The parts of a name with dots between.
fn text_of(name: &ObjectName) -> String {
    let part = |part: &datafusion::sql::sqlparser::ast::ObjectNamePart| {
        part.as_ident().map_or_else(|| part.to_string(), |ident| ident.value.clone())
    };
    name.0.iter().map(part).collect::<Vec<_>>().join(".")
}

/// What a setting is set to: a text, a number, a word; nothing for `DEFAULT`.
fn value_of(value: &Expr) -> Option<String> {
    match value {
        Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), .. }) => {
            Some(text.clone())
        }
        Expr::Identifier(word) if word.value.eq_ignore_ascii_case("default") => None,
        Expr::Identifier(word) => Some(word.value.clone()),
        Expr::Value(ValueWithSpan { value: Value::Null, .. }) => Some(String::new()),
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(sql: &str) -> String {
        match commands(sql) {
            Ok(commands) => format!("{:?}", commands.first()),
            Err(PgWireError::UserError(info)) => format!("{} {}", info.code, info.message),
            Err(other) => other.to_string(),
        }
    }

    #[test]
    fn what_would_change_something_is_refused_by_name() {
        for (sql, expected) in [
            ("INSERT INTO patients SELECT 1", "25006 cannot execute INSERT"),
            ("UPDATE patients SET name = 'x'", "25006 cannot execute UPDATE"),
            ("DELETE FROM patients", "25006 cannot execute DELETE"),
            ("CREATE TABLE t (a int)", "25006 cannot execute CREATE TABLE"),
            ("DROP TABLE patients", "25006 cannot execute DROP TABLE"),
            ("ALTER TABLE patients ADD COLUMN x int", "25006 cannot execute ALTER TABLE"),
            ("TRUNCATE patients", "25006 cannot execute TRUNCATE"),
            ("SELECT * INTO t FROM patients", "25006 the tables are read only"),
            ("WITH x AS (DELETE FROM patients RETURNING *) SELECT * FROM x", "25006"),
            ("COPY patients TO STDOUT", "0A000 COPY is not supported"),
            ("COPY (SELECT 1) TO '/tmp/x'", "0A000 COPY is not supported"),
            ("GRANT SELECT ON patients TO x", "42501 cannot execute GRANT"),
            ("BEGIN READ WRITE", "25006 cannot set transaction read-write mode"),
            ("LISTEN x", "0A000 LISTEN is not supported"),
            ("SELEC 1", "42601"),
            ("FETCH BACKWARD 1 FROM c", "0A000 cursors go forward only"),
        ] {
            let told = told(sql);
            assert!(told.starts_with(expected), "{sql}: {told}");
        }
    }

    #[test]
    fn what_is_about_the_session_is_understood() {
        for (sql, expected) in [
            (
                "SET twin.known_at = '2026-11-08T12:00:00Z'",
                "name: \"twin.known_at\", value: Some(\"2026-11-08T12:00:00Z\")",
            ),
            ("SET twin.known_at TO DEFAULT", "name: \"twin.known_at\", value: None"),
            ("SET TIME ZONE 'UTC'", "name: \"TimeZone\", value: Some(\"UTC\")"),
            ("SET LOCAL statement_timeout = 500", "value: Some(\"500\"), is_local: true"),
            ("SET DateStyle = ISO, MDY", "value: Some(\"ISO, MDY\")"),
            ("SHOW twin.known_at", "Show(Some(\"twin.known_at\"))"),
            ("SHOW TRANSACTION ISOLATION LEVEL", "transaction_isolation"),
            ("RESET twin.known_at", "Reset(Some(\"twin.known_at\"))"),
            ("RESET ALL", "Reset(None)"),
            ("BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY", "Begin"),
            ("START TRANSACTION", "Begin"),
            ("END", "Commit"),
            ("FETCH FORWARD 100 FROM \"c 1\"", "Fetch { name: \"c 1\", n_rows: Some(100) }"),
            ("DEALLOCATE ALL", "Deallocate(None)"),
        ] {
            let told = told(sql);
            assert!(told.contains(expected), "{sql}: {told}");
        }
    }
}
