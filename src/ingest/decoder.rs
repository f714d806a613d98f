//! Decodes records of any source into events, and counts what became of everything (IN-1).
//!
//! ```text
//! record ─► format ─► entries ─► by patient ─► events   one per patient and record
//!                        └─ refused ─► dead letter      the stream goes on
//! ```

use std::borrow::Cow;
use std::sync::Arc;

use crate::domain::event::{Event, EventBody, Resource};
use crate::domain::identity::TwinId;
use crate::domain::refusal::{Refusal, Unusable};
use crate::domain::time::Timestamp;
use crate::ingest::addressee::Addressee;
use crate::ingest::availability::{available_at, available_by};
use crate::ingest::avro::frame::json_in;
use crate::ingest::avro::radar::{self, Stopped};
use crate::ingest::avro::schemas::{SchemaPlace, Schemas};
use crate::ingest::cloud_event::{self, CloudEvent};
use crate::ingest::context::Context;
use crate::ingest::dicom_json;
use crate::ingest::entry::{Entry, Outcome, ReadResource};
use crate::ingest::fhir::bundle;
use crate::ingest::fhir::deleted::{Whose, deletion};
use crate::ingest::fhir::learned::Learned;
use crate::ingest::fhir::reference::check;
use crate::ingest::fhir::types::MetaJson;
use crate::ingest::hl7;
use crate::ingest::letter::{Letter, Problem};
use crate::ingest::omh;
use crate::ingest::owned::owned;
use crate::ingest::references::References;
use crate::ingest::refused::Refused;
use crate::ingest::samples::Samples;
use crate::ingest::site::Site;
use crate::ingest::source::{Format, PatientFrom, SourceRecord, SourceSpec};
use crate::ingest::tally::Tally;

/// Records beyond this are dead letters: a Bundle of a whole stay is 2 MB, so ten times that is a
/// sender's mistake.
pub const RECORD_BYTES_MAX: usize = 20 << 20;

/// What a record became.
#[derive(Debug, Default)]
pub struct Decoded<'a> {
    /// Events, one per patient, and one for places and roles.
    pub events: Vec<Event<'a>>,
    /// What was refused, if anything was.
    pub letter: Option<Letter>,
    /// When the record became available, on a recorded clock, where it says so.
    pub available_at: Option<Timestamp>,
    /// Why the record could not be read yet: it is to be taken again, and is nothing until then.
    pub stalled: Option<String>,
}

/// Decodes records.
#[derive(Debug)]
pub struct Decoder {
    site: Arc<Site>,
    samples: Samples,
    tally: Tally,
    /// What was learned of each source's layouts, by its name.
    learned: Vec<(String, Learned)>,
    /// The schemas of each place that a source names.
    schemas: Vec<Schemas>,
}

impl Decoder {
    /// A decoder for a site's codes.
    pub fn new(site: Arc<Site>) -> Decoder {
        let (samples, tally) = (Samples::default(), Tally::default());
        Decoder { site, samples, tally, learned: Vec::new(), schemas: Vec::new() }
    }

    /// What became of everything so far.
    pub fn tally(&self) -> Tally {
        let mut tally = self.tally.clone();
        for (reason, count) in Unusable::ALL.iter().zip(self.samples.n_unusable) {
            if 0 < count {
                tally.unusable.insert(*reason, count);
            }
        }
        tally
    }

