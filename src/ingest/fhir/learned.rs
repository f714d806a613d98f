//! Observations of senders that are known: cut by their layout instead of parsed.
//!
//! ```text
//! record ─► cut ─► the layout: what is the same for a kind of result (code, unit, status) ─► its meaning
//!                └► what differs (id, subject, times, value) ──► the same readers as ever ─► sample
//! ```
//! A layout and a meaning are learned from a record that was parsed: it is read both ways, and only where
//! both agree is anything learned. Whatever a cut record could be refused for, or anything else that is
//! unusual about it, sends it to the parser, which gives the reasons.

use std::borrow::Cow;

use crate::domain::coding::Coding;
use crate::domain::decimal::Decimal;
use crate::domain::event::{Resource, ResourceKind, Status};
use crate::domain::fact::{Body, Statistic};
use crate::domain::signal::Signal;
use crate::ingest::context::Context;
use crate::ingest::entry::{Entry, Outcome, ReadResource};
use crate::ingest::fhir::links::Links;
use crate::ingest::fhir::reference::patient;
use crate::ingest::fhir::status::id_of;
use crate::ingest::fhir::types::{IdentifierJson, MetaJson, ReferenceJson};
use crate::ingest::json::Text;
use crate::ingest::layout::{Cut, Escapes, Layout, Scalar, ScalarKind, scalars};
use crate::ingest::layouts::Layouts;
use crate::ingest::samples::{Frame, Samples};
use crate::ingest::value::Value;

/// Kinds of results of a source beyond which none is learned: a few senders with the codes of a large
/// laboratory.
const KINDS_MAX: usize = 4_096;
/// Records that have taught nothing, beyond which a source is not learned from any more.
const FAILURES_MAX: u32 = 1_000;

/// What was learned of one source's Observations.
#[derive(Debug, Default)]
pub struct Learned {
    layouts: Layouts,
    /// What records of each layout mean, by its number.
    kinds: Vec<Kind>,
    cuts: Vec<Cut>,
    n_failures: u32,
}

/// A kind of result as one sender writes it: where what differs lies, and what all else means.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Kind {
    places: Places,
    status: Status,
    signal: Signal,
    system: Fixed,
    code: Fixed,
    unit: Fixed,
}

/// A text that is the same in every record of a kind: behind a cut, or behind the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fixed {
    behind: Option<usize>,
    offset: usize,
    length: usize,
}

/// Which cut is what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Places {
    id: Option<usize>,
    version_id: Option<usize>,
    last_updated: Option<usize>,
    subject: usize,
    effective: usize,
    effective_field: &'static str,
    issued: Option<usize>,
    device: Option<usize>,
    order: Reference,
    specimen: Reference,
    value: usize,
}

/// The cuts of a reference to an order or a specimen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Reference {
    literal: Option<usize>,
    system: Option<usize>,
    identifier: Option<usize>,
}

impl Learned {
    /// Reads a record whose layout and meaning are known.
    pub fn read<'a>(
        &mut self,
        json: &'a [u8],
        context: &Context<'_>,
        samples: &mut Samples,
    ) -> Option<ReadResource<'a>> {
        let Learned { layouts, kinds, cuts, .. } = self;
        let kind = kinds.get(layouts.cut(json, cuts)?)?;
        Record { json, cuts }.read(kind, context, samples)
    }

    /// Learns from a record that was parsed.
    pub fn learn(&mut self, json: &str, entries: &[Entry<'_>], context: &Context<'_>) {
        let [Entry { pointer, outcome: Outcome::Read(read), .. }] = entries else { return };
        let is_single = pointer.is_empty() && read.resource.kind == ResourceKind::Observation;
        if is_single
            && self.n_failures < FAILURES_MAX
            && self.learn_one(json, read, context).is_none()
        {
            self.n_failures += 1;
        }
    }

    fn learn_one(
        &mut self,
        json: &str,
        read: &ReadResource<'_>,
        context: &Context<'_>,
    ) -> Option<()> {
        let scalars = scalars(json)?;
        let (cut_out, fixed): (Vec<&Scalar>, Vec<&Scalar>) =
            scalars.iter().partition(|scalar| role_of(scalar) != Some(Role::Fixed));
        let places = Places::of(&scalars, &cut_out)?;
        let escapes = |scalar: &Scalar| match role_of(scalar) {
            Some(Role::Ignored) => Escapes::Checked,
            Some(_) | None => Escapes::None,
        };
        let layout = Layout::new(json, cut_out.iter().map(|one| (*one, escapes(one))))?;
        let (mut layouts, mut cuts) = (Layouts::default(), Vec::new());
        layouts.add(&layout);
        layouts.cut(json.as_bytes(), &mut cuts)?;
        let record = Record { json: json.as_bytes(), cuts: &cuts };
        let kind = record.kind(places, &fixed, read)?;
        let again = record.read(&kind, context, &mut Samples::default())?;
        if again.patient != read.patient || again.resource != read.resource {
            return None;
        }
        if self.kinds.len() == KINDS_MAX {
            return None;
        }
        let number = self.layouts.add(&layout);
        if number == self.kinds.len() {
            self.kinds.push(kind);
        }
        Some(())
    }
}

