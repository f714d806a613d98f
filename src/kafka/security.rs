//! How we show brokers who we are, and they us: TLS and SASL. What is secret is never printed.

use std::fmt;
use std::path::PathBuf;

use rdkafka::ClientConfig;

/// What nobody reads but the brokers.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// This text.
    pub fn of(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// Encryption, and whose certificates are believed. Names of brokers are always checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// Who signs the certificates of brokers, as PEM; those whom the system believes if left out.
    pub ca_file: Option<PathBuf>,
    /// Our own certificate and its key, as PEM, where brokers ask for one.
    pub own: Option<OwnCertificate>,
}

/// A certificate of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnCertificate {
    /// The certificate.
    pub certificate_file: PathBuf,
    /// Its key.
    pub key_file: PathBuf,
    /// What the key is encrypted with.
    pub key_password: Option<Secret>,
}

/// How a name and a password are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// As they are: within TLS only.
    Plain,
    /// As a proof.
    ScramSha256,
    /// As a longer proof.
    ScramSha512,
}

impl Mechanism {
    /// Every mechanism.
    pub const ALL: [Mechanism; 3] =
        [Mechanism::Plain, Mechanism::ScramSha256, Mechanism::ScramSha512];

    /// The name that Kafka knows it by.
    pub const fn name(self) -> &'static str {
        match self {
            Mechanism::Plain => "PLAIN",
            Mechanism::ScramSha256 => "SCRAM-SHA-256",
            Mechanism::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

/// A name and a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sasl {
    /// How they are shown.
    pub mechanism: Mechanism,
    /// The name.
    pub username: String,
    /// The password.
    pub password: Secret,
}

/// How we and the brokers know each other; in the open, and by nothing, if left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Security {
    /// TLS.
    pub tls: Option<Tls>,
    /// SASL.
    pub sasl: Option<Sasl>,
}

impl Security {
    /// Sets the properties of a client.
    pub(super) fn set(&self, config: &mut ClientConfig) {
        let protocol = match (&self.tls, &self.sasl) {
            // Whoever sets properties of librdkafka alone says it there.
            (None, None) => return,
            (Some(_), None) => "ssl",
            (None, Some(_)) => "sasl_plaintext",
            (Some(_), Some(_)) => "sasl_ssl",
        };
        config.set("security.protocol", protocol);
        if let Some(Tls { ca_file, own }) = &self.tls {
            if let Some(file) = ca_file {
                config.set("ssl.ca.location", file.to_string_lossy());
            }
            if let Some(OwnCertificate { certificate_file, key_file, key_password }) = own {
                config.set("ssl.certificate.location", certificate_file.to_string_lossy());
                config.set("ssl.key.location", key_file.to_string_lossy());
                if let Some(Secret(password)) = key_password {
                    config.set("ssl.key.password", password);
                }
            }
        }
        if let Some(Sasl { mechanism, username, password: Secret(password) }) = &self.sasl {
            config.set("sasl.mechanisms", mechanism.name());
            config.set("sasl.username", username);
            config.set("sasl.password", password);
        }
    }
}

/// Whether a property of librdkafka holds something secret, which does not belong into a configuration file.
pub fn is_secret(property: &str) -> bool {
    ["password", "secret", "key.pem", "jaas", "oauthbearer.config"]
        .iter()
        .any(|part| property.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_handed_to_the_client_and_never_printed() {
        let security = Security {
            tls: Some(Tls::default()),
            sasl: Some(Sasl {
                mechanism: Mechanism::ScramSha512,
                username: "twin".to_owned(),
                password: Secret::of("hunter2"),
            }),
        };
        assert!(!format!("{security:?}").contains("hunter2"));
        let mut config = ClientConfig::new();
        security.set(&mut config);
        assert_eq!(config.get("sasl.password"), Some("hunter2"));
        assert_eq!(config.get("security.protocol"), Some("sasl_ssl"));
    }
}
