//! The hospital's two laboratories and the results they send.
//!
//! | laboratory | creatinine | units | times | JSON |
//! |---|---|---|---|---|
//! | central | 2160-0 in mg/dL | UCUM | `-05:00` | compact |
//! | satellite | 14682-9 in umol/L | as people spell them | `Z` | sorted |
//!
//! A result is issued after it was collected, some of them twice: preliminary, then final under the
//! same id.

use crate::demo::chance::Chance;
use crate::demo::codes;
use crate::demo::codes::Code;
use crate::demo::desk::Desk;
use crate::demo::fhir::{TimeStyle, compact, hl7_concept, meta, quantity, reference};
use crate::demo::json::{Json, Layout, object};
use crate::demo::record::LAB;
use crate::demo::sender::Version;
use crate::domain::time::{Span, Timestamp};

/// A laboratory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Laboratory {
    /// The large one.
    Central,
    /// The small one beside the emergency department.
    Satellite,
}

/// What is measured: its code, unit, decimals and reference range.
#[derive(Debug, PartialEq, Eq)]
pub struct Analyte {
    slug: &'static str,
    code: &'static Code,
    unit: &'static str,
    ucum: &'static str,
    decimals: u8,
    range: (i64, i64),
}

/// Creatinine in hundredths of mg/dL.
pub static CREATININE: Analyte = Analyte {
    slug: "creatinine",
    code: &codes::CREATININE,
    unit: "mg/dL",
    ucum: "mg/dL",
    decimals: 2,
    range: (55, 118),
};
/// Creatinine in umol/L.
static CREATININE_MOLAR: Analyte = Analyte {
    slug: "creatinine",
    code: &codes::CREATININE_MOLAR,
    unit: "µmol/L",
    ucum: "umol/L",
    decimals: 0,
    range: (49, 104),
};
/// Potassium in tenths of mmol/L.
pub static POTASSIUM: Analyte = Analyte {
    slug: "potassium",
    code: &codes::POTASSIUM,
    unit: "mmol/L",
    ucum: "mmol/L",
    decimals: 1,
    range: (35, 51),
};
/// Sodium in mmol/L.
pub static SODIUM: Analyte = Analyte {
    slug: "sodium",
    code: &codes::SODIUM,
    unit: "mmol/L",
    ucum: "mmol/L",
    decimals: 0,
    range: (136, 145),
};
/// Haemoglobin in tenths of g/dL.
pub static HEMOGLOBIN: Analyte = Analyte {
    slug: "hemoglobin",
    code: &codes::HEMOGLOBIN,
    unit: "g/dL",
    ucum: "g/dL",
    decimals: 1,
    range: (120, 170),
};
/// White cells in tenths of 10*3/uL.
pub static LEUKOCYTES: Analyte = Analyte {
    slug: "leukocytes",
    code: &codes::LEUKOCYTES,
    unit: "x10E3/uL",
    ucum: "10*3/uL",
    decimals: 1,
    range: (40, 110),
};
/// Urine albumin-to-creatinine ratio in tenths of mg/g.
pub static UACR: Analyte = Analyte {
    slug: "uacr",
    code: &codes::UACR,
    unit: "mg/g",
    ucum: "mg/g",
    decimals: 1,
    range: (0, 300),
};
/// Lactate in tenths of mmol/L.
pub static LACTATE: Analyte = Analyte {
    slug: "lactate",
    code: &codes::LACTATE,
    unit: "mmol/L",
    ucum: "mmol/L",
    decimals: 1,
    range: (5, 20),
};

/// Whose sample it is, of which stay, and when it was collected.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'s> {
    /// The patient's id.
    pub patient: &'s str,
    /// The stay's id, if it belongs to one.
    pub encounter: Option<&'s str>,
    /// When it was collected.
    pub collected: Timestamp,
}

