//! Results: values with their units and codes, corrections, what is taken back, what comes late, reports.

use crate::hl7::{Told, chicago, message, orders, told};
use crate::support::{at, signal};

use twinstream::domain::refusal::Refusal;

/// One result of a potassium: its status, value, and the minute after nine at which it was sent.
fn potassium(status: &str, value: &str, minute: u32) -> String {
    message(&[
        &format!(
            "MSH|^~\\&|BEAKER|LAB|||2026110803{minute:02}00||ORU^R01^ORU_R01|L{minute}|P|2.5.1"
        ),
        "PID|1||77^^^MERCY^MR||DOE^JANE",
        "PV1|1|I|5W^512^A||||||||||||||||V100",
        "ORC|RE|P-1^EPIC|F-1^BEAKER",
        &format!(
            "OBR|1|||BMP^Basic metabolic panel^L|||202611080240|||||||||||||||2026110803{minute:02}|||{status}"
        ),
        &format!(
            "OBX|1|NM|2823-3^Potassium^LN^K^K^L||{value}|mmol/L^^UCUM|3.5-5.1|H|||{status}|||202611080240"
        ),
    ])
}

const RESULTS: &str =
    "SELECT value, unit, status, resource FROM observations WHERE signal = 'potassium'";

#[test]
fn a_correction_replaces_what_it_corrects_in_any_order() {
    let preliminary = potassium("P", "6.9", 5);
    let last = potassium("F", "6.8", 20);
    let corrected = potassium("C", "4.8", 40);
    for order in orders(&[preliminary.clone(), last.clone(), corrected.clone()]) {
        let mut told = told(&chicago(), &order);
        assert_eq!(told.letters, []);
        let one = "4.8,mmol/L,amended,Observation/BEAKER.F-1.BMP.2823-3";
        assert_eq!(told.lines(RESULTS), [one]);
        assert_eq!(told.lines("SELECT encounter FROM reports"), ["Encounter/V100"]);
    }
    let mut told = told(&chicago(), &[preliminary, last]);
    assert_eq!(told.lines(RESULTS), ["6.8,mmol/L,final,Observation/BEAKER.F-1.BMP.2823-3"]);
    told.tell(&chicago(), &corrected);
    assert_eq!(told.lines(RESULTS), ["4.8,mmol/L,amended,Observation/BEAKER.F-1.BMP.2823-3"]);
}

#[test]
fn a_corrected_result_withdraws_the_alert_that_it_raised() {
    let spec = chicago();
    let mut told = told(&spec, &[]);
    let mut leaving = Vec::new();
    for (text, now) in [
        (potassium("F", "6.9", 20), "2026-11-08T09:20:05Z"),
        (potassium("C", "4.4", 40), "2026-11-08T09:40:05Z"),
    ] {
        let (letter, left) = told.ward.receive(&spec, text.as_bytes(), at(now));
        assert_eq!(letter, None);
        leaving.push(left.len());
    }
    assert!(leaving.iter().all(|n| 0 < *n), "{leaving:?}");
    let alerts = told.lines("SELECT status FROM alerts WHERE pipeline = 'potassium'");
    assert_eq!(alerts, ["withdrawn"]);
}

#[test]
fn what_was_posted_as_wrong_deleted_or_cannot_be_had_is_no_result() {
    for status in ["W", "D", "X"] {
        let taken_back = potassium(status, "", 40).replacen(&format!("|||{status}\r"), "|||C\r", 1);
        for order in orders(&[potassium("F", "6.8", 20), taken_back]) {
            let mut told = told(&chicago(), &order);
            assert_eq!(told.letters, []);
            let values = told.lines("SELECT value FROM observations WHERE value IS NOT NULL");
            assert_eq!(values, Vec::<String>::new(), "{status}");
        }
    }
}

#[test]
fn a_late_result_is_of_the_time_at_which_it_was_taken() {
    let mut told = told(&chicago(), &[potassium("F", "4.0", 20)]);
    let late =
        potassium("F", "6.1", 55).replace("F-1^", "F-0^").replace("202611080240", "202611072100");
    told.tell(&chicago(), &late);
    let newest = told.ward.newest("77", "potassium").unwrap();
    assert_eq!(signal("potassium").text_of(newest.value), "4.0");
    let both = "SELECT value, effective_at FROM observations WHERE signal = 'potassium' ORDER BY 2";
    assert_eq!(told.lines(both), ["6.1,2026-11-08T03:00:00Z", "4.0,2026-11-08T08:40:00Z"]);
}

