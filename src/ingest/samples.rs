//! Makes samples of values: canonical unit, resolution, plausibility; and the oxygen state that flow
//! and concentration say.

use std::borrow::Cow;

use crate::domain::coding::Coding;
use crate::domain::decimal::Decimal;
use crate::domain::fact::{Body, Comparator, Fact, Origin, Raw, Reading, Sample, Statistic, Valid};
use crate::domain::refusal::Unusable;
use crate::domain::signal::Signal;
use crate::domain::time::Span;
use crate::ingest::site::Site;
use crate::ingest::units::{Units, check_plausible};
use crate::ingest::value::{SampledData, Value, answer_text};

/// Everything about a sample but its value.
#[derive(Clone, Debug)]
pub struct Frame<'a> {
    /// What was measured.
    pub signal: Signal,
    /// When it was true.
    pub valid: Valid,
    /// Who measured it.
    pub origin: Origin,
    /// What the value says of its period.
    pub statistic: Statistic,
    /// The device, as the source names it.
    pub device: Cow<'a, str>,
    /// The code it came under.
    pub code: Coding<'a>,
}

/// Samples of one record beyond which it is refused: a day of a sensor at one value a second.
pub const SAMPLES_MAX: usize = 100_000;

/// Makes samples, and counts those that cannot be used.
#[derive(Debug, Default)]
pub struct Samples {
    units: Units,
    /// Unusable results by reason, in the order of `Unusable::ALL`.
    pub n_unusable: [u64; Unusable::ALL.len()],
}

impl Samples {
    /// Adds the facts of a value: one sample, or many, or the trace of one that cannot be used.
    pub fn add<'a>(
        &mut self,
        site: &Site,
        frame: Frame<'a>,
        value: Value<'a>,
        facts: &mut Vec<Fact<'a>>,
    ) {
        if let Value::Sampled(sampled) = value {
            return self.add_series(frame, &sampled, facts);
        }
        let reading = self.reading(site, frame.signal, value);
        self.push(frame, reading, facts);
    }

    /// Adds one number with a unit.
    pub fn add_quantity<'a>(
        &mut self,
        frame: Frame<'a>,
        value: Decimal,
        raw: Raw<'a>,
        facts: &mut Vec<Fact<'a>>,
    ) {
        let reading = self.quantity(frame.signal, value, raw, None);
        self.push(frame, reading, facts);
    }

    /// Adds a value that cannot be used.
    pub fn add_unusable<'a>(
        &mut self,
        frame: Frame<'a>,
        raw: Raw<'a>,
        reason: Unusable,
        facts: &mut Vec<Fact<'a>>,
    ) {
        self.push(frame, Reading::Unusable { reason, raw }, facts);
    }

    fn push<'a>(&mut self, frame: Frame<'a>, reading: Reading<'a>, facts: &mut Vec<Fact<'a>>) {
        if let Reading::Unusable { reason, .. } = &reading {
            let index = Unusable::ALL.iter().position(|known| known == reason);
            if let Some(count) = index.and_then(|index| self.n_unusable.get_mut(index)) {
                *count += 1;
            }
        }
        let oxygen = oxygen_state(frame.signal, &reading);
        let Frame { signal, valid, origin, statistic, device, code } = frame;
        if let Some(reading) = oxygen {
            let (device, code) = (device.clone(), code.clone());
            let signal = Signal::OXYGEN_THERAPY;
            let sample = Sample { signal, reading, origin, statistic, device, code };
            facts.push(Fact { valid, links: Vec::new(), body: Body::Sample(sample) });
        }
        let sample = Sample { signal, reading, origin, statistic, device, code };
        facts.push(Fact { valid, links: Vec::new(), body: Body::Sample(sample) });
    }

    fn reading<'a>(&mut self, site: &Site, signal: Signal, value: Value<'a>) -> Reading<'a> {
        let unusable = |reason, value, unit| Reading::Unusable { reason, raw: Raw { value, unit } };
        let none = Cow::Borrowed("");
        match value {
            Value::Quantity { value, text, unit, comparator } => {
                self.quantity(signal, value, Raw { value: text, unit }, comparator)
            }
            Value::Answer(codings, text) if signal.is_category() => {
                match site.answer(signal, &codings) {
                    Some(value) => Reading::Value { value, comparator: None, raw: None },
                    None => {
                        let code = codings.into_iter().next().unwrap_or_default();
                        let value = if code.code.is_empty() { text } else { code.code };
                        unusable(Unusable::ValueUnreadable, value, code.system)
                    }
                }
            }
            Value::Answer(codings, text) => {
                let text = answer_text(codings, text);
                unusable(Unusable::ValueUnreadable, text, none)
            }
            Value::Word(word) => unusable(Unusable::ValueUnreadable, word, none),
            Value::Absent(reason) => unusable(Unusable::DataAbsent, reason, none),
            Value::None => unusable(Unusable::DataAbsent, Cow::Borrowed("no value"), none),
            Value::Unreadable(raw, reason) => Reading::Unusable { reason, raw },
            Value::Sampled(sampled) => {
                unusable(Unusable::ValueUnreadable, sampled.data, sampled.unit)
            }
        }
    }

    fn quantity<'a>(
        &mut self,
        signal: Signal,
        value: Decimal,
        raw: Raw<'a>,
        comparator: Option<Comparator>,
    ) -> Reading<'a> {
        // A count has no unit to be wrong; an integer score is one as it stands.
        let is_count = signal.spec().unit.starts_with('{') && raw.unit.is_empty();
        let result = match (signal.is_category(), is_count) {
            (true, _) => Err(Unusable::ValueUnreadable),
            (false, true) => {
                let scaled = value.rounded(signal.spec().decimals);
                scaled.ok_or(Unusable::ValueImplausible).and_then(|s| check_plausible(signal, s))
            }
            (false, false) => self.units.canonical(signal, value, &raw.unit),
        };
        match result {
            Ok(value) => {
                let is_canonical = is_count || raw.unit == signal.spec().unit;
                let raw = (!is_canonical).then_some(raw);
                Reading::Value { value, comparator, raw }
            }
            Err(reason) => Reading::Unusable { reason, raw },
        }
    }

    /// `value = origin + factor × sample`, one sample each period; its length was checked when it was read.
    fn add_series<'a>(
        &mut self,
        frame: Frame<'a>,
        sampled: &SampledData<'a>,
        facts: &mut Vec<Fact<'a>>,
    ) {
        let start = frame.valid.start;
        for (index, sample) in (0_i64..).zip(sampled.data.split(' ')) {
            let at = start.plus(Span::from_micros(index.saturating_mul(sampled.period_micros)));
            let valid = Valid { start: at, end: at, ..frame.valid };
            let frame = Frame { valid, ..frame.clone() };
            let raw = |value: String| Raw { value: Cow::Owned(value), unit: sampled.unit.clone() };
            match (Decimal::parse(sample), sample) {
                (Ok(number), _) => match scaled(number, sampled) {
                    Some(value) => {
                        let text = raw(sample.to_owned());
                        let reading = self.quantity(frame.signal, value, text, None);
                        self.push(frame, reading, facts);
                    }
                    None => self.add_unusable(
                        frame,
                        raw(sample.to_owned()),
                        Unusable::ValueImplausible,
                        facts,
                    ),
                },
                // Error, below the lower limit, above the upper limit.
                (Err(_), "E" | "L" | "U") => {
                    self.add_unusable(frame, raw(sample.to_owned()), Unusable::DataAbsent, facts);
                }
                (Err(_), _) => {
                    self.add_unusable(
                        frame,
                        raw(sample.to_owned()),
                        Unusable::ValueUnreadable,
                        facts,
                    );
                }
            }
        }
    }
}

