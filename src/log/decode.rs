//! Reads the events of a frame, borrowing their text from its bytes.

use std::borrow::Cow;

use crate::domain::coding::Coding;
use crate::domain::effect::EffectId;
use crate::domain::event::{Clock, Control, DefinitionKind, Event, EventBody};
use crate::domain::event::{Resource, ResourceKind, Status, Version};
use crate::domain::fact::{Body, Comparator, Fact, Origin, Precision, Raw, Reading, Sample};
use crate::domain::fact::{Statistic, Valid};
use crate::domain::identity::{SourcePosition, TwinId};
use crate::domain::promotion::{PipelineState, Promotion};
use crate::domain::refusal::Unusable;
use crate::domain::response::{Action, Response};
use crate::domain::signal::Signal;
use crate::domain::standing::Standing;
use crate::domain::statement::{Activity, Attribute, Statement};
use crate::domain::time::Timestamp;
use crate::log::linkage::{read_claim, read_transfer};
use crate::log::schema::{
    FORMAT, attribute, coding, definition, event, fact, frame, opened, promotion, resource,
    response, sample, statement, tick,
};
use crate::log::wire::{Field, Malformed, Reader};

/// Why bytes of the log are no frame. The log is ours: this is damage, or a newer writer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Not a frame, or cut.
    #[error("the frame is damaged")]
    Damaged,
    /// Written by a newer version.
    #[error("the frame has format {0}, this build reads up to {FORMAT}; run the newer version")]
    Newer(u64),
}

impl From<Malformed> for FrameError {
    fn from(_: Malformed) -> FrameError {
        FrameError::Damaged
    }
}

/// A frame whose events are read one by one: a large frame of small events is never unpacked whole.
#[derive(Debug)]
pub struct Frame<'a> {
    texts: Vec<&'a str>,
    events: Vec<&'a [u8]>,
}

impl<'a> Frame<'a> {
    /// The events in their order. After an error nothing more of the frame means anything.
    pub fn events(&self) -> impl Iterator<Item = Result<Event<'a>, FrameError>> {
        self.events.iter().map(|bytes| Ok(read_event(bytes, &Texts(&self.texts))?))
    }
}

/// Reads all events of a frame.
///
/// # Errors
/// If the bytes are damaged or of a newer format.
pub fn decode_frame(bytes: &[u8]) -> Result<Vec<Event<'_>>, FrameError> {
    open_frame(bytes)?.events().collect()
}

/// Reads what the events of a frame share, and where each of them lies.
///
/// # Errors
/// If the bytes are damaged or of a newer format.
pub fn open_frame(bytes: &[u8]) -> Result<Frame<'_>, FrameError> {
    let mut texts = Vec::new();
    let mut events = Vec::new();
    let mut reader = Reader::new(bytes);
    let mut format = 0;
    while let Some((number, field)) = reader.next()? {
        match number {
            frame::FORMAT => {
                format = field.unsigned()?;
                if FORMAT < format {
                    return Err(FrameError::Newer(format));
                }
            }
            frame::TEXT => texts.push(field.text()?),
            frame::EVENT => events.push(field.bytes()?),
            _ => {}
        }
    }
    if format == 0 { Err(FrameError::Damaged) } else { Ok(Frame { texts, events }) }
}

/// The texts of the frame, by their numbers.
pub(super) struct Texts<'t, 'a>(&'t [&'a str]);

impl<'a> Texts<'_, 'a> {
    pub(super) fn at(&self, field: Field<'a>) -> Result<Cow<'a, str>, Malformed> {
        let number = usize::try_from(field.unsigned()?).map_err(|_| Malformed)?;
        match number.checked_sub(1) {
            None => Ok(Cow::Borrowed("")),
            Some(index) => self.0.get(index).map(|text| Cow::Borrowed(*text)).ok_or(Malformed),
        }
    }
}

pub(super) fn time(field: Field<'_>) -> Result<Timestamp, Malformed> {
    field.word().map(|word| Timestamp::from_micros(word.cast_signed()))
}

fn one_of<T: Copy>(all: &[T], number: u64) -> Result<T, Malformed> {
    let index = usize::try_from(number).map_err(|_| Malformed)?;
    all.get(index).copied().ok_or(Malformed)
}

