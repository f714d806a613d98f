//! Reads FHIR `value[x]`: exactly, or as unreadable, never as a default.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::domain::decimal::{Decimal, DecimalError};
use crate::domain::fact::{Comparator, Raw};
use crate::domain::refusal::Unusable;
use crate::ingest::fhir::types::{Concept, QuantityJson};
use crate::ingest::json::Text;
use crate::ingest::value::{SampledData, Value};

/// The fields a value can stand in.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "the names are FHIR's")]
pub struct ValueJson<'a> {
    pub quantity: Option<&'a RawValue>,
    pub concept: Option<&'a RawValue>,
    pub string: Option<&'a RawValue>,
    pub boolean: Option<&'a RawValue>,
    pub integer: Option<&'a RawValue>,
    pub range: Option<&'a RawValue>,
    pub ratio: Option<&'a RawValue>,
    pub sampled_data: Option<&'a RawValue>,
    pub other: Option<&'a RawValue>,
    pub absent: Option<Concept<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SampledDataJson<'a> {
    #[serde(borrow)]
    origin: QuantityJson<'a>,
    #[serde(borrow)]
    period: &'a RawValue,
    #[serde(borrow)]
    factor: Option<&'a RawValue>,
    dimensions: u32,
    #[serde(borrow)]
    data: Option<Text<'a>>,
}

impl<'a> ValueJson<'a> {
    /// Reads the value that is there.
    pub fn read(self) -> Value<'a> {
        if let Some(json) = self.quantity {
            return quantity(json);
        }
        if let Some(json) = self.integer {
            return integer(json);
        }
        if let Some(json) = self.concept {
            return match serde_json::from_str::<Concept<'a>>(json.get()) {
                Ok(concept) => {
                    let (codings, text) = concept.into_parts();
                    Value::Answer(codings, text)
                }
                Err(_) => unreadable(json),
            };
        }
        if let Some(json) = self.string {
            return match serde_json::from_str::<Text<'a>>(json.get()) {
                Ok(text) => Value::Word(text.0),
                Err(_) => unreadable(json),
            };
        }
        if let Some(json) = self.boolean {
            return Value::Word(Cow::Borrowed(json.get()));
        }
        if let Some(json) = self.sampled_data {
            return sampled(json).unwrap_or_else(|| unreadable(json));
        }
        match (self.range.or(self.ratio), self.other, self.absent) {
            (Some(json), _, _) => unreadable(json),
            (None, Some(json), _) => Value::Word(Cow::Borrowed(json.get().trim_matches('"'))),
            (None, None, Some(absent)) => Value::Absent(absent.into_code()),
            (None, None, None) => Value::None,
        }
    }
}

/// Longest raw text that is kept of a value that cannot be read.
const RAW_BYTES_MAX: usize = 200;

fn unreadable(json: &RawValue) -> Value<'_> {
    let text = json.get();
    let end = (0..=RAW_BYTES_MAX.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    let text = end.and_then(|end| text.get(..end)).unwrap_or_default();
    let raw = Raw { value: Cow::Borrowed(text), unit: Cow::Borrowed("") };
    Value::Unreadable(raw, Unusable::ValueUnreadable)
}

fn quantity(json: &RawValue) -> Value<'_> {
    let Ok(mut quantity) = serde_json::from_str::<QuantityJson<'_>>(json.get()) else {
        return unreadable(json);
    };
    let comparator = match quantity.comparator.take().as_deref() {
        None => None,
        Some("<") => Some(Comparator::Less),
        Some("<=") => Some(Comparator::LessOrEqual),
        Some(">=") => Some(Comparator::GreaterOrEqual),
        Some(">") => Some(Comparator::Greater),
        Some(_) => return unreadable(json),
    };
    let Some(number) = quantity.value.take() else {
        return Value::Absent(Cow::Borrowed("no value"));
    };
    let (text, unit) = (Cow::Borrowed(number.get()), quantity.into_unit());
    match Decimal::parse(number.get()) {
        Ok(value) => Value::Quantity { value, text, unit, comparator },
        Err(error) => {
            let reason = match error {
                DecimalError::Malformed => Unusable::ValueUnreadable,
                DecimalError::OutOfRange => Unusable::ValueImplausible,
            };
            Value::Unreadable(Raw { value: text, unit }, reason)
        }
    }
}

fn integer(json: &RawValue) -> Value<'_> {
    match Decimal::parse(json.get()) {
        Ok(value) => {
            let (text, unit) = (Cow::Borrowed(json.get()), Cow::Borrowed(""));
            Value::Quantity { value, text, unit, comparator: None }
        }
        Err(_) => unreadable(json),
    }
}

fn sampled(json: &RawValue) -> Option<Value<'_>> {
    let sampled: SampledDataJson<'_> = serde_json::from_str(json.get()).ok()?;
    let factor = sampled.factor.map_or(Ok(Decimal::new(1, 0)), |one| Decimal::parse(one.get()));
    let period_micros = Decimal::parse(sampled.period.get()).ok()?.rounded(3)?;
    if sampled.dimensions != 1 || period_micros <= 0 {
        return None;
    }
    let origin = Decimal::parse(sampled.origin.value?.get()).ok()?;
    Some(Value::Sampled(SampledData {
        origin,
        unit: sampled.origin.into_unit(),
        period_micros,
        factor: factor.ok()?,
        data: sampled.data?.0,
    }))
}
