//! Sleep by a wearable: whether its mean is short or long.
//!
//! Source: this project's policy; adults need 7 hours or more (AASM/SRS 2015, Sleep 38:843). Staging by
//! consumer devices is not polysomnography.

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// < 6 h on average
    Short,
    /// Nothing.
    Usual,
    /// > 9 h on average
    Long,
}

// This project: 4 nights; below 6 h, above 9 h; in hundredths of an hour.
const NIGHTS_MIN: i64 = 4;
const SHORT: i64 = 600;
const LONG: i64 = 900;

/// What a week of nights says, in hundredths of an hour; `None` where too few were measured.
pub fn length(nights: &[Option<i64>]) -> Option<Length> {
    let (total, n_nights) = total(nights);
    if n_nights < NIGHTS_MIN {
        return None;
    }
    Some(match total {
        total if total < SHORT * n_nights => Length::Short,
        total if LONG * n_nights < total => Length::Long,
        _ => Length::Usual,
    })
}

/// Hundredths of an hour in all, and of how many nights.
pub fn total(nights: &[Option<i64>]) -> (i64, i64) {
    nights.iter().flatten().fold((0, 0), |(total, n_nights), night| (total + night, n_nights + 1))
}
