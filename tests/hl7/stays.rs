//! Admissions, transfers, discharges, their cancels, and merges.

use crate::hl7::{Told, chicago, message, of_authority, orders, told};
use crate::support::{Ward, at};

use twinstream::domain::refusal::Refusal;

const STAYS: &str =
    "SELECT patient, resource, status, setting, ward, bed, started_at, ended_at FROM encounters";

/// A movement of one stay: trigger, when it was recorded, place, and when the stay ended.
fn movement(trigger: &str, minute: u32, place: &str, ended: &str) -> String {
    message(&[
        &format!(
            "MSH|^~\\&|EPIC|MERCY|TWIN|MERCY|202611080{minute:03}00||ADT^{trigger}|M{minute}|P|2.5.1"
        ),
        &format!("EVN|{trigger}|202611080{minute:03}00"),
        "PID|1||77^^^MERCY^MR||Doe^Jane^Q||19520309|F",
        &format!(
            "PV1|1|I|{place}||||||||||||||||V100^^^MERCY^VN|||||||||||||||||||||||||202611080100|{ended}"
        ),
    ])
}

fn admitted() -> String {
    movement("A01", 100, "5W^512^A^MERCY", "")
}

fn stay_after(messages: &[String]) -> String {
    let mut told = told(&chicago(), messages);
    assert_eq!(told.letters, []);
    told.lines(STAYS).join("; ")
}

#[test]
fn a_stay_is_where_the_last_message_says() {
    let moved = movement("A02", 200, "ICU^03^1^MERCY", "");
    let gone = movement("A03", 300, "ICU^03^1^MERCY", "202611080255");
    let began = "test/77,Encounter/V100,in-progress,inpatient,5W,512-A,2026-11-08T07:00:00Z,";
    assert_eq!(stay_after(&[admitted()]), began);
    let in_icu = "test/77,Encounter/V100,in-progress,inpatient,ICU,03-1,2026-11-08T07:00:00Z,";
    let over = "test/77,Encounter/V100,finished,inpatient,ICU,03-1,2026-11-08T07:00:00Z,2026-11-08T08:55:00Z";
    for order in orders(&[admitted(), moved.clone()]) {
        assert_eq!(stay_after(&order), in_icu);
    }
    for order in orders(&[admitted(), moved, gone]) {
        assert_eq!(stay_after(&order), over);
    }
}

#[test]
fn a_cancel_undoes_exactly_what_it_cancels_in_any_order() {
    let moved = movement("A02", 200, "ICU^03^1^MERCY", "");
    let gone = movement("A03", 300, "5W^512^A^MERCY", "202611080255");
    let still = "test/77,Encounter/V100,in-progress,inpatient,5W,512-A,2026-11-08T07:00:00Z,";
    // The standard has PV1-3 of an A12 say where the patient is again.
    let not_moved = movement("A12", 215, "5W^512^A^MERCY", "");
    for order in orders(&[admitted(), moved, not_moved]) {
        assert_eq!(stay_after(&order), still);
    }
    // The discharge of which it speaks may still stand in a cancel.
    let not_gone = movement("A13", 315, "5W^512^A^MERCY", "202611080255");
    for order in orders(&[admitted(), gone, not_gone]) {
        assert_eq!(stay_after(&order), still);
    }
    let not_admitted = movement("A11", 115, "5W^512^A^MERCY", "");
    for order in orders(&[admitted(), not_admitted.clone()]) {
        let mut after = told(&chicago(), &order);
        assert_eq!(after.lines("SELECT status, activity FROM encounters"), ["cancelled,void"]);
        assert_eq!(after.lines("SELECT coalesce(ward, '-') FROM patients"), ["-"]);
    }
    // Admitted after all.
    let again = movement("A01", 130, "6E^601^B^MERCY", "");
    for order in orders(&[admitted(), not_admitted, again]) {
        let there = "test/77,Encounter/V100,in-progress,inpatient,6E,601-B,2026-11-08T07:00:00Z,";
        assert_eq!(stay_after(&order), there);
    }
}

