//! `twin produce`: files onto a Kafka topic.

use std::sync::Arc;

use anyhow::Result;
use indicatif::ProgressBar;

use twinstream::clock::{Stopwatch, now};
use twinstream::engine::produce::{ProduceSpec, produce_live, produce_recorded};
use twinstream::ingest::decoder::Decoder;
use twinstream::kafka::producer::CountingProducer;
use twinstream::kafka::settings::KafkaSettings;
use twinstream::kafka::topics::{TopicSpec, ensure};

use crate::cli::args::ProduceArgs;
use crate::cli::replay::{instant, read_site};

/// Runs the command.
pub fn run(args: &ProduceArgs) -> Result<()> {
    let watch = Stopwatch::start();
    let (_, site) = read_site(args.site.as_deref())?;
    let kafka =
        KafkaSettings { brokers: args.brokers.clone(), replication: 1, ..KafkaSettings::default() };
    let n_partitions = if args.live { args.partitions } else { 1 };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(ensure(&kafka, &[TopicSpec::output(args.topic.clone(), n_partitions)]))?;
    let mut config = kafka.producer();
    config.set("linger.ms", "5");
    let producer = CountingProducer::new(&config)?;
    let spec = ProduceSpec {
        inputs: args.inputs.clone(),
        topic: args.topic.clone(),
        source: args.source.source("produce", &site)?,
        until: args.until.as_deref().map(instant).transpose()?,
        now: now(),
    };
    let bar = ProgressBar::new_spinner();
    let mut progress = |n_records: u64| {
        if n_records.is_multiple_of(1_024) {
            bar.set_message(format!("{n_records} records read"));
            bar.tick();
        }
    };
    let n_records = if args.live {
        produce_live(&spec, &producer, &mut progress)?
    } else {
        let mut decoder = Decoder::new(Arc::new(site));
        produce_recorded(&spec, &producer, &mut decoder, &mut progress)?
    };
    bar.finish_and_clear();
    println!("{n_records} records in {:.1} s", watch.elapsed().as_secs_f64());
    Ok(())
}
