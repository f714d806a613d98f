//! The log of a partition as it lies there, stepped through a shard by whoever owns nothing of it: nothing is
//! written, no group is joined, and what is said leaves nowhere, because it was said.

use std::path::Path;

use crate::engine::shard::{LogFrame, Shard, StepError};
use crate::kafka::failure::KafkaFailure;
use crate::kafka::past::KafkaPast;
use crate::kafka::settings::KafkaSettings;
use crate::log::local::{LocalLogError, StoredFrame, read_frames};

/// Where the log is.
#[derive(Clone, Copy, Debug)]
pub enum Past<'p> {
    /// In this folder.
    Folder(&'p Path),
    /// On Kafka.
    Kafka(&'p KafkaSettings),
}

/// Why the log cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PastError {
    /// The log in a folder.
    #[error(transparent)]
    Log(#[from] LocalLogError),
    /// The log on Kafka.
    #[error(transparent)]
    Kafka(#[from] KafkaFailure),
    /// A step.
    #[error(transparent)]
    Step(#[from] StepError),
}

/// How far the log goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// To the frame that the shard needed first: it was stepped.
    Enough,
    /// Only to this offset: the frames before it are gone, and the shard was not stepped.
    From(u64),
}

impl Past<'_> {
    /// Steps a shard through the frames of a partition from where it stands, up to the offset `until`; a log in
    /// a folder may end before.
    ///
    /// # Errors
    /// If the log cannot be read, or a frame of it means nothing.
    pub fn replay(self, shard: &mut Shard, partition: u32, until: u64) -> Result<Reach, PastError> {
        let mut stepped = Ok(());
        let mut each = |frame: LogFrame| {
            if stepped.is_ok() && frame.offset < until {
                stepped = shard.step(&[frame]).map(|_said| ());
            }
        };
        match self {
            Past::Folder(folder) => {
                read_frames(folder, partition, &mut |frame| {
                    let StoredFrame { offset, appended_at, bytes } = frame;
                    each(LogFrame { offset, appended_at, bytes });
                })?;
            }
            Past::Kafka(settings) => {
                let past = KafkaPast::open(settings, partition)?;
                // A shard that begins in the middle of a log would be told half of everything.
                if 0 < past.begins_at() {
                    return Ok(Reach::From(past.begins_at()));
                }
                past.read(until, &mut |frame| {
                    let (offset, appended_at, bytes) =
                        (frame.offset, frame.appended_at, frame.bytes);
                    each(LogFrame { offset, appended_at, bytes });
                })?;
            }
        }
        stepped?;
        Ok(Reach::Enough)
    }
}
