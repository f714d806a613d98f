//! FIB-4 of a patient's newest week of results.

use crate::domain::decimal::plain;
use crate::rules::assessment::{Assessment, Cell, InputKind, Row, Rule, RuleInput};
use crate::rules::fib4::{AGE_YEARS_CAUTION, AGE_YEARS_MIN, Band, band, index};
use crate::rules::rows::formula::{Computed, computed, exact, fixed};

/// The rule.
pub static FIB4: Rule = Rule {
    name: "fib4",
    inputs: &[
        RuleInput { name: "aspartate_aminotransferase", kind: InputKind::Reading },
        RuleInput { name: "alanine_aminotransferase", kind: InputKind::Reading },
        RuleInput { name: "platelets", kind: InputKind::Reading },
        RuleInput { name: "age", kind: InputKind::Age },
    ],
    scored: false,
    parameters: &[],
    subjects: &["fib4"],
    bands: &[Band::Low.name(), Band::Indeterminate.name(), Band::High.name()],
    value: "FIB-4",
    decimals: 2,
    assess,
};

const AST: usize = 0;
const ALT: usize = 1;
const PLATELETS: usize = 2;
const AGE: usize = 3;

fn assess(row: &Row<'_>) -> Assessment {
    let Cell::Age { least, greatest } = *row.cell(AGE) else {
        return Assessment::not_computable("missing: age");
    };
    if least < AGE_YEARS_MIN {
        return Assessment::not_applicable(format!("younger than {AGE_YEARS_MIN} years"));
    }
    let read = match exact(row, FIB4.inputs, [AST, ALT, PLATELETS]) {
        Ok(read) => read,
        Err(nothing) => return *nothing,
    };
    let [ast, alt, platelets] = read.map(|reading| reading.number());
    // Of a birth year alone, the greater age: the index is at most 2 % higher.
    let Some(index) = index(greatest, ast, alt, platelets) else {
        return Assessment::not_computable("ALT and platelets are above 0");
    };
    let Some(value) = fixed(index, FIB4.decimals) else {
        return Assessment::not_computable("the index is out of any range");
    };
    let band = match band(index, greatest) {
        Band::Low => 0,
        Band::Indeterminate => 1,
        Band::High => 2,
    };
    let values = vec![("score", plain(value, FIB4.decimals))];
    let used = [AST, ALT, PLATELETS];
    let mut assessment = computed(row, FIB4.inputs, &used, Computed { value, band, values });
    if greatest < AGE_YEARS_CAUTION {
        let note = format!("to be read with caution under {AGE_YEARS_CAUTION} years");
        assessment.notes.push(note);
    }
    assessment
}
