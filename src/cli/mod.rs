//! The commands of `twin`.

pub mod args;
pub mod replay;
pub mod summary;
pub mod progress;
pub mod test;
