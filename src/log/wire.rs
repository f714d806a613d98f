//! The Protocol Buffers wire format: varints, fixed words, length-delimited fields.
//!
//! The log's schema is `schemas/twin.events.v1.proto`, so that any protobuf tool can read it. Reading
//! and writing are by hand because the hot path wants borrowed text and no allocation per field.

/// Writes fields into a buffer.
#[derive(Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

const VARINT: u64 = 0;
const FIXED64: u64 = 1;
const DELIMITED: u64 = 2;
const FIXED32: u64 = 5;

impl Writer {
    /// The bytes written.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Forgets what was written, and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Writes an unsigned number, unless it is zero, which is what a missing field means.
    pub fn unsigned(&mut self, field: u32, value: u64) {
        if value != 0 {
            self.present(field, value);
        }
    }

    /// Writes an unsigned number even if it is zero (proto3 `optional`).
    pub fn present(&mut self, field: u32, value: u64) {
        self.varint(u64::from(field) << 3 | VARINT);
        self.varint(value);
    }

    /// Writes a signed number (`sint64`), unless it is zero.
    pub fn signed(&mut self, field: u32, value: i64) {
        if value != 0 {
            self.present(field, zigzag(value));
        }
    }

    /// Writes a signed number (`sint64`) even if it is zero.
    pub fn present_signed(&mut self, field: u32, value: i64) {
        self.present(field, zigzag(value));
    }

    /// Writes a fixed 64-bit word.
    pub fn fixed(&mut self, field: u32, value: u64) {
        self.varint(u64::from(field) << 3 | FIXED64);
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    /// Writes text, unless it is empty.
    pub fn text(&mut self, field: u32, value: &str) {
        if !value.is_empty() {
            self.delimited(field, value.as_bytes());
        }
    }

    /// Writes bytes.
    pub fn delimited(&mut self, field: u32, value: &[u8]) {
        self.varint(u64::from(field) << 3 | DELIMITED);
        self.varint(length(value));
        self.bytes.extend_from_slice(value);
    }

    /// Writes a message whose fields `write` writes.
    pub fn message(&mut self, field: u32, write: impl FnOnce(&mut Writer)) {
        self.varint(u64::from(field) << 3 | DELIMITED);
        // One byte is room for the length of most messages; a longer one is moved up.
        let start = self.bytes.len();
        self.bytes.push(0);
        write(self);
        let size = length(self.bytes.get(start + 1..).unwrap_or_default());
        let width = varint_width(size);
        if 1 < width {
            let end = self.bytes.len();
            self.bytes.resize(end + width - 1, 0);
            self.bytes.copy_within(start + 1..end, start + width);
        }
        let mut rest = size;
        for slot in self.bytes.iter_mut().skip(start).take(width) {
            *slot = low_byte(rest & 0x7f | if rest < 0x80 { 0 } else { 0x80 });
            rest >>= 7;
        }
    }

    fn varint(&mut self, mut value: u64) {
        while 0x80 <= value {
            self.bytes.push(low_byte(value & 0x7f | 0x80));
            value >>= 7;
        }
        self.bytes.push(low_byte(value));
    }
}

fn varint_width(value: u64) -> usize {
    let bits = u64::BITS - (value | 1).leading_zeros();
    usize::try_from(bits.div_ceil(7)).unwrap_or(10)
}

fn low_byte(value: u64) -> u8 {
    value.to_le_bytes()[0]
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

const fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
}

/// One field as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field<'a> {
    /// A varint.
    Number(u64),
    /// A fixed 64-bit word.
    Word(u64),
    /// Bytes: text, or a message.
    Bytes(&'a [u8]),
    /// A fixed 32-bit word, which this schema does not use and skips.
    Skipped,
}

/// Why bytes are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bytes end inside a field, or are no protobuf message")]
pub struct Malformed;

impl<'a> Field<'a> {
    /// The number of a `uint32` or `uint64` field.
    ///
    /// # Errors
    /// If the field is not a varint.
    pub fn unsigned(self) -> Result<u64, Malformed> {
        match self {
            Field::Number(value) => Ok(value),
            Field::Word(_) | Field::Bytes(_) | Field::Skipped => Err(Malformed),
        }
    }

    /// The number of a `sint64` field.
    ///
    /// # Errors
    /// If the field is not a varint.
    pub fn signed(self) -> Result<i64, Malformed> {
        self.unsigned().map(unzigzag)
    }

    /// The number of a `uint32` field.
    ///
    /// # Errors
    /// If the field is not a varint of 32 bits.
    pub fn small(self) -> Result<u32, Malformed> {
        self.unsigned().and_then(|value| u32::try_from(value).map_err(|_| Malformed))
    }

