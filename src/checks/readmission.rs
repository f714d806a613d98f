//! Checks.

use crate::checks::check::Check;

pub(super) static CHECKS: &[Check] = &[];
