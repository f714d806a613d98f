//! How good warnings were: by episode, by instant, and how sure that is.
//!
//! By episode: an outcome is found if an alert came before it, not longer than the horizon; an alert is right if an
//! outcome follows it within the horizon. By instant: a score is one of a case if an outcome follows within the horizon;
//! scores from the first outcome on are left out where no other follows.

use crate::domain::time::{Span, Timestamp};
use crate::engine::backtest::chance::Chance;
use crate::engine::backtest::observed::Observed;

/// How often patients are drawn again for an interval.
const DRAWS: usize = 200;
/// The seed of the draws: a report is the same each time.
const SEED: u64 = 2_019;

/// A measure, with the interval in which 95 of 100 draws lie; `None` where there is nothing to measure.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measure {
    /// The measure.
    pub value: Option<f64>,
    /// The interval, where it was asked for.
    pub interval: Option<(f64, f64)>,
}

/// How good warnings were.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measures {
    /// Patients with a score.
    pub n_patients: usize,
    /// Days that were looked at.
    pub days: f64,
    /// Alerts.
    pub n_alerts: u64,
    /// Alerts that an outcome followed in time.
    pub n_right: u64,
    /// Outcomes.
    pub n_outcomes: u64,
    /// Outcomes that an alert preceded in time.
    pub n_found: u64,
    /// Alerts in 100 days of patients.
    pub alerts_per_100_days: Measure,
    /// The part of the outcomes that was found.
    pub sensitivity: Measure,
    /// The part of the alerts that was right.
    pub predictive_value: Measure,
    /// Hours from the first alert in time to its outcome: a quarter, half and three quarters are shorter.
    pub lead_hours: Option<(f64, f64, f64)>,
    /// The area under the receiver operating curve, by instant.
    pub roc_area: Measure,
    /// The average precision, by instant.
    pub average_precision: Measure,
    /// The part of the instants that are those of cases.
    pub prevalence: Option<f64>,
}

/// What counts in one patient.
#[derive(Clone, Debug, Default)]
struct Counts {
    days: f64,
    alerts: f64,
    right: f64,
    outcomes: f64,
    found: f64,
}

/// An instant of some patient, with how often its patient is drawn left to whoever draws.
#[derive(Clone, Copy, Debug)]
struct Instant {
    value: i64,
    patient: usize,
    is_case: bool,
}

/// Whether an outcome follows `at` within `horizon`.
pub fn is_followed(outcomes: &[Timestamp], at: Timestamp, horizon: Span) -> bool {
    outcomes.iter().any(|outcome| at < *outcome && *outcome <= at.plus(horizon))
}

/// The first of `alerts` within `horizon` before an outcome.
fn first_before(alerts: &[Timestamp], outcome: Timestamp, horizon: Span) -> Option<Timestamp> {
    let mut alerts = alerts.iter().copied();
    alerts.find(|at| *at < outcome && outcome <= at.plus(horizon))
}

impl Counts {
    fn of(patient: &Observed, alerts: &[Timestamp], horizon: Span) -> Counts {
        let right =
            alerts.iter().filter(|at| is_followed(&patient.outcomes, **at, horizon)).count();
        let is_found = |outcome: &&Timestamp| first_before(alerts, **outcome, horizon).is_some();
        Counts {
            days: patient.days,
            alerts: number(alerts.len()),
            right: number(right),
            outcomes: number(patient.outcomes.len()),
            found: number(patient.outcomes.iter().filter(is_found).count()),
        }
    }

    fn add(&mut self, other: &Counts, times: f64) {
        self.days += other.days * times;
        self.alerts += other.alerts * times;
        self.right += other.right * times;
        self.outcomes += other.outcomes * times;
        self.found += other.found * times;
    }

    fn alerts_per_100_days(&self) -> Option<f64> {
        Some(100.0 * self.alerts / self.days).filter(|_| 0.0 < self.days)
    }

    fn sensitivity(&self) -> Option<f64> {
        Some(self.found / self.outcomes).filter(|_| 0.0 < self.outcomes)
    }

    fn predictive_value(&self) -> Option<f64> {
        Some(self.right / self.alerts).filter(|_| 0.0 < self.alerts)
    }
}

/// What a set of alerts gives: alerts in 100 days, sensitivity, positive predictive value.
pub fn of_alerts<'o>(
    patients: impl Iterator<Item = (&'o Observed, Vec<Timestamp>)>,
    horizon: Span,
) -> (Option<f64>, Option<f64>, Option<f64>) {
    let mut sum = Counts::default();
    patients.for_each(|(patient, alerts)| sum.add(&Counts::of(patient, &alerts, horizon), 1.0));
    (sum.alerts_per_100_days(), sum.sensitivity(), sum.predictive_value())
}

