//! Our own topics: made where they are missing, and checked where they are not.

use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::RDKafkaErrorCode;

use crate::kafka::failure::KafkaFailure;
use crate::kafka::login;
use crate::kafka::settings::{KafkaSettings, MESSAGE_BYTES_MAX};

/// Brokers have this long to answer about topics.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// A topic that was just made is not known to every broker at once: it is looked for this often.
const LOOKS_MAX: usize = 100;
const LOOK_INTERVAL: Duration = Duration::from_millis(100);
/// How long a new topic of dead letters keeps them: 90 days.
const LETTERS_RETENTION: Duration = Duration::from_secs(90 * 86_400);

/// A topic as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSpec {
    /// Its name.
    pub name: String,
    /// Its partitions when it is made.
    pub n_partitions: i32,
    /// Whether another number of partitions is refused.
    pub is_fixed: bool,
    /// Its settings when it is made.
    pub settings: Vec<(&'static str, String)>,
}

impl TopicSpec {
    /// The log: kept for ever, dated by the broker (DESIGN §9a).
    pub fn events(settings: &KafkaSettings, n_partitions: i32) -> TopicSpec {
        TopicSpec {
            name: settings.events_topic(),
            n_partitions,
            is_fixed: true,
            settings: vec![
                ("cleanup.policy", "delete".to_owned()),
                ("message.timestamp.type", "LogAppendTime".to_owned()),
                ("retention.ms", "-1".to_owned()),
                ("retention.bytes", "-1".to_owned()),
                ("max.message.bytes", MESSAGE_BYTES_MAX.to_string()),
            ],
        }
    }

    /// Dead letters, and what became of them: in one partition, so that one lies behind the other. They are kept
    /// for a quarter of a year, because a mapping is put right by people.
    pub fn dead_letters(settings: &KafkaSettings) -> TopicSpec {
        let mut spec = TopicSpec::output(settings.dead_letters_topic(), 1);
        spec.settings.push(("retention.ms", LETTERS_RETENTION.as_millis().to_string()));
        spec
    }

    /// A topic that effects go to.
    pub fn output(name: String, n_partitions: i32) -> TopicSpec {
        let settings = vec![
            ("cleanup.policy", "delete".to_owned()),
            ("max.message.bytes", MESSAGE_BYTES_MAX.to_string()),
        ];
        TopicSpec { name, n_partitions, is_fixed: false, settings }
    }
}

/// What a topic takes where nobody says: Kafka's default of `max.message.bytes`.
const MESSAGE_BYTES_MAX_DEFAULT: usize = 1_048_588;

/// How large a message of a topic may be.
///
/// # Errors
/// If the brokers do not answer. Where they may not say, it is what Kafka's default is.
pub fn message_bytes_max(settings: &KafkaSettings, topic: &str) -> Result<usize, KafkaFailure> {
    let admin: AdminClient<DefaultClientContext> =
        settings.client().create().map_err(KafkaFailure::of("connect"))?;
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.map_err(|error| KafkaFailure::Topic {
        topic: topic.to_owned(),
        message: format!("cannot be described: {error}"),
    })?;
    let options = AdminOptions::new().request_timeout(Some(ANSWER_MAX));
    let resource = [ResourceSpecifier::Topic(topic)];
    let described = runtime.block_on(admin.describe_configs(&resource, &options));
    let described = described.map_err(KafkaFailure::of(format!("describe {topic}")))?;
    let config = described.into_iter().next().and_then(Result::ok);
    let value = config.as_ref().and_then(|config| config.get("max.message.bytes")?.value.as_ref());
    Ok(value.and_then(|bytes| bytes.parse().ok()).unwrap_or(MESSAGE_BYTES_MAX_DEFAULT))
}

