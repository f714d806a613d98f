//! SCRAM-SHA-256 (RFC 5802, RFC 7677), the server's half: a password is proved and never sent, and what
//! is kept of it does not let anyone in.
//!
//! ```text
//! client-first ─► Exchange::begin ─► server-first ─► client-final ─► Exchange::finish ─► server-final
//! ```
//! Pure: nonces come in as arguments.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// The name of the mechanism.
pub const MECHANISM: &str = "SCRAM-SHA-256";
/// What a verifier in text begins with.
const PREFIX: &str = "SCRAM-SHA-256$";

/// What is kept of a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Verifier {
    iterations: u32,
    salt: Vec<u8>,
    stored_key: Vec<u8>,
    server_key: Vec<u8>,
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Verifier")
    }
}

impl Verifier {
    /// The verifier of a password, with a random salt; of a verifier's text as PostgreSQL writes it
    /// (`SCRAM-SHA-256$4096:…`), that verifier. `None` if it begins like one and is none.
    pub fn of(secret: &str) -> Option<Verifier> {
        if secret.starts_with(PREFIX) {
            return Verifier::parse(secret);
        }
        Verifier::parse(&postgres_protocol::password::scram_sha_256(secret.as_bytes()))
    }

    fn parse(text: &str) -> Option<Verifier> {
        let (settings, keys) = text.strip_prefix(PREFIX)?.split_once('$')?;
        let (iterations, salt) = settings.split_once(':')?;
        let (stored_key, server_key) = keys.split_once(':')?;
        let decoded = |text: &str| STANDARD.decode(text).ok();
        let verifier = Verifier {
            iterations: iterations.parse().ok()?,
            salt: decoded(salt)?,
            stored_key: decoded(stored_key)?,
            server_key: decoded(server_key)?,
        };
        let is_whole = verifier.stored_key.len() == 32 && verifier.server_key.len() == 32;
        is_whole.then_some(verifier)
    }

    /// A verifier that no password fits, always the same for a name: whether a user exists is not told.
    pub fn of_nobody(secret: &[u8], name: &str) -> Verifier {
        let salt = keyed(secret, name.as_bytes()).into_iter().take(16).collect();
        let key = || keyed(secret, b"nobody");
        Verifier { iterations: 4_096, salt, stored_key: key(), server_key: key() }
    }
}

/// Why a password is not proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScramError {
    /// The message is none of this mechanism.
    Malformed,
    /// The proof is wrong.
    Wrong,
}

/// An exchange that waits for the proof.
#[derive(Clone, Debug)]
pub struct Exchange {
    verifier: Verifier,
    nonce: String,
    channel: String,
    client_first: String,
    server_first: String,
}

impl Exchange {
    /// Begins with the client's first message and a nonce of ours.
    ///
    /// # Errors
    /// If the message is malformed, or asks for channel binding, which needs TLS.
    pub fn begin(
        verifier: Verifier,
        message: &[u8],
        our_nonce: &str,
    ) -> Result<Exchange, ScramError> {
        let text = std::str::from_utf8(message).map_err(|_| ScramError::Malformed)?;
        // "n,,": the client knows no channel binding; "y,,": it does, and sees that we do not.
        let (flag, rest) = text.split_once(',').ok_or(ScramError::Malformed)?;
        let (identity, bare) = rest.split_once(',').ok_or(ScramError::Malformed)?;
        if !matches!(flag, "n" | "y") {
            return Err(ScramError::Malformed);
        }
        // The name in the message is not used: the connection's is (as in PostgreSQL).
        let their_nonce = attribute(bare, "r=").filter(|nonce| !nonce.is_empty());
        let nonce = format!("{}{our_nonce}", their_nonce.ok_or(ScramError::Malformed)?);
        let salt = STANDARD.encode(&verifier.salt);
        let server_first = format!("r={nonce},s={salt},i={}", verifier.iterations);
        let channel = STANDARD.encode(format!("{flag},{identity},"));
        Ok(Exchange { verifier, nonce, channel, client_first: bare.to_owned(), server_first })
    }

