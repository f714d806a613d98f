//! Records from files: NDJSON, single documents, folders, archives, standard input.
//!
//! ```text
//! x.json  x.psv              one record
//! x.ndjson  x.jsonl  x.txt   one record a line, also with a key before a tab
//! x.hl7  x.er7               messages of HL7 version 2, one after another
//! x.json.gz  x.ndjson.zst    the same, compressed
//! folder/                    every such file in it, in the order of their names
//! x.tar  x.tar.gz  x.tar.zst every such file in it, in the order of the archive
//! -                          standard input: lines, or one document, or messages of HL7 version 2
//! ```
//! A record lies at (file, 0, number in the file). Nothing is held but the record being read.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use crate::ingest::decoder::RECORD_BYTES_MAX;

/// A record of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileRecord {
    /// The file, and the file inside it if it is an archive.
    pub topic: String,
    /// Its number in the file, from 0.
    pub offset: i64,
    /// Its key, if it has one.
    pub key: Option<String>,
    /// Its bytes.
    pub payload: Vec<u8>,
}

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {error}")]
pub struct FileError {
    /// The file.
    pub path: PathBuf,
    /// What the system said.
    pub error: io::Error,
}

/// Bytes of a line beyond which the rest is dropped: the record is a dead letter in any case, and the
/// file still holds all of it.
const LINE_BYTES_MAX: usize = RECORD_BYTES_MAX + 1;

/// What a file holds, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Document,
    Lines,
    Messages,
    Archive,
    Other,
}

/// How a file is compressed, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packing {
    Plain,
    Gzip,
    Zstd,
}

fn shape_of(name: &str) -> (Shape, Packing) {
    let (stem, packing) = match name.rsplit_once('.') {
        Some((stem, "gz")) => (stem, Packing::Gzip),
        Some((_, "tgz")) => return (Shape::Archive, Packing::Gzip),
        Some((stem, "zst")) => (stem, Packing::Zstd),
        _ => (name, Packing::Plain),
    };
    let shape = match stem.rsplit_once('.').map(|(_, extension)| extension) {
        Some("json" | "psv") => Shape::Document,
        Some("ndjson" | "jsonl" | "txt" | "tsv") => Shape::Lines,
        Some("hl7" | "er7") => Shape::Messages,
        Some("tar") => Shape::Archive,
        _ => Shape::Other,
    };
    (shape, packing)
}

/// Reads every record of a file, a folder, an archive or standard input (`-`), in order.
///
/// # Errors
/// If a file cannot be read, or `each` fails.
pub fn read<E: From<FileError>>(
    input: &str,
    each: &mut dyn FnMut(FileRecord) -> Result<(), E>,
) -> Result<(), E> {
    if input == "-" {
        return read_stdin(each);
    }
    let path = Path::new(input);
    if path.is_dir() {
        for file in files_of(path)? {
            read_file(&file, each)?;
        }
        return Ok(());
    }
    read_file(path, each)
}

/// The size of an input in bytes, for a progress bar; `None` where it cannot be known.
pub fn size_bytes(input: &str) -> Option<u64> {
    let path = Path::new(input);
    if path.is_dir() {
        let files = files_of(path).ok()?;
        return Some(
            files.iter().filter_map(|file| fs::metadata(file).ok()).map(|m| m.len()).sum(),
        );
    }
    fs::metadata(path).ok().map(|metadata| metadata.len())
}

fn at(path: &Path) -> impl Fn(io::Error) -> FileError + '_ {
    |error| FileError { path: path.to_owned(), error }
}

/// Files below a folder that can hold records, in the order of their paths.
fn files_of(folder: &Path) -> Result<Vec<PathBuf>, FileError> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(at(folder))? {
        let path = entry.map_err(at(folder))?.path();
        if path.is_dir() {
            files.extend(files_of(&path)?);
        } else if shape_of(&path.to_string_lossy()).0 != Shape::Other {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read_file<E: From<FileError>>(
    path: &Path,
    each: &mut dyn FnMut(FileRecord) -> Result<(), E>,
) -> Result<(), E> {
    let name = path.to_string_lossy().into_owned();
    let (shape, packing) = shape_of(&name);
    let file = File::open(path).map_err(at(path))?;
    let mut reader = unpack(file, packing).map_err(at(path))?;
    match shape {
        Shape::Archive => read_archive(path, reader, each),
        Shape::Document => read_document(path, &name, &mut reader, each),
        Shape::Messages => read_messages(path, &name, &mut reader, each),
        Shape::Lines | Shape::Other => read_lines(path, &name, &mut reader, each),
    }
}

fn unpack<'r>(reader: impl Read + 'r, packing: Packing) -> io::Result<Box<dyn BufRead + 'r>> {
    const BUFFER_BYTES: usize = 1 << 20;
    Ok(match packing {
        Packing::Plain => Box::new(BufReader::with_capacity(BUFFER_BYTES, reader)),
        Packing::Gzip => {
            let inner = flate2::read::MultiGzDecoder::new(reader);
            Box::new(BufReader::with_capacity(BUFFER_BYTES, inner))
        }
        Packing::Zstd => {
            let inner = zstd::stream::read::Decoder::new(reader)?;
            Box::new(BufReader::with_capacity(BUFFER_BYTES, inner))
        }
    })
}

