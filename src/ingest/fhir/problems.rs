//! `Condition`, `AllergyIntolerance`, `Procedure`, `Immunization`: what the patient has or had.

use std::borrow::Cow;

use serde::Deserialize;

use crate::domain::event::{ResourceKind, Status};
use crate::domain::fact::Valid;
use crate::domain::refusal::Refusal;
use crate::domain::statement::{Activity, Attribute};
use crate::domain::time::Timestamp;
use crate::ingest::context::Context;
use crate::ingest::entry::ReadResource;
use crate::ingest::fhir::finish::{Head, finish, set_encounter, statement};
use crate::ingest::fhir::reference::patient;
use crate::ingest::fhir::status::statement_status;
use crate::ingest::fhir::types::{Concept, MetaJson, PeriodJson, ReferenceJson, codings, named};
use crate::ingest::json::{Text, parse, text};
use crate::ingest::refused::Refused;

/// Conditions and allergies: both have a clinical and a verification status.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProblemJson<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    meta: Option<MetaJson<'a>>,
    #[serde(borrow)]
    clinical_status: Option<Concept<'a>>,
    #[serde(borrow)]
    verification_status: Option<Concept<'a>>,
    #[serde(borrow)]
    code: Option<Concept<'a>>,
    #[serde(borrow)]
    criticality: Option<Text<'a>>,
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow, default)]
    reaction: Vec<ReactionJson<'a>>,
    #[serde(borrow)]
    subject: Option<ReferenceJson<'a>>,
    #[serde(borrow)]
    patient: Option<ReferenceJson<'a>>,
    #[serde(borrow)]
    encounter: Option<ReferenceJson<'a>>,
    #[serde(borrow)]
    onset_date_time: Option<Text<'a>>,
    #[serde(borrow)]
    onset_period: Option<PeriodJson<'a>>,
    #[serde(borrow)]
    abatement_date_time: Option<Text<'a>>,
    #[serde(borrow)]
    abatement_period: Option<PeriodJson<'a>>,
    #[serde(borrow)]
    recorded_date: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
struct ReactionJson<'a> {
    #[serde(borrow, default)]
    manifestation: Vec<Concept<'a>>,
}

/// Reads a Condition or an AllergyIntolerance.
///
/// # Errors
/// Why it was refused.
pub fn read_problem<'a>(
    kind: ResourceKind,
    json: &'a str,
    context: &Context<'_>,
) -> Result<ReadResource<'a>, Refused> {
    let problem: ProblemJson<'a> = parse(json)?;
    let patient = patient(problem.subject.or(problem.patient), context)?;
    let clinical = problem.clinical_status.map(Concept::into_code).unwrap_or_default();
    let verification = problem.verification_status.map(Concept::into_code).unwrap_or_default();
    let activity = match (clinical.as_ref(), verification.as_ref()) {
        (_, "refuted" | "entered-in-error") => Activity::Void,
        (_, "unconfirmed" | "provisional" | "differential") => Activity::Planned,
        ("inactive" | "remission" | "resolved", _) => Activity::Ended,
        _ => Activity::Active,
    };
    let onset = match (&problem.onset_date_time, &problem.onset_period) {
        (Some(onset), _) => Some(context.past(onset, "onsetDateTime")?),
        (None, Some(period)) => Some(context.period(period, "onsetPeriod")?.start),
        (None, None) => None,
    };
    let recorded = problem.recorded_date.as_deref();
    let recorded = recorded.map(|text| context.past(text, "recordedDate")).transpose()?;
    let end = match (&problem.abatement_date_time, &problem.abatement_period) {
        (Some(end), _) => Some(context.end(end, "abatementDateTime")?),
        (None, Some(period)) => Some(context.period(period, "abatementPeriod")?.end),
        (None, None) => None,
    };
    let start = onset.or(recorded).unwrap_or(context.received_at);
    let end = end.unwrap_or(Timestamp::FOREVER);
    let status = match verification.as_ref() {
        "entered-in-error" => Status::EnteredInError,
        _ => Status::Final,
    };
    let mut said = statement(activity, Some(Text(clinical)));
    (said.codes, said.text) = named(problem.code);
    said.set(Attribute::Verification, verification);
    said.set(Attribute::Criticality, text(problem.criticality));
    said.set(Attribute::Type, text(problem.kind));
    said.set(Attribute::Reactions, reactions(problem.reaction));
    set_encounter(&mut said, problem.encounter, context);
    let head = Head {
        kind,
        id: problem.id,
        meta: problem.meta,
        patient: Some(patient),
        recorded: problem.recorded_date,
        status,
    };
    finish(head, context, Valid::between(start, end.max(start)), said, &[])
}

