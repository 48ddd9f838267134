//! The latency of reads while others write, compared with sled's.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use cognate::Developer;
use cognate::operation::GetOpenIdTokenForDeveloperIdentityInput as Input;
use parking_lot::Mutex;

use crate::floor::{Floor, GroupCommit, Twin};
use crate::measure::{AtLeast, Bench, micros, take_turns, timed};
use crate::{Databases, Users, login};

const ROWS: [&str; 2] = ["resolve p50, 8 writers", "resolve p99.9, 8 writers"];
const WRITERS: usize = 8;
/// The number of reads in a turn.
const READS: usize = 20_000;
/// The number of inputs that are made before a turn. Few turns write more.
const MADE: usize = 4_096;

pub(crate) fn all(
    bench: &mut Bench,
    databases: &Databases,
    aws: &Developer,
    users: &Users,
    floor: &Floor,
) {
    if !ROWS.iter().any(|row| bench.wants(row)) {
        return;
    }
    let next = AtomicUsize::new(databases.identities);
    let next = || next.fetch_add(1, Ordering::Relaxed);
    let resolve = |input: Input| aws.resolve_developer_identity(input).expect("a user");
    let mut inputs = users.inputs.iter().cloned().cycle();
    let figure = beside_writers(
        || login(&databases.pool, next()),
        |input| drop(resolve(input)),
        || inputs.next().expect("there are users"),
        resolve,
    );
    let twin = Mutex::new(Twin::forgetful());
    let commits = GroupCommit::new(floor);
    let mut keys = users.login_keys.iter().cloned().cycle();
    let floor = beside_writers(
        || twin.lock().register(next()),
        |batch| commits.commit(batch),
        || keys.next().expect("there are users"),
        |key| floor.owner(&key),
    );
    let turns = take_turns(bench.scale.turns, figure, floor);
    for (place, row) in ROWS.into_iter().enumerate() {
        let turns: Vec<_> = turns.iter().map(|turn| turn.map(|times| times[place])).collect();
        bench.measured(row, "µs", AtLeast(67), &turns);
    }
}

/// The median and the 99.9th percentile of one turn's reads, while writers write without pause.
fn beside_writers<T: Send, I, R>(
    make: impl Fn() -> T + Sync,
    write: impl Fn(T) + Sync,
    mut next: impl FnMut() -> I + Send,
    read: impl Fn(I) -> R + Sync,
) -> impl FnMut() -> [u128; 2] {
    let ready = Mutex::new(Vec::new());
    move || {
        ready.lock().resize_with(MADE, &make);
        let mut times: Vec<u128> = thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let timed_read = |input| {
                    let mut input = Some(input);
                    micros(timed(1, || input.take().map(&read)))
                };
                (0..READS).map(|_| timed_read(next())).collect()
            });
            thread::scope(|scope| {
                let write = || {
                    while !reader.is_finished() {
                        let next = ready.lock().pop();
                        write(next.unwrap_or_else(&make));
                    }
                };
                (0..WRITERS).for_each(|_| drop(scope.spawn(write)));
            });
            reader.join().expect("no panic")
        });
        times.sort_unstable();
        [times[READS / 2], times[READS * 999 / 1_000]]
    }
}
