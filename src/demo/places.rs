//! The hospital's places and the roles that work there.
//!
//! ```text
//! Location/hospital ─► Location/ward-5-west ─► Location/bed-5-west-01
//! ```
//! The site file may map `Location/ward-*` to a ward; each location also has its name.

use crate::demo::desk::Desk;
use crate::demo::fhir::{hl7_concept, meta, named_reference, reference};
use crate::demo::json::{Json, object};
use crate::domain::time::Timestamp;

/// A ward.
#[derive(Debug, PartialEq, Eq)]
pub struct Ward {
    /// The part of its ids: `5-west`.
    pub slug: &'static str,
    /// What people call it: `5 West`.
    pub name: &'static str,
    /// The class of stays there, of v3-ActCode.
    pub class: &'static str,
    /// What `class` is called.
    pub class_display: &'static str,
    /// The roles that look after its patients.
    pub roles: [Role; 2],
}

/// A role at a ward, held by whoever is on duty.
#[derive(Debug, PartialEq, Eq)]
pub struct Role {
    /// The id of its PractitionerRole.
    pub id: &'static str,
    /// What people call it.
    pub display: &'static str,
}

const fn role(id: &'static str, display: &'static str) -> Role {
    Role { id, display }
}

/// Medicine.
pub static FIVE_WEST: Ward = Ward {
    slug: "5-west",
    name: "5 West",
    class: "IMP",
    class_display: "inpatient encounter",
    roles: [
        role("role-5-west-charge-nurse", "5 West charge nurse"),
        role("role-5-west-resident", "5 West medical resident"),
    ],
};
/// Surgery.
pub static SIX_NORTH: Ward = Ward {
    slug: "6-north",
    name: "6 North",
    class: "IMP",
    class_display: "inpatient encounter",
    roles: [
        role("role-6-north-charge-nurse", "6 North charge nurse"),
        role("role-6-north-resident", "6 North surgical resident"),
    ],
};
/// The emergency department.
pub static EMERGENCY: Ward = Ward {
    slug: "ed",
    name: "ED",
    class: "EMER",
    class_display: "emergency",
    roles: [
        role("role-ed-charge-nurse", "ED charge nurse"),
        role("role-ed-physician", "ED physician"),
    ],
};
/// Every ward.
pub static WARDS: [&Ward; 3] = [&FIVE_WEST, &SIX_NORTH, &EMERGENCY];

impl Ward {
    /// The id of its Location.
    pub fn location_id(&self) -> String {
        format!("ward-{}", self.slug)
    }

    /// The id of a bed's Location.
    pub fn bed_id(&self, bed_number: i64) -> String {
        format!("bed-{}-{bed_number:02}", self.slug)
    }

    /// What people call a bed: `5 West 04`.
    pub fn bed_name(&self, bed_number: i64) -> String {
        format!("{} {bed_number:02}", self.name)
    }

    /// Its Location with `n_beds` beds, and its roles.
    pub fn open(&self, desk: &mut Desk, at: Timestamp, n_beds: i64) {
        let parent = reference("Location", "hospital");
        desk.ehr(at, &location(&self.location_id(), self.name, ("wa", "Ward"), parent, at));
        for bed_number in 1..=n_beds {
            let parent = named_reference("Location", &self.location_id(), self.name);
            let name = self.bed_name(bed_number);
            desk.ehr(at, &location(&self.bed_id(bed_number), &name, ("bd", "Bed"), parent, at));
        }
        for role in &self.roles {
            let place = named_reference("Location", &self.location_id(), self.name);
            desk.ehr(at, &object! {
                "resourceType": "PractitionerRole",
                "id": role.id,
                "meta": meta(1, at),
                "active": true,
                "practitioner": object! { "display": format!("{} on duty (invented)", role.display) },
                "code": [object! { "text": role.display }],
                "location": [place],
            });
        }
    }
}

/// The hospital's own Location.
pub fn hospital(at: Timestamp) -> Json {
    location(
        "hospital",
        "Twinstream Demo Hospital (simulated)",
        ("bu", "Building"),
        Json::Absent,
        at,
    )
}

fn location(
    id: &str,
    name: &str,
    (kind, display): (&'static str, &'static str),
    parent: Json,
    at: Timestamp,
) -> Json {
    let kind = hl7_concept("location-physical-type", kind).with("text", display);
    object! {
        "resourceType": "Location",
        "id": id,
        "meta": meta(1, at),
        "status": "active",
        "name": name,
        "mode": "instance",
        "physicalType": kind,
        "partOf": parent,
    }
}
