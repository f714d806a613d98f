//! The closed set of window functions over a twin, and the words they are written in.
//!
//! ```text
//! latest respiratory_rate within 60 min            newest value, not older than that
//! mean heart_rate within 6 h                       and the other functions of `window`
//! all creatinine within 365 d by clinical          every value of the window
//! standing comfort_care                            a state, since when
//! medication metformin                             a medicine of a value set in force, since when
//! condition stroke ever                            a condition of a value set, in force or past
//! procedure surgery within 30 d                    what was done
//! medicines of qt_drugs | allergies | stays within 366 d    every one, with codes and times
//! score news2                                      what another pipeline says as of the same instant
//! hours since admission                            of the stay in force
//! age | birth date | sex | death
//! ```
//! Live, replay, backtest and what-if evaluate the same code on a twin as of one instant.

use std::sync::Arc;

use crate::domain::event::ResourceKind;
use crate::domain::fact::Origin;
use crate::domain::signal::Signal;
use crate::domain::standing::Standing;
use crate::domain::time::{Span, Timestamp};
use crate::pipeline::pipeline::Pipeline;
use crate::pipeline::setting::{stands_by, stay_at};
use crate::pipeline::stated::{Matter, Reach, Stated, since};
use crate::pipeline::view::{Piece, View};
use crate::pipeline::window::{self, Function, Window, parse_span};
use crate::rules::assessment::{Cell, InputKind, Number, Outcome, Reading, Score, Since};
use crate::twin::read::Measured;
use crate::twin::statements::Topic;
use crate::twin::twins::Twins;

/// One feature of a patient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Feature {
    /// The newest value of a signal within a window.
    Latest(Window),
    /// The least value of a signal within a window.
    Lowest(Window),
    /// The greatest value of a signal within a window.
    Highest(Window),
    /// Every value of a signal within a window.
    All(Window),
    /// A number computed of the values within a window.
    Computed(Function, Window),
    /// Hours since the stay in force began.
    SinceAdmission,
    /// Since when a state stands.
    Standing(Standing),
    /// Since when a medicine, a condition or a procedure of a value set is there.
    State(Stated),
    /// Every statement of a matter.
    List(Stated),
    /// The score of another pipeline.
    Score(ScoreOf),
    /// Age in whole years.
    Age,
    /// The birth date.
    Birth,
    /// Female or male.
    Sex,
    /// Since when the patient is dead.
    Death,
}

