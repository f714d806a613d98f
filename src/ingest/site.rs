//! The site file: what this hospital's codes and answers mean. What it does not answer is unknown.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::domain::coding::Coding;
use crate::domain::event::ResourceKind;
use crate::domain::signal::Signal;
use crate::domain::standing::Standing;
use crate::domain::statement::SETTINGS;
use crate::domain::time::Span;
use crate::domain::zone::Zone;
use crate::ingest::table::rows;

/// What a hospital's codes mean.
#[derive(Clone, Debug)]
pub struct Site {
    /// The hospital's name.
    pub name: String,
    /// The zone of dates, where a source does not name its own.
    pub zone: Zone,
    codes: BTreeMap<String, BTreeMap<String, Signal>>,
    answers: BTreeMap<(Signal, String, String), i64>,
    states: Vec<StateRule>,
    settings: BTreeMap<String, String>,
    wards: BTreeMap<String, String>,
    /// Zone names by `country/state`, `state` or `country` of an address.
    zones: BTreeMap<String, String>,
    /// The namespace of twins that an identifier system stands for, and whether they are nobody's until linked.
    identities: BTreeMap<String, (String, bool)>,
}

/// How a state is said: by a resource of a kind with a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateRule {
    /// The state.
    pub state: Standing,
    /// The kind of resource.
    pub kind: ResourceKind,
    code: (String, String),
    value: Option<(String, String)>,
    /// Whether it says that the state stands, or that it does not.
    pub says: Says,
    /// For how long it stands, where the resource has no end.
    pub lasts: Option<Span>,
}

