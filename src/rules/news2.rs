//! NEWS2: how often to look again. The chart itself is the score table of `pipelines/news2.yaml`.
//!
//! Source: Royal College of Physicians, National Early Warning Score (NEWS) 2, December 2017, table of
//! clinical responses to the NEWS trigger thresholds.

/// One input alone with so many points is a red parameter (RCP 2017).
pub const RED: i64 = 3;

/// The least frequency of monitoring for a score, and whether one parameter alone is red.
pub const fn monitoring(score: i64, is_red: bool) -> &'static str {
    // RCP 2017: 0 every 12 h, 1-4 every 4-6 h, a red parameter and 5-6 hourly, from 7 continuous.
    match (score, is_red) {
        (7.., _) => "continuous",
        (5..7, _) | (_, true) => ">=1-hourly",
        (1..5, false) => ">=4-6-hourly",
        (..1, false) => ">=12-hourly",
    }
}
