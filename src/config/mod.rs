//! The configuration: one YAML file, the environment over it, and what is wrong with either.

pub mod document;
pub mod environment;
pub mod security;
pub mod instance;
