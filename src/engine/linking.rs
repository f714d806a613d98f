//! Several identities of one person in a shard: whose facts go to which twin, and what comes from others.
//!
//! ```text
//! a record says who it is ─► claims ──────────────► told in the partition of the identity that is claimed
//!                         └► who replaces it ─┐
//! a claim comes ──────────────────────────────┴─► link ─► facts, effects that stand ─► partition of the survivor
//! facts come ─► the survivor's twin looks at all of its facts once ─► what was said goes on under its id
//! ```
//! A link is followed only where nothing speaks against it; otherwise it is disputed, visibly, and every twin speaks
//! for itself. What is told to other partitions leaves in `StepOutput::forwards`; it carries its place in this log, so
//! that what is told again does nothing.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::effect::Effect;
use crate::domain::event::{Clock, Event, EventBody, ResourceKind};
use crate::domain::fact::{Body, Fact};
use crate::domain::identity::{LogPosition, SourcePosition, TwinId};
use crate::domain::linkage::{Claim, Moved, Moving, Period, Serial, Stage, Transfer};
use crate::domain::linkage::{read_claims, twin_id};
use crate::domain::statement::Attribute;
use crate::domain::time::Timestamp;
use crate::engine::checkpoint::bytes::Torn;
use crate::engine::checkpoint::effects::effects_as_bytes;
use crate::engine::shard::{Shard, StepOutput};
use crate::twin::identities::{ClaimState, Dispute, Identities, Link, Received};
use crate::twin::received::Salt;
use crate::twin::statements::Topic;
use crate::twin::twins::{Applied, Change};

/// Resource versions in one event of a transfer: about a megabyte, which every broker takes.
const MOVED_MAX: usize = 2_000;
/// Keys in one event by which facts go back.
const KEYS_MAX: usize = 50_000;
/// A chain of identities longer than this is a circle, or somebody's mistake.
const HOPS_MAX: u8 = 8;

/// The kinds of resources that say who else a patient is.
const OF_IDENTITY: [ResourceKind; 3] =
    [ResourceKind::Patient, ResourceKind::Linkage, ResourceKind::DeviceUseStatement];

/// Where a patient's facts are to go, by survivor.
type Wanted = BTreeMap<String, Vec<Period>>;

impl Shard {
    /// Whether pipelines leave a patient alone.
    pub(super) fn is_off(&self, patient: u32) -> bool {
        !self.identities.is_nobody_off()
            && self.identities.is_off(patient, &self.twins.twin_id(patient))
    }

    /// Follows what an event said of who a patient is, and passes on what it told of one that is linked.
    pub(super) fn identify(
        &mut self,
        applied: Applied,
        is_new: bool,
        cause: LogPosition,
        output: &mut StepOutput,
    ) {
        let Some(patient) = applied.patient else { return };
        let mut told = Telling::of(cause, self);
        told.pass_on(self, patient, applied.told, (Stage::Alone, &Cow::Borrowed(&[])), output);
        told.take_back(self, patient, &applied.own_stand, output);
        if applied.names_person {
            self.claim_others(patient, &mut told, output);
        }
        if applied.names_person || is_new && !self.identities.claims.is_empty() {
            self.relink(patient, &mut told, output);
        }
    }

    /// Another patient's record says something of an identity here.
    pub(super) fn claimed(
        &mut self,
        twin: &TwinId<'_>,
        claim: &Claim<'_>,
        cause: LogPosition,
        output: &mut StepOutput,
    ) {
        let place = (twin.to_string(), claim.by.to_string());
        let known = self.identities.claims.get(&place);
        if known.is_some_and(|known| claim.serial <= known.serial) {
            return;
        }
        let state = ClaimState { serial: claim.serial, periods: claim.periods.clone() };
        Arc::make_mut(&mut self.identities).claims.insert(place, state);
        if let Some(patient) = self.twins.patient(twin) {
            let mut told = Telling::of(cause, self);
            self.relink(patient, &mut told, output);
        }
    }

