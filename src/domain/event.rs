//! One record of the log: all facts about one patient in one source record, or a control event.

use std::borrow::Cow;

use crate::domain::fact::Fact;
use crate::domain::identity::{SourcePosition, TwinId};
use crate::domain::linkage::{Claim, Transfer};
use crate::domain::promotion::Promotion;
use crate::domain::response::Response;
use crate::domain::time::Timestamp;

/// One event of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// Where the source record lies.
    pub source: SourcePosition<'a>,
    /// When it became available, on a recorded clock; `None` on the live one, where the log's own
    /// time of appending says it (DESIGN §9a).
    pub available_at: Option<Timestamp>,
    /// What it says.
    pub body: EventBody<'a>,
}

/// What an event says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventBody<'a> {
    /// Facts about one patient.
    Patient {
        /// Whose.
        twin: TwinId<'a>,
        /// Versions of source resources.
        resources: Vec<Resource<'a>>,
    },
    /// Facts about places and roles, in every partition alike.
    Directory {
        /// The configured namespace of the source.
        namespace: Cow<'a, str>,
        /// Versions of source resources.
        resources: Vec<Resource<'a>>,
    },
    /// What acts on the shard itself.
    Control(Control<'a>),
    /// What a person did about something that was said of a patient.
    Response {
        /// Whose.
        twin: TwinId<'a>,
        /// What was done, by whom and why.
        response: Response<'a>,
    },
    /// Another patient's record says, or no longer says, that this identity is that patient.
    Claim {
        /// The identity that is claimed.
        twin: TwinId<'a>,
        /// By whom, and for when.
        claim: Claim<'a>,
    },
    /// Facts of a linked identity come, or go back.
    Transfer {
        /// The survivor.
        twin: TwinId<'a>,
        /// What happens.
        transfer: Transfer<'a>,
    },
}

impl<'a> EventBody<'a> {
    /// What was decoded of a source's record; nothing where it is not of one.
    pub fn resources(&self) -> &[Resource<'a>] {
        match self {
            EventBody::Patient { resources, .. } | EventBody::Directory { resources, .. } => {
                resources
            }
            EventBody::Control(_)
            | EventBody::Response { .. }
            | EventBody::Claim { .. }
            | EventBody::Transfer { .. } => &[],
        }
    }

    /// Whose twin it is about; `None` for what is about none, or about all.
    pub fn twin(&self) -> Option<&TwinId<'a>> {
        match self {
            EventBody::Patient { twin, .. }
            | EventBody::Response { twin, .. }
            | EventBody::Claim { twin, .. }
            | EventBody::Transfer { twin, .. } => Some(twin),
            EventBody::Directory { .. } | EventBody::Control(_) => None,
        }
    }
}

/// One version of one source resource. It counts, or is superseded, as a whole: a corrected panel
/// without its diastolic component has no diastolic pressure any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource<'a> {
    /// What kind of resource it is.
    pub kind: ResourceKind,
    /// The source's id of it. Empty for samples that are known by what they measure: each is then
    /// a resource of its own, keyed by signal, device, period and statistic.
    pub id: Cow<'a, str>,
    /// What decides which version counts.
    pub version: Version,
    /// When the source wrote it down (`issued`, `meta.lastUpdated`).
    pub recorded_at: Option<Timestamp>,
    /// Hash of the facts; the log computes it when it appends the event.
    pub content: u64,
    /// What it says; empty when this version only takes back what earlier ones said.
    pub facts: Vec<Fact<'a>>,
}

/// Which version of a resource counts (DESIGN §9a): the greatest (revised_at, version_id, status
/// rank, content), where identical content keeps its earliest `revised_at` unless the source dates its versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// `meta.lastUpdated`, else `issued`, else the source record's timestamp.
    pub revised_at: Timestamp,
    /// `meta.versionId` where it is an integer.
    pub version_id: Option<u64>,
    /// The status.
    pub status: Status,
}

/// The status of a resource version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Announced, cancelled or unknown: says nothing.
    Silent,
    /// Not yet verified.
    Preliminary,
    /// Verified.
    Final,
    /// Changed after it was final.
    Amended,
    /// Wrong from the start: takes back what it said.
    EnteredInError,
    /// Deleted at the source.
    Deleted,
}

impl Status {
    /// Every status, in the order of their numbers in the log.
    pub const ALL: [Status; 6] = [
        Status::Silent,
        Status::Preliminary,
        Status::Final,
        Status::Amended,
        Status::EnteredInError,
        Status::Deleted,
    ];