fn read_archive<E: From<FileError>>(
    path: &Path,
    reader: Box<dyn BufRead>,
    each: &mut dyn FnMut(FileRecord) -> Result<(), E>,
) -> Result<(), E> {
    let mut archive = tar::Archive::new(reader);
    for entry in archive.entries().map_err(at(path))? {
        let entry = entry.map_err(at(path))?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let inside = entry.path().map_err(at(path))?.to_string_lossy().into_owned();
        let name = format!("{}!{inside}", path.to_string_lossy());
        let (shape, packing) = shape_of(&inside);
        let mut reader = unpack(entry, packing).map_err(at(path))?;
        match shape {
            Shape::Document => read_document(path, &name, &mut reader, each)?,
            Shape::Lines => read_lines(path, &name, &mut reader, each)?,
            Shape::Messages => read_messages(path, &name, &mut reader, each)?,
            Shape::Archive | Shape::Other => {}
        }
    }
    Ok(())
}

fn read_document<E: From<FileError>>(
    path: &Path,
    name: &str,
    reader: &mut dyn BufRead,
    each: &mut dyn FnMut(FileRecord) -> Result<(), E>,
) -> Result<(), E> {
    let mut payload = Vec::new();
    let limit = u64::try_from(LINE_BYTES_MAX).unwrap_or(u64::MAX);
    reader.take(limit).read_to_end(&mut payload).map_err(at(path))?;
    each(FileRecord { topic: name.to_owned(), offset: 0, key: None, payload })
}

fn read_lines<E: From<FileError>>(
    path: &Path,
    name: &str,
    reader: &mut dyn BufRead,
    each: &mut dyn FnMut(FileRecord) -> Result<(), E>,
) -> Result<(), E> {
    let mut line = Vec::new();
    for offset in 0.. {
        if !read_line(reader, &mut line, b"\n").map_err(at(path))? {
            break;
        }
        if !line.iter().all(u8::is_ascii_whitespace) {
            each(record_of_line(name, offset, &line))?;
        }
    }
    Ok(())
}

/// What begins a message of HL7 version 2, and what stands around messages in a batch file.
const HEADER: &[u8] = b"MSH";
const BATCH: [&[u8]; 4] = [b"FHS", b"BHS", b"BTS", b"FTS"];

/// Messages of HL7 version 2: each begins with its header, and its segments end with CR, LF or both.
fn read_messages<E: From<FileError>>(
    path: &Path,
    name: &str,
    reader: &mut dyn BufRead,
    each: &mut dyn FnMut(FileRecord) -> Result<(), E>,
) -> Result<(), E> {
    let (mut message, mut segment, mut offset) = (Vec::new(), Vec::new(), 0);
    loop {
        let has_more = read_line(reader, &mut segment, b"\r\n").map_err(at(path))?;
        // The frame of MLLP, where a file was written as it came over the wire.
        let start = segment.iter().position(|byte| !matches!(byte, 0x0b | 0x1c | b' '));
        let text = start.and_then(|start| segment.get(start..)).unwrap_or_default();
        if (!has_more || text.starts_with(HEADER)) && !message.is_empty() {
            let (topic, payload) = (name.to_owned(), std::mem::take(&mut message));
            each(FileRecord { topic, offset, key: None, payload })?;
            offset += 1;
        }
        if !has_more {
            return Ok(());
        }
        let is_batch = BATCH.iter().any(|name| text.starts_with(name));
        if !text.is_empty() && !is_batch && message.len() < LINE_BYTES_MAX {
            message.extend_from_slice(text);
            message.push(b'\r');
        }
    }
}

/// Reads a line without its end, as much of it as may be held; `false` at the end of the input.
fn read_line(reader: &mut dyn BufRead, line: &mut Vec<u8>, ends: &[u8]) -> io::Result<bool> {
    line.clear();
    let mut has_read = false;
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return Ok(has_read);
        }
        has_read = true;
        let end = buffer.iter().position(|byte| ends.contains(byte));
        let part = buffer.get(..end.unwrap_or(buffer.len())).unwrap_or_default();
        let room = LINE_BYTES_MAX.saturating_sub(line.len());
        line.extend_from_slice(part.get(..room).unwrap_or(part));
        let used = end.map_or(buffer.len(), |end| end + 1);
        reader.consume(used);
        if end.is_some() {
            return Ok(true);
        }
    }
}

