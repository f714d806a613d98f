//! Writes events into a frame: the bytes of one record of the log.

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

use crate::domain::coding::Coding;
use crate::domain::event::{Clock, DefinitionKind};
use crate::domain::event::{Control, Event, EventBody, Resource};
use crate::domain::fact::{Body, Comparator, Fact, Precision, Reading, Sample};
use crate::domain::promotion::{PipelineState, Promotion};
use crate::domain::response::{Action, Response};
use crate::domain::statement::Statement;
use crate::domain::time::Timestamp;
use crate::log::content::content_hash;
use crate::log::linkage::{write_claim, write_transfer};
use crate::log::schema::{
    FORMAT, FORMAT_1, FORMAT_2, attribute, coding, definition, event, fact, frame, opened,
    promotion, resource, response, sample, statement, tick,
};
use crate::log::wire::Writer;

/// Collects events of one partition, in order, into one frame.
#[derive(Debug, Default)]
pub struct FrameWriter {
    texts: Texts,
    events: Writer,
    scratch: Writer,
    n_events: usize,
    /// The format of the newest event of it: what older versions would take for something else, they refuse.
    format: u64,
}

impl FrameWriter {
    /// Adds an event. The content hash of each resource is computed here.
    pub fn push(&mut self, event: &Event<'_>) {
        let FrameWriter { texts, events, scratch, n_events, format } = self;
        *n_events += 1;
        *format = format_of(&event.body).max(*format);
        events.message(frame::EVENT, |w| write_event(w, texts, scratch, event));
    }

    /// How many events it holds.
    pub fn n_events(&self) -> usize {
        self.n_events
    }

    /// About how many bytes the frame has.
    pub fn size_bytes(&self) -> usize {
        self.events.bytes().len()
    }

    /// The frame's bytes; the writer is empty afterwards.
    pub fn finish(&mut self) -> Vec<u8> {
        let mut header = Writer::default();
        header.unsigned(frame::FORMAT, self.format.max(FORMAT_1));
        for text in &self.texts.texts {
            header.delimited(frame::TEXT, text.as_bytes());
        }
        let bytes = [header.bytes(), self.events.bytes()].concat();
        self.events.clear();
        self.texts.clear();
        (self.n_events, self.format) = (0, FORMAT_1);
        bytes
    }
}

/// The format of a frame that holds this event.
const fn format_of(body: &EventBody<'_>) -> u64 {
    match body {
        EventBody::Control(Control::Promotion(_)) => FORMAT,
        EventBody::Claim { .. } | EventBody::Transfer { .. } => FORMAT_2,
        EventBody::Control(
            Control::Opened { .. } | Control::Tick { .. } | Control::Definition { .. },
        )
        | EventBody::Patient { .. }
        | EventBody::Directory { .. }
        | EventBody::Response { .. } => FORMAT_1,
    }
}

/// Texts of a frame that are compared before the others are looked for by their hash.
const FEW_TEXTS: usize = 8;

/// The texts a frame says once: namespaces, topics, code systems, devices, units.
#[derive(Debug, Default)]
pub(super) struct Texts {
    texts: Vec<String>,
    numbers: HashTable<u32>,
}

impl Texts {
    /// The number of `text` in this frame; 0 is the empty text.
    pub(super) fn number(&mut self, text: &str) -> u64 {
        if text.is_empty() {
            return 0;
        }
        // A frame of one feed has few texts: to compare them costs less than to hash one.
        let few = self.texts.iter().take(FEW_TEXTS);
        if let Some((number, _)) = (1..).zip(few).find(|(_, known)| *known == text) {
            return number;
        }
        let texts = &mut self.texts;
        let at = |texts: &[String], number: u32| {
            let index = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
            index.and_then(|index| texts.get(index)).map_or(0, |text| xxh3_64(text.as_bytes()))
        };
        let hash = xxh3_64(text.as_bytes());
        let same = |number: &u32| {
            let index = usize::try_from(*number).ok().and_then(|number| number.checked_sub(1));
            index.and_then(|index| texts.get(index)).is_some_and(|known| known == text)
        };
        if let Some(number) = self.numbers.find(hash, same) {
            return u64::from(*number);
        }
        texts.push(text.to_owned());
        let number = u32::try_from(texts.len()).unwrap_or(u32::MAX);
        self.numbers.insert_unique(hash, number, |number| at(texts, *number));
        u64::from(number)
    }

    fn clear(&mut self) {
        self.texts.clear();
        self.numbers.clear();
    }
}

