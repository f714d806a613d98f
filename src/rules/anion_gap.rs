//! The anion gap, and what it would be at a normal albumin.
//!
//! Source: Figge J et al., Crit Care Med 1998;26:1807-10: 2.5 mmol/L for each g/dL of albumin below
//! 4.0. Sodium, chloride and bicarbonate of one sample; potassium is no part of it. A negative gap
//! means the sample.

/// High above it, in thousandths of mmol/L: the default, which each laboratory sets.
pub const HIGH: i64 = 12_000;
/// 2.5 mmol/L per g/dL (Figge 1998): thousandths for each hundredth of g/dL.
const PER_ALBUMIN: i64 = 25;
/// 4.0 g/dL (Figge 1998), in hundredths.
const ALBUMIN_NORMAL: i64 = 400;

/// The gap in tenths of mmol/L, from tenths.
pub const fn gap(sodium: i64, chloride: i64, bicarbonate: i64) -> i64 {
    sodium - chloride - bicarbonate
}

/// The gap at a normal albumin, in thousandths of mmol/L; albumin in hundredths of g/dL.
pub const fn corrected(gap: i64, albumin: i64) -> i64 {
    100 * gap + PER_ALBUMIN * (ALBUMIN_NORMAL - albumin)
}
