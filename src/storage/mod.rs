//! Where checkpoints are kept: a folder of this machine, or a bucket that speaks S3.
//!
//! ```text
//! LOG/00003/claims/0000000007                        epoch 7 is somebody's; whoever had 6 publishes no more
//!           manifests/0000000007-0000000042.json     the 42nd checkpoint of epoch 7, and the parts it is made of
//!           parts/state-0f3a…                        bytes, named by their content: what did not change is kept once
//! ```
//! An object is created once, whole, and never changed: there is nothing to tear and nothing to overwrite.
//! CK-1: a damaged checkpoint is detected and the one before it used.

pub mod object;
pub mod error;
mod folder;
#[cfg(feature = "s3")]
mod bucket;
pub mod part;
pub mod manifest;
pub mod inventory;
pub mod checkpoints;
pub mod search;
pub mod garbage;
pub mod scrub;
