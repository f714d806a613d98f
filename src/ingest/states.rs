//! The states that gate rules, read out of resources as the site file says.

use crate::domain::coding::Coding;
use crate::domain::event::ResourceKind;
use crate::domain::fact::{Body, Fact, Valid};
use crate::domain::statement::{Activity, Statement};
use crate::domain::time::Timestamp;
use crate::ingest::site::{Says, Site};

/// The states that a resource speaks about: `codes` are its codes and categories, `value` its answer.
/// They hold as long as the resource does, or for as long as the site file says.
pub fn state_facts<'a>(
    site: &Site,
    kind: ResourceKind,
    (codes, value): (&[Coding<'a>], &[Coding<'a>]),
    valid: Valid,
    resource: &Statement<'a>,
) -> Vec<Fact<'a>> {
    let fact = |rule: &crate::ingest::site::StateRule| {
        let is_instant = valid.start == valid.end || valid.end == Timestamp::FOREVER;
        let open_end = rule.lasts.map_or(Timestamp::FOREVER, |lasts| valid.start.plus(lasts));
        let end = if is_instant { open_end } else { valid.end };
        let activity = match rule.says {
            Says::Yes => resource.activity,
            Says::No => Activity::Void,
        };
        let statement = Statement {
            standing: Some(rule.state),
            activity,
            status: resource.status.clone(),
            codes: codes.to_vec(),
            ..Statement::default()
        };
        let (links, body) = (Vec::new(), Body::Statement(Box::new(statement)));
        Fact { valid: Valid { end, ..valid }, links, body }
    };
    // What is void says nothing; a "no" is said by a resource that stands.
    let speaks = resource.activity != Activity::Void;
    site.states(kind, codes, value).filter(|_| speaks).map(fact).collect()
}