    /// What the client is told first.
    pub fn server_first(&self) -> &str {
        &self.server_first
    }

    /// Ends with the client's final message: what proves us to the client.
    ///
    /// # Errors
    /// If the message is malformed or the proof is wrong.
    pub fn finish(&self, message: &[u8]) -> Result<String, ScramError> {
        let text = std::str::from_utf8(message).map_err(|_| ScramError::Malformed)?;
        let (without_proof, proof) = text.rsplit_once(",p=").ok_or(ScramError::Malformed)?;
        let is_ours = attribute(without_proof, "r=") == Some(&self.nonce)
            && attribute(without_proof, "c=") == Some(&self.channel);
        if !is_ours {
            return Err(ScramError::Malformed);
        }
        let proof = STANDARD.decode(proof).map_err(|_| ScramError::Malformed)?;
        let said = format!("{},{},{without_proof}", self.client_first, self.server_first);
        let signature = keyed(&self.verifier.stored_key, said.as_bytes());
        let client_key: Vec<u8> = proof.iter().zip(&signature).map(|(a, b)| a ^ b).collect();
        let stored_key = Sha256::digest(&client_key);
        if proof.len() != signature.len() || !is_same(&stored_key, &self.verifier.stored_key) {
            return Err(ScramError::Wrong);
        }
        let ours = keyed(&self.verifier.server_key, said.as_bytes());
        Ok(format!("v={}", STANDARD.encode(ours)))
    }
}

fn attribute<'t>(message: &'t str, name: &str) -> Option<&'t str> {
    message.split(',').find_map(|part| part.strip_prefix(name))
}

fn keyed(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut code = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    code.update(message);
    code.finalize().into_bytes().to_vec()
}

/// Compares every byte, so that the time it takes says nothing about where they differ.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7677, section 3: user "user", password "pencil".
    fn of_the_standard() -> Verifier {
        // Salted with the standard's salt by an independent implementation (Python's hashlib).
        let text = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$\
                    WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
        Verifier::of(text).unwrap()
    }

    fn begun() -> Exchange {
        let first = b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
        Exchange::begin(of_the_standard(), first, "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0").unwrap()
    }

    const NONCE: &str = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";

    #[test]
    fn says_what_the_standard_says() {
        let exchange = begun();
        let first = format!("r={NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
        assert_eq!(exchange.server_first(), first);
        let last = format!("c=biws,r={NONCE},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
        let server_last = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";
        assert_eq!(exchange.finish(last.as_bytes()).unwrap(), server_last);
    }

    #[test]
    fn a_wrong_proof_is_refused() {
        let exchange = begun();
        for (last, error) in [
            (
                format!("c=biws,r={NONCE},p=eHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="),
                ScramError::Wrong,
            ),
            (format!("c=biws,r={NONCE},p="), ScramError::Wrong),
            (
                "c=biws,r=other,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=".to_owned(),
                ScramError::Malformed,
            ),
            (format!("c=eSws,r={NONCE},p=AAAA"), ScramError::Malformed),
            (format!("c=biws,r={NONCE}"), ScramError::Malformed),
        ] {
            assert_eq!(exchange.finish(last.as_bytes()), Err(error), "{last}");
        }
        for first in [&b"p=tls-server-end-point,,n=,r=abc"[..], b"n,,n=", b"n,,r=", b"", b"\xff"] {
            let refused = Exchange::begin(of_the_standard(), first, "x").map(|_| ());
            assert_eq!(refused, Err(ScramError::Malformed));
        }
    }

    #[test]
    fn a_verifier_is_made_of_a_password_or_read() {
        let made = Verifier::of("correct horse").unwrap();
        assert_ne!(made, Verifier::of("correct horse").unwrap(), "the salt is random");
        assert_eq!(Verifier::of("SCRAM-SHA-256$4096:nonsense"), None);
        assert_eq!(Verifier::of_nobody(b"s", "x"), Verifier::of_nobody(b"s", "x"));
        assert_ne!(Verifier::of_nobody(b"s", "x"), Verifier::of_nobody(b"s", "y"));
    }
}
