//! Open mHealth and IEEE 1752.1: data points and data series of wearables and home devices.
//!
//! ```text
//! { header: { schema_id, user_id?, creation_date_time | source_creation_date_time, … },
//!   body: { heart_rate: { value, unit }, effective_time_frame, … }  or a list of such }
//! ```
//! Both header dialects are read. Every sample is known by what it measures (signal, device, period,
//! statistic), so that an upload that is sent again changes nothing.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::domain::coding::Coding;
use crate::domain::decimal::{Decimal, DecimalError};
use crate::domain::event::{Resource, ResourceKind, Status, Version};
use crate::domain::fact::{Fact, Origin, Raw, Statistic};
use crate::domain::refusal::{Refusal, Unusable};
use crate::domain::signal::Signal;
use crate::ingest::context::Context;
use crate::ingest::entry::{Entry, Outcome, ReadResource};
use crate::ingest::fhir::reference::check;
use crate::ingest::json::{Text, parse, text};
use crate::ingest::omh_time::{TimeFrameJson, instant};
use crate::ingest::refused::Refused;
use crate::ingest::samples::{Frame, SAMPLES_MAX, Samples};

#[derive(Debug, Deserialize)]
struct PointJson<'a> {
    #[serde(borrow)]
    header: HeaderJson<'a>,
    #[serde(borrow)]
    body: &'a RawValue,
}

#[derive(Debug, Deserialize)]
struct HeaderJson<'a> {
    #[serde(borrow)]
    schema_id: SchemaJson<'a>,
    #[serde(borrow)]
    user_id: Option<Text<'a>>,
    #[serde(borrow)]
    creation_date_time: Option<Text<'a>>,
    #[serde(borrow)]
    source_creation_date_time: Option<Text<'a>>,
    #[serde(borrow)]
    acquisition_provenance: Option<ProvenanceJson<'a>>,
    #[serde(borrow)]
    modality: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
struct SchemaJson<'a> {
    #[serde(borrow)]
    namespace: Option<Text<'a>>,
    #[serde(borrow)]
    name: Text<'a>,
}

#[derive(Debug, Deserialize)]
struct ProvenanceJson<'a> {
    #[serde(borrow)]
    source_name: Option<Text<'a>>,
    #[serde(borrow)]
    source_creation_date_time: Option<Text<'a>>,
    #[serde(borrow)]
    modality: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
struct BodyJson<'a> {
    #[serde(borrow)]
    heart_rate: Option<UnitValueJson<'a>>,
    #[serde(borrow)]
    respiratory_rate: Option<UnitValueJson<'a>>,
    #[serde(borrow)]
    oxygen_saturation: Option<UnitValueJson<'a>>,
    #[serde(borrow)]
    supplemental_oxygen_flow_rate: Option<UnitValueJson<'a>>,
    #[serde(borrow)]
    step_count: Option<UnitValueJson<'a>>,
    #[serde(borrow)]
    base_movement_quantity: Option<UnitValueJson<'a>>,
    #[serde(borrow)]
    sleep_duration: Option<UnitValueJson<'a>>,
    #[serde(borrow)]
    total_sleep_time: Option<UnitValueJson<'a>>,
    #[serde(borrow)]
    blood_glucose: Option<UnitValueJson<'a>>,
    #[serde(borrow)]
    specimen_source: Option<Text<'a>>,
    #[serde(borrow)]
    systolic_blood_pressure: Option<UnitValueJson<'a>>,
    #[serde(borrow)]
    diastolic_blood_pressure: Option<UnitValueJson<'a>>,
    #[serde(borrow)]
    body_weight: Option<UnitValueJson<'a>>,
    #[serde(borrow)]
    body_temperature: Option<UnitValueJson<'a>>,
    #[serde(borrow)]
    measurement_location: Option<Text<'a>>,
    #[serde(borrow)]
    effective_time_frame: Option<TimeFrameJson<'a>>,
    #[serde(borrow)]
    descriptive_statistic: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
struct UnitValueJson<'a> {
    #[serde(borrow)]
    value: &'a RawValue,
    #[serde(borrow)]
    unit: Option<Text<'a>>,
}

/// The schemas that are used.
const SCHEMAS: [&str; 11] = [
    "heart-rate",
    "respiratory-rate",
    "oxygen-saturation",
    "step-count",
    "physical-activity",
    "sleep-duration",
    "sleep-episode",
    "blood-glucose",
    "blood-pressure",
    "body-weight",
    "body-temperature",
];

/// Reads a record: one data point or series, or a list of them.
///
/// # Errors
/// Why the record as a whole was refused.
pub fn read_record<'a>(
    json: &'a str,
    context: &Context<'_>,
    samples: &mut Samples,
) -> Result<Vec<Entry<'a>>, Refused> {
    if !json.trim_start().starts_with('[') {
        return Ok(vec![read_point(json, String::new(), context, samples)]);
    }
    let points: Vec<&'a RawValue> = parse(json)?;
    if SAMPLES_MAX < points.len() {
        return Err(Refused::new(
            Refusal::TooLarge,
            format!("more than {SAMPLES_MAX} data points"),
        ));
    }
    let numbered = points.into_iter().enumerate();
    Ok(numbered
        .map(|(index, point)| read_point(point.get(), format!("/{index}"), context, samples))
        .collect())
}

