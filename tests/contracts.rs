//! What others build on, as files in `schemas/` and `tests/data/log`: a change shows in review.
//! `UPDATE=1` writes them anew.

use std::fs;
use std::path::Path;

use schemars::{JsonSchema, schema_for};

use twinstream::domain::event::{Clock, Control, DefinitionKind};
use twinstream::domain::signal::Signal;
use twinstream::engine::library::Library;
use twinstream::http::server::ROUTES;
use twinstream::ingest::decoder::Decoder;
use twinstream::ingest::source::Format;
use twinstream::log::decode::decode_frame;
use twinstream::output::alert::AlertRecord;
use twinstream::output::what_if::WhatIfRecord;
use twinstream::pipeline::file::PipelineFile;
use twinstream::pipeline::summary::Summary;
use twinstream::telemetry::metrics;

use crate::support::{at, control, frame, record, site, source};

/// Compares with the file, or writes it.
fn check(path: &str, now: &[u8]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, now).unwrap();
    }
    let then = fs::read(&path).unwrap_or_default();
    assert!(then == now, "{} is another: UPDATE=1 writes it anew", path.display());
}

fn check_schema<T: JsonSchema>(path: &str) {
    let schema = serde_json::to_string_pretty(&schema_for!(T)).unwrap();
    check(path, format!("{schema}\n").as_bytes());
}

#[test]
fn the_alert_record_is_as_published() {
    check_schema::<AlertRecord>("schemas/twin.alerts.v1.schema.json");
}

#[test]
fn the_answer_to_a_what_if_is_as_published() {
    check_schema::<WhatIfRecord>("schemas/what-if.schema.json");
}

#[test]
fn the_pipeline_file_is_as_published() {
    check_schema::<PipelineFile>("schemas/pipeline.schema.json");
}

/// Every rule that runs, with who published it.
#[test]
fn the_pipelines_that_ship_are_listed() {
    let pipelines = Library::shipped().unwrap().pipelines().unwrap();
    let mut text = "# The pipelines that ship\n\n\
         Made from the files beside it. A band in brackets is kept and not said. Sources and worked cases of the\n\
         rules: `twin rules list`.\n\n\
         | pipeline | state | kind | reads | value | bands | edition | source | stories |\n\
         |---|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    for one in pipelines.iter().map(|pipeline| Summary::of(pipeline)) {
        let Summary { name, state, kind, reads, value, bands, edition, source, n_stories, .. } =
            one;
        let cells = [
            format!("`{name}`"),
            state.into(),
            kind.into(),
            reads,
            value,
            bands,
            edition,
            source,
            n_stories.to_string(),
        ];
        let cells = cells.map(|cell| cell.replace('|', "\\|"));
        text += &format!("| {} |\n", cells.join(" | "));
    }
    check("pipelines/README.md", text.as_bytes());
}

/// Numbers are in the log and on disk for ever: a new signal comes at the end.
#[test]
fn the_signals_are_as_published() {
    let mut text = "number,name,label,unit,decimals,answers\n".to_owned();
    for signal in Signal::all() {
        let spec = signal.spec();
        text += &format!(
            "{},{},\"{}\",{},{},{}\n",
            signal.number(),
            spec.name,
            spec.label,
            spec.unit,
            spec.decimals,
            spec.answers.join(" ")
        );
    }
    check("schemas/signals.csv", text.as_bytes());
}

#[test]
fn the_addresses_are_as_published() {
    let lines = ROUTES.map(|(method, path, about)| format!("{method:<5}{path}\n     {about}\n"));
    check("schemas/http.txt", lines.concat().as_bytes());
}

#[test]
fn the_metrics_are_as_published() {
    check("schemas/metrics.txt", metrics::listed().as_bytes());
}

