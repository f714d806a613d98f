//! The layouts of a source, as a tree: records that begin alike are compared once.
//!
//! ```text
//! {"resourceType":"Observation","id":" ▒ ","code":{… ┬ 9279-1","display":"Respiratory rate"… ▒ …
//!                                                    └ 8867-4","display":"Heart rate"… ▒ …
//! ```
//! Where layouts part, the eight bytes after what they share say which way to go, so that a source with
//! the codes of a whole laboratory costs no more than one with five.

use crate::ingest::layout::{Cut, Escapes, Layout, Piece, ScalarKind, scalar_length};

/// Layouts by their bytes; each has a number, from 0 in the order in which they were added.
#[derive(Debug, Default)]
pub struct Layouts {
    root: Fork,
    n_layouts: usize,
}

/// A place at which layouts may part.
#[derive(Debug, Default)]
struct Fork {
    /// What all ways begin with.
    shared: usize,
    ways: Vec<Way>,
    /// The ways by the eight bytes after what they share, sorted: most forks have a few ways, and to search
    /// those costs less than to hash a word.
    by_word: Vec<([u8; WORD], usize)>,
    /// The ways that are too short to have so many.
    short: Vec<usize>,
}

const WORD: usize = 8;

/// The bytes up to the next cut or to the end, and what comes then.
#[derive(Debug)]
struct Way {
    bytes: Box<[u8]>,
    then: Then,
}

#[derive(Debug)]
enum Then {
    /// A scalar is cut out, and it goes on.
    Cut { kind: ScalarKind, escapes: Escapes, next: Fork },
    /// The record ends: the number of its layout.
    End(usize),
}

impl Layouts {
    /// Adds a layout and gives its number; the number it has where it is known.
    pub fn add(&mut self, layout: &Layout) -> usize {
        let number = self.root.add(&layout.pieces, &layout.after, self.n_layouts);
        self.n_layouts = self.n_layouts.max(number + 1);
        number
    }

    /// Cuts a record and says which layout it has; `None` where it has none that is known, and the cuts
    /// mean nothing then.
    pub fn cut(&self, json: &[u8], cuts: &mut Vec<Cut>) -> Option<usize> {
        cuts.clear();
        let (mut fork, mut from) = (&self.root, 0);
        loop {
            let way = fork.find(json.get(from..)?)?;
            from += way.bytes.len();
            match &way.then {
                Then::End(number) => return (from == json.len()).then_some(*number),
                Then::Cut { kind, escapes, next } => {
                    let length = scalar_length(json.get(from..)?, *kind, *escapes)?;
                    cuts.push((from, from + length));
                    from += length;
                    fork = next;
                }
            }
        }
    }
}

impl Fork {
    /// Adds what is left of a layout as `number`; gives the number it has where it is known.
    fn add(&mut self, pieces: &[Piece], after: &[u8], number: usize) -> usize {
        let Some((Piece { before, kind, escapes }, rest)) = pieces.split_first() else {
            for way in &self.ways {
                if let Way { bytes, then: Then::End(known) } = way
                    && **bytes == *after
                {
                    return *known;
                }
            }
            self.push(Way { bytes: after.into(), then: Then::End(number) });
            return number;
        };
        for way in &mut self.ways {
            if let Way { bytes, then: Then::Cut { kind: k, escapes: e, next } } = way
                && (&*bytes, &*k, &*e) == (before, kind, escapes)
            {
                return next.add(rest, after, number);
            }
        }
        let mut next = Fork::default();
        let number = next.add(rest, after, number);
        let then = Then::Cut { kind: *kind, escapes: *escapes, next };
        self.push(Way { bytes: before.clone(), then });
        number
    }

    fn push(&mut self, way: Way) {
        self.ways.push(way);
        self.sort();
    }

    /// Finds anew what the ways share, and where they part.
    fn sort(&mut self) {
        let Some(first) = self.ways.first().map(|way| way.bytes.clone()) else { return };
        let alike = |way: &Way| first.iter().zip(&way.bytes).take_while(|(a, b)| a == b).count();
        self.shared = self.ways.iter().map(alike).min().unwrap_or(0);
        self.by_word.clear();
        self.short.clear();
        for (index, way) in self.ways.iter().enumerate() {
            match way.bytes.get(self.shared..).and_then(|rest| rest.first_chunk::<WORD>()) {
                Some(word) => self.by_word.push((*word, index)),
                None => self.short.push(index),
            }
        }
        self.by_word.sort_unstable();
    }

