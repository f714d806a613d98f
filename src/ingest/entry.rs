//! What a record holds, whatever its format: resources that were read, not used or refused.

use std::borrow::Cow;

use crate::domain::event::Resource;
use crate::ingest::refused::Refused;

/// A resource as it was read, and what of it was refused.
#[derive(Debug)]
pub struct ReadResource<'a> {
    /// Whose it is; `None` for places and roles.
    pub patient: Option<Cow<'a, str>>,
    /// The resource.
    pub resource: Resource<'a>,
    /// Parts that were refused, with a JSON pointer to each.
    pub refused_parts: Vec<(String, Refused)>,
}

/// One entry of a record.
#[derive(Debug)]
pub struct Entry<'a> {
    /// Where it stands in the record, as a JSON pointer; empty for the record itself.
    pub pointer: String,
    /// Its type, such as `Observation` or `omh:heart-rate`; empty where it could not be read.
    pub resource_type: Cow<'a, str>,
    /// What became of it.
    pub outcome: Outcome<'a>,
}

/// What became of an entry.
#[derive(Debug)]
pub enum Outcome<'a> {
    /// It was read.
    Read(ReadResource<'a>),
    /// Its type is not used.
    NotUsed,
    /// It was refused.
    Refused(Refused),
}
