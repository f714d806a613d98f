//! Checks of interactions and allergies (SPEC 8, TX-10 and TX-11).

use serde_json::{Value, json};

use crate::checks::check::{Check, CheckError};
use crate::checks::incidental::any_stated;
use crate::checks::inputs::Inputs;
use crate::checks::laboratory::not_computable;
use crate::rules::drug_allergy::{self, Kind};
use crate::rules::drug_interaction::{self, Stopped};

pub(super) static CHECKS: &[Check] = &[
    Check {
        number: "43",
        name: "ddi_onc15",
        source: "Phansalkar 2012, J Am Med Inform Assoc 19:735",
        edition: "ONC high-priority list, 2012",
        inputs: "a, b (ATC codes), same_time",
        output: "status, pairs, hazards",
        run: ddi_onc15,
    },
    Check {
        number: "43b",
        name: "ddi_washout",
        source: "US labels of MAO inhibitors and fluoxetine",
        edition: "14 d, fluoxetine 35 d",
        inputs: "stopped (maoi, ssri, fluoxetine), start_day_gap d",
        output: "status, flag, washout_days",
        run: ddi_washout,
    },
    Check {
        number: "44",
        name: "allergy",
        source: "Khan 2022, J Allergy Clin Immunol 150:1333",
        edition: "2022; side chains of this project",
        inputs: "allergen, drug, type_ (allergy, intolerance), verification, clinical_status, scar, \
                 reaction",
        output: "alert",
        run: allergy,
    },
];

fn ddi_onc15(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let (one, other) = (inputs.optional_text("a")?, inputs.optional_text("b")?);
    let is_together = inputs.optional_flag("same_time")?.unwrap_or(true);
    let Some((one, other)) = one.zip(other) else { return Ok(not_computable(&["a", "b"])) };
    let pairs = drug_interaction::pairs_of(one, other);
    let pairs: Vec<_> = pairs.into_iter().filter(|_| is_together).collect();
    let numbers: Vec<i64> = pairs.iter().map(|pair| pair.number).collect();
    let hazards: Vec<&str> = pairs.iter().map(|pair| pair.hazard).collect();
    Ok(json!({ "status": "final", "pairs": numbers, "hazards": hazards }))
}

fn ddi_washout(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let words = [
        ("maoi", Stopped::MaoInhibitor),
        ("fluoxetine", Stopped::Fluoxetine),
        ("ssri", Stopped::Serotonergic),
        ("serotonergic", Stopped::Serotonergic),
    ];
    let stopped = inputs.word("stopped", &words)?;
    let days = inputs.optional_rounded("start_day_gap", 0)?;
    Ok(json!({
        "status": if days.is_some() { "final" } else { "not-computable" },
        "flag": days.map(|days| drug_interaction::is_too_early(stopped, days)),
        "washout_days": stopped.washout_days(),
    }))
}

/// Words of records that are not in force.
const NOT_IN_FORCE: [&str; 4] = ["refuted", "entered-in-error", "inactive", "resolved"];
/// Reactions of skin and organs that forbid the drug for good.
const SEVERE: [&str; 8] =
    ["scar", "sjs", "ten", "sjs/ten", "dress", "agep", "severe-cutaneous", "true"];

fn allergy(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let (allergen, drug) = (inputs.optional_text("allergen")?, inputs.optional_text("drug")?);
    let mut is_in_force = true;
    for key in ["verification", "verification_status", "verificationStatus", "status"]
        .into_iter()
        .chain(["clinical_status", "clinicalStatus", "clinical"])
    {
        let said = inputs.optional_text(key)?;
        is_in_force &= !said.is_some_and(|said| NOT_IN_FORCE.contains(&said));
    }
    let mut is_severe = any_stated(inputs, &["scar", "severe_cutaneous"])?;
    for key in ["reaction", "severity"] {
        let said = inputs.optional_text(key)?.map(str::to_lowercase);
        is_severe |= said.is_some_and(|said| SEVERE.contains(&said.as_str()));
    }
    let words = [("allergy", false), ("intolerance", true)];
    let is_intolerance = inputs.optional_word("type_", &words)?.unwrap_or(false);
    let Some((allergen, drug)) = allergen.zip(drug) else {
        return Ok(not_computable(&["allergen", "drug"]));
    };
    let kind = match (is_in_force, is_severe, is_intolerance) {
        (false, _, _) => Kind::NotInForce,
        (true, true, _) => Kind::SevereReaction,
        (true, false, true) => Kind::Intolerance,
        (true, false, false) => Kind::Allergy,
    };
    Ok(json!({ "status": "final", "alert": drug_allergy::alert(allergen, drug, kind) }))
}
