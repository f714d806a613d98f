//! Irregular rhythm by a watch: when what cleared devices detected is passed on.
//!
//! Source: five of six tachograms, Perez MV et al., NEJM 2019;381:1909-17 and FDA DEN180042; eleven windows
//! in a row, Lubitz SA et al., Circulation 2022;146:1415-24. From 22 years, without known atrial
//! fibrillation. It is no diagnosis: an ECG confirms it, and silence reassures nobody.

/// One tachogram: when, and whether it was irregular.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tachogram {
    /// Minutes since any one moment.
    pub minute: i64,
    /// Whether the device called it irregular.
    pub is_irregular: bool,
}

/// The youngest age in whole years (FDA DEN180042).
pub const AGE_YEARS_MIN: u32 = 22;
// Perez 2019: 5 of 6 in sequence, within 48 h.
const SEQUENCE: usize = 6;
const IRREGULAR_MIN: usize = 5;
const WITHIN_MINUTES: i64 = 48 * 60;
// Lubitz 2022: 11 windows of 5 minutes that overlap by half, which is 30 minutes.
const IN_A_ROW: usize = 11;

/// The first tachogram, in order of time, with which five of the last six were irregular within 48 h; its
/// place among `tachograms`.
pub fn five_of_six(tachograms: &[Tachogram]) -> Option<usize> {
    let mut order: Vec<(usize, &Tachogram)> = tachograms.iter().enumerate().collect();
    order.sort_by_key(|(_, tachogram)| tachogram.minute);
    for (end, (place, newest)) in order.iter().enumerate() {
        let window = order.iter().take(end + 1).rev().take(SEQUENCE);
        let irregular = window.filter(|(_, tachogram)| {
            tachogram.is_irregular && newest.minute - tachogram.minute <= WITHIN_MINUTES
        });
        if newest.is_irregular && IRREGULAR_MIN <= irregular.count() {
            return Some(*place);
        }
    }
    None
}

/// The window that is the eleventh irregular one in a row; one that was not judged ends the row.
pub fn eleven_in_a_row(windows: &[Option<bool>]) -> Option<usize> {
    let mut n_irregular = 0;
    windows.iter().position(|window| {
        n_irregular = if *window == Some(true) { n_irregular + 1 } else { 0 };
        n_irregular == IN_A_ROW
    })
}
