//! One patient's stay: arrival, rounds, bloods, transfer, discharge.

use crate::demo::chance::Chance;
use crate::demo::charting::send_round;
use crate::demo::clinic::creatinine;
use crate::demo::desk::Desk;
use crate::demo::fhir::{hl7_concept, meta, named_reference, next_local, period, reference};
use crate::demo::illness::Illness;
use crate::demo::json::{Json, object};
use crate::demo::laboratory::{CREATININE, HEMOGLOBIN, LEUKOCYTES, Laboratory, POTASSIUM};
use crate::demo::laboratory::{SODIUM, Sample};
use crate::demo::orders::{Prescription, care_team, condition};
use crate::demo::person::Person;
use crate::demo::places::{EMERGENCY, Ward};
use crate::demo::profile::Profile;
use crate::demo::script::{Waypoint, next_round, vitals_at};
use crate::demo::sender::{Round, Sender};
use crate::domain::time::{Span, Timestamp};

/// A stay.
#[derive(Clone, Debug)]
pub struct Stay {
    /// Its number among all stays: a task of an earlier patient of the bed is recognised by it.
    pub number: i64,
    /// Whose it is.
    pub person: Person,
    /// What they come with.
    pub profile: &'static Profile,
    /// What their rounds find.
    pub course: Course,
    /// Who draws their bloods.
    pub bloods: Bloods,
    /// When they arrive.
    pub arrived_at: Timestamp,
    /// Their own stream of chance.
    pub chance: Chance,
    /// Where they lay, in order, and since when; at most the emergency department and one ward.
    pub places: Vec<Place>,
    /// The last round.
    pub charted_at: Timestamp,
    /// The newest version of the Encounter.
    pub version: i64,
}

/// A bed of a ward, from a time on.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The ward.
    pub ward: &'static Ward,
    /// The bed.
    pub bed_number: i64,
    /// Since when.
    pub since: Timestamp,
}

/// What a patient's rounds find.
#[derive(Clone, Copy, Debug)]
pub enum Course {
    /// What chance brings.
    Ordinary(Illness),
    /// What a story tells.
    Told(&'static [Waypoint]),
}

/// Who draws a patient's bloods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bloods {
    /// The ward, on arrival and every morning.
    Drawn,
    /// A story.
    Told,
}

/// Numbers of a patient's conditions and medicines from the stay start here; those from before
/// count from 1.
const NUMBER_OF_STAY: i64 = 50;

impl Stay {
    /// The id of the Encounter of a patient's stay.
    pub fn encounter_id(patient: &str) -> String {
        format!("enc-{patient}")
    }

    /// Sends the arrival: the Encounter, the reason, the care team, what is ordered.
    pub fn admit(&mut self, desk: &mut Desk, place: Place) {
        let patient = self.person.id.clone();
        let encounter = Stay::encounter_id(&patient);
        self.places.push(place);
        self.charted_at = desk.now;
        desk.ehr(desk.now, &self.encounter(desk.now, None));
        let reason = self.profile.reason;
        let at = desk.after(20);
        desk.ehr(at, &condition(&patient, NUMBER_OF_STAY, reason, desk.now, at));
        desk.ehr(desk.after(40), &care_team((&patient, &encounter), place.ward, desk.after(40)));
        for order in self.given(desk.now) {
            desk.ehr(desk.after(600), &order.active(desk.after(600)));
        }
    }

