//! States that stand and gate rules: comfort care, an order for scale 2, dialysis, pregnancy, planned
//! contrast. Their vitals, where told, stand in `cast`; the codes are mapped by the site file.

use crate::demo::cast::{COMFORT_CARE, CONTRAST, DIALYSIS, PREGNANT, SCALE_2};
use crate::demo::codes;
use crate::demo::desk::Desk;
use crate::demo::fhir::{compact, hl7_concept, meta, reference};
use crate::demo::json::object;
use crate::demo::orders::{Occurrence, care_plan, flag, procedure, service_request};
use crate::demo::stay::Stay;
use crate::demo::stories::scene::{Scene, days, hours};
use crate::domain::time::{Span, Timestamp};

/// The minute at which contrast is ordered.
pub const CONTRAST_MINUTE: i64 = 50;

/// The scenes.
pub fn scenes(start: Timestamp) -> Vec<Scene> {
    let mut scenes = vec![
        Scene::at_minute(start, -hours(42), comfort_care),
        Scene::at_minute(start, -hours(24), scale_2),
        Scene::at_minute(start, -50, pregnancy),
        Scene::at_minute(start, CONTRAST_MINUTE, contrast),
    ];
    // Three sessions a week, as long as anybody watches: four weeks.
    let sessions = (-60..28).filter(|day| day % 7 < 5 && day % 7 % 2 == 0);
    scenes.extend(sessions.map(|day| Scene::at_minute(start, days(day) - 300, dialysis)));
    scenes
}

fn comfort_care(desk: &mut Desk) {
    let encounter = Stay::encounter_id(COMFORT_CARE);
    let whose = (COMFORT_CARE, encounter.as_str());
    let now = desk.now;
    desk.ehr(now, &care_plan(whose, &codes::COMFORT_CARE_PLAN, now));
    desk.ehr(desk.after(30), &flag(whose, "comfort", &codes::COMFORT_CARE_FLAG, desk.after(30)));
}

/// The order holds for four days.
fn scale_2(desk: &mut Desk) {
    let encounter = Stay::encounter_id(SCALE_2);
    let whose = (SCALE_2, encounter.as_str());
    let period = Occurrence::During(desk.now, desk.now.plus(Span::from_days(4)));
    let code = &codes::SPO2_SCALE_2_ORDER;
    desk.ehr(desk.now, &service_request(whose, "scale-2", code, period, desk.now));
}

fn contrast(desk: &mut Desk) {
    let encounter = Stay::encounter_id(CONTRAST);
    let whose = (CONTRAST, encounter.as_str());
    let scan = Occurrence::Once(desk.now.plus(Span::from_hours(3)));
    let order = service_request(whose, "contrast", &codes::CONTRAST_ORDER, scan, desk.now);
    desk.ehr(desk.now, &order);
}

fn pregnancy(desk: &mut Desk) {
    let status = object! {
        "resourceType": "Observation",
        "id": format!("{PREGNANT}-pregnancy-{}", compact(desk.now)),
        "meta": meta(1, desk.now),
        "status": "final",
        "category": [hl7_concept("observation-category", "social-history")],
        "code": codes::PREGNANCY_STATUS.concept(),
        "subject": reference("Patient", PREGNANT),
        "encounter": reference("Encounter", &Stay::encounter_id(PREGNANT)),
        "effectiveDateTime": desk.now.to_string(),
        "valueCodeableConcept": codes::PREGNANT.concept(),
    };
    desk.ehr(desk.now, &status);
}

fn dialysis(desk: &mut Desk) {
    let session = (desk.now.minus(Span::from_hours(4)), desk.now);
    let name = format!("dialysis-{}", compact(session.0));
    let done = procedure(DIALYSIS, &name, &codes::RENAL_DIALYSIS, session, desk.now);
    desk.ehr(desk.now, &done);
}
