//! The pages that screens show, each written once for all of its screens.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// A page that can be kept current.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LivePage {
    /// The ward list; of one ward only, where one is named.
    Ward(Option<String>),
    /// The alerts.
    Alerts,
    /// A patient, as `namespace/identifier`.
    Patient(String),
}

/// What a screen is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// Nothing yet.
    Nothing,
    /// The main part of the page, as HTML.
    Main(Arc<str>),
    /// Why the page cannot be written: what the screen shows is old from here on.
    Stale(Arc<str>),
}

/// The end at which each page is read; one more than there are screens.
#[derive(Debug, Default)]
pub struct LivePages(Mutex<BTreeMap<LivePage, watch::Receiver<Told>>>);

impl LivePages {
    /// Reads a page. The sender is for whoever must begin to write it: nobody does.
    pub fn read(&self, page: &LivePage) -> (watch::Receiver<Told>, Option<watch::Sender<Told>>) {
        let mut written = self.written();
        if let Some(told) = written.get(page).filter(|told| told.has_changed().is_ok()) {
            let mut told = told.clone();
            told.mark_changed();
            return (told, None);
        }
        let (sender, told) = watch::channel(Told::Nothing);
        written.insert(page.clone(), told.clone());
        (told, Some(sender))
    }

    /// Whether nobody reads a page any more; it is then forgotten, and whoever writes it is to stop.
    pub fn is_left(&self, page: &LivePage, sender: &watch::Sender<Told>) -> bool {
        let mut written = self.written();
        let is_left = sender.receiver_count() <= 1;
        if is_left {
            written.remove(page);
        }
        is_left
    }

    /// The table is whole after every call, so one that panicked leaves it usable.
    fn written(&self) -> MutexGuard<'_, BTreeMap<LivePage, watch::Receiver<Told>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_written_once_for_all_of_its_screens_and_ends_with_the_last() {
        let pages = LivePages::default();
        let (first, sender) = pages.read(&LivePage::Alerts);
        let sender = sender.unwrap();
        sender.send_replace(Told::Main("now".into()));
        let (second, again) = pages.read(&LivePage::Alerts);
        assert!(again.is_none());
        assert!(second.has_changed().unwrap(), "who comes later is told at once");
        assert_eq!(*second.borrow(), Told::Main("now".into()));
        drop(first);
        assert!(!pages.is_left(&LivePage::Alerts, &sender));
        drop(second);
        assert!(pages.is_left(&LivePage::Alerts, &sender));
        assert!(pages.read(&LivePage::Alerts).1.is_some(), "who comes after begins anew");
    }

    #[test]
    fn a_page_whose_writer_is_gone_is_begun_anew() {
        let pages = LivePages::default();
        let (_screen, sender) = pages.read(&LivePage::Alerts);
        drop(sender);
        assert!(pages.read(&LivePage::Alerts).1.is_some());
    }
}
