//! Tables of statements: one per kind of resource, each with the attributes that kind has.

use std::sync::Arc;

use crate::domain::event::ResourceKind;
use crate::domain::identity::SourcePosition;
use crate::domain::statement::Attribute;
use crate::sql::column::{Cell, Column, Type};
use crate::sql::scope::{Known, Part, ShardView};
use crate::sql::table::Rows;
use crate::sql::void::void_rows;
use crate::twin::statements::{StatementRow, Topic};

/// A row: a statement, as one version of a resource gave it.
pub struct StatementCells<'s> {
    view: &'s ShardView,
    row: Arc<StatementRow>,
    known: Known,
}

impl StatementCells<'_> {
    fn source(&self) -> Option<SourcePosition<'static>> {
        self.view.shard().events.source(&self.row.event)
    }
}

/// Statements read at once.
const RUN_ROWS: u32 = 16_384;

/// How many pieces the statements of a shard come in.
pub fn n_runs(view: &ShardView) -> usize {
    let run = usize::try_from(RUN_ROWS).unwrap_or(usize::MAX);
    view.shard().statements.n_rows().div_ceil(run)
}

/// The statements of a part that the view shows, in the order in which they came.
pub fn shown(view: &ShardView, part: Part) -> Vec<(&Arc<StatementRow>, Known)> {
    let statements = &view.shard().statements;
    let shown = |number: u32| {
        let (row, known_to) = statements.get(number)?;
        Some((row, view.shows(row, known_to)?))
    };
    match part {
        Part::Patient(patient) => {
            let mut rows: Vec<_> = statements.of_patient(patient).filter_map(shown).collect();
            rows.reverse();
            rows
        }
        Part::Piece(piece) => {
            let first = u32::try_from(piece).unwrap_or(u32::MAX).saturating_mul(RUN_ROWS);
            (first..first.saturating_add(RUN_ROWS))
                .map_while(|n| statements.get(n).map(|_| n))
                .filter_map(shown)
                .collect()
        }
    }
}

/// The statements of a part on a topic, with the versions that say nothing where all are shown.
fn rows_of(view: &ShardView, part: Part, is_of: impl Fn(Topic) -> bool) -> Vec<StatementCells<'_>> {
    let said = shown(view, part).into_iter().map(|(row, known)| (row.clone(), known));
    // Versions that say nothing lie among the samples: they come once, with the last piece.
    let with_void = match part {
        Part::Piece(piece) => piece + 1 == n_runs(view).max(1),
        Part::Patient(_) => true,
    };
    let void = if with_void { void_rows(view, part) } else { Vec::new() };
    let rows = said.chain(void).filter(|(row, _)| is_of(row.topic()));
    rows.map(|(row, known)| StatementCells { view, row, known }).collect()
}

fn attribute<'a, const NUMBER: u32>(cells: &'a StatementCells<'_>) -> Cell<'a> {
    let name = Attribute::from_number(NUMBER);
    match name {
        Some(Attribute::Ward) => {
            Cell::text(cells.view.ward_of(cells.row.patient, &cells.row.statement))
        }
        name => Cell::text(name.and_then(|name| cells.row.statement.attribute(name)).unwrap_or("")),
    }
}

macro_rules! column {
    ($name:expr, $kind:ident, $about:expr, $read:expr) => {
        Column { name: $name, kind: Type::$kind, about: $about, read: $read }
    };
}

/// What every table of statements begins with.
fn first<'s>() -> Vec<Column<StatementCells<'s>>> {
    vec![
        column!(
            "patient",
            Text,
            "The patient as namespace/identifier; null for places and roles.",
            |cells| { Cell::text(cells.view.patient(cells.row.patient)) }
        ),
        column!("resource", Text, "The resource as Type/id.", |cells| {
            Cell::Owned(format!("{}/{}", cells.row.kind.name(), cells.row.id))
        }),
        column!("status", Text, "The status as the source wrote it.", |cells| {
            Cell::text(&cells.row.statement.status)
        }),
        column!("activity", Text, "active, ended, planned or void.", |cells| {
            Cell::Text(cells.row.statement.activity.name())
        }),
        column!("code_system", Text, "The code system of the first code.", |cells| {
            let code = cells.row.statement.codes.first();
            Cell::text(code.map_or("", |code| &code.system))
        }),
        column!("code", Text, "The first code.", |cells| {
            let code = cells.row.statement.codes.first();
            Cell::text(code.map_or("", |code| &code.code))
        }),
        column!("display", Text, "What it is called.", |cells| Cell::text(
            cells.row.statement.label()
        )),
        column!("started_at", Time, "From when it holds; null where nobody says.", |cells| {
            Cell::time(Some(cells.row.valid.start))
        }),
        column!("ended_at", Time, "Until when it holds; null while it goes on.", |cells| {
            Cell::time(Some(cells.row.valid.end))
        }),
    ]
}

