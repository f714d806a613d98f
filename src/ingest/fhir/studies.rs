//! `DiagnosticReport` and `ImagingStudy`.

use serde::Deserialize;

use crate::domain::event::ResourceKind;
use crate::domain::fact::Valid;
use crate::domain::refusal::Refusal;
use crate::domain::statement::{Activity, Attribute};
use crate::ingest::context::Context;
use crate::ingest::entry::ReadResource;
use crate::ingest::fhir::finish::{Head, finish, set_encounter, statement, taken_back};
use crate::ingest::fhir::problems::category_codes;
use crate::ingest::fhir::reference::patient;
use crate::ingest::fhir::status::{result_status, statement_status};
use crate::ingest::fhir::types::{
    CodingJson, Concept, IdentifierJson, MetaJson, PeriodJson, ReferenceJson, named,
};
use crate::ingest::json::{Text, parse, text};
use crate::ingest::refused::Refused;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReportJson<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    meta: Option<MetaJson<'a>>,
    #[serde(borrow)]
    status: Option<Text<'a>>,
    #[serde(borrow, default)]
    category: Vec<Concept<'a>>,
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
    issued: Option<Text<'a>>,
    #[serde(borrow, default)]
    based_on: Vec<ReferenceJson<'a>>,
    #[serde(borrow, default)]
    result: Vec<ReferenceJson<'a>>,
    #[serde(borrow, default)]
    imaging_study: Vec<ReferenceJson<'a>>,
    #[serde(borrow)]
    conclusion: Option<Text<'a>>,
    #[serde(borrow, default)]
    conclusion_code: Vec<Concept<'a>>,
}

/// Reads a DiagnosticReport.
///
/// # Errors
/// Why it was refused.
pub fn read_report<'a>(json: &'a str, context: &Context<'_>) -> Result<ReadResource<'a>, Refused> {
    let report: ReportJson<'a> = parse(json)?;
    let patient = patient(report.subject, context)?;
    let status = result_status(report.status.as_deref())?;
    let head = Head {
        kind: ResourceKind::DiagnosticReport,
        id: report.id,
        meta: report.meta,
        patient: Some(patient),
        recorded: report.issued.clone(),
        status,
    };
    if !status.counts() {
        return taken_back(head, context);
    }
    let at = report.effective_date_time.or(report.issued);
    let valid = match (&at, &report.effective_period) {
        (_, Some(period)) => context.period(period, "effectivePeriod")?,
        (Some(at), None) => {
            let at = context.past(at, "effective[x]")?;
            Valid::between(at, at)
        }
        (None, None) => {
            return Err(Refused::new(Refusal::BadTime, "neither effective[x] nor issued"));
        }
    };
    let mut said = statement(Activity::Active, report.status);
    (said.codes, said.text) = named(report.code);
    set_encounter(&mut said, report.encounter, context);
    let (categories, category) = category_codes(report.category);
    said.set(Attribute::Category, category);
    said.set(Attribute::Conclusion, text(report.conclusion));
    said.codes.extend(report.conclusion_code.into_iter().flat_map(Concept::into_codings));
    let list = |references: Vec<ReferenceJson<'a>>| {
        let references = references.iter().filter_map(|one| one.reference.as_deref());
        references.map(|one| context.references.resolve(one)).collect::<Vec<_>>().join(",")
    };
    said.set(Attribute::Order, list(report.based_on));
    said.set(Attribute::Results, list(report.result));
    said.set(Attribute::StudyUid, list(report.imaging_study));
    finish(head, context, valid, said, &categories)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StudyJson<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    meta: Option<MetaJson<'a>>,
    #[serde(borrow)]
    status: Option<Text<'a>>,
    #[serde(borrow, default)]
    identifier: Vec<IdentifierJson<'a>>,
    #[serde(borrow, default)]
    modality: Vec<CodingJson<'a>>,
    #[serde(borrow)]
    subject: Option<ReferenceJson<'a>>,
    #[serde(borrow)]
    encounter: Option<ReferenceJson<'a>>,
    #[serde(borrow)]
    started: Option<Text<'a>>,
    #[serde(borrow)]
    description: Option<Text<'a>>,
    #[serde(borrow, default)]
    procedure_code: Vec<Concept<'a>>,
    number_of_series: Option<u32>,
    number_of_instances: Option<u32>,
    #[serde(borrow, default)]
    series: Vec<SeriesJson<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SeriesJson<'a> {
    #[serde(borrow)]
    modality: Option<CodingJson<'a>>,
    #[serde(borrow)]
    body_site: Option<CodingJson<'a>>,
}

/// Reads an ImagingStudy.
///
/// # Errors
/// Why it was refused.
pub fn read_study<'a>(json: &'a str, context: &Context<'_>) -> Result<ReadResource<'a>, Refused> {
    let study: StudyJson<'a> = parse(json)?;
    let patient = patient(study.subject, context)?;
    let status = study.status.as_deref();
    let activity = match status {
        Some("available" | "registered") => Activity::Active,
        Some("cancelled" | "entered-in-error" | "unknown") => Activity::Void,
        _ => {
            return Err(Refused::new(
                Refusal::Undecodable,
                "status: expected a code of ImagingStudy",
            ));
        }
    };
    let version = statement_status(status);
    let at = match &study.started {
        Some(started) => context.past(started, "started")?,
        None => context.received_at,
    };
    let mut said = statement(activity, study.status);
    said.text = text(study.description);
    said.codes = study.procedure_code.into_iter().flat_map(Concept::into_codings).collect();
    set_encounter(&mut said, study.encounter, context);
    let (mut modalities, mut sites) = (Vec::new(), Vec::new());
    let of_study = study.modality.into_iter().map(CodingJson::into_coding);
    modalities.extend(of_study.map(|coding| coding.code));
    for series in study.series {
        modalities.extend(series.modality.map(|coding| coding.into_coding().code));
        sites.extend(series.body_site.map(|site| {
            let site = site.into_coding();
            if site.display.is_empty() { site.code } else { site.display }
        }));
    }
    for list in [&mut modalities, &mut sites] {
        list.sort_unstable();
        list.dedup();
    }
    said.set(Attribute::Modality, modalities.join(","));
    said.set(Attribute::BodySite, sites.join(","));
    for identifier in study.identifier {
        let (system, value) = (text(identifier.system), text(identifier.value));
        match system.as_ref() {
            "urn:dicom:uid" => {
                let uid = value.strip_prefix("urn:oid:").unwrap_or(&value).to_owned();
                said.set(Attribute::StudyUid, uid);
            }
            _ => said.set(Attribute::Accession, value),
        }
    }
    let count = |number: Option<u32>| number.map(|n| n.to_string()).unwrap_or_default();
    said.set(Attribute::SeriesCount, count(study.number_of_series));
    said.set(Attribute::InstanceCount, count(study.number_of_instances));
    let head = Head {
        kind: ResourceKind::ImagingStudy,
        id: study.id,
        meta: study.meta,
        patient: Some(patient),
        recorded: None,
        status: version,
    };
    finish(head, context, Valid::between(at, at), said, &[])
}
