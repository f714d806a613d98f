//! Sepsis: what to consider, once a clinician suspects an infection (TX-01).
//!
//! Source: Evans L et al., Intensive Care Med 2021;47:1181-247 (Surviving Sepsis Campaign 2021); Levy MM et
//! al., Intensive Care Med 2018;44:925-8 (hour-1 bundle). 30 mL/kg is a weak recommendation since 2021. The
//! campaign's 2026 edition supersedes parts of it and is not keyed here. qSOFA alone asks for a look and
//! for nothing else. Every item is a proposal.

/// What is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Situation {
    /// Whether a clinician suspects an infection.
    pub is_infection_suspected: Option<bool>,
    /// NEWS2.
    pub news2: Option<i64>,
    /// SOFA above its baseline.
    pub sofa_rise: Option<i64>,
    /// qSOFA.
    pub qsofa: Option<i64>,
    /// Lactate in tenths of mmol/L.
    pub lactate: Option<i64>,
    /// Systolic pressure in `mm[Hg]`.
    pub systolic: Option<i64>,
    /// Mean pressure in `mm[Hg]`.
    pub mean_pressure: Option<i64>,
    /// Heart failure or kidney failure: fluid is a judgement.
    pub is_fluid_sensitive: bool,
}

// This project (SPEC TX-01): NEWS2 ≥ 5 or SOFA ≥ 2 above baseline.
const NEWS2_MIN: i64 = 5;
const SOFA_RISE_MIN: i64 = 2;
// Singer 2016: positive from 2.
const QSOFA_MIN: i64 = 2;
// SSC 2021: lactate above 2 mmol/L is measured again; from 4 it is shock for the bundle.
const LACTATE_AGAIN: i64 = 20;
const LACTATE_SHOCK: i64 = 40;
// SSC 2021: mean pressure 65 mm[Hg] is the target; hour-1 bundle: systolic below 90.
const MEAN_PRESSURE_MIN: i64 = 65;
const SYSTOLIC_MIN: i64 = 90;

/// What is suggested, in the order of the bundle.
pub fn suggestions(situation: &Situation) -> Vec<&'static str> {
    let is_at_least = |value: Option<i64>, min: i64| value.is_some_and(|value| min <= value);
    if situation.is_infection_suspected != Some(true) {
        return Vec::new();
    }
    let is_triggered =
        is_at_least(situation.news2, NEWS2_MIN) || is_at_least(situation.sofa_rise, SOFA_RISE_MIN);
    if !is_triggered {
        let is_looked_at = is_at_least(situation.qsofa, QSOFA_MIN);
        return Some("sepsis-assessment").filter(|_| is_looked_at).into_iter().collect();
    }
    let is_pressure_low =
        situation.mean_pressure.is_some_and(|pressure| pressure < MEAN_PRESSURE_MIN);
    let is_shock = is_pressure_low
        || situation.systolic.is_some_and(|pressure| pressure < SYSTOLIC_MIN)
        || is_at_least(situation.lactate, LACTATE_SHOCK);
    let lactate = match situation.lactate {
        None => Some("measure-lactate"),
        Some(lactate) if LACTATE_AGAIN < lactate => Some("repeat-lactate-2-4h"),
        Some(_) => None,
    };
    let antimicrobials = match is_shock {
        true => "antimicrobials-within-1h",
        false => "antimicrobials-within-3h-if-concern-persists",
    };
    let fluid = match situation.is_fluid_sensitive {
        true => "crystalloid-individualise",
        false => "crystalloid-30mL/kg-review",
    };
    let vasopressor = "vasopressor-if-MAP<65-during/after-fluid";
    let mut suggestions = vec!["sepsis-assessment", "blood-cultures-before-abx"];
    suggestions.extend(lactate);
    suggestions.push(antimicrobials);
    suggestions.extend(Some(fluid).filter(|_| is_shock));
    suggestions.extend(Some(vasopressor).filter(|_| is_pressure_low));
    suggestions
}
