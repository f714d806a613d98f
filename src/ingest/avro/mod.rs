//! Records in Avro, framed as a Confluent Schema Registry frames them, and what RADAR-base writes of wearables.
//!
//! ```text
//! 0x00  schema id (4 bytes)  body      of the value, and of the key: whose it is, and which device
//! ```
//! A JSON body behind such a frame (JSON Schema) needs no schema to be read, and is read as a bare one.

pub mod frame;
pub mod schemas;
pub mod reader;
pub mod radar;
