//! What an instance is made of: the configuration file, the environment and the files they name, read
//! and checked together, so that `twin validate` finds everything that `twin run` would stumble over.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use serde_saphyr::Spanned;

use crate::config::document::{
    BucketDocument, CheckpointsDocument, Document, KafkaDocument, LogDocument, SourceDocument,
    SqlDocument, SqlUserDocument,
};
use crate::config::environment::{UnknownVariable, overlay};
use crate::config::security::{Places, Wrong, properties, variables as security_variables};
use crate::domain::event::Clock;
use crate::domain::fact::Origin;
use crate::domain::time::Span;
use crate::domain::zone::Zone;
use crate::engine::checkpointer::CheckpointSpec;
use crate::engine::library::{Library, LibraryError};
use crate::engine::routes::{Route, RouteError, Routes};
use crate::engine::run::{RunSpec, live_by};
use crate::ingest::avro::schemas::SchemaPlace;
use crate::ingest::site::{Site, SiteError};
use crate::ingest::source::{Format, PatientFrom, SourceSpec};
use crate::kafka::settings::KafkaSettings;
use crate::output::record::EVENTS_TOPIC;
use crate::pgwire::scram::Verifier;
use crate::pgwire::users::Users;
use crate::storage::object::{BucketSpec, StorageSpec};

/// Partitions of a new log, where the file does not say: enough for 32 instances.
const PARTITIONS: u32 = 32;
/// More partitions than this are a slip: each is a shard with tables of its own.
const PARTITIONS_MAX: u32 = 1_024;
/// Seconds between ticks, where the file does not say.
const TICK_INTERVAL_SECONDS: u32 = 10;
/// Ticks further apart than an hour would make overdue what is not seen.
const TICK_INTERVAL_SECONDS_MAX: u32 = 3_600;
/// Seconds between the checkpoints of a shard, where the file does not say.
const CHECKPOINT_INTERVAL_SECONDS: u32 = 10;
/// A day without a checkpoint would make the next start read a day.
const CHECKPOINT_INTERVAL_SECONDS_MAX: u32 = 86_400;
/// Seconds that a stop may take, where the file does not say: Kubernetes waits 30 before it kills.
const SHUTDOWN_TIMEOUT_SECONDS: u32 = 25;
/// Who waits for an hour has forgotten what for.
const SHUTDOWN_TIMEOUT_SECONDS_MAX: u32 = 3_600;
/// Where HTTP listens, where the file does not say.
const LISTEN: &str = "127.0.0.1:8080";
/// Where SQL listens, where the file does not say.
const SQL_LISTEN: &str = "127.0.0.1:5432";
/// The site file that ships.
const REFERENCE_SITE: &str = include_str!("../../deploy/site.yaml");

/// An instance as configured.
#[derive(Clone, Debug)]
pub struct Instance {
    /// What is run.
    pub run: RunSpec,
    /// Where HTTP listens.
    pub listen: SocketAddr,
    /// Where the door for operators listens, if it has one of its own.
    pub admin: Option<SocketAddr>,
    /// How long a stop may take.
    pub shutdown_timeout: Duration,
    /// SQL by PostgreSQL's protocol, if it is open.
    pub sql: Option<SqlDoor>,
}

/// SQL by PostgreSQL's protocol.
#[derive(Clone, Debug)]
pub struct SqlDoor {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Who may connect.
    pub users: Users,
}

