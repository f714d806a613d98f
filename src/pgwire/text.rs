//! Numbers and times as PostgreSQL writes them: `19` and not `19.0`, seconds without empty fractions.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Float64Type, Schema, TimeUnit, TimestampMicrosecondType};
use arrow::error::ArrowError;
use pgwire::api::results::{FieldFormat, FieldInfo};

use crate::domain::time::Timestamp;

/// A batch whose numbers and times are text, where they are told as text.
///
/// # Errors
/// If a time cannot be told to the microsecond.
pub fn written(batch: &RecordBatch, columns: &[FieldInfo]) -> Result<RecordBatch, ArrowError> {
    let one = |((array, field), column): ((&ArrayRef, &Arc<Field>), &FieldInfo)| {
        let text: Option<ArrayRef> = match (column.format(), array.data_type()) {
            (FieldFormat::Text, DataType::Float64) => Some(numbers(array)),
            (FieldFormat::Text, DataType::Timestamp(_, zone)) => {
                Some(times(array, zone.is_some())?)
            }
            _ => None,
        };
        Ok::<_, ArrowError>(match text {
            Some(text) => (Arc::new(Field::new(field.name(), DataType::Utf8, true)), text),
            None => (field.clone(), array.clone()),
        })
    };
    let schema = batch.schema();
    let all = batch.columns().iter().zip(schema.fields()).zip(columns).map(one);
    let (fields, arrays): (Vec<_>, Vec<_>) =
        all.collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)
}

fn numbers(array: &ArrayRef) -> ArrayRef {
    let numbers = array.as_primitive::<Float64Type>();
    Arc::new(numbers.iter().map(|number| number.map(number_text)).collect::<StringArray>())
}

/// The shortest text that is this number, with an exponent where PostgreSQL writes one.
fn number_text(number: f64) -> String {
    let size = number.abs();
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if 0.0 < number { "Infinity" } else { "-Infinity" }.to_owned();
    }
    if size < f64::MIN_POSITIVE || (1e-4..1e15).contains(&size) {
        return number.to_string();
    }
    let text = format!("{number:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    match exponent.strip_prefix('-') {
        Some(exponent) => format!("{digits}e-{exponent:0>2}"),
        None => format!("{digits}e+{exponent:0>2}"),
    }
}

fn times(array: &ArrayRef, is_zoned: bool) -> Result<ArrayRef, ArrowError> {
    let zone = is_zoned.then(|| "UTC".into());
    let micros = cast(array, &DataType::Timestamp(TimeUnit::Microsecond, zone))?;
    let micros = micros.as_primitive::<TimestampMicrosecondType>();
    let text = |micros: i64| {
        let text = Timestamp::from_micros(micros).to_string().replace('T', " ");
        text.replace('Z', if is_zoned { "+00" } else { "" })
    };
    Ok(Arc::new(micros.iter().map(|micros| micros.map(text)).collect::<StringArray>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_postgresql_writes_them() {
        for (number, text) in [
            (19.0, "19"),
            (38.5, "38.5"),
            (-0.25, "-0.25"),
            (0.0, "0"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (123_456_789_012_345.0, "123456789012345"),
            (1e15, "1e+15"),
            (1.5e300, "1.5e+300"),
            (f64::INFINITY, "Infinity"),
        ] {
            assert_eq!(number_text(number), text);
        }
    }
}
