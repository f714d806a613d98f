//! Bytes that are no message, or were one: every truncation, and many changes, of real ones.

use std::fs;
use std::path::Path;

use crate::hl7::{chicago, of_authority};
use crate::support::{at, record, site};

use twinstream::ingest::decoder::Decoder;
use twinstream::ingest::files::{self, FileError, FileRecord};

/// The messages of all senders.
fn messages() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/hl7");
    let mut all = Vec::new();
    let mut each = |record: FileRecord| -> Result<(), FileError> {
        all.push(record.payload);
        Ok(())
    };
    files::read(folder.to_str().unwrap(), &mut each).unwrap();
    assert!(10 <= all.len(), "{} of {}", all.len(), fs::read_dir(&folder).unwrap().count());
    all
}

/// Numbers that look random: xorshift, from a seed that is printed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(sides).unwrap()).unwrap()
    }
}

/// It is read, not used, or refused with a reason; it never ends the program, and nothing is lost uncounted.
fn is_accounted_for(decoder: &mut Decoder, bytes: &[u8]) {
    let before = decoder.tally().resources();
    for spec in [chicago(), of_authority("MERCY")] {
        let decoded =
            decoder.decode(&spec, &record(bytes, 0, at(crate::hl7::NOW)), at(crate::hl7::NOW));
        let n_problems = decoded.letter.map_or(0, |letter| letter.problems.len());
        let n_events = decoded.events.len();
        let after = decoder.tally().resources();
        let is_said = 0 < n_problems + n_events || before.not_used < after.not_used;
        assert!(is_said, "{:?}", String::from_utf8_lossy(bytes));
        assert_eq!(after.read, after.facts + after.not_used + after.dead_letters);
    }
}

#[test]
fn every_truncation_is_accounted_for() {
    let mut decoder = Decoder::new(site());
    for message in messages() {
        for end in 0..=message.len() {
            is_accounted_for(&mut decoder, &message[..end]);
        }
    }
}

#[test]
fn changed_bytes_are_accounted_for() {
    let seed = 0x5eed_0007;
    println!("seed {seed}");
    let (mut dice, mut decoder) = (Dice(seed), Decoder::new(site()));
    let all = messages();
    let telling = b"|^~\\&\r\n\"+-.0189MSHPIDOBX\xc3\xff\0";
    for _ in 0..20_000 {
        let mut message = all[dice.roll(all.len())].clone();
        for _ in 0..=dice.roll(6) {
            let place = dice.roll(message.len());
            match dice.roll(4) {
                0 => message[place] = telling[dice.roll(telling.len())],
                1 => message[place] ^= 1 << dice.roll(8),
                2 => message.insert(place, telling[dice.roll(telling.len())]),
                _ => drop(message.remove(place)),
            }
        }
        is_accounted_for(&mut decoder, &message);
    }
}
