//! `Observation`: a value of a signal, an answer, a state, or a result kept as it came.
//!
//! ```text
//! code ─► signal? ─► value[x] ─► unit ─► sample, or unusable result (TW-3)
//!      └► no signal ──────────► statement, queryable, feeding no rule
//! components likewise, each on its own; a bad one is refused alone
//! ```

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::domain::coding::Coding;
use crate::domain::event::{Resource, ResourceKind};
use crate::domain::fact::{Body, Fact, Statistic, Valid};
use crate::domain::refusal::Refusal;
use crate::domain::signal::Signal;
use crate::domain::statement::{Attribute, Statement};
use crate::domain::time::{Span, Timestamp};
use crate::ingest::availability::taken_back_at;
use crate::ingest::context::Context;
use crate::ingest::entry::ReadResource;
use crate::ingest::fhir::links::Links;
use crate::ingest::fhir::reference::patient;
use crate::ingest::fhir::status::{id_of, result_status};
use crate::ingest::fhir::types::{Concept, MetaJson, PeriodJson, ReferenceJson, codings};
use crate::ingest::fhir::value::ValueJson;
use crate::ingest::json::{Text, parse, text};
use crate::ingest::refused::Refused;
use crate::ingest::samples::{Frame, SAMPLES_MAX, Samples};
use crate::ingest::states::state_facts;
use crate::ingest::value::Value;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ObservationJson<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    meta: Option<MetaJson<'a>>,
    #[serde(borrow)]
    status: Option<Text<'a>>,
    #[serde(borrow)]
    category: Option<Vec<Concept<'a>>>,
    #[serde(borrow)]
    code: Option<Concept<'a>>,
    #[serde(borrow)]
    subject: Option<ReferenceJson<'a>>,
    #[serde(borrow)]
    encounter: Option<ReferenceJson<'a>>,
    #[serde(borrow)]
    effective_date_time: Option<Text<'a>>,
    #[serde(borrow)]
    effective_period: Option<PeriodJson<'a>>,
    #[serde(borrow)]
    effective_instant: Option<Text<'a>>,
    #[serde(borrow)]
    effective_timing: Option<TimingJson<'a>>,
    #[serde(borrow)]
    issued: Option<Text<'a>>,
    #[serde(borrow)]
    based_on: Option<Vec<ReferenceJson<'a>>>,
    #[serde(borrow)]
    specimen: Option<ReferenceJson<'a>>,
    #[serde(borrow)]
    contained: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    device: Option<ReferenceJson<'a>>,
    #[serde(borrow)]
    component: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    value_quantity: Option<&'a RawValue>,
    #[serde(borrow)]
    value_codeable_concept: Option<&'a RawValue>,
    #[serde(borrow)]
    value_string: Option<&'a RawValue>,
    #[serde(borrow)]
    value_boolean: Option<&'a RawValue>,
    #[serde(borrow)]
    value_integer: Option<&'a RawValue>,
    #[serde(borrow)]
    value_range: Option<&'a RawValue>,
    #[serde(borrow)]
    value_ratio: Option<&'a RawValue>,
    #[serde(borrow)]
    value_sampled_data: Option<&'a RawValue>,
    #[serde(borrow)]
    value_time: Option<&'a RawValue>,
    #[serde(borrow)]
    value_date_time: Option<&'a RawValue>,
    #[serde(borrow)]
    value_period: Option<&'a RawValue>,
    #[serde(borrow)]
    data_absent_reason: Option<Concept<'a>>,
}

#[derive(Debug, Deserialize)]
struct TimingJson<'a> {
    #[serde(borrow, default)]
    event: Vec<Text<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ComponentJson<'a> {
    #[serde(borrow)]
    code: Concept<'a>,
    #[serde(borrow)]
    value_quantity: Option<&'a RawValue>,
    #[serde(borrow)]
    value_codeable_concept: Option<&'a RawValue>,
    #[serde(borrow)]
    value_string: Option<&'a RawValue>,
    #[serde(borrow)]
    value_boolean: Option<&'a RawValue>,
    #[serde(borrow)]
    value_integer: Option<&'a RawValue>,
    #[serde(borrow)]
    value_range: Option<&'a RawValue>,
    #[serde(borrow)]
    value_ratio: Option<&'a RawValue>,
    #[serde(borrow)]
    value_sampled_data: Option<&'a RawValue>,
    #[serde(borrow)]
    value_time: Option<&'a RawValue>,
    #[serde(borrow)]
    value_date_time: Option<&'a RawValue>,
    #[serde(borrow)]
    value_period: Option<&'a RawValue>,
    #[serde(borrow)]
    data_absent_reason: Option<Concept<'a>>,
}

