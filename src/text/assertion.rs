//! How a finding is meant where a report names it: NegEx and ConText.
//!
//! Source: Chapman WW et al., J Biomed Inform 2001;34:301-10; Harkema H et al., J Biomed Inform
//! 2009;42:839-51.
//!
//! ```text
//! sentence ─► triggers (longest first) ─► reach of each ─► which reach the finding ─► assertion
//! ```
//! A trigger reaches forward to the next of its kind, a termination or the end of the sentence; one that
//! stands after a finding reaches five words back. A possibility after the finding outweighs a negation
//! before it.

use crate::text::assertion_trigger::{Class, TRIGGERS};
use crate::text::sentence::{Section, Sentence, stands_at};

/// How it is meant, ascending by what is acted on first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assertion {
    /// Of a relative.
    Family,
    /// Asked about, or only if.
    Hypothetical,
    /// In the past.
    Historical,
    /// Not there.
    Absent,
    /// Left open.
    Uncertain,
    /// There.
    Present,
}

impl Assertion {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Assertion::Family => "family",
            Assertion::Hypothetical => "hypothetical",
            Assertion::Historical => "historical",
            Assertion::Absent => "absent",
            Assertion::Uncertain => "uncertain",
            Assertion::Present => "present",
        }
    }
}

/// Words that a trigger after a finding reaches back (Chapman 2001).
const BACK_WORDS: usize = 5;
/// Words that "prior" reaches: Harkema 2009 has one; "prior rib fracture" takes two.
const NEAR_WORDS: usize = 2;

/// A trigger in a sentence.
#[derive(Clone, Debug)]
struct Found {
    from: usize,
    to: usize,
    classes: Vec<Class>,
}

/// A stretch of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The first word.
    pub from: usize,
    /// One past the last.
    pub to: usize,
}

/// Where a phrase stands in a sentence; its last word may be in the plural, or the sentence's.
pub fn places(words: &[String], phrase: &str) -> Vec<Place> {
    let phrase: Vec<String> = phrase.split_whitespace().map(str::to_lowercase).collect();
    let singular = |word: &str| {
        let stem = word.strip_suffix("es").filter(|stem| stem.ends_with(['x', 's']));
        stem.or(word.strip_suffix('s')).unwrap_or(word).to_owned()
    };
    let is_here = |from: usize| {
        !phrase.is_empty()
            && phrase.iter().enumerate().all(|(offset, wanted)| {
                let is_last = offset + 1 == phrase.len();
                words.get(from + offset).is_some_and(|word| {
                    word == wanted || (is_last && singular(word) == singular(wanted))
                })
            })
    };
    let found = (0..words.len()).filter(|from| is_here(*from));
    found.map(|from| Place { from, to: from + phrase.len() }).collect()
}

/// How the finding at a place of a sentence is meant.
pub fn assertion_at(sentence: &Sentence, place: Place) -> Assertion {
    let by_section = match sentence.section {
        Section::FamilyHistory => Some(Assertion::Family),
        Section::Indication => Some(Assertion::Hypothetical),
        Section::History | Section::Comparison => Some(Assertion::Historical),
        Section::Findings | Section::Impression | Section::Addendum | Section::Technique => None,
    };
    let words = &sentence.words;
    let triggers = triggers(words, place);
    let is_reached = |class| is_reached(words, &triggers, place, class);
    let negation = forward(&triggers, place);
    let is_absent = is_reached(Class::NegationAfter)
        || is_reached(Class::NegationTrailing)
        || negation == Some(Class::Negation);
    let is_open = negation == Some(Class::Possible) || is_reached(Class::PossibleUnlessNegated);
    if is_reached(Class::PossibleAfter) || is_reached(Class::PossibleTrailing) {
        return by_section.unwrap_or(Assertion::Uncertain);
    }
    if is_absent {
        return Assertion::Absent;
    }
    let others = [
        (is_reached(Class::Family) || is_reached(Class::FamilyAfter), Assertion::Family),
        (is_reached(Class::Hypothetical), Assertion::Hypothetical),
        (is_reached(Class::Historical), Assertion::Historical),
        (is_reached(Class::HistoricalNear), Assertion::Historical),
    ];
    let other = others.into_iter().find(|(is_met, _)| *is_met).map(|(_, assertion)| assertion);
    let plain = if is_open { Assertion::Uncertain } else { Assertion::Present };
    by_section.or(other).unwrap_or(plain)
}

