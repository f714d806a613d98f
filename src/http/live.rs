//! Keeps pages current: the main part of a page is sent anew when it changed, once a second at most.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use axum::extract::{Path, State as Extracted};
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, Stream};
use maud::{Markup, html};
use tokio::sync::OwnedSemaphorePermit;

use crate::engine::published::Snapshot;
use crate::http::page::as_of;
use crate::http::state::State;
use crate::http::{alerts as alerts_page, patient as patient_page, ward as ward_page};

/// How often a page is looked at again.
const INTERVAL: Duration = Duration::from_secs(1);

type Made<'s> = Pin<Box<dyn Future<Output = Option<Markup>> + Send + 's>>;
type Make = Box<dyn for<'s> Fn(&'s Snapshot) -> Made<'s> + Send + Sync>;

/// A page that is kept current.
struct Live {
    state: State,
    make: Make,
    last: String,
    _room: OwnedSemaphorePermit,
}

/// The ward.
pub async fn ward(Extracted(state): Extracted<State>) -> Response {
    keep(state, Box::new(|snapshot| Box::pin(async { ward_page::main(snapshot).await.ok() })))
}

/// The alerts.
pub async fn alerts(Extracted(state): Extracted<State>) -> Response {
    keep(state, Box::new(|snapshot| Box::pin(async { alerts_page::main(snapshot).await.ok() })))
}

/// A patient.
pub async fn patient(
    Extracted(state): Extracted<State>,
    Path((namespace, patient)): Path<(String, String)>,
) -> Response {
    let name = format!("{namespace}/{patient}");
    let make: Make = Box::new(move |snapshot| {
        let name = name.clone();
        Box::pin(async move { patient_page::main(snapshot, &name).await.ok().flatten() })
    });
    keep(state, make)
}

fn keep(state: State, make: Make) -> Response {
    let Ok(room) = state.live_pages.clone().try_acquire_owned() else {
        let why = "as many pages as may be kept current are open";
        return (StatusCode::SERVICE_UNAVAILABLE, why).into_response();
    };
    let live = Live { state, make, last: String::new(), _room: room };
    Sse::new(changes(live)).keep_alive(KeepAlive::default()).into_response()
}

fn changes(live: Live) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(live, |mut live| async move {
        loop {
            tokio::time::sleep(INTERVAL).await;
            let snapshot = live.state.reader.fresh().await;
            let Some(main) = (live.make)(&snapshot).await else { continue };
            let text = html! { (as_of(&snapshot)) (main) }.into_string();
            if text != live.last {
                live.last.clone_from(&text);
                return Some((Ok(Event::default().data(text)), live));
            }
        }
    })
}
