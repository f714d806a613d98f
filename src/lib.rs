//! Twinstream keeps a digital twin of every patient current from the events a hospital already has,
//! runs pipelines on every change, tells the care team, and answers SQL about what is known.
//!
//! `ARCHITECTURE.md` walks one respiratory rate through these modules.

pub mod bench;
pub mod checks;
pub mod clock;
pub mod config;
pub mod demo;
pub mod domain;
pub mod engine;
pub mod http;
pub mod import;
pub mod ingest;
pub mod kafka;
pub mod log;
pub mod model;
pub mod output;
pub mod pgwire;
pub mod pipeline;
#[cfg(test)]
mod planted;
pub mod rules;
pub mod sim;
pub mod sql;
pub mod storage;
pub mod telemetry;
pub mod text;
pub mod twin;
