//! Why objects cannot be written or read, and what to do about it.

use std::io;

/// Why a storage did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// A name that a folder or a bucket would read in its own way.
    #[error(
        "\"{name}\" cannot name an object: expected segments of letters, digits, `-`, `_` and `.` between `/`"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// What was configured makes no sense.
    #[error("{place}: {message}")]
    Spec {
        /// The folder or bucket.
        place: String,
        /// What is wrong.
        message: String,
    },
    /// There is no such object.
    #[error("{place}: there is no {name}")]
    Missing {
        /// The folder or bucket.
        place: String,
        /// The object.
        name: String,
    },
    /// There is no room.
    #[error(
        "{place}: no space left for {name}; nothing of it is kept: make room, and it is written again"
    )]
    Full {
        /// The folder or bucket.
        place: String,
        /// The object.
        name: String,
    },
    /// We may not.
    #[error("{place}: not allowed to {action} {name}: {message}; {advice}")]
    Denied {
        /// The folder or bucket.
        place: String,
        /// What was tried.
        action: &'static str,
        /// The object.
        name: String,
        /// What the storage said.
        message: String,
        /// What would help.
        advice: &'static str,
    },
    /// The bytes are there and the disk cannot read them.
    #[error("{place}: the disk cannot read {name}: {message}")]
    Unreadable {
        /// The folder.
        place: String,
        /// The object.
        name: String,
        /// What the system said.
        message: String,
    },
    /// Something else, which may pass.
    #[error("{place}: cannot {action} {name}: {message}")]
    Failed {
        /// The folder or bucket.
        place: String,
        /// What was tried.
        action: &'static str,
        /// The object.
        name: String,
        /// What the storage said.
        message: String,
    },
}

impl StorageError {
    /// Whether the same call may succeed later without anybody changing what is asked: a full disk is
    /// emptied and a network comes back.
    pub fn is_retryable(&self) -> bool {
        match self {
            StorageError::Full { .. } | StorageError::Failed { .. } => true,
            StorageError::Name { .. }
            | StorageError::Spec { .. }
            | StorageError::Missing { .. }
            | StorageError::Denied { .. }
            | StorageError::Unreadable { .. } => false,
        }
    }

    /// Whether it says that this object is lost, and not that the storage is out of reach.
    pub fn is_loss(&self) -> bool {
        matches!(self, StorageError::Missing { .. } | StorageError::Unreadable { .. })
    }

    /// For `map_err`: what the system said about an object of a folder.
    pub(crate) fn of_file(
        place: &str,
        action: &'static str,
        name: &str,
    ) -> impl Fn(io::Error) -> StorageError + use<> {
        /// `EIO`, for which the standard library has no name.
        const DISK_FAILED: i32 = 5;
        let (place, name) = (place.to_owned(), name.to_owned());
        move |error| {
            let (place, name, message) = (place.clone(), name.clone(), error.to_string());
            if error.raw_os_error() == Some(DISK_FAILED) && action == "read" {
                return StorageError::Unreadable { place, name, message };
            }
            match error.kind() {
                io::ErrorKind::NotFound => StorageError::Missing { place, name },
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                    StorageError::Full { place, name }
                }
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                    let advice = "the user who runs this program must be able to write the folder";
                    StorageError::Denied { place, action, name, message, advice }
                }
                _ => StorageError::Failed { place, action, name, message },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_is_told_plainly() {
        let of =
            |code| StorageError::of_file("/data", "read", "a")(io::Error::from_raw_os_error(code));
        let told = |code| (of(code).to_string(), of(code).is_retryable(), of(code).is_loss());
        let (text, retryable, loss) = told(28);
        assert_eq!((retryable, loss), (true, false));
        assert!(text.starts_with("/data: no space left for a"), "{text}");
        assert_eq!(told(122), (text, true, false), "a quota is a disk of one's own");
        let (text, retryable, loss) = told(13);
        assert_eq!((retryable, loss), (false, false));
        assert!(text.starts_with("/data: not allowed to read a"), "{text}");
        assert_eq!(told(2), ("/data: there is no a".to_owned(), false, true));
        assert!(matches!(of(5), StorageError::Unreadable { .. }));
        assert!(matches!(of(4), StorageError::Failed { .. }));
    }
}
