//! Several identities of one person: their facts come together and part again, and what was said of them is neither
//! lost nor said twice, whatever crashes in between.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use twinstream::domain::effect::{EffectChange, EffectStatus};
use twinstream::domain::event::{Clock, Control, Event, EventBody};
use twinstream::domain::identity::TwinId;
use twinstream::domain::time::Timestamp;
use twinstream::engine::digest::digest;
use twinstream::engine::library::Library;
use twinstream::engine::shard::{Leaving, Shard};
use twinstream::ingest::decoder::Decoder;
use twinstream::ingest::site::Site;
use twinstream::ingest::source::{Format, SourceSpec};
use twinstream::log::partition::partition_of;
use twinstream::sql::format;
use twinstream::sql::query::{QueryLimits, run};
use twinstream::sql::session::Session;

use crate::support::{at, control, frame, live, log_frame, record, source};

const N_SHARDS: u32 = 4;

const SITE: &str = "
name: House
timezone: Europe/London
settings: { IMP: inpatient }
identities:
  - { system: urn:wear, namespace: wear }
  - { system: urn:mrn, namespace: mrn, provisional: false }
";

/// A hospital of several shards. What one tells others goes through their logs.
struct House {
    decoder: Decoder,
    shards: Vec<Shard>,
    logs: Vec<Vec<Vec<u8>>>,
    said: Vec<Leaving>,
    n_records: i64,
    now: Timestamp,
}

impl House {
    fn open() -> House {
        let mut house = House {
            decoder: Decoder::new(Arc::new(Site::read(SITE).unwrap())),
            shards: (0..N_SHARDS).map(Shard::new).collect(),
            logs: vec![Vec::new(); 4],
            said: Vec::new(),
            n_records: 0,
            now: at("2026-11-08T06:00:00Z"),
        };
        let library = Library::shipped().unwrap();
        let nothing = BTreeMap::new();
        let live = live(&library);
        let mut library = library.changes(&nothing);
        library.retain(|change| {
            !matches!(change, Control::Definition { kind, .. } if *kind == twinstream::domain::event::DefinitionKind::Site)
        });
        let site = Control::Definition {
            kind: twinstream::domain::event::DefinitionKind::Site,
            name: "site".into(),
            text: SITE.into(),
        };
        let opened = Control::Opened { n_partitions: N_SHARDS, clock: Clock::Recorded };
        for body in std::iter::once(opened).chain(library).chain([site]).chain(live) {
            for shard in 0..4 {
                house.append(shard, frame([&control(body.clone(), None)]));
            }
        }
        house
    }

    fn append(&mut self, shard: usize, bytes: Vec<u8>) {
        let place = self.logs[shard].len();
        self.logs[shard].push(bytes.clone());
        let output = self.shards[shard].step(&[log_frame(place, bytes)]).unwrap();
        self.said.extend(output.leaving);
        self.forward(&output.forwards);
    }

