//! What a result is besides the resource it comes in: what was ordered or examined, what was measured and
//! when. Two systems that tell of one result give it two ids; this says that it is one.
//!
//! ```text
//! basedOn ──┐
//! specimen ─┴► identity ─┐
//! code or signal ────────┼► link, a hash      one for each identity, the same whoever sends the result
//! effective[x] ──────────┘
//! ```
//! Links are in the log: what is hashed here, and how, does not change. A result that names neither an order
//! nor a specimen has none.

use serde::Deserialize;
use serde_json::value::RawValue;
use xxhash_rust::xxh3::xxh3_64;

use crate::domain::coding::Coding;
use crate::domain::fact::{Fact, Precision, Valid};
use crate::domain::signal::Signal;
use crate::ingest::context::Context;
use crate::ingest::fhir::types::{IdentifierJson, ReferenceJson};
use crate::ingest::json::{Text, parse};

/// Identities beyond which a result is linked by no more: an order has a placer's and a filler's number, a
/// specimen one or two, and no sender writes them all.
const IDENTITIES_MAX: usize = 8;

/// What the results of one resource are linked by.
#[derive(Debug, Default)]
pub struct Links {
    /// Hashes of the orders it fulfils and the specimens it was measured on.
    identities: Vec<(Named, u64)>,
}

/// What an identity names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    /// An order, which may ask for several results of a kind: its results are told apart by their exact
    /// time, and by their device.
    Order,
    /// A specimen.
    Specimen,
}

impl Named {
    const fn letter(self) -> u8 {
        match self {
            Named::Order => b'o',
            Named::Specimen => b's',
        }
    }
}

/// A contained order or specimen.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContainedJson<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow, default)]
    identifier: Vec<IdentifierJson<'a>>,
    #[serde(borrow)]
    accession_identifier: Option<IdentifierJson<'a>>,
}

impl Links {
    /// What the references of a resource name; `contained` is what its local references lead to.
    pub fn of(
        orders: &[ReferenceJson<'_>],
        specimen: Option<&ReferenceJson<'_>>,
        contained: &[&RawValue],
        context: &Context<'_>,
    ) -> Links {
        let mut links = Links::default();
        for order in orders {
            links.name(Named::Order, order, contained, context);
        }
        if let Some(specimen) = specimen {
            links.name(Named::Specimen, specimen, contained, context);
        }
        links
    }

    fn name(
        &mut self,
        named: Named,
        reference: &ReferenceJson<'_>,
        contained: &[&RawValue],
        context: &Context<'_>,
    ) {
        if let Some(identifier) = &reference.identifier {
            self.identify(named, identifier);
        }
        let Some(text) = &reference.reference else { return };
        let resolved = context.references.resolve(text);
        if let Some(local) = resolved.strip_prefix('#') {
            // A name that only means something inside its resource.
            return self.name_contained(named, local, contained);
        }
        match resolved.split_once("?identifier=") {
            Some((_, identifier)) => self.add(named, b'i', identifier),
            None => self.add(named, b'r', relative(resolved)),
        }
    }

    fn name_contained(&mut self, named: Named, local: &str, contained: &[&RawValue]) {
        let parsed =
            contained.iter().filter_map(|json| parse::<ContainedJson<'_>>(json.get()).ok());
        for resource in parsed.filter(|resource| resource.id.as_deref() == Some(local)) {
            let identifiers = resource.identifier.iter().chain(&resource.accession_identifier);
            identifiers.for_each(|identifier| self.identify(named, identifier));
        }
    }

    fn identify(&mut self, named: Named, identifier: &IdentifierJson<'_>) {
        let value = identifier.value.as_deref().unwrap_or_default();
        if !value.is_empty() {
            let system = identifier.system.as_deref().unwrap_or_default();
            self.add(named, b'i', &format!("{system}|{value}"));
        }
    }

    fn add(&mut self, named: Named, form: u8, text: &str) {
        let letters = [named.letter(), form];
        let identity = (named, xxh3_64(&[letters.as_slice(), text.as_bytes()].concat()));
        let is_new = !self.identities.contains(&identity);
        if is_new && !text.is_empty() && self.identities.len() < IDENTITIES_MAX {
            self.identities.push(identity);
        }
    }

    /// The links of one value of the resource, ascending. `before` are the resource's facts so far: of two
    /// components that measure the same, the first is linked with the first.
    pub fn of_value(
        &self,
        (signal, codes): (Option<Signal>, &[Coding<'_>]),
        valid: Valid,
        device: &str,
        before: &[Fact<'_>],
    ) -> Vec<u64> {
        // A day does not tell two results of an order apart, nor does an hour that the clocks showed twice.
        let is_day = valid.precision != Precision::Instant;
        let usable = self.identities.iter().filter(|(named, _)| !is_day || *named != Named::Order);
        let mut links: Vec<u64> = Vec::new();
        let mut what = Vec::new();
        for (named, identity) in usable {
            if what.is_empty() {
                write_code(&mut what, signal, codes);
                what.extend_from_slice(&valid.start.micros().to_le_bytes());
                what.extend_from_slice(&valid.end.micros().to_le_bytes());
            }
            let device = if *named == Named::Order { device.as_bytes() } else { b"" };
            let (identity, what) = (identity.to_le_bytes(), what.as_slice());
            let link = |nth: u64| {
                xxh3_64(&[identity.as_slice(), &nth.to_le_bytes(), what, device].concat())
            };
            let is_taken = |link: &u64| before.iter().any(|fact| fact.links.contains(link));
            links.extend((0..).map(link).find(|link| !is_taken(link)));
        }
        links.sort_unstable();
        links
    }
}

/// What was measured: the signal, whatever code it came under; of a code without one, all its codings.
fn write_code(what: &mut Vec<u8>, signal: Option<Signal>, codes: &[Coding<'_>]) {
    if let Some(signal) = signal {
        what.extend_from_slice(&signal.number().to_le_bytes());
        return;
    }
    let mut texts: Vec<String> = codes.iter().map(ToString::to_string).collect();
    texts.sort_unstable();
    what.extend_from_slice(texts.join("\n").as_bytes());
}

/// `https://host/fhir/Specimen/1/_history/2` is `Specimen/1`, whichever server it is on: the patient, the
/// code and the time stand beside it.
fn relative(reference: &str) -> &str {
    let versionless = reference.split_once("/_history/").map_or(reference, |(before, _)| before);
    let id_from = versionless.rfind('/').unwrap_or(0);
    let kind_from = versionless.get(..id_from).and_then(|before| before.rfind('/'));
    kind_from.and_then(|slash| versionless.get(slash + 1..)).unwrap_or(versionless)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_the_same_from_every_server() {
        for text in ["Specimen/1", "https://a/fhir/Specimen/1", "Specimen/1/_history/2"] {
            assert_eq!(relative(text), "Specimen/1");
        }
        for text in ["urn:uuid:1", "1", ""] {
            assert_eq!(relative(text), text);
        }
    }
}
