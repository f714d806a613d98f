//! A message cut into segments and fields. A field that is not there is empty, as one that is.
//!
//! ```text
//! message ─► segment  PID  ─► field 3 ─► repetition ─► component 4 ─► subcomponent 2
//! ```
//! Segments end with CR, LF or both. The frame of MLLP (0x0B … 0x1C 0x0D) is taken off where a bridge left it.

use crate::domain::refusal::Refusal;
use crate::ingest::hl7::delimiters::{Delimiters, is_end};
use crate::ingest::hl7::fault::Fault;

/// Segments beyond this are no message: a day of a monitor at a value a second is a tenth of it.
const SEGMENTS_MAX: usize = 1_000_000;

/// A message.
#[derive(Debug)]
pub struct Message<'m> {
    /// Its separators.
    pub delimiters: Delimiters,
    /// Its segments, in their order; the first is the header.
    pub segments: Vec<Segment<'m>>,
}

/// A segment of a message.
#[derive(Debug)]
pub struct Segment<'m> {
    /// Three letters.
    pub name: &'m str,
    /// Which of its name it is, from 1.
    pub number: usize,
    /// Its text after the name and a separator; of the header, from MSH-2 on.
    text: &'m str,
    delimiters: Delimiters,
}

/// One repetition of a field, or a component of one.
#[derive(Clone, Copy, Debug)]
pub struct Part<'m> {
    text: &'m str,
    delimiters: Delimiters,
}

impl<'m> Message<'m> {
    /// Cuts a message.
    ///
    /// # Errors
    /// If it has no header, or a segment has no name.
    pub fn parse(text: &'m str) -> Result<Message<'m>, Fault> {
        let text = text.trim_start_matches(['\u{b}', '\u{feff}', '\r', '\n', ' ']);
        let text = text.trim_end_matches(['\u{1c}', '\r', '\n', ' ']);
        let delimiters = Delimiters::read(text)?;
        let mut segments: Vec<Segment<'m>> = Vec::new();
        let mut numbers: Vec<(&str, usize)> = Vec::new();
        let lines = text.split(is_end).filter(|line| !line.trim().is_empty());
        for (index, line) in lines.enumerate() {
            if SEGMENTS_MAX <= index {
                let message = format!("more than {SEGMENTS_MAX} segments");
                return Err(Fault::new(Refusal::TooLarge, "", message));
            }
            let (name, text) = cut_name(line, delimiters).ok_or_else(|| {
                let place = format!("segment {}", index + 1);
                Fault::unreadable(place, "expected three letters and a separator")
            })?;
            if 0 < index && name == "MSH" {
                return Err(Fault::unreadable("MSH[2]", "expected one message in a record"));
            }
            let number = match numbers.iter_mut().find(|(known, _)| *known == name) {
                Some((_, number)) => {
                    *number += 1;
                    *number
                }
                None => {
                    numbers.push((name, 1));
                    1
                }
            };
            segments.push(Segment { name, number, text, delimiters });
        }
        Ok(Message { delimiters, segments })
    }

    /// The first segment of a name.
    pub fn first(&self, name: &str) -> Option<&Segment<'m>> {
        self.segments.iter().find(|segment| segment.name == name)
    }

    /// The text of a component of the first segment of a name.
    pub fn text(&self, name: &str, field: usize, component: usize) -> String {
        self.first(name)
            .map(|segment| segment.part(field).component(component).text())
            .unwrap_or_default()
    }
}

fn cut_name(line: &str, delimiters: Delimiters) -> Option<(&str, &str)> {
    let (name, rest) = line.split_at_checked(3)?;
    let is_name = name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let rest = match rest.strip_prefix(delimiters.field) {
        Some(rest) => rest,
        None if rest.is_empty() => rest,
        None => return None,
    };
    is_name.then_some((name, rest))
}

impl<'m> Segment<'m> {
    /// The text of a field, counted as the standard counts.
    fn raw(&self, number: usize) -> &'m str {
        // The header's first field is the separator itself.
        let place = if self.name == "MSH" { number.checked_sub(2) } else { number.checked_sub(1) };
        let fields = |place| self.text.split(self.delimiters.field).nth(place);
        place.and_then(fields).unwrap_or_default()
    }

    /// The repetitions of a field that hold something.
    pub fn parts(&self, number: usize) -> impl Iterator<Item = Part<'m>> {
        let delimiters = self.delimiters;
        let all = self.raw(number).split(delimiters.repetition);
        all.map(move |text| Part { text, delimiters }).filter(|part| !part.is_empty())
    }

    /// The first repetition of a field.
    pub fn part(&self, number: usize) -> Part<'m> {
        let delimiters = self.delimiters;
        let text = self.raw(number).split(delimiters.repetition).next().unwrap_or_default();
        Part { text, delimiters }
    }

    /// Where a field stands: `PID-3`, `OBX[2]-5`. Only what comes many times is numbered.
    pub fn pointer(&self, field: &str) -> String {
        let Segment { name, number, .. } = self;
        match (*name, *number) {
            ("OBX" | "OBR" | "ORC" | "MRG" | "SPM", number) => format!("{name}[{number}]-{field}"),
            (_, 1) => format!("{name}-{field}"),
            (_, number) => format!("{name}[{number}]-{field}"),
        }
    }
}

