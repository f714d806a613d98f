//! The values of a prepared statement's parameters: as text or as bytes, of the types they were prepared
//! with.

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::ScalarValue;
use pgwire::api::Type;
use pgwire::api::portal::{Format, Portal};
use pgwire::error::PgWireError;

use crate::pgwire::failure::{refused, state};

/// Microseconds from 1970 to 2000, where PostgreSQL's times begin.
const MICROS_TO_2000: i64 = 946_684_800_000_000;
/// Days from 1970 to 2000.
const DAYS_TO_2000: i32 = 10_957;

/// The type a value of a parameter is read as; text, where a type has no other.
pub fn data_type(kind: &Type) -> DataType {
    match *kind {
        Type::BOOL => DataType::Boolean,
        Type::INT2 => DataType::Int16,
        Type::INT4 => DataType::Int32,
        Type::INT8 | Type::OID => DataType::Int64,
        Type::FLOAT4 => DataType::Float32,
        Type::FLOAT8 => DataType::Float64,
        Type::NUMERIC => DataType::Decimal128(38, 10),
        Type::DATE => DataType::Date32,
        Type::TIMESTAMP => DataType::Timestamp(TimeUnit::Microsecond, None),
        Type::TIMESTAMPTZ => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        _ => DataType::Utf8,
    }
}

/// The values that were bound to a portal.
///
/// # Errors
/// If there are more or fewer than there are parameters, or one is no value of its type.
pub fn values<S>(portal: &Portal<S>, kinds: &[Type]) -> Result<Vec<ScalarValue>, PgWireError> {
    let (given, expected) = (portal.parameters.len(), kinds.len());
    let n_formats = match &portal.parameter_format {
        Format::Individual(formats) => formats.len(),
        Format::UnifiedText | Format::UnifiedBinary => given,
    };
    if given != expected || n_formats != given {
        let message = format!("{given} parameters were given, the statement has {expected}");
        return Err(refused(state::PROTOCOL, message));
    }
    let one = |((index, bytes), kind): ((usize, &Option<_>), &Type)| {
        let data_type = data_type(kind);
        let Some(bytes): Option<&[u8]> = bytes.as_ref().map(AsRef::as_ref) else {
            return ScalarValue::try_from(&data_type)
                .map_err(|error| refused(state::INTERNAL, error.to_string()));
        };
        let value = if portal.parameter_format.is_binary(index) {
            of_bytes(bytes, kind)
        } else {
            of_text(bytes, &data_type)
        };
        value.ok_or_else(|| {
            let message = format!("parameter ${} is no {}", index.saturating_add(1), kind.name());
            refused(state::WRONG_TEXT, message)
        })
    };
    portal.parameters.iter().enumerate().zip(kinds).map(one).collect()
}

fn of_text(bytes: &[u8], data_type: &DataType) -> Option<ScalarValue> {
    let text = ScalarValue::Utf8(Some(std::str::from_utf8(bytes).ok()?.to_owned()));
    let value = text.cast_to(data_type).ok()?;
    // A text that is no value of the type becomes null, which nobody meant.
    (!value.is_null()).then_some(value)
}

fn of_bytes(bytes: &[u8], kind: &Type) -> Option<ScalarValue> {
    let micros =
        |bytes: &[u8]| i64::from_be_bytes(bytes.try_into().ok()?).checked_add(MICROS_TO_2000);
    Some(match *kind {
        Type::BOOL => ScalarValue::Boolean(Some(bytes.first().is_some_and(|byte| *byte != 0))),
        Type::INT2 => ScalarValue::Int16(Some(i16::from_be_bytes(bytes.try_into().ok()?))),
        Type::INT4 => ScalarValue::Int32(Some(i32::from_be_bytes(bytes.try_into().ok()?))),
        Type::INT8 => ScalarValue::Int64(Some(i64::from_be_bytes(bytes.try_into().ok()?))),
        Type::OID => {
            ScalarValue::Int64(Some(i64::from(u32::from_be_bytes(bytes.try_into().ok()?))))
        }
        Type::FLOAT4 => ScalarValue::Float32(Some(f32::from_be_bytes(bytes.try_into().ok()?))),
        Type::FLOAT8 => ScalarValue::Float64(Some(f64::from_be_bytes(bytes.try_into().ok()?))),
        Type::DATE => {
            let days = i32::from_be_bytes(bytes.try_into().ok()?).checked_add(DAYS_TO_2000)?;
            ScalarValue::Date32(Some(days))
        }
        Type::TIMESTAMP => ScalarValue::TimestampMicrosecond(Some(micros(bytes)?), None),
        Type::TIMESTAMPTZ => {
            ScalarValue::TimestampMicrosecond(Some(micros(bytes)?), Some("UTC".into()))
        }
        Type::NUMERIC => return None,
        _ => ScalarValue::Utf8(Some(std::str::from_utf8(bytes).ok()?.to_owned())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_the_same_as_text_and_as_bytes() {
        let at = 1_794_139_200_000_000_i64; // 2026-11-08T12:00:00Z
        for (kind, text, bytes) in [
            (Type::BOOL, "t", vec![1]),
            (Type::INT2, "-3", (-3_i16).to_be_bytes().to_vec()),
            (Type::INT4, "70000", 70_000_i32.to_be_bytes().to_vec()),
            (Type::INT8, "5000000000", 5_000_000_000_i64.to_be_bytes().to_vec()),
            (Type::FLOAT8, "38.5", 38.5_f64.to_be_bytes().to_vec()),
            (Type::TEXT, "O'Brien", b"O'Brien".to_vec()),
            (Type::DATE, "2026-11-08", 9_808_i32.to_be_bytes().to_vec()),
            (
                Type::TIMESTAMPTZ,
                "2026-11-08 14:00:00+02",
                (at - MICROS_TO_2000).to_be_bytes().to_vec(),
            ),
        ] {
            let from_text = of_text(text.as_bytes(), &data_type(&kind)).unwrap();
            assert_eq!(from_text, of_bytes(&bytes, &kind).unwrap(), "{kind}");
        }
        assert_eq!(of_text(b"seven", &DataType::Int64), None);
        assert_eq!(of_bytes(&[1, 2], &Type::INT8), None);
    }
}
