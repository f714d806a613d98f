//! What a report says of the appendix, as the elements of RadElement set RDES26 (acute appendicitis).
//!
//! Source: RadElement RDES26 (values via openimagingdata/findingmodels, 4475ac1). Each element has codes of
//! its own: of RDE201, abscess, 0 is present and 1 absent, the reverse of its siblings. What a report does
//! not say is left out, and never absent; an appendix that was not seen is unknown.

use crate::text::assertion::{Assertion, assertion};
use crate::text::measurement::measurements;
use crate::text::sentence::{Sentence, stands_at};

/// An element and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// `RDE196`
    pub code: &'static str,
    /// What it says.
    pub value: Value,
}

/// A value of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// A value code: the number behind `RDE195.`.
    Choice(u8),
    /// A number in tenths of the element's unit.
    Tenths(i64),
}

const STATUS: &str = "RDE195";
const DIAMETER: &str = "RDE196";
const LUMEN: &str = "RDE200";
const FOCUS_SIZE: &str = "RDE1673";

/// Whether the finding is absent, present or indeterminate: an element, its three codes, its words.
const FINDINGS: &[(&str, [u8; 3], &[&str])] = &[
    ("RDE197", [0, 1, 2], &["fat stranding", "stranding", "inflammatory change"]),
    ("RDE198", [0, 1, 2], &["free fluid", "periappendiceal fluid", "pelvic fluid"]),
    ("RDE199", [0, 1, 2], FOCI),
    // Reversed.
    ("RDE201", [1, 0, 2], &["abscess"]),
];
const FOCI: &[&str] = &["appendicolith", "fecalith", "faecalith", "coprolith", "obstructing focus"];

// RDE200: air, contrast, fluid.
const CONTENTS: &[(&str, u8)] = &[
    ("filled with air", 0),
    ("filled with gas", 0),
    ("air-filled", 0),
    ("gas-filled", 0),
    ("contains air", 0),
    ("contains gas", 0),
    ("intraluminal air", 0),
    ("filled with contrast", 1),
    ("filled with oral contrast", 1),
    ("contrast-filled", 1),
    ("contains contrast", 1),
    ("fluid-filled", 2),
    ("filled with fluid", 2),
    ("contains fluid", 2),
];

const NOT_SEEN: &[&str] = &[
    "not visualized",
    "not visualised",
    "not seen",
    "not identified",
    "not well seen",
    "not clearly seen",
    "not clearly identified",
    "nonvisualized",
    "non-visualized",
    "obscured",
];
const USUAL: &[&str] = &["normal", "unremarkable"];
const RUPTURED: &[&str] = &["perforation", "perforated", "rupture", "ruptured"];
/// What else may be measured beside the appendix: "appendix" is the first.
const NOUNS: &[&str] = &[
    "appendix",
    "appendicolith",
    "fecalith",
    "faecalith",
    "coprolith",
    "abscess",
    "collection",
    "cyst",
    "node",
    "mass",
    "stone",
    "diverticulum",
    "wall",
];

/// The elements a report states.
pub fn elements(sentences: &[Sentence]) -> Vec<Element> {
    let seen: Vec<Sentence> =
        sentences.iter().filter(|sentence| sentence.section.is_finding()).cloned().collect();
    let choice = |code, number| Element { code, value: Value::Choice(number) };
    let mut elements: Vec<Element> =
        status(&seen).map(|number| choice(STATUS, number)).into_iter().collect();
    for (noun, code) in [("appendix", DIAMETER), ("appendicolith", FOCUS_SIZE)] {
        let size = size_of(&seen, noun);
        elements.extend(size.map(|tenths| Element { code, value: Value::Tenths(tenths) }));
    }
    for (code, [absent, present, indeterminate], words) in FINDINGS {
        let number = match strongest(&seen, words) {
            Some(Assertion::Present) => *present,
            Some(Assertion::Absent) => *absent,
            Some(Assertion::Uncertain) => *indeterminate,
            _ => continue,
        };
        elements.push(choice(code, number));
    }
    let contents = CONTENTS.iter().find(|(phrase, _)| has(&seen, phrase));
    elements.extend(contents.map(|(_, number)| choice(LUMEN, *number)));
    elements.extend(opacification(&seen).map(|number| choice("RDE202", number)));
    elements
}

fn strongest(sentences: &[Sentence], words: &[&str]) -> Option<Assertion> {
    words.iter().filter_map(|word| assertion(sentences, word)).max()
}

fn has(sentences: &[Sentence], phrase: &str) -> bool {
    sentences.iter().any(|sentence| is_in(sentence, phrase))
}

fn is_in(sentence: &Sentence, phrase: &str) -> bool {
    (0..sentence.words.len()).any(|place| stands_at(&sentence.words, place, phrase))
}

/// RDE195: normal 0, nonruptured 1, ruptured 2, indeterminate 3, unknown 4.
fn status(sentences: &[Sentence]) -> Option<u8> {
    let is_ruptured = strongest(sentences, RUPTURED) == Some(Assertion::Present);
    match assertion(sentences, "appendicitis") {
        Some(Assertion::Present) if is_ruptured => return Some(2),
        Some(Assertion::Present) => return Some(1),
        Some(Assertion::Uncertain) => return Some(3),
        Some(Assertion::Absent) => return Some(0),
        Some(Assertion::Historical | Assertion::Hypothetical | Assertion::Family) | None => {}
    }
    let of_appendix = |phrases: &[&str]| {
        let mut named = sentences.iter().filter(|sentence| is_in(sentence, "appendix"));
        named.any(|sentence| phrases.iter().any(|phrase| is_in(sentence, phrase)))
    };
    if of_appendix(RUPTURED) && is_ruptured {
        return Some(2);
    }
    if of_appendix(NOT_SEEN) {
        return Some(4);
    }
    // "Not normal" and "abnormal" say no status.
    let is_negated = of_appendix(&["not normal", "no normal"]);
    Some(0).filter(|_| of_appendix(USUAL) && !is_negated)
}

/// The largest length that belongs to a noun.
fn size_of(sentences: &[Sentence], noun: &str) -> Option<i64> {
    let is_wanted = |index: usize| match noun {
        "appendix" => NOUNS.get(index) == Some(&"appendix"),
        _ => NOUNS.get(index).is_some_and(|noun| FOCI.contains(noun)),
    };
    let all = sentences.iter().flat_map(|sentence| measurements(&sentence.words, NOUNS));
    all.filter(|one| is_wanted(one.noun)).map(|one| one.tenths).max()
}

/// RDE202: absent 0, present 1.
fn opacification(sentences: &[Sentence]) -> Option<u8> {
    let words = ["opacified", "opacifies", "opacification", "opacify"];
    match strongest(sentences, &words) {
        Some(Assertion::Present) => Some(1),
        Some(Assertion::Absent) => Some(0),
        Some(Assertion::Uncertain) => Some(2),
        _ if has(sentences, "nonopacified") || has(sentences, "non-opacified") => Some(0),
        _ => None,
    }
}
