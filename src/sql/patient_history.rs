//! `history.patients`: how each patient's row was, from when until when.
//!
//! ```text
//! person   ━━━━━━━━━━┯━━━━━━━━━━━━━━━━━
//! stay         ━━━━━━━━━━━━━━┯━━━━━━         a row for each stretch in which none of the three changes
//! NEWS2            ━━┯━━┯━━━━━━━━┯━━━
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::event::ResourceKind;
use crate::domain::time::Timestamp;
use crate::sql::newest_scores::news2_track;
use crate::sql::patients::{PatientRow, keep_newest};
use crate::sql::scope::{Known, Part, ShardView};
use crate::sql::scores::score;
use crate::sql::statements::shown;
use crate::twin::head::Cell;
use crate::twin::snapshot::Track;
use crate::twin::statements::{StatementRow, Topic};

/// Every row that a patient had, in the order of time.
pub fn versions(view: &ShardView, number: u32) -> Vec<PatientRow<'_>> {
    let history = History::of(view, number);
    let mut newest = Sweep::default();
    let mut rows: Vec<PatientRow<'_>> = Vec::new();
    for from in history.instants(view, number) {
        let (person, stay) = history.statements_at(from);
        let news2 = newest.at(&history.scores, from);
        let known = Known { from, to: Timestamp::FOREVER };
        let row = PatientRow { view, number, person, stay, news2, known };
        match rows.last_mut() {
            Some(before) if is_same(before, &row) => {}
            before => {
                if let Some(before) = before {
                    before.known.to = from;
                }
                rows.push(row);
            }
        }
    }
    rows
}

fn is_same(one: &PatientRow<'_>, other: &PatientRow<'_>) -> bool {
    let said = |row: &Option<Arc<StatementRow>>| row.as_ref().map(Arc::as_ptr);
    (said(&one.person), said(&one.stay), one.news2)
        == (said(&other.person), said(&other.stay), other.news2)
}

/// What a patient's rows are made of, with the times at which it counted.
struct History<'s> {
    statements: Vec<(&'s Arc<StatementRow>, Known)>,
    /// In the order in which they came.
    scores: Vec<(Cell, &'s Track, Known)>,
}

impl<'s> History<'s> {
    fn of(view: &'s ShardView, number: u32) -> History<'s> {
        let is_of_row = |row: &StatementRow| {
            let topics = [ResourceKind::Patient, ResourceKind::Encounter].map(Topic::Kind);
            row.version.status.counts() && topics.contains(&row.topic())
        };
        let statements = shown(view, Part::Patient(number)).into_iter();
        let shard = view.shard();
        let track = news2_track(shard);
        let mut numbers: Vec<u32> = shard.score_chains.walk(number).collect();
        numbers.reverse();
        let scores = numbers.into_iter().filter_map(|number| {
            let (row, known) = score(view, number)?;
            Some((row.head(), shard.track_at(row.track, known.from)?, known))
                .filter(|_| Some(row.track) == track)
        });
        History {
            statements: statements.filter(|(row, _)| is_of_row(row)).collect(),
            scores: scores.collect(),
        }
    }

    /// The instants at which the row may have become another.
    fn instants(&self, view: &ShardView, number: u32) -> BTreeSet<Timestamp> {
        let since = view.shard().names.since(number).unwrap_or(Timestamp::MIN);
        let known = self.statements.iter().map(|(_, known)| known);
        let known = known.chain(self.scores.iter().map(|(.., known)| known));
        let known = known.flat_map(|known| [known.from, known.to]);
        // A stay begins and ends although nobody says anything.
        let valid = self.statements.iter().map(|(row, _)| row.valid);
        let valid = valid.flat_map(|valid| [valid.start, valid.end]);
        let present = view.present();
        let in_time = known.chain(valid).filter(|at| since < *at && *at <= present);
        in_time.chain([since]).collect()
    }

    /// The person and the stay that counted at an instant.
    fn statements_at(
        &self,
        at: Timestamp,
    ) -> (Option<Arc<StatementRow>>, Option<Arc<StatementRow>>) {
        let (mut person, mut stay) = (None, None);
        for (row, known) in &self.statements {
            if at < known.from || known.to <= at {
                continue;
            }
            match row.kind {
                ResourceKind::Patient => keep_newest(&mut person, row),
                _ if row.in_force_at(at) => keep_newest(&mut stay, row),
                _ => {}
            }
        }
        (person, stay)
    }
}

/// The scores that count, while time goes on.
#[derive(Default)]
struct Sweep {
    n_seen: usize,
    /// By the instant they are scores of, and their place.
    current: BTreeMap<(Timestamp, usize), Timestamp>,
}

impl Sweep {
    /// The newest score at `at`, which is not before the one asked for last.
    fn at<'s>(
        &mut self,
        scores: &[(Cell, &'s Track, Known)],
        at: Timestamp,
    ) -> Option<(Cell, &'s Track)> {
        while let Some((cell, _, known)) = scores.get(self.n_seen).filter(|(.., k)| k.from <= at) {
            self.current.insert((cell.at, self.n_seen), known.to);
            self.n_seen += 1;
        }
        while let Some(newest) = self.current.last_entry() {
            if at < *newest.get() {
                let (_, place) = newest.key();
                return scores.get(*place).map(|(cell, track, _)| (*cell, *track));
            }
            newest.remove();
        }
        None
    }
}
