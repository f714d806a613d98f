//! What every request can reach: the newest snapshot, and what this instance is.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::engine::published::Reader;
use crate::engine::responses::Responses;
use crate::http::live_pages::LivePages;
use crate::telemetry::families::QUERIES_REFUSED;

/// Queries at once: each may use half a gigabyte and a processor.
pub const QUERIES_MAX: usize = 4;
/// Screens that are kept current at once: a ward's and a few desks'.
pub const SCREENS_MAX: usize = 64;
/// Pages written at once: each asks several questions, and the engine needs a processor too.
pub const WRITINGS_MAX: usize = 2;

/// What this instance is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// What stands in every page's header.
    pub title: String,
    /// A warning that every page begins with.
    pub banner: Option<String>,
    /// Whether its clock is one of a simulation.
    pub is_simulated: bool,
}

/// What every request can reach.
#[derive(Clone, Debug)]
pub struct State {
    /// The snapshots.
    pub reader: Reader,
    /// What this instance is.
    pub about: Arc<About>,
    /// Where responses to alerts go.
    pub responses: Responses,
    /// Room for queries.
    pub queries: Arc<Semaphore>,
    /// Room for screens that are kept current.
    pub screens: Arc<Semaphore>,
    /// Room for pages that are being written.
    pub writings: Arc<Semaphore>,
    /// The pages that are kept current.
    pub live: Arc<LivePages>,
}

impl State {
    /// The state over a reader; nobody takes responses.
    pub fn new(reader: Reader, about: About) -> State {
        State {
            reader,
            about: Arc::new(about),
            responses: Responses::Nobody,
            queries: Arc::new(Semaphore::new(QUERIES_MAX)),
            screens: Arc::new(Semaphore::new(SCREENS_MAX)),
            writings: Arc::new(Semaphore::new(WRITINGS_MAX)),
            live: Arc::default(),
        }
    }

    /// Takes note of a question that there was no room for.
    pub fn refuse_query(&self) {
        self.reader.telemetry.metrics.add(&QUERIES_REFUSED, &["http"]);
    }

    /// The same, with somewhere for responses to go.
    pub fn taking(self, responses: Responses) -> State {
        State { responses, ..self }
    }
}
