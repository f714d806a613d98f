//! ONNX Runtime, the shared library that runs models: found once, when the first model is loaded.
//!
//! It is no part of the program: `./up` and `./check` fetch it, version and checksum pinned, and the program works
//! without it; what a model would say is then not computable, and says so.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use ort::environment::Environment;

/// The version that is tried and pinned.
pub const VERSION: &str = "1.32.0";

/// Names the shared library, where it lies elsewhere than `deploy/install.sh` puts it.
pub const PATH_VARIABLE: &str = "TWIN_ONNX_RUNTIME";

static RUNTIME: OnceLock<Result<Environment, String>> = OnceLock::new();

/// The library, loaded.
///
/// # Errors
/// Why there is none, for whoever can install it.
pub fn runtime() -> Result<Environment, String> {
    RUNTIME.get_or_init(load).clone()
}

fn load() -> Result<Environment, String> {
    let named = env::var_os(PATH_VARIABLE).map(PathBuf::from);
    let path = match named {
        Some(path) => path,
        None => places().into_iter().find(|path| path.is_file()).ok_or_else(|| {
            format!(
                "ONNX Runtime {VERSION} is not installed: ./up fetches it, or {PATH_VARIABLE} names its shared \
                 library"
            )
        })?,
    };
    load_from(&path).map_err(|error| format!("ONNX Runtime at {}: {error}", path.display()))
}

fn load_from(path: &Path) -> Result<Environment, String> {
    if !path.is_file() {
        return Err("there is no such file".to_owned());
    }
    let builder = ort::init_from(path).map_err(|error| error.to_string())?;
    builder.with_telemetry(false).build().map_err(|error| error.to_string())
}

/// Where it is looked for: beside the program, then where the set-up puts it.
fn places() -> Vec<PathBuf> {
    let file = format!("libonnxruntime.so.{VERSION}");
    let beside = env::current_exe().ok().and_then(|path| path.parent().map(|dir| dir.join(&file)));
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache =
        cache.or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")));
    let cached = cache.map(|cache| cache.join("twinstream").join("onnxruntime").join(&file));
    beside.into_iter().chain(cached).collect()
}