    /// Decodes one record; `now` is the time it is, which nothing a patient had can lie ahead of.
    pub fn decode<'a>(
        &mut self,
        spec: &'a SourceSpec,
        record: &SourceRecord<'a>,
        now: Timestamp,
    ) -> Decoded<'a> {
        self.tally.n_records += 1;
        self.tally.n_bytes += u64::try_from(record.payload.len()).unwrap_or(0);
        if RECORD_BYTES_MAX < record.payload.len() {
            let message = format!("more than {RECORD_BYTES_MAX} bytes");
            return self.refuse(spec, record, "", Refused::new(Refusal::TooLarge, message));
        }
        match json_in(spec.format, record.payload) {
            Some(payload) => self.open(spec, &SourceRecord { payload, ..record.clone() }, now),
            None => self.open(spec, record, now),
        }
    }

    /// Reads a record that may be a CloudEvent.
    fn open<'a>(
        &mut self,
        spec: &'a SourceSpec,
        record: &SourceRecord<'a>,
        now: Timestamp,
    ) -> Decoded<'a> {
        // What a layout cuts is a bare record: only headers could say otherwise, and most have none.
        let is_bare = record.headers.is_empty();
        if is_bare && let Some(read) = self.cut(spec, record, now) {
            return self.one(spec, record, read);
        }
        match cloud_event::open(record, now) {
            Ok(None) if is_bare => self.parse(spec, record, now),
            Ok(None) => self.read(spec, record, now),
            Ok(Some(event)) => self.unwrap(spec, record, event, now),
            Err((pointer, refused)) => self.refuse(spec, record, pointer, refused),
        }
    }

    /// Reads what a CloudEvent carries, dated by its envelope where it has no date of its own.
    fn unwrap<'a>(
        &mut self,
        spec: &'a SourceSpec,
        record: &SourceRecord<'a>,
        event: CloudEvent<'a>,
        now: Timestamp,
    ) -> Decoded<'a> {
        let CloudEvent { payload, pointer, headers, time } = event;
        let timestamp = time.unwrap_or(record.timestamp);
        let mut decoded = match payload {
            Cow::Borrowed(payload) => {
                let inner = SourceRecord { payload, headers, timestamp, ..record.clone() };
                self.read(spec, &inner, now)
            }
            Cow::Owned(payload) => {
                let position = record.position.clone();
                let (key, payload) = (record.key, payload.as_slice());
                let inner = SourceRecord {
                    position,
                    key,
                    headers,
                    payload,
                    timestamp,
                    raw_key: record.raw_key,
                };
                owned(self.read(spec, &inner, now))
            }
        };
        if let Some(told) = time {
            decoded.available_at = Some(available_by(told, &decoded.events));
        }
        // A letter holds the record with its envelope, so that is where its pointers begin.
        for problem in decoded.letter.iter_mut().flat_map(|letter| &mut letter.problems) {
            problem.pointer.insert_str(0, pointer);
        }
        decoded
    }

    /// Reads a record that is in no envelope.
    fn read<'a>(
        &mut self,
        spec: &'a SourceSpec,
        record: &SourceRecord<'a>,
        now: Timestamp,
    ) -> Decoded<'a> {
        match self.cut(spec, record, now) {
            Some(read) => self.one(spec, record, read),
            None => self.parse(spec, record, now),
        }
    }

    /// Reads a record that no layout cuts.
    fn parse<'a>(
        &mut self,
        spec: &'a SourceSpec,
        record: &SourceRecord<'a>,
        now: Timestamp,
    ) -> Decoded<'a> {
        if let Some(place) = spec.schemas.as_ref().filter(|_| spec.format == Format::RadarAvro) {
            return self.avro(spec, record, place, now);
        }
        match self.entries(spec, record, now) {
            Ok(entries) => self.sort(spec, record, entries),
            Err(refused) => self.refuse(spec, record, "", refused),
        }
    }

    /// Reads a record of a schema.
    fn avro<'a>(
        &mut self,
        spec: &'a SourceSpec,
        record: &SourceRecord<'a>,
        place: &SchemaPlace,
        now: Timestamp,
    ) -> Decoded<'a> {
        let patient = match named_patient(spec, record, "") {
            Ok(patient) => patient,
            Err(refused) => return self.refuse(spec, record, "", refused),
        };
        let references = References::default();
        let Decoder { site, samples, schemas, .. } = self;
        let context = context(spec, site, record, now, &references);
        let context = Context { patient: patient.as_deref(), ..context };
        let schemas = schemas_of(schemas, place);
        match radar::read_record(record, &context, schemas, samples) {
            Ok(entry) => self.sort(spec, record, vec![entry]),
            Err(Stopped::Refused(refused)) => self.refuse(spec, record, "", refused),
            Err(Stopped::Unreachable(message)) => {
                Decoded { stalled: Some(message), ..Decoded::default() }
            }
        }
    }

    /// What a record becomes that is refused whole.
    fn refuse<'a>(
        &mut self,
        spec: &SourceSpec,
        record: &SourceRecord<'_>,
        pointer: &str,
        refused: Refused,
    ) -> Decoded<'a> {
        let tally = self.tally.of_type("");
        tally.read += 1;
        tally.dead_letters += 1;
        *self.tally.refused.entry(refused.reason).or_default() += 1;
        let patient = Addressee::of(spec, record).patient("");
        let problems = vec![Problem::new(pointer.to_owned(), "", refused).about(patient)];
        Decoded { letter: Some(Letter { problems }), ..Decoded::default() }
    }

    /// Reads an Observation of a known layout, as nearly every record of a feed is.
    fn cut<'a>(
        &mut self,
        spec: &SourceSpec,
        record: &SourceRecord<'a>,
        now: Timestamp,
    ) -> Option<ReadResource<'a>> {
        let is_plain = spec.format == Format::Fhir && spec.patient_from == PatientFrom::Subject;
        if !is_plain {
            return None;
        }
        let Decoder { site, samples, learned, .. } = self;
        let references = References::default();
        let context = context(spec, site, record, now, &references);
        learned_of(learned, &spec.name).read(record.payload, &context, samples)
    }

    /// The event of a record that is one resource, without anything refused.
    fn one<'a>(
        &mut self,
        spec: &'a SourceSpec,
        record: &SourceRecord<'a>,
        read: ReadResource<'a>,
    ) -> Decoded<'a> {
        let tally = self.tally.of_type(read.resource.kind.name());
        tally.read += 1;
        tally.facts += 1;
        self.tally.n_facts += u64::try_from(read.resource.facts.len()).unwrap_or(0);
        self.tally.n_events += 1;
        let mut resources = vec![read.resource];
        let available = available_at(&resources);
        date_versions(record, &mut resources, available);
        let events = vec![event_of(spec, record, read.patient, resources)];
        Decoded { events, available_at: available, ..Decoded::default() }
    }

    fn entries<'a>(
        &mut self,
        spec: &SourceSpec,
        record: &SourceRecord<'a>,
        now: Timestamp,
    ) -> Result<Vec<Entry<'a>>, Refused> {
        if record.payload.is_empty() && spec.format == Format::Fhir {
            return self.tombstone(spec, record, now).map(|entry| vec![entry]);
        }
        // Only an HL7 message says itself in which character set it is.
        let json = match (std::str::from_utf8(record.payload), spec.format) {
            (Ok(text), _) => text,
            (Err(_), Format::Hl7v2) => "",
            (
                Err(_),
                Format::Fhir | Format::OpenMhealth | Format::DicomJson | Format::RadarAvro,
            ) => {
                return Err(Refused::new(Refusal::Undecodable, "not UTF-8"));
            }
        };
        let patient = named_patient(spec, record, json)?;
        let references = References::default();
        let Decoder { site, samples, learned, .. } = self;
        let context = context(spec, site, record, now, &references);
        let context = Context { patient: patient.as_deref(), ..context };
        match spec.format {
            Format::Fhir => {
                let entries = bundle::read_record(json, &context, samples)?;
                learned_of(learned, &spec.name).learn(json, &entries, &context);
                Ok(entries)
            }
            Format::OpenMhealth => omh::read_record(json, &context, samples),
            Format::DicomJson => dicom_json::read_record(json, &context),
            Format::Hl7v2 => Ok(hl7::record::read_record(record.payload, &context, samples)),
            Format::RadarAvro => {
                let message = "no place of schemas is configured for this source";
                Err(Refused::new(Refusal::Undecodable, message))
            }
        }
    }

    /// A record without a value: the resource that its key names was deleted.
    fn tombstone<'a>(
        &mut self,
        spec: &SourceSpec,
        record: &SourceRecord<'a>,
        now: Timestamp,
    ) -> Result<Entry<'a>, Refused> {
        // A key that names the resource does not name the patient.
        let patient = match &spec.patient_from {
            PatientFrom::Header(_) => named_patient(spec, record, "")?,
            PatientFrom::Subject
            | PatientFrom::Authority(_)
            | PatientFrom::Key
            | PatientFrom::Pointer(_) => None,
        };
        let references = References::default();
        let context = context(spec, &self.site, record, now, &references);
        let context = Context { patient: patient.as_deref(), ..context };
        let (key, whose) = (record.key.unwrap_or_default(), Whose::default());
        Ok(deletion(String::new(), key, MetaJson::default(), &whose, &context))
    }

    /// Sorts entries into events by patient, and into what was refused.
    fn sort<'a>(
        &mut self,
        spec: &'a SourceSpec,
        record: &SourceRecord<'a>,
        entries: Vec<Entry<'a>>,
    ) -> Decoded<'a> {
        let mut by_patient: Vec<(Option<Cow<'a, str>>, Vec<Resource<'a>>)> = Vec::new();
        let mut problems = Vec::new();
        let addressee = Addressee::of(spec, record);
        for entry in entries {
            let tally = self.tally.of_type(&entry.resource_type);
            tally.read += 1;
            match entry.outcome {
                Outcome::NotUsed => tally.not_used += 1,
                Outcome::Refused(refused) => {
                    tally.dead_letters += 1;
                    *self.tally.refused.entry(refused.reason).or_default() += 1;
                    let patient = addressee.patient(&entry.pointer);
                    let problem = Problem::new(entry.pointer, &entry.resource_type, refused);
                    problems.push(problem.about(patient));
                }
                Outcome::Read(read) => {
                    tally.facts += 1;
                    for (pointer, refused) in read.refused_parts {
                        *self.tally.refused_parts.entry(refused.reason).or_default() += 1;
                        let pointer = format!("{}{pointer}", entry.pointer);
                        let problem = Problem::new(pointer, &entry.resource_type, refused);
                        problems.push(problem.about(read.patient.as_deref().map(str::to_owned)));
                    }
                    self.tally.n_facts += u64::try_from(read.resource.facts.len()).unwrap_or(0);
                    match by_patient.iter_mut().find(|(patient, _)| *patient == read.patient) {
                        Some((_, resources)) => resources.push(read.resource),
                        None => by_patient.push((read.patient, vec![read.resource])),
                    }
                }
            }
        }
        self.tally.n_events += u64::try_from(by_patient.len()).unwrap_or(0);
        let available =
            by_patient.iter().filter_map(|(_, resources)| available_at(resources)).max();
        let events = by_patient.into_iter().map(|(patient, mut resources)| {
            date_versions(record, &mut resources, available);
            event_of(spec, record, patient, resources)
        });
        let letter = (!problems.is_empty()).then_some(Letter { problems });
        Decoded { events: events.collect(), letter, available_at: available, stalled: None }
    }
}

