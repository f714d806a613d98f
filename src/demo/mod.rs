//! A simulated hospital that sends what a hospital's feeds send, for ever, and by seed.
//!
//! ```text
//! Agenda ─► task (a round, a result, an upload, a scene) ─► Desk ─► SimulatedRecord, in order of time
//!    ▲                                              │
//!    └──────────── what follows from it ◄───────────┘
//! ```
//! It makes source records and nothing else: it knows no twin, no pipeline, no ingest, and goes in
//! through the same door as a real hospital. All patients are invented. The same seed and start give
//! the same bytes; nothing is read from the machine.

pub mod record;

pub mod agenda;
pub mod chance;
pub mod desk;
pub mod json;
