//! The step, the loop around it, and what survives a restart.

pub mod shard;
mod definitions;
pub mod library;
pub mod appender;
pub mod effects;
pub mod letters;
pub mod local;
pub mod ticks;
pub mod spool;
pub mod replay;
pub mod story;
pub mod story_facts;
pub mod story_run;
