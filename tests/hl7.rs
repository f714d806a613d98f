//! HL7 version 2: the messages of four senders that write alike in nothing but the pipes, and what they become.
//!
//! The messages stand in `tests/data/hl7`, one file for each sender. A story is told by taking them one by one.

use std::sync::Arc;

use twinstream::domain::refusal::Refusal;
use twinstream::domain::zone::Zone;
use twinstream::ingest::letter::Letter;
use twinstream::ingest::source::{Format, PatientFrom, SourceSpec};
use twinstream::sql::format;
use twinstream::sql::query::{QueryLimits, run};
use twinstream::sql::session::Session;

use crate::support::{Ward, at, source};

mod bytes;
mod program;
mod results;
mod stays;
mod times;

const NOW: &str = "2026-11-08T12:00:00Z";

/// A source in Chicago.
fn chicago() -> SourceSpec {
    let zone = Zone::named("America/Chicago").unwrap();
    SourceSpec { zone, ..source(Format::Hl7v2) }
}

/// The same, of whose patients a given authority's identifiers are meant.
fn of_authority(name: &str) -> SourceSpec {
    SourceSpec { patient_from: PatientFrom::Authority(name.to_owned()), ..chicago() }
}

/// A message with CR at the end of each segment, as the standard has it.
fn message(segments: &[&str]) -> String {
    segments.iter().map(|segment| format!("{segment}\r")).collect()
}

/// A ward in front of which these messages came, in their order.
struct Told {
    ward: Ward,
    letters: Vec<Letter>,
}

fn told(spec: &SourceSpec, messages: &[String]) -> Told {
    let mut told = Told { ward: Ward::open(), letters: Vec::new() };
    messages.iter().for_each(|message| told.tell(spec, message));
    told
}

impl Told {
    fn tell(&mut self, spec: &SourceSpec, message: &str) {
        let (letter, _) = self.ward.receive(spec, message.as_bytes(), at(NOW));
        self.letters.extend(letter);
    }

    /// The answer to a question, a row each, as CSV.
    fn lines(&mut self, sql: &str) -> Vec<String> {
        let shards = Arc::new(vec![self.ward.shard.snapshot()]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let (mut session, limits) = (Session::default(), QueryLimits::default());
        let answer = runtime.block_on(run(shards, sql, &mut session, limits)).unwrap();
        let text = format::csv(&answer).unwrap();
        text.lines().skip(1).map(str::to_owned).collect()
    }

    /// The place of what was refused, with why.
    fn refused(&self) -> Vec<(Refusal, &str)> {
        let problems = self.letters.iter().flat_map(|letter| &letter.problems);
        problems.map(|problem| (problem.reason, problem.pointer.as_str())).collect()
    }
}

/// Every order of a few messages.
fn orders(messages: &[String]) -> Vec<Vec<String>> {
    if messages.is_empty() {
        return vec![Vec::new()];
    }
    let each = messages.iter().enumerate().flat_map(|(index, first)| {
        let rest = [&messages[..index], &messages[index + 1..]].concat();
        orders(&rest).into_iter().map(|order| [vec![first.clone()], order].concat())
    });
    each.collect()
}
