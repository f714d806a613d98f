//! Stories worth watching, each told at fixed minutes after the hospital's start.
//!
//! | minute | story | patient |
//! |---|---|---|
//! | 10 | sepsis: NEWS2 3, 5, 7, 12, later recovery | `SEPSIS` |
//! | 12, 40 | report of an incidental nodule | `NODULE` |
//! | 15 | yesterday's watch arrives | `LATE_UPLOAD` |
//! | 20, 35 | a wrong respiratory rate, and its correction | `CORRECTED_RESULT` |
//! | 20, 30, 45 | kidney checks fall due, are closed, are overdue | `KIDNEY_…` |
//! | 22 | a watch disagrees with the ward | `WARD_WATCH` |
//! | 25, 360 | acute kidney injury on metformin | `KIDNEY_INJURY` |
//! | 50 | contrast is ordered for somebody on metformin | `CONTRAST` |
//!
//! Vitals of stories stand in `cast`; here is everything else they send.

pub mod scene;

pub mod corrected_result;
pub mod kidney_follow_up;
pub mod kidney_injury;
pub mod late_upload;
pub mod nodule;
pub mod sepsis;
pub mod standing;
pub mod ward_watch;

use crate::demo::stories::scene::Scene;
use crate::domain::time::Timestamp;

/// Every scene of every story.
pub fn scenes(seed: u64, start: Timestamp) -> Vec<Scene> {
    let mut scenes = sepsis::scenes(start);
    scenes.extend(kidney_injury::scenes(start));
    scenes.extend(corrected_result::scenes(start));
    scenes.extend(late_upload::scenes(seed, start));
    scenes.extend(nodule::scenes(start));
    scenes.extend(ward_watch::scenes(seed, start));
    scenes.extend(kidney_follow_up::scenes(start));
    scenes.extend(standing::scenes(start));
    scenes
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use crate::demo::cast;
    use crate::demo::hospital::{Hospital, HospitalConfig};
    use crate::demo::stories::{corrected_result, kidney_follow_up, late_upload, nodule};
    use crate::domain::date::Date;
    use crate::domain::moment::Moment;
    use crate::domain::time::{Span, Timestamp};

    fn start() -> Timestamp {
        Timestamp::from_date(Date::new(2026, 11, 8).unwrap()).plus(Span::from_hours(14))
    }

    /// What is sent about a patient up to eight hours after the start: minute, topic, resource.
    fn told_about(patient: &str) -> Vec<(i64, &'static str, Value)> {
        let end = start().plus(Span::from_hours(8));
        let records = Hospital::new(HospitalConfig::starting_at(start()));
        let mut told = Vec::new();
        for record in records.take_while(|record| record.at < end) {
            if !record.payload.contains(&format!("\"{patient}\""))
                && !record.payload.contains(&format!("/{patient}\""))
                && record.key.as_deref() != Some(patient)
            {
                continue;
            }
            let minute = record.at.since(start()).whole_seconds().div_euclid(60);
            let payload: Value = serde_json::from_str(&record.payload).unwrap();
            match payload["entry"].as_array() {
                Some(entries) => {
                    let resources = entries.iter().map(|entry| entry["resource"].clone());
                    told.extend(resources.map(|resource| (minute, record.topic, resource)));
                }
                None => told.push((minute, record.topic, payload)),
            }
        }
        told
    }

    /// The minute, status and value of each Observation of a LOINC code.
    fn values(told: &[(i64, &'static str, Value)], code: &str) -> Vec<(i64, String, String)> {
        let is_of_code = |r: &Value| {
            r["resourceType"] == "Observation" && r["code"]["coding"][0]["code"] == code
        };
        let of_code = told.iter().filter(|(_, _, r)| is_of_code(r));
        let value = |(minute, _, r): &(i64, &str, Value)| {
            let number = &r["valueQuantity"]["value"];
            (*minute, r["status"].as_str().unwrap().to_owned(), number.to_string())
        };
        of_code.map(value).collect()
    }

    fn minutes_of(told: &[(i64, &'static str, Value)], text: &str) -> Vec<i64> {
        let holds = |resource: &Value| resource.to_string().contains(text);
        told.iter().filter(|(_, _, r)| holds(r)).map(|(minute, ..)| *minute).collect()
    }

    #[test]
    fn sepsis_deepens_within_ninety_minutes_and_is_treated() {
        let told = told_about(cast::SEPSIS);
        let read = |code| -> Vec<String> {
            let live = values(&told, code).into_iter().filter(|(minute, ..)| 0 <= *minute);
            live.map(|(minute, _, value)| format!("{minute}: {value}")).collect()
        };
        let rates = ["10: 20", "40: 22", "70: 24", "100: 26", "130: 28", "160: 26", "220: 24"];
        assert_eq!(read("9279-1").get(..7), Some(&rates.map(str::to_owned)[..]));
        assert_eq!(read("2524-7"), ["62: 2.9", "165: 3.4", "400: 1.4"]);
        assert_eq!(minutes_of(&told, "suspected-infection"), [45]);
        assert_eq!(minutes_of(&told, "600-7"), [45]);
        assert_eq!(minutes_of(&told, "J01DD04"), [75]);
    }

    #[test]
    fn kidneys_fail_on_metformin_and_two_units_say_so() {
        let told = told_about(cast::KIDNEY_INJURY);
        let in_milligrams = values(&told, "2160-0");
        let texts: Vec<&str> = in_milligrams.iter().map(|(_, _, value)| value.as_str()).collect();
        assert_eq!(texts, ["0.88", "0.92", "0.9", "0.91", "0.89", "0.9", "1.4", "1.4"]);
        let live: Vec<_> = in_milligrams.iter().filter(|(m, ..)| 0 <= *m).collect();
        assert_eq!((live[0].0, live[0].1.as_str()), (14, "preliminary"));
        assert_eq!((live[1].0, live[1].1.as_str()), (25, "final"));
        assert_eq!(values(&told, "14682-9"), [(360, "final".to_owned(), "186".to_owned())]);
        let metformin: Vec<_> = told
            .iter()
            .filter(|(_, _, r)| r.to_string().contains("A10BA02"))
            .map(|(minute, _, r)| (*minute, r["status"].as_str().unwrap(), r["authoredOn"].clone()))
            .collect();
        let [(long_ago, "active", ordered), (430, "stopped", still_ordered)] = &metformin[..]
        else {
            panic!("{metformin:?}")
        };
        assert!(*long_ago < -1_000_000 && ordered == still_ordered);
    }

    #[test]
    fn correction_has_the_id_of_the_wrong_result_and_comes_before_the_next_round() {
        let told = told_about(cast::CORRECTED_RESULT);
        let rates: Vec<&(i64, &str, Value)> = told
            .iter()
            .filter(|(m, _, r)| 0 <= *m && r["code"]["coding"][0]["code"] == "9279-1")
            .collect();
        let [(wrong_minute, _, wrong), (minute, _, corrected), (next_minute, ..), ..] = rates[..]
        else {
            panic!("{rates:?}")
        };
        assert_eq!(*wrong_minute, corrected_result::WRONG_MINUTE);
        assert_eq!(*minute, corrected_result::CORRECTED_MINUTE);
        assert!(minute < next_minute);
        assert_eq!(wrong["valueQuantity"]["value"], 35);
        assert_eq!(corrected["valueQuantity"]["value"], corrected_result::RESPIRATORY_RATE);
        assert_eq!(wrong["id"], corrected["id"]);
        assert_eq!(wrong["effectiveDateTime"], corrected["effectiveDateTime"]);
        assert_eq!(corrected["status"], "corrected");
        assert_eq!(corrected["meta"]["versionId"], "2");
    }

    #[test]
    fn late_upload_holds_a_day_of_samples_in_one_series() {
        let told = told_about(cast::LATE_UPLOAD);
        let uploads: Vec<_> = told.iter().filter(|told| told.1 == "demo.wearables").collect();
        let names: Vec<_> = uploads
            .iter()
            .map(|(minute, _, r)| (*minute, r["header"]["schema_id"]["name"].as_str().unwrap()))
            .collect();
        assert_eq!(names, [(15, "heart-rate"), (15, "step-count"), (15, "sleep-episode")]);
        let samples = uploads[0].2["body"].as_array().unwrap();
        assert_eq!(samples.len(), usize::try_from(late_upload::N_HEART_RATES).unwrap());
        for sample in samples {
            let text = sample["effective_time_frame"]["date_time"].as_str().unwrap();
            let Ok(Moment::Instant { at, .. }) = Moment::parse(text) else { panic!("{text}") };
            assert!(at < start().minus(Span::from_minutes(30)));
        }
    }

    #[test]
    fn nodule_is_found_between_the_preliminary_and_the_final_report() {
        let told = told_about(cast::NODULE);
        let reports: Vec<_> = told
            .iter()
            .filter(|(_, topic, r)| *topic == "demo.imaging" && r["conclusion"].is_string())
            .collect();
        let [(12, _, preliminary), (40, _, last)] = reports[..] else { panic!("{reports:?}") };
        assert_eq!(preliminary["status"], "preliminary");
        assert_eq!((&last["status"], &last["id"]), (&Value::from("final"), &preliminary["id"]));
        assert!(last["conclusion"].as_str().unwrap().contains("7 mm solid nodule"));
        let size = minutes_of(&told, "\"nodule-diameter\"");
        assert_eq!((size, nodule::DIAMETER_MM), (vec![40], 7));
        assert_eq!(minutes_of(&told, "\"ImagingStudy\"")[0], 6);
        let archived: Vec<i64> =
            told.iter().filter(|told| told.1 == "demo.dicom").map(|told| told.0).collect();
        assert_eq!(archived, [5]);
    }

    #[test]
    fn watch_on_the_ward_disagrees_with_the_nurse() {
        let told = told_about(cast::WARD_WATCH);
        assert!(values(&told, "9279-1").iter().all(|(_, _, rate)| rate == "16"));
        let from_watch: Vec<_> = told.iter().filter(|told| told.1 == "demo.wearables").collect();
        assert_eq!(from_watch[0].0, 22);
        assert!(from_watch.iter().all(|(_, _, r)| r["body"][0]["respiratory_rate"]["value"] == 30));
    }

    #[test]
    fn kidney_checks_fall_due_are_overdue_and_are_closed() {
        let newest_before_start = |patient: &str, code: &str| {
            let told = told_about(patient);
            let mut all = told
                .iter()
                .filter(|(minute, _, r)| *minute < 0 && r["code"]["coding"][0]["code"] == code);
            let text = all.next_back()?.2["effectiveDateTime"].as_str()?.to_owned();
            let Ok(Moment::Instant { at, .. }) = Moment::parse(&text) else { panic!("{text}") };
            Some(at)
        };
        let due = |patient| newest_before_start(patient, "2160-0").unwrap().plus_months(6);
        let minute = |minutes| start().plus(Span::from_minutes(minutes));
        let grace = Span::from_days(30);
        assert_eq!(due(cast::KIDNEY_DUE), minute(kidney_follow_up::DUE_MINUTE));
        assert_eq!(due(cast::KIDNEY_OVERDUE).plus(grace), minute(kidney_follow_up::OVERDUE_MINUTE));
        assert!(due(cast::KIDNEY_CLOSED).plus(grace) < start());
        assert_eq!(newest_before_start(cast::KIDNEY_NO_RATIO, "9318-7"), None);
        let closed = told_about(cast::KIDNEY_CLOSED);
        for code in ["2160-0", "9318-7"] {
            let live: Vec<i64> =
                values(&closed, code).iter().map(|one| one.0).filter(|m| 0 <= *m).collect();
            assert_eq!(live, [kidney_follow_up::CLOSED_MINUTE]);
        }
        let unchecked = newest_before_start(cast::METFORMIN_UNCHECKED, "2160-0").unwrap();
        assert!(unchecked < start().minus(Span::from_days(365)));
    }

    #[test]
    fn standing_states_are_said_with_their_codes() {
        let says = |patient: &str, text: &str| minutes_of(&told_about(patient), text);
        assert_eq!(says(cast::COMFORT_CARE, "\"comfort-care\"").len(), 2);
        assert_eq!(says(cast::CONTRAST, "\"ct-iodinated-contrast\""), [50]);
        assert_eq!(says(cast::PREGNANT, "\"77386006\""), [-50]);
        assert!(10 < says(cast::DIALYSIS, "\"265764009\"").len());
        assert!(says(cast::SCALE_1, "\"spo2-scale-2\"").is_empty());
        let told = told_about(cast::SCALE_2);
        let mut orders = told.iter().filter(|(_, _, r)| r.to_string().contains("spo2-scale-2"));
        let order = &orders.next().unwrap().2["occurrencePeriod"];
        assert_eq!(order["start"], "2026-11-07T14:00:00Z");
        assert_eq!(order["end"], "2026-11-11T14:00:00Z");
        let answers = told_about(cast::CHRONIC_CONFUSION);
        assert!(!minutes_of(&answers, "\"chronic-confusion\"").is_empty());
    }

    #[test]
    fn weight_rises_at_home() {
        let told = told_about(cast::WEIGHT_GAIN);
        let weight = |r: &Value| r["body"]["body_weight"]["value"].as_f64();
        let weights: Vec<f64> = told.iter().filter_map(|(_, _, r)| weight(r)).collect();
        let (first, last) = (weights[0], weights[weights.len() - 1]);
        assert!(first + 0.8 < last, "{weights:?}");
    }
}
