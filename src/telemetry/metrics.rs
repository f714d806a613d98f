//! Numbers for operators, in the text format of Prometheus.
//!
//! ```text
//! stages ── once a second ──► [ series ] ◄── one lock, one text ── GET /metrics
//! ```
//! Stages count for themselves and hand over totals, so that no counter is touched for each record. SE-1: a label is
//! a name of the configuration, of a pipeline or of a fixed list, or a partition: never a patient. An age is kept as
//! the instant it counts from, so that it grows also when whoever tells it hangs.

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::domain::time::Timestamp;
use crate::telemetry::families::{FAMILIES, Family};
use crate::telemetry::histogram::Histogram;

/// Series beyond which new ones are not kept: a label that grows without a bound is our own mistake, and must not
/// take the memory that twins need. A log of 1,024 partitions has 7,000.
pub const SERIES_MAX: usize = 16_384;

/// The media type of a scrape.
pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Every series.
#[derive(Debug, Default)]
pub struct Metrics {
    series: Mutex<BTreeMap<(&'static str, Vec<String>), Series>>,
    askers: Mutex<Vec<Asker>>,
}

/// Sets what is only known when somebody asks.
struct Asker(Box<dyn Fn(&Metrics) + Send + Sync>);

impl fmt::Debug for Asker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Asker")
    }
}

#[derive(Clone, Debug)]
enum Series {
    Count(u64),
    Seconds(Duration),
    Since(Timestamp),
    Histogram(Box<Histogram>),
}

impl Metrics {
    /// A counter has come to this, or a gauge stands at it.
    pub fn set(&self, family: &Family, labels: &[&str], value: u64) {
        self.put(family, labels, Series::Count(value));
    }

    /// A counter has grown by one.
    pub fn add(&self, family: &Family, labels: &[&str]) {
        let value = self.get(family, labels).unwrap_or(0).saturating_add(1);
        self.set(family, labels, value);
    }

    /// The value of a counter or gauge, where it was told.
    pub fn get(&self, family: &Family, labels: &[&str]) -> Option<u64> {
        match self.lock().get(&key(family, labels))? {
            Series::Count(value) => Some(*value),
            Series::Seconds(_) | Series::Since(_) | Series::Histogram(_) => None,
        }
    }

    /// A counter of seconds has come to this.
    pub fn seconds(&self, family: &Family, labels: &[&str], value: Duration) {
        self.put(family, labels, Series::Seconds(value));
    }

    /// An age counts from `since`.
    pub fn since(&self, family: &Family, labels: &[&str], since: Timestamp) {
        self.put(family, labels, Series::Since(since));
    }

    /// A histogram stands like this.
    pub fn histogram(&self, family: &Family, labels: &[&str], histogram: &Histogram) {
        self.put(family, labels, Series::Histogram(Box::new(histogram.clone())));
    }

    /// Has `ask` set what is only known at the time of a scrape: how many questions are being answered.
    pub fn at_each_scrape(&self, ask: impl Fn(&Metrics) + Send + Sync + 'static) {
        let mut askers = self.askers.lock().unwrap_or_else(PoisonError::into_inner);
        askers.push(Asker(Box::new(ask)));
    }

    /// Forgets every series of a family: what it told of is no longer so.
    pub fn clear(&self, family: &Family) {
        self.lock().retain(|(name, _), _| *name != family.name);
    }

