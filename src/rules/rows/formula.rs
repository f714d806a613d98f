//! A formula over newest values as an assessment: all of them, or nothing.

use crate::rules::assessment::{Assessment, Finding, Findings, Outcome, Reading, Row, RuleInput};
use crate::rules::rows::sums::{evidence_of, preliminary, spaced};

/// The newest usable values of some inputs, all exact; else why there is nothing to compute from.
///
/// # Errors
/// That one is missing, cannot be used, or is only known to be above or below.
pub fn exact<'r, const N: usize>(
    row: &'r Row<'_>,
    inputs: &[RuleInput],
    needed: [usize; N],
) -> Result<[&'r Reading; N], Box<Assessment>> {
    let name = |input: usize| inputs.get(input).map_or(String::new(), |input| spaced(input.name));
    let missing: Vec<String> = needed
        .iter()
        .filter(|input| row.reading(**input).is_none())
        .map(|input| name(*input))
        .collect();
    if !missing.is_empty() {
        let reason = format!("missing: {}", missing.join(", "));
        return Err(Box::new(Assessment::nothing_known(reason)));
    }
    let mut found = [None; N];
    for (slot, input) in found.iter_mut().zip(needed) {
        *slot = row.reading(input);
        let Some(reading) = *slot else { continue };
        if let Some(reason) = reading.refusal(&name(input)) {
            return Err(Box::new(Assessment::not_computable(reason)));
        }
        if let Some(comparator) = reading.comparator {
            let reason =
                format!("{} is only known to be {} a bound", name(input), comparator.sign());
            return Err(Box::new(Assessment::not_computable(reason)));
        }
    }
    let found: Vec<&Reading> = found.into_iter().flatten().collect();
    let reason = "an input went missing while it was read";
    found.try_into().map_err(|_| Box::new(Assessment::nothing_known(reason)))
}

/// What a formula gave: its value, its band, and the texts that it is told with.
pub struct Computed {
    /// In units of 10^-`decimals` of the rule.
    pub value: i64,
    /// The band of it.
    pub band: usize,
    /// Values for the text of the pipeline file.
    pub values: Vec<(&'static str, String)>,
}

/// The assessment of a row by a formula; `used` are the inputs that went into it.
pub fn computed(
    row: &Row<'_>,
    inputs: &[RuleInput],
    used: &[usize],
    Computed { value, band, values }: Computed,
) -> Assessment {
    let evidence = used.iter().flat_map(|input| evidence_of(row.cell(*input)));
    let finding = Finding {
        band,
        band_most: band,
        evidence: evidence.collect(),
        values,
        ..Finding::default()
    };
    let mut assessment = Assessment::new(Outcome::Final { value }, Findings::Known(vec![finding]));
    assessment.notes = preliminary(row, inputs);
    assessment
}

/// A number as an integer of 10^-`decimals`, halves away from zero; `None` where it is none, or far too large.
#[expect(clippy::as_conversions, reason = "bounds are asked before")]
pub fn fixed(number: f64, decimals: u8) -> Option<i64> {
    let scaled = (number * 10_f64.powi(i32::from(decimals))).round();
    (scaled.abs() < 1e15).then_some(scaled as i64)
}
