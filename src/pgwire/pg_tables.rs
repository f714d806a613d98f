//! The tables as PostgreSQL's catalog tells of them: a number for each, its schema, columns and what they
//! hold, all from `sql/catalog.rs`. The numbers are the same in every session and after every restart of
//! one version.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, SchemaRef};
use arrow_pg::datatypes::into_pg_type;
use datafusion::catalog::{MemorySchemaProvider, SchemaProvider};
use datafusion::datasource::MemTable;
use datafusion::error::DataFusionError;
use pgwire::api::Type;

use crate::pgwire::pg_nothing;
use crate::pgwire::pg_rewrite::SCHEMA;
use crate::pgwire::pg_rows;
use crate::sql::catalog::TABLES;
use crate::sql::query::CATALOG;
use crate::sql::scope::Versions;

/// The one database.
pub const DATABASE: &str = CATALOG;
/// Who owns everything.
pub const OWNER: &str = "twin";
/// The number of whoever owns everything, as of PostgreSQL's first user.
pub const OWNER_OID: i64 = 10;
/// The number of the first table of ours, as of PostgreSQL's first table of a user.
const FIRST_OID: i64 = 16_384;
/// The number of the first table of the catalog that has no number of its own below.
const FIRST_CATALOG_OID: i64 = 12_000;
/// The numbers that tools know by heart.
const KNOWN_OIDS: [(&str, i64); 9] = [
    ("pg_attribute", 1_249),
    ("pg_class", 1_259),
    ("pg_constraint", 2_606),
    ("pg_database", 1_262),
    ("pg_description", 2_609),
    ("pg_namespace", 2_615),
    ("pg_proc", 1_255),
    ("pg_roles", 12_999),
    ("pg_type", 1_247),
];

/// A schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Namespace {
    /// Its number.
    pub oid: i64,
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub about: &'static str,
}

/// The schemas.
pub const NAMESPACES: [Namespace; 4] = [
    Namespace { oid: 11, name: SCHEMA, about: "What tools ask about tables." },
    Namespace { oid: 13_000, name: "information_schema", about: "The same, as the standard says." },
    Namespace { oid: 2_200, name: "twin", about: "What is known now." },
    Namespace {
        oid: 2_201,
        name: "history",
        about: "The same tables with every version that ever came, and from when until when it was known.",
    },
];

/// A table.
#[derive(Clone, Debug)]
pub struct Relation {
    /// Its number.
    pub oid: i64,
    /// The number of its schema.
    pub namespace: Namespace,
    /// Its name.
    pub name: &'static str,
    /// What a row is.
    pub about: &'static str,
    /// Its columns.
    pub schema: SchemaRef,
}

/// Every table.
pub static RELATIONS: LazyLock<Vec<Relation>> = LazyLock::new(|| {
    let [catalog, _, twin, history] = NAMESPACES;
    let schemas = [(twin, Versions::Current), (history, Versions::All)];
    let ours = schemas.into_iter().flat_map(|schema| TABLES.iter().map(move |spec| (schema, spec)));
    let ours = (FIRST_OID..).zip(ours).map(|(oid, ((namespace, versions), spec))| {
        let (name, about, schema) = (spec.name, spec.about, spec.schema(versions));
        Relation { oid, namespace, name, about, schema }
    });
    let known = |name: &str| KNOWN_OIDS.iter().find(|(known, _)| *known == name);
    let theirs = pg_nothing::tables().chain(pg_rows::schemas());
    let theirs = (FIRST_CATALOG_OID..).zip(theirs).map(|(oid, (name, schema))| {
        let oid = known(name).map_or(oid, |(_, oid)| *oid);
        Relation { oid, namespace: catalog, name, about: "", schema }
    });
    ours.chain(theirs).collect()
});

/// The number of a table by its name, with or without its schema, or by its number as text.
pub fn oid_named(text: &str) -> Option<i64> {
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let plain = text.replace('"', "");
    let (schema, name) = match plain.rsplit_once('.') {
        Some((schema, name)) => (Some(schema), name),
        None => (None, plain.as_str()),
    };
    let is_in = |relation: &&Relation| schema.is_none_or(|s| s == relation.namespace.name);
    let mut named = RELATIONS.iter().filter(is_in);
    named.find(|relation| relation.name == name).map(|relation| relation.oid)
}

/// The table of a number.
pub fn relation(oid: i64) -> Option<&'static Relation> {
    RELATIONS.iter().find(|relation| relation.oid == oid)
}

/// The type PostgreSQL has for a type of ours; text for what it has none for.
pub fn type_of(data_type: &DataType) -> Type {
    into_pg_type(data_type).unwrap_or(Type::TEXT)
}

/// How many bytes a value of a type has; -1 where that differs.
pub fn length(kind: &Type) -> i16 {
    match *kind {
        Type::BOOL => 1,
        Type::INT2 => 2,
        Type::INT4 | Type::OID | Type::DATE | Type::FLOAT4 => 4,
        Type::INT8 | Type::FLOAT8 | Type::TIMESTAMP | Type::TIMESTAMPTZ | Type::TIME => 8,
        Type::INTERVAL | Type::UUID => 16,
        Type::NAME => 64,
        _ => -1,
    }
}

/// The tables of the catalog.
///
/// # Errors
/// If a table is not as it says, which is our own mistake.
pub fn provider() -> Result<MemorySchemaProvider, DataFusionError> {
    let provider = MemorySchemaProvider::new();
    for (name, schema) in pg_nothing::tables() {
        let nothing = MemTable::try_new(schema, vec![vec![]])?;
        provider.register_table(name.to_owned(), Arc::new(nothing))?;
    }
    for (name, batch) in pg_rows::batches()? {
        let table = MemTable::try_new(batch.schema(), vec![vec![batch]])?;
        provider.register_table(name.to_owned(), Arc::new(table))?;
    }
    Ok(provider)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_has_a_number_of_its_own() {
        let mut numbers: Vec<i64> = RELATIONS.iter().map(|relation| relation.oid).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), RELATIONS.len());
        assert_eq!(oid_named("pg_class"), Some(1_259));
        assert_eq!(oid_named("twin.\"patients\""), Some(FIRST_OID));
        assert_eq!(oid_named("patients"), Some(FIRST_OID));
        assert!(oid_named("history.patients").is_some_and(|oid| FIRST_OID < oid));
        assert_eq!(oid_named("pg_catalog.patients"), None);
        assert_eq!(oid_named("17"), Some(17));
    }
}
