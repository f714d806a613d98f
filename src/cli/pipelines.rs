//! `twin pipelines`: which pipelines there are, what each reads and says, and who published its rule.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use twinstream::pipeline::summary::Summary;

use crate::cli::args::OutputArg;
use crate::cli::read::{self, DoorArgs};
use crate::cli::replay::read_library;
use crate::cli::table::print;

/// `twin pipelines`
#[derive(Debug, Args)]
pub struct PipelinesArgs {
    /// A folder of pipelines; those that ship if left out.
    pub folder: Option<PathBuf>,
    /// Those in force in a running instance instead, and whether each speaks.
    #[arg(long, value_name = "URL", conflicts_with = "folder")]
    pub url: Option<String>,
    /// Those in force in a data folder instead.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["folder", "url"])]
    pub data: Option<PathBuf>,
    /// As it was known then (RFC 3339) instead of now.
    #[arg(long, value_name = "TIME", conflicts_with = "folder")]
    pub known_at: Option<String>,
    /// The form of the answer.
    #[arg(short, long, value_enum, default_value_t = OutputArg::Table)]
    pub output: OutputArg,
}

/// Lists the pipelines of a folder, or those in force.
pub fn run(args: &PipelinesArgs) -> Result<()> {
    if args.url.is_some() || args.data.is_some() {
        let door = DoorArgs {
            url: args.url.clone().unwrap_or_default(),
            data: args.data.clone(),
            known_at: args.known_at.clone(),
            output: args.output,
        };
        return read::pipelines(&door);
    }
    let pipelines = read_library(args.folder.as_deref())?.pipelines()?;
    let columns = ["name", "state", "kind", "reads", "value", "bands", "edition", "stories"];
    let row = |one: Summary| {
        let stories = one.n_stories.to_string();
        let kind = one.kind.to_owned();
        let state = one.state.to_owned();
        [one.name, state, kind, one.reads, one.value, one.bands, one.edition, stories]
    };
    let rows: Vec<_> = pipelines.iter().map(|pipeline| row(Summary::of(pipeline))).collect();
    print(&columns, &rows, args.output)
}