    fn given(&self, ordered: Timestamp) -> Vec<Prescription<'_>> {
        let order = |(number, medicine): (i64, &&'static _)| Prescription {
            patient: &self.person.id,
            number,
            medicine,
            ordered,
            category: "inpatient",
        };
        (NUMBER_OF_STAY..).zip(self.profile.given).map(order).collect()
    }

    /// Sends a charting round and says when the next one is; none before the arrival.
    pub fn chart(&mut self, desk: &mut Desk, start: Timestamp) -> Option<Timestamp> {
        let place = self.places.last().copied()?;
        let usual = Span::from_hours(if *place.ward == EMERGENCY { 2 } else { 4 });
        let elapsed = desk.now.since(self.charted_at);
        self.charted_at = desk.now;
        let (vitals, written_after, next) = match &mut self.course {
            Course::Ordinary(illness) => {
                illness.pass(elapsed, &mut self.chance);
                let vitals = self.profile.usual.ill(illness.severity()).measured(&mut self.chance);
                let late = Span::from_minutes(self.chance.between(-9, 9));
                let next = desk.now.plus(illness.interval(usual)).plus(late);
                (Some(vitals), Span::from_minutes(self.chance.between(1, 6)), next)
            }
            Course::Told(script) => {
                let vitals = vitals_at(script, start, desk.now);
                let next = next_round(script, start, desk.now, usual);
                (vitals.map(|v| v.wobbled(&mut self.chance)), TOLD_WRITTEN_AFTER, next)
            }
        };
        if let Some(vitals) = vitals {
            let round = Round {
                patient: &self.person.id,
                encounter: &Stay::encounter_id(&self.person.id),
                effective: desk.now.minus(written_after),
            };
            send_round(desk, Sender::of(place.ward, place.bed_number), &round, &vitals);
        }
        Some(next)
    }

    /// Sends a blood draw and says when the next one is: tomorrow morning.
    pub fn draw_blood(&mut self, desk: &mut Desk) -> Timestamp {
        let encounter = Stay::encounter_id(&self.person.id);
        let is_emergency = self.places.last().is_some_and(|place| *place.ward == EMERGENCY);
        let laboratory = if is_emergency { Laboratory::Satellite } else { Laboratory::Central };
        let severity = match self.course {
            Course::Ordinary(illness) => illness.severity(),
            Course::Told(_) => 0,
        };
        let chance = &mut self.chance;
        let results = [
            (&CREATININE, creatinine(self.profile, chance)),
            (&POTASSIUM, chance.between(37, 48)),
            (&SODIUM, chance.between(135, 144)),
            (&HEMOGLOBIN, chance.between(98, 148)),
            (&LEUKOCYTES, chance.between(55, 98) + severity),
        ];
        let sample =
            Sample { patient: &self.person.id, encounter: Some(&encounter), collected: desk.now };
        laboratory.send_panel(desk, &sample, &results, chance);
        next_local(desk.now, 5, chance.between(30, 59)).plus(Span::from_minutes(1))
    }

    /// Whether the patient is well enough to leave.
    pub fn is_fit_to_leave(&self) -> bool {
        match self.course {
            Course::Ordinary(illness) => illness.is_fit_to_leave(),
            Course::Told(_) => true,
        }
    }

    /// Sends the move to another ward.
    pub fn transfer(&mut self, desk: &mut Desk, place: Place) {
        self.places.push(place);
        self.version += 1;
        let encounter = Stay::encounter_id(&self.person.id);
        desk.ehr(desk.now, &self.encounter(desk.now, None));
        desk.ehr(
            desk.after(30),
            &care_team((&self.person.id, &encounter), place.ward, desk.after(30)),
        );
    }

    /// Sends the discharge: the Encounter has ended, and so have its orders.
    pub fn leave(&mut self, desk: &mut Desk) {
        self.version += 1;
        desk.ehr(desk.now, &self.encounter(desk.now, Some(desk.now)));
        for order in self.given(self.arrived_at) {
            desk.ehr(desk.after(10), &order.stopped(desk.after(10)));
        }
    }

    fn encounter(&self, at: Timestamp, ended: Option<Timestamp>) -> Json {
        let class = self.places.last().map(|place| {
            object! {
                "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
                "code": place.ward.class,
                "display": place.ward.class_display,
            }
        });
        let ends = self.places.iter().skip(1).map(|next| Some(next.since)).chain([ended]);
        let locations = self.places.iter().zip(ends).flat_map(|(place, end)| place.locations(end));
        object! {
            "resourceType": "Encounter",
            "id": Stay::encounter_id(&self.person.id),
            "meta": meta(self.version, at),
            "status": if ended.is_some() { "finished" } else { "in-progress" },
            "class": class,
            "subject": reference("Patient", &self.person.id),
            "period": period(self.arrived_at, ended),
            "reasonCode": [self.profile.reason.concept()],
            "location": locations.collect::<Vec<Json>>(),
        }
    }
}

/// A round of a story is written down this long after it was made.
pub const TOLD_WRITTEN_AFTER: Span = Span::from_minutes(2);

impl Place {
    /// The ward and the bed, as elements of `Encounter.location`.
    fn locations(&self, ended: Option<Timestamp>) -> [Json; 2] {
        let status = if ended.is_some() { "completed" } else { "active" };
        let location = |id: String, name: &str, kind: &str| {
            object! {
                "location": named_reference("Location", &id, name),
                "status": status,
                "physicalType": hl7_concept("location-physical-type", kind),
                "period": period(self.since, ended),
            }
        };
        let bed_name = self.ward.bed_name(self.bed_number);
        [
            location(self.ward.location_id(), self.ward.name, "wa"),
            location(self.ward.bed_id(self.bed_number), &bed_name, "bd"),
        ]
    }
}
