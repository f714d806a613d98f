//! Dead letters of a data folder: `dead-letters.ndjson`, one line per record, its bytes included.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::ingest::letter::{Letter, LetterLine};
use crate::ingest::source::SourceRecord;

/// The file of dead letters.
#[derive(Debug)]
pub struct LetterFile {
    path: PathBuf,
    writer: BufWriter<File>,
}

/// Why dead letters cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {error}")]
pub struct LetterFileError {
    /// The file.
    pub path: PathBuf,
    /// What the system said.
    pub error: io::Error,
}

impl LetterFile {
    /// Opens the file in a data folder, or creates it.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn open(folder: &Path) -> Result<LetterFile, LetterFileError> {
        let path = folder.join("dead-letters.ndjson");
        let opened = OpenOptions::new().create(true).append(true).open(&path);
        match opened {
            Ok(file) => Ok(LetterFile { path, writer: BufWriter::new(file) }),
            Err(error) => Err(LetterFileError { path, error }),
        }
    }

    /// Appends a letter.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn append(
        &mut self,
        source: &str,
        record: &SourceRecord<'_>,
        letter: &Letter,
    ) -> Result<(), LetterFileError> {
        let line = LetterLine::new(source, record, letter);
        let write = |writer: &mut BufWriter<File>| {
            serde_json::to_writer(&mut *writer, &line)?;
            writer.write_all(b"\n")
        };
        write(&mut self.writer).map_err(|error| LetterFileError { path: self.path.clone(), error })
    }

    /// Makes everything appended so far durable.
    ///
    /// # Errors
    /// If the system cannot.
    pub fn sync(&mut self) -> Result<(), LetterFileError> {
        let at = |error| LetterFileError { path: self.path.clone(), error };
        self.writer.flush().map_err(at)?;
        self.writer.get_ref().sync_data().map_err(at)
    }
}
