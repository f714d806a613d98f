//! `GET /metrics`: the numbers for operators, as Prometheus reads them.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State as Extracted;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::clock::now;
use crate::engine::published::Snapshot;
use crate::http::state::{QUERIES_MAX, SCREENS_MAX, State};
use crate::telemetry::families::{
    BUILD, CPU, MEMORY, QUERIES_REFUSED, QUERIES_RUNNING, READY, SCORES, SCREENS,
};
use crate::telemetry::metrics::{MEDIA_TYPE, Metrics};
use crate::telemetry::{cpu_time, memory_bytes};
use crate::twin::scores::{HeadFlags, STATUSES};

/// The numbers as they are. A scrape asks for a snapshot as a reader does, to count the newest scores.
pub async fn answer(Extracted(state): Extracted<State>) -> Response {
    let snapshot = state.reader.fresh().await;
    let telemetry = &state.reader.telemetry;
    let standing = telemetry.readiness.read(now());
    let metrics = &telemetry.metrics;
    metrics.set(&READY, &[], u64::from(standing.is_ready && snapshot.is_caught_up));
    metrics.set(&BUILD, &[env!("CARGO_PKG_VERSION")], 1);
    metrics.seconds(&CPU, &[], cpu_time());
    metrics.set(&MEMORY, &[], memory_bytes().unwrap_or(0));
    let running = QUERIES_MAX.saturating_sub(state.queries.available_permits());
    metrics.set(&QUERIES_RUNNING, &["http"], u64::try_from(running).unwrap_or(0));
    let refused = metrics.get(&QUERIES_REFUSED, &["http"]).unwrap_or(0);
    metrics.set(&QUERIES_REFUSED, &["http"], refused);
    let screens = SCREENS_MAX.saturating_sub(state.screens.available_permits());
    metrics.set(&SCREENS, &[], u64::try_from(screens).unwrap_or(0));
    count_scores(&snapshot, metrics);
    ([(header::CONTENT_TYPE, MEDIA_TYPE)], metrics.text(now())).into_response()
}

/// Counts patients by the status of their newest score: tracks of a pipeline together, one of which is for each of
/// its subjects.
fn count_scores(snapshot: &Snapshot, metrics: &Metrics) {
    let mut counts: BTreeMap<Arc<str>, [u64; STATUSES.len()]> = BTreeMap::new();
    for shard in snapshot.here().iter() {
        for (column, track) in shard.tracks.iter().enumerate() {
            let counts = counts.entry(track.pipeline.clone()).or_default();
            let columns = shard.score_head.iter().filter_map(|page| page.columns.get(column));
            for (times, _, flags) in columns {
                let scored = times.iter().zip(flags.iter()).filter(|(at, _)| **at != i64::MIN);
                for (_, flags) in scored {
                    let status = usize::from(HeadFlags::unpack(*flags).status);
                    if let Some(count) = counts.get_mut(status) {
                        *count += 1;
                    }
                }
            }
        }
    }
    for (pipeline, counts) in counts {
        for (status, count) in STATUSES.iter().zip(counts) {
            metrics.set(&SCORES, &[&pipeline, status], count);
        }
    }
}
