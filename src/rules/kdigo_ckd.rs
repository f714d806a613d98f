//! Chronic kidney disease: the KDIGO categories and how often to check.
//!
//! Source: KDIGO 2024 Clinical Practice Guideline for CKD, Kidney Int 2024;105(4S):S117-S314, figure
//! of risk and monitoring; the grid as reproduced by ADA, Clin Diabetes 2024;42:212. At exactly
//! 300 mg/g KDIGO says A2 and ADA says A3: KDIGO is followed.

/// Category of eGFR.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gfr {
    /// ≥ 90
    G1,
    /// 60-89
    G2,
    /// 45-59
    G3a,
    /// 30-44
    G3b,
    /// 15-29
    G4,
    /// < 15
    G5,
}

/// Category of albuminuria.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Albuminuria {
    /// < 30 mg/g
    A1,
    /// 30-300 mg/g
    A2,
    /// > 300 mg/g
    A3,
}

/// Risk of progression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Risk {
    /// Green.
    Low,
    /// Yellow.
    Moderate,
    /// Orange.
    High,
    /// Red.
    VeryHigh,
}

impl Gfr {
    /// The category of an eGFR that was rounded half up, in mL/min/1.73 m².
    pub const fn of(egfr: i64) -> Gfr {
        match egfr {
            90.. => Gfr::G1,
            60..90 => Gfr::G2,
            45..60 => Gfr::G3a,
            30..45 => Gfr::G3b,
            15..30 => Gfr::G4,
            _ => Gfr::G5,
        }
    }

    /// `G3a`
    pub const fn name(self) -> &'static str {
        match self {
            Gfr::G1 => "G1",
            Gfr::G2 => "G2",
            Gfr::G3a => "G3a",
            Gfr::G3b => "G3b",
            Gfr::G4 => "G4",
            Gfr::G5 => "G5",
        }
    }
}

impl Albuminuria {
    /// The category of a urine albumin-to-creatinine ratio in tenths of mg/g.
    pub const fn of(tenths: i64) -> Albuminuria {
        match tenths {
            ..300 => Albuminuria::A1,
            300..=3_000 => Albuminuria::A2,
            _ => Albuminuria::A3,
        }
    }

    /// `A2`
    pub const fn name(self) -> &'static str {
        match self {
            Albuminuria::A1 => "A1",
            Albuminuria::A2 => "A2",
            Albuminuria::A3 => "A3",
        }
    }
}

impl Risk {
    /// `very-high`
    pub const fn name(self) -> &'static str {
        match self {
            Risk::Low => "low",
            Risk::Moderate => "moderate",
            Risk::High => "high",
            Risk::VeryHigh => "very-high",
        }
    }
}

/// Checks per year and risk; 4 stands for "4 and more".
pub const fn monitoring(gfr: Gfr, albuminuria: Albuminuria) -> (u8, Risk) {
    use Albuminuria::{A1, A2, A3};
    match (gfr, albuminuria) {
        (Gfr::G1 | Gfr::G2, A1) => (1, Risk::Low),
        (Gfr::G1 | Gfr::G2, A2) => (1, Risk::Moderate),
        (Gfr::G1 | Gfr::G2, A3) => (3, Risk::High),
        (Gfr::G3a, A1) => (1, Risk::Moderate),
        (Gfr::G3a, A2) => (2, Risk::High),
        (Gfr::G3a, A3) => (3, Risk::VeryHigh),
        (Gfr::G3b, A1) => (2, Risk::High),
        (Gfr::G3b, A2 | A3) => (3, Risk::VeryHigh),
        (Gfr::G4, A1 | A2) => (3, Risk::VeryHigh),
        (Gfr::G4, A3) => (4, Risk::VeryHigh),
        (Gfr::G5, A1 | A2 | A3) => (4, Risk::VeryHigh),
    }
}
