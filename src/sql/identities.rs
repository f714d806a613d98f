//! `identities`: who is one person with whom, who is nobody's yet, and where records contradict each other.

use crate::domain::linkage::Period;
use crate::domain::time::Timestamp;
use crate::sql::column::{Cell, Column, Type};
use crate::sql::effects::is_of;
use crate::sql::scope::{Known, Part, ShardView};
use crate::sql::table::Rows;

/// `identities`
#[derive(Debug)]
pub struct IdentityTable;

/// A row: what is known of an identity besides that it exists.
pub struct IdentityCells<'s> {
    view: &'s ShardView,
    patient: u32,
    state: &'static str,
    linked_to: &'s str,
    period: Period,
    why: &'static str,
    known: Known,
}

macro_rules! column {
    ($name:literal, $kind:ident, $about:literal, $read:expr) => {
        Column { name: $name, kind: Type::$kind, about: $about, read: $read }
    };
}

impl Rows for IdentityTable {
    type Row<'s> = IdentityCells<'s>;

    fn columns<'s>() -> Vec<Column<IdentityCells<'s>>> {
        vec![
            column!("patient", Text, "The identity as namespace/identifier.", |cells| {
                Cell::text(cells.view.patient(cells.patient))
            }),
            column!(
                "state",
                Text,
                "linked: its facts go to another patient; provisional: no record says whose it is, and no \
                 pipeline runs; disputed: records contradict each other, and nothing is linked.",
                |cells| { Cell::Text(cells.state) }
            ),
            column!("linked_to", Text, "The patient who has its facts.", |cells| {
                Cell::text(cells.linked_to)
            }),
            column!(
                "starts_at",
                Time,
                "The first instant whose facts go there; null from the first.",
                |cells| {
                    let start = cells.period.start;
                    Cell::time(Some(start).filter(|at| *at != Timestamp::MIN))
                }
            ),
            column!(
                "ends_at",
                Time,
                "The first instant whose facts no longer go there; null where nobody says so.",
                |cells| {
                    let end = cells.period.end;
                    Cell::time(Some(end).filter(|at| *at != Timestamp::FOREVER))
                }
            ),
            column!("why", Text, "Why it is disputed.", |cells| Cell::text(cells.why)),
        ]
    }

    fn known(row: &IdentityCells<'_>) -> Known {
        row.known
    }

    fn n_pieces(_: &ShardView) -> usize {
        1
    }

    fn rows(view: &ShardView, part: Part) -> Vec<IdentityCells<'_>> {
        let shard = view.shard();
        let identities = &shard.identities;
        let mut rows = Vec::new();
        let spans = identities.spans.iter().filter(|(patient, _)| is_of(part, **patient));
        for (patient, span) in spans.flat_map(|(one, all)| all.iter().map(|span| (*one, span))) {
            let Some(known) = view.scope.shown(span.known_from, span.known_to) else { continue };
            let period = span.period;
            let (state, linked_to) = ("linked", &*span.to);
            rows.push(IdentityCells { view, patient, state, linked_to, period, why: "", known });
        }
        // What follows is kept only as it stands.
        let since = |patient| shard.names.since(patient).unwrap_or(Timestamp::MIN);
        let bare = |patient, state, why| {
            let known = view.scope.shown(since(patient), Timestamp::FOREVER)?;
            let period = Period::ALWAYS;
            Some(IdentityCells { view, patient, state, linked_to: "", period, why, known })
        };
        for (patient, why) in identities.disputed.iter().filter(|(one, _)| is_of(part, **one)) {
            rows.extend(bare(*patient, "disputed", why.name()));
        }
        if identities.provisional.is_empty() {
            return rows;
        }
        let n_patients = u32::try_from(shard.patients.n_items()).unwrap_or(u32::MAX);
        for patient in (0..n_patients).filter(|patient| is_of(part, *patient)) {
            let twin = shard.twin_id(patient);
            let is_nobodys = twin.is_some_and(|twin| {
                identities.provisional.contains(twin.namespace.as_ref())
                    && identities.links_of(patient).next().is_none()
                    && !identities.disputed.contains_key(&patient)
            });
            if is_nobodys {
                rows.extend(bare(patient, "provisional", ""));
            }
        }
        rows
    }
}

/// The patient who has all facts of another, as the view shows it; empty where there is none.
pub fn linked_to(view: &ShardView, patient: u32) -> &str {
    let spans = view.shard().identities.spans.get(&patient).into_iter().flatten();
    let mut whole = spans.filter(|span| span.period == Period::ALWAYS);
    let is_shown = |from, to: Timestamp| {
        from <= view.scope.known && (view.scope.known < to || to == Timestamp::FOREVER)
    };
    whole.find(|span| is_shown(span.known_from, span.known_to)).map_or("", |span| &span.to)
}
