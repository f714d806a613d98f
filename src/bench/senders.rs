//! Vital signs as six senders write them: the same Observation, about 1 KB each, in six layouts.
//!
//! They differ in the order of fields, in whitespace, in codings and extensions, in how numbers and
//! times are written: a decoder that only reads its own sender quickly gains nothing here.

use crate::domain::time::Timestamp;

/// How many layouts there are.
pub const N_SENDERS: u64 = 6;

/// What one vital sign is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VitalCode {
    /// The LOINC code.
    pub loinc: &'static str,
    /// What it is called.
    pub display: &'static str,
    /// The UCUM code.
    pub unit: &'static str,
}

/// A vital sign of a patient.
#[derive(Clone, Copy, Debug)]
pub struct Vital<'v> {
    /// The resource id.
    pub id: u64,
    /// The patient's id.
    pub patient: &'v str,
    /// What was measured.
    pub code: VitalCode,
    /// The value, as it is written.
    pub value: &'v str,
    /// When.
    pub at: Timestamp,
}

/// The Observation as one of the senders writes it.
pub fn observation(sender: u64, vital: &Vital<'_>) -> String {
    match sender % N_SENDERS {
        0 => bedside_monitor(vital),
        1 => record_system(vital),
        2 => flowsheet(vital),
        3 => integration_engine(vital),
        4 => device_gateway(vital),
        _ => warehouse(vital),
    }
}

fn bedside_monitor(vital: &Vital<'_>) -> String {
    let Vital { id, patient, code: VitalCode { loinc, display, unit }, value, at } = vital;
    format!(
        r#"{{"resourceType":"Observation","id":"mon-{id}","meta":{{"versionId":"1","lastUpdated":"{at}","source":"urn:bench:monitor-gateway","profile":["http://hl7.org/fhir/StructureDefinition/vitalsigns"]}},"identifier":[{{"use":"official","system":"urn:bench:monitor","value":"MON-{id}-2026"}}],"status":"final","category":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs","display":"Vital Signs"}}],"text":"Vital Signs"}}],"code":{{"coding":[{{"system":"http://loinc.org","code":"{loinc}","display":"{display}"}}],"text":"{display}"}},"subject":{{"reference":"Patient/{patient}"}},"encounter":{{"reference":"Encounter/stay-{patient}"}},"effectiveDateTime":"{at}","issued":"{at}","performer":[{{"reference":"Practitioner/nurse-17","display":"Ward nurse"}}],"device":{{"reference":"Device/monitor-4711","display":"Bedside monitor"}},"valueQuantity":{{"value":{value},"unit":"{unit}","system":"http://unitsofmeasure.org","code":"{unit}"}}}}"#
    )
}

fn record_system(vital: &Vital<'_>) -> String {
    let Vital { id, patient, code: VitalCode { loinc, display, unit }, value, at } = vital;
    format!(
        r#"{{ "resourceType": "Observation", "id": "ehr-{id}", "meta": {{ "lastUpdated": "{at}", "security": [ {{ "system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "N", "display": "normal" }} ] }}, "text": {{ "status": "generated", "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>{display}: {value} {unit}</p></div>" }}, "status": "final", "category": [ {{ "coding": [ {{ "system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs" }} ] }} ], "code": {{ "coding": [ {{ "system": "urn:bench:charting", "code": "VS-{loinc}", "display": "{display} (charted)" }}, {{ "system": "http://loinc.org", "code": "{loinc}", "display": "{display}" }} ] }}, "subject": {{ "reference": "Patient/{patient}", "type": "Patient", "display": "Bench, Patient" }}, "encounter": {{ "reference": "Encounter/stay-{patient}" }}, "effectiveDateTime": "{at}", "valueQuantity": {{ "value": {value}, "unit": "{unit}", "system": "http://unitsofmeasure.org", "code": "{unit}" }}, "note": [ {{ "text": "charted at the bedside, confirmed by the nurse in charge" }} ] }}"#
    )
}

fn flowsheet(vital: &Vital<'_>) -> String {
    let Vital { id, patient, code: VitalCode { loinc, display, unit }, value, at } = vital;
    format!(
        "{{\n  \"resourceType\": \"Observation\",\n  \"id\": \"flow-{id}\",\n  \"extension\": [\n    {{\n      \"url\": \"urn:bench:flowsheet-row\",\n      \"valueString\": \"row {id}\"\n    }}\n  ],\n  \"status\": \"final\",\n  \"category\": [\n    {{\n      \"coding\": [\n        {{\n          \"system\": \"http://terminology.hl7.org/CodeSystem/observation-category\",\n          \"code\": \"vital-signs\"\n        }}\n      ]\n    }}\n  ],\n  \"code\": {{\n    \"coding\": [\n      {{\n        \"system\": \"http://loinc.org\",\n        \"code\": \"{loinc}\",\n        \"display\": \"{display}\"\n      }}\n    ]\n  }},\n  \"subject\": {{\n    \"reference\": \"Patient/{patient}\"\n  }},\n  \"effectiveDateTime\": \"{at}\",\n  \"issued\": \"{at}\",\n  \"valueQuantity\": {{\n    \"value\": {value},\n    \"unit\": \"{unit}\",\n    \"system\": \"http://unitsofmeasure.org\",\n    \"code\": \"{unit}\"\n  }}\n}}\n"
    )
}

