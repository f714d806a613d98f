//! The hash of what a resource version says: equal content is one version, however often it arrives.

use xxhash_rust::xxh3::xxh3_64;

use crate::domain::event::Resource;
use crate::domain::fact::{Body, Precision, Reading, Sample};
use crate::domain::statement::Statement;
use crate::domain::time::Timestamp;
use crate::log::encode::{comparator_number, number_in, precision_number};
use crate::log::wire::Writer;

/// Hash of a status and facts of a resource; `scratch` is working memory. It is stored in the log, so what is
/// hashed here may only be added to.
pub(super) fn content_hash(resource: &Resource<'_>, scratch: &mut Writer) -> u64 {
    let recorded_at = resource.recorded_at;
    scratch.clear();
    scratch.present(1, u64::from(resource.version.status.rank()));
    // What a source dates anew it means anew: 70, then 80, then 70 again is 70. Only where it does not say when it wrote
    // a version is equal content one version, however often it is delivered.
    if recorded_at.is_some() {
        scratch.fixed(9, resource.version.revised_at.micros().cast_unsigned());
    }
    for fact in &resource.facts {
        scratch.fixed(2, fact.valid.start.micros().cast_unsigned());
        scratch.fixed(3, fact.valid.end.micros().cast_unsigned());
        if fact.valid.precision != Precision::Instant {
            // When a day counts depends on when it was recorded (`Valid::at`).
            scratch.present(4, precision_number(fact.valid.precision));
            scratch.fixed(5, recorded_at.unwrap_or(Timestamp::MIN).micros().cast_unsigned());
        }
        // What the day it counts for depends on, and what it is linked by, is part of what is said.
        if let Some(minutes) = fact.valid.offset_minutes {
            scratch.present_signed(6, i64::from(minutes));
        }
        scratch.signed(7, i64::from(fact.valid.zone_minutes));
        fact.links.iter().for_each(|link| scratch.fixed(8, *link));
        match &fact.body {
            Body::Sample(sample) => hash_sample(scratch, sample),
            Body::Statement(statement) => hash_statement(scratch, statement),
        }
    }
    xxh3_64(scratch.bytes())
}

fn hash_sample(w: &mut Writer, sample: &Sample<'_>) {
    w.present(10, u64::from(sample.signal.number()));
    match &sample.reading {
        Reading::Value { value, comparator, .. } => {
            w.signed(11, *value);
            w.unsigned(12, comparator_number(*comparator));
        }
        Reading::Unusable { reason, raw } => {
            w.present(13, number_in(&crate::domain::refusal::Unusable::ALL, reason));
            w.text(14, &raw.value);
            w.text(15, &raw.unit);
        }
    }
    w.present(16, number_in(&crate::domain::fact::Origin::ALL, &sample.origin));
    w.present(17, number_in(&crate::domain::fact::Statistic::ALL, &sample.statistic));
    w.text(18, &sample.device);
    w.text(19, &sample.code.code);
}

fn hash_statement(w: &mut Writer, statement: &Statement<'_>) {
    w.present(20, statement.standing.map_or(0, |standing| u64::from(standing.number()) + 1));
    w.present(21, number_in(&crate::domain::statement::Activity::ALL, &statement.activity));
    w.text(22, &statement.status);
    for code in &statement.codes {
        w.text(23, &code.system);
        w.text(24, &code.code);
        w.text(25, &code.display);
    }
    w.text(26, &statement.text);
    for (name, text) in &statement.attributes {
        w.present(27, u64::from(name.number()));
        w.text(28, text);
    }
}
