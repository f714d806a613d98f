//! Models as files: the library that runs them, the weights by the hash of their bytes, and one of them, loaded.
//!
//! It knows no feature and no patient: a row of numbers goes in, a number comes out.

pub mod onnx;
pub mod runtime;
pub mod shelf;
