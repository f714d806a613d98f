//! The QT interval: corrected for the rate, and what makes it dangerous (TX-04).
//!
//! Source: Drew BJ et al., Circulation 2010;121:1047-60 (AHA/ACCF); Bazett HC, Heart 1920;7:353-70;
//! Fridericia LS, Acta Med Scand 1920;53:469-86. Bazett corrects too much above 90/min: prefer Fridericia,
//! and keep the method with the value. Wide QRS and pacing make it say nothing. Which drugs are of known
//! risk is a licensed list (CredibleMeds) that does not ship here.

/// What is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Situation {
    /// Drugs of known risk that are taken now.
    pub n_drugs: Option<u32>,
    /// QTc in ms.
    pub qtc: Option<i64>,
    /// QTc before the drugs, in ms.
    pub qtc_baseline: Option<i64>,
    /// Potassium in hundredths of mmol/L.
    pub potassium: Option<i64>,
    /// Magnesium in hundredths of mg/dL.
    pub magnesium: Option<i64>,
}

// Drew 2010: QTc ≥ 500 ms, or ≥ 60 ms more than before.
const QTC_LONG: i64 = 500;
const QTC_RISE: i64 = 60;
// Drew 2010, SPEC TX-04: potassium < 3.5 mmol/L, magnesium < 1.7 mg/dL.
const POTASSIUM_MIN: i64 = 350;
const MAGNESIUM_MIN: i64 = 170;

/// What is dangerous about it. Nothing is flagged by what was not measured.
pub fn flags(situation: &Situation) -> Vec<&'static str> {
    let n_drugs = situation.n_drugs.unwrap_or(0);
    let rise = situation.qtc.zip(situation.qtc_baseline).map(|(qtc, before)| qtc - before);
    let is_electrolyte = situation.potassium.is_some_and(|potassium| potassium < POTASSIUM_MIN)
        || situation.magnesium.is_some_and(|magnesium| magnesium < MAGNESIUM_MIN);
    let flags = [
        ("combo", 2 <= n_drugs),
        ("qtc>=500", situation.qtc.is_some_and(|qtc| QTC_LONG <= qtc)),
        ("delta>=60", rise.is_some_and(|rise| QTC_RISE <= rise)),
        ("electrolyte", 1 <= n_drugs && is_electrolyte),
    ];
    flags.into_iter().filter(|(_, is_met)| *is_met).map(|(name, _)| name).collect()
}

/// QTc in ms by Bazett, from QT in ms and beats a minute: QT / √RR. `None` where nothing beats.
pub fn bazett(qt: f64, heart_rate: f64) -> Option<f64> {
    seconds_between(heart_rate).map(|seconds| qt / seconds.sqrt())
}

/// QTc in ms by Fridericia: QT / ∛RR.
pub fn fridericia(qt: f64, heart_rate: f64) -> Option<f64> {
    seconds_between(heart_rate).map(|seconds| qt / seconds.cbrt())
}

fn seconds_between(heart_rate: f64) -> Option<f64> {
    Some(60.0 / heart_rate).filter(|_| 0.0 < heart_rate)
}