/// The measures of patients, without intervals.
pub fn measures(patients: &[&Observed], horizon: Span) -> Measures {
    let counts: Vec<Counts> =
        patients.iter().map(|patient| Counts::of(patient, &patient.alerts, horizon)).collect();
    let mut sum = Counts::default();
    counts.iter().for_each(|one| sum.add(one, 1.0));
    let instants = instants(patients, horizon);
    let once = vec![1; patients.len()];
    let (roc_area, average_precision) = areas(&instants, &once);
    let plain = |value| Measure { value, interval: None };
    let n_cases = instants.iter().filter(|instant| instant.is_case).count();
    Measures {
        n_patients: patients.len(),
        days: sum.days,
        n_alerts: whole(sum.alerts),
        n_right: whole(sum.right),
        n_outcomes: whole(sum.outcomes),
        n_found: whole(sum.found),
        alerts_per_100_days: plain(sum.alerts_per_100_days()),
        sensitivity: plain(sum.sensitivity()),
        predictive_value: plain(sum.predictive_value()),
        lead_hours: lead_hours(patients, horizon),
        roc_area: plain(roc_area),
        average_precision: plain(average_precision),
        prevalence: Some(number(n_cases) / number(instants.len())).filter(|_| !instants.is_empty()),
    }
}

/// The same with intervals: patients are drawn, with all that is theirs.
pub fn measures_with_intervals(patients: &[&Observed], horizon: Span) -> Measures {
    let mut measures = measures(patients, horizon);
    let counts: Vec<Counts> =
        patients.iter().map(|patient| Counts::of(patient, &patient.alerts, horizon)).collect();
    let instants = instants(patients, horizon);
    let mut chance = Chance::new(SEED);
    let mut drawn: [Vec<f64>; 5] = Default::default();
    for _ in 0..DRAWS {
        let times = chance.draw(patients.len());
        let mut sum = Counts::default();
        counts.iter().zip(&times).for_each(|(one, times)| sum.add(one, f64::from(*times)));
        let (roc_area, average_precision) = areas(&instants, &times);
        let all = [
            sum.alerts_per_100_days(),
            sum.sensitivity(),
            sum.predictive_value(),
            roc_area,
            average_precision,
        ];
        drawn.iter_mut().zip(all).for_each(|(drawn, value)| drawn.extend(value));
    }
    let [per_100_days, sensitivity, predictive_value, roc_area, average_precision] =
        drawn.map(interval);
    measures.alerts_per_100_days.interval = per_100_days;
    measures.sensitivity.interval = sensitivity;
    measures.predictive_value.interval = predictive_value;
    measures.roc_area.interval = roc_area;
    measures.average_precision.interval = average_precision;
    measures
}

fn interval(mut drawn: Vec<f64>) -> Option<(f64, f64)> {
    drawn.sort_by(f64::total_cmp);
    Some((quantile(&drawn, 0.025)?, quantile(&drawn, 0.975)?))
}

/// A quantile of sorted values, between the two nearest.
pub fn quantile(sorted: &[f64], part: f64) -> Option<f64> {
    let place = part * number(sorted.len().checked_sub(1)?);
    let (below, above) = (index(place.floor()), index(place.ceil()));
    let (low, high) = (*sorted.get(below)?, *sorted.get(above)?);
    Some(low + (high - low) * (place - place.floor()))
}

fn lead_hours(patients: &[&Observed], horizon: Span) -> Option<(f64, f64, f64)> {
    let of_patient = |patient: &&Observed| {
        let found = patient.outcomes.iter().filter_map(|outcome| {
            let alert = first_before(&patient.alerts, *outcome, horizon)?;
            Some(crate::engine::backtest::observed::days(outcome.since(alert)) * 24.0)
        });
        found.collect::<Vec<f64>>()
    };
    let mut hours: Vec<f64> = patients.iter().flat_map(of_patient).collect();
    hours.sort_by(f64::total_cmp);
    Some((quantile(&hours, 0.25)?, quantile(&hours, 0.5)?, quantile(&hours, 0.75)?))
}

/// The instants that count, from the greatest value down.
fn instants(patients: &[&Observed], horizon: Span) -> Vec<Instant> {
    let of_patient = |(number, patient): (usize, &&Observed)| {
        let scores = patient.scores.iter();
        let counted = scores.filter(|score| {
            // After the last outcome nothing is warned of any more.
            patient.outcomes.last().is_none_or(|last| score.at < *last)
        });
        let instant = |score: &crate::engine::backtest::observed::Scored| Instant {
            value: score.value,
            patient: number,
            is_case: is_followed(&patient.outcomes, score.at, horizon),
        };
        counted.map(instant).collect::<Vec<Instant>>()
    };
    let mut instants: Vec<Instant> = patients.iter().enumerate().flat_map(of_patient).collect();
    instants.sort_by_key(|instant| (-instant.value, instant.patient));
    instants
}

