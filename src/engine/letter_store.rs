//! Bytes of dead letters that are larger than their topic takes: they go to the storage of the checkpoints, and
//! the letter names them.

use bytes::Bytes;

use crate::kafka::letter_headers::Carried;
use crate::storage::error::StorageError;
use crate::storage::object::{Storage, StorageSpec};

/// What the names of these objects begin with. No checkpoint's name does: those begin with the log's topic.
const BELOW: &str = "dead-letters";

/// The storage, opened when it is first needed: nearly no letter is that large.
#[derive(Debug)]
pub struct LetterStore {
    spec: Option<StorageSpec>,
    storage: Option<Storage>,
}

impl LetterStore {
    /// The storage of an instance; none where it keeps no checkpoints.
    pub fn new(spec: Option<StorageSpec>) -> LetterStore {
        LetterStore { spec, storage: None }
    }

    /// Keeps the bytes of the letter of this identity, and says where they are. A storage that cannot keep them
    /// does not stop the stream: the letter says that they are left at the source, and why.
    pub fn keep(&mut self, identity: u64, bytes: &[u8]) -> Carried {
        let name = format!("{BELOW}/{identity:016x}");
        let Some(storage) = self.open() else {
            return Carried::LeftAtSource(
                "larger than the topic takes, and no place for checkpoints is configured"
                    .to_owned(),
            );
        };
        // One of this name has these bytes: the name is their hash.
        let put = storage.and_then(|storage| storage.put_new(&name, Bytes::copy_from_slice(bytes)));
        match put {
            Ok(_) => Carried::Stored(name),
            Err(error) => {
                Carried::LeftAtSource(format!("larger than the topic takes, and {error}"))
            }
        }
    }

    /// Reads the bytes of an object that a letter names; `None` where no storage is configured.
    ///
    /// # Errors
    /// If the storage cannot.
    pub fn fetch(&mut self, name: &str) -> Option<Result<Bytes, StorageError>> {
        Some(self.open()?.and_then(|storage| storage.get(name)))
    }

    fn open(&mut self) -> Option<Result<Storage, StorageError>> {
        let spec = self.spec.as_ref()?;
        if let Some(storage) = &self.storage {
            return Some(Ok(storage.clone()));
        }
        let opened = Storage::open(spec);
        self.storage = opened.as_ref().ok().cloned();
        Some(opened)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_kept_once_and_found_by_the_name_in_the_letter() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = LetterStore::new(Some(StorageSpec::Folder(folder.path().to_owned())));
        let kept = store.keep(7, b"large");
        assert_eq!(store.keep(7, b"large"), kept);
        let Carried::Stored(name) = kept else { panic!("{kept:?}") };
        assert_eq!(store.fetch(&name).unwrap().unwrap().as_ref(), b"large");
        let mut nowhere = LetterStore::new(None);
        assert!(matches!(nowhere.keep(7, b"large"), Carried::LeftAtSource(_)));
        assert!(nowhere.fetch(&name).is_none());
    }
}
