//! Asks once at the start whether the brokers let us in. The client itself would try again for ever, because a
//! broker that is just starting may refuse as well; whoever mistyped a password wants to know within seconds.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::RDKafkaErrorCode;

use crate::clock::Stopwatch;
use crate::kafka::failure::KafkaFailure;
use crate::kafka::settings::KafkaSettings;

/// Brokers have this long to answer at all.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// One question.
const LOOK: Duration = Duration::from_secs(1);
/// What the client says where one side speaks TLS or SASL and the other does not, or does not believe the other:
/// it heals by no waiting.
const REFUSALS: [&str; 3] = ["security.protocol", "PLAINTEXT broker", "SSL routines"];

/// What the client says where a broker hangs up at its first question: it may expect TLS, or a proxy before it has
/// no broker to ask. The second heals, so it is told and waited for.
const HUNG_UP: &str = "APIVERSION_QUERY";

/// Keeps what the client says last of a connection that failed.
#[derive(Debug, Default)]
struct Listener {
    reason: Mutex<Option<String>>,
}

impl Listener {
    fn reason(&self) -> Option<String> {
        self.reason.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ClientContext for Listener {
    fn log(&self, _level: RDKafkaLogLevel, facility: &str, message: &str) {
        if facility == "FAIL" {
            let reason = message.split_once("]: ").map_or(message, |(_, reason)| reason);
            *self.reason.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason.to_owned());
        }
    }
}

impl ConsumerContext for Listener {}

/// Waits until a broker lets us in.
///
/// # Errors
/// If one refuses us, in the words of the client, or none answers.
pub fn check(settings: &KafkaSettings) -> Result<(), KafkaFailure> {
    let mut config = settings.client();
    config.set_log_level(RDKafkaLogLevel::Info);
    let consumer: BaseConsumer<Listener> = config
        .create_with_context(Listener::default())
        .map_err(KafkaFailure::of("read the settings of kafka"))?;
    let (since, mut is_told) = (Stopwatch::start(), false);
    loop {
        let error = match consumer.fetch_metadata(None, LOOK) {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        let mut is_refused = false;
        while let Some(event) = consumer.poll(Duration::ZERO) {
            let code = event.err().and_then(|error| error.rdkafka_error_code());
            is_refused |= matches!(
                code,
                Some(
                    RDKafkaErrorCode::Authentication
                        | RDKafkaErrorCode::SSL
                        | RDKafkaErrorCode::SaslAuthenticationFailed
                        | RDKafkaErrorCode::UnsupportedSASLMechanism
                )
            );
        }
        let reason = consumer.context().reason();
        is_refused |=
            reason.as_ref().is_some_and(|reason| REFUSALS.iter().any(|sign| reason.contains(sign)));
        if is_refused {
            let reason = reason.unwrap_or_else(|| error.to_string());
            return Err(KafkaFailure::Refused { brokers: settings.brokers.clone(), reason });
        }
        if !is_told && reason.is_some_and(|reason| reason.contains(HUNG_UP)) {
            is_told = true;
            tracing::warn!(
                brokers = settings.brokers,
                "kafka: the brokers hang up at our first question: do they expect kafka.tls?"
            );
        }
        if ANSWER_MAX < since.elapsed() {
            return Err(KafkaFailure::of(format!("reach {}", settings.brokers))(error));
        }
    }
}
