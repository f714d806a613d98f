//! `POST /api/what-if`: what would change for a patient if some facts were so. Nothing is written, nobody is
//! told, and the patient stands in no address.

use axum::Json;
use axum::extract::State as Extracted;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::engine::forks::ForkError;
use crate::engine::what_if::{WhatIfError, patient_named, what_if};
use crate::http::query::{refused, status_of};
use crate::http::state::State;

/// A question.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// The patient as `namespace/identifier`, or the identifier.
    pub patient: String,
    /// A FHIR resource, a Bundle, or an array of them, to the letter.
    pub facts: Box<RawValue>,
}

/// Answers.
pub async fn answer(
    Extracted(state): Extracted<State>,
    asked: Result<Json<Asked>, JsonRejection>,
) -> Response {
    let asked = match asked {
        Ok(Json(asked)) => asked,
        Err(rejection) => return refused(status_of(&rejection), rejection.body_text()),
    };
    let Ok(_room) = state.queries.try_acquire() else {
        state.refuse_query();
        let error = "as many questions as may run at once are running: ask again".to_owned();
        return refused(StatusCode::SERVICE_UNAVAILABLE, error);
    };
    let snapshot = state.reader.fresh().await;
    if !snapshot.is_caught_up {
        let error = "the log is still being read: ask again".to_owned();
        return refused(StatusCode::SERVICE_UNAVAILABLE, error);
    }
    let twin = match patient_named(snapshot.here(), &asked.patient) {
        Ok(twin) => twin,
        Err(error) => return refused(status(&error), error.to_string()),
    };
    let fork = match state.reader.forks.fork(twin).await {
        Ok(fork) => fork,
        Err(error @ (ForkError::Busy | ForkError::Late | ForkError::Nobody)) => {
            return refused(StatusCode::SERVICE_UNAVAILABLE, error.to_string());
        }
    };
    // Reading facts may take milliseconds: others are answered meanwhile.
    let answered = tokio::task::spawn_blocking(move || what_if(fork, asked.facts.get())).await;
    match answered {
        Ok(Ok(record)) => Json(record).into_response(),
        Ok(Err(error)) => refused(status(&error), error.to_string()),
        Err(error) => refused(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

fn status(error: &WhatIfError) -> StatusCode {
    match error {
        WhatIfError::NoPatient(_) => StatusCode::NOT_FOUND,
        WhatIfError::SeveralPatients { .. } | WhatIfError::Facts(_) => StatusCode::BAD_REQUEST,
        WhatIfError::Site(_) | WhatIfError::Step(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