/// `http://snomed.info/sct|73442001, hives`: a code where there is one, else what it is called.
fn reactions(reactions: Vec<ReactionJson<'_>>) -> String {
    let shown = reactions.into_iter().flat_map(|reaction| reaction.manifestation);
    let texts = shown.flat_map(|concept| {
        let (codes, text) = named(Some(concept));
        let texts = Some(text.into_owned()).filter(|text| !text.is_empty());
        let coded = codes.into_iter().map(|code| match code.system.is_empty() {
            true => code.display.into_owned(),
            false => format!("{}|{}", code.system, code.code),
        });
        coded.chain(texts).collect::<Vec<String>>()
    });
    texts.collect::<Vec<_>>().join(", ")
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DeedJson<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    meta: Option<MetaJson<'a>>,
    #[serde(borrow)]
    status: Option<Text<'a>>,
    #[serde(borrow)]
    code: Option<Concept<'a>>,
    #[serde(borrow)]
    vaccine_code: Option<Concept<'a>>,
    #[serde(borrow)]
    subject: Option<ReferenceJson<'a>>,
    #[serde(borrow)]
    patient: Option<ReferenceJson<'a>>,
    #[serde(borrow)]
    encounter: Option<ReferenceJson<'a>>,
    #[serde(borrow)]
    performed_date_time: Option<Text<'a>>,
    #[serde(borrow)]
    performed_period: Option<PeriodJson<'a>>,
    #[serde(borrow)]
    performed_string: Option<Text<'a>>,
    #[serde(borrow)]
    occurrence_date_time: Option<Text<'a>>,
    #[serde(borrow)]
    occurrence_string: Option<Text<'a>>,
    #[serde(borrow)]
    recorded: Option<Text<'a>>,
}

/// Reads a Procedure or an Immunization.
///
/// # Errors
/// Why it was refused.
pub fn read_deed<'a>(
    kind: ResourceKind,
    json: &'a str,
    context: &Context<'_>,
) -> Result<ReadResource<'a>, Refused> {
    let deed: DeedJson<'a> = parse(json)?;
    let patient = patient(deed.subject.or(deed.patient), context)?;
    let activity = match deed.status.as_deref() {
        Some("completed" | "in-progress" | "on-hold" | "stopped") => Activity::Active,
        Some("preparation") => Activity::Planned,
        Some("not-done" | "entered-in-error" | "unknown") => Activity::Void,
        _ => return Err(Refused::new(Refusal::Undecodable, "status: not a code of FHIR R4")),
    };
    let version = statement_status(deed.status.as_deref());
    let mut said = statement(activity, deed.status);
    let at = deed.performed_date_time.or(deed.occurrence_date_time);
    let valid = match (&at, &deed.performed_period) {
        (Some(at), _) => {
            let at = context.any(at, "performed[x]")?;
            Valid::between(at, at)
        }
        (None, Some(period)) => context.period(period, "performedPeriod")?,
        (None, None) => {
            // Told in words: the words are kept, the time is that of the telling.
            said.text = text(deed.performed_string.or(deed.occurrence_string));
            Valid::between(context.received_at, context.received_at)
        }
    };
    if activity == Activity::Active {
        // What was done was done by now; what is prepared may lie ahead.
        context.check_past(valid.start, "performed[x]")?;
    }
    said.codes = codings(deed.code.or(deed.vaccine_code));
    set_encounter(&mut said, deed.encounter, context);
    let head = Head {
        kind,
        id: deed.id,
        meta: deed.meta,
        patient: Some(patient),
        recorded: deed.recorded,
        status: version,
    };
    finish(head, context, valid, said, &[])
}

/// The codes of a category, for what gates rules.
pub fn category_codes<'a>(
    categories: Vec<Concept<'a>>,
) -> (Vec<crate::domain::coding::Coding<'a>>, Cow<'a, str>) {
    let codings: Vec<_> = categories.into_iter().flat_map(Concept::into_codings).collect();
    let first = codings.first().map(|coding| coding.code.clone()).unwrap_or_default();
    (codings, first)
}
