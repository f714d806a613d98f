//! The tables of PostgreSQL's catalog that hold something here.

use arrow::array::RecordBatch;
use arrow::datatypes::{Field, SchemaRef};
use arrow::error::ArrowError;
use pgwire::api::Type as PgType;

use crate::pgwire::pg_functions::TYPES;
use crate::pgwire::pg_tables::{
    DATABASE, NAMESPACES, Namespace, OWNER, OWNER_OID, RELATIONS, Relation, length, type_of,
};
use crate::pgwire::settings::Settings;
use crate::sql::column::{Cell, Column, Type, batch, schema};

/// A column of a catalog table: a name, a type, and how it is read.
macro_rules! columns {
    ($($name:literal $kind:ident $read:expr;)*) => {
        vec![$(Column { name: $name, kind: Type::$kind, about: "", read: $read }),*]
    };
}

const NONE: Cell<'static> = Cell::Null;
const NO: Cell<'static> = Cell::Flag(false);
const YES: Cell<'static> = Cell::Flag(true);
const ZERO: Cell<'static> = Cell::Integer(0);

/// A column of a table, numbered from 1.
struct Attribute {
    relation: i64,
    number: i64,
    name: String,
    kind: PgType,
    about: String,
}

/// A description of a table (column 0) or a column.
struct Description {
    object: i64,
    class: &'static str,
    number: i64,
    about: String,
}

