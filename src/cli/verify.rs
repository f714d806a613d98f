//! `twin verify`: whether the checkpoints of a data folder are what its log says.

use anyhow::{Result, bail};

use twinstream::engine::verify::{Verified, verify};

use crate::cli::args::{OutputArg, VerifyArgs};
use crate::cli::table;

/// Verifies a data folder and says what was found; fails where anything is wrong.
pub fn run(args: &VerifyArgs) -> Result<()> {
    let mut progress = |partition, n_partitions| {
        eprintln!("verifying partition {} of {n_partitions}", partition + 1);
    };
    let found = verify(&args.data, &mut progress)?;
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
    let n_wrong = found.iter().filter(|one| !one.is_right()).count();
    if 0 < n_wrong {
        bail!("{n_wrong} of {} checkpoints are not what the log says", found.len());
    }
    Ok(())
}

const COLUMNS: [&str; 6] = ["partition", "checkpoint", "next_offset", "verdict", "digest", "why"];

fn row(found: &Verified) -> [String; 6] {
    let verdict = if found.is_right() { "right" } else { "wrong" };
    let mut why = found.passed_over.clone();
    if found.counted != found.said {
        why.push(format!("its rows give {}", found.counted));
    }
    if found.replayed != found.said {
        why.push(format!("the log gives {}", found.replayed));
    }
    [
        found.partition.to_string(),
        found.checkpoint.clone(),
        found.next_offset.to_string(),
        verdict.to_owned(),
        found.said.clone(),
        why.join("; "),
    ]
}

fn csv(rows: &[[String; 6]]) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for row in rows {
        writer.write_record(row)?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}