/// The `value[x]` of an Observation or a component: both have the same fields.
macro_rules! value_of {
    ($json:expr) => {
        ValueJson {
            quantity: $json.value_quantity,
            concept: $json.value_codeable_concept,
            string: $json.value_string,
            boolean: $json.value_boolean,
            integer: $json.value_integer,
            range: $json.value_range,
            ratio: $json.value_ratio,
            sampled_data: $json.value_sampled_data,
            other: $json.value_time.or($json.value_date_time).or($json.value_period),
            absent: $json.data_absent_reason.take(),
        }
        .read()
    };
}

/// What the facts of one Observation share, whatever format it came in.
pub struct Shared<'a> {
    /// When they were true.
    pub valid: Valid,
    /// What measured them; empty where nobody says.
    pub device: Cow<'a, str>,
    /// What else is said of a result without a signal.
    pub attributes: Vec<(Attribute, Cow<'a, str>)>,
    /// What they are linked by.
    pub links: Links,
}

/// Reads an Observation.
///
/// # Errors
/// Why it was refused as a whole.
pub fn read<'a>(
    json: &'a str,
    context: &Context<'_>,
    samples: &mut Samples,
) -> Result<ReadResource<'a>, Refused> {
    let mut observation: ObservationJson<'a> = parse(json)?;
    let patient = patient(observation.subject.take(), context)?;
    let status = result_status(observation.status.as_deref())?;
    let issued = observation.issued.as_deref();
    let (version, recorded_at) = context.version(observation.meta.as_ref(), issued, status)?;
    let (kind, content) = (ResourceKind::Observation, 0);
    let id = id_of(observation.id.take(), context);
    let mut resource = Resource { kind, id, version, recorded_at, content, facts: Vec::new() };
    let mut refused_parts = Vec::new();
    let is_taken_back =
        matches!(observation.status.as_deref(), Some("entered-in-error" | "cancelled"));
    if is_taken_back && version.revised_at == Timestamp::MIN {
        let valid = effective(&observation, context).ok();
        resource.version.revised_at = valid.map_or(Timestamp::MIN, taken_back_at);
    }
    if status.counts() {
        let valid = effective(&observation, context)?;
        let codes = codings(observation.code.take());
        if codes.is_empty() {
            return Err(Refused::new(Refusal::Undecodable, "code is missing"));
        }
        let value = value_of!(observation);
        check_series(&value, valid, context)?;
        let shared = shared(&mut observation, valid, context);
        let components = observation.component.take().unwrap_or_default();
        let facts = &mut resource.facts;
        let has_components = !components.is_empty();
        for (index, component) in components.into_iter().enumerate() {
            if let Err(refused) = read_component(component, &shared, context, samples, facts) {
                refused_parts.push((format!("/component/{index}"), refused));
            }
        }
        // A panel says nothing besides its components.
        if !(has_components && value == Value::None) {
            read_value(codes, value, &shared, context, samples, facts);
        }
    }
    Ok(ReadResource { patient: Some(patient), resource, refused_parts })
}

fn effective(observation: &ObservationJson<'_>, context: &Context<'_>) -> Result<Valid, Refused> {
    if let Some(at) = &observation.effective_date_time {
        return context.measured_at(at, "effectiveDateTime");
    }
    if let Some(period) = &observation.effective_period {
        return context.measured_period(period, "effectivePeriod");
    }
    if let Some(at) = &observation.effective_instant {
        return context.measured_at(at, "effectiveInstant");
    }
    match observation.effective_timing.as_ref().map(|timing| timing.event.as_slice()) {
        Some([at]) => context.measured_at(at, "effectiveTiming"),
        Some(_) => Err(Refused::new(Refusal::BadTime, "effectiveTiming: expected one event")),
        None => Err(Refused::new(Refusal::BadTime, "effective[x] is missing")),
    }
}

fn shared<'a>(
    observation: &mut ObservationJson<'a>,
    valid: Valid,
    context: &Context<'_>,
) -> Shared<'a> {
    let orders = observation.based_on.as_deref().unwrap_or_default();
    let contained = observation.contained.as_deref().unwrap_or_default();
    let links = Links::of(orders, observation.specimen.as_ref(), contained, context);
    let mut statement = Statement::default();
    let reference = |reference: Option<ReferenceJson<'a>>| {
        text(reference.and_then(|reference| reference.reference))
    };
    statement.set(Attribute::Encounter, reference(observation.encounter.take()));
    let order = observation.based_on.take().and_then(|orders| orders.into_iter().next());
    statement.set(Attribute::Order, reference(order));
    statement.set(Attribute::Specimen, reference(observation.specimen.take()));
    let category = observation.category.take().and_then(|all| all.into_iter().next());
    statement.set(Attribute::Category, category.map(Concept::into_code).unwrap_or_default());
    let device = observation.device.take();
    let device = device.map(|device| text(device.reference.or(device.display)));
    let device = device.unwrap_or_default();
    Shared { valid, device, attributes: statement.attributes, links }
}

