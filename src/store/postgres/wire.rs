//! A socket that nobody waits for but the thread that uses it.
//!
//! Reads and writes never block. They answer `Pending`, and the caller waits with `poll(2)` for the
//! one socket, no longer than its deadline.

use std::io::{self, Read, Write};
use std::net::TcpStream;
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A connected socket.
#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

/// One side of a socket for tokio-postgres; the other side, for waiting, is its [`Waiter`].
#[derive(Debug)]
pub(super) struct Wire(Arc<SocketLine>);

/// Waits for a socket that somebody else reads and writes.
#[derive(Debug, Clone)]
pub(super) struct Waiter(Arc<SocketLine>);

#[derive(Debug)]
struct SocketLine {
    socket: Socket,
    /// A write found no room.
    is_full: AtomicBool,
    /// A read found less than it had room for, so there is nothing more to read before a wait.
    is_empty: AtomicBool,
}

/// The wire and the waiter of a socket.
pub(super) fn split(socket: Socket) -> io::Result<(Wire, Waiter)> {
    match &socket {
        Socket::Tcp(tcp) => {
            tcp.set_nonblocking(true)?;
            tcp.set_nodelay(true)?;
        }
        #[cfg(unix)]
        Socket::Unix(unix) => unix.set_nonblocking(true)?,
    }
    let line = Arc::new(SocketLine {
        socket,
        is_full: AtomicBool::new(false),
        is_empty: AtomicBool::new(false),
    });
    Ok((Wire(Arc::clone(&line)), Waiter(line)))
}

impl Waiter {
    /// Whether the socket became ready within this time: readable, or writable if a write found no
    /// room.
    pub(super) fn wait(&self, timeout: Duration) -> io::Result<bool> {
        let mut flags = PollFlags::IN;
        if self.0.is_full.swap(false, Ordering::Relaxed) {
            flags |= PollFlags::OUT;
        }
        // A year at most, so it fits.
        let timeout = Timespec::try_from(timeout).map_err(io::Error::other)?;
        let mut sockets = [match &self.0.socket {
            Socket::Tcp(tcp) => PollFd::new(tcp, flags),
            #[cfg(unix)]
            Socket::Unix(unix) => PollFd::new(unix, flags),
        }];
        self.0.is_empty.store(false, Ordering::Relaxed);
        match poll(&mut sockets, Some(&timeout)) {
            Ok(ready) => Ok(ready > 0),
            // The caller looks at its deadline and comes again.
            Err(Errno::INTR) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }
}

fn pending_or<T>(result: io::Result<T>) -> Poll<io::Result<T>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
        other => Poll::Ready(other),
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.0.is_empty.load(Ordering::Relaxed) {
            return Poll::Pending;
        }
        let room = buffer.initialize_unfilled();
        let read = loop {
            let read = match &self.0.socket {
                Socket::Tcp(tcp) => (&*tcp).read(room),
                #[cfg(unix)]
                Socket::Unix(unix) => (&*unix).read(room),
            };
            match read {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break pending_or(other),
            }
        };
        let is_empty = match &read {
            Poll::Ready(Ok(length)) => 0 < *length && *length < room.len(),
            Poll::Ready(Err(_)) => false,
            Poll::Pending => true,
        };
        self.0.is_empty.store(is_empty, Ordering::Relaxed);
        read.map_ok(|length| buffer.advance(length))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            let written = match &self.0.socket {
                Socket::Tcp(tcp) => (&*tcp).write(bytes),
                #[cfg(unix)]
                Socket::Unix(unix) => (&*unix).write(bytes),
            };
            match written {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => {
                    let written = pending_or(other);
                    if written.is_pending() {
                        self.0.is_full.store(true, Ordering::Relaxed);
                    }
                    return written;
                }
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let how = std::net::Shutdown::Write;
        Poll::Ready(match &self.0.socket {
            Socket::Tcp(tcp) => tcp.shutdown(how),
            #[cfg(unix)]
            Socket::Unix(unix) => unix.shutdown(how),
        })
    }
}

/// Remembers that a future has something to do before anybody waits for the socket.
#[derive(Debug, Default)]
pub(super) struct Awake(AtomicBool);

impl Awake {
    /// Whether it was woken since the last call.
    pub(super) fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

impl Wake for Awake {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}
