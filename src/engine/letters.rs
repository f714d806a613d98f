//! Dead letters of a data folder: `dead-letters.ndjson`, one line per record, its bytes included, and beside it
//! `dead-letter-marks.ndjson`, what became of them. Two files, because the instance that owns the folder writes
//! letters while somebody else marks them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::domain::time::Timestamp;
use crate::ingest::letter::{Letter, LetterLine};
use crate::ingest::mark::Mark;
use crate::ingest::shelved::{Shelved, ShelvedLetter};
use crate::ingest::source::SourceRecord;

const LETTERS: &str = "dead-letters.ndjson";
const MARKS: &str = "dead-letter-marks.ndjson";

/// The file of dead letters.
#[derive(Debug)]
pub struct LetterFile {
    path: PathBuf,
    writer: BufWriter<File>,
}

/// Why dead letters cannot be written or read.
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
        let path = folder.join(LETTERS);
        let opened = OpenOptions::new().create(true).append(true).open(&path);
        match opened {
            Ok(file) => Ok(LetterFile { path, writer: BufWriter::new(file) }),
            Err(error) => Err(LetterFileError { path, error }),
        }
    }

    /// Appends a letter about a record that was refused at `now`.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn append(
        &mut self,
        source: &str,
        record: &SourceRecord<'_>,
        letter: &Letter,
        now: Timestamp,
    ) -> Result<(), LetterFileError> {
        let line = LetterLine::new(source, record, letter, now);
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

/// The dead letters of a data folder, for whoever does not own it.
#[derive(Clone, Debug)]
pub struct FolderShelf {
    folder: PathBuf,
}

impl FolderShelf {
    /// The shelf of a data folder.
    pub fn new(folder: &Path) -> FolderShelf {
        FolderShelf { folder: folder.to_owned() }
    }

    /// Hands on every letter and then every mark. A last line that is still being written is left out.
    ///
    /// # Errors
    /// If there is no data folder, a file cannot be read, or a line is none of ours.
    pub fn read(&self, each: &mut dyn FnMut(Shelved)) -> Result<(), LetterFileError> {
        // A folder without letters has no such file; no folder at all is a slip of the pen.
        if !self.folder.is_dir() {
            let error = io::Error::from(io::ErrorKind::NotFound);
            return Err(LetterFileError { path: self.folder.clone(), error });
        }
        self.lines(LETTERS, &mut |line| {
            let letter: LetterLine = serde_json::from_str(line)?;
            let letter = ShelvedLetter::of_line(letter);
            each(letter.map_or(Shelved::Foreign, |letter| Shelved::Letter(Box::new(letter))));
            Ok(())
        })?;
        self.lines(MARKS, &mut |line| {
            each(Shelved::Mark(serde_json::from_str(line)?));
            Ok(())
        })
    }

    fn lines(
        &self,
        name: &str,
        each: &mut dyn FnMut(&str) -> io::Result<()>,
    ) -> Result<(), LetterFileError> {
        let path = self.folder.join(name);
        let mut read = || {
            let file = match File::open(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                Err(error) => return Err(error),
            };
            let (mut reader, mut line) = (BufReader::new(file), String::new());
            while 0 < reader.read_line(&mut line)? {
                if let Some(whole) = line.strip_suffix('\n') {
                    each(whole)?;
                }
                line.clear();
            }
            Ok(())
        };
        read().map_err(|error| LetterFileError { path: path.clone(), error })
    }

    /// Appends marks, and has the disk keep them.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn mark(&self, marks: &[Mark]) -> Result<(), LetterFileError> {
        let path = self.folder.join(MARKS);
        let write = || {
            let mut text = String::new();
            for mark in marks {
                text += &serde_json::to_string(mark)?;
                text.push('\n');
            }
            // A mark that a crash cut is no line; it must not swallow the next one.
            if fs::read(&path).is_ok_and(|bytes| bytes.last().is_some_and(|last| *last != b'\n')) {
                text.insert(0, '\n');
            }
            let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
            file.write_all(text.as_bytes())?;
            file.sync_data()
        };
        write().map_err(|error| LetterFileError { path: path.clone(), error })
    }
}
