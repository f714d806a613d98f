//! The text of a report as sentences of words, each in the section it stands in.
//!
//! ```text
//! text ─► words and marks ─► sentences (safe of abbreviations) ─► heading? ─► section
//! ```
//! What a radiologist was asked and what was known before are no findings: rules choose their sections.
//! A heading without findings of its own (indication, history, comparison, technique) holds until the next
//! heading; where none follows, it holds for its own sentence.

/// Where a sentence stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Findings, or a text without headings.
    Findings,
    /// What the radiologist concludes.
    Impression,
    /// A later word on the same report: it overrides.
    Addendum,
    /// Why the study was made.
    Indication,
    /// What the patient had.
    History,
    /// What relatives had.
    FamilyHistory,
    /// What it was compared with.
    Comparison,
    /// How it was made.
    Technique,
}

impl Section {
    /// Whether it says what was seen.
    pub const fn is_finding(self) -> bool {
        matches!(self, Section::Findings | Section::Impression | Section::Addendum)
    }
}

/// One sentence: lower-case words, commas and colons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// Where it stands.
    pub section: Section,
    /// Its words.
    pub words: Vec<String>,
}

// Headings as radiology reports have them; a colon follows, or the line ends.
const HEADINGS: &[(&str, Section)] = &[
    ("findings", Section::Findings),
    ("chest", Section::Findings),
    ("abdomen", Section::Findings),
    ("impression", Section::Impression),
    ("impressions", Section::Impression),
    ("conclusion", Section::Impression),
    ("conclusions", Section::Impression),
    ("opinion", Section::Impression),
    ("addendum", Section::Addendum),
    ("indication", Section::Indication),
    ("indications", Section::Indication),
    ("clinical indication", Section::Indication),
    ("clinical information", Section::Indication),
    ("clinical history", Section::Indication),
    ("clinical question", Section::Indication),
    ("reason for exam", Section::Indication),
    ("reason for examination", Section::Indication),
    ("reason for study", Section::Indication),
    ("history", Section::History),
    ("past history", Section::History),
    ("past medical history", Section::History),
    ("family history", Section::FamilyHistory),
    ("comparison", Section::Comparison),
    ("comparisons", Section::Comparison),
    ("prior studies", Section::Comparison),
    ("technique", Section::Technique),
    ("procedure", Section::Technique),
];

/// Words after which a full stop ends no sentence.
const ABBREVIATIONS: [&str; 14] = [
    "dr", "mr", "mrs", "ms", "st", "vs", "approx", "e.g", "i.e", "cf", "fig", "incl", "resp", "etc",
];

/// The sentences of a text.
pub fn sentences(text: &str) -> Vec<Sentence> {
    let split: Vec<(Option<Section>, Vec<String>)> =
        split(text).into_iter().map(without_heading).collect();
    let last_heading = split.iter().rposition(|(heading, _)| heading.is_some());
    let mut section = Section::Findings;
    let mut sentences = Vec::new();
    for (place, (heading, words)) in split.into_iter().enumerate() {
        section = heading.unwrap_or(section);
        if !words.is_empty() {
            sentences.push(Sentence { section, words });
            let is_followed = last_heading.is_some_and(|last| place < last);
            if !section.is_finding() && !is_followed {
                section = Section::Findings;
            }
        }
    }
    sentences
}

/// Whether a sequence of words stands at a place.
pub fn stands_at(words: &[String], place: usize, phrase: &str) -> bool {
    let mut rest = words.iter().skip(place);
    phrase.split(' ').all(|word| rest.next().is_some_and(|next| next == word))
}

/// The heading a sentence begins with, and what follows it.
fn without_heading(words: Vec<String>) -> (Option<Section>, Vec<String>) {
    for (heading, section) in HEADINGS {
        let length = heading.split(' ').count();
        if !stands_at(&words, 0, heading) {
            continue;
        }
        match words.get(length).map(String::as_str) {
            None => return (Some(*section), Vec::new()),
            Some(":") => return (Some(*section), words.into_iter().skip(length + 1).collect()),
            Some(_) => {}
        }
    }
    (None, words)
}

/// The words of each sentence.
fn split(text: &str) -> Vec<Vec<String>> {
    let mut sentences = vec![Vec::new()];
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        for token in tokens(line) {
            let Some(sentence) = sentences.last_mut() else { continue };
            let is_stop = matches!(token.as_str(), "." | ";" | "!" | "?");
            let is_abbreviated = token == "."
                && sentence
                    .last()
                    .is_some_and(|word: &String| ABBREVIATIONS.contains(&word.as_str()));
            match (is_stop, is_abbreviated) {
                (false, _) => sentence.push(token),
                (true, true) => {}
                (true, false) => sentences.push(Vec::new()),
            }
        }
        let is_broken = lines.peek().is_none_or(|next| begins_anew(next)) || is_heading(line);
        if is_broken {
            sentences.push(Vec::new());
        }
    }
    sentences.retain(|sentence| !sentence.is_empty());
    sentences
}