fn read_event<'a>(bytes: &'a [u8], texts: &Texts<'_, 'a>) -> Result<Event<'a>, Malformed> {
    let mut source = SourcePosition::new("", 0, 0);
    let (mut available_at, mut namespace, mut patient) = (None, Cow::Borrowed(""), "");
    let (mut directory, mut control, mut response) = (false, None, None);
    let (mut claim, mut transfer) = (None, None);
    // Nearly always one; a vector that grows begins with room for four.
    let mut resources = Vec::with_capacity(1);
    let mut reader = Reader::new(bytes);
    while let Some((number, field)) = reader.next()? {
        match number {
            event::TOPIC => source.topic = texts.at(field)?,
            event::PARTITION => {
                source.partition = i32::try_from(field.signed()?).map_err(|_| Malformed)?;
            }
            event::OFFSET => source.offset = field.signed()?,
            event::AVAILABLE_AT => available_at = Some(time(field)?),
            event::NAMESPACE => namespace = texts.at(field)?,
            event::PATIENT => patient = field.text()?,
            event::DIRECTORY => directory = field.unsigned()? != 0,
            event::RESOURCE => resources.push(read_resource(field.bytes()?, texts)?),
            event::OPENED => control = Some(read_opened(field.bytes()?)?),
            event::TICK => control = Some(read_tick(field.bytes()?)?),
            event::DEFINITION => control = Some(read_definition(field.bytes()?)?),
            event::PROMOTION => control = Some(read_promotion(field.bytes()?)?),
            event::RESPONSE => response = Some(read_response(field.bytes()?)?),
            event::CLAIM => claim = Some(read_claim(field.bytes()?)?),
            event::TRANSFER => transfer = Some(read_transfer(field.bytes()?, texts)?),
            _ => {}
        }
    }
    let twin = TwinId::new(namespace, patient);
    let body = match (control, response, claim, transfer) {
        (Some(control), ..) => EventBody::Control(control),
        (None, Some(response), ..) => EventBody::Response { twin, response },
        (None, None, Some(claim), _) => EventBody::Claim { twin, claim },
        (None, None, None, Some(transfer)) => EventBody::Transfer { twin, transfer },
        (None, None, None, None) if directory => {
            EventBody::Directory { namespace: twin.namespace, resources }
        }
        (None, None, None, None) => EventBody::Patient { twin, resources },
    };
    Ok(Event { source, available_at, body })
}

fn read_opened<'a>(bytes: &[u8]) -> Result<Control<'a>, Malformed> {
    let (mut n_partitions, mut clock) = (0, Clock::Live);
    let mut reader = Reader::new(bytes);
    while let Some((number, field)) = reader.next()? {
        match number {
            opened::N_PARTITIONS => n_partitions = field.small()?,
            opened::RECORDED if field.unsigned()? != 0 => clock = Clock::Recorded,
            _ => {}
        }
    }
    Ok(Control::Opened { n_partitions, clock })
}

fn read_tick<'a>(bytes: &[u8]) -> Result<Control<'a>, Malformed> {
    let mut at = None;
    let mut reader = Reader::new(bytes);
    while let Some((number, field)) = reader.next()? {
        if number == tick::AT {
            at = Some(time(field)?);
        }
    }
    at.map(|at| Control::Tick { at }).ok_or(Malformed)
}

fn read_definition(bytes: &[u8]) -> Result<Control<'_>, Malformed> {
    let (mut kind, mut name, mut text) = (DefinitionKind::Pipeline, "", "");
    let kinds = [
        DefinitionKind::Pipeline,
        DefinitionKind::ValueSet,
        DefinitionKind::Site,
        DefinitionKind::Model,
    ];
    let mut reader = Reader::new(bytes);
    while let Some((number, field)) = reader.next()? {
        match number {
            definition::KIND => kind = one_of(&kinds, field.unsigned()?)?,
            definition::NAME => name = field.text()?,
            definition::TEXT => text = field.text()?,
            _ => {}
        }
    }
    Ok(Control::Definition { kind, name: name.into(), text: text.into() })
}

fn read_promotion(bytes: &[u8]) -> Result<Control<'_>, Malformed> {
    let (mut pipeline, mut to, mut at) = ("", PipelineState::Shadow, None);
    let (mut by, mut role, mut pharmacist, mut why, mut hash) = ("", "", "", "", "");
    let mut reader = Reader::new(bytes);
    while let Some((number, field)) = reader.next()? {
        match number {
            promotion::PIPELINE => pipeline = field.text()?,
            promotion::TO => to = one_of(&PipelineState::ALL, field.unsigned()?)?,
            promotion::BY => by = field.text()?,
            promotion::ROLE => role = field.text()?,
            promotion::PHARMACIST => pharmacist = field.text()?,
            promotion::WHY => why = field.text()?,
            promotion::HASH => hash = field.text()?,
            promotion::AT => at = Some(time(field)?),
            _ => {}
        }
    }
    Ok(Control::Promotion(Promotion {
        pipeline: pipeline.into(),
        to,
        by: by.into(),
        role: role.into(),
        pharmacist: pharmacist.into(),
        why: why.into(),
        hash: hash.into(),
        at: at.ok_or(Malformed)?,
    }))
}

