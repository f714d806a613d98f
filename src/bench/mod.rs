//! The benches: `twin bench throughput` and `twin bench latency` against a real Kafka, `twin bench state`
//! and `twin bench memory` without one.

pub mod senders;
pub mod ward;
pub mod harness;
pub mod memory;
pub mod state;
pub mod throughput;
pub mod latency;