/// Whether a line is more than the rest of a wrapped one: empty, an item of a list, or `words:`.
fn begins_anew(line: &str) -> bool {
    const HEADING_CHARS_MAX: usize = 40;
    let line = line.trim();
    let is_item = line.starts_with(['-', '*', '•'])
        || line.split_once(['.', ')']).is_some_and(|(number, _)| number.parse::<u8>().is_ok());
    let is_labelled =
        line.split_once(':').is_some_and(|(label, _)| label.len() < HEADING_CHARS_MAX);
    line.is_empty() || is_item || is_labelled || is_heading(line)
}

fn is_heading(line: &str) -> bool {
    let line = line.trim().to_lowercase();
    HEADINGS.iter().any(|(heading, _)| *heading == line)
}

/// Lower-case words and marks of a line. A number stands alone, its unit after it.
fn tokens(line: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut chars = line.chars().peekable();
    let mut before = ' ';
    while let Some(char) = chars.next() {
        let next_is_digit = chars.peek().is_some_and(char::is_ascii_digit);
        let is_sign = char == '-' && next_is_digit && !before.is_alphanumeric();
        let is_times = matches!(char, 'x' | 'X') && before.is_ascii_digit() && next_is_digit;
        before = char;
        if char.is_ascii_digit() || is_sign {
            let mut number = String::from(char);
            while let Some(next) = chars.peek().copied() {
                let is_point = next == '.' && !number.contains('.') && {
                    let mut ahead = chars.clone();
                    ahead.next();
                    ahead.peek().is_some_and(char::is_ascii_digit)
                };
                if !next.is_ascii_digit() && !is_point {
                    break;
                }
                number.push(next);
                before = next;
                chars.next();
            }
            tokens.push(number);
        } else if char == '×' || is_times {
            tokens.push("x".to_owned());
        } else if char.is_alphabetic() {
            let mut word: String = char.to_lowercase().collect();
            while let Some(next) = chars.peek().copied() {
                let is_inner = matches!(next, '-' | '/' | '\'' | '’')
                    || (next == '.' && word.chars().filter(|c| c.is_alphabetic()).count() == 1);
                let joins = is_inner && {
                    let mut ahead = chars.clone();
                    ahead.next();
                    ahead.peek().is_some_and(|after| after.is_alphanumeric())
                };
                if !next.is_alphanumeric() && !joins {
                    break;
                }
                word.extend(next.to_lowercase());
                before = next;
                chars.next();
            }
            tokens.push(word);
        } else if matches!(char, ',' | ':' | '.' | ';' | '!' | '?') {
            tokens.push(char.to_string());
        } else if matches!(char, '–' | '—') {
            tokens.push(",".to_owned());
        }
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(Section, String)> {
        let sentences = sentences(text).into_iter();
        sentences.map(|sentence| (sentence.section, sentence.words.join(" "))).collect()
    }

    #[test]
    fn sentences_end_where_a_reader_ends_them() {
        let text =
            "Seen by Dr. Li vs. prior. A 3.5 cm mass, 9x6 mm; no effusion.\nNo\npneumothorax";
        let expected = [
            "seen by dr li vs prior",
            "a 3.5 cm mass , 9 x 6 mm",
            "no effusion",
            "no pneumothorax",
        ];
        let found: Vec<String> = read(text).into_iter().map(|(_, words)| words).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_sentence_knows_its_section() {
        let text = "INDICATION: rule out stroke. Fall.\nFINDINGS: No bleed\nIMPRESSION\nNormal.";
        assert_eq!(
            read(text),
            [
                (Section::Indication, "rule out stroke".to_owned()),
                (Section::Indication, "fall".to_owned()),
                (Section::Findings, "no bleed".to_owned()),
                (Section::Impression, "normal".to_owned()),
            ]
        );
        assert_eq!(
            read("Clinical indication: rule out appendicitis. Appendix normal."),
            [
                (Section::Indication, "rule out appendicitis".to_owned()),
                (Section::Findings, "appendix normal".to_owned()),
            ]
        );
        assert_eq!(read("Effusion: none."), [(Section::Findings, "effusion : none".to_owned())]);
    }
}
