//! What was ordered, prescribed, taken and given: medication resources and `ServiceRequest`.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::domain::coding::Coding;
use crate::domain::event::ResourceKind;
use crate::domain::fact::Valid;
use crate::domain::refusal::Refusal;
use crate::domain::statement::{Activity, Attribute, Statement};
use crate::domain::time::Timestamp;
use crate::ingest::context::Context;
use crate::ingest::entry::ReadResource;
use crate::ingest::fhir::finish::{Head, finish, set_encounter, statement};
use crate::ingest::fhir::problems::category_codes;
use crate::ingest::fhir::reference::patient;
use crate::ingest::fhir::status::statement_status;
use crate::ingest::fhir::types::{Concept, MetaJson, PeriodJson, ReferenceJson, named};
use crate::ingest::json::{Text, parse, text};
use crate::ingest::refused::Refused;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OrderJson<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    meta: Option<MetaJson<'a>>,
    #[serde(borrow)]
    status: Option<Text<'a>>,
    #[serde(borrow)]
    intent: Option<Text<'a>>,
    #[serde(borrow)]
    priority: Option<Text<'a>>,
    #[serde(borrow)]
    category: Option<&'a RawValue>,
    #[serde(borrow)]
    code: Option<Concept<'a>>,
    #[serde(borrow)]
    medication_codeable_concept: Option<Concept<'a>>,
    #[serde(borrow)]
    medication_reference: Option<ReferenceJson<'a>>,
    #[serde(borrow)]
    contained: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    subject: Option<ReferenceJson<'a>>,
    #[serde(borrow)]
    encounter: Option<ReferenceJson<'a>>,
    #[serde(borrow)]
    context: Option<ReferenceJson<'a>>,
    #[serde(borrow)]
    authored_on: Option<Text<'a>>,
    #[serde(borrow)]
    date_asserted: Option<Text<'a>>,
    #[serde(borrow)]
    effective_date_time: Option<Text<'a>>,
    #[serde(borrow)]
    effective_period: Option<PeriodJson<'a>>,
    #[serde(borrow)]
    occurrence_date_time: Option<Text<'a>>,
    #[serde(borrow)]
    occurrence_period: Option<PeriodJson<'a>>,
    #[serde(borrow, default)]
    dosage_instruction: Vec<&'a RawValue>,
    #[serde(borrow)]
    dispense_request: Option<DispenseJson<'a>>,
    do_not_perform: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DispenseJson<'a> {
    #[serde(borrow)]
    validity_period: Option<PeriodJson<'a>>,
}

#[derive(Debug, Deserialize)]
struct DosageJson<'a> {
    #[serde(borrow)]
    text: Option<Text<'a>>,
    #[serde(borrow)]
    route: Option<Concept<'a>>,
}

#[derive(Debug, Deserialize)]
struct ContainedJson<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    code: Option<Concept<'a>>,
}

/// Reads a MedicationRequest, MedicationStatement, MedicationAdministration or ServiceRequest.
///
/// # Errors
/// Why it was refused.
pub fn read_order<'a>(
    kind: ResourceKind,
    json: &'a str,
    context: &Context<'_>,
) -> Result<ReadResource<'a>, Refused> {
    let mut order: OrderJson<'a> = parse(json)?;
    let patient = patient(order.subject.take(), context)?;
    let version = statement_status(order.status.as_deref());
    let activity = activity(&order)?;
    let valid = valid(kind, &order, activity, context)?;
    let mut said = statement(activity, order.status.take());
    set_what(&mut said, &mut order)?;
    said.set(Attribute::Intent, text(order.intent.take()));
    said.set(Attribute::Priority, text(order.priority.take()));
    set_encounter(&mut said, order.encounter.take().or(order.context.take()), context);
    if let Some(dosage) = order.dosage_instruction.first() {
        let dosage: DosageJson<'a> = parse(dosage.get())?;
        said.set(Attribute::Dose, text(dosage.text));
        said.set(Attribute::Route, dosage.route.map(Concept::into_label).unwrap_or_default());
    }
    let categories = match order.category {
        // One concept for statements and administrations, a list for requests.
        Some(json) if json.get().starts_with('[') => parse(json.get())?,
        Some(json) => vec![parse::<Concept<'a>>(json.get())?],
        None => Vec::new(),
    };
    let (categories, category) = category_codes(categories);
    said.set(Attribute::Category, category);
    let head = Head {
        kind,
        id: order.id,
        meta: order.meta,
        patient: Some(patient),
        recorded: order.authored_on.or(order.date_asserted),
        status: version,
    };
    finish(head, context, valid, said, &categories)
}

