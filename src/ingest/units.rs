//! Makes units canonical: an alias, a check of what is measured, a conversion, a rounding, a limit.
//!
//! ```text
//! raw unit ─alias─► UCUM ─same kind?─► factor ─► canonical value ─► resolution ─► plausible?
//! ```
//! TW-3: an unknown (signal, unit) is refused, never guessed. UCUM itself reads `C` as coulomb and
//! `K/uL` as kelvin, and takes a mole for a number, so the dimension alone is not enough.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use hashbrown::HashMap;
use xxhash_rust::xxh3::Xxh3DefaultBuilder;

use crate::domain::decimal::Decimal;
use crate::domain::refusal::Unusable;
use crate::domain::signal::Signal;
use crate::ingest::table::rows;

/// How a value in some unit becomes one in the signal's canonical unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Conversion {
    /// It is the canonical unit.
    Same,
    /// canonical = value × `multiply` + `add`.
    Linear {
        /// The factor.
        multiply: f64,
        /// The offset.
        add: f64,
    },
}

/// Converts values, and remembers the conversions it has worked out.
#[derive(Debug, Default)]
pub struct Units {
    known: HashMap<(u16, String), Result<Conversion, Unusable>, Xxh3DefaultBuilder>,
}

/// Units a sender may spell without bound; what is remembered is bounded.
const KNOWN_UNITS_MAX: usize = 10_000;

type Aliases = BTreeMap<&'static str, Vec<(&'static str, Vec<&'static str>)>>;

static ALIASES: LazyLock<Aliases> = LazyLock::new(|| {
    let mut aliases = Aliases::new();
    for row in rows(include_str!("unit_aliases.csv")) {
        if let [raw, ucum, signals] = row.as_slice() {
            let signals = signals.split(' ').collect();
            aliases.entry(raw).or_default().push((ucum, signals));
        }
    }
    aliases
});

struct Analyte {
    signal: Signal,
    unit: &'static str,
    multiply: f64,
    add: f64,
}

static ANALYTES: LazyLock<Vec<Analyte>> = LazyLock::new(|| {
    let analyte = |row: Vec<&'static str>| match row.as_slice() {
        [signal, unit, multiply, add, _] => Some(Analyte {
            signal: Signal::named(signal)?,
            unit,
            multiply: multiply.parse().ok()?,
            add: add.parse().ok()?,
        }),
        _ => None,
    };
    rows(include_str!("analytes.csv")).filter_map(analyte).collect()
});

/// Limits in units of the signal's resolution, by the signal's number.
static LIMITS: LazyLock<Vec<Option<(i64, i64)>>> = LazyLock::new(|| {
    let mut limits = vec![None; Signal::all().count()];
    for row in rows(include_str!("plausibility.csv")) {
        if let [signal, low, high, _] = row.as_slice() {
            let signal = Signal::named(signal).expect("the table names signals");
            let scaled = |text: &str| {
                Decimal::parse(text).ok().and_then(|d| d.rounded(signal.spec().decimals))
            };
            if let Some(slot) = limits.get_mut(usize::from(signal.number())) {
                *slot = scaled(low).zip(scaled(high));
            }
        }
    }
    limits
});

impl Units {
    /// The value in units of the signal's resolution.
    ///
    /// # Errors
    /// Why the value cannot be used.
    #[expect(clippy::as_conversions, reason = "a float is wanted, to 15 digits")]
    pub fn canonical(
        &mut self,
        signal: Signal,
        value: Decimal,
        unit: &str,
    ) -> Result<i64, Unusable> {
        let conversion = self.conversion(signal, unit)?;
        let decimals = signal.spec().decimals;
        let scaled = match conversion {
            Conversion::Same => value.rounded(decimals).ok_or(Unusable::ValueImplausible)?,
            Conversion::Linear { multiply, add } => {
                let (mantissa, exponent) = value.parts();
                let number = mantissa as f64 * 10_f64.powi(exponent);
                rounded(number * multiply + add, decimals).ok_or(Unusable::ValueImplausible)?
            }
        };
        check_plausible(signal, scaled)
    }

    /// How a value of `signal` in `unit` becomes canonical.
    ///
    /// # Errors
    /// `UnitUnknown` or `UnitDimension`.
    pub fn conversion(&mut self, signal: Signal, unit: &str) -> Result<Conversion, Unusable> {
        if unit == signal.spec().unit {
            return Ok(Conversion::Same);
        }
        let key = (signal.number(), unit.to_owned());
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let found = work_out(signal, unit.trim());
        if self.known.len() < KNOWN_UNITS_MAX {
            self.known.insert(key, found);
        }
        found
    }
}

