//! Statements as DataFusion plans them, of statements as tools write them to PostgreSQL.
//!
//! What tools ask about tables names operators, types and functions by their schema, casts to `regclass`,
//! and looks into a dozen catalog tables that hold nothing here. All of that is said otherwise before
//! anything is planned; what people write about patients passes unchanged.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CastKind, DataType, Expr, Function, FunctionArguments, GroupByExpr, Ident,
    JoinOperator, ObjectName, ObjectNamePart, Query, Select, SelectItem, SetExpr, Statement,
    TableFactor, Value, ValueWithSpan, Visit, VisitMut, Visitor, VisitorMut,
};
use datafusion::sql::sqlparser::tokenizer::Span;

use crate::pgwire::{pg_functions, pg_nothing, pg_tables};

/// The schema of the catalog.
pub const SCHEMA: &str = "pg_catalog";

/// Says a statement as it can be planned.
pub fn rewrite(statement: &mut Statement) {
    let _whole: ControlFlow<()> = statement.visit(&mut Rewriter);
}

/// Whether a question would write: `SELECT … INTO`, or a change inside of `WITH`.
pub fn writes(statement: &Statement) -> bool {
    struct Writes;
    impl Visitor for Writes {
        type Break = ();

        fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
            if select.into.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }

        fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
            match *query.body {
                SetExpr::Insert(_)
                | SetExpr::Update(_)
                | SetExpr::Delete(_)
                | SetExpr::Merge(_) => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        }
    }
    statement.visit(&mut Writes).is_break()
}

struct Rewriter;

impl VisitorMut for Rewriter {
    type Break = ();

