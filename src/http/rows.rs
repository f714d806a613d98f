//! Answers of SQL as rows for pages.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::domain::moment::Moment;
use crate::domain::time::Timestamp;
use crate::engine::published::Snapshot;
use crate::sql::format;
use crate::sql::query::{QueryError, QueryLimits, run};
use crate::sql::session::Session;
use crate::twin::snapshot::ShardSnapshot;

/// A row.
#[derive(Clone, Debug, Default)]
pub struct Row(Map<String, Value>);

impl Row {
    /// The text of a column; empty where it is null.
    pub fn text(&self, column: &str) -> &str {
        self.0.get(column).and_then(Value::as_str).unwrap_or_default()
    }

    /// The number of a column.
    pub fn number(&self, column: &str) -> Option<f64> {
        self.0.get(column).and_then(Value::as_f64)
    }

    /// The whole number of a column.
    pub fn integer(&self, column: &str) -> Option<i64> {
        self.0.get(column).and_then(Value::as_i64)
    }

    /// Whether a column says yes.
    pub fn is_true(&self, column: &str) -> bool {
        self.0.get(column).and_then(Value::as_bool).unwrap_or(false)
    }

    /// The time of a column.
    pub fn time(&self, column: &str) -> Option<Timestamp> {
        match Moment::parse(self.text(column)) {
            Ok(Moment::Instant { at, .. }) => Some(at),
            _ => None,
        }
    }
}

/// The rows of a question about a snapshot.
///
/// # Errors
/// If the question is wrong or takes too much, which for a page is our own mistake.
pub async fn ask(snapshot: &Snapshot, sql: &str) -> Result<Vec<Row>, QueryError> {
    let (mut session, limits) = (Session::default(), QueryLimits::default());
    let result = run(whole(snapshot)?, sql, &mut session, limits).await?;
    let json = format::json(&result).map_err(|error| QueryError::Query(error.to_string()))?;
    let rows: Vec<Map<String, Value>> =
        serde_json::from_str(&json).map_err(|error| QueryError::Query(error.to_string()))?;
    Ok(rows.into_iter().map(Row).collect())
}

/// The shards of every partition.
///
/// # Errors
/// If some are not here.
pub fn whole(snapshot: &Snapshot) -> Result<Arc<Vec<ShardSnapshot>>, QueryError> {
    snapshot.whole().map_err(|missing| QueryError::Elsewhere(missing.to_string()))
}

/// Text as SQL writes it.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
