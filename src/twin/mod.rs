//! The twins of a shard: every fact, which of them count, and what is true now.

mod apply;
pub mod chains;
pub mod effects;
pub mod events;
pub mod filter;
pub mod hash;
pub mod head;
pub mod intern;
pub mod marks;
pub mod names;
pub mod newest;
pub mod pages;
pub mod places;
pub mod read;
pub mod samples;
pub mod scores;
pub mod sealing;
pub mod segment;
pub mod series;
pub mod snapshot;
pub mod statement_index;
pub mod statements;
pub(crate) mod table;
pub mod tail;
pub mod texts;
pub mod twins;
