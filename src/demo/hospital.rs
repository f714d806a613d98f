//! The hospital: an endless iterator over the records its feeds send, in order of time.
//!
//! First comes the backlog, nearly three years of visits, results and stays, all before the start; then
//! life from the start on. Records are made when their time comes, so that memory holds the patients
//! who are here and what is planned for them, however long it runs.

use std::fmt;

use crate::demo::agenda::Agenda;
use crate::demo::census::{BedTask, Census};
use crate::demo::chance::Chance;
use crate::demo::desk::Desk;
use crate::demo::fault::send_fault;
use crate::demo::home::{HomePatient, Routine};
use crate::demo::imaging::chest_film;
use crate::demo::places;
use crate::demo::record::SimulatedRecord;
use crate::demo::stay::{Course, Stay};
use crate::demo::stories;
use crate::demo::stories::scene::Play;
use crate::domain::time::{Span, Timestamp};

/// What is chosen about a hospital.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HospitalConfig {
    /// What everything that chance brings is made of.
    pub seed: u64,
    /// The hospital's time at the beginning; a part of a second is rounded up.
    pub start: Timestamp,
    /// Patients on the three wards; the twelve of the stories are there in any case.
    pub n_ward_patients: u32,
    /// Patients at home; the two of the stories are there in any case.
    pub n_home_patients: u32,
}

impl HospitalConfig {
    /// Three wards of fourteen beds and twenty-four patients at home.
    pub const fn starting_at(start: Timestamp) -> HospitalConfig {
        HospitalConfig { seed: 7, start, n_ward_patients: 42, n_home_patients: 24 }
    }
}

/// The hospital.
#[derive(Debug)]
pub struct Hospital {
    agenda: Agenda<Entry>,
    census: Census,
    at_home: Vec<HomePatient>,
    chance: Chance,
    n_faults: i64,
}

enum Entry {
    Record(SimulatedRecord),
    Task(Task),
}

enum Task {
    Open,
    Bed(BedTask),
    Home(usize, Routine),
    Scene(Play),
    Film,
    Fault,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Entry::Record(_) => "record",
            Entry::Task(_) => "task",
        })
    }
}

/// The places are known this long before the start, everyone later.
const OPENED_BEFORE: Span = Span::from_days(1_010);
/// The first fault comes while people still look at the beginning.
const FIRST_FAULT: Span = Span::from_minutes(8);
/// The first film.
const FIRST_FILM: Span = Span::from_minutes(17);

impl Hospital {
    /// A hospital before its first record.
    pub fn new(config: HospitalConfig) -> Hospital {
        let start = whole_second(config.start);
        let seed = config.seed;
        let mut agenda = Agenda::new();
        let (census, beds) = Census::new(seed, start, config.n_ward_patients);
        let (at_home, routines) = HomePatient::all(seed, start, config.n_home_patients);
        agenda.plan(start.minus(OPENED_BEFORE), Entry::Task(Task::Open));
        for (at, task) in beds {
            agenda.plan(at, Entry::Task(Task::Bed(task)));
        }
        for (at, index, routine) in routines {
            agenda.plan(at, Entry::Task(Task::Home(index, routine)));
        }
        for scene in stories::scenes(seed, start) {
            agenda.plan(scene.at, Entry::Task(Task::Scene(scene.play)));
        }
        agenda.plan(start.plus(FIRST_FAULT), Entry::Task(Task::Fault));
        agenda.plan(start.plus(FIRST_FILM), Entry::Task(Task::Film));
        Hospital { agenda, census, at_home, chance: Chance::labelled(seed, "desk"), n_faults: 0 }
    }

    /// How many records and tasks are planned: what memory holds beside the patients.
    pub fn n_planned(&self) -> usize {
        self.agenda.n_open()
    }

