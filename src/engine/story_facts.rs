//! The happenings of a story as FHIR, as a hospital would send them; `watch` and `cleared` are what devices at home
//! send, one value, or one `every 15 min ... from 2025-01-10 to 2025-01-20`.

use serde_json::{Value as Json, json};

use crate::domain::signal::Signal;
use crate::domain::standing::Standing;
use crate::domain::time::{Span, Timestamp};
use crate::engine::story::item_time;
use crate::engine::story_statements::statement;
use crate::pipeline::window::parse_span;

/// The site file of stories: every signal, answer and state by its own name.
pub fn site_text() -> String {
    let mut text = "name: Stories\ntimezone: UTC\ncodes:\n".to_owned();
    for signal in Signal::all() {
        text +=
            &format!("  - {{ system: 'urn:story:signals', code: {signal}, signal: {signal} }}\n");
    }
    text += "answers:\n";
    for signal in Signal::all().filter(|signal| signal.is_category()) {
        text += &format!("  {signal}:\n");
        for answer in signal.spec().answers {
            let system = "urn:story:answers";
            text += &format!("    - {{ system: '{system}', code: {answer}, answer: {answer} }}\n");
        }
    }
    text += "states:\n";
    for state in Standing::ALL {
        let system = "urn:story:states";
        text += &format!(
            "  - {{ state: {state}, resource: Flag, system: '{system}', code: {state} }}\n"
        );
    }
    text + "settings: { IMP: inpatient, EMER: emergency, AMB: ambulatory }\n"
}

/// A happening: the resource it sends, and from which kind of source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// The resource.
    pub resource: Json,
    /// Who measured it.
    pub feed: Feed,
}

/// The source of a happening.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feed {
    /// The hospital.
    Clinical,
    /// A watch.
    Watch,
    /// A cleared device at home.
    Cleared,
}

/// `15 min glucose_interstitial 120 mg/dL from 2025-01-10 to 2025-01-20`: one value each.
fn series(word: &str, words: &[&str], subject: &Json, at: Timestamp) -> Option<Vec<Happening>> {
    let [number, unit, what @ .., "from", from, "to", to] = words else { return None };
    let step = parse_span(&format!("{number} {unit}")).ok().filter(|step| Span::ZERO < *step)?;
    let until = item_time(to)?;
    let times = std::iter::successors(item_time(from), |time| Some(time.plus(step)));
    let times = times.take_while(|time| *time < until);
    let resources = times.map(|time| observation(what, subject, time, at, "final"));
    resources.map(|resource| Some(Happening { resource: resource?, feed: device(word) })).collect()
}

/// Whose device a word means.
fn device(word: &str) -> Feed {
    if word == "watch" { Feed::Watch } else { Feed::Cleared }
}

/// The resources of an item; `None` if its words mean nothing.
pub fn happenings(item: &str, patient: &str, at: Timestamp) -> Option<Vec<Happening>> {
    let words: Vec<&str> = item.split_whitespace().collect();
    let subject = json!({ "reference": format!("Patient/{patient}") });
    let clinical = |resource: Json| Some(vec![Happening { resource, feed: Feed::Clinical }]);
    match words.as_slice() {
        ["baseline", "adult_normal"] => Some(baseline(patient, at)),
        ["patient", birth, sex] => clinical(person(patient, birth, sex, None)),
        ["dies"] => clinical(person(patient, "1950-06-15", "female", Some(at))),
        ["inpatient" | "emergency" | "ambulatory", ward @ ..] => {
            clinical(stay(patient, words.first()?, &ward.join(" "), at, None))
        }
        ["leaves", setting] => clinical(stay(patient, setting, "", at, Some(at))),
        ["state", name] => clinical(state(name, &subject, at, None)?),
        ["state", name, "ends"] => clinical(state(name, &subject, at, Some(at))?),
        [
            "orders" | "takes" | "stops" | "proposes" | "has" | "had" | "refuted" | "procedure"
            | "allergy" | "visit",
            ..,
        ] => clinical(statement(&words, &subject, at)?),
        [word @ ("watch" | "cleared"), "every", rest @ ..] => series(word, rest, &subject, at),
        [word @ ("watch" | "cleared"), rest @ ..] => {
            let resource = observation(rest, &subject, at, at, "final")?;
            Some(vec![Happening { resource, feed: device(word) }])
        }
        ["preliminary", rest @ ..] => clinical(observation(rest, &subject, at, at, "preliminary")?),
        ["correct", what, "to", value @ ..] => {
            let (signal, when) = what.split_once('@')?;
            let rest: Vec<&str> = std::iter::once(signal).chain(value.iter().copied()).collect();
            clinical(observation(&rest, &subject, item_time(when)?, at, "corrected")?)
        }
        ["retract", what] => {
            let (signal, when) = what.split_once('@')?;
            let rest = [signal, "0", Signal::named(signal)?.spec().unit];
            clinical(observation(&rest, &subject, item_time(when)?, at, "entered-in-error")?)
        }
        ["late", what, value @ ..] => {
            let (signal, when) = what.split_once('@')?;
            let rest: Vec<&str> = std::iter::once(signal).chain(value.iter().copied()).collect();
            clinical(observation(&rest, &subject, item_time(when)?, at, "final")?)
        }
        rest => clinical(observation(rest, &subject, at, at, "final")?),
    }
}