    /// Tells the identities that a patient's record claims of it, where it is not what they were told.
    fn claim_others(&mut self, patient: u32, told: &mut Telling, output: &mut StepOutput) {
        let itself = self.twins.twin_id(patient).into_owned();
        let mut wanted: BTreeMap<String, Vec<Period>> = BTreeMap::new();
        for text in self.attributes(patient, Attribute::AlsoKnownAs) {
            for (twin, period) in read_claims(&text).filter(|(twin, _)| *twin != itself) {
                wanted.entry(twin.to_string()).or_default().push(period);
            }
        }
        wanted.values_mut().for_each(|periods| periods.sort_unstable());
        let before = self.identities.claimed.get(&patient).cloned().unwrap_or_default();
        let wanted: Vec<(String, Vec<Period>)> = wanted.into_iter().collect();
        if before == wanted {
            return;
        }
        let gone = before.iter().filter(|(name, _)| !wanted.iter().any(|(one, _)| one == name));
        let gone = gone.map(|(name, _)| (name.clone(), Vec::new()));
        let new = wanted.iter().filter(|one| !before.contains(one)).cloned();
        for (name, periods) in gone.chain(new) {
            let Some(twin) = twin_id(&name) else { continue };
            let claim = Claim { by: itself.clone(), serial: told.next(), periods };
            let twin = twin.into_owned();
            told.tell(EventBody::Claim { twin, claim }, output);
        }
        let identities = Arc::make_mut(&mut self.identities);
        match wanted.is_empty() {
            true => _ = identities.claimed.remove(&patient),
            false => _ = identities.claimed.insert(patient, wanted),
        }
    }

    /// The values of an attribute in what is in force of a patient's own record.
    fn attributes(&self, patient: u32, attribute: Attribute) -> Vec<String> {
        let kinds = OF_IDENTITY.into_iter();
        let rows = kinds.flat_map(|kind| self.twins.statements(patient, Topic::Kind(kind)));
        rows.filter_map(|row| row.statement.attribute(attribute).map(str::to_owned)).collect()
    }

    /// Where the facts of a patient are to go; why nowhere, where something speaks against it.
    fn wanted(&self, patient: u32) -> Result<Wanted, Dispute> {
        let itself = self.twins.twin_id(patient).to_string();
        let replaced: BTreeSet<String> =
            self.attributes(patient, Attribute::ReplacedBy).into_iter().collect();
        let replaced: Vec<String> =
            replaced.into_iter().filter(|to| *to != itself && twin_id(to).is_some()).collect();
        let wanted: Wanted = match replaced.as_slice() {
            [] => {
                let claims = self.identities.claims_of(&itself);
                let standing = claims.filter(|(_, claim)| !claim.periods.is_empty());
                standing.map(|(by, claim)| (by.clone(), claim.periods.clone())).collect()
            }
            [survivor] => BTreeMap::from([(survivor.clone(), vec![Period::ALWAYS])]),
            [..] => return Err(Dispute::SeveralSurvivors),
        };
        let mut seen: Vec<Period> = Vec::new();
        for periods in wanted.values() {
            if periods.iter().any(|one| seen.iter().any(|other| one.overlaps(other))) {
                return Err(Dispute::SeveralClaims);
            }
            seen.extend(periods);
        }
        for (origin, received) in self.identities.received_by(patient) {
            if received.stands && wanted.contains_key(origin) {
                return Err(Dispute::Mutual);
            }
        }
        if !wanted.is_empty() && HOPS_MAX <= self.hops(patient) {
            return Err(Dispute::TooManyHops);
        }
        Ok(wanted)
    }

    /// Through how many identities facts of a patient have come.
    fn hops(&self, patient: u32) -> u8 {
        let standing = self.identities.received_by(patient).filter(|(_, one)| one.stands);
        standing.map(|(_, one)| one.hops).max().unwrap_or(0)
    }

