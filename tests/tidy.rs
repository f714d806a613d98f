//! The house rules, as a test: who may import whom, how long a file and a function may be.
//!
//! It reads the sources as text, so it costs milliseconds. Three conventions keep it this small:
//! rustfmt's indentation, no re-exports (a path names its real module), and one `use` per module
//! (no `crate::{`).

use std::fs;
use std::path::{Path, PathBuf};

/// What each top-level module may import. A row may name only rows above it, so the table is a DAG
/// by construction; a new dependency is a reviewed change to this table.
const HOUSE: &str = "
domain:
planted:
clock:     domain
telemetry: domain
rules:     domain
model:
text:      domain
log:       domain
twin:      domain planted
ingest:    domain
output:    domain
storage:   domain
demo:      domain
import:    domain ingest
kafka:     domain clock telemetry log ingest output
pipeline:  domain planted rules model twin
sql:       domain rules twin
checks:    domain rules text pipeline
engine:    domain planted clock telemetry rules model log twin ingest output storage demo kafka pipeline
sim:       domain planted log twin ingest output storage engine
http:      domain clock telemetry rules twin output pipeline sql engine
pgwire:    domain telemetry twin sql engine
config:    domain ingest output storage kafka pipeline sql engine http pgwire
bench:     domain clock telemetry rules log twin ingest output storage demo import kafka pipeline sql engine
cli:       domain clock telemetry rules log twin ingest output demo import kafka pipeline sql checks engine http pgwire config bench sim
main:      domain clock telemetry log twin ingest output demo import kafka pipeline sql checks engine http pgwire config bench sim cli
";