fn read_component<'a>(
    json: &'a RawValue,
    shared: &Shared<'a>,
    context: &Context<'_>,
    samples: &mut Samples,
    facts: &mut Vec<Fact<'a>>,
) -> Result<(), Refused> {
    let mut component: ComponentJson<'a> = parse(json.get())?;
    let codes = std::mem::take(&mut component.code).into_codings();
    if codes.is_empty() {
        return Err(Refused::new(Refusal::Undecodable, "the component has no code"));
    }
    let value = value_of!(component);
    check_series(&value, shared.valid, context)?;
    read_value(codes, value, shared, context, samples, facts);
    Ok(())
}

/// Refuses a series that is too long, or whose last sample lies ahead: none of it is cut off in silence.
fn check_series(value: &Value<'_>, valid: Valid, context: &Context<'_>) -> Result<(), Refused> {
    let Value::Sampled(sampled) = value else { return Ok(()) };
    let n_samples = sampled.data.split(' ').count();
    if SAMPLES_MAX < n_samples {
        let message = format!("valueSampledData: more than {SAMPLES_MAX} samples");
        return Err(Refused::new(Refusal::TooLarge, message));
    }
    let n_periods = i64::try_from(n_samples).unwrap_or(i64::MAX).saturating_sub(1);
    let length = Span::from_micros(sampled.period_micros.saturating_mul(n_periods));
    context.check_past(valid.start.plus(length), "valueSampledData")
}

/// Turns one coded value into facts, which are linked as one.
pub fn read_value<'a>(
    codes: Vec<Coding<'a>>,
    value: Value<'a>,
    shared: &Shared<'a>,
    context: &Context<'_>,
    samples: &mut Samples,
    facts: &mut Vec<Fact<'a>>,
) {
    let (signal, n_before) = (context.site.signal(&codes), facts.len());
    let links = shared.links.of_value((signal, &codes), shared.valid, &shared.device, facts);
    add_facts(signal, codes, value, shared, context, samples, facts);
    if !links.is_empty() {
        facts.iter_mut().skip(n_before).for_each(|fact| fact.links.clone_from(&links));
    }
}

fn add_facts<'a>(
    signal: Option<Signal>,
    codes: Vec<Coding<'a>>,
    value: Value<'a>,
    shared: &Shared<'a>,
    context: &Context<'_>,
    samples: &mut Samples,
    facts: &mut Vec<Fact<'a>>,
) {
    if context.site.has_states(ResourceKind::Observation) {
        let answer = value.codings();
        let statement = Statement::default();
        let kind = ResourceKind::Observation;
        facts.extend(state_facts(context.site, kind, (&codes, answer), shared.valid, &statement));
    }
    let Some(signal) = signal else {
        return facts.push(kept_as_it_came(codes, value, shared));
    };
    let code =
        codes.into_iter().find(|code| context.site.signal(std::slice::from_ref(code)).is_some());
    let code = code.map(|code| Coding { display: Cow::Borrowed(""), ..code }).unwrap_or_default();
    let statistic = match shared.valid.start == shared.valid.end {
        true => Statistic::Point,
        false => Statistic::Other,
    };
    let frame = Frame {
        signal,
        valid: shared.valid,
        origin: context.spec.origin,
        statistic,
        device: shared.device.clone(),
        code,
    };
    samples.add(context.site, frame, value, facts);
}

/// A result without a signal: kept and queryable, feeding no rule (TW-3).
fn kept_as_it_came<'a>(codes: Vec<Coding<'a>>, value: Value<'a>, shared: &Shared<'a>) -> Fact<'a> {
    let attributes = shared.attributes.clone();
    let mut statement = Statement { codes, attributes, ..Statement::default() };
    let (text, unit, absent) = value.into_texts();
    statement.set(Attribute::Value, text);
    statement.set(Attribute::Unit, unit);
    statement.set(Attribute::AbsentReason, absent);
    let body = Body::Statement(Box::new(statement));
    Fact { valid: shared.valid, links: Vec::new(), body }
}
