//! The ordered log between `ingest` and the shards: its bytes, and where they are kept.

mod content;
pub mod decode;
pub mod encode;
mod linkage;
pub mod local;
pub mod partition;
pub mod schema;
pub mod wire;
