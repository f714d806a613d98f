//! A wrong result and its correction: a respiratory rate of 35 is charted for a well patient, and
//! fifteen minutes later the same Observation says 15.
//!
//! The wrong round is a row of the script in `cast`; here is the correction. It comes before the next
//! round, so that it is the correction that clears the alert, not a newer value.

use crate::demo::cast::{CORRECTED_RESULT, MEMBERS};
use crate::demo::desk::Desk;
use crate::demo::record::VITALS;
use crate::demo::sender::{Round, Sender};
use crate::demo::stay::{Stay, TOLD_WRITTEN_AFTER};
use crate::demo::stories::scene::{Scene, version};
use crate::domain::time::{Span, Timestamp};

/// The minute of the wrong round.
pub const WRONG_MINUTE: i64 = 20;
/// The minute of the correction.
pub const CORRECTED_MINUTE: i64 = 35;
/// What it should have been.
pub const RESPIRATORY_RATE: i64 = 15;

/// The scenes.
pub fn scenes(start: Timestamp) -> Vec<Scene> {
    let correct = move |desk: &mut Desk| {
        let sender = sender();
        let round = Round {
            patient: CORRECTED_RESULT,
            encounter: &Stay::encounter_id(CORRECTED_RESULT),
            effective: start.plus(Span::from_minutes(WRONG_MINUTE)).minus(TOLD_WRITTEN_AFTER),
        };
        let finding = sender.respiratory_rate(RESPIRATORY_RATE);
        let corrected = sender.observation(&round, &finding, version(desk, 2, "corrected"));
        let payload = corrected.written(sender.layout());
        desk.fhir(VITALS, desk.now, Some(CORRECTED_RESULT), payload);
    };
    vec![Scene::at_minute(start, CORRECTED_MINUTE, correct)]
}

/// The system that sends the patient's vital signs: that of the bed, which is the patient's place
/// among the people of the ward.
fn sender() -> Sender {
    let member = MEMBERS.iter().find(|member| member.id == CORRECTED_RESULT);
    let ward = member.expect("the patient is one of the members").ward;
    let on_ward = MEMBERS.iter().filter(|member| *member.ward == *ward);
    let bed = (1..).zip(on_ward).find(|(_, member)| member.id == CORRECTED_RESULT);
    Sender::of(ward, bed.map_or(1, |(number, _)| number))
}
