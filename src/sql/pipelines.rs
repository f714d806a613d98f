//! `pipelines`: what is in force and whether it speaks; `promotions`: who decided that, and why.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::effect::{Audience, EffectStatus};
use crate::domain::event::DefinitionKind;
use crate::domain::promotion::{PipelineState, Promoted};
use crate::domain::time::Timestamp;
use crate::sql::column::{Cell, Column, Type};
use crate::sql::scope::{Known, Part, ShardView, Versions};
use crate::sql::table::Rows;
use crate::twin::snapshot::InForce;
use crate::twin::text_hash::text_hash;

macro_rules! column {
    ($name:literal, $kind:ident, $about:literal, $read:expr) => {
        Column { name: $name, kind: Type::$kind, about: $about, read: $read }
    };
}

/// `pipelines`
#[derive(Debug)]
pub struct Pipelines;

/// A row: a pipeline in a state.
pub struct PipelineCells<'s> {
    view: &'s ShardView,
    name: &'s str,
    /// As it is defined; none for an instant that is past, because only what is in force is kept.
    pipeline: Option<&'s InForce>,
    /// By which it is in it; none where nobody has decided anything.
    promoted: Option<&'s Promoted>,
    known: Known,
}

impl<'s> PipelineCells<'s> {
    fn state(&self) -> PipelineState {
        self.promoted.map_or(PipelineState::Shadow, |one| one.promotion.to)
    }

    /// The instant for which the row is asked.
    fn asked(&self) -> Timestamp {
        match self.view.scope.versions {
            Versions::Current => self.view.scope.known,
            Versions::All => self.known.from,
        }
    }

    /// By which it ceased to speak.
    fn silenced(&self) -> Option<&'s Promoted> {
        let promotions = &self.view.shard().promotions;
        promotions.silenced_at(self.name, self.asked())
    }

    fn said<'c>(&'c self, read: impl Fn(&'c Promoted) -> &'c str) -> Cell<'c> {
        self.promoted.map_or(Cell::Null, |one| Cell::text(read(one)))
    }

    /// The hash of its text as it stands.
    fn hash(&self) -> Option<String> {
        self.pipeline?;
        let name = (DefinitionKind::Pipeline, self.name.to_owned());
        self.view.shard().definitions.get(&name).map(|text| text_hash(text))
    }

    /// What is open of it in all shards.
    fn n_open(&self) -> usize {
        let rows = self.view.all_shards().iter().flat_map(|shard| shard.effects.iter());
        let effects = rows.map(|row| &row.effect);
        let is_open = |effect: &&Arc<crate::domain::effect::Effect>| {
            effect.status == EffectStatus::Active
                && effect.audience == Audience::CareTeam
                && *effect.pipeline == *self.name
        };
        effects.filter(is_open).count()
    }
}

/// What the pipeline is.
fn pipeline_columns<'s>() -> Vec<Column<PipelineCells<'s>>> {
    vec![
        column!("name", Text, "The pipeline.", |cells| Cell::text(cells.name)),
        column!("title", Text, "What a nurse reads; null for an instant that is past.", |cells| {
            cells.pipeline.map_or(Cell::Null, |pipeline| Cell::text(&pipeline.title))
        }),
        column!("kind", Text, "alert, follow-up, suggestion or risk.", |cells| {
            cells.pipeline.map_or(Cell::Null, |pipeline| Cell::Text(pipeline.kind.name()))
        }),
        column!("edition", Text, "The edition of its rule.", |cells| {
            cells.pipeline.map_or(Cell::Null, |pipeline| Cell::text(&pipeline.edition))
        }),
        column!("hash", Text, "The SHA-256 of its text.", |cells| {
            cells.hash().map_or(Cell::Null, Cell::Owned)
        }),
        column!("settings", Text, "Where it speaks; null: everywhere.", |cells| {
            let settings = cells.pipeline.map(|pipeline| pipeline.settings.join(", "));
            let settings = settings.unwrap_or_default();
            if settings.is_empty() { Cell::Null } else { Cell::Owned(settings) }
        }),
    ]
}

