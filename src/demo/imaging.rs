//! The imaging desk: a study in the archive (DICOM JSON and FHIR ImagingStudy), then its report.
//!
//! ```text
//! order ─► DICOM JSON (demo.dicom) ─► ImagingStudy ─► DiagnosticReport preliminary ─► final
//! ```

use crate::demo::chance::Chance;
use crate::demo::codes;
use crate::demo::codes::{ACCESSION_SYSTEM, Code};
use crate::demo::desk::Desk;
use crate::demo::fhir::{compact, hl7_concept, meta, quantity, reference};
use crate::demo::json::{Json, Layout, object};
use crate::demo::orders::{Occurrence, service_request};
use crate::demo::person::Person;
use crate::demo::record::IMAGING;
use crate::demo::sender::Version;
use crate::domain::person::Sex;
use crate::domain::time::{Span, Timestamp};

/// What is examined, and with what.
#[derive(Debug, PartialEq, Eq)]
pub struct Examination {
    /// The DICOM modality.
    pub modality: &'static str,
    /// The SOP class of its images.
    sop_class: &'static str,
    /// Its code.
    pub code: &'static Code,
    /// How many images one series has.
    n_instances: i64,
}

/// CT of the chest.
pub static CT_CHEST: Examination = Examination {
    modality: "CT",
    sop_class: "1.2.840.10008.5.1.4.1.1.2",
    code: &codes::CT_CHEST,
    n_instances: 214,
};
/// Chest film.
pub static CHEST_FILM: Examination = Examination {
    modality: "DX",
    sop_class: "1.2.840.10008.5.1.4.1.1.1.1",
    code: &codes::CHEST_FILM,
    n_instances: 2,
};

/// A study of one patient.
#[derive(Debug)]
pub struct Study<'s> {
    /// Whose it is.
    pub person: &'s Person,
    /// The stay's id.
    pub encounter: String,
    /// What was examined.
    pub examination: &'static Examination,
    /// When it began.
    pub started: Timestamp,
    /// The study's UID.
    pub uid: String,
}