/// What a scalar of an Observation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Ignored,
    Fixed,
    Id,
    VersionId,
    LastUpdated,
    Subject,
    Effective(&'static str),
    Issued,
    Device,
    Order(Part),
    Specimen(Part),
    Value,
}

/// Which part of a reference a scalar is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Literal,
    System,
    Identifier,
}

impl Reference {
    fn place(&mut self, part: Part) -> &mut Option<usize> {
        match part {
            Part::Literal => &mut self.literal,
            Part::System => &mut self.system,
            Part::Identifier => &mut self.identifier,
        }
    }

    fn is_named(&self) -> bool {
        *self != Reference::default()
    }
}

/// The role of a scalar; `None` where an Observation with such a field is always parsed.
fn role_of(scalar: &Scalar) -> Option<Role> {
    let is_text = scalar.kind == ScalarKind::Text;
    let top = scalar.path.split('.').next().unwrap_or_default();
    let role = match scalar.path.as_str() {
        "id" => Role::Id,
        "meta.versionId" => Role::VersionId,
        "meta.lastUpdated" => Role::LastUpdated,
        "subject.reference" => Role::Subject,
        "effectiveDateTime" => Role::Effective("effectiveDateTime"),
        "effectiveInstant" => Role::Effective("effectiveInstant"),
        "issued" => Role::Issued,
        "device.reference" => Role::Device,
        "basedOn.reference" => Role::Order(Part::Literal),
        "basedOn.identifier.system" => Role::Order(Part::System),
        "basedOn.identifier.value" => Role::Order(Part::Identifier),
        "specimen.reference" => Role::Specimen(Part::Literal),
        "specimen.identifier.system" => Role::Specimen(Part::System),
        "specimen.identifier.value" => Role::Specimen(Part::Identifier),
        "valueQuantity.value" if !is_text => return Some(Role::Value),
        "valueQuantity.value" | "valueQuantity.comparator" => return None,
        _ => match top {
            "resourceType" | "status" | "code" | "category" | "valueQuantity" => Role::Fixed,
            "component" | "dataAbsentReason" | "effectivePeriod" | "effectiveTiming" => {
                return None;
            }
            _ if top.starts_with("value") => return None,
            _ => return Some(Role::Ignored),
        },
    };
    is_text.then_some(role)
}

impl Places {
    /// The places of what is read. `None` where something is missing, repeated or unusual.
    fn of(scalars: &[Scalar], cut_out: &[&Scalar]) -> Option<Places> {
        let mut places = Places::default();
        let (mut subject, mut effective, mut value) = (None, None, None);
        for (index, scalar) in cut_out.iter().enumerate() {
            let place = match role_of(scalar)? {
                Role::Ignored | Role::Fixed => continue,
                Role::Id => &mut places.id,
                Role::VersionId => &mut places.version_id,
                Role::LastUpdated => &mut places.last_updated,
                Role::Subject => &mut subject,
                Role::Effective(field) => {
                    places.effective_field = field;
                    &mut effective
                }
                Role::Issued => &mut places.issued,
                Role::Device => &mut places.device,
                Role::Order(part) => places.order.place(part),
                Role::Specimen(part) => places.specimen.place(part),
                Role::Value => &mut value,
            };
            if place.replace(index).is_some() {
                return None;
            }
        }
        // A device that only displays something is read from there.
        let has_device = scalars.iter().any(|scalar| scalar.path.starts_with("device."));
        if has_device && places.device.is_none() {
            return None;
        }
        (places.subject, places.effective, places.value) = (subject?, effective?, value?);
        Some(places)
    }
}

/// A record that was cut.
struct Record<'a, 'c> {
    json: &'a [u8],
    cuts: &'c [Cut],
}

