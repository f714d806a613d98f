//! The tables of the schema `twin`, what is known now, and of the schema `history`, all that was known.

use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef};
use datafusion::catalog::TableProvider;

use crate::sql::effects::{
    Alerts, FollowUps, Revisions, RiskAssessments, ShadowEffects, Suggestions,
};
use crate::sql::evidence::EvidenceTable;
use crate::sql::identities::IdentityTable;
use crate::sql::observations::Observations;
use crate::sql::patients::Patients;
use crate::sql::pipelines::{Pipelines, PromotionTable};
use crate::sql::responses::Responses;
use crate::sql::scope::{ShardView, Versions};
use crate::sql::scores::Risks;
use crate::sql::statements::{
    Allergies, CarePlans, CareTeams, Conditions, Consents, Devices, Encounters, Flags,
    ImagingStudies, Immunizations, Locations, Medications, Procedures, Reports, Roles,
    ServiceRequests, States,
};
use crate::sql::suppressions::Suppressions;
use crate::sql::table::{Rows, SnapshotTable};

/// A table: its name, what it holds, and how it is made over a snapshot.
pub struct TableSpec {
    /// The name.
    pub name: &'static str,
    /// What a row is.
    pub about: &'static str,
    make: fn(Arc<Vec<ShardView>>, Versions) -> Arc<dyn TableProvider>,
}

impl TableSpec {
    /// The table over `views`, whose scope is of these `versions`.
    pub fn over(&self, views: Arc<Vec<ShardView>>, versions: Versions) -> Arc<dyn TableProvider> {
        (self.make)(views, versions)
    }

    /// Its schema.
    pub fn schema(&self, versions: Versions) -> SchemaRef {
        self.over(Arc::default(), versions).schema()
    }
}

/// A schema: its name, which versions its tables show, and what that is for.
pub struct SchemaSpec {
    /// The name.
    pub name: &'static str,
    /// Which versions its tables show.
    pub versions: Versions,
    /// What it is for.
    pub about: &'static str,
}

/// Every schema; the first one needs no name in a question.
pub const SCHEMAS: [SchemaSpec; 2] = [
    SchemaSpec {
        name: "twin",
        versions: Versions::Current,
        about: "What is known now; as_of('table', known [, valid]) gives a table as it was known, and \
                SET twin.known_at = '...' all of them.",
    },
    SchemaSpec {
        name: "history",
        versions: Versions::All,
        about: "The same tables with every version that ever came: superseded, retracted and preliminary \
                ones too.",
    },
];

fn make<T: Rows>(views: Arc<Vec<ShardView>>, versions: Versions) -> Arc<dyn TableProvider> {
    Arc::new(SnapshotTable::<T>::new(views, versions))
}

const fn table(
    name: &'static str,
    about: &'static str,
    make: fn(Arc<Vec<ShardView>>, Versions) -> Arc<dyn TableProvider>,
) -> TableSpec {
    TableSpec { name, about, make }
}

/// Every table.
pub const TABLES: &[TableSpec] = &[
    table("patients", "One row per patient.", make::<Patients>),
    table("encounters", "Stays and visits.", make::<Encounters>),
    table(
        "observations",
        "Results: samples of signals, and results of other codes.",
        make::<Observations>,
    ),
    table("conditions", "Problems and diagnoses.", make::<Conditions>),
    table(
        "medications",
        "Medication requests, statements and administrations.",
        make::<Medications>,
    ),
    table("allergies", "Allergies and intolerances.", make::<Allergies>),
    table("procedures", "Procedures.", make::<Procedures>),
    table("immunizations", "Immunizations.", make::<Immunizations>),
    table("reports", "Diagnostic reports.", make::<Reports>),
    table("imaging_studies", "Imaging studies.", make::<ImagingStudies>),
    table("service_requests", "Orders for services.", make::<ServiceRequests>),
    table("care_plans", "Care plans.", make::<CarePlans>),
    table("care_teams", "Care teams.", make::<CareTeams>),
    table("flags", "Flags.", make::<Flags>),
    table("consents", "Consents.", make::<Consents>),
    table("devices", "Devices.", make::<Devices>),
    table("locations", "Places.", make::<Locations>),
    table("roles", "Practitioner roles.", make::<Roles>),
    table("states", "States that gate rules, as the site file reads them.", make::<States>),
    table("risks", "Scores: one per pipeline, subject and evaluated instant.", make::<Risks>),
    table("alerts", "Alerts as they stand.", make::<Alerts>),
    table("follow_ups", "Follow-ups as they stand.", make::<FollowUps>),
    table("suggestions", "Suggestions as they stand.", make::<Suggestions>),
    table(
        "risk_assessments",
        "Risks as they stand: probabilities and scores that nobody is asked to act on now.",
        make::<RiskAssessments>,
    ),
    table(
        "revisions",
        "Every revision of every alert, follow-up, suggestion and risk, as it was made.",
        make::<Revisions>,
    ),
    table("evidence", "What alerts, follow-ups and suggestions rest on.", make::<EvidenceTable>),
    table(
        "responses",
        "What people did about alerts, follow-ups and suggestions: who, in which role, when and why.",
        make::<Responses>,
    ),
    table("suppressions", "What was not said, and why.", make::<Suppressions>),
    table(
        "shadow_effects",
        "What pipelines in shadow would have said, as it stands: nobody was told.",
        make::<ShadowEffects>,
    ),
    table(
        "pipelines",
        "Pipelines in force, and whether each speaks: since when, by whom and why.",
        make::<Pipelines>,
    ),
    table(
        "promotions",
        "Every decision about whether a pipeline speaks: who, in which role, when and why.",
        make::<PromotionTable>,
    ),
    table(
        "identities",
        "Identities that are linked to a patient, nobody's yet, or disputed.",
        make::<IdentityTable>,
    ),
];

/// Every table with its columns, types and descriptions, as the golden file shows it.
pub fn describe() -> String {
    let mut text = String::new();
    for schema in SCHEMAS {
        text += &format!("schema {}\n{}\n", schema.name, schema.about);
        if schema.versions == Versions::All {
            let own =
                TABLES.first().map_or(0, |spec| spec.schema(Versions::Current).fields().len());
            let behind =
                TABLES.first().map_or_else(String::new, |spec| columns(spec, &schema, own));
            text += &format!("\nevery table, behind its columns\n{behind}");
            continue;
        }
        for spec in TABLES {
            text += &format!("\n{}: {}\n{}", spec.name, spec.about, columns(spec, &schema, 0));
        }
        text += "\n";
    }
    text
}

/// The columns of a table from the one at `first` on.
fn columns(spec: &TableSpec, schema: &SchemaSpec, first: usize) -> String {
    let mut text = String::new();
    for field in spec.schema(schema.versions).fields().iter().skip(first) {
        let kind = match field.data_type() {
            DataType::Utf8 => "text",
            DataType::Int64 => "integer",
            DataType::Float64 => "number",
            DataType::Boolean => "boolean",
            _ => "timestamp",
        };
        let about = field.metadata().get("description").map_or("", String::as_str);
        text += &format!("  {:<18} {kind:<10} {about}\n", field.name());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_those_of_the_golden_file() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/sql.txt");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(path, describe()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), describe(), "UPDATE=1 rewrites {path}");
    }
}
