//! The four systems that send vital signs, each in a layout of its own.
//!
//! | sender | records | blood pressure | units | times | JSON |
//! |---|---|---|---|---|---|
//! | bedside charts, 5 West | one Bundle a round | components | UCUM | `Z` | compact |
//! | flowsheet, 6 North odd beds | single | two Observations | °F, UCUM | `-05:00` | indented |
//! | tablets, 6 North even beds | single, narrative | components | UCUM | `Z` | sorted |
//! | monitors, ED | single | components | `bpm`, `mmHg`, `°C` | `.000Z`, instant | reversed |
//!
//! An Observation's id is made of patient, row and clinical time, so a correction names the same one.

use crate::demo::codes;
use crate::demo::codes::Code;
use crate::demo::fhir::{TimeStyle, compact, hl7_concept, meta, quantity, reference};
use crate::demo::json::{Json, Layout, object};
use crate::demo::places::{EMERGENCY, FIVE_WEST, Ward};
use crate::demo::vitals::Vitals;
use crate::domain::time::Timestamp;

/// A system that sends vital signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// One `collection` Bundle a round.
    BedsideChart,
    /// Single Observations, degrees Fahrenheit.
    Flowsheet,
    /// Single Observations with a narrative.
    Tablet,
    /// Single Observations with units as people spell them.
    Monitor,
}

/// Whose round it is, when it was, and when it was written down.
#[derive(Clone, Copy, Debug)]
pub struct Round<'r> {
    /// The patient's id.
    pub patient: &'r str,
    /// The stay's id.
    pub encounter: &'r str,
    /// The clinical time of all its findings.
    pub effective: Timestamp,
}

/// A version of an Observation.
#[derive(Clone, Copy, Debug)]
pub struct Version {
    /// From 1.
    pub number: i64,
    /// FHIR `status`.
    pub status: &'static str,
    /// When it was written down.
    pub issued: Timestamp,
}

/// One row of the chart: its name, its codes, and the value.
#[derive(Clone, Debug)]
pub struct Finding {
    row: &'static str,
    codes: &'static [&'static Code],
    value: (&'static str, Json),
    components: Vec<Json>,
}

impl Sender {
    /// The system that a bed's vital signs come from.
    pub fn of(ward: &Ward, bed_number: i64) -> Sender {
        if *ward == FIVE_WEST {
            return Sender::BedsideChart;
        }
        match bed_number % 2 {
            _ if *ward == EMERGENCY => Sender::Monitor,
            0 => Sender::Tablet,
            _ => Sender::Flowsheet,
        }
    }

    /// How it writes JSON.
    pub const fn layout(self) -> Layout {
        match self {
            Sender::BedsideChart => Layout::Compact,
            Sender::Flowsheet => Layout::Pretty,
            Sender::Tablet => Layout::Sorted,
            Sender::Monitor => Layout::Reversed,
        }
    }

    /// All rows of a round.
    pub fn findings(self, vitals: &Vitals) -> Vec<Finding> {
        let mut rows = vec![self.respiratory_rate(vitals.respiratory_rate), self.spo2(vitals)];
        let is_flow_separate = match self {
            Sender::BedsideChart | Sender::Monitor => false,
            Sender::Flowsheet => vitals.oxygen_tenths != 0,
            Sender::Tablet => true,
        };
        if is_flow_separate {
            let flow = self.amount(vitals.oxygen_tenths, 1, "L/min");
            rows.push(single("oxygen-flow", &[&codes::OXYGEN_FLOW], flow));
        }
        rows.push(self.oxygen_device(vitals.oxygen_tenths));
        rows.extend(self.blood_pressure(vitals));
        rows.push(single(
            "heart-rate",
            &[&codes::HEART_RATE],
            self.amount(vitals.pulse, 0, "/min{beats}"),
        ));
        let answer = vitals.consciousness.answer().concept();
        rows.push(coded("consciousness", &[&codes::RESPONSIVENESS], answer));
        rows.push(self.temperature(vitals.temperature_tenths));
        rows
    }

    /// The row of the respiratory rate.
    pub fn respiratory_rate(self, per_minute: i64) -> Finding {
        let amount = self.amount(per_minute, 0, "/min{breaths}");
        single("respiratory-rate", &[&codes::RESPIRATORY_RATE], amount)
    }

