//! The frame of a Confluent Schema Registry: a zero, the id of a schema, and the body.

use crate::ingest::source::Format;

const MAGIC: u8 = 0;
const FRAME_BYTES: usize = 5;

/// The id of the schema by which framed bytes are written; `None` for what is not framed.
pub fn schema_id(bytes: &[u8]) -> Option<u32> {
    let (magic, rest) = bytes.split_first()?;
    let id: [u8; 4] = *rest.first_chunk()?;
    (*magic == MAGIC).then(|| u32::from_be_bytes(id))
}

/// The JSON that stands in a frame, for a format that is JSON: no JSON begins with a zero byte.
pub fn json_in(format: Format, bytes: &[u8]) -> Option<&[u8]> {
    match format {
        Format::Fhir | Format::OpenMhealth | Format::DicomJson => {
            schema_id(bytes).and_then(|_| bytes.get(FRAME_BYTES..))
        }
        Format::Hl7v2 | Format::RadarAvro => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_a_zero_and_an_id() {
        assert_eq!(schema_id(&[0, 0, 0, 1, 44, 9]), Some(300));
        assert_eq!(schema_id(&[0, 255, 255, 255, 255]), Some(u32::MAX));
        for bytes in [&[][..], &[0, 0, 0, 1], &[1, 0, 0, 0, 1], b"{}   "] {
            assert_eq!(schema_id(bytes), None, "{bytes:?}");
        }
        assert_eq!(json_in(Format::Fhir, b"\0\0\0\0\x07{}"), Some(&b"{}"[..]));
        assert_eq!(json_in(Format::RadarAvro, b"\0\0\0\0\x07{}"), None);
    }
}
