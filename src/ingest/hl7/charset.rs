//! The bytes of a message as text, in the character set that its MSH-18 names (HL7 table 0211).
//!
//! Without one it is ASCII, and UTF-8 where a sender writes that: bytes that are neither are refused, because a
//! name or a unit read in the wrong set is another.

use std::borrow::Cow;

use crate::ingest::hl7::fault::Fault;

const NUMBER: usize = 18;
const POINTER: &str = "MSH-18";

/// Reads the bytes of a message.
///
/// # Errors
/// `Undecodable` where the set is not known, or the bytes are not of it.
pub fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, Fault> {
    let name = named(bytes).unwrap_or_default();
    match String::from_utf8_lossy(name).trim() {
        "" | "ASCII" | "UNICODE UTF-8" | "UTF-8" | "UNICODE" => {
            let text = std::str::from_utf8(bytes).map(Cow::Borrowed);
            text.map_err(|_| {
                Fault::unreadable(POINTER, "the bytes are not UTF-8, and no other set is named")
            })
        }
        "8859/1" | "8859-1" | "ISO-8859-1" => {
            Ok(Cow::Owned(bytes.iter().copied().map(char::from).collect()))
        }
        "8859/15" | "8859-15" | "ISO-8859-15" => {
            Ok(Cow::Owned(bytes.iter().copied().map(latin_9).collect()))
        }
        _ => Err(Fault::unreadable(POINTER, "expected ASCII, UNICODE UTF-8, 8859/1 or 8859/15")),
    }
}

/// The first repetition of the field, found before anything is text: separators are ASCII in every set.
fn named(bytes: &[u8]) -> Option<&[u8]> {
    // A bridge may have left the frame of MLLP, or a mark of byte order, in front of it.
    let start = bytes.iter().position(|byte| *byte == b'M')?;
    let header = bytes.get(start..)?.split(|byte| matches!(byte, b'\r' | b'\n')).next()?;
    let (separator, repetition) = (*header.get(3)?, header.get(5).copied());
    // The separator is itself the first field.
    let field = header.split(|byte| *byte == separator).nth(NUMBER - 1)?;
    field.split(|byte| Some(*byte) == repetition).next()
}

/// ISO 8859-15 has eight letters and signs in the place of others of 8859-1.
fn latin_9(byte: u8) -> char {
    match byte {
        0xA4 => '€',
        0xA6 => 'Š',
        0xA8 => 'š',
        0xB4 => 'Ž',
        0xB8 => 'ž',
        0xBC => 'Œ',
        0xBD => 'œ',
        0xBE => 'Ÿ',
        _ => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(set: &str, name: &[u8]) -> Vec<u8> {
        let fields = format!("MSH|^~\\&|ADT|A|||20260101||ADT^A01|1|P|2.5|||||DE|{set}\rPID|||");
        [fields.as_bytes(), name].concat()
    }

    #[test]
    fn a_name_is_read_in_the_set_that_is_named() {
        let read = |set: &str, name: &[u8]| {
            let text = decode(&header(set, name)).map(Cow::into_owned);
            text.map(|text| text.rsplit('|').next().unwrap_or_default().to_owned())
        };
        assert_eq!(read("", "Müller".as_bytes()), Ok("Müller".to_owned()));
        assert_eq!(read("UNICODE UTF-8", "Müller".as_bytes()), Ok("Müller".to_owned()));
        assert_eq!(read("8859/1", b"M\xFCller"), Ok("Müller".to_owned()));
        assert_eq!(read("8859/15~ISO IR87", b"\xA4 M\xFCller"), Ok("€ Müller".to_owned()));
        assert_eq!(read("", b"M\xFCller").unwrap_err().pointer, "MSH-18");
        let framed = [b"\x0b", header("8859/1", b"M\xFCller\r\x1c\r").as_slice()].concat();
        assert!(decode(&framed).unwrap().contains("Müller"));
        assert_eq!(read("ISO IR87", b"M").unwrap_err().pointer, "MSH-18");
        assert_eq!(decode(b"").unwrap(), "");
    }
}
