//! What ships with the program: the files of `pipelines/`, the folders of `models/`.

use std::borrow::Cow;
use std::sync::Once;

use crate::model::shelf;
use crate::pipeline::model_file::ModelFile;

macro_rules! shipped {
    ($($path:literal,)*) => {
        &[$((
            concat!("pipelines/", $path),
            include_str!(concat!("../../pipelines/", $path)),
        ),)*]
    };
}

/// The definitions that ship: every file of `pipelines/`.
pub const FILES: &[(&str, &str)] = shipped![
    "value-sets/alcohol-use-disorder.yaml",
    "value-sets/anticoagulants.yaml",
    "value-sets/antihypertensives.yaml",
    "value-sets/antiplatelets.yaml",
    "value-sets/apixaban.yaml",
    "value-sets/atherosclerotic-disease.yaml",
    "value-sets/atrial-fibrillation.yaml",
    "value-sets/bleeding-history.yaml",
    "value-sets/cardiovascular-disease.yaml",
    "value-sets/chronic-organ-dysfunction.yaml",
    "value-sets/cirrhosis.yaml",
    "value-sets/diabetes.yaml",
    "value-sets/diuretics.yaml",
    "value-sets/heart-failure.yaml",
    "value-sets/hypertension.yaml",
    "value-sets/mechanical-valve-or-mitral-stenosis.yaml",
    "value-sets/metformin.yaml",
    "value-sets/mineralocorticoid-antagonists.yaml",
    "value-sets/no-smoking.yaml",
    "value-sets/nsaids.yaml",
    "value-sets/qt-prolonging.yaml",
    "value-sets/raas-blockers.yaml",
    "value-sets/smoking.yaml",
    "value-sets/statins.yaml",
    "value-sets/stroke-tia-thromboembolism.yaml",
    "value-sets/vascular-disease.yaml",
    "value-sets/vasopressors.yaml",
    "value-sets/vitamin-k-antagonists.yaml",
    "anion-gap.yaml",
    "bp-stage.yaml",
    "cgm.yaml",
    "cha2ds2-vasc.yaml",
    "ckd-monitoring.yaml",
    "corrected-calcium.yaml",
    "critical-values.yaml",
    "fib4.yaml",
    "has-bled.yaml",
    "hba1c-followup.yaml",
    "hba1c.yaml",
    "hf-weight.yaml",
    "home-blood-pressure.yaml",
    "hospital-score.yaml",
    "kdigo-aki.yaml",
    "lace.yaml",
    "meld3.yaml",
    "metformin-egfr.yaml",
    "mews.yaml",
    "news2.yaml",
    "potassium.yaml",
    "prevent.yaml",
    "qsofa.yaml",
    "resting-heart-rate.yaml",
    "sepsis.yaml",
    "shock-index.yaml",
    "sirs.yaml",
    "sleep-duration.yaml",
    "sofa.yaml",
    "tx-af-anticoagulation.yaml",
    "tx-allergy.yaml",
    "tx-apixaban-dose.yaml",
    "tx-interactions.yaml",
    "tx-nsaid.yaml",
    "tx-qt.yaml",
    "tx-raas-potassium.yaml",
    "tx-sepsis.yaml",
    "tx-statin-2026.yaml",
    "wearable-spo2.yaml",
];

/// A model that ships: its file, by path and text, its weights, its card.
pub type ShippedModel = (&'static str, &'static str, &'static [u8], &'static str);

/// The models that ship: every folder of `models/` that has a model file.
pub const MODELS: &[ShippedModel] = &[(
    "models/sepsis/model.yaml",
    include_str!("../../models/sepsis/model.yaml"),
    include_bytes!("../../models/sepsis/model.onnx"),
    include_str!("../../models/sepsis/card.yaml"),
)];

static SHELVED: Once = Once::new();

/// Puts the weights of the models that ship where whoever reads a log that names them finds them.
pub fn shelve() {
    SHELVED.call_once(|| {
        for (_, text, weights, _) in MODELS {
            // A file of our own that is wrong fails where the library is read.
            if let Some(sha256) = ModelFile::read(text).ok().and_then(|file| file.sha256) {
                shelf::put(&sha256.value, Cow::Borrowed(*weights));
            }
        }
    });
}
