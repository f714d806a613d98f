//! BI-RADS: what a stated category of breast imaging means.
//!
//! Source: ACR BI-RADS Atlas, 5th edition, 2013. A category is read where a radiologist states it, never
//! made up from text.

/// A stated category.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Category {
    /// As it is stated: `4A`.
    pub name: &'static str,
    /// What it says.
    pub label: &'static str,
    /// What follows.
    pub management: &'static str,
    /// Likelihood of cancer; `None` where the category says none.
    pub likelihood: Option<&'static str>,
}

const fn row(
    name: &'static str,
    label: &'static str,
    management: &'static str,
    likelihood: Option<&'static str>,
) -> Category {
    Category { name, label, management, likelihood }
}

/// The categories (BI-RADS 5th edition, table of assessment categories). A 4 without a letter spans its
/// three.
pub const CATEGORIES: &[Category] = &[
    row("0", "incomplete", "additional imaging", None),
    row("1", "negative", "routine screening", Some("0%")),
    row("2", "benign", "routine screening", Some("0%")),
    row("3", "probably benign", "6-month follow-up", Some("<=2%")),
    row("4", "suspicious, unspecified", "tissue diagnosis", Some(">2-<95%")),
    row("4A", "low suspicion", "tissue diagnosis", Some(">2-10%")),
    row("4B", "moderate suspicion", "tissue diagnosis", Some(">10-50%")),
    row("4C", "high suspicion", "tissue diagnosis", Some(">50-<95%")),
    row("5", "highly suggestive", "tissue diagnosis", Some(">=95%")),
    row("6", "known malignancy", "treatment", None),
];

/// The category that is stated, letter case aside.
pub fn stated(text: &str) -> Option<&'static Category> {
    CATEGORIES.iter().find(|category| category.name.eq_ignore_ascii_case(text.trim()))
}

// BI-RADS 5th edition: ≤ 2, > 2-10, > 10-50, > 50-< 95, ≥ 95 %.
/// The category a likelihood of cancer belongs to, in millionths; for reference only.
pub const fn of_likelihood(millionths: i64) -> &'static str {
    match millionths {
        ..=20_000 => "3",
        20_001..=100_000 => "4A",
        100_001..=500_000 => "4B",
        500_001..950_000 => "4C",
        950_000.. => "5",
    }
}