    fn forward(&mut self, events: &[Event<'static>]) {
        for event in events {
            let shard = place(event.body.twin().unwrap());
            self.append(shard, frame([event]));
        }
    }

    /// A resource arrives from a source of this namespace, `minutes` after six.
    fn receive(&mut self, namespace: &str, minutes: i64, resource: &Value) {
        self.now =
            at("2026-11-08T06:00:00Z").plus(twinstream::domain::time::Span::from_minutes(minutes));
        self.n_records += 1;
        let spec = SourceSpec { namespace: namespace.to_owned(), ..source(Format::Fhir) };
        let text = resource.to_string();
        let record = record(text.as_bytes(), self.n_records, self.now);
        let decoded = self.decoder.decode(&spec, &record, self.now);
        assert_eq!(decoded.letter, None, "{text}");
        let events: Vec<(usize, Vec<u8>)> = decoded
            .events
            .into_iter()
            .map(|event| {
                let shard = place(event.body.twin().unwrap());
                (shard, frame([&Event { available_at: Some(self.now), ..event }]))
            })
            .collect();
        events.into_iter().for_each(|(shard, bytes)| self.append(shard, bytes));
    }

    /// An instance dies and another reads its log from the beginning; it tells again what it told.
    fn crash(&mut self, shard: usize) {
        self.shards[shard] = Shard::new(u32::try_from(shard).unwrap());
        let frames: Vec<_> =
            self.logs[shard].iter().cloned().enumerate().map(|(n, b)| log_frame(n, b)).collect();
        // What it says again was said: the position is committed.
        let output = self.shards[shard].step(&frames).unwrap();
        self.forward(&output.forwards);
    }

    /// What SQL answers, a row a line.
    fn ask(&mut self, sql: &str) -> Vec<String> {
        let shards = Arc::new(self.shards.iter_mut().map(Shard::snapshot).collect());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let (mut session, limits) = (Session::default(), QueryLimits::default());
        let answer = runtime.block_on(run(shards, sql, &mut session, limits)).unwrap();
        let csv = format::csv(&answer).unwrap();
        csv.lines().skip(1).map(str::to_owned).collect()
    }

    fn alerts(&mut self) -> Vec<String> {
        self.ask("SELECT patient, status, band FROM alerts WHERE pipeline = 'news2' ORDER BY status, patient, known_at")
    }

    fn digests(&mut self) -> Vec<String> {
        self.shards.iter_mut().map(|shard| digest(&shard.snapshot()).to_string()).collect()
    }
}

fn place(twin: &TwinId<'_>) -> usize {
    usize::try_from(partition_of(twin, N_SHARDS, &mut String::new())).unwrap()
}

fn stay(patient: &str) -> Value {
    json!({ "resourceType": "Encounter", "id": format!("e-{patient}"), "status": "in-progress",
        "subject": { "reference": format!("Patient/{patient}") }, "class": { "code": "IMP" },
        "period": { "start": "2026-11-08T05:00:00Z" } })
}

fn rate(id: &str, patient: &str, at: &str, value: u32) -> Value {
    json!({ "resourceType": "Observation", "id": id, "status": "final",
        "code": { "coding": [{ "system": "http://loinc.org", "code": "9279-1" }] },
        "subject": { "reference": format!("Patient/{patient}") }, "effectiveDateTime": format!("2026-11-08T{at}:00Z"),
        "valueQuantity": { "value": value, "code": "/min" } })
}

fn person(patient: &str, revised: &str, more: Value) -> Value {
    let mut person = json!({ "resourceType": "Patient", "id": patient, "birthDate": "1950-01-01",
        "meta": { "lastUpdated": format!("2026-11-08T{revised}:00Z") } });
    more.as_object().unwrap().iter().for_each(|(name, value)| person[name] = value.clone());
    person
}

fn replaced_by(patient: &str) -> Value {
    json!({ "link": [{ "type": "replaced-by", "other": { "reference": format!("Patient/{patient}") } }] })
}

/// Two patients who turn out to be one: the duplicate is ill, and its alert was acknowledged by nobody yet.
fn merged() -> House {
    let mut house = House::open();
    house.receive("mercy", 0, &person("old", "06:00", json!({})));
    house.receive("mercy", 0, &person("new", "06:00", json!({})));
    house.receive("mercy", 1, &stay("old"));
    house.receive("mercy", 2, &rate("o1", "old", "06:02", 31));
    house.receive("mercy", 30, &person("old", "06:30", replaced_by("new")));
    house
}

#[test]
fn an_alert_goes_on_under_its_id_when_patients_are_merged() {
    let mut house = merged();
    assert_eq!(house.alerts(), ["mercy/new,active,low-medium"]);
    let said: Vec<_> = house.said.iter().filter(|one| &*one.effect.pipeline == "news2").collect();
    let [raised, moved] = said.as_slice() else { panic!("{said:?}") };
    assert_eq!(
        (raised.twin.to_string().as_str(), raised.effect.change),
        ("mercy/old", EffectChange::Raised)
    );
    assert_eq!(
        (moved.twin.to_string().as_str(), moved.effect.change),
        ("mercy/new", EffectChange::Revised)
    );
    assert_eq!(moved.effect.id, raised.effect.id, "one alert, one id");
    assert!(raised.effect.revision < moved.effect.revision);
    assert_eq!(
        house.ask("SELECT patient, linked_to, setting, news2 FROM patients ORDER BY patient"),
        ["mercy/new,,inpatient,3", "mercy/old,mercy/new,inpatient,"]
    );
    assert_eq!(
        house.ask("SELECT patient, state, linked_to FROM identities"),
        ["mercy/old,linked,mercy/new"]
    );
}

#[test]
fn what_comes_later_for_either_identity_is_judged_with_the_survivor() {
    let mut house = merged();
    house.receive("mercy", 60, &rate("o2", "old", "07:00", 16));
    let newest = "SELECT news2, news2_at FROM patients WHERE patient = 'mercy/new'";
    assert_eq!(house.ask(newest), ["0,2026-11-08T07:00:00Z"], "a rate under the old number");
    house.receive("mercy", 200, &rate("o3", "new", "09:20", 33));
    house.receive("mercy", 201, &rate("o2", "old", "07:00", 16));
    assert_eq!(house.alerts(), ["mercy/new,active,low-medium"]);
    // A correction under the old number.
    let mut corrected = rate("o1", "old", "06:02", 15);
    corrected["status"] = json!("amended");
    corrected["meta"] = json!({ "lastUpdated": "2026-11-08T09:30:00Z" });
    house.receive("mercy", 210, &corrected);
    let rates = "SELECT value FROM observations WHERE patient = 'mercy/new' ORDER BY effective_at";
    assert_eq!(house.ask(rates), ["15.0", "16.0", "33.0"]);
    assert_eq!(house.alerts(), ["mercy/new,active,low-medium", "mercy/new,withdrawn,low-medium"]);
}

#[test]
fn an_unmerge_gives_each_their_own_and_an_alert_to_whom_it_belongs() {
    let mut house = merged();
    house.receive("mercy", 31, &rate("o2", "new", "06:31", 17));
    house.receive("mercy", 40, &rate("o3", "old", "06:40", 32));
    house.receive("mercy", 50, &person("old", "06:50", json!({})));
    let rates = "SELECT patient, value FROM observations ORDER BY patient, effective_at";
    let of_survivor = |line: &String| line.starts_with("mercy/new");
    let rates = house.ask(rates);
    assert_eq!(rates.iter().filter(|one| of_survivor(one)).collect::<Vec<_>>(), ["mercy/new,17.0"]);
    let active: Vec<String> =
        house.alerts().into_iter().filter(|line| line.contains(",active,")).collect();
    assert_eq!(
        active,
        ["mercy/old,active,low-medium"],
        "the ill one is paged for, and nobody else"
    );
    // By id, what was said last stands: nothing active is left of the survivor's.
    let mut last: BTreeMap<String, (u32, EffectStatus, String)> = BTreeMap::new();
    for one in &house.said {
        let entry = (one.effect.revision, one.effect.status, one.twin.to_string());
        let known = last.entry(one.effect.id.to_string()).or_insert(entry.clone());
        if known.0 <= entry.0 {
            *known = entry;
        }
    }
    let open: Vec<_> =
        last.values().filter(|(_, status, _)| *status == EffectStatus::Active).collect();
    assert_eq!(open.len(), 1, "{last:?}");
    assert_eq!(open[0].2, "mercy/old");
    assert_eq!(
        house
            .ask("SELECT patient, linked_to, (known_to IS NULL) AS stands FROM history.identities"),
        ["mercy/old,mercy/new,false"]
    );
    // And together again.
    house.receive("mercy", 60, &person("old", "07:00", replaced_by("new")));
    let active: Vec<String> =
        house.alerts().into_iter().filter(|line| line.contains(",active,")).collect();
    assert_eq!(active, ["mercy/new,active,low-medium"]);
}

#[test]
fn a_survivor_with_the_same_alert_keeps_its_own_and_the_other_ends() {
    let mut house = House::open();
    for patient in ["old", "new"] {
        house.receive("mercy", 0, &person(patient, "06:00", json!({})));
        house.receive("mercy", 1, &stay(patient));
        house.receive("mercy", 2, &rate(&format!("o-{patient}"), patient, "06:02", 31));
    }
    house.receive("mercy", 30, &person("old", "06:30", replaced_by("new")));
    assert_eq!(house.alerts(), ["mercy/new,active,low-medium", "mercy/new,resolved,low-medium"]);
    let last = house.said.last().unwrap();
    assert_eq!(
        (last.effect.status, last.twin.to_string().as_str()),
        (EffectStatus::Resolved, "mercy/new")
    );
    assert!(
        last.effect.notes.iter().any(|note| note.starts_with("goes on as ")),
        "{:?}",
        last.effect.notes
    );
}

#[test]
fn a_wearable_is_nobodys_until_a_record_claims_it_and_only_for_its_time() {
    let mut house = House::open();
    house.receive("wear", 1, &rate("w1", "u7", "06:00", 31));
    house.receive("wear", 2, &rate("w2", "u7", "06:01", 31));
    assert_eq!(house.ask("SELECT patient, state FROM identities"), ["wear/u7,provisional"]);
    assert_eq!(house.ask("SELECT count(*) FROM risks"), ["0"], "no pipeline looks at it");
    let claim = json!({ "identifier": [{ "system": "urn:wear", "value": "u7",
        "period": { "start": "2026-11-08T06:01:00Z", "end": "2026-11-08T08:00:00Z" } }] });
    house.receive("mercy", 10, &person("p", "06:10", claim));
    house.receive("wear", 20, &rate("w3", "u7", "06:20", 30));
    house.receive("wear", 130, &rate("w4", "u7", "08:10", 29));
    let rates = "SELECT value FROM observations WHERE patient = 'mercy/p' ORDER BY effective_at";
    assert_eq!(house.ask(rates), ["31.0", "30.0"], "from 06:01 until 08:00");
    assert_eq!(
        house.ask("SELECT state, linked_to, starts_at, ends_at FROM identities"),
        ["linked,mercy/p,2026-11-08T06:01:00Z,2026-11-08T08:00:00Z"]
    );
    // Corrected to a time at which the device was somebody else's: it goes.
    let mut moved = rate("w3", "u7", "08:30", 30);
    moved["meta"] = json!({ "lastUpdated": "2026-11-08T08:40:00Z" });
    house.receive("wear", 160, &moved);
    assert_eq!(house.ask(rates), ["31.0"]);
    // The claim is taken back.
    house.receive("mercy", 170, &person("p", "08:50", json!({})));
    assert_eq!(house.ask(rates), Vec::<String>::new());
    assert_eq!(house.ask("SELECT patient, state FROM identities"), ["wear/u7,provisional"]);
}

#[test]
fn a_claim_that_comes_before_the_identity_is_heard_of_waits_for_it() {
    let mut house = House::open();
    let claim = json!({ "identifier": [{ "system": "urn:mrn", "value": "77" }] });
    house.receive("mercy", 0, &person("p", "06:00", claim));
    assert_eq!(house.ask("SELECT patient FROM patients"), ["mercy/p"]);
    house.receive("mrn", 1, &stay("77"));
    house.receive("mrn", 2, &rate("o1", "77", "06:02", 31));
    assert_eq!(house.alerts(), ["mercy/p,active,low-medium"]);
}

#[test]
fn a_device_goes_from_one_patient_to_the_next() {
    let mut house = House::open();
    let used = |id: &str, patient: &str, start: &str, end: &str| {
        json!({ "resourceType": "DeviceUseStatement", "id": id, "status": "active",
            "subject": { "reference": format!("Patient/{patient}") },
            "timingPeriod": { "start": format!("2026-11-08T{start}:00Z"), "end": format!("2026-11-08T{end}:00Z") },
            "device": { "identifier": { "system": "urn:wear", "value": "d1" } } })
    };
    house.receive("wear", 1, &rate("w1", "d1", "06:00", 12));
    house.receive("wear", 61, &rate("w2", "d1", "07:00", 31));
    house.receive("mercy", 70, &used("u1", "a", "05:00", "06:30"));
    house.receive("mercy", 71, &used("u2", "b", "06:30", "08:00"));
    let rates =
        "SELECT patient, value FROM observations WHERE patient LIKE 'mercy%' ORDER BY patient";
    assert_eq!(house.ask(rates), ["mercy/a,12.0", "mercy/b,31.0"]);
    // Two at once is a mistake: neither gets it.
    let mut longer = used("u1", "a", "05:00", "07:30");
    longer["meta"] = json!({ "lastUpdated": "2026-11-08T07:20:00Z" });
    house.receive("mercy", 80, &longer);
    assert_eq!(house.ask(rates), Vec::<String>::new());
    assert_eq!(
        house.ask("SELECT patient, state, why FROM identities"),
        ["wear/d1,disputed,several records claim it for the same time"]
    );
}

#[test]
fn a_circle_is_disputed_and_everybody_keeps_their_own() {
    let mut house = merged();
    house.receive("mercy", 40, &person("new", "06:40", replaced_by("old")));
    let states = house.ask("SELECT patient, state FROM identities ORDER BY patient");
    assert_eq!(states, ["mercy/new,disputed", "mercy/old,linked"], "what stands goes on standing");
    let active: Vec<String> =
        house.alerts().into_iter().filter(|line| line.contains(",active,")).collect();
    assert_eq!(active, ["mercy/new,active,low-medium"], "nobody falls silent");
    house.receive("mercy", 50, &person("new", "06:50", json!({})));
    assert_eq!(house.ask("SELECT patient, state FROM identities"), ["mercy/old,linked"]);
    let active: Vec<String> =
        house.alerts().into_iter().filter(|line| line.contains(",active,")).collect();
    assert_eq!(active, ["mercy/new,active,low-medium"]);
}

#[test]
fn facts_pass_through_a_chain_of_merges_and_back() {
    let mut house = merged();
    house.receive("mercy", 40, &person("new", "06:40", replaced_by("newest")));
    assert_eq!(house.alerts(), ["mercy/newest,active,low-medium"]);
    house.receive("mercy", 50, &rate("o2", "old", "06:50", 32));
    let rates =
        "SELECT value FROM observations WHERE patient = 'mercy/newest' ORDER BY effective_at";
    assert_eq!(house.ask(rates), ["31.0", "32.0"]);
    // The source itself sends a result again, under the second number: told of both, it counts once.
    let mut again = rate("o2", "new", "06:50", 32);
    again["meta"] = json!({ "lastUpdated": "2026-11-08T06:55:00Z" });
    house.receive("mercy", 56, &again);
    assert_eq!(house.ask(rates), ["31.0", "32.0"]);
    house.receive("mercy", 60, &person("old", "07:00", json!({})));
    assert_eq!(house.ask(rates), ["32.0"], "what is the second number's own stays");
}

#[test]
fn crashes_change_nothing_of_what_is_linked() {
    let run = |crashes: &[usize]| {
        let mut house = House::open();
        let steps: Vec<(&str, i64, Value)> = vec![
            ("mercy", 0, person("old", "06:00", json!({}))),
            ("mercy", 1, stay("old")),
            ("wear", 2, rate("w1", "u7", "06:02", 29)),
            ("mercy", 3, rate("o1", "old", "06:03", 31)),
            (
                "mercy",
                4,
                person(
                    "new",
                    "06:04",
                    json!({ "identifier": [{ "system": "urn:wear", "value": "u7" }] }),
                ),
            ),
            ("mercy", 5, person("old", "06:05", replaced_by("new"))),
            ("wear", 6, rate("w2", "u7", "06:06", 28)),
            ("mercy", 7, rate("o2", "old", "06:07", 33)),
            ("mercy", 8, person("old", "06:08", json!({}))),
            ("mercy", 9, person("old", "06:09", replaced_by("new"))),
            ("mercy", 10, person("new", "06:10", json!({}))),
            ("mercy", 11, rate("o3", "old", "06:11", 18)),
        ];
        for (step, (namespace, minutes, resource)) in steps.iter().enumerate() {
            house.receive(namespace, *minutes, resource);
            for shard in crashes.iter().map(|seed| (seed + step) % 4) {
                house.crash(shard);
            }
        }
        let answers = house
            .ask("SELECT patient, value FROM observations ORDER BY patient, effective_at, value");
        let live = house.digests();
        (0..4).for_each(|shard| house.crash(shard));
        assert_eq!(house.digests(), live, "the log says what the shard was");
        (answers, house.alerts())
    };
    let calm = run(&[]);
    for crashes in [&[0][..], &[1], &[2], &[3], &[0, 1], &[3, 1, 0, 2]] {
        assert_eq!(run(crashes), calm, "crashes {crashes:?}");
    }
}

#[test]
fn many_facts_move_in_parts_and_are_looked_at_once() {
    let mut house = House::open();
    house.receive("mercy", 0, &stay("old"));
    for number in 0..4_100_u32 {
        let second = 8 * number;
        let at = format!("{:02}:{:02}", 6 + second / 3_600, second / 60 % 60);
        let mut one = rate(&format!("o{number}"), "old", &at, 12 + number % 3);
        one["effectiveDateTime"] = json!(format!("2026-11-08T{at}:{:02}Z", second % 60));
        house.receive("mercy", 700, &one);
    }
    let before = house.said.len();
    house.receive("mercy", 701, &person("old", "17:41", replaced_by("new")));
    assert_eq!(
        house.ask("SELECT patient, count(*) FROM observations GROUP BY patient ORDER BY patient"),
        ["mercy/new,4100", "mercy/old,4100"]
    );
    assert_eq!(house.said.len(), before, "nothing was wrong, and nothing is said");
    let transfers = house.logs.iter().flatten().filter(|bytes| {
        let events = twinstream::log::decode::decode_frame(bytes).unwrap();
        events.iter().any(|event| matches!(event.body, EventBody::Transfer { .. }))
    });
    assert_eq!(transfers.count(), 3);
}
