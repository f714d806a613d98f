//! Drug allergies against everything a patient is given or about to be given.

use crate::domain::coding::ATC;
use crate::rules::assessment::{
    Assessment, Finding, Findings, InputKind, Outcome, Row, Rule, RuleInput, Told,
};
use crate::rules::drug_allergy::{Kind, alert};
use crate::rules::rows::ingredient_names::INGREDIENTS;

/// The rule.
pub static DRUG_ALLERGY: Rule = Rule {
    name: "drug_allergy",
    inputs: &[
        RuleInput { name: "allergies", kind: InputKind::List },
        RuleInput { name: "medicines", kind: InputKind::List },
    ],
    scored: false,
    parameters: &[],
    subjects: &["drug-allergy"],
    bands: &["info", "warn-shared-side-chain", "block-review", "block"],
    value: "medicines that meet an allergy",
    decimals: 0,
    assess,
};

const ALLERGIES: usize = 0;
const MEDICINES: usize = 1;

/// Reactions of the skin or of organs after which a drug is never given again (Khan 2022): Stevens-Johnson syndrome,
/// toxic epidermal necrolysis, DRESS; SNOMED CT and ICD-10-CM.
const SEVERE: [&str; 7] = [
    "http://snomed.info/sct|73442001",
    "http://snomed.info/sct|768962006",
    "http://snomed.info/sct|702809001",
    "http://hl7.org/fhir/sid/icd-10-cm|L51.1",
    "http://hl7.org/fhir/sid/icd-10-cm|L51.2",
    "http://hl7.org/fhir/sid/icd-10-cm|L51.3",
    "http://hl7.org/fhir/sid/icd-10-cm|D72.12",
];

/// A medicine that meets an allergy, how gravely.
struct Met<'r> {
    band: usize,
    allergy: &'r Told,
    medicine: &'r Told,
}

fn assess(row: &Row<'_>) -> Assessment {
    let mut met: Vec<Met<'_>> = Vec::new();
    for allergy in row.told(ALLERGIES) {
        for medicine in row.told(MEDICINES) {
            let said = alert(name_of(allergy), name_of(medicine), kind_of(allergy));
            if let Some(band) = DRUG_ALLERGY.bands.iter().position(|band| *band == said) {
                met.push(Met { band, allergy, medicine });
            }
        }
    }
    let value = i64::try_from(met.len()).unwrap_or(i64::MAX);
    let worst = met.iter().map(|one| one.band).max();
    let finding = worst.map(|band| finding(band, &met));
    Assessment::new(Outcome::Final { value }, Findings::Known(finding.into_iter().collect()))
}

fn finding(band: usize, met: &[Met<'_>]) -> Finding {
    let texts = met.iter().filter(|one| one.band == band).map(|one| {
        let reactions = match one.allergy.about.is_empty() {
            true => String::new(),
            false => format!(" ({})", one.allergy.about),
        };
        format!("{} with an allergy to {}{reactions}", one.medicine.label, one.allergy.label)
    });
    let met_by = texts.collect::<Vec<_>>().join("; ");
    let mut evidence: Vec<usize> =
        met.iter().flat_map(|one| [one.allergy.evidence, one.medicine.evidence]).collect();
    evidence.sort_unstable();
    evidence.dedup();
    Finding { band, band_most: band, evidence, values: vec![("met", met_by)], ..Finding::default() }
}

/// What the table of kinships calls it: by its ATC code, else as the record names it.
fn name_of(told: &Told) -> &str {
    let atc = told.codes.iter().filter(|code| code.system == ATC);
    let mut named = atc.filter_map(|code| {
        INGREDIENTS.iter().find(|(known, _)| *known == code.code).map(|(_, name)| *name)
    });
    named.next().unwrap_or(&told.label)
}

/// What a record says. One that is refuted or inactive is no longer among those in force.
fn kind_of(allergy: &Told) -> Kind {
    let is_severe = allergy.about.split(", ").any(|reaction| SEVERE.contains(&reaction));
    match allergy.kind.as_str() {
        _ if is_severe => Kind::SevereReaction,
        "intolerance" => Kind::Intolerance,
        _ => Kind::Allergy,
    }
}
