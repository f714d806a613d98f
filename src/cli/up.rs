//! `twin up`: the demo hospital, live, until it is told to stop.

use std::sync::Arc;

use anyhow::Result;

use twinstream::engine::published;
use twinstream::engine::up::{UpSpec, up};

use crate::cli::args::UpArgs;
use crate::cli::replay::{read_library, read_site};
use crate::cli::run::stop_on_signal;

/// Runs the command.
pub fn run(args: &UpArgs) -> Result<()> {
    let (site_text, site) = read_site(None)?;
    let spec = UpSpec {
        folder: args.data.clone(),
        speed: args.speed,
        site: Arc::new(site),
        library: read_library(None)?.with_site(&site_text),
    };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let stop = stop_on_signal(&runtime)?;
    let (mut publisher, _reader) = published::channel();
    up(&spec, &mut publisher, &stop)?;
    Ok(())
}