/// What a resource says about a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Says {
    /// It stands.
    Yes,
    /// It does not stand: what was said before has ended.
    No,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SiteFile {
    name: String,
    timezone: Spanned<String>,
    #[serde(default)]
    codes: Vec<CodeFile>,
    #[serde(default)]
    answers: BTreeMap<String, Vec<AnswerFile>>,
    #[serde(default)]
    states: Vec<StateFile>,
    #[serde(default)]
    settings: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    wards: BTreeMap<String, String>,
    #[serde(default)]
    timezones: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    identities: Vec<IdentityFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct IdentityFile {
    system: Spanned<String>,
    namespace: Spanned<String>,
    provisional: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CodeFile {
    system: String,
    code: String,
    signal: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerFile {
    system: String,
    code: String,
    answer: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StateFile {
    state: Spanned<String>,
    resource: Spanned<String>,
    system: String,
    code: String,
    value_system: Option<String>,
    value_code: Option<String>,
    says: Option<Says>,
    lasts: Option<Spanned<String>>,
}

/// What is wrong with a site file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SiteError {
    /// Not YAML, or not of this form; the message shows the place.
    #[error("{0}")]
    Yaml(String),
    /// A value that means nothing here.
    #[error("line {line} column {column}: {message}")]
    At {
        /// From 1.
        line: u64,
        /// From 1.
        column: u64,
        /// What is wrong, and what was expected.
        message: String,
    },
}

fn at<T>(place: &Spanned<T>, message: impl Into<String>) -> SiteError {
    let (line, column) = (place.referenced.line(), place.referenced.column());
    SiteError::At { line, column, message: message.into() }
}

impl Site {
    /// A site that maps the published codes only.
    pub fn plain() -> Site {
        let mut codes: BTreeMap<String, BTreeMap<String, Signal>> = BTreeMap::new();
        for row in rows(include_str!("codes.csv")) {
            if let [system, code, signal, _] = row.as_slice() {
                let signal = Signal::named(signal).expect("the table names signals");
                codes.entry((*system).to_owned()).or_default().insert((*code).to_owned(), signal);
            }
        }
        Site {
            name: "plain".to_owned(),
            zone: Zone::UTC,
            codes,
            answers: BTreeMap::new(),
            states: Vec::new(),
            settings: BTreeMap::new(),
            wards: BTreeMap::new(),
            zones: BTreeMap::new(),
            identities: BTreeMap::new(),
        }
    }

    /// Reads a site file; its codes come on top of the published ones.
    ///
    /// # Errors
    /// What is wrong with it, by line and column.
    pub fn read(text: &str) -> Result<Site, SiteError> {
        let file: SiteFile =
            serde_saphyr::from_str(text).map_err(|error| SiteError::Yaml(error.to_string()))?;
        let mut site = Site::plain();
        site.zone = zone(&file.timezone)?;
        site.name = file.name;
        for code in file.codes {
            let signal = signal(&code.signal)?;
            site.codes.entry(code.system).or_default().insert(code.code, signal);
        }
        for (name, answers) in file.answers {
            site.read_answers(&name, answers)?;
        }
        for state in file.states {
            site.states.push(state_rule(state)?);
        }
        for (class, setting) in file.settings {
            if !SETTINGS.contains(&setting.value.as_str()) {
                return Err(at(&setting, format!("expected one of {}", SETTINGS.join(", "))));
            }
            site.settings.insert(class, setting.value);
        }
        site.wards = file.wards;
        for (place, name) in file.timezones {
            zone(&name)?;
            site.zones.insert(place, name.value);
        }
        for identity in file.identities {
            site.read_identity(identity)?;
        }
        Ok(site)
    }

    fn read_answers(&mut self, name: &str, answers: Vec<AnswerFile>) -> Result<(), SiteError> {
        for answer in answers {
            let signal = Signal::named(name).filter(|signal| signal.is_category());
            let signal =
                signal.ok_or_else(|| at(&answer.answer, format!("`{name}` is no category")))?;
            let value = signal.answer(&answer.answer.value).ok_or_else(|| {
                at(&answer.answer, format!("expected one of {}", signal.spec().answers.join(", ")))
            })?;
            self.answers.insert((signal, answer.system, answer.code), value);
        }
        Ok(())
    }

    fn read_identity(&mut self, file: IdentityFile) -> Result<(), SiteError> {
        let IdentityFile { system, namespace, provisional } = file;
        if namespace.value.is_empty() || namespace.value.contains('/') {
            return Err(at(&namespace, "expected the namespace of a source"));
        }
        if self.identities.contains_key(&system.value) {
            return Err(at(&system, "this system has a namespace already"));
        }
        let is_provisional = provisional.unwrap_or(true);
        self.identities.insert(system.value, (namespace.value, is_provisional));
        Ok(())
    }

    /// The namespace of the twins that identifiers of a system name.
    pub fn namespace_of(&self, system: &str) -> Option<&str> {
        self.identities.get(system).map(|(namespace, _)| namespace.as_str())
    }

    /// The namespaces whose twins are nobody's until a record claims them.
    pub fn provisional(&self) -> impl Iterator<Item = &str> {
        let provisional = self.identities.values().filter(|(_, is_provisional)| *is_provisional);
        provisional.map(|(namespace, _)| namespace.as_str())
    }

    /// The one signal that codes name; `None` if they name none, or several.
    pub fn signal(&self, codings: &[Coding<'_>]) -> Option<Signal> {
        let mut found = None;
        for coding in codings {
            let signal =
                self.codes.get(coding.system.as_ref()).and_then(|c| c.get(coding.code.as_ref()));
            match (found, signal) {
                (Some(known), Some(signal)) if known != *signal => return None,
                (None, Some(signal)) => found = Some(*signal),
                _ => {}
            }
        }
        found
    }

    /// The one answer of a category that codes name; `None` if they name none, or several.
    pub fn answer(&self, signal: Signal, codings: &[Coding<'_>]) -> Option<i64> {
        let answers = codings.iter().filter_map(|coding| {
            let key = (signal, coding.system.to_string(), coding.code.to_string());
            self.answers.get(&key).copied()
        });
        let answers: BTreeSet<i64> = answers.collect();
        answers.first().copied().filter(|_| answers.len() == 1)
    }

    /// The states that a resource of `kind` with these codes, and this answer, speaks about.
    pub fn states<'s>(
        &'s self,
        kind: ResourceKind,
        codes: &'s [Coding<'_>],
        value: &'s [Coding<'_>],
    ) -> impl Iterator<Item = &'s StateRule> {
        let holds = |codings: &[Coding<'_>], (system, code): &(String, String)| {
            codings.iter().any(|coding| coding.system == *system && coding.code == *code)
        };
        self.states.iter().filter(move |rule| {
            rule.kind == kind
                && holds(codes, &rule.code)
                && rule.value.as_ref().is_none_or(|expected| holds(value, expected))
        })
    }

    /// Whether any state can be said by resources of this kind.
    pub fn has_states(&self, kind: ResourceKind) -> bool {
        self.states.iter().any(|rule| rule.kind == kind)
    }

    /// The setting of an encounter class; empty when the site does not say.
    pub fn setting(&self, class: &str) -> &str {
        self.settings.get(class).map_or("", String::as_str)
    }

    /// The ward of a location, by its reference or identifier; empty when the site does not say.
    pub fn ward(&self, location: &str) -> &str {
        self.wards.get(location).map_or("", String::as_str)
    }

    /// The name of the time zone of an address; empty when the site does not say.
    pub fn zone_of(&self, country: &str, state: &str) -> &str {
        let both = format!("{country}/{state}");
        let places = [both.as_str(), state, country];
        let found = places.into_iter().find_map(|place| self.zones.get(place));
        found.map_or("", String::as_str)
    }
}

fn zone(name: &Spanned<String>) -> Result<Zone, SiteError> {
    let expected = || at(name, "expected an IANA time zone, such as `Europe/London`");
    Zone::named(&name.value).ok_or_else(expected)
}

fn signal(name: &Spanned<String>) -> Result<Signal, SiteError> {
    Signal::named(&name.value).ok_or_else(|| at(name, "there is no such signal"))
}

fn state_rule(file: StateFile) -> Result<StateRule, SiteError> {
    let state = Standing::named(&file.state.value).ok_or_else(|| {
        at(&file.state, format!("expected one of {}", Standing::ALL.map(Standing::name).join(", ")))
    })?;
    let kind = ResourceKind::named(&file.resource.value)
        .ok_or_else(|| at(&file.resource, "expected the name of a FHIR resource that is used"))?;
    let lasts = match &file.lasts {
        Some(text) => Some(days(text)?),
        None => None,
    };
    Ok(StateRule {
        state,
        kind,
        code: (file.system, file.code),
        value: file.value_system.zip(file.value_code),
        says: file.says.unwrap_or(Says::Yes),
        lasts,
    })
}

/// `30 d`
fn days(text: &Spanned<String>) -> Result<Span, SiteError> {
    let number = text.value.strip_suffix(" d").and_then(|number| number.parse().ok());
    let number = number.filter(|days| (1..=3_660).contains(days));
    number.map(Span::from_days).ok_or_else(|| at(text, "expected a number of days, such as `30 d`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "
name: Test
timezone: Europe/London
codes:
  - { system: urn:lab, code: CREA, signal: creatinine }
answers:
  consciousness:
    - { system: http://snomed.info/sct, code: '248234008', answer: alert }
states:
  - { state: comfort_care, resource: CarePlan, system: urn:x, code: cc }
  - { state: pregnancy, resource: Observation, system: http://loinc.org, code: 82810-3,
      value_system: http://snomed.info/sct, value_code: '77386006', lasts: 280 d }
settings: { IMP: inpatient }
wards: { Location/5w: 5 West }
timezones: { US/NY: America/New_York, JP: Asia/Tokyo }
";

    fn coding(system: &'static str, code: &'static str) -> Coding<'static> {
        Coding::new(system, code, "")
    }

    #[test]
    fn maps_what_it_says_and_nothing_else() {
        let site = Site::read(FILE).unwrap();
        let creatinine = site.signal(&[coding("urn:lab", "CREA")]);
        assert_eq!(creatinine, Signal::named("creatinine"));
        assert_eq!(site.signal(&[coding("urn:lab", "K")]), None);
        let pulse_oximetry =
            [coding("http://loinc.org", "59408-5"), coding("http://loinc.org", "2708-6")];
        assert_eq!(site.signal(&pulse_oximetry), Signal::named("spo2"));
        let two = [coding("http://loinc.org", "59408-5"), coding("http://loinc.org", "8867-4")];
        assert_eq!(site.signal(&two), None);
        let alert = [coding("http://snomed.info/sct", "248234008")];
        assert_eq!(site.answer(Signal::CONSCIOUSNESS, &alert), Some(0));
        let pregnant = [coding("http://loinc.org", "82810-3")];
        let yes = [coding("http://snomed.info/sct", "77386006")];
        assert_eq!(site.states(ResourceKind::Observation, &pregnant, &yes).count(), 1);
        assert_eq!(site.states(ResourceKind::Observation, &pregnant, &[]).count(), 0);
        assert_eq!(
            (site.setting("IMP"), site.setting("AMB"), site.ward("Location/5w")),
            ("inpatient", "", "5 West")
        );
        let zones = [("US", "NY"), ("US", "CA"), ("JP", "Tokyo"), ("", "")];
        let zones = zones.map(|(country, state)| site.zone_of(country, state));
        assert_eq!(zones, ["America/New_York", "", "Asia/Tokyo", ""]);
    }

    #[test]
    fn says_where_it_is_wrong() {
        let cases = [
            (
                "signal: creatinine",
                "signal: kreatinin",
                "line 5 column 44: there is no such signal",
            ),
            ("answer: alert", "answer: awake", "line 8 column 68: expected one of alert"),
            ("state: comfort_care", "state: comfy", "line 10 column 14: expected one of"),
            ("280 d", "9 months", "expected a number of days"),
            ("IMP: inpatient", "IMP: in", "expected one of inpatient"),
            ("Asia/Tokyo", "Asia/Tokio", "expected an IANA time zone"),
            ("settings:", "setings:", "unknown field `setings`"),
        ];
        for (good, bad, expected) in cases {
            let error = Site::read(&FILE.replace(good, bad)).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn every_published_code_has_a_loinc_check_digit() {
        for row in rows(include_str!("codes.csv")) {
            let [system, code, ..] = row.as_slice() else { panic!("{row:?}") };
            let Some((digits, check)) =
                code.split_once('-').filter(|_| *system == "http://loinc.org")
            else {
                continue;
            };
            // LOINC Users' Guide, mod-10: double every second digit from the right.
            let sum: u32 = digits
                .bytes()
                .rev()
                .enumerate()
                .map(|(index, digit)| {
                    let digit = u32::from(digit - b'0') * if index % 2 == 0 { 2 } else { 1 };
                    digit / 10 + digit % 10
                })
                .sum();
            assert_eq!((10 - sum % 10) % 10, check.parse::<u32>().unwrap(), "{code}");
        }
    }
}
