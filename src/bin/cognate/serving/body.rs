//! Reads the body of a request.

use std::error::Error;
use std::time::Duration;

use cognate::wire::BODY_LENGTH_MAX;
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::EXPECT;
use hyper::http::request::Parts;
use tokio::time::timeout;

use crate::guards::limits::{Limits, SMALL_BODY_MAX, Share};

/// The time from the end of a request's head to the end of its body.
const BODY_READ_MAX: Duration = Duration::from_secs(30);

pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// A body in memory, and the room that it takes.
#[derive(Default)]
pub(crate) struct Read {
    pub(crate) bytes: Bytes,
    pub(crate) room: Option<Share>,
    /// The client waits for `100 Continue` and does not get it.
    pub(crate) is_dismissed: bool,
}

/// The reason why there is no body.
pub(crate) enum Unread {
    Broken(BoxError),
    NoRoom,
    TooLong,
}

/// Reads a body if the answer depends on it. `100 Continue` is sent when the first byte is read, so
/// a refusal that is known earlier does not ask for the body.
pub(crate) async fn read(
    limits: &Limits,
    head: &Parts,
    mut body: Incoming,
    needs_body: bool,
) -> Result<Read, Unread> {
    let reading = async {
        if !needs_body {
            let is_dismissed = dismiss(head, body).await;
            return Ok(Read { is_dismissed, ..Read::default() });
        }
        let announced = usize::try_from(body.size_hint().lower());
        if announced.is_ok_and(|length| length <= BODY_LENGTH_MAX) {
            let read = gather(limits, &mut body).await;
            if matches!(read, Err(Unread::NoRoom | Unread::TooLong)) {
                discard(body).await;
            }
            read
        } else {
            dismiss(head, body).await;
            Err(Unread::TooLong)
        }
    };
    timeout(BODY_READ_MAX, reading).await.unwrap_or_else(|late| Err(Unread::Broken(late.into())))
}

async fn gather(limits: &Limits, body: &mut Incoming) -> Result<Read, Unread> {
    let announced = body.size_hint().upper().and_then(|length| usize::try_from(length).ok());
    let mut bytes = Vec::new();
    let mut room = None;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Unread::Broken(error.into()))?;
        let Ok(data) = frame.into_data() else { continue };
        let length = bytes.len().saturating_add(data.len());
        if length > BODY_LENGTH_MAX {
            return Err(Unread::TooLong);
        }
        if length > SMALL_BODY_MAX && room.is_none() {
            let whole = announced.unwrap_or(BODY_LENGTH_MAX);
            room = Some(limits.large_body(whole).await.ok_or(Unread::NoRoom)?);
            bytes.reserve_exact(whole.saturating_sub(bytes.len()));
        }
        bytes.extend_from_slice(&data);
    }
    Ok(Read { bytes: bytes.into(), room, is_dismissed: false })
}

/// Lets a client finish a request whose body is not needed. Returns whether the client waits for
/// `100 Continue`, and so need not send the body.
pub(crate) async fn dismiss(head: &Parts, body: Incoming) -> bool {
    let awaits = head.headers.get(EXPECT).is_some_and(|expected| {
        expected.as_bytes().eq_ignore_ascii_case(b"100-continue") && !body.is_end_stream()
    });
    if !awaits {
        discard(body).await;
    }
    awaits
}

/// Reads and drops the rest of a body. If the connection closed while the client still sends, the
/// client might not see the answer.
async fn discard(body: Incoming) {
    const DISCARDED_MAX: usize = BODY_LENGTH_MAX.saturating_mul(4);

    let mut rest = Limited::new(body, DISCARDED_MAX);
    let reading = async { while let Some(Ok(_)) = rest.frame().await {} };
    // A slower rest is not read.
    drop(timeout(BODY_READ_MAX, reading).await);
}
