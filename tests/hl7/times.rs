//! Times without an offset: of the source's zone, and of the hour that comes twice nobody says which it was.

use crate::hl7::{Told, chicago, message, told};
use crate::support::{Ward, at};

use twinstream::domain::refusal::Refusal;

const TIMES: &str = "SELECT local_day, utc_offset_minutes, tz_source, effective_from, effective_at, counts_at FROM observations";

/// A heart rate at a time, reported at another.
fn rate(time: &str, reported: &str) -> String {
    message(&[
        "MSH|^~\\&|MON|MERCY|||20261102||ORU^R01|1|P|2.4",
        "PID|1||77",
        &format!("OBR|1||F1|VS^Vital signs^L|||{time}|||||||||||||||{reported}|||F"),
        &format!("OBX|1|NM|8867-4^Heart rate^LN||88|/min|||||F|||{time}"),
    ])
}

fn times_after(time: &str, reported: &str) -> Vec<String> {
    let mut told: Told = told(&chicago(), &[rate(time, reported)]);
    assert_eq!(told.letters, [], "{time}");
    told.lines(TIMES)
}

#[test]
fn a_time_is_of_the_zone_of_its_source_unless_it_names_an_offset() {
    let winter = "2026-11-02,-360,source,,2026-11-02T14:05:00Z,2026-11-02T14:05:00Z";
    assert_eq!(times_after("202611020805", ""), [winter]);
    let summer = "2026-07-02,-300,source,,2026-07-02T13:05:09.250Z,2026-07-02T13:05:09.250Z";
    assert_eq!(times_after("20260702080509.25", ""), [summer]);
    let own = "2026-11-02,330,sample,,2026-11-02T02:35:00Z,2026-11-02T02:35:00Z";
    assert_eq!(times_after("202611020805+0530", ""), [own]);
    let day = "2026-11-02,-360,source,2026-11-02T06:00:00Z,2026-11-03T06:00:00Z,2026-11-03T05:59:59.999999Z";
    assert_eq!(times_after("20261102", ""), [day]);
}

#[test]
fn an_hour_that_came_twice_is_kept_as_ambiguous() {
    // Clocks went from 02:00 back to 01:00 on 1 November 2026 in Chicago.
    let from_to = "2026-11-01T06:30:00Z,2026-11-01T07:30:00.000001Z";
    let either = format!("2026-11-01,-360,ambiguous,{from_to},2026-11-01T07:30:00Z");
    assert_eq!(times_after("202611010130", ""), [either]);
    // When it was reported says nothing of which it was, but when it counts.
    let reported = format!("2026-11-01,-360,ambiguous,{from_to},2026-11-01T06:41:00Z");
    assert_eq!(times_after("202611010130", "202611010141-0500"), [reported]);
    // The offset tells them apart.
    let second = "2026-11-01,-360,sample,,2026-11-01T07:30:00Z,2026-11-01T07:30:00Z";
    assert_eq!(times_after("202611010130-0600", ""), [second]);
    let before = "2026-11-01,-300,source,,2026-11-01T05:59:00Z,2026-11-01T05:59:00Z";
    assert_eq!(times_after("202611010059", ""), [before]);
    let after = "2026-11-01,-360,source,,2026-11-01T08:00:00Z,2026-11-01T08:00:00Z";
    assert_eq!(times_after("202611010200", ""), [after]);
}

#[test]
fn what_comes_before_the_second_hour_was_the_first() {
    let mut ward = Ward::open();
    let (letter, _) = ward.receive(
        &chicago(),
        rate("202611010130", "").replacen("20261102", "", 1).as_bytes(),
        at("2026-11-01T06:30:20Z"),
    );
    assert_eq!(letter, None);
    let newest = ward.newest("77", "heart_rate").unwrap();
    assert_eq!(newest.at, at("2026-11-01T06:30:00Z"));
}

#[test]
fn a_time_that_clocks_jumped_over_is_refused() {
    let told = told(&chicago(), &[rate("202603080230", "")]);
    assert_eq!(told.refused(), [(Refusal::BadTime, "OBX[1]-14"), (Refusal::BadTime, "OBR[1]-7")]);
}
