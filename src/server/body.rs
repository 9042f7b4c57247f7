//! A request's body, within limits of type, size, time and memory.

use axum::RequestExt;
use axum::body::Bytes;
use axum::extract::Request;
use axum::extract::rejection::{BytesRejection, FailedToBufferBody};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use super::app::{App, ROOM_UNIT};
use crate::admission::Unreadable;

/// A whole body, and the room that it takes until it is dropped.
pub(super) struct Body {
    pub(super) bytes: Bytes,
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
    let limit = app.limits.body;
    let too_large = || {
        refuse(
            413,
            format!("the body is larger than {} MiB", limit / (1024 * 1024)),
        )
    };
    let announced = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    // A body of unknown length may become as large as any.
    let units = announced.unwrap_or(limit).div_ceil(ROOM_UNIT);
    let units = u32::try_from(units).unwrap_or(u32::MAX);
    let room = timeout(app.limits.wait, app.room.clone().acquire_many_owned(units)).await;
    let Ok(Ok(room)) = room else {
        return Err(refuse(503, "too many reviews at once; try again"));
    };
    let bytes = timeout(app.limits.read, request.extract::<Bytes, _>()).await;
    match bytes {
        Ok(Ok(bytes)) => Ok(Body { bytes, _room: room }),
        Ok(Err(BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)))) => {
            Err(too_large())
        }
        Ok(Err(_)) => Err(refuse(400, "the body ended before it was whole")),
        Err(_) => Err(refuse(408, "the body took too long to arrive")),
    }
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
