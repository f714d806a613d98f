//! The PhysioNet/CinC Challenge 2019 (early sepsis) as FHIR: hourly rows of intensive care.
//!
//! Source: Reyna MA et al., Crit Care Med 2020;48:210-217; physionet.org, doi:10.13026/v64v-d857. One
//! `.psv` file a patient, one row an hour. Hour `ICULOS` is that many hours after a fixed admission.
//! The published data dictionary gives lactate in mg/dL and magnesium in mmol/dL; the values are
//! plainly mmol/L and mg/dL, and are written so. `SepsisLabel` is no observation and is left out.

use std::io::{self, Write};

use serde_json::Value as Json;

use crate::domain::decimal::Decimal;
use crate::domain::time::{Span, Timestamp};
use crate::import::fhir::{
    Coding, Concept, Encounter, EncounterLocation, Meta, Observation, Patient as Person, Period,
    Quantity, Reference, Resource,
};
use crate::ingest::files::FileRecord;

/// A column: its code, unit and category.
struct Column {
    name: &'static str,
    system: &'static str,
    code: &'static str,
    unit: &'static str,
    category: &'static str,
}

const LOINC: &str = "http://loinc.org";
/// Columns that the reviewed table of LOINC codes does not have keep their own names.
const OWN: &str = "urn:physionet:challenge-2019";
const VITAL: &str = "vital-signs";
const LABORATORY: &str = "laboratory";

const fn column(
    name: &'static str,
    system: &'static str,
    code: &'static str,
    unit: &'static str,
    category: &'static str,
) -> Column {
    Column { name, system, code, unit, category }
}

const COLUMNS: [Column; 34] = [
    column("HR", LOINC, "8867-4", "/min", VITAL),
    column("O2Sat", LOINC, "59408-5", "%", VITAL),
    column("Temp", LOINC, "8310-5", "Cel", VITAL),
    column("SBP", LOINC, "8480-6", "mm[Hg]", VITAL),
    column("MAP", LOINC, "8478-0", "mm[Hg]", VITAL),
    column("DBP", LOINC, "8462-4", "mm[Hg]", VITAL),
    column("Resp", LOINC, "9279-1", "/min", VITAL),
    column("EtCO2", OWN, "EtCO2", "mm[Hg]", VITAL),
    column("BaseExcess", OWN, "BaseExcess", "mmol/L", LABORATORY),
    column("HCO3", LOINC, "1963-8", "mmol/L", LABORATORY),
    column("FiO2", LOINC, "3150-0", "%", VITAL),
    column("pH", LOINC, "2744-1", "[pH]", LABORATORY),
    column("PaCO2", LOINC, "2019-8", "mm[Hg]", LABORATORY),
    column("SaO2", OWN, "SaO2", "%", LABORATORY),
    column("AST", LOINC, "1920-8", "U/L", LABORATORY),
    column("BUN", LOINC, "3094-0", "mg/dL", LABORATORY),
    column("Alkalinephos", OWN, "Alkalinephos", "U/L", LABORATORY),
    column("Calcium", LOINC, "17861-6", "mg/dL", LABORATORY),
    column("Chloride", LOINC, "2075-0", "mmol/L", LABORATORY),
    column("Creatinine", LOINC, "2160-0", "mg/dL", LABORATORY),
    column("Bilirubin_direct", OWN, "Bilirubin_direct", "mg/dL", LABORATORY),
    column("Glucose", LOINC, "2345-7", "mg/dL", LABORATORY),
    column("Lactate", LOINC, "2524-7", "mmol/L", LABORATORY),
    column("Magnesium", LOINC, "19123-9", "mg/dL", LABORATORY),
    column("Phosphate", LOINC, "2777-1", "mg/dL", LABORATORY),
    column("Potassium", LOINC, "2823-3", "mmol/L", LABORATORY),
    column("Bilirubin_total", LOINC, "1975-2", "mg/dL", LABORATORY),
    column("TroponinI", LOINC, "10839-9", "ng/mL", LABORATORY),
    column("Hct", OWN, "Hct", "%", LABORATORY),
    column("Hgb", LOINC, "718-7", "g/dL", LABORATORY),
    column("PTT", OWN, "PTT", "s", LABORATORY),
    column("WBC", LOINC, "6690-2", "10*3/uL", LABORATORY),
    column("Fibrinogen", OWN, "Fibrinogen", "mg/dL", LABORATORY),
    column("Platelets", LOINC, "777-3", "10*3/uL", LABORATORY),
];