/// Refuses what no living patient can have; survivable extremes pass (`plausibility.csv`).
///
/// # Errors
/// `UnitDimension` for an oxygen saturation of at most 1 %: a fraction sent as per cent.
/// `ValueImplausible` for everything else outside the limits.
pub fn check_plausible(signal: Signal, scaled: i64) -> Result<i64, Unusable> {
    let limits = LIMITS.get(usize::from(signal.number())).copied().flatten();
    let within = limits.is_some_and(|(low, high)| low <= scaled && scaled <= high);
    if within && i32::try_from(scaled).is_ok() {
        return Ok(scaled);
    }
    let is_fraction = signal == Signal::SPO2 && (0..=1).contains(&scaled);
    Err(if is_fraction { Unusable::UnitDimension } else { Unusable::ValueImplausible })
}

/// A number in units of 10^-`decimals`, halves rounded away from zero. Conversions are exact to
/// about 15 digits, so a half is recognised within 10^-9 (SPEC 0.3).
#[expect(clippy::as_conversions, reason = "checked to be far inside the range of i64")]
fn rounded(number: f64, decimals: u8) -> Option<i64> {
    let scaled = number * 10_f64.powi(i32::from(decimals));
    if !scaled.is_finite() || 1e15 < scaled.abs() {
        return None;
    }
    let size = (scaled.abs() + 0.5 + 1e-9).floor();
    Some((size * scaled.signum()) as i64)
}

fn work_out(signal: Signal, raw: &str) -> Result<Conversion, Unusable> {
    if raw.is_empty() {
        return Err(Unusable::UnitUnknown);
    }
    let unit = alias(signal, raw).unwrap_or(raw);
    let canonical = signal.spec().unit;
    if unit == canonical {
        return Ok(Conversion::Same);
    }
    let kind = Kind::of(unit).ok_or(Unusable::UnitUnknown)?;
    if let Some(analyte) = ANALYTES
        .iter()
        .find(|analyte| analyte.signal == signal && Kind::of(analyte.unit) == Some(kind))
    {
        let (multiply, add) = linear(unit, analyte.unit).ok_or(Unusable::UnitDimension)?;
        let add = add * analyte.multiply + analyte.add;
        return Ok(Conversion::Linear { multiply: multiply * analyte.multiply, add });
    }
    let expected = Kind::of(canonical).ok_or(Unusable::UnitUnknown)?;
    let is_charge = kind.equivalents && MONOVALENT.contains(&signal.spec().name);
    let same_kind = kind == expected || is_charge && kind.as_moles() == expected;
    let indexed = canonical.contains('{') == unit.contains('{');
    if !same_kind || !indexed && NEEDS_ANNOTATION.contains(&signal.spec().name) {
        return Err(Unusable::UnitDimension);
    }
    let (multiply, add) = linear(unit, canonical).ok_or(Unusable::UnitDimension)?;
    Ok(Conversion::Linear { multiply, add })
}

/// Ions of one charge, of which a milliequivalent is a millimole.
const MONOVALENT: [&str; 6] =
    ["sodium", "potassium", "chloride", "bicarbonate", "co2_total", "base_excess"];

/// Signals whose unit says by its annotation what it is per: `mL/min` is no `mL/min/{1.73_m2}`.
const NEEDS_ANNOTATION: [&str; 1] = ["egfr_reported"];

fn alias(signal: Signal, raw: &str) -> Option<&'static str> {
    let known = ALIASES.get(raw)?;
    let applies =
        |signals: &[&str]| signals.contains(&"*") || signals.contains(&signal.spec().name);
    known.iter().find(|(_, signals)| applies(signals)).map(|(ucum, _)| *ucum)
}

/// What a unit measures, more finely than its dimension: a mole is no mere number, per cent no ratio,
/// an enzyme unit no amount per time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kind {
    dimension: [i8; 7],
    moles: bool,
    equivalents: bool,
    percent: bool,
    enzyme_units: bool,
    ph: bool,
}

impl Kind {
    fn of(unit: &str) -> Option<Kind> {
        let analysis = octofhir_ucum::analyse(unit).ok()?;
        if !analysis.arbitrary.is_empty() {
            return None;
        }
        let atoms = atoms(unit);
        let names = |name: &str| {
            atoms
                .iter()
                .any(|atom| *atom == name || atom.len() == name.len() + 1 && atom.ends_with(name))
        };
        Some(Kind {
            dimension: analysis.dimension.0,
            moles: names("mol"),
            equivalents: names("eq"),
            percent: atoms.contains(&"%"),
            enzyme_units: names("U"),
            ph: unit == "[pH]",
        })
    }

    fn as_moles(self) -> Kind {
        Kind { moles: true, equivalents: false, ..self }
    }
}

