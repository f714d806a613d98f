//! Which version of each resource counts, said as plainly as DESIGN §9a says it, from the set of events
//! alone: what the twins must come to, by another way.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::event::{EventBody, Resource, ResourceKind, Version};
use crate::domain::time::Timestamp;
use crate::engine::digest::each_sample;
use crate::sim::frames::{self, Bytes};
use crate::twin::snapshot::ShardSnapshot;

/// The order of versions: revision time, version id, status, content.
type Rank = (Timestamp, Option<u64>, u8, u64);

/// The resources that ever told of a result under a link: which of those counts depends on others, and
/// other trials hold them to it.
pub fn linked(history: &[Bytes]) -> BTreeSet<String> {
    let mut linked = BTreeSet::new();
    for event in history.iter().flat_map(|bytes| frames::events(bytes)) {
        let EventBody::Patient { twin, resources } = &event.body else { continue };
        let carry = |one: &&Resource<'_>| one.facts.iter().any(|fact| !fact.links.is_empty());
        let names = resources.iter().filter(carry);
        linked.extend(names.map(|one| format!("{twin} {} {}", one.kind.name(), one.id)));
    }
    linked
}

/// The version of each resource that counts, a line each, without those that are linked.
pub fn expected(history: &[Bytes], linked: &BTreeSet<String>) -> BTreeSet<String> {
    // By resource and content, each with the least time and version it ever came with.
    let mut versions: BTreeMap<(String, u64), Rank> = BTreeMap::new();
    for event in history.iter().flat_map(|bytes| frames::events(bytes)) {
        let EventBody::Patient { twin, resources } = &event.body else { continue };
        for resource in resources.iter().filter(|resource| !resource.id.is_empty()) {
            let name = format!("{twin} {} {}", resource.kind.name(), resource.id);
            if linked.contains(&name) {
                continue;
            }
            let Version { revised_at, version_id, status } = resource.version;
            let rank = (revised_at, version_id, status.rank(), resource.content);
            let known = versions.entry((name, resource.content)).or_insert(rank);
            *known = rank.min(*known);
        }
    }
    let mut winners: BTreeMap<String, Rank> = BTreeMap::new();
    for ((name, _), rank) in versions {
        let winner = winners.entry(name).or_insert(rank);
        *winner = rank.max(*winner);
    }
    winners.into_iter().map(|(name, (.., content))| format!("{name} {content:016x}")).collect()
}

/// The versions that count in a shard, a line each, without those that are linked.
pub fn found(shard: &ShardSnapshot, linked: &BTreeSet<String>) -> BTreeSet<String> {
    let is_current = |_, _, known_to| known_to == Timestamp::FOREVER;
    let line = |patient: u32, kind: ResourceKind, id: &str, content: u64| {
        let twin = shard.patients.get(patient).map_or("", |name| name);
        let name = format!("{twin} {} {id}", kind.name());
        (!linked.contains(&name)).then(|| format!("{name} {content:016x}"))
    };
    let mut found = BTreeSet::new();
    each_sample(shard, &is_current, &mut |row, rare, id| {
        let kind = rare.kind.unwrap_or(ResourceKind::Observation);
        found.extend(line(row.patient, kind, id, row.content));
    });
    let statements = shard.statements.iter().filter(|(_, to)| *to == Timestamp::FOREVER);
    found.extend(
        statements.filter_map(|(row, _)| line(row.patient, row.kind, &row.id, row.content)),
    );
    found
}
