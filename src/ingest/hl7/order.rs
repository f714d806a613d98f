//! `ORC` and `OBR`: what was ordered, under which numbers its results are known, and when it was examined.

use crate::domain::coding::Coding;
use crate::ingest::fhir::types::{IdentifierJson, ReferenceJson};
use crate::ingest::hl7::coded;
use crate::ingest::hl7::identifier::authority;
use crate::ingest::hl7::message::{Part, Segment};
use crate::ingest::json::Text;

/// An order, and its results as they come.
#[derive(Debug)]
pub struct Order<'s, 'm> {
    /// The segment.
    pub obr: &'s Segment<'m>,
    /// The results below it.
    pub results: Vec<&'s Segment<'m>>,
    placer: Number,
    filler: Number,
}

/// The number of an order, and who gave it.
#[derive(Debug, Default)]
struct Number {
    id: String,
    authority: String,
}

impl Number {
    fn read(part: Part<'_>) -> Number {
        let [id, name, universal, kind] = [1, 2, 3, 4].map(|number| part.component(number).text());
        Number { id, authority: authority(&name, &universal, &kind) }
    }

    /// Of the request, else of the common order that stands before it.
    fn of(obr: &Segment<'_>, orc: Option<&Segment<'_>>, field: usize) -> Number {
        let own = Number::read(obr.part(field));
        match orc {
            Some(orc) if own.id.is_empty() => Number::read(orc.part(field)),
            _ => own,
        }
    }

    fn identifier(&self) -> Option<ReferenceJson<'static>> {
        if self.id.is_empty() {
            return None;
        }
        let text = |text: &str| Some(Text(text.to_owned().into()));
        let identifier =
            IdentifierJson { system: text(&self.authority), value: text(&self.id), period: None };
        Some(ReferenceJson { identifier: Some(identifier), ..ReferenceJson::default() })
    }
}

impl<'s, 'm> Order<'s, 'm> {
    /// The order of a request and of the common order before it.
    pub fn new(obr: &'s Segment<'m>, orc: Option<&Segment<'m>>) -> Order<'s, 'm> {
        let (placer, filler) = (Number::of(obr, orc, 2), Number::of(obr, orc, 3));
        Order { obr, results: Vec::new(), placer, filler }
    }

    /// What was examined.
    pub fn service(&self) -> Vec<Coding<'static>> {
        coded::codings(self.obr.part(4))
    }

    /// What its results are called by: the filler's number, else the placer's, else whose it is and when it was
    /// examined. A correction is told by the same.
    pub fn name(&self, patient: &str) -> String {
        let panel = self.service().into_iter().next().unwrap_or_default().code;
        let number = [&self.filler, &self.placer].into_iter().find(|one| !one.id.is_empty());
        match number {
            Some(Number { id, authority }) if authority.is_empty() => format!("{id}.{panel}"),
            Some(Number { id, authority }) => format!("{authority}.{id}.{panel}"),
            None => format!("{patient}.{}.{panel}", self.obr.part(7).component(1).text()),
        }
    }

    /// The order as a reference; empty without a number.
    pub fn reference(&self) -> String {
        let number = [&self.placer, &self.filler].into_iter().find(|one| !one.id.is_empty());
        number.map(|number| format!("ServiceRequest/{}", number.id)).unwrap_or_default()
    }

    /// Its numbers, by which the same result is known that comes through another system.
    pub fn identities(&self) -> Vec<ReferenceJson<'static>> {
        [&self.placer, &self.filler].into_iter().filter_map(Number::identifier).collect()
    }
}
