//! The log in a folder, for when there is no Kafka: one append-only file per partition.
//!
//! ```text
//! frame  = length u32 │ crc32 u32 │ appended_at i64 │ bytes        (little-endian)
//! offset = the frame's number in its partition, from 0
//! ```
//! What `sync` returned from is on disk. A frame that was cut by a crash is cut off when the folder is
//! opened again; a damaged one in the middle is an error, because everything after it would be lost.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::event::Clock;
use crate::domain::time::Timestamp;

/// A frame as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFrame {
    /// Its offset in the partition.
    pub offset: u64,
    /// When it was appended.
    pub appended_at: Timestamp,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Why the log in a folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LocalLogError {
    /// The folder cannot be read or written.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The folder was made with another number of partitions or another clock.
    #[error(
        "{path} was created with {found}, not {asked}: a log keeps its partitions and its clock for ever; use another folder"
    )]
    Mismatch {
        /// The folder.
        path: PathBuf,
        /// What it has.
        found: String,
        /// What was asked for.
        asked: String,
    },
    /// The folder's manifest cannot be read.
    #[error("{path}: not the manifest of a log: {message}")]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// A frame before the last one is damaged.
    #[error("{path}: frame {offset} at byte {position} is damaged")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The frame.
        offset: u64,
        /// Where it begins.
        position: u64,
    },
    /// Another process has the folder open.
    #[error("{path} is in use by another process")]
    InUse {
        /// The folder.
        path: PathBuf,
    },
}

const HEADER_BYTES: usize = 16;
/// A frame longer than this is damage: records are at most 20 MB.
const FRAME_BYTES_MAX: u32 = 64 << 20;

#[derive(Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
struct Manifest {
    format: u32,
    n_partitions: u32,
    clock: String,
}

/// The log in a folder.
#[derive(Debug)]
pub struct LocalLog {
    partitions: Vec<Partition>,
    clock: Clock,
    _lock: File,
}

#[derive(Debug)]
struct Partition {
    path: PathBuf,
    file: File,
    /// Where each frame begins.
    starts: Vec<u64>,
    end: u64,
}

impl LocalLog {
    /// Opens the log in `folder`, or creates one.
    ///
    /// # Errors
    /// If the folder cannot be used, or holds a log of another shape.
    pub fn open(folder: &Path, n_partitions: u32, clock: Clock) -> Result<LocalLog, LocalLogError> {
        let at = |path: &Path| {
            let path = path.to_owned();
            move |error| LocalLogError::Io { path, error }
        };
        fs::create_dir_all(folder).map_err(at(folder))?;
        let lock = lock(folder)?;
        let path = folder.join("manifest.json");
        let asked = Manifest { format: 1, n_partitions, clock: clock.name().to_owned() };
        match fs::read_to_string(&path) {
            Ok(text) => {
                let found: Manifest = serde_json::from_str(&text).map_err(|error| {
                    LocalLogError::Manifest { path: path.clone(), message: error.to_string() }
                })?;
                if found != asked {
                    let say = |m: &Manifest| {
                        format!("{} partitions on a {} clock", m.n_partitions, m.clock)
                    };
                    let (path, found, asked) = (folder.to_owned(), say(&found), say(&asked));
                    return Err(LocalLogError::Mismatch { path, found, asked });
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let text = serde_json::to_string_pretty(&asked).unwrap_or_default();
                let draft = folder.join("manifest.json.new");
                fs::write(&draft, text).map_err(at(&draft))?;
                fs::rename(&draft, &path).map_err(at(&path))?;
            }
            Err(error) => return Err(LocalLogError::Io { path, error }),
        }
        let partitions = (0..n_partitions).map(|number| Partition::open(folder, number));
        Ok(LocalLog { partitions: partitions.collect::<Result<_, _>>()?, clock, _lock: lock })
    }

    /// The number of partitions and the clock of the log in a folder, if there is one.
    ///
    /// # Errors
    /// If the manifest cannot be read.
    pub fn shape(folder: &Path) -> Result<Option<(u32, Clock)>, LocalLogError> {
        let path = folder.join("manifest.json");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(LocalLogError::Io { path, error }),
        };
        let manifest: Result<Manifest, _> = serde_json::from_str(&text);
        let manifest = manifest.map_err(|error| LocalLogError::Manifest {
            path: path.clone(),
            message: error.to_string(),
        })?;
        let clocks = [Clock::Live, Clock::Recorded];
        let clock = clocks.into_iter().find(|clock| clock.name() == manifest.clock);
        let clock =
            clock.ok_or(LocalLogError::Manifest { path, message: "unknown clock".to_owned() })?;
        Ok(Some((manifest.n_partitions, clock)))
    }

    /// How many partitions it has.
    pub fn n_partitions(&self) -> u32 {
        u32::try_from(self.partitions.len()).unwrap_or(u32::MAX)
    }

    /// Its clock.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// The offset of the next frame of a partition.
    pub fn next_offset(&self, partition: u32) -> u64 {
        let starts = self.partition(partition).map_or(0, |partition| partition.starts.len());
        u64::try_from(starts).unwrap_or(u64::MAX)
    }

