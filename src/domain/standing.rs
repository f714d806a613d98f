//! States of a patient that gate rules: they stand from one time to another.
//!
//! A source says them in many ways (a Flag, a CarePlan, a Consent, a Procedure, an Observation, an
//! order); the site file maps its codes to these. What nobody says is unknown, never "no".

use std::fmt;

/// A state that stands for a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// Goals of care are comfort only: alerts for deterioration stay silent.
    ComfortCare,
    /// Maintenance dialysis.
    Dialysis,
    /// A working kidney transplant.
    KidneyTransplant,
    /// Pregnant.
    Pregnancy,
    /// A clinician suspects an infection.
    SuspectedInfection,
    /// A clinician ordered the SpO2 scale 2 of NEWS2 (target 88-92 %).
    Spo2Scale2,
    /// Iodinated contrast is planned.
    ContrastPlanned,
}

impl Standing {
    /// Every state, in the order of their numbers.
    pub const ALL: [Standing; 7] = [
        Standing::ComfortCare,
        Standing::Dialysis,
        Standing::KidneyTransplant,
        Standing::Pregnancy,
        Standing::SuspectedInfection,
        Standing::Spo2Scale2,
        Standing::ContrastPlanned,
    ];

    /// The name in the site file, pipelines and SQL.
    pub const fn name(self) -> &'static str {
        match self {
            Standing::ComfortCare => "comfort_care",
            Standing::Dialysis => "dialysis",
            Standing::KidneyTransplant => "kidney_transplant",
            Standing::Pregnancy => "pregnancy",
            Standing::SuspectedInfection => "suspected_infection",
            Standing::Spo2Scale2 => "spo2_scale_2",
            Standing::ContrastPlanned => "contrast_planned",
        }
    }

    /// The state of this name.
    pub fn named(name: &str) -> Option<Standing> {
        Standing::ALL.into_iter().find(|standing| standing.name() == name)
    }

    /// The number in the log.
    pub const fn number(self) -> u8 {
        match self {
            Standing::ComfortCare => 0,
            Standing::Dialysis => 1,
            Standing::KidneyTransplant => 2,
            Standing::Pregnancy => 3,
            Standing::SuspectedInfection => 4,
            Standing::Spo2Scale2 => 5,
            Standing::ContrastPlanned => 6,
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
