//! What the owner of a partition writes into it: the shape of the log, the definitions in force, and time passing.
//!
//! Each partition has one owner at a time, so each of these is there once. An owner that has lost a partition without
//! knowing may write one more: the shape is only read once, a definition that is in force already changes nothing,
//! nor does a tick that is not later than the last.

use std::collections::BTreeSet;

use crate::domain::event::{Clock, Control, Event, EventBody};
use crate::domain::identity::SourcePosition;
use crate::domain::time::{Span, Timestamp};
use crate::engine::appender::Appender;
use crate::engine::library::Library;
use crate::engine::promoting::put_live;
use crate::engine::run::RunSpec;
use crate::engine::shard::Shard;
use crate::engine::twin_stage::TwinStage;
use crate::kafka::failure::KafkaFailure;
use crate::kafka::log::KafkaLogWriter;

/// Why a partition cannot be looked after.
#[derive(Debug, thiserror::Error)]
pub enum StewardError {
    /// Kafka.
    #[error(transparent)]
    Kafka(#[from] KafkaFailure),
    /// The log was made with another shape.
    #[error(
        "the log has {logged_partitions} partitions and a {} clock, the configuration says \
         {n_partitions} and {}: both are fixed when the log is made",
        .logged_clock.name(), .clock.name()
    )]
    Shape {
        /// Partitions of the log.
        logged_partitions: u32,
        /// Its clock.
        logged_clock: Clock,
        /// Partitions of the configuration.
        n_partitions: u32,
        /// Its clock.
        clock: Clock,
    },
}

/// Looks after the partitions of an instance.
pub struct Steward {
    writer: KafkaLogWriter,
    appender: Appender,
    n_partitions: u32,
    clock: Clock,
    tick_interval: Span,
    library: Library,
    /// Who puts pipelines live of which nobody has decided anything, and why, and when.
    live_by: Option<(&'static str, &'static str)>,
    opened_at: Timestamp,
    /// The partitions that are looked after: caught up, and told what is in force.
    defined: BTreeSet<u32>,
    ticked: Timestamp,
    /// Whether it was said that a recorded history is for one instance.
    was_told: bool,
}

impl Steward {
    /// One that looks after no partition yet.
    ///
    /// # Errors
    /// If Kafka refuses the configuration.
    pub fn new(spec: &RunSpec, now: Timestamp) -> Result<Steward, KafkaFailure> {
        Ok(Steward {
            writer: KafkaLogWriter::new(&spec.kafka)?,
            appender: Appender::new(spec.n_partitions),
            n_partitions: spec.n_partitions,
            clock: spec.clock,
            tick_interval: spec.tick_interval,
            library: spec.library.clone(),
            live_by: spec.live_by,
            opened_at: now,
            defined: BTreeSet::new(),
            ticked: Timestamp::MIN,
            was_told: false,
        })
    }

    /// Writes what is due into the partitions that are here.
    ///
    /// # Errors
    /// If the log was made with another shape, or cannot be written.
    pub fn round(&mut self, twins: &TwinStage, now: Timestamp) -> Result<(), StewardError> {
        let owned = twins.owned();
        for shard in twins.shards() {
            let partition = shard.twins().partition();
            if owned.contains(&partition) && !self.defined.contains(&partition) {
                self.define(partition, shard)?;
            }
        }
        self.defined = owned;
        // A recorded history says itself how late it is.
        let at = floor(now, self.tick_interval);
        if self.clock == Clock::Live && self.ticked < at {
            for partition in &self.defined {
                self.appender.add(*partition, &control(Control::Tick { at }));
            }
            self.ticked = at;
        }
        Ok(self.writer.append(&self.appender.take())?)
    }

    /// Opens a partition where it is new, and puts the library in force where it differs from what is.
    fn define(&mut self, partition: u32, shard: &Shard) -> Result<(), StewardError> {
        let (n_partitions, clock) = (self.n_partitions, self.clock);
        match shard.opened() {
            None => {
                let opened = Control::Opened { n_partitions, clock };
                self.appender.add(partition, &control(opened));
            }
            Some(logged) if logged == (n_partitions, clock) => {}
            Some((logged_partitions, logged_clock)) => {
                return Err(StewardError::Shape {
                    logged_partitions,
                    logged_clock,
                    n_partitions,
                    clock,
                });
            }
        }
        for change in self.library.changes(shard.definitions()) {
            self.appender.add(partition, &control(change));
        }
        // Into each partition, so that it stands before the first record; what the first one is told again changes
        // nothing in the others.
        if let Some(by) = self.live_by {
            for promotion in put_live(&self.library, shard.promotions(), by, self.opened_at) {
                self.appender.add(partition, &control(promotion));
            }
        }
        Ok(())
    }

    /// How many definitions are in force.
    pub fn n_definitions(&self) -> usize {
        self.library.texts().len()
    }

    /// Whether ingest may begin: a recorded history has one clock, so all of its partitions must be here.
    pub fn may_ingest(&mut self, twins: &TwinStage) -> bool {
        let missing = twins.missing();
        let may = self.clock == Clock::Live || missing.is_empty();
        if !may && !self.was_told {
            self.was_told = true;
            tracing::warn!(
                ?missing,
                "a recorded history is read by one instance, which owns all partitions"
            );
        }
        may
    }
}

/// The last instant of the grid at or before `at`, so that owners that follow each other write the same ticks.
fn floor(at: Timestamp, interval: Span) -> Timestamp {
    Timestamp::from_micros(at.micros().div_euclid(interval.micros()) * interval.micros())
}

fn control(control: Control<'_>) -> Event<'_> {
    let source = SourcePosition::new("twin", 0, 0);
    Event { source, available_at: None, body: EventBody::Control(control) }
}