/// The area under the receiver operating curve and the average precision, where each patient is drawn so many times.
fn areas(instants: &[Instant], times: &[u32]) -> (Option<f64>, Option<f64>) {
    let weight = |instant: &Instant| f64::from(times.get(instant.patient).copied().unwrap_or(0));
    let (mut cases, mut others) = (0.0, 0.0);
    let (mut area, mut precision) = (0.0, 0.0);
    for same in instants.chunk_by(|a, b| a.value == b.value) {
        let (before_cases, before_others) = (cases, others);
        for instant in same {
            if instant.is_case { cases += weight(instant) } else { others += weight(instant) }
        }
        area += (others - before_others) * (cases + before_cases) / 2.0;
        if before_cases < cases {
            precision += (cases - before_cases) * cases / (cases + others);
        }
    }
    let area = Some(area / (cases * others)).filter(|_| 0.0 < cases && 0.0 < others);
    (area, Some(precision / cases).filter(|_| 0.0 < cases))
}

#[expect(clippy::as_conversions, reason = "counts of a history are far below 2^53")]
const fn number(count: usize) -> f64 {
    count as f64
}

#[expect(
    clippy::as_conversions,
    clippy::cast_sign_loss,
    reason = "counts, which are whole and not negative"
)]
const fn whole(count: f64) -> u64 {
    count as u64
}

#[expect(clippy::as_conversions, clippy::cast_sign_loss, reason = "a place in a list")]
const fn index(place: f64) -> usize {
    place as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::backtest::observed::Scored;

    fn hour(hour: i64) -> Timestamp {
        Timestamp::from_micros(hour * 3_600_000_000)
    }

    fn patient(days: f64, alerts: &[i64], outcomes: &[i64], scores: &[(i64, i64)]) -> Observed {
        Observed {
            days,
            alerts: alerts.iter().map(|at| hour(*at)).collect(),
            outcomes: outcomes.iter().map(|at| hour(*at)).collect(),
            scores: scores
                .iter()
                .map(|(at, value)| Scored { at: hour(*at), value: *value, is_raised: false })
                .collect(),
            ..Observed::default()
        }
    }

    #[test]
    fn an_alert_at_the_outcome_or_after_it_or_too_early_finds_nothing() {
        let horizon = Span::from_hours(12);
        for (alert, is_found) in [(7, false), (8, true), (19, true), (20, false), (21, false)] {
            let one = patient(1.0, &[alert], &[20], &[]);
            let found = measures(&[&one], horizon);
            assert_eq!(found.n_found == 1, is_found, "alert at hour {alert}");
            assert_eq!(found.n_right == 1, is_found, "alert at hour {alert}");
        }
    }

    #[test]
    fn rates_and_lead_times_are_counted_over_all_patients() {
        let found = patient(2.0, &[10, 16], &[20], &[]);
        let missed = patient(1.0, &[], &[30], &[]);
        let well = patient(2.0, &[5], &[], &[]);
        let all = measures(&[&found, &missed, &well], Span::from_hours(12));
        assert_eq!((all.n_alerts, all.n_right, all.n_outcomes, all.n_found), (3, 2, 2, 1));
        assert_eq!(all.alerts_per_100_days.value, Some(60.0));
        assert_eq!(all.sensitivity.value, Some(0.5));
        // From the first alert in time, not the last.
        assert_eq!(all.lead_hours, Some((10.0, 10.0, 10.0)));
    }

    #[test]
    fn scores_rank_by_instant_and_stop_at_the_last_outcome() {
        let horizon = Span::from_hours(12);
        let ill = patient(1.0, &[], &[20], &[(1, 3), (10, 9), (19, 8), (25, 0)]);
        let well = patient(1.0, &[], &[], &[(1, 2), (10, 8)]);
        let all = measures(&[&ill, &well], horizon);
        // Cases: 9 and 8. Others: 3, 2, 8. Pairs won: 3 + 2.5 of 6.
        assert_eq!(all.roc_area.value, Some(5.5 / 6.0));
        assert_eq!(all.prevalence, Some(0.4));
        let interval = measures_with_intervals(&[&ill, &well], horizon).roc_area.interval;
        assert!(interval.is_some_and(|(low, high)| low <= high));
    }
}
