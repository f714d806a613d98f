//! Calendar days, and birth dates of which only a part is known.
//!
//! Day numbers follow the proleptic Gregorian calendar, as ISO 8601 and FHIR do.

#![expect(
    clippy::as_conversions,
    reason = "constant functions cannot call `From`; every range is checked"
)]

use std::fmt;

use crate::domain::time::Timestamp;

/// A calendar day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: i32,
    month: u8,
    day: u8,
}

impl Date {
    /// The day `year`-`month`-`day`, if the calendar has it.
    pub const fn new(year: i32, month: u8, day: u8) -> Option<Date> {
        if month < 1 || 12 < month || day < 1 || days_in_month(year, month) < day {
            return None;
        }
        Some(Date { year, month, day })
    }

    /// The year.
    pub const fn year(self) -> i32 {
        self.year
    }

    /// The month, 1 to 12.
    pub const fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, 1 to 31.
    pub const fn day(self) -> u8 {
        self.day
    }

    /// Days since 1970-01-01; negative before it.
    pub const fn days_since_epoch(self) -> i64 {
        // Counts from 1 March, so that the leap day is the year's last.
        let year = self.year as i64 - if self.month <= 2 { 1 } else { 0 };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let month = (self.month as i64 + 9) % 12;
        let day_of_year = (153 * month + 2) / 5 + self.day as i64 - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * 146_097 + day_of_era - 719_468
    }

    /// The day `days` days after 1970-01-01.
    pub const fn from_days_since_epoch(days: i64) -> Date {
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * day_of_year + 2) / 153;
        let day = (day_of_year - (153 * march_month + 2) / 5 + 1) as u8;
        let month = if march_month < 10 { march_month + 3 } else { march_month - 9 } as u8;
        let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
        Date { year: year as i32, month, day }
    }

    /// This day moved by whole months, clipped to the month's last day.
    pub const fn plus_months(self, n_months: i32) -> Date {
        let months = self.year as i64 * 12 + self.month as i64 - 1 + n_months as i64;
        let (year, month) = (months.div_euclid(12) as i32, (months.rem_euclid(12) + 1) as u8);
        let last = days_in_month(year, month);
        Date { year, month, day: if last < self.day { last } else { self.day } }
    }
}

const fn days_in_month(year: i32, month: u8) -> u8 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// `2026-11-08`.
impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// A birth date of which the day, or the day and the month, may be unknown (FHIR `date`).
///
/// A year alone is the interval of its days: the age it gives has a lower and an upper bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BirthDate {
    earliest: Date,
    latest: Date,
}

impl BirthDate {
    /// A birth on a day from `earliest` to `latest`, both included.
    pub const fn between(earliest: Date, latest: Date) -> BirthDate {
        BirthDate { earliest, latest }
    }

    /// The first day the patient may have been born on.
    pub const fn earliest(self) -> Date {
        self.earliest
    }

    /// The last day the patient may have been born on.
    pub const fn latest(self) -> Date {
        self.latest
    }

    /// The least and the greatest age in whole years at `at` (UTC days).
    ///
    /// Both are `None` before the birth: an age is never negative.
    pub fn age_years(self, at: Timestamp) -> Option<(u32, u32)> {
        let day = at.date();
        let least = completed_years(self.latest, day)?;
        let greatest = completed_years(self.earliest, day)?;
        Some((least, greatest))
    }
}

/// Birthdays passed from `birth` to `day`; one born on 29 February has it on 1 March.
fn completed_years(birth: Date, day: Date) -> Option<u32> {
    let years = day.year - birth.year;
    let had_birthday = (birth.month, birth.day) <= (day.month, day.day);
    u32::try_from(if had_birthday { years } else { years - 1 }).ok()
}

/// As much as is known: `1952`, `1952-03` or `1952-03-09`.
impl fmt::Display for BirthDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = (self.earliest, self.latest);
        if first == last {
            return write!(f, "{first}");
        }
        if first.month == last.month {
            return write!(f, "{:04}-{:02}", first.year, first.month);
        }
        write!(f, "{:04}", first.year)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_count_through_leap_years() {
        for (year, month, day, days) in
            [(1970, 1, 1, 0), (2000, 2, 29, 11_016), (1969, 12, 31, -1), (1, 1, 1, -719_162)]
        {
            let date = Date::new(year, month, day).unwrap();
            assert_eq!(date.days_since_epoch(), days);
            assert_eq!(Date::from_days_since_epoch(days), date);
        }
        assert_eq!(Date::new(2023, 2, 29), None);
        assert_eq!(Date::new(1900, 2, 29), None);
    }

    #[test]
    fn a_year_of_birth_gives_two_ages() {
        let year =
            BirthDate::between(Date::new(2010, 1, 1).unwrap(), Date::new(2010, 12, 31).unwrap());
        let at = Timestamp::from_date(Date::new(2026, 6, 1).unwrap());
        assert_eq!(year.age_years(at), Some((15, 16)));
        assert_eq!(year.age_years(Timestamp::from_date(Date::new(2010, 6, 1).unwrap())), None);
        assert_eq!(year.to_string(), "2010");
    }
}
