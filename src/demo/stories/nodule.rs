//! An incidental finding: CT of the chest after a fall, and a nodule nobody was looking for.
//!
//! The preliminary report does not measure it; the final one does (7 mm, solid, right upper lobe) and
//! carries it as a structured finding.

use crate::demo::cast::{MEMBERS, NODULE};
use crate::demo::codes;
use crate::demo::desk::Desk;
use crate::demo::imaging::{CT_CHEST, Study};
use crate::demo::person::{Person, born};
use crate::demo::stay::Stay;
use crate::demo::stories::scene::{Scene, version};
use crate::domain::time::{Span, Timestamp};

/// The nodule's mean diameter.
pub const DIAMETER_MM: i64 = 7;

const PRELIMINARY: &str = "Undisplaced fracture of the right seventh rib. No pneumothorax. Small \
                           nodular density in the right upper lobe, to be characterised.";
const FINAL: &str = "Undisplaced fracture of the right seventh rib. No pneumothorax or haemothorax. \
                     Incidental 7 mm solid nodule in the right upper lobe, not calcified; no prior \
                     study for comparison. No lymphadenopathy.";

/// The scenes.
pub fn scenes(start: Timestamp) -> Vec<Scene> {
    let scene = |minute, play: fn(&mut Desk, &Study<'_>)| {
        Scene::at_minute(start, minute, move |desk| {
            let person = patient(start);
            let started = start.plus(Span::from_minutes(2));
            let study = Study::new(&person, Stay::encounter_id(NODULE), &CT_CHEST, started);
            play(desk, &study);
        })
    };
    vec![
        scene(-35, |desk, study| study.order(desk, desk.now)),
        scene(5, |desk, study| study.archive(desk, desk.now)),
        scene(6, |desk, study| study.announce(desk, desk.now)),
        scene(12, |desk, study| {
            study.report(desk, PRELIMINARY, &[], &[], version(desk, 1, "preliminary"));
        }),
        scene(40, |desk, study| {
            let finding = study.nodule(desk, DIAMETER_MM, version(desk, 1, "final"));
            let codes = [&codes::LUNG_NODULE, &codes::RIB_FRACTURE];
            study.report(desk, FINAL, &codes, &[finding], version(desk, 2, "final"));
        }),
    ]
}

fn patient(start: Timestamp) -> Person {
    let member = MEMBERS.iter().find(|member| member.id == NODULE);
    let member = member.expect("the patient is one of the members");
    let ((family, given), sex) = (member.name, member.sex);
    Person { id: NODULE.to_owned(), family, given, sex, birth: born(start, member.age, 100) }
}
