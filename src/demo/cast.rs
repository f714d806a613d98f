//! The people of the stories: fixed ids, beds and scripts, so that tests and readers can find them.
//!
//! Scores beside the scripts are NEWS2 of the row, with the wobble of `Vitals::wobbled` allowed for.

use crate::demo::codes;
use crate::demo::places::{EMERGENCY, FIVE_WEST, SIX_NORTH, Ward};
use crate::demo::profile::Profile;
use crate::demo::script::{BEFORE, Waypoint, row};
use crate::demo::stay::Bloods;
use crate::demo::vitals::Consciousness::{Alert, ChronicConfusion, NewConfusion, Voice};
use crate::demo::vitals::Vitals;
use crate::domain::person::Sex;
use crate::domain::time::Span;

/// 5 West: septic deterioration from minute 10 on, then recovery.
pub const SEPSIS: &str = "demo-1001";
/// 6 North: acute kidney injury on metformin, minutes 25 and 360.
pub const KIDNEY_INJURY: &str = "demo-1002";
/// 6 North: a respiratory rate of 35 at minute 20, corrected to 15 at minute 35.
pub const CORRECTED_RESULT: &str = "demo-1003";
/// Emergency department: CT of the chest with an incidental nodule.
pub const NODULE: &str = "demo-1004";
/// 5 West: well, and wears a consumer watch that shows a respiratory rate of 30.
pub const WARD_WATCH: &str = "demo-1005";
/// 5 West: comfort care only, with vitals that would page.
pub const COMFORT_CARE: &str = "demo-1006";
/// 5 West: SpO2 90 % on air with an order for scale 2.
pub const SCALE_2: &str = "demo-1007";
/// 5 West: the same SpO2 and lungs without the order.
pub const SCALE_1: &str = "demo-1008";
/// 5 West: maintenance dialysis.
pub const DIALYSIS: &str = "demo-1009";
/// 6 North: metformin, eGFR about 50, and contrast ordered at minute 50.
pub const CONTRAST: &str = "demo-1010";
/// Emergency department: pregnant.
pub const PREGNANT: &str = "demo-1011";
/// 5 West: always confused.
pub const CHRONIC_CONFUSION: &str = "demo-1012";
/// Outpatient: eGFR becomes due at minute 20.
pub const KIDNEY_DUE: &str = "demo-1021";
/// Outpatient: eGFR becomes overdue at minute 45.
pub const KIDNEY_OVERDUE: &str = "demo-1022";
/// Outpatient: eGFR and urine albumin are overdue, and both are measured at minute 30.
pub const KIDNEY_CLOSED: &str = "demo-1023";
/// Outpatient: reduced eGFR, and urine albumin was never measured.
pub const KIDNEY_NO_RATIO: &str = "demo-1024";
/// Outpatient: takes metformin, and creatinine was last measured 400 days ago.
pub const METFORMIN_UNCHECKED: &str = "demo-1025";
/// At home: the watch uploads all of yesterday at minute 15.
pub const LATE_UPLOAD: &str = "demo-1031";
/// At home: heart failure, and 0.6 kg more every day.
pub const WEIGHT_GAIN: &str = "demo-1032";

/// The record system has known the people of stories for so long before the start.
pub const KNOWN_BEFORE: Span = Span::from_days(1_000);

/// Somebody on a ward whose story is told.
#[derive(Debug)]
pub struct Member {
    /// The patient's id.
    pub id: &'static str,
    /// The family and the given name.
    pub name: (&'static str, &'static str),
    /// Female or male.
    pub sex: Sex,
    /// Years.
    pub age: i64,
    /// The ward; beds are given in the order of `MEMBERS`.
    pub ward: &'static Ward,
    /// What they come with.
    pub profile: &'static Profile,
    /// What their rounds find.
    pub script: &'static [Waypoint],
    /// Who draws their bloods.
    pub bloods: Bloods,
    /// Hours in hospital before the start, and after it.
    pub hours: (i64, i64),
}