    /// Makes and ends the links of a patient as what is known of it now says.
    fn relink(&mut self, patient: u32, told: &mut Telling, output: &mut StepOutput) {
        let wanted = self.wanted(patient);
        self.dispute(patient, wanted.as_ref().err().copied());
        let wanted = wanted.unwrap_or_default();
        let current: Wanted = self
            .identities
            .links_of(patient)
            .map(|(to, one)| (to.clone(), one.periods.clone()))
            .collect();
        if wanted == current {
            return;
        }
        let was_off = self.is_off(patient);
        let differs = |(to, periods): &(&String, &Vec<Period>), other: &Wanted| {
            other.get(*to) != Some(periods)
        };
        for (to, _) in current.iter().filter(|one| differs(one, &wanted)) {
            self.unlink(patient, to, told, output);
        }
        let new: Vec<_> = wanted.iter().filter(|one| differs(one, &current)).collect();
        for (to, periods) in &new {
            let link = Link { serial: told.next(), periods: (*periods).clone() };
            Arc::make_mut(&mut self.identities).link(patient, to, link, self.known);
        }
        self.remember_links(patient);
        let is_off = self.is_off(patient);
        let effects = if !was_off && is_off { self.fall_silent(patient) } else { Vec::new() };
        for (to, _) in new {
            self.send_all(patient, to, &effects, told, output);
        }
        if was_off && !is_off {
            self.look_anew(patient, Vec::new(), told.cause, output);
        }
    }

    /// Notes why no link of a patient stands, or that nothing speaks against one. Readers share what is known of
    /// identities, so that it is touched only where it becomes another.
    fn dispute(&mut self, patient: u32, why: Option<Dispute>) {
        if self.identities.disputed.get(&patient).copied() == why {
            return;
        }
        let disputed = &mut Arc::make_mut(&mut self.identities).disputed;
        match why {
            Some(why) => disputed.insert(patient, why),
            None => disputed.remove(&patient),
        };
    }

    /// Everything known of a patient goes to the survivor, and with it what was said and still stands.
    fn send_all(
        &mut self,
        patient: u32,
        to: &str,
        effects: &[Arc<Effect>],
        told: &mut Telling,
        output: &mut StepOutput,
    ) {
        let Some(link) = self.identities.links.get(&(patient, to.to_owned())).cloned() else {
            return;
        };
        let moved = self.twins.told(patient).into_iter();
        let moved: Vec<_> = moved.filter_map(|one| within(one, &link.periods, true)).collect();
        let bytes = if link.is_whole() { effects_as_bytes(effects) } else { Vec::new() };
        for (moved, stage) in in_parts(moved, MOVED_MAX) {
            let effects = if stage == Stage::Last { bytes.clone() } else { Vec::new() };
            let body = Moving::Facts { moved, effects: effects.into(), stage };
            told.transfer(self, patient, to, link.serial, body, output);
        }
    }

    /// Ends a link: what went goes back.
    fn unlink(&mut self, patient: u32, to: &str, told: &mut Telling, output: &mut StepOutput) {
        let Some(link) = self.identities.links.get(&(patient, to.to_owned())).cloned() else {
            return;
        };
        let keys: BTreeSet<u64> = self.twins.told(patient).iter().map(|moved| moved.key).collect();
        for (keys, stage) in in_parts(keys.into_iter().collect(), KEYS_MAX) {
            told.transfer(self, patient, to, link.serial, Moving::Return { keys, stage }, output);
        }
        Arc::make_mut(&mut self.identities).unlink(patient, to, self.known);
    }

