//! An answer as a table for people: long texts are wrapped where the terminal ends.

use anyhow::Result;
use comfy_table::{ContentArrangement, Table, presets};
use serde_json::{Map, Value, json};

use crate::cli::args::OutputArg;

/// Prints rows as they are asked for.
pub fn print<const N: usize>(
    columns: &[&str; N],
    rows: &[[String; N]],
    output: OutputArg,
) -> Result<()> {
    if output == OutputArg::Json {
        let object = |row: &[String; N]| -> Map<String, Value> {
            let cells = columns.iter().zip(row);
            // A count is a number to a program.
            let value =
                |cell: &String| cell.parse::<u64>().map_or(json!(cell), |number| json!(number));
            cells.map(|(name, cell)| ((*name).to_owned(), value(cell))).collect()
        };
        let objects: Vec<Map<String, Value>> = rows.iter().map(object).collect();
        println!("{}", serde_json::to_string_pretty(&objects)?);
        return Ok(());
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(columns)?;
    for row in rows {
        writer.write_record(row)?;
    }
    let csv = String::from_utf8(writer.into_inner()?)?;
    match output {
        OutputArg::Csv => print!("{csv}"),
        OutputArg::Table | OutputArg::Json => println!("{}", laid_out(&csv)?),
    }
    Ok(())
}

/// Lays out CSV with a header as a table.
pub fn laid_out(csv: &str) -> Result<String> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let mut table = Table::new();
    table.load_preset(presets::UTF8_HORIZONTAL_ONLY);
    if let Some(width) = terminal_columns() {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    table.set_header(reader.headers()?);
    for row in reader.records() {
        table.add_row(&row?);
    }
    Ok(table.to_string())
}

/// How wide the terminal is; `None` where the answer goes into a file or a pipe.
fn terminal_columns() -> Option<u16> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    Some(size.ws_col).filter(|columns| 0 < *columns)
}
