//! Records of a schema registry: RADAR-base's of wearables in Avro, and JSON in the same frame.
//!
//! The schemas in `tests/data/avro` are RADAR-base's (RADAR-Schemas, Apache-2.0), under ids of ours.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use twinstream::domain::event::EventBody;
use twinstream::domain::fact::{Body, Origin};
use twinstream::domain::refusal::Refusal;
use twinstream::ingest::avro::reader::Reader;
use twinstream::ingest::avro::schemas::SchemaPlace;
use twinstream::ingest::decoder::{Decoded, Decoder};
use twinstream::ingest::source::{Format, SourceSpec};

use crate::support::{at, facts, record, samples, site, source};

const NOW: &str = "2026-11-08T12:00:00Z";
/// 2026-11-08T11:00:00Z
const ELEVEN: f64 = 1_794_135_600.0;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/avro")
}

fn radar(place: SchemaPlace) -> SourceSpec {
    let origin = Origin::ConsumerDevice;
    SourceSpec { origin, schemas: Some(place), ..source(Format::RadarAvro) }
}

/// Writes Avro, in a frame.
struct Avro(Vec<u8>);

impl Avro {
    fn of(schema: u32) -> Avro {
        Avro([&[0][..], &schema.to_be_bytes()].concat())
    }

    fn long(mut self, value: i64) -> Avro {
        let mut rest = ((value << 1) ^ (value >> 63)).cast_unsigned();
        while 0x7f < rest {
            self.0.push(u8::try_from(rest & 0x7f).unwrap() | 0x80);
            rest >>= 7;
        }
        self.0.push(u8::try_from(rest).unwrap());
        self
    }

    fn double(mut self, value: f64) -> Avro {
        self.0.extend(value.to_le_bytes());
        self
    }

    fn float(mut self, value: f32) -> Avro {
        self.0.extend(value.to_le_bytes());
        self
    }

    fn text(self, value: &str) -> Avro {
        let mut written = self.long(i64::try_from(value.len()).unwrap());
        written.0.extend(value.as_bytes());
        written
    }

    /// The branch of a union: null comes first.
    fn some(self) -> Avro {
        self.long(1)
    }

    fn null(self) -> Avro {
        self.long(0)
    }
}

fn key(user: &str) -> Vec<u8> {
    Avro::of(1).some().text("project").text(user).text("watch-1").0
}

fn heart_rate(rate: f32) -> Vec<u8> {
    Avro::of(2).double(ELEVEN + 0.25).double(ELEVEN + 60.0).text("s1").some().float(rate).0
}

fn steps() -> Vec<u8> {
    let start = Avro::of(3).double(ELEVEN).double(ELEVEN + 2_000.0).text("s2");
    let offset = start.some().long(3_600).some().text("WALKING");
    let rest = offset.some().long(900).some().long(1_234).null().null().null().null();
    rest.null().null().null().0
}

fn blood_pressure(source: &str) -> Vec<u8> {
    let start = Avro::of(4).double(ELEVEN).double(ELEVEN).text("s3").null();
    start.some().long(151).some().long(92).null().some().text(source).0
}