/// How an hour is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Records {
    /// As it was charted: one Bundle.
    Bundles,
    /// Each Observation on its own.
    Observations,
}

/// A patient's rows, as text.
#[derive(Debug)]
struct Patient {
    id: String,
    /// (hour, line) ascending.
    rows: Vec<(i64, String)>,
}

/// Collects patients and writes them out hour by hour, in the order in which records became
/// available. All rows are held as text: about 150 bytes each.
#[derive(Debug)]
pub struct Challenge {
    admission: Timestamp,
    records: Records,
    patients: Vec<Patient>,
    header: Vec<String>,
}

/// The hours of a patient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours<'c> {
    /// The name of the patient's file.
    pub patient: &'c str,
    /// Its rows, ascending.
    pub rows: Vec<Hour>,
}

/// An hour of a patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hour {
    /// Hours since intensive care began.
    pub hour: i64,
    /// When that is.
    pub at: Timestamp,
    /// Whether sepsis begins within six hours, or began; `None` where the file does not say.
    pub label: Option<bool>,
}

/// What is wrong with an input.
#[derive(Debug, thiserror::Error)]
pub enum ChallengeError {
    /// A file is not of the challenge's form.
    #[error("{file} line {line}: {message}")]
    Form {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong, and what was expected.
        message: String,
    },
    /// The output cannot be written.
    #[error("the output: {0}")]
    Output(#[from] io::Error),
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Patients.
    pub n_patients: u64,
    /// Rows.
    pub n_rows: u64,
    /// Observations.
    pub n_observations: u64,
    /// Records.
    pub n_records: u64,
}

impl Challenge {
    /// Starts a collection; everyone is admitted at `admission`.
    pub fn new(admission: Timestamp, records: Records) -> Challenge {
        Challenge { admission, records, patients: Vec::new(), header: Vec::new() }
    }

    /// Adds a patient's file.
    ///
    /// # Errors
    /// If it is not of the challenge's form.
    pub fn add(&mut self, file: &FileRecord) -> Result<(), ChallengeError> {
        let form = |line, message: &str| ChallengeError::Form {
            file: file.topic.clone(),
            line,
            message: message.to_owned(),
        };
        let text = std::str::from_utf8(&file.payload).map_err(|_| form(1, "not UTF-8"))?;
        let mut lines = text.lines();
        let header: Vec<String> =
            lines.next().unwrap_or_default().split('|').map(str::to_owned).collect();
        if self.header.is_empty() {
            let known = |name: &str| header.iter().any(|column| column == name);
            let needed = ["ICULOS", "Age", "Gender", "HospAdmTime"];
            if !needed.iter().all(|name| known(name)) {
                return Err(form(1, "expected a header with ICULOS, Age, Gender and HospAdmTime"));
            }
            self.header.clone_from(&header);
        }
        if header != self.header {
            return Err(form(1, "the columns are others than in the first file"));
        }
        let hours = self.place("ICULOS");
        let mut rows = Vec::new();
        for (line_number, line) in (2..).zip(lines).filter(|(_, line)| !line.is_empty()) {
            let hour = line.split('|').nth(hours).and_then(|hour| hour.parse().ok());
            let hour = hour
                .ok_or_else(|| form(line_number, "expected a whole number of hours in ICULOS"))?;
            rows.push((hour, line.to_owned()));
        }
        let name = file.topic.rsplit(['/', '!']).next().unwrap_or_default();
        let id = name.strip_suffix(".psv").unwrap_or(name).to_owned();
        self.patients.push(Patient { id, rows });
        Ok(())
    }

