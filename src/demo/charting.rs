//! A charting round: everything found at one bedside at one time, as its sender sends it.

use crate::demo::desk::Desk;
use crate::demo::fhir::{TimeStyle, compact, meta};
use crate::demo::json::{Json, object};
use crate::demo::record::VITALS;
use crate::demo::sender::{Round, Sender, Version};
use crate::demo::vitals::Vitals;
use crate::domain::time::Timestamp;

/// Sends a round: as one Bundle, or Observation by Observation, a second apart.
pub fn send_round(desk: &mut Desk, sender: Sender, round: &Round<'_>, vitals: &Vitals) {
    let findings = sender.findings(vitals);
    let version = |issued| Version { number: 1, status: "final", issued };
    if sender == Sender::BedsideChart {
        let issued = desk.now;
        let write = |finding| sender.observation(round, finding, version(issued));
        let observations = findings.iter().map(write).collect();
        let id = format!("{}-round-{}", round.patient, compact(round.effective));
        let bundle = collection(&id, observations, issued).written(sender.layout());
        desk.fhir(VITALS, issued, Some(round.patient), bundle);
        return;
    }
    for (seconds, finding) in (0..).zip(&findings) {
        let issued = desk.after(seconds);
        let observation = sender.observation(round, finding, version(issued));
        let payload = observation.written(sender.layout());
        desk.fhir(VITALS, issued, Some(round.patient), payload);
    }
}

/// A `collection` Bundle.
fn collection(id: &str, resources: Vec<Json>, at: Timestamp) -> Json {
    let entry = |resource: Json| {
        let url = format!("http://demo.invalid/fhir/Observation/{}", text_of(&resource, "id"));
        object! { "fullUrl": url, "resource": resource }
    };
    object! {
        "resourceType": "Bundle",
        "id": id,
        "meta": meta(1, at),
        "type": "collection",
        "timestamp": TimeStyle::Milliseconds.written(at),
        "entry": resources.into_iter().map(entry).collect::<Vec<Json>>(),
    }
}

fn text_of<'j>(resource: &'j Json, element: &str) -> &'j str {
    let Json::Object(elements) = resource else { return "" };
    match elements.iter().find(|(name, _)| *name == element) {
        Some((_, Json::Text(text))) => text,
        _ => "",
    }
}
