//! Several identities of one person: whose twin goes on with the facts of which.
//!
//! ```text
//! record of the survivor:  "also known as wearables/user-77"  ─► Claim    ─► partition of wearables/user-77
//! record of the duplicate: "replaced by mercy/456"            ─┐
//! partition of the linked identity: who may have its facts? ◄──┘
//!      └─► Transfer: its facts, past and future ─► partition of the survivor
//! ```
//! What is claimed is told in the partition of the identity that is claimed, because only there is everything known
//! that was said about it. A name, a birth date or a likeness never links anybody.

use std::borrow::Cow;
use std::fmt;

use crate::domain::event::Resource;
use crate::domain::identity::{SourcePosition, TwinId};
use crate::domain::moment::Moment;
use crate::domain::time::Timestamp;

/// A stretch of valid time, without its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period {
    /// The first instant.
    pub start: Timestamp,
    /// The first instant after it.
    pub end: Timestamp,
}

impl Period {
    /// All of time.
    pub const ALWAYS: Period = Period { start: Timestamp::MIN, end: Timestamp::FOREVER };

    /// Whether an instant lies in it.
    pub fn holds(&self, at: Timestamp) -> bool {
        self.start <= at && at < self.end
    }

    /// Whether two have an instant in common.
    pub fn overlaps(&self, other: &Period) -> bool {
        self.start < other.end && other.start < self.end
    }
}

/// The order of what one partition tells others: the place of its cause in that partition's log, and a number where
/// one cause tells several things. What comes again comes with the same serial, and does nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Serial {
    /// The offset of the frame.
    pub offset: u64,
    /// The place of the event in the frame.
    pub index: u32,
    /// Which of what the event told.
    pub part: u32,
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.offset, self.index, self.part)
    }
}

/// What the record of a patient says of another identity: that it is the same person, in these periods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim<'a> {
    /// Whose record says so.
    pub by: TwinId<'a>,
    /// Its place in what that partition told.
    pub serial: Serial,
    /// When; empty when the record does not say so any more.
    pub periods: Vec<Period>,
}

/// A resource version on its way to another twin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved<'a> {
    /// Its key where it comes from.
    pub key: u64,
    /// The source record that told it.
    pub source: SourcePosition<'a>,
    /// What it says.
    pub resource: Resource<'a>,
}

/// Facts of one identity on their way to the twin of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer<'a> {
    /// Whose facts they are.
    pub origin: TwinId<'a>,
    /// Which link moves them: a link that is made again moves them anew.
    pub link: Serial,
    /// Its place in what the origin's partition told.
    pub serial: Serial,
    /// Through how many identities they came.
    pub hops: u8,
    /// What happens.
    pub body: Moving<'a>,
}

/// What a transfer does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moving<'a> {
    /// Resource versions come.
    Facts {
        /// Them.
        moved: Vec<Moved<'a>>,
        /// What was said about them and still stands, as a checkpoint writes it: it goes on here.
        effects: Cow<'a, [u8]>,
        /// Whether more of the same comes at once.
        stage: Stage,
    },
    /// Resource versions go back.
    Return {
        /// Their keys where they came from.
        keys: Vec<u64>,
        /// Whether more of the same comes at once.
        stage: Stage,
    },
}

/// Where an event stands among those that belong together: what follows from them is looked at once, at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// One event of a link that stands.
    Alone,
    /// More comes.
    Going,
    /// The last, by which a link begins or ends.
    Last,
}

impl Stage {
    /// Every stage, in the order of their numbers in the log.
    pub const ALL: [Stage; 3] = [Stage::Alone, Stage::Going, Stage::Last];
}

/// `mercy/456`, as [`TwinId`] writes it; `None` for what names nobody.
pub fn twin_id(text: &str) -> Option<TwinId<'_>> {
    let (namespace, patient) = text.split_once('/')?;
    (!namespace.is_empty() && !patient.is_empty()).then(|| TwinId::new(namespace, patient))
}

/// What a record claims, as it stands in an attribute: an identity a line, with its period where it has one, as an
/// ISO 8601 interval that is open (`..`) where nothing is said.
pub fn write_claims<'c>(claims: impl IntoIterator<Item = (&'c TwinId<'c>, Period)>) -> String {
    let lines = claims.into_iter().map(|(twin, period)| match period {
        Period::ALWAYS => twin.to_string(),
        Period { start, end } => {
            let end = if end == Timestamp::FOREVER { OPEN.to_owned() } else { end.to_string() };
            let start = if start == Timestamp::MIN { OPEN.to_owned() } else { start.to_string() };
            format!("{twin} {start}/{end}")
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// An end of an interval about which nothing is said.
const OPEN: &str = "..";

/// The claims of an attribute that [`write_claims`] wrote.
pub fn read_claims(text: &str) -> impl Iterator<Item = (TwinId<'_>, Period)> {
    text.lines().filter_map(|line| {
        let timed = line.rsplit_once(' ').and_then(|(twin, period)| {
            let (start, end) = period.split_once('/')?;
            let start = instant(start, Timestamp::MIN)?;
            Some((twin, Period { start, end: instant(end, Timestamp::FOREVER)? }))
        });
        let (twin, period) = timed.unwrap_or((line, Period::ALWAYS));
        Some((twin_id(twin)?, period))
    })
}

fn instant(text: &str, open: Timestamp) -> Option<Timestamp> {
    match Moment::parse(text) {
        _ if text == OPEN => Some(open),
        Ok(Moment::Instant { at, .. }) => Some(at),
        Ok(_) | Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_come_back_as_they_were_written() {
        let (plain, spaced) = (TwinId::new("mercy", "4/5"), TwinId::new("wear", "user 7"));
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        let period = Period { start: at(1_700_000_000), end: Timestamp::FOREVER };
        let short = Period { start: at(5), end: at(9) };
        let claims = [
            (&plain, Period::ALWAYS),
            (&spaced, period),
            (&spaced, Period::ALWAYS),
            (&plain, short),
        ];
        let text = write_claims(claims);
        let read: Vec<_> = read_claims(&text).collect();
        let expected: Vec<_> =
            claims.into_iter().map(|(twin, period)| (twin.clone(), period)).collect();
        assert_eq!(read, expected, "{text}");
        assert_eq!(read_claims("nobody").count(), 0);
    }

    #[test]
    fn periods_that_touch_do_not_overlap() {
        let at = Timestamp::from_micros;
        let (early, late) =
            (Period { start: at(1), end: at(5) }, Period { start: at(5), end: at(9) });
        assert!(!early.overlaps(&late) && early.overlaps(&Period::ALWAYS));
        assert!(!early.holds(at(5)) && late.holds(at(5)));
    }
}
