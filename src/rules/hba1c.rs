//! HbA1c: what a result says, and when the next one is due.
//!
//! Source: ADA Standards of Care in Diabetes 2025/2026, section 2 (ranges) and 6 (at least twice a year
//! at goal and stable; at least quarterly when therapy changed or goals are not met). Half a year and a
//! quarter are 182 and 91 days here. It says nothing where red cells live shorter: haemolysis,
//! transfusion, erythropoietin, late pregnancy.

/// What a result says; one that is abnormal is confirmed by another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// < 5.7 %
    Normal,
    /// 5.7-6.4 %
    Prediabetes,
    /// ≥ 6.5 %
    Diabetes,
}

impl Range {
    /// The range of a result in tenths of a per cent.
    pub const fn of(tenths: i64) -> Range {
        match tenths {
            ..57 => Range::Normal,
            57..65 => Range::Prediabetes,
            65.. => Range::Diabetes,
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Range::Normal => "normal",
            Range::Prediabetes => "prediabetes-range",
            Range::Diabetes => "diabetes-range",
        }
    }
}

/// Days between results at goal and stable (ADA section 6: at least twice a year).
const STABLE_DAYS: i64 = 182;
/// Days otherwise (ADA section 6: at least quarterly).
const OTHERWISE_DAYS: i64 = 91;

/// Days between results. Whether goals are met must be known to wait longer.
pub fn interval_days(at_goal: Option<bool>, has_therapy_changed: bool) -> i64 {
    match at_goal {
        Some(true) if !has_therapy_changed => STABLE_DAYS,
        Some(_) | None => OTHERWISE_DAYS,
    }
}

/// Whether the next is due, so many days after the last; without any it is due.
pub fn is_due(last_days: Option<i64>, interval_days: i64) -> bool {
    last_days.is_none_or(|days| interval_days <= days)
}