    /// Appends a frame and gives its offset. It is durable once `sync` has returned.
    ///
    /// # Errors
    /// If the file cannot be written; the log then ends before the frame.
    pub fn append(
        &mut self,
        partition: u32,
        bytes: &[u8],
        appended_at: Timestamp,
    ) -> Result<u64, LocalLogError> {
        let index = usize::try_from(partition).unwrap_or(usize::MAX);
        let partition =
            self.partitions.get_mut(index).expect("the partition is below n_partitions");
        partition.append(bytes, appended_at)
    }

    /// Makes everything appended so far durable.
    ///
    /// # Errors
    /// If the system cannot.
    pub fn sync(&mut self) -> Result<(), LocalLogError> {
        for partition in &self.partitions {
            let synced = partition.file.sync_data();
            synced.map_err(|error| LocalLogError::Io { path: partition.path.clone(), error })?;
        }
        Ok(())
    }

    /// Reads frames of a partition from `offset` on, up to about `bytes_max` bytes.
    ///
    /// # Errors
    /// If a frame cannot be read or is damaged.
    pub fn read(
        &self,
        partition: u32,
        offset: u64,
        bytes_max: usize,
    ) -> Result<Vec<StoredFrame>, LocalLogError> {
        let Some(partition) = self.partition(partition) else { return Ok(Vec::new()) };
        partition.read(offset, bytes_max)
    }

    fn partition(&self, partition: u32) -> Option<&Partition> {
        self.partitions.get(usize::try_from(partition).ok()?)
    }
}

/// Hands on every whole frame of a partition in its order, without owning the folder or writing to it:
/// beside an instance that appends, what it has written whole is read.
///
/// # Errors
/// If the file cannot be read, or is damaged before its end.
pub fn read_frames(
    folder: &Path,
    partition: u32,
    each: &mut dyn FnMut(StoredFrame),
) -> Result<(), LocalLogError> {
    let path = folder.join(format!("{partition:05}.log"));
    let io = |error| LocalLogError::Io { path: path.clone(), error };
    let file = File::open(&path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    let mut reader = io::BufReader::with_capacity(1 << 20, &file);
    let (mut offset, mut position) = (0, 0);
    while position < length {
        let mut bytes = Vec::new();
        let Some(appended_at) = read_frame(&mut reader, &mut bytes).map_err(io)? else { break };
        position += frame_bytes(bytes.len());
        each(StoredFrame { offset, appended_at, bytes });
        offset += 1;
    }
    if position < length && whole_follows(&file, position, length).map_err(io)? {
        return Err(LocalLogError::Damaged { path, offset, position });
    }
    Ok(())
}

/// Whether a whole frame begins anywhere after `position`, where none does: then that is no torn end.
fn whole_follows(file: &File, position: u64, length: u64) -> io::Result<bool> {
    let mut rest = vec![0; usize::try_from((length - position).min(1 << 26)).unwrap_or(0)];
    file.read_exact_at(&mut rest, position)?;
    Ok((1..rest.len()).any(|start| {
        let mut reader = rest.get(start..).unwrap_or_default();
        let length = reader.first_chunk::<4>().map_or(u32::MAX, |bytes| u32::from_le_bytes(*bytes));
        let fits = usize::try_from(length).is_ok_and(|n| 0 < n && n + HEADER_BYTES <= reader.len());
        fits && matches!(read_frame(&mut reader, &mut Vec::new()), Ok(Some(_)))
    }))
}

fn lock(folder: &Path) -> Result<File, LocalLogError> {
    let path = folder.join("lock");
    let io = |error| LocalLogError::Io { path: path.clone(), error };
    let file =
        OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(io)?;
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(fs::TryLockError::WouldBlock) => std::thread::park_timeout(LOCK_PAUSE),
            Err(fs::TryLockError::Error(error)) => return Err(LocalLogError::Io { path, error }),
        }
    }
    Err(LocalLogError::InUse { path: folder.to_owned() })
}

/// A process that was just killed, or one that is about to become another, holds its lock a moment longer.
const LOCK_TRIES: u32 = 20;
/// Between two tries.
const LOCK_PAUSE: Duration = Duration::from_millis(25);

