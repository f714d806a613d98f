//! How well a risk ranks cases before others: the two areas by which predictors are compared.
//!
//! The area under the receiver operating curve is the chance that a case ranks before another; the average precision
//! is the mean of the precision over recall, by steps. The scorer of the PhysioNet/CinC Challenge 2019 (Reyna MA et al.,
//! Crit Care Med 2020;48:210-7, and its published evaluation) leaves out what lies below its last threshold above
//! 0, and what reaches 1: `challenge_areas` does as it does, to be compared with it.

/// A risk, and whether what it is of came.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ranked {
    /// The risk; never NaN.
    pub risk: f64,
    /// Whether it is a case.
    pub is_case: bool,
}

/// Cases and others at and above each distinct risk, from the greatest down.
fn counts(ranked: &mut [Ranked]) -> Vec<(f64, f64)> {
    ranked.sort_by(|a, b| b.risk.total_cmp(&a.risk));
    let mut counts = Vec::new();
    let (mut cases, mut others) = (0.0, 0.0);
    for same in ranked.chunk_by(|a, b| a.risk.total_cmp(&b.risk).is_eq()) {
        for one in same {
            if one.is_case { cases += 1.0 } else { others += 1.0 }
        }
        counts.push((cases, others));
    }
    counts
}

/// The chance that a case has a greater risk than another, ties counting half; `None` without both.
pub fn roc_area(ranked: &mut [Ranked]) -> Option<f64> {
    let counts = counts(ranked);
    let (all_cases, all_others) = counts.last().copied().filter(|(c, o)| 0.0 < *c && 0.0 < *o)?;
    let (mut area, mut before) = (0.0, (0.0, 0.0));
    for (cases, others) in counts {
        area += (others - before.1) / all_others * (cases + before.0) / (2.0 * all_cases);
        before = (cases, others);
    }
    Some(area)
}

/// The mean of the precision over recall, by steps; `None` without a case.
pub fn average_precision(ranked: &mut [Ranked]) -> Option<f64> {
    let counts = counts(ranked);
    let (all_cases, _) = counts.last().copied().filter(|(cases, _)| 0.0 < *cases)?;
    let (mut area, mut before) = (0.0, 0.0);
    for (cases, others) in counts {
        area += (cases - before) / all_cases * cases / (cases + others);
        before = cases;
    }
    Some(area)
}

/// Both areas as the challenge's scorer has them: rows of a risk of 0, or of 1, are no step of either curve. `None` without cases
/// or without others.
pub fn challenge_areas(ranked: &mut [Ranked]) -> Option<(f64, f64)> {
    let is_case = |one: &&Ranked| one.is_case;
    let all_cases = counted(ranked.iter().filter(is_case).count());
    let all_others = counted(ranked.len()) - all_cases;
    if all_cases <= 0.0 || all_others <= 0.0 {
        return None;
    }
    ranked.sort_by(|a, b| b.risk.total_cmp(&a.risk));
    let n_above = ranked.partition_point(|one| 0.0 < one.risk);
    let (mut area, mut precision, mut before) = (0.0, 0.0, (0.0, 0.0));
    let is_certain = ranked.first().is_some_and(|one| 1.0 <= one.risk);
    for (step, (cases, others)) in counts(ranked.get_mut(..n_above)?).into_iter().enumerate() {
        // Its curve begins at the threshold 1, with what reaches it.
        if step == 0 && is_certain {
            before = (cases, others);
            continue;
        }
        let (rate, specificity) = (cases / all_cases, 1.0 - others / all_others);
        let specificity_before = 1.0 - before.1 / all_others;
        let rise = rate - before.0 / all_cases;
        area += 0.5 * rise * (specificity + specificity_before);
        precision += rise * cases / (cases + others);
        before = (cases, others);
    }
    Some((area, precision))
}

#[expect(clippy::as_conversions, reason = "counts of rows are far below 2^53")]
const fn counted(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranked(risks: &[(f64, bool)]) -> Vec<Ranked> {
        risks.iter().map(|(risk, is_case)| Ranked { risk: *risk, is_case: *is_case }).collect()
    }

    #[test]
    fn areas_are_those_of_small_cases_by_hand() {
        let mut perfect = ranked(&[(0.9, true), (0.8, true), (0.2, false)]);
        assert_eq!(roc_area(&mut perfect), Some(1.0));
        assert_eq!(average_precision(&mut perfect), Some(1.0));
        // Pairs: 0.9 beats both, 0.4 beats one of two: 3 of 4. Precision: 1 of 1, then 2 of 3.
        let mut mixed = ranked(&[(0.9, true), (0.5, false), (0.4, true), (0.1, false)]);
        assert_eq!(roc_area(&mut mixed), Some(0.75));
        assert!((average_precision(&mut mixed).unwrap() - (0.5 + 0.5 * 2.0 / 3.0)).abs() < 1e-12);
        // A tie counts half.
        let mut tied = ranked(&[(0.5, true), (0.5, false)]);
        assert_eq!(roc_area(&mut tied), Some(0.5));
    }

    #[test]
    fn without_cases_or_others_there_is_no_area() {
        assert_eq!(roc_area(&mut ranked(&[(0.5, true)])), None);
        assert_eq!(average_precision(&mut ranked(&[(0.5, false)])), None);
        assert_eq!(roc_area(&mut []), None);
    }
}
