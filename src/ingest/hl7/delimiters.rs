//! The characters that separate the parts of a message, as its MSH-1 and MSH-2 name them, and the escape
//! sequences that stand for them.

use crate::ingest::hl7::fault::Fault;

/// The separators of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delimiters {
    /// Between fields: `|`
    pub field: char,
    /// Between components: `^`
    pub component: char,
    /// Between repetitions of a field: `~`
    pub repetition: char,
    /// Around an escape sequence: `\`; a message without one escapes nothing.
    pub escape: Option<char>,
    /// Between subcomponents: `&`; a message without one has none.
    pub subcomponent: Option<char>,
}

impl Delimiters {
    /// Reads them at the start of a message.
    ///
    /// # Errors
    /// If it is no `MSH`, or the characters cannot separate anything.
    pub fn read(text: &str) -> Result<Delimiters, Fault> {
        let rest = text.strip_prefix("MSH");
        let rest = rest.ok_or_else(|| Fault::unreadable("MSH", "expected a message header"))?;
        let mut all = rest.chars();
        let field = all.next().filter(|one| separates(*one));
        let field = field.ok_or_else(|| Fault::unreadable("MSH-1", "expected a separator"))?;
        let named: Vec<char> = all.take_while(|one| *one != field && !is_end(*one)).collect();
        let wrong = || Fault::unreadable("MSH-2", "expected separators such as ^~\\&");
        let distinct = |index: usize, one: &char| {
            separates(*one) && *one != field && !named.iter().skip(index + 1).any(|two| two == one)
        };
        if !named.iter().enumerate().all(|(index, one)| distinct(index, one)) {
            return Err(wrong());
        }
        // A fifth, which marks truncation (2.7), cuts nothing that is read here.
        match named.as_slice() {
            [component, repetition, rest @ ..] if rest.len() <= 3 => Ok(Delimiters {
                field,
                component: *component,
                repetition: *repetition,
                escape: rest.first().copied(),
                subcomponent: rest.get(1).copied(),
            }),
            _ => Err(wrong()),
        }
    }

    /// The text with its escape sequences replaced. What is no sequence, or none that text can say, stays as it
    /// came.
    pub fn unescape(&self, text: &str) -> String {
        let Some(escape) = self.escape.filter(|escape| text.contains(*escape)) else {
            return text.to_owned();
        };
        let mut plain = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(escape) {
            plain.push_str(before);
            let Some((sequence, following)) = after.split_once(escape) else {
                plain.push(escape);
                rest = after;
                continue;
            };
            match self.meaning(sequence) {
                Some(meaning) => {
                    plain.push_str(&meaning);
                    rest = following;
                }
                None => {
                    // Two escapes that are none: the second may begin a sequence.
                    plain.push(escape);
                    rest = after;
                }
            }
        }
        plain.push_str(rest);
        plain
    }

    fn meaning(&self, sequence: &str) -> Option<String> {
        let one = |separator: char| Some(separator.to_string());
        match sequence {
            "F" => one(self.field),
            "S" => one(self.component),
            "R" => one(self.repetition),
            "E" => one(self.escape?),
            "T" => one(self.subcomponent?),
            // Highlighting is for a screen; the text is what was said.
            "H" | "N" => Some(String::new()),
            ".br" => one('\n'),
            _ => match (sequence.strip_prefix('X'), sequence.strip_prefix('.')) {
                (Some(hex), _) => bytes_of(hex),
                (_, Some(format)) => formatted(format),
                (None, None) => None,
            },
        }
    }
}

/// `.sp3` is three new lines; indents and fills lay text out, and say nothing.
fn formatted(command: &str) -> Option<String> {
    let (name, number) = command.split_at_checked(2)?;
    let number = number.trim_start_matches(['+', '-', ' ']);
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
    match name {
        "sp" if is_number => {
            let n_lines = number.parse().unwrap_or(1_usize).clamp(1, LINES_MAX);
            Some("\n".repeat(n_lines))
        }
        "fi" | "nf" | "in" | "ti" | "sk" | "ce" if is_number => Some(String::new()),
        _ => None,
    }
}

/// More empty lines than this in one sequence are a mistake, and say no more.
const LINES_MAX: usize = 10;

/// `X0D0A`: bytes that are text. Others stay as they came.
fn bytes_of(hex: &str) -> Option<String> {
    let digits: Option<Vec<u8>> = hex.chars().map(nibble).collect();
    let (pairs, rest) = digits.as_deref()?.as_chunks::<2>();
    if pairs.is_empty() || !rest.is_empty() {
        return None;
    }
    let bytes = pairs.iter().map(|[high, low]| high << 4 | low).collect();
    let text = String::from_utf8(bytes).ok()?;
    Some(text.replace("\r\n", "\n").replace('\r', "\n"))
}

fn nibble(digit: char) -> Option<u8> {
    digit.to_digit(16).and_then(|value| u8::try_from(value).ok())
}

fn separates(one: char) -> bool {
    one.is_ascii_punctuation() || one.is_ascii_control() && !is_end(one)
}

/// Whether a character ends a segment; the standard has the first, files and people the other.
pub fn is_end(one: char) -> bool {
    matches!(one, '\r' | '\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_are_those_of_the_header() {
        let usual = Delimiters::read("MSH|^~\\&|LAB").unwrap();
        assert_eq!((usual.field, usual.component, usual.repetition), ('|', '^', '~'));
        assert_eq!((usual.escape, usual.subcomponent), (Some('\\'), Some('&')));
        let other = Delimiters::read("MSH$%*!@#$LAB").unwrap();
        assert_eq!((other.field, other.component, other.escape), ('$', '%', Some('!')));
        assert_eq!(Delimiters::read("MSH|^~|LAB").unwrap().escape, None);
        for (text, pointer) in [
            ("", "MSH"),
            ("PID|1", "MSH"),
            ("MSH", "MSH-1"),
            ("MSHA^~\\&", "MSH-1"),
            ("MSH|", "MSH-2"),
            ("MSH|^", "MSH-2"),
            ("MSH|^^\\&|", "MSH-2"),
            ("MSH|^~\\&#!|", "MSH-2"),
            ("MSH|ab\\&|", "MSH-2"),
        ] {
            assert_eq!(Delimiters::read(text).unwrap_err().pointer, pointer, "{text}");
        }
    }

    #[test]
    fn escapes_say_what_cannot_be_written() {
        let delimiters = Delimiters::read("MSH|^~\\&|LAB").unwrap();
        for (text, plain) in [
            ("plain", "plain"),
            ("a\\F\\b\\S\\c\\T\\d\\R\\e\\E\\f", "a|b^c&d~e\\f"),
            ("one\\.br\\two\\.sp2\\three", "one\ntwo\n\nthree"),
            ("\\H\\high\\N\\ \\.in+4\\in", "high in"),
            ("\\X48C3A4\\ \\X0D0A\\", "Hä \n"),
            ("\\XFF\\ \\X4\\ \\Z9\\", "\\XFF\\ \\X4\\ \\Z9\\"),
            ("C:\\temp\\new \\F\\", "C:\\temp\\new |"),
            ("alone \\", "alone \\"),
        ] {
            assert_eq!(delimiters.unescape(text), plain, "{text}");
        }
    }
}