#[test]
fn values_of_every_kind_are_kept_as_they_came_or_with_their_signal() {
    let text = message(&[
        "MSH|^~\\&|BEAKER|LAB|||20261108034000||ORU^R01|1|P|2.5.1",
        "PID|1||77",
        "OBR|1||F-2|PANEL^All kinds^L|||202611080240||||||||||||||||||F",
        "OBX|1|NM|2160-0^Creatinine^LN||106.1|umol/L|||||F",
        "OBX|2|SN|6690-2^WBC^LN||>^100|10*3/uL|||||F",
        "OBX|3|NM|8310-5^Temperature^LN||101.3|[degF]|||||F",
        "OBX|4|CWE|67775-7^Responsiveness^LN||LA9340-6^Alert^LN||||||F",
        "OBX|5|ST|COLOR^Urine color^L||straw \\T\\ clear||||||F",
        "OBX|6|NM|2823-3^Potassium^LN||4.2|furlong|||||F",
        "OBX|7|NM|718-7^Hemoglobin^LN||clotted|g/dL|||||F",
        "OBX|8|ED|PDF^Report^L||^application^pdf^Base64^JVBERi0=||||||F",
        "OBX|9|NM|8867-4^Heart rate^LN||88|/min|||||",
    ]);
    let mut told = told(&chicago(), &[text]);
    assert_eq!(told.letters, []);
    let values = told.lines(
        "SELECT coalesce(signal, code), comparator, value, value_text, unusable FROM observations \
         ORDER BY resource",
    );
    let expected = [
        "creatinine,,1.2,,",
        "potassium,,,,unit_unknown",
        "leukocytes,>,100.0,,",
        "consciousness,,,alert,",
        "hemoglobin,,,,value_unreadable",
        "temperature,,38.5,,",
        "heart_rate,,88.0,,",
        "COLOR,,,straw & clear,",
    ];
    assert_eq!(values, expected);
}

#[test]
fn a_report_concludes_with_its_impression() {
    let report = |status: &str, minute: u32, impression: &str| {
        message(&[
            &format!("MSH|^~\\&|RIS|RAD|||2026110803{minute:02}00||ORU^R01|R{minute}|P|2.3"),
            "PID|1||77",
            &format!(
                "OBR|1|P9|ACC-123^RIS|71020^Chest 2 views^L|||202611080215|||||||||||||||2026110803{minute:02}||RAD|{status}"
            ),
            &format!(
                "OBX|1|TX|71020&GDT^Chest 2 views^L|1|FINDINGS:  Lungs are clear.||||||{status}"
            ),
            &format!("OBX|2|TX|71020&GDT^Chest 2 views^L|1|No effusion.||||||{status}"),
            &format!("OBX|3|TX|71020&IMP^Chest 2 views^L|1|{impression}||||||{status}"),
        ])
    };
    let mut told = told(&chicago(), &[report("P", 10, "No acute disease.")]);
    assert_eq!(told.letters, []);
    let reports = "SELECT status, conclusion FROM reports";
    assert_eq!(told.lines(reports), ["preliminary,No acute disease."]);
    told.tell(&chicago(), &report("C", 50, "8 mm nodule\\.br\\in the right upper lobe."));
    assert_eq!(told.lines(reports), ["corrected,\"8 mm nodule", "in the right upper lobe.\""]);
}

#[test]
fn what_is_wrong_with_one_result_leaves_the_others() {
    let text = potassium("F", "4.2", 20)
        + &message(&[
            "OBX|2|NM|^nothing||1|mmol/L|||||F",
            "OBX|3|NM|2160-0^Creatinine^LN||1|mg/dL|||||?",
            "OBX|4|QQ|2160-0^Creatinine^LN||1|mg/dL|||||F",
            "OBX|5|NM|2160-0^Creatinine^LN||1|mg/dL|||||U",
            "OBX|6|NM|2160-0^Creatinine^LN|||mg/dL|||||U",
        ]);
    let mut told: Told = told(&chicago(), &[text]);
    assert_eq!(
        told.refused(),
        [
            (Refusal::Undecodable, "OBX[2]-3.1"),
            (Refusal::Undecodable, "OBX[3]-11"),
            (Refusal::Undecodable, "OBX[4]-2"),
            (Refusal::Undecodable, "OBX[6]-11"),
        ]
    );
    assert_eq!(told.letters[0].problems[0].patient.as_deref(), Some("77"));
    assert_eq!(told.lines(RESULTS).len(), 1);
    let early = message(&["MSH|^~\\&|A|B|||20261108||ORU^R01|1|P|2.3", "OBX|1|NM|K||1|u|||||F"]);
    let early: Told = crate::hl7::told(&chicago(), &[early]);
    assert_eq!(early.refused(), [(Refusal::Undecodable, "PID")]);
}
