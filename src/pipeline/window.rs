//! A window of values of one signal, the closed set of functions over it, and the words they are written in.
//!
//! ```text
//! latest respiratory_rate within 60 min            newest value, not older than that
//! first | lowest | highest | mean | sum | delta | deviation | slope | count S within SPAN
//! all creatinine within 365 d by clinical          every value of the window
//! time since lactate within 7 d                    hours since the newest value
//! share glucose from 70 to 180 within 14 d         the part of the values in that range, both ends in
//! missing heart_rate each 1 h within 24 h          the part of the hours, counted back, without a value
//! ```
//! A window that ends at `at` holds the values from `at - SPAN` to `at`, both ends included, in the order of
//! their times. PL-1: what cannot be said of too few values is missing, never zero; a count is zero. TW-3: where
//! the newest value of a window cannot be used, nothing is said; an older one that cannot is passed over. A
//! result that is only bounded (`< 5`) counts as its bound.

use crate::domain::decimal::Decimal;
use crate::domain::fact::Origin;
use crate::domain::signal::Signal;
use crate::domain::time::{Span, Timestamp};
use crate::twin::read::Measured;

/// A signal over a window that ends at the evaluated instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// What was measured.
    pub signal: Signal,
    /// By whom; clinical only unless the file says otherwise.
    pub origins: Vec<Origin>,
    /// How far back.
    pub span: Span,
}

/// What is computed of the values of a window. Values are in the signal's canonical unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// The newest.
    Latest,
    /// The oldest.
    First,
    /// The least.
    Lowest,
    /// The greatest.
    Highest,
    /// The mean.
    Mean,
    /// The sum.
    Sum,
    /// How many there are.
    Count,
    /// The slope of the least-squares line, in units an hour; of values of two instants or more.
    Slope,
    /// The newest less the oldest; of two values or more.
    Delta,
    /// The standard deviation of a sample; of two values or more.
    Deviation,
    /// Hours since the newest.
    TimeSince,
    /// The part of the values in a range, both ends in, in the signal's resolution.
    Share {
        /// The least.
        low: i64,
        /// The greatest.
        high: i64,
    },
    /// The part of the steps, counted back from the evaluated instant, in which there is no value.
    Absent {
        /// How long a step is.
        step: Span,
    },
}

impl Function {
    /// What it says of the values of a window, ascending by time, as of `at`; `None` where they are too few.
    pub fn of(self, values: &[Measured], at: Timestamp, span: Span) -> Option<f64> {
        let usable = || values.iter().filter(|measured| measured.unusable.is_none());
        let count = count_of(usable().count());
        let (first, newest) = (usable().next(), usable().next_back());
        let number = |measured: &Measured| measured.signal.number_of(measured.value);
        let numbers = || usable().map(number);
        match self {
            Function::Latest => newest.map(number),
            Function::First => first.map(number),
            Function::Lowest => numbers().reduce(f64::min),
            Function::Highest => numbers().reduce(f64::max),
            Function::Mean => first.map(|_| numbers().sum::<f64>() / count),
            Function::Sum => first.map(|_| numbers().sum()),
            Function::Count => Some(count),
            Function::Slope => slope(usable().map(|m| (hours(at, m.at), number(m)))),
            Function::Delta => Some(number(newest?) - number(first?)).filter(|_| 1.0 < count),
            Function::Deviation => {
                let mean = numbers().sum::<f64>() / count;
                let squares: f64 = numbers().map(|number| (number - mean).powi(2)).sum();
                Some((squares / (count - 1.0)).sqrt()).filter(|_| 1.0 < count)
            }
            Function::TimeSince => newest.map(|newest| hours(newest.at, at)),
            Function::Share { low, high } => {
                let inside = usable().filter(|m| low <= m.value && m.value <= high).count();
                first.map(|_| count_of(inside) / count)
            }
            Function::Absent { step } => {
                absent(usable().map(|measured| measured.at), (at, span), step)
            }
        }
    }
}

/// Hours from one instant to another, negative where that lies before.
pub fn hours(from: Timestamp, to: Timestamp) -> f64 {
    number_of(to.micros().saturating_sub(from.micros())) / 3_600e6
}

