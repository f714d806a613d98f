//! What every request can reach: the newest snapshot, and what this instance is.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::engine::published::Reader;

/// Queries at once: each may use half a gigabyte and a processor.
pub const QUERIES_MAX: usize = 4;
/// Pages kept current at once: a ward's screens and a few desks.
pub const LIVE_PAGES_MAX: usize = 64;

/// What this instance is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// What stands in every page's header.
    pub title: String,
    /// A warning that every page begins with.
    pub banner: Option<String>,
}

/// What every request can reach.
#[derive(Clone, Debug)]
pub struct State {
    /// The snapshots.
    pub reader: Reader,
    /// What this instance is.
    pub about: Arc<About>,
    /// Room for queries.
    pub queries: Arc<Semaphore>,
    /// Room for pages that are kept current.
    pub live_pages: Arc<Semaphore>,
}

impl State {
    /// The state over a reader.
    pub fn new(reader: Reader, about: About) -> State {
        State {
            reader,
            about: Arc::new(about),
            queries: Arc::new(Semaphore::new(QUERIES_MAX)),
            live_pages: Arc::new(Semaphore::new(LIVE_PAGES_MAX)),
        }
    }
}
