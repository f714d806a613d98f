//! Values of a laboratory that somebody is called for.
//!
//! There is no universal list: these are the defaults, to be replaced by each laboratory's own. Sources,
//! by row: Mayo Clinic Laboratories, critical values DLMP CL041647 (haematology); Houston Methodist,
//! critical values (chemistry); the others are this project's. What the laboratory itself marks as
//! critical comes first.

/// Which way a value is critical.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Critical {
    /// Too low.
    Low,
    /// Too high.
    High,
}

impl Critical {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Critical::Low => "low",
            Critical::High => "high",
        }
    }
}

/// The limits of one analyte.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The analyte.
    pub analyte: &'static str,
    /// Critical at it and below, in hundredths.
    pub low: Option<i64>,
    /// Critical at it and above, in hundredths.
    pub high: Option<i64>,
}

const fn limits(analyte: &'static str, low: Option<i64>, high: Option<i64>) -> Limits {
    Limits { analyte, low, high }
}

/// The defaults.
pub const DEFAULTS: &[Limits] = &[
    // Mayo: g/dL, 10³/µL, 10³/µL, 10³/µL, {INR}.
    limits("hemoglobin", Some(600), Some(2_000)),
    limits("platelets", Some(4_000), Some(100_000)),
    limits("anc", Some(50), None),
    limits("wbc", None, Some(10_000)),
    limits("inr", None, Some(500)),
    // Houston Methodist: mg/dL, mg/dL, mmol/L, mg/dL, pH.
    limits("glucose", Some(5_000), Some(40_000)),
    limits("calcium", Some(650), Some(1_300)),
    limits("ionized_calcium", Some(75), Some(150)),
    limits("magnesium", Some(100), Some(450)),
    limits("ph", Some(720), Some(760)),
    // This project: mmol/L.
    limits("potassium", Some(250), Some(600)),
    limits("sodium", Some(12_000), Some(16_000)),
    limits("bicarbonate", Some(1_000), Some(4_000)),
    limits("lactate", None, Some(400)),
];

impl Limits {
    /// Whether a value, in units of 10^-`decimals` of the analyte's, is critical.
    pub fn judge(&self, value: i64, decimals: u8) -> Option<Critical> {
        let value = thousandths(value, decimals);
        if self.low.is_some_and(|low| value <= thousandths(low, LIMIT_DECIMALS)) {
            return Some(Critical::Low);
        }
        let is_high = self.high.is_some_and(|high| thousandths(high, LIMIT_DECIMALS) <= value);
        Some(Critical::High).filter(|_| is_high)
    }
}

/// Limits are hundredths.
pub const LIMIT_DECIMALS: u8 = 2;

/// Values and limits are compared in thousandths, the finest resolution of an analyte (pH). What knows no end
/// stays without one.
fn thousandths(value: i64, decimals: u8) -> i64 {
    value.saturating_mul(10_i64.pow(u32::from(3_u8.saturating_sub(decimals))))
}
