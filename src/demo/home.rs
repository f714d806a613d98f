//! Patients who are looked after at home, with the devices they were lent and the watch they bought.
//!
//! | group | cleared devices (`demo.home`) | how often |
//! |---|---|---|
//! | heart failure | scale, cuff | every morning; cuff also in the evening |
//! | diabetes | glucose sensor, scale | every 15 minutes; every morning |
//! | lung disease | oximeter | morning and evening |
//! | hypertension | cuff | morning and evening |
//!
//! Watches (`demo.wearables`) are consumer devices: heart rate every quarter of an hour, yesterday's
//! steps and sleep in the morning.

use crate::demo::cast::{LATE_UPLOAD, WEIGHT_GAIN};
use crate::demo::chance::Chance;
use crate::demo::clinic;
use crate::demo::desk::{Desk, DeviceClass};
use crate::demo::fhir::{local_day, next_local};
use crate::demo::json::{Json, object};
use crate::demo::person::{Person, born};
use crate::demo::profile::{AT_HOME, Profile};
use crate::demo::wearable::{self, Schema};
use crate::domain::person::Sex;
use crate::domain::time::{Span, Timestamp};

/// A patient at home.
#[derive(Debug)]
pub struct HomePatient {
    person: Person,
    profile: &'static Profile,
    group: Group,
    watch: Watch,
    chance: Chance,
    weight_tenths: i64,
    gains_from: Option<Timestamp>,
    glucose: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Group {
    HeartFailure,
    Diabetes,
    LungDisease,
    Hypertension,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Watch {
    Chronofit,
    Pulseband,
    /// Its uploads are a story's.
    Told,
}

/// Something that happens at a patient's home, or on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Routine {
    /// The record system meets the patient.
    Introduce,
    /// A visit to the clinic.
    Visit,
    /// The devices are handed out.
    Enrol,
    /// Morning measurements.
    Morning,
    /// Evening measurements.
    Evening,
    /// A quarter of an hour of the watch.
    Watch,
    /// A quarter of an hour of the glucose sensor.
    Sensor,
    /// Yesterday's steps and last night's sleep.
    Day,
}

/// How long a device collects before it uploads.
const UPLOAD_INTERVAL: Span = Span::from_minutes(15);
/// What failing hearts add in a day, in tenths of a kilogram, and for how many days.
const GAIN_TENTHS_PER_DAY: i64 = 6;
const GAIN_DAYS_MAX: i64 = 8;
const KIT: &str = "Twinstream Demo Home Kit";
const CHRONOFIT: &str = "Chronofit (invented)";
/// The watch with the header that names no user.
pub const PULSEBAND: &str = "urn:demo:datasheet:pulseband-3";

impl HomePatient {
    /// The patients at home and what is planned for them; the first two are people of stories.
    pub fn all(
        seed: u64,
        start: Timestamp,
        n_patients: u32,
    ) -> (Vec<HomePatient>, Vec<(Timestamp, usize, Routine)>) {
        let mut plans = Vec::new();
        let mut patients = Vec::new();
        for number in 0..i64::from(n_patients.max(2)) {
            let mut patient = HomePatient::new(seed, start, number);
            let chance = &mut patient.chance;
            let mut plan = |at, routine| plans.push((at, patients.len(), routine));
            let minutes = |chance: &mut Chance| Span::from_minutes(chance.between(0, 14));
            plan(start.minus(Span::from_days(chance.between(600, 900))), Routine::Introduce);
            let enrolled = start.minus(Span::from_minutes(chance.between(12 * 1_440, 20 * 1_440)));
            plan(enrolled, Routine::Enrol);
            let (hour, minute) = (chance.between(6, 9), chance.between(0, 59));
            plan(next_local(enrolled, hour, minute), Routine::Morning);
            plan(next_local(enrolled, hour + 12, minute), Routine::Evening);
            if patient.watch != Watch::Told {
                plan(start.minus(Span::from_hours(5)).plus(minutes(chance)), Routine::Watch);
                plan(next_local(enrolled, hour, minute / 2), Routine::Day);
            }
            if patient.group == Group::Diabetes {
                plan(start.minus(Span::from_hours(12)).plus(minutes(chance)), Routine::Sensor);
            }
            patients.push(patient);
        }
        (patients, plans)
    }

