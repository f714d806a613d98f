//! The layout of a sender's JSON: everything that stays the same from record to record, and the places
//! of what does not.
//!
//! ```text
//! {"resourceType":"Observation","id":"▒▒▒","status":"▒▒▒▒▒", … "value":▒▒, … }
//! └────────── compared as it is ─────┘└ cut out ┘
//! ```
//! A sender writes the same fields in the same order with the same whitespace, record after record. A
//! record that has a known layout (`layouts`) is cut instead of parsed; one that differs in a single byte outside the
//! cuts has another layout and is parsed. What is cut out is checked as a parser checks it: a text is
//! UTF-8 and holds no control character and only escapes that exist, a number is one. So a record that
//! could be cut is UTF-8 as a whole: between the cuts it is a text that was.

/// A text or a number of a JSON document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// The keys that lead to it, joined by dots; the places in arrays are left out.
    pub path: String,
    /// Which of both it is.
    pub kind: ScalarKind,
    /// Where its bytes begin, after the quote of a text.
    pub start: usize,
    /// Where they end, before the quote of a text.
    pub end: usize,
}

/// What a scalar is. `true`, `false` and `null` belong to the layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScalarKind {
    /// A text.
    Text,
    /// A number.
    Number,
}

/// Whether a text that is cut out may hold escapes: one that is read may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escapes {
    /// The record is parsed where it holds one.
    None,
    /// They must exist.
    Checked,
}

/// A place that is cut out, and the bytes before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// What stands before the place, byte by byte.
    pub before: Box<[u8]>,
    /// What is cut out.
    pub kind: ScalarKind,
    /// Whether a text may hold escapes.
    pub escapes: Escapes,
}

/// A layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The places that are cut out, in their order.
    pub pieces: Vec<Piece>,
    /// What stands after the last.
    pub after: Box<[u8]>,
}

/// Where a scalar lies in a record.
pub type Cut = (usize, usize);

impl Layout {
    /// The layout of a document of which these scalars are cut out, each with what it may hold.
    pub fn new<'s>(
        json: &str,
        cut_out: impl Iterator<Item = (&'s Scalar, Escapes)>,
    ) -> Option<Layout> {
        let bytes = json.as_bytes();
        let (mut pieces, mut from) = (Vec::new(), 0);
        for (scalar, escapes) in cut_out {
            let before = bytes.get(from..scalar.start)?.into();
            pieces.push(Piece { before, kind: scalar.kind, escapes });
            from = scalar.end;
        }
        Some(Layout { pieces, after: bytes.get(from..)?.into() })
    }
}

/// The length of the scalar that `rest` begins with; `None` if there is none that may be cut.
#[inline]
pub fn scalar_length(rest: &[u8], kind: ScalarKind, escapes: Escapes) -> Option<usize> {
    match kind {
        ScalarKind::Text => text_length(rest, escapes),
        ScalarKind::Number => number_length(rest),
    }
}

/// The length of a text up to its closing quote; `None` if it is no text, or not one that may be cut.
fn text_length(rest: &[u8], escapes: Escapes) -> Option<usize> {
    let mut length = 0;
    loop {
        length += plain_length(rest.get(length..)?)?;
        match (rest.get(length)?, escapes) {
            (b'"', _) => {
                let text = rest.get(..length)?;
                return (text.is_ascii() || std::str::from_utf8(text).is_ok()).then_some(length);
            }
            (b'\\', Escapes::Checked) => length += escape_length(rest.get(length + 1..)?)? + 1,
            _ => return None,
        }
    }
}

/// The length up to the first quote, backslash or control character; `None` if there is none.
fn plain_length(rest: &[u8]) -> Option<usize> {
    let special = |b: &u8| *b == b'"' || *b == b'\\' || *b < 0x20;
    let (words, tail) = rest.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let found = special_bytes(u64::from_le_bytes(*word));
        if found != 0 {
            let place = usize::try_from(found.trailing_zeros() / 8).unwrap_or(0);
            return Some(index * 8 + place);
        }
    }
    tail.iter().position(special).map(|place| words.len() * 8 + place)
}

/// The high bit of every byte that is a quote, a backslash or a control character. Bytes above the lowest
/// one found may be marked too.
const fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    const HIGHS: u64 = ONES << 7;
    // A byte below n is one that borrows when n is subtracted, and had no high bit before.
    const fn below(word: u64, n: u64) -> u64 {
        word.wrapping_sub(ONES * n) & !word & HIGHS
    }
    const fn equal(word: u64, byte: u64) -> u64 {
        below(word ^ (ONES * byte), 1)
    }
    below(word, 0x20) | equal(word, 0x22) | equal(word, 0x5C)
}