    fn spo2(self, vitals: &Vitals) -> Finding {
        let codes: &[&Code] = match self {
            Sender::BedsideChart | Sender::Flowsheet => &[&codes::SPO2, &codes::SPO2_BROAD],
            Sender::Tablet => &[&codes::SPO2],
            Sender::Monitor => &[&codes::SPO2, &codes::SPO2_BROAD, &codes::SPO2_MDC],
        };
        let has_flow = match self {
            Sender::BedsideChart => true,
            Sender::Monitor => vitals.oxygen_tenths != 0,
            Sender::Flowsheet | Sender::Tablet => false,
        };
        let flow = self.amount(vitals.oxygen_tenths, 1, "L/min");
        let components = match has_flow {
            true => vec![component(&codes::OXYGEN_FLOW, flow)],
            false => Vec::new(),
        };
        Finding { components, ..single("spo2", codes, self.amount(vitals.spo2, 0, "%")) }
    }

    fn oxygen_device(self, oxygen_tenths: i64) -> Finding {
        let device = match (self, oxygen_tenths) {
            (Sender::Monitor, 0) => &codes::BREATHING_AIR,
            (Sender::Monitor, _) => &codes::ON_OXYGEN,
            (_, 0) => &codes::ROOM_AIR,
            (_, ..=40) => &codes::NASAL_CANNULA,
            (_, ..=90) => &codes::SIMPLE_MASK,
            _ => &codes::NON_REBREATHER,
        };
        coded("oxygen-device", &[&codes::OXYGEN_DEVICE], device.concept())
    }

    fn blood_pressure(self, vitals: &Vitals) -> Vec<Finding> {
        let systolic = self.amount(vitals.systolic, 0, "mm[Hg]");
        let diastolic = self.amount(vitals.diastolic, 0, "mm[Hg]");
        if self == Sender::Flowsheet {
            return vec![
                single("systolic", &[&codes::SYSTOLIC], systolic),
                single("diastolic", &[&codes::DIASTOLIC], diastolic),
            ];
        }
        let components =
            vec![component(&codes::SYSTOLIC, systolic), component(&codes::DIASTOLIC, diastolic)];
        let panel = single("blood-pressure", &[&codes::BLOOD_PRESSURE], Json::Absent);
        vec![Finding { components, ..panel }]
    }

    fn temperature(self, tenths_celsius: i64) -> Finding {
        let amount = match self {
            Sender::Flowsheet => self.amount(tenths_fahrenheit(tenths_celsius), 1, "[degF]"),
            Sender::BedsideChart | Sender::Tablet | Sender::Monitor => {
                self.amount(tenths_celsius, 1, "Cel")
            }
        };
        single("temperature", &[&codes::TEMPERATURE], amount)
    }

    /// A Quantity as this system writes it; a `{note}` after the unit says what is counted.
    fn amount(self, value: i64, decimals: u8, unit: &str) -> Json {
        let ucum = unit.split_once('{').map_or(unit, |(ucum, _)| ucum);
        if self == Sender::Monitor {
            let spelt = match unit {
                "/min{beats}" => "bpm",
                "/min{breaths}" => "breaths/min",
                "mm[Hg]" => "mmHg",
                "Cel" => "°C",
                other => other,
            };
            return object! { "value": Json::Number(value, decimals), "unit": spelt };
        }
        let spelt = match unit {
            "/min{beats}" => "beats/minute",
            "/min{breaths}" => "breaths/minute",
            "mm[Hg]" => "mmHg",
            "[degF]" => "degrees F",
            "Cel" => "degC",
            other => other,
        };
        quantity(value, decimals, spelt, ucum)
    }

