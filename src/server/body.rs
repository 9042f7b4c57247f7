//! A request's body, within limits of type, size, time and memory.

use std::future::poll_fn;
use std::pin::Pin;

use axum::body::HttpBody;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use super::app::{App, ROOM_UNIT};
use crate::admission::Unreadable;

/// How many times the limit is read of a body that is too large.
const THROWN_AWAY: usize = 4;

/// A whole body, and the room that it takes until it is dropped.
pub(super) struct Body {
    pub(super) bytes: Vec<u8>,
    _room: OwnedSemaphorePermit,
}

fn refuse(status: u16, sentence: impl Into<String>) -> Unreadable {
    Unreadable {
        status,
        sentence: sentence.into(),
    }
}

pub(super) async fn read(app: &App, request: Request) -> Result<Body, Unreadable> {
    check_type(request.headers())?;
    let limits = &app.limits;
    let announced = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    let fits = announced.is_none_or(|length| length <= limits.body);
    // A body of unknown length may become as large as any; one that is thrown away takes no room.
    let room = match (fits, announced) {
        (true, length) => length.unwrap_or(limits.body),
        (false, _) => 0,
    };
    let units = u32::try_from(room.div_ceil(ROOM_UNIT)).unwrap_or(u32::MAX);
    let permit = timeout(limits.wait, app.room.clone().acquire_many_owned(units));
    let Ok(Ok(permit)) = permit.await else {
        return Err(refuse(503, "too many reviews at once; try again"));
    };
    let collected = collect(request.into_body(), limits.body, announced.unwrap_or(0));
    match timeout(limits.read, collected).await {
        Ok(Ok(Some(bytes))) => Ok(Body {
            bytes,
            _room: permit,
        }),
        Ok(Ok(None)) => Err(refuse(
            413,
            format!("the body is larger than {} MiB", limits.body >> 20),
        )),
        Ok(Err(_)) => Err(refuse(400, "the body ended before it was whole")),
        Err(_) => Err(refuse(408, "the body took too long to arrive")),
    }
}

/// The whole body; `None` when it is larger than `limit`. What is beyond is read and thrown away,
/// within reason: a client that still writes would take an early answer for a broken connection.
async fn collect(
    mut body: axum::body::Body,
    limit: usize,
    announced: usize,
) -> Result<Option<Vec<u8>>, axum::Error> {
    let mut kept = Some(Vec::with_capacity(announced.min(limit)));
    let mut seen: usize = 0;
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let Ok(data) = frame?.into_data() else {
            continue;
        };
        seen = seen.saturating_add(data.len());
        if seen > limit {
            kept = None;
        }
        if seen > limit.saturating_mul(THROWN_AWAY) {
            break;
        }
        if let Some(bytes) = &mut kept {
            bytes.extend_from_slice(&data);
        }
    }
    Ok(kept)
}

fn check_type(headers: &HeaderMap) -> Result<(), Unreadable> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let is_json = text(CONTENT_TYPE).is_some_and(|value| {
        let essence = value.split(';').next().unwrap_or("").trim();
        essence.eq_ignore_ascii_case("application/json")
    });
    if !is_json {
        return Err(refuse(415, "the content type must be `application/json`"));
    }
    match text(CONTENT_ENCODING) {
        None => Ok(()),
        Some(encoding) if encoding.eq_ignore_ascii_case("identity") => Ok(()),
        Some(_) => Err(refuse(415, "the body must not be compressed")),
    }
}