    /// Facts of a linked identity come, or go back.
    ///
    /// # Errors
    /// If what was said cannot be read.
    pub(super) fn receive(
        &mut self,
        twin: &TwinId<'_>,
        transfer: &Transfer<'_>,
        cause: LogPosition,
        output: &mut StepOutput,
    ) -> Result<(), Torn> {
        let patient = self.twins.number_of(twin, self.known);
        let origin = transfer.origin.to_string();
        let Some(stood) = self.note_received(patient, &origin, transfer) else { return Ok(()) };
        let mut told = Telling::of(cause, self);
        let salt = Salt::of(&transfer.origin, transfer.link);
        let mut passed = (Stage::Alone, &Cow::Borrowed(&[][..]));
        let (mut applied, stage) = match &transfer.body {
            Moving::Facts { moved, effects, stage } => {
                let applied = self.twins.receive(patient, salt, moved, (cause, self.known));
                output.n_facts += u64::try_from(applied.n_facts).unwrap_or(0);
                match self.is_off(patient) {
                    // Another twin speaks for this one too.
                    true => passed = (*stage, effects),
                    false => self.adopt(patient, effects, cause, output)?,
                }
                (applied, *stage)
            }
            Moving::Return { keys, stage } => {
                let (applied, here) = self.twins.give_back(patient, salt, keys, self.known);
                told.take_back(self, patient, &here, output);
                (applied, *stage)
            }
        };
        told.pass_on(self, patient, std::mem::take(&mut applied.told), passed, output);
        match stage {
            Stage::Alone => self.follow(&applied, cause, output),
            Stage::Going => {}
            // What went back is a change too, where nothing of it is left.
            Stage::Last => self.look_anew(patient, applied.changes, cause, output),
        }
        let stands = self.identities.received.get(&(patient, origin)).is_some_and(|one| one.stands);
        if stands != stood {
            self.relink(patient, &mut told, output);
        }
        Ok(())
    }

    /// Notes that a transfer came; `None` if it came before, else whether its link stood.
    fn note_received(
        &mut self,
        patient: u32,
        origin: &str,
        transfer: &Transfer<'_>,
    ) -> Option<bool> {
        let place = (patient, origin.to_owned());
        let known = self.identities.received.get(&place);
        if known.is_some_and(|known| transfer.serial <= known.serial) {
            return None;
        }
        let stood = known.is_some_and(|known| known.stands);
        let stands = match &transfer.body {
            Moving::Facts { .. } => true,
            Moving::Return { stage, .. } => *stage == Stage::Alone,
        };
        let Transfer { link, serial, hops, .. } = *transfer;
        let received = Received { link, serial, hops, stands };
        let is_as_before = known.is_some_and(|known| (known.link, known.stands) == (link, stands));
        Arc::make_mut(&mut self.identities).received.insert(place, received);
        // Of a link that goes on standing one fact comes after another.
        if !is_as_before {
            self.remember_links(patient);
        }
        Some(stood)
    }

    /// Has the twins know whether the facts of a patient go on, and what comes to it.
    fn remember_links(&mut self, patient: u32) {
        let is_linked = self.identities.links_of(patient).next().is_some();
        self.twins.watch(patient, is_linked);
        let standing = self.identities.received_by(patient).filter(|(_, one)| one.stands);
        let salts =
            standing.filter_map(|(origin, one)| Some(Salt::of(&twin_id(origin)?, one.link)));
        let salts = salts.collect();
        self.twins.bring(patient, salts);
    }

    /// The same of everybody, in a shard that was put together from elsewhere.
    pub(super) fn remember_all_links(&mut self) {
        let Identities { links, received, .. } = &*self.identities;
        let patients = links.keys().chain(received.keys()).map(|(patient, _)| *patient);
        let patients: BTreeSet<u32> = patients.collect();
        patients.into_iter().for_each(|patient| self.remember_links(patient));
    }

    /// Looks at everything that is true of a patient, and at what is not any more.
    pub(super) fn look_anew(
        &mut self,
        patient: u32,
        gone: Vec<Change>,
        cause: LogPosition,
        output: &mut StepOutput,
    ) {
        let mut changes = self.twins.all_of(patient);
        changes.extend(gone);
        let applied = Applied { patient: Some(patient), changes, ..Applied::default() };
        self.follow(&applied, cause, output);
    }
}

/// What one event has other partitions told, in order.
struct Telling {
    cause: LogPosition,
    n_parts: u32,
    available_at: Option<Timestamp>,
}

impl Telling {
    fn of(cause: LogPosition, shard: &Shard) -> Telling {
        let available_at = Some(shard.known).filter(|_| shard.clock_kind == Clock::Recorded);
        Telling { cause, n_parts: 0, available_at }
    }