/// What every resource of a record is read with.
fn context<'c>(
    spec: &'c SourceSpec,
    site: &'c Site,
    record: &SourceRecord<'_>,
    now: Timestamp,
    references: &'c References,
) -> Context<'c> {
    let received_at = record.timestamp;
    Context { spec, site, received_at, now, patient: None, references, fallback_id: "" }
}

fn schemas_of<'s>(all: &'s mut Vec<Schemas>, place: &SchemaPlace) -> &'s mut Schemas {
    let index = all.iter().position(|one| one.place() == place).unwrap_or_else(|| {
        all.push(Schemas::new(place.clone()));
        all.len() - 1
    });
    all.get_mut(index).expect("it is there or was pushed")
}

fn learned_of<'l>(all: &'l mut Vec<(String, Learned)>, source: &str) -> &'l mut Learned {
    let index = all.iter().position(|(name, _)| name == source).unwrap_or_else(|| {
        all.push((source.to_owned(), Learned::default()));
        all.len() - 1
    });
    all.get_mut(index).map(|(_, learned)| learned).expect("it is there or was pushed")
}

/// The event about one patient, or about places and roles, of a record.
fn event_of<'a>(
    spec: &'a SourceSpec,
    record: &SourceRecord<'a>,
    patient: Option<Cow<'a, str>>,
    resources: Vec<Resource<'a>>,
) -> Event<'a> {
    let namespace = Cow::Borrowed(spec.namespace.as_str());
    let body = match patient {
        Some(patient) => EventBody::Patient { twin: TwinId { namespace, patient }, resources },
        None => EventBody::Directory { namespace, resources },
    };
    Event { source: record.position.clone(), available_at: None, body }
}

