//! A model's card: what whoever decides about it must be able to read, key by key.
//!
//! Source: the source attributes of a predictive decision support intervention, 45 CFR 170.315(b)(11)(iv)(B), as
//! adopted by HTI-1 (89 FR 1192, 9 January 2024). A card answers every key; what is not known is written as not known.

use std::collections::BTreeMap;

use serde_saphyr::Spanned;

use crate::pipeline::file::FileError;

/// The keys of a card, in the order of the rule, with what each is asked for.
pub const KEYS: [(&str, &str); 31] = [
    ("developer_contact", "name and contact of the developer"),
    ("funding_source", "who funded the technical implementation"),
    ("output_value", "what value is produced"),
    ("output_type", "prediction / classification / recommendation / evaluation / analysis / other"),
    ("intended_use", "intended use"),
    ("intended_population", "intended patients"),
    ("intended_users", "intended users"),
    ("decision_role", "informs / augments / replaces clinical management"),
    ("cautioned_uses", "tasks, situations, populations to avoid"),
    ("risks_limitations", "known risks, inappropriate settings/uses, limitations"),
    ("train_in_exclusion", "inclusion/exclusion criteria of training data"),
    ("demographic_inputs", "use of the (A)(5)-(13) variables as inputs"),
    ("demographic_representativeness", "representativeness on those variables"),
    ("training_relevance", "relevance of training data to the deployed setting"),
    ("fairness_approach", "how output is made fair"),
    ("bias_management", "how bias is managed, reduced, eliminated"),
    ("ext_data_source", "data source/setting other than training and test"),
    ("ext_party", "who ran the external test"),
    ("ext_representativeness", "representativeness of external data"),
    ("ext_process", "how the external validation was done"),
    ("validity_internal", "validity, test data from same source"),
    ("fairness_internal", "fairness, test data from same source"),
    ("validity_external", "validity, external data"),
    ("fairness_external", "fairness, external data"),
    ("outcome_references", "references to outcome evaluations"),
    ("validity_monitoring", "process and frequency of validity monitoring"),
    ("validity_local", "validity in local data"),
    ("fairness_monitoring", "process and frequency of fairness monitoring"),
    ("fairness_local", "fairness in local data"),
    ("update_process", "process and frequency of updates"),
    ("correction_frequency", "frequency of correction when validity/fairness risks found"),
];

/// A card that answers every key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelCard {
    answers: Vec<String>,
}

impl ModelCard {
    /// Reads a card.
    ///
    /// # Errors
    /// Which key is missing, unknown or has no answer.
    pub fn read(text: &str) -> Result<ModelCard, FileError> {
        let mut given: BTreeMap<String, Spanned<String>> =
            serde_saphyr::from_str(text).map_err(FileError::yaml)?;
        let mut answers = Vec::new();
        for (key, meaning) in KEYS {
            let answer = given.remove(key).ok_or_else(|| {
                FileError::Yaml(format!("the card does not answer `{key}`: {meaning}"))
            })?;
            if answer.value.trim().is_empty() {
                return Err(FileError::at(
                    &answer,
                    format!("`{key}` has no answer, expected {meaning}"),
                ));
            }
            answers.push(answer.value);
        }
        match given.into_iter().next() {
            Some((key, answer)) => {
                Err(FileError::at(&answer, format!("`{key}` is no key of a card")))
            }
            None => Ok(ModelCard { answers }),
        }
    }

    /// Its answers with their keys, in the order of the rule.
    pub fn answers(&self) -> impl Iterator<Item = (&'static str, &str)> {
        KEYS.iter().map(|(key, _)| *key).zip(self.answers.iter().map(|answer| answer.trim()))
    }
}
