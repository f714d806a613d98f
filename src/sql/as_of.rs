//! `as_of('table', known [, valid])`: a table as it was known at an instant, and if `valid` is given, only
//! what is true of the patient up to then.

use std::sync::Arc;

use datafusion::catalog::{TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::common::{Result, ScalarValue};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::Expr;

use crate::domain::time::Timestamp;
use crate::sql::catalog::{SCHEMAS, TABLES};
use crate::sql::scope::{Scope, ShardView};
use crate::sql::session::{SessionError, instant, settled};
use crate::twin::snapshot::ShardSnapshot;

/// The function over the shards of a snapshot.
#[derive(Debug)]
pub struct AsOf {
    shards: Arc<Vec<ShardSnapshot>>,
}

impl AsOf {
    /// The function over `shards`.
    pub fn over(shards: Arc<Vec<ShardSnapshot>>) -> AsOf {
        AsOf { shards }
    }
}

/// What the function is called with.
const USE: &str = "expected as_of('table', known) or as_of('table', known, valid), with instants like \
                   '2026-11-08T03:10:00Z'";

impl TableFunctionImpl for AsOf {
    fn call_with_args(&self, args: TableFunctionArgs<'_, '_>) -> Result<Arc<dyn TableProvider>> {
        let (table, known, valid) = match args.exprs() {
            [table, known] => (table, known, None),
            [table, known, valid] => (table, known, Some(valid)),
            _ => return Err(refused(USE)),
        };
        let name = text_of(table).ok_or_else(|| refused(USE))?;
        let (schema, name) = name.split_once('.').unwrap_or(("twin", name));
        let schema = SCHEMAS.iter().find(|spec| spec.name == schema);
        let table = TABLES.iter().find(|spec| spec.name == name);
        let (Some(schema), Some(table)) = (schema, table) else {
            return Err(refused(&format!("there is no table {name}: {USE}")));
        };
        let known = instant_of(known)?;
        let valid = valid.map_or(Ok(Timestamp::FOREVER), instant_of)?;
        settled(known, &self.shards).map_err(|beyond| DataFusionError::External(beyond.into()))?;
        let scope = Scope { known, valid, versions: schema.versions };
        Ok(table.over(ShardView::of(&self.shards, scope), schema.versions))
    }
}

fn refused(message: &str) -> DataFusionError {
    DataFusionError::Plan(message.to_owned())
}

fn text_of(argument: &Expr) -> Option<&str> {
    match argument {
        Expr::Literal(
            ScalarValue::Utf8(Some(text))
            | ScalarValue::LargeUtf8(Some(text))
            | ScalarValue::Utf8View(Some(text)),
            _,
        ) => Some(text),
        _ => None,
    }
}

/// An argument as an instant: a text, or an expression that is a timestamp by itself.
fn instant_of(argument: &Expr) -> Result<Timestamp> {
    if let Some(text) = text_of(argument) {
        return instant(text).map_err(|error| refused(&error.to_string()));
    }
    let micros = match argument {
        Expr::Literal(ScalarValue::TimestampSecond(Some(seconds), _), _) => {
            seconds.checked_mul(1_000_000)
        }
        Expr::Literal(ScalarValue::TimestampMillisecond(Some(millis), _), _) => {
            millis.checked_mul(1_000)
        }
        Expr::Literal(ScalarValue::TimestampMicrosecond(Some(micros), _), _) => Some(*micros),
        Expr::Literal(ScalarValue::TimestampNanosecond(Some(nanos), _), _) => {
            Some(nanos.div_euclid(1_000))
        }
        _ => None,
    };
    let unread = || refused(&SessionError::Time(argument.to_string()).to_string());
    micros.map(Timestamp::from_micros).ok_or_else(unread)
}
