//! A history as the command line names it, rehearsed in parts: each thread takes patients of its own.
//!
//! A data set of many patients is cut by patient, because no twin knows another; what a part says is the same
//! whatever part it is in.

use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use anyhow::{Context, Result, anyhow, bail};
use indicatif::{ProgressBar, ProgressStyle};

use twinstream::clock::now;
use twinstream::domain::identity::TwinId;
use twinstream::domain::time::Timestamp;
use twinstream::engine::history::{History, record_of};
use twinstream::engine::library::Library;
use twinstream::engine::rehearsal::Rehearsal;
use twinstream::import::challenge_2019::{Challenge, Records};
use twinstream::ingest::decoder::Decoder;
use twinstream::ingest::files::{self, FileRecord};
use twinstream::ingest::site::Site;
use twinstream::ingest::source::{Format, PatientFrom, SourceSpec};

use crate::cli::history_args::{HistoryArg, HistoryArgs};
use crate::cli::replay::{instant, read_library, read_site};

/// The namespace of the patients of a history.
pub const NAMESPACE: &str = "history";

/// Patients of a part: some tens of megabytes of records.
const PART_PATIENTS: usize = 200;

/// When patients of the challenge come to intensive care; their own times are hours since.
const ADMISSION: &str = "2019-01-01T00:00:00Z";

/// An instant that is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Whose.
    pub twin: TwinId<'static>,
    /// When.
    pub at: Timestamp,
    /// What is said of it, in the order of the names of labels.
    pub labels: Vec<String>,
}

/// A history that is asked about, in parts.
pub struct Questions {
    parts: Vec<Part>,
    /// The names of labels.
    pub labels: Vec<String>,
    library: Library,
    site: Arc<Site>,
    n_threads: usize,
}

struct Part {
    records: PartRecords,
    asked: Vec<Asked>,
}

/// Where the records of a part come from.
enum PartRecords {
    Files(Vec<String>),
    Challenge(Challenge),
}

impl Questions {
    /// Reads what is asked of which pipelines: the instants of the file `at`, else those of the data set.
    ///
    /// # Errors
    /// What is wrong with an argument or a file.
    pub fn read(
        inputs: &[String],
        args: &HistoryArgs,
        at: Option<&Path>,
        pipelines: &[&str],
    ) -> Result<Questions> {
        let library = library(args, pipelines)?;
        let asked = at.map(read_instants).transpose()?;
        let (parts, labels) = match (args.form, asked) {
            (HistoryArg::Fhir, None) => bail!("--at is missing: the instants to look at"),
            (HistoryArg::Fhir, Some((labels, asked))) => {
                (vec![Part { records: PartRecords::Files(inputs.to_vec()), asked }], labels)
            }
            (HistoryArg::Challenge2019, asked) => challenge(inputs, asked)?,
        };
        Questions::of(args, library, parts, labels)
    }

    /// Reads a history of which nothing is asked but what was said, with the pipelines of `library`.
    ///
    /// # Errors
    /// What is wrong with an argument or a file.
    pub fn of_all(inputs: &[String], args: &HistoryArgs, library: Library) -> Result<Questions> {
        let parts = match args.form {
            HistoryArg::Fhir => {
                vec![Part { records: PartRecords::Files(inputs.to_vec()), asked: Vec::new() }]
            }
            HistoryArg::Challenge2019 => challenge(inputs, None)?.0,
        };
        Questions::of(args, library, parts, Vec::new())
    }

    fn of(
        args: &HistoryArgs,
        library: Library,
        parts: Vec<Part>,
        labels: Vec<String>,
    ) -> Result<Questions> {
        let (site_text, site) = read_site(args.site.as_deref())?;
        let library = library.with_site(&site_text);
        Ok(Questions {
            parts,
            labels,
            library,
            site: Arc::new(site),
            n_threads: args.threads.into(),
        })
    }

