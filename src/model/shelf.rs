//! Weights of models by the hash of their bytes: what is named by what it is can be shared by all.
//!
//! A definition in the log names weights by their hash, and whoever has them under that hash has the same. Weights
//! that nobody put here, or that are not what they are said to be, are missing: that is said where they are asked for.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use crate::model::onnx::Onnx;

/// What lies under a hash.
struct Kept {
    bytes: Cow<'static, [u8]>,
    loaded: Option<Result<Arc<Onnx>, String>>,
}

/// The one shelf of a process: nothing on it changes, and nothing is taken off.
static SHELF: Mutex<BTreeMap<String, Kept>> = Mutex::new(BTreeMap::new());

/// Puts weights under the hash that is said of them; it is checked when they are asked for.
pub fn put(sha256: &str, bytes: impl Into<Cow<'static, [u8]>>) {
    let mut shelf = SHELF.lock().unwrap_or_else(PoisonError::into_inner);
    shelf.entry(sha256.to_owned()).or_insert_with(|| Kept { bytes: bytes.into(), loaded: None });
}

/// The weights of this hash, as a model of rows of `n_inputs` numbers; loaded the first time.
///
/// # Errors
/// Why there is no such model.
pub fn take(sha256: &str, n_inputs: usize) -> Result<Arc<Onnx>, String> {
    let mut shelf = SHELF.lock().unwrap_or_else(PoisonError::into_inner);
    let kept =
        shelf.get_mut(sha256).ok_or_else(|| format!("there are no weights of hash {sha256}"))?;
    if kept.loaded.is_none() {
        kept.loaded = Some(load(sha256, &kept.bytes, n_inputs).map(Arc::new));
    }
    match &kept.loaded {
        Some(Ok(model)) => Ok(model.clone()),
        Some(Err(error)) => Err(error.clone()),
        None => Err("it was not loaded".to_owned()),
    }
}

fn load(sha256: &str, bytes: &[u8], n_inputs: usize) -> Result<Onnx, String> {
    let found = hash_of(bytes);
    if found != sha256 {
        return Err(format!("the weights have the hash {found}, expected {sha256}"));
    }
    Onnx::load(bytes, n_inputs)
}

/// The SHA-256 of bytes, in lower-case hexadecimal.
pub fn hash_of(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
