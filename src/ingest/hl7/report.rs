//! `OBR` as a DiagnosticReport: that a panel or an examination was reported, and what it concludes.

use crate::domain::event::ResourceKind;
use crate::domain::fact::Valid;
use crate::domain::refusal::Refusal;
use crate::domain::statement::{Activity, Attribute, Statement};
use crate::ingest::context::Context;
use crate::ingest::entry::ReadResource;
use crate::ingest::fhir::finish::{Head, finish, taken_back};
use crate::ingest::fhir::status::result_status;
use crate::ingest::hl7::fault::Fault;
use crate::ingest::hl7::order::Order;
use crate::ingest::hl7::result::{Lines, Told, status};
use crate::ingest::hl7::{stamp, value, version};
use crate::ingest::json::Text;

/// The suffix of a code that says a line is the impression (HL7 2.5.1, 7.2.4): `71020&IMP`.
const IMPRESSION: &str = "IMP";

/// Reads the report of an order; `None` for an order of which nobody says how far it is.
///
/// # Errors
/// `BadTime`, or `Undecodable` for a status that is not in the table.
pub fn read(
    order: &Order<'_, '_>,
    lines: &[Lines<'_, '_>],
    told: &Told,
    context: &Context<'_>,
) -> Result<Option<ReadResource<'static>>, Fault> {
    let Some(status) = status_of(order, lines)? else { return Ok(None) };
    let counts = result_status(Some(status)).map_err(Fault::at(&order.obr.pointer("25")))?;
    let head = Head {
        kind: ResourceKind::DiagnosticReport,
        id: Some(Text(order.name(&told.patient).into())),
        meta: version::meta(told.sent_at.or(told.issued_at)),
        patient: Some(told.patient.clone().into()),
        recorded: told.issued_at.map(|at| Text(at.to_string().into())),
        status: counts,
    };
    let failed = Fault::at("OBR");
    if !counts.counts() {
        return taken_back(head, context).map(Some).map_err(failed);
    }
    let valid = examined(order, told, context)?;
    let mut said = Statement {
        activity: Activity::Active,
        status: status.into(),
        codes: order.service(),
        ..Statement::default()
    };
    said.set(Attribute::Encounter, told.encounter.clone());
    said.set(Attribute::Category, order.obr.part(24).text());
    said.set(Attribute::Conclusion, conclusion(lines));
    said.set(Attribute::Order, order.reference());
    let results = lines.iter().map(|lines| format!("Observation/{}", lines.id));
    said.set(Attribute::Results, results.collect::<Vec<_>>().join(","));
    finish(head, context, valid, said, &[]).map(Some).map_err(failed)
}

/// The status of the order as FHIR writes it (HL7 table 0123); where it has none, the one that all of its
/// results have.
fn status_of(
    order: &Order<'_, '_>,
    lines: &[Lines<'_, '_>],
) -> Result<Option<&'static str>, Fault> {
    Ok(Some(match order.obr.part(25).text().as_str() {
        "F" => "final",
        "C" => "corrected",
        "P" | "R" | "M" => "preliminary",
        "A" => "partial",
        "S" | "I" | "O" => "registered",
        "X" => "cancelled",
        "" => {
            let first = |lines: &Lines<'_, '_>| status(lines.all.first()?, order).ok();
            let mut all: Vec<_> = lines.iter().map(first).collect();
            all.dedup();
            return match all.as_slice() {
                [Some((_, one))] => Ok(Some(one)),
                _ => Ok(None),
            };
        }
        _ => {
            let message = "the status of the order: expected a code of HL7 table 0123";
            return Err(Fault::unreadable(order.obr.pointer("25"), message));
        }
    }))
}

/// When it was examined, else when it was reported.
fn examined(order: &Order<'_, '_>, told: &Told, context: &Context<'_>) -> Result<Valid, Fault> {
    let at = order.obr.part(7);
    if !at.text().is_empty() {
        return stamp::measured(at, &order.obr.pointer("7"), context);
    }
    let reported = told.issued_at.map(|at| Valid::between(at, at));
    reported.ok_or_else(|| {
        let message = "neither OBR-7 nor OBR-22 says when this was";
        Fault::new(Refusal::BadTime, order.obr.pointer("7"), message)
    })
}

/// The impression of a report, else all of its text.
fn conclusion(lines: &[Lines<'_, '_>]) -> String {
    let kind = |lines: &&Lines<'_, '_>| lines.all.first().map(|obx| obx.part(2).text());
    let text = || lines.iter().filter(|lines| matches!(kind(lines).as_deref(), Some("TX" | "FT")));
    let is_impression = |lines: &&Lines<'_, '_>| {
        let code = lines.all.first().map(|obx| obx.part(3).component(1).subcomponent(2).text());
        code.as_deref() == Some(IMPRESSION)
    };
    let said = |lines: &Lines<'_, '_>| value::joined(&lines.all);
    let impression: Vec<String> = text().filter(is_impression).map(said).collect();
    if impression.is_empty() {
        return text().map(said).collect::<Vec<_>>().join("\n");
    }
    impression.join("\n")
}