    fn run(&mut self, now: Timestamp, task: Task) {
        let mut desk = Desk::at(now);
        let mut follows: Vec<(Timestamp, Task)> = Vec::new();
        match task {
            Task::Open => {
                desk.ehr(now, &places::hospital(now));
                self.census.open(&mut desk);
            }
            Task::Bed(task) => {
                let plans = self.census.run(task, &mut desk).into_iter();
                follows.extend(plans.map(|(at, task)| (at, Task::Bed(task))));
            }
            Task::Home(index, routine) => {
                let patient = self.at_home.get_mut(index);
                let next = patient.and_then(|patient| patient.run(routine, &mut desk));
                follows.extend(next.map(|(at, routine)| (at, Task::Home(index, routine))));
            }
            Task::Scene(play) => play(&mut desk),
            Task::Film => {
                if let Some(stay) = ordinary(&self.census, now, &mut self.chance) {
                    let encounter = Stay::encounter_id(&stay.person.id);
                    chest_film(&mut desk, &stay.person, encounter, &mut self.chance);
                }
                let minutes = Span::from_minutes(self.chance.between(25, 70));
                follows.push((now.plus(minutes), Task::Film));
            }
            Task::Fault => {
                if let Some(stay) = ordinary(&self.census, now, &mut self.chance) {
                    send_fault(&mut desk, self.n_faults, &stay.person.id);
                    self.n_faults += 1;
                }
                let minutes = Span::from_minutes(self.chance.between(15, 45));
                follows.push((now.plus(minutes), Task::Fault));
            }
        }
        for record in desk.into_records() {
            self.agenda.plan(record.at, Entry::Record(record));
        }
        for (at, task) in follows {
            self.agenda.plan(at, Entry::Task(task));
        }
    }
}

impl Iterator for Hospital {
    type Item = SimulatedRecord;

    fn next(&mut self) -> Option<SimulatedRecord> {
        loop {
            match self.agenda.take_next()? {
                (_, Entry::Record(record)) => return Some(record),
                (now, Entry::Task(task)) => self.run(now, task),
            }
        }
    }
}

/// A patient of no story, so that what goes wrong changes none.
fn ordinary<'c>(census: &'c Census, now: Timestamp, chance: &mut Chance) -> Option<&'c Stay> {
    let mut picks = (0..8).filter_map(|_| census.somebody(now, chance));
    picks.find(|stay| matches!(stay.course, Course::Ordinary(_)))
}