/// What is wrong with a configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// Not YAML, or not of this form; the message shows the place.
    #[error("{path}: {message}")]
    Yaml {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// A value that means nothing.
    #[error("{place}: {message}")]
    Value {
        /// The file with line and column, or the variable.
        place: String,
        /// What is wrong, and what was expected.
        message: String,
    },
    /// A variable that means nothing.
    #[error(transparent)]
    Variable(#[from] UnknownVariable),
    /// The site file.
    #[error("{path}: {error}")]
    Site {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: SiteError,
    },
    /// Pipelines or value sets.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// The topics of the sources.
    #[error("{path}: {error}")]
    Route {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: RouteError,
    },
}

/// Reads a configuration file with an environment over it, and the files it names.
///
/// # Errors
/// What is wrong, by file, line and column, or by variable.
pub fn read(
    path: &Path,
    variables: impl Iterator<Item = (String, String)>,
) -> Result<Instance, ConfigError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        |error| ConfigError::Io { path, error }
    };
    let text = fs::read_to_string(path).map_err(io(path))?;
    let document: Document = serde_saphyr::from_str(&text)
        .map_err(|error| ConfigError::Yaml { path: path.to_owned(), message: error.to_string() })?;
    let users = document.sql.iter().flat_map(|sql| &sql.users);
    let secrets = users.filter_map(|user| Some(user.password_env.as_ref()?.value.as_str()));
    let (tls, sasl) = (document.kafka.tls.as_ref(), document.kafka.sasl.as_ref());
    let secrets: Vec<&str> = secrets.chain(security_variables(tls, sasl)).collect();
    let (secrets, variables): (BTreeMap<_, _>, BTreeMap<_, _>) =
        variables.partition(|(name, _)| secrets.contains(&name.as_str()));
    let reader = Reader { path, overlay: overlay(variables.into_iter())?, secrets };
    let site_path = reader.file("site", document.site.as_ref());
    let site_text = match &site_path {
        Some(path) => fs::read_to_string(path).map_err(io(path))?,
        None => REFERENCE_SITE.to_owned(),
    };
    let site = Site::read(&site_text).map_err(|error| {
        let path = site_path.clone().unwrap_or_else(|| PathBuf::from("deploy/site.yaml"));
        ConfigError::Site { path, error }
    })?;
    let library = match reader.file("pipelines", document.pipelines.as_ref()) {
        Some(folder) => Library::of_folder(&folder)?,
        None => Library::shipped()?,
    };
    let routes = document.sources.iter().map(|source| reader.route(source, site.zone));
    let routes = routes.collect::<Result<Vec<_>, _>>()?;
    Routes::new(&routes).map_err(|error| ConfigError::Route { path: path.to_owned(), error })?;
    let (n_partitions, clock, tick_interval) = reader.log(&document.log)?;
    let address = "an address such as 127.0.0.1:8080";
    let listen = reader.parsed("http.listen", document.http.listen.as_ref(), address)?;
    let listen = listen.unwrap_or_else(|| LISTEN.parse().expect("the default is an address"));
    Ok(Instance {
        run: RunSpec {
            checkpoints: reader.checkpoints(&document)?,
            kafka: reader.kafka(&document.kafka, listen)?,
            n_partitions,
            clock,
            tick_interval,
            routes,
            site: Arc::new(site),
            library: library.with_site(&site_text),
            live_by: live_by(clock),
        },
        listen,
        admin: reader.parsed(
            "admin.listen",
            document.admin.listen.as_ref(),
            "an address such as 0.0.0.0:9464",
        )?,
        shutdown_timeout: reader.seconds(
            "shutdown_timeout_seconds",
            document.shutdown_timeout_seconds.as_ref(),
            SHUTDOWN_TIMEOUT_SECONDS,
            SHUTDOWN_TIMEOUT_SECONDS_MAX,
        )?,
        sql: reader.sql(document.sql.as_ref())?,
    })
}

/// Reads values: from the environment where it has them, from the file where it has them.
struct Reader<'r> {
    path: &'r Path,
    overlay: BTreeMap<&'static str, String>,
    secrets: BTreeMap<String, String>,
}

