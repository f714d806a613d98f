//! The report of a backtest: measures of each pipeline, in all and by group, as what crosses a wire.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::decimal::plain;
use crate::domain::person::Sex;
use crate::domain::time::Span;
use crate::engine::backtest::curve::curve;
use crate::engine::backtest::measures::{Measure, Measures, measures, measures_with_intervals};
use crate::engine::backtest::observed::Observed;
use crate::pipeline::pipeline::{NEVER, Pipeline};

/// What is said of one pipeline.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Its name.
    pub pipeline: String,
    /// Its title.
    pub title: String,
    /// Its edition.
    pub edition: String,
    /// How long before an outcome an alert counts, in hours.
    pub horizon_hours: f64,
    /// What is said from which band on; `never` for a score that is only kept.
    pub raises_from: String,
    /// All patients.
    pub all: Figures,
    /// Patients by age band, sex and ward, by the name of the group.
    pub groups: Vec<(String, Figures)>,
    /// What the policy suppressed, by its reason.
    pub suppressed: BTreeMap<String, u64>,
    /// Alerts that would have been kept silent, because their evidence was old when it became known.
    pub n_retrospective: u64,
    /// What other thresholds would do.
    pub curve: Vec<CurvePoint>,
}

/// The measures of some patients.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// Patients with a score.
    pub patients: usize,
    /// Days of patients.
    pub patient_days: f64,
    /// Alerts.
    pub alerts: u64,
    /// Outcomes.
    pub outcomes: u64,
    /// Outcomes that were found.
    pub outcomes_found: u64,
    /// Alerts in 100 days of patients, with its interval.
    pub alerts_per_100_patient_days: Interval,
    /// Sensitivity by episode.
    pub sensitivity: Interval,
    /// Positive predictive value by alert.
    pub positive_predictive_value: Interval,
    /// Quartiles of the lead time in hours.
    pub lead_hours: Option<(f64, f64, f64)>,
    /// Area under the receiver operating curve, by score.
    pub auroc: Interval,
    /// Average precision, by score.
    pub auprc: Interval,
    /// The part of the scores that are those of cases: the average precision of chance.
    pub prevalence: Option<f64>,
}

/// A measure and its interval.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Interval {
    /// The measure.
    pub value: Option<f64>,
    /// The lower end of its 95 % interval.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
}

/// A threshold of the curve.
#[derive(Clone, Debug, Serialize)]
pub struct CurvePoint {
    /// The threshold, as the score is written.
    pub threshold: String,
    /// Alerts in 100 days of patients.
    pub alerts_per_100_patient_days: Option<f64>,
    /// Sensitivity.
    pub sensitivity: Option<f64>,
    /// Positive predictive value.
    pub positive_predictive_value: Option<f64>,
}

impl Report {
    /// The report of a pipeline on patients.
    pub fn of(pipeline: &Pipeline, patients: &[Observed], horizon: Span) -> Report {
        let all: Vec<&Observed> = patients.iter().collect();
        let mut suppressed: BTreeMap<String, u64> = BTreeMap::new();
        for (reason, count) in patients.iter().flat_map(|patient| &patient.suppressed) {
            *suppressed.entry((*reason).to_owned()).or_default() += u64::from(*count);
        }
        let from = pipeline.policy.raise_from;
        let band = pipeline.bands.get(from).map_or("never", |band| &*band.name);
        let curve = curve(&all, &pipeline.policy, horizon).into_iter().map(|point| CurvePoint {
            threshold: plain(point.value, pipeline.decimals),
            alerts_per_100_patient_days: point.alerts_per_100_days,
            sensitivity: point.sensitivity,
            positive_predictive_value: point.predictive_value,
        });
        Report {
            pipeline: pipeline.name.to_string(),
            title: pipeline.title.to_string(),
            edition: pipeline.edition.to_string(),
            horizon_hours: crate::engine::backtest::observed::days(horizon) * 24.0,
            raises_from: if from == NEVER { "never" } else { band }.to_owned(),
            all: Figures::of(&measures_with_intervals(&all, horizon)),
            groups: groups(&all, horizon),
            suppressed,
            n_retrospective: patients
                .iter()
                .map(|patient| u64::from(patient.n_retrospective))
                .sum(),
            curve: curve.collect(),
        }
    }
}

fn groups(patients: &[&Observed], horizon: Span) -> Vec<(String, Figures)> {
    let mut groups: BTreeMap<String, Vec<&Observed>> = BTreeMap::new();
    for patient in patients {
        for name in names(patient) {
            groups.entry(name).or_default().push(patient);
        }
    }
    let figures = groups.into_iter();
    figures.map(|(name, patients)| (name, Figures::of(&measures(&patients, horizon)))).collect()
}

/// The groups of a patient. Ages are cut where the SPEC's own bands are cut most: 45, 65 and 80.
fn names(patient: &Observed) -> Vec<String> {
    let age = match patient.age_years {
        None => "age unknown",
        Some(..45) => "age below 45",
        Some(45..65) => "age 45 to 64",
        Some(65..80) => "age 65 to 79",
        Some(80..) => "age 80 and above",
    };
    let sex = match patient.sex {
        None => "sex unknown",
        Some(Sex::Female) => "sex female",
        Some(Sex::Male) => "sex male",
    };
    let ward = if patient.ward.is_empty() { "unknown" } else { &patient.ward };
    vec![age.to_owned(), sex.to_owned(), format!("ward {ward}")]
}

impl Figures {
    fn of(measures: &Measures) -> Figures {
        Figures {
            patients: measures.n_patients,
            patient_days: measures.days,
            alerts: measures.n_alerts,
            outcomes: measures.n_outcomes,
            outcomes_found: measures.n_found,
            alerts_per_100_patient_days: Interval::of(measures.alerts_per_100_days),
            sensitivity: Interval::of(measures.sensitivity),
            positive_predictive_value: Interval::of(measures.predictive_value),
            lead_hours: measures.lead_hours,
            auroc: Interval::of(measures.roc_area),
            auprc: Interval::of(measures.average_precision),
            prevalence: measures.prevalence,
        }
    }
}

impl Interval {
    fn of(measure: Measure) -> Interval {
        let (low, high) = measure.interval.unzip();
        Interval { value: measure.value, low, high }
    }
}