impl<'s> Study<'s> {
    /// A study that begins at `started`; its UID is made of the patient and the time.
    pub fn new(
        person: &'s Person,
        encounter: String,
        examination: &'static Examination,
        started: Timestamp,
    ) -> Study<'s> {
        let mut chance = Chance::labelled(0, &format!("{}{started}", person.id));
        // An UID under 2.25 is a UUID written as a number; this one is short, and as unique.
        let uid = format!("2.25.{}", chance.between(10_i64.pow(17), 9 * 10_i64.pow(17)));
        Study { person, encounter, examination, started, uid }
    }

    /// The accession number: it binds order, study and report. DICOM allows it 16 characters.
    pub fn accession(&self) -> String {
        let seconds = self.started.since(Timestamp::from_micros(0)).whole_seconds();
        format!("{}{seconds}", self.examination.modality)
    }

    fn series_uid(&self) -> String {
        format!("{}.1", self.uid)
    }

    /// Sends the order.
    pub fn order(&self, desk: &mut Desk, at: Timestamp) {
        let whose = (self.person.id.as_str(), self.encounter.as_str());
        let name = format!("imaging-{}", compact(self.started));
        let when = Occurrence::Once(self.started);
        desk.ehr(at, &service_request(whose, &name, self.examination.code, when, at));
    }

    /// Sends the study as the archive knows it: one DICOM JSON data set in a list, as QIDO-RS
    /// answers.
    pub fn archive(&self, desk: &mut Desk, at: Timestamp) {
        let sex = match self.person.sex {
            Sex::Female => "F",
            Sex::Male => "M",
        };
        let started = self.started.to_string();
        let date = started.get(..10).unwrap_or_default().replace('-', "");
        let time = started.get(11..19).unwrap_or_default().replace(':', "");
        let name = object! { "Alphabetic": self.person.dicom_name() };
        let one = |vr: &str, value: Json| object! { "vr": vr, "Value": [value] };
        let text = |vr: &str, value: &str| one(vr, Json::from(value));
        let study = object! {
            "00080005": text("CS", "ISO_IR 192"),
            "00080016": text("UI", self.examination.sop_class),
            "00080020": text("DA", &date),
            "00080030": text("TM", &time),
            "00080050": text("SH", &self.accession()),
            "00080060": text("CS", self.examination.modality),
            "00080061": text("CS", self.examination.modality),
            "00080201": text("SH", "+0000"),
            "00081030": text("LO", self.examination.code.display),
            "00100010": one("PN", name),
            "00100020": text("LO", &self.person.id),
            "00100030": text("DA", &self.person.birth.to_string().replace('-', "")),
            "00100040": text("CS", sex),
            "00180015": text("CS", "CHEST"),
            "0020000D": text("UI", &self.uid),
            "0020000E": text("UI", &self.series_uid()),
            "00200010": text("SH", "1"),
            "00201206": one("IS", Json::from(1)),
            "00201208": one("IS", Json::from(self.examination.n_instances)),
        };
        desk.dicom(at, Json::from([study]).written(Layout::Compact));
    }

    /// Sends the ImagingStudy.
    pub fn announce(&self, desk: &mut Desk, at: Timestamp) {
        let modality = object! {
            "system": "http://dicom.nema.org/resources/ontology/DCM",
            "code": self.examination.modality,
        };
        let series = object! {
            "uid": self.series_uid(),
            "number": 1,
            "modality": modality.clone(),
            "description": self.examination.code.display,
            "numberOfInstances": self.examination.n_instances,
            "bodySite": codes::CHEST.coding(),
            "started": self.started.to_string(),
        };
        let study = object! {
            "resourceType": "ImagingStudy",
            "id": self.study_id(),
            "meta": meta(1, at),
            "identifier": [
                object! { "system": "urn:dicom:uid", "value": format!("urn:oid:{}", self.uid) },
                self.accession_identifier(),
            ],
            "status": "available",
            "modality": [modality],
            "subject": reference("Patient", &self.person.id),
            "encounter": reference("Encounter", &self.encounter),
            "started": self.started.to_string(),
            "numberOfSeries": 1,
            "numberOfInstances": self.examination.n_instances,
            "procedureCode": [self.examination.code.concept()],
            "description": self.examination.code.display,
            "series": [series],
        };
        desk.fhir(IMAGING, at, Some(&self.person.id), study.written(Layout::Compact));
    }

    /// Sends a version of the report, with the ids of its structured findings.
    pub fn report(
        &self,
        desk: &mut Desk,
        conclusion: &str,
        conclusion_codes: &[&Code],
        findings: &[String],
        version: Version,
    ) {
        let results = findings.iter().map(|id| reference("Observation", id));
        let codes = conclusion_codes.iter().map(|code| code.concept());
        let list = |items: Vec<Json>| Some(Json::List(items)).filter(|_| !findings.is_empty());
        let report = object! {
            "resourceType": "DiagnosticReport",
            "id": format!("report-{}", self.accession()),
            "meta": meta(version.number, version.issued),
            "identifier": [self.accession_identifier()],
            "status": version.status,
            "category": [hl7_concept("v2-0074", "RAD")],
            "code": self.examination.code.concept(),
            "subject": reference("Patient", &self.person.id),
            "encounter": reference("Encounter", &self.encounter),
            "effectiveDateTime": self.started.to_string(),
            "issued": version.issued.to_string(),
            "imagingStudy": [reference("ImagingStudy", &self.study_id())],
            "conclusion": conclusion,
        }
        .with("result", list(results.collect()))
        .with("conclusionCode", list(codes.collect()));
        let payload = report.written(Layout::Pretty);
        desk.fhir(IMAGING, version.issued, Some(&self.person.id), payload);
    }

    /// Sends a nodule as a structured finding, and returns its id.
    pub fn nodule(&self, desk: &mut Desk, millimetres: i64, version: Version) -> String {
        let id = format!("finding-{}-1", self.accession());
        let density = object! {
            "code": codes::NODULE_DENSITY.concept(),
            "valueCodeableConcept": codes::NODULE_SOLID.concept(),
        };
        let diameter = object! {
            "code": codes::NODULE_DIAMETER.concept(),
            "valueQuantity": quantity(millimetres, 0, "mm", "mm"),
        };
        let finding = object! {
            "resourceType": "Observation",
            "id": id.as_str(),
            "meta": meta(version.number, version.issued),
            "status": version.status,
            "category": [hl7_concept("observation-category", "imaging")],
            "code": codes::FINDING.concept(),
            "subject": reference("Patient", &self.person.id),
            "encounter": reference("Encounter", &self.encounter),
            "effectiveDateTime": self.started.to_string(),
            "issued": version.issued.to_string(),
            "valueCodeableConcept": codes::LUNG_NODULE.concept(),
            "bodySite": codes::RIGHT_UPPER_LOBE.concept(),
            "derivedFrom": [reference("ImagingStudy", &self.study_id())],
            "component": [diameter, density],
        };
        let payload = finding.written(Layout::Pretty);
        desk.fhir(IMAGING, version.issued, Some(&self.person.id), payload);
        id
    }

    fn study_id(&self) -> String {
        format!("study-{}", self.accession())
    }

    fn accession_identifier(&self) -> Json {
        object! { "system": ACCESSION_SYSTEM, "value": self.accession() }
    }
}

const CONCLUSIONS: &[&str] = &[
    "No focal consolidation. No pleural effusion. Heart size normal.",
    "Clear lungs. No pneumothorax. No acute bony abnormality seen.",
    "Mild bibasal atelectasis. No pneumothorax.",
    "Patchy opacity in the left lower zone, in keeping with infection.",
];

/// Sends an ordinary chest film from order to final report.
pub fn chest_film(desk: &mut Desk, person: &Person, encounter: String, chance: &mut Chance) {
    let study = Study::new(person, encounter, &CHEST_FILM, desk.after(600));
    study.order(desk, desk.now);
    study.archive(desk, study.started.plus(Span::from_minutes(4)));
    study.announce(desk, study.started.plus(Span::from_minutes(5)));
    let conclusion = *chance.pick(CONCLUSIONS);
    let read = study.started.plus(Span::from_minutes(chance.between(15, 70)));
    let version = Version { number: 1, status: "final", issued: read };
    study.report(desk, conclusion, &[], &[], version);
}