/// What a sender writes for a value that it takes back.
const NULL: &str = "\"\"";

impl<'m> Part<'m> {
    /// A component, from 1. What is not cut into components is its own first.
    pub fn component(&self, number: usize) -> Part<'m> {
        self.nth(self.delimiters.component, number)
    }

    /// A subcomponent, from 1.
    pub fn subcomponent(&self, number: usize) -> Part<'m> {
        match self.delimiters.subcomponent {
            Some(separator) => self.nth(separator, number),
            None if number == 1 => *self,
            None => Part { text: "", ..*self },
        }
    }

    fn nth(&self, separator: char, number: usize) -> Part<'m> {
        let found = number.checked_sub(1).and_then(|place| self.text.split(separator).nth(place));
        Part { text: found.unwrap_or_default(), ..*self }
    }

    /// The text, without escapes; empty where nothing is there, or a value is taken back (`""`).
    pub fn text(&self) -> String {
        let text = self.text.trim();
        if text == NULL { String::new() } else { self.delimiters.unescape(text) }
    }

    /// The text with its layout: of a report, where spaces at the start of a line say something.
    pub fn laid_out(self) -> String {
        if self.text == NULL {
            String::new()
        } else {
            self.delimiters.unescape(self.text.trim_end())
        }
    }

    /// Whether it says that there is no value any more.
    pub fn is_null(&self) -> bool {
        self.text.trim() == NULL
    }

    /// Whether it holds nothing: no text in any component.
    pub fn is_empty(&self) -> bool {
        let Delimiters { component, subcomponent, .. } = self.delimiters;
        self.text
            .chars()
            .all(|one| one == component || Some(one) == subcomponent || one.is_whitespace())
    }

    /// How many components it is cut into.
    pub fn n_components(&self) -> usize {
        self.text.split(self.delimiters.component).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\u{b}MSH|^~\\&|ADT|MERCY\r\nPID|1||77^^^MERCY&1.2.3&ISO^MR~88^^^SSA||Doe^Jane\\T\\Co\n\
                        OBX|1|NM\rOBX|2|\"\"\r\u{1c}\r";

    #[test]
    fn parts_are_found_as_the_standard_counts_them() {
        let message = Message::parse(TEXT).unwrap();
        assert_eq!(message.text("MSH", 1, 1), "");
        assert_eq!(message.text("MSH", 3, 1), "ADT");
        assert_eq!(message.text("MSH", 4, 1), "MERCY");
        assert_eq!(message.text("PID", 5, 2), "Jane&Co");
        assert_eq!(message.text("PID", 99, 9), "");
        let pid = message.first("PID").unwrap();
        let ids: Vec<String> = pid.parts(3).map(|part| part.component(1).text()).collect();
        assert_eq!(ids, ["77", "88"]);
        assert_eq!(pid.part(3).component(4).subcomponent(2).text(), "1.2.3");
        let obx = message.segments.last().unwrap();
        assert_eq!((obx.pointer("5.1").as_str(), obx.part(2).is_null()), ("OBX[2]-5.1", true));
        assert_eq!(pid.pointer("3"), "PID-3");
    }

    #[test]
    fn what_is_no_message_is_refused_with_its_place() {
        for (text, pointer) in [
            ("", "MSH"),
            ("{}", "MSH"),
            ("MSH|^~\\&|A\rPID", ""),
            ("MSH|^~\\&|A\rPIDX|1", "segment 2"),
            ("MSH|^~\\&|A\rpid|1", "segment 2"),
            ("MSH|^~\\&|A\ré|1", "segment 2"),
            ("MSH|^~\\&|A\rMSH|^~\\&|B", "MSH[2]"),
        ] {
            let found = Message::parse(text).err().map(|fault| fault.pointer).unwrap_or_default();
            assert_eq!(found, pointer, "{text}");
        }
    }
}