/// One of each kind of event, as sources send them.
const RECORDS: [(Format, &str); 6] = [
    (
        Format::Fhir,
        r#"{"resourceType":"Observation","id":"bp","meta":{"versionId":"2"},"status":"final",
        "subject":{"reference":"Patient/P1"},"code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}]},
        "effectiveDateTime":"2026-11-08T09:00:00+01:00","issued":"2026-11-08T09:05:00+01:00","component":[
        {"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},
        "valueQuantity":{"value":121,"code":"mm[Hg]"}},
        {"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"}]},
        "valueQuantity":{"value":79,"code":"mm[Hg]"}}]}"#,
    ),
    (
        Format::Fhir,
        r#"{"resourceType":"Observation","id":"t","status":"final","subject":{"reference":"Patient/P1"},
        "code":{"coding":[{"system":"http://loinc.org","code":"8310-5"}]},
        "effectiveDateTime":"2026-11-08","valueQuantity":{"value":38,"unit":"C"}}"#,
    ),
    (
        Format::Fhir,
        r#"{"resourceType":"Condition","id":"c","subject":{"reference":"Patient/P1"},"clinicalStatus":
        {"coding":[{"code":"active"}]},"code":{"coding":[{"system":"http://snomed.info/sct","code":"44054006",
        "display":"Type 2 diabetes"}]},"onsetDateTime":"2020-05"}"#,
    ),
    (
        Format::Fhir,
        r#"{"resourceType":"Observation","id":"cr","status":"final","subject":{"reference":"Patient/P1"},
        "code":{"coding":[{"system":"http://loinc.org","code":"2160-0"}]},"effectiveDateTime":
        "2026-11-08T09:30:00Z","basedOn":[{"reference":"ServiceRequest/r1"}],"specimen":{"reference":
        "Specimen/s1","identifier":{"system":"urn:lab","value":"ACC-1"}},"valueQuantity":{"value":1.2,
        "unit":"mg/dL"}}"#,
    ),
    (Format::Fhir, r#"{"resourceType":"Location","id":"w","name":"Ward 4B","status":"active"}"#),
    (
        Format::OpenMhealth,
        r#"{"header":{"id":"u1","creation_date_time":"2026-11-08T08:00:00Z","user_id":"P1","schema_id":
        {"namespace":"omh","name":"heart-rate","version":"2.0"}},"body":{"heart_rate":{"value":61,"unit":
        "beats/min"},"effective_time_frame":{"date_time":"2026-11-08T07:59:00Z"}}}"#,
    ),
];

/// The log is kept for ever, so what was once written is read for ever.
#[test]
fn the_frame_is_as_it_was_written() {
    let mut decoders: Vec<Decoder> = RECORDS.map(|_| Decoder::new(site())).into();
    let mut events = Vec::new();
    for ((offset, (format, text)), decoder) in (0..).zip(RECORDS).zip(&mut decoders) {
        let record = record(text.as_bytes(), offset, at("2026-11-08T10:00:00Z"));
        let spec = source(format);
        let bytes = {
            let decoded = decoder.decode(&spec, &record, at("2026-11-08T10:00:00Z"));
            assert_eq!(decoded.letter, None, "{text}");
            assert!(!decoded.events.is_empty(), "{text}");
            frame(&decoded.events)
        };
        events.push(bytes);
    }
    let controls = [
        Control::Opened { n_partitions: 4, clock: Clock::Recorded },
        Control::Definition {
            kind: DefinitionKind::Pipeline,
            name: "p".into(),
            text: "name: p".into(),
        },
        Control::Tick { at: at("2026-11-08T11:00:00Z") },
    ];
    events.push(frame(&controls.map(|one| control(one, Some(at("2026-11-08T11:00:00Z"))))));
    let frames: Vec<Vec<_>> = events.iter().map(|bytes| decode_frame(bytes).unwrap()).collect();
    let whole = frame(frames.iter().flatten());
    check("tests/data/log/frame.v1.bin", &whole);
    let read = decode_frame(&whole).unwrap();
    check("tests/data/log/frame.v1.txt", format!("{read:#?}\n").as_bytes());
}

/// Before there were links and zones: what they say is absent, and all else is read.
#[test]
fn the_first_frame_is_still_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/log/frame.v1.first.bin");
    let bytes = fs::read(path).unwrap();
    let read = decode_frame(&bytes).unwrap();
    check("tests/data/log/frame.v1.first.txt", format!("{read:#?}\n").as_bytes());
}