    /// The word of a `fixed64` field.
    ///
    /// # Errors
    /// If the field is of another type.
    pub fn word(self) -> Result<u64, Malformed> {
        match self {
            Field::Word(value) => Ok(value),
            Field::Number(_) | Field::Bytes(_) | Field::Skipped => Err(Malformed),
        }
    }

    /// The bytes of a message or `bytes` field.
    ///
    /// # Errors
    /// If the field is of another type.
    pub fn bytes(self) -> Result<&'a [u8], Malformed> {
        match self {
            Field::Bytes(bytes) => Ok(bytes),
            Field::Number(_) | Field::Word(_) | Field::Skipped => Err(Malformed),
        }
    }

    /// The text of a `string` field.
    ///
    /// # Errors
    /// If the field is of another type or not UTF-8.
    pub fn text(self) -> Result<&'a str, Malformed> {
        self.bytes().and_then(|bytes| std::str::from_utf8(bytes).map_err(|_| Malformed))
    }
}

/// Reads the fields of a message in the order in which they stand.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads `bytes` as a message.
    pub const fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { rest: bytes }
    }

    /// The next field and its number, `None` at the end.
    ///
    /// # Errors
    /// If the bytes end inside a field or hold a type this format does not have.
    #[inline]
    #[expect(clippy::should_implement_trait, reason = "it fails, which an iterator would hide")]
    pub fn next(&mut self) -> Result<Option<(u32, Field<'a>)>, Malformed> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let key = self.varint()?;
        let number = u32::try_from(key >> 3).map_err(|_| Malformed)?;
        let field = match key & 7 {
            VARINT => Field::Number(self.varint()?),
            FIXED64 => {
                let (word, rest) = self.rest.split_first_chunk::<8>().ok_or(Malformed)?;
                self.rest = rest;
                Field::Word(u64::from_le_bytes(*word))
            }
            DELIMITED => {
                let size = usize::try_from(self.varint()?).map_err(|_| Malformed)?;
                let (bytes, rest) = self.rest.split_at_checked(size).ok_or(Malformed)?;
                self.rest = rest;
                Field::Bytes(bytes)
            }
            FIXED32 => {
                self.rest = self.rest.get(4..).ok_or(Malformed)?;
                Field::Skipped
            }
            _ => return Err(Malformed),
        };
        Ok(Some((number, field)))
    }

    #[inline]
    fn varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0;
        for (index, byte) in self.rest.iter().enumerate().take(10) {
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 == 0 {
                self.rest = self.rest.get(index + 1..).unwrap_or_default();
                return Ok(value);
            }
        }
        Err(Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_wrote() {
        for size in [0, 1, 127, 128, 20_000] {
            let text = "x".repeat(size);
            let mut writer = Writer::default();
            writer.signed(1, -3);
            writer.fixed(2, u64::MAX);
            writer.message(3, |inner| {
                inner.text(4, &text);
                inner.present(5, 300);
            });
            writer.unsigned(6, 0);
            writer.unsigned(7, u64::MAX);
            let mut reader = Reader::new(writer.bytes());
            let (number, field) = reader.next().unwrap().unwrap();
            assert_eq!((number, field.signed()), (1, Ok(-3)));
            assert_eq!(reader.next(), Ok(Some((2, Field::Word(u64::MAX)))));
            let mut inner = Reader::new(reader.next().unwrap().unwrap().1.bytes().unwrap());
            if 0 < size {
                assert_eq!(inner.next().unwrap().unwrap().1.text(), Ok(text.as_str()));
            }
            assert_eq!(inner.next(), Ok(Some((5, Field::Number(300)))));
            assert_eq!(inner.next(), Ok(None));
            assert_eq!(reader.next(), Ok(Some((7, Field::Number(u64::MAX)))));
            assert_eq!(reader.next(), Ok(None));
        }
    }

    #[test]
    fn every_cut_is_noticed_or_ends_at_a_field() {
        let mut writer = Writer::default();
        writer.message(1, |inner| inner.text(2, "respiratory rate"));
        writer.fixed(3, 7);
        let whole = writer.bytes();
        for end in 1..whole.len() {
            let mut reader = Reader::new(&whole[..end]);
            let mut result = reader.next();
            while let Ok(Some(_)) = result {
                result = reader.next();
            }
            let at_field_end = end == whole.len() - 9;
            assert_eq!(result.is_ok(), at_field_end, "cut at {end}");
        }
    }
}