/// How a report means a finding, of all sentences that name it; `None` where none does. An addendum
/// overrides, and what was seen outweighs what was asked.
pub fn assertion(sentences: &[Sentence], phrase: &str) -> Option<Assertion> {
    let of = |sentence: &Sentence| -> Option<Assertion> {
        let found = places(&sentence.words, phrase).into_iter();
        found.map(|place| assertion_at(sentence, place)).max()
    };
    let in_section = |is_wanted: fn(Section) -> bool| -> Option<Assertion> {
        sentences.iter().filter(|sentence| is_wanted(sentence.section)).filter_map(of).max()
    };
    in_section(|section| section == Section::Addendum)
        .or(in_section(Section::is_finding))
        .or(in_section(|section| !section.is_finding()))
}

/// The triggers of a sentence from left to right, none within the finding.
fn triggers(words: &[String], target: Place) -> Vec<Found> {
    let mut found = Vec::new();
    let mut from = 0;
    while from < words.len() {
        let is_within = |length: usize| from < target.to && target.from < from + length;
        let at_place = TRIGGERS.iter().flat_map(|(class, phrases)| {
            let phrases = phrases.iter().filter(|phrase| stands_at(words, from, phrase));
            phrases.map(|phrase| (phrase.split(' ').count(), *class))
        });
        let at_place: Vec<(usize, Class)> =
            at_place.filter(|(length, _)| !is_within(*length)).collect();
        let longest = at_place.iter().map(|(length, _)| *length).max();
        let Some(longest) = longest else {
            from += 1;
            continue;
        };
        let classes = at_place.into_iter().filter(|(length, _)| *length == longest);
        let to = from + longest;
        let classes = in_context(words, to, classes.map(|(_, class)| class).collect());
        if classes.is_empty() {
            from += 1;
            continue;
        }
        found.push(Found { from, to, classes });
        from = to;
    }
    found
}

/// The classes a trigger has where it stands: one that ends a clause looks back, and only back.
fn in_context(words: &[String], to: usize, classes: Vec<Class>) -> Vec<Class> {
    let is_trailing =
        |class: &Class| matches!(class, Class::NegationTrailing | Class::PossibleTrailing);
    let ends_clause = words.get(to).is_none_or(|word| word == "," || word == "and");
    let kept = classes.iter().any(is_trailing) && ends_clause;
    classes.into_iter().filter(|class| is_trailing(class) == kept).collect()
}

/// Of negation and possibility, which governs the finding from before; both end each other.
fn forward(triggers: &[Found], target: Place) -> Option<Class> {
    let mut governing = None;
    for trigger in triggers.iter().filter(|trigger| trigger.to <= target.from) {
        for class in &trigger.classes {
            match class {
                Class::Negation | Class::Possible => governing = Some(*class),
                Class::Pseudo | Class::Termination => governing = None,
                _ => {}
            }
        }
    }
    governing
}

/// Whether a trigger of a class reaches the finding.
fn is_reached(words: &[String], triggers: &[Found], target: Place, class: Class) -> bool {
    let of_class = |trigger: &&Found| trigger.classes.contains(&class);
    let mut candidates = triggers.iter().filter(of_class);
    match class {
        Class::NegationAfter
        | Class::NegationTrailing
        | Class::PossibleAfter
        | Class::PossibleTrailing
        | Class::FamilyAfter => candidates.any(|trigger| {
            target.to <= trigger.from && !is_cut_back(words, triggers, target, trigger.from)
        }),
        Class::HistoricalNear => candidates.any(|trigger| {
            let between = words.iter().take(target.from).skip(trigger.to);
            trigger.to <= target.from
                && target.from - trigger.to < NEAR_WORDS
                && !between.into_iter().any(|word| word == ",")
        }),
        _ => candidates.any(|trigger| {
            trigger.to <= target.from && !is_terminated(triggers, trigger.to, target.from)
        }),
    }
}