    /// The Observation of one row, in one version.
    pub fn observation(self, round: &Round<'_>, finding: &Finding, version: Version) -> Json {
        let times = match self {
            Sender::BedsideChart | Sender::Tablet => TimeStyle::Utc,
            Sender::Flowsheet => TimeStyle::Local,
            Sender::Monitor => TimeStyle::Milliseconds,
        };
        let effective = match self {
            Sender::Monitor => "effectiveInstant",
            Sender::BedsideChart | Sender::Flowsheet | Sender::Tablet => "effectiveDateTime",
        };
        let text = finding.codes.first().map_or("", |code| code.display);
        let codings: Vec<Json> = finding.codes.iter().map(|code| code.coding()).collect();
        let components = Some(finding.components.clone()).filter(|list| !list.is_empty());
        object! {
            "resourceType": "Observation",
            "id": format!("{}-{}-{}", round.patient, finding.row, compact(round.effective)),
            "meta": meta(version.number, version.issued),
            "text": Some(narrative(text)).filter(|_| self == Sender::Tablet),
            "status": version.status,
            "category": [hl7_concept("observation-category", "vital-signs")],
            "code": object! { "coding": codings, "text": text },
            "subject": reference("Patient", round.patient),
            "encounter": reference("Encounter", round.encounter),
        }
        .with(effective, times.written(round.effective))
        .with("issued", TimeStyle::Milliseconds.written(version.issued))
        .with(finding.value.0, finding.value.1.clone())
        .with("component", components.map(Json::List))
    }
}

fn narrative(text: &str) -> Json {
    let div = format!("<div xmlns=\"http://www.w3.org/1999/xhtml\">Charted: {text}</div>");
    object! { "status": "generated", "div": div }
}

fn single(row: &'static str, codes: &'static [&'static Code], amount: Json) -> Finding {
    Finding { row, codes, value: ("valueQuantity", amount), components: Vec::new() }
}

fn coded(row: &'static str, codes: &'static [&'static Code], answer: Json) -> Finding {
    Finding { row, codes, value: ("valueCodeableConcept", answer), components: Vec::new() }
}

fn component(code: &Code, amount: Json) -> Json {
    object! { "code": code.concept(), "valueQuantity": amount }
}

/// Rounded to the nearest tenth of a degree, from which the tenth of a degree Celsius reads back.
const fn tenths_fahrenheit(tenths_celsius: i64) -> i64 {
    (tenths_celsius * 18 + 5) / 10 + 320
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::vitals::Consciousness;
    use crate::domain::time::Span;

    fn round_of(sender: Sender, oxygen_tenths: i64) -> Vec<String> {
        let vitals = Vitals::of([18, 95, oxygen_tenths, 121, 77, 82, 371], Consciousness::Alert);
        let effective = Timestamp::from_micros(0).plus(Span::from_days(20_000));
        let round = Round { patient: "p", encounter: "e", effective };
        let version = Version { number: 1, status: "final", issued: effective };
        let rows = sender.findings(&vitals);
        let write = |row| sender.observation(&round, row, version).written(sender.layout());
        rows.iter().map(write).collect()
    }

    #[test]
    fn each_sender_writes_the_same_findings_in_its_own_way() {
        let systolic_in = |texts: &[String]| {
            let holds = |text: &&String| text.contains("8480-6") && text.contains("121");
            texts.iter().filter(holds).count()
        };
        for (sender, n_on_air, n_on_oxygen) in [
            (Sender::BedsideChart, 7, 7),
            (Sender::Flowsheet, 8, 9),
            (Sender::Tablet, 8, 8),
            (Sender::Monitor, 7, 7),
        ] {
            let air = round_of(sender, 0);
            assert_eq!((air.len(), round_of(sender, 20).len()), (n_on_air, n_on_oxygen));
            assert_eq!(systolic_in(&air), 1);
        }
        let flowsheet = round_of(Sender::Flowsheet, 0).concat();
        assert!(flowsheet.contains("98.8") && flowsheet.contains("[degF]"));
        let monitor = round_of(Sender::Monitor, 20).concat();
        for text in ["bpm", "mmHg", "°C", "effectiveInstant", "371825009", "3151-8", "150456"] {
            assert!(monitor.contains(text), "{text}");
        }
        assert!(!monitor.contains("unitsofmeasure"));
    }

    #[test]
    fn fahrenheit_reads_back_as_the_same_tenth() {
        for tenths in 300..430 {
            let celsius = f64::from(i32::try_from(tenths_fahrenheit(tenths)).unwrap() - 320) / 1.8;
            assert_eq!(celsius.round().to_string(), tenths.to_string());
        }
    }
}