    /// The same in parts of so many patients each, in the order of their names.
    pub fn split(mut self, patients_max: usize) -> Vec<Challenge> {
        self.patients.sort_by(|a, b| a.id.cmp(&b.id));
        let (admission, records) = (self.admission, self.records);
        let mut patients = self.patients.into_iter().peekable();
        let mut parts = Vec::new();
        while patients.peek().is_some() {
            let patients = patients.by_ref().take(patients_max.max(1)).collect();
            let header = self.header.clone();
            parts.push(Challenge { admission, records, patients, header });
        }
        parts
    }

    /// The hours of every patient, with their labels.
    pub fn hours(&self) -> impl Iterator<Item = Hours<'_>> {
        let label = self.place("SepsisLabel");
        self.patients.iter().map(move |patient| {
            let rows = patient.rows.iter().map(|(hour, line)| Hour {
                hour: *hour,
                at: self.at(*hour),
                label: match line.split('|').nth(label) {
                    Some("1") => Some(true),
                    Some("0") => Some(false),
                    _ => None,
                },
            });
            Hours { patient: &patient.id, rows: rows.collect() }
        })
    }

    fn place(&self, column: &str) -> usize {
        self.header.iter().position(|name| name == column).unwrap_or(usize::MAX)
    }

    /// Writes everything, one record a line.
    ///
    /// # Errors
    /// If the output cannot be written.
    pub fn write(&self, output: &mut impl Write) -> Result<Written, ChallengeError> {
        let mut patients: Vec<&Patient> = self.patients.iter().collect();
        patients.sort_by(|a, b| a.id.cmp(&b.id));
        let mut written = Written::default();
        for patient in &patients {
            written.n_patients += 1;
            let bundle = Resource::collection(vec![self.person(patient), self.stay(patient, None)]);
            line(output, &bundle, &mut written)?;
        }
        let last = patients.iter().filter_map(|p| p.rows.last()).map(|(hour, _)| *hour).max();
        let mut next: Vec<usize> = vec![0; patients.len()];
        for hour in 0..=last.unwrap_or(0) + 1 {
            for (patient, next) in patients.iter().zip(&mut next) {
                while let Some((_, row)) = patient.rows.get(*next).filter(|(at, _)| *at == hour) {
                    *next += 1;
                    written.n_rows += 1;
                    self.write_row(output, patient, hour, row, &mut written)?;
                }
                if *next == patient.rows.len()
                    && patient.rows.last().map(|(at, _)| at + 1) == Some(hour)
                {
                    let end = self.at(hour);
                    line(output, &self.stay(patient, Some(end)), &mut written)?;
                }
            }
        }
        Ok(written)
    }

    fn at(&self, hour: i64) -> Timestamp {
        self.admission.plus(Span::from_hours(hour))
    }

    fn write_row(
        &self,
        output: &mut impl Write,
        patient: &Patient,
        hour: i64,
        row: &str,
        written: &mut Written,
    ) -> Result<(), ChallengeError> {
        let at = self.at(hour).to_string();
        let cells: Vec<&str> = row.split('|').collect();
        let mut observations = Vec::new();
        for column in &COLUMNS {
            let cell = cells.get(self.place(column.name)).copied().unwrap_or("NaN");
            if cell != "NaN" && !cell.is_empty() {
                observations.push(observation(patient, hour, &at, column, cell));
            }
        }
        written.n_observations += u64::try_from(observations.len()).unwrap_or(0);
        match self.records {
            Records::Bundles if observations.is_empty() => Ok(()),
            Records::Bundles => line(output, &Resource::collection(observations), written),
            Records::Observations => {
                observations.iter().try_for_each(|one| line(output, one, written))
            }
        }
    }