pub(super) fn write_time(w: &mut Writer, field: u32, at: Timestamp) {
    w.fixed(field, at.micros().cast_unsigned());
}

fn write_event(w: &mut Writer, texts: &mut Texts, scratch: &mut Writer, value: &Event<'_>) {
    w.unsigned(event::TOPIC, texts.number(&value.source.topic));
    w.signed(event::PARTITION, i64::from(value.source.partition));
    w.signed(event::OFFSET, value.source.offset);
    if let Some(at) = value.available_at {
        write_time(w, event::AVAILABLE_AT, at);
    }
    if let Some(twin) = value.body.twin() {
        w.unsigned(event::NAMESPACE, texts.number(&twin.namespace));
        w.text(event::PATIENT, &twin.patient);
    }
    let resources = match &value.body {
        EventBody::Patient { resources, .. } => resources,
        EventBody::Directory { namespace, resources } => {
            w.unsigned(event::NAMESPACE, texts.number(namespace));
            w.unsigned(event::DIRECTORY, 1);
            resources
        }
        EventBody::Control(control) => return write_control(w, control),
        EventBody::Response { response, .. } => {
            return w.message(event::RESPONSE, |w| write_response(w, response));
        }
        EventBody::Claim { claim, .. } => {
            return w.message(event::CLAIM, |w| write_claim(w, claim));
        }
        EventBody::Transfer { transfer, .. } => {
            return w.message(event::TRANSFER, |w| write_transfer(w, texts, transfer));
        }
    };
    for value in resources {
        w.message(event::RESOURCE, |w| write_resource(w, texts, scratch, value));
    }
}

fn write_control(w: &mut Writer, control: &Control<'_>) {
    match control {
        Control::Opened { n_partitions, clock } => w.message(event::OPENED, |w| {
            w.unsigned(opened::N_PARTITIONS, u64::from(*n_partitions));
            w.unsigned(opened::RECORDED, u64::from(*clock == Clock::Recorded));
        }),
        Control::Tick { at } => w.message(event::TICK, |w| write_time(w, tick::AT, *at)),
        Control::Definition { kind, name, text } => w.message(event::DEFINITION, |w| {
            w.unsigned(definition::KIND, definition_number(*kind));
            w.text(definition::NAME, name);
            w.text(definition::TEXT, text);
        }),
        Control::Promotion(value) => w.message(event::PROMOTION, |w| write_promotion(w, value)),
    }
}

fn write_promotion(w: &mut Writer, value: &Promotion<'_>) {
    w.text(promotion::PIPELINE, &value.pipeline);
    w.unsigned(promotion::TO, number_in(&PipelineState::ALL, &value.to));
    w.text(promotion::BY, &value.by);
    w.text(promotion::ROLE, &value.role);
    w.text(promotion::PHARMACIST, &value.pharmacist);
    w.text(promotion::WHY, &value.why);
    w.text(promotion::HASH, &value.hash);
    write_time(w, promotion::AT, value.at);
}

fn write_response(w: &mut Writer, value: &Response<'_>) {
    w.text(response::EFFECT, &value.effect.to_string());
    match value.action {
        Action::Acknowledge => {}
        Action::Snooze { until } => {
            w.unsigned(response::ACTION, 1);
            write_time(w, response::UNTIL, until);
        }
        Action::Resolve => w.unsigned(response::ACTION, 2),
    }
    w.text(response::BY, &value.by);
    w.text(response::ROLE, &value.role);
    w.text(response::WHY, &value.why);
    write_time(w, response::AT, value.at);
}

const fn definition_number(kind: DefinitionKind) -> u64 {
    match kind {
        DefinitionKind::Pipeline => 0,
        DefinitionKind::ValueSet => 1,
        DefinitionKind::Site => 2,
        DefinitionKind::Model => 3,
    }
}

fn write_resource(w: &mut Writer, texts: &mut Texts, scratch: &mut Writer, value: &Resource<'_>) {
    let content = content_hash(value, scratch);
    write_resource_as(w, texts, value, content);
}

/// Writes a resource whose facts have this hash.
pub(super) fn write_resource_as(
    w: &mut Writer,
    texts: &mut Texts,
    value: &Resource<'_>,
    content: u64,
) {
    w.unsigned(resource::KIND, u64::from(value.kind.number()));
    w.text(resource::ID, &value.id);
    write_time(w, resource::REVISED_AT, value.version.revised_at);
    if let Some(version_id) = value.version.version_id {
        w.unsigned(resource::VERSION_ID, version_id.saturating_add(1));
    }
    w.unsigned(
        resource::STATUS,
        number_in(&crate::domain::event::Status::ALL, &value.version.status),
    );
    if let Some(at) = value.recorded_at {
        write_time(w, resource::RECORDED_AT, at);
    }
    w.fixed(resource::CONTENT, content);
    for value in &value.facts {
        w.message(resource::FACT, |w| write_fact(w, texts, value));
    }
}

