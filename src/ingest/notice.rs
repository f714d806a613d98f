//! What a twin says of a dead letter about its patient: that something came which could not be read. It is a
//! FHIR Flag of the patient, so it is stored, shown and asked for like any other, and feeds no rule.

use crate::domain::coding::{Coding, DEAD_LETTER};
use crate::domain::event::{Event, EventBody, Resource, ResourceKind, Status, Version};
use crate::domain::fact::{Body, Fact, Valid};
use crate::domain::identity::{SourcePosition, TwinId};
use crate::domain::statement::{Activity, Attribute, Statement};
use crate::domain::time::{Span, Timestamp};
use crate::ingest::letter::{ProblemLine, letter_id};

/// Their category.
const LETTER_CATEGORY: &str = "dead-letter";
/// Patients of one record that are told: a Bundle is about one, and a file of thousands of broken lines is
/// thousands of records.
const PATIENTS_MAX: usize = 100;

/// The flags of a letter: one for each patient that it names. `at` is the source's time of the record, so that
/// the same letter written twice says the same twice.
pub fn opened(
    namespace: &str,
    position: &SourcePosition<'_>,
    problems: &[ProblemLine],
    at: Timestamp,
) -> Vec<Event<'static>> {
    let version = Version { revised_at: at, version_id: None, status: Status::Final };
    let valid = Valid::since(at);
    events(namespace, position, problems, version, valid, Activity::Active, "active")
}

/// The same flags, taken down at `now`.
pub fn closed(
    namespace: &str,
    position: &SourcePosition<'_>,
    problems: &[ProblemLine],
    at: Timestamp,
    now: Timestamp,
) -> Vec<Event<'static>> {
    // Whatever clock the record was dated by, this is the later word.
    let now = now.max(at.plus(Span::from_micros(1)));
    let version = Version { revised_at: now, version_id: None, status: Status::Amended };
    let valid = Valid::between(at, now);
    events(namespace, position, problems, version, valid, Activity::Ended, "inactive")
}

fn events(
    namespace: &str,
    position: &SourcePosition<'_>,
    problems: &[ProblemLine],
    version: Version,
    valid: Valid,
    activity: Activity,
    status: &'static str,
) -> Vec<Event<'static>> {
    let mut told: Vec<&str> = Vec::new();
    let mut events = Vec::new();
    for problem in problems {
        let Some(patient) = problem.patient.as_deref().filter(|patient| !told.contains(patient))
        else {
            continue;
        };
        if told.len() == PATIENTS_MAX {
            break;
        }
        told.push(patient);
        let what = match problem.resource_type.as_str() {
            "" => "a record",
            resource_type => resource_type,
        };
        let display = format!("{what} could not be read: {}, {}", problem.reason, problem.message);
        let mut statement = Statement {
            activity,
            status: status.into(),
            codes: vec![Coding::new(DEAD_LETTER, problem.reason.clone(), display)],
            ..Statement::default()
        };
        statement.set(Attribute::Category, LETTER_CATEGORY);
        let facts =
            vec![Fact { valid, links: Vec::new(), body: Body::Statement(Box::new(statement)) }];
        let resource = Resource {
            kind: ResourceKind::Flag,
            id: letter_id(position).into(),
            version,
            recorded_at: Some(version.revised_at),
            content: 0,
            facts,
        };
        let twin = TwinId::new(namespace.to_owned(), patient.to_owned());
        let body = EventBody::Patient { twin, resources: vec![resource] };
        events.push(Event { source: position.clone().into_owned(), available_at: None, body });
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_patient_that_is_named_is_told_once() {
        let problem = |patient: &str| ProblemLine {
            reason: "bad_time".to_owned(),
            resource_type: "Observation".to_owned(),
            patient: Some(patient.to_owned()).filter(|name| !name.is_empty()),
            message: "issued: expected a time".to_owned(),
            ..ProblemLine::default()
        };
        let problems = ["a", "", "b", "a"].map(problem);
        let position = SourcePosition::new("fhir", 0, 7);
        let at = Timestamp::from_micros(5);
        let events = opened("ward", &position, &problems, at);
        let names = events.iter().map(|event| event.body.twin().map(ToString::to_string).unwrap());
        assert_eq!(names.collect::<Vec<_>>(), ["ward/a", "ward/b"]);
        assert_eq!(events, opened("ward", &position, &problems, at));
    }
}