impl Feature {
    /// Reads a feature's words.
    ///
    /// # Errors
    /// What is wrong with them, and what was expected.
    pub fn parse(text: &str) -> Result<Feature, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            ["all", signal, "within", rest @ ..] => Ok(Feature::All(window::window(signal, rest)?)),
            ["hours", "since", "admission"] => Ok(Feature::SinceAdmission),
            ["standing", name] => match Standing::named(name) {
                Some(standing) => Ok(Feature::Standing(standing)),
                None => {
                    let known = Standing::ALL.map(Standing::name).join(", ");
                    Err(format!("unknown state `{name}`, expected one of {known}"))
                }
            },
            ["medication", set, rest @ ..] => state(Matter::Medicines, set, rest),
            ["condition", set, rest @ ..] => state(Matter::Conditions, set, rest),
            ["procedure", set, rest @ ..] => state(Matter::Procedures, set, rest),
            ["medicines", rest @ ..] => list(Matter::Medicines, rest),
            ["allergies", rest @ ..] => list(Matter::Allergies, rest),
            ["stays", rest @ ..] => list(Matter::Stays, rest),
            ["score", name] => Ok(Feature::Score(ScoreOf { name: (*name).to_owned(), of: None })),
            ["age"] => Ok(Feature::Age),
            ["birth", "date"] => Ok(Feature::Birth),
            ["sex"] => Ok(Feature::Sex),
            ["death"] => Ok(Feature::Death),
            words => of_window(words)?.ok_or_else(|| unknown(text)),
        }
    }

    /// The kind of cell it gives.
    pub const fn kind(&self) -> InputKind {
        match self {
            Feature::Latest(_) | Feature::Lowest(_) | Feature::Highest(_) => InputKind::Reading,
            Feature::All(_) => InputKind::Series,
            Feature::Computed(..) | Feature::SinceAdmission => InputKind::Number,
            Feature::Standing(_) | Feature::State(_) | Feature::Death => InputKind::State,
            Feature::List(_) => InputKind::List,
            Feature::Age => InputKind::Age,
            Feature::Birth => InputKind::Birth,
            Feature::Sex => InputKind::Sex,
            Feature::Score(_) => InputKind::Score,
        }
    }

    /// The signal window it reads, if it reads one.
    pub const fn window(&self) -> Option<&Window> {
        match self {
            Feature::Latest(window)
            | Feature::Lowest(window)
            | Feature::Highest(window)
            | Feature::All(window)
            | Feature::Computed(_, window) => Some(window),
            Feature::SinceAdmission
            | Feature::Standing(_)
            | Feature::State(_)
            | Feature::List(_)
            | Feature::Score(_)
            | Feature::Age
            | Feature::Birth
            | Feature::Sex
            | Feature::Death => None,
        }
    }

    /// The statements it reads, if it reads any.
    pub const fn stated(&self) -> Option<&Stated> {
        match self {
            Feature::State(stated) | Feature::List(stated) => Some(stated),
            Feature::Latest(_)
            | Feature::Lowest(_)
            | Feature::Highest(_)
            | Feature::All(_)
            | Feature::Computed(..)
            | Feature::SinceAdmission
            | Feature::Standing(_)
            | Feature::Score(_)
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
            (Feature::State(stated) | Feature::List(stated), Topic::Kind(kind)) => {
                stated.matter.is_said_by(kind)
            }
            (
                Feature::Age | Feature::Birth | Feature::Sex | Feature::Death,
                Topic::Kind(ResourceKind::Patient),
            )
            | (Feature::SinceAdmission, Topic::Kind(ResourceKind::Encounter)) => true,
            _ => false,
        }
    }

    /// The topics whose statements make instants to evaluate where they begin and end.
    pub fn topics(&self) -> impl Iterator<Item = Topic> {
        let standing = match self {
            Feature::Standing(standing) => Some(Topic::Standing(*standing)),
            _ => None,
        };
        let kinds = self.stated().map_or(&[][..], |stated| stated.matter.kinds());
        standing.into_iter().chain(kinds.iter().map(|kind| Topic::Kind(*kind)))
    }

    /// How long after its end a statement still changes it.
    pub const fn after(&self) -> Span {
        match self.stated() {
            Some(stated) => stated.reach.after(),
            None => Span::ZERO,
        }
    }

    /// Whether a change of it makes an instant of its own to evaluate: a value does, a medicine or a
    /// state that begins or ends does, a birth date does not.
    pub const fn makes_points(&self) -> bool {
        match self {
            Feature::Latest(_)
            | Feature::Lowest(_)
            | Feature::Highest(_)
            | Feature::All(_)
            | Feature::Computed(..)
            | Feature::Standing(_)
            | Feature::State(_)
            | Feature::List(_)
            | Feature::Death => true,
            // The features of a score make its points.
            Feature::Score(_)
            | Feature::SinceAdmission
            | Feature::Age
            | Feature::Birth
            | Feature::Sex => false,
        }
    }

    /// The feature of a patient as of `at`. Facts it used are appended to `evidence`.
    pub fn extract(&self, view: &View<'_>, at: Timestamp, evidence: &mut Vec<Piece>) -> Cell {
        let View { twins, patient, .. } = *view;
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
            Feature::Lowest(window) => window.extreme(view, at, Twins::lowest, evidence),
            Feature::Highest(window) => window.extreme(view, at, Twins::highest, evidence),
            Feature::All(window) => {
                let found = window.values(view, at).into_iter();
                Cell::Series(found.map(|measured| reading(measured, evidence)).collect())
            }
            Feature::Computed(..) => {
                let values = self.window().map_or(Vec::new(), |window| window.values(view, at));
                let newest = values.last().map(|newest| reading(*newest, evidence));
                self.of_values(&values, newest.as_ref(), at)
            }
            Feature::SinceAdmission => {
                let begun = stay_at(view, at).begun_at();
                begun.map_or(Cell::Missing, |begun| {
                    let value = window::hours(begun, at);
                    Cell::Number(Number { value, evidence: None })
                })
            }
            Feature::Standing(standing) => since(stands_by(view, *standing, at), evidence),
            Feature::State(stated) => stated.state(view, at, evidence),
            Feature::List(stated) => stated.list(view, at, evidence),
            Feature::Score(score) => score.extract(view, at, evidence),
            Feature::Age => {
                let age = twins.person(patient).birth.and_then(|birth| birth.age_years(at));
                age.map_or(Cell::Missing, |(least, greatest)| Cell::Age { least, greatest })
            }
            Feature::Birth => twins.person(patient).birth.map_or(Cell::Missing, Cell::Birth),
            Feature::Sex => twins.person(patient).sex.map_or(Cell::Missing, Cell::Sex),
            Feature::Death => {
                let died = twins.person(patient).deceased_from.filter(|from| *from <= at);
                died.map_or(Cell::NotStated, |at| Cell::Since(Since { at, evidence: None }))
            }
        }
    }
}