    /// The place in the order of versions: entered in error beats amended beats final.
    pub const fn rank(self) -> u8 {
        match self {
            Status::Silent => 0,
            Status::Preliminary => 1,
            Status::Final => 2,
            Status::Amended => 3,
            Status::EnteredInError | Status::Deleted => 4,
        }
    }

    /// Whether facts of this status count at all (SPEC 0.2).
    pub const fn counts(self) -> bool {
        match self {
            Status::Preliminary | Status::Final | Status::Amended => true,
            Status::Silent | Status::EnteredInError | Status::Deleted => false,
        }
    }

    /// The name in SQL.
    pub const fn name(self) -> &'static str {
        match self {
            Status::Silent => "silent",
            Status::Preliminary => "preliminary",
            Status::Final => "final",
            Status::Amended => "amended",
            Status::EnteredInError => "entered-in-error",
            Status::Deleted => "deleted",
        }
    }
}

macro_rules! resource_kinds {
    ($($name:ident = $number:literal;)*) => {
        /// The kinds of source resources that are used, by their FHIR R4 names. `Measurement` is a
        /// wearable's sample; a DICOM study's metadata is an `ImagingStudy`; a merge message is a `Linkage`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "the names are FHIR's")]
        pub enum ResourceKind {
            $($name,)*
        }

        impl ResourceKind {
            /// Every kind, in the order of their numbers.
            pub const ALL: &[ResourceKind] = &[$(ResourceKind::$name,)*];

            /// The FHIR name.
            pub const fn name(self) -> &'static str {
                match self { $(ResourceKind::$name => stringify!($name),)* }
            }

            /// The number in the log; never used again for something else.
            pub const fn number(self) -> u32 {
                match self { $(ResourceKind::$name => $number,)* }
            }

            /// The kind of this number.
            pub const fn from_number(number: u32) -> Option<ResourceKind> {
                match number { $($number => Some(ResourceKind::$name),)* _ => None }
            }

            /// Whether resources of this kind say who somebody is, and with whom they are one.
            pub const fn is_of_identity(self) -> bool {
                matches!(
                    self,
                    ResourceKind::Patient | ResourceKind::Linkage | ResourceKind::DeviceUseStatement
                )
            }

            /// The kind of this FHIR name; `None` for a type that is not used.
            pub fn named(name: &str) -> Option<ResourceKind> {
                ResourceKind::ALL.iter().copied().find(|kind| kind.name() == name)
            }
        }
    };
}

resource_kinds! {
    Observation = 1;
    Patient = 2;
    Encounter = 3;
    Condition = 4;
    MedicationRequest = 5;
    MedicationStatement = 6;
    MedicationAdministration = 7;
    AllergyIntolerance = 8;
    Procedure = 9;
    Immunization = 10;
    DiagnosticReport = 11;
    ImagingStudy = 12;
    ServiceRequest = 13;
    Device = 14;
    Location = 15;
    PractitionerRole = 16;
    CareTeam = 17;
    Flag = 18;
    Consent = 19;
    CarePlan = 20;
    Measurement = 21;
    Linkage = 22;
    DeviceUseStatement = 23;
}

/// What acts on a shard rather than on a patient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control<'a> {
    /// The first event of every partition.
    Opened {
        /// How many partitions the log has, for ever.
        n_partitions: u32,
        /// Which clock its known time follows.
        clock: Clock,
    },
    /// Time passed: everything due up to `at` happens. A repeated or older tick does nothing.
    Tick {
        /// The time it is.
        at: Timestamp,
    },
    /// A definition is in force from here on; its text is kept.
    Definition {
        /// What it defines.
        kind: DefinitionKind,
        /// Its name.
        name: Cow<'a, str>,
        /// Its text; empty when it is no longer in force.
        text: Cow<'a, str>,
    },
    /// A pipeline is put in a state from here on. It is told to the first partition, whose owner tells it to all others.
    Promotion(Promotion<'a>),
}

/// What a definition defines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DefinitionKind {
    /// A pipeline file.
    Pipeline,
    /// A value set.
    ValueSet,
    /// The site file.
    Site,
    /// A model: what it reads, and the hash of its weights.
    Model,
}

/// Which clock the known time of a log follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The time of appending.
    Live,
    /// The time each record became available: replay, import, backtest, the demo hospital.
    Recorded,
}

impl Clock {
    /// The name in configuration and summaries.
    pub const fn name(self) -> &'static str {
        match self {
            Clock::Live => "live",
            Clock::Recorded => "recorded",
        }
    }
}