    fn pre_visit_relation(&mut self, name: &mut ObjectName) -> ControlFlow<()> {
        if let [only] = name.0.as_slice()
            && let Some(ident) = only.as_ident()
            && ident.value.starts_with("pg_")
        {
            name.0.insert(0, ObjectNamePart::Identifier(Ident::new(SCHEMA)));
        }
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        if empty(&mut query.body) {
            query.order_by = None;
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        match expr {
            Expr::Function(function) => {
                unqualify(&mut function.name);
                if is_array_of_nothing(function) || lists_nothing(function) {
                    *expr = null();
                } else if let Some(query) = array_of_rows(function) {
                    *expr = Expr::Subquery(query);
                } else if counts_schemas(function) {
                    *expr = number(pg_functions::SEARCHED.len());
                }
            }
            Expr::BinaryOp { op, .. } => {
                if let BinaryOperator::PGCustomBinaryOperator(parts) = op
                    && let Some(plain) = parts.last().and_then(|sign| operator(sign))
                {
                    *op = plain;
                }
            }
            Expr::Collate { expr: inner, .. } => *expr = take(inner),
            Expr::Cast { expr: inner, data_type, .. } => {
                if let Some(said) = cast(inner, data_type) {
                    *expr = said;
                }
            }
            Expr::Subquery(query) if is_nothing(&query.body) => *expr = null(),
            Expr::Subquery(query) => make_single(&mut query.body),
            Expr::Exists { subquery, negated } if is_nothing(&subquery.body) => {
                *expr = value(Value::Boolean(*negated));
            }
            Expr::InSubquery { subquery, negated, .. } if is_nothing(&subquery.body) => {
                *expr = value(Value::Boolean(*negated));
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

fn value(value: Value) -> Expr {
    Expr::Value(ValueWithSpan { value, span: Span::empty() })
}

fn null() -> Expr {
    value(Value::Null)
}

fn number(number: impl ToString) -> Expr {
    value(Value::Number(number.to_string(), false))
}

fn take(expr: &mut Expr) -> Expr {
    std::mem::replace(expr, null())
}

/// `pg_catalog.version` is `version`.
fn unqualify(name: &mut ObjectName) {
    let is_catalog = |part: &ObjectNamePart| {
        part.as_ident().is_some_and(|ident| ident.value.eq_ignore_ascii_case(SCHEMA))
    };
    if 1 < name.0.len() && name.0.first().is_some_and(is_catalog) {
        name.0.remove(0);
    }
}

fn operator(sign: &str) -> Option<BinaryOperator> {
    Some(match sign {
        "~" => BinaryOperator::PGRegexMatch,
        "~*" => BinaryOperator::PGRegexIMatch,
        "!~" => BinaryOperator::PGRegexNotMatch,
        "!~*" => BinaryOperator::PGRegexNotIMatch,
        "~~" => BinaryOperator::PGLikeMatch,
        "!~~" => BinaryOperator::PGNotLikeMatch,
        "=" => BinaryOperator::Eq,
        "<>" => BinaryOperator::NotEq,
        "+" => BinaryOperator::Plus,
        "-" => BinaryOperator::Minus,
        "||" => BinaryOperator::StringConcat,
        _ => return None,
    })
}

/// A cast to one of PostgreSQL's own types, said otherwise.
fn cast(inner: &mut Expr, data_type: &mut DataType) -> Option<Expr> {
    let named = data_type.to_string().to_lowercase().replace('"', "");
    let named = named.strip_prefix("pg_catalog.").unwrap_or(&named);
    let literal = match inner {
        Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), .. }) => {
            Some(text.clone())
        }
        _ => None,
    };
    match (named, literal) {
        ("regclass", Some(name)) => Some(pg_tables::oid_named(&name).map_or_else(null, number)),
        ("regtype", Some(name)) => Some(pg_functions::type_named(&name).map_or_else(null, number)),
        ("regproc", Some(name)) => {
            let name = name.strip_prefix("pg_catalog.").unwrap_or(&name).to_owned();
            Some(value(Value::SingleQuotedString(name)))
        }
        ("regclass" | "regnamespace", None) => Some(call(named, vec![take(inner)])),
        ("regtype", None) => Some(call("format_type", vec![take(inner), null()])),
        ("regrole", None) => Some(call("pg_get_userbyid", vec![take(inner)])),
        ("oid" | "xid" | "int8", _) => {
            *data_type = DataType::BigInt(None);
            None
        }
        ("int4", _) => {
            *data_type = DataType::Integer(None);
            None
        }
        ("text" | "name" | "char" | "regproc" | "regrole" | "regnamespace" | "int2vector", _) => {
            *data_type = DataType::Text;
            None
        }
        _ => None,
    }
}

fn call(name: &str, args: Vec<Expr>) -> Expr {
    use datafusion::sql::sqlparser::ast::{FunctionArg, FunctionArgExpr, FunctionArgumentList};
    let args = args.into_iter().map(|arg| FunctionArg::Unnamed(FunctionArgExpr::Expr(arg)));
    let list =
        FunctionArgumentList { duplicate_treatment: None, args: args.collect(), clauses: vec![] };
    Expr::Function(Function {
        name: ObjectName(vec![ObjectNamePart::Identifier(Ident::new(name))]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(list),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: vec![],
    })
}

fn is_array_of_nothing(function: &Function) -> bool {
    match &function.args {
        FunctionArguments::Subquery(query) => is_nothing(&query.body),
        FunctionArguments::List(_) | FunctionArguments::None => false,
    }
}

/// `ARRAY(SELECT … )` as the one array that its rows make.
fn array_of_rows(function: &mut Function) -> Option<Box<Query>> {
    let FunctionArguments::Subquery(query) = &mut function.args else { return None };
    if !function.name.to_string().eq_ignore_ascii_case("array") {
        return None;
    }
    let SetExpr::Select(select) = &mut *query.body else { return None };
    let [SelectItem::UnnamedExpr(expr)] = &mut *select.projection else { return None };
    *expr = call("array_agg", vec![take(expr)]);
    query.order_by = None;
    Some(query.clone())
}

/// Whether it lists who may use something, or how a table is stored: nobody said, so there is no list.
fn lists_nothing(function: &Function) -> bool {
    let args = function.args.to_string();
    let is_list = function.name.to_string() == "array_to_string";
    let is_nothing = args.starts_with("(NULL,");
    is_list && (is_nothing || args.contains("acl,") || args.contains("reloptions"))
}

/// Whether it counts the schemas that are searched. A series is planned up to a number only.
fn counts_schemas(function: &Function) -> bool {
    let args = function.args.to_string();
    function.name.to_string() == "array_upper" && args.starts_with("(current_schemas(")
}

/// Whether a body was found to have no rows, whatever it selects.
fn is_nothing(body: &SetExpr) -> bool {
    match body {
        SetExpr::Select(select) => {
            select.from.is_empty()
                && matches!(
                    &select.selection,
                    Some(Expr::Value(ValueWithSpan { value: Value::Boolean(false), .. }))
                )
        }
        SetExpr::Query(query) => is_nothing(&query.body),
        SetExpr::SetOperation { left, right, .. } => is_nothing(left) && is_nothing(right),
        _ => false,
    }
}

/// Empties each part of a body that joins a table that holds nothing: no row comes of it, so that what it
/// calls need not exist here. Returns whether no part is left.
fn empty(body: &mut SetExpr) -> bool {
    match body {
        SetExpr::Select(select) => {
            if !joins_nothing(select) || aggregates(select) {
                return false;
            }
            for index in 0..select.projection.len() {
                let (before, rest) = select.projection.split_at_mut(index);
                if let Some(item) = rest.first_mut() {
                    *item = nothing_named(item, before);
                }
            }
            select.from = vec![];
            select.selection = Some(value(Value::Boolean(false)));
            select.having = None;
            select.distinct = None;
            select.group_by = GroupByExpr::Expressions(vec![], vec![]);
            true
        }
        SetExpr::SetOperation { left, right, .. } => {
            let is_left_empty = empty(left);
            empty(right) && is_left_empty
        }
        _ => false,
    }
}

/// A column of the same name that is null, or of another where there is one of that name already.
fn nothing_named(item: &SelectItem, before: &[SelectItem]) -> SelectItem {
    let last = |parts: &[ObjectNamePart]| parts.last().and_then(|part| part.as_ident().cloned());
    let name = match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(alias.clone()),
        SelectItem::UnnamedExpr(Expr::Identifier(name)) => Some(name.clone()),
        SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => parts.last().cloned(),
        SelectItem::UnnamedExpr(Expr::Function(function)) => last(&function.name.0),
        _ => None,
    };
    let is_taken = |name: &Ident| {
        before.iter().any(|item| {
            matches!(item, SelectItem::ExprWithAlias { alias, .. } if alias.value == name.value)
        })
    };
    let other = || Ident::with_quote('"', format!("?column?{}", before.len()));
    let alias = name.filter(|name| !is_taken(name)).unwrap_or_else(other);
    let expr = Expr::Cast {
        kind: CastKind::Cast,
        expr: Box::new(null()),
        data_type: DataType::Text,
        array: false,
        format: None,
    };
    SelectItem::ExprWithAlias { expr, alias }
}

fn joins_nothing(select: &Select) -> bool {
    select.from.iter().any(|from| {
        let mut is_nothing = holds_nothing(&from.relation);
        for join in &from.joins {
            is_nothing = match &join.join_operator {
                JoinOperator::Join(_)
                | JoinOperator::Inner(_)
                | JoinOperator::CrossJoin(_)
                | JoinOperator::Semi(_)
                | JoinOperator::LeftSemi(_) => is_nothing || holds_nothing(&join.relation),
                JoinOperator::Right(_) | JoinOperator::RightOuter(_) => {
                    holds_nothing(&join.relation)
                }
                JoinOperator::FullOuter(_) => is_nothing && holds_nothing(&join.relation),
                _ => is_nothing,
            };
        }
        is_nothing
    })
}

fn holds_nothing(factor: &TableFactor) -> bool {
    match factor {
        TableFactor::Table { name, args: None, .. } => {
            let mut parts = name.0.iter().rev().filter_map(ObjectNamePart::as_ident);
            let table = parts.next().is_some_and(|part| pg_nothing::is_nothing(&part.value));
            table && parts.next().is_some_and(|schema| schema.value == SCHEMA)
        }
        TableFactor::Derived { subquery, .. } => is_nothing(&subquery.body),
        _ => false,
    }
}

/// Says of a value looked up in the catalog that it is one: DataFusion plans no subquery that might have
/// several rows, and tools know that theirs have not.
fn make_single(body: &mut SetExpr) {
    let SetExpr::Select(select) = body else { return };
    let is_catalog = |factor: &TableFactor| match factor {
        TableFactor::Table { name, args: None, .. } => {
            let schema = name.0.first().and_then(ObjectNamePart::as_ident);
            schema.is_some_and(|schema| schema.value == SCHEMA)
        }
        _ => false,
    };
    let is_looked_up = !select.from.is_empty()
        && select.from.iter().all(|from| is_catalog(&from.relation))
        && !aggregates(select);
    if let (true, [SelectItem::UnnamedExpr(expr)]) = (is_looked_up, &mut *select.projection) {
        *expr = call("max", vec![take(expr)]);
    }
}

/// Whether a row comes of no rows: a total has one.
fn aggregates(select: &Select) -> bool {
    /// How many subqueries deep it looks: the totals of those are theirs.
    struct Aggregates(usize);
    impl Visitor for Aggregates {
        type Break = ();

        fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
            self.0 += 1;
            ControlFlow::Continue(())
        }

        fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
            self.0 -= 1;
            ControlFlow::Continue(())
        }

        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            const TOTALS: [&str; 7] =
                ["count", "max", "min", "sum", "array_agg", "string_agg", "bool_or"];
            let is_total = match expr {
                Expr::Function(function) => {
                    let name = function.name.to_string().to_lowercase();
                    self.0 == 0 && function.over.is_none() && TOTALS.contains(&name.as_str())
                }
                _ => false,
            };
            if is_total { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
    }
    let is_grouped = match &select.group_by {
        GroupByExpr::All(_) => true,
        GroupByExpr::Expressions(expressions, _) => !expressions.is_empty(),
    };
    !is_grouped && select.projection.iter().any(|item| item.visit(&mut Aggregates(0)).is_break())
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
    use datafusion::sql::sqlparser::parser::Parser;

    use super::*;

    fn rewritten(sql: &str) -> String {
        let mut parsed = Parser::parse_sql(&PostgreSqlDialect {}, sql).unwrap();
        rewrite(&mut parsed[0]);
        parsed[0].to_string()
    }

    #[test]
    fn what_tools_write_is_said_otherwise() {
        for (sql, expected) in [
            ("SELECT pg_catalog.version()", "SELECT version()"),
            ("SELECT 1 FROM pg_class", "SELECT 1 FROM pg_catalog.pg_class"),
            (
                "SELECT a OPERATOR(pg_catalog.~) '^(x)$' COLLATE pg_catalog.default FROM pg_class",
                "SELECT a ~ '^(x)$' FROM pg_catalog.pg_class",
            ),
            ("SELECT 'pg_class'::regclass", "SELECT 1259"),
            ("SELECT array_upper(current_schemas(false), 1)", "SELECT 2"),
            ("SELECT typinput = 'pg_catalog.array_in'::regproc", "SELECT typinput = 'array_in'"),
            ("SELECT array_to_string(d.datacl, '\n') FROM t d", "SELECT NULL FROM t d"),
            ("SELECT c.oid::pg_catalog.regclass FROM t c", "SELECT regclass(c.oid) FROM t c"),
            ("SELECT x::pg_catalog.text FROM t", "SELECT x::TEXT FROM t"),
            (
                "SELECT (SELECT f(d.x) FROM pg_catalog.pg_attrdef d WHERE d.adnum = a.n) FROM t a",
                "SELECT NULL FROM t a",
            ),
            (
                "SELECT (SELECT c.x FROM pg_class c WHERE c.oid = a.n) FROM t a",
                "SELECT (SELECT max(c.x) FROM pg_catalog.pg_class c WHERE c.oid = a.n) FROM t a",
            ),
            (
                "SELECT p.polname, z(p.y) AS q FROM pg_policy p WHERE p.polrelid = 1 ORDER BY 1",
                "SELECT CAST(NULL AS TEXT) AS polname, CAST(NULL AS TEXT) AS q WHERE false",
            ),
            ("SELECT count(*) FROM pg_trigger", "SELECT count(*) FROM pg_catalog.pg_trigger"),
            (
                "SELECT 1 FROM t LEFT JOIN pg_index i ON i.x = t.x",
                "SELECT 1 FROM t LEFT JOIN pg_catalog.pg_index i ON i.x = t.x",
            ),
        ] {
            assert_eq!(rewritten(sql), expected, "{sql}");
        }
    }

    #[test]
    fn what_people_write_passes_unchanged() {
        for sql in [
            "SELECT name, ward FROM patients WHERE setting = 'inpatient' ORDER BY news2 DESC NULLS LAST LIMIT 3",
            "SELECT signal, count(*) AS n FROM observations GROUP BY ALL ORDER BY n DESC",
            "SELECT x::TEXT FROM t WHERE y = $1",
        ] {
            assert_eq!(rewritten(sql), sql);
        }
    }
}
