//! Damage is detected wherever it is, and the checkpoint before it is used.

use std::collections::BTreeMap;

use bytes::Bytes;

use twinstream::storage::checkpoints::CheckpointError;
use twinstream::storage::inventory::Number;
use twinstream::storage::part::{Fault, SEGMENT};
use twinstream::storage::search::Depth;

use crate::storage::{manifest_name, noise, places, publish};

#[test]
fn a_cut_is_detected_wherever_it_is() {
    for place in places("cuts") {
        let mut owner = place.owner();
        publish(&mut owner, 10).unwrap();
        let manifest = publish(&mut owner, 12).unwrap();
        let mut objects = vec![(manifest_name(&manifest), 1)];
        let parts = manifest.checkpoint.parts.iter().filter(|part| 0 < part.size_bytes);
        objects.extend(parts.map(|part| (owner.object_of(part), 4_096)));
        for (name, step) in objects {
            let whole = place.storage.get(&name).unwrap();
            // Over the network each is a few requests, and the bytes are compared by the same code.
            let step = if place.folder.is_none() { step * 64 } else { step };
            for size in (0..whole.len()).step_by(step) {
                place.overwrite(&name, &whole[..size]);
                let (offset, passed_over) = place.found();
                assert_eq!(offset, Some(10), "{name} of {size} bytes was served");
                assert_eq!(passed_over.len(), 1);
                assert!(passed_over[0].contains(&name), "{passed_over:?}");
            }
            place.storage.delete(&name).unwrap();
            let (offset, passed_over) = place.found();
            assert_eq!(offset, Some(10), "served without {name}");
            let is_known = passed_over.is_empty() || passed_over[0].ends_with("it is not there");
            assert!(is_known, "{passed_over:?}");
            place.overwrite(&name, &whole);
            assert_eq!(place.found(), (Some(12), vec![]));
        }
    }
}

#[test]
fn a_flipped_bit_is_detected_wherever_it_is() {
    const SEED: u64 = 20_261_126;
    for place in places("flips") {
        let mut owner = place.owner();
        publish(&mut owner, 10).unwrap();
        let manifest = publish(&mut owner, 12).unwrap();
        let mut names = vec![manifest_name(&manifest)];
        names.extend(manifest.checkpoint.parts.iter().map(|part| owner.object_of(part)));
        let objects: BTreeMap<&String, Bytes> =
            names.iter().map(|name| (name, place.storage.get(name).unwrap())).collect();
        let n_flips: u64 = if place.folder.is_some() { 10_000 } else { 64 };
        let random = noise(SEED, usize::try_from(n_flips * 8).unwrap());
        for random in random.chunks_exact(8) {
            let random = usize::from_le_bytes(random.try_into().unwrap());
            // The empty part has no bit to flip.
            let name = &names[random % (names.len() - 1)];
            let mut bytes = objects[name].to_vec();
            let bit = random / 7 % (bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            place.overwrite(name, &bytes);
            let (offset, passed_over) = place.found();
            assert_eq!(offset, Some(10), "bit {bit} of {name}, seed {SEED}");
            assert!(passed_over[0].ends_with("not those that were written"), "{passed_over:?}");
            if let Some(part) = manifest.checkpoint.parts.iter().find(|p| name.ends_with(&p.name()))
            {
                let error = owner.read_part(part).unwrap_err();
                assert!(matches!(error, CheckpointError::Damaged { fault: Fault::Content, .. }));
            }
            place.overwrite(name, &objects[name]);
        }
        assert_eq!(place.found(), (Some(12), vec![]));
    }
}

#[test]
fn damage_in_a_segment_is_met_when_it_is_looked_for_and_then_healed() {
    for place in places("segment") {
        let mut owner = place.owner();
        publish(&mut owner, 9).unwrap();
        let manifest = publish(&mut owner, 10).unwrap();
        let segment = &manifest.checkpoint.parts[1];
        let name = owner.object_of(segment);
        let mut bytes = place.storage.get(&name).unwrap().to_vec();
        bytes[20_000] ^= 1;
        place.overwrite(&name, &bytes);
        assert_eq!(place.found_at(Depth::Quick).0, Some(10), "its length is right");
        assert_eq!(place.found_at(Depth::Whole).0, Some(9));
        // Replaying the log makes the same segment again; it must not be taken for written.
        let mut next = place.owner();
        next.newest_valid(Depth::Whole).unwrap();
        publish(&mut next, 10).unwrap();
        assert_eq!(place.found(), (Some(10), vec![]));
        // One that was cut needs no search to be replaced.
        place.overwrite(&name, &bytes[..100]);
        publish(&mut place.owner(), 11).unwrap();
        assert_eq!(place.found(), (Some(11), vec![]));
    }
}

#[test]
fn a_manifest_under_another_name_is_passed_over() {
    for place in places("misplaced") {
        let mut owner = place.owner();
        publish(&mut owner, 10).unwrap();
        let mut manifest = publish(&mut owner, 12).unwrap();
        let name = manifest_name(&manifest);
        manifest.partition = 4;
        place.overwrite(&name, &manifest.encode());
        let (offset, passed_over) = place.found();
        assert_eq!(offset, Some(10));
        assert!(passed_over[0].ends_with("it is checkpoint 1-2 of partition 4"), "{passed_over:?}");
        let search = place.checkpoints().newest_valid(Depth::Quick).unwrap();
        assert_eq!(search.passed_over[0].number, Number { epoch: 1, sequence: 2 });
    }
}

/// A part of one byte, and another byte in its place: its length tells nothing.
#[test]
fn a_part_that_is_there_with_other_bytes_is_written_again() {
    for place in places("same-length") {
        let content = Bytes::from_static(b"a");
        let part = place.owner().put_part(SEGMENT, content.clone()).unwrap();
        place.overwrite(&place.checkpoints().object_of(&part), b"b");
        let mut next = place.owner();
        assert_eq!(next.put_part(SEGMENT, content.clone()).unwrap(), part);
        assert_eq!(next.read_part(&part).unwrap(), content);
    }
}
