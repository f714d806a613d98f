//! What a report says of a pulmonary nodule, as the elements of RadElement set RDES195.
//!
//! Source: RadElement RDES195 version 1 of 23 April 2024, status proposed (via openimagingdata). Each
//! element has codes of its own. Sizes are kept as measured: Fleischner rounds, this does not. What a
//! report does not say is left out, and never absent.

use crate::domain::decimal::Decimal;
use crate::text::appendix_report::{Element, Value};
use crate::text::assertion::{Assertion, assertion, places};
use crate::text::measurement::measurements;
use crate::text::sentence::{Sentence, stands_at};

/// Words for a nodule. A mass is none: it is larger than 30 mm.
const NODULES: &[&str] = &["nodule", "nodules", "micronodule"];

/// Elements that are chosen by the first of these words that stands beside a nodule.
const CHOICES: &[(&str, &[(&str, u8)])] = &[
    // Composition.
    (
        "RDE1301",
        &[
            ("part-solid", 2),
            ("part solid", 2),
            ("partly solid", 2),
            ("semisolid", 2),
            ("ground-glass", 1),
            ("ground glass", 1),
            ("groundglass", 1),
            ("nonsolid", 1),
            ("non-solid", 1),
            ("fat-containing", 3),
            ("fat density", 3),
            ("calcified", 4),
            ("cavitary", 5),
            ("cavitating", 5),
            ("cavitated", 5),
            ("cystic", 6),
            ("air bronchogram", 7),
            ("solid", 0),
        ],
    ),
    // Morphology.
    (
        "RDE1305",
        &[
            ("spiculated", 3),
            ("lobulated", 1),
            ("ill-defined", 2),
            ("perifissural", 4),
            ("smooth", 0),
            ("well-circumscribed", 0),
        ],
    ),
    // Plurality.
    (
        "RDE1306",
        &[
            ("multiple", 1),
            ("several", 1),
            ("numerous", 1),
            ("nodules", 1),
            ("single", 0),
            ("solitary", 0),
        ],
    ),
];

// RDE1304; a lobe is more than a lung.
const LOCATIONS: &[(&str, u8)] = &[
    ("left upper lobe", 2),
    ("lul", 2),
    ("lingula", 3),
    ("lingular", 3),
    ("left lower lobe", 4),
    ("lll", 4),
    ("right upper lobe", 6),
    ("rul", 6),
    ("right middle lobe", 7),
    ("rml", 7),
    ("right lower lobe", 8),
    ("rll", 8),
];
const LUNGS: &[(&str, u8)] = &[("left lung", 1), ("right lung", 5)];

const NOUNS: &[&str] = &[
    "nodule",
    "micronodule",
    "solid component",
    "solid portion",
    "mass",
    "node",
    "cyst",
    "granuloma",
    "effusion",
    "opacity",
    "largest",
];

/// The elements a report states.
pub fn elements(sentences: &[Sentence]) -> Vec<Element> {
    let seen: Vec<Sentence> =
        sentences.iter().filter(|sentence| sentence.section.is_finding()).cloned().collect();
    let choice = |code, number| Element { code, value: Value::Choice(number) };
    let tenths = |code, tenths| Element { code, value: Value::Tenths(tenths) };
    let said = NODULES.iter().filter_map(|word| assertion(&seen, word)).max();
    // RDE1717: absent 0, present 1, indeterminate 3.
    let presence = match said {
        Some(Assertion::Present) => 1,
        Some(Assertion::Absent) => return vec![choice("RDE1717", 0)],
        Some(Assertion::Uncertain) => return vec![choice("RDE1717", 3)],
        _ => return Vec::new(),
    };
    let named =
        |sentence: &&Sentence| NODULES.iter().any(|word| !places(&sentence.words, word).is_empty());
    let about: Vec<&Sentence> = seen.iter().filter(named).collect();
    let mut elements = vec![choice("RDE1717", presence)];
    for (code, words) in CHOICES {
        elements.extend(first_of(&about, words).map(|number| choice(code, number)));
    }
    let sizes = sizes(&about);
    elements.extend(sizes.0.map(|size| tenths("RDE1302", size)));
    elements.extend(sizes.1.map(|size| tenths("RDE1303", size)));
    elements.extend(location(&about).map(|number| choice("RDE1304", number)));
    let microcystic = assertion(&seen, "microcystic component").or(assertion(&seen, "microcystic"));
    elements.extend(present_or_absent(microcystic, 0, 1).map(|n| choice("RDE1307", n)));
    elements.extend(volume(&about).map(|volume| tenths("RDE1705", volume)));
    elements.extend(change(&seen, &about).map(|number| choice("RDE1706", number)));
    elements.extend(suspicion(&about).map(|number| choice("RDE1707", number)));
    elements.extend(density(&about).into_iter().map(|(code, value)| tenths(code, value)));
    elements
}

fn is_in(sentence: &Sentence, phrase: &str) -> bool {
    (0..sentence.words.len()).any(|place| stands_at(&sentence.words, place, phrase))
}

/// The first of some words that is asserted of the nodule; "solid component" is no solid nodule.
fn first_of(sentences: &[&Sentence], words: &[(&str, u8)]) -> Option<u8> {
    let is_said = |phrase: &str| {
        sentences.iter().any(|sentence| {
            (0..sentence.words.len()).any(|place| {
                let after = sentence.words.get(place + phrase.split(' ').count());
                let is_part =
                    after.is_some_and(|word| matches!(word.as_str(), "component" | "portion"));
                stands_at(&sentence.words, place, phrase) && !is_part
            })
        })
    };
    words.iter().find(|(phrase, _)| is_said(phrase)).map(|(_, number)| *number)
}