/// Decodes a record with a key.
fn decode<R>(
    decoder: &mut Decoder,
    spec: &SourceSpec,
    (key, value): (&[u8], &[u8]),
    see: impl FnOnce(&Decoded<'_>) -> R,
) -> R {
    let mut record = record(value, 0, at(NOW));
    record.raw_key = Some(key);
    see(&decoder.decode(spec, &record, at(NOW)))
}

fn reason(decoded: &Decoded<'_>) -> Option<(Refusal, String)> {
    let problem = decoded.letter.as_ref()?.problems.first()?;
    Some((problem.reason, problem.message.clone()))
}

#[test]
fn records_of_wearables_become_samples_of_whom_their_key_names() {
    let (spec, mut decoder) = (radar(SchemaPlace::Folder(folder())), Decoder::new(site()));
    let key = key("00d9c2a1-user-with-a-name-of-more-than-sixty-four-letters-in-it-1234");
    let spo2 = Avro::of(5).double(ELEVEN).double(ELEVEN).float(0.96).float(0.9).0;
    for (value, expected) in [
        (heart_rate(71.0), vec!["heart_rate 71 /min"]),
        (steps(), vec!["steps 1234 {steps}"]),
        (
            blood_pressure("DEVICE"),
            vec!["systolic_blood_pressure 151 mm[Hg]", "diastolic_blood_pressure 92 mm[Hg]"],
        ),
        // Its schema says that it is a fraction.
        (spo2, vec!["spo2 96 %"]),
        (heart_rate(f32::NAN), vec!["heart_rate value_unreadable \"NaN\" \"/min\""]),
    ] {
        decode(&mut decoder, &spec, (&key, &value), |decoded| {
            assert_eq!(reason(decoded), None);
            assert_eq!(samples(decoded), expected);
            let EventBody::Patient { twin, .. } = &decoded.events[0].body else { panic!() };
            assert!(twin.patient.starts_with("00d9c2a1"));
        });
    }
    decode(&mut decoder, &spec, (&key, &steps()), |decoded| {
        let fact = facts(decoded)[0];
        assert_eq!(fact.valid.start, at("2026-11-08T11:00:00Z"));
        assert_eq!(fact.valid.end, at("2026-11-08T11:15:00Z"));
        assert_eq!(fact.valid.offset_minutes, Some(60));
    });
    decode(&mut decoder, &spec, (&key, &blood_pressure("MANUAL")), |decoded| {
        let Body::Sample(sample) = &facts(decoded)[0].body else { panic!() };
        assert_eq!((sample.origin, &*sample.device), (Origin::SelfReported, "watch-1"));
    });
}

#[test]
fn what_is_not_measured_is_not_used_and_what_cannot_be_read_is_a_letter() {
    let (spec, mut decoder) = (radar(SchemaPlace::Folder(folder())), Decoder::new(site()));
    let good = key("u1");
    let acceleration = Avro::of(7).double(ELEVEN).double(ELEVEN).float(0.1).float(0.2).float(0.3).0;
    let nothing = Avro::of(2).double(ELEVEN).double(ELEVEN).text("s").null().0;
    for value in [acceleration, nothing] {
        decode(&mut decoder, &spec, (&good, &value), |decoded| {
            assert_eq!((reason(decoded), decoded.events.len()), (None, 0));
        });
    }
    assert_eq!(decoder.tally().resources().not_used, 2);
    let ahead = Avro::of(2).double(ELEVEN + 86_400.0).double(ELEVEN).text("s").some().float(70.0).0;
    let mut longer = heart_rate(70.0);
    longer.push(0);
    for (key, value, expected) in [
        (good.clone(), b"{}".to_vec(), Refusal::Undecodable),
        (good.clone(), Avro::of(99).double(1.0).0, Refusal::Undecodable),
        (good.clone(), longer, Refusal::Undecodable),
        (good.clone(), ahead, Refusal::FutureTime),
        (b"u1".to_vec(), heart_rate(70.0), Refusal::NoPatient),
        (key(""), heart_rate(70.0), Refusal::NoPatient),
        (Avro::of(99).0, heart_rate(70.0), Refusal::Undecodable),
    ] {
        decode(&mut decoder, &spec, (&key, &value), |decoded| {
            assert_eq!(reason(decoded).map(|(reason, _)| reason), Some(expected), "{value:?}");
        });
    }
}

#[test]
fn every_truncation_and_many_changes_are_accounted_for() {
    let (spec, mut decoder) = (radar(SchemaPlace::Folder(folder())), Decoder::new(site()));
    let good = key("u1");
    let (mut seed, all) = (0x5eed_u64, [heart_rate(70.0), steps(), blood_pressure("DEVICE")]);
    println!("seed {seed}");
    for value in &all {
        for end in 0..value.len() {
            decode(&mut decoder, &spec, (&good, &value[..end]), |decoded| {
                assert_eq!(decoded.events.len(), 0, "{end}");
                assert!(reason(decoded).is_some(), "{end}");
            });
        }
    }
    for number in 0..20_000_usize {
        let (mut key, mut value) = (good.clone(), all[number % all.len()].clone());
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        let bits = usize::try_from(seed % 0xffff_ffff).unwrap();
        let bytes = if number % 5 == 0 { &mut key } else { &mut value };
        let place = 5 + bits % (bytes.len() - 5);
        bytes[place] = u8::try_from(bits >> 16 & 0xff).unwrap();
        let before = decoder.tally().resources().read;
        decode(&mut decoder, &spec, (&key, &value), |decoded| assert_eq!(decoded.stalled, None));
        assert_eq!(decoder.tally().resources().read, before + 1);
    }
    // And the next good one is read.
    decode(&mut decoder, &spec, (&good, &heart_rate(70.0)), |decoded| {
        assert_eq!(samples(decoded), ["heart_rate 70 /min"]);
    });
}

/// A registry that answers so many questions; what it was asked.
pub(crate) fn registry(listener: TcpListener, n_questions: usize) -> JoinHandle<Vec<String>> {
    let answer = move || {
        let mut asked = Vec::new();
        for stream in listener.incoming().take(n_questions) {
            let (mut stream, mut head) = (stream.unwrap(), [0; 4_096]);
            let n_read = stream.read(&mut head).unwrap();
            let head = String::from_utf8_lossy(&head[..n_read]).into_owned();
            let path = head.split(' ').nth(1).unwrap().to_owned();
            let id = path.rsplit('/').next().unwrap();
            let (status, body) = match fs::read_to_string(folder().join(format!("{id}.avsc"))) {
                Ok(schema) => ("200 OK", serde_json::json!({ "schema": schema }).to_string()),
                Err(_) => ("404 Not Found", r#"{"error_code":40403}"#.to_owned()),
            };
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            )
            .unwrap();
            asked.push(path);
        }
        asked
    };
    std::thread::spawn(answer)
}

/// The address of a registry that is not there yet.
pub(crate) fn address() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

#[test]
fn a_registry_is_asked_once_for_each_schema() {
    let (listener, url) = address();
    let asked = registry(listener, 3);
    let (spec, mut decoder) = (radar(SchemaPlace::Registry(url)), Decoder::new(site()));
    let good = key("u1");
    for _ in 0..3 {
        decode(&mut decoder, &spec, (&good, &heart_rate(70.0)), |decoded| {
            assert_eq!(samples(decoded), ["heart_rate 70 /min"]);
        });
        decode(&mut decoder, &spec, (&good, &Avro::of(99).0), |decoded| {
            assert_eq!(reason(decoded).unwrap().1, "schema 99 is not there");
        });
    }
    let mut asked = asked.join().unwrap();
    asked.sort();
    assert_eq!(asked, ["/schemas/ids/1", "/schemas/ids/2", "/schemas/ids/99"]);
}

#[test]
fn a_registry_that_does_not_answer_makes_no_letters() {
    let (listener, url) = address();
    drop(listener);
    for place in [SchemaPlace::Registry(url), SchemaPlace::Folder(folder().join("nowhere"))] {
        let (spec, mut decoder) = (radar(place), Decoder::new(site()));
        decode(&mut decoder, &spec, (&key("u1"), &heart_rate(70.0)), |decoded| {
            assert!(decoded.stalled.is_some());
            assert_eq!((reason(decoded), decoded.events.len()), (None, 0));
        });
    }
}

#[test]
fn json_in_a_frame_is_read_as_bare_json() {
    let json = br#"{"resourceType":"Observation","id":"o","status":"final","subject":{"reference":"Patient/P1"},"code":{"coding":[{"system":"http://loinc.org","code":"8867-4"}]},"effectiveDateTime":"2026-11-08T11:59:00Z","valueQuantity":{"value":70,"unit":"/min"}}"#;
    let framed = [&[0, 0, 0, 1, 44][..], json].concat();
    let mut decoder = Decoder::new(site());
    let spec = source(Format::Fhir);
    // As often as a layout needs to be learned, and once more.
    for _ in 0..4 {
        let decoded = decoder.decode(&spec, &record(&framed, 0, at(NOW)), at(NOW));
        assert_eq!(samples(&decoded), ["heart_rate 70 /min"]);
    }
    let cut = decoder.decode(&spec, &record(&framed[..4], 0, at(NOW)), at(NOW));
    assert_eq!(reason(&cut).unwrap().0, Refusal::Undecodable);
}

/// Every schema that RADAR-base publishes, if they lie beside the project.
#[test]
fn every_published_schema_is_read_and_those_of_the_table_have_its_fields() {
    let published =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/radar-schemas/commons");
    let mut folders = vec![published.clone()];
    let mut fields = std::collections::BTreeMap::new();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            eprintln!("SKIPPED: {} is not there", folder.display());
            return;
        };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "avsc") {
                let text = fs::read_to_string(&path).unwrap();
                let json: serde_json::Value = serde_json::from_str(&text).unwrap();
                if json["type"] != "record" {
                    continue;
                }
                match Reader::new(1, &text) {
                    Ok(reader) => {
                        fields.insert(reader.name().to_owned(), json["fields"].clone());
                    }
                    // A few are made of others, which a registry would name beside them.
                    Err(why) => {
                        assert!(why.contains("Failed to resolve"), "{}: {why}", path.display());
                    }
                }
            }
        }
    }
    assert!(200 < fields.len());
    for line in include_str!("../src/ingest/avro/radar.csv").lines().skip(1) {
        let row: Vec<&str> = line.split(',').collect();
        let has = |name: &str| {
            let all = fields.get(row[0]).and_then(|all| all.as_array());
            all.is_some_and(|all| all.iter().any(|field| field["name"] == name))
        };
        assert!(has(row[1]) && has("time"), "{line}");
        assert!(row[5].is_empty() || has(row[5]), "{line}");
    }
}
