//! Whose a resource is: what its references name.

use std::borrow::Cow;

use crate::domain::refusal::Refusal;
use crate::ingest::context::Context;
use crate::ingest::fhir::types::ReferenceJson;
use crate::ingest::refused::Refused;

/// An identifier longer than this is no identifier.
pub const PATIENT_BYTES_MAX: usize = 256;

/// The patient a resource names, or the one the record names for it.
///
/// # Errors
/// `NoPatient` if there is none, or no single one that can be told from others.
pub fn patient<'a>(
    reference: Option<ReferenceJson<'a>>,
    context: &Context<'_>,
) -> Result<Cow<'a, str>, Refused> {
    if let Some(patient) = context.patient {
        return Ok(Cow::Owned(patient.to_owned()));
    }
    let Some(reference) = reference else {
        return Err(no_patient("no subject"));
    };
    if let Some(text) = reference.reference {
        return check(literal(text.0, context)?);
    }
    // A logical reference: the identifier is the patient's in the source's namespace.
    let value = reference.identifier.and_then(|identifier| identifier.value);
    check(value.ok_or_else(|| no_patient("the subject names nobody"))?.0)
}

/// Another patient that a resource names, whoever the record is about. Where the source names its patients otherwise
/// than by their FHIR ids, only an identifier says who is meant.
///
/// # Errors
/// `NoPatient` if it names nobody.
pub fn other<'a>(
    reference: Option<ReferenceJson<'a>>,
    context: &Context<'_>,
) -> Result<Cow<'a, str>, Refused> {
    let ReferenceJson { reference, identifier, .. } =
        reference.ok_or_else(|| no_patient("it names nobody"))?;
    match (reference, identifier.and_then(|identifier| identifier.value)) {
        (Some(text), _) if context.patient.is_none() => check(literal(text.0, context)?),
        (_, Some(value)) => check(value.0),
        (_, None) => Err(no_patient(
            "it is named by an id that is not the identity of this source's patients",
        )),
    }
}

/// `Patient/123`, `https://host/fhir/Patient/123/_history/4`, `urn:uuid:…` inside a Bundle,
/// `Patient?identifier=system|value`.
fn literal<'a>(text: Cow<'a, str>, context: &Context<'_>) -> Result<Cow<'a, str>, Refused> {
    if let Cow::Borrowed(text) = text {
        // What nearly every record of a feed says.
        let id = text.strip_prefix("Patient/").filter(|id| !id.contains(['/', '?']));
        if let Some(id) = id.filter(|_| context.references.resolve(text) == text) {
            return Ok(Cow::Borrowed(id));
        }
    }
    let resolved = context.references.resolve(&text);
    if let Some((kind, query)) = resolved.split_once('?') {
        let value = query.strip_prefix("identifier=").filter(|_| kind.ends_with("Patient"));
        let value = value.ok_or_else(|| no_patient("the subject is a search"))?;
        let value = value.rsplit_once('|').map_or(value, |(_, value)| value);
        return Ok(Cow::Owned(value.to_owned()));
    }
    let versionless = resolved.split_once("/_history/").map_or(resolved, |(before, _)| before);
    let (path, id) = versionless.rsplit_once('/').unwrap_or(("", versionless));
    let kind = path.rsplit('/').next().unwrap_or_default();
    match kind {
        "Patient" => Ok(Cow::Owned(id.to_owned())),
        "" if resolved.starts_with("urn:") => {
            Err(no_patient("the subject's full URL is not in the Bundle"))
        }
        "" => Err(no_patient("the subject is no reference to a Patient")),
        _ => Err(no_patient("the subject is not a Patient")),
    }
}

fn no_patient(message: &str) -> Refused {
    Refused::new(Refusal::NoPatient, message)
}

/// Refuses what cannot be an identifier.
///
/// # Errors
/// `NoPatient`
pub fn check(patient: Cow<'_, str>) -> Result<Cow<'_, str>, Refused> {
    if patient.is_empty() {
        return Err(no_patient("the patient identifier is empty"));
    }
    if PATIENT_BYTES_MAX < patient.len() || patient.chars().any(char::is_control) {
        return Err(no_patient("the patient identifier is too long or holds a control character"));
    }
    Ok(patient)
}
