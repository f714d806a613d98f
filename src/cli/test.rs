//! `twin test`: the stories of pipeline files.

use std::path::Path;

use anyhow::{Result, bail};

use twinstream::engine::story_run;

use crate::cli::replay::read_library;

/// Runs the stories of every pipeline of a folder.
pub fn run(folder: Option<&Path>) -> Result<()> {
    let library = read_library(folder)?;
    let (mut n_passed, mut n_failed) = (0, 0);
    for pipeline in library.pipelines()? {
        let name = &pipeline.name;
        for story in &pipeline.stories {
            match story_run::run(&story.story, &library) {
                Ok(()) => n_passed += 1,
                Err(error) => {
                    n_failed += 1;
                    println!("✗ {name} › {}\n    {error}", story.name);
                }
            }
        }
    }
    println!("{n_passed} stories passed, {n_failed} failed");
    if 0 < n_failed { bail!("{n_failed} stories failed") } else { Ok(()) }
}
