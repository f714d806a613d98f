//! The step, the loop around it, and what survives a restart.

pub mod appender;
mod definitions;
pub mod checkpoint;
pub mod checkpointer;
pub mod digest;
pub mod effects;
pub mod ingest_stage;
pub mod letters;
pub mod library;
pub mod local;
mod memory;
pub mod produce;
pub mod published;
pub mod reading;
pub mod replay;
pub mod routes;
pub mod run;
pub mod shard;
pub mod spool;
pub mod story;
pub mod story_facts;
pub mod story_run;
pub mod ticks;
pub mod timers;
pub mod twin_stage;
pub mod up;
