//! Every test that sees the program from outside: one binary, so that it is linked once.
//!
//! Tests of one function stand at the end of its file; those here hold the promises of several modules
//! together. They neither sleep nor ask the time nor the network, and a random one prints its seed.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails loudly, and says where"
)]

mod support;

mod tidy;
mod contracts;
mod deploy;
mod bad_input;
mod formats;
mod hl7;
mod avro;
mod order;
mod sim;
mod local_log;
mod checkpoint;
mod checkpoint_formats;
mod storage;
mod places;
mod facts;
mod identity;
mod as_of;
mod stories;
mod models;
mod challenge;
mod responses;
mod respond;
mod promotion;
mod what_if;
mod vectors;
mod replay;
mod dlq;
mod kafka;
mod console;
mod pgwire;
