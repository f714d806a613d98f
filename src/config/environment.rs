//! The environment over the file: `TWIN_KAFKA_BROKERS` is `kafka.brokers`. A variable that begins with
//! `TWIN_` and means nothing is an error, like an unknown key.

use std::collections::BTreeMap;

/// The variables that stand for keys of the file.
pub const KEYS: [(&str, &str); 16] = [
    ("TWIN_SITE", "site"),
    ("TWIN_PIPELINES", "pipelines"),
    ("TWIN_HTTP_LISTEN", "http.listen"),
    ("TWIN_SQL_LISTEN", "sql.listen"),
    ("TWIN_ADMIN_LISTEN", "admin.listen"),
    ("TWIN_SHUTDOWN_TIMEOUT_SECONDS", "shutdown_timeout_seconds"),
    ("TWIN_LOG_PARTITIONS", "log.partitions"),
    ("TWIN_LOG_CLOCK", "log.clock"),
    ("TWIN_CHECKPOINTS_FOLDER", "checkpoints.folder"),
    ("TWIN_CHECKPOINTS_INTERVAL_SECONDS", "checkpoints.interval_seconds"),
    ("TWIN_CHECKPOINTS_MEMORY_MIB", "checkpoints.memory_mib"),
    ("TWIN_KAFKA_BROKERS", "kafka.brokers"),
    ("TWIN_KAFKA_GROUP", "kafka.group"),
    ("TWIN_KAFKA_INSTANCE", "kafka.instance"),
    ("TWIN_KAFKA_TOPIC_PREFIX", "kafka.topic_prefix"),
    ("TWIN_KAFKA_REPLICATION", "kafka.replication"),
];

/// Variables of commands, which are not keys of the file.
const COMMANDS: [&str; 1] = ["TWIN_URL"];
/// Variables of tests begin like this.
const TESTS: &str = "TWIN_TEST_";

/// A variable that means nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}: there is no such setting; expected one of {}", KEYS.map(|(name, _)| name).join(", "))]
pub struct UnknownVariable {
    /// The variable.
    pub name: String,
}

/// The variables of an environment that stand for keys, by key.
///
/// # Errors
/// If one begins with `TWIN_` and means nothing.
pub fn overlay(
    variables: impl Iterator<Item = (String, String)>,
) -> Result<BTreeMap<&'static str, String>, UnknownVariable> {
    let mut overlay = BTreeMap::new();
    for (name, value) in variables.filter(|(name, _)| name.starts_with("TWIN_")) {
        match KEYS.iter().find(|(known, _)| *known == name) {
            Some((_, key)) => {
                overlay.insert(*key, value);
            }
            None if COMMANDS.contains(&name.as_str()) || name.starts_with(TESTS) => {}
            None => return Err(UnknownVariable { name }),
        }
    }
    Ok(overlay)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> Result<BTreeMap<&'static str, String>, UnknownVariable> {
        overlay([(name.to_owned(), "x".to_owned())].into_iter())
    }

    #[test]
    fn a_variable_stands_for_a_key_or_is_refused() {
        assert_eq!(of("TWIN_KAFKA_BROKERS").unwrap(), [("kafka.brokers", "x".to_owned())].into());
        assert_eq!(of("PATH").unwrap(), BTreeMap::new());
        assert_eq!(of("TWIN_URL").unwrap(), BTreeMap::new());
        let error = of("TWIN_KAFKA_BROKER").unwrap_err().to_string();
        assert!(error.starts_with("TWIN_KAFKA_BROKER: there is no such setting"), "{error}");
    }
}