/// The symbols of a unit, without numbers, annotations and exponents.
fn atoms(unit: &str) -> Vec<&str> {
    let is_annotation = |c: char| c == '{' || c == '}';
    let outside = unit.split(is_annotation).step_by(2);
    let symbols = outside.flat_map(|part| part.split(['/', '.', '(', ')']));
    symbols
        .map(|symbol| symbol.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-'))
        .collect()
}

/// The line through two converted values: exact enough, because every unit here is linear.
fn linear(from: &str, to: &str) -> Option<(f64, f64)> {
    let at_0 = octofhir_ucum::convert(0.0, from, to).ok()?;
    let at_1000 = octofhir_ucum::convert(1_000.0, from, to).ok()?;
    Some(((at_1000 - at_0) / 1_000.0, at_0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(signal: &str, value: &str, unit: &str) -> Result<String, Unusable> {
        let signal = Signal::named(signal).unwrap();
        let value = Decimal::parse(value).unwrap();
        Units::default().canonical(signal, value, unit).map(|value| signal.text_of(value))
    }

    #[test]
    fn what_hospitals_send_becomes_canonical() {
        for (signal, value, unit, expected) in [
            ("systolic_blood_pressure", "120", "mmHg", "120"),
            ("heart_rate", "72.5", "bpm", "73"),
            ("temperature", "38.04", "°C", "38.0"),
            ("temperature", "100.4", "[degF]", "38.0"),
            ("temperature", "100.49", "[degF]", "38.1"),
            ("leukocytes", "17.1", "x10E3/uL", "17.10"),
            ("leukocytes", "17.1", "10*9/L", "17.10"),
            ("leukocytes", "17100", "/uL", "17.10"),
            ("creatinine", "109", "umol/L", "1.23"),
            ("creatinine", "0.109", "mmol/L", "1.23"),
            ("creatinine", "12.3", "mg/L", "1.23"),
            ("potassium", "4.1", "mEq/L", "4.1"),
            ("albumin", "40", "g/L", "4.00"),
            ("urine_albumin_creatinine", "3", "mg/mmol", "26.5"),
            ("hba1c", "53", "mmol/mol", "7.0"),
            ("pao2", "8", "kPa", "60.0"),
            ("body_weight", "154", "[lb_av]", "69.85"),
            ("alanine_aminotransferase", "55", "IU/L", "55"),
            ("inr", "2.5", "1", "2.50"),
            ("ph_arterial", "7.35", "[pH]", "7.350"),
            ("glucose", "5.5", "mmol/L", "99.1"),
        ] {
            assert_eq!(
                canonical(signal, value, unit).as_deref(),
                Ok(expected),
                "{signal} {value} {unit}"
            );
        }
    }

    #[test]
    fn what_would_be_a_guess_is_refused() {
        use Unusable::{UnitDimension, UnitUnknown, ValueImplausible};
        for (signal, value, unit, expected) in [
            ("temperature", "38", "C", UnitDimension),
            ("temperature", "98", "F", UnitDimension),
            ("temperature", "38", "", UnitUnknown),
            ("leukocytes", "17", "K/uL", UnitDimension),
            ("leukocytes", "17", "mmol/L", UnitDimension),
            ("sodium", "5", "mg/dL", UnitDimension),
            ("sodium", "140", "10*3/uL", UnitDimension),
            ("calcium", "4.8", "meq/L", UnitDimension),
            ("spo2", "0.97", "1", UnitDimension),
            ("spo2", "0.97", "%", UnitDimension),
            ("creatinine", "88", "mg/dL", ValueImplausible),
            ("creatinine", "1.2", "furlong", UnitUnknown),
            ("egfr_reported", "60", "mL/min", UnitDimension),
            ("alanine_aminotransferase", "55", "umol/L", UnitDimension),
            ("potassium", "4", "[IU]/L", UnitUnknown),
            ("urine_albumin_creatinine", "3", "%", UnitDimension),
            ("heart_rate", "1e17", "/min", ValueImplausible),
        ] {
            assert_eq!(canonical(signal, value, unit), Err(expected), "{signal} {value} {unit}");
        }
    }

    #[test]
    fn every_signal_has_limits_and_every_table_names_signals() {
        for signal in Signal::all() {
            let limits = LIMITS[usize::from(signal.number())];
            assert!(limits.is_some_and(|(low, high)| low < high), "{signal} has no limits");
        }
        for row in rows(include_str!("unit_aliases.csv")) {
            let [raw, ucum, signals] = row.as_slice() else { panic!("{row:?}") };
            assert!(octofhir_ucum::validate(ucum).is_ok(), "{raw} -> {ucum}");
            let known = |name: &str| name == "*" || Signal::named(name).is_some();
            assert!(signals.split(' ').all(known), "{raw}: {signals}");
        }
        assert_eq!(ANALYTES.len(), rows(include_str!("analytes.csv")).count());
        let canonical = Signal::all().filter(|signal| !signal.is_category());
        for signal in canonical {
            assert!(octofhir_ucum::validate(signal.spec().unit).is_ok(), "{signal}");
        }
    }
}