/// The largest nodule's size and its solid part's, in tenths of a millimetre; RadElement has them from 2 mm.
fn sizes(sentences: &[&Sentence]) -> (Option<i64>, Option<i64>) {
    const SIZE_MIN: i64 = 20;
    let all = sentences.iter().flat_map(|sentence| measurements(&sentence.words, NOUNS));
    let all: Vec<(&str, i64)> =
        all.filter_map(|one| Some((*NOUNS.get(one.noun)?, one.tenths))).collect();
    let largest = |nouns: &[&str]| {
        let sizes = all.iter().filter(|(noun, _)| nouns.contains(noun)).map(|(_, size)| *size);
        sizes.filter(|size| SIZE_MIN <= *size).max()
    };
    (largest(&["nodule", "micronodule", "largest"]), largest(&["solid component", "solid portion"]))
}

/// Where it lies; several places are none.
fn location(sentences: &[&Sentence]) -> Option<u8> {
    let of = |table: &[(&str, u8)]| -> Vec<u8> {
        let is_named = |phrase: &str| sentences.iter().any(|sentence| is_in(sentence, phrase));
        let mut found: Vec<u8> =
            table.iter().filter(|(phrase, _)| is_named(phrase)).map(|(_, place)| *place).collect();
        found.dedup();
        found
    };
    match (of(LOCATIONS).as_slice(), of(LUNGS).as_slice()) {
        ([lobe], _) => Some(*lobe),
        ([], [lung]) => Some(*lung),
        _ => None,
    }
}

fn present_or_absent(said: Option<Assertion>, present: u8, absent: u8) -> Option<u8> {
    match said {
        Some(Assertion::Present) => Some(present),
        Some(Assertion::Absent) => Some(absent),
        _ => None,
    }
}

/// A number before a unit, in tenths.
fn number_before(sentence: &Sentence, units: &[&str]) -> Option<i64> {
    let unit = sentence.words.iter().position(|word| units.contains(&word.as_str()))?;
    let number = sentence.words.get(unit.checked_sub(1)?)?;
    Decimal::parse(number).ok()?.rounded(1)
}

fn volume(sentences: &[&Sentence]) -> Option<i64> {
    sentences.iter().find_map(|sentence| {
        number_before(sentence, &["mm3", "mm³"]).or_else(|| {
            let place = (0..sentence.words.len())
                .find(|place| stands_at(&sentence.words, *place, "cubic mm"))?;
            Decimal::parse(sentence.words.get(place.checked_sub(1)?)?).ok()?.rounded(1)
        })
    })
}

/// RDE1706: no priors 0; unchanged for < 6 months 1, 6-12 2, 12-24 3, > 24 4; larger 5, smaller 6.
fn change(seen: &[Sentence], about: &[&Sentence]) -> Option<u8> {
    let is_said = |words: &[&str]| {
        about.iter().any(|sentence| words.iter().any(|word| is_in(sentence, word)))
    };
    let has_no_prior = ["no prior", "no priors", "no previous", "no comparison"]
        .iter()
        .any(|phrase| seen.iter().any(|sentence| is_in(sentence, phrase)));
    let is_unchanged = is_said(&["unchanged", "stable", "no change", "no significant change"]);
    match () {
        () if is_unchanged => {
            // Tenths of a month.
            let months = about.iter().find_map(|sentence| {
                let months = number_before(sentence, &["month", "months", "mo"]);
                let years = number_before(sentence, &["year", "years"]).map(|years| 12 * years);
                months.or(years)
            })?;
            Some(match months {
                ..60 => 1,
                60..120 => 2,
                120..=240 => 3,
                241.. => 4,
            })
        }
        () if is_said(&["larger", "increased", "increase", "enlarging", "enlarged", "grown"]) => {
            Some(5)
        }
        () if is_said(&["smaller", "decreased", "decrease", "regressed"]) => Some(6),
        () if has_no_prior => Some(0),
        () => None,
    }
}

/// RDE1707: yes 0, no 1, indeterminate 2.
fn suspicion(sentences: &[&Sentence]) -> Option<u8> {
    let owned: Vec<Sentence> = sentences.iter().map(|sentence| (*sentence).clone()).collect();
    match assertion(&owned, "suspicious") {
        Some(Assertion::Present) => return Some(0),
        Some(Assertion::Absent) => return Some(1),
        _ => {}
    }
    let is_said = |word: &str| sentences.iter().any(|sentence| is_in(sentence, word));
    if is_said("benign-appearing") || is_said("benign appearing") {
        return Some(1);
    }
    Some(2).filter(|_| is_said("indeterminate"))
}

/// RDE1708 and RDE1709: from the least to the greatest density in Hounsfield units, in tenths.
fn density(sentences: &[&Sentence]) -> Vec<(&'static str, i64)> {
    let of = |sentence: &&Sentence| {
        let words = &sentence.words;
        let unit = words.iter().position(|word| word == "hu" || word == "hounsfield")?;
        let number = |place: usize| Decimal::parse(words.get(place)?).ok()?.rounded(1);
        let (low, high) = (number(unit.checked_sub(3)?)?, number(unit.checked_sub(1)?)?);
        let is_range = words.get(unit.checked_sub(2)?).is_some_and(|word| word == "to");
        Some(vec![("RDE1708", low), ("RDE1709", high)]).filter(|_| is_range)
    };
    sentences.iter().find_map(of).unwrap_or_default()
}
