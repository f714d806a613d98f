//! The newest HbA1c by its range: `hba1c` says which.

use crate::domain::decimal::plain;
use crate::rules::assessment::{Assessment, Finding, Findings, InputKind, Outcome, Row};
use crate::rules::assessment::{Rule, RuleInput};
use crate::rules::hba1c::Range;
use crate::rules::rows::sums::stale_at;

/// The rule.
pub static HBA1C: Rule = Rule {
    name: "hba1c",
    inputs: &[
        RuleInput { name: "hba1c", kind: InputKind::Reading },
        RuleInput { name: "pregnancy", kind: InputKind::State },
    ],
    scored: false,
    parameters: &["stands"],
    subjects: &["hba1c"],
    bands: &[Range::Normal.name(), Range::Prediabetes.name(), Range::Diabetes.name()],
    value: "HbA1c in per cent",
    decimals: 1,
    assess,
};

const RESULT: usize = 0;
const PREGNANCY: usize = 1;
const STANDS: usize = 0;

fn assess(row: &Row<'_>) -> Assessment {
    let Some(reading) = row.reading(RESULT) else {
        return Assessment::nothing_known("no HbA1c within the window");
    };
    if let Some(reason) = reading.refusal("HbA1c") {
        return Assessment::not_computable(reason);
    }
    let (least, most) = reading.range();
    let band = |tenths: i64| match Range::of(tenths) {
        Range::Normal => 0,
        Range::Prediabetes => 1,
        Range::Diabetes => 2,
    };
    let sign = reading.comparator.map_or(String::new(), |c| format!("{} ", c.sign()));
    let finding = Finding {
        band: band(least),
        band_most: band(most),
        evidence: vec![reading.evidence],
        values: vec![
            ("hba1c", format!("{sign}{}", plain(reading.value, reading.decimals))),
            ("measured", reading.at.date().to_string()),
        ],
        ..Finding::default()
    };
    let outcome = match reading.comparator {
        None => Outcome::Final { value: reading.value },
        Some(_) => Outcome::Incomplete { lower: least.max(0), upper: Some(most) },
    };
    let mut assessment = Assessment::new(outcome, Findings::Known(vec![finding]));
    assessment.next_at = stale_at(row, &[RESULT], row.parameter(STANDS));
    if reading.is_preliminary {
        assessment.notes.push("preliminary".to_owned());
    }
    if row.stands(PREGNANCY).is_some() {
        assessment.notes.push("late pregnancy: red cells live shorter".to_owned());
    }
    assessment
}