impl Feature {
    /// What it computes of values of its signal, ascending by time, that reach as far back as its window; `newest`
    /// is the last of them. TW-3: where that one cannot be used and lies in the window, it is all there is to say.
    pub fn of_values(&self, values: &[Measured], newest: Option<&Reading>, at: Timestamp) -> Cell {
        let (function, window) = match self {
            Feature::Latest(window) => (Function::Latest, window),
            Feature::Lowest(window) => (Function::Lowest, window),
            Feature::Highest(window) => (Function::Highest, window),
            Feature::Computed(function, window) => (*function, window),
            Feature::All(_)
            | Feature::SinceAdmission
            | Feature::Standing(_)
            | Feature::State(_)
            | Feature::List(_)
            | Feature::Score(_)
            | Feature::Age
            | Feature::Birth
            | Feature::Sex
            | Feature::Death => return Cell::Missing,
        };
        let values = window.cut(values, at);
        let newest = newest.filter(|_| !values.is_empty());
        match newest.filter(|newest| newest.unusable.is_some()) {
            Some(newest) => Cell::Reading(*newest),
            None => function.of(values, at, window.span).map_or(Cell::Missing, |value| {
                let evidence = newest.map(|newest| newest.evidence);
                Cell::Number(Number { value, evidence })
            }),
        }
    }
}

/// The score of another pipeline.
#[derive(Clone, Debug)]
pub struct ScoreOf {
    /// Its name.
    pub name: String,
    /// The pipeline, once it was looked up.
    pub of: Option<Arc<Pipeline>>,
}

/// By what they name: the pipeline behind a name is one.
impl PartialEq for ScoreOf {
    fn eq(&self, other: &ScoreOf) -> bool {
        self.name == other.name
    }
}

impl Eq for ScoreOf {}

impl ScoreOf {
    fn extract(&self, view: &View<'_>, at: Timestamp, evidence: &mut Vec<Piece>) -> Cell {
        let Some(pipeline) = &self.of else { return Cell::Missing };
        let from = evidence.len();
        let assessment = pipeline.assess_into(view, at, &mut Vec::new(), evidence);
        let (least, most) = match assessment.outcome {
            Outcome::Final { value } => (value, value),
            Outcome::Incomplete { lower, upper } => (lower, upper.unwrap_or(i64::MAX)),
            Outcome::NotApplicable { .. } | Outcome::NotComputable { .. } => return Cell::Missing,
        };
        let decimals = pipeline.decimals;
        Cell::Score(Score { least, most, decimals, evidence: (from, evidence.len()) })
    }
}