    fn new(seed: u64, start: Timestamp, number: i64) -> HomePatient {
        let (id, told) = match number {
            0 => (LATE_UPLOAD.to_owned(), Some(("Loremson", "Paloma", Sex::Female, 59))),
            1 => (WEIGHT_GAIN.to_owned(), Some(("Copyfield", "Nuno", Sex::Male, 77))),
            _ => (format!("demo-{}", 3_000 + number), None),
        };
        let mut chance = Chance::labelled(seed, &id);
        let group = match (number, number % 4) {
            (1, _) | (_, 2) => Group::HeartFailure,
            (0, _) | (_, 3) => Group::Diabetes,
            (_, 0) => Group::LungDisease,
            _ => Group::Hypertension,
        };
        let [heart_failure, diabetes, lung_disease, hypertension] = AT_HOME;
        let profile = match group {
            Group::HeartFailure => heart_failure,
            Group::Diabetes => diabetes,
            Group::LungDisease => lung_disease,
            Group::Hypertension => hypertension,
        };
        let invented = Person::invent(id, profile.ages, start, &mut chance);
        let person = match told {
            Some((family, given, sex, age)) => {
                Person { family, given, sex, birth: born(start, age, 50), ..invented }
            }
            None => invented,
        };
        let watch = match number % 2 {
            _ if number == 0 => Watch::Told,
            0 => Watch::Chronofit,
            _ => Watch::Pulseband,
        };
        let weight_tenths = chance.between(580, 990);
        let gains_from = Some(start.minus(Span::from_days(3))).filter(|_| number == 1);
        let glucose = chance.between(110, 170);
        HomePatient { person, profile, group, watch, chance, weight_tenths, gains_from, glucose }
    }

    /// Does a routine and says when it comes again, if it does.
    pub fn run(&mut self, routine: Routine, desk: &mut Desk) -> Option<(Timestamp, Routine)> {
        let tomorrow = desk.now.plus(Span::from_days(1));
        let next = match routine {
            Routine::Introduce => {
                clinic::introduce(desk, &self.person, self.profile, &mut self.chance);
                desk.now.plus(Span::from_days(self.chance.between(5, 90)))
            }
            Routine::Visit => {
                clinic::visit(desk, &self.person, self.profile, &mut self.chance);
                desk.now.plus(Span::from_minutes(self.chance.between(90 * 1_440, 150 * 1_440)))
            }
            Routine::Enrol => {
                desk.ehr(desk.now, &clinic::home_stay(&self.person, desk));
                return None;
            }
            Routine::Morning => {
                self.measure_morning(desk);
                tomorrow
            }
            Routine::Evening => {
                self.measure_evening(desk);
                tomorrow
            }
            Routine::Watch => {
                self.upload_heart_rates(desk);
                desk.now.plus(UPLOAD_INTERVAL)
            }
            Routine::Sensor => {
                self.upload_glucose(desk);
                desk.now.plus(UPLOAD_INTERVAL)
            }
            Routine::Day => {
                self.upload_day(desk);
                tomorrow
            }
        };
        let again = if routine == Routine::Introduce { Routine::Visit } else { routine };
        Some((next, again))
    }

    fn measure_morning(&mut self, desk: &mut Desk) {
        match self.group {
            Group::HeartFailure => {
                self.weigh(desk);
                self.measure_pressure(desk);
            }
            Group::Diabetes => self.weigh(desk),
            Group::LungDisease => self.measure_saturation(desk),
            Group::Hypertension => self.measure_pressure(desk),
        }
    }

    fn measure_evening(&mut self, desk: &mut Desk) {
        match self.group {
            Group::HeartFailure | Group::Hypertension => self.measure_pressure(desk),
            Group::LungDisease => self.measure_saturation(desk),
            Group::Diabetes => {}
        }
    }

    fn weigh(&mut self, desk: &mut Desk) {
        let gained_days = self.gains_from.map_or(0, |from| desk.now.since(from).whole_days());
        let gained = GAIN_TENTHS_PER_DAY * gained_days.clamp(0, GAIN_DAYS_MAX);
        let weight = self.weight_tenths + gained + self.chance.between(-2, 2);
        let body = object! {
            "body_weight": wearable::unit_value(weight, 1, "kg"),
            "effective_time_frame": wearable::instant(desk.now),
        };
        self.send_from_kit(desk, wearable::BODY_WEIGHT, body);
    }

    fn measure_pressure(&mut self, desk: &mut Desk) {
        let usual = self.profile.usual;
        let systolic = usual.systolic + self.chance.between(-9, 9);
        let diastolic = usual.diastolic + self.chance.between(-6, 6);
        let body = object! {
            "systolic_blood_pressure": wearable::unit_value(systolic, 0, "mmHg"),
            "diastolic_blood_pressure": wearable::unit_value(diastolic, 0, "mmHg"),
            "body_posture": "sitting",
            "measurement_location": "left upper arm",
            "effective_time_frame": wearable::instant(desk.now),
        };
        self.send_from_kit(desk, wearable::BLOOD_PRESSURE, body);
    }

