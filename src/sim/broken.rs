//! A promise that was not kept.

/// Which, when, and how it shows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{invariant} does not hold at step {step}: {message}")]
pub struct Broken {
    /// The invariant, as in `ARCHITECTURE.md`.
    pub invariant: &'static str,
    /// The step of the trial.
    pub step: u64,
    /// How it shows.
    pub message: String,
}

/// Holds that two things are the same.
///
/// # Errors
/// If they are not: `what` is told with both.
pub fn same<T: PartialEq + std::fmt::Display>(
    (invariant, step): (&'static str, u64),
    what: &str,
    found: &T,
    expected: &T,
) -> Result<(), Broken> {
    if found == expected {
        return Ok(());
    }
    let message = format!("{what}\n  found    {found}\n  expected {expected}");
    Err(Broken { invariant, step, message })
}