impl Window {
    /// Its values, ascending by time.
    pub fn values(&self, view: &View<'_>, at: Timestamp) -> Vec<Measured> {
        let range = (at.minus(self.span), at);
        view.twins.window(view.patient, self.signal, &self.origins, range)
    }

    /// Its least or greatest value, by `find`. A newest value that cannot be used hides those before it (TW-3); an
    /// older one that could not be used says nothing.
    fn extreme(
        &self,
        view: &View<'_>,
        at: Timestamp,
        find: Extreme,
        evidence: &mut Vec<Piece>,
    ) -> Cell {
        let range = (at.minus(self.span), at);
        let newest = view.twins.latest(view.patient, self.signal, &self.origins, range);
        let Some(newest) = newest else { return Cell::Missing };
        let found = match newest.unusable {
            Some(_) => newest,
            None => {
                find(view.twins, view.patient, self.signal, &self.origins, range).unwrap_or(newest)
            }
        };
        Cell::Reading(reading(found, evidence))
    }
}

/// `Twins::lowest` or `Twins::highest`.
type Extreme = fn(&Twins, u32, Signal, &[Origin], (Timestamp, Timestamp)) -> Option<Measured>;

/// A value as rules see it; the value is the evidence.
pub fn reading(measured: Measured, evidence: &mut Vec<Piece>) -> Reading {
    evidence.push(Piece::Sample(measured));
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

/// `medication SET`, `condition SET ever`, `procedure SET within 30 d`.
fn state(matter: Matter, set: &str, rest: &[&str]) -> Result<Feature, String> {
    let reach = match rest {
        ["ever"] => Reach::Ever,
        rest => reach(rest)?,
    };
    Ok(Feature::State(Stated { matter, set: Some(set.to_owned()), reach }))
}

/// `medicines`, `medicines of SET`, `stays within 366 d`.
fn list(matter: Matter, rest: &[&str]) -> Result<Feature, String> {
    let (set, rest) = match rest {
        ["of", set, rest @ ..] => (Some((*set).to_owned()), rest),
        rest => (None, rest),
    };
    Ok(Feature::List(Stated { matter, set, reach: reach(rest)? }))
}

fn reach(rest: &[&str]) -> Result<Reach, String> {
    match rest {
        [] => Ok(Reach::InForce),
        ["within", span @ ..] => Ok(Reach::Within(parse_span(&span.join(" "))?)),
        rest => Err(format!("expected `within SPAN`, found `{}`", rest.join(" "))),
    }
}

/// A function over a window.
fn of_window(words: &[&str]) -> Result<Option<Feature>, String> {
    let parsed = window::parse(words)?;
    Ok(parsed.map(|(function, window)| match function {
        Function::Latest => Feature::Latest(window),
        Function::Lowest => Feature::Lowest(window),
        Function::Highest => Feature::Highest(window),
        function => Feature::Computed(function, window),
    }))
}

fn unknown(text: &str) -> String {
    format!(
        "`{text}` is no feature, expected `latest SIGNAL within SPAN [by ORIGIN, ...]` (also `first`, \
         `lowest`, `highest`, `mean`, `sum`, `count`, `slope`, `delta`, `deviation`, `time since` and `all`), \
         `share SIGNAL from A to B within SPAN`, `missing SIGNAL each SPAN within SPAN`, `standing STATE`, \
         `medication VALUE_SET` (also `condition` and `procedure`, each with `ever` or `within SPAN`), \
         `medicines`, `allergies` or `stays` (each with `of VALUE_SET`, `within SPAN`), `score PIPELINE`, \
         `hours since admission`, `age`, `birth date`, `sex` or `death`"
    )
}