fn count_of(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

#[expect(clippy::as_conversions, reason = "spans of a life in microseconds are below 2^53")]
const fn number_of(micros: i64) -> f64 {
    micros as f64
}

/// The slope of the least-squares line through (hours, value).
fn slope(points: impl Iterator<Item = (f64, f64)> + Clone) -> Option<f64> {
    let count = count_of(points.clone().count());
    let (x_sum, y_sum) = points.clone().fold((0.0, 0.0), |(x, y), (px, py)| (x + px, y + py));
    let (x_mean, y_mean) = (x_sum / count, y_sum / count);
    let (over, under) = points.fold((0.0, 0.0), |(over, under), (x, y)| {
        (over + (x - x_mean) * (y - y_mean), under + (x - x_mean) * (x - x_mean))
    });
    // Times are whole microseconds: of two that differ the spread is far above this.
    Some(over / under).filter(|_| 1e-15 < under)
}

/// The part of the steps back from `at` in which none of `times` lies. A step holds its later end.
fn absent(
    times: impl Iterator<Item = Timestamp>,
    (at, span): (Timestamp, Span),
    step: Span,
) -> Option<f64> {
    let n_steps = span.micros() / step.micros();
    let (mut filled, mut last) = (0, None);
    for time in times {
        let number = (at.micros() - time.micros()) / step.micros();
        if number < n_steps && last != Some(number) {
            last = Some(number);
            filled += 1;
        }
    }
    Some(1.0 - number_of(filled) / number_of(n_steps)).filter(|_| 0 < n_steps)
}

impl Window {
    /// Those of `values`, ascending by time, that lie in this window as of `at`, where it is no longer than theirs.
    pub fn cut<'v>(&self, values: &'v [Measured], at: Timestamp) -> &'v [Measured] {
        let from = at.minus(self.span);
        let first = values.partition_point(|measured| measured.at < from);
        values.get(first..).unwrap_or(&[])
    }

    /// Whether it holds values of the same series as `other`.
    pub fn is_of(&self, other: &Window) -> bool {
        self.signal == other.signal && self.origins == other.origins
    }
}

/// Reads `mean heart_rate within 6 h by clinical`, or any other function and its window; `None` for words that
/// begin otherwise.
///
/// # Errors
/// What is wrong with them, and what was expected.
pub fn parse(words: &[&str]) -> Result<Option<(Function, Window)>, String> {
    let function = |name: &str| match name {
        "latest" => Some(Function::Latest),
        "first" => Some(Function::First),
        "lowest" => Some(Function::Lowest),
        "highest" => Some(Function::Highest),
        "mean" => Some(Function::Mean),
        "sum" => Some(Function::Sum),
        "count" => Some(Function::Count),
        "slope" => Some(Function::Slope),
        "delta" => Some(Function::Delta),
        "deviation" => Some(Function::Deviation),
        _ => None,
    };
    match words {
        ["time", "since", signal, "within", rest @ ..] => {
            Ok(Some((Function::TimeSince, window(signal, rest)?)))
        }
        ["share", signal, "from", low, "to", high, "within", rest @ ..] => {
            let window = window(signal, rest)?;
            let (low, high) = (value(low, window.signal)?, value(high, window.signal)?);
            if high < low {
                return Err(format!("`{}` is an empty range", words.join(" ")));
            }
            Ok(Some((Function::Share { low, high }, window)))
        }
        ["missing", signal, "each", number, unit, "within", rest @ ..] => {
            let step = parse_span(&format!("{number} {unit}"))?;
            let window = window(signal, rest)?;
            let n_steps = window.span.micros().checked_rem(step.micros());
            match n_steps {
                Some(0) => Ok(Some((Function::Absent { step }, window))),
                Some(_) | None => Err("expected a window of whole steps after `within`".to_owned()),
            }
        }
        [name, signal, "within", rest @ ..] => match function(name) {
            Some(function) => Ok(Some((function, window(signal, rest)?))),
            None => Ok(None),
        },
        _ => Ok(None),
    }
}

/// A value in the signal's resolution, written in its canonical unit.
fn value(text: &str, signal: Signal) -> Result<i64, String> {
    let decimals = signal.spec().decimals;
    let decimal = Decimal::parse(text).ok();
    let fits = decimal.filter(|decimal| -i32::from(decimals) <= decimal.parts().1);
    fits.and_then(|decimal| decimal.rounded(decimals))
        .ok_or_else(|| format!("`{text}` is no value of {signal} with at most {decimals} decimals"))
}

/// Reads a window: a signal, and `60 min by clinical, cleared-device`.
///
/// # Errors
/// What was expected.
pub fn window(signal: &str, rest: &[&str]) -> Result<Window, String> {
    let known = Signal::named(signal);
    let signal = known.ok_or_else(|| format!("unknown signal `{signal}`"))?;
    let by = rest.iter().position(|word| *word == "by").unwrap_or(rest.len());
    let (span, origins) = rest.split_at(by);
    let origins = match origins {
        [] => vec![Origin::Clinical],
        [_, names @ ..] => names.iter().map(|name| origin(name)).collect::<Result<Vec<_>, _>>()?,
    };
    if origins.is_empty() {
        return Err("expected an origin after `by`".to_owned());
    }
    Ok(Window { signal, origins, span: parse_span(&span.join(" "))? })
}

fn origin(name: &str) -> Result<Origin, String> {
    let name = name.trim_end_matches(',');
    Origin::named(name).ok_or_else(|| {
        let known = Origin::ALL.map(Origin::name).join(", ");
        format!("unknown origin `{name}`, expected one of {known}")
    })
}

