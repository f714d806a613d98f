//! The people of the hospital: all invented, and named so that nobody can mistake them.

use crate::demo::chance::Chance;
use crate::demo::codes::MRN_SYSTEM;
use crate::demo::fhir::meta;
use crate::demo::json::{Json, object};
use crate::domain::date::Date;
use crate::domain::person::Sex;
use crate::domain::time::Timestamp;

/// A patient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The medical record number, FHIR id and DICOM Patient ID.
    pub id: String,
    /// The family name.
    pub family: &'static str,
    /// The given name.
    pub given: &'static str,
    /// Female or male.
    pub sex: Sex,
    /// The day of birth.
    pub birth: Date,
}

const FAMILY_NAMES: &[&str] = &[
    "Mockford",
    "Samplewick",
    "Testerby",
    "Fauxham",
    "Demoray",
    "Simwell",
    "Placeholt",
    "Fictley",
    "Pretendham",
    "Dummett-Test",
    "Trialstone",
    "Shamwood",
    "Patternby",
    "Modelham",
    "Copyfield",
    "Loremson",
    "Ipsumby",
    "Exemplar",
    "Fixturelli",
    "Stubbington",
    "Synthwaite",
    "Replicard",
    "Notreal",
    "Inventley",
];
const GIVEN_NAMES_FEMALE: &[&str] = &[
    "Ada", "Beatrice", "Carla", "Dinah", "Elspeth", "Farida", "Greta", "Hanako", "Ingrid", "Jun",
    "Kavita", "Leonie", "Mercy", "Nadia", "Olga", "Paloma",
];
const GIVEN_NAMES_MALE: &[&str] = &[
    "Arthur", "Basil", "Cosmo", "Dmitri", "Emeka", "Felix", "Goran", "Hiro", "Igor", "Jamal",
    "Karel", "Luis", "Mateo", "Nuno", "Oskar", "Piotr",
];

impl Person {
    /// Somebody from `age_min` to `age_max` years old at `now`.
    pub fn invent(
        id: String,
        (age_min, age_max): (i64, i64),
        now: Timestamp,
        chance: &mut Chance,
    ) -> Person {
        let sex = *chance.pick(&[Sex::Female, Sex::Male]);
        let given = match sex {
            Sex::Female => chance.pick(GIVEN_NAMES_FEMALE),
            Sex::Male => chance.pick(GIVEN_NAMES_MALE),
        };
        let family = *chance.pick(FAMILY_NAMES);
        let age = chance.between(age_min, age_max);
        let birth = born(now, age, chance.between(20, 340));
        Person { id, family, given, sex, birth }
    }

    /// What people read: `Mockford, Arthur`.
    pub fn name(&self) -> String {
        format!("{}, {}", self.family, self.given)
    }

    /// The name as DICOM writes it: `Mockford^Arthur`.
    pub fn dicom_name(&self) -> String {
        format!("{}^{}", self.family, self.given)
    }

    /// The FHIR Patient.
    pub fn patient(&self, at: Timestamp) -> Json {
        let gender = match self.sex {
            Sex::Female => "female",
            Sex::Male => "male",
        };
        let kind = object! {
            "coding": [object! {
                "system": "http://terminology.hl7.org/CodeSystem/v2-0203",
                "code": "MR",
            }],
        };
        object! {
            "resourceType": "Patient",
            "id": self.id.as_str(),
            "meta": meta(1, at),
            "identifier": [object! {
                "use": "usual",
                "type": kind,
                "system": MRN_SYSTEM,
                "value": self.id.as_str(),
            }],
            "active": true,
            "name": [object! {
                "use": "official",
                "text": self.name(),
                "family": self.family,
                "given": [Json::from(self.given)],
            }],
            "gender": gender,
            "birthDate": self.birth.to_string(),
        }
    }
}

/// The birth date of somebody who is `age` years and `days` days old at `now`.
pub fn born(now: Timestamp, age: i64, days: i64) -> Date {
    let day = Date::from_days_since_epoch(now.date().days_since_epoch() - days);
    day.plus_months(-12 * i32::try_from(age).expect("an age in years"))
}
