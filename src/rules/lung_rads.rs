//! Lung-RADS: categories of screening CT of the chest.
//!
//! Source: ACR Lung-RADS v2022 (Christensen J et al., Chest 2024;165:738-53). Low-dose screening only;
//! mean diameters in tenths of a millimetre, never rounded to whole ones. Category 4X and cysts are read
//! from what a radiologist states, never made up from text. A juxtapleural nodule of 10 mm or more is
//! judged as a solid one: this project's reading.

/// A category, ascending by concern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    /// Incomplete, or likely infectious.
    C0,
    /// Negative.
    C1,
    /// Benign.
    C2,
    /// Probably benign.
    C3,
    /// Suspicious.
    C4A,
    /// Very suspicious.
    C4B,
    /// 3 or 4 with further suspicious features.
    C4X,
}

/// What was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// No nodule.
    Nothing,
    /// A nodule with benign calcification, or with fat.
    BenignNodule,
    /// Priors are to come, or lungs were not all seen.
    Incomplete,
    /// Likely infectious or inflammatory.
    Inflammatory,
    /// A solid nodule of so many tenths of a millimetre.
    Solid(i64),
    /// A part-solid nodule: the whole, and its solid part.
    PartSolid(i64, i64),
    /// A non-solid nodule.
    NonSolid(i64),
    /// A juxtapleural nodule: solid, smooth, oval, lentiform or triangular.
    Juxtapleural(i64),
    /// An airway nodule, subsegmental.
    SubsegmentalAirway,
    /// An airway nodule, segmental or more proximal.
    Airway,
    /// A thick-walled cyst.
    ThickWalledCyst,
    /// A multilocular cyst.
    MultilocularCyst,
}

/// What it did since the study before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// First seen on the first screening.
    Baseline,
    /// New.
    New,
    /// The mean diameter grew by more than 1.5 mm within 12 months; of a part-solid nodule its solid part.
    Growing,
    /// It grew slowly over several studies.
    GrowingSlowly,
    /// No growth.
    Stable,
    /// The wall or a nodule of a cyst grew, or its loculi did.
    GrowingWall,
    /// The cystic part of a thick-walled cyst grew.
    GrowingCystic,
}

impl Category {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Category::C0 => "0",
            Category::C1 => "1",
            Category::C2 => "2",
            Category::C3 => "3",
            Category::C4A => "4A",
            Category::C4B => "4B",
            Category::C4X => "4X",
        }
    }

    // Lung-RADS v2022: 1 and 2 12 months, 3 6 months, 4A 3 months, 4B and 4X diagnostic work-up.
    /// Months to the next low-dose CT; `None` where something else follows.
    pub const fn months_to_next(self) -> Option<i64> {
        match self {
            Category::C1 | Category::C2 => Some(12),
            Category::C3 => Some(6),
            Category::C4A => Some(3),
            Category::C0 | Category::C4B | Category::C4X => None,
        }
    }

    /// The category with suspicious features that someone stated: 3 and 4 become 4X.
    pub fn upgraded(self) -> Category {
        if Category::C3 <= self { Category::C4X } else { self }
    }

    /// The category of a lesion that did not grow for so many months, by the one it had: 4A becomes 3
    /// after 3, 3 becomes 2 after 6. Airway nodules do not come down.
    pub const fn after_stable(self, months: i64) -> Category {
        match (self, months) {
            (Category::C4A, 3..) => Category::C3,
            (Category::C3, 6..) => Category::C2,
            (category, _) => category,
        }
    }
}

/// The category of a finding.
pub fn category(finding: Finding, course: Course) -> Category {
    match finding {
        Finding::Nothing | Finding::BenignNodule => Category::C1,
        Finding::Incomplete | Finding::Inflammatory => Category::C0,
        Finding::Solid(mean) => solid(mean, course),
        Finding::PartSolid(mean, solid) => part_solid(mean, solid, course),
        Finding::NonSolid(mean) => non_solid(mean, course),
        // Lung-RADS v2022: < 10 mm at baseline or new.
        Finding::Juxtapleural(..100) if !is_growing(course) => Category::C2,
        Finding::Juxtapleural(mean) => solid(mean, course),
        Finding::SubsegmentalAirway => Category::C2,
        Finding::Airway => match course {
            Course::Baseline | Course::New => Category::C4A,
            _ => Category::C4B,
        },
        Finding::ThickWalledCyst => match course {
            Course::GrowingCystic => Category::C3,
            course if is_growing(course) => Category::C4B,
            _ => Category::C4A,
        },
        Finding::MultilocularCyst if is_growing(course) => Category::C4B,
        Finding::MultilocularCyst => Category::C4A,
    }
}

fn is_growing(course: Course) -> bool {
    !matches!(course, Course::Baseline | Course::New | Course::Stable)
}

// Lung-RADS v2022, solid nodule: baseline < 6, 6-< 8, 8-< 15, ≥ 15 mm; new < 4, 4-< 6, 6-< 8, ≥ 8;
// growing < 8, ≥ 8; growing slowly over several studies 4B.
fn solid(mean: i64, course: Course) -> Category {
    match (course, mean) {
        (Course::Baseline | Course::Stable, ..60) => Category::C2,
        (Course::Baseline | Course::Stable, 60..80) => Category::C3,
        (Course::Baseline | Course::Stable, 80..150) => Category::C4A,
        (Course::Baseline | Course::Stable, 150..) => Category::C4B,
        (Course::New, ..40) => Category::C2,
        (Course::New, 40..60) => Category::C3,
        (Course::New, 60..80) => Category::C4A,
        (Course::GrowingSlowly, _) => Category::C4B,
        (Course::Growing | Course::GrowingWall | Course::GrowingCystic, ..80) => Category::C4A,
        (_, 80..) => Category::C4B,
    }
}

// Lung-RADS v2022, part-solid nodule: < 6 mm in all 2 (new 3); else by the solid part: < 6, 6-< 8,
// ≥ 8 mm at baseline; new or growing < 4, ≥ 4.
fn part_solid(mean: i64, solid: i64, course: Course) -> Category {
    match (course, mean, solid) {
        (Course::Baseline | Course::Stable, ..60, _) => Category::C2,
        (Course::Baseline | Course::Stable, _, ..60) => Category::C3,
        (Course::Baseline | Course::Stable, _, 60..80) => Category::C4A,
        (Course::Baseline | Course::Stable, _, 80..) => Category::C4B,
        // A solid part of 4 mm counts, however small the whole is.
        (_, _, 40..) | (Course::GrowingSlowly, _, _) => Category::C4B,
        (Course::New, ..60, _) => Category::C3,
        (_, _, ..40) => Category::C4A,
    }
}

// Lung-RADS v2022, non-solid nodule: < 30 mm, or larger and stable or growing slowly, 2; else 3.
fn non_solid(mean: i64, course: Course) -> Category {
    match (course, mean) {
        (_, ..300) | (Course::Stable | Course::GrowingSlowly, _) => Category::C2,
        (_, 300..) => Category::C3,
    }
}

/// Whether a mean diameter grew, of tenths of a millimetre so many tenths of a month apart: by more
/// than 1.5 mm within 12 months (Lung-RADS v2022).
pub const fn is_growth(before: i64, after: i64, months: i64) -> bool {
    const GROWTH: i64 = 15;
    const MONTHS_MAX: i64 = 120;
    GROWTH < after - before && months <= MONTHS_MAX
}