fn activity(order: &OrderJson<'_>) -> Result<Activity, Refused> {
    let intended = matches!(order.intent.as_deref(), Some("proposal" | "plan" | "option"));
    let by_status = match order.status.as_deref() {
        Some("active" | "intended" | "in-progress") => Activity::Active,
        Some("completed" | "stopped" | "revoked" | "on-hold") => Activity::Ended,
        Some("draft") => Activity::Planned,
        Some("cancelled" | "entered-in-error" | "unknown" | "not-taken" | "not-done") => {
            Activity::Void
        }
        _ => return Err(Refused::new(Refusal::Undecodable, "status: not a code of FHIR R4")),
    };
    Ok(match by_status {
        _ if order.do_not_perform == Some(true) => Activity::Void,
        Activity::Active if intended => Activity::Planned,
        activity => activity,
    })
}

/// From when to when it is in force.
fn valid(
    kind: ResourceKind,
    order: &OrderJson<'_>,
    activity: Activity,
    context: &Context<'_>,
) -> Result<Valid, Refused> {
    let given = order.effective_period.as_ref().or(order.occurrence_period.as_ref());
    if let Some(period) = given {
        let valid = context.period(period, "effectivePeriod")?;
        if kind == ResourceKind::MedicationAdministration && activity == Activity::Active {
            context.check_past(valid.start, "effectivePeriod")?;
        }
        return Ok(valid);
    }
    let at = order.effective_date_time.as_deref().or(order.occurrence_date_time.as_deref());
    if let (Some(at), ResourceKind::MedicationAdministration) = (at, kind) {
        let at = context.past(at, "effectiveDateTime")?;
        return Ok(Valid::between(at, at));
    }
    let start = at.or(order.authored_on.as_deref()).or(order.date_asserted.as_deref());
    let start = match start {
        Some(text) => context.any(text, "authoredOn")?,
        None if activity == Activity::Active => {
            return Err(Refused::new(Refusal::BadTime, "neither authoredOn nor effective[x]"));
        }
        None => context.received_at,
    };
    let supply = order.dispense_request.as_ref().and_then(|d| d.validity_period.as_ref());
    let end = supply.and_then(|period| period.end.as_deref());
    let end = end.map(|text| context.end(text, "dispenseRequest.validityPeriod")).transpose()?;
    // The supply of an active prescription may run out before the prescription does: only one that
    // ended is taken to have ended with it.
    let end = end.filter(|_| activity == Activity::Ended).unwrap_or(Timestamp::FOREVER);
    Ok(Valid::between(start, end.max(start)))
}

/// The codes of what was ordered: its own, or those of a contained Medication.
fn set_what<'a>(said: &mut Statement<'a>, order: &mut OrderJson<'a>) -> Result<(), Refused> {
    (said.codes, said.text) = named(order.medication_codeable_concept.take().or(order.code.take()));
    let Some(reference) = order.medication_reference.take() else { return Ok(()) };
    let name = text(reference.reference);
    if let Some(local) = name.strip_prefix('#') {
        for contained in order.contained.take().unwrap_or_default() {
            let contained: ContainedJson<'a> = parse(contained.get())?;
            if contained.id.as_deref() == Some(local) {
                (said.codes, said.text) = named(contained.code);
            }
        }
    }
    if said.codes.is_empty() && said.text.is_empty() {
        said.codes = vec![Coding::new("", name, text(reference.display))];
    }
    Ok(())
}
