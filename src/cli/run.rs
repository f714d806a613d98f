//! `twin run`: against Kafka, until it is told to stop. `twin validate`: everything but the running.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::Result;
use tokio::net::TcpListener;
use tokio::runtime::{Handle, Runtime};

use twinstream::clock::now;
use twinstream::config::instance::{Instance, SqlDoor, read};
use twinstream::domain::event::Clock;
use twinstream::engine::published::{self, Publisher, Reader};
use twinstream::engine::responses::Responses;
use twinstream::engine::run::{RunSpec, Stages, run as run_engine};
use twinstream::engine::watch::watch;
use twinstream::http::admin;
use twinstream::http::server::{listen, serve};
use twinstream::http::state::{About, State};
use twinstream::kafka::failure::KafkaFailure;
use twinstream::kafka::log::KafkaLogWriter;
use twinstream::kafka::patience::Patience;
use twinstream::kafka::settings::KafkaSettings;
use twinstream::kafka::topics::{TopicSpec, ensure};
use twinstream::pgwire::server::{self, Door};
use twinstream::pgwire::users::Users;
use twinstream::sql::query::QueryLimits;
use twinstream::telemetry::Telemetry;
use twinstream::telemetry::readiness::Condition;

use crate::cli::args::{RunArgs, StageArg};
use crate::cli::pages;
use crate::cli::stopping::until_stopped;

/// Checks a configuration and every file it names.
pub fn validate(path: &Path) -> Result<()> {
    let Instance { run, listen, admin, sql, .. } = read(path, std::env::vars())?;
    let sql = sql.map_or_else(|| "closed".to_owned(), |sql| format!("on {}", sql.listen));
    let admin = admin.map_or_else(|| "the same".to_owned(), |admin| admin.to_string());
    println!(
        "{}: right. {} sources, {} definitions, a {} log of {} partitions on {}, HTTP on {listen}, \
         probes and metrics on {admin}, PostgreSQL {sql}",
        path.display(),
        run.routes.len(),
        run.library.texts().len(),
        run.clock.name(),
        run.n_partitions,
        run.kafka.brokers,
    );
    Ok(())
}

/// Runs the command.
pub fn run(args: &RunArgs) -> Result<()> {
    pages::use_small();
    let instance = read(&args.config, std::env::vars())?;
    let stages = match args.only {
        None => Stages::Both,
        Some(StageArg::Ingest) => Stages::Ingest,
        Some(StageArg::Twins) => Stages::Twins,
        Some(StageArg::Replica) => Stages::Replica,
    };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let (publisher, reader) = published::channel();
    let telemetry = publisher.telemetry.clone();
    telemetry.readiness.expect(expected(stages), now());
    // Before anything that waits for Kafka: a probe is answered by what is being waited for.
    let Instance { run, listen, admin, shutdown_timeout, sql } = instance;
    let about = About { title: run.kafka.brokers.clone(), banner: None, is_simulated: false };
    let responses = match run.clock {
        Clock::Live => Responses::of_kafka(KafkaLogWriter::new(&run.kafka)?, run.n_partitions),
        // A recorded history is over: nobody waits for an answer, and it has a clock of its own.
        Clock::Recorded => Responses::Nobody,
    };
    open_all(&runtime, State::new(reader, about).taking(responses), listen, admin, sql)?;
    telemetry.readiness.well(Condition::Doors, "open", now());
    watch_kafka(&run, &telemetry)?;
    let handle = runtime.handle().clone();
    let work = move |stop: &AtomicBool| operate(&handle, &run, stages, publisher, stop);
    let result = until_stopped(&runtime, shutdown_timeout, work);
    // What was left where it is must not be waited for.
    runtime.shutdown_background();
    result
}

/// What an instance of these stages waits for.
fn expected(stages: Stages) -> &'static [Condition] {
    match stages {
        Stages::Both => &Condition::OF_A_RUN,
        Stages::Ingest => &[Condition::Doors, Condition::Kafka, Condition::Ingest],
        Stages::Replica => {
            &[Condition::Doors, Condition::Kafka, Condition::Restored, Condition::CaughtUp]
        }
        Stages::Twins => &[
            Condition::Doors,
            Condition::Kafka,
            Condition::Restored,
            Condition::CaughtUp,
            Condition::Definitions,
            Condition::Twins,
        ],
    }
}

