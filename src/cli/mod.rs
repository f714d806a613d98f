//! The commands of `twin`.

pub mod args;
pub mod source;
pub mod top;
pub mod up;
pub mod run;
pub mod stopping;
pub mod produce;
pub mod read;
pub mod verify;
pub mod dlq;
pub mod dlq_args;
pub mod unmapped;
pub mod what_if;
pub mod table;
pub mod replay;
pub mod import;
pub mod test;
pub mod rules;
pub mod bench;
pub mod bench_delivery;
pub mod bench_scale;
pub mod sim;
pub mod progress;
pub mod summary;
pub mod pages;