#[test]
fn a_stay_that_is_again_as_it_was_is_no_old_message() {
    let there = || "5W^512^A^MERCY";
    let messages = [
        admitted(),
        movement("A02", 200, "ICU^03^1^MERCY", ""),
        movement("A12", 201, there(), ""),
        movement("A03", 202, there(), "202611080202"),
        movement("A13", 203, there(), ""),
        movement("A02", 204, "ICU^03^1^MERCY", ""),
        movement("A02", 205, there(), ""),
    ];
    let still = "test/77,Encounter/V100,in-progress,inpatient,5W,512-A,2026-11-08T07:00:00Z,";
    assert_eq!(stay_after(&messages), still);
    let backwards: Vec<String> = messages.iter().rev().cloned().collect();
    assert_eq!(stay_after(&backwards), still);
    let twice = [messages.as_slice(), &messages].concat();
    assert_eq!(stay_after(&twice), still, "sent again, it is still the last that counts");
}

#[test]
fn a_cancel_of_the_same_second_counts_and_an_old_message_sent_again_does_not() {
    let gone = movement("A03", 300, "5W^512^A^MERCY", "202611080255");
    let not_gone = movement("A13", 300, "5W^512^A^MERCY", "");
    let still = "test/77,Encounter/V100,in-progress,inpatient,5W,512-A,2026-11-08T07:00:00Z,";
    for order in orders(&[admitted(), gone.clone(), not_gone]) {
        assert_eq!(stay_after(&order), still);
    }
    let sent_again = admitted().replacen("20261108010000", "20261108055900", 1);
    assert_ne!(sent_again, admitted());
    let over = "test/77,Encounter/V100,finished,inpatient,5W,512-A,2026-11-08T07:00:00Z,2026-11-08T08:55:00Z";
    assert_eq!(stay_after(&[admitted(), gone, sent_again]), over);
}

#[test]
fn an_emergency_visit_and_an_update_of_the_person_alone() {
    let registered = message(&[
        "MSH|^~\\&|CERNER|LAKE|||20261108021500-0600||ADT^A04^ADT_A01|1|P|2.3",
        "EVN|A04|202611080215-0600||||202611080210-0600",
        "PID|1||900331^^^LAKE||MÜLLER^KARL||1948|M||||||||||ACC-9",
        "PV1|1|E|ED^^7",
    ]);
    let mut told = told(&chicago(), &[registered]);
    let visit = "test/900331,Encounter/ACC-9,in-progress,emergency,ED,7,2026-11-08T08:10:00Z,";
    assert_eq!(told.lines(STAYS), [visit]);
    let update = message(&[
        "MSH|^~\\&|CERNER|LAKE|||20261108031500-0600||ADT^A08|2|P|2.3",
        "EVN|A08|202611080315-0600",
        "PID|1||900331^^^LAKE||MÜLLER^KARL^HEINZ^^^^L||19480229|M|||||||||||||||||||||202611080300-0600|Y",
        "PV1|1|N",
    ]);
    told.tell(&chicago(), &update);
    assert_eq!(told.letters, []);
    assert_eq!(told.lines(STAYS), [visit], "an update of the person leaves the stay");
    let persons = "SELECT name, sex, birth_date, deceased_at FROM patients";
    assert_eq!(told.lines(persons), ["KARL HEINZ MÜLLER,male,1948-02-29,2026-11-08T09:00:00Z"]);
}

#[test]
fn what_a_message_leaves_out_is_not_guessed() {
    let without = |field: &str, by: &str| admitted().replacen(field, by, 1);
    let cases = [
        (without("77^^^MERCY^MR", ""), Refusal::NoPatient, "PID-3.1"),
        (without("77^^^MERCY^MR", "77^^^MERCY^MR~78^^^MERCY^MR"), Refusal::NoPatient, "PID-3"),
        (without("PID|1||77", "ZID|1||77"), Refusal::Undecodable, "PID"),
        (without("V100", ""), Refusal::Undecodable, "PV1-19.1"),
        (without("ADT^A01", "ADT"), Refusal::Undecodable, "MSH-9.2"),
        (without("ADT^A01", ""), Refusal::Undecodable, "MSH-9.1"),
        (without("EVN|A01|2026", "EVN|A01|x2026"), Refusal::BadTime, "EVN-2"),
        (without("202611080100|\r", "20261132|\r"), Refusal::BadTime, "PV1-44"),
        (without("19520309", "1952-03-09"), Refusal::BadTime, "PID-7"),
        (without("|F\r", "|W\r"), Refusal::Undecodable, "PID-8"),
        (
            movement("A02", 200, "ICU", "").replacen("202611080100|\r", "|\r", 1),
            Refusal::BadTime,
            "PV1-44",
        ),
        (movement("A12", 200, "", ""), Refusal::Undecodable, "PV1-3"),
        (movement("A03", 200, "5W", "202611070100"), Refusal::BadTime, "PV1-45"),
        (
            admitted().replacen("20261108010000", "20261109010000", 1).replacen(
                "EVN|A01|20261108010000",
                "EVN|A01|",
                1,
            ),
            Refusal::FutureTime,
            "MSH-7",
        ),
    ];
    for (text, reason, pointer) in cases {
        let told = told(&chicago(), std::slice::from_ref(&text));
        assert_eq!(told.refused(), [(reason, pointer)], "{text}");
    }
    // What is wrong with the stay leaves the person, and the other way round.
    let mut told = told(&chicago(), &[without("V100", "")]);
    assert_eq!(told.lines("SELECT sex FROM patients"), ["female"]);
}

