//! Results as text: a table for people, JSON and CSV for programs.

use arrow::csv::WriterBuilder;
use arrow::error::ArrowError;
use arrow::json::ArrayWriter;
use arrow::util::pretty::pretty_format_batches;

use crate::sql::query::QueryResult;

/// A result as a table with lines.
///
/// # Errors
/// If a value cannot be shown.
pub fn table(result: &QueryResult) -> Result<String, ArrowError> {
    let empty = arrow::record_batch::RecordBatch::new_empty(result.schema.clone());
    let batches = if result.batches.is_empty() { &[empty][..] } else { &result.batches };
    Ok(pretty_format_batches(batches)?.to_string())
}

/// A result as a JSON array of objects; what is null is left out.
///
/// # Errors
/// If a value cannot be written.
pub fn json(result: &QueryResult) -> Result<String, ArrowError> {
    let mut bytes = Vec::new();
    let mut writer = ArrayWriter::new(&mut bytes);
    writer.write_batches(&result.batches.iter().collect::<Vec<_>>())?;
    writer.finish()?;
    let text =
        String::from_utf8(bytes).map_err(|error| ArrowError::JsonError(error.to_string()))?;
    Ok(if text.is_empty() { "[]".to_owned() } else { text })
}

/// A result as CSV with a header.
///
/// # Errors
/// If a value cannot be written.
pub fn csv(result: &QueryResult) -> Result<String, ArrowError> {
    let mut bytes = Vec::new();
    let mut writer = WriterBuilder::new().with_header(true).build(&mut bytes);
    let empty = arrow::record_batch::RecordBatch::new_empty(result.schema.clone());
    let batches = if result.batches.is_empty() { &[empty][..] } else { &result.batches };
    batches.iter().try_for_each(|batch| writer.write(batch))?;
    drop(writer);
    String::from_utf8(bytes).map_err(|error| ArrowError::CsvError(error.to_string()))
}