    /// The way that `rest` begins with.
    fn find(&self, rest: &[u8]) -> Option<&Way> {
        if let [only] = self.ways.as_slice() {
            return Some(only).filter(|way| rest.starts_with(&way.bytes));
        }
        let word = rest.get(self.shared..).and_then(|rest| rest.first_chunk::<WORD>());
        let by_word = word.map_or(&[][..], |word| {
            let start = self.by_word.partition_point(|(known, _)| known < word);
            self.by_word.get(start..).unwrap_or_default()
        });
        let by_word = by_word.iter().take_while(|(known, _)| word == Some(known));
        let numbers = by_word.map(|(_, index)| index).chain(&self.short);
        let ways = numbers.filter_map(|index| self.ways.get(*index));
        // Of two that fit, one is the beginning of the other: the longer one says more.
        ways.filter(|way| rest.starts_with(&way.bytes)).max_by_key(|way| way.bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::layout::scalars;

    fn layout(json: &str, is_cut: impl Fn(&str) -> bool) -> Layout {
        let scalars = scalars(json).unwrap();
        let cut_out = scalars.iter().filter(|scalar| is_cut(&scalar.path));
        Layout::new(json, cut_out.map(|scalar| (scalar, Escapes::Checked))).unwrap()
    }

    #[test]
    fn only_what_a_parser_accepts_is_cut() {
        let json = r#"{"t":"text","n":12}"#;
        let mut layouts = Layouts::default();
        assert_eq!(layouts.add(&layout(json, |_| true)), 0);
        let mut cuts = Vec::new();
        for other in [r#"{"t":"","n":0}"#, r#"{"t":"a\"b\u00e9","n":-1.5E+3}"#] {
            assert_eq!(layouts.cut(other.as_bytes(), &mut cuts), Some(0), "{other}");
            assert!(serde_json::from_str::<serde::de::IgnoredAny>(other).is_ok());
        }
        for other in [
            r#"{"t":"a\x","n":1}"#,
            "{\"t\":\"a\nb\",\"n\":1}",
            r#"{"t":"a","n":01}"#,
            r#"{"t":"a","n":1.}"#,
            r#"{"t":"a","n":1e}"#,
            r#"{"t":"a","n":NaN}"#,
            r#"{"t":"a","n":"1"}"#,
            r#"{"t":"a","n":1} "#,
            r#"{"t":"a","n":1"#,
        ] {
            assert_eq!(layouts.cut(other.as_bytes(), &mut cuts), None, "{other}");
        }
    }

    #[test]
    fn layouts_part_where_their_bytes_do() {
        let record = |code: &str, rest: &str| format!(r#"{{"id":"x1","code":"{code}",{rest}}}"#);
        let mut layouts = Layouts::default();
        let is_cut = |path: &str| path == "id" || path == "value";
        let codes = ["8867-4", "8867-40", "9279-1", "9", "a longer code than the others"];
        let rests = [r#""value":1"#, r#""value":1,"unit":"/min""#, r#""unit":"/min","value":1"#];
        let all = || codes.iter().flat_map(|code| rests.map(|rest| record(code, rest)));
        for (number, json) in all().enumerate() {
            assert_eq!(layouts.add(&layout(&json, is_cut)), number);
        }
        for (number, json) in all().enumerate() {
            assert_eq!(layouts.add(&layout(&json, is_cut)), number, "known already");
            let other = json.replace("x1", "another").replace(":1", ":-2.5");
            let mut cuts = Vec::new();
            assert_eq!(layouts.cut(other.as_bytes(), &mut cuts), Some(number), "{other}");
            let texts: Vec<&str> = cuts.iter().map(|(start, end)| &other[*start..*end]).collect();
            assert_eq!(texts, ["another", "-2.5"]);
            for end in 0..other.len() {
                assert_eq!(layouts.cut(&other.as_bytes()[..end], &mut cuts), None);
            }
        }
        assert_eq!(layouts.n_layouts, 15);
    }
}