impl Reader<'_> {
    fn wrong<T>(&self, key: &str, value: Option<&Spanned<T>>, message: String) -> ConfigError {
        let place = match value {
            Some(value) if !self.overlay.contains_key(key) => {
                let (line, column) = (value.referenced.line(), value.referenced.column());
                format!("{}: line {line} column {column}: {key}", self.path.display())
            }
            _ => {
                let known =
                    crate::config::environment::KEYS.iter().find(|(_, known)| *known == key);
                known.map_or_else(|| key.to_owned(), |(name, _)| (*name).to_owned())
            }
        };
        ConfigError::Value { place, message }
    }

    fn text(&self, key: &str, value: Option<&Spanned<String>>) -> Option<String> {
        self.overlay.get(key).cloned().or_else(|| value.map(|value| value.value.clone()))
    }

    /// A path of the file is relative to the file, one of the environment to where we are.
    fn file(&self, key: &str, value: Option<&Spanned<String>>) -> Option<PathBuf> {
        if let Some(path) = self.overlay.get(key) {
            return Some(PathBuf::from(path));
        }
        let folder = self.path.parent().unwrap_or(Path::new("."));
        value.map(|value| folder.join(&value.value))
    }

    fn parsed<T: FromStr>(
        &self,
        key: &str,
        value: Option<&Spanned<String>>,
        expected: &str,
    ) -> Result<Option<T>, ConfigError> {
        let Some(text) = self.text(key, value) else { return Ok(None) };
        match text.parse() {
            Ok(parsed) => Ok(Some(parsed)),
            Err(_) => Err(self.wrong(key, value, format!("`{text}`: expected {expected}"))),
        }
    }

    fn number(
        &self,
        key: &str,
        value: Option<&Spanned<u32>>,
        default: u32,
        most: u32,
    ) -> Result<u32, ConfigError> {
        let number = match self.overlay.get(key) {
            Some(text) => text.parse().ok(),
            None => Some(value.map_or(default, |value| value.value)),
        };
        let number = number.filter(|number| (1..=most).contains(number));
        number.ok_or_else(|| self.wrong(key, value, format!("expected a number from 1 to {most}")))
    }

    fn seconds(
        &self,
        key: &str,
        value: Option<&Spanned<u32>>,
        default: u32,
        most: u32,
    ) -> Result<Duration, ConfigError> {
        self.number(key, value, default, most).map(u64::from).map(Duration::from_secs)
    }

    fn sql(&self, sql: Option<&SqlDocument>) -> Result<Option<SqlDoor>, ConfigError> {
        let Some(sql) = sql else {
            let key = "sql.listen";
            return match self.overlay.contains_key(key) {
                true => Err(self.wrong::<String>(key, None, "expected sql.users too".to_owned())),
                false => Ok(None),
            };
        };
        let address = "an address such as 127.0.0.1:5432";
        let listen = self.parsed("sql.listen", sql.listen.as_ref(), address)?;
        let users = sql.users.iter().map(|user| self.user(user)).collect::<Result<Vec<_>, _>>()?;
        if users.is_empty() {
            let message = "expected one user at least".to_owned();
            return Err(self.wrong("sql.users", sql.listen.as_ref(), message));
        }
        let users = Users::new(users)
            .map_err(|error| ConfigError::Io { path: self.path.to_owned(), error })?;
        let listen =
            listen.unwrap_or_else(|| SQL_LISTEN.parse().expect("the default is an address"));
        Ok(Some(SqlDoor { listen, users }))
    }

    fn user(&self, user: &SqlUserDocument) -> Result<(String, Verifier), ConfigError> {
        let key = format!("sql.users.{}", user.name.value);
        let wrong = |value, message: &str| Err(self.wrong(&key, Some(value), message.to_owned()));
        let (place, secret) = match (&user.password_env, &user.password_file) {
            (Some(name), None) => match self.secrets.get(&name.value) {
                Some(secret) => (name, secret.clone()),
                None => return wrong(name, "there is no such variable"),
            },
            (None, Some(file)) => {
                let path = self.path.parent().unwrap_or(Path::new(".")).join(&file.value);
                let text = fs::read_to_string(&path);
                (file, text.map_err(|error| ConfigError::Io { path, error })?)
            }
            _ => return wrong(&user.name, "expected password_env or password_file"),
        };
        match Verifier::of(secret.trim()) {
            Some(verifier) if !secret.trim().is_empty() => Ok((user.name.value.clone(), verifier)),
            _ => wrong(place, "expected a password, or a verifier SCRAM-SHA-256$…"),
        }
    }

    fn log(&self, log: &LogDocument) -> Result<(u32, Clock, Span), ConfigError> {
        let n_partitions =
            self.number("log.partitions", log.partitions.as_ref(), PARTITIONS, PARTITIONS_MAX)?;
        let clock = match self.text("log.clock", log.clock.as_ref()).as_deref() {
            None | Some("live") => Clock::Live,
            Some("recorded") => Clock::Recorded,
            Some(other) => {
                let message = format!("`{other}`: expected live or recorded");
                return Err(self.wrong("log.clock", log.clock.as_ref(), message));
            }
        };
        let seconds = self.number(
            "log.tick_interval_seconds",
            log.tick_interval_seconds.as_ref(),
            TICK_INTERVAL_SECONDS,
            TICK_INTERVAL_SECONDS_MAX,
        )?;
        Ok((n_partitions, clock, Span::from_seconds(i64::from(seconds))))
    }

    fn checkpoints(&self, document: &Document) -> Result<Option<CheckpointSpec>, ConfigError> {
        let CheckpointsDocument { folder, s3, interval_seconds, memory_mib } =
            &document.checkpoints;
        let storage = match (self.file("checkpoints.folder", folder.as_ref()), s3) {
            (Some(_), Some(bucket)) => {
                let message = "expected a folder or a bucket, not both".to_owned();
                return Err(self.wrong("checkpoints.s3", Some(&bucket.bucket), message));
            }
            (Some(folder), None) => Some(StorageSpec::Folder(folder)),
            (None, Some(bucket)) => Some(StorageSpec::Bucket(bucket_spec(bucket))),
            (None, None) => None,
        };
        let key = "checkpoints.interval_seconds";
        let most = CHECKPOINT_INTERVAL_SECONDS_MAX;
        let interval =
            self.number(key, interval_seconds.as_ref(), CHECKPOINT_INTERVAL_SECONDS, most)?;
        let key = "checkpoints.memory_mib";
        let has_memory = memory_mib.is_some() || self.overlay.contains_key(key);
        let memory = self.number(key, memory_mib.as_ref(), u32::MAX, u32::MAX)?;
        let Some(storage) = storage else {
            if has_memory {
                let message = "expected checkpoints.folder or checkpoints.s3 as well: what memory \
                               forgets must be stored"
                    .to_owned();
                return Err(self.wrong(key, memory_mib.as_ref(), message));
            }
            return Ok(None);
        };
        let prefix = self.text("kafka.topic_prefix", document.kafka.topic_prefix.as_ref());
        Ok(Some(CheckpointSpec {
            storage,
            log: format!("{}{EVENTS_TOPIC}", prefix.unwrap_or_default()),
            interval: Span::from_seconds(i64::from(interval)),
            memory_bytes_max: has_memory
                .then(|| usize::try_from(u64::from(memory) << 20).unwrap_or(usize::MAX)),
        }))
    }

    fn kafka(
        &self,
        kafka: &KafkaDocument,
        listen: SocketAddr,
    ) -> Result<KafkaSettings, ConfigError> {
        let brokers = self.text("kafka.brokers", Some(&kafka.brokers)).unwrap_or_default();
        if brokers.is_empty() {
            let message = "expected host:port,host:port".to_owned();
            return Err(self.wrong("kafka.brokers", Some(&kafka.brokers), message));
        }
        let replication = match self.overlay.get("kafka.replication") {
            Some(text) => text.parse().ok(),
            None => Some(kafka.replication.as_ref().map_or(1, |value| value.value)),
        };
        let replication = replication.filter(|number: &u16| 1 <= *number).ok_or_else(|| {
            let message = "expected a number of copies from 1".to_owned();
            self.wrong("kafka.replication", kafka.replication.as_ref(), message)
        })?;
        let text = |key, value: &Option<Spanned<String>>| self.text(key, value.as_ref());
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let wrong = |(key, place, message): Wrong<'_>| self.wrong(&key, place, message);
        let places = Places { folder, secrets: &self.secrets };
        let security = places.read(kafka.tls.as_ref(), kafka.sasl.as_ref()).map_err(wrong)?;
        let properties = properties(&kafka.properties).map_err(wrong)?;
        // Two instances on one machine have two ports; one that starts again has the name it had.
        let instance = text("kafka.instance", &kafka.instance)
            .or_else(|| properties.get("group.instance.id").cloned())
            .unwrap_or_else(|| {
                let host = rustix::system::uname();
                format!("{}-{}", host.nodename().to_string_lossy(), listen.port())
            });
        Ok(KafkaSettings {
            brokers,
            group: text("kafka.group", &kafka.group).unwrap_or_else(|| "twinstream".to_owned()),
            topic_prefix: text("kafka.topic_prefix", &kafka.topic_prefix).unwrap_or_default(),
            instance,
            replication: i32::from(replication),
            security: Arc::new(security),
            properties,
        })
    }

    /// Where the schemas of a source are; a format that has none needs no place.
    fn schemas(
        &self,
        source: &SourceDocument,
        format: Format,
    ) -> Result<Option<SchemaPlace>, ConfigError> {
        let key = format!("sources.{}.schemas", source.name.value);
        let wrong = |place: Option<&Spanned<String>>, expected: &str| {
            self.wrong(&key, place, format!("expected {expected}"))
        };
        let (registry, folder) = match &source.schemas {
            Some(schemas) => (schemas.registry.as_ref(), schemas.folder.as_ref()),
            None => (None, None),
        };
        match (format == Format::RadarAvro, registry, folder) {
            (false, None, None) => Ok(None),
            (false, ..) => Err(wrong(registry.or(folder), "none: the format needs no schemas")),
            // Nothing here speaks TLS to a registry.
            (true, Some(url), None) if url.value.starts_with("http://") => {
                Ok(Some(SchemaPlace::Registry(url.value.clone())))
            }
            (true, Some(url), None) => Err(wrong(Some(url), "http://HOST:PORT")),
            (true, None, Some(folder)) => {
                Ok(self.file(&key, Some(folder)).map(SchemaPlace::Folder))
            }
            (true, ..) => Err(wrong(Some(&source.format), "a registry or a folder of schemas")),
        }
    }

    fn route(&self, source: &SourceDocument, site_zone: Zone) -> Result<Route, ConfigError> {
        let wrong = |value: &Spanned<String>, expected: &str| {
            let key = format!("sources.{}", source.name.value);
            self.wrong(&key, Some(value), format!("`{}`: expected {expected}", value.value))
        };
        let format = Format::ALL.into_iter().find(|format| format.name() == source.format.value);
        let format = format
            .ok_or_else(|| wrong(&source.format, &Format::ALL.map(Format::name).join(", ")))?;
        let origin = match &source.origin {
            None => Origin::Clinical,
            Some(name) => Origin::named(&name.value)
                .ok_or_else(|| wrong(name, &Origin::ALL.map(Origin::name).join(", ")))?,
        };
        let zone = match &source.timezone {
            None => site_zone,
            Some(name) => Zone::named(&name.value)
                .ok_or_else(|| wrong(name, "an IANA zone such as Europe/London"))?,
        };
        let patient_from = match &source.patient_from {
            None => PatientFrom::Subject,
            Some(text) => PatientFrom::read(&text.value).ok_or_else(|| {
                wrong(
                    text,
                    "subject, key, header:NAME, authority:NAME or a JSON pointer such as /user",
                )
            })?,
        };
        if let (Some(text), Some(expected)) = (&source.patient_from, format.misfit(&patient_from)) {
            return Err(wrong(text, &format!("{expected} for {}", format.name())));
        }
        if source.namespace.value.is_empty() || source.namespace.value.contains('/') {
            return Err(wrong(&source.namespace, "a name without a slash"));
        }
        let (name, namespace) = (source.name.value.clone(), source.namespace.value.clone());
        let schemas = self.schemas(source, format)?;
        let spec = SourceSpec { name, format, namespace, patient_from, origin, zone, schemas };
        Ok(Route { topics: source.topics.iter().map(|topic| topic.value.clone()).collect(), spec })
    }
}

