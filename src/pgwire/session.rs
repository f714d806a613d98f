//! What a connection holds between its statements: its settings, and the transaction it is in.

use std::sync::Arc;
use std::time::Duration;

use pgwire::error::PgWireError;

use crate::engine::published::{Reader, Snapshot};
use crate::pgwire::settings::Settings;
use crate::sql::query::QueryLimits;

/// A session.
#[derive(Debug, Default)]
pub struct Session {
    /// Its settings.
    pub settings: Settings,
    transaction: Option<Transaction>,
}

/// A transaction: all of its statements see one snapshot, so that they agree with each other.
#[derive(Debug)]
struct Transaction {
    snapshot: Option<Arc<Snapshot>>,
    settings_before: Settings,
    local: Vec<String>,
}

impl Session {
    /// Begins a transaction; within one, nothing.
    pub fn begin(&mut self) {
        let settings_before = self.settings.clone();
        self.transaction.get_or_insert(Transaction {
            snapshot: None,
            settings_before,
            local: Vec::new(),
        });
    }

    /// Ends the transaction: what was set for it alone is as it was before.
    ///
    /// # Errors
    /// If a setting has gone, which is our own mistake.
    pub fn commit(&mut self) -> Result<(), PgWireError> {
        let Some(transaction) = self.transaction.take() else { return Ok(()) };
        for name in transaction.local {
            let (_, value) = transaction.settings_before.show(&name)?;
            self.settings.set(&name, &value)?;
        }
        Ok(())
    }

    /// Gives the transaction up: what was set in it is as it was before.
    pub fn roll_back(&mut self) {
        if let Some(transaction) = self.transaction.take() {
            self.settings = transaction.settings_before;
        }
    }

    /// Sets a setting, or gives it its first value; for the transaction alone where it is local.
    ///
    /// # Errors
    /// If there is no such setting, or it cannot be that.
    pub fn set(
        &mut self,
        name: &str,
        value: Option<&str>,
        is_local: bool,
    ) -> Result<(), PgWireError> {
        match value {
            Some(value) => self.settings.set(name, value)?,
            None => self.settings.reset(name)?,
        }
        if let (true, Some(transaction)) = (is_local, &mut self.transaction) {
            transaction.local.push(name.to_owned());
        }
        Ok(())
    }

    /// The snapshot a statement sees: the transaction's, or a fresh one.
    pub async fn snapshot(&mut self, reader: &Reader) -> Arc<Snapshot> {
        match &mut self.transaction {
            None => reader.fresh().await,
            Some(Transaction { snapshot: Some(snapshot), .. }) => snapshot.clone(),
            Some(Transaction { snapshot, .. }) => {
                let fresh = reader.fresh().await;
                *snapshot = Some(fresh.clone());
                fresh
            }
        }
    }

    /// How long a statement may take: what the session says, and never more than the limit.
    pub fn time_max(&self, limits: QueryLimits) -> Duration {
        let wished = self.settings.statement_timeout();
        wished.map_or(limits.time_max, |wished| wished.min(limits.time_max))
    }
}
