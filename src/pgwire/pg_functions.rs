//! Functions of PostgreSQL that tools call to learn about a server, its tables and their columns.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature,
    Volatility,
};
use pgwire::api::Type as PgType;

use crate::pgwire::pg_tables::{DATABASE, NAMESPACES, OWNER, Relation, oid_named, relation};
use crate::pgwire::settings::{SERVER_VERSION, Settings};

/// The schemas that are searched for a name without one.
pub const SEARCHED: [&str; 2] = ["pg_catalog", "twin"];

/// The types there are.
pub const TYPES: [PgType; 29] = [
    PgType::BOOL,
    PgType::BYTEA,
    PgType::CHAR,
    PgType::NAME,
    PgType::INT8,
    PgType::INT2,
    PgType::INT4,
    PgType::TEXT,
    PgType::OID,
    PgType::JSON,
    PgType::FLOAT4,
    PgType::FLOAT8,
    PgType::UNKNOWN,
    PgType::BPCHAR,
    PgType::VARCHAR,
    PgType::DATE,
    PgType::TIME,
    PgType::TIMESTAMP,
    PgType::TIMESTAMPTZ,
    PgType::INTERVAL,
    PgType::NUMERIC,
    PgType::UUID,
    PgType::BOOL_ARRAY,
    PgType::INT4_ARRAY,
    PgType::INT8_ARRAY,
    PgType::TEXT_ARRAY,
    PgType::FLOAT8_ARRAY,
    PgType::TIMESTAMPTZ_ARRAY,
    PgType::NUMERIC_ARRAY,
];

/// The names of types in SQL, where they are not those of the catalog.
const SQL_NAMES: [(&str, &str); 11] = [
    ("bool", "boolean"),
    ("int2", "smallint"),
    ("int4", "integer"),
    ("int8", "bigint"),
    ("float4", "real"),
    ("float8", "double precision"),
    ("bpchar", "character"),
    ("varchar", "character varying"),
    ("time", "time without time zone"),
    ("timestamp", "timestamp without time zone"),
    ("timestamptz", "timestamp with time zone"),
];

/// The number of a type by its name, in the catalog or in SQL.
pub fn type_named(text: &str) -> Option<i64> {
    let plain = text.replace('"', "").to_lowercase();
    let plain = plain.strip_prefix("pg_catalog.").unwrap_or(&plain);
    let in_catalog = SQL_NAMES.iter().find(|(_, sql)| *sql == plain).map(|(name, _)| *name);
    let name = in_catalog.unwrap_or(plain);
    TYPES.iter().find(|kind| kind.name() == name).map(|kind| i64::from(kind.oid()))
}

/// The name of a type in SQL.
fn sql_name(oid: i64) -> String {
    let kind = TYPES.iter().find(|kind| i64::from(kind.oid()) == oid);
    let Some(kind) = kind else { return "???".to_owned() };
    let (name, suffix) = match kind.name().strip_prefix('_') {
        Some(element) => (element, "[]"),
        None => (kind.name(), ""),
    };
    let in_sql = SQL_NAMES.iter().find(|(known, _)| *known == name).map(|(_, sql)| *sql);
    format!("{}{suffix}", in_sql.unwrap_or(name))
}

/// What functions tell of a session.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Who is connected.
    pub user: String,
    /// The number of the connection.
    pub pid: i32,
    /// The settings.
    pub settings: Settings,
}

type Answer = fn(&Facts, &[ScalarValue]) -> ScalarValue;

