//! The ordered log between `ingest` and the shards: its bytes, and where they are kept.

mod content;
pub mod decode;
pub mod partition;
pub mod local;
pub mod encode;
pub mod schema;
pub mod wire;
