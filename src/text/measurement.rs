//! Lengths in the sentence of a report, each with the thing it was measured of.
//!
//! A number belongs to the noun after it ("7 mm appendix"), or else to the one before it ("appendix
//! measuring 11 mm"); never to one across a comma, "with" or "and". Two axes are averaged.

use crate::domain::decimal::Decimal;

/// One length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measurement {
    /// The mean of its axes in tenths of a millimetre.
    pub tenths: i64,
    /// Which of the nouns it belongs to.
    pub noun: usize,
}

/// Words that end a search for a noun.
const BOUNDARIES: [&str; 8] = [",", "with", "and", "in", "without", "of", "containing", "by"];
/// Words between a number and its noun: "6 mm solid ground-glass pulmonary nodule".
const WORDS_MAX: usize = 5;

/// The lengths of a sentence, by the nouns they can belong to; the longest noun that stands at a place
/// counts.
pub fn measurements(words: &[String], nouns: &[&str]) -> Vec<Measurement> {
    let mut found = Vec::new();
    let mut from = 0;
    while from < words.len() {
        let Some((tenths, to)) = length_at(words, from) else {
            from += 1;
            continue;
        };
        if let Some(noun) = after(words, to, nouns).or_else(|| before(words, from, nouns)) {
            found.push(Measurement { tenths, noun });
        }
        from = to;
    }
    found
}

fn noun_at(words: &[String], place: usize, nouns: &[&str]) -> Option<usize> {
    let mut best: Option<(usize, usize)> = None;
    for (index, noun) in nouns.iter().enumerate() {
        let length = noun.split(' ').count();
        let mut rest = words.iter().skip(place);
        let stands = noun.split(' ').all(|part| {
            let same = |word: &String| word == part || word.strip_suffix('s') == Some(part);
            rest.next().is_some_and(same)
        });
        if stands && best.is_none_or(|(longest, _)| longest < length) {
            best = Some((length, index));
        }
    }
    best.map(|(_, index)| index)
}

fn after(words: &[String], to: usize, nouns: &[&str]) -> Option<usize> {
    let reach = words.iter().enumerate().skip(to).take(WORDS_MAX);
    let reach = reach.take_while(|(_, word)| !BOUNDARIES.contains(&word.as_str()));
    reach.into_iter().find_map(|(place, _)| noun_at(words, place, nouns))
}

fn before(words: &[String], from: usize, nouns: &[&str]) -> Option<usize> {
    (0..from).rev().find_map(|place| noun_at(words, place, nouns))
}

/// A length that begins at a place, in tenths of a millimetre, and where it ends.
fn length_at(words: &[String], from: usize) -> Option<(i64, usize)> {
    let mut axes = Vec::new();
    let mut unit = None;
    let mut at = from;
    loop {
        axes.push(Decimal::parse(words.get(at)?).ok()?);
        at += 1;
        if let Some(decimals) = words.get(at).and_then(|word| decimals_of(word)) {
            unit = Some(decimals);
            at += 1;
        }
        match words.get(at).map(String::as_str) {
            Some("x" | "by") if words.get(at + 1).is_some_and(|next| is_number(next)) => at += 1,
            _ => break,
        }
    }
    let decimals = unit?;
    let axes: Option<Vec<i64>> = axes.into_iter().map(|axis| axis.rounded(decimals)).collect();
    // The long and the short axis of one plane; a third is another plane.
    let (sum, n_axes) =
        axes?.into_iter().take(2).fold((0, 0), |(sum, n), axis| (sum + axis, n + 1));
    Some(((2 * sum + n_axes) / (2 * n_axes), at))
}

fn is_number(word: &str) -> bool {
    Decimal::parse(word).is_ok()
}

/// Decimals that make tenths of a millimetre of a unit.
fn decimals_of(unit: &str) -> Option<u8> {
    match unit {
        "mm" | "millimeter" | "millimeters" | "millimetre" | "millimetres" => Some(1),
        "cm" | "centimeter" | "centimeters" | "centimetre" | "centimetres" => Some(2),
        _ => None,
    }
}