/// An adult in a bed with every NEWS2 input present and scoring nothing.
fn baseline(patient: &str, at: Timestamp) -> Vec<Happening> {
    let subject = json!({ "reference": format!("Patient/{patient}") });
    let normal: [&[&str]; 7] = [
        &["respiratory_rate", "16", "/min"],
        &["spo2", "97", "%"],
        &["oxygen_therapy", "air"],
        &["systolic_blood_pressure", "120", "mm[Hg]"],
        &["heart_rate", "70", "/min"],
        &["consciousness", "alert"],
        &["temperature", "37.0", "Cel"],
    ];
    let vitals = normal.iter().filter_map(|rest| observation(rest, &subject, at, at, "final"));
    let person = person(patient, "1950-06-15", "female", None);
    let stay = stay(patient, "inpatient", "5 West", at, None);
    let resources = [person, stay].into_iter().chain(vitals);
    resources.map(|resource| Happening { resource, feed: Feed::Clinical }).collect()
}

fn person(patient: &str, birth: &str, sex: &str, died: Option<Timestamp>) -> Json {
    let mut person =
        json!({ "resourceType": "Patient", "id": patient, "birthDate": birth, "gender": sex });
    if let (Some(died), Some(fields)) = (died, person.as_object_mut()) {
        fields.insert("deceasedDateTime".to_owned(), json!(died.to_string()));
    }
    person
}

fn stay(patient: &str, setting: &str, ward: &str, at: Timestamp, end: Option<Timestamp>) -> Json {
    let class = match setting {
        "inpatient" => "IMP",
        "emergency" => "EMER",
        _ => "AMB",
    };
    let (status, period) = match end {
        Some(end) => {
            ("finished", json!({ "start": "2025-12-31T00:00:00Z", "end": end.to_string() }))
        }
        None => ("in-progress", json!({ "start": at.to_string() })),
    };
    json!({
        "resourceType": "Encounter",
        "id": format!("{patient}-{setting}"),
        "meta": { "lastUpdated": end.unwrap_or(at).to_string() },
        "status": status,
        "class": { "code": class },
        "subject": { "reference": format!("Patient/{patient}") },
        "period": period,
        "location": [{ "location": { "display": ward } }],
    })
}

fn state(name: &str, subject: &Json, at: Timestamp, end: Option<Timestamp>) -> Option<Json> {
    let state = Standing::named(name)?;
    let period = match end {
        Some(end) => json!({ "start": "2025-12-31T00:00:00Z", "end": end.to_string() }),
        None => json!({ "start": at.to_string() }),
    };
    Some(json!({
        "resourceType": "Flag",
        "id": format!("{}-{state}", subject["reference"].as_str()?.trim_start_matches("Patient/")),
        "meta": { "lastUpdated": at.to_string() },
        "status": if end.is_some() { "inactive" } else { "active" },
        "code": { "coding": [{ "system": "urn:story:states", "code": state.name() }] },
        "subject": subject,
        "period": period,
    }))
}

/// `respiratory_rate 25 /min`, `consciousness voice`: its id is the signal and the time it was true,
/// so that a correction is another version of it.
fn observation(
    words: &[&str],
    subject: &Json,
    at: Timestamp,
    issued: Timestamp,
    status: &str,
) -> Option<Json> {
    let (name, value) = words.split_first()?;
    let signal = Signal::named(name)?;
    let mut observation = json!({
        "resourceType": "Observation",
        "id": format!("{name}-{}", at.micros()),
        "status": status,
        "code": { "coding": [{ "system": "urn:story:signals", "code": name }] },
        "subject": subject,
        "effectiveDateTime": at.to_string(),
        "issued": issued.to_string(),
    });
    let fields = observation.as_object_mut()?;
    match value {
        [answer] if signal.is_category() => {
            signal.answer(answer)?;
            let coding = json!({ "system": "urn:story:answers", "code": answer });
            fields.insert("valueCodeableConcept".to_owned(), json!({ "coding": [coding] }));
        }
        _ if signal.is_category() => {
            fields.insert("valueString".to_owned(), json!("not read"));
        }
        [number, unit @ ..] => {
            let number: serde_json::Number = serde_json::from_str(number).ok()?;
            let quantity = json!({ "value": number, "unit": unit.join(" ") });
            fields.insert("valueQuantity".to_owned(), quantity);
        }
        [] => return None,
    }
    Some(observation)
}
