//! Kafka: where records come from, where the log lies, and where effects go.
//!
//! ```text
//! source topics ─► source ─► (ingest) ─► log ─► (twins) ─► sink ─► twin.alerts.v1, twin.fhir.v1
//!                     └─ refused ─► letters ─► twin.dlq.v1
//! ```

pub mod security;
pub mod settings;
pub mod failure;
pub mod patience;
mod word;
pub mod login;
pub mod topics;
pub mod producer;
pub mod transactions;
pub mod source;
pub mod log;
pub mod member;
pub mod offsets;
pub mod follower;
pub mod group;
pub mod past;
pub mod watch;
pub mod sink;
pub mod letter_headers;
pub mod letters;
pub mod letter_shelf;
