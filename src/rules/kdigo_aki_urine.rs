//! Acute kidney injury by urine output, dialysis and, in children, eGFR: KDIGO 2012.
//!
//! Source: KDIGO Clinical Practice Guideline for Acute Kidney Injury, Kidney Int Suppl 2012;2:1-138,
//! table 2. By creatinine it stands in `kdigo_aki`; the worse of both counts.
//!
//! | stage | urine |
//! |---|---|
//! | 1 | < 0.5 mL/kg/h for 6-12 h |
//! | 2 | < 0.5 mL/kg/h for ≥ 12 h |
//! | 3 | < 0.3 mL/kg/h for ≥ 24 h, or none for ≥ 12 h |
//!
//! An hour that was not measured is not an hour without urine: it ends a run.

/// Ten-thousandths of mL/kg/h (KDIGO 2012, table 2), so that 0.498 is not 0.5.
const LOW: i64 = 5_000;
const VERY_LOW: i64 = 3_000;
/// Hours in a row (KDIGO 2012, table 2).
const STAGE_1_HOURS: usize = 6;
const STAGE_2_HOURS: usize = 12;
const VERY_LOW_HOURS: usize = 24;
const ANURIA_HOURS: usize = 12;
/// eGFR below which injury is of stage 3 in a child (KDIGO 2012, table 2), and until what age.
const CHILD_EGFR: f64 = 35.0;
const ADULT_YEARS: u32 = 18;

/// The stage by urine: hourly values in ten-thousandths of mL/kg/h, ascending by time; `None` is an hour
/// that was not measured.
pub fn stage(hourly: &[Option<i64>]) -> u8 {
    let run = |is_counted: &dyn Fn(i64) -> bool| longest_run(hourly, is_counted);
    let low = run(&|urine| urine < LOW);
    if VERY_LOW_HOURS <= run(&|urine| urine < VERY_LOW) || ANURIA_HOURS <= run(&|urine| urine <= 0)
    {
        3
    } else if STAGE_2_HOURS <= low {
        2
    } else {
        u8::from(STAGE_1_HOURS <= low)
    }
}

fn longest_run(hourly: &[Option<i64>], is_counted: &dyn Fn(i64) -> bool) -> usize {
    let (mut longest, mut run) = (0, 0);
    for urine in hourly {
        run = if urine.is_some_and(is_counted) { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

/// The stage of an injury with what raises it to 3 whatever creatinine and urine say: replacement
/// therapy, or in a child with injury an eGFR below 35.
pub fn raised(stage: u8, on_replacement: bool, age_years: Option<u32>, egfr: Option<f64>) -> u8 {
    let is_child = age_years.is_some_and(|age| age < ADULT_YEARS);
    let is_severe = is_child && 0 < stage && egfr.is_some_and(|egfr| egfr < CHILD_EGFR);
    if on_replacement || is_severe { 3 } else { stage }
}