const fn member(
    (id, family, given): (&'static str, &'static str, &'static str),
    (sex, age): (Sex, i64),
    ward: &'static Ward,
    profile: &'static Profile,
    script: &'static [Waypoint],
    hours: (i64, i64),
) -> Member {
    let name = (family, given);
    Member { id, name, sex, age, ward, profile, script, bloods: Bloods::Drawn, hours }
}

/// The vitals of everyone in this file stand in scripts.
const TOLD: Vitals = Vitals::of([16, 97, 0, 126, 76, 78, 368], Alert);

const fn profile(
    reason: &'static codes::Code,
    chronic: &'static [&'static codes::Code],
    takes: &'static [&'static codes::Code],
    given: &'static [&'static codes::Code],
    creatinine: i64,
) -> Profile {
    Profile { reason, chronic, takes, given, ages: (18, 99), usual: TOLD, creatinine, severity: 0 }
}

static SEPSIS_PROFILE: Profile = profile(
    &codes::URINARY_INFECTION,
    &[&codes::HYPERTENSION],
    &[&codes::AMLODIPINE],
    &[&codes::PARACETAMOL],
    96,
);
static KIDNEY_INJURY_PROFILE: Profile = profile(
    &codes::HIP_FRACTURE,
    &[&codes::DIABETES, &codes::HYPERTENSION],
    &[&codes::METFORMIN, &codes::LISINOPRIL],
    &[&codes::ENOXAPARIN, &codes::PARACETAMOL],
    90,
);
static GALLBLADDER_PROFILE: Profile =
    profile(&codes::CHOLECYSTITIS, &[], &[], &[&codes::PARACETAMOL], 88);
static NODULE_PROFILE: Profile =
    profile(&codes::RIB_FRACTURE, &[], &[], &[&codes::PARACETAMOL], 92);
static CELLULITIS_PROFILE: Profile =
    profile(&codes::CELLULITIS, &[], &[], &[&codes::CEFTRIAXONE], 74);
static COMFORT_PROFILE: Profile =
    profile(&codes::LUNG_CANCER, &[&codes::LUNG_CANCER], &[], &[&codes::MORPHINE], 102);
static LUNG_PROFILE: Profile =
    profile(&codes::COPD, &[&codes::COPD], &[&codes::TIOTROPIUM], &[&codes::PARACETAMOL], 86);
static DIALYSIS_PROFILE: Profile = profile(
    &codes::CELLULITIS,
    &[&codes::KIDNEY_FAILURE, &codes::DIALYSIS_DEPENDENCE],
    &[&codes::AMLODIPINE],
    &[&codes::CEFTRIAXONE],
    680,
);
static CONTRAST_PROFILE: Profile = profile(
    &codes::CHOLECYSTITIS,
    &[&codes::DIABETES, &codes::KIDNEY_DISEASE],
    &[&codes::METFORMIN_TABLET],
    &[&codes::CEFTRIAXONE],
    150,
);
static PREGNANT_PROFILE: Profile = profile(&codes::CHEST_PAIN, &[], &[], &[], 60);
static DEMENTIA_PROFILE: Profile = profile(
    &codes::URINARY_INFECTION,
    &[&codes::DEMENTIA],
    &[&codes::DONEPEZIL],
    &[&codes::CEFTRIAXONE],
    84,
);

/// One row for all time.
macro_rules! always {
    ($numbers:expr, $consciousness:expr) => {{
        const ROWS: &[Waypoint] = &[row(BEFORE, $numbers, $consciousness)];
        ROWS
    }};
}