fn read_response(bytes: &[u8]) -> Result<Response<'_>, Malformed> {
    let (mut effect, mut action, mut until, mut at) = (None, 0, None, None);
    let (mut by, mut role, mut why) = ("", "", "");
    let mut reader = Reader::new(bytes);
    while let Some((number, field)) = reader.next()? {
        match number {
            response::EFFECT => effect = EffectId::parse(field.text()?),
            response::ACTION => action = field.unsigned()?,
            response::UNTIL => until = Some(time(field)?),
            response::BY => by = field.text()?,
            response::ROLE => role = field.text()?,
            response::WHY => why = field.text()?,
            response::AT => at = Some(time(field)?),
            _ => {}
        }
    }
    let action = match (action, until) {
        (0, _) => Action::Acknowledge,
        (1, Some(until)) => Action::Snooze { until },
        (2, _) => Action::Resolve,
        _ => return Err(Malformed),
    };
    let (effect, at) = (effect.ok_or(Malformed)?, at.ok_or(Malformed)?);
    Ok(Response { effect, action, by: by.into(), role: role.into(), why: why.into(), at })
}

pub(super) fn read_resource<'a>(
    bytes: &'a [u8],
    texts: &Texts<'_, 'a>,
) -> Result<Resource<'a>, Malformed> {
    let (mut kind, mut id, mut recorded_at, mut content) = (None, "", None, 0);
    let mut version =
        Version { revised_at: Timestamp::MIN, version_id: None, status: Status::Silent };
    let mut facts = Vec::with_capacity(1);
    let mut reader = Reader::new(bytes);
    while let Some((number, field)) = reader.next()? {
        match number {
            resource::KIND => {
                kind = Some(ResourceKind::from_number(field.small()?).ok_or(Malformed)?);
            }
            resource::ID => id = field.text()?,
            resource::REVISED_AT => version.revised_at = time(field)?,
            resource::VERSION_ID => version.version_id = field.unsigned()?.checked_sub(1),
            resource::STATUS => version.status = one_of(&Status::ALL, field.unsigned()?)?,
            resource::RECORDED_AT => recorded_at = Some(time(field)?),
            resource::CONTENT => content = field.word()?,
            resource::FACT => facts.push(read_fact(field.bytes()?, texts)?),
            _ => {}
        }
    }
    let kind = kind.ok_or(Malformed)?;
    Ok(Resource { kind, id: id.into(), version, recorded_at, content, facts })
}

fn read_fact<'a>(bytes: &'a [u8], texts: &Texts<'_, 'a>) -> Result<Fact<'a>, Malformed> {
    let (mut start, mut end, mut body) = (None, None, None);
    let (mut precision, mut offset_minutes) = (Precision::Instant, None);
    let (mut zone_minutes, mut links) = (0, Vec::new());
    let mut reader = Reader::new(bytes);
    while let Some((number, field)) = reader.next()? {
        match number {
            fact::START => start = Some(time(field)?),
            fact::END => end = Some(time(field)?),
            fact::DATE => {
                precision = match field.unsigned()? {
                    0 => Precision::Instant,
                    2 => Precision::Between,
                    _ => Precision::Date,
                };
            }
            fact::OFFSET_MINUTES => {
                offset_minutes = Some(i16::try_from(field.signed()?).map_err(|_| Malformed)?);
            }
            fact::ZONE_MINUTES => {
                zone_minutes = i16::try_from(field.signed()?).map_err(|_| Malformed)?;
            }
            fact::LINK => links = read_words(field.bytes()?)?,
            fact::SAMPLE => body = Some(Body::Sample(read_sample(field.bytes()?, texts)?)),
            fact::STATEMENT => {
                let statement = read_statement(field.bytes()?, texts)?;
                body = Some(Body::Statement(Box::new(statement)));
            }
            _ => {}
        }
    }
    let start = start.ok_or(Malformed)?;
    let valid = Valid { start, end: end.unwrap_or(start), precision, offset_minutes, zone_minutes };
    Ok(Fact { valid, links, body: body.ok_or(Malformed)? })
}

