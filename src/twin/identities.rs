//! Which identities of a shard are one person with others, as the log has said so far.
//!
//! ```text
//! claims   whose record says that a patient of ours is theirs     links      where a patient's facts go
//! claimed  what a patient's record was last told to claim         received   whose facts came to a patient
//! ```
//! Nearly all patients have one identity, so these are small maps. What was ever linked is kept with when it was
//! known, so that it can be asked for any instant.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::identity::TwinId;
use crate::domain::linkage::{Period, Serial};
use crate::domain::time::Timestamp;

/// What a record said of a patient here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimState {
    /// The newest that was told.
    pub serial: Serial,
    /// For when it claims the patient; empty when it does not any more.
    pub periods: Vec<Period>,
}

/// A link that stands: facts of a patient go to another twin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What made it.
    pub serial: Serial,
    /// Facts of which valid time go.
    pub periods: Vec<Period>,
}

impl Link {
    /// Whether everything goes, so that the survivor's twin speaks for this one.
    pub fn is_whole(&self) -> bool {
        self.periods == [Period::ALWAYS]
    }
}

/// What came to a patient from another identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The newest link.
    pub link: Serial,
    /// The newest that came; what comes again does nothing.
    pub serial: Serial,
    /// Through how many identities it came.
    pub hops: u8,
    /// Whether the link stands.
    pub stands: bool,
}

/// A link, and when it was known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkSpan {
    /// The survivor, as namespace/patient.
    pub to: Arc<str>,
    /// When it holds for the patient.
    pub period: Period,
    /// Since when it is known.
    pub known_from: Timestamp,
    /// When it ceased to be.
    pub known_to: Timestamp,
}

/// Why a link does not stand: nothing is guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dispute {
    /// Its own record names several survivors.
    SeveralSurvivors,
    /// Several records claim it for the same time.
    SeveralClaims,
    /// Two identities each say that the other goes on.
    Mutual,
    /// Its facts would pass through too many identities.
    TooManyHops,
}

impl Dispute {
    /// Every reason, in the order of their numbers in checkpoints.
    pub const ALL: [Dispute; 4] =
        [Dispute::SeveralSurvivors, Dispute::SeveralClaims, Dispute::Mutual, Dispute::TooManyHops];

    /// The name in SQL.
    pub const fn name(self) -> &'static str {
        match self {
            Dispute::SeveralSurvivors => "its own record names several identities that replace it",
            Dispute::SeveralClaims => "several records claim it for the same time",
            Dispute::Mutual => "each of two identities is said to be replaced by the other",
            Dispute::TooManyHops => "it is linked through too many identities",
        }
    }
}

/// Who is who in a shard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identities {
    /// What other records say of an identity, heard of or not, by its name and by whose record.
    pub claims: BTreeMap<(String, String), ClaimState>,
    /// Where the facts of a patient go, by patient and survivor.
    pub links: BTreeMap<(u32, String), Link>,
    /// What the record of a patient claims, as it was last told.
    pub claimed: BTreeMap<u32, Vec<(String, Vec<Period>)>>,
    /// Whose facts came to a patient, by patient and origin.
    pub received: BTreeMap<(u32, String), Received>,
    /// Whose link does not stand, and why.
    pub disputed: BTreeMap<u32, Dispute>,
    /// Every link there was of a patient, in the order in which they became known.
    pub spans: BTreeMap<u32, Vec<LinkSpan>>,
    /// Namespaces whose identities are nobody's until they are linked; said by the site file.
    pub provisional: BTreeSet<String>,
}

fn of_patient<T>(
    map: &BTreeMap<(u32, String), T>,
    patient: u32,
) -> impl Iterator<Item = (&String, &T)> {
    let from = (patient, String::new());
    let mine = map.range(from..).take_while(move |((number, _), _)| *number == patient);
    mine.map(|((_, name), value)| (name, value))
}

impl Identities {
    /// Whether pipelines leave nobody alone, so that nobody has to ask.
    pub fn is_nobody_off(&self) -> bool {
        self.links.is_empty() && self.provisional.is_empty()
    }

    /// Where the facts of a patient go.
    pub fn links_of(&self, patient: u32) -> impl Iterator<Item = (&String, &Link)> {
        of_patient(&self.links, patient)
    }

    /// What other records say of an identity.
    pub fn claims_of(&self, name: &str) -> impl Iterator<Item = (&String, &ClaimState)> {
        let from = (name.to_owned(), String::new());
        let same = self.claims.range(from..).take_while(move |((claimed, _), _)| claimed == name);
        same.map(|((_, by), claim)| (by, claim))
    }

    /// Whose facts came to a patient.
    pub fn received_by(&self, patient: u32) -> impl Iterator<Item = (&String, &Received)> {
        of_patient(&self.received, patient)
    }

    /// Whether pipelines leave a patient alone: another twin speaks for it, or nobody knows who it is.
    pub fn is_off(&self, patient: u32, twin: &TwinId<'_>) -> bool {
        self.provisional.contains(twin.namespace.as_ref())
            || self.links_of(patient).any(|(_, link)| link.is_whole())
    }

    /// Makes a link stand from now on.
    pub fn link(&mut self, patient: u32, to: &str, link: Link, known: Timestamp) {
        let spans = self.spans.entry(patient).or_default();
        for period in &link.periods {
            spans.push(LinkSpan {
                to: to.into(),
                period: *period,
                known_from: known,
                known_to: Timestamp::FOREVER,
            });
        }
        self.links.insert((patient, to.to_owned()), link);
    }

    /// Ends a link.
    pub fn unlink(&mut self, patient: u32, to: &str, known: Timestamp) {
        self.links.remove(&(patient, to.to_owned()));
        let spans = self.spans.get_mut(&patient).into_iter().flatten();
        let open = spans.filter(|span| span.known_to == Timestamp::FOREVER && *span.to == *to);
        open.for_each(|span| span.known_to = known);
    }

    /// What is known of these patients, numbered anew in their order: enough to leave alone whom the shard does.
    pub fn only(&self, patients: &[u32]) -> Identities {
        let mut copy =
            Identities { provisional: self.provisional.clone(), ..Identities::default() };
        for (patient, known_as) in (0..).zip(patients) {
            for (to, link) in self.links_of(*known_as) {
                copy.links.insert((patient, to.clone()), link.clone());
            }
            for (origin, received) in self.received_by(*known_as) {
                copy.received.insert((patient, origin.clone()), received.clone());
            }
        }
        copy
    }
}