impl Laboratory {
    /// Sends a version of a result at the time it was issued.
    pub fn send(
        self,
        desk: &mut Desk,
        sample: &Sample<'_>,
        result: (&'static Analyte, i64),
        version: Version,
    ) {
        let layout = match self {
            Laboratory::Central => Layout::Compact,
            Laboratory::Satellite => Layout::Sorted,
        };
        let payload = self.observation(sample, result, version).written(layout);
        desk.fhir(LAB, version.issued, Some(sample.patient), payload);
    }

    /// Sends a final result, issued at `issued`.
    pub fn send_final(
        self,
        desk: &mut Desk,
        sample: &Sample<'_>,
        result: (&'static Analyte, i64),
        issued: Timestamp,
    ) {
        self.send(desk, sample, result, Version { number: 1, status: "final", issued });
    }

    /// Sends the results of a blood draw: each some time later, one in four preliminary first, and
    /// from the central laboratory a report that binds them together.
    pub fn send_panel(
        self,
        desk: &mut Desk,
        sample: &Sample<'_>,
        results: &[(&'static Analyte, i64)],
        chance: &mut Chance,
    ) {
        let issued = desk.now.plus(Span::from_minutes(chance.between(50, 90)));
        for result in results {
            let mut number = 1;
            if chance.happens(4) {
                let issued = desk.now.plus(Span::from_minutes(chance.between(25, 40)));
                self.send(desk, sample, *result, Version { number, status: "preliminary", issued });
                number = 2;
            }
            self.send(desk, sample, *result, Version { number, status: "final", issued });
        }
        if self == Laboratory::Central {
            let report = report(sample, results, issued).written(Layout::Compact);
            desk.fhir(LAB, issued, Some(sample.patient), report);
        }
    }

    fn observation(
        self,
        sample: &Sample<'_>,
        (analyte, value): (&'static Analyte, i64),
        version: Version,
    ) -> Json {
        let (analyte, value) = match self {
            Laboratory::Satellite if *analyte == CREATININE => {
                (&CREATININE_MOLAR, micromoles(value))
            }
            Laboratory::Central | Laboratory::Satellite => (analyte, value),
        };
        let times = match self {
            Laboratory::Central => TimeStyle::Local,
            Laboratory::Satellite => TimeStyle::Utc,
        };
        let amount = |value| match self {
            Laboratory::Central => quantity(value, analyte.decimals, analyte.ucum, analyte.ucum),
            Laboratory::Satellite => {
                object! { "value": Json::Number(value, analyte.decimals), "unit": analyte.unit }
            }
        };
        let interpretation = match value {
            low if low < analyte.range.0 => "L",
            high if analyte.range.1 < high => "H",
            _ => "N",
        };
        object! {
            "resourceType": "Observation",
            "id": result_id(sample, analyte),
            "meta": meta(version.number, version.issued),
            "status": version.status,
            "category": [hl7_concept("observation-category", "laboratory")],
            "code": analyte.code.concept(),
            "subject": reference("Patient", sample.patient),
            "encounter": sample.encounter.map(|id| reference("Encounter", id)),
            "effectiveDateTime": times.written(sample.collected),
            "issued": TimeStyle::Milliseconds.written(version.issued),
            "valueQuantity": amount(value),
            "interpretation": [hl7_concept("v3-ObservationInterpretation", interpretation)],
            "referenceRange": [
                object! { "low": amount(analyte.range.0), "high": amount(analyte.range.1) },
            ],
        }
    }
}

fn result_id(sample: &Sample<'_>, analyte: &Analyte) -> String {
    format!("{}-{}-{}", sample.patient, analyte.slug, compact(sample.collected))
}

fn report(sample: &Sample<'_>, results: &[(&'static Analyte, i64)], issued: Timestamp) -> Json {
    let result = |(analyte, _): &(&'static Analyte, i64)| {
        reference("Observation", &result_id(sample, analyte))
    };
    object! {
        "resourceType": "DiagnosticReport",
        "id": format!("{}-panel-{}", sample.patient, compact(sample.collected)),
        "meta": meta(1, issued),
        "status": "final",
        "category": [hl7_concept("v2-0074", "LAB")],
        "code": codes::METABOLIC_PANEL.concept(),
        "subject": reference("Patient", sample.patient),
        "encounter": sample.encounter.map(|id| reference("Encounter", id)),
        "effectiveDateTime": TimeStyle::Local.written(sample.collected),
        "issued": TimeStyle::Milliseconds.written(issued),
        "result": results.iter().map(result).collect::<Vec<Json>>(),
    }
}

/// umol/L of a creatinine in hundredths of mg/dL (1 mg/dL is 88.4 umol/L), rounded half up.
const fn micromoles(hundredths: i64) -> i64 {
    (hundredths * 884 + 500) / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_satellite_counts_creatinine_in_micromoles() {
        assert_eq!([90, 140, 210].map(micromoles), [80, 124, 186]);
        let sample = Sample { patient: "p", encounter: None, collected: Timestamp::from_micros(0) };
        let version = Version { number: 1, status: "final", issued: Timestamp::from_micros(0) };
        let write = |laboratory: Laboratory| {
            laboratory.observation(&sample, (&CREATININE, 210), version).written(Layout::Compact)
        };
        let (central, satellite) = (write(Laboratory::Central), write(Laboratory::Satellite));
        assert!(central.contains(r#""value":2.10,"#) && central.contains("2160-0"));
        assert!(satellite.contains(r#""value":186,"#) && satellite.contains("14682-9"));
    }
}
