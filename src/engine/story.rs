//! Stories: worked examples with clinical times, as a clinician would write them.
//!
//! ```text
//! 08:00 P1  baseline adult_normal
//! 08:30 P1  respiratory_rate 25 /min   spo2 92 %
//!       P1  expect alert news2 band medium score 5
//! 08:31 P1  correct respiratory_rate@08:30 to 15 /min
//!       P1  expect alert news2 withdrawn
//! ```
//! A person answers with `acknowledge news2`, `snooze news2 2 h` and `resolve news2`; `expect alert news2
//! acknowledged`, `snoozed` or `unanswered` says how that stands.
//!
//! A story begins with all pipelines live. `promote news2 shadow` and `promote news2 live` put one in that state, `pause
//! news2` pauses it; `expect shadow alert news2 band medium` is about what it would have said.
//!
//! A line is a time, a patient and items, two or more spaces apart. A time is `08:30` (on 2026-01-01),
//! `day 2 08:30` or `2025-03-01 08:30`, in UTC; without one it is the time of the line before. What
//! arrives on one line arrives together.

use crate::domain::moment::Moment;
use crate::domain::time::{Span, Timestamp};

/// A story's line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoryLine {
    /// Its number in the text, from 1.
    pub number: usize,
    /// The time.
    pub at: Timestamp,
    /// The patient.
    pub patient: String,
    /// What happens, or what must be so.
    pub items: Vec<String>,
}

/// What is wrong with a story, or what it found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct StoryError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

/// Where stories begin: the day of a bare `08:30`.
const FIRST_DAY: &str = "2026-01-01";

/// Reads a story's lines. Empty lines and what follows a `#` are passed over.
///
/// # Errors
/// The first line that cannot be read.
pub fn parse(text: &str) -> Result<Vec<StoryLine>, StoryError> {
    let mut lines = Vec::new();
    let mut last = None;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split_once(" #").map_or(line, |(before, _)| before);
        if line.trim().is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        let error = |message: &str| StoryError { line: number, message: message.to_owned() };
        let (at, rest) = time(line);
        let at = at.or(last).ok_or_else(|| error("the first line needs a time, such as 08:00"))?;
        last = Some(at);
        let (patient, items) = rest
            .trim()
            .split_once("  ")
            .ok_or_else(|| error("expected a patient, two spaces and what happens"))?;
        let items = items.split("  ").map(str::trim).filter(|item| !item.is_empty());
        let items = items.map(str::to_owned).collect();
        lines.push(StoryLine { number, at, patient: patient.to_owned(), items });
    }
    Ok(lines)
}

/// The time at the start of a line, and what follows it.
fn time(line: &str) -> (Option<Timestamp>, &str) {
    let words: Vec<&str> = line.split_whitespace().collect();
    let (text, n_words) = match words.as_slice() {
        ["day", day, clock, ..] => (on_day(day, clock), 3),
        [date, clock, ..] if date.len() == 10 && clock.len() == 5 => {
            (instant(&format!("{date}T{clock}:00Z")), 2)
        }
        [clock, ..] => (instant(&format!("{FIRST_DAY}T{clock}:00Z")), 1),
        [] => (None, 0),
    };
    match text {
        Some(at) => (Some(at), after_words(line, n_words)),
        None => (None, line),
    }
}

fn on_day(day: &str, clock: &str) -> Option<Timestamp> {
    let day: i64 = day.parse().ok().filter(|day| 1 <= *day)?;
    Some(instant(&format!("{FIRST_DAY}T{clock}:00Z"))?.plus(Span::from_days(day - 1)))
}

fn instant(text: &str) -> Option<Timestamp> {
    match Moment::parse(text) {
        Ok(Moment::Instant { at, .. }) => Some(at),
        _ => None,
    }
}

/// Reads the time of an item: `08:30`, `2025-03-01` or `2025-03-01T08:30`.
pub fn item_time(text: &str) -> Option<Timestamp> {
    instant(&format!("{FIRST_DAY}T{text}:00Z"))
        .or_else(|| instant(&format!("{text}:00Z")))
        .or_else(|| instant(&format!("{text}T00:00:00Z")))
}

/// What follows the first `n_words` words of a line.
fn after_words(line: &str, n_words: usize) -> &str {
    (0..n_words).fold(line, |rest, _| {
        let rest = rest.trim_start();
        rest.split_once(char::is_whitespace).map_or("", |(_, rest)| rest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_a_time_a_patient_and_items() {
        let lines = parse(
            "08:00 P1  baseline adult_normal   # as usual\n\n      P1  spo2 92 %   expect alert news2\n\
             day 2 09:00 P2  tick\n2025-03-01 08:30 P1  dies\n",
        )
        .unwrap();
        let shown: Vec<String> = lines
            .iter()
            .map(|l| format!("{} {} {} {:?}", l.number, l.at, l.patient, l.items))
            .collect();
        assert_eq!(
            shown,
            [
                "1 2026-01-01T08:00:00Z P1 [\"baseline adult_normal\"]",
                "3 2026-01-01T08:00:00Z P1 [\"spo2 92 %\", \"expect alert news2\"]",
                "4 2026-01-02T09:00:00Z P2 [\"tick\"]",
                "5 2025-03-01T08:30:00Z P1 [\"dies\"]",
            ]
        );
    }

    #[test]
    fn a_line_that_means_nothing_is_named() {
        assert_eq!(parse("08:00 P1").unwrap_err().line, 1);
        assert_eq!(parse("\nP1  dies").unwrap_err().line, 2);
    }
}