/// Whether it speaks.
fn state_columns<'s>() -> Vec<Column<PipelineCells<'s>>> {
    vec![
        column!(
            "state",
            Text,
            "live: it speaks; shadow: what it would say is in shadow_effects; paused: it is not assessed.",
            |cells| Cell::Text(cells.state().name())
        ),
        column!(
            "since",
            Time,
            "When that was decided; null where nobody has decided anything.",
            |cells| { Cell::time(cells.promoted.map(|one| one.promotion.at)) }
        ),
        column!("decided_by", Text, "Who decided it.", |cells| cells.said(|one| &one.promotion.by)),
        column!("role", Text, "In which role.", |cells| cells.said(|one| &one.promotion.role)),
        column!("pharmacist", Text, "The pharmacist who approved it too.", |cells| {
            cells.said(|one| &one.promotion.pharmacist)
        }),
        column!("why", Text, "Why.", |cells| cells.said(|one| &one.promotion.why)),
        column!(
            "changed_since",
            Flag,
            "Whether its text is another than the one it was decided about; null where there was none.",
            |cells| {
                let decided = cells.promoted.map(|one| &*one.promotion.hash);
                let both = decided.filter(|hash| !hash.is_empty()).zip(cells.hash());
                both.map_or(Cell::Null, |(decided, hash)| Cell::Flag(decided != hash))
            }
        ),
        column!(
            "not_alerting_since",
            Time,
            "When it ceased to speak; null while it does, and where it never did.",
            |cells| Cell::time(cells.silenced().map(|one| one.promotion.at))
        ),
        column!(
            "open",
            Integer,
            "Alerts, suggestions and follow-ups of it that are open; null for an instant that is past.",
            |cells| {
                let n_open = cells.pipeline.is_some().then(|| cells.n_open());
                let n_open = n_open.and_then(|n_open| i64::try_from(n_open).ok());
                n_open.map_or(Cell::Null, Cell::Integer)
            }
        ),
    ]
}

impl Rows for Pipelines {
    type Row<'s> = PipelineCells<'s>;

    fn columns<'s>() -> Vec<Column<PipelineCells<'s>>> {
        pipeline_columns().into_iter().chain(state_columns()).collect()
    }

    fn known(row: &PipelineCells<'_>) -> Known {
        row.known
    }

    fn n_pieces(_: &ShardView) -> usize {
        1
    }

    fn rows(view: &ShardView, _: Part) -> Vec<PipelineCells<'_>> {
        if !view.is_first() {
            return Vec::new();
        }
        let shard = view.shard();
        if is_present(view) {
            let pipelines = shard.pipelines.iter();
            return pipelines.flat_map(|one| states(view, &one.name, Some(one))).collect();
        }
        // What was in force then is not kept: only what was decided is.
        let decided = shard.promotions.all().iter().filter(|one| one.known <= view.scope.known);
        let names: BTreeSet<&str> = decided.map(|one| &*one.promotion.pipeline).collect();
        names.into_iter().flat_map(|name| states(view, name, None)).collect()
    }
}

/// The state of a pipeline in the scope of the view; every state that it had where all versions are shown.
fn states<'s>(
    view: &'s ShardView,
    name: &'s str,
    pipeline: Option<&'s InForce>,
) -> Vec<PipelineCells<'s>> {
    let promotions = view.shard().promotions.of_pipeline(name, view.scope.known);
    let mut newest_first: Vec<&Promoted> = promotions.collect();
    let cells = |promoted: Option<&'s Promoted>, to| {
        let from = promoted.map_or(Timestamp::MIN, known_from);
        PipelineCells { view, name, pipeline, promoted, known: Known { from, to } }
    };
    if view.scope.versions == Versions::Current || newest_first.is_empty() {
        return vec![cells(newest_first.first().copied(), Timestamp::FOREVER)];
    }
    newest_first.reverse();
    let ends = newest_first.iter().skip(1).map(|next| known_from(next));
    let ends = ends.chain([Timestamp::FOREVER]);
    newest_first.iter().zip(ends).map(|(one, to)| cells(Some(one), to)).collect()
}

/// `promotions`
#[derive(Debug)]
pub struct PromotionTable;

