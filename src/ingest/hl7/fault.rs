//! Why a message, or a part of one, was refused, with where it stands: `PID-3.1`, `OBX[2]-5`.

use std::borrow::Cow;

use crate::domain::refusal::Refusal;
use crate::ingest::entry::{Entry, Outcome};
use crate::ingest::refused::Refused;

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Segment, field and component, counted from 1; empty for the message.
    pub pointer: String,
    /// Why.
    pub refused: Refused,
}

impl Fault {
    /// A fault of `reason` at `pointer`.
    pub fn new(reason: Refusal, pointer: impl Into<String>, message: impl Into<String>) -> Fault {
        Fault { pointer: pointer.into(), refused: Refused::new(reason, message) }
    }

    /// What cannot be read.
    pub fn unreadable(pointer: impl Into<String>, message: impl Into<String>) -> Fault {
        Fault::new(Refusal::Undecodable, pointer, message)
    }

    /// A refusal of something that stands at `pointer`.
    pub fn at(pointer: &str) -> impl Fn(Refused) -> Fault + '_ {
        move |refused| Fault { pointer: pointer.to_owned(), refused }
    }

    /// The entry of what was refused, of a type.
    pub fn into_entry(self, resource_type: impl Into<Cow<'static, str>>) -> Entry<'static> {
        let outcome = Outcome::Refused(self.refused);
        Entry { pointer: self.pointer, resource_type: resource_type.into(), outcome }
    }
}
