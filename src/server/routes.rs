//! Which path answers what.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::app::App;
use super::body;
use super::reviews::{self, Task};
use crate::admission::Unreadable;

/// What is served over TLS: the reviews, and health for whoever probes there.
pub fn router(app: Arc<App>) -> Router {
    health()
        .route("/validate", post(validate).fallback(only_post))
        .route("/mutate", post(mutate).fallback(only_post))
        .route("/policies", post(policies).fallback(only_post))
        .fallback(nothing_here)
        .with_state(app)
}

/// What is served in plain text: health and metrics.
pub fn plain_router(app: Arc<App>) -> Router {
    health()
        .route("/metrics", get(metrics))
        .fallback(nothing_here)
        .with_state(app)
}

fn health() -> Router<Arc<App>> {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(readyz))
}

async fn validate(State(app): State<Arc<App>>, request: Request) -> Response {
    review(app, Task::Validate, request).await
}

async fn mutate(State(app): State<Arc<App>>, request: Request) -> Response {
    review(app, Task::Mutate, request).await
}

async fn policies(State(app): State<Arc<App>>, request: Request) -> Response {
    review(app, Task::Policies, request).await
}

async fn review(app: Arc<App>, task: Task, request: Request) -> Response {
    let _in_flight = app.metrics.enter();
    let answered = match body::read(&app, request).await {
        Err(unreadable) => Err(unreadable),
        Ok(body) => reviews::answer(&app, task, body).await,
    };
    match answered {
        Ok(bytes) => (
            [(CONTENT_TYPE, HeaderValue::from_static("application/json"))],
            bytes,
        )
            .into_response(),
        Err(unreadable) => refusal(&app, &unreadable),
    }
}

fn refusal(app: &App, unreadable: &Unreadable) -> Response {
    app.metrics.refused(unreadable.status);
    tracing::warn!(
        status = unreadable.status,
        reason = %unreadable.sentence,
        "refused a request"
    );
    sentence(
        StatusCode::from_u16(unreadable.status).unwrap_or(StatusCode::BAD_REQUEST),
        &unreadable.sentence,
    )
}

fn sentence(status: StatusCode, text: &str) -> Response {
    (status, format!("{text}\n")).into_response()
}

async fn only_post(State(app): State<Arc<App>>) -> Response {
    app.metrics.refused(405);
    let mut response = sentence(StatusCode::METHOD_NOT_ALLOWED, "reviews are sent with POST");
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static("POST"));
    response
}

async fn nothing_here() -> Response {
    sentence(
        StatusCode::NOT_FOUND,
        "nothing is here; reviews go to /validate, /mutate and /policies over TLS",
    )
}

async fn readyz(State(app): State<Arc<App>>, uri: Uri) -> Response {
    let mut asked = uri.query().unwrap_or_default().split('&');
    let is_verbose = asked.any(|part| part == "verbose" || part.starts_with("verbose="));
    let unready = app.unready();
    let status = match unready {
        None => StatusCode::OK,
        Some(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    let text = match unready {
        _ if is_verbose => app.checks(status.is_success()),
        None => "ok\n".to_owned(),
        Some(why) => format!("{why}\n"),
    };
    (status, text).into_response()
}

async fn metrics(State(app): State<Arc<App>>) -> Response {
    app.metrics.watch(&app.knowledge.watches());
    app.metrics.certificate(&app.certificate());
    app.metrics.policies(&app.policy, (app.clock)());
    match app.metrics.text() {
        Ok(text) => (
            [(
                CONTENT_TYPE,
                HeaderValue::from_static(
                    "application/openmetrics-text; version=1.0.0; charset=utf-8",
                ),
            )],
            text,
        )
            .into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