impl<'a> Record<'a, '_> {
    fn text(&self, place: usize) -> Option<&'a str> {
        let (start, end) = *self.cuts.get(place)?;
        std::str::from_utf8(self.json.get(start..end)?).ok()
    }

    fn optional(&self, place: Option<usize>) -> Option<Text<'a>> {
        place.and_then(|place| self.text(place)).map(|text| Text(Cow::Borrowed(text)))
    }

    /// What a result is linked by; `None` where it is named inside the record, which is parsed then.
    fn links(&self, places: &Places, context: &Context<'_>) -> Option<Links> {
        if !places.order.is_named() && !places.specimen.is_named() {
            return Some(Links::default());
        }
        let (order, specimen) = (self.reference(&places.order)?, self.reference(&places.specimen)?);
        Some(Links::of(order.as_slice(), specimen.as_ref(), &[], context))
    }

    fn reference(&self, reference: &Reference) -> Option<Option<ReferenceJson<'a>>> {
        if !reference.is_named() {
            return Some(None);
        }
        let literal = self.optional(reference.literal);
        if literal.as_ref().is_some_and(|text| text.starts_with('#')) {
            return None;
        }
        let (system, value) =
            (self.optional(reference.system), self.optional(reference.identifier));
        let identifier = Some(IdentifierJson { system, value, period: None });
        Some(Some(ReferenceJson { reference: literal, identifier, display: None }))
    }

    fn fixed(&self, fixed: Fixed) -> Option<&'a str> {
        let from = match fixed.behind {
            Some(cut) => self.cuts.get(cut)?.1,
            None => 0,
        };
        let start = from + fixed.offset;
        std::str::from_utf8(self.json.get(start..start + fixed.length)?).ok()
    }

    /// Where a text that is the same in every record lies.
    fn place_of(&self, scalar: &Scalar) -> Fixed {
        let behind = self.cuts.iter().rposition(|(_, end)| *end <= scalar.start);
        let from = behind.and_then(|cut| self.cuts.get(cut)).map_or(0, |(_, end)| *end);
        Fixed { behind, offset: scalar.start - from, length: scalar.end - scalar.start }
    }

    /// What the record's kind of result means, as the parser read it.
    fn kind(&self, places: Places, fixed: &[&Scalar], read: &ReadResource<'_>) -> Option<Kind> {
        let [fact] = read.resource.facts.as_slice() else { return None };
        let Body::Sample(sample) = &fact.body else { return None };
        let read_from = |text: &str| {
            let start = text.as_ptr().addr().checked_sub(self.json.as_ptr().addr())?;
            let found = fixed.iter().find(|s| (s.start, s.end) == (start, start + text.len()))?;
            Some(self.place_of(found))
        };
        let only = |path: &str| {
            let mut of_path = fixed.iter().filter(|scalar| scalar.path == path);
            of_path.next().filter(|_| of_path.next().is_none())
        };
        let unit = only("valueQuantity.code").or_else(|| only("valueQuantity.unit"))?;
        Some(Kind {
            places,
            status: read.resource.version.status,
            signal: sample.signal,
            system: read_from(&sample.code.system)?,
            code: read_from(&sample.code.code)?,
            unit: self.place_of(unit),
        })
    }

    /// Reads what differs, by the same readers as the parser's.
    fn read(
        &self,
        kind: &Kind,
        context: &Context<'_>,
        samples: &mut Samples,
    ) -> Option<ReadResource<'a>> {
        let places = &kind.places;
        let reference = self.optional(Some(places.subject));
        let subject = ReferenceJson { reference, ..ReferenceJson::default() };
        let patient = patient(Some(subject), context).ok()?;
        let meta = MetaJson {
            version_id: self.optional(places.version_id),
            last_updated: self.optional(places.last_updated),
        };
        let issued = self.optional(places.issued);
        let version = context.version(Some(&meta), issued.as_deref(), kind.status);
        let (version, recorded_at) = version.ok()?;
        let id = id_of(self.optional(places.id), context);
        let effective = self.text(places.effective)?;
        let valid = context.measured_at(effective, places.effective_field).ok()?;
        let number = self.text(places.value)?;
        let value = Value::Quantity {
            value: Decimal::parse(number).ok()?,
            text: Cow::Borrowed(number),
            unit: Cow::Borrowed(self.fixed(kind.unit)?),
            comparator: None,
        };
        let links = self.links(places, context)?;
        let is_point = valid.start == valid.end;
        let frame = Frame {
            signal: kind.signal,
            valid,
            origin: context.spec.origin,
            statistic: if is_point { Statistic::Point } else { Statistic::Other },
            device: self.optional(places.device).map_or(Cow::Borrowed(""), |text| text.0),
            code: Coding::new(self.fixed(kind.system)?, self.fixed(kind.code)?, ""),
        };
        let links = links.of_value((Some(kind.signal), &[]), valid, &frame.device, &[]);
        let mut facts = Vec::with_capacity(1);
        samples.add(context.site, frame, value, &mut facts);
        if !links.is_empty() {
            facts.iter_mut().for_each(|fact| fact.links.clone_from(&links));
        }
        let kind = ResourceKind::Observation;
        let resource = Resource { kind, id, version, recorded_at, content: 0, facts };
        Some(ReadResource { patient: Some(patient), resource, refused_parts: Vec::new() })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, LazyLock};

    use crate::bench::senders::{N_SENDERS, Vital, VitalCode, observation};
    use crate::domain::fact::Origin;
    use crate::domain::identity::SourcePosition;
    use crate::domain::time::Timestamp;
    use crate::domain::zone::Zone;
    use crate::ingest::decoder::{Decoded, Decoder};
    use crate::ingest::site::Site;
    use crate::ingest::source::{Format, PatientFrom, SourceRecord, SourceSpec};

    const NOW: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);
    const RATE: VitalCode =
        VitalCode { loinc: "9279-1", display: "Respiratory rate", unit: "/min" };

    static SPEC: LazyLock<SourceSpec> = LazyLock::new(|| SourceSpec {
        name: "monitor".to_owned(),
        format: Format::Fhir,
        namespace: "a".to_owned(),
        patient_from: PatientFrom::Subject,
        origin: Origin::Clinical,
        zone: Zone::UTC,
        schemas: None,
    });

    fn decode<'a>(decoder: &mut Decoder, payload: &'a [u8]) -> Decoded<'a> {
        let record = SourceRecord {
            position: SourcePosition::new("monitor", 0, 0),
            key: None,
            headers: Vec::new(),
            payload,
            timestamp: NOW,
            raw_key: None,
        };
        decoder.decode(&SPEC, &record, NOW)
    }

    fn decoder() -> Decoder {
        Decoder::new(Arc::new(Site::plain()))
    }

    fn record(sender: u64, value: &str) -> String {
        let at = Timestamp::from_micros(NOW.micros() - 60_000_000);
        observation(sender, &Vital { id: 7, patient: "p1", code: RATE, value, at })
    }

    /// Whatever byte of a record is another one, a decoder that knows the layout says the same as one
    /// that parses.
    #[test]
    fn a_known_layout_reads_what_the_parser_reads_and_refuses_what_it_refuses() {
        let others: Vec<u8> = b"\"\\{}[],:0123456789 aZ-.eE\n\x01\xff".to_vec();
        for sender in 0..N_SENDERS {
            let mut warm = decoder();
            decode(&mut warm, record(sender, "18").as_bytes());
            let good = record(sender, "21").into_bytes();
            for place in 0..good.len() {
                let mut bad = good.clone();
                bad[place] = others[(place * 7 + usize::try_from(sender).unwrap()) % others.len()];
                let expected = decode(&mut decoder(), &bad);
                let got = decode(&mut warm, &bad);
                let text = String::from_utf8_lossy(&bad);
                assert_eq!(got.events, expected.events, "{text}");
                assert_eq!(got.letter, expected.letter, "{text}");
                assert_eq!(got.available_at, expected.available_at, "{text}");
            }
        }
    }

    #[test]
    fn values_units_and_codes_are_read_anew_in_a_known_layout() {
        let mut warm = decoder();
        for value in ["18", "18.5", "0", "-3", "1e400", "9999", "18"] {
            for (from, to) in [
                ("", ""),
                ("\"/min\"", "\"mmHg\""),
                ("9279-1", "8867-4"),
                ("final", "preliminary"),
                ("final", "entered-in-error"),
                ("Patient/p1", "Device/p1"),
            ] {
                let text = record(1, value).replace(from, to);
                let text = if from.is_empty() { record(1, value) } else { text };
                let expected = decode(&mut decoder(), text.as_bytes());
                let got = decode(&mut warm, text.as_bytes());
                assert_eq!((got.events, got.letter), (expected.events, expected.letter), "{text}");
            }
        }
    }
}
