//! A shard as bytes in storage: what a checkpoint holds, and the shard that it gives back.

pub mod blocks;
pub mod bytes;
pub mod core;
pub mod effects;
mod identities;
pub mod promotions;
pub mod reader;
pub mod recent;
pub mod shelf;
pub mod state;
pub mod statements;
pub mod tables;
pub mod writer;
