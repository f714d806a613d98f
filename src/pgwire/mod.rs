//! SQL for the tools people have, by PostgreSQL's wire protocol, on loopback.
//!
//! ```text
//! connection ─► password (SCRAM) ─► statement ─► a fresh snapshot ─► rows
//!                                      └─ known to the session: settings, a transaction, its cursors
//! ```
//! It reads only (SQ-1): what would change something is refused by name. What tools ask about tables
//! (`pg_catalog`) is answered from the one definition of the tables, `sql/catalog.rs`.

pub mod server;
pub mod users;
pub mod scram;
pub mod login;
pub mod connection;
pub mod session;
pub mod settings;
pub mod statement;
pub mod messages;
pub mod commands;
pub mod cursors;
pub mod prepared;
pub mod parameters;
pub mod answer;
pub mod text;
pub mod failure;
pub mod pg_rewrite;
pub mod pg_nothing;
pub mod pg_tables;
pub mod pg_rows;
pub mod pg_functions;
