//! Objects as files below a folder, which outlive the machine once they are there.
//!
//! ```text
//! draft in .drafts ─► write ─► fsync ─► rename without replacing ─► fsync of the folder it came to
//! ```
//! Written here and not by `object_store`, whose local store never asks the disk to keep anything. What a
//! crash leaves in `.drafts` has no name, and the next start clears it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use bytes::Bytes;

use crate::domain::time::Timestamp;
use crate::storage::error::StorageError;
use crate::storage::object::{Listed, Objects, Put};

/// No object's name begins with a dot.
const DRAFTS: &str = ".drafts";

/// Objects below a folder.
#[derive(Debug)]
pub(crate) struct Folder {
    root: PathBuf,
    place: String,
}

impl Folder {
    /// Opens a folder, or makes one.
    pub(crate) fn open(root: &Path) -> Result<Folder, StorageError> {
        let folder = Folder { root: root.to_owned(), place: root.display().to_string() };
        let opened = make_folder(&root.join(DRAFTS)).and_then(|()| folder.clear_drafts());
        match opened {
            Ok(()) => Ok(folder),
            Err(error) => Err(StorageError::Spec {
                place: folder.place,
                message: format!(
                    "cannot be used: {error}; expected a folder that the user who runs this program \
                     can write, or can make"
                ),
            }),
        }
    }

    /// Deletes drafts that nobody writes: their writer held a lock until it died.
    fn clear_drafts(&self) -> io::Result<()> {
        for entry in fs::read_dir(self.root.join(DRAFTS))? {
            let path = entry?.path();
            // One that went away meanwhile has become an object.
            let Ok(draft) = File::open(&path) else { continue };
            if draft.try_lock().is_ok() {
                fs::remove_file(&path).ok();
            }
        }
        Ok(())
    }

    fn failed(&self, action: &'static str, name: &str) -> impl Fn(io::Error) -> StorageError {
        StorageError::of_file(&self.place, action, name)
    }

    /// The length of a file of this name, once its name outlives the machine: whoever made it may have
    /// died before it asked for that.
    fn existing(&self, path: &Path) -> io::Result<Option<u64>> {
        match fs::metadata(path) {
            Ok(found) => {
                sync_folder_of(path)?;
                Ok(Some(found.len()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<Put> {
        if let Some(size_bytes) = self.existing(path)? {
            return Ok(Put::Existed { size_bytes });
        }
        if let Some(parent) = path.parent() {
            make_folder(parent)?;
        }
        let mut draft = tempfile::Builder::new().tempfile_in(self.root.join(DRAFTS))?;
        draft.as_file().lock()?;
        draft.write_all(bytes)?;
        draft.as_file().sync_all()?;
        match draft.persist_noclobber(path) {
            Ok(_) => {
                sync_folder_of(path)?;
                Ok(Put::Created)
            }
            Err(refused) if refused.error.kind() == io::ErrorKind::AlreadyExists => {
                let size_bytes = self.existing(path)?.ok_or(refused.error)?;
                Ok(Put::Existed { size_bytes })
            }
            Err(refused) => Err(refused.error),
        }
    }

    fn list_into(&self, folder: &Path, name: &str, listed: &mut Vec<Listed>) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let file_name = entry.file_name();
            // What was not written here is not ours to list.
            let Some(segment) = file_name.to_str().filter(|name| !name.starts_with('.')) else {
                continue;
            };
            let name = format!("{name}/{segment}");
            let found = match entry.metadata() {
                Ok(found) => found,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            if found.is_dir() {
                self.list_into(&entry.path(), &name, listed)?;
            }
            if found.is_file() {
                let since = found.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
                let micros = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
                let created_at = Timestamp::from_micros(micros);
                listed.push(Listed { name, size_bytes: found.len(), created_at });
            }
        }
        Ok(())
    }
}

impl Objects for Folder {
    fn put_new(&self, name: &str, bytes: Bytes) -> Result<Put, StorageError> {
        let failed = self.failed("write", name);
        self.write(&self.root.join(name), &bytes).map_err(|error| match error.kind() {
            // A folder was taken away under us. The object is not "missing": it was to be made.
            io::ErrorKind::NotFound => failed(io::Error::other(error)),
            _ => failed(error),
        })
    }

    fn get(&self, name: &str) -> Result<Bytes, StorageError> {
        fs::read(self.root.join(name)).map(Bytes::from).map_err(self.failed("read", name))
    }

    fn get_range(&self, name: &str, range: Range<u64>) -> Result<Bytes, StorageError> {
        let read = || {
            let file = File::open(self.root.join(name))?;
            let end = range.end.min(file.metadata()?.len());
            let size = end.checked_sub(range.start).filter(|size| 0 < *size);
            let size = size.ok_or(io::Error::from(io::ErrorKind::UnexpectedEof))?;
            let mut bytes = vec![0; usize::try_from(size).map_err(io::Error::other)?];
            file.read_exact_at(&mut bytes, range.start)?;
            Ok(Bytes::from(bytes))
        };
        read().map_err(self.failed("read", name))
    }

    fn list(&self, below: &str) -> Result<Vec<Listed>, StorageError> {
        let mut listed = Vec::new();
        match self.list_into(&self.root.join(below), below, &mut listed) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(self.failed("list", below)(error))
            }
            Ok(()) | Err(_) => {
                listed.sort_by(|a, b| a.name.cmp(&b.name));
                Ok(listed)
            }
        }
    }

    fn delete(&self, name: &str) -> Result<(), StorageError> {
        match fs::remove_file(self.root.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(self.failed("delete", name)(error))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

/// Makes a folder and those above it, each of them kept by the disk.
fn make_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent().filter(|parent| *parent != Path::new("")) {
        make_folder(parent)?;
    }
    match fs::create_dir(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        Ok(()) | Err(_) => sync_folder_of(path),
    }
}

/// Has the disk keep the name of a file.
fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|parent| *parent != Path::new(""));
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drafts_of_the_dead_are_cleared_and_those_of_the_living_stay() {
        let root = tempfile::tempdir().unwrap();
        let drafts = root.path().join(DRAFTS);
        Folder::open(root.path()).unwrap();
        fs::write(drafts.join("dead"), "half").unwrap();
        let living = File::create(drafts.join("living")).unwrap();
        living.lock().unwrap();
        let folder = Folder::open(root.path()).unwrap();
        assert!(!drafts.join("dead").exists());
        assert!(drafts.join("living").exists());
        assert_eq!(folder.list("a").unwrap(), []);
    }

    #[test]
    fn what_is_no_folder_is_refused_when_it_is_opened() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("file"), "").unwrap();
        let error = Folder::open(&root.path().join("file/store")).unwrap_err().to_string();
        assert!(error.contains("file/store: cannot be used: Not a directory"), "{error}");
    }

    #[test]
    fn a_folder_that_goes_away_is_said_and_not_taken_for_a_missing_object() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::open(root.path()).unwrap();
        fs::remove_dir_all(root.path().join(DRAFTS)).unwrap();
        let error = folder.put_new("a", Bytes::new()).unwrap_err();
        assert!(matches!(error, StorageError::Failed { .. }), "{error}");
    }
}
