//! What a nurse finds at the bedside: the seven inputs of NEWS2 and the diastolic pressure.
//!
//! Whole numbers throughout: temperature in tenths of a degree Celsius, oxygen in tenths of a litre
//! per minute.

use crate::demo::chance::Chance;
use crate::demo::codes::{
    ALERT, CHRONIC_CONFUSION, Code, NEW_CONFUSION, PAIN, UNRESPONSIVE, VOICE,
};

/// Level of consciousness (ACVPU), with the confusion that was always there kept apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consciousness {
    /// A
    Alert,
    /// C
    NewConfusion,
    /// Confused as usual for this patient.
    ChronicConfusion,
    /// V
    Voice,
    /// P
    Pain,
    /// U
    Unresponsive,
}

impl Consciousness {
    /// The answer that is charted.
    pub const fn answer(self) -> &'static Code {
        match self {
            Consciousness::Alert => &ALERT,
            Consciousness::NewConfusion => &NEW_CONFUSION,
            Consciousness::ChronicConfusion => &CHRONIC_CONFUSION,
            Consciousness::Voice => &VOICE,
            Consciousness::Pain => &PAIN,
            Consciousness::Unresponsive => &UNRESPONSIVE,
        }
    }
}

/// One round's findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vitals {
    /// Breaths per minute.
    pub respiratory_rate: i64,
    /// Per cent.
    pub spo2: i64,
    /// Tenths of a litre of oxygen per minute; 0 is room air.
    pub oxygen_tenths: i64,
    /// In `mm[Hg]`.
    pub systolic: i64,
    /// In `mm[Hg]`.
    pub diastolic: i64,
    /// Beats per minute.
    pub pulse: i64,
    /// Tenths of a degree Celsius.
    pub temperature_tenths: i64,
    /// ACVPU.
    pub consciousness: Consciousness,
}

/// The least saturation at which a nurse gives no oxygen.
const SPO2_WITHOUT_OXYGEN_MIN: i64 = 92;

impl Vitals {
    /// Vitals in the order of a chart: respiratory rate, SpO2, oxygen in tenths of a litre,
    /// systolic, diastolic, pulse, temperature in tenths.
    pub const fn of(numbers: [i64; 7], consciousness: Consciousness) -> Vitals {
        let [respiratory_rate, spo2, oxygen_tenths, systolic, diastolic, pulse, temperature_tenths] =
            numbers;
        Vitals {
            respiratory_rate,
            spo2,
            oxygen_tenths,
            systolic,
            diastolic,
            pulse,
            temperature_tenths,
            consciousness,
        }
    }

    /// These vitals as they are when `severity` per cent of a severe infection comes on top.
    pub fn ill(self, severity: i64) -> Vitals {
        let part = |whole: i64| whole * severity / 100;
        let spo2 = self.spo2 - part(8);
        let (spo2, oxygen_tenths) = match spo2 {
            _ if self.oxygen_tenths != 0 => (spo2 + part(3), self.oxygen_tenths + part(60)),
            low if low < SPO2_WITHOUT_OXYGEN_MIN => (low + 3, 20 + part(40)),
            enough => (enough, 0),
        };
        let consciousness = match (self.consciousness, severity) {
            (Consciousness::Alert, 85..) => Consciousness::NewConfusion,
            (usual, _) => usual,
        };
        Vitals {
            respiratory_rate: self.respiratory_rate + part(11),
            spo2,
            oxygen_tenths,
            systolic: self.systolic - part(34),
            diastolic: self.diastolic - part(18),
            pulse: self.pulse + part(44),
            temperature_tenths: self.temperature_tenths + part(19),
            consciousness,
        }
    }

    /// These vitals as the next measurement finds them: nobody's pulse is the same twice.
    pub fn measured(self, chance: &mut Chance) -> Vitals {
        Vitals {
            respiratory_rate: self.respiratory_rate + chance.between(-1, 1),
            spo2: (self.spo2 + chance.between(-1, 1)).min(100),
            ..self.wobbled(chance)
        }
    }

    /// As `measured`, but never across a cut-off that is more than three away, and with respiratory
    /// rate and saturation exactly as given: for stories, whose scores are told beforehand.
    pub fn wobbled(self, chance: &mut Chance) -> Vitals {
        Vitals {
            systolic: self.systolic + chance.between(-3, 3),
            diastolic: self.diastolic + chance.between(-3, 3),
            pulse: self.pulse + chance.between(-2, 2),
            temperature_tenths: self.temperature_tenths + chance.between(-1, 1),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WELL: Vitals = Vitals::of([16, 97, 0, 128, 76, 74, 368], Consciousness::Alert);

    #[test]
    fn illness_moves_every_input_the_way_it_does() {
        assert_eq!(WELL.ill(0), WELL);
        let severe = Vitals::of([27, 92, 60, 94, 58, 118, 387], Consciousness::NewConfusion);
        assert_eq!(WELL.ill(100), severe);
        assert_eq!(WELL.ill(40).oxygen_tenths, 0);
    }

    #[test]
    fn wobble_stays_within_three_of_the_story() {
        let mut chance = Chance::new(1);
        for _ in 0..1_000 {
            let Vitals { respiratory_rate, spo2, systolic, pulse, temperature_tenths, .. } =
                WELL.wobbled(&mut chance);
            assert_eq!((respiratory_rate, spo2), (16, 97));
            assert!(systolic.abs_diff(128) <= 3 && pulse.abs_diff(74) <= 2);
            assert!(temperature_tenths.abs_diff(368) <= 1);
        }
    }
}
