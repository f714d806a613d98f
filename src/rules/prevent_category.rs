//! What guidelines call a PREVENT risk. Each names its own outcome.
//!
//! Source: 2026 ACC/AHA dyslipidemia guideline (Circulation 2026, CIR.0000000000001423): 10-year ASCVD;
//! 2025 AHA/ACC high blood pressure guideline: 10-year total CVD. Millionths of probability.

/// The category of 10-year ASCVD risk (ACC/AHA 2026).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// < 3 %
    Low,
    /// 3 to < 5 %
    Borderline,
    /// 5 to < 10 %
    Intermediate,
    /// ≥ 10 %
    High,
}

impl Category {
    /// The category of a 10-year ASCVD risk in millionths.
    pub const fn of(millionths: i64) -> Category {
        match millionths {
            ..30_000 => Category::Low,
            30_000..50_000 => Category::Borderline,
            50_000..100_000 => Category::Intermediate,
            100_000.. => Category::High,
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Category::Low => "low",
            Category::Borderline => "borderline",
            Category::Intermediate => "intermediate",
            Category::High => "high",
        }
    }
}

/// 10-year total CVD from which blood pressure is treated from 130/80 (AHA/ACC 2025): 7.5 %.
const HIGH_BLOOD_PRESSURE: i64 = 75_000;

/// Whether a 10-year total CVD risk in millionths is high for the blood pressure guideline.
pub const fn is_high_for_blood_pressure(millionths: i64) -> bool {
    HIGH_BLOOD_PRESSURE <= millionths
}