    fn measure_saturation(&mut self, desk: &mut Desk) {
        let saturation = self.profile.usual.spo2 + self.chance.between(-2, 1);
        let body = object! {
            "oxygen_saturation": wearable::unit_value(saturation, 0, "%"),
            "system": "peripheral capillary",
            "measurement_method": "pulse oximetry",
            "effective_time_frame": wearable::instant(desk.now),
        };
        self.send_from_kit(desk, wearable::OXYGEN_SATURATION, body);
    }

    fn send_from_kit(&mut self, desk: &mut Desk, schema: Schema, body: Json) {
        let at = desk.after(self.chance.between(20, 400));
        let user = (self.person.id.as_str(), KIT);
        let point = wearable::data_point(schema, user, desk.now, body, &mut self.chance);
        desk.upload(at, &self.person.id, DeviceClass::Cleared, point);
    }

    /// Three readings, five minutes apart.
    fn upload_glucose(&mut self, desk: &mut Desk) {
        let mut bodies = Vec::new();
        for minutes in [10, 5, 0] {
            self.glucose += self.chance.between(-7, 7) + (140 - self.glucose) / 24;
            let at = desk.now.minus(Span::from_minutes(minutes));
            bodies.push(object! {
                "blood_glucose": wearable::unit_value(self.glucose, 0, "mg/dL"),
                "specimen_source": "interstitial fluid",
                "effective_time_frame": wearable::instant(at),
            });
        }
        let schema = wearable::BLOOD_GLUCOSE;
        let series = wearable::data_series(schema, KIT, desk.now, bodies, &mut self.chance);
        desk.upload(desk.after(30), &self.person.id, DeviceClass::Cleared, series);
    }

    fn upload_heart_rates(&mut self, desk: &mut Desk) {
        let (_, hour) = local_day(desk.now);
        let resting = self.profile.usual.pulse - 6;
        let chance = &mut self.chance;
        let mut body = |minutes| {
            let at = desk.now.minus(Span::from_minutes(minutes));
            wearable::heart_rate(wearable::pulse_at(hour, resting, chance), at)
        };
        let user = (self.person.id.as_str(), CHRONOFIT);
        let schema = wearable::HEART_RATE;
        let payload = match self.watch {
            Watch::Told => return,
            Watch::Chronofit => {
                let body = body(0);
                wearable::data_point(schema, user, desk.now, body, &mut self.chance)
            }
            Watch::Pulseband => {
                let bodies = (0..15).rev().map(body).collect();
                wearable::data_series(schema, PULSEBAND, desk.now, bodies, &mut self.chance)
            }
        };
        let at = desk.after(self.chance.between(5, 240));
        desk.upload(at, &self.person.id, DeviceClass::Consumer, payload);
    }

    fn upload_day(&mut self, desk: &mut Desk) {
        let (today, _) = local_day(desk.now);
        let yesterday = today.minus(Span::from_days(1));
        let chance = &mut self.chance;
        let asleep = today.minus(Span::from_minutes(chance.between(30, 100)));
        let awake = today.plus(Span::from_minutes(chance.between(320, 345)));
        let minutes = awake.since(asleep).whole_seconds() / 60 - chance.between(10, 60);
        let sleep = wearable::sleep_episode(minutes, asleep, awake);
        let user = (self.person.id.as_str(), CHRONOFIT);
        let (schema, of_sleep) = (wearable::STEP_COUNT, wearable::SLEEP_EPISODE);
        let payloads = match self.watch {
            Watch::Told => return,
            Watch::Chronofit => {
                let steps = wearable::step_count(chance.between(1_800, 9_000), yesterday, today);
                [
                    wearable::data_point(schema, user, desk.now, steps, chance),
                    wearable::data_point(of_sleep, user, desk.now, sleep, chance),
                ]
            }
            Watch::Pulseband => {
                let steps = wearable::daily_steps(yesterday, chance);
                [
                    wearable::data_series(schema, PULSEBAND, desk.now, steps, chance),
                    wearable::data_series(of_sleep, PULSEBAND, desk.now, vec![sleep], chance),
                ]
            }
        };
        let at = desk.after(self.chance.between(5, 900));
        for payload in payloads {
            desk.upload(at, &self.person.id, DeviceClass::Consumer, payload);
        }
    }
}
