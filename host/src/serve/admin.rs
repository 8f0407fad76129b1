//! The state of the server, for its operators.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use super::exposition::Exposition;
use super::metrics::Metrics;
use super::state::Board;

struct Office {
    board: Arc<Board>,
    metrics: Arc<Metrics>,
}

pub(super) fn router(board: Arc<Board>, metrics: Arc<Metrics>) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics_text))
        .with_state(Arc::new(Office { board, metrics }))
}

/// Reports whether every trigger is ready, and the state of each one that is not.
async fn ready(State(office): State<Arc<Office>>) -> Response {
    let board = &office.board;
    let others: BTreeMap<&str, String> = board
        .entries()
        .filter(|(_, entry)| !entry.is_ready())
        .map(|(name, entry)| (&**name, entry.words()))
        .collect();
    let ready = others.is_empty() && !board.is_leaving();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({
        "ready": ready,
        "ending": board.is_leaving(),
        "triggers": board.entries().count(),
        "notReady": others,
    });
    (status, Json(body)).into_response()
}

async fn metrics_text(State(office): State<Arc<Office>>, headers: HeaderMap) -> Response {
    let format = Exposition::wanted(&headers);
    match office.metrics.open_metrics(&office.board).await {
        Ok(text) => ([(CONTENT_TYPE, format.content_type())], format.write(text)).into_response(),
        Err(reason) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{reason}\n")).into_response(),
    }
}
