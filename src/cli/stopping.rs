//! How a command that runs for ever ends: a signal asks it to, and neither a broker that is away nor a storage that
//! does not answer keeps the process for longer than its time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

use twinstream::clock::Stopwatch;

/// Signals that may wait to be read: one that stops, and one that ends.
const NEWS_MAX: usize = 8;

/// What ends a command.
enum News<T> {
    Signal,
    Ended(Result<T>),
}

/// Does `work` in a thread of its own until it ends. The first interrupt or termination sets the flag that `work`
/// is given; when it goes on for `limit` after that, or a second signal comes, it is left where it is.
///
/// # Errors
/// If the work fails, panics, or is left.
pub fn until_stopped<T: Send + 'static>(
    runtime: &Runtime,
    limit: Duration,
    work: impl FnOnce(&AtomicBool) -> Result<T> + Send + 'static,
) -> Result<T> {
    let stop = Arc::new(AtomicBool::new(false));
    let (sender, news) = sync_channel(NEWS_MAX);
    listen_for_signals(runtime, &stop, &sender)?;
    let named = thread::Builder::new().name("twins".to_owned());
    let thread = named.spawn(move || {
        let result = work(&stop);
        // Whoever waited has left.
        let _left = sender.send(News::Ended(result));
    })?;
    let ended = wait(&news, limit, || thread.is_finished());
    if ended.is_ok() {
        // It has said its last word.
        let _ended = thread.join();
    }
    ended?
}

/// How often to look whether the thread panicked, which sends nothing.
const LOOK: Duration = Duration::from_millis(500);

/// Waits for the end. The outer error is that the work was left where it is.
fn wait<T>(
    news: &Receiver<News<T>>,
    limit: Duration,
    is_finished: impl Fn() -> bool,
) -> Result<Result<T>> {
    let mut stopping: Option<Stopwatch> = None;
    loop {
        match news.recv_timeout(LOOK) {
            Ok(News::Ended(result)) => return Ok(result),
            Ok(News::Signal) if stopping.is_some() => {
                bail!(
                    "a second signal: ended at once; nothing is lost, the next start reads more of the log"
                );
            }
            Ok(News::Signal) => {
                tracing::info!(seconds_max = limit.as_secs(), "stopping");
                stopping = Some(Stopwatch::start());
            }
            Err(RecvTimeoutError::Timeout) if !is_finished() => {}
            // The last word may have come between the two.
            Err(_) => match news.try_recv() {
                Ok(News::Ended(result)) => return Ok(result),
                _ => return Ok(Err(anyhow!("the thread of the twins panicked"))),
            },
        }
        if stopping.is_some_and(|since| limit < since.elapsed()) {
            bail!(
                "stopping took longer than {} s and was given up; nothing is lost, the next start reads more of \
                 the log",
                limit.as_secs()
            );
        }
    }
}

fn listen_for_signals<T: Send + 'static>(
    runtime: &Runtime,
    stop: &Arc<AtomicBool>,
    sender: &SyncSender<News<T>>,
) -> Result<()> {
    let _entered = runtime.enter();
    for kind in [SignalKind::interrupt(), SignalKind::terminate()] {
        let (mut signal, stop, sender) = (signal(kind)?, stop.clone(), sender.clone());
        runtime.spawn(async move {
            while signal.recv().await.is_some() {
                stop.store(true, Ordering::Release);
                // Whoever does not read any more has heard enough.
                let _full = sender.try_send(News::Signal);
            }
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_signal_and_a_stop_that_takes_too_long_leave_the_work() {
        let left = |limit: Duration, n_signals: usize| {
            let (sender, news) = sync_channel::<News<()>>(NEWS_MAX);
            (0..n_signals).for_each(|_| sender.send(News::Signal).unwrap());
            wait(&news, limit, || false).unwrap_err().to_string()
        };
        assert!(left(Duration::from_secs(3_600), 2).starts_with("a second signal"));
        assert!(left(Duration::ZERO, 1).starts_with("stopping took longer than 0 s"));
    }
}
