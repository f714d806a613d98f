//! The benches: `twin bench throughput`, `latency` and `delivery` against a real Kafka, `twin bench state`
//! and `twin bench memory` without one.

pub mod senders;
pub mod ward;
pub mod harness;
pub mod memory;
pub mod state;
pub mod throughput;
pub mod latency;
pub mod fleet;
pub mod casualties;
pub mod delivery;
pub mod scale;
