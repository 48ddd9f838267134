//! A proxy in front of a server, which counts round trips, delays answers and loses them.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use super::command::{PATIENCE, port};

/// A round trip is bytes of a client, followed by bytes of the server.
#[derive(Debug)]
pub(crate) struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    round_trips: AtomicU64,
    delay_millis: AtomicU64,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The cut to make, with the number of requests before it.
    plan: Option<(u64, Cut)>,
    /// Whether the cut was made. Until it is mended, nothing passes.
    is_cut: bool,
}

/// The fate of a request whose answer is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The server receives it, and answers in vain.
    Answered,
    /// The server does not receive it.
    Dropped,
}

impl Proxy {
    pub(crate) fn start(server_port: u16) -> Self {
        let port = port();
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("a free port");
        let shared = Arc::<Shared>::default();
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming() {
                let (shared, client) = (Arc::clone(&accepting), client.expect("a client"));
                thread::spawn(move || connect(&shared, &client, server_port));
            }
        });
        Self { port, shared }
    }

    /// The URL of a database of the server.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// The number of round trips so far.
    pub(crate) fn round_trips(&self) -> u64 {
        self.shared.round_trips.load(Ordering::SeqCst)
    }

    /// Delays every request.
    pub(crate) fn delay(&self, delay: Duration) {
        let millis = delay.as_millis().try_into().expect("a short delay");
        self.shared.delay_millis.store(millis, Ordering::SeqCst);
    }

    /// Closes the connection of a later request, after this number of others, instead of passing
    /// its answer on. Nothing passes any more until [`mend`](Self::mend).
    pub(crate) fn cut_after(&self, requests: u64, cut: Cut) {
        self.shared.lock().plan = Some((requests, cut));
    }

    /// Waits until the connection is cut.
    pub(crate) fn wait_for_cut(&self) {
        let state = self.shared.lock();
        let is_waiting = |state: &mut State| !state.is_cut;
        let waited = self.shared.changed.wait_timeout_while(state, PATIENCE, is_waiting);
        assert!(!waited.expect("no panic").1.timed_out(), "no request was cut");
    }

    /// Lets requests pass again.
    pub(crate) fn mend(&self) {
        *self.shared.lock() = State::default();
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic")
    }

    /// Waits while the proxy is cut.
    fn pass(&self) {
        let state = self.lock();
        drop(self.changed.wait_while(state, |state| state.is_cut).expect("no panic"));
    }

    /// The fate of the next request, unless it passes as usual.
    fn next_cut(&self) -> Option<Cut> {
        let mut state = self.lock();
        match &mut state.plan {
            Some((0, cut)) => {
                let cut = *cut;
                state.plan = None;
                Some(cut)
            }
            Some((before, _)) => {
                *before -= 1;
                None
            }
            None => None,
        }
    }

    fn report_cut(&self) {
        self.lock().is_cut = true;
        self.changed.notify_all();
    }
}

/// One connection. Requests pass in the thread that calls, and answers in another.
fn connect(shared: &Arc<Shared>, client: &TcpStream, server_port: u16) {
    shared.pass();
    let Ok(server) = TcpStream::connect(("127.0.0.1", server_port)) else { return };
    for stream in [client, &server] {
        stream.set_nodelay(true).expect("an option");
    }
    let clone = |stream: &TcpStream| stream.try_clone().expect("another handle");
    let turn = Arc::new(Turn::default());
    let answering = Answering {
        shared: Arc::clone(shared),
        turn: Arc::clone(&turn),
        server: clone(&server),
        client: clone(client),
    };
    thread::spawn(move || {
        let _ = answering.run();
        answering.close();
    });
    let _ = requests(shared, &turn, client, &server);
    let _ = server.shutdown(Shutdown::Write);
}

/// Whose bytes came last, and the fate of the request under way.
#[derive(Debug, Default)]
struct Turn(Mutex<(bool, Option<Cut>)>);

/// Passes requests on.
fn requests(
    shared: &Shared,
    turn: &Turn,
    mut client: &TcpStream,
    mut server: &TcpStream,
) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let length = client.read(&mut buffer)?;
        if length == 0 {
            return Ok(());
        }
        shared.pass();
        let cut = {
            let mut turn = turn.0.lock().expect("no panic");
            let is_new = !turn.0;
            turn.0 = true;
            // The rest of a request shares its fate.
            if is_new && !is_farewell(&buffer[..length]) {
                turn.1 = shared.next_cut();
            }
            turn.1
        };
        if cut == Some(Cut::Dropped) {
            shared.report_cut();
            client.shutdown(Shutdown::Both)?;
            return Ok(());
        }
        thread::sleep(Duration::from_millis(shared.delay_millis.load(Ordering::SeqCst)));
        server.write_all(&buffer[..length])?;
    }
}

/// The message by which a client ends its connection. It has no answer.
fn is_farewell(bytes: &[u8]) -> bool {
    bytes == b"X\0\0\0\x04"
}

/// The way of the answers of one connection.
struct Answering {
    shared: Arc<Shared>,
    turn: Arc<Turn>,
    server: TcpStream,
    client: TcpStream,
}

impl Answering {
    fn run(&self) -> io::Result<()> {
        let (mut server, mut client) = (&self.server, &self.client);
        let mut buffer = vec![0; 1 << 16];
        loop {
            let length = server.read(&mut buffer)?;
            if length == 0 {
                return Ok(());
            }
            let cut = {
                let mut turn = self.turn.0.lock().expect("no panic");
                if turn.0 {
                    self.shared.round_trips.fetch_add(1, Ordering::SeqCst);
                    turn.0 = false;
                }
                turn.1
            };
            if cut == Some(Cut::Answered) {
                // The rest of the answer: the server has then done all of the request.
                self.server.set_read_timeout(Some(Duration::from_millis(300)))?;
                while server.read(&mut buffer).is_ok_and(|length| length > 0) {}
                self.shared.report_cut();
                return Ok(());
            }
            client.write_all(&buffer[..length])?;
        }
    }

    fn close(&self) {
        let _ = self.client.shutdown(Shutdown::Both);
        let _ = self.server.shutdown(Shutdown::Both);
    }
}
