//! Statins for prevention: the rule of 2018, and that of 2026 (TX-06, TX-07).
//!
//! Source: Grundy SM et al., Circulation 2019;139:e1082-143 (2018, by the Pooled Cohort Equations);
//! ACC/AHA dyslipidemia guideline, Circulation 2026, CIR.0000000000001423 (by PREVENT-ASCVD, from
//! summaries that agree). The risk of one rule is never put into the other. Goals of LDL cholesterol
//! differ between the summaries of 2026 and are not keyed.

/// What is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Situation {
    /// Whole years.
    pub age_years: Option<u32>,
    /// LDL cholesterol in mg/dL.
    pub ldl: Option<i64>,
    /// Whether diabetes is documented.
    pub has_diabetes: bool,
    /// Whether atherosclerotic disease is documented.
    pub has_disease: bool,
    /// Risk in 10 years, in hundred-thousandths: of the equations the rule is made with.
    pub risk: Option<i64>,
    /// Whether a statin is taken.
    pub is_taken: bool,
}

// Grundy 2019; 2026: LDL cholesterol ≥ 190 mg/dL.
const LDL_SEVERE: i64 = 190;
// Grundy 2019: primary prevention at 40-75 years, LDL cholesterol from 70 mg/dL.
const LDL_MIN: i64 = 70;
// 2026: PREVENT is made for 30 to 79 years.
const PREVENT_YEARS: (u32, u32) = (30, 79);

/// The rule of 2018.
pub fn by_pooled_cohort(situation: &Situation) -> &'static str {
    if situation.is_taken {
        return "already-on";
    }
    let is_severe = situation.ldl.is_some_and(|ldl| LDL_SEVERE <= ldl);
    if is_severe || situation.has_disease {
        return "high-intensity";
    }
    let is_low = situation.ldl.is_some_and(|ldl| ldl < LDL_MIN);
    if !matches!(situation.age_years, Some(40..=75)) || is_low {
        return "insufficient-or-individualise";
    }
    // Grundy 2019: < 5, 5-< 7.5, 7.5-< 20, ≥ 20 %; diabetes at least moderate.
    match (situation.risk, situation.has_diabetes) {
        (Some(20_000..), _) => "high-intensity",
        (_, true) => "moderate-intensity",
        (Some(7_500..20_000), _) => "moderate-intensity",
        (Some(5_000..7_500), _) => "discuss-enhancers",
        (Some(..5_000), _) => "lifestyle",
        (None, false) => "insufficient-or-individualise",
    }
}

/// The rule of 2026.
pub fn by_prevent(situation: &Situation) -> &'static str {
    if situation.is_taken {
        return "already-on";
    }
    let is_severe = situation.ldl.is_some_and(|ldl| LDL_SEVERE <= ldl);
    if is_severe || situation.has_disease {
        return "high-intensity";
    }
    let (youngest, oldest) = PREVENT_YEARS;
    if !situation.age_years.is_some_and(|age| youngest <= age && age <= oldest) {
        return "individualise";
    }
    // 2026: < 3, 3-< 5, 5-< 10, ≥ 10 %.
    match situation.risk {
        Some(10_000..) => "high-intensity",
        Some(5_000..10_000) => "at-least-moderate",
        Some(3_000..5_000) => "borderline-discuss",
        Some(..3_000) => "lifestyle",
        None => "individualise",
    }
}
