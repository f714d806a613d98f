//! One definition of a table's columns: names, types, units, what they hold, and how they are read.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Float64Builder, Int64Builder, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};

use crate::domain::time::Timestamp;

/// A value of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'a> {
    /// Nothing is known.
    Null,
    /// Text that is held elsewhere.
    Text(&'a str),
    /// Text made for this cell.
    Owned(String),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// A time.
    Time(Timestamp),
    /// Yes or no.
    Flag(bool),
}

impl<'a> Cell<'a> {
    /// Text, or nothing where it is empty.
    pub fn text(text: &'a str) -> Cell<'a> {
        if text.is_empty() { Cell::Null } else { Cell::Text(text) }
    }

    /// A time, or nothing where there is none or where it goes on for ever.
    pub fn time(at: Option<Timestamp>) -> Cell<'a> {
        let known = at.filter(|at| *at != Timestamp::FOREVER && *at != Timestamp::MIN);
        known.map_or(Cell::Null, Cell::Time)
    }
}

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// A time in UTC, to the microsecond.
    Time,
    /// Yes or no.
    Flag,
}

impl Type {
    fn data_type(self) -> DataType {
        match self {
            Type::Text => DataType::Utf8,
            Type::Integer => DataType::Int64,
            Type::Number => DataType::Float64,
            Type::Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Type::Flag => DataType::Boolean,
        }
    }

    /// The name in the golden file.
    pub const fn name(self) -> &'static str {
        match self {
            Type::Text => "text",
            Type::Integer => "integer",
            Type::Number => "number",
            Type::Time => "timestamp",
            Type::Flag => "boolean",
        }
    }
}

/// A column of a table whose rows are `R`.
pub struct Column<R: ?Sized> {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: Type,
    /// What it holds, with its unit.
    pub about: &'static str,
    /// Reads it from a row.
    pub read: for<'a> fn(&'a R) -> Cell<'a>,
}

/// The Arrow schema of columns; each field's metadata says what it holds.
pub fn schema<R>(columns: &[Column<R>]) -> SchemaRef {
    let field = |column: &Column<R>| {
        let about = [("description".to_owned(), column.about.to_owned())];
        Field::new(column.name, column.kind.data_type(), true).with_metadata(about.into())
    };
    Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()))
}

/// Builds the projected columns of rows.
///
/// # Errors
/// If a column read something of another type than it is, which is our own mistake.
pub fn batch<R>(
    columns: &[Column<R>],
    schema: &SchemaRef,
    projection: &[usize],
    rows: &[R],
) -> Result<RecordBatch, ArrowError> {
    let projected = projection.iter().filter_map(|index| columns.get(*index));
    let arrays = projected.map(|column| array(column, rows)).collect::<Result<Vec<_>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    RecordBatch::try_new_with_options(schema.clone(), arrays, &options)
}

fn array<R>(column: &Column<R>, rows: &[R]) -> Result<ArrayRef, ArrowError> {
    let wrong = || {
        let message = format!("column {} is no {}", column.name, column.kind.name());
        ArrowError::SchemaError(message)
    };
    let cells = rows.iter().map(|row| (column.read)(row));
    Ok(match column.kind {
        Type::Text => {
            let mut builder = StringBuilder::with_capacity(rows.len(), rows.len() * 16);
            for cell in cells {
                match cell {
                    Cell::Null => builder.append_null(),
                    Cell::Text(text) => builder.append_value(text),
                    Cell::Owned(text) => builder.append_value(text),
                    _ => return Err(wrong()),
                }
            }
            Arc::new(builder.finish())
        }
        Type::Integer => {
            let mut builder = Int64Builder::with_capacity(rows.len());
            for cell in cells {
                match cell {
                    Cell::Null => builder.append_null(),
                    Cell::Integer(value) => builder.append_value(value),
                    _ => return Err(wrong()),
                }
            }
            Arc::new(builder.finish())
        }
        Type::Number => {
            let mut builder = Float64Builder::with_capacity(rows.len());
            for cell in cells {
                match cell {
                    Cell::Null => builder.append_null(),
                    Cell::Number(value) => builder.append_value(value),
                    _ => return Err(wrong()),
                }
            }
            Arc::new(builder.finish())
        }
        Type::Time => {
            let mut builder = TimestampMicrosecondBuilder::with_capacity(rows.len());
            for cell in cells {
                match cell {
                    Cell::Null => builder.append_null(),
                    Cell::Time(at) => builder.append_value(at.micros()),
                    _ => return Err(wrong()),
                }
            }
            Arc::new(builder.finish().with_timezone("UTC"))
        }
        Type::Flag => {
            let mut builder = BooleanBuilder::with_capacity(rows.len());
            for cell in cells {
                match cell {
                    Cell::Null => builder.append_null(),
                    Cell::Flag(value) => builder.append_value(value),
                    _ => return Err(wrong()),
                }
            }
            Arc::new(builder.finish())
        }
    })
}
