//! `twin export`: what a pipeline reads of each patient and instant of a history, with labels, as Parquet.
//!
//! A training set: the rows are read off a rehearsal by the same code that reads them live, so that a model is
//! trained on what it will be given.

use std::fs::File;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use arrow::array::{ArrayRef, Float32Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use twinstream::engine::rehearsal::Rehearsal;
use twinstream::pipeline::view::Scratch;

use crate::cli::history::{Asked, Questions};
use crate::cli::history_args::ExportArgs;

/// The rows of a part.
struct Rows {
    names: Vec<String>,
    asked: Vec<Asked>,
    /// By feature: a number a row, NaN where it is missing.
    columns: Vec<Vec<f32>>,
}

/// Runs the command.
pub fn run(args: &ExportArgs) -> Result<()> {
    let name = args.pipeline.as_str();
    let questions = Questions::read(&args.inputs, &args.history, args.at.as_deref(), &[name])?;
    let labels = questions.labels.clone();
    let mut writer: Option<ArrowWriter<File>> = None;
    let (mut n_rows, mut n_features) = (0, 0);
    let each = |rehearsal: &Rehearsal, asked: &[Asked]| read(rehearsal, name, asked);
    questions.ask(&each, &mut |rows: Rows| {
        let batch = batch(&rows, &labels)?;
        (n_rows, n_features) = (n_rows + batch.num_rows(), rows.names.len());
        let writer = match &mut writer {
            Some(writer) => writer,
            None => writer.insert(open(args, &batch)?),
        };
        Ok(writer.write(&batch)?)
    })?;
    if let Some(writer) = writer {
        writer.close()?;
    }
    eprintln!("{n_rows} rows of {n_features} features in {}", args.output.display());
    Ok(())
}

fn open(args: &ExportArgs, batch: &RecordBatch) -> Result<ArrowWriter<File>> {
    let file = File::create(&args.output).with_context(|| args.output.display().to_string())?;
    let compression = Compression::ZSTD(ZstdLevel::try_new(3)?);
    let properties = WriterProperties::builder().set_compression(compression).build();
    Ok(ArrowWriter::try_new(file, batch.schema(), Some(properties))?)
}

fn read(rehearsal: &Rehearsal, name: &str, asked: &[Asked]) -> Result<Rows> {
    let pipeline =
        rehearsal.pipeline(name).ok_or_else(|| anyhow!("there is no pipeline `{name}`"))?;
    let names: Vec<String> = pipeline.features.iter().map(|(name, _)| name.clone()).collect();
    let mut columns = vec![Vec::with_capacity(asked.len()); names.len()];
    let mut scratch = Scratch::default();
    for one in asked {
        let numbers = rehearsal.numbers(pipeline, &one.twin, one.at, &mut scratch);
        let numbers = numbers.unwrap_or_else(|| vec![f32::NAN; names.len()]);
        columns.iter_mut().zip(numbers).for_each(|(column, number)| column.push(number));
    }
    Ok(Rows { names, asked: asked.to_vec(), columns })
}

fn batch(rows: &Rows, labels: &[String]) -> Result<RecordBatch> {
    let zone: Arc<str> = "UTC".into();
    let mut fields = vec![
        Field::new("patient", DataType::Utf8, false),
        Field::new("at", DataType::Timestamp(TimeUnit::Microsecond, Some(zone.clone())), false),
    ];
    let patients = rows.asked.iter().map(|asked| Some(&*asked.twin.patient));
    let instants = rows.asked.iter().map(|asked| asked.at.micros());
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(patients.collect::<StringArray>()),
        Arc::new(TimestampMicrosecondArray::from_iter_values(instants).with_timezone(zone)),
    ];
    for (name, column) in rows.names.iter().zip(&rows.columns) {
        fields.push(Field::new(name, DataType::Float32, true));
        let numbers = column.iter().map(|number| Some(*number).filter(|number| !number.is_nan()));
        columns.push(Arc::new(numbers.collect::<Float32Array>()));
    }
    for (place, label) in labels.iter().enumerate() {
        fields.push(Field::new(format!("label_{label}"), DataType::Utf8, true));
        let labels = rows.asked.iter().map(|asked| {
            asked.labels.get(place).map(String::as_str).filter(|label| !label.is_empty())
        });
        columns.push(Arc::new(labels.collect::<StringArray>()));
    }
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}