#[test]
fn an_authority_says_which_identifier_is_meant() {
    let several = admitted().replacen(
        "77^^^MERCY^MR",
        "900^^^STATE&2.16.840.1.113883.3.1&ISO^PI~77^^^MERCY^MR~123-45-6789^^^SSA^SS",
        1,
    );
    let who = |spec| {
        let mut told = told(&spec, std::slice::from_ref(&several));
        told.lines("SELECT patient FROM patients").join(" ")
    };
    assert_eq!(who(chicago()), "test/77", "the only medical record number");
    assert_eq!(who(of_authority("STATE")), "test/900");
    assert_eq!(who(of_authority("2.16.840.1.113883.3.1")), "test/900");
    let told = told(&of_authority("OTHER"), &[several]);
    assert_eq!(told.refused(), [(Refusal::NoPatient, "PID-3")]);
}

#[test]
fn a_merge_moves_what_is_known_and_parting_gives_it_back() {
    let merge = message(&[
        "MSH|^~\\&|EPIC|MERCY|||20261108040000||ADT^A40^ADT_A39|9|P|2.5.1",
        "EVN|A40|20261108040000",
        "PID|1||78^^^MERCY^MR||Doe^Jane||19520309|F",
        "MRG|77^^^MERCY^MR",
        "PID|2||80^^^MERCY^MR||Roe^Ann||19610101|F",
        "MRG|81^^^MERCY^MR",
    ]);
    let mut after: Told = told(&chicago(), &[admitted(), merge.clone(), merge.clone()]);
    assert_eq!(after.letters, []);
    let linked = "SELECT patient, state, linked_to FROM identities ORDER BY patient";
    assert_eq!(after.lines(linked), ["test/77,linked,test/78", "test/81,linked,test/80"]);
    let stays = "SELECT patient FROM encounters ORDER BY patient";
    assert_eq!(after.lines(stays), ["test/77", "test/78"], "the stay is with who goes on");
    let parted = message(&[
        "MSH|^~\\&|EPIC|MERCY|||20261108041000||ADT^A37|10|P|2.5.1",
        "EVN|A37|20261108041000",
        "PID|1||78^^^MERCY^MR",
        "PID|2||77^^^MERCY^MR",
    ]);
    let mut after: Told = told(&chicago(), &[admitted(), merge.clone(), parted, merge]);
    assert_eq!(after.lines(linked), ["test/81,linked,test/80"], "whatever comes again");
    assert_eq!(after.lines(stays), ["test/77"]);
    let broken = |mrg: &str| {
        let text = message(&[
            "MSH|^~\\&|EPIC|MERCY|||20261108040000||ADT^A40|9|P|2.5.1",
            "PID|1||78^^^MERCY^MR",
            mrg,
        ]);
        let (letter, _) = Ward::open().receive(&chicago(), text.as_bytes(), at(crate::hl7::NOW));
        letter.unwrap().problems[0].pointer.clone()
    };
    assert_eq!(broken("MRG|78^^^MERCY^MR"), "MRG[1]-1");
    assert_eq!(broken("MRG|"), "MRG[1]-1.1");
    assert_eq!(broken("NTE|1"), "MRG");
}

#[test]
fn other_events_are_counted_and_not_used() {
    let told = told(&chicago(), &[movement("A60", 100, "5W", "")]);
    assert_eq!(told.letters, []);
    let tally = told.ward.decoder.tally();
    assert_eq!(tally.by_type["ADT^A60"].not_used, 1);
}
