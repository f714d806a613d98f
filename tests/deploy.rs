//! What ships for operators is of this program: every metric that an alert rule, a dashboard or a manifest names
//! exists with its labels, and the container builds what the manifest of the crate names.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

use twinstream::config::environment::KEYS;
use twinstream::telemetry::families::{FAMILIES, Family, Kind};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap()
}

/// The family of a name as Prometheus has it.
fn family(name: &str) -> Option<&'static Family> {
    let of = |name: &str| FAMILIES.iter().find(|family| family.name == name);
    let parts = ["_bucket", "_sum", "_count"];
    let base = parts.into_iter().find_map(|part| name.strip_suffix(part));
    of(name)
        .filter(|family| family.kind != Kind::Histogram)
        .or_else(|| of(base?).filter(|family| family.kind == Kind::Histogram))
}

#[test]
fn every_metric_that_is_asked_for_exists_with_its_labels() {
    let name = Regex::new(r"\b(twin|process)_[a-z_]+\b").unwrap();
    let by = Regex::new(r"by \(([a-z_, ]+)\)").unwrap();
    let matcher = Regex::new(r#"[{,]\s*([a-z_]+)\s*(?:=~|!=|!~|=)\s*\\?""#).unwrap();
    let mut seen = BTreeSet::new();
    for file in ["deploy/prometheus/alerts.yaml", "deploy/grafana/twinstream.json"] {
        for line in read(file).lines().filter(|line| !line.trim_start().starts_with('#')) {
            let families: Vec<&Family> = name
                .find_iter(line)
                .map(|found| family(found.as_str()).unwrap_or_else(|| panic!("{file}: {line}")))
                .collect();
            seen.extend(families.iter().map(|family| family.name));
            if families.is_empty() {
                continue;
            }
            let grouped = by.captures_iter(line).flat_map(|found| {
                let labels = found.get(1).unwrap().as_str();
                labels.split(", ").collect::<Vec<_>>()
            });
            let matched = matcher.captures_iter(line).map(|found| found.get(1).unwrap().as_str());
            for label in grouped.chain(matched) {
                let is_known = ["instance", "job", "le"].contains(&label)
                    || families.iter().any(|family| family.labels.contains(&label));
                assert!(is_known, "{file}: no label {label}: {line}");
            }
        }
    }
    // What nobody looks at is there in vain.
    let unseen = FAMILIES.iter().map(|family| family.name).filter(|name| !seen.contains(name));
    let unseen: Vec<&str> = unseen.collect();
    assert_eq!(unseen, ["twin_build_info", "twin_log_end_offset"]);
}

#[test]
fn every_file_for_operators_is_what_it_says() {
    for file in [
        "deploy/compose.yaml",
        "deploy/prometheus/prometheus.yaml",
        "deploy/prometheus/alerts.yaml",
    ] {
        let read: Result<serde_json::Value, _> = serde_saphyr::from_str(&read(file));
        assert!(read.is_ok(), "{file}: {read:?}");
    }
    for document in read("deploy/kubernetes/twinstream.yaml").split("\n---\n") {
        let read: serde_json::Value = serde_saphyr::from_str(document).unwrap();
        assert!(read["kind"].is_string(), "{document}");
    }
    let dashboard = read("deploy/grafana/twinstream.json");
    assert!(serde_json::from_str::<serde_json::Value>(&dashboard).is_ok());
    // An instance refuses a variable that means nothing.
    let variable = Regex::new(r"\bTWIN_[A-Z_]+\b").unwrap();
    for file in ["deploy/compose.yaml", "deploy/kubernetes/twinstream.yaml", "deploy/twin.yaml"] {
        let text = read(file);
        for found in variable.find_iter(&text) {
            let is_key = KEYS.iter().any(|(name, _)| *name == found.as_str());
            assert!(is_key, "{file}: {}", found.as_str());
        }
    }
}

#[test]
fn the_container_has_every_source_that_the_manifest_names() {
    let (manifest, container) = (read("Cargo.toml"), read("deploy/Containerfile"));
    let ignored = read(".dockerignore");
    let target = Regex::new(r#"path = "((benches|tests)/([a-z_]+)\.rs)""#).unwrap();
    for found in target.captures_iter(&manifest) {
        let (folder, name) = (found.get(2).unwrap().as_str(), found.get(3).unwrap().as_str());
        assert!(
            ignored.contains(&format!("/{folder}")),
            "{folder} is copied, and nothing is to be made"
        );
        let made =
            Regex::new(&format!(r"(tests/{name}\.rs|for bench in [a-z ]*\b{name}\b)")).unwrap();
        assert!(made.is_match(&container), "deploy/Containerfile does not make {}", &found[1]);
    }
}
