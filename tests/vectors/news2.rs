//! NEWS2 against its published cases and every cut-off of the chart, all through ingest and the pipeline.

use serde_json::{Value, json};

use twinstream::ingest::source::Format;
use twinstream::twin::scores::{STATUSES, ScoreRow, points_of};

use crate::support::{Ward, at, source};
use crate::vectors::{Case, cases};

/// The scored inputs of NEWS2: as the vectors call them, and as the pipeline does.
const NEWS2_INPUTS: [(&str, &str); 7] = [
    ("rr", "respiratory_rate"),
    ("spo2", "spo2"),
    ("o2", "oxygen"),
    ("sbp", "systolic"),
    ("pulse", "pulse"),
    ("acvpu", "consciousness"),
    ("temp", "temperature"),
];

const NORMAL: [(&str, i64); 5] =
    [("rr", 16), ("spo2", 97), ("sbp", 120), ("pulse", 70), ("scale", 1)];

/// A score as the pipeline came to it.
pub struct News2 {
    row: ScoreRow,
    band: String,
    /// The features, in the order of the row's points.
    features: Vec<String>,
}

impl News2 {
    /// The points of an input, by the name that the vectors give it.
    fn points(&self, input: &str) -> Option<i64> {
        let (_, feature) = NEWS2_INPUTS.into_iter().find(|(name, _)| *name == input)?;
        points_of(self.row.points, self.features.iter().position(|name| name == feature)?)
    }

    pub fn status(&self) -> &'static str {
        STATUSES[usize::from(self.row.status)]
    }
}

/// NEWS2 of a patient with these values, all through ingest and the pipeline.
pub fn news2(inputs: &Value) -> News2 {
    let now = at("2026-01-01T08:00:00Z");
    let subject = json!({ "reference": "Patient/P1" });
    let time = now.to_string();
    let age = inputs["age"].as_i64().unwrap_or(60);
    let birth = format!("{}-06-15", 2025 - age);
    let mut resources = vec![
        json!({ "resourceType": "Patient", "id": "P1", "birthDate": birth, "gender": "female" }),
    ];
    let mut observe = |code: &str, field: &str, value: Value| {
        resources.push(json!({
            "resourceType": "Observation", "id": code, "status": "final", "subject": subject,
            "code": { "coding": [{ "system": "http://loinc.org", "code": code }] },
            "effectiveDateTime": time, field: value,
        }));
    };
    let quantities = [
        ("rr", "9279-1", "/min"),
        ("spo2", "59408-5", "%"),
        ("sbp", "8480-6", "mm[Hg]"),
        ("pulse", "8867-4", "/min"),
        ("temp", "8310-5", "Cel"),
    ];
    for (name, code, unit) in quantities.into_iter().filter(|(name, ..)| !inputs[*name].is_null()) {
        observe(code, "valueQuantity", json!({ "value": inputs[name], "unit": unit }));
    }
    if let Some(is_given) = inputs["o2"].as_bool() {
        let flow = if is_given { 2 } else { 0 };
        observe("3151-8", "valueQuantity", json!({ "value": flow, "unit": "L/min" }));
    }
    if let Some(letter) = inputs["acvpu"].as_str() {
        let answers = [
            ("A", "248234008"),
            ("C", "130987000"),
            ("V", "300202002"),
            ("P", "450847001"),
            ("U", "422768004"),
        ];
        let (_, code) = answers.into_iter().find(|(known, _)| *known == letter).unwrap();
        let coding = json!({ "system": "http://snomed.info/sct", "code": code });
        observe("80288-4", "valueCodeableConcept", json!({ "coding": [coding] }));
    }
    let period = json!({ "start": "2025-12-31T00:00:00Z" });
    if inputs["scale"] == 2 {
        let coding = json!({ "system": "urn:demo:orders", "code": "spo2-scale-2" });
        resources.push(json!({
            "resourceType": "ServiceRequest", "id": "order", "status": "active", "intent": "order",
            "subject": subject, "code": { "coding": [coding] }, "occurrencePeriod": period,
        }));
    }
    if inputs["pregnant"] == true {
        let coding = json!({ "system": "http://snomed.info/sct", "code": "77386006" });
        resources.push(json!({
            "resourceType": "Condition", "id": "pregnant", "subject": subject,
            "code": { "coding": [coding] }, "onsetPeriod": period,
        }));
    }
    let entry: Vec<Value> = resources.iter().map(|one| json!({ "resource": one })).collect();
    let bundle = json!({ "resourceType": "Bundle", "type": "collection", "entry": entry });
    let mut ward = Ward::open();
    let (letter, _) = ward.receive(&source(Format::Fhir), bundle.to_string().as_bytes(), now);
    assert_eq!(letter, None);
    let snapshot = ward.shard.snapshot();
    let track = snapshot.tracks.iter().position(|track| *track.pipeline == *"news2").unwrap();
    let (_, row) = ward.shard.scores().newest(0, u16::try_from(track).unwrap()).unwrap();
    let band = snapshot.tracks[track].bands.get(usize::from(row.band));
    let band = band.map(ToString::to_string).unwrap_or_default();
    let features = snapshot.tracks[track].inputs.iter().map(ToString::to_string).collect();
    News2 { row, band, features }
}