/// The length of an escape after its backslash.
fn escape_length(rest: &[u8]) -> Option<usize> {
    match rest.first()? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(1),
        b'u' => rest.get(1..5)?.iter().all(u8::is_ascii_hexdigit).then_some(5),
        _ => None,
    }
}

/// The length of a number (RFC 8259, section 6); `None` if there is none.
fn number_length(rest: &[u8]) -> Option<usize> {
    let digits = |from: usize| {
        let rest = rest.get(from..).unwrap_or_default();
        rest.iter().take_while(|b| b.is_ascii_digit()).count()
    };
    let mut length = usize::from(rest.first() == Some(&b'-'));
    let n_whole = digits(length);
    let is_zero = rest.get(length) == Some(&b'0');
    if n_whole == 0 || (is_zero && 1 < n_whole) {
        return None;
    }
    length += n_whole;
    if rest.get(length) == Some(&b'.') {
        let n_decimals = digits(length + 1);
        if n_decimals == 0 {
            return None;
        }
        length += 1 + n_decimals;
    }
    if matches!(rest.get(length), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(rest.get(length + 1), Some(b'+' | b'-')));
        let n_digits = digits(length + 1 + sign);
        if n_digits == 0 {
            return None;
        }
        length += 1 + sign + n_digits;
    }
    Some(length)
}

/// What is being read, from the outside in.
enum Inside {
    /// An object: the length of the path outside it.
    Object(usize),
    /// An array.
    Array,
}

/// The texts and numbers of a document that a parser has accepted, in their order; `None` where this is
/// not understood.
pub fn scalars(json: &str) -> Option<Vec<Scalar>> {
    let bytes = json.as_bytes();
    let (mut found, mut path, mut inside) = (Vec::new(), String::new(), Vec::new());
    let (mut place, mut is_key) = (0, false);
    while let Some(byte) = bytes.get(place) {
        match byte {
            b'{' => {
                inside.push(Inside::Object(path.len()));
                is_key = true;
            }
            b'[' => {
                inside.push(Inside::Array);
                is_key = false;
            }
            b'}' | b']' => {
                if let Inside::Object(outside) = inside.pop()? {
                    path.truncate(outside);
                }
                is_key = false;
            }
            b',' => is_key = matches!(inside.last(), Some(Inside::Object(_))),
            b'"' => {
                let start = place + 1;
                let end = start + text_length(bytes.get(start..)?, Escapes::Checked)?;
                if is_key {
                    let Some(Inside::Object(outside)) = inside.last() else { return None };
                    path.truncate(*outside);
                    path.push('.');
                    path.push_str(json.get(start..end)?);
                    is_key = false;
                } else {
                    let path = path.trim_start_matches('.').to_owned();
                    found.push(Scalar { path, kind: ScalarKind::Text, start, end });
                }
                place = end;
            }
            b'-' | b'0'..=b'9' => {
                let end = place + number_length(bytes.get(place..)?)?;
                let path = path.trim_start_matches('.').to_owned();
                found.push(Scalar { path, kind: ScalarKind::Number, start: place, end });
                place = end - 1;
            }
            _ => {}
        }
        place += 1;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_have_paths_and_places() {
        let json = r#"{"a": "x", "b": {"c": [1.5, {"d": "\"y\""}], "e": true}, "f": -2e3}"#;
        let found: Vec<(String, &str)> = scalars(json)
            .unwrap()
            .into_iter()
            .map(|scalar| (scalar.path, &json[scalar.start..scalar.end]))
            .collect();
        let expected = [("a", "x"), ("b.c", "1.5"), ("b.c.d", "\\\"y\\\""), ("f", "-2e3")];
        assert_eq!(found, expected.map(|(path, text)| (path.to_owned(), text)));
    }

    #[test]
    fn a_text_ends_at_the_first_special_byte_wherever_it_lies() {
        for special in [b'"', b'\\', 0, 0x1F] {
            for place in 0..40 {
                for other in [b' ', b'a', 0x7F, 0x80, 0xA2, 0xFF, b'!', b'[', b']', b'#'] {
                    let mut text = vec![other; 41];
                    text[place] = special;
                    assert_eq!(plain_length(&text), Some(place), "{special} after {other}");
                }
            }
        }
        assert_eq!(plain_length(b"nothing special here, at all"), None);
    }
}
