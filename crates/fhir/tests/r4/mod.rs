//! Whether JSON is valid FHIR R4: names, cardinalities, types, required codes, targets of references.
//!
//! The tables beside this file are cut from the official definitions of 4.0.1, so what is checked is
//! R4 and not the R4B of the types that wrote it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// The definitions, by the path of the parent.
pub(crate) struct Definitions {
    elements: BTreeMap<&'static str, Vec<Element>>,
    codes: BTreeMap<&'static str, Vec<&'static str>>,
}

struct Element {
    /// The path in the definitions: `Observation.value[x]`.
    path: &'static str,
    /// The name, without `[x]`: `value`.
    name: &'static str,
    is_choice: bool,
    is_required: bool,
    is_list: bool,
    types: Vec<&'static str>,
    value_set: &'static str,
}

/// What is wrong, and where.
pub(crate) type Faults = Vec<String>;

impl Definitions {
    /// Reads the tables.
    pub(crate) fn new() -> Definitions {
        let mut elements: BTreeMap<&str, Vec<Element>> = BTreeMap::new();
        for line in include_str!("elements.tsv").lines().skip(1) {
            let [path, min, max, types, value_set] = columns(line);
            let (parent, name) = path.rsplit_once('.').unwrap();
            let element = Element {
                path,
                name: name.trim_end_matches("[x]"),
                is_choice: name.ends_with("[x]"),
                is_required: min != "0",
                is_list: max == "*",
                types: types.split('|').collect(),
                value_set,
            };
            elements.entry(parent).or_default().push(element);
        }
        let codes = include_str!("codes.tsv").lines().skip(1).map(|line| {
            let [value_set, codes] = columns(line);
            (value_set, codes.split(' ').collect())
        });
        Definitions { elements, codes: codes.collect() }
    }

    /// What is wrong with a resource.
    pub(crate) fn faults(&self, resource: &Value) -> Faults {
        let mut faults = Faults::new();
        self.resource(resource, "", &mut faults);
        faults
    }

    fn resource(&self, value: &Value, place: &str, faults: &mut Faults) {
        let Some(kind) = value["resourceType"].as_str() else {
            return faults.push(format!("{place}: no resourceType"));
        };
        let place = format!("{place}/{kind}");
        primitive("id", &value["id"], &place, faults);
        let mut content = value.as_object().unwrap().clone();
        content.remove("resourceType");
        self.object(&Value::Object(content), kind, &place, faults);
        if kind == "Observation" {
            observation_rules(value, &place, faults);
        }
    }

    /// Holds an object against the elements under `path`.
    fn object(&self, value: &Value, path: &str, place: &str, faults: &mut Faults) {
        let (Some(object), Some(elements)) = (value.as_object(), self.elements.get(path)) else {
            return faults.push(format!("{place}: not an object of a type in the tables ({path})"));
        };
        if object.is_empty() {
            faults.push(format!("{place}: empty"));
        }
        let mut keys: Vec<&str> = object.keys().map(String::as_str).collect();
        for element in elements {
            let found = element.find(object);
            keys.retain(|key| found.iter().all(|(found, _)| found != key));
            if found.is_empty() && element.is_required {
                faults.push(format!("{place}.{}: missing", element.name));
            }
            if found.len() > 1 {
                faults.push(format!("{place}.{}: more than one choice", element.name));
            }
            for (key, of_type) in found {
                self.element(element, of_type, &object[key], &format!("{place}.{key}"), faults);
            }
        }
        faults.extend(keys.iter().map(|key| format!("{place}.{key}: unknown")));
        rules_of_types(object, path, place, faults);
    }

    fn element(
        &self,
        element: &Element,
        of_type: &str,
        value: &Value,
        place: &str,
        faults: &mut Faults,
    ) {
        match (element.is_list, value.as_array()) {
            (true, Some(items)) if !items.is_empty() => {
                for (index, item) in items.iter().enumerate() {
                    self.item(element, of_type, item, &format!("{place}[{index}]"), faults);
                }
            }
            (true, _) => faults.push(format!("{place}: not a list with items")),
            (false, None) => self.item(element, of_type, value, place, faults),
            (false, Some(_)) => faults.push(format!("{place}: a list")),
        }
    }

    fn item(
        &self,
        element: &Element,
        of_type: &str,
        value: &Value,
        place: &str,
        faults: &mut Faults,
    ) {
        if let Some(path) = of_type.strip_prefix('#') {
            return self.object(value, path, place, faults);
        }
        if let Some(targets) = of_type.strip_prefix("Reference(") {
            self.object(value, "Reference", place, faults);
            return target(value, targets.trim_end_matches(')'), place, faults);
        }
        match of_type {
            "BackboneElement" | "Element" => self.object(value, element.path, place, faults),
            "Resource" => self.resource(value, place, faults),
            _ if of_type.starts_with(char::is_uppercase) => {
                self.object(value, of_type, place, faults);
            }
            _ => {
                primitive(of_type, value, place, faults);
                self.code(element.value_set, value, place, faults);
            }
        }
    }

