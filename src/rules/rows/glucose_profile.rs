//! Continuous glucose monitoring of two weeks: `glucose_profile` says time in ranges, variation and GMI.
//!
//! How often a sensor measures is read off its readings: the most frequent distance. Two receivers of one sensor say
//! the same instant once.

use std::collections::BTreeMap;

use crate::domain::decimal::plain;
use crate::domain::time::Timestamp;
use crate::rules::assessment::{Assessment, Cell, Finding, Findings, InputKind, Outcome, Reading};
use crate::rules::assessment::{Row, Rule, RuleInput};
use crate::rules::glucose_profile::{Population, Profile, Share, is_at_target, profile};
use crate::rules::rows::bp_stage::leaves;

/// The rule.
pub static GLUCOSE_PROFILE: Rule = Rule {
    name: "glucose_profile",
    inputs: &[
        RuleInput { name: "glucose", kind: InputKind::Series },
        RuleInput { name: "pregnancy", kind: InputKind::State },
        RuleInput { name: "age", kind: InputKind::Age },
    ],
    scored: false,
    parameters: &["window"],
    subjects: &["glucose"],
    bands: &["at-targets", "off-targets"],
    value: "time in range in per cent",
    decimals: 2,
    assess,
};

const GLUCOSE: usize = 0;
const PREGNANCY: usize = 1;
const AGE: usize = 2;
const WINDOW: usize = 0;
/// From this age on the targets are those of older people: this project's.
const OLDER_YEARS: u32 = 65;

fn assess(row: &Row<'_>) -> Assessment {
    let mut used: Vec<&Reading> = row.series(GLUCOSE).iter().filter(|one| one.is_final()).collect();
    used.dedup_by_key(|one| one.at);
    let next_at = used.first().and_then(|oldest| leaves(row, oldest, row.parameter(WINDOW)));
    let Some(interval) = interval(&used) else {
        return Assessment { next_at, ..Assessment::nothing_known("no readings of two weeks") };
    };
    let population = match (row.stands(PREGNANCY), row.cell(AGE)) {
        (Some(_), _) => Population::Pregnancy,
        (None, Cell::Age { least, .. }) if OLDER_YEARS <= *least => Population::Older,
        (None, _) => Population::Standard,
    };
    let whole = |one: &&Reading| {
        let scale = 10_i64.pow(u32::from(one.decimals));
        (2 * one.value + scale).div_euclid(2 * scale)
    };
    let profile = profile(&used.iter().map(whole).collect::<Vec<i64>>(), population);
    let n_expected = row.parameter(WINDOW).micros().div_euclid(interval);
    let shares = shares(&profile);
    if !profile.is_sufficient(n_expected) {
        let active = 100 * profile.n_readings / n_expected.max(1);
        let in_range = shares.first().map_or(0, |(_, _, hundredths)| *hundredths);
        let reason = format!(
            "insufficient: {active} % of two weeks, of that {} % in range",
            plain(in_range, 2)
        );
        return Assessment { next_at, ..Assessment::nothing_known(reason) };
    }
    let is_off = shares
        .iter()
        .any(|(share, _, hundredths)| is_at_target(population, *share, *hundredths) == Some(false));
    let mut values: Vec<(&'static str, String)> =
        shares.iter().map(|(_, name, hundredths)| (*name, plain(*hundredths, 2))).collect();
    values.push(("mean", profile.mean().map_or(String::new(), |mean| plain(mean, 1))));
    values.push(("gmi", profile.management_indicator().map_or(String::new(), |gmi| plain(gmi, 2))));
    let variation = profile.variation().map_or(String::new(), |one| format!("{one:.1}"));
    values.push(("variation", variation));
    let band = usize::from(is_off);
    let evidence = used.iter().map(|one| one.evidence).collect();
    let finding = Finding { band, band_most: band, evidence, values, ..Finding::default() };
    let value = shares.first().map_or(0, |(_, _, hundredths)| *hundredths);
    let findings = Findings::Known(vec![finding]);
    Assessment { next_at, ..Assessment::new(Outcome::Final { value }, findings) }
}

/// Each share that has a target, in hundredths of a per cent; time in range first.
fn shares(profile: &Profile) -> [(Share, &'static str, i64); 5] {
    let of = |count: i64| profile.share(count).unwrap_or_default();
    let below = profile.n_low + profile.n_very_low;
    let above = profile.n_high + profile.n_very_high;
    [
        (Share::InRange, "in_range", of(profile.n_in_range)),
        (Share::Below, "below", of(below)),
        (Share::VeryLow, "very_low", of(profile.n_very_low)),
        (Share::Above, "above", of(above)),
        (Share::VeryHigh, "very_high", of(profile.n_very_high)),
    ]
}

/// The most frequent distance of two readings in microseconds, to the minute; `None` of fewer than two.
fn interval(used: &[&Reading]) -> Option<i64> {
    const MINUTE: i64 = 60_000_000;
    let mut distances: BTreeMap<i64, u32> = BTreeMap::new();
    let mut before: Option<Timestamp> = None;
    for one in used {
        if let Some(before) = before {
            let minutes = (one.at.since(before).micros() + MINUTE / 2).div_euclid(MINUTE);
            *distances.entry(minutes.max(1)).or_default() += 1;
        }
        before = Some(one.at);
    }
    let frequent = distances.into_iter().max_by_key(|(minutes, count)| (*count, -minutes));
    frequent.map(|(minutes, _)| minutes * MINUTE)
}
