//! What another threshold would do: how many alerts for how many outcomes found.
//!
//! An alert of a threshold is a score that reaches it after being below for as long as an episode takes to end, and not
//! within the lockout of the alert before. It is simpler than the policy, which also knows bands, settings and who
//! answered; at the pipeline's own threshold the two can be compared.

use crate::domain::time::{Span, Timestamp};
use crate::engine::backtest::measures::of_alerts;
use crate::engine::backtest::observed::{Observed, Scored};
use crate::pipeline::pipeline::Policy;

/// A threshold, and what it would do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    /// The value, in the pipeline's decimals.
    pub value: i64,
    /// Alerts in 100 days of patients.
    pub alerts_per_100_days: Option<f64>,
    /// The part of the outcomes that is found.
    pub sensitivity: Option<f64>,
    /// The part of the alerts that is right.
    pub predictive_value: Option<f64>,
}

/// Thresholds of a curve at most.
const THRESHOLDS_MAX: usize = 24;

/// What thresholds over the range of the scores would do, ascending.
pub fn curve(patients: &[&Observed], policy: &Policy, horizon: Span) -> Vec<Threshold> {
    let of_threshold = |value: i64| {
        let alerts =
            patients.iter().map(|patient| (*patient, crossings(&patient.scores, value, policy)));
        let (alerts_per_100_days, sensitivity, predictive_value) = of_alerts(alerts, horizon);
        Threshold { value, alerts_per_100_days, sensitivity, predictive_value }
    };
    thresholds(patients).into_iter().map(of_threshold).collect()
}

/// Values that part the patients by their greatest score, evenly.
fn thresholds(patients: &[&Observed]) -> Vec<i64> {
    let greatest =
        patients.iter().filter_map(|patient| patient.scores.iter().map(|s| s.value).max());
    let mut greatest: Vec<i64> = greatest.collect();
    greatest.sort_unstable();
    let last = greatest.len().saturating_sub(1);
    let places = (1..=THRESHOLDS_MAX).map(|step| last * step / THRESHOLDS_MAX);
    let mut values: Vec<i64> = places.filter_map(|place| greatest.get(place).copied()).collect();
    values.dedup();
    values
}

fn crossings(scores: &[Scored], threshold: i64, policy: &Policy) -> Vec<Timestamp> {
    let mut alerts: Vec<Timestamp> = Vec::new();
    let (mut is_open, mut below_since) = (false, None);
    for score in scores {
        if score.value < threshold {
            let since = *below_since.get_or_insert(score.at);
            is_open &= score.at.since(since) < policy.clears_after;
            continue;
        }
        if below_since.take().is_some_and(|since| policy.clears_after <= score.at.since(since)) {
            is_open = false;
        }
        let is_locked = alerts.last().is_some_and(|last| score.at.since(*last) < policy.lockout);
        if !is_open && !is_locked {
            alerts.push(score.at);
            is_open = true;
        }
    }
    alerts
}