/// The names and schemas.
pub fn schemas() -> [(&'static str, SchemaRef); 11] {
    [
        ("pg_am", schema(&access_methods())),
        ("pg_attribute", schema(&attributes())),
        ("pg_class", schema(&classes())),
        ("pg_database", schema(&databases())),
        ("pg_description", schema(&descriptions())),
        ("pg_namespace", schema(&namespaces())),
        ("pg_roles", schema(&roles())),
        ("pg_settings", schema(&settings())),
        ("pg_tables", schema(&tables())),
        ("pg_type", schema(&types())),
        ("pg_user", schema(&users())),
    ]
}

/// The names and rows.
///
/// # Errors
/// If a row is not as its columns say, which is our own mistake.
pub fn batches() -> Result<[(&'static str, RecordBatch); 11], ArrowError> {
    let attributes_of = |relation: &'static Relation| {
        (1..).zip(relation.schema.fields()).map(|(number, field)| Attribute {
            relation: relation.oid,
            number,
            name: field.name().clone(),
            kind: type_of(field.data_type()),
            about: about(field),
        })
    };
    let columns: Vec<Attribute> = RELATIONS.iter().flat_map(attributes_of).collect();
    let set: Vec<(&str, String)> = Settings::default().all().collect();
    Ok([
        ("pg_am", rows(&access_methods(), &[()])?),
        ("pg_attribute", rows(&attributes(), &columns)?),
        ("pg_class", rows(&classes(), &RELATIONS)?),
        ("pg_database", rows(&databases(), &[()])?),
        ("pg_description", rows(&descriptions(), &described(&columns))?),
        ("pg_namespace", rows(&namespaces(), &NAMESPACES)?),
        ("pg_roles", rows(&roles(), &[()])?),
        ("pg_settings", rows(&settings(), &set)?),
        ("pg_tables", rows(&tables(), &RELATIONS)?),
        ("pg_type", rows(&types(), &TYPES)?),
        ("pg_user", rows(&users(), &[()])?),
    ])
}

fn rows<R>(columns: &[Column<R>], rows: &[R]) -> Result<RecordBatch, ArrowError> {
    let every: Vec<usize> = (0..columns.len()).collect();
    batch(columns, &schema(columns), &every, rows)
}

fn about(field: &Field) -> String {
    field.metadata().get("description").cloned().unwrap_or_default()
}

fn described(columns: &[Attribute]) -> Vec<Description> {
    let of_schemas = NAMESPACES.iter().map(|namespace| Description {
        object: namespace.oid,
        class: "pg_namespace",
        number: 0,
        about: namespace.about.to_owned(),
    });
    let of_tables = RELATIONS.iter().map(|relation| Description {
        object: relation.oid,
        class: "pg_class",
        number: 0,
        about: relation.about.to_owned(),
    });
    let of_columns = columns.iter().map(|column| Description {
        object: column.relation,
        class: "pg_class",
        number: column.number,
        about: column.about.clone(),
    });
    let all = of_schemas.chain(of_tables).chain(of_columns);
    all.filter(|description| !description.about.is_empty()).collect()
}

fn namespaces() -> Vec<Column<Namespace>> {
    columns! {
        "oid" Integer |n| Cell::Integer(n.oid);
        "nspname" Text |n| Cell::Text(n.name);
        "nspowner" Integer |_| Cell::Integer(OWNER_OID);
        "nspacl" Text |_| NONE;
    }
}

fn classes() -> Vec<Column<Relation>> {
    columns! {
        "oid" Integer |r| Cell::Integer(r.oid);
        "relname" Text |r| Cell::Text(r.name);
        "relnamespace" Integer |r| Cell::Integer(r.namespace.oid);
        "reltype" Integer |_| ZERO;
        "reloftype" Integer |_| ZERO;
        "relowner" Integer |_| Cell::Integer(OWNER_OID);
        "relam" Integer |_| Cell::Integer(2);
        "relfilenode" Integer |_| ZERO;
        "reltablespace" Integer |_| ZERO;
        "relpages" Integer |_| ZERO;
        "reltuples" Number |_| Cell::Number(-1.0);
        "relallvisible" Integer |_| ZERO;
        "reltoastrelid" Integer |_| ZERO;
        "relhasindex" Flag |_| NO;
        "relisshared" Flag |_| NO;
        "relpersistence" Text |_| Cell::Text("p");
        "relkind" Text |_| Cell::Text("r");
        "relnatts" Integer |r| Cell::Integer(i64::try_from(r.schema.fields().len()).unwrap_or(0));
        "relchecks" Integer |_| ZERO;
        "relhasrules" Flag |_| NO;
        "relhastriggers" Flag |_| NO;
        "relhassubclass" Flag |_| NO;
        "relrowsecurity" Flag |_| NO;
        "relforcerowsecurity" Flag |_| NO;
        "relispopulated" Flag |_| YES;
        "relreplident" Text |_| Cell::Text("d");
        "relispartition" Flag |_| NO;
        "relrewrite" Integer |_| ZERO;
        "relfrozenxid" Integer |_| ZERO;
        "relminmxid" Integer |_| ZERO;
        "relacl" Text |_| NONE;
        "reloptions" Text |_| NONE;
        "relpartbound" Text |_| NONE;
        "relhasoids" Flag |_| NO;
    }
}

fn attributes() -> Vec<Column<Attribute>> {
    columns! {
        "attrelid" Integer |a| Cell::Integer(a.relation);
        "attname" Text |a| Cell::Text(&a.name);
        "atttypid" Integer |a| Cell::Integer(i64::from(a.kind.oid()));
        "attstattarget" Integer |_| Cell::Integer(-1);
        "attlen" Integer |a| Cell::Integer(i64::from(length(&a.kind)));
        "attnum" Integer |a| Cell::Integer(a.number);
        "attndims" Integer |_| ZERO;
        "atttypmod" Integer |_| Cell::Integer(-1);
        "attbyval" Flag |_| NO;
        "attstorage" Text |a| Cell::Text(if length(&a.kind) < 0 { "x" } else { "p" });
        "attalign" Text |_| Cell::Text("d");
        "attcompression" Text |_| Cell::Text("");
        "attnotnull" Flag |_| NO;
        "atthasdef" Flag |_| NO;
        "atthasmissing" Flag |_| NO;
        "attidentity" Text |_| Cell::Text("");
        "attgenerated" Text |_| Cell::Text("");
        "attisdropped" Flag |_| NO;
        "attislocal" Flag |_| YES;
        "attinhcount" Integer |_| ZERO;
        "attcollation" Integer |_| ZERO;
        "attacl" Text |_| NONE;
        "attoptions" Text |_| NONE;
        "attfdwoptions" Text |_| NONE;
    }
}

fn is_array(kind: &PgType) -> bool {
    matches!(kind.kind(), postgres_types::Kind::Array(_))
}

fn types() -> Vec<Column<PgType>> {
    columns! {
        "oid" Integer |t| Cell::Integer(i64::from(t.oid()));
        "typname" Text |t| Cell::Text(t.name());
        "typnamespace" Integer |_| Cell::Integer(11);
        "typowner" Integer |_| Cell::Integer(OWNER_OID);
        "typlen" Integer |t| Cell::Integer(i64::from(length(t)));
        "typbyval" Flag |_| NO;
        "typtype" Text |_| Cell::Text("b");
        "typcategory" Text |t| Cell::Text(category(t));
        "typispreferred" Flag |_| NO;
        "typisdefined" Flag |_| YES;
        "typdelim" Text |_| Cell::Text(",");
        "typrelid" Integer |_| ZERO;
        "typsubscript" Text |_| Cell::Text("-");
        "typelem" Integer |t| match t.kind() {
            postgres_types::Kind::Array(element) => Cell::Integer(i64::from(element.oid())),
            _ => ZERO,
        };
        "typarray" Integer |t| {
            let is_of = |array: &&PgType| {
                matches!(array.kind(), postgres_types::Kind::Array(element) if element == t)
            };
            Cell::Integer(TYPES.iter().find(is_of).map_or(0, |array| i64::from(array.oid())))
        };
        "typinput" Text |t| if is_array(t) {
            Cell::Text("array_in")
        } else {
            Cell::Owned(format!("{}in", t.name()))
        };
        "typoutput" Text |t| Cell::Owned(format!("{}out", t.name()));
        "typreceive" Text |t| Cell::Owned(format!("{}recv", t.name()));
        "typsend" Text |t| Cell::Owned(format!("{}send", t.name()));
        "typnotnull" Flag |_| NO;
        "typbasetype" Integer |_| ZERO;
        "typtypmod" Integer |_| Cell::Integer(-1);
        "typndims" Integer |_| ZERO;
        "typcollation" Integer |_| ZERO;
        "typdefault" Text |_| NONE;
        "typacl" Text |_| NONE;
    }
}

fn category(kind: &PgType) -> &'static str {
    match *kind {
        _ if is_array(kind) => "A",
        PgType::BOOL => "B",
        PgType::DATE | PgType::TIME | PgType::TIMESTAMP | PgType::TIMESTAMPTZ => "D",
        PgType::INTERVAL => "T",
        PgType::TEXT | PgType::VARCHAR | PgType::BPCHAR | PgType::NAME | PgType::CHAR => "S",
        PgType::UNKNOWN => "X",
        PgType::BYTEA | PgType::JSON | PgType::UUID => "U",
        _ => "N",
    }
}