/// The names of all topics of the cluster.
///
/// # Errors
/// If the brokers do not answer.
pub fn names(settings: &KafkaSettings) -> Result<Vec<String>, KafkaFailure> {
    let consumer: BaseConsumer = settings.client().create().map_err(KafkaFailure::of("connect"))?;
    let metadata = consumer.fetch_metadata(None, ANSWER_MAX);
    let metadata = metadata.map_err(KafkaFailure::of(format!("reach {}", settings.brokers)))?;
    Ok(metadata.topics().iter().map(|topic| topic.name().to_owned()).collect())
}

/// Makes topics that are missing, and says how many partitions the first one has.
///
/// # Errors
/// If the brokers do not answer or let us in, or a topic is not as it must be.
pub async fn ensure(settings: &KafkaSettings, specs: &[TopicSpec]) -> Result<(), KafkaFailure> {
    let asked = settings.clone();
    let checked = tokio::task::spawn_blocking(move || login::check(&asked)).await;
    checked.map_err(|error| KafkaFailure::Refused {
        brokers: settings.brokers.clone(),
        reason: error.to_string(),
    })??;
    let admin: AdminClient<DefaultClientContext> =
        settings.client().create().map_err(KafkaFailure::of("connect"))?;
    let topics: Vec<NewTopic<'_>> = specs
        .iter()
        .map(|spec| {
            let replication = TopicReplication::Fixed(settings.replication);
            let topic = NewTopic::new(&spec.name, spec.n_partitions, replication);
            spec.settings.iter().fold(topic, |topic, (key, value)| topic.set(key, value))
        })
        .collect();
    let options =
        AdminOptions::new().request_timeout(Some(ANSWER_MAX)).operation_timeout(Some(ANSWER_MAX));
    let results = admin.create_topics(&topics, &options).await;
    let results = results.map_err(KafkaFailure::of(format!("reach {}", settings.brokers)))?;
    for result in results {
        match result {
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((topic, code)) => {
                let message = format!("cannot be made: {code}");
                return Err(KafkaFailure::Topic { topic, message });
            }
        }
    }
    for spec in specs.iter().filter(|spec| spec.is_fixed) {
        check(&admin, spec, &options).await?;
    }
    Ok(())
}

/// A log with another number of partitions would look for patients where they are not, and one dated
/// by its senders would not know when it came to know.
async fn check(
    admin: &AdminClient<DefaultClientContext>,
    spec: &TopicSpec,
    options: &AdminOptions,
) -> Result<(), KafkaFailure> {
    let wrong = |message: String| KafkaFailure::Topic { topic: spec.name.clone(), message };
    let mut n_partitions = None;
    for _ in 0..LOOKS_MAX {
        let metadata = admin.inner().fetch_metadata(Some(&spec.name), ANSWER_MAX);
        let metadata = metadata.map_err(KafkaFailure::of(format!("describe {}", spec.name)))?;
        n_partitions = metadata.topics().iter().map(|topic| topic.partitions().len()).max();
        if n_partitions.is_some_and(|n_partitions| 0 < n_partitions) {
            break;
        }
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
    if n_partitions != usize::try_from(spec.n_partitions).ok() {
        return Err(wrong(format!(
            "it has {} partitions, the configuration says {}; the number is fixed when the log is \
             made: set log.partitions to it",
            n_partitions.unwrap_or(0),
            spec.n_partitions
        )));
    }
    let resource = [ResourceSpecifier::Topic(&spec.name)];
    let described = admin.describe_configs(&resource, options).await;
    let described = described.map_err(KafkaFailure::of(format!("describe {}", spec.name)))?;
    let described = described.into_iter().next().and_then(Result::ok);
    let read = |name| described.as_ref().and_then(|config| config.get(name)?.value.clone());
    for (name, expected) in
        [("message.timestamp.type", "LogAppendTime"), ("cleanup.policy", "delete")]
    {
        match read(name) {
            Some(value) if value == expected => {}
            value => {
                let value = value.unwrap_or_else(|| "unknown".to_owned());
                return Err(wrong(format!("{name} is {value}, expected {expected}")));
            }
        }
    }
    Ok(())
}
