//! When a record became available, on a recorded clock: what orders a history (DESIGN §9a).
//!
//! The latest of its resources' `issued` or `meta.lastUpdated`; where a resource has neither, the time
//! it speaks of plus a lag that is stated here.

use crate::domain::event::{Event, Resource};
use crate::domain::fact::{Body, Fact, Valid};
use crate::domain::signal::Signal;
use crate::domain::time::{Span, Timestamp};

/// How long after a sample was drawn a laboratory's result is there, where nobody says.
const LABORATORY_LAG: Span = Span::from_minutes(60);

/// When a record with these resources became available; `None` if they say nothing of time.
pub fn available_at(resources: &[Resource<'_>]) -> Option<Timestamp> {
    resources.iter().filter_map(of_resource).filter(|at| *at != Timestamp::MIN).max()
}

/// When a record became available whose envelope says so: then, but not before what it speaks of.
pub fn available_by(told: Timestamp, events: &[Event<'_>]) -> Timestamp {
    let resources = events.iter().flat_map(|event| event.body.resources());
    let spoken_of = |resource: &Resource<'_>| {
        let of_facts = resource.facts.iter().filter_map(|fact| of_fact(fact, |_| Span::ZERO));
        resource.recorded_at.into_iter().chain(of_facts).max()
    };
    resources.filter_map(spoken_of).fold(told, Timestamp::max)
}

/// When a result of `valid` was taken back, where nobody says: not before any result of that time was there.
pub fn taken_back_at(valid: Valid) -> Timestamp {
    valid.at(None).plus(LABORATORY_LAG).plus(Span::from_micros(1))
}

fn of_resource(resource: &Resource<'_>) -> Option<Timestamp> {
    // One that takes back what others said speaks of nothing, and was dated when it was read.
    let dated = Some(resource.version.revised_at).filter(|_| resource.facts.is_empty());
    let of_facts = || resource.facts.iter().filter_map(|fact| of_fact(fact, lag)).max();
    resource.recorded_at.or_else(of_facts).or(dated)
}

fn of_fact(fact: &Fact<'_>, lag: fn(Signal) -> Span) -> Option<Timestamp> {
    match &fact.body {
        Body::Sample(sample) => Some(fact.valid.at(None).plus(lag(sample.signal))),
        // A stay or an order that is over was last heard of when it ended.
        Body::Statement(_) => {
            let end = Some(fact.valid.end).filter(|end| *end != Timestamp::FOREVER);
            end.or(Some(fact.valid.start)).filter(|at| *at != Timestamp::MIN)
        }
    }
}

/// The lag of a signal: results of a laboratory take an hour, everything else none.
fn lag(signal: Signal) -> Span {
    let at_once = [
        "/min",
        "%",
        "L/min",
        "Cel",
        "mm[Hg]",
        "{score}",
        "",
        "kg",
        "cm",
        "kg/m2",
        "{steps}",
        "{steps}/(24.h)",
        "h",
        "ms",
        "mL",
        "d",
    ];
    if at_once.contains(&signal.spec().unit) { Span::ZERO } else { LABORATORY_LAG }
}