/// A packed list of `fixed64`.
pub(super) fn read_words(bytes: &[u8]) -> Result<Vec<u64>, Malformed> {
    let (words, rest) = bytes.as_chunks::<8>();
    match rest {
        [] => Ok(words.iter().map(|word| u64::from_le_bytes(*word)).collect()),
        _ => Err(Malformed),
    }
}

fn read_sample<'a>(bytes: &'a [u8], texts: &Texts<'_, 'a>) -> Result<Sample<'a>, Malformed> {
    let (mut signal, mut value, mut comparator, mut unusable) =
        (Signal::from_number(0), 0, None, None);
    let (mut origin, mut statistic) = (Origin::Clinical, Statistic::Point);
    let (mut device, mut code) = (Cow::Borrowed(""), Coding::default());
    let mut raw = None::<Raw<'a>>;
    let mut reader = Reader::new(bytes);
    while let Some((number, field)) = reader.next()? {
        match number {
            sample::SIGNAL => {
                let number = u16::try_from(field.unsigned()?).map_err(|_| Malformed)?;
                signal = Signal::from_number(number);
            }
            sample::VALUE => value = field.signed()?,
            sample::COMPARATOR => comparator = Some(read_comparator(field.unsigned()?)?),
            sample::ORIGIN => origin = one_of(&Origin::ALL, field.unsigned()?)?,
            sample::STATISTIC => statistic = one_of(&Statistic::ALL, field.unsigned()?)?,
            sample::DEVICE => device = texts.at(field)?,
            sample::SYSTEM => code.system = texts.at(field)?,
            sample::CODE => code.code = texts.at(field)?,
            sample::RAW_VALUE => raw.get_or_insert_default().value = field.text()?.into(),
            sample::RAW_UNIT => raw.get_or_insert_default().unit = texts.at(field)?,
            sample::UNUSABLE => {
                let index = field.unsigned()?.checked_sub(1).ok_or(Malformed)?;
                unusable = Some(one_of(&Unusable::ALL, index)?);
            }
            _ => {}
        }
    }
    let reading = match unusable {
        Some(reason) => Reading::Unusable { reason, raw: raw.unwrap_or_default() },
        None => Reading::Value { value, comparator, raw },
    };
    Ok(Sample { signal: signal.ok_or(Malformed)?, reading, origin, statistic, device, code })
}

const fn read_comparator(number: u64) -> Result<Comparator, Malformed> {
    match number {
        1 => Ok(Comparator::Less),
        2 => Ok(Comparator::LessOrEqual),
        3 => Ok(Comparator::GreaterOrEqual),
        4 => Ok(Comparator::Greater),
        _ => Err(Malformed),
    }
}

fn read_statement<'a>(bytes: &'a [u8], texts: &Texts<'_, 'a>) -> Result<Statement<'a>, Malformed> {
    let mut value = Statement::default();
    let mut reader = Reader::new(bytes);
    while let Some((number, field)) = reader.next()? {
        match number {
            statement::STANDING => {
                let index = field.unsigned()?.checked_sub(1).ok_or(Malformed)?;
                value.standing = Some(one_of(&Standing::ALL, index)?);
            }
            statement::ACTIVITY => value.activity = one_of(&Activity::ALL, field.unsigned()?)?,
            statement::STATUS => value.status = texts.at(field)?,
            statement::CODE => value.codes.push(read_coding(field.bytes()?, texts)?),
            statement::TEXT => value.text = field.text()?.into(),
            statement::ATTRIBUTE => value.attributes.extend(read_attribute(field.bytes()?)?),
            _ => {}
        }
    }
    Ok(value)
}

fn read_coding<'a>(bytes: &'a [u8], texts: &Texts<'_, 'a>) -> Result<Coding<'a>, Malformed> {
    let mut value = Coding::default();
    let mut reader = Reader::new(bytes);
    while let Some((number, field)) = reader.next()? {
        match number {
            coding::SYSTEM => value.system = texts.at(field)?,
            coding::CODE => value.code = field.text()?.into(),
            coding::DISPLAY => value.display = field.text()?.into(),
            _ => {}
        }
    }
    Ok(value)
}

/// An attribute of a newer writer is skipped, as protobuf readers skip unknown fields.
fn read_attribute(bytes: &[u8]) -> Result<Option<(Attribute, Cow<'_, str>)>, Malformed> {
    let (mut name, mut text) = (None, "");
    let mut reader = Reader::new(bytes);
    while let Some((number, field)) = reader.next()? {
        match number {
            attribute::NAME => name = Attribute::from_number(field.small()?),
            attribute::TEXT => text = field.text()?,
            _ => {}
        }
    }
    Ok(name.map(|name| (name, Cow::Borrowed(text))))
}
