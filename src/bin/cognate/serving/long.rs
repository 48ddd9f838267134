//! Answers exports, imports, polls for events, checks and counts. They take long, and an export or
//! an import can be longer than memory, so they have threads of their own.

use std::io::{self, Read, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use cognate::control::{Control, LongRequest};
use cognate::http::unavailable;
use http_body_util::{BodyExt, Either, Full};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::{Request, Response};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

use crate::guards::limits::Share;
use crate::serving::body::{BoxError, dismiss};
use crate::serving::server::Server;

/// A body in memory, or one that is written while it is sent.
pub(crate) type Body = Either<Full<Bytes>, Streamed>;

/// A body that another thread writes.
pub(crate) struct Streamed(Receiver<io::Result<Bytes>>);

/// The pieces of a body that wait for the network or for the engine.
const PIECES_MAX: usize = 4;

pub(crate) fn whole(body: Bytes) -> Body {
    Either::Left(Full::new(body))
}

pub(crate) async fn answer_long(
    server: &Arc<Server>,
    kind: LongRequest,
    request: Request<Incoming>,
) -> Result<Response<Body>, BoxError> {
    let Some(share) = server.limits.long_request() else {
        return Ok(unavailable(&server.engine).map(whole));
    };
    let control = server.control.clone();
    let (head, body) = request.into_parts();
    match kind {
        LongRequest::Slow => {
            dismiss(&head, body).await;
            let request = Request::from_parts(head, Bytes::new());
            let answered = spawn_blocking(move || (control.handle(&request), share)).await?;
            Ok(answered.0.map(whole))
        }
        LongRequest::Export => {
            dismiss(&head, body).await;
            export(control, Request::from_parts(head, ()), share).await
        }
        LongRequest::Import => {
            let request = Request::from_parts(head, ());
            if let Some(refusal) = control.judge(&request).refusal(&server.engine) {
                return Ok(refusal.map(whole));
            }
            let (pieces, received) = channel(PIECES_MAX);
            let importing = spawn_blocking(move || {
                let from = Received { pieces: received, piece: Bytes::new() };
                (control.import(&request, from), share)
            });
            forward(body, pieces).await;
            Ok(importing.await?.0.map(whole))
        }
    }
}

async fn export(
    control: Control,
    request: Request<()>,
    share: Share,
) -> Result<Response<Body>, BoxError> {
    let (begun, head) = oneshot::channel();
    let exporting = spawn_blocking(move || {
        let _share = share;
        let (pieces, streamed) = channel(PIECES_MAX);
        let ended = pieces.clone();
        let exported = control.export(&request, |head| {
            // Nobody waits any more if the client has gone.
            drop(begun.send(head.map(|()| Either::Right(Streamed(streamed)))));
            Sent(pieces)
        });
        match exported {
            Ok(Ok(())) => None,
            // The client sees that the connection breaks.
            Ok(Err(error)) => {
                drop(ended.blocking_send(Err(error)));
                None
            }
            Err(refusal) => Some(*refusal),
        }
    });
    match head.await {
        Ok(response) => Ok(response),
        Err(_) => Ok(exporting.await?.ok_or("an export ended without an answer")?.map(whole)),
    }
}

/// Passes the pieces of a body on. A body that breaks off is an error of the reader.
async fn forward(mut body: Incoming, pieces: Sender<io::Result<Bytes>>) {
    while let Some(frame) = body.frame().await {
        let piece = match frame.map(Frame::into_data) {
            Ok(Ok(data)) => Ok(data),
            // Trailers.
            Ok(Err(_)) => continue,
            Err(error) => Err(io::Error::other(error)),
        };
        // The reader stops at the first line that it refuses. The rest is read and dropped, so that
        // the client sees the answer.
        drop(pieces.send(piece).await);
    }
}

/// A body as a reader.
struct Received {
    pieces: Receiver<io::Result<Bytes>>,
    piece: Bytes,
}

impl Read for Received {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.pieces.blocking_recv() {
                Some(piece) => self.piece = piece?,
                None => return Ok(0),
            }
        }
        let length = into.len().min(self.piece.len());
        self.piece.split_to(length).as_ref().read(into)
    }
}

/// A body as a writer.
struct Sent(Sender<io::Result<Bytes>>);

impl Write for Sent {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = Bytes::copy_from_slice(bytes);
        self.0.blocking_send(Ok(piece)).map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl hyper::body::Body for Streamed {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.0.poll_recv(context).map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}
