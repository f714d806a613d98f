//! A number as a source wrote it: exact, of bounded size, never a float.
//!
//! `98.60` is 9860 × 10⁻². Values enter the twin as integers in their signal's resolution; this is
//! what they are rounded from.

/// An exact decimal: `mantissa` × 10^`exponent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal {
    mantissa: i64,
    exponent: i32,
}

/// Why a JSON number is not a decimal we can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecimalError {
    /// Not a JSON number.
    Malformed,
    /// A JSON number, but beyond 18 digits or 10^±18: no clinical value is.
    OutOfRange,
}

const DIGITS_MAX: usize = 18;
const EXPONENT_MAX: i32 = 18;

impl Decimal {
    /// The decimal `mantissa` × 10^`exponent`.
    pub const fn new(mantissa: i64, exponent: i32) -> Decimal {
        Decimal { mantissa, exponent }
    }

    /// Reads a JSON number.
    ///
    /// # Errors
    /// `Malformed` if it is none; `OutOfRange` if it cannot be a measured value (`1e400`).
    pub fn parse(text: &str) -> Result<Decimal, DecimalError> {
        let negative = text.starts_with('-');
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (number, power) = match unsigned.split_once(['e', 'E']) {
            Some((number, power)) => (number, exponent(power)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = match number.split_once('.') {
            Some((_, "")) => return Err(DecimalError::Malformed),
            Some(parts) => parts,
            None => (number, ""),
        };
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let leading_zero = 1 < whole.len() && whole.starts_with('0');
        if whole.is_empty() || leading_zero || !all_digits(whole) || !all_digits(fraction) {
            return Err(DecimalError::Malformed);
        }
        let fraction = fraction.trim_end_matches('0');
        let whole = whole.trim_start_matches('0');
        if DIGITS_MAX < whole.len() + fraction.len() {
            return Err(DecimalError::OutOfRange);
        }
        let digits = whole.bytes().chain(fraction.bytes());
        let size = digits.fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
        let exponent = power - i32::try_from(fraction.len()).unwrap_or(i32::MAX);
        if size != 0 && !(-EXPONENT_MAX..=EXPONENT_MAX).contains(&exponent) {
            return Err(DecimalError::OutOfRange);
        }
        let mantissa = if negative { -size } else { size };
        Ok(if size == 0 { Decimal::new(0, 0) } else { Decimal { mantissa, exponent } })
    }

    /// This value in units of 10^-`decimals`, halves rounded away from zero; `None` beyond 64 bits.
    pub fn rounded(self, decimals: u8) -> Option<i64> {
        let shift = self.exponent + i32::from(decimals);
        let power = 10_i64.checked_pow(shift.unsigned_abs());
        if 0 <= shift {
            return self.mantissa.checked_mul(power?);
        }
        let Some(divisor) = power else {
            return Some(0); // Smaller than any resolution.
        };
        let (quotient, rest) = (self.mantissa / divisor, self.mantissa % divisor);
        let rounds_up = divisor - rest.abs() <= rest.abs();
        Some(quotient + if rounds_up { self.mantissa.signum() } else { 0 })
    }

    /// The significant digits and the power of ten.
    pub const fn parts(self) -> (i64, i32) {
        (self.mantissa, self.exponent)
    }
}

fn exponent(text: &str) -> Result<i32, DecimalError> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(DecimalError::Malformed);
    }
    let size: i32 = digits.parse().map_err(|_| DecimalError::OutOfRange)?;
    if 1_000 < size {
        return Err(DecimalError::OutOfRange);
    }
    Ok(if text.starts_with('-') { -size } else { size })
}

/// Writes `value` × 10^-`decimals` in plain digits: 371 with one decimal is `37.1`.
pub fn plain(value: i64, decimals: u8) -> String {
    if decimals == 0 {
        return value.to_string();
    }
    let scale = 10_u64.pow(u32::from(decimals));
    let size = value.unsigned_abs();
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}{}.{:0width$}", size / scale, size % scale, width = usize::from(decimals))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_json_numbers_exactly() {
        let cases = [
            ("98.60", 986, -1),
            ("0.30", 3, -1),
            ("-4", -4, 0),
            ("1.4e2", 14, 1),
            ("0", 0, 0),
            ("-0.0", 0, 0),
            ("120", 120, 0),
            ("1E-3", 1, -3),
            ("0.000", 0, 0),
        ];
        for (text, mantissa, exponent) in cases {
            assert_eq!(Decimal::parse(text), Ok(Decimal::new(mantissa, exponent)), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_not_a_measured_number() {
        for text in
            ["NaN", "Infinity", "", "-", "1.", ".5", "01", "1e", "0x1F", "1_000", "+1", " 1"]
        {
            assert_eq!(Decimal::parse(text), Err(DecimalError::Malformed), "{text}");
        }
        for text in ["1e400", "1e-400", "1234567890123456789", "1e99999999999"] {
            assert_eq!(Decimal::parse(text), Err(DecimalError::OutOfRange), "{text}");
        }
    }

    #[test]
    fn rounds_halves_away_from_zero() {
        let rounded = |text: &str, decimals| Decimal::parse(text).unwrap().rounded(decimals);
        assert_eq!(rounded("38.04", 1), Some(380));
        assert_eq!(rounded("38.05", 1), Some(381));
        assert_eq!(rounded("-2.5", 0), Some(-3));
        assert_eq!(rounded("20.5", 0), Some(21));
        assert_eq!(rounded("0.4999", 0), Some(0));
        assert_eq!(rounded("1e-18", 2), Some(0));
        assert_eq!(rounded("1e18", 2), None);
    }

    #[test]
    fn prints_in_plain_digits() {
        assert_eq!([plain(371, 1), plain(-5, 2), plain(16, 0)], ["37.1", "-0.05", "16"]);
    }
}
