//! The step, the loop around it, and what survives a restart.

pub mod appender;
mod definitions;
pub mod digest;
pub mod effects;
pub mod fork;
pub mod forks;
pub mod hypothesis;
pub mod ingest_stage;
pub mod letters;
pub mod library;
pub mod local;
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
mod timers;
pub mod twin_stage;
pub mod up;
pub mod what_if;