/// What every table of statements ends with.
fn last<'s>() -> Vec<Column<StatementCells<'s>>> {
    vec![
        column!("recorded_at", Time, "When the source wrote it down.", |cells| {
            Cell::time(cells.row.recorded_at)
        }),
        column!("known_at", Time, "When it became known.", |cells| Cell::time(Some(
            cells.row.known
        ))),
        column!("source_topic", Text, "The topic or file of the source record.", |cells| {
            cells.source().map_or(Cell::Null, |source| Cell::Owned(source.topic.into_owned()))
        }),
        column!("source_partition", Integer, "The partition of the source record.", |cells| {
            cells.source().map_or(Cell::Null, |s| Cell::Integer(i64::from(s.partition)))
        }),
        column!("source_offset", Integer, "The offset of the source record.", |cells| {
            cells.source().map_or(Cell::Null, |source| Cell::Integer(source.offset))
        }),
    ]
}

macro_rules! statement_tables {
    ($($(#[$about:meta])* $table:ident: [$($topic:pat),*] { $($attribute:ident),* })*) => {
        $(
            $(#[$about])*
            #[derive(Debug)]
            pub struct $table;

            impl Rows for $table {
                type Row<'s> = StatementCells<'s>;

                fn columns<'s>() -> Vec<Column<StatementCells<'s>>> {
                    let mut columns = first();
                    columns.extend([$(Column {
                        name: Attribute::$attribute.column(),
                        kind: Type::Text,
                        about: Attribute::$attribute.about(),
                        read: attribute::<{ Attribute::$attribute.number() }>,
                    },)*]);
                    columns.extend(last());
                    columns
                }

                fn known(row: &StatementCells<'_>) -> Known {
                    row.known
                }

                fn n_pieces(view: &ShardView) -> usize {
                    n_runs(view).max(1)
                }

                fn rows(view: &ShardView, part: Part) -> Vec<StatementCells<'_>> {
                    rows_of(view, part, |topic| matches!(topic, $($topic)|*))
                }
            }
        )*
    };
}

statement_tables! {
    /// `conditions`
    Conditions: [Topic::Kind(ResourceKind::Condition)] { Verification, Encounter }
    /// `medications`: requests, statements and administrations.
    Medications: [
        Topic::Kind(ResourceKind::MedicationRequest),
        Topic::Kind(ResourceKind::MedicationStatement),
        Topic::Kind(ResourceKind::MedicationAdministration)
    ] { Intent, Priority, Category, Dose, Route, Encounter }
    /// `allergies`
    Allergies: [Topic::Kind(ResourceKind::AllergyIntolerance)] { Verification, Criticality, Type, Reactions, Encounter }
    /// `encounters`
    Encounters: [Topic::Kind(ResourceKind::Encounter)] { Class, Setting, Ward, Bed, Location }
    /// `procedures`
    Procedures: [Topic::Kind(ResourceKind::Procedure)] { Encounter }
    /// `immunizations`
    Immunizations: [Topic::Kind(ResourceKind::Immunization)] { Encounter }
    /// `reports`
    Reports: [Topic::Kind(ResourceKind::DiagnosticReport)] {
        Category, Conclusion, Results, StudyUid, Order, Encounter
    }
    /// `imaging_studies`
    ImagingStudies: [Topic::Kind(ResourceKind::ImagingStudy)] {
        StudyUid, Accession, Modality, BodySite, SeriesCount, InstanceCount, Encounter
    }
    /// `service_requests`
    ServiceRequests: [Topic::Kind(ResourceKind::ServiceRequest)] { Intent, Priority, Category, Encounter }
    /// `care_plans`
    CarePlans: [Topic::Kind(ResourceKind::CarePlan)] { Intent, Category, Name, Encounter }
    /// `care_teams`
    CareTeams: [Topic::Kind(ResourceKind::CareTeam)] { Name, Participant, Encounter }
    /// `flags`
    Flags: [Topic::Kind(ResourceKind::Flag)] { Category, Encounter }
    /// `consents`
    Consents: [Topic::Kind(ResourceKind::Consent)] { Category }
    /// `devices`
    Devices: [Topic::Kind(ResourceKind::Device)] { Name, Identifiers }
    /// `locations`
    Locations: [Topic::Kind(ResourceKind::Location)] { Name, Identifiers, PhysicalType, Managed }
    /// `roles`
    Roles: [Topic::Kind(ResourceKind::PractitionerRole)] { Name, Identifiers, Participant }
    /// `states`: what gates rules, as the site file reads it out of resources.
    States: [Topic::Standing(_)] {}
}
