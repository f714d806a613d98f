//! Nonsteroidal anti-inflammatory drugs, and antiplatelets, with what makes them dangerous (TX-05).
//!
//! Source: Davidson BL et al., Ann Intern Med 2014;161:177-86 (bleeding
//! with anticoagulants); Lapi F et al., BMJ 2013;346:e8525 (kidney injury with a blocker of the
//! renin-angiotensin system and a diuretic). Topical drugs and orders that ended do not count.

/// Which classes a patient takes now, by mouth or injection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// A nonsteroidal anti-inflammatory drug.
    pub nsaid: bool,
    /// An anticoagulant.
    pub anticoagulant: bool,
    /// An antiplatelet.
    pub antiplatelet: bool,
    /// A blocker of the renin-angiotensin system.
    pub raas_blocker: bool,
    /// A diuretic.
    pub diuretic: bool,
}

/// What is dangerous about them together.
pub fn flags(taken: &Taken) -> Vec<&'static str> {
    let flags = [
        ("bleeding", taken.nsaid && taken.anticoagulant),
        ("triple-whammy", taken.nsaid && taken.raas_blocker && taken.diuretic),
        ("bleeding-review-indication", taken.antiplatelet && taken.anticoagulant),
    ];
    flags.into_iter().filter(|(_, is_met)| *is_met).map(|(name, _)| name).collect()
}