fn read_point<'a>(
    json: &'a str,
    pointer: String,
    context: &Context<'_>,
    samples: &mut Samples,
) -> Entry<'a> {
    let point: PointJson<'a> = match parse(json) {
        Ok(point) => point,
        Err(refused) => {
            let resource_type = Cow::Borrowed("");
            return Entry { pointer, resource_type, outcome: Outcome::Refused(refused) };
        }
    };
    let schema = point.header.schema_id.name.0.clone();
    let namespace = point.header.schema_id.namespace.as_deref().unwrap_or("omh");
    let resource_type = Cow::Owned(format!("{namespace}:{schema}"));
    if !SCHEMAS.contains(&schema.as_ref()) {
        return Entry { pointer, resource_type, outcome: Outcome::NotUsed };
    }
    let read = read_used(point, &resource_type, context, samples);
    let outcome = read.map_or_else(Outcome::Refused, Outcome::Read);
    Entry { pointer, resource_type, outcome }
}

/// What the samples of one point or series share.
struct Shared<'a> {
    code: Coding<'a>,
    device: Cow<'a, str>,
    origin: Origin,
}

fn read_used<'a>(
    point: PointJson<'a>,
    code: &str,
    context: &Context<'_>,
    samples: &mut Samples,
) -> Result<ReadResource<'a>, Refused> {
    let header = point.header;
    let patient = match context.patient {
        Some(named) => Cow::Owned(named.to_owned()),
        None => {
            let user = header.user_id.ok_or_else(|| {
                Refused::new(
                    Refusal::NoPatient,
                    "header.user_id is missing, and no key or header is configured",
                )
            })?;
            check(user.0)?
        }
    };
    let provenance = header.acquisition_provenance;
    let (source, created, modality) = match provenance {
        Some(provenance) => {
            (provenance.source_name, provenance.source_creation_date_time, provenance.modality)
        }
        None => (None, None, None),
    };
    let created = header.creation_date_time.or(header.source_creation_date_time).or(created);
    let created = created.map(|at| instant(&at, "creation_date_time", context)).transpose()?;
    let modality = header.modality.or(modality);
    let origin = match modality.as_deref() {
        Some("self-reported") => Origin::SelfReported,
        _ => context.spec.origin,
    };
    let code = Coding::new("https://w3id.org/openmhealth", code.to_owned(), "");
    let shared = Shared { code, device: text(source), origin };
    let schema = header.schema_id.name;
    let mut facts = Vec::new();
    let mut refused_parts = Vec::new();
    if point.body.get().starts_with('[') {
        let bodies: Vec<&'a RawValue> = parse(point.body.get())?;
        if SAMPLES_MAX < bodies.len() {
            return Err(Refused::new(
                Refusal::TooLarge,
                format!("more than {SAMPLES_MAX} samples"),
            ));
        }
        for (index, body) in bodies.into_iter().enumerate() {
            if let Err(refused) = read_body(body, &schema, &shared, context, samples, &mut facts) {
                refused_parts.push((format!("/body/{index}"), refused));
            }
        }
    } else {
        read_body(point.body, &schema, &shared, context, samples, &mut facts)?;
    }
    let revised_at = created.unwrap_or(context.received_at);
    let version = Version { revised_at, version_id: None, status: Status::Final };
    let (kind, id) = (ResourceKind::Measurement, Cow::Borrowed(""));
    let resource = Resource { kind, id, version, recorded_at: created, content: 0, facts };
    Ok(ReadResource { patient: Some(patient), resource, refused_parts })
}

fn read_body<'a>(
    json: &'a RawValue,
    schema: &str,
    shared: &Shared<'a>,
    context: &Context<'_>,
    samples: &mut Samples,
    facts: &mut Vec<Fact<'a>>,
) -> Result<(), Refused> {
    let body: BodyJson<'a> = parse(json.get())?;
    let frame = body.effective_time_frame.as_ref();
    let frame =
        frame.ok_or_else(|| Refused::new(Refusal::BadTime, "effective_time_frame is missing"))?;
    let valid = frame.read(context)?;
    let statistic = match (body.descriptive_statistic.as_deref(), schema) {
        (None, "step-count" | "physical-activity" | "sleep-duration" | "sleep-episode") => {
            Statistic::Sum
        }
        (None, _) if valid.start == valid.end => Statistic::Point,
        (Some("average"), _) => Statistic::Mean,
        (Some("minimum"), _) => Statistic::Minimum,
        (Some("maximum"), _) => Statistic::Maximum,
        (Some("median"), _) => Statistic::Median,
        (Some("sum"), _) => Statistic::Sum,
        _ => Statistic::Other,
    };
    let mut values = Vec::new();
    for (name, value) in values_of(body, schema) {
        let value = value.ok_or_else(|| {
            Refused::new(Refusal::Undecodable, format!("the body of a {schema} lacks `{name}`"))
        })?;
        let signal = Signal::named(name).expect("values_of names signals");
        let Shared { code, device, origin } = shared;
        let (code, device, origin) = (code.clone(), device.clone(), *origin);
        values.push((Frame { signal, valid, origin, statistic, device, code }, value));
    }
    add_values(values, samples, facts);
    Ok(())
}

