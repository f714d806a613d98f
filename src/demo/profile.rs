//! What ordinary patients come with: the reason, what they had before, what they take.

use crate::demo::codes;
use crate::demo::codes::Code;
use crate::demo::vitals::{Consciousness, Vitals};

/// One kind of patient.
#[derive(Debug, PartialEq, Eq)]
pub struct Profile {
    /// Why they come.
    pub reason: &'static Code,
    /// What they had before.
    pub chronic: &'static [&'static Code],
    /// What they take at home.
    pub takes: &'static [&'static Code],
    /// What is ordered on arrival.
    pub given: &'static [&'static Code],
    /// The youngest and the oldest, in years.
    pub ages: (i64, i64),
    /// Their vitals when they are well.
    pub usual: Vitals,
    /// Their usual creatinine, in hundredths of mg/dL.
    pub creatinine: i64,
    /// How ill they arrive, in per cent (`Illness`).
    pub severity: i64,
}

impl Profile {
    /// Whether the kidneys of such patients are followed with a urine albumin, too.
    pub fn has_urine_checks(&self) -> bool {
        let kidney = [&codes::DIABETES, &codes::KIDNEY_DISEASE];
        self.chronic.iter().any(|condition| kidney.contains(condition))
    }
}

const fn vitals(numbers: [i64; 7]) -> Vitals {
    Vitals::of(numbers, Consciousness::Alert)
}

/// Who lies on a medical ward.
pub static MEDICAL: &[Profile] = &[
    Profile {
        reason: &codes::PNEUMONIA,
        chronic: &[&codes::HYPERTENSION],
        takes: &[&codes::LISINOPRIL],
        given: &[&codes::CEFTRIAXONE, &codes::PARACETAMOL],
        ages: (48, 88),
        usual: vitals([17, 96, 0, 128, 74, 80, 369]),
        creatinine: 95,
        severity: 40,
    },
    Profile {
        reason: &codes::HEART_FAILURE,
        chronic: &[&codes::HEART_FAILURE, &codes::HYPERTENSION],
        takes: &[&codes::FUROSEMIDE, &codes::LISINOPRIL],
        given: &[&codes::FUROSEMIDE],
        ages: (60, 90),
        usual: vitals([18, 96, 0, 120, 70, 84, 366]),
        creatinine: 118,
        severity: 25,
    },
    Profile {
        reason: &codes::URINARY_INFECTION,
        chronic: &[&codes::DIABETES, &codes::HYPERTENSION],
        takes: &[&codes::METFORMIN, &codes::ATORVASTATIN],
        given: &[&codes::CEFTRIAXONE],
        ages: (45, 86),
        usual: vitals([16, 97, 0, 134, 78, 78, 370]),
        creatinine: 88,
        severity: 30,
    },
    Profile {
        reason: &codes::COPD,
        chronic: &[&codes::COPD],
        takes: &[&codes::TIOTROPIUM],
        given: &[&codes::PARACETAMOL],
        ages: (55, 84),
        usual: vitals([19, 94, 0, 132, 78, 86, 368]),
        creatinine: 84,
        severity: 22,
    },
    Profile {
        reason: &codes::CELLULITIS,
        chronic: &[&codes::DIABETES, &codes::KIDNEY_DISEASE],
        takes: &[&codes::METFORMIN_TABLET, &codes::AMLODIPINE],
        given: &[&codes::CEFTRIAXONE],
        ages: (58, 80),
        usual: vitals([16, 97, 0, 138, 80, 80, 370]),
        creatinine: 142,
        severity: 15,
    },
];

