//! The inputs of a case, which remember who was asked for what.
//!
//! Absent and null are the same: missing, and never zero. A getter without `optional_` refuses a
//! missing input; one with it says `None`.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use serde_json::{Map, Value};

use crate::checks::check::CheckError;
use crate::domain::decimal::Decimal;

/// The inputs of one case, or of an object within it.
#[derive(Debug)]
pub struct Inputs<'c> {
    object: &'c Map<String, Value>,
    /// What stands before a key: empty, or `findings[0].`.
    prefix: String,
    asked: Rc<RefCell<Asked>>,
}

/// Which keys there are, and which of them were looked at.
#[derive(Debug, Default)]
struct Asked {
    given: BTreeSet<String>,
    read: BTreeSet<String>,
}

impl<'c> Inputs<'c> {
    /// The inputs of a case, of which none was read.
    pub fn new(object: &'c Map<String, Value>) -> Inputs<'c> {
        Inputs::within(object, String::new(), Rc::default())
    }

    fn within(
        object: &'c Map<String, Value>,
        prefix: String,
        asked: Rc<RefCell<Asked>>,
    ) -> Inputs<'c> {
        let given = object.keys().map(|key| format!("{prefix}{key}"));
        asked.borrow_mut().given.extend(given);
        Inputs { object, prefix, asked }
    }

    /// The inputs that nobody looked at.
    pub fn unread(&self) -> Vec<String> {
        let asked = self.asked.borrow();
        asked.given.difference(&asked.read).cloned().collect()
    }

    /// Whether the case has the key at all, be it null.
    pub fn has(&self, key: &str) -> bool {
        self.object.contains_key(key)
    }