/// Reads a span: `60 min`, `4 h`, `365 d`, `30 s`.
///
/// # Errors
/// What was expected.
pub fn parse_span(text: &str) -> Result<Span, String> {
    let expected = || format!("`{text}` is no span, expected a number and `s`, `min`, `h` or `d`");
    let (number, unit) = text.split_once(' ').ok_or_else(expected)?;
    let number: i64 = number.parse().ok().filter(|n| 0 <= *n).ok_or_else(expected)?;
    match unit {
        "s" => Ok(Span::from_seconds(number)),
        "min" => Ok(Span::from_minutes(number)),
        "h" => Ok(Span::from_hours(number)),
        "d" => Ok(Span::from_days(number)),
        _ => Err(expected()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twin::read::SamplePlace;

    /// Heart rates at hours, one that cannot be used where there is no value.
    fn rates(rates: &[(i64, Option<i64>)]) -> Vec<Measured> {
        let signal = Signal::named("heart_rate").unwrap();
        let measured = |(hour, value): &(i64, Option<i64>)| Measured {
            signal,
            value: value.unwrap_or(0) * 10_i64.pow(u32::from(signal.spec().decimals)),
            at: Timestamp::from_micros(hour * 3_600_000_000),
            comparator: None,
            unusable: value.is_none().then_some(crate::domain::refusal::Unusable::ALL[0]),
            is_preliminary: false,
            place: SamplePlace::Newest(0, 0),
        };
        rates.iter().map(measured).collect()
    }

    fn of(text: &str, values: &[Measured]) -> Option<f64> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (function, window) = parse(&words).unwrap().unwrap();
        let at = Timestamp::from_micros(10 * 3_600_000_000);
        function.of(window.cut(values, at), at, window.span)
    }

    fn near(found: Option<f64>, expected: f64) {
        let found = found.unwrap();
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }

    #[test]
    fn functions_say_what_their_names_say() {
        let values =
            rates(&[(3, Some(200)), (4, Some(60)), (6, Some(80)), (8, None), (10, Some(100))]);
        near(of("latest heart_rate within 6 h", &values), 100.0);
        near(of("first heart_rate within 6 h", &values), 60.0);
        near(of("lowest heart_rate within 6 h", &values), 60.0);
        near(of("highest heart_rate within 6 h", &values), 100.0);
        near(of("highest heart_rate within 7 h", &values), 200.0);
        near(of("mean heart_rate within 6 h", &values), 80.0);
        near(of("sum heart_rate within 6 h", &values), 240.0);
        near(of("count heart_rate within 6 h", &values), 3.0);
        near(of("delta heart_rate within 6 h", &values), 40.0);
        near(of("deviation heart_rate within 6 h", &values), 20.0);
        // Through (-6, 60), (-4, 80), (0, 100): 120 over 56/3.
        near(of("slope heart_rate within 6 h", &values), 120.0 / (56.0 / 3.0));
        near(of("share heart_rate from 80 to 100 within 6 h", &values), 2.0 / 3.0);
        near(of("time since heart_rate within 6 h", &values[..3]), 4.0);
        // Steps end at 10, 8, 6 and 4 o'clock; the one of 8 has no usable value.
        near(of("missing heart_rate each 2 h within 8 h", &values), 0.25);
    }

    #[test]
    fn too_few_values_say_nothing_and_a_count_is_zero() {
        let none = rates(&[]);
        let names =
            ["latest", "first", "lowest", "highest", "mean", "sum", "slope", "delta", "deviation"];
        for name in names {
            assert_eq!(of(&format!("{name} heart_rate within 6 h"), &none), None, "{name}");
        }
        assert_eq!(of("time since heart_rate within 6 h", &none), None);
        assert_eq!(of("share heart_rate from 80 to 100 within 6 h", &none), None);
        near(of("count heart_rate within 6 h", &none), 0.0);
        near(of("missing heart_rate each 1 h within 6 h", &none), 1.0);
        let one = rates(&[(9, Some(70))]);
        for name in ["slope", "delta", "deviation"] {
            assert_eq!(of(&format!("{name} heart_rate within 6 h"), &one), None, "{name}");
        }
        // Two values of one instant have no slope.
        assert_eq!(
            of("slope heart_rate within 6 h", &rates(&[(9, Some(70)), (9, Some(90))])),
            None
        );
    }

    #[test]
    fn wrong_words_are_refused_with_what_was_expected() {
        let refused = |text: &str| {
            let words: Vec<&str> = text.split_whitespace().collect();
            parse(&words).unwrap_err()
        };
        assert!(refused("mean heart_rat within 6 h").contains("unknown signal `heart_rat`"));
        assert!(refused("mean heart_rate within 6 hours").contains("is no span"));
        assert!(refused("share heart_rate from 9 to 8 within 6 h").contains("empty range"));
        assert!(refused("missing heart_rate each 5 h within 6 h").contains("whole steps"));
        assert!(refused("missing heart_rate each 0 h within 6 h").contains("whole steps"));
    }
}