/// A line, with the key before a tab if it has one: JSON itself never begins with a plain word and a
/// tab.
fn record_of_line(name: &str, offset: i64, line: &[u8]) -> FileRecord {
    let is_json = |text: &[u8]| {
        text.iter()
            .find(|byte| !byte.is_ascii_whitespace())
            .is_some_and(|b| matches!(b, b'{' | b'['))
    };
    let tab = line.iter().position(|byte| *byte == b'\t').filter(|_| !is_json(line));
    let (key, payload) = match tab {
        Some(tab) => {
            let (key, rest) = line.split_at(tab);
            (std::str::from_utf8(key).ok(), rest.get(1..).unwrap_or_default())
        }
        None => (None, line),
    };
    let topic = name.to_owned();
    FileRecord { topic, offset, key: key.map(str::to_owned), payload: payload.to_vec() }
}

/// Standard input is lines, unless its first line is no whole document: then it is one document.
fn read_stdin<E: From<FileError>>(
    each: &mut dyn FnMut(FileRecord) -> Result<(), E>,
) -> Result<(), E> {
    let path = Path::new("-");
    let mut reader = BufReader::with_capacity(1 << 20, io::stdin().lock());
    let mut first = Vec::new();
    if !read_line(&mut reader, &mut first, b"\n").map_err(at(path))? {
        return Ok(());
    }
    if first.trim_ascii_start().starts_with(HEADER) {
        first.push(b'\n');
        return read_messages(path, "-", &mut io::Cursor::new(first).chain(reader), each);
    }
    let record = record_of_line("-", 0, &first);
    let is_whole = serde_json::from_slice::<serde::de::IgnoredAny>(&record.payload).is_ok();
    let opens_document = matches!(first.trim_ascii(), b"{" | b"[");
    if is_whole || !opens_document {
        each(record)?;
        let mut line = Vec::new();
        for offset in 1.. {
            if !read_line(&mut reader, &mut line, b"\n").map_err(at(path))? {
                return Ok(());
            }
            if !line.iter().all(u8::is_ascii_whitespace) {
                each(record_of_line("-", offset, &line))?;
            }
        }
        return Ok(());
    }
    let limit = u64::try_from(LINE_BYTES_MAX).unwrap_or(u64::MAX);
    first.push(b'\n');
    reader.take(limit).read_to_end(&mut first).map_err(at(path))?;
    each(FileRecord { topic: "-".to_owned(), offset: 0, key: None, payload: first })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_files_hold() {
        let cases = [
            ("a/b.json", Shape::Document, Packing::Plain),
            ("b.ndjson.zst", Shape::Lines, Packing::Zstd),
            ("b.tar.zst", Shape::Archive, Packing::Zstd),
            ("b.tgz", Shape::Archive, Packing::Gzip),
            ("b.json.gz", Shape::Document, Packing::Gzip),
            ("b.hl7.gz", Shape::Messages, Packing::Gzip),
            ("README.md", Shape::Other, Packing::Plain),
        ];
        for (name, shape, packing) in cases {
            assert_eq!(shape_of(name), (shape, packing), "{name}");
        }
    }

    #[test]
    fn a_key_stands_before_a_tab() {
        let record = record_of_line("f", 3, b"p1\t{\"a\":\t1}");
        assert_eq!(
            (record.key.as_deref(), record.payload.as_slice()),
            (Some("p1"), &b"{\"a\":\t1}"[..])
        );
        assert_eq!(record_of_line("f", 3, b"{\"a\":\t1}").key, None);
    }

    #[test]
    fn a_message_begins_with_its_header() {
        let text = b"FHS|^~\\&\r\n\x0bMSH|1\rPID|1\r\x1c\r\n\nMSH|2\r\nPID|2\nOBX|2\nFTS|2";
        let (mut reader, mut records) = (text.as_slice(), Vec::new());
        let mut each = |record: FileRecord| -> Result<(), FileError> {
            records.push((record.offset, String::from_utf8(record.payload).unwrap()));
            Ok(())
        };
        read_messages(Path::new("f"), "f", &mut reader, &mut each).unwrap();
        let expected = [(0, "MSH|1\rPID|1\r".to_owned()), (1, "MSH|2\rPID|2\rOBX|2\r".to_owned())];
        assert_eq!(records, expected);
    }

    #[test]
    fn an_endless_line_is_not_held() {
        let mut input = io::BufReader::new(io::repeat(b'x').take(50 << 20).chain(&b"\n{}\n"[..]));
        let mut line = Vec::new();
        assert!(read_line(&mut input, &mut line, b"\n").unwrap());
        assert_eq!(line.len(), LINE_BYTES_MAX);
        assert!(read_line(&mut input, &mut line, b"\n").unwrap());
        assert_eq!(line, b"{}");
        assert!(!read_line(&mut input, &mut line, b"\n").unwrap());
    }
}