/// Dates versions that say nothing of their time by when their record became available: a file has
/// no timestamp of its own, and the same file must give the same versions on any day.
fn date_versions(
    record: &SourceRecord<'_>,
    resources: &mut [Resource<'_>],
    available_at: Option<Timestamp>,
) {
    if record.timestamp != Timestamp::MIN {
        return;
    }
    for resource in resources {
        if resource.version.revised_at == Timestamp::MIN {
            resource.version.revised_at = available_at.unwrap_or(Timestamp::from_micros(0));
        }
    }
}

/// The patient that the record names outside its resources, where the source is configured so.
fn named_patient<'r>(
    spec: &SourceSpec,
    record: &'r SourceRecord<'_>,
    json: &str,
) -> Result<Option<Cow<'r, str>>, Refused> {
    let missing = |what: String| Refused::new(Refusal::NoPatient, what);
    let named = match &spec.patient_from {
        PatientFrom::Subject | PatientFrom::Authority(_) => return Ok(None),
        PatientFrom::Key => {
            let key = record.key.ok_or_else(|| missing("the record has no key".to_owned()))?;
            Cow::Borrowed(key)
        }
        PatientFrom::Header(name) => {
            let value = record.header(name);
            Cow::Borrowed(
                value.ok_or_else(|| missing(format!("the record has no header `{name}`")))?,
            )
        }
        PatientFrom::Pointer(pointer) => {
            let json: serde_json::Value = crate::ingest::json::parse(json)?;
            let found = json.pointer(pointer).and_then(serde_json::Value::as_str);
            Cow::Owned(
                found
                    .ok_or_else(|| missing(format!("there is no text at `{pointer}`")))?
                    .to_owned(),
            )
        }
    };
    // Keys are often references.
    let id = match named {
        Cow::Borrowed(text) => Cow::Borrowed(text.strip_prefix("Patient/").unwrap_or(text)),
        Cow::Owned(text) => match text.strip_prefix("Patient/") {
            Some(id) => Cow::Owned(id.to_owned()),
            None => Cow::Owned(text),
        },
    };
    check(id).map(Some)
}
