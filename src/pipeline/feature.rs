//! The closed set of window functions over a twin, and the words they are written in.
//!
//! ```text
//! latest respiratory_rate within 60 min            newest value, not older than that
//! all creatinine within 365 d by clinical          every value of the window
//! standing comfort_care                            a state, since when
//! medication metformin                             a medicine of a value set in force, since when
//! age | birth date | sex | death
//! ```
//! Live, replay, backtest and what-if evaluate the same code on a twin as of one instant.

use crate::domain::event::ResourceKind;
use crate::domain::fact::Origin;
use crate::domain::signal::Signal;
use crate::domain::standing::Standing;
use crate::domain::time::{Span, Timestamp};
use crate::pipeline::setting::stands_since;
use crate::pipeline::view::View;
use crate::rules::assessment::{Cell, InputKind, Reading};
use crate::twin::read::Measured;
use crate::twin::statements::Topic;

/// One feature of a patient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Feature {
    /// The newest value of a signal within a window.
    Latest(Window),
    /// Every value of a signal within a window.
    All(Window),
    /// Since when a state stands.
    Standing(Standing),
    /// Since when a medicine of a value set is taken.
    Medication(String),
    /// Age in whole years.
    Age,
    /// The birth date.
    Birth,
    /// Female or male.
    Sex,
    /// Since when the patient is dead.
    Death,
}

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

/// The kinds of statements that say that a medicine is taken.
pub const MEDICATION_KINDS: [ResourceKind; 2] =
    [ResourceKind::MedicationRequest, ResourceKind::MedicationStatement];

impl Feature {
    /// Reads a feature's words.
    ///
    /// # Errors
    /// What is wrong with them, and what was expected.
    pub fn parse(text: &str) -> Result<Feature, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            ["latest", signal, "within", rest @ ..] => Ok(Feature::Latest(window(signal, rest)?)),
            ["all", signal, "within", rest @ ..] => Ok(Feature::All(window(signal, rest)?)),
            ["standing", name] => match Standing::named(name) {
                Some(standing) => Ok(Feature::Standing(standing)),
                None => {
                    let known = Standing::ALL.map(Standing::name).join(", ");
                    Err(format!("unknown state `{name}`, expected one of {known}"))
                }
            },
            ["medication", set] => Ok(Feature::Medication((*set).to_owned())),
            ["age"] => Ok(Feature::Age),
            ["birth", "date"] => Ok(Feature::Birth),
            ["sex"] => Ok(Feature::Sex),
            ["death"] => Ok(Feature::Death),
            _ => Err(format!(
                "`{text}` is no feature, expected `latest SIGNAL within SPAN [by ORIGIN, ...]`, \
                 `all SIGNAL within SPAN [by ORIGIN, ...]`, `standing STATE`, \
                 `medication VALUE_SET`, `age`, `birth date`, `sex` or `death`"
            )),
        }
    }

    /// The kind of cell it gives.
    pub const fn kind(&self) -> InputKind {
        match self {
            Feature::Latest(_) => InputKind::Reading,
            Feature::All(_) => InputKind::Series,
            Feature::Standing(_) | Feature::Medication(_) | Feature::Death => InputKind::State,
            Feature::Age => InputKind::Age,
            Feature::Birth => InputKind::Birth,
            Feature::Sex => InputKind::Sex,
        }
    }

    /// The signal window it reads, if it reads one.
    pub const fn window(&self) -> Option<&Window> {
        match self {
            Feature::Latest(window) | Feature::All(window) => Some(window),
            Feature::Standing(_)
            | Feature::Medication(_)
            | Feature::Age
            | Feature::Birth
            | Feature::Sex
            | Feature::Death => None,
        }
    }

    /// Whether a statement on this topic can change it.
    pub fn reads(&self, topic: Topic) -> bool {
        match (self, topic) {
            (Feature::Standing(standing), Topic::Standing(other)) => *standing == other,
            (Feature::Medication(_), Topic::Kind(kind)) => MEDICATION_KINDS.contains(&kind),
            (
                Feature::Age | Feature::Birth | Feature::Sex | Feature::Death,
                Topic::Kind(ResourceKind::Patient),
            ) => true,
            _ => false,
        }
    }

    /// Whether a change of it makes an instant of its own to evaluate: a value does, a medicine or a
    /// state that begins or ends does, a birth date does not.
    pub const fn makes_points(&self) -> bool {
        match self {
            Feature::Latest(_)
            | Feature::All(_)
            | Feature::Standing(_)
            | Feature::Medication(_)
            | Feature::Death => true,
            Feature::Age | Feature::Birth | Feature::Sex => false,
        }
    }

    /// The feature of a patient as of `at`. Samples it used are appended to `evidence`.
    pub fn extract(&self, view: &View<'_>, at: Timestamp, evidence: &mut Vec<Measured>) -> Cell {
        let View { twins, value_sets, patient } = *view;
        match self {
            Feature::Latest(window) => {
                #[cfg(test)]
                if crate::planted::leaves_out_features() {
                    return Cell::Missing;
                }
                let range = (at.minus(window.span), at);
                match twins.latest(patient, window.signal, &window.origins, range) {
                    Some(measured) => Cell::Reading(reading(measured, evidence)),
                    None => Cell::Missing,
                }
            }
            Feature::All(window) => {
                let range = (at.minus(window.span), at);
                let found = twins.window(patient, window.signal, &window.origins, range);
                let readings = found.into_iter().map(|measured| reading(measured, evidence));
                Cell::Series(readings.collect())
            }
            Feature::Standing(standing) => {
                stands_since(view, *standing, at).map_or(Cell::NotStated, Cell::Since)
            }
            Feature::Medication(set) => {
                let set = value_sets.get(set);
                let rows = MEDICATION_KINDS
                    .iter()
                    .flat_map(|kind| twins.statements(patient, Topic::Kind(*kind)));
                let taken = rows.filter(|row| {
                    row.in_force_at(at) && set.is_some_and(|set| set.holds(&row.statement.codes))
                });
                taken.map(|row| row.valid.start).min().map_or(Cell::NotStated, Cell::Since)
            }
            Feature::Age => {
                let age = twins.person(patient).birth.and_then(|birth| birth.age_years(at));
                age.map_or(Cell::Missing, |(least, greatest)| Cell::Age { least, greatest })
            }
            Feature::Birth => twins.person(patient).birth.map_or(Cell::Missing, Cell::Birth),
            Feature::Sex => twins.person(patient).sex.map_or(Cell::Missing, Cell::Sex),
            Feature::Death => {
                let died = twins.person(patient).deceased_from.filter(|from| *from <= at);
                died.map_or(Cell::NotStated, Cell::Since)
            }
        }
    }
}

fn reading(measured: Measured, evidence: &mut Vec<Measured>) -> Reading {
    evidence.push(measured);
    Reading {
        value: measured.value,
        decimals: measured.signal.spec().decimals,
        at: measured.at,
        comparator: measured.comparator,
        unusable: measured.unusable,
        is_preliminary: measured.is_preliminary,
        evidence: evidence.len() - 1,
    }
}

fn window(signal: &str, rest: &[&str]) -> Result<Window, String> {
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
