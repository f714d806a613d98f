//! A scene of a story: what is sent when its time has come.

use std::fmt;

use crate::demo::desk::Desk;
use crate::demo::sender::Version;
use crate::domain::time::{Span, Timestamp};

/// Something that is sent at one time.
pub struct Scene {
    /// When.
    pub at: Timestamp,
    /// What.
    pub play: Play,
}

/// What a scene sends, once.
pub type Play = Box<dyn FnOnce(&mut Desk) + Send>;

impl Scene {
    /// The scene `minute` minutes after the hospital's start; before it where negative.
    pub fn at_minute(
        start: Timestamp,
        minute: i64,
        play: impl FnOnce(&mut Desk) + Send + 'static,
    ) -> Scene {
        Scene { at: start.plus(Span::from_minutes(minute)), play: Box::new(play) }
    }
}

impl fmt::Debug for Scene {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "scene at {}", self.at)
    }
}

/// Version `number` with `status`, written down now.
pub fn version(desk: &Desk, number: i64, status: &'static str) -> Version {
    Version { number, status, issued: desk.now }
}

/// Minutes of `hours` hours.
pub const fn hours(hours: i64) -> i64 {
    hours * 60
}

/// Minutes of `days` days.
pub const fn days(days: i64) -> i64 {
    days * 1_440
}
