//! The schemas by which records are written: each is asked for once, by its id, and kept.
//!
//! A schema that the registry does not have is a dead letter's reason. A registry that does not answer is none:
//! its records wait, and it is asked again after a while, not for each of them.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::domain::time::{Span, Timestamp};
use crate::ingest::avro::reader::Reader;

/// Where schemas are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SchemaPlace {
    /// A folder of files that are named by their ids: `17.avsc`.
    Folder(PathBuf),
    /// The address of a registry that speaks as Confluent's does: `http://registry:8081`.
    Registry(String),
}

/// Why there is no schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// Nobody knows it.
    #[error("schema {0} is not there")]
    Missing(u32),
    /// It is none, or one that is not read.
    #[error("schema {id} cannot be read: {message}")]
    Unreadable {
        /// Its id.
        id: u32,
        /// What is wrong.
        message: String,
    },
    /// Nobody answers; it may be there.
    #[error("the schemas are out of reach: {0}")]
    Unreachable(String),
}

/// Schemas that are known to be missing are not asked for again, up to so many: a producer that invents ids
/// would ask the registry for each of its records.
const MISSING_MAX: usize = 1_000;
/// A registry is a service next door: what takes longer is an outage.
/// Ingest of everything else stands still meanwhile.
const ANSWER_MAX: Duration = Duration::from_secs(2);
/// Who did not answer is not asked again for so long.
const AWAY: Span = Span::from_micros(10_000_000);
/// No schema is larger; RADAR-base's largest is 20 kB.
const SCHEMA_BYTES_MAX: u64 = 4 << 20;

/// The schemas of a place.
#[derive(Debug)]
pub struct Schemas {
    place: SchemaPlace,
    readers: BTreeMap<u32, Reader>,
    missing: BTreeSet<u32>,
    /// Until when nobody is asked, and why.
    away: Option<(Timestamp, String)>,
}

impl Schemas {
    /// Of a place, none asked for yet.
    pub fn new(place: SchemaPlace) -> Schemas {
        Schemas { place, readers: BTreeMap::new(), missing: BTreeSet::new(), away: None }
    }

    /// Where they are.
    pub fn place(&self) -> &SchemaPlace {
        &self.place
    }

    /// What reads records of a schema.
    ///
    /// # Errors
    /// If it is missing, cannot be read, or nobody answers.
    pub fn reader(&mut self, id: u32, now: Timestamp) -> Result<&mut Reader, SchemaError> {
        if !self.readers.contains_key(&id) {
            if self.missing.contains(&id) {
                return Err(SchemaError::Missing(id));
            }
            if let Some((_, why)) = self.away.as_ref().filter(|(until, _)| now < *until) {
                return Err(SchemaError::Unreachable(why.clone()));
            }
            let text = self.fetch(id).inspect_err(|error| match error {
                SchemaError::Missing(_) if self.missing.len() < MISSING_MAX => {
                    self.missing.insert(id);
                }
                SchemaError::Unreachable(why) => self.away = Some((now.plus(AWAY), why.clone())),
                SchemaError::Missing(_) | SchemaError::Unreadable { .. } => {}
            })?;
            let reader = Reader::new(id, &text);
            let reader = reader.map_err(|message| SchemaError::Unreadable { id, message })?;
            self.readers.insert(id, reader);
        }
        Ok(self.readers.get_mut(&id).expect("it is there or was inserted"))
    }

    fn fetch(&self, id: u32) -> Result<String, SchemaError> {
        match &self.place {
            SchemaPlace::Folder(folder) => {
                match std::fs::read_to_string(folder.join(format!("{id}.avsc"))) {
                    Ok(text) => Ok(text),
                    Err(error) if error.kind() == io::ErrorKind::NotFound && folder.is_dir() => {
                        Err(SchemaError::Missing(id))
                    }
                    Err(error) => Err(SchemaError::Unreachable(error.to_string())),
                }
            }
            SchemaPlace::Registry(url) => ask(url, id),
        }
    }
}

/// The answer of a registry about a schema; what has no type is Avro.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnswerJson {
    schema: String,
    schema_type: Option<String>,
}

fn ask(url: &str, id: u32) -> Result<String, SchemaError> {
    let away = |error: ureq::Error| SchemaError::Unreachable(error.to_string());
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    let agent: ureq::Agent = config.timeout_global(Some(ANSWER_MAX)).build().into();
    let request = agent.get(format!("{}/schemas/ids/{id}", url.trim_end_matches('/')));
    let mut response = request.call().map_err(away)?;
    let status = response.status();
    if status.as_u16() == 404 {
        return Err(SchemaError::Missing(id));
    }
    if !status.is_success() {
        return Err(SchemaError::Unreachable(format!("{url} answers {status}")));
    }
    let text = response.body_mut().with_config().limit(SCHEMA_BYTES_MAX).read_to_string();
    let text = text.map_err(away)?;
    let unreadable = |message: String| SchemaError::Unreadable { id, message };
    let answer: AnswerJson =
        serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))?;
    match answer.schema_type.as_deref() {
        None | Some("AVRO") => Ok(answer.schema),
        Some(other) => Err(unreadable(format!("it is of type {other}, expected AVRO"))),
    }
}
