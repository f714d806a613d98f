//! Tables of PostgreSQL's catalog that hold nothing here: there are no indexes, constraints, triggers,
//! policies and so on. Tools join them all the same, so their columns are named.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

/// The tables by name, with their columns; those that end in `#` are numbers, in `?` flags.
const NOTHING: [(&str, &str); 51] = [
    ("pg_aggregate", "aggfnoid# aggkind aggtransfn"),
    ("pg_amop", "oid# amopfamily# amoplefttype# amopopr#"),
    ("pg_attrdef", "oid# adrelid# adnum# adbin"),
    ("pg_auth_members", "roleid# member# grantor# admin_option?"),
    ("pg_cast", "oid# castsource# casttarget# castfunc# castcontext castmethod"),
    (
        "pg_collation",
        "oid# collname collnamespace# collowner# collprovider collencoding# collcollate collctype collisdeterministic?",
    ),
    (
        "pg_constraint",
        "oid# conname connamespace# contype condeferrable? condeferred? convalidated? conrelid# contypid# \
         conindid# conparentid# confrelid# confupdtype confdeltype confmatchtype conislocal? coninhcount# \
         connoinherit? conkey confkey conpfeqop conbin consrc",
    ),
    ("pg_conversion", "oid# conname connamespace#"),
    ("pg_db_role_setting", "setdatabase# setrole# setconfig"),
    ("pg_default_acl", "oid# defaclrole# defaclnamespace# defaclobjtype defaclacl"),
    ("pg_depend", "classid# objid# objsubid# refclassid# refobjid# refobjsubid# deptype"),
    ("pg_enum", "oid# enumtypid# enumsortorder# enumlabel"),
    ("pg_event_trigger", "oid# evtname evtevent evtowner# evtenabled evttags evtfoid#"),
    (
        "pg_extension",
        "oid# extname extowner# extnamespace# extrelocatable? extversion extconfig extcondition",
    ),
    (
        "pg_foreign_data_wrapper",
        "oid# fdwname fdwowner# fdwhandler# fdwvalidator# fdwacl fdwoptions",
    ),
    ("pg_foreign_server", "oid# srvname srvowner# srvfdw# srvtype srvversion srvacl srvoptions"),
    ("pg_foreign_table", "ftrelid# ftserver# ftoptions"),
    (
        "pg_index",
        "indexrelid# indrelid# indnatts# indnkeyatts# indisunique? indisprimary? indisexclusion? \
         indimmediate? indisclustered? indisvalid? indcheckxmin? indisready? indislive? indisreplident? \
         indkey indcollation indclass indoption indexprs indpred",
    ),
    ("pg_indexes", "schemaname tablename indexname tablespace indexdef"),
    ("pg_inherits", "inhrelid# inhparent# inhseqno# inhdetachpending?"),
    (
        "pg_language",
        "oid# lanname lanowner# lanispl? lanpltrusted? lanplcallfoid# laninline# lanvalidator# lanacl",
    ),
    ("pg_largeobject_metadata", "oid# lomowner# lomacl"),
    ("pg_locks", "locktype database# relation# pid# mode granted?"),
    (
        "pg_matviews",
        "schemaname matviewname matviewowner tablespace hasindexes? ispopulated? definition",
    ),
    ("pg_opclass", "oid# opcname opcnamespace# opcmethod# opcdefault?"),
    ("pg_operator", "oid# oprname oprnamespace# oprleft# oprright# oprresult# oprcode"),
    ("pg_opfamily", "oid# opfname opfnamespace# opfmethod#"),
    ("pg_partitioned_table", "partrelid# partstrat partnatts# partdefid# partattrs"),
    ("pg_policies", "schemaname tablename policyname permissive roles cmd qual with_check"),
    ("pg_policy", "oid# polname polrelid# polcmd polpermissive? polroles polqual polwithcheck"),
    (
        "pg_proc",
        "oid# proname pronamespace# proowner# prolang# procost# prorows# prokind proisagg? provolatile \
         proretset? prorettype# proargtypes proallargtypes proargnames proargmodes prosrc proacl pronargs# \
         prosecdef? proisstrict? proparallel proconfig probin protransform",
    ),
    (
        "pg_publication",
        "oid# pubname pubowner# puballtables? pubinsert? pubupdate? pubdelete? pubtruncate?",
    ),
    ("pg_publication_namespace", "oid# pnpubid# pnnspid#"),
    ("pg_publication_rel", "oid# prpubid# prrelid# prqual prattrs"),
    ("pg_publication_tables", "pubname schemaname tablename"),
    ("pg_range", "rngtypid# rngsubtype#"),
    ("pg_rewrite", "oid# rulename ev_class# ev_type ev_enabled is_instead? ev_qual ev_action"),
    ("pg_rules", "schemaname tablename rulename definition"),
    ("pg_seclabel", "objoid# classoid# objsubid# provider label"),
    (
        "pg_sequence",
        "seqrelid# seqtypid# seqstart# seqincrement# seqmax# seqmin# seqcache# seqcycle?",
    ),
    ("pg_shdescription", "objoid# classoid# description"),
    ("pg_stat_activity", "datid# datname pid# usename application_name state query"),
    (
        "pg_statistic_ext",
        "oid# stxrelid# stxname stxnamespace# stxowner# stxstattarget# stxkeys stxkind",
    ),
    ("pg_subscription", "oid# subdbid# subname subowner# subenabled?"),
    ("pg_tablespace", "oid# spcname spcowner# spcacl spcoptions"),
    (
        "pg_trigger",
        "oid# tgrelid# tgname tgfoid# tgtype# tgenabled tgisinternal? tgconstraint# tgdeferrable? tgparentid#",
    ),
    ("pg_ts_config", "oid# cfgname cfgnamespace# cfgowner# cfgparser#"),
    ("pg_ts_dict", "oid# dictname dictnamespace# dictowner# dicttemplate# dictinitoption"),
    (
        "pg_ts_parser",
        "oid# prsname prsnamespace# prsstart# prstoken# prsend# prsheadline# prslextype#",
    ),
    ("pg_ts_template", "oid# tmplname tmplnamespace# tmplinit# tmpllexize#"),
    ("pg_views", "schemaname viewname viewowner definition"),
];

/// Whether a table of the catalog holds nothing.
pub fn is_nothing(name: &str) -> bool {
    NOTHING.iter().any(|(nothing, _)| *nothing == name)
}

/// The tables that hold nothing, with their schemas.
pub fn tables() -> impl Iterator<Item = (&'static str, SchemaRef)> {
    NOTHING.iter().map(|(name, columns)| {
        let columns = columns.split_whitespace().map(field).collect::<Vec<_>>();
        (*name, Arc::new(Schema::new(columns)))
    })
}

fn field(column: &str) -> Field {
    let kind = match column.chars().last() {
        Some('#') => DataType::Int64,
        Some('?') => DataType::Boolean,
        _ => DataType::Utf8,
    };
    Field::new(column.trim_end_matches(['#', '?']), kind, true)
}