/// The functions: what they are called, the type of what they answer, and the answer.
const FUNCTIONS: [(&str, DataType, Answer); 45] = [
    ("version", DataType::Utf8, |_, _| {
        let ours = env!("CARGO_PKG_VERSION");
        text(format!("PostgreSQL {SERVER_VERSION} (the wire protocol of Twinstream {ours})"))
    }),
    ("current_database", DataType::Utf8, |_, _| text(DATABASE)),
    ("current_catalog", DataType::Utf8, |_, _| text(DATABASE)),
    ("current_schema", DataType::Utf8, |_, _| text("twin")),
    ("current_user", DataType::Utf8, |facts, _| text(&facts.user)),
    ("session_user", DataType::Utf8, |facts, _| text(&facts.user)),
    ("user", DataType::Utf8, |facts, _| text(&facts.user)),
    ("current_setting", DataType::Utf8, |facts, args| {
        let name = args.first().and_then(text_of).unwrap_or_default();
        facts.settings.show(&name).map_or(ScalarValue::Utf8(None), |(_, value)| text(value))
    }),
    ("pg_backend_pid", DataType::Int64, |facts, _| number(i64::from(facts.pid))),
    ("pg_is_in_recovery", DataType::Boolean, |_, _| flag(false)),
    ("pg_table_is_visible", DataType::Boolean, |_, args| {
        ScalarValue::Boolean(first_number(args).map(|oid| relation(oid).is_some_and(is_searched)))
    }),
    ("pg_type_is_visible", DataType::Boolean, |_, _| flag(true)),
    ("pg_function_is_visible", DataType::Boolean, |_, _| flag(true)),
    ("pg_relation_is_publishable", DataType::Boolean, |_, _| flag(false)),
    ("pg_is_other_temp_schema", DataType::Boolean, |_, _| flag(false)),
    ("pg_my_temp_schema", DataType::Int64, |_, _| number(0)),
    ("pg_get_userbyid", DataType::Utf8, |_, _| text(OWNER)),
    ("format_type", DataType::Utf8, |_, args| ScalarValue::Utf8(first_number(args).map(sql_name))),
    ("obj_description", DataType::Utf8, |_, args| ScalarValue::Utf8(about(args))),
    ("col_description", DataType::Utf8, |_, args| ScalarValue::Utf8(about_column(args))),
    ("shobj_description", DataType::Utf8, |_, _| ScalarValue::Utf8(None)),
    ("pg_get_expr", DataType::Utf8, |_, _| ScalarValue::Utf8(None)),
    ("pg_get_viewdef", DataType::Utf8, |_, _| ScalarValue::Utf8(None)),
    ("pg_get_indexdef", DataType::Utf8, |_, _| ScalarValue::Utf8(None)),
    ("pg_get_constraintdef", DataType::Utf8, |_, _| ScalarValue::Utf8(None)),
    ("pg_get_partkeydef", DataType::Utf8, |_, _| ScalarValue::Utf8(None)),
    ("pg_get_ruledef", DataType::Utf8, |_, _| ScalarValue::Utf8(None)),
    ("pg_get_triggerdef", DataType::Utf8, |_, _| ScalarValue::Utf8(None)),
    ("pg_get_serial_sequence", DataType::Utf8, |_, _| ScalarValue::Utf8(None)),
    ("pg_tablespace_location", DataType::Utf8, |_, _| ScalarValue::Utf8(None)),
    ("has_table_privilege", DataType::Boolean, |_, args| flag(reads(args))),
    ("has_column_privilege", DataType::Boolean, |_, args| flag(reads(args))),
    ("has_any_column_privilege", DataType::Boolean, |_, args| flag(reads(args))),
    ("has_schema_privilege", DataType::Boolean, |_, args| flag(reads(args))),
    ("has_database_privilege", DataType::Boolean, |_, args| flag(reads(args))),
    ("has_sequence_privilege", DataType::Boolean, |_, _| flag(false)),
    ("pg_encoding_to_char", DataType::Utf8, |_, _| text("UTF8")),
    ("quote_ident", DataType::Utf8, |_, args| {
        ScalarValue::Utf8(args.first().and_then(text_of).map(|name| quoted(&name)))
    }),
    ("regclass", DataType::Utf8, |_, args| {
        ScalarValue::Utf8(args.first().and_then(text_of).map(|name| table_named(&name)))
    }),
    ("regnamespace", DataType::Utf8, |_, args| {
        let oid = first_number(args);
        let named = NAMESPACES.iter().find(|namespace| Some(namespace.oid) == oid);
        ScalarValue::Utf8(named.map(|namespace| namespace.name.to_owned()))
    }),
    ("to_regclass", DataType::Int64, |_, args| {
        ScalarValue::Int64(args.first().and_then(text_of).and_then(|name| oid_named(&name)))
    }),
    ("pg_size_pretty", DataType::Utf8, |_, args| {
        ScalarValue::Utf8(first_number(args).map(|bytes| format!("{bytes} bytes")))
    }),
    ("pg_relation_size", DataType::Int64, |_, _| number(0)),
    ("pg_total_relation_size", DataType::Int64, |_, _| number(0)),
    ("pg_table_size", DataType::Int64, |_, _| number(0)),
];

fn text(text: impl Into<String>) -> ScalarValue {
    ScalarValue::Utf8(Some(text.into()))
}

fn number(number: i64) -> ScalarValue {
    ScalarValue::Int64(Some(number))
}

fn flag(flag: bool) -> ScalarValue {
    ScalarValue::Boolean(Some(flag))
}

