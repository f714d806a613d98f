//! `OBX-5` as a value, by its type in OBX-2.
//!
//! A number that came as text is one where a unit stands beside it: laboratories write `<0.01` as ST because NM
//! has no sign. What is neither a number nor a code is kept as it came.

use std::borrow::Cow;

use crate::domain::decimal::{Decimal, DecimalError};
use crate::domain::fact::{Comparator, Raw};
use crate::domain::refusal::Unusable;
use crate::ingest::hl7::coded;
use crate::ingest::hl7::fault::Fault;
use crate::ingest::hl7::message::{Part, Segment};
use crate::ingest::value::Value;

/// The value of a result; text may come in several lines, each a segment.
///
/// # Errors
/// `Undecodable` where there is a value and no known type.
pub fn read(lines: &[&Segment<'_>]) -> Result<Value<'static>, Fault> {
    let Some(first) = lines.first() else { return Ok(Value::None) };
    let value = first.part(5);
    if lines.iter().all(|line| line.parts(5).next().is_none()) {
        return Ok(Value::None);
    }
    if value.is_null() {
        return Ok(Value::Absent(Cow::Borrowed("deleted")));
    }
    let kind = first.part(2).text();
    Ok(match kind.as_str() {
        "NM" => number(&value.component(1).text(), unit(first)),
        "SN" => structured(value, unit(first)),
        "CE" | "CWE" | "CNE" | "CF" => {
            let codings = first.parts(5).flat_map(coded::codings).collect();
            Value::Answer(codings, Cow::Owned(coded::text(value)))
        }
        "ID" | "IS" => {
            let codings = first.parts(5).flat_map(coded::codings).collect();
            Value::Answer(codings, Cow::Borrowed(""))
        }
        "ST" | "TX" | "FT" => text(lines),
        _ if is_known(&kind) => Value::Word(Cow::Owned(value.text())),
        _ => {
            let message = "expected the type of the value, such as NM, SN, CE, CWE, ST, TX or TS";
            return Err(Fault::unreadable(first.pointer("2"), message));
        }
    })
}

/// Types that are neither numbers, codes nor text of people: times, names, addresses, references.
fn is_known(kind: &str) -> bool {
    const KNOWN: [&str; 22] = [
        "AD", "CK", "CN", "CP", "CX", "DR", "DT", "DTM", "ED", "EI", "MA", "MO", "NA", "PN", "PPN",
        "RP", "TM", "TN", "TS", "XAD", "XON", "XPN",
    ];
    KNOWN.contains(&kind) || kind == "XCN" || kind == "XTN"
}

/// Whether a type is a document or a pointer to one, which is not read.
pub fn is_document(kind: &str) -> bool {
    matches!(kind, "ED" | "RP")
}

/// Whether the lines of a value of this type belong together.
pub fn is_text(kind: &str) -> bool {
    matches!(kind, "ST" | "TX" | "FT")
}

/// The lines of a text.
pub fn joined(lines: &[&Segment<'_>]) -> String {
    let of_line = |line: &&Segment<'_>| {
        let parts: Vec<String> = line.parts(5).map(Part::laid_out).collect();
        parts.join("\n")
    };
    lines.iter().map(of_line).collect::<Vec<_>>().join("\n")
}

fn text(lines: &[&Segment<'_>]) -> Value<'static> {
    let text = joined(lines);
    let unit = lines.first().map(|line| unit(line)).unwrap_or_default();
    if !unit.is_empty() && is_number(&text) {
        return number(&text, unit);
    }
    Value::Word(Cow::Owned(text))
}

/// The unit: its code, else its text. Of `10^3/uL`, written without an escape, the parts belong together.
fn unit(obx: &Segment<'_>) -> String {
    let unit = obx.part(6);
    let [code, text, system] = [1, 2, 3].map(|number| unit.component(number).text());
    let is_power = code.ends_with("10") && text.starts_with(|one: char| one.is_ascii_digit());
    if is_power && system.is_empty() {
        return format!("{code}^{text}");
    }
    if code.is_empty() { text } else { code }
}

/// `^5`, `<^5`; a ratio (`^1^:^128`) or a range (`^1^-^5`) is no number, and is kept as it came.
fn structured(value: Part<'_>, unit: String) -> Value<'static> {
    let [sign, first, separator, second] =
        [1, 2, 3, 4].map(|number| value.component(number).text());
    if separator.is_empty() && second.is_empty() {
        return number(&format!("{sign}{first}"), unit);
    }
    unreadable(format!("{sign}{first}{separator}{second}"), unit, Unusable::ValueUnreadable)
}

fn unreadable(value: String, unit: String, reason: Unusable) -> Value<'static> {
    let raw = Raw { value: Cow::Owned(value), unit: Cow::Owned(unit) };
    Value::Unreadable(raw, reason)
}

fn is_number(text: &str) -> bool {
    Decimal::parse(&plain(signed(text.trim()).1)).is_ok()
}

/// A number, with a sign before it where it is only a bound.
fn number(text: &str, unit: String) -> Value<'static> {
    let (comparator, digits) = signed(text.trim());
    match Decimal::parse(&plain(digits)) {
        Ok(value) => {
            let (text, unit) = (Cow::Owned(digits.to_owned()), Cow::Owned(unit));
            Value::Quantity { value, text, unit, comparator }
        }
        Err(DecimalError::OutOfRange) => {
            unreadable(text.to_owned(), unit, Unusable::ValueImplausible)
        }
        Err(DecimalError::Malformed) => {
            unreadable(text.to_owned(), unit, Unusable::ValueUnreadable)
        }
    }
}

fn signed(text: &str) -> (Option<Comparator>, &str) {
    let signs = [
        ("<=", Some(Comparator::LessOrEqual)),
        (">=", Some(Comparator::GreaterOrEqual)),
        ("<", Some(Comparator::Less)),
        (">", Some(Comparator::Greater)),
        ("=", None),
    ];
    let found = signs.into_iter().find_map(|(sign, comparator)| {
        text.strip_prefix(sign).map(|rest| (comparator, rest.trim_start()))
    });
    found.unwrap_or((None, text))
}

/// A number of HL7 as JSON would write it: `+05.` is 5, `.5` is 0.5.
fn plain(digits: &str) -> String {
    let (minus, digits) = match digits.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", digits.strip_prefix('+').unwrap_or(digits)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return digits.to_owned();
    }
    let short = whole.trim_start_matches('0');
    let whole = if short.is_empty() || !short.starts_with(|one: char| one.is_ascii_digit()) {
        format!("0{short}")
    } else {
        short.to_owned()
    };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{minus}{whole}{point}{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::hl7::message::Message;

    fn value(fields: &str) -> String {
        let text = format!("MSH|^~\\&|LAB\rOBX|1|{fields}\r");
        let message = Message::parse(&text).unwrap();
        let lines: Vec<&Segment<'_>> = message.segments.iter().skip(1).collect();
        match read(&lines) {
            Ok(Value::Quantity { value, unit, comparator, .. }) => {
                let sign = comparator.map_or("", Comparator::sign);
                let (mantissa, power) = value.parts();
                format!("{sign}{mantissa}e{power} {unit}")
            }
            Ok(Value::Answer(codings, text)) => {
                let codes: Vec<String> = codings.iter().map(ToString::to_string).collect();
                format!("{} ({text})", codes.join(" "))
            }
            Ok(Value::Unreadable(raw, reason)) => format!("{reason}: {} {}", raw.value, raw.unit),
            Ok(Value::Word(word)) => format!("word {word}"),
            Ok(Value::Absent(why)) => format!("absent {why}"),
            Ok(Value::None) => "none".to_owned(),
            Ok(Value::Sampled(_)) => "sampled".to_owned(),
            Err(fault) => fault.pointer,
        }
    }

    #[test]
    fn values_are_read_by_their_type() {
        for (fields, expected) in [
            ("NM|K||4.5|mmol/L", "45e-1 mmol/L"),
            ("NM|K||+05.|mmol/L^millimol^L", "5e0 mmol/L"),
            ("NM|K||.5|^mg/dL", "5e-1 mg/dL"),
            ("NM|K||<0.01|ng/mL", "<1e-2 ng/mL"),
            ("NM|K||hemolyzed|mmol/L", "value_unreadable: hemolyzed mmol/L"),
            ("NM|WBC||5.1|10^3/uL", "51e-1 10^3/uL"),
            ("NM|WBC||5.1|10*3/uL^x^UCUM", "51e-1 10*3/uL"),
            ("SN|T||^5|mg/dL", "5e0 mg/dL"),
            ("SN|T||>=^100|mg/dL", ">=100e0 mg/dL"),
            ("SN|T||^1^:^128", "value_unreadable: 1:128 "),
            ("ST|T||> 100|mg/dL", ">100e0 mg/dL"),
            ("ST|T||100", "word 100"),
            ("ST|T||see note|mg/dL", "word see note"),
            ("CWE|A||248234008^Alert^SCT^A^^L", "http://snomed.info/sct|248234008 L|A (Alert)"),
            ("CE|A||POS~NEG", "|POS |NEG (POS)"),
            ("IS|A||N", "|N ()"),
            ("TX|R||  one\\.br\\two~three", "word   one\ntwo\nthree"),
            ("TS|D||20260101", "word 20260101"),
            ("NM|K||\"\"|mmol/L", "absent deleted"),
            ("NM|K||", "none"),
            ("|K||5|mmol/L", "OBX[1]-2"),
            ("QQ|K||5|mmol/L", "OBX[1]-2"),
            ("NM|K||1e999|mmol/L", "value_implausible: 1e999 mmol/L"),
        ] {
            assert_eq!(value(fields), expected, "{fields}");
        }
        assert_eq!(value("TX|R||one\rOBX|2|TX|R||two"), "word one\ntwo");
    }
}