fn bucket_spec(bucket: &BucketDocument) -> BucketSpec {
    let text = |value: &Option<Spanned<String>>| value.as_ref().map(|value| value.value.clone());
    BucketSpec {
        bucket: bucket.bucket.value.clone(),
        prefix: text(&bucket.prefix).unwrap_or_default(),
        endpoint: text(&bucket.endpoint),
        region: text(&bucket.region),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "kafka:
  brokers: localhost:9092
sources:
  - name: ehr
    topics: [fhir]
    format: fhir
    namespace: hospital
";

    fn read_text(text: &str, variables: &[(&str, &str)]) -> Result<Instance, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("twin.yaml");
        fs::write(&path, text).unwrap();
        let variables = variables.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        read(&path, variables).map_err(|error| error.to_string())
    }

    #[test]
    fn the_environment_lies_over_the_file() {
        let instance =
            read_text(FILE, &[("TWIN_KAFKA_BROKERS", "other:1"), ("TWIN_LOG_PARTITIONS", "4")]);
        let instance = instance.unwrap();
        assert_eq!(instance.run.kafka.brokers, "other:1");
        assert_eq!(instance.run.n_partitions, 4);
        assert_eq!(instance.listen.to_string(), LISTEN);
    }

    #[test]
    fn says_where_it_is_wrong() {
        let cases = [
            ("brokers:", "broker:", "unknown field `broker`"),
            (
                "format: fhir",
                "format: hl7",
                "twin.yaml: line 6 column 13: sources.ehr: `hl7`: expected fhir",
            ),
            ("namespace: hospital", "namespace: a/b", "expected a name without a slash"),
            (
                "namespace: hospital",
                "namespace: hospital\n    patient_from: authority:MERCY",
                "`authority:MERCY`: expected subject, key, header:NAME or a JSON pointer",
            ),
            (
                "format: fhir",
                "format: hl7v2\n    patient_from: /subject",
                "`/subject`: expected subject, authority:NAME, key or header:NAME for hl7v2",
            ),
            (
                "format: fhir",
                "format: radar-avro",
                "sources.ehr.schemas: expected a registry or a folder of schemas",
            ),
            (
                "format: fhir",
                "format: fhir\n    schemas: { folder: schemas }",
                "sources.ehr.schemas: expected none: the format needs no schemas",
            ),
            (
                "format: fhir",
                "format: radar-avro\n    schemas: { registry: 'https://registry' }",
                "sources.ehr.schemas: expected http://HOST:PORT",
            ),
            ("topics: [fhir]", "topics: ['^(']", "topic pattern `^(`"),
            (
                "kafka:",
                "log: { clock: solar }\nkafka:",
                "line 1 column 15: log.clock: `solar`: expected live or recorded",
            ),
            (
                "kafka:",
                "checkpoints: { memory_mib: 100 }\nkafka:",
                "line 1 column 28: checkpoints.memory_mib: expected checkpoints.folder",
            ),
            ("kafka:", "http: { listen: everywhere }\nkafka:", "expected an address"),
            ("kafka:", "site: nowhere.yaml\nkafka:", "nowhere.yaml: No such file"),
        ];
        for (good, bad, expected) in cases {
            let error = read_text(&FILE.replace(good, bad), &[]).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        let error = read_text(FILE, &[("TWIN_LOG_PARTITIONS", "0")]).unwrap_err();
        assert_eq!(error, "TWIN_LOG_PARTITIONS: expected a number from 1 to 1024");
    }

    #[test]
    fn passwords_of_sql_stand_elsewhere() {
        let with =
            |user: &str| FILE.replace("kafka:", &format!("sql: {{ users: [{user}] }}\nkafka:"));
        let analyst = with("{ name: analyst, password_env: TWIN_SQL_PASSWORD }");
        let instance = read_text(&analyst, &[("TWIN_SQL_PASSWORD", "s3cret")]).unwrap();
        assert_eq!(instance.sql.unwrap().listen.to_string(), SQL_LISTEN);
        assert!(read_text(FILE, &[]).unwrap().sql.is_none());
        for (user, expected) in [
            ("{ name: a, password_env: NOWHERE }", "sql.users.a: there is no such variable"),
            ("{ name: a, password_file: nowhere }", "nowhere: No such file"),
            ("{ name: a }", "sql.users.a: expected password_env or password_file"),
            ("{ name: a, password: x }", "unknown field `password`"),
            ("", "sql.users: expected one user at least"),
        ] {
            let error = read_text(&with(user), &[]).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        let error = read_text(FILE, &[("TWIN_SQL_LISTEN", "127.0.0.1:1")]).unwrap_err();
        assert_eq!(error, "TWIN_SQL_LISTEN: expected sql.users too");
    }

    #[test]
    fn the_reference_file_is_right() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/twin.yaml");
        let instance = read(&path, std::iter::empty()).unwrap();
        assert_eq!(instance.run.n_partitions, PARTITIONS);
    }
}
