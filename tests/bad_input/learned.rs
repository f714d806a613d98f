//! A decoder that knows a sender's layout reads every record as one that has never seen it: the same
//! events, the same refusals, whatever is wrong with the record.

use twinstream::ingest::decoder::Decoder;
use twinstream::ingest::source::Format;
use twinstream::sim::dice::Dice;

use crate::bad_input::{good, now};
use crate::support::{record, site, source};

/// What becomes of a record, in full.
fn read(decoder: &mut Decoder, payload: &[u8]) -> String {
    let spec = source(Format::Fhir);
    let decoded = decoder.decode(&spec, &record(payload, 0, now()), now());
    format!("{:?} {:?} {:?}", decoded.events, decoded.letter, decoded.available_at)
}

/// What a careless sender might write somewhere.
const OTHERS: [&str; 15] = [
    "1e400",
    "NaN",
    "-0",
    "00",
    "\\u0041",
    "null",
    "true",
    "{}",
    "[]",
    "\"C\"",
    "9999",
    "0001",
    "entered-in-error",
    ",\"status\":\"final\"",
    "\"id\":\"x\",",
];

/// The record with a few bytes other, gone, twice or added.
fn mutated(dice: &mut Dice, payload: &[u8]) -> Vec<u8> {
    let mut bytes = payload.to_vec();
    for _ in 0..1 + dice.below(3) {
        let place = usize::try_from(dice.below(u64::try_from(bytes.len()).unwrap())).unwrap();
        let length = usize::try_from(1 + dice.below(12)).unwrap();
        let end = (place + length).min(bytes.len());
        match dice.below(5) {
            0 => bytes[place] = *dice.pick(b"\"\\{}[],:0159-+.eENaZTz \n\t\0\x80\xff/"),
            1 => drop(bytes.drain(place..end)),
            2 => {
                let again = bytes[place..end].to_vec();
                bytes.splice(place..place, again);
            }
            3 => bytes.insert(place, *dice.pick(b"\"\\{}[],:0159-+.eEZ ")),
            _ => {
                let other = *dice.pick(&OTHERS);
                bytes.splice(place..place, other.bytes());
            }
        }
    }
    bytes
}

#[test]
fn what_is_known_of_a_sender_changes_no_reading() {
    let bare = good().to_string();
    let rich = bare.replacen(
        '{',
        r#"{"meta":{"versionId":"2","lastUpdated":"2026-11-08T11:59:30Z"},"issued":"2026-11-08T11:59:20Z","#,
        1,
    );
    for (seed, text) in [(1, bare), (2, rich)] {
        let mut dice = Dice::of(seed);
        let mut learned = Decoder::new(site());
        for n in 0..200 {
            let other = text
                .replace("\"good\"", &format!("\"g{n}\""))
                .replace(":70", &format!(":{}", 60 + n % 40));
            assert_eq!(
                read(&mut learned, other.as_bytes()),
                read(&mut Decoder::new(site()), other.as_bytes())
            );
        }
        for _ in 0..4_000 {
            let payload = mutated(&mut dice, text.as_bytes());
            let (found, expected) =
                (read(&mut learned, &payload), read(&mut Decoder::new(site()), &payload));
            assert_eq!(found, expected, "seed {seed}: {}", String::from_utf8_lossy(&payload));
        }
    }
}