/// The first whole second from `at` on: every time of the hospital is one.
fn whole_second(at: Timestamp) -> Timestamp {
    let second = Timestamp::from_micros(at.micros().div_euclid(1_000_000) * 1_000_000);
    if second == at { at } else { second.plus(Span::from_seconds(1)) }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use serde_json::Value;

    use super::*;
    use crate::demo::record::TOPICS;
    use crate::domain::date::Date;

    fn start() -> Timestamp {
        let day = Timestamp::from_date(Date::new(2026, 11, 8).unwrap());
        day.plus(Span::from_micros(14 * 3_600_000_000 + 500))
    }

    fn records_until(hours: i64) -> impl Iterator<Item = SimulatedRecord> {
        let end = start().plus(Span::from_hours(hours));
        Hospital::new(HospitalConfig::starting_at(start())).take_while(move |r| r.at < end)
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
        let texts = |seed| {
            let config = HospitalConfig { seed, ..HospitalConfig::starting_at(start()) };
            Hospital::new(config).take(12_000).collect::<Vec<_>>()
        };
        let first = texts(7);
        assert!(first == texts(7));
        assert!(first != texts(8));
    }

    #[test]
    fn records_come_in_order_on_known_topics_and_the_backlog_before_the_start() {
        let mut last = Timestamp::MIN;
        let mut by_topic: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
        for record in records_until(24) {
            assert!(last <= record.at, "{} after {last}", record.at);
            assert!(record.payload.len() < 1 << 20);
            assert!(TOPICS.contains(&record.topic));
            last = record.at;
            let counts = by_topic.entry(record.topic).or_default();
            if record.at < start() {
                counts.0 += 1;
            } else {
                counts.1 += 1;
            }
        }
        assert_eq!(by_topic.len(), TOPICS.len(), "{by_topic:?}");
        let n_backlog: u32 = by_topic.values().map(|counts| counts.0).sum();
        let n_live: u32 = by_topic.values().map(|counts| counts.1).sum();
        assert!((2_000..20_000).contains(&n_backlog), "{n_backlog} in the backlog: {by_topic:?}");
        assert!((150..600).contains(&(n_live / 24)), "{} an hour: {by_topic:?}", n_live / 24);
    }

    #[test]
    fn what_is_planned_stays_bounded_for_weeks() {
        let config = HospitalConfig::starting_at(start());
        let n_patients = usize::try_from(config.n_ward_patients + config.n_home_patients).unwrap();
        let mut hospital = Hospital::new(config);
        let n_scenes = stories::scenes(config.seed, start()).len();
        for _ in 0..150_000 {
            hospital.next();
            let n_planned = hospital.n_planned();
            assert!(n_planned < n_scenes + 20 * n_patients, "{n_planned} planned");
        }
    }

    #[test]
    fn census_stays_steady() {
        let mut hospital = Hospital::new(HospitalConfig::starting_at(start()));
        let (mut n_arrivals, mut n_departures) = (0, 0);
        let end = start().plus(Span::from_days(10));
        for record in hospital.by_ref().take_while(|record| record.at < end) {
            let is_stay = record.payload.contains("\"id\":\"enc-");
            if is_stay && record.payload.contains("\"versionId\":\"1\"") {
                n_arrivals += 1;
            }
            if is_stay && record.payload.contains("\"status\":\"finished\"") {
                n_departures += 1;
            }
        }
        let n_present = n_arrivals - n_departures;
        assert!(100 < n_departures, "{n_departures} departures");
        assert!((36..=42).contains(&n_present), "{n_present} present");
    }

    #[test]
    fn every_record_is_json_except_the_broken_ones() {
        let mut n_broken = 0;
        for record in records_until(48) {
            let parsed: Result<Value, _> = serde_json::from_str(&record.payload);
            if parsed.is_err() {
                assert!(record.payload.contains("\"fault-"), "{}", record.payload);
                n_broken += 1;
            }
        }
        assert!((3..30).contains(&n_broken), "{n_broken} broken records");
    }

    #[test]
    fn every_kind_of_fault_is_seen_within_hours() {
        let faults: String = records_until(4)
            .filter(|record| record.payload.contains("\"fault-"))
            .map(|record| record.payload + "\n")
            .collect();
        let holds = |wanted: &dyn Fn(&str) -> bool| faults.lines().any(wanted);
        assert!(holds(&|text| !text.ends_with('}')));
        assert!(holds(&|text| text.contains("\"unit\":\"C\"")));
        assert!(holds(&|text| text.ends_with('}') && !text.contains("\"subject\"")));
        assert!(holds(&|text| text.contains(":01\",\"issued\"")));
        assert!(holds(&|text| text.contains("\"unit\":\"K/uL\"")));
    }

    #[test]
    fn references_point_at_what_was_sent_before() {
        let mut known: BTreeSet<String> = BTreeSet::new();
        for record in records_until(72) {
            let Ok(payload) = serde_json::from_str::<Value>(&record.payload) else { continue };
            if record.payload.contains("\"fault-") {
                continue;
            }
            if record.topic == "demo.wearables" || record.topic == "demo.home" {
                let patient = format!("Patient/{}", record.key.clone().unwrap());
                assert!(known.contains(&patient), "{patient} at {}", record.at);
                let user = payload.pointer("/header/user_id").and_then(Value::as_str);
                assert!(user.is_none_or(|user| Some(user) == record.key.as_deref()));
                continue;
            }
            if record.topic == "demo.dicom" {
                let patient = payload.pointer("/0/00100020/Value/0").unwrap().as_str().unwrap();
                assert!(known.contains(&format!("Patient/{patient}")));
                continue;
            }
            let mut references = Vec::new();
            collect_references(&payload, &mut references);
            for reference in references {
                assert!(known.contains(&reference), "{reference} at {}", record.at);
            }
            for resource in resources(&payload) {
                let kind = resource["resourceType"].as_str().unwrap();
                let id = resource["id"].as_str().unwrap();
                let is_id = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
                assert!(id.len() <= 64 && id.bytes().all(is_id), "{id} is no FHIR id");
                known.insert(format!("{kind}/{id}"));
            }
        }
        assert!(1_000 < known.len());
    }

    fn resources(payload: &Value) -> Vec<&Value> {
        match payload["entry"].as_array() {
            Some(entries) => entries.iter().map(|entry| &entry["resource"]).collect(),
            None => vec![payload],
        }
    }

    fn collect_references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(elements) => {
                if let Some(reference) = elements.get("reference").and_then(Value::as_str) {
                    found.push(reference.to_owned());
                }
                elements.values().for_each(|element| collect_references(element, found));
            }
            Value::Array(items) => items.iter().for_each(|item| collect_references(item, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    #[test]
    fn small_and_odd_hospitals_run_too() {
        for (n_ward_patients, n_home_patients) in [(0, 0), (1, 1), (100, 5)] {
            let config = HospitalConfig {
                n_ward_patients,
                n_home_patients,
                ..HospitalConfig::starting_at(start())
            };
            let live = Hospital::new(config).skip_while(|r| r.at < start()).take(2_000);
            assert_eq!(live.count(), 2_000);
        }
    }
}