/// The place of a value in the list that gives its kind's numbers.
pub(super) fn number_in<T: PartialEq>(all: &[T], value: &T) -> u64 {
    let index = all.iter().position(|known| known == value);
    index.and_then(|index| u64::try_from(index).ok()).expect("the list holds every value")
}

/// The number of a precision in the log.
pub(super) fn precision_number(precision: Precision) -> u64 {
    match precision {
        Precision::Instant => 0,
        Precision::Date => 1,
        Precision::Between => 2,
    }
}

fn write_fact(w: &mut Writer, texts: &mut Texts, value: &Fact<'_>) {
    let valid = value.valid;
    write_time(w, fact::START, valid.start);
    if valid.end != valid.start {
        write_time(w, fact::END, valid.end);
    }
    w.unsigned(fact::DATE, precision_number(valid.precision));
    if let Some(minutes) = valid.offset_minutes {
        w.present_signed(fact::OFFSET_MINUTES, i64::from(minutes));
    }
    w.signed(fact::ZONE_MINUTES, i64::from(valid.zone_minutes));
    if !value.links.is_empty() {
        let words: Vec<u8> = value.links.iter().flat_map(|link| link.to_le_bytes()).collect();
        w.delimited(fact::LINK, &words);
    }
    match &value.body {
        Body::Sample(value) => w.message(fact::SAMPLE, |w| write_sample(w, texts, value)),
        Body::Statement(value) => w.message(fact::STATEMENT, |w| write_statement(w, texts, value)),
    }
}

fn write_sample(w: &mut Writer, texts: &mut Texts, value: &Sample<'_>) {
    w.unsigned(sample::SIGNAL, u64::from(value.signal.number()));
    let raw = match &value.reading {
        Reading::Value { value, comparator, raw } => {
            w.signed(sample::VALUE, *value);
            w.unsigned(sample::COMPARATOR, comparator_number(*comparator));
            raw.as_ref()
        }
        Reading::Unusable { reason, raw } => {
            let number = number_in(&crate::domain::refusal::Unusable::ALL, reason);
            w.unsigned(sample::UNUSABLE, number + 1);
            Some(raw)
        }
    };
    w.unsigned(sample::ORIGIN, number_in(&crate::domain::fact::Origin::ALL, &value.origin));
    w.unsigned(
        sample::STATISTIC,
        number_in(&crate::domain::fact::Statistic::ALL, &value.statistic),
    );
    w.unsigned(sample::DEVICE, texts.number(&value.device));
    w.unsigned(sample::SYSTEM, texts.number(&value.code.system));
    w.unsigned(sample::CODE, texts.number(&value.code.code));
    if let Some(raw) = raw {
        w.text(sample::RAW_VALUE, &raw.value);
        w.unsigned(sample::RAW_UNIT, texts.number(&raw.unit));
    }
}

pub(super) const fn comparator_number(comparator: Option<Comparator>) -> u64 {
    match comparator {
        None => 0,
        Some(Comparator::Less) => 1,
        Some(Comparator::LessOrEqual) => 2,
        Some(Comparator::GreaterOrEqual) => 3,
        Some(Comparator::Greater) => 4,
    }
}

fn write_statement(w: &mut Writer, texts: &mut Texts, value: &Statement<'_>) {
    let standing = value.standing.map_or(0, |standing| u64::from(standing.number()) + 1);
    w.unsigned(statement::STANDING, standing);
    let activity = number_in(&crate::domain::statement::Activity::ALL, &value.activity);
    w.unsigned(statement::ACTIVITY, activity);
    w.unsigned(statement::STATUS, texts.number(&value.status));
    for code in &value.codes {
        w.message(statement::CODE, |w| write_coding(w, texts, code));
    }
    w.text(statement::TEXT, &value.text);
    for (name, text) in &value.attributes {
        w.message(statement::ATTRIBUTE, |w| {
            w.unsigned(attribute::NAME, u64::from(name.number()));
            w.text(attribute::TEXT, text);
        });
    }
}

fn write_coding(w: &mut Writer, texts: &mut Texts, value: &Coding<'_>) {
    w.unsigned(coding::SYSTEM, texts.number(&value.system));
    w.text(coding::CODE, &value.code);
    w.text(coding::DISPLAY, &value.display);
}
