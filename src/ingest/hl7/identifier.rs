//! Whose a message is: one of the identifiers of PID-3 or MRG-1, each with who assigned it.
//!
//! ```text
//! 77^^^MERCY&1.2.840.1&ISO^MR ~ 123-45-6789^^^SSA^SS
//! ```
//! The source says whose identifiers are meant (`patient_from: authority:MERCY`). Where it does not, the only
//! one is taken, or the only medical record number; which of several is meant is never guessed.

use std::borrow::Cow;

use crate::domain::refusal::Refusal;
use crate::ingest::fhir::reference::check;
use crate::ingest::hl7::fault::Fault;
use crate::ingest::hl7::message::{Part, Segment};
use crate::ingest::source::PatientFrom;

/// The type of a medical record number (HL7 table 0203).
const MEDICAL_RECORD: &str = "MR";

/// The patient that a field of identifiers names.
///
/// # Errors
/// `NoPatient` where it names nobody, or not one.
pub fn patient(segment: &Segment<'_>, field: usize, from: &PatientFrom) -> Result<String, Fault> {
    let all = || segment.parts(field).filter(|part| !part.component(1).text().is_empty());
    let nobody = |message: &str| {
        Fault::new(Refusal::NoPatient, segment.pointer(&field.to_string()), message)
    };
    let (candidates, several): (Vec<Part<'_>>, &str) = match from {
        PatientFrom::Authority(name) => {
            let theirs: Vec<_> = all().filter(|part| is_of(part.component(4), name)).collect();
            if theirs.is_empty() {
                return Err(nobody("no identifier of the configured authority"));
            }
            (theirs, "several identifiers of the configured authority")
        }
        PatientFrom::Subject
        | PatientFrom::Key
        | PatientFrom::Header(_)
        | PatientFrom::Pointer(_) => (
            all().collect(),
            "several identifiers: expected one, one of type MR, or patient_from: authority:NAME",
        ),
    };
    let ids = ids_of(&candidates, |_| true);
    let records = ids_of(&candidates, |part| part.component(5).text() == MEDICAL_RECORD);
    let pointer = segment.pointer(&format!("{field}.1"));
    let id = match (ids.as_slice(), records.as_slice()) {
        ([], _) => {
            return Err(Fault::new(Refusal::NoPatient, pointer, "no patient identifier"));
        }
        ([one], _) | (_, [one]) => one.clone(),
        _ => return Err(nobody(several)),
    };
    check(Cow::Owned(id)).map(Cow::into_owned).map_err(Fault::at(&pointer))
}

/// The identifiers of those that are meant, each once.
fn ids_of(parts: &[Part<'_>], is_meant: impl Fn(&Part<'_>) -> bool) -> Vec<String> {
    let meant = parts.iter().filter(|part| is_meant(part));
    let mut ids: Vec<String> = meant.map(|part| part.component(1).text()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Whether an authority (HD) is called so: by its name, or by its universal id.
fn is_of(authority: Part<'_>, name: &str) -> bool {
    [1, 2].map(|number| authority.subcomponent(number).text()).iter().any(|one| one == name)
}

/// The name of who assigned an identifier (CX.4, EI.2): the universal id where there is one.
pub fn authority(name: &str, universal: &str, universal_type: &str) -> String {
    match (universal, universal_type) {
        ("", _) => name.to_owned(),
        (oid, "ISO") => format!("urn:oid:{oid}"),
        (universal, _) => universal.to_owned(),
    }
}

/// Every identifier of a field as `authority|id`, separated by commas.
pub fn all_of(segment: &Segment<'_>, field: usize) -> String {
    let each = segment.parts(field).filter_map(|part| {
        let id = part.component(1).text();
        let by = |number| part.component(4).subcomponent(number).text();
        let authority = authority(&by(1), &by(2), &by(3));
        (!id.is_empty()).then(|| format!("{authority}|{id}"))
    });
    each.collect::<Vec<_>>().join(",")
}
