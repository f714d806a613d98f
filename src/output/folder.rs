//! Effects in a folder, for when there is no Kafka: one line of JSON per step that said something.
//!
//! ```text
//! {"positions":{"0":17},"records":[{"topic":"twin.alerts.v1","key":"…","value":{…}}]}
//! ```
//! A line holds the effects and the log position together, so that both are there or neither is: a
//! line that a crash cut is cut off when the file is opened again.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::output::record::OutRecord;

/// Effects of a data folder.
#[derive(Debug)]
pub struct FolderSink {
    path: PathBuf,
    file: File,
    committed: BTreeMap<u32, u64>,
}

#[derive(Deserialize)]
struct CommittedLine {
    positions: BTreeMap<u32, u64>,
}

#[derive(Serialize)]
struct Line<'l> {
    positions: BTreeMap<u32, u64>,
    records: Vec<RecordLine<'l>>,
}

#[derive(Serialize)]
struct RecordLine<'l> {
    topic: &'l str,
    key: &'l str,
    headers: BTreeMap<&'l str, &'l str>,
    value: &'l RawValue,
}

/// Why effects cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {error}")]
pub struct FolderSinkError {
    /// The file.
    pub path: PathBuf,
    /// What the system said.
    pub error: io::Error,
}

impl FolderSink {
    /// Opens `effects.ndjson` in a folder.
    ///
    /// # Errors
    /// If it cannot be read or written.
    pub fn open(folder: &Path) -> Result<FolderSink, FolderSinkError> {
        let path = folder.join("effects.ndjson");
        let io = |error| FolderSinkError { path: path.clone(), error };
        let mut options = OpenOptions::new();
        let options = options.create(true).truncate(false).read(true).write(true);
        let mut file = options.open(&path).map_err(io)?;
        let (mut committed, mut end) = (BTreeMap::new(), 0);
        let mut reader = BufReader::new(&file);
        let mut line = Vec::new();
        loop {
            line.clear();
            let size = reader.read_until(b'\n', &mut line).map_err(io)?;
            let is_whole = line.last() == Some(&b'\n');
            let read = serde_json::from_slice::<CommittedLine>(&line).ok().filter(|_| is_whole);
            let Some(read) = read else { break };
            committed.extend(read.positions);
            end += u64::try_from(size).unwrap_or(0);
        }
        drop(reader);
        file.set_len(end).map_err(io)?;
        file.seek(SeekFrom::Start(end)).map_err(io)?;
        Ok(FolderSink { path, file, committed })
    }

    /// The offset before which everything that follows from the log was said.
    pub fn committed(&self, partition: u32) -> u64 {
        self.committed.get(&partition).copied().unwrap_or(0)
    }

    /// Writes effects and the positions they follow from, together. `positions` are the offsets of
    /// the next frames. They outlive the process, and with `sync` the machine.
    ///
    /// # Errors
    /// If the file cannot be written; nothing of the line stands then.
    pub fn commit(
        &mut self,
        positions: &[(u32, u64)],
        records: &[OutRecord],
    ) -> Result<(), FolderSinkError> {
        let io = |error| FolderSinkError { path: self.path.clone(), error };
        let values = records.iter().map(|record| RawValue::from_string(record.value.clone()));
        let values = values.collect::<Result<Vec<_>, _>>().map_err(|e| io(e.into()))?;
        let lines = records.iter().zip(&values).map(|(record, value)| RecordLine {
            topic: record.topic,
            key: &record.key,
            headers: record.headers.iter().map(|(name, value)| (*name, value.as_str())).collect(),
            value,
        });
        let positions = positions.iter().copied().collect();
        let line = Line { positions, records: lines.collect() };
        let mut text = serde_json::to_vec(&line).map_err(|error| io(error.into()))?;
        text.push(b'\n');
        let start = self.file.stream_position().map_err(io)?;
        if let Err(error) = self.file.write_all(&text) {
            self.file.set_len(start).map_err(io)?;
            self.file.seek(SeekFrom::Start(start)).map_err(io)?;
            return Err(io(error));
        }
        self.committed.extend(line.positions);
        Ok(())
    }

    /// Makes everything written durable.
    ///
    /// # Errors
    /// If the system cannot.
    pub fn sync(&self) -> Result<(), FolderSinkError> {
        let io = |error| FolderSinkError { path: self.path.clone(), error };
        self.file.sync_data().map_err(io)
    }
}
