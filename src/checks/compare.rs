//! Whether what was computed is what a case expects.
//!
//! Every expected key must be there and equal; more may be computed. Numbers are equal when they are
//! at the precision that the case prints, or within one part in ten thousand: a case computed in a
//! spreadsheet is rounded. Whole numbers are equal exactly.

use serde_json::{Map, Value};

/// One expected value that is not what was computed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Where: `components.renal`.
    pub key: String,
    /// What the case expects.
    pub expected: String,
    /// What was computed.
    pub got: String,
}

/// What of a case's expectation does not hold.
pub fn differences(expected: &Map<String, Value>, got: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare_objects("", expected, got, &mut found);
    found
}

/// Relative difference of two numbers that are the same to a reader.
const RELATIVE: f64 = 1e-4;
/// What is left of decimal digits in binary.
const BINARY: f64 = 1e-9;
/// Keys whose lists name inputs, in no order.
const UNORDERED: [&str; 2] = ["missing", "fields"];

fn compare_objects(
    path: &str,
    expected: &Map<String, Value>,
    got: &Value,
    found: &mut Vec<Difference>,
) {
    for (key, expected) in expected {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match got.get(key) {
            Some(got) => compare(&path, expected, got, found),
            None => found.push(Difference {
                key: path,
                expected: expected.to_string(),
                got: "(not computed)".to_owned(),
            }),
        }
    }
}

fn compare(path: &str, expected: &Value, got: &Value, found: &mut Vec<Difference>) {
    let is_equal = match (expected, got) {
        (Value::Object(expected), Value::Object(_)) => {
            return compare_objects(path, expected, got, found);
        }
        (Value::Array(expected), Value::Array(items)) if expected.len() == items.len() => {
            let (expected, items) = (in_order(path, expected), in_order(path, items));
            for (index, (expected, item)) in expected.into_iter().zip(items).enumerate() {
                compare(&format!("{path}[{index}]"), expected, item, found);
            }
            return;
        }
        (Value::Number(expected), Value::Number(got)) => is_number(expected, got),
        (expected, got) => expected == got,
    };
    if !is_equal {
        found.push(Difference {
            key: path.to_owned(),
            expected: expected.to_string(),
            got: got.to_string(),
        });
    }
}

/// The items of a list, sorted where their order says nothing.
fn in_order<'v>(path: &str, items: &'v [Value]) -> Vec<&'v Value> {
    let mut items: Vec<&Value> = items.iter().collect();
    if UNORDERED.contains(&path.rsplit('.').next().unwrap_or(path)) {
        items.sort_by_key(|item| item.to_string());
    }
    items
}

fn is_number(expected: &serde_json::Number, got: &serde_json::Number) -> bool {
    let (Some(wanted), Some(value)) = (expected.as_f64(), got.as_f64()) else {
        return expected == got;
    };
    let apart = (wanted - value).abs();
    let text = expected.to_string();
    let printed = match text.split_once('.') {
        _ if text.contains('e') => wanted.abs() * RELATIVE,
        // A whole number is counted, not measured.
        None => 0.0,
        Some((_, "0")) => 0.05,
        Some((_, fraction)) => {
            let half = 0.5 * 0.1_f64.powi(i32::try_from(fraction.len()).unwrap_or(i32::MAX));
            half.max(wanted.abs() * RELATIVE)
        }
    };
    apart <= printed + BINARY
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn keys(expected: &Value, got: &Value) -> Vec<String> {
        let found = differences(expected.as_object().unwrap(), got);
        found.into_iter().map(|difference| difference.key).collect()
    }

    #[test]
    fn a_number_is_equal_at_the_precision_it_is_printed_with() {
        for (expected, got) in [
            (json!(12.1), json!(12.1007)),
            (json!(15.0), json!(15)),
            (json!(5), json!(5.0)),
            (json!(0.306875), json!(0.306_874_7)),
        ] {
            assert!(keys(&json!({ "x": expected }), &json!({ "x": got })).is_empty(), "{expected}");
        }
        for (expected, got) in [
            (json!(5), json!(5.01)),
            (json!(12.1), json!(12.16)),
            (json!(0.0307), json!(0.03076)),
            (json!(null), json!(0)),
            (json!(0), json!(null)),
            (json!("1"), json!(1)),
        ] {
            assert_eq!(keys(&json!({ "x": expected }), &json!({ "x": got })), ["x"], "{expected}");
        }
    }

    #[test]
    fn every_expected_key_is_looked_for_and_more_may_be_computed() {
        let got = json!({ "sub": { "a": 1, "b": 2 }, "missing": ["x", "a"], "list": [1, 2] });
        assert!(keys(&json!({ "sub": { "a": 1 }, "missing": ["a", "x"] }), &got).is_empty());
        let expected = json!({ "sub": { "a": 2, "c": null }, "list": [2, 1], "no": null });
        assert_eq!(keys(&expected, &got), ["list[0]", "list[1]", "no", "sub.a", "sub.c"]);
        assert_eq!(keys(&json!({ "list": [1] }), &got), ["list"]);
    }
}
