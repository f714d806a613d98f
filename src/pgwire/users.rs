//! Who may connect: names, and what is kept of their passwords.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::pgwire::scram::Verifier;

/// Random bytes of a nonce, a key or a password: as many as nobody guesses.
const RANDOM_BYTES: usize = 18;

/// Who may connect.
#[derive(Clone, Debug)]
pub struct Users {
    by_name: BTreeMap<String, Verifier>,
    secret: String,
}

impl Users {
    /// These users.
    ///
    /// # Errors
    /// If the system gives no random bytes.
    pub fn new(users: impl IntoIterator<Item = (String, Verifier)>) -> io::Result<Users> {
        Ok(Users { by_name: users.into_iter().collect(), secret: random_text()? })
    }

    /// What the password of a name is held against; of a name that is nobody's, what no password fits.
    pub fn verifier(&self, name: &str) -> Verifier {
        let known = self.by_name.get(name).cloned();
        known.unwrap_or_else(|| Verifier::of_nobody(self.secret.as_bytes(), name))
    }
}

/// Random letters and digits that nobody guesses, without a comma (RFC 5802) or what a shell reads.
///
/// # Errors
/// If the system gives no random bytes.
pub fn random_text() -> io::Result<String> {
    let mut bytes = [0; RANDOM_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The password in a file that only its owner reads: what it holds, or a new random one.
///
/// # Errors
/// If the file cannot be read or made.
pub fn password_of(path: &Path) -> io::Result<String> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text.trim().to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let password = random_text()?;
            let mut file =
                OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
            writeln!(file, "{password}")?;
            Ok(password)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_password_file_is_made_once_and_read_by_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        let password = password_of(&path).unwrap();
        assert_eq!(password.len(), 2 * RANDOM_BYTES);
        assert_eq!(password_of(&path).unwrap(), password);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