fn scaled(sample: Decimal, sampled: &SampledData<'_>) -> Option<Decimal> {
    let (a, a_power) = sample.parts();
    let (b, b_power) = sampled.factor.parts();
    let (c, c_power) = sampled.origin.parts();
    let power = (a_power + b_power).min(c_power);
    let lift = |mantissa: i64, from: i32| {
        mantissa.checked_mul(10_i64.checked_pow(u32::try_from(from - power).ok()?)?)
    };
    let product = lift(a.checked_mul(b)?, a_power + b_power)?;
    Some(Decimal::new(product.checked_add(lift(c, c_power)?)?, power))
}

/// Room air is 21 %: more is supplemental oxygen.
const AIR_PERCENT: i64 = 21;

/// What a flow or a concentration says about oxygen: none is air, any more is oxygen. A flow that
/// cannot be used makes the state unknown, rather than leave an older one standing.
fn oxygen_state<'a>(signal: Signal, reading: &Reading<'a>) -> Option<Reading<'a>> {
    let threshold = match signal {
        Signal::O2_FLOW => 0,
        Signal::FIO2 => AIR_PERCENT,
        _ => return None,
    };
    Some(match reading {
        Reading::Value { value, comparator, .. } => {
            let is_bounded_below =
                matches!(comparator, Some(Comparator::Less | Comparator::LessOrEqual));
            if is_bounded_below && threshold < *value {
                let raw = Raw { value: Cow::Owned(value.to_string()), unit: Cow::Borrowed("") };
                return Some(Reading::Unusable { reason: Unusable::ValueUnreadable, raw });
            }
            let value = i64::from(threshold < *value);
            Reading::Value { value, comparator: None, raw: None }
        }
        Reading::Unusable { reason, raw } => {
            Reading::Unusable { reason: *reason, raw: raw.clone() }
        }
    })
}
