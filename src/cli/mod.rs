//! The commands of `twin`.

pub mod args;
pub mod progress;
pub mod replay;
pub mod summary;
pub mod test;
pub mod import;
