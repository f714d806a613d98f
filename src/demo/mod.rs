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

pub mod hospital;
pub mod record;

pub mod agenda;
pub mod chance;
pub mod desk;
pub mod json;

pub mod codes;
pub mod fhir;
pub mod person;
pub mod places;
pub mod profile;

pub mod census;
pub mod charting;
pub mod clinic;
pub mod illness;
pub mod laboratory;
pub mod orders;
pub mod script;
pub mod sender;
pub mod stay;
pub mod vitals;

pub mod fault;
pub mod home;
pub mod imaging;
pub mod wearable;

pub mod cast;
pub mod stories;
