//! Objects by name: created once, read whole or in pieces, listed, deleted.
//!
//! The calls wait for their answer, on any thread, inside or outside of an async runtime. A name is
//! segments between `/`, of letters, digits, `-`, `_` and `.`: the same in a folder as in a bucket.

use std::fmt::Debug;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;

use crate::domain::time::Timestamp;
use crate::storage::error::StorageError;
use crate::storage::folder::Folder;

/// Where objects are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StorageSpec {
    /// A folder; it is made where it is missing.
    Folder(PathBuf),
    /// A bucket that speaks S3. Who may use it comes from the environment, as every S3 program reads it
    /// (`AWS_ACCESS_KEY_ID` and so on), or from the role of the machine.
    Bucket(BucketSpec),
}

/// A bucket that speaks S3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketSpec {
    /// Its name. It must exist.
    pub bucket: String,
    /// What all names in it begin with; empty for none.
    pub prefix: String,
    /// The address of a server that is not Amazon's.
    pub endpoint: Option<String>,
    /// The region; the environment's, where it is left out.
    pub region: Option<String>,
}

/// What became of an object that was to be created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It is there now, and outlives the machine.
    Created,
    /// One of this name was there and stays as it is.
    Existed {
        /// How long that one is.
        size_bytes: u64,
    },
}

/// An object in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Its length.
    pub size_bytes: u64,
    /// When it was created, by the clock of the storage.
    pub created_at: Timestamp,
}

/// A kind of storage. Names have been checked when they come here.
pub trait Objects: Debug + Send + Sync {
    /// Creates an object unless there is one of its name.
    ///
    /// # Errors
    /// If the storage cannot; it may be there all the same, where only the answer was lost.
    fn put_new(&self, name: &str, bytes: Bytes) -> Result<Put, StorageError>;
    /// Reads an object.
    ///
    /// # Errors
    /// If there is none, or it cannot be read.
    fn get(&self, name: &str) -> Result<Bytes, StorageError>;
    /// Reads bytes of an object; fewer where it ends before.
    ///
    /// # Errors
    /// If there is none, it ends before the first of them, or it cannot be read.
    fn get_range(&self, name: &str, range: Range<u64>) -> Result<Bytes, StorageError>;
    /// Lists the objects below a name, ordered by name.
    ///
    /// # Errors
    /// If the storage cannot.
    fn list(&self, below: &str) -> Result<Vec<Listed>, StorageError>;
    /// Deletes an object. One that is not there is deleted already.
    ///
    /// # Errors
    /// If the storage cannot.
    fn delete(&self, name: &str) -> Result<(), StorageError>;
}

/// A storage that is open. Clones are the same storage.
#[derive(Clone, Debug)]
pub struct Storage {
    objects: Arc<dyn Objects>,
}

impl Storage {
    /// Opens a storage. A bucket is not asked yet.
    ///
    /// # Errors
    /// If a folder cannot be used, or the description of a bucket makes no sense.
    pub fn open(spec: &StorageSpec) -> Result<Storage, StorageError> {
        match spec {
            StorageSpec::Folder(path) => Ok(Storage::of(Arc::new(Folder::open(path)?))),
            #[cfg(feature = "s3")]
            StorageSpec::Bucket(spec) => {
                Ok(Storage::of(Arc::new(crate::storage::bucket::Bucket::open(spec)?)))
            }
            #[cfg(not(feature = "s3"))]
            StorageSpec::Bucket(spec) => Err(StorageError::Spec {
                place: spec.bucket.clone(),
                message: "this program was built without S3; build it with `--features s3`"
                    .to_owned(),
            }),
        }
    }

    /// A storage of any kind.
    pub fn of(objects: Arc<dyn Objects>) -> Storage {
        Storage { objects }
    }

    /// Creates an object unless there is one of its name. Once this has returned, it outlives the machine.
    ///
    /// # Errors
    /// If the storage cannot; the object may be there all the same, where only the answer was lost.
    pub fn put_new(&self, name: &str, bytes: Bytes) -> Result<Put, StorageError> {
        self.objects.put_new(checked(name)?, bytes)
    }

    /// Reads an object.
    ///
    /// # Errors
    /// If there is none, or it cannot be read.
    pub fn get(&self, name: &str) -> Result<Bytes, StorageError> {
        self.objects.get(checked(name)?)
    }

    /// Reads bytes of an object; fewer where it ends before.
    ///
    /// # Errors
    /// If there is none, it ends before the first of them, or it cannot be read.
    pub fn get_range(&self, name: &str, range: Range<u64>) -> Result<Bytes, StorageError> {
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        self.objects.get_range(checked(name)?, range)
    }

    /// Lists the objects below a name, ordered by name: `a/b` holds `a/b/c` and not `a/bc`.
    ///
    /// # Errors
    /// If the storage cannot.
    pub fn list(&self, below: &str) -> Result<Vec<Listed>, StorageError> {
        self.objects.list(checked(below)?)
    }

    /// Deletes an object. One that is not there is deleted already.
    ///
    /// # Errors
    /// If the storage cannot.
    pub fn delete(&self, name: &str) -> Result<(), StorageError> {
        self.objects.delete(checked(name)?)
    }
}

/// A name, if it is one: nothing that a folder or a bucket would read in its own way.
fn checked(name: &str) -> Result<&str, StorageError> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let is_segment = |segment: &str| {
        !segment.is_empty() && !segment.starts_with('.') && segment.chars().all(is_plain)
    };
    match name.split('/').all(is_segment) {
        true => Ok(name),
        false => Err(StorageError::Name { name: name.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_nowhere_else() {
        for name in ["twin.events.v1", "a/00003/parts/state-0f3a", "a/b_c/d.json"] {
            assert_eq!(checked(name).unwrap(), name);
        }
        for name in ["", "/a", "a/", "a//b", "..", "a/../b", ".drafts", "a b", "a\\b", "a%2f", "ä"]
        {
            let error = checked(name).unwrap_err().to_string();
            assert!(error.starts_with(&format!("\"{name}\" cannot name an object")), "{error}");
        }
    }
}
