//! What the entries of a Bundle are called inside it.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// What the entries of a Bundle are called inside it: full URL → `Type/id`.
#[derive(Debug, Default)]
pub struct References<'b> {
    by_url: BTreeMap<Cow<'b, str>, String>,
}

impl<'b> References<'b> {
    /// Says that the entry `url` is the resource `Type/id`.
    pub fn insert(&mut self, url: Cow<'b, str>, reference: String) {
        self.by_url.insert(url, reference);
    }

    /// The reference, with a name inside the Bundle replaced by the resource it names.
    pub fn resolve<'r>(&'r self, reference: &'r str) -> &'r str {
        self.by_url.get(reference).map_or(reference, String::as_str)
    }
}