/// Opens every door.
fn open_all(
    runtime: &Runtime,
    state: State,
    listen: SocketAddr,
    admin: Option<SocketAddr>,
    sql: Option<SqlDoor>,
) -> Result<()> {
    if let Some(SqlDoor { listen, users }) = sql {
        let listener = runtime.block_on(server::listen(listen))?;
        open_sql(runtime, listener, state.reader.clone(), users)?;
        tracing::info!(postgresql = %listen, "SQL is open");
    }
    if let Some(address) = admin {
        let (listener, state) = (runtime.block_on(admin::listen(address))?, state.clone());
        runtime.spawn(async move {
            if let Err(error) = admin::serve(listener, state).await {
                tracing::error!(%error, "the door for operators is closed");
            }
        });
        tracing::info!(admin = %address, "probes and metrics are open");
    }
    open_doors(runtime, listen, state)?;
    tracing::info!(http = %listen, "the console is open");
    Ok(())
}

/// Watches whether Kafka answers, until the process ends.
fn watch_kafka(run: &RunSpec, telemetry: &Telemetry) -> Result<()> {
    let (run, telemetry) = (run.clone(), telemetry.clone());
    let named = thread::Builder::new().name("kafka watch".to_owned());
    named.spawn(move || watch(&run, &telemetry))?;
    Ok(())
}

/// Makes our topics where they are missing, and runs the stages.
fn operate(
    runtime: &Handle,
    run: &RunSpec,
    stages: Stages,
    mut publisher: Publisher,
    stop: &AtomicBool,
) -> Result<()> {
    let n_partitions = i32::try_from(run.n_partitions)?;
    let mut topics = vec![TopicSpec::events(&run.kafka, n_partitions)];
    topics.extend(run.kafka.effect_topics().map(|name| TopicSpec::output(name, n_partitions)));
    topics.push(TopicSpec::dead_letters(&run.kafka));
    if !runtime.block_on(ensure_patiently(&run.kafka, &topics, stop))? {
        return Ok(());
    }
    let summary = run_engine(run, stages, &mut publisher, stop)?;
    let (tally, counts) = (&summary.tally, summary.counts);
    tracing::info!(
        n_records = tally.n_records,
        n_events = counts.n_events,
        n_effects = counts.n_left,
        "stopped"
    );
    Ok(())
}

/// Whether a stop was asked for is looked at this often while Kafka is waited for.
const LOOK: Duration = Duration::from_millis(200);

/// Makes and checks our topics. Brokers that are away are waited for, as they are later on: a start in the middle of
/// an outage that ended at once would be tried again and again, and later and later. Says whether to go on.
async fn ensure_patiently(
    kafka: &KafkaSettings,
    topics: &[TopicSpec],
    stop: &AtomicBool,
) -> Result<bool, KafkaFailure> {
    let mut patience = Patience::begin();
    let mut ensured = std::pin::pin!(ensure(kafka, topics));
    while !stop.load(Ordering::Acquire) {
        match tokio::time::timeout(LOOK, &mut ensured).await {
            Ok(Err(failure)) if failure.is_outage() => ensured.set(ensure(kafka, topics)),
            Ok(done) => {
                patience.end(&kafka.brokers);
                return done.map(|()| true);
            }
            Err(_) => {}
        }
        patience.say(&kafka.brokers);
    }
    Ok(false)
}

/// Serves HTTP beside the engine.
pub fn open_doors(runtime: &Runtime, address: SocketAddr, state: State) -> Result<()> {
    let listener = runtime.block_on(listen(address))?;
    runtime.spawn(async move {
        if let Err(error) = serve(listener, state).await {
            tracing::error!(%error, "the console is closed");
        }
    });
    Ok(())
}

/// Serves SQL by PostgreSQL's protocol beside the engine.
pub fn open_sql(
    runtime: &Runtime,
    listener: TcpListener,
    reader: Reader,
    users: Users,
) -> Result<()> {
    let door = Door::new(reader, users, QueryLimits::default())?;
    runtime.spawn(server::serve(listener, Arc::new(door)));
    Ok(())
}
