//! Checks of what is read out of report texts (SPEC 6).

use serde_json::{Map, Value, json};

use crate::checks::check::{Check, CheckError};
use crate::checks::incidental::decimal;
use crate::checks::inputs::Inputs;
use crate::checks::laboratory::not_computable;
use crate::text::appendix_report;
use crate::text::assertion::{Assertion, assertion};
use crate::text::chexpert::{Label, Policy, aggregate, trained_as};
use crate::text::chexpert_report;
use crate::text::nodule_report;
use crate::text::sentence::{Sentence, sentences};

pub(super) static CHECKS: &[Check] = &[
    Check {
        number: "32",
        name: "radelement_rdes26",
        source: "RadElement RDES26 (openimagingdata/findingmodels 4475ac1)",
        edition: "as of 4475ac1",
        inputs: "text",
        output: "RDE195 to RDE202, RDE1673, each where the text says it",
        run: radelement_rdes26,
    },
    Check {
        number: "32b",
        name: "radelement_rdes195",
        source: "RadElement RDES195",
        edition: "1, 23 April 2024, proposed",
        inputs: "text",
        output: "RDE1717, RDE1301 to RDE1307, RDE1705 to RDE1709, each where the text says it",
        run: radelement_rdes195,
    },
    Check {
        number: "33",
        name: "chexpert_aggregate",
        source: "Irvin 2019, AAAI 33:590; the authors' labeler, 44ddeb3",
        edition: "2019",
        inputs: "mentions (1, 0, -1)",
        output: "label",
        run: chexpert_aggregate,
    },
    Check {
        number: "33b",
        name: "chexpert_uncertainty",
        source: "Irvin 2019, AAAI 33:590",
        edition: "2019",
        inputs: "label (1, 0, -1), policy (U-Ignore, U-Zeroes, U-Ones, U-MultiClass)",
        output: "train",
        run: chexpert_uncertainty,
    },
    Check {
        number: "33c",
        name: "chexpert_text",
        source: "Irvin 2019, AAAI 33:590; phrases of this project",
        edition: "1",
        inputs: "text",
        output: "the fourteen observations: 1, 0, -1, or null where not mentioned",
        run: chexpert_text,
    },
    Check {
        number: "34",
        name: "negex_context",
        source: "Chapman 2001, J Biomed Inform 34:301; Harkema 2009, J Biomed Inform 42:839",
        edition: "triggers of this project, 1",
        inputs: "text, target",
        output: "status, assertion",
        run: negex_context,
    },
];

fn read(inputs: &Inputs<'_>) -> Result<Option<Vec<Sentence>>, CheckError> {
    Ok(inputs.optional_text("text")?.map(sentences))
}

fn elements(elements: Vec<appendix_report::Element>) -> Value {
    let value = |code: &str, value| match value {
        appendix_report::Value::Choice(number) => Some(json!(format!("{code}.{number}"))),
        // A whole number is shown without its tenths.
        appendix_report::Value::Tenths(tenths) if tenths % 10 == 0 => Some(json!(tenths / 10)),
        appendix_report::Value::Tenths(tenths) => decimal(tenths, 1),
    };
    let fields = elements
        .into_iter()
        .filter_map(|element| Some((element.code.to_owned(), value(element.code, element.value)?)));
    Value::Object(fields.collect())
}

fn radelement_rdes26(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let Some(text) = read(inputs)? else { return Ok(not_computable(&["text"])) };
    Ok(elements(appendix_report::elements(&text)))
}

fn radelement_rdes195(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let Some(text) = read(inputs)? else { return Ok(not_computable(&["text"])) };
    Ok(elements(nodule_report::elements(&text)))
}

fn label(number: f64) -> Result<Label, CheckError> {
    let all = [Label::Positive, Label::Negative, Label::Uncertain];
    let known = [1.0, 0.0, -1.0].into_iter().zip(all);
    let found = known.into_iter().find(|(known, _)| (known - number).abs() < f64::EPSILON);
    let wrong = || CheckError::Unanswerable(format!("{number} is no label; expected 1, 0 or -1"));
    found.map(|(_, label)| label).ok_or_else(wrong)
}

fn chexpert_aggregate(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let mentions = inputs.optional_readings("mentions")?.unwrap_or_default();
    let mentions: Result<Vec<Label>, CheckError> =
        mentions.into_iter().flatten().map(label).collect();
    Ok(json!({ "label": aggregate(&mentions?).map(Label::number) }))
}

fn chexpert_uncertainty(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let policies = [
        ("U-Ignore", Policy::Ignore),
        ("U-Zeroes", Policy::Zeroes),
        ("U-Ones", Policy::Ones),
        ("U-MultiClass", Policy::MultiClass),
    ];
    let policy = inputs.word("policy", &policies)?;
    let label = inputs.optional_number("label")?.map(label).transpose()?;
    Ok(json!({ "train": trained_as(label, policy) }))
}

fn chexpert_text(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let Some(text) = read(inputs)? else { return Ok(not_computable(&["text"])) };
    let labels = chexpert_report::labels(&text).into_iter();
    let fields: Map<String, Value> =
        labels.map(|(name, label)| (name.to_owned(), json!(label.map(Label::number)))).collect();
    Ok(Value::Object(fields))
}

fn negex_context(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let (text, target) = (read(inputs)?, inputs.optional_text("target")?);
    let Some((text, target)) = text.zip(target) else {
        return Ok(not_computable(&["text", "target"]));
    };
    let found = assertion(&text, target);
    let status = if found.is_some() { "final" } else { "not-mentioned" };
    Ok(json!({ "status": status, "assertion": found.map(Assertion::name) }))
}
