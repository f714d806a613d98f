//! Ages of a row by its birth date: both bounds, and when the next birthday that matters comes.

use crate::domain::date::Date;
use crate::domain::time::Timestamp;
use crate::rules::assessment::Row;

/// The least and the greatest age in whole years that a birth date allows.
pub fn years(row: &Row<'_>, input: usize) -> Option<(u32, u32)> {
    row.birth(input)?.age_years(row.at)
}

/// An age that says the same as every other that the birth date allows; `None` where they differ.
pub fn years_alike(row: &Row<'_>, input: usize, says: impl Fn(i64) -> i64) -> Option<i64> {
    let (least, greatest) = years(row, input)?;
    let (least, greatest) = (i64::from(least), i64::from(greatest));
    Some(greatest).filter(|_| says(least) == says(greatest))
}

/// The next instant at which one of `ages` is, or may be, reached.
pub fn next_birthday(row: &Row<'_>, input: usize, ages: &[u32]) -> Option<Timestamp> {
    let birth = row.birth(input)?;
    let days = [birth.earliest(), birth.latest()];
    let reached = ages.iter().flat_map(|age| days.map(|day| birthday(day, *age)));
    reached.flatten().filter(|at| row.at < *at).min()
}

/// Whoever was born on 29 February has a birthday on 1 March, as ages are counted.
fn birthday(born: Date, age: u32) -> Option<Timestamp> {
    let year = born.year() + i32::try_from(age).ok()?;
    let day = Date::new(year, born.month(), born.day()).or_else(|| Date::new(year, 3, 1))?;
    Some(Timestamp::from_date(day))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::date::BirthDate;
    use crate::rules::assessment::Cell;

    #[test]
    fn a_leap_day_has_its_birthday_on_the_first_of_march() {
        let born = Date::new(1960, 2, 29).unwrap();
        let at = |year, month, day| Timestamp::from_date(Date::new(year, month, day).unwrap());
        assert_eq!(birthday(born, 65), Some(at(2025, 3, 1)));
        assert_eq!(birthday(born, 64), Some(at(2024, 2, 29)));
        let row = Row {
            at: at(2025, 2, 28),
            cells: &[Cell::Birth(BirthDate::between(born, born))],
            parameters: &[],
        };
        assert_eq!(next_birthday(&row, 0, &[65, 75]), Some(at(2025, 3, 1)));
        assert_eq!(years(&row, 0), Some((64, 64)));
    }
}
