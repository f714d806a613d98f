//! The bytes of a checkpoint's parts: fixed words, texts and columns one after the other, little-endian.
//!
//! A part is verified by its hash before it is read, so what is read here was written by us; a part that
//! ends too early all the same is refused, never filled in.

use arrow::buffer::Buffer;
use arrow::datatypes::ToByteSlice;

use crate::twin::packed::Packed;

/// Writes a part.
#[derive(Debug, Default)]
pub struct Out {
    bytes: Vec<u8>,
}

/// Reads a part.
#[derive(Debug)]
pub struct In<'b> {
    bytes: &'b [u8],
}

/// A part ends too early, or says what this version does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a part of the checkpoint ends too early, or is of another version")]
pub struct Torn;

macro_rules! words {
    ($($name:ident: $type:ty,)*) => {
        impl Out {
            $(
                #[doc = concat!("Writes a `", stringify!($type), "`.")]
                pub fn $name(&mut self, value: $type) {
                    self.bytes.extend_from_slice(&value.to_le_bytes());
                }
            )*
        }

        impl In<'_> {
            $(
                #[doc = concat!("Reads a `", stringify!($type), "`.")]
                ///
                /// # Errors
                /// If the part ends before.
                pub fn $name(&mut self) -> Result<$type, Torn> {
                    let (word, rest) = self.bytes.split_first_chunk().ok_or(Torn)?;
                    self.bytes = rest;
                    Ok(<$type>::from_le_bytes(*word))
                }
            )*
        }
    };
}

words! { u8: u8, u16: u16, u32: u32, u64: u64, u128: u128, i32: i32, i64: i64, }

impl Out {
    /// Writes into this buffer; what is in it is overwritten.
    pub fn into_buffer(mut buffer: Vec<u8>) -> Out {
        buffer.clear();
        Out { bytes: buffer }
    }

    /// Makes room for so many bytes.
    pub fn reserve(&mut self, n_bytes: usize) {
        self.bytes.reserve(n_bytes);
    }

    /// How many bytes are written.
    pub fn n_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// What was written since there were `n_bytes`.
    pub fn since(&self, n_bytes: usize) -> &[u8] {
        self.bytes.get(n_bytes..).unwrap_or_default()
    }

    /// Everything written.
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }

    /// Writes how many there are of something.
    pub fn count(&mut self, n_items: usize) {
        self.u64(u64::try_from(n_items).expect("counts are far below 2^64"));
    }

    /// Writes bytes as they are; who reads them knows how many.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Writes bytes and how many.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.raw(bytes);
    }

    /// Writes a text.
    pub fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// Writes a packed column.
    pub fn packed(&mut self, column: &Packed) {
        let (base, step, n_bits, n_values, words) = column.parts();
        self.i64(base);
        self.u64(step);
        self.u32(n_bits);
        self.u32(n_values);
        self.words(words);
    }

    /// Writes words as they are; who reads them knows how many.
    pub fn words(&mut self, words: &[u64]) {
        if cfg!(target_endian = "little") {
            self.raw(words.to_byte_slice());
        } else {
            words.iter().for_each(|word| self.u64(*word));
        }
    }

    /// Writes what may be missing.
    pub fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Out, T)) {
        self.u8(u8::from(value.is_some()));
        if let Some(value) = value {
            write(self, value);
        }
    }

    /// Writes a list.
    pub fn list<T>(
        &mut self,
        items: impl ExactSizeIterator<Item = T>,
        mut write: impl FnMut(&mut Out, T),
    ) {
        self.count(items.len());
        items.for_each(|item| write(self, item));
    }
}

impl<'b> In<'b> {
    /// The part with these bytes.
    pub fn of(bytes: &'b [u8]) -> In<'b> {
        In { bytes }
    }

    /// Whether everything was read.
    pub fn is_at_end(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Reads how many there are of something of at least a byte each.
    ///
    /// # Errors
    /// If so many cannot follow.
    pub fn count(&mut self) -> Result<usize, Torn> {
        let n_items = usize::try_from(self.u64()?).map_err(|_| Torn)?;
        if self.bytes.len() < n_items { Err(Torn) } else { Ok(n_items) }
    }

    /// Reads so many bytes.
    ///
    /// # Errors
    /// If the part ends before.
    pub fn raw(&mut self, n_bytes: usize) -> Result<&'b [u8], Torn> {
        let (bytes, rest) = self.bytes.split_at_checked(n_bytes).ok_or(Torn)?;
        self.bytes = rest;
        Ok(bytes)
    }

    /// Reads a column of so many bytes, aligned for whatever it holds.
    ///
    /// # Errors
    /// If the part ends before.
    pub fn column(&mut self, n_bytes: usize) -> Result<Buffer, Torn> {
        Ok(Buffer::from_slice_ref(self.raw(n_bytes)?))
    }

    /// Reads bytes with their number before them.
    ///
    /// # Errors
    /// If the part ends before.
    pub fn bytes(&mut self) -> Result<&'b [u8], Torn> {
        let n_bytes = self.count()?;
        self.raw(n_bytes)
    }

    /// Reads a text.
    ///
    /// # Errors
    /// If the part ends before, or it is no text.
    pub fn text(&mut self) -> Result<&'b str, Torn> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Torn)
    }

    /// Reads a packed column.
    ///
    /// # Errors
    /// If the part ends before.
    pub fn packed(&mut self) -> Result<Packed, Torn> {
        let (base, step) = (self.i64()?, self.u64()?);
        let (n_bits, n_values) = (self.u32()?, self.u32()?);
        let n_words = Packed::n_words(n_bits, n_values);
        let bytes = self.raw(n_words.checked_mul(size_of::<u64>()).ok_or(Torn)?)?;
        let words = bytes.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word)).collect();
        Packed::of_parts((base, step, n_bits, n_values), words).ok_or(Torn)
    }

    /// Passes over a packed column.
    ///
    /// # Errors
    /// If the part ends before.
    pub fn skip_packed(&mut self) -> Result<(), Torn> {
        let _line = (self.i64()?, self.u64()?);
        let n_words = Packed::n_words(self.u32()?, self.u32()?);
        self.raw(n_words.checked_mul(size_of::<u64>()).ok_or(Torn)?).map(|_words| ())
    }

    /// Reads what may be missing.
    ///
    /// # Errors
    /// If the part ends before.
    pub fn option<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Torn>,
    ) -> Result<Option<T>, Torn> {
        match self.u8()? {
            0 => Ok(None),
            1 => read(self).map(Some),
            _ => Err(Torn),
        }
    }

    /// Reads a list.
    ///
    /// # Errors
    /// If the part ends before.
    pub fn list<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, Torn>,
    ) -> Result<Vec<T>, Torn> {
        let n_items = self.count()?;
        (0..n_items).map(|_| read(self)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_a_cut_part_is_refused() {
        let mut out = Out::default();
        out.u16(7);
        out.text("respiratory_rate");
        out.option(Some(-5), Out::i64);
        out.list([1, 2, 3].into_iter(), Out::u32);
        let bytes = out.finish();
        let read = |bytes: &[u8]| {
            let mut part = In::of(bytes);
            let all = (part.u16()?, part.text()?.to_owned(), part.option(In::i64)?);
            Ok::<_, Torn>((all, part.list(In::u32)?, part.is_at_end()))
        };
        let all = (7, "respiratory_rate".to_owned(), Some(-5));
        assert_eq!(read(&bytes), Ok((all, vec![1, 2, 3], true)));
        assert!((0..bytes.len()).all(|end| read(&bytes[..end]) == Err(Torn)));
    }
}