/// Who lies on a surgical ward.
pub static SURGICAL: &[Profile] = &[
    Profile {
        reason: &codes::HIP_FRACTURE,
        chronic: &[&codes::HYPERTENSION],
        takes: &[&codes::AMLODIPINE],
        given: &[&codes::ENOXAPARIN, &codes::PARACETAMOL],
        ages: (66, 92),
        usual: vitals([16, 96, 0, 130, 72, 82, 368]),
        creatinine: 82,
        severity: 12,
    },
    Profile {
        reason: &codes::CHOLECYSTITIS,
        chronic: &[],
        takes: &[],
        given: &[&codes::CEFTRIAXONE, &codes::PARACETAMOL],
        ages: (28, 72),
        usual: vitals([15, 98, 0, 126, 78, 76, 369]),
        creatinine: 80,
        severity: 28,
    },
    Profile {
        reason: &codes::APPENDICITIS,
        chronic: &[],
        takes: &[],
        given: &[&codes::MORPHINE, &codes::PARACETAMOL],
        ages: (19, 60),
        usual: vitals([15, 98, 0, 122, 74, 78, 370]),
        creatinine: 76,
        severity: 20,
    },
];

/// Who comes to the emergency department.
pub static EMERGENCIES: &[Profile] = &[
    Profile {
        reason: &codes::CHEST_PAIN,
        chronic: &[&codes::HYPERTENSION],
        takes: &[&codes::ATORVASTATIN, &codes::AMLODIPINE],
        given: &[],
        ages: (38, 84),
        usual: vitals([16, 97, 0, 142, 84, 84, 367]),
        creatinine: 90,
        severity: 8,
    },
    Profile {
        reason: &codes::RIB_FRACTURE,
        chronic: &[],
        takes: &[],
        given: &[&codes::PARACETAMOL],
        ages: (20, 80),
        usual: vitals([18, 97, 0, 134, 80, 86, 367]),
        creatinine: 85,
        severity: 5,
    },
    Profile {
        reason: &codes::PNEUMONIA,
        chronic: &[&codes::COPD],
        takes: &[&codes::TIOTROPIUM],
        given: &[&codes::CEFTRIAXONE],
        ages: (50, 88),
        usual: vitals([18, 95, 0, 126, 74, 86, 370]),
        creatinine: 92,
        severity: 48,
    },
    Profile {
        reason: &codes::URINARY_INFECTION,
        chronic: &[&codes::DIABETES],
        takes: &[&codes::METFORMIN],
        given: &[&codes::CEFTRIAXONE],
        ages: (40, 85),
        usual: vitals([17, 97, 0, 128, 74, 84, 371]),
        creatinine: 94,
        severity: 34,
    },
];

/// Who is looked after at home, in turn: each kind has devices of its own (`home`).
pub static AT_HOME: [&Profile; 4] = [
    &Profile {
        reason: &codes::HEART_FAILURE,
        chronic: &[&codes::HEART_FAILURE, &codes::HYPERTENSION],
        takes: &[&codes::FUROSEMIDE, &codes::LISINOPRIL],
        given: &[],
        ages: (58, 86),
        usual: vitals([16, 96, 0, 122, 72, 72, 366]),
        creatinine: 112,
        severity: 0,
    },
    &Profile {
        reason: &codes::DIABETES,
        chronic: &[&codes::DIABETES],
        takes: &[&codes::METFORMIN, &codes::ATORVASTATIN],
        given: &[],
        ages: (34, 76),
        usual: vitals([15, 98, 0, 132, 80, 74, 366]),
        creatinine: 86,
        severity: 0,
    },
    &Profile {
        reason: &codes::COPD,
        chronic: &[&codes::COPD],
        takes: &[&codes::TIOTROPIUM],
        given: &[],
        ages: (56, 82),
        usual: vitals([18, 94, 0, 128, 76, 80, 366]),
        creatinine: 84,
        severity: 0,
    },
    &Profile {
        reason: &codes::HYPERTENSION,
        chronic: &[&codes::HYPERTENSION, &codes::KIDNEY_DISEASE],
        takes: &[&codes::AMLODIPINE, &codes::LISINOPRIL],
        given: &[],
        ages: (48, 80),
        usual: vitals([15, 97, 0, 144, 86, 70, 366]),
        creatinine: 138,
        severity: 0,
    },
];
