//! The step, the loop around it, and what survives a restart.

mod definitions;
pub mod shard;
