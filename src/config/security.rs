//! How Kafka and we know each other, as it is written: what is secret stands in a variable or in a file.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::kafka::security::{Mechanism, OwnCertificate, Sasl, Secret, Security, Tls, is_secret};

/// TLS.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsDocument {
    /// Who signs the certificates of brokers, relative to the file.
    pub ca_file: Option<Spanned<String>>,
    /// Our certificate.
    pub certificate_file: Option<Spanned<String>>,
    /// Its key.
    pub key_file: Option<Spanned<String>>,
    /// The variable that holds what the key is encrypted with.
    pub key_password_env: Option<Spanned<String>>,
    /// The file that holds it.
    pub key_password_file: Option<Spanned<String>>,
}

/// SASL.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SaslDocument {
    /// `PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`.
    pub mechanism: Spanned<String>,
    /// The name.
    pub username: Spanned<String>,
    /// The variable that holds the password.
    pub password_env: Option<Spanned<String>>,
    /// The file that holds it.
    pub password_file: Option<Spanned<String>>,
}

type Text = Spanned<String>;
/// A key, where it stands, and what is wrong with it.
pub type Wrong<'d> = (String, Option<&'d Text>, String);

/// The variables that hold secrets of Kafka.
pub fn variables<'d>(
    tls: Option<&'d TlsDocument>,
    sasl: Option<&'d SaslDocument>,
) -> impl Iterator<Item = &'d str> {
    let key = tls.and_then(|tls| tls.key_password_env.as_ref());
    let password = sasl.and_then(|sasl| sasl.password_env.as_ref());
    key.into_iter().chain(password).map(|name| name.value.as_str())
}

/// Where secrets and files are.
pub struct Places<'p> {
    /// The folder that paths are relative to.
    pub folder: &'p Path,
    /// Variables that hold secrets.
    pub secrets: &'p BTreeMap<String, String>,
}

impl Places<'_> {
    /// Reads how Kafka and we know each other.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn read<'d>(
        &self,
        tls: Option<&'d TlsDocument>,
        sasl: Option<&'d SaslDocument>,
    ) -> Result<Security, Wrong<'d>> {
        let read = Security {
            tls: tls.map(|tls| self.tls(tls)).transpose()?,
            sasl: sasl.map(|sasl| self.sasl(sasl)).transpose()?,
        };
        match (&read, sasl) {
            (
                Security { tls: None, sasl: Some(Sasl { mechanism: Mechanism::Plain, .. }) },
                Some(sasl),
            ) => {
                let message = "PLAIN shows the password to everyone on the way: expected kafka.tls too, or \
                               SCRAM-SHA-512";
                Err(("kafka.sasl.mechanism".to_owned(), Some(&sasl.mechanism), message.to_owned()))
            }
            _ => Ok(read),
        }
    }

    fn tls<'d>(&self, tls: &'d TlsDocument) -> Result<Tls, Wrong<'d>> {
        let file = |key: &str, value: &'d Option<Text>| {
            value.as_ref().map(|value| self.file(key, value)).transpose()
        };
        let certificate = file("kafka.tls.certificate_file", &tls.certificate_file)?;
        let key = file("kafka.tls.key_file", &tls.key_file)?;
        let key_password = self.secret(
            "kafka.tls.key_password",
            tls.key_password_env.as_ref(),
            tls.key_password_file.as_ref(),
        )?;
        let own = match (certificate, key) {
            (Some(certificate_file), Some(key_file)) => {
                Some(OwnCertificate { certificate_file, key_file, key_password })
            }
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => {
                let message = "expected certificate_file and key_file".to_owned();
                let place = tls.certificate_file.as_ref().or(tls.key_file.as_ref());
                return Err(("kafka.tls".to_owned(), place, message));
            }
        };
        Ok(Tls { ca_file: file("kafka.tls.ca_file", &tls.ca_file)?, own })
    }

    fn sasl<'d>(&self, sasl: &'d SaslDocument) -> Result<Sasl, Wrong<'d>> {
        let SaslDocument { mechanism, username, password_env, password_file } = sasl;
        let known = Mechanism::ALL.into_iter().find(|known| known.name() == mechanism.value);
        let Some(known) = known else {
            let all = Mechanism::ALL.map(Mechanism::name).join(", ");
            let message = format!("`{}`: expected {all}", mechanism.value);
            return Err(("kafka.sasl.mechanism".to_owned(), Some(mechanism), message));
        };
        let key = "kafka.sasl.password";
        let password = self.secret(key, password_env.as_ref(), password_file.as_ref())?;
        let Some(password) = password else {
            let message = "expected password_env or password_file".to_owned();
            return Err(("kafka.sasl".to_owned(), Some(username), message));
        };
        Ok(Sasl { mechanism: known, username: username.value.clone(), password })
    }

    /// A secret, from a variable or from a file, without the line's end that editors add.
    fn secret<'d>(
        &self,
        key: &str,
        variable: Option<&'d Text>,
        file: Option<&'d Text>,
    ) -> Result<Option<Secret>, Wrong<'d>> {
        let (text, place, suffix) = match (variable, file) {
            (None, None) => return Ok(None),
            (Some(name), None) => (self.secrets.get(&name.value).cloned(), name, "env"),
            (None, Some(file)) => {
                let path = self.file(&format!("{key}_file"), file)?;
                (fs::read_to_string(path).ok(), file, "file")
            }
            (Some(_), Some(file)) => {
                let message = "expected a variable or a file, not both".to_owned();
                return Err((format!("{key}_file"), Some(file), message));
            }
        };
        let text = text.map(|text| text.trim_end_matches(['\r', '\n']).to_owned());
        match text.filter(|text| !text.is_empty()) {
            Some(text) => Ok(Some(Secret::of(text))),
            None => {
                let message = format!("`{}`: nothing is there", place.value);
                Err((format!("{key}_{suffix}"), Some(place), message))
            }
        }
    }

    fn file<'d>(&self, key: &str, value: &'d Text) -> Result<PathBuf, Wrong<'d>> {
        let path = self.folder.join(&value.value);
        match fs::metadata(&path) {
            Ok(_) => Ok(path),
            Err(error) => {
                Err((key.to_owned(), Some(value), format!("{}: {error}", path.display())))
            }
        }
    }
}