    fn cell<'p>(&self, patient: &'p Patient, column: &str) -> Option<&'p str> {
        let (_, row) = patient.rows.first()?;
        row.split('|').nth(self.place(column)).filter(|cell| *cell != "NaN")
    }

    /// Age in whole years at admission is a year of birth, as precise as it is known.
    fn person(&self, patient: &Patient) -> Resource {
        let age: Option<f64> = self.cell(patient, "Age").and_then(|age| age.parse().ok());
        let year = f64::from(self.admission.date().year());
        Resource::Patient(Person {
            id: patient.id.clone(),
            meta: Meta { last_updated: self.admission.to_string() },
            gender: match self.cell(patient, "Gender") {
                Some("1") => "male",
                Some("0") => "female",
                _ => "unknown",
            },
            birth_date: age.map(|age| format!("{:.0}", year - age.floor())),
        })
    }

    fn stay(&self, patient: &Patient, end: Option<Timestamp>) -> Resource {
        // Hours from hospital admission to intensive care, negative.
        let before = self.cell(patient, "HospAdmTime").and_then(|hours| hours.parse().ok());
        let before: f64 = before.unwrap_or(0.0);
        #[expect(clippy::as_conversions, reason = "hours of a stay, far inside the range of i64")]
        let before = Span::from_seconds((before.clamp(-100_000.0, 0.0) * 3_600.0) as i64);
        let unit = match (self.cell(patient, "Unit1"), self.cell(patient, "Unit2")) {
            (Some("1"), _) => "MICU",
            (_, Some("1")) => "SICU",
            _ => "ICU",
        };
        let place =
            Reference { reference: format!("Location/{unit}"), display: Some(unit.to_owned()) };
        Resource::Encounter(Encounter {
            id: patient.id.clone(),
            meta: Meta { last_updated: end.unwrap_or(self.admission).to_string() },
            status: if end.is_some() { "finished" } else { "in-progress" },
            class: Coding {
                system: "http://terminology.hl7.org/CodeSystem/v3-ActCode",
                code: "IMP",
            },
            subject: Reference::to(format!("Patient/{}", patient.id)),
            period: Period {
                start: self.admission.plus(before).to_string(),
                end: end.map(|end| end.to_string()),
            },
            location: vec![EncounterLocation { location: place }],
        })
    }
}

fn observation(patient: &Patient, hour: i64, at: &str, column: &Column, cell: &str) -> Resource {
    let number = match column.name {
        "FiO2" => percent(cell),
        _ => serde_json::from_str::<serde_json::Number>(cell).ok(),
    };
    let category = Coding {
        system: "http://terminology.hl7.org/CodeSystem/observation-category",
        code: column.category,
    };
    Resource::Observation(Observation {
        id: format!("{}-{hour}-{}", patient.id, column.name),
        status: "final",
        category: vec![Concept { coding: vec![category], text: None }],
        code: Concept {
            coding: vec![Coding { system: column.system, code: column.code }],
            text: Some(column.name),
        },
        subject: Reference::to(format!("Patient/{}", patient.id)),
        encounter: Reference::to(format!("Encounter/{}", patient.id)),
        effective_date_time: at.to_owned(),
        issued: at.to_owned(),
        value_quantity: Quantity {
            value: number.map_or_else(|| Json::String(cell.to_owned()), Json::Number),
            unit: column.unit,
            system: "http://unitsofmeasure.org",
            code: column.unit,
        },
    })
}

/// A fraction as per cent, exactly.
fn percent(cell: &str) -> Option<serde_json::Number> {
    let (mantissa, exponent) = Decimal::parse(cell).ok()?.parts();
    let millionths = Decimal::new(mantissa, exponent + 2).rounded(6)?;
    serde_json::from_str(&crate::domain::decimal::plain(millionths, 6)).ok()
}

fn line(
    output: &mut impl Write,
    record: &Resource,
    written: &mut Written,
) -> Result<(), ChallengeError> {
    written.n_records += 1;
    serde_json::to_writer(&mut *output, record).map_err(io::Error::from)?;
    Ok(output.write_all(b"\n")?)
}