/// An argument as text, whatever it is; nothing where it is null.
fn text_of(arg: &ScalarValue) -> Option<String> {
    if arg.is_null() {
        return None;
    }
    match arg.cast_to(&DataType::Utf8) {
        Ok(ScalarValue::Utf8(text)) => text,
        _ => None,
    }
}

fn number_of(arg: &ScalarValue) -> Option<i64> {
    text_of(arg)?.parse().ok()
}

fn first_number(args: &[ScalarValue]) -> Option<i64> {
    args.first().and_then(number_of)
}

fn about(args: &[ScalarValue]) -> Option<String> {
    let oid = first_number(args)?;
    let of_table = relation(oid).map(|relation| relation.about);
    let of_schema = || NAMESPACES.iter().find(|namespace| namespace.oid == oid).map(|n| n.about);
    let about = of_table.or_else(of_schema).filter(|about| !about.is_empty());
    about.map(str::to_owned)
}

fn about_column(args: &[ScalarValue]) -> Option<String> {
    let number = args.get(1).and_then(number_of)?;
    let index = usize::try_from(number.checked_sub(1)?).ok()?;
    let relation = relation(first_number(args)?)?;
    relation.schema.fields().get(index)?.metadata().get("description").cloned()
}

/// Whether a privilege is one that everyone has: to read.
fn reads(args: &[ScalarValue]) -> bool {
    let privilege = args.last().and_then(text_of).unwrap_or_default().to_uppercase();
    matches!(privilege.as_str(), "SELECT" | "USAGE" | "CONNECT")
}

fn quoted(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let is_plain = name.chars().all(is_plain) && !name.starts_with(|c: char| c.is_ascii_digit());
    if is_plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

fn table_named(name: &str) -> String {
    match name.parse().ok().and_then(relation) {
        Some(relation) if is_searched(relation) => relation.name.to_owned(),
        Some(relation) => format!("{}.{}", relation.namespace.name, relation.name),
        None => name.to_owned(),
    }
}

/// Whether a table is found without its schema.
fn is_searched(relation: &Relation) -> bool {
    SEARCHED.contains(&relation.namespace.name)
}

/// Every function, as a session has them.
pub fn functions(facts: &Arc<Facts>) -> impl Iterator<Item = ScalarUDF> {
    let one = |(name, returns, answer): (&'static str, DataType, Answer)| {
        ScalarUDF::new_from_impl(CatalogFunction::new(name, returns, answer, facts.clone()))
    };
    let schemas = DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)));
    let answer: Answer = |_, _| {
        let names = SEARCHED.map(text);
        ScalarValue::List(ScalarValue::new_list_nullable(&names, &DataType::Utf8))
    };
    let all = FUNCTIONS.into_iter().chain([("current_schemas", schemas, answer)]);
    all.map(one).collect::<Vec<_>>().into_iter()
}

/// A function of any arguments.
struct CatalogFunction {
    name: &'static str,
    returns: DataType,
    answer: Answer,
    facts: Arc<Facts>,
    signature: Signature,
}

impl CatalogFunction {
    fn new(
        name: &'static str,
        returns: DataType,
        answer: Answer,
        facts: Arc<Facts>,
    ) -> CatalogFunction {
        let any = vec![TypeSignature::Nullary, TypeSignature::VariadicAny];
        let signature = Signature::one_of(any, Volatility::Stable);
        CatalogFunction { name, returns, answer, facts, signature }
    }
}

impl std::fmt::Debug for CatalogFunction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for CatalogFunction {
    fn eq(&self, other: &CatalogFunction) -> bool {
        self.name == other.name && Arc::ptr_eq(&self.facts, &other.facts)
    }
}

impl Eq for CatalogFunction {}

impl Hash for CatalogFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for CatalogFunction {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.returns.clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let scalar = |arg: &ColumnarValue| match arg {
            ColumnarValue::Scalar(scalar) => Some(scalar.clone()),
            ColumnarValue::Array(_) => None,
        };
        if let Some(scalars) = args.args.iter().map(scalar).collect::<Option<Vec<_>>>() {
            return Ok(ColumnarValue::Scalar((self.answer)(&self.facts, &scalars)));
        }
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let row = |row: usize| {
            let args = arrays.iter().map(|array| ScalarValue::try_from_array(array, row));
            Ok((self.answer)(&self.facts, &args.collect::<Result<Vec<_>>>()?))
        };
        let rows = (0..args.number_rows).map(row).collect::<Result<Vec<_>>>()?;
        if rows.is_empty() {
            return Ok(ColumnarValue::Array(arrow::array::new_empty_array(&self.returns)));
        }
        Ok(ColumnarValue::Array(ScalarValue::iter_to_array(rows)?))
    }
}