    /// An input as it stands in the file; `None` if absent or null.
    pub fn value(&self, key: &str) -> Option<&'c Value> {
        self.asked.borrow_mut().read.insert(self.path(key));
        self.object.get(key).filter(|value| !value.is_null())
    }

    fn path(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    fn optional<T>(
        &self,
        key: &str,
        expected: &'static str,
        read: impl Fn(&'c Value) -> Option<T>,
    ) -> Result<Option<T>, CheckError> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let wrong = || CheckError::Kind { key: self.path(key), got: value.to_string(), expected };
        read(value).map(Some).ok_or_else(wrong)
    }

    fn needed<T>(&self, key: &str, value: Option<T>) -> Result<T, CheckError> {
        value.ok_or_else(|| CheckError::Missing { key: self.path(key) })
    }

    /// A number.
    ///
    /// # Errors
    /// If it is of another kind.
    pub fn optional_number(&self, key: &str) -> Result<Option<f64>, CheckError> {
        self.optional(key, "a number", Value::as_f64)
    }

    /// A number that must be there.
    ///
    /// # Errors
    /// If it is missing or of another kind.
    pub fn number(&self, key: &str) -> Result<f64, CheckError> {
        self.needed(key, self.optional_number(key)?)
    }

    /// A number in units of 10^-`decimals`, rounded half up from the digits as they are written.
    ///
    /// # Errors
    /// If it is of another kind.
    pub fn optional_rounded(&self, key: &str, decimals: u8) -> Result<Option<i64>, CheckError> {
        self.optional(key, "a number", |value| rounded(value, decimals))
    }

    /// The same of a number that must be there.
    ///
    /// # Errors
    /// If it is missing or of another kind.
    pub fn rounded(&self, key: &str, decimals: u8) -> Result<i64, CheckError> {
        self.needed(key, self.optional_rounded(key, decimals)?)
    }

    /// A number as it is written, exact.
    ///
    /// # Errors
    /// If it is of another kind.
    pub fn optional_decimal(&self, key: &str) -> Result<Option<Decimal>, CheckError> {
        self.optional(key, "a number", decimal)
    }

    /// A count or whole years: a number without a fraction, not below 0.
    ///
    /// # Errors
    /// If it is of another kind.
    pub fn optional_count(&self, key: &str) -> Result<Option<u32>, CheckError> {
        let count = |value: &Value| {
            let number = value.as_f64().filter(|number| number.fract().abs() < f64::EPSILON)?;
            let digits = rounded(&Value::from(number), 0)?;
            u32::try_from(digits).ok()
        };
        self.optional(key, "a whole number that is not negative", count)
    }

    /// The same that must be there.
    ///
    /// # Errors
    /// If it is missing or of another kind.
    pub fn count(&self, key: &str) -> Result<u32, CheckError> {
        self.needed(key, self.optional_count(key)?)
    }

    /// A text.
    ///
    /// # Errors
    /// If it is of another kind.
    pub fn optional_text(&self, key: &str) -> Result<Option<&'c str>, CheckError> {
        self.optional(key, "a text", Value::as_str)
    }

    /// A text that must be there.
    ///
    /// # Errors
    /// If it is missing or of another kind.
    pub fn text(&self, key: &str) -> Result<&'c str, CheckError> {
        self.needed(key, self.optional_text(key)?)
    }

    /// A word that stands for something, letter case aside.
    ///
    /// # Errors
    /// If it is none of the words.
    pub fn optional_word<T: Copy>(
        &self,
        key: &str,
        words: &[(&str, T)],
    ) -> Result<Option<T>, CheckError> {
        let Some(text) = self.optional_text(key)? else { return Ok(None) };
        let known = || words.iter().map(|(word, _)| *word).collect::<Vec<&str>>().join(", ");
        let found = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
        match found {
            Some((_, meaning)) => Ok(Some(*meaning)),
            None => {
                Err(CheckError::Word { key: self.path(key), got: text.to_owned(), known: known() })
            }
        }
    }

    /// The same of a word that must be there.
    ///
    /// # Errors
    /// If it is missing or none of the words.
    pub fn word<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Result<T, CheckError> {
        self.needed(key, self.optional_word(key, words)?)
    }

    /// True or false; `None` where nobody said.
    ///
    /// # Errors
    /// If it is of another kind.
    pub fn optional_flag(&self, key: &str) -> Result<Option<bool>, CheckError> {
        self.optional(key, "true or false", Value::as_bool)
    }

    /// True or false, which must be said.
    ///
    /// # Errors
    /// If it is missing or of another kind.
    pub fn flag(&self, key: &str) -> Result<bool, CheckError> {
        self.needed(key, self.optional_flag(key)?)
    }

    /// Whether something is stated: a condition that nobody documented is not.
    ///
    /// # Errors
    /// If it is of another kind.
    pub fn is_stated(&self, key: &str) -> Result<bool, CheckError> {
        Ok(self.optional_flag(key)?.unwrap_or(false))
    }

    /// Numbers in a row.
    ///
    /// # Errors
    /// If it is of another kind.
    pub fn optional_numbers(&self, key: &str) -> Result<Option<Vec<f64>>, CheckError> {
        self.optional(key, "numbers", numbers)
    }

    /// Numbers in a row, some of which may be null: not measured.
    ///
    /// # Errors
    /// If it is of another kind.
    pub fn optional_readings(&self, key: &str) -> Result<Option<Vec<Option<f64>>>, CheckError> {
        let reading = |value: &Value| match value {
            Value::Null => Some(None),
            value => value.as_f64().map(Some),
        };
        let read = |value: &Value| value.as_array()?.iter().map(reading).collect();
        self.optional(key, "numbers or nulls", read)
    }

    /// A series of pairs, such as `[hours before, value]`.
    ///
    /// # Errors
    /// If it is of another kind.
    pub fn series(&self, key: &str) -> Result<Vec<(&'c Value, &'c Value)>, CheckError> {
        let pair = |value: &'c Value| match value.as_array()?.as_slice() {
            [first, second] => Some((first, second)),
            _ => None,
        };
        let read = |value: &'c Value| value.as_array()?.iter().map(pair).collect();
        Ok(self.optional(key, "an array of pairs", read)?.unwrap_or_default())
    }

    /// Texts in a row; none if it is missing.
    ///
    /// # Errors
    /// If it is of another kind.
    pub fn texts(&self, key: &str) -> Result<Vec<&'c str>, CheckError> {
        let read = |value: &'c Value| value.as_array()?.iter().map(Value::as_str).collect();
        Ok(self.optional(key, "an array of texts", read)?.unwrap_or_default())
    }

    /// An object within; its keys must be read too.
    ///
    /// # Errors
    /// If it is of another kind.
    pub fn optional_object(&self, key: &str) -> Result<Option<Inputs<'c>>, CheckError> {
        let object = self.optional(key, "an object", Value::as_object)?;
        let inside =
            |object| Inputs::within(object, format!("{}.", self.path(key)), Rc::clone(&self.asked));
        Ok(object.map(inside))
    }

    /// Objects in a row, none if it is missing; their keys must be read too.
    ///
    /// # Errors
    /// If it is of another kind.
    pub fn objects(&self, key: &str) -> Result<Vec<Inputs<'c>>, CheckError> {
        let read = |value: &'c Value| -> Option<Vec<&'c Map<String, Value>>> {
            value.as_array()?.iter().map(Value::as_object).collect()
        };
        let objects = self.optional(key, "an array of objects", read)?.unwrap_or_default();
        let inside = |(index, object)| {
            let prefix = format!("{}[{index}].", self.path(key));
            Inputs::within(object, prefix, Rc::clone(&self.asked))
        };
        Ok(objects.into_iter().enumerate().map(inside).collect())
    }
}

fn numbers(value: &Value) -> Option<Vec<f64>> {
    value.as_array()?.iter().map(Value::as_f64).collect()
}

fn decimal(value: &Value) -> Option<Decimal> {
    value.as_number().and_then(|number| Decimal::parse(&number.to_string()).ok())
}

/// A number of a case in units of 10^-`decimals`, rounded half up from its digits.
pub fn rounded(value: &Value, decimals: u8) -> Option<i64> {
    decimal(value)?.rounded(decimals)
}