fn integration_engine(vital: &Vital<'_>) -> String {
    let Vital { id, patient, code: VitalCode { loinc, display, unit }, value, at } = vital;
    format!(
        r#"{{"id":"ie-{id}","resourceType":"Observation","subject":{{"identifier":{{"system":"urn:bench:mrn","value":"{patient}"}},"reference":"Patient/{patient}"}},"effectiveDateTime":"{at}","issued":"{at}","valueQuantity":{{"code":"{unit}","system":"http://unitsofmeasure.org","unit":"{unit}","value":{value}}},"code":{{"text":"{display}","coding":[{{"code":"{loinc}","display":"{display}","system":"http://loinc.org","userSelected":false}}]}},"category":[{{"coding":[{{"code":"vital-signs","system":"http://terminology.hl7.org/CodeSystem/observation-category","display":"Vital Signs"}}]}}],"identifier":[{{"assigner":{{"display":"Integration engine"}},"system":"urn:bench:engine","value":"OBX-{id}"}},{{"system":"urn:bench:placer","value":"ORC-{id}"}}],"meta":{{"tag":[{{"code":"ORU-R01","system":"urn:bench:message"}},{{"code":"2.5.1","system":"urn:bench:hl7-version"}}],"lastUpdated":"{at}","versionId":"3"}},"performer":[{{"display":"Interface user","reference":"Practitioner/interface"}}],"status":"final"}}"#
    )
}

fn device_gateway(vital: &Vital<'_>) -> String {
    let Vital { id, patient, code: VitalCode { loinc, display, unit }, value, at } = vital;
    format!(
        r#"{{"resourceType":"Observation","meta":{{"profile":["http://hl7.org/fhir/uv/phd/StructureDefinition/PhdNumericObservation"]}},"id":"gw-{id}","contained":[{{"resourceType":"Device","id":"dev","identifier":[{{"system":"urn:oid:1.2.840.10004.1.1.1.0.0.1.0.0.1.2680","value":"00-1F-3A-{id}"}}],"deviceName":[{{"name":"Multi-parameter monitor","type":"user-friendly-name"}}]}}],"status":"final","category":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}}]}}],"code":{{"coding":[{{"system":"http://loinc.org","code":"{loinc}"}}],"text":"{display}"}},"subject":{{"reference":"Patient/{patient}"}},"effectiveDateTime":"{at}","performer":[{{"reference":"Patient/{patient}"}}],"valueQuantity":{{"value":{value},"unit":"{unit}","system":"http://unitsofmeasure.org","code":"{unit}"}},"device":{{"reference":"Device/dev-4711"}},"interpretation":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation","code":"N"}}]}}]}}"#
    )
}

fn warehouse(vital: &Vital<'_>) -> String {
    let Vital { id, patient, code: VitalCode { loinc, display, unit }, value, at } = vital;
    format!(
        r#"{{"resourceType":"Observation","id":"wh-{id}","implicitRules":"urn:bench:rules","language":"en-GB","meta":{{"lastUpdated":"{at}","versionId":"1"}},"basedOn":[{{"reference":"ServiceRequest/obs-round-{id}"}}],"partOf":[{{"reference":"Procedure/round-{id}"}}],"status":"final","category":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs","display":"Vital Signs"}}]}}],"code":{{"coding":[{{"system":"http://loinc.org","code":"{loinc}","display":"{display}"}}]}},"subject":{{"reference":"Patient/{patient}"}},"encounter":{{"reference":"Encounter/stay-{patient}"}},"effectiveInstant":"{at}","issued":"{at}","performer":[{{"reference":"PractitionerRole/role-3"}},{{"reference":"Organization/ward-5"}}],"valueQuantity":{{"value":{value},"unit":"{unit}","system":"http://unitsofmeasure.org","code":"{unit}"}},"referenceRange":[{{"low":{{"value":0,"unit":"{unit}"}},"high":{{"value":400,"unit":"{unit}"}},"text":"device range"}}],"bodySite":{{"text":"as usual"}},"method":{{"text":"automatic"}}}}"#
    )
}