fn descriptions() -> Vec<Column<Description>> {
    columns! {
        "objoid" Integer |d| Cell::Integer(d.object);
        "classoid" Integer |d| {
            let class = RELATIONS.iter().find(|relation| relation.name == d.class);
            Cell::Integer(class.map_or(0, |class| class.oid))
        };
        "objsubid" Integer |d| Cell::Integer(d.number);
        "description" Text |d| Cell::Text(&d.about);
    }
}

fn databases() -> Vec<Column<()>> {
    columns! {
        "oid" Integer |()| Cell::Integer(5);
        "datname" Text |()| Cell::Text(DATABASE);
        "datdba" Integer |()| Cell::Integer(OWNER_OID);
        "encoding" Integer |()| Cell::Integer(6);
        "datlocprovider" Text |()| Cell::Text("c");
        "datistemplate" Flag |()| NO;
        "datallowconn" Flag |()| YES;
        "datconnlimit" Integer |()| Cell::Integer(-1);
        "datfrozenxid" Integer |()| ZERO;
        "datminmxid" Integer |()| ZERO;
        "dattablespace" Integer |()| ZERO;
        "datcollate" Text |()| Cell::Text("C");
        "datctype" Text |()| Cell::Text("C");
        "daticulocale" Text |()| NONE;
        "datcollversion" Text |()| NONE;
        "datacl" Text |()| NONE;
    }
}

fn roles() -> Vec<Column<()>> {
    columns! {
        "oid" Integer |()| Cell::Integer(OWNER_OID);
        "rolname" Text |()| Cell::Text(OWNER);
        "rolsuper" Flag |()| NO;
        "rolinherit" Flag |()| YES;
        "rolcreaterole" Flag |()| NO;
        "rolcreatedb" Flag |()| NO;
        "rolcanlogin" Flag |()| NO;
        "rolreplication" Flag |()| NO;
        "rolconnlimit" Integer |()| Cell::Integer(-1);
        "rolpassword" Text |()| NONE;
        "rolvaliduntil" Time |()| NONE;
        "rolbypassrls" Flag |()| NO;
        "rolconfig" Text |()| NONE;
    }
}

fn users() -> Vec<Column<()>> {
    columns! {
        "usename" Text |()| Cell::Text(OWNER);
        "usesysid" Integer |()| Cell::Integer(OWNER_OID);
        "usecreatedb" Flag |()| NO;
        "usesuper" Flag |()| NO;
        "userepl" Flag |()| NO;
    }
}

fn access_methods() -> Vec<Column<()>> {
    columns! {
        "oid" Integer |()| Cell::Integer(2);
        "amname" Text |()| Cell::Text("heap");
        "amhandler" Text |()| NONE;
        "amtype" Text |()| Cell::Text("t");
    }
}

fn tables() -> Vec<Column<Relation>> {
    columns! {
        "schemaname" Text |r| Cell::Text(r.namespace.name);
        "tablename" Text |r| Cell::Text(r.name);
        "tableowner" Text |_| Cell::Text(OWNER);
        "tablespace" Text |_| NONE;
        "hasindexes" Flag |_| NO;
        "hasrules" Flag |_| NO;
        "hastriggers" Flag |_| NO;
        "rowsecurity" Flag |_| NO;
    }
}

fn settings() -> Vec<Column<(&'static str, String)>> {
    columns! {
        "name" Text |s| Cell::Text(s.0);
        "setting" Text |s| Cell::Text(&s.1);
        "unit" Text |_| NONE;
        "category" Text |_| Cell::Text("");
        "short_desc" Text |_| Cell::Text("");
        "extra_desc" Text |_| NONE;
        "context" Text |_| Cell::Text("user");
        "vartype" Text |_| Cell::Text("string");
        "source" Text |_| Cell::Text("default");
        "min_val" Text |_| NONE;
        "max_val" Text |_| NONE;
        "enumvals" Text |_| NONE;
        "boot_val" Text |s| Cell::Text(&s.1);
        "reset_val" Text |s| Cell::Text(&s.1);
        "pending_restart" Flag |_| NO;
    }
}
