//! `twin verify`: whether the checkpoints of a data folder or an instance are what their log says.

use std::path::Path;

use anyhow::{Result, bail};

use twinstream::config::instance::read;
use twinstream::engine::verify::{
    Compared, Replayed, Verdict, Verified, verify_folder, verify_instance,
};

use crate::cli::args::{OutputArg, VerifyArgs};
use crate::cli::table;

/// Verifies checkpoints and says what was found; fails where anything is wrong.
pub fn run(args: &VerifyArgs) -> Result<()> {
    let Some(found) = verified(args)? else {
        println!("No checkpoints are configured: every start reads the whole log.");
        return Ok(());
    };
    if found.is_empty() {
        println!("There are no checkpoints: a start reads the whole log.");
        return Ok(());
    }
    let rows: Vec<[String; 6]> = found.iter().map(row).collect();
    match args.output {
        OutputArg::Json => {
            let object = |row: &[String; 6]| -> serde_json::Map<String, serde_json::Value> {
                let cells = COLUMNS.iter().zip(row);
                cells.map(|(name, cell)| ((*name).to_owned(), cell.clone().into())).collect()
            };
            println!(
                "{}",
                serde_json::to_string_pretty(&rows.iter().map(object).collect::<Vec<_>>())?
            );
        }
        OutputArg::Csv => print!("{}", csv(&rows)?),
        OutputArg::Table => println!("{}", table::laid_out(&csv(&rows)?)?),
    }
    let n_wrong = found.iter().filter(|one| one.verdict() == Verdict::Wrong).count();
    if 0 < n_wrong {
        bail!(
            "{n_wrong} of {} partitions have checkpoints that are damaged or not what the log says",
            found.len()
        );
    }
    Ok(())
}

/// What was found; `None` where an instance has no place for checkpoints.
fn verified(args: &VerifyArgs) -> Result<Option<Vec<Verified>>> {
    let mut progress = |partition, n_partitions| {
        eprintln!("verifying partition {} of {n_partitions}", partition + 1);
    };
    match (&args.whose.data, &args.whose.config) {
        (Some(folder), _) => Ok(Some(verify_folder(folder, &mut progress)?)),
        (None, config) => {
            let config = config.as_deref().unwrap_or(Path::new(""));
            let run = read(config, std::env::vars())?.run;
            let Some(spec) = &run.checkpoints else { return Ok(None) };
            Ok(Some(verify_instance(&run.kafka, spec, run.n_partitions, &mut progress)?))
        }
    }
}

const COLUMNS: [&str; 6] = ["partition", "checkpoint", "next_offset", "verdict", "digest", "why"];

fn row(found: &Verified) -> [String; 6] {
    let verdict = match found.verdict() {
        Verdict::Right => "right",
        Verdict::Counted => "counted",
        Verdict::Wrong => "wrong",
    };
    let mut why = found.passed_over.clone();
    let (mut checkpoint, mut offset, mut digest) = Default::default();
    match &found.newest {
        None => why.push("none is whole, a start reads the whole log".to_owned()),
        Some(Compared { number, next_offset, said, counted, replayed }) => {
            checkpoint = format!("{}-{}", number.epoch, number.sequence);
            (offset, digest) = (next_offset.to_string(), said.clone());
            if counted != said {
                why.push(format!("its rows give {counted}"));
            }
            match replayed {
                Replayed::Digest(replayed) if replayed == said => {}
                Replayed::Digest(replayed) => why.push(format!("the log gives {replayed}")),
                Replayed::BeginsAt(offset) => why.push(format!(
                    "the log begins at offset {offset}, so only the checkpoint's own rows were counted"
                )),
            }
        }
    }
    let (partition, verdict) = (found.partition.to_string(), verdict.to_owned());
    [partition, checkpoint, offset, verdict, digest, why.join("; ")]
}

fn csv(rows: &[[String; 6]]) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for row in rows {
        writer.write_record(row)?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}
