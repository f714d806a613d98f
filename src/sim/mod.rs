//! A seeded simulator: it drives the real shard, checkpoints and effects with its own log, storage and
//! clock, and holds them to the invariants of `ARCHITECTURE.md`. What failed is repeated by its seed.

pub mod dice;
pub mod frames;
pub mod ward;
pub mod scene;
pub mod fuse;
pub mod log;
pub mod objects;
pub mod sink;
pub mod model;
pub mod replay;
pub mod broken;
pub mod trials;
pub mod world;
mod verdict;
pub mod tried;
pub mod run;
