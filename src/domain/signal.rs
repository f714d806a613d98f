//! The measured quantities a twin knows: each with one canonical unit and one resolution.
//!
//! Codes (LOINC, MDC, Open mHealth, a site's own) are mapped to signals by `ingest`; rules and
//! pipelines speak of signals only. Numbers are kept as integers in the signal's resolution
//! (`37.1 Cel` is 371), so that equality and order mean what they say.
//!
//! The table is append-only: a signal's place in it is its number in the log and on disk.

use std::fmt;

/// A measured quantity, or a state that is observed like one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signal(u16);

/// What is fixed about a signal.
#[derive(Debug)]
pub struct SignalSpec {
    /// The name in pipelines, SQL and errors: `respiratory_rate`.
    pub name: &'static str,
    /// What a nurse reads: `Respiratory rate`.
    pub label: &'static str,
    /// The canonical unit in UCUM; empty for a category.
    pub unit: &'static str,
    /// Decimals of the resolution: values are multiples of 10^-`decimals` units.
    pub decimals: u8,
    /// The answers of a category, by their value; empty for a quantity.
    pub answers: &'static [&'static str],
}

/// Answers of `oxygen_therapy` (NEWS2: room air or any supplemental oxygen).
pub const OXYGEN_ANSWERS: &[&str] = &["air", "oxygen"];

/// Answers of `consciousness`: ACVPU of NEWS2 (RCP 2017), where C is *new* confusion. A confusion
/// that the patient always had is an answer of its own, because it scores nothing.
pub const CONSCIOUSNESS_ANSWERS: &[&str] =
    &["alert", "new_confusion", "voice", "pain", "unresponsive", "chronic_confusion"];

impl Signal {
    /// Breaths per minute.
    pub const RESPIRATORY_RATE: Signal = Signal(1);
    /// Oxygen saturation by pulse oximetry.
    pub const SPO2: Signal = Signal(2);
    /// Flow of supplemental oxygen.
    pub const O2_FLOW: Signal = Signal(3);
    /// Fraction of inspired oxygen.
    pub const FIO2: Signal = Signal(4);
    /// Air or supplemental oxygen.
    pub const OXYGEN_THERAPY: Signal = Signal(10);
    /// Level of consciousness, ACVPU.
    pub const CONSCIOUSNESS: Signal = Signal(11);
    /// Creatinine in serum, plasma or whole blood.
    pub const CREATININE: Signal = Signal(12);
    /// Urine albumin-to-creatinine ratio.
    pub const URINE_ALBUMIN_CREATININE: Signal = Signal(14);

    /// The signal of this name.
    pub fn named(name: &str) -> Option<Signal> {
        Signal::all().find(|signal| signal.spec().name == name)
    }

    /// The signal of this number, as the log writes it.
    pub fn from_number(number: u16) -> Option<Signal> {
        (usize::from(number) < SIGNALS.len()).then_some(Signal(number))
    }

    /// The number of this signal in the log and on disk.
    pub const fn number(self) -> u16 {
        self.0
    }

    /// Every signal, in the order of their numbers.
    pub fn all() -> impl Iterator<Item = Signal> {
        (0..).map_while(Signal::from_number)
    }

    /// What is fixed about this signal.
    pub fn spec(self) -> &'static SignalSpec {
        SIGNALS.get(usize::from(self.0)).expect("a Signal is only made within the table")
    }

    /// Whether its values are answers rather than numbers.
    pub fn is_category(self) -> bool {
        !self.spec().answers.is_empty()
    }

    /// The value as a number in the canonical unit.
    #[expect(clippy::as_conversions, reason = "a float is wanted, and values are far below 2^53")]
    pub fn number_of(self, value: i64) -> f64 {
        value as f64 / 10_f64.powi(i32::from(self.spec().decimals))
    }

    /// The unit as people write it: UCUM is for machines. Empty for a category.
    pub fn unit_for_people(self) -> &'static str {
        unit_for_people(self.spec().unit)
    }

    /// The value as it is read aloud: `37.1`, `air`.
    pub fn text_of(self, value: i64) -> String {
        let spec = self.spec();
        let answer = usize::try_from(value).ok().and_then(|index| spec.answers.get(index));
        match answer {
            Some(answer) => (*answer).to_owned(),
            None => crate::domain::decimal::plain(value, spec.decimals),
        }
    }

    /// The value of a category's answer.
    pub fn answer(self, name: &str) -> Option<i64> {
        let index = self.spec().answers.iter().position(|answer| *answer == name)?;
        i64::try_from(index).ok()
    }
}