/// Properties of librdkafka, none of which may be secret.
///
/// # Errors
/// Which is, and where it belongs.
pub fn properties(
    properties: &BTreeMap<String, Text>,
) -> Result<BTreeMap<String, String>, Wrong<'_>> {
    if let Some((name, value)) = properties.iter().find(|(name, _)| is_secret(name)) {
        let message = "a secret does not belong into this file: expected kafka.sasl with password_env or \
                       password_file, or kafka.tls with key_password_env or key_password_file";
        return Err((format!("kafka.properties.{name}"), Some(value), message.to_owned()));
    }
    Ok(properties.iter().map(|(name, value)| (name.clone(), value.value.clone())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Both {
        tls: Option<TlsDocument>,
        sasl: Option<SaslDocument>,
    }

    fn read(text: &str) -> Result<Security, String> {
        let both: Both = serde_saphyr::from_str(text).unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("password"), "hunter2\n").unwrap();
        let secrets = [("KAFKA_PASSWORD".to_owned(), "hunter2".to_owned())].into();
        let places = Places { folder: folder.path(), secrets: &secrets };
        let read = places.read(both.tls.as_ref(), both.sasl.as_ref());
        read.map_err(|(key, _, message)| format!("{key}: {message}"))
    }

    #[test]
    fn a_password_comes_from_a_variable_or_a_file() {
        for from in ["password_env: KAFKA_PASSWORD", "password_file: password"] {
            let text = format!("sasl: {{ mechanism: SCRAM-SHA-256, username: twin, {from} }}");
            let sasl = read(&text).unwrap().sasl.unwrap();
            assert_eq!(sasl.password, Secret::of("hunter2"), "{from}");
        }
    }

    #[test]
    fn what_is_missing_or_dangerous_is_told_by_its_key() {
        let sasl = |more: &str| format!("sasl: {{ username: twin, {more} }}");
        for (text, expected) in [
            (sasl("mechanism: GSSAPI"), "kafka.sasl.mechanism: `GSSAPI`: expected PLAIN, SCRAM"),
            (sasl("mechanism: SCRAM-SHA-512"), "kafka.sasl: expected password_env or"),
            (
                sasl("mechanism: SCRAM-SHA-512, password_env: NOWHERE"),
                "kafka.sasl.password_env: `NOWHERE`: nothing is there",
            ),
            (
                sasl("mechanism: PLAIN, password_env: KAFKA_PASSWORD"),
                "kafka.sasl.mechanism: PLAIN shows the password to everyone",
            ),
            ("tls: { ca_file: nowhere.pem }".to_owned(), "kafka.tls.ca_file: "),
            ("tls: { key_file: password }".to_owned(), "kafka.tls: expected certificate_file and"),
        ] {
            let error = read(&text).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
    }

    #[test]
    fn a_secret_among_the_properties_is_refused() {
        let given: BTreeMap<String, Text> =
            serde_saphyr::from_str("{ sasl.password: hunter2, linger.ms: '5' }").unwrap();
        let (key, _, message) = properties(&given).unwrap_err();
        assert_eq!(key, "kafka.properties.sasl.password");
        assert!(message.contains("password_env") && !message.contains("hunter2"), "{message}");
    }
}
