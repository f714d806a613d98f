//! The configuration file as it is written. Unknown keys are errors; every key has one line in
//! `deploy/twin.yaml`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::config::security::{SaslDocument, TlsDocument};

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// The site file, relative to this one; the reference site if left out.
    pub site: Option<Spanned<String>>,
    /// The folder of pipelines, relative to this file; those that ship if left out.
    pub pipelines: Option<Spanned<String>>,
    /// The doors.
    #[serde(default)]
    pub http: HttpDocument,
    /// SQL by PostgreSQL's protocol; closed if left out.
    pub sql: Option<SqlDocument>,
    /// The door for operators.
    #[serde(default)]
    pub admin: AdminDocument,
    /// Seconds that a stop may take.
    pub shutdown_timeout_seconds: Option<Spanned<u32>>,
    /// The log.
    #[serde(default)]
    pub log: LogDocument,
    /// Where checkpoints go.
    #[serde(default)]
    pub checkpoints: CheckpointsDocument,
    /// Kafka.
    pub kafka: KafkaDocument,
    /// The sources.
    pub sources: Vec<SourceDocument>,
}

/// The doors.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpDocument {
    /// `address:port`; loopback only.
    pub listen: Option<Spanned<String>>,
}

/// The door for operators.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdminDocument {
    /// `address:port`; closed if left out, which leaves probes and metrics on the console's.
    pub listen: Option<Spanned<String>>,
}

/// SQL by PostgreSQL's protocol.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SqlDocument {
    /// `address:port`; loopback only.
    pub listen: Option<Spanned<String>>,
    /// Who may connect.
    pub users: Vec<SqlUserDocument>,
}

/// A user of SQL: the password stands in a variable or in a file, never here.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SqlUserDocument {
    /// The name.
    pub name: Spanned<String>,
    /// The variable of the environment that holds the password or its verifier.
    pub password_env: Option<Spanned<String>>,
    /// The file that holds it, relative to this one.
    pub password_file: Option<Spanned<String>>,
}

/// The log.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogDocument {
    /// Partitions when it is made.
    pub partitions: Option<Spanned<u32>>,
    /// `live` or `recorded`.
    pub clock: Option<Spanned<String>>,
    /// Seconds between ticks on a live clock.
    pub tick_interval_seconds: Option<Spanned<u32>>,
}

/// Where checkpoints go.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckpointsDocument {
    /// A folder, relative to this file.
    pub folder: Option<Spanned<String>>,
    /// A bucket that speaks S3, instead of a folder.
    pub s3: Option<BucketDocument>,
    /// Seconds between the checkpoints of a shard.
    pub interval_seconds: Option<Spanned<u32>>,
    /// Memory for facts, in MiB: beyond it, what is stored is forgotten and read again when it is needed.
    pub memory_mib: Option<Spanned<u32>>,
}

/// A bucket that speaks S3.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BucketDocument {
    /// The bucket.
    pub bucket: Spanned<String>,
    /// What the names of its objects begin with.
    pub prefix: Option<Spanned<String>>,
    /// Where it is, if not at Amazon.
    pub endpoint: Option<Spanned<String>>,
    /// Its region.
    pub region: Option<Spanned<String>>,
}

/// Kafka.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KafkaDocument {
    /// `host:port,host:port`.
    pub brokers: Spanned<String>,
    /// The name of groups and of the transactional producer.
    pub group: Option<Spanned<String>>,
    /// What our topics' names begin with.
    pub topic_prefix: Option<Spanned<String>>,
    /// The name of this instance in the group; `group.instance.id`, or host and port, if left out.
    pub instance: Option<Spanned<String>>,
    /// Copies of our topics' partitions.
    pub replication: Option<Spanned<u16>>,
    /// TLS; in the open if left out.
    pub tls: Option<TlsDocument>,
    /// Who we are; nobody asks if left out.
    pub sasl: Option<SaslDocument>,
    /// Properties of librdkafka, none of them secret.
    #[serde(default)]
    pub properties: BTreeMap<String, Spanned<String>>,
}

/// A source.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceDocument {
    /// Its name, for people.
    pub name: Spanned<String>,
    /// Topics, or patterns that begin with `^`.
    pub topics: Vec<Spanned<String>>,
    /// `fhir`, `open-mhealth`, `dicom-json`, `hl7v2` or `radar-avro`.
    pub format: Spanned<String>,
    /// The namespace of its patient identifiers.
    pub namespace: Spanned<String>,
    /// `subject`, `key`, `header:NAME`, `authority:NAME` or a JSON pointer; `subject` if left out.
    pub patient_from: Option<Spanned<String>>,
    /// Who measures: `clinical`, `cleared_device`, `consumer_device` or `self_reported`.
    pub origin: Option<Spanned<String>>,
    /// The IANA zone of its dates, and of its times without an offset; the site's if left out.
    pub timezone: Option<Spanned<String>>,
    /// Where the schemas of its records are.
    pub schemas: Option<SchemasDocument>,
}

/// Where schemas are: one of both.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemasDocument {
    /// The address of a registry that speaks as Confluent's does.
    pub registry: Option<Spanned<String>>,
    /// A folder of files named by their ids, such as `17.avsc`; relative to this file.
    pub folder: Option<Spanned<String>>,
}