fn is_terminated(triggers: &[Found], from: usize, to: usize) -> bool {
    let between = triggers.iter().filter(|trigger| from <= trigger.from && trigger.to <= to);
    between.into_iter().any(|trigger| trigger.classes.contains(&Class::Termination))
}

/// Whether what stands between a finding and a trigger after it cuts the trigger off: too many words,
/// another trigger, or a clause of its own.
fn is_cut_back(words: &[String], triggers: &[Found], target: Place, trigger: usize) -> bool {
    const VERBS: [&str; 10] =
        ["is", "are", "was", "were", "has", "have", "shows", "seen", "noted", "present"];
    let between = words.iter().take(trigger).skip(target.to);
    let n_words = between.clone().filter(|word| *word != "," && *word != ":").count();
    let mut is_verb_seen = false;
    let is_other_clause = between.into_iter().any(|word| {
        is_verb_seen |= VERBS.contains(&word.as_str());
        is_verb_seen && word == ","
    });
    let is_interrupted = triggers.iter().any(|other| {
        target.to <= other.from
            && other.to <= trigger
            && other.classes.iter().any(|class| *class != Class::HistoricalNear)
    });
    BACK_WORDS < n_words || is_other_clause || is_interrupted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::sentence::sentences;

    #[test]
    fn findings_are_meant_as_a_reader_takes_them() {
        let cases = [
            ("Pneumonia is unlikely.", "pneumonia", Assertion::Absent),
            (
                "Consolidation is present, pneumonia is ruled out.",
                "consolidation",
                Assertion::Present,
            ),
            ("Consolidation is present, pneumonia is ruled out.", "pneumonia", Assertion::Absent),
            ("Pneumonia ruled out.", "pneumonia", Assertion::Absent),
            ("CT ruled out embolism.", "embolism", Assertion::Absent),
            ("Rule out pneumonia.", "pneumonia", Assertion::Uncertain),
            ("Evaluate for pneumonia.", "pneumonia", Assertion::Hypothetical),
            ("Return if fever develops.", "fever", Assertion::Hypothetical),
            ("History of pneumonia, now with effusion.", "pneumonia", Assertion::Historical),
            ("History of pneumonia, now with effusion.", "effusion", Assertion::Present),
            ("No history of malignancy.", "malignancy", Assertion::Absent),
            ("Mother had breast cancer.", "breast cancer", Assertion::Family),
            ("Breast cancer in her mother.", "breast cancer", Assertion::Family),
            ("There is free fluid in the pelvis.", "free fluid", Assertion::Present),
            ("Effusion: none.", "effusion", Assertion::Absent),
            ("Effusion: No.", "effusion", Assertion::Absent),
            ("Lungs: No consolidation.", "consolidation", Assertion::Absent),
            ("Lungs: Negative for embolism.", "embolism", Assertion::Absent),
            ("No findings suspicious for embolism.", "embolism", Assertion::Absent),
            ("Findings suspicious for embolism.", "embolism", Assertion::Uncertain),
            ("No pneumothorax, possible effusion.", "effusion", Assertion::Uncertain),
            ("No pneumothorax, there is an effusion.", "effusion", Assertion::Present),
            ("Atelectasis versus pneumonia.", "atelectasis", Assertion::Uncertain),
            ("Atelectasis versus pneumonia.", "pneumonia", Assertion::Uncertain),
            ("Pneumothorax has resolved.", "pneumothorax", Assertion::Absent),
            ("Nodule is not seen.", "nodule", Assertion::Absent),
            ("Does not exclude embolism.", "embolism", Assertion::Uncertain),
            ("Small effusion, likely pneumonia.", "effusion", Assertion::Present),
            ("Prior rib fracture.", "fracture", Assertion::Historical),
            ("A 60 year old man with a fracture.", "fracture", Assertion::Present),
            ("INDICATION: pneumonia?\nFINDINGS: Clear.", "pneumonia", Assertion::Hypothetical),
            ("No fracture. ADDENDUM: Rib fracture.", "fracture", Assertion::Present),
        ];
        for (text, phrase, expected) in cases {
            assert_eq!(assertion(&sentences(text), phrase), Some(expected), "{text} {phrase}");
        }
        assert_eq!(assertion(&sentences("Clear lungs."), "nodule"), None);
    }
}