    /// Rehearses every part, and gives what `each` makes of it, in the order of the parts.
    ///
    /// # Errors
    /// The first that fails.
    pub fn ask<T: Send>(
        self,
        each: &(dyn Fn(&Rehearsal, &[Asked]) -> Result<T> + Sync),
        take: &mut dyn FnMut(T) -> Result<()>,
    ) -> Result<()> {
        let n_parts = self.parts.len();
        let bar = ProgressBar::new(u64::try_from(n_parts).unwrap_or(u64::MAX));
        if let Ok(style) =
            ProgressStyle::with_template("rehearsing {wide_bar} {pos}/{len} parts  {eta} left")
        {
            bar.set_style(style);
        }
        let next = AtomicUsize::new(0);
        let (sender, receiver) = mpsc::sync_channel(self.n_threads);
        let questions = &self;
        let (next, bar_of_all) = (&next, &bar);
        let result = thread::scope(|scope| {
            for _ in 0..questions.n_threads.min(n_parts) {
                let sender = sender.clone();
                scope.spawn(move || {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        let Some(part) = questions.parts.get(number) else { break };
                        let result =
                            questions.rehearse(part).and_then(|one| each(&one, &part.asked));
                        // Whoever waits has gone when another part failed.
                        if sender.send((number, result)).is_err() {
                            break;
                        }
                    }
                });
            }
            drop(sender);
            let mut waiting = std::collections::BTreeMap::new();
            let mut expected = 0;
            for (number, result) in receiver {
                waiting.insert(number, result?);
                bar_of_all.inc(1);
                while let Some(one) = waiting.remove(&expected) {
                    take(one)?;
                    expected += 1;
                }
            }
            Ok(())
        });
        bar.finish_and_clear();
        result
    }

    fn rehearse(&self, part: &Part) -> Result<Rehearsal> {
        let source = SourceSpec {
            name: NAMESPACE.to_owned(),
            format: Format::Fhir,
            namespace: NAMESPACE.to_owned(),
            patient_from: PatientFrom::Subject,
            origin: twinstream::domain::fact::Origin::Clinical,
            zone: self.site.zone,
            schemas: None,
        };
        let mut decoder = Decoder::new(self.site.clone());
        let mut history = History::new(&source, now())?;
        let mut n_refused = 0_u64;
        match &part.records {
            PartRecords::Files(inputs) => {
                for input in inputs {
                    files::read(input, &mut |record: FileRecord| -> Result<()> {
                        n_refused +=
                            u64::from(history.add(&mut decoder, &record_of(&record))?.is_some());
                        Ok(())
                    })?;
                }
            }
            PartRecords::Challenge(challenge) => {
                let mut bytes = Vec::new();
                challenge.write(&mut Cursor::new(&mut bytes))?;
                let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
                for (offset, line) in (0..).zip(lines) {
                    let topic = "challenge-2019".to_owned();
                    let record = FileRecord { topic, offset, key: None, payload: line.to_vec() };
                    n_refused +=
                        u64::from(history.add(&mut decoder, &record_of(&record))?.is_some());
                }
            }
        }
        if 0 < n_refused {
            eprintln!(
                "{n_refused} records cannot be read, or not wholly; twin replay says which and why"
            );
        }
        let mut rehearsal = Rehearsal::open(&self.library)?;
        rehearsal.run(&history.sort()?)?;
        Ok(rehearsal)
    }
}

/// The named pipelines, of a folder or of those that ship.
fn library(args: &HistoryArgs, pipelines: &[&str]) -> Result<Library> {
    let library = read_library(args.pipelines.as_deref())?;
    library.only(pipelines).map_err(|error| anyhow!(error))
}

type Instants = (Vec<String>, Vec<Asked>);

/// The parts of the challenge's files: each of its hours is asked about, unless others are.
fn challenge(inputs: &[String], asked: Option<Instants>) -> Result<(Vec<Part>, Vec<String>)> {
    let mut challenge = Challenge::new(instant(ADMISSION)?, Records::Bundles);
    for input in inputs {
        files::read(input, &mut |file: FileRecord| -> Result<()> { Ok(challenge.add(&file)?) })?;
    }
    let (labels, mut others) = match asked {
        Some((labels, asked)) => (labels, Some(asked)),
        None => (vec!["hour".to_owned(), "sepsis_label".to_owned()], None),
    };
    let mut parts = Vec::new();
    for part in challenge.split(PART_PATIENTS) {
        let asked = match &mut others {
            None => part
                .hours()
                .flat_map(|hours| {
                    let twin = TwinId::new(NAMESPACE, hours.patient.to_owned());
                    hours.rows.into_iter().map(move |row| Asked {
                        twin: twin.clone(),
                        at: row.at,
                        labels: vec![row.hour.to_string(), row.label.map_or("", label).to_owned()],
                    })
                })
                .collect(),
            Some(others) => {
                let names: std::collections::BTreeSet<&str> =
                    part.hours().map(|hours| hours.patient).collect();
                others.extract_if(.., |asked| names.contains(&*asked.twin.patient)).collect()
            }
        };
        parts.push(Part { records: PartRecords::Challenge(part), asked });
    }
    if let Some(left) = others.iter().flatten().next() {
        bail!("--at names the patient {}, of whom there is no file", left.twin.patient);
    }
    Ok((parts, labels))
}

const fn label(label: bool) -> &'static str {
    if label { "1" } else { "0" }
}

/// Reads `patient,at` and labels.
pub fn read_instants(path: &Path) -> Result<Instants> {
    let name = path.display().to_string();
    let text = fs::read_to_string(path).with_context(|| name.clone())?;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().with_context(|| name.clone())?.clone();
    let expected = || format!("{name}: expected a header `patient,at` and any labels after it");
    let (Some("patient"), Some("at")) = (header.get(0), header.get(1)) else { bail!(expected()) };
    let labels = header.iter().skip(2).map(str::to_owned).collect();
    let mut asked = Vec::new();
    for (line, row) in (2..).zip(reader.records()) {
        let row = row.with_context(|| format!("{name} line {line}"))?;
        let (Some(patient), Some(at)) = (row.get(0), row.get(1)) else { bail!(expected()) };
        let at = instant(at).with_context(|| format!("{name} line {line}"))?;
        let labels = row.iter().skip(2).map(str::to_owned).collect();
        asked.push(Asked { twin: TwinId::new(NAMESPACE, patient.to_owned()), at, labels });
    }
    Ok((labels, asked))
}
