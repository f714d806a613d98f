//! Progress of long work, on standard error: standard output is data.

use indicatif::{ProgressBar, ProgressStyle};

use twinstream::engine::replay::Progress;

/// A progress bar, invisible where nobody watches.
#[derive(Debug)]
pub struct Bar {
    bar: ProgressBar,
    is_replaying: bool,
}

impl Bar {
    /// A bar that says what is done.
    pub fn new() -> Bar {
        let bar = ProgressBar::new_spinner();
        bar.set_style(style("{spinner} {msg} {human_pos} records  {per_sec}  {elapsed}"));
        bar.set_message("reading");
        Bar { bar, is_replaying: false }
    }

    /// Shows how far a replay is.
    pub fn show(&mut self, progress: Progress) {
        match progress {
            Progress::Reading { n_records } => self.bar.set_position(n_records),
            Progress::Replaying { n_events, n_events_total } => {
                if !self.is_replaying {
                    self.is_replaying = true;
                    self.bar.set_style(style("{msg} {wide_bar} {percent}%  {per_sec}  {eta} left"));
                    self.bar.set_message("replaying");
                    self.bar.set_length(u64::try_from(n_events_total).unwrap_or(u64::MAX));
                }
                self.bar.set_position(u64::try_from(n_events).unwrap_or(u64::MAX));
            }
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}
