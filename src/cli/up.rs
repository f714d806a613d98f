//! `twin up`: the demo hospital, live, until it is told to stop.

use std::sync::Arc;

use anyhow::Result;

use twinstream::engine::published;
use twinstream::engine::up::{UpSpec, up};
use twinstream::http::state::{About, State};

use crate::cli::args::UpArgs;
use crate::cli::replay::{read_library, read_site};
use crate::cli::run::{open_doors, stop_on_signal};

/// What every page and the command begin with.
const BANNER: &str = "Synthetic data from a simulated hospital. Not a medical device.";

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
    let (mut publisher, reader) = published::channel();
    let about = About {
        title: "Demo hospital".to_owned(),
        banner: Some(BANNER.to_owned()),
        is_simulated: true,
    };
    open_doors(&runtime, args.http, State::new(reader, about))?;
    println!("{BANNER}");
    println!("console  http://{}", args.http);
    println!("SQL      twin sql --url http://{} \"SELECT * FROM patients LIMIT 5\"", args.http);
    up(&spec, &mut publisher, &stop)?;
    Ok(())
}
