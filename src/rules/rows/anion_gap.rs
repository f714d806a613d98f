//! The anion gap of one sample, at a normal albumin where that was measured.

use crate::domain::decimal::plain;
use crate::rules::anion_gap::{HIGH, corrected, gap};
use crate::rules::assessment::{Assessment, InputKind, Row, Rule, RuleInput};
use crate::rules::rows::formula::{Computed, computed, exact};

/// The rule.
pub static ANION_GAP: Rule = Rule {
    name: "anion_gap",
    inputs: &[
        RuleInput { name: "sodium", kind: InputKind::Reading },
        RuleInput { name: "chloride", kind: InputKind::Reading },
        RuleInput { name: "bicarbonate", kind: InputKind::Reading },
        RuleInput { name: "co2_total", kind: InputKind::Reading },
        RuleInput { name: "albumin", kind: InputKind::Reading },
    ],
    scored: false,
    parameters: &[],
    subjects: &["anion_gap"],
    bands: &["usual", "high", "check-sample"],
    value: "anion gap in mmol/L",
    decimals: 1,
    assess,
};

const SODIUM: usize = 0;
const CHLORIDE: usize = 1;
const BICARBONATE: usize = 2;
const CO2_TOTAL: usize = 3;
const ALBUMIN: usize = 4;

fn assess(row: &Row<'_>) -> Assessment {
    // Laboratories report one or the other; that of the blood gas is the measured one.
    let base = if row.reading(BICARBONATE).is_some() { BICARBONATE } else { CO2_TOTAL };
    let ions = match exact(row, ANION_GAP.inputs, [SODIUM, CHLORIDE, base]) {
        Ok(ions) => ions,
        Err(nothing) => return *nothing,
    };
    let [sodium, chloride, bicarbonate] = ions.map(|reading| reading.value);
    let plain_gap = gap(sodium, chloride, bicarbonate);
    let albumin = row.value(ALBUMIN);
    let thousandths = albumin.map_or(100 * plain_gap, |albumin| corrected(plain_gap, albumin));
    let band = match thousandths {
        _ if plain_gap < 0 => 2,
        gap if HIGH < gap => 1,
        _ => 0,
    };
    let value = (thousandths + 50).div_euclid(100);
    let how = match albumin {
        Some(albumin) => format!("at a normal albumin, from {}", plain(albumin, 2)),
        None => "albumin not measured".to_owned(),
    };
    let values = vec![
        ("score", plain(value, ANION_GAP.decimals)),
        ("plain", plain(plain_gap, 1)),
        ("how", how),
    ];
    let used: &[usize] = match albumin {
        Some(_) => &[SODIUM, CHLORIDE, base, ALBUMIN],
        None => &[SODIUM, CHLORIDE, base],
    };
    computed(row, ANION_GAP.inputs, used, Computed { value, band, values })
}
