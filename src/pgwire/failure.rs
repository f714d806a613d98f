//! What is told of a refusal: a message and the SQLSTATE that programs act on.

use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;
use pgwire::error::{ErrorInfo, PgWireError};

use crate::sql::query::{QueryError, QueryLimits};

/// The codes of PostgreSQL's appendix A that are used here.
pub mod state {
    /// It is not known here.
    pub const NOT_SUPPORTED: &str = "0A000";
    /// It would change something.
    pub const READ_ONLY: &str = "25006";
    /// It is not allowed to anyone.
    pub const NOT_ALLOWED: &str = "42501";
    /// It needs a transaction.
    pub const NO_TRANSACTION: &str = "25P01";
    /// An earlier statement of the transaction failed.
    pub const FAILED_TRANSACTION: &str = "25P02";
    /// The password is wrong.
    pub const WRONG_PASSWORD: &str = "28P01";
    /// There is no such database.
    pub const NO_DATABASE: &str = "3D000";
    /// There is no such cursor.
    pub const NO_CURSOR: &str = "34000";
    /// There is one of that name already.
    pub const CURSOR_EXISTS: &str = "42P03";
    /// It is no SQL.
    pub const SYNTAX: &str = "42601";
    /// There is no such table.
    pub const NO_TABLE: &str = "42P01";
    /// There is no such column.
    pub const NO_COLUMN: &str = "42703";
    /// Several columns are meant.
    pub const AMBIGUOUS_COLUMN: &str = "42702";
    /// There is no such function.
    pub const NO_FUNCTION: &str = "42883";
    /// It does not fit together.
    pub const MEANINGLESS: &str = "42804";
    /// There is no such setting.
    pub const NO_SETTING: &str = "42704";
    /// A setting is read only.
    pub const FIXED_SETTING: &str = "55P02";
    /// The value means nothing.
    pub const WRONG_VALUE: &str = "22023";
    /// The text is no value of the type.
    pub const WRONG_TEXT: &str = "22P02";
    /// Division by zero.
    pub const DIVISION_BY_ZERO: &str = "22012";
    /// Data that a function cannot work on.
    pub const DATA: &str = "22000";
    /// The client does not keep to the protocol.
    pub const PROTOCOL: &str = "08P01";
    /// More memory than allowed.
    pub const MEMORY: &str = "53200";
    /// As many as may be are there.
    pub const TOO_MANY: &str = "53300";
    /// More rows, statements or cursors than allowed.
    pub const LIMIT: &str = "54000";
    /// Not now: ask again, or somewhere else.
    pub const NOT_NOW: &str = "57P03";
    /// Stopped: asked to, or after its time.
    pub const STOPPED: &str = "57014";
    /// Our own mistake.
    pub const INTERNAL: &str = "XX000";
}

/// A refusal of a statement.
pub fn refused(state: &str, message: impl Into<String>) -> PgWireError {
    told("ERROR", state, message.into())
}

/// A refusal that ends the connection.
pub fn closed(state: &str, message: impl Into<String>) -> PgWireError {
    told("FATAL", state, message.into())
}

fn told(severity: &str, state: &str, message: String) -> PgWireError {
    PgWireError::UserError(Box::new(ErrorInfo::new(severity.to_owned(), state.to_owned(), message)))
}

/// What is told of an error of a query.
pub fn of_query(error: &DataFusionError, limits: QueryLimits) -> PgWireError {
    let root = error.find_root();
    if let DataFusionError::ResourcesExhausted(message) = root {
        let message = message.clone();
        let over = QueryError::Memory { limit: limits.memory_bytes_max, message };
        return refused(state::MEMORY, over.to_string());
    }
    refused(state_of(root), root.strip_backtrace())
}

fn state_of(root: &DataFusionError) -> &'static str {
    match root {
        DataFusionError::SQL(_, _) => state::SYNTAX,
        DataFusionError::SchemaError(error, _) => match **error {
            SchemaError::FieldNotFound { .. } => state::NO_COLUMN,
            _ => state::AMBIGUOUS_COLUMN,
        },
        DataFusionError::NotImplemented(_) => state::NOT_SUPPORTED,
        // The planner has one kind of error for all of these, and says which in words.
        DataFusionError::Plan(message) if message.contains("table '") => state::NO_TABLE,
        DataFusionError::Plan(message) if message.contains("Invalid function") => {
            state::NO_FUNCTION
        }
        DataFusionError::Plan(_) => state::MEANINGLESS,
        DataFusionError::ArrowError(error, _) => match **error {
            arrow::error::ArrowError::DivideByZero => state::DIVISION_BY_ZERO,
            arrow::error::ArrowError::CastError(_) | arrow::error::ArrowError::ParseError(_) => {
                state::WRONG_TEXT
            }
            _ => state::DATA,
        },
        DataFusionError::Execution(_) => state::DATA,
        _ => state::INTERNAL,
    }
}