    fn put(&self, family: &Family, labels: &[&str], value: Series) {
        let key = key(family, labels);
        let mut series = self.lock();
        let has_room = series.len() < SERIES_MAX || series.contains_key(&key);
        if has_room {
            series.insert(key, value);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(&'static str, Vec<String>), Series>> {
        self.series.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The text of a scrape at this time.
    pub fn text(&self, now: Timestamp) -> String {
        for Asker(ask) in self.askers.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            ask(self);
        }
        let series = self.lock();
        let mut text = String::new();
        for family in FAMILIES {
            let all = series.range((family.name, Vec::new())..);
            let mut all = all.take_while(|((name, _), _)| *name == family.name).peekable();
            if all.peek().is_none() {
                continue;
            }
            // Writing to a String cannot fail.
            let _ = writeln!(text, "# HELP {} {}", family.name, family.about);
            let _ = writeln!(text, "# TYPE {} {}", family.name, family.kind.name());
            for ((_, values), value) in all {
                write_series(&mut text, family, values, value, now);
            }
        }
        text
    }
}

fn key(family: &Family, labels: &[&str]) -> (&'static str, Vec<String>) {
    (family.name, labels.iter().map(|label| (*label).to_owned()).collect())
}

fn write_series(
    text: &mut String,
    family: &Family,
    values: &[String],
    series: &Series,
    now: Timestamp,
) {
    let name = family.name;
    let labels = family.labels.iter().zip(values);
    let labels: Vec<String> =
        labels.map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    let labels = labels.join(",");
    let own = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
    // Writing to a String cannot fail.
    let _ = match series {
        Series::Count(value) => writeln!(text, "{name}{own} {value}"),
        Series::Seconds(value) => writeln!(text, "{name}{own} {}", value.as_secs_f64()),
        Series::Since(since) => writeln!(text, "{name}{own} {}", age(now, *since).as_secs_f64()),
        Series::Histogram(histogram) => {
            let comma = if labels.is_empty() { "" } else { "," };
            for (bound, count) in histogram.within() {
                let _ = writeln!(text, "{name}_bucket{{{labels}{comma}le=\"{bound}\"}} {count}");
            }
            let count = histogram.count();
            let _ = writeln!(text, "{name}_bucket{{{labels}{comma}le=\"+Inf\"}} {count}");
            let _ = writeln!(text, "{name}_sum{own} {}", histogram.sum().as_secs_f64());
            writeln!(text, "{name}_count{own} {count}")
        }
    };
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// How long `since` is ago; nothing where clocks of two machines differ by less than they should.
pub fn age(now: Timestamp, since: Timestamp) -> Duration {
    Duration::from_micros(u64::try_from(now.since(since).micros()).unwrap_or(0))
}

/// The published list: name, kind, labels, what it says.
pub fn listed() -> String {
    let line = |family: &Family| {
        let Family { name, kind, labels, about } = family;
        format!("{name} {} {{{}}}\n     {about}\n", kind.name(), labels.join(","))
    };
    FAMILIES.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Span;
    use crate::telemetry::families;

    #[test]
    fn a_scrape_is_the_text_format_of_prometheus() {
        let metrics = Metrics::default();
        let at = Timestamp::from_micros(1_000_000);
        metrics.set(&families::DEAD_LETTERS, &["no \"patient\"", "whole"], 3);
        metrics.set(&families::BUDGET, &[], 5 << 32);
        metrics.add(&families::QUERIES_REFUSED, &["sql"]);
        metrics.add(&families::QUERIES_REFUSED, &["sql"]);
        metrics.since(&families::KNOWN_AGE, &[], at);
        metrics.seconds(&families::CPU, &[], Duration::from_millis(1_250));
        let mut histogram = Histogram::default();
        histogram.observe(Duration::from_millis(20));
        metrics.histogram(&families::DELAY, &["ehr"], &histogram);
        let text = metrics.text(at.plus(Span::from_micros(2_500_000)));
        for line in [
            "# TYPE twin_dead_letters_total counter",
            "twin_dead_letters_total{reason=\"no \\\"patient\\\"\",extent=\"whole\"} 3",
            "twin_memory_budget_bytes 21474836480",
            "twin_queries_refused_total{door=\"sql\"} 2",
            "twin_known_through_age_seconds 2.5",
            "process_cpu_seconds_total 1.25",
            "twin_record_delay_seconds_bucket{source=\"ehr\",le=\"0.01\"} 0",
            "twin_record_delay_seconds_bucket{source=\"ehr\",le=\"0.025\"} 1",
            "twin_record_delay_seconds_bucket{source=\"ehr\",le=\"+Inf\"} 1",
            "twin_record_delay_seconds_sum{source=\"ehr\"} 0.02",
        ] {
            assert!(text.lines().any(|written| written == line), "{line}\n{text}");
        }
    }

    #[test]
    fn names_follow_the_conventions_and_labels_name_no_patient() {
        for family in FAMILIES {
            let is_total = family.name.ends_with("_total");
            assert_eq!(is_total, family.kind == families::Kind::Counter, "{}", family.name);
            let known = ["partition", "source", "pipeline", "kind", "severity", "change"];
            let fixed =
                ["reason", "extent", "status", "state", "door", "thread", "stage", "version"];
            let is_known = |label| known.contains(label) || fixed.contains(label);
            assert!(family.labels.iter().all(is_known), "{}", family.name);
        }
    }

    #[test]
    fn series_have_a_bound() {
        let metrics = Metrics::default();
        for number in 0..=SERIES_MAX {
            metrics.set(&families::LOG_LAG, &[&number.to_string()], 1);
        }
        assert_eq!(metrics.lock().len(), SERIES_MAX);
    }
}