type Named<'a> = (&'static str, Option<UnitValueJson<'a>>);

/// The signals of a schema, with the values that stand in the body.
fn values_of<'a>(body: BodyJson<'a>, schema: &str) -> Vec<Named<'a>> {
    match schema {
        "heart-rate" => vec![("heart_rate", body.heart_rate)],
        "respiratory-rate" => vec![("respiratory_rate", body.respiratory_rate)],
        "oxygen-saturation" => {
            let flow = body.supplemental_oxygen_flow_rate.map(|flow| ("o2_flow", Some(flow)));
            [("spo2", body.oxygen_saturation)].into_iter().chain(flow).collect()
        }
        "step-count" => vec![("steps", body.step_count)],
        "physical-activity" => {
            // Of an activity only steps are used; a swim has none.
            let is_steps = |value: &UnitValueJson<'_>| value.unit.as_deref() == Some("steps");
            let steps = body.base_movement_quantity.filter(is_steps);
            steps.map(|steps| ("steps", Some(steps))).into_iter().collect()
        }
        "sleep-duration" => vec![("sleep_duration", body.sleep_duration)],
        "sleep-episode" => {
            body.total_sleep_time.map(|time| ("sleep_duration", Some(time))).into_iter().collect()
        }
        "blood-glucose" => {
            let signal = match body.specimen_source.as_deref() {
                Some("interstitial fluid") => "glucose_interstitial",
                Some("plasma" | "serum" | "whole blood") => "glucose",
                // Blood glucose that a person measures is a meter's, from capillary blood.
                _ => "glucose_capillary",
            };
            vec![(signal, body.blood_glucose)]
        }
        "blood-pressure" => vec![
            ("systolic_blood_pressure", body.systolic_blood_pressure),
            ("diastolic_blood_pressure", body.diastolic_blood_pressure),
        ],
        "body-weight" => vec![("body_weight", body.body_weight)],
        "body-temperature" => {
            let signal = match body.measurement_location.as_deref() {
                // Skin is not core: it would fire fever and hypothermia rules.
                Some("wrist" | "finger" | "toe" | "forehead") => "temperature_skin",
                _ => "temperature",
            };
            vec![(signal, body.body_temperature)]
        }
        _ => Vec::new(),
    }
}

fn add_values<'a>(
    values: Vec<(Frame<'a>, UnitValueJson<'a>)>,
    samples: &mut Samples,
    facts: &mut Vec<Fact<'a>>,
) {
    // A pair that is not systolic over diastolic was read from the wrong lines: never swapped.
    let number = |index: usize| {
        let (_, value) = values.get(index)?;
        Decimal::parse(value.value.get()).ok().and_then(|value| value.rounded(0))
    };
    let is_pair = values.len() == 2
        && values
            .first()
            .is_some_and(|(frame, _)| frame.signal.spec().name == "systolic_blood_pressure");
    let is_reversed = is_pair && number(0) <= number(1);
    for (frame, value) in values {
        let raw = Raw { value: Cow::Borrowed(value.value.get()), unit: unit(&frame, value.unit) };
        match Decimal::parse(value.value.get()) {
            Ok(_) if is_reversed => {
                samples.add_unusable(frame, raw, Unusable::ValueImplausible, facts);
            }
            Ok(number) => samples.add_quantity(frame, number, raw, facts),
            Err(DecimalError::Malformed) => {
                samples.add_unusable(frame, raw, Unusable::ValueUnreadable, facts);
            }
            Err(DecimalError::OutOfRange) => {
                samples.add_unusable(frame, raw, Unusable::ValueImplausible, facts);
            }
        }
    }
}

/// Units as the schemas define them: here `C` and `F` are degrees, because the schema says so.
fn unit<'a>(frame: &Frame<'_>, unit: Option<Text<'a>>) -> Cow<'a, str> {
    let is_temperature = frame.signal.spec().unit == "Cel";
    match unit.as_deref() {
        Some("C") if is_temperature => Cow::Borrowed("Cel"),
        Some("F") if is_temperature => Cow::Borrowed("[degF]"),
        Some("sec") => Cow::Borrowed("s"),
        Some("lb") => Cow::Borrowed("[lb_av]"),
        Some("oz") => Cow::Borrowed("[oz_av]"),
        Some("Metric Ton") => Cow::Borrowed("t"),
        Some("gr") => Cow::Borrowed("[gr]"),
        Some("Ton") => Cow::Borrowed("[ston_av]"),
        Some("Mo") => Cow::Borrowed("mo"),
        Some("yr") => Cow::Borrowed("a"),
        _ => text(unit),
    }
}
