//! What rules ask of a person: birth, sex, death.

use crate::domain::date::BirthDate;
use crate::domain::moment::Moment;
use crate::domain::statement::{Attribute, Statement};
use crate::domain::time::Timestamp;

/// FHIR `administrativeGender`, where it names one of the two that equations are made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sex {
    /// `female`
    Female,
    /// `male`
    Male,
}

/// What a twin knows of its person. Nothing here is ever guessed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// The birth date, as precise as it is known.
    pub birth: Option<BirthDate>,
    /// Female or male; `None` for other, unknown and unsaid.
    pub sex: Option<Sex>,
    /// From when the patient is known to be dead.
    pub deceased_from: Option<Timestamp>,
}

impl Person {
    /// Reads a Patient statement; `recorded_at` dates a death of which only the fact is known.
    pub fn read(statement: &Statement<'_>, recorded_at: Timestamp) -> Person {
        let birth = statement.attribute(Attribute::BirthDate).and_then(birth_date);
        let sex = match statement.attribute(Attribute::Sex) {
            Some("female") => Some(Sex::Female),
            Some("male") => Some(Sex::Male),
            _ => None,
        };
        let deceased_from =
            statement.attribute(Attribute::DeceasedAt).map(|text| match Moment::parse(text) {
                Ok(Moment::Instant { at, .. }) => at,
                Ok(day) => day.days().map_or(recorded_at, |(first, _)| Timestamp::from_date(first)),
                Err(_) => recorded_at,
            });
        Person { birth, sex, deceased_from }
    }
}

/// The interval of days a FHIR `date` names.
fn birth_date(text: &str) -> Option<BirthDate> {
    let (first, after) = Moment::parse(text).ok()?.days()?;
    let last = crate::domain::date::Date::from_days_since_epoch(after.days_since_epoch() - 1);
    Some(BirthDate::between(first, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(attributes: &[(Attribute, &'static str)]) -> Person {
        let attributes = attributes.iter().map(|(name, text)| (*name, (*text).into())).collect();
        let statement = Statement { attributes, ..Statement::default() };
        Person::read(&statement, Timestamp::from_micros(7))
    }

    #[test]
    fn what_is_not_said_is_not_known() {
        assert_eq!(read(&[]), Person::default());
        assert_eq!(read(&[(Attribute::Sex, "unknown")]).sex, None);
        assert_eq!(
            read(&[(Attribute::BirthDate, "1952-03")]).birth.unwrap().to_string(),
            "1952-03"
        );
        let dead = read(&[(Attribute::DeceasedAt, "true")]);
        assert_eq!(dead.deceased_from, Some(Timestamp::from_micros(7)));
        let dead = read(&[(Attribute::DeceasedAt, "1970-01-02")]);
        assert_eq!(dead.deceased_from, Some(Timestamp::from_micros(86_400_000_000)));
    }
}
