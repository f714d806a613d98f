//! A prepared statement: what it wants, its parameters, and the columns of its answer, known before
//! anything is asked.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::sql::sqlparser::ast::{
    CastKind, DataType as SqlType, Expr, Statement, TimezoneInfo, Value, ValueWithSpan, VisitMut,
    VisitorMut,
};
use pgwire::api::portal::Format;
use pgwire::api::results::FieldInfo;
use pgwire::api::stmt::QueryParser;
use pgwire::api::{ClientInfo, Type};
use pgwire::error::{PgWireError, PgWireResult};

use crate::pgwire::answer::{Source, fields};
use crate::pgwire::failure::{refused, state};
use crate::pgwire::pg_tables::type_of;
use crate::pgwire::statement::{Command, commands};

/// Parameters of a statement: the protocol has two bytes for their number, and nobody writes that many.
const PARAMETERS_MAX: usize = 1_000;

/// A prepared statement.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// What it wants.
    pub command: Command,
    /// The types of its parameters.
    pub parameters: Vec<Type>,
    /// The columns of its answer, if it has one.
    pub schema: Option<SchemaRef>,
}

/// Prepares statements: against tables that are empty, since columns are the same whoever asks.
#[derive(Debug)]
pub struct Preparer {
    /// The empty tables.
    pub empty: Source,
}

impl Preparer {
    /// Prepares one statement; nothing where there is none.
    ///
    /// # Errors
    /// If it is wrong, refused, or several.
    pub async fn prepare(
        &self,
        sql: &str,
        kinds: &[Option<Type>],
    ) -> PgWireResult<Option<Arc<Prepared>>> {
        let mut commands = commands(sql)?.into_iter();
        let Some(mut command) = commands.next() else { return Ok(None) };
        if commands.next().is_some() {
            let message = "cannot insert multiple commands into a prepared statement";
            return Err(refused(state::SYNTAX, message));
        }
        let known: Vec<Option<Type>> =
            kinds.iter().map(|kind| kind.clone().filter(|kind| *kind != Type::UNKNOWN)).collect();
        let (parameters, schema) = match &mut command {
            Command::Ask(question) => {
                cast_parameters(question, &known);
                let (parameters, schema) = self.described(question, known).await?;
                (parameters, Some(schema))
            }
            Command::Declare { query, .. } => {
                cast_parameters(query, &known);
                (self.described(query, known).await?.0, None)
            }
            Command::Show(name) => (Vec::new(), Some(shown(name.as_deref()))),
            _ => (Vec::new(), None),
        };
        Ok(Some(Arc::new(Prepared { command, parameters, schema })))
    }

    /// The types of a question's parameters, and the columns of its answer.
    async fn described(
        &self,
        question: &Statement,
        known: Vec<Option<Type>>,
    ) -> PgWireResult<(Vec<Type>, SchemaRef)> {
        let (_, plan) = self.empty.plan(question).await?;
        let found = plan.get_parameter_types();
        let found = found.map_err(|error| refused(state::MEANINGLESS, error.to_string()))?;
        let numbered = |(name, kind): (String, Option<DataType>)| {
            let number: usize = name.strip_prefix('$')?.parse().ok()?;
            Some((number, kind))
        };
        let found: BTreeMap<usize, Option<DataType>> =
            found.into_iter().filter_map(numbered).collect();
        let last = found.last_key_value().map_or(0, |(number, _)| *number);
        if PARAMETERS_MAX < last {
            let message = format!("a statement has {PARAMETERS_MAX} parameters at most");
            return Err(refused(state::LIMIT, message));
        }
        let kind = |number: usize| {
            let given = known.get(number.checked_sub(1)?).cloned().flatten();
            given.or_else(|| found.get(&number).cloned().flatten().map(|kind| type_of(&kind)))
        };
        let kinds = (1..=last.max(known.len())).map(|number| kind(number).unwrap_or(Type::TEXT));
        Ok((kinds.collect(), Arc::new(plan.schema().as_arrow().clone())))
    }
}

/// The columns of `SHOW`.
pub fn shown(name: Option<&str>) -> SchemaRef {
    let names = match name {
        Some(name) => vec![name],
        None => vec!["name", "setting"],
    };
    let fields = names.into_iter().map(|name| Field::new(name, DataType::Utf8, false));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// Says in the statement of which types parameters are, where the client said.
fn cast_parameters(question: &mut Statement, known: &[Option<Type>]) {
    struct Caster<'k> {
        known: &'k [Option<Type>],
    }
    impl VisitorMut for Caster<'_> {
        type Break = ();

        fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
            let Expr::Value(ValueWithSpan { value: Value::Placeholder(name), .. }) = expr else {
                return ControlFlow::Continue(());
            };
            let number = name.strip_prefix('$').and_then(|number| number.parse::<usize>().ok());
            let index = number.and_then(|number| number.checked_sub(1));
            let kind = index.and_then(|index| self.known.get(index)).and_then(Option::as_ref);
            if let Some(data_type) = kind.and_then(sql_type) {
                *expr = Expr::Cast {
                    kind: CastKind::Cast,
                    expr: Box::new(expr.clone()),
                    data_type,
                    array: false,
                    format: None,
                };
            }
            ControlFlow::Continue(())
        }
    }
    let _whole: ControlFlow<()> = question.visit(&mut Caster { known });
}

fn sql_type(kind: &Type) -> Option<SqlType> {
    Some(match *kind {
        Type::BOOL => SqlType::Boolean,
        Type::INT2 => SqlType::SmallInt(None),
        Type::INT4 => SqlType::Integer(None),
        Type::INT8 | Type::OID => SqlType::BigInt(None),
        Type::FLOAT4 => SqlType::Real,
        Type::FLOAT8 => SqlType::DoublePrecision,
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME => SqlType::Text,
        Type::DATE => SqlType::Date,
        Type::TIMESTAMP => SqlType::Timestamp(None, TimezoneInfo::None),
        Type::TIMESTAMPTZ => SqlType::Timestamp(None, TimezoneInfo::WithTimeZone),
        _ => return None,
    })
}

#[async_trait]
impl QueryParser for Preparer {
    type Statement = Arc<Prepared>;

    async fn parse_sql<C>(
        &self,
        _: &C,
        sql: &str,
        types: &[Option<Type>],
    ) -> PgWireResult<Option<Arc<Prepared>>>
    where
        C: ClientInfo + Unpin + Send + Sync,
    {
        self.prepare(sql, types).await
    }

    fn get_parameter_types(&self, prepared: &Arc<Prepared>) -> PgWireResult<Vec<Type>> {
        Ok(prepared.parameters.clone())
    }

    fn get_result_schema(
        &self,
        prepared: &Arc<Prepared>,
        format: Option<&Format>,
    ) -> Result<Vec<FieldInfo>, PgWireError> {
        let format = format.unwrap_or(&Format::UnifiedText);
        prepared.schema.as_ref().map_or(Ok(Vec::new()), |schema| fields(schema, format))
    }
}
