//! `twin pipelines`: which pipelines there are, what each reads and says, and who published its rule.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use twinstream::pipeline::summary::Summary;

use crate::cli::args::OutputArg;
use crate::cli::replay::read_library;
use crate::cli::table::print;

/// `twin pipelines`
#[derive(Debug, Args)]
pub struct PipelinesArgs {
    /// A folder of pipelines; those that ship if left out.
    pub folder: Option<PathBuf>,
    /// The form of the answer.
    #[arg(short, long, value_enum, default_value_t = OutputArg::Table)]
    pub output: OutputArg,
}

/// Lists the pipelines of a folder.
pub fn run(args: &PipelinesArgs) -> Result<()> {
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
