//! Labels the text of a chest radiograph's report with the fourteen CheXpert observations.
//!
//! Source: Irvin J et al., AAAI 2019;33:590-7 (observations, impression only, no finding). Mentions are
//! judged by `assertion`; the phrases are this project's, and need a local evaluation before anything
//! consumes the labels. Heart failure makes the heart's size uncertain, as the authors have it.

use crate::text::assertion::{Assertion, Place, assertion_at, places};
use crate::text::chexpert::{Label, aggregate};
use crate::text::sentence::{Section, Sentence};

/// One observation, and how reports name it.
#[derive(Clone, Copy, Debug)]
pub struct Observation {
    /// Its name in the data set.
    pub name: &'static str,
    /// Names of the finding itself.
    pub findings: &'static [&'static str],
    /// Names of a part of the body, which says something only with how it is.
    pub parts: &'static [&'static str],
}

const fn finding(name: &'static str, findings: &'static [&'static str]) -> Observation {
    Observation { name, findings, parts: &[] }
}

/// The name of the label that nothing was found.
pub const NO_FINDING: &str = "No Finding";
const CARDIOMEGALY: &str = "Cardiomegaly";
const SUPPORT_DEVICES: &str = "Support Devices";

/// The observations but "No Finding" (Irvin 2019, table 1).
pub const OBSERVATIONS: &[Observation] = &[
    Observation {
        name: "Enlarged Cardiomediastinum",
        findings: &["widened mediastinum", "mediastinal widening", "enlarged cardiomediastinum"],
        parts: &[
            "mediastinum",
            "cardiomediastinum",
            "mediastinal contour",
            "cardiomediastinal silhouette",
            "cardiomediastinal contour",
        ],
    },
    Observation {
        name: CARDIOMEGALY,
        findings: &["cardiomegaly", "enlarged heart", "cardiac enlargement"],
        parts: &[
            "heart size",
            "heart",
            "cardiac size",
            "cardiac silhouette",
            "cardiac contour",
            "cardiac shadow",
        ],
    },
    finding(
        "Lung Lesion",
        &["nodule", "mass", "lung lesion", "tumor", "neoplasm", "carcinoma", "cavitary lesion"],
    ),
    finding(
        "Lung Opacity",
        &[
            "opacity",
            "opacities",
            "opacification",
            "infiltrate",
            "airspace disease",
            "air space disease",
            "interstitial markings",
            "interstitial changes",
        ],
    ),
    finding(
        "Edema",
        &[
            "edema",
            "oedema",
            "vascular congestion",
            "pulmonary congestion",
            "venous congestion",
            "heart failure",
            "chf",
        ],
    ),
    finding("Consolidation", &["consolidation", "consolidations", "consolidative"]),
    finding("Pneumonia", &["pneumonia", "infection", "infectious process", "bronchopneumonia"]),
    finding("Atelectasis", &["atelectasis", "atelectatic", "atelectases", "collapse"]),
    finding("Pneumothorax", &["pneumothorax", "pneumothoraces"]),
    finding("Pleural Effusion", &["effusion", "pleural fluid", "hydrothorax", "hydropneumothorax"]),
    finding(
        "Pleural Other",
        &["pleural thickening", "pleural scarring", "pleural plaque", "fibrothorax", "fibrosis"],
    ),
    finding("Fracture", &["fracture", "fractured"]),
    finding(
        SUPPORT_DEVICES,
        &[
            "tube",
            "line",
            "catheter",
            "pacemaker",
            "pacer",
            "picc",
            "port",
            "port-a-cath",
            "icd",
            "stent",
            "drain",
            "device",
            "valve",
            "wire",
            "lead",
            "lvad",
            "clip",
        ],
    ),
];

/// What belongs to no observation, and yet means that something was found.
const OTHER_FINDINGS: &[&str] = &[
    "emphysema",
    "hernia",
    "scoliosis",
    "kyphosis",
    "calcification",
    "granuloma",
    "hyperinflation",
    "copd",
    "pneumoperitoneum",
    "pneumomediastinum",
    "aspiration",
    "contusion",
    "metastasis",
    "metastases",
    "hemorrhage",
    "hematoma",
    "osteopenia",
    "bronchitis",
    "bronchiolitis",
    "bullae",
    "volume loss",
    "bronchiectasis",
    "tortuous aorta",
    "pericardial effusion",
];

/// Heart failure, which leaves the heart's size uncertain (the authors' labeler).
const HEART_FAILURE: &[&str] = &["heart failure", "chf"];
// How a part of the body is: as usual, or enlarged.
const USUAL: &[&str] =
    &["normal", "unremarkable", "not enlarged", "within normal limits", "stable"];
const ENLARGED: &[&str] =
    &["enlarged", "widened", "prominent", "increased", "large", "enlargement", "widening"];

/// The labels of a report, by observation, and "No Finding". Its impression counts, or the findings where
/// it has none.
pub fn labels(sentences: &[Sentence]) -> Vec<(&'static str, Option<Label>)> {
    let has_impression = sentences.iter().any(|one| one.section == Section::Impression);
    let is_read = |sentence: &&Sentence| match sentence.section {
        Section::Impression | Section::Addendum => true,
        Section::Findings => !has_impression,
        _ => false,
    };
    let read: Vec<&Sentence> = sentences.iter().filter(is_read).collect();
    let mut is_found = any_found(&read, OTHER_FINDINGS);
    let mut labels = Vec::new();
    for observation in OBSERVATIONS {
        let mut mentions = mentions(&read, observation);
        if observation.name == CARDIOMEGALY && any_found(&read, HEART_FAILURE) {
            mentions.push(Label::Uncertain);
        }
        is_found |= observation.name != SUPPORT_DEVICES
            && mentions.iter().any(|label| *label != Label::Negative);
        labels.push((observation.name, aggregate(&mentions)));
    }
    labels.push((NO_FINDING, Some(Label::Positive).filter(|_| !is_found)));
    labels
}

fn any_found(sentences: &[&Sentence], phrases: &[&str]) -> bool {
    phrases.iter().any(|phrase| {
        let mentions = sentences.iter().flat_map(|sentence| of_finding(sentence, phrase));
        mentions.into_iter().any(|label| label != Label::Negative)
    })
}

fn mentions(sentences: &[&Sentence], observation: &Observation) -> Vec<Label> {
    let mut mentions = Vec::new();
    for sentence in sentences {
        for phrase in observation.findings {
            mentions.extend(of_finding(sentence, phrase));
        }
        let part = observation
            .parts
            .iter()
            .find_map(|part| places(&sentence.words, part).first().copied());
        mentions.extend(part.and_then(|place| of_part(sentence, place)));
    }
    mentions
}

/// What each mention of a finding in a sentence says; what is past or of a relative says nothing.
fn of_finding(sentence: &Sentence, phrase: &str) -> Vec<Label> {
    let places = places(&sentence.words, phrase).into_iter();
    let is_other = |place: &Place| {
        let before = place.from.checked_sub(1).and_then(|before| sentence.words.get(before));
        // A pericardial effusion is none of the pleura.
        phrase == "effusion" && before.is_some_and(|word| word == "pericardial")
    };
    let label = |place| match assertion_at(sentence, place) {
        Assertion::Present => Some(Label::Positive),
        Assertion::Absent => Some(Label::Negative),
        Assertion::Uncertain => Some(Label::Uncertain),
        Assertion::Historical | Assertion::Hypothetical | Assertion::Family => None,
    };
    places.filter(|place| !is_other(place)).filter_map(label).collect()
}

/// What a sentence says of a part of the body: by the word nearest to it that tells how it is.
fn of_part(sentence: &Sentence, part: Place) -> Option<Label> {
    let nearest = |words: &[&str]| -> Option<(usize, Place)> {
        let all = words.iter().flat_map(|word| places(&sentence.words, word));
        all.map(|place| (place.from.abs_diff(part.from), place)).min_by_key(|(apart, _)| *apart)
    };
    match (nearest(USUAL), nearest(ENLARGED)) {
        (Some((usual, _)), Some((enlarged, _))) if usual <= enlarged => Some(Label::Negative),
        (Some(_), None) => Some(Label::Negative),
        (_, Some((_, place))) => match assertion_at(sentence, place) {
            Assertion::Absent => Some(Label::Negative),
            Assertion::Uncertain => Some(Label::Uncertain),
            Assertion::Present => Some(Label::Positive),
            Assertion::Historical | Assertion::Hypothetical | Assertion::Family => None,
        },
        (None, None) => None,
    }
}
