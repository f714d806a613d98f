//! A shard as bytes: what a checkpoint holds, and the shard that it gives back.

pub mod bytes;
pub mod core;
pub mod effects;
pub mod statements;
pub mod tables;
