//! `twin import`: published data sets as FHIR.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use anyhow::{Context, Result};
use clap::Args;

use twinstream::import::challenge_2019::{Challenge, Records};
use twinstream::ingest::files::{self, FileRecord};

use crate::cli::replay::instant;

/// `twin import challenge-2019`
#[derive(Debug, Args)]
pub struct Challenge2019Args {
    /// Folders or archives of .psv files.
    #[arg(required = true)]
    pub inputs: Vec<String>,
    /// The NDJSON file to write; - for standard output, .zst for a compressed one.
    #[arg(short, long, value_name = "FILE")]
    pub output: String,
    /// When everyone is admitted: hour ICULOS is that many hours later.
    #[arg(long, default_value = "2019-01-01T00:00:00Z", value_name = "TIME")]
    pub admission: String,
    /// Write each Observation as a record of its own, instead of one Bundle per patient and hour.
    #[arg(long)]
    pub single: bool,
}

/// Runs `twin import challenge-2019`.
pub fn challenge_2019(args: &Challenge2019Args) -> Result<()> {
    let records = if args.single { Records::Observations } else { Records::Bundles };
    let mut challenge = Challenge::new(instant(&args.admission)?, records);
    for input in &args.inputs {
        files::read(input, &mut |file: FileRecord| -> Result<()> { Ok(challenge.add(&file)?) })?;
    }
    let mut output = open(&args.output)?;
    let written = challenge.write(&mut output)?;
    output.finish()?;
    eprintln!(
        "{} patients, {} rows, {} observations in {} records",
        written.n_patients, written.n_rows, written.n_observations, written.n_records
    );
    Ok(())
}

/// A file being written, perhaps compressed.
enum Output {
    Plain(BufWriter<Box<dyn Write>>),
    Zstd(zstd::stream::write::Encoder<'static, BufWriter<Box<dyn Write>>>),
}

fn open(path: &str) -> Result<Output> {
    let file: Box<dyn Write> = match path {
        "-" => Box::new(io::stdout().lock()),
        path => Box::new(File::create(path).with_context(|| path.to_owned())?),
    };
    let file = BufWriter::with_capacity(1 << 20, file);
    Ok(match path.ends_with(".zst") {
        true => Output::Zstd(zstd::stream::write::Encoder::new(file, 3)?),
        false => Output::Plain(file),
    })
}

impl Output {
    fn finish(self) -> Result<()> {
        match self {
            Output::Plain(mut file) => file.flush()?,
            Output::Zstd(encoder) => encoder.finish()?.flush()?,
        }
        Ok(())
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Output::Plain(file) => file.write(bytes),
            Output::Zstd(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Output::Plain(file) => file.flush(),
            Output::Zstd(encoder) => encoder.flush(),
        }
    }
}
