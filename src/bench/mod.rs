//! The benches against a real Kafka: `twin bench throughput` and `twin bench latency`.

pub mod senders;
pub mod ward;
pub mod harness;
pub mod throughput;
pub mod latency;
