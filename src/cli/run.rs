//! `twin run`: against Kafka, until it is told to stop. `twin validate`: everything but the running.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Result;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

use twinstream::config::instance::{Instance, SqlDoor, read};
use twinstream::engine::published::{self, Reader};
use twinstream::engine::run::{Stages, run as run_engine};
use twinstream::http::server::{listen, serve};
use twinstream::http::state::{About, State};
use twinstream::kafka::failure::KafkaFailure;
use twinstream::kafka::settings::KafkaSettings;
use twinstream::kafka::topics::{TopicSpec, ensure};
use twinstream::pgwire::server::{self, Door};
use twinstream::pgwire::users::Users;
use twinstream::sql::query::QueryLimits;

use crate::cli::args::{RunArgs, StageArg};
use crate::cli::pages;

/// Checks a configuration and every file it names.
pub fn validate(path: &Path) -> Result<()> {
    let Instance { run, listen, sql } = read(path, std::env::vars())?;
    let sql = sql.map_or_else(|| "closed".to_owned(), |sql| format!("on {}", sql.listen));
    println!(
        "{}: right. {} sources, {} definitions, a {} log of {} partitions on {}, HTTP on {listen}, \
         PostgreSQL {sql}",
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
    let Instance { run, listen, sql } = read(&args.config, std::env::vars())?;
    let stages = match args.only {
        None => Stages::Both,
        Some(StageArg::Ingest) => Stages::Ingest,
        Some(StageArg::Twins) => Stages::Twins,
    };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let n_partitions = i32::try_from(run.n_partitions)?;
    let mut topics = vec![TopicSpec::events(&run.kafka, n_partitions)];
    topics.extend(run.kafka.effect_topics().map(|name| TopicSpec::output(name, n_partitions)));
    topics.push(TopicSpec::dead_letters(&run.kafka));
    runtime.block_on(ensure_aloud(&run.kafka, &topics))?;
    let stop = stop_on_signal(&runtime)?;
    let (mut publisher, reader) = published::channel();
    let about = About { title: run.kafka.brokers.clone(), banner: None, is_simulated: false };
    open_doors(&runtime, listen, State::new(reader.clone(), about))?;
    tracing::info!(http = %listen, "the console is open");
    if let Some(SqlDoor { listen, users }) = sql {
        let listener = runtime.block_on(server::listen(listen))?;
        open_sql(&runtime, listener, reader, users)?;
        tracing::info!(postgresql = %listen, "SQL is open");
    }
    let summary = run_engine(&run, stages, &mut publisher, &stop)?;
    let (tally, counts) = (&summary.tally, summary.counts);
    tracing::info!(
        n_records = tally.n_records,
        n_events = counts.n_events,
        n_effects = counts.n_left,
        "stopped"
    );
    Ok(())
}

/// Brokers that have not answered for this long are told of: a start says within seconds what it waits for.
const KAFKA_NOTICE: Duration = Duration::from_secs(2);

/// Makes and checks our topics, and says while it waits that it does.
async fn ensure_aloud(kafka: &KafkaSettings, topics: &[TopicSpec]) -> Result<(), KafkaFailure> {
    let mut ensured = std::pin::pin!(ensure(kafka, topics));
    loop {
        match tokio::time::timeout(KAFKA_NOTICE, &mut ensured).await {
            Ok(done) => return done,
            Err(_) => tracing::warn!(brokers = kafka.brokers, "waiting for Kafka, no answer yet"),
        }
    }
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

/// A flag that an interrupt or a termination sets.
pub fn stop_on_signal(runtime: &Runtime) -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let _entered = runtime.enter();
    for kind in [SignalKind::interrupt(), SignalKind::terminate()] {
        let (mut signal, stop) = (signal(kind)?, stop.clone());
        runtime.spawn(async move {
            signal.recv().await;
            stop.store(true, Ordering::Release);
        });
    }
    Ok(stop)
}