    /// The place of the next thing that is told.
    fn next(&mut self) -> Serial {
        let part = self.n_parts;
        self.n_parts += 1;
        Serial { offset: self.cause.offset, index: self.cause.index, part }
    }

    fn tell(&self, body: EventBody<'static>, output: &mut StepOutput) {
        let offset = i64::try_from(self.cause.offset).unwrap_or(i64::MAX);
        let partition = i32::try_from(self.cause.partition).unwrap_or(i32::MAX);
        let source = SourcePosition::new("twin", partition, offset);
        output.forwards.push(Event { source, available_at: self.available_at, body });
    }

    fn transfer(
        &mut self,
        shard: &Shard,
        patient: u32,
        to: &str,
        link: Serial,
        body: Moving<'static>,
        output: &mut StepOutput,
    ) {
        let Some(twin) = twin_id(to) else { return };
        let twin = twin.into_owned();
        let origin = shard.twins.twin_id(patient).into_owned();
        let (serial, hops) = (self.next(), shard.hops(patient).saturating_add(1));
        let transfer = Transfer { origin, link, serial, hops, body };
        self.tell(EventBody::Transfer { twin, transfer }, output);
    }

    /// Passes on what was told of a patient that is linked.
    fn pass_on(
        &mut self,
        shard: &Shard,
        patient: u32,
        moved: Vec<Moved<'static>>,
        (stage, effects): (Stage, &Cow<'_, [u8]>),
        output: &mut StepOutput,
    ) {
        if moved.is_empty() && stage != Stage::Last {
            return;
        }
        let links: Vec<(String, Link)> =
            shard.identities.links_of(patient).map(|(to, one)| (to.clone(), one.clone())).collect();
        for (to, link) in links {
            let within = moved.iter().filter_map(|one| within(one.clone(), &link.periods, false));
            let effects = Cow::Owned(effects.to_vec());
            let body = Moving::Facts { moved: within.collect(), effects, stage };
            self.transfer(shard, patient, &to, link.serial, body, output);
        }
    }

    /// Takes back from further on what went back here.
    fn take_back(&mut self, shard: &Shard, patient: u32, keys: &[u64], output: &mut StepOutput) {
        if keys.is_empty() {
            return;
        }
        let links: Vec<(String, Link)> =
            shard.identities.links_of(patient).map(|(to, one)| (to.clone(), one.clone())).collect();
        for (to, link) in links {
            let body = Moving::Return { keys: keys.to_vec(), stage: Stage::Alone };
            self.transfer(shard, patient, &to, link.serial, body, output);
        }
    }
}

/// What of a resource version goes by a link. Where a link stands, a version of which nothing goes still supersedes
/// the one before; where it is made, there is none before.
fn within(mut moved: Moved<'static>, periods: &[Period], is_first: bool) -> Option<Moved<'static>> {
    if periods == [Period::ALWAYS] {
        return Some(moved);
    }
    let recorded_at = moved.resource.recorded_at;
    let goes = |fact: &Fact<'_>| match &fact.body {
        Body::Sample(_) => periods.iter().any(|period| period.holds(fact.valid.at(recorded_at))),
        Body::Statement(_) => {
            let valid = Period { start: fact.valid.start, end: fact.valid.end };
            periods.iter().any(|period| period.overlaps(&valid) || period.holds(valid.start))
        }
    };
    moved.resource.facts.retain(goes);
    (!is_first || !moved.resource.facts.is_empty()).then_some(moved)
}

/// Things in parts of so many, and where each stands among them; one part where there is nothing.
fn in_parts<T>(mut things: Vec<T>, n_max: usize) -> Vec<(Vec<T>, Stage)> {
    let mut parts = Vec::new();
    loop {
        let rest = things.split_off(things.len().min(n_max));
        if rest.is_empty() {
            parts.push((things, Stage::Last));
            return parts;
        }
        parts.push((things, Stage::Going));
        things = rest;
    }
}
