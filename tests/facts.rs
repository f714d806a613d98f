//! What is a fact, whoever tells it: one result from two systems counts once, versions are in one order, what
//! is deleted is gone, and a day is a day where it was measured.

use std::sync::Arc;

use serde_json::{Value, json};

use twinstream::domain::zone::Zone;
use twinstream::ingest::source::{Format, PatientFrom, SourceRecord, SourceSpec};
use twinstream::sql::format;
use twinstream::sql::query::{QueryLimits, run};
use twinstream::sql::session::Session;

use crate::support::{NAMESPACE, Ward, at, source};

mod links;
mod local_days;
mod versions;

const NOW: &str = "2026-11-08T12:00:00Z";

/// An Observation of 10:00 with these fields besides what every one has.
fn result(id: &str, code: &str, fields: Value) -> Value {
    let mut observation = json!({
        "resourceType": "Observation", "id": id, "status": "final",
        "subject": { "reference": "Patient/P1" },
        "code": { "coding": [{ "system": "http://loinc.org", "code": code }] },
        "effectiveDateTime": "2026-11-08T10:00:00Z",
    });
    for (name, value) in fields.as_object().unwrap() {
        observation[name] = value.clone();
    }
    observation
}

/// A creatinine in mg/dL, revised at a minute after eleven.
fn creatinine(id: &str, value: f64, minute: u32, fields: Value) -> Value {
    let mut one = result(id, "2160-0", fields);
    one["valueQuantity"] = json!({ "value": value, "unit": "mg/dL" });
    one["meta"] = json!({ "lastUpdated": format!("2026-11-08T11:{minute:02}:00Z") });
    one
}

/// A ward that has received these resources, which are read without complaint.
fn after(resources: &[Value]) -> Ward {
    let mut ward = Ward::open();
    resources.iter().for_each(|one| receive(&mut ward, &source(Format::Fhir), one));
    ward
}

fn receive(ward: &mut Ward, spec: &SourceSpec, resource: &Value) {
    let text = resource.to_string();
    let (letter, _) = ward.receive(spec, text.as_bytes(), at(NOW));
    assert_eq!(letter, None, "{text}");
}

/// The answer to a question, a row each.
fn ask(ward: &mut Ward, sql: &str) -> Vec<Value> {
    let shards = Arc::new(vec![ward.shard.snapshot()]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let answer = runtime
        .block_on(run(shards, sql, &mut Session::default(), QueryLimits::default()))
        .unwrap();
    let rows: Value = serde_json::from_str(&format::json(&answer).unwrap()).unwrap();
    rows.as_array().unwrap().clone()
}

/// The results that count, as `resource value`, in the order of their values.
fn counting(ward: &mut Ward) -> Vec<String> {
    let rows =
        ask(ward, "SELECT resource, value, value_text FROM observations ORDER BY value, resource");
    let text = |row: &Value| {
        let value = if row["value"].is_null() { &row["value_text"] } else { &row["value"] };
        format!("{} {value}", row["resource"].as_str().unwrap_or_default())
    };
    rows.iter().map(text).collect()
}

/// Every order of a few things.
fn orders(things: &[Value]) -> Vec<Vec<Value>> {
    if things.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (index, first) in things.iter().enumerate() {
        let rest: Vec<Value> = [&things[..index], &things[index + 1..]].concat();
        for mut order in orders(&rest) {
            order.insert(0, first.clone());
            all.push(order);
        }
    }
    all
}
