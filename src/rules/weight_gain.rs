//! Weight gain in heart failure, by a scale at home.
//!
//! Source: what AHA and HFSA tell patients (2-3 lb in a day, 5 lb in a week). The evidence is weak: gain
//! begins some 30 days before admission (Chaudhry SI et al., Circulation 2007;116:1549-54), and such rules
//! find 21 to 46 % (Ledwidge 2013). So it is a notice of low priority that asks for symptoms, and never
//! changes a diuretic. Pounds are rounded to hundredths: 2.0 lb kept as kilograms comes back as 1.99999.

/// One weight, by the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weight {
    /// The local day, counted from any one day.
    pub day: i64,
    /// Hundred-thousandths of a kilogram: grams would lose a pound's hundredths.
    pub weight: i64,
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing.
    None,
    /// Tell, and ask for symptoms.
    Notify,
    /// Weigh again: the scale or the person is another.
    Verify,
}

impl Action {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Action::None => "none",
            Action::Notify => "notify",
            Action::Verify => "verify-weight",
        }
    }
}

/// What was gained, in hundredths of a pound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gain {
    /// Since the day before; `None` where nobody weighed then.
    pub day: Option<i64>,
    /// Since the oldest weight of the last seven days.
    pub week: Option<i64>,
    /// What follows.
    pub action: Action,
}

// AHA/HFSA: 2 lb in a day, 5 lb in seven days; in hundredths of a pound.
const DAY_MIN: i64 = 200;
const WEEK_MIN: i64 = 500;
const WEEK_DAYS: i64 = 7;
// This project: a step of more than 5 kg between weights is no gain.
const STEP_MAX: i64 = 500_000;
// 1 lb is 0.45359237 kg by definition.
const POUND: i128 = 45_359_237;

/// Hundredths of a pound of hundred-thousandths of a kilogram, to the nearest.
fn pounds(weight: i64) -> i64 {
    // 10^-5 kg over 0.45359237 kg, times 100: × 10^5 / POUND.
    let scaled = 2 * i128::from(weight) * 100_000 + POUND;
    i64::try_from(scaled.div_euclid(2 * POUND)).unwrap_or(i64::MAX)
}

/// What was gained up to the newest weight. The last of several on a day counts.
pub fn gain(weights: &[Weight]) -> Gain {
    let mut by_day: Vec<Weight> = Vec::new();
    let mut order: Vec<&Weight> = weights.iter().collect();
    order.sort_by_key(|weight| weight.day);
    for weight in order {
        match by_day.last_mut().filter(|last| last.day == weight.day) {
            Some(last) => *last = *weight,
            None => by_day.push(*weight),
        }
    }
    let Some((newest, earlier)) = by_day.split_last() else {
        return Gain { day: None, week: None, action: Action::None };
    };
    let since = |weight: &Weight| pounds(newest.weight - weight.weight);
    let day = earlier.last().filter(|weight| newest.day - weight.day == 1).map(since);
    let week = earlier.iter().find(|weight| newest.day - weight.day <= WEEK_DAYS).map(since);
    let is_step =
        earlier.last().is_some_and(|weight| STEP_MAX < (newest.weight - weight.weight).abs());
    let is_gain =
        day.is_some_and(|gain| DAY_MIN <= gain) || week.is_some_and(|gain| WEEK_MIN <= gain);
    let action = match (is_step, is_gain) {
        (true, _) => Action::Verify,
        (false, true) => Action::Notify,
        (false, false) => Action::None,
    };
    Gain { day, week, action }
}