/// Banned text = what to write instead.
const BANNED: &str = "
crate::{ = one `use` per module
super:: = a path from `crate::`
SystemTime::now = an argument `now` (only clock.rs reads the clock)
Instant::now = a `Stopwatch` (only clock.rs reads the clock)
thread::sleep = something to wait for
process::exit = an `ExitCode` from main
unbounded_channel = a bounded channel
#[allow( = `#[expect(lint, reason = \"…\")]`
#[ignore = a test that skips loudly
#[should_panic = a test of the error
todo!( = finished code
";

const FILE_LINES_MAX: usize = 500; // Above the file's `mod tests`.
const FUNCTION_LINES_MAX: usize = 70;

#[test]
fn house_is_tidy() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut errors = Vec::new();
    for folder in ["src", "crates/fhir", "tests", "benches"] {
        errors.extend(tidy(root, folder));
    }
    assert!(errors.is_empty(), "\n{}\n", errors.join("\n"));
}

#[test]
fn house_is_a_dag() {
    let mut above = Vec::new();
    for (module, may) in rows(HOUSE, ":") {
        let unknown = may.split_whitespace().find(|name| !above.contains(name));
        assert_eq!(unknown, None, "{module} names a row that is not above it");
        above.push(module);
    }
}

#[test]
fn tidy_catches_each_rule() {
    let check = |module: &str, text: &str, expected: &str| {
        assert_eq!(tidy_text(Some(module), "f.rs", text).join("\n"), expected);
    };
    check("sql", "//! Doc.\n// crate::engine is fine in a comment.\n", "");
    check("sql", "//! Doc.\n#[cfg(test)]\nmod tests {\n    use super::*;\n}\n", "");
    check("sql", "use crate::domain::Event;\n", "f.rs:1: no `//!` header");
    check("new", "//! Doc.\n", "f.rs:1: module new has no row in HOUSE");
    check("domain", "//! D.\nuse crate::twin::Twin;\n", "f.rs:2: domain may not import twin");
    check("cli", "//! D.\nuse twinstream::text::negation;\n", "f.rs:2: cli may not import text");
    check(
        "sql",
        "//! D.\nuse super::x;\n",
        "f.rs:2: `super::` is banned; write a path from `crate::`",
    );
    check("sql", "//! D.\ntodo!()\n", "f.rs:2: `todo!(` is banned; write finished code");
    let long = format!("//! D.\nfn f() {{\n{}}}\n", "    x();\n".repeat(FUNCTION_LINES_MAX));
    check("sql", &long, "f.rs:2: function of 72 lines, at most 70");
    let long = "//! D.\n".repeat(FILE_LINES_MAX + 1);
    check("sql", &long, "f.rs:1: 501 lines, at most 500");
}

/// What is untidy in the sources of a folder; those of `src` also keep to HOUSE.
fn tidy(root: &Path, folder: &str) -> Vec<String> {
    let mut errors = Vec::new();
    for path in rust_files(&root.join(folder)) {
        let file = path.strip_prefix(root).expect("listed under it").to_string_lossy();
        let inside = file.strip_prefix("src/").filter(|inside| *inside != "lib.rs");
        let module = inside.and_then(|inside| inside.split(['/', '.']).next());
        let text = fs::read_to_string(&path).expect("readable source");
        // This file names what is banned.
        let is_this = file == "tests/tidy.rs";
        errors.extend(tidy_text(module, &file, &text).into_iter().filter(|_| !is_this));
    }
    errors
}

fn tidy_text(module: Option<&str>, file: &str, text: &str) -> Vec<String> {
    let mut errors = Vec::new();
    let lines: Vec<&str> = text.lines().take_while(|line| *line != "#[cfg(test)]").collect();
    if !text.starts_with("//!") {
        errors.push(format!("{file}:1: no `//!` header"));
    }
    if FILE_LINES_MAX < lines.len() {
        errors.push(format!("{file}:1: {} lines, at most {FILE_LINES_MAX}", lines.len()));
    }
    let row = rows(HOUSE, ":").find(|(name, _)| Some(*name) == module);
    if let (Some(module), None) = (module, row) {
        errors.push(format!("{file}:1: module {module} has no row in HOUSE"));
    }
    for (index, line) in lines.iter().enumerate() {
        let at = format!("{file}:{}", index + 1);
        let code = line.split("//").next().unwrap_or_default();
        for (word, instead) in rows(BANNED, " = ").filter(|(word, _)| code.contains(word)) {
            let reads_the_clock = module == Some("clock") && word.ends_with("::now");
            let imports_tested = code.trim() == "use super::*;";
            if !reads_the_clock && !imports_tested {
                errors.push(format!("{at}: `{word}` is banned; write {instead}"));
            }
        }
        if let Some((module, may)) = row {
            errors.extend(upward(module, may, code).map(|error| format!("{at}: {error}")));
        }
        if let Some(length) = function_lines(&lines[index..]).filter(|n| FUNCTION_LINES_MAX < *n) {
            errors.push(format!("{at}: function of {length} lines, at most {FUNCTION_LINES_MAX}"));
        }
    }
    errors
}

/// The modules that a line names and may not.
fn upward<'l>(module: &'l str, may: &'l str, code: &'l str) -> impl Iterator<Item = String> {
    let paths = ["crate::", "twinstream::"].into_iter().flat_map(|root| code.split(root).skip(1));
    let names = paths.map(|path| {
        path.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
    });
    let in_house = names.filter(|to| rows(HOUSE, ":").any(|(name, _)| name == *to));
    let upward = in_house.filter(|to| *to != module && !may.split(' ').any(|name| name == *to));
    upward.map(|to| format!("{module} may not import {to}")).collect::<Vec<_>>().into_iter()
}

/// The length of the function that starts on the first line, if one with a body does.
fn function_lines(lines: &[&str]) -> Option<usize> {
    let first = lines[0].trim_start();
    let indent = lines[0].len() - first.len();
    let is_function = first.split(' ').take(4).any(|word| word == "fn");
    if first.starts_with("//") || !is_function || first.ends_with(['}', ';']) {
        return None;
    }
    for (index, line) in lines.iter().enumerate().skip(1) {
        let rest = line.trim_start();
        let same_indent = line.len() - rest.len() == indent;
        if same_indent && rest.starts_with('}') {
            return Some(index + 1);
        }
        if same_indent && rest.ends_with(';') {
            return None; // A declaration without a body, as in a trait.
        }
    }
    None
}

fn rows(
    table: &'static str,
    separator: &'static str,
) -> impl Iterator<Item = (&'static str, &'static str)> {
    let halves = table.lines().filter_map(move |row| row.split_once(separator));
    halves.map(|(left, right)| (left.trim(), right.trim()))
}

/// Every source below a folder; none where there is no such folder.
fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => found.extend(rust_files(&path)),
            false => found.extend(Some(path).filter(|p| p.extension() == Some("rs".as_ref()))),
        }
    }
    found.sort();
    found
}
