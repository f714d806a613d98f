//! Keeps screens current: the main part of a page is sent anew when it changed, once a second at most.
//!
//! ```text
//! snapshot ─► one writer per page, a few at once ─► every screen that shows the page
//! ```
//! A page that cannot be written is said to be so: an old one never looks current.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Path, Query, State as Extracted};
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, Stream};
use maud::{Markup, html};
use tokio::sync::{OwnedSemaphorePermit, watch};

use crate::engine::published::Snapshot;
use crate::http::live_pages::{LivePage, Told};
use crate::http::page::as_of;
use crate::http::state::State;
use crate::http::ward::Narrowed;
use crate::http::{alerts as alerts_page, patient as patient_page, ward as ward_page};
use crate::sql::query::QueryError;

/// How often a page is looked at again.
const INTERVAL: Duration = Duration::from_secs(1);
/// The event that says why a page is no longer current.
const STALE: &str = "stale";

/// A screen: what it reads, and its room.
struct Screen {
    told: watch::Receiver<Told>,
    _room: OwnedSemaphorePermit,
}

/// The ward.
pub async fn ward(
    Extracted(state): Extracted<State>,
    Query(narrowed): Query<Narrowed>,
) -> Response {
    keep(&state, LivePage::Ward(narrowed.ward))
}

/// The alerts.
pub async fn alerts(Extracted(state): Extracted<State>) -> Response {
    keep(&state, LivePage::Alerts)
}

/// A patient.
pub async fn patient(
    Extracted(state): Extracted<State>,
    Path((namespace, patient)): Path<(String, String)>,
) -> Response {
    keep(&state, LivePage::Patient(format!("{namespace}/{patient}")))
}

fn keep(state: &State, page: LivePage) -> Response {
    let Ok(room) = state.screens.clone().try_acquire_owned() else {
        let why = "as many screens as may be kept current are open";
        return (StatusCode::SERVICE_UNAVAILABLE, why).into_response();
    };
    let (told, writer) = state.live.read(&page);
    if let Some(sender) = writer {
        tokio::spawn(write(state.clone(), page, sender));
    }
    let screen = Screen { told, _room: room };
    Sse::new(changes(screen)).keep_alive(KeepAlive::default()).into_response()
}

/// Writes a page again and again, until no screen shows it.
async fn write(state: State, page: LivePage, sender: watch::Sender<Told>) {
    while !state.live.is_left(&page, &sender) {
        let told = match written(&state, &page).await {
            Ok(Some(main)) => Told::Main(main.into_string().into()),
            Ok(None) => Told::Stale("there is no such patient".into()),
            Err(error) => Told::Stale(error.to_string().into()),
        };
        sender.send_if_modified(|last| {
            let is_new = *last != told;
            *last = told;
            is_new
        });
        tokio::time::sleep(INTERVAL).await;
    }
}

async fn written(state: &State, page: &LivePage) -> Result<Option<Markup>, QueryError> {
    let _room = state.writings.acquire().await;
    let snapshot = state.reader.fresh().await;
    let main = main(&snapshot, page).await?;
    Ok(main.map(|main| html! { (as_of(&state.about, &snapshot)) (main) }))
}

async fn main(snapshot: &Snapshot, page: &LivePage) -> Result<Option<Markup>, QueryError> {
    match page {
        LivePage::Ward(ward) => ward_page::main(snapshot, ward.as_deref()).await.map(Some),
        LivePage::Alerts => alerts_page::main(snapshot).await.map(Some),
        LivePage::Patient(name) => patient_page::main(snapshot, name).await,
    }
}

fn changes(screen: Screen) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(screen, |mut screen| async move {
        loop {
            // A writer that is gone ends the stream: the browser asks again.
            screen.told.changed().await.ok()?;
            let event = match screen.told.borrow_and_update().clone() {
                Told::Nothing => continue,
                Told::Main(main) => Event::default().data(main),
                Told::Stale(why) => Event::default().event(STALE).data(why),
            };
            return Some((Ok(event), screen));
        }
    })
}