#[test]
fn news2_scores_the_published_cases() {
    let inputs = ["rr", "spo2", "scale", "o2", "sbp", "pulse", "acvpu", "temp", "age", "pregnant"];
    // How often to look again is advice of the bands' texts and no output of its own.
    let expected =
        ["sub", "score", "red_param", "band", "monitoring", "status", "score_min", "missing"];
    for Case { id, inputs, expected } in cases("01_news2.csv", &inputs, &expected) {
        let found = news2(&inputs);
        for (input, points) in expected["sub"].as_object().into_iter().flatten() {
            assert_eq!(found.points(input), points.as_i64(), "{id}: {input}");
        }
        let value = Some(i64::from(found.row.value));
        let expects = |name: &str| expected.get(name).filter(|value| !value.is_null());
        if let Some(score) = expects("score").or(expects("score_min")) {
            assert_eq!(value, score.as_i64(), "{id}: score");
        }
        if let Some(is_red) = expects("red_param") {
            let red = NEWS2_INPUTS.iter().any(|(input, _)| found.points(input) == Some(3));
            assert_eq!(Some(red), is_red.as_bool(), "{id}: red_param");
        }
        if let Some(expected) = expects("band") {
            assert_eq!(Some(found.band.as_str()), expected.as_str(), "{id}: band");
        }
        if let Some(status) = expects("status") {
            assert_eq!(Some(found.status()), status.as_str(), "{id}: status");
        }
        for missing in expected["missing"].as_array().into_iter().flatten() {
            assert_eq!(found.points(missing.as_str().unwrap()), None, "{id}: {missing}");
        }
    }
}

/// The chart's cut-offs (RCP 2017): each value beside one, with its points.
const NEWS2_CUT_OFFS: &str = "
rr    7:3 8:3 9:1 11:1 12:0 20:0 21:2 24:2 25:3 26:3
spo2  90:3 91:3 92:2 93:2 94:1 95:1 96:0 97:0
sbp   89:3 90:3 91:2 100:2 101:1 110:1 111:0 219:0 220:3 221:3
pulse 39:3 40:3 41:1 50:1 51:0 90:0 91:1 110:1 111:2 130:2 131:3 132:3
temp  34.9:3 35.0:3 35.1:1 36.0:1 36.1:0 38.0:0 38.1:1 39.0:1 39.1:2 39.2:2 35.04:3 35.05:1 39.04:1 39.05:2
spo2/2/air    82:3 83:3 84:2 85:2 86:1 87:1 88:0 92:0 93:0 96:0 97:0
spo2/2/oxygen 83:3 84:2 85:2 86:1 87:1 88:0 92:0 93:1 94:1 95:2 96:2 97:3 98:3
spo2/2/unknown 83:3 84:2 87:1 88:0 92:0
";

pub fn normal() -> Value {
    let mut inputs = json!({ "o2": false, "acvpu": "A", "temp": 37.0 });
    for (name, value) in NORMAL {
        inputs[name] = json!(value);
    }
    inputs
}

#[test]
fn news2_scores_either_side_of_every_cut_off() {
    for line in NEWS2_CUT_OFFS.lines().filter(|line| !line.is_empty()) {
        let (what, values) = line.split_once(' ').unwrap();
        let mut words = what.split('/');
        let (input, scale, oxygen) = (words.next().unwrap(), words.next(), words.next());
        for pair in values.split_whitespace() {
            let (value, points) = pair.split_once(':').unwrap();
            let mut inputs = normal();
            inputs[input] = serde_json::from_str(value).unwrap();
            inputs["scale"] = json!(if scale.is_some() { 2 } else { 1 });
            inputs["o2"] = match oxygen {
                Some("unknown") => Value::Null,
                oxygen => json!(oxygen == Some("oxygen")),
            };
            let found = news2(&inputs);
            assert_eq!(found.points(input), points.parse().ok(), "{what} {value}");
        }
    }
}

#[test]
fn news2_cannot_tell_scale_2_above_92_without_the_oxygen_state() {
    let mut inputs = normal();
    (inputs["scale"], inputs["spo2"], inputs["o2"]) = (json!(2), json!(93), Value::Null);
    let found = news2(&inputs);
    assert_eq!((found.points("spo2"), found.status()), (None, "incomplete"));
    // Nothing is added below; above, oxygen (2) and the most SpO2 can score (3).
    assert_eq!((found.row.value, found.row.upper), (0, 5));
}

#[test]
fn news2_is_bounded_by_what_is_missing() {
    let most =
        [("rr", 3), ("spo2", 3), ("o2", 2), ("sbp", 3), ("pulse", 3), ("acvpu", 3), ("temp", 3)];
    for (input, most) in most {
        let mut inputs = normal();
        inputs[input] = Value::Null;
        let found = news2(&inputs);
        assert_eq!(
            (found.status(), found.row.value, found.row.upper),
            ("incomplete", 0, most),
            "{input}"
        );
    }
}