impl Rows for PromotionTable {
    type Row<'s> = &'s Promoted;

    fn columns<'s>() -> Vec<Column<&'s Promoted>> {
        vec![
            column!("pipeline", Text, "The pipeline.", |one| Cell::text(&one.promotion.pipeline)),
            column!("state", Text, "shadow, live or paused.", |one| Cell::Text(
                one.promotion.to.name()
            )),
            column!("decided_by", Text, "Who decided it.", |one| Cell::text(&one.promotion.by)),
            column!("role", Text, "In which role.", |one| Cell::text(&one.promotion.role)),
            column!("pharmacist", Text, "The pharmacist who approved it too.", |one| {
                Cell::text(&one.promotion.pharmacist)
            }),
            column!("why", Text, "Why.", |one| Cell::text(&one.promotion.why)),
            column!("hash", Text, "The SHA-256 of the text that it was decided about.", |one| {
                Cell::text(&one.promotion.hash)
            }),
            column!("decided_at", Time, "When, by the clock of the door.", |one| {
                Cell::time(Some(one.promotion.at))
            }),
            column!(
                "known_at",
                Time,
                "When it became known; null for what a recorded history begins with.",
                |one| Cell::time(Some(known_from(one)))
            ),
        ]
    }

    fn known(row: &&Promoted) -> Known {
        Known { from: known_from(row), to: Timestamp::FOREVER }
    }

    fn n_pieces(_: &ShardView) -> usize {
        1
    }

    fn rows(view: &ShardView, _: Part) -> Vec<&Promoted> {
        let all = view.shard().promotions.all().iter().map(AsRef::as_ref);
        let known = all.filter(|one: &&Promoted| one.known <= view.scope.known);
        if view.is_first() { known.collect() } else { Vec::new() }
    }
}

/// What a recorded history begins with is known before all times.
const FIRST_YEAR: Timestamp = Timestamp::from_micros(-62_135_596_800_000_000);

/// When a promotion became known, as a table shows it.
fn known_from(one: &Promoted) -> Timestamp {
    if one.known < FIRST_YEAR { Timestamp::MIN } else { one.known }
}

/// Whether a view is of the present.
fn is_present(view: &ShardView) -> bool {
    (view.scope.known, view.scope.valid) == (Timestamp::FOREVER, Timestamp::FOREVER)
}

/// Since when a pipeline does not speak, and by whom, as a list shows it; `None` while it does. A pipeline that never
/// spoke is silent only where `has_spoken` says that something of it stands all the same.
pub fn silence(view: &ShardView, pipeline: &str, has_spoken: bool) -> Option<String> {
    let (promotions, known) = (&view.shard().promotions, view.scope.known);
    match promotions.silenced_at(pipeline, known) {
        Some(Promoted { promotion, .. }) => {
            Some(format!("not alerting since {} (pipeline {promotion})", promotion.at))
        }
        None if has_spoken && promotions.state_at(pipeline, known) != PipelineState::Live => {
            Some("not alerting (the pipeline is in shadow: nobody has put it live)".to_owned())
        }
        None => None,
    }
}

/// What stands between them: a line each.
pub const BETWEEN: char = '\n';

/// The pipelines that do not speak and would in a setting, each with since when: what a ward list must show. For an
/// instant that is past those of all settings, because where each spoke then is not kept.
pub fn silent_in(view: &ShardView, setting: &str) -> Option<String> {
    let shard = view.shard();
    let speaks_there = |pipeline: &&InForce| {
        pipeline.settings.is_empty() || pipeline.settings.iter().any(|one| one == setting)
    };
    let names: BTreeSet<&str> = match is_present(view) {
        true => shard.pipelines.iter().filter(speaks_there).map(|one| &*one.name).collect(),
        false => shard.promotions.all().iter().map(|one| &*one.promotion.pipeline).collect(),
    };
    let silent = names.into_iter();
    let silent = silent.filter_map(|name| Some(format!("{name} {}", silence(view, name, false)?)));
    let silent: Vec<String> = silent.collect();
    (!silent.is_empty()).then(|| silent.join(&BETWEEN.to_string()))
}
