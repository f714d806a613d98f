//! Which source a topic belongs to.

use std::collections::BTreeMap;

use regex::Regex;

use crate::ingest::source::SourceSpec;

/// A source and the topics it reads.
#[derive(Clone, Debug)]
pub struct Route {
    /// Names, or patterns that begin with `^`.
    pub topics: Vec<String>,
    /// How their records are read.
    pub spec: SourceSpec,
}

/// What is wrong with the topics of sources.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// A pattern is no regular expression.
    #[error("source {source_name}: topic pattern `{pattern}`: {message}")]
    Pattern {
        /// The source.
        source_name: String,
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        message: String,
    },
    /// Two sources read the same topic.
    #[error("topic {topic} belongs to source {first} and to source {second}: expected one")]
    Twice {
        /// The topic.
        topic: String,
        /// A source.
        first: String,
        /// Another.
        second: String,
    },
    /// No source reads it, though it was subscribed.
    #[error("topic {topic} belongs to no source")]
    Nowhere {
        /// The topic.
        topic: String,
    },
}

enum Matcher {
    Name(String),
    Pattern(Regex),
}

/// The sources, by topic.
pub struct Routes {
    routes: Vec<(Vec<Matcher>, SourceSpec)>,
    known: BTreeMap<String, usize>,
}

impl Routes {
    /// Reads the topics of every source.
    ///
    /// # Errors
    /// If a pattern is no regular expression, or a name is said twice.
    pub fn new(routes: &[Route]) -> Result<Routes, RouteError> {
        let mut read = Vec::new();
        for route in routes {
            let matchers = route.topics.iter().map(|topic| matcher(topic, &route.spec));
            read.push((matchers.collect::<Result<Vec<_>, _>>()?, route.spec.clone()));
        }
        let mut all = Routes { routes: read, known: BTreeMap::new() };
        for topic in routes.iter().flat_map(|route| &route.topics) {
            if !topic.starts_with('^') {
                all.index_of(topic)?;
            }
        }
        Ok(all)
    }

    /// The source of a topic, by its place.
    ///
    /// # Errors
    /// If none or more than one reads it.
    pub fn index_of(&mut self, topic: &str) -> Result<usize, RouteError> {
        if let Some(index) = self.known.get(topic) {
            return Ok(*index);
        }
        let reads = |matchers: &[Matcher]| {
            matchers.iter().any(|matcher| match matcher {
                Matcher::Name(name) => name == topic,
                Matcher::Pattern(pattern) => pattern.is_match(topic),
            })
        };
        let mut found = self.routes.iter().enumerate().filter(|(_, (matchers, _))| reads(matchers));
        let (index, (_, spec)) =
            found.next().ok_or_else(|| RouteError::Nowhere { topic: topic.to_owned() })?;
        if let Some((_, (_, second))) = found.next() {
            return Err(RouteError::Twice {
                topic: topic.to_owned(),
                first: spec.name.clone(),
                second: second.name.clone(),
            });
        }
        self.known.insert(topic.to_owned(), index);
        Ok(index)
    }

    /// The source at a place that `index_of` gave.
    pub fn spec(&self, index: usize) -> &SourceSpec {
        let (_, spec) = self.routes.get(index).expect("index_of gives places of sources");
        spec
    }
}

fn matcher(topic: &str, spec: &SourceSpec) -> Result<Matcher, RouteError> {
    if !topic.starts_with('^') {
        return Ok(Matcher::Name(topic.to_owned()));
    }
    Regex::new(topic).map(Matcher::Pattern).map_err(|error| RouteError::Pattern {
        source_name: spec.name.clone(),
        pattern: topic.to_owned(),
        message: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fact::Origin;
    use crate::domain::zone::Zone;
    use crate::ingest::source::{Format, PatientFrom};

    fn route(name: &str, topic: &str) -> Route {
        let spec = SourceSpec {
            name: name.to_owned(),
            format: Format::Fhir,
            namespace: "a".to_owned(),
            patient_from: PatientFrom::Subject,
            origin: Origin::Clinical,
            zone: Zone::UTC,
            schemas: None,
        };
        Route { topics: vec![topic.to_owned()], spec }
    }

    #[test]
    fn a_topic_belongs_to_one_source() {
        let mut routes = Routes::new(&[route("lab", "^lab\\..*"), route("ehr", "ehr")]).unwrap();
        assert_eq!(routes.index_of("lab.chemistry"), Ok(0));
        assert_eq!(routes.index_of("ehr"), Ok(1));
        assert!(matches!(routes.index_of("other"), Err(RouteError::Nowhere { .. })));
        let mut both = Routes::new(&[route("lab", "^lab\\..*"), route("all", "^.*")]).unwrap();
        assert!(matches!(both.index_of("lab.chemistry"), Err(RouteError::Twice { .. })));
        assert!(matches!(Routes::new(&[route("lab", "^(")]), Err(RouteError::Pattern { .. })));
    }
}
