//! Whom a rule is made for: adult bands do not run on children.
//!
//! Age is that at the time of the observation. A gate closes only on what is known: of an unknown age or
//! pregnancy the rule is computed, and says so.

/// Whom a rule is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate {
    /// The rule.
    pub rule: &'static str,
    /// The youngest age in whole years.
    pub age_years_min: u32,
    /// The oldest, where there is one.
    pub age_years_max: Option<u32>,
    /// Whether it may be used in pregnancy.
    pub in_pregnancy: bool,
}

const fn gate(rule: &'static str, age_years_min: u32, age_years_max: Option<u32>) -> Gate {
    Gate { rule, age_years_min, age_years_max, in_pregnancy: true }
}

/// The gates, each from its rule's source.
pub const GATES: &[Gate] = &[
    // RCP 2017: not under 16, not in pregnancy.
    Gate { rule: "NEWS2", age_years_min: 16, age_years_max: None, in_pregnancy: false },
    // Made from adults; children have their own (Phoenix 2024, age-banded charts).
    gate("qSOFA", 18, None),
    gate("SIRS", 18, None),
    gate("SOFA", 18, None),
    gate("MEWS", 18, None),
    // Inker 2021: adults.
    gate("CKD-EPI-2021", 18, None),
    // Not valid under 18.
    gate("FIB-4", 18, None),
    // Kim 2021, OPTN policy 9: from 12.
    gate("MELD-3.0", 12, None),
    // Khan 2024: derived at 30 to 79.
    gate("PREVENT", 30, Some(79)),
    // Goff 2014: 40 to 79.
    gate("PCE", 40, Some(79)),
    // MacMahon 2017: from 35.
    gate("Fleischner", 35, None),
];

/// The gate of a rule by its name, letter case and punctuation aside.
pub fn gate_of(rule: &str) -> Option<&'static Gate> {
    let plain = |name: &str| -> String {
        name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase()
    };
    GATES.iter().find(|gate| plain(gate.rule) == plain(rule))
}

impl Gate {
    /// Whether the rule is made for such a patient, as far as is known.
    pub fn is_open(&self, age_years: Option<u32>, is_pregnant: Option<bool>) -> bool {
        let is_young = age_years.is_some_and(|age| age < self.age_years_min);
        let is_old = self.age_years_max.zip(age_years).is_some_and(|(most, age)| most < age);
        let is_kept_out = !self.in_pregnancy && is_pregnant == Some(true);
        !is_young && !is_old && !is_kept_out
    }
}
