//! JSON as senders write it: keys in the order of the sender, spaces as the sender likes them.
//!
//! What feeds send differs in layout long before it differs in content, and a decoder must not care.
//! A value keeps the order it was built in; `Layout` says how one sender writes it. Numbers are exact
//! decimals (`37.1` is 371 with one decimal), because a float would write `37.099999999999994`.

use std::fmt::Write;

use crate::domain::decimal;

/// A JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// Not written at all: an element the sender does not have.
    Absent,
    /// `true` or `false`.
    Truth(bool),
    /// A number of units of 10^-`decimals`.
    Number(i64, u8),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// Names and values, in the sender's order.
    Object(Vec<(&'static str, Json)>),
}

/// How a sender writes JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// In order, without a space.
    Compact,
    /// In order, indented by two spaces.
    Pretty,
    /// Names in alphabetical order, without a space.
    Sorted,
    /// Names in reverse order, without a space: `resourceType` comes last.
    Reversed,
}

/// Builds an object: `object! { "status": "final", "valueInteger": 3 }`.
macro_rules! object {
    ($($name:literal : $value:expr),* $(,)?) => {
        $crate::demo::json::Json::Object(vec![$(($name, $crate::demo::json::Json::from($value))),*])
    };
}
pub(crate) use object;

impl Json {
    /// The text of this value as a sender of `layout` writes it.
    pub fn written(&self, layout: Layout) -> String {
        let mut text = String::new();
        self.write(layout, 0, &mut text);
        text
    }

    /// This object with one more element at its end; other values stay as they are.
    pub fn with(mut self, name: &'static str, value: impl Into<Json>) -> Json {
        if let Json::Object(elements) = &mut self {
            elements.push((name, value.into()));
        }
        self
    }

    fn write(&self, layout: Layout, depth: usize, text: &mut String) {
        match self {
            Json::Absent => text.push_str("null"),
            Json::Truth(truth) => text.push_str(if *truth { "true" } else { "false" }),
            Json::Number(value, decimals) => text.push_str(&decimal::plain(*value, *decimals)),
            Json::Text(content) => write_text(content, text),
            Json::List(items) => {
                let items = items.iter().map(|item| (None, item));
                write_enclosed(('[', ']'), items.collect(), layout, depth, text);
            }
            Json::Object(elements) => {
                let present = elements.iter().filter(|(_, value)| *value != Json::Absent);
                let mut members: Vec<_> =
                    present.map(|(name, value)| (Some(*name), value)).collect();
                match layout {
                    Layout::Compact | Layout::Pretty => {}
                    Layout::Sorted => members.sort_by_key(|(name, _)| *name),
                    Layout::Reversed => members.reverse(),
                }
                write_enclosed(('{', '}'), members, layout, depth, text);
            }
        }
    }
}

fn write_enclosed(
    (open, close): (char, char),
    members: Vec<(Option<&'static str>, &Json)>,
    layout: Layout,
    depth: usize,
    text: &mut String,
) {
    text.push(open);
    let is_empty = members.is_empty();
    for (index, (name, value)) in members.into_iter().enumerate() {
        if index != 0 {
            text.push(',');
        }
        if layout == Layout::Pretty {
            new_line(depth + 1, text);
        }
        if let Some(name) = name {
            write_text(name, text);
            text.push_str(if layout == Layout::Pretty { ": " } else { ":" });
        }
        value.write(layout, depth + 1, text);
    }
    if layout == Layout::Pretty && !is_empty {
        new_line(depth, text);
    }
    text.push(close);
}

fn new_line(depth: usize, text: &mut String) {
    text.push('\n');
    (0..depth).for_each(|_| text.push_str("  "));
}

fn write_text(content: &str, text: &mut String) {
    text.push('"');
    for character in content.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            control if control < ' ' => {
                write!(text, "\\u{:04x}", u32::from(control)).expect("a String takes any text");
            }
            other => text.push(other),
        }
    }
    text.push('"');
}

impl From<&str> for Json {
    fn from(text: &str) -> Json {
        Json::Text(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Json {
        Json::Text(text)
    }
}

impl From<i64> for Json {
    fn from(number: i64) -> Json {
        Json::Number(number, 0)
    }
}

impl From<bool> for Json {
    fn from(truth: bool) -> Json {
        Json::Truth(truth)
    }
}

impl From<Vec<Json>> for Json {
    fn from(items: Vec<Json>) -> Json {
        Json::List(items)
    }
}

impl<const N: usize> From<[Json; N]> for Json {
    fn from(items: [Json; N]) -> Json {
        Json::List(items.into())
    }
}

impl From<Option<Json>> for Json {
    fn from(value: Option<Json>) -> Json {
        value.unwrap_or(Json::Absent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_differ_and_content_does_not() {
        let value = object! {
            "resourceType": "X", "b": [Json::Number(371, 1), Json::from(true)], "a": Json::Absent,
            "c": "5\" \\ \u{b0}C\n\u{1}",
        };
        let compact = r#"{"resourceType":"X","b":[37.1,true],"c":"5\" \\ °C\n\u0001"}"#;
        assert_eq!(value.written(Layout::Compact), compact);
        let parsed: serde_json::Value = serde_json::from_str(compact).unwrap();
        for layout in [Layout::Pretty, Layout::Sorted, Layout::Reversed] {
            let text = value.written(layout);
            assert_ne!(text, compact);
            assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), parsed);
        }
        assert!(value.written(Layout::Sorted).starts_with(r#"{"b":"#));
        assert!(value.written(Layout::Reversed).ends_with(r#""resourceType":"X"}"#));
        assert_eq!(object! {}.written(Layout::Pretty), "{}");
    }
}
