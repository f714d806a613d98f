//! Puts the items of a history into the order in which they became available, in bounded memory.
//!
//! ```text
//! items as bytes ─► a temporary file + (available, place) each ─► sorted ─► read back in order
//! ```

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileExt;

use crate::domain::time::Timestamp;

/// Items on their way into order.
#[derive(Debug)]
pub struct Spool {
    writer: BufWriter<File>,
    size_bytes: u64,
    places: Vec<Place>,
}

/// Where an item lies, 24 bytes each.
#[derive(Clone, Copy, Debug)]
struct Place {
    available_at: Timestamp,
    start: u64,
    length: u32,
}

/// Items in order.
#[derive(Debug)]
pub struct Sorted {
    file: File,
    places: Vec<Place>,
}

impl Spool {
    /// An empty spool in a temporary file that vanishes with it.
    ///
    /// # Errors
    /// If the system has no room for one.
    pub fn new() -> io::Result<Spool> {
        let file = tempfile::tempfile()?;
        let writer = BufWriter::with_capacity(1 << 20, file);
        Ok(Spool { writer, size_bytes: 0, places: Vec::new() })
    }

    /// Adds an item; `None` puts it before everything that says when it became available.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn push(&mut self, bytes: &[u8], available_at: Option<Timestamp>) -> io::Result<()> {
        self.writer.write_all(bytes)?;
        let length = u32::try_from(bytes.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let available_at = available_at.unwrap_or(Timestamp::MIN);
        self.places.push(Place { available_at, start: self.size_bytes, length });
        self.size_bytes += u64::from(length);
        Ok(())
    }

    /// Sorts the items; those of one instant stay in the order in which they were added.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn sort(mut self) -> io::Result<Sorted> {
        self.places.sort_by_key(|place| place.available_at);
        let first = self.places.iter().map(|place| place.available_at);
        let first = first.filter(|at| *at != Timestamp::MIN).min();
        for place in self.places.iter_mut().take_while(|place| place.available_at == Timestamp::MIN)
        {
            place.available_at = first.unwrap_or(Timestamp::from_micros(0));
        }
        let file = self.writer.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(Sorted { file, places: self.places })
    }
}

impl Sorted {
    /// How many items there are.
    pub fn n_items(&self) -> usize {
        self.places.len()
    }

    /// Reads item `index` into `bytes`, and says when it became available.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn read(&self, index: usize, bytes: &mut Vec<u8>) -> io::Result<Option<Timestamp>> {
        let Some(place) = self.places.get(index) else { return Ok(None) };
        bytes.clear();
        bytes.resize(usize::try_from(place.length).unwrap_or(0), 0);
        self.file.read_exact_at(bytes, place.start)?;
        Ok(Some(place.available_at))
    }
}