/// A canonical unit as people write it; empty where the signal's name says enough.
pub fn unit_for_people(ucum: &str) -> &str {
    match ucum {
        "mm[Hg]" => "mmHg",
        "Cel" => "°C",
        "10*3/uL" => "10³/µL",
        "kg/m2" => "kg/m²",
        "mL/min/{1.73_m2}" => "mL/min/1.73 m²",
        "mL/(24.h)" => "mL/24 h",
        "{steps}" => "steps",
        "{steps}/(24.h)" => "steps/24 h",
        "{score}" => "points",
        "[pH]" | "{INR}" => "",
        other => other,
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.spec().name)
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.spec().name)
    }
}

const fn quantity(
    name: &'static str,
    label: &'static str,
    unit: &'static str,
    decimals: u8,
) -> SignalSpec {
    SignalSpec { name, label, unit, decimals, answers: &[] }
}

const fn category(
    name: &'static str,
    label: &'static str,
    answers: &'static [&'static str],
) -> SignalSpec {
    SignalSpec { name, label, unit: "", decimals: 0, answers }
}

/// Units after LOINC's recommended UCUM units; decimals after what laboratories and monitors report.
const SIGNALS: &[SignalSpec] = &[
    // Vital signs
    quantity("heart_rate", "Heart rate", "/min", 0),
    quantity("respiratory_rate", "Respiratory rate", "/min", 0),
    quantity("spo2", "Oxygen saturation (SpO2)", "%", 0),
    quantity("o2_flow", "Oxygen flow", "L/min", 1),
    quantity("fio2", "Inspired oxygen (FiO2)", "%", 0),
    quantity("temperature", "Temperature", "Cel", 1),
    quantity("systolic_blood_pressure", "Systolic blood pressure", "mm[Hg]", 0),
    quantity("diastolic_blood_pressure", "Diastolic blood pressure", "mm[Hg]", 0),
    quantity("mean_arterial_pressure", "Mean arterial pressure", "mm[Hg]", 0),
    quantity("gcs_total", "Glasgow coma score", "{score}", 0),
    category("oxygen_therapy", "Breathing", OXYGEN_ANSWERS),
    category("consciousness", "Consciousness (ACVPU)", CONSCIOUSNESS_ANSWERS),
    // Kidney
    quantity("creatinine", "Creatinine", "mg/dL", 2),
    quantity("egfr_reported", "eGFR as reported", "mL/min/{1.73_m2}", 0),
    quantity("urine_albumin_creatinine", "Urine albumin/creatinine", "mg/g", 1),
    quantity("urine_output", "Urine output", "mL", 0),
    quantity("urine_output_24h", "Urine output in 24 hours", "mL/(24.h)", 0),
    quantity("urea_nitrogen", "Urea nitrogen", "mg/dL", 1),
    // Electrolytes and acid-base
    quantity("sodium", "Sodium", "mmol/L", 1),
    quantity("potassium", "Potassium", "mmol/L", 1),
    quantity("chloride", "Chloride", "mmol/L", 1),
    quantity("co2_total", "Carbon dioxide, total", "mmol/L", 1),
    quantity("bicarbonate", "Bicarbonate", "mmol/L", 1),
    quantity("calcium", "Calcium", "mg/dL", 2),
    quantity("ionized_calcium", "Calcium, ionized", "mmol/L", 2),
    quantity("magnesium", "Magnesium", "mg/dL", 2),
    quantity("phosphate", "Phosphate", "mg/dL", 2),
    quantity("lactate", "Lactate", "mmol/L", 2),
    quantity("ph_arterial", "pH, arterial", "[pH]", 3),
    quantity("pao2", "PaO2", "mm[Hg]", 1),
    quantity("paco2", "PaCO2", "mm[Hg]", 1),
    quantity("pf_ratio", "PaO2/FiO2", "mm[Hg]", 0),
    quantity("base_excess", "Base excess", "mmol/L", 1),
    quantity("end_tidal_co2", "End-tidal CO2", "mm[Hg]", 1),
    quantity("arterial_oxygen_saturation", "Oxygen saturation, blood gas", "%", 1),
    // Liver, protein, metabolism
    quantity("albumin", "Albumin", "g/dL", 2),
    quantity("bilirubin_total", "Bilirubin, total", "mg/dL", 2),
    quantity("bilirubin_direct", "Bilirubin, direct", "mg/dL", 2),
    quantity("aspartate_aminotransferase", "AST", "U/L", 0),
    quantity("alanine_aminotransferase", "ALT", "U/L", 0),
    quantity("alkaline_phosphatase", "Alkaline phosphatase", "U/L", 0),
    quantity("glucose", "Glucose, laboratory", "mg/dL", 1),
    quantity("glucose_capillary", "Glucose, fingerstick", "mg/dL", 1),
    quantity("glucose_interstitial", "Glucose, sensor", "mg/dL", 1),
    quantity("hba1c", "HbA1c", "%", 1),
    quantity("cholesterol_total", "Cholesterol, total", "mg/dL", 1),
    quantity("cholesterol_hdl", "Cholesterol, HDL", "mg/dL", 1),
    quantity("cholesterol_ldl", "Cholesterol, LDL", "mg/dL", 1),
    quantity("triglycerides", "Triglycerides", "mg/dL", 1),
    // Blood, coagulation, inflammation, heart
    quantity("leukocytes", "Leukocytes", "10*3/uL", 2),
    quantity("platelets", "Platelets", "10*3/uL", 1),
    quantity("hemoglobin", "Hemoglobin", "g/dL", 1),
    quantity("hematocrit", "Hematocrit", "%", 1),
    quantity("mean_corpuscular_volume", "MCV", "fL", 1),
    quantity("inr", "INR", "{INR}", 2),
    quantity("partial_thromboplastin_time", "PTT", "s", 1),
    quantity("fibrinogen", "Fibrinogen", "mg/dL", 0),
    quantity("crp", "C-reactive protein", "mg/L", 1),
    quantity("procalcitonin", "Procalcitonin", "ng/mL", 2),
    quantity("troponin_i", "Troponin I", "ng/mL", 3),
    quantity("bnp", "BNP", "pg/mL", 0),
    quantity("nt_probnp", "NT-proBNP", "pg/mL", 0),
    quantity("qt", "QT interval", "ms", 0),
    quantity("qtc", "QTc interval", "ms", 0),
    // Body
    quantity("body_weight", "Weight", "kg", 2),
    quantity("body_height", "Height", "cm", 1),
    quantity("body_mass_index", "BMI", "kg/m2", 1),
    // Wearables and home devices
    quantity("resting_heart_rate", "Resting heart rate", "/min", 0),
    quantity("steps", "Steps", "{steps}", 0),
    quantity("steps_24h", "Steps in 24 hours", "{steps}/(24.h)", 0),
    quantity("sleep_duration", "Sleep duration", "h", 2),
    quantity("temperature_skin", "Skin temperature", "Cel", 1),
    quantity("glucose_sensor_mean", "Mean sensor glucose", "mg/dL", 0),
    quantity("glucose_management_indicator", "GMI", "%", 1),
    quantity("glucose_sensor_cv", "Sensor glucose CV", "%", 1),
    quantity("glucose_time_very_low", "Time very low (< 54 mg/dL)", "%", 1),
    quantity("glucose_time_low", "Time low (54-69 mg/dL)", "%", 1),
    quantity("glucose_time_in_range", "Time in range (70-180 mg/dL)", "%", 1),
    quantity("glucose_time_high", "Time high (181-250 mg/dL)", "%", 1),
    quantity("glucose_time_very_high", "Time very high (> 250 mg/dL)", "%", 1),
    quantity("glucose_sensor_days", "Days of sensor wear", "d", 0),
    quantity("glucose_sensor_active", "Sensor active", "%", 1),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_name_their_signals() {
        let named = [
            (Signal::RESPIRATORY_RATE, "respiratory_rate"),
            (Signal::SPO2, "spo2"),
            (Signal::O2_FLOW, "o2_flow"),
            (Signal::FIO2, "fio2"),
            (Signal::OXYGEN_THERAPY, "oxygen_therapy"),
            (Signal::CONSCIOUSNESS, "consciousness"),
            (Signal::CREATININE, "creatinine"),
            (Signal::URINE_ALBUMIN_CREATININE, "urine_albumin_creatinine"),
        ];
        for (signal, name) in named {
            assert_eq!(Signal::named(name), Some(signal));
        }
    }

    #[test]
    fn names_are_unique_and_values_read_aloud() {
        let mut names: Vec<&str> = Signal::all().map(|signal| signal.spec().name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        assert_eq!(Signal::named("temperature").unwrap().text_of(371), "37.1");
        assert_eq!(Signal::OXYGEN_THERAPY.text_of(1), "oxygen");
        assert_eq!(Signal::CONSCIOUSNESS.answer("voice"), Some(2));
    }

    #[test]
    fn units_are_written_as_people_do() {
        assert_eq!(Signal::named("temperature").unwrap().unit_for_people(), "°C");
        assert_eq!(Signal::RESPIRATORY_RATE.unit_for_people(), "/min");
        let units = Signal::all().map(Signal::unit_for_people);
        let odd = units.filter(|unit| unit.contains(['[', '{', '*', '(']));
        assert_eq!(odd.collect::<Vec<_>>(), Vec::<&str>::new());
    }
}
