//! A checkpoint's manifest: the position in the log, and the parts that are the state at it.
//!
//! ```text
//! {                                 readable: an operator looks at it with any tool
//!   "format": 1, …
//! }
//! xxh3-128 4f0a…                    of everything before this line
//! ```
//! The last line makes a manifest that was cut or changed anywhere, by one bit, no manifest.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

use crate::domain::time::Timestamp;
use crate::storage::part::{Fault, PartRef};

/// What is written here. A format is never reused.
pub const FORMAT: u32 = 1;

/// What a checkpoint says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// How many partitions the log has.
    pub n_partitions: u32,
    /// The partition.
    pub partition: u32,
    /// Whose it is: each owner of the partition has an epoch.
    pub epoch: u64,
    /// Which of the epoch's checkpoints.
    pub sequence: u64,
    /// What was checkpointed.
    pub checkpoint: Checkpoint,
}

/// A state of a partition, as its owner describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The offset of the first frame that is not in it.
    pub next_offset: u64,
    /// The latest known time in it.
    pub known: Timestamp,
    /// The digest of the state.
    pub digest: String,
    /// The program that wrote it.
    pub build: String,
    /// The parts, in the order in which they are to be read.
    pub parts: Vec<PartRef>,
}

#[derive(Deserialize)]
struct FormatWire {
    format: u32,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct ManifestWire {
    format: u32,
    partition: u32,
    n_partitions: u32,
    epoch: u64,
    sequence: u64,
    next_offset: u64,
    known_micros: i64,
    digest: String,
    build: String,
    parts: Vec<PartWire>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct PartWire {
    kind: String,
    size_bytes: u64,
    xxh3_128: String,
}

impl Manifest {
    /// The bytes of the manifest.
    pub fn encode(&self) -> Vec<u8> {
        let Manifest { n_partitions, partition, epoch, sequence, checkpoint } = self;
        let parts = checkpoint.parts.iter().map(|part| PartWire {
            kind: part.kind.clone(),
            size_bytes: part.size_bytes,
            xxh3_128: format!("{:032x}", part.hash),
        });
        let wire = ManifestWire {
            format: FORMAT,
            partition: *partition,
            n_partitions: *n_partitions,
            epoch: *epoch,
            sequence: *sequence,
            next_offset: checkpoint.next_offset,
            known_micros: checkpoint.known.micros(),
            digest: checkpoint.digest.clone(),
            build: checkpoint.build.clone(),
            parts: parts.collect(),
        };
        let mut text = serde_json::to_string_pretty(&wire).expect("numbers and text are JSON");
        text.push('\n');
        let checksum = checksum_line(text.as_bytes());
        text.push_str(&checksum);
        text.into_bytes()
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// If it is not, byte by byte, what was written, or was written by a program that knows more.
    pub fn decode(bytes: &[u8]) -> Result<Manifest, Fault> {
        let text = std::str::from_utf8(bytes).map_err(|_| Fault::Content)?;
        let json = text.rfind("\n}\n").and_then(|end| text.split_at_checked(end + 3));
        let (json, checksum) = json.ok_or(Fault::Content)?;
        if checksum != checksum_line(json.as_bytes()) {
            return Err(Fault::Content);
        }
        let malformed = |error: serde_json::Error| Fault::Misplaced { message: error.to_string() };
        let FormatWire { format } = serde_json::from_str(json).map_err(malformed)?;
        if format != FORMAT {
            return Err(Fault::Format { format, known: FORMAT });
        }
        let wire: ManifestWire = serde_json::from_str(json).map_err(malformed)?;
        let parts: Option<Vec<PartRef>> = wire.parts.into_iter().map(part).collect();
        let no_hash = || Fault::Misplaced { message: "a part's xxh3_128 is no hash".to_owned() };
        Ok(Manifest {
            n_partitions: wire.n_partitions,
            partition: wire.partition,
            epoch: wire.epoch,
            sequence: wire.sequence,
            checkpoint: Checkpoint {
                next_offset: wire.next_offset,
                known: Timestamp::from_micros(wire.known_micros),
                digest: wire.digest,
                build: wire.build,
                parts: parts.ok_or_else(no_hash)?,
            },
        })
    }
}

fn part(wire: PartWire) -> Option<PartRef> {
    let hash = u128::from_str_radix(&wire.xxh3_128, 16).ok()?;
    Some(PartRef { kind: wire.kind, size_bytes: wire.size_bytes, hash })
}

fn checksum_line(json: &[u8]) -> String {
    format!("xxh3-128 {:032x}\n", xxh3_128(json))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let part = PartRef { kind: "state".to_owned(), size_bytes: 7, hash: 0x1f };
        Manifest {
            n_partitions: 4,
            partition: 3,
            epoch: 7,
            sequence: 42,
            checkpoint: Checkpoint {
                next_offset: u64::MAX,
                known: Timestamp::from_micros(-1),
                digest: "\"é\n}\n".to_owned(),
                build: "0.1.0".to_owned(),
                parts: vec![part.clone(), part],
            },
        }
    }

    #[test]
    fn reads_what_it_writes_and_nothing_else() {
        let bytes = manifest().encode();
        assert_eq!(Manifest::decode(&bytes), Ok(manifest()));
        for size in 0..bytes.len() {
            assert_eq!(Manifest::decode(&bytes[..size]), Err(Fault::Content), "{size} bytes of it");
        }
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Manifest::decode(&flipped), Err(Fault::Content), "without bit {bit}");
        }
    }

    #[test]
    fn a_later_format_is_told_from_damage() {
        let text = "{\n  \"format\": 2,\n  \"new\": 1\n}\n";
        let text = format!("{text}{}", checksum_line(text.as_bytes()));
        let fault = Manifest::decode(text.as_bytes()).unwrap_err();
        assert_eq!(fault.to_string(), "it has format 2, and this program reads format 1");
    }
}
