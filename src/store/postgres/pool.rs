//! The connections of a store. A call holds at most one, and none while it pauses.

use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::{Condvar, Mutex};
use uuid::Uuid;

use crate::store::postgres::channel::Channel;
use crate::store::postgres::connect::Servers;
use crate::store::postgres::deadline::{Deadline, Pauses, now};
use crate::store::postgres::problem::{Problem, ProblemKind};
use crate::store::postgres::statistics::{Counters, add};

pub(super) struct ChannelPool {
    pub(super) servers: Servers,
    pub(super) counters: Counters,
    /// The store of the schema that the first connection found.
    store: Uuid,
    state: Mutex<Channels>,
    freed: Condvar,
    /// The last request did not reach a server.
    is_out: AtomicBool,
}

#[derive(Default)]
struct Channels {
    idle: Vec<Channel>,
    /// The calls that have a connection or are opening one.
    places: usize,
}

impl ChannelPool {
    pub(super) fn new(servers: Servers, store: Uuid) -> Self {
        Self {
            servers,
            counters: Counters::default(),
            store,
            state: Mutex::default(),
            freed: Condvar::new(),
            is_out: AtomicBool::new(false),
        }
    }

    /// A connection for one request. It tries until the deadline to reach a server.
    pub(super) fn lease(&self, deadline: Deadline) -> Result<Leased<'_>, Problem> {
        let mut pauses = Pauses::of_outage();
        loop {
            let (place, idle) = self.take_place(deadline)?;
            match self.usable(idle, deadline) {
                Ok(channel) => return Ok(Leased { channel, place }),
                Err(problem) => {
                    drop(place);
                    self.is_out.store(true, Ordering::Relaxed);
                    if problem.kind == ProblemKind::Refused || deadline.remaining().is_none() {
                        return Err(problem);
                    }
                    pauses.pause(deadline);
                }
            }
        }
    }

    /// Waits until fewer calls have a connection than there may be connections. Returns one that is
    /// idle.
    fn take_place(&self, deadline: Deadline) -> Result<(Place<'_>, Option<Channel>), Problem> {
        let most = self.servers.options.connections;
        let mut state = self.state.lock();
        if state.places >= most {
            let start = now();
            add(&self.counters.waits);
            while state.places >= most {
                if self.freed.wait_until(&mut state, deadline.instant()).timed_out() {
                    break;
                }
            }
            let micros = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
            self.counters.waited_micros.fetch_add(micros, Ordering::Relaxed);
        }
        if state.places >= most {
            let timeout = self.servers.options.timeout;
            let text = format!("no connection within {timeout:?}: all {most} are in use");
            return Err(Problem::busy(text));
        }
        state.places = state.places.saturating_add(1);
        let idle = state.idle.pop();
        Ok((Place { pool: self, kept: None }, idle))
    }

    /// An idle connection that still works, or a new one.
    fn usable(&self, mut idle: Option<Channel>, deadline: Deadline) -> Result<Channel, Problem> {
        while let Some(mut channel) = idle {
            if channel.is_usable() {
                return Ok(channel);
            }
            idle = self.state.lock().idle.pop();
        }
        self.open(deadline)
    }

    /// A new connection, whose place nobody counts.
    pub(super) fn open(&self, deadline: Deadline) -> Result<Channel, Problem> {
        let (mut channel, facts) = self.servers.connect(deadline)?;
        let level = self.servers.level(&mut channel, deadline)?;
        if level.store != self.store {
            let text = format!("{} has another store than the one that was opened", facts.host);
            return Err(Problem::refused(text));
        }
        add(&self.counters.opened);
        Ok(channel)
    }

    /// Whether the last request did not reach a server.
    pub(super) fn is_out(&self) -> bool {
        self.is_out.load(Ordering::Relaxed)
    }

    /// Keeps the connection that opened the store.
    pub(super) fn keep(&self, channel: Channel) {
        add(&self.counters.opened);
        self.state.lock().idle.push(channel);
    }
}

/// A connection while a request uses it. Dropped, it is closed.
pub(super) struct Leased<'a> {
    pub(super) channel: Channel,
    place: Place<'a>,
}

impl Leased<'_> {
    /// Gives the connection back, unless the request broke it.
    pub(super) fn end<T>(self, result: Result<T, Problem>) -> Result<T, Problem> {
        let Self { channel, mut place } = self;
        let pool = place.pool;
        let is_broken = result.as_ref().is_err_and(|problem| problem.kind == ProblemKind::Broken);
        if is_broken {
            add(&pool.counters.broken);
        } else {
            place.kept = Some(channel);
        }
        if pool.is_out() != is_broken {
            pool.is_out.store(is_broken, Ordering::Relaxed);
        }
        result
    }
}

/// The right to a connection, and the one that is given back with it.
struct Place<'a> {
    pool: &'a ChannelPool,
    kept: Option<Channel>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.pool.state.lock();
        state.places = state.places.saturating_sub(1);
        state.idle.extend(self.kept.take());
        drop(state);
        self.pool.freed.notify_one();
    }
}
