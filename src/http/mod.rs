//! The doors over HTTP: probes, SQL, and the console for the care team, on loopback.
//!
//! ```text
//! request ─► guard (loopback host, own origin) ─► question ─► a fresh snapshot ─► page or rows
//! ```
//! Pages are written on the server and kept current by server-sent events. No page holds a script or a
//! style of its own, and nothing is fetched from elsewhere.

pub mod live_pages;
pub mod state;
pub mod server;
pub mod guard;
pub mod probes;
pub mod metrics;
pub mod admin;
pub mod query;
pub mod what_if;
pub mod rows;
pub mod when;
pub mod words;
pub mod chart;
pub mod page;
pub mod respond;
pub mod ward;
pub mod patient;
mod patient_identities;
pub mod alerts;
pub mod pipelines;
pub mod ask;
pub mod backtest_page;
pub mod live;
