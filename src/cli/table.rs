//! An answer as a table for people: long texts are wrapped where the terminal ends.

use anyhow::Result;
use comfy_table::{ContentArrangement, Table, presets};

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