/// Everyone on a ward whose story is told.
pub static MEMBERS: [Member; 12] = [
    Member {
        bloods: Bloods::Told,
        ..member(
            (SEPSIS, "Mockford", "Arthur"),
            (Sex::Male, 71),
            &FIVE_WEST,
            &SEPSIS_PROFILE,
            SEPSIS_SCRIPT,
            (30, 120),
        )
    },
    member(
        (WARD_WATCH, "Fauxham", "Farida"),
        (Sex::Female, 48),
        &FIVE_WEST,
        &CELLULITIS_PROFILE,
        always!([16, 97, 0, 128, 76, 80, 372], Alert),
        (18, 48),
    ),
    member(
        (COMFORT_CARE, "Shamwood", "Elspeth"),
        (Sex::Female, 91),
        &FIVE_WEST,
        &COMFORT_PROFILE,
        always!([28, 88, 20, 86, 50, 118, 385], Voice), // 17
        (44, 90),
    ),
    member(
        (SCALE_2, "Stubbington", "Karel"),
        (Sex::Male, 74),
        &FIVE_WEST,
        &LUNG_PROFILE,
        always!([19, 90, 0, 134, 80, 84, 369], Alert), // 0 by scale 2, 3 by scale 1
        (25, 80),
    ),
    member(
        (SCALE_1, "Trialstone", "Olga"),
        (Sex::Female, 69),
        &FIVE_WEST,
        &LUNG_PROFILE,
        always!([19, 90, 0, 130, 78, 86, 368], Alert), // 3, a single red parameter
        (21, 75),
    ),
    member(
        (DIALYSIS, "Patternby", "Emeka"),
        (Sex::Male, 58),
        &FIVE_WEST,
        &DIALYSIS_PROFILE,
        always!([17, 97, 0, 142, 82, 78, 369], Alert), // 0
        (40, 60),
    ),
    member(
        (CHRONIC_CONFUSION, "Modelham", "Beatrice"),
        (Sex::Female, 86),
        &FIVE_WEST,
        &DEMENTIA_PROFILE,
        always!([17, 97, 0, 136, 78, 80, 370], ChronicConfusion), // 0
        (33, 70),
    ),
    Member {
        bloods: Bloods::Told,
        ..member(
            (KIDNEY_INJURY, "Samplewick", "Greta"),
            (Sex::Female, 66),
            &SIX_NORTH,
            &KIDNEY_INJURY_PROFILE,
            always!([16, 97, 0, 124, 72, 84, 371], Alert), // 0
            (24, 110),
        )
    },
    member(
        (CORRECTED_RESULT, "Testerby", "Basil"),
        (Sex::Male, 54),
        &SIX_NORTH,
        &GALLBLADDER_PROFILE,
        CORRECTED_SCRIPT,
        (20, 50),
    ),
    member(
        (CONTRAST, "Placeholt", "Hiro"),
        (Sex::Male, 70),
        &SIX_NORTH,
        &CONTRAST_PROFILE,
        always!([16, 97, 0, 132, 80, 82, 372], Alert), // 0
        (19, 66),
    ),
    member(
        (NODULE, "Demoray", "Oskar"),
        (Sex::Male, 63),
        &EMERGENCY,
        &NODULE_PROFILE,
        always!([18, 97, 0, 138, 82, 86, 368], Alert), // 0
        (2, 10),
    ),
    member(
        (PREGNANT, "Simwell", "Nadia"),
        (Sex::Female, 31),
        &EMERGENCY,
        &PREGNANT_PROFILE,
        always!([18, 98, 0, 118, 72, 96, 369], Alert), // not applicable
        (1, 6),
    ),
];

/// Minute; respiratory rate, SpO2, oxygen in tenths of a litre, systolic, diastolic, pulse,
/// temperature in tenths; consciousness.
const SEPSIS_SCRIPT: &[Waypoint] = &[
    row(BEFORE, [16, 97, 0, 126, 74, 82, 371], Alert), // 0
    row(10, [20, 95, 0, 122, 70, 98, 384], Alert),     // 3
    row(40, [22, 95, 0, 116, 68, 104, 386], Alert),    // 5
    row(70, [24, 94, 0, 105, 62, 116, 388], Alert),    // 7
    row(100, [26, 93, 20, 95, 56, 122, 389], Alert),   // 12
    row(130, [28, 92, 40, 94, 52, 126, 392], NewConfusion), // 16
    row(160, [26, 94, 40, 104, 58, 118, 388], NewConfusion), // 13
    row(220, [24, 95, 40, 106, 60, 114, 385], Alert),  // 9
    row(340, [22, 95, 20, 114, 64, 104, 383], Alert),  // 7
    row(580, [20, 96, 20, 118, 68, 96, 377], Alert),   // 3
    row(900, [18, 96, 0, 122, 72, 86, 374], Alert),    // 0
];

const CORRECTED_SCRIPT: &[Waypoint] = &[
    row(BEFORE, [15, 98, 0, 124, 76, 72, 368], Alert), // 0
    row(20, [35, 98, 0, 124, 76, 72, 368], Alert),     // 3, a single red parameter
    row(60, [15, 98, 0, 124, 76, 72, 368], Alert),     // 0
];
