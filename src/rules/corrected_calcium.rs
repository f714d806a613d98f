//! Calcium as it would be at a normal albumin: to show, never to page on; ionised calcium is better.
//!
//! Source: Payne RB et al., BMJ 1973;4:643-6: 0.8 mg/dL for each g/dL of albumin below 4.0.

/// 0.8 mg/dL per g/dL (Payne 1973): thousandths for each hundredth of g/dL.
const PER_ALBUMIN: i64 = 8;
/// 4.0 g/dL (Payne 1973), in hundredths.
const ALBUMIN_NORMAL: i64 = 400;

/// Corrected calcium in thousandths of mg/dL, from hundredths of mg/dL and of g/dL.
pub const fn corrected(calcium: i64, albumin: i64) -> i64 {
    10 * calcium + PER_ALBUMIN * (ALBUMIN_NORMAL - albumin)
}