impl Partition {
    fn open(folder: &Path, number: u32) -> Result<Partition, LocalLogError> {
        let path = folder.join(format!("{number:05}.log"));
        let io = |error| LocalLogError::Io { path: path.clone(), error };
        let mut options = OpenOptions::new();
        let file =
            options.create(true).truncate(false).read(true).write(true).open(&path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        let mut partition = Partition { path: path.clone(), file, starts: Vec::new(), end: 0 };
        let mut reader = io::BufReader::with_capacity(1 << 20, &partition.file);
        let mut bytes = Vec::new();
        let (mut starts, mut end) = (Vec::new(), 0);
        while end < length {
            match read_frame(&mut reader, &mut bytes).map_err(io)? {
                Some(_) => {
                    starts.push(end);
                    end += frame_bytes(bytes.len());
                }
                None => break,
            }
        }
        drop(reader);
        partition.starts = starts;
        partition.end = end;
        if end < length {
            partition.cut(length)?;
        }
        partition.file.seek(SeekFrom::Start(end)).map_err(io)?;
        Ok(partition)
    }

    /// Cuts off a frame that a crash left unfinished. What follows a whole frame is no unfinished
    /// frame but damage.
    fn cut(&mut self, length: u64) -> Result<(), LocalLogError> {
        let io = |error| LocalLogError::Io { path: self.path.clone(), error };
        if whole_follows(&self.file, self.end, length).map_err(io)? {
            let offset = u64::try_from(self.starts.len()).unwrap_or(u64::MAX);
            return Err(LocalLogError::Damaged {
                path: self.path.clone(),
                offset,
                position: self.end,
            });
        }
        self.file.set_len(self.end).map_err(io)
    }

    fn append(&mut self, bytes: &[u8], appended_at: Timestamp) -> Result<u64, LocalLogError> {
        let io = |error| LocalLogError::Io { path: self.path.clone(), error };
        let length = u32::try_from(bytes.len()).ok().filter(|length| *length <= FRAME_BYTES_MAX);
        let length = length.ok_or_else(|| io(io::ErrorKind::FileTooLarge.into()))?;
        let mut frame = Vec::with_capacity(HEADER_BYTES + bytes.len());
        frame.extend_from_slice(&length.to_le_bytes());
        frame.extend_from_slice(&checksum(appended_at, bytes).to_le_bytes());
        frame.extend_from_slice(&appended_at.micros().to_le_bytes());
        frame.extend_from_slice(bytes);
        if let Err(error) = self.file.write_all(&frame) {
            // Half a frame must not stand before the next one.
            self.file.set_len(self.end).map_err(io)?;
            self.file.seek(SeekFrom::Start(self.end)).map_err(io)?;
            return Err(io(error));
        }
        self.starts.push(self.end);
        self.end += frame_bytes(bytes.len());
        Ok(u64::try_from(self.starts.len() - 1).unwrap_or(u64::MAX))
    }

    fn read(&self, offset: u64, bytes_max: usize) -> Result<Vec<StoredFrame>, LocalLogError> {
        let io = |error| LocalLogError::Io { path: self.path.clone(), error };
        let first = usize::try_from(offset).unwrap_or(usize::MAX);
        let Some(start) = self.starts.get(first).copied() else { return Ok(Vec::new()) };
        let limit = start.saturating_add(u64::try_from(bytes_max).unwrap_or(u64::MAX));
        let later = self.starts.get(first + 1..).unwrap_or_default();
        let n_later = later.partition_point(|start| *start < limit);
        let end = later.get(n_later).copied().unwrap_or(self.end);
        let mut bytes = vec![0; usize::try_from(end - start).unwrap_or(usize::MAX)];
        self.file.read_exact_at(&mut bytes, start).map_err(io)?;
        let mut reader = bytes.as_slice();
        let mut frames = Vec::new();
        for (offset, position) in
            (offset..).zip(std::iter::once(start).chain(later.iter().copied()))
        {
            if reader.is_empty() {
                break;
            }
            let mut bytes = Vec::new();
            let damaged = || LocalLogError::Damaged { path: self.path.clone(), offset, position };
            let appended_at =
                read_frame(&mut reader, &mut bytes).map_err(io)?.ok_or_else(damaged)?;
            frames.push(StoredFrame { offset, appended_at, bytes });
        }
        Ok(frames)
    }
}

fn frame_bytes(length: usize) -> u64 {
    u64::try_from(HEADER_BYTES + length).unwrap_or(u64::MAX)
}

fn checksum(appended_at: Timestamp, bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&appended_at.micros().to_le_bytes());
    hasher.update(bytes);
    hasher.finalize()
}

/// Reads one frame into `bytes`; `None` where none is whole.
fn read_frame(reader: &mut impl Read, bytes: &mut Vec<u8>) -> io::Result<Option<Timestamp>> {
    let mut header = [0; HEADER_BYTES];
    if !fill(reader, &mut header)? {
        return Ok(None);
    }
    let (length, rest) = header.split_first_chunk::<4>().expect("16 bytes");
    let (crc, appended_at) = rest.split_first_chunk::<4>().expect("12 bytes");
    let length = u32::from_le_bytes(*length);
    let appended_at = appended_at.first_chunk::<8>().map(|bytes| i64::from_le_bytes(*bytes));
    let appended_at = Timestamp::from_micros(appended_at.expect("8 bytes"));
    if FRAME_BYTES_MAX < length {
        return Ok(None);
    }
    bytes.clear();
    bytes.resize(usize::try_from(length).unwrap_or(0), 0);
    let is_whole = fill(reader, bytes)?;
    let is_sound = checksum(appended_at, bytes) == u32::from_le_bytes(*crc);
    Ok((is_whole && is_sound).then_some(appended_at))
}

/// Fills `bytes`; `false` if the input ends before.
fn fill(reader: &mut impl Read, bytes: &mut [u8]) -> io::Result<bool> {
    match reader.read_exact(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
