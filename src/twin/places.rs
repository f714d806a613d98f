//! The places of the hospital, by name: a stay says where a patient lies by a reference, and people look
//! for a ward by its name.
//!
//! ```text
//! Encounter ─ location ─► bed ─ part of ─► room ─ part of ─► ward "5 West"
//! ```
//! The directory is in every shard. It is read when a ward is asked for, so that it may come after the stay.

use std::collections::BTreeMap;
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use crate::domain::event::ResourceKind;
use crate::domain::statement::{Attribute, Statement};
use crate::twin::statements::StatementRow;

/// A bed lies in a room, in a ward, in a building, on a site: more than this is a circle.
const DEPTH_MAX: usize = 8;

/// The places that count now, by the key of their Location.
#[derive(Clone, Debug, Default)]
pub struct Places(BTreeMap<u64, Arc<StatementRow>>);

/// The key of a resource of a namespace: the same wherever it is asked for.
pub(super) fn resource_key(namespace: &str, kind: ResourceKind, id: &str) -> u64 {
    let mut bytes = Vec::with_capacity(namespace.len() + id.len() + 5);
    write_resource_key(&mut bytes, namespace, kind, id);
    xxh3_64(&bytes)
}

/// Writes what a resource's key is the hash of.
pub(super) fn write_resource_key(
    bytes: &mut Vec<u8>,
    namespace: &str,
    kind: ResourceKind,
    id: &str,
) {
    bytes.extend_from_slice(&kind.number().to_le_bytes());
    bytes.extend_from_slice(namespace.as_bytes());
    bytes.push(0);
    bytes.extend_from_slice(id.as_bytes());
}

impl<'p> FromIterator<&'p Arc<StatementRow>> for Places {
    fn from_iter<I: IntoIterator<Item = &'p Arc<StatementRow>>>(rows: I) -> Places {
        Places(rows.into_iter().map(|row| (row.key, row.clone())).collect())
    }
}

impl Places {
    /// Knows a place, or knows it as it is now.
    pub fn insert(&mut self, row: Arc<StatementRow>) {
        self.0.insert(row.key, row);
    }

    /// Forgets a place.
    pub fn remove(&mut self, key: u64) {
        self.0.remove(&key);
    }

    /// The ward of a stay: the one it names, or the one its location is in; empty where neither is known.
    pub fn ward<'s>(&'s self, namespace: &str, stay: &'s Statement<'_>) -> &'s str {
        let named = stay.attribute(Attribute::Ward).filter(|ward| !ward.is_empty());
        let located = || self.ward_of(namespace, stay.attribute(Attribute::Location)?);
        named.or_else(located).unwrap_or_default()
    }

    /// The name of the ward that a Location is, or is part of; of the Location itself where no ward is
    /// said to be above it, unless it is a bed or a room. The types are those of HL7's
    /// location-physical-type: `wa`, `ro`, `bd`.
    fn ward_of(&self, namespace: &str, reference: &str) -> Option<&str> {
        let place = |reference: &str| {
            let (_, id) = reference.rsplit_once("Location/")?;
            self.0.get(&resource_key(namespace, ResourceKind::Location, id))
        };
        let own = place(reference)?;
        let mut row = own;
        for _ in 0..DEPTH_MAX {
            if row.statement.attribute(Attribute::PhysicalType) == Some("wa") {
                return row.statement.attribute(Attribute::Name);
            }
            let Some(above) = row.statement.attribute(Attribute::Managed).and_then(place) else {
                break;
            };
            row = above;
        }
        let is_ward =
            !matches!(own.statement.attribute(Attribute::PhysicalType), Some("bd" | "ro"));
        own.statement.attribute(Attribute::Name).filter(|_| is_ward)
    }
}