    fn code(&self, value_set: &str, value: &Value, place: &str, faults: &mut Faults) {
        let Some(codes) = self.codes.get(value_set) else { return };
        if !codes.iter().any(|code| value == code) {
            faults.push(format!("{place}: {value} is not in {value_set}"));
        }
    }
}

impl Element {
    /// The keys of an object that are this element, each with its type.
    fn find<'a>(&'a self, object: &'a Map<String, Value>) -> Vec<(&'a str, &'a str)> {
        let of_key = |key: &'a String| {
            let suffix = key.strip_prefix(self.name)?;
            let of_type = self.types.iter().find(|of_type| {
                let name = of_type.split('(').next().unwrap();
                match self.is_choice {
                    true => suffix.to_lowercase() == name.to_lowercase(),
                    false => suffix.is_empty(),
                }
            });
            of_type.map(|of_type| (key.as_str(), *of_type))
        };
        object.keys().filter_map(of_key).collect()
    }
}

fn columns<const N: usize>(line: &'static str) -> [&'static str; N] {
    line.split('\t').collect::<Vec<&str>>().try_into().unwrap()
}

/// A literal reference names a type that is allowed; a logical one may name its type.
fn target(value: &Value, targets: &str, place: &str, faults: &mut Faults) {
    let literal = value["reference"].as_str().filter(|text| !text.contains(':'));
    let named = literal.and_then(|text| text.split('/').next()).or(value["type"].as_str());
    let is_allowed =
        |named: &&str| targets == "Resource" || targets.split(',').any(|kind| kind == *named);
    if let Some(named) = named.filter(|named| !is_allowed(named)) {
        faults.push(format!("{place}: refers to a {named}, allowed are {targets}"));
    }
}

fn primitive(of_type: &str, value: &Value, place: &str, faults: &mut Faults) {
    let text = value.as_str().unwrap_or_default();
    let is_spaced = text.contains(char::is_whitespace);
    let is_valid = match of_type {
        "string" | "markdown" => !text.trim().is_empty(),
        "code" => !text.is_empty() && text.split(' ').all(|word| !word.trim().is_empty()),
        "uri" | "url" | "canonical" => !text.is_empty() && !is_spaced,
        "id" => {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
            (1..=64).contains(&text.len()) && text.chars().all(is_plain)
        }
        "instant" | "dateTime" => is_instant(text),
        "integer" => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
        "decimal" => value.is_number(),
        "boolean" => value.is_boolean(),
        _ => return faults.push(format!("{place}: {of_type} is not known to this check")),
    };
    if !is_valid {
        faults.push(format!("{place}: {value} is no {of_type}"));
    }
}

/// `2026-11-08T08:30:00Z`, with or without a fraction.
fn is_instant(text: &str) -> bool {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let fraction = shape.strip_prefix("0000-00-00T00:00:00").and_then(|s| s.strip_suffix('Z'));
    let is_fraction = |rest: &str| {
        rest.strip_prefix('.')
            .is_some_and(|digits| !digits.is_empty() && digits.chars().all(|digit| digit == '0'))
    };
    !text.starts_with("0000") && fraction.is_some_and(|rest| rest.is_empty() || is_fraction(rest))
}

/// ext-1, ref-1, rqg-1, and of a Bundle bdl-7 and bdl-8.
fn rules_of_types(object: &Map<String, Value>, path: &str, place: &str, faults: &mut Faults) {
    let has = |key: &str| object.contains_key(key);
    let has_value = object.keys().any(|key| key.starts_with("value"));
    let reference = object.get("reference").and_then(Value::as_str);
    let is_broken = match path {
        "Extension" => has("extension") == has_value,
        "Reference" => reference.is_some_and(|text| text.starts_with('#')),
        "RequestGroup.action" => has("resource") == has("action"),
        "Bundle" => {
            let urls = object["entry"].as_array().unwrap().iter();
            let mut urls: Vec<&str> = urls.map(|e| e["fullUrl"].as_str().unwrap()).collect();
            let n_urls = urls.len();
            urls.sort_unstable();
            urls.dedup();
            urls.len() != n_urls || urls.iter().any(|url| url.contains("/_history/"))
        }
        _ => false,
    };
    if is_broken {
        faults.push(format!("{place}: breaks a rule of {path}"));
    }
}

/// obs-6: a value or a reason for its absence. obs-7: no component has the code of the whole.
fn observation_rules(value: &Value, place: &str, faults: &mut Faults) {
    let object = value.as_object().unwrap();
    let has_value = object.keys().any(|key| key.starts_with("value"));
    if has_value && object.contains_key("dataAbsentReason") {
        faults.push(format!("{place}: a value, and a reason why there is none"));
    }
    let codings = |of: &Value| of["code"]["coding"].as_array().cloned().unwrap_or_default();
    let whole = codings(value);
    let mut parts = value["component"].as_array().into_iter().flatten();
    if parts.any(|part| codings(part).iter().any(|coding| whole.contains(coding))) {
        faults.push(format!("{place}: a component has the code of the whole"));
    }
}
