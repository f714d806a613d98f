//! A fork does for its patients what the shard would do, and does nothing to the shard.

use twinstream::domain::event::Control;
use twinstream::domain::identity::TwinId;
use twinstream::domain::time::{Span, Timestamp};
use twinstream::engine::digest::{Digest, digest, digest_of_patient};
use twinstream::engine::shard::{Leaving, Shard};
use twinstream::log::decode::decode_frame;
use twinstream::sim::dice::Dice;
use twinstream::sim::ward;

use crate::order::{Bytes, N_WARDS, hospital};
use crate::support::{control, frame, log_frame, opening, site};

/// A shard that is told one frame after the other.
struct Told {
    shard: Shard,
    n_frames: usize,
    left: Vec<Leaving>,
}

impl Told {
    fn tell(&mut self, bytes: &Bytes) {
        let frame = log_frame(self.n_frames, bytes.clone());
        self.n_frames += 1;
        self.left.extend(self.shard.step(&[frame]).unwrap().leaving);
    }

    fn fork(&self, patients: &[u32]) -> Told {
        Told { shard: self.shard.fork(patients), n_frames: self.n_frames, left: Vec::new() }
    }

    fn truth_of(&mut self, twin: &TwinId<'_>) -> Digest {
        let number = self.shard.twins().patient(twin).unwrap();
        digest_of_patient(&self.shard.snapshot(), number)
    }

    /// What was said of a patient, to the letter.
    fn said_of(&self, twin: &TwinId<'_>) -> Vec<String> {
        let of_twin = self.left.iter().filter(|leaving| leaving.twin == *twin);
        of_twin.map(|leaving| format!("{:?} {:?}", leaving.cause, leaving.effect)).collect()
    }

    /// What was said of a patient, without when and where in the log it was known.
    fn ids_of(&self, twin: &TwinId<'_>) -> Vec<String> {
        let of_twin = self.left.iter().filter(|leaving| leaving.twin == *twin);
        let text = |Leaving { effect, .. }: &Leaving| {
            format!("{} {} {} {}", effect.id, effect.revision, effect.change.name(), effect.text)
        };
        of_twin.map(text).collect()
    }
}

/// The history up to a moment by seed, some of it sealed, and what comes after.
fn halves(seed: u64, events: &[Bytes]) -> (Told, Vec<Bytes>) {
    let mut dice = Dice::of(seed);
    let mut told = Told { shard: Shard::new(0), n_frames: 0, left: Vec::new() };
    opening().iter().for_each(|bytes| told.tell(bytes));
    let n_events = u64::try_from(events.len()).unwrap();
    let (before, after) = events.split_at(usize::try_from(dice.below(n_events)).unwrap());
    for bytes in before {
        told.tell(bytes);
        if dice.below(8) == 0 {
            told.shard.seal_now();
        }
    }
    let times = events.iter().flat_map(|bytes| {
        let events = decode_frame(bytes).unwrap();
        events.into_iter().filter_map(|event| event.available_at).collect::<Vec<_>>()
    });
    let end = times.max().unwrap_or(Timestamp::from_micros(0)).plus(Span::from_days(40));
    let end = frame([&control(Control::Tick { at: end }, Some(end))]);
    (told, after.iter().cloned().chain([end]).collect())
}

/// Whether a frame is about this patient, or about none.
fn concerns(bytes: &Bytes, twin: &TwinId<'_>) -> bool {
    let events = decode_frame(bytes).unwrap();
    events.iter().all(|event| event.body.twin().is_none_or(|other| other == twin))
}

/// Forks every patient alone, and all of them together; each goes on as the shard does.
/// Says how much was said after they were forked.
fn assert_forks_agree(seed: u64, events: &[Bytes]) -> usize {
    let (mut told, after) = halves(seed, events);
    let n_patients = u32::try_from(told.shard.twins().n_patients()).unwrap();
    let of_number = |told: &Told, patient: u32| told.shard.twins().twin_id(patient).into_owned();
    let everyone: Vec<u32> = (0..n_patients).collect();
    let untouched = digest(&told.shard.snapshot());
    let mut all = told.fork(&everyone);
    assert_eq!(digest(&all.shard.snapshot()), untouched, "seed {seed}: a fork of all is all");
    after.iter().for_each(|bytes| all.tell(bytes));
    let mut alone = Vec::new();
    for patient in everyone {
        let twin = of_number(&told, patient);
        let (mut fed_all, mut fed_own) = (told.fork(&[patient]), told.fork(&[patient]));
        assert_eq!(fed_all.truth_of(&twin), told.truth_of(&twin), "seed {seed}");
        for bytes in &after {
            fed_all.tell(bytes);
            if concerns(bytes, &twin) {
                fed_own.tell(bytes);
            }
        }
        alone.push((twin, fed_all, fed_own));
    }
    assert_eq!(digest(&told.shard.snapshot()), untouched, "seed {seed}: a fork touched its origin");
    told.left.clear();
    after.iter().for_each(|bytes| told.tell(bytes));
    let mut n_said = 0;
    for (twin, mut fed_all, mut fed_own) in alone {
        let expected = told.truth_of(&twin);
        for fork in [&mut all, &mut fed_all, &mut fed_own] {
            assert_eq!(fork.truth_of(&twin), expected, "seed {seed}, {twin}: another truth");
            assert_eq!(
                fork.ids_of(&twin),
                told.ids_of(&twin),
                "seed {seed}, {twin}: said otherwise"
            );
        }
        assert_eq!(fed_all.said_of(&twin), told.said_of(&twin), "seed {seed}, {twin}");
        assert_eq!(all.said_of(&twin), told.said_of(&twin), "seed {seed}, {twin}");
        assert!(fed_all.left.iter().all(|leaving| leaving.twin == twin), "seed {seed}: of others");
        n_said += fed_all.left.len();
    }
    n_said
}

#[test]
fn a_fork_goes_on_as_the_shard_does_and_does_nothing_to_it() {
    let wards: usize =
        (0..N_WARDS).map(|seed| assert_forks_agree(seed, &ward::history(&site(), seed))).sum();
    let hospitals: usize = [1, 2].map(|seed| assert_forks_agree(seed, &hospital())).iter().sum();
    assert!(100 < wards && 5 < hospitals, "too little is said to tell: {wards}, {hospitals}");
}
