//! The Pooled Cohort Equations: 10-year risk of atherosclerotic disease, for guidelines that still ask
//! for it (ACC/AHA cholesterol 2018, blood pressure 2017).
//!
//! Source: Goff DC et al., Circulation 2014;129(suppl 2):S49-73, appendix 7. From 40 to 79 years. They
//! hold a term for race, which is why PREVENT is preferred and these are off unless asked for. The
//! paper's worked examples round intermediate terms: 5.3 % is 5.38 % in exact arithmetic.

/// Whom the equations are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Women, white or other.
    WhiteWomen,
    /// Black women.
    BlackWomen,
    /// Men, white or other.
    WhiteMen,
    /// Black men.
    BlackMen,
}

/// Whom the risk is of.
#[derive(Clone, Copy, Debug)]
pub struct Situation {
    /// The group.
    pub group: Group,
    /// Age in years.
    pub age: f64,
    /// Total cholesterol in mg/dL.
    pub total_cholesterol: f64,
    /// HDL cholesterol in mg/dL.
    pub hdl_cholesterol: f64,
    /// Systolic blood pressure in `mm[Hg]`.
    pub systolic: f64,
    /// On treatment for blood pressure.
    pub is_treated: bool,
    /// A smoker.
    pub is_smoker: bool,
    /// Diabetes.
    pub has_diabetes: bool,
}

/// The ages the equations are for, both included (Goff 2014).
pub const AGE: (f64, f64) = (40.0, 79.0);

/// A row of the table: the coefficients of a group.
#[derive(Clone, Copy, Debug)]
struct Coefficients {
    ln_age: f64,
    ln_age_squared: f64,
    ln_total: f64,
    ln_age_total: f64,
    ln_hdl: f64,
    ln_age_hdl: f64,
    ln_treated: f64,
    ln_age_treated: f64,
    ln_untreated: f64,
    ln_age_untreated: f64,
    smoker: f64,
    ln_age_smoker: f64,
    diabetes: f64,
    mean: f64,
    survival: f64,
}

const fn row(c: [f64; 15]) -> Coefficients {
    let [
        ln_age,
        ln_age_squared,
        ln_total,
        ln_age_total,
        ln_hdl,
        ln_age_hdl,
        ln_treated,
        ln_age_treated,
        ln_untreated,
        ln_age_untreated,
        smoker,
        ln_age_smoker,
        diabetes,
        mean,
        survival,
    ] = c;
    Coefficients {
        ln_age,
        ln_age_squared,
        ln_total,
        ln_age_total,
        ln_hdl,
        ln_age_hdl,
        ln_treated,
        ln_age_treated,
        ln_untreated,
        ln_age_untreated,
        smoker,
        ln_age_smoker,
        diabetes,
        mean,
        survival,
    }
}

// Goff 2014, table A.
//  ln age, its square, ln TC, x age, ln HDL, x age, ln treated SBP, x age, ln untreated SBP, x age,
//  smoker, x age, diabetes, mean, baseline survival
#[rustfmt::skip]
const WHITE_WOMEN: Coefficients = row([-29.799, 4.884, 13.54, -3.114, -13.578, 3.149, 2.019, 0.0, 1.957, 0.0, 7.574, -1.665, 0.661, -29.1817, 0.9665]);
#[rustfmt::skip]
const BLACK_WOMEN: Coefficients = row([17.114, 0.0, 0.94, 0.0, -18.92, 4.475, 29.291, -6.432, 27.82, -6.087, 0.691, 0.0, 0.874, 86.6081, 0.9533]);
#[rustfmt::skip]
const WHITE_MEN: Coefficients = row([12.344, 0.0, 11.853, -2.664, -7.99, 1.769, 1.797, 0.0, 1.764, 0.0, 7.837, -1.795, 0.658, 61.1816, 0.9144]);
#[rustfmt::skip]
const BLACK_MEN: Coefficients = row([2.469, 0.0, 0.302, 0.0, -0.307, 0.0, 1.916, 0.0, 1.809, 0.0, 0.549, 0.0, 0.645, 19.5425, 0.8954]);

/// The 10-year risk, 0 to 1.
pub fn risk(s: &Situation) -> f64 {
    let c = match s.group {
        Group::WhiteWomen => WHITE_WOMEN,
        Group::BlackWomen => BLACK_WOMEN,
        Group::WhiteMen => WHITE_MEN,
        Group::BlackMen => BLACK_MEN,
    };
    let ln_age = s.age.ln();
    let (total, hdl) = (s.total_cholesterol.ln(), s.hdl_cholesterol.ln());
    let (pressure, age_pressure) = match s.is_treated {
        true => (c.ln_treated, c.ln_age_treated),
        false => (c.ln_untreated, c.ln_age_untreated),
    };
    let mut sum = c.ln_age * ln_age + c.ln_age_squared * ln_age * ln_age;
    sum += (c.ln_total + c.ln_age_total * ln_age) * total;
    sum += (c.ln_hdl + c.ln_age_hdl * ln_age) * hdl;
    sum += (pressure + age_pressure * ln_age) * s.systolic.ln();
    if s.is_smoker {
        sum += c.smoker + c.ln_age_smoker * ln_age;
    }
    if s.has_diabetes {
        sum += c.diabetes;
    }
    1.0 - c.survival.powf((sum - c.mean).exp())
}
