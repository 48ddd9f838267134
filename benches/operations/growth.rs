//! The growth of costs with the number of identities. The engine's database and sled's are filled
//! in step with the same records, and measured on the way.

mod report;

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use cognate::name::IdentityId;
use cognate::operation::GetOpenIdTokenForDeveloperIdentityInput as Input;
use cognate::store::{Batch, Durability, SledOptions};
use cognate::{Developer, Engine};
use indicatif::{ProgressBar, ProgressStyle};

use crate::floor::{AT_ONCE, Floor, Twin};
use crate::measure::{AtLeast, Bench, Set, take_turns, timed_each_of};
use crate::{Databases, create_pool, developer, disk, login};

/// The number of calls in a turn.
const CALLS: usize = 1_000;

/// The measurements at one number of identities, of the engine and of sled.
struct Point {
    identities: usize,
    resolve: [Latency; 2],
    register: [Latency; 2],
    bytes: [u64; 2],
}

/// In nanoseconds.
struct Latency {
    p50: u64,
    p99: u64,
}

pub(crate) fn all(bench: &mut Bench, folder: &Path) {
    if !bench.wants("growth") {
        return;
    }
    let sizes = sizes(bench.scale.set);
    let [.., largest] = *sizes else { return };
    let progress = progress(largest);
    let mut growing = Growing::begin(folder);
    let mut points = Vec::new();
    for &size in sizes {
        let registers = (bench.scale.turns * CALLS).min((size - growing.identities()) / 2);
        growing.fill(size - registers, &progress);
        let register = growing.register(registers);
        let resolve = growing.resolve(bench.scale.turns);
        points.push(Point { identities: size, resolve, register, bytes: growing.bytes() });
        progress.suspend(|| {
            report::write(&points);
            if size == largest || [100_000, 1_000_000].contains(&size) {
                growing.row(bench);
            }
        });
    }
    progress.finish();
}

fn sizes(set: Set) -> &'static [usize] {
    match set {
        Set::Smoke => &[500, 1_000, 2_000],
        Set::Short => &[1_000, 3_000, 10_000, 30_000],
        Set::Long => {
            &[1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000]
        }
    }
}

fn progress(identities: usize) -> ProgressBar {
    let template = "growth {wide_bar} {human_pos} of {human_len} identities, {eta} left";
    let style = ProgressStyle::with_template(template).expect("a template");
    ProgressBar::new(identities as u64).with_style(style)
}

/// Both databases, opened with the same users.
struct Growing {
    databases: Databases,
    engine: Engine,
    aws: Developer,
    floor: Floor,
    twin: Twin,
}

impl Growing {
    fn begin(folder: &Path) -> Self {
        let [engine_path, floor_path] = ["engine", "floor"].map(|side| folder.join(side));
        let options = SledOptions::new(&engine_path).durability(Durability::Relaxed);
        let engine = Engine::builder().open_sled(options).expect("a new database");
        let (aws, floor) = (developer(&engine), Floor::open(&floor_path));
        let pool = create_pool(&aws);
        let databases = Databases { engine: engine_path, floor: floor_path, pool, identities: 0 };
        Self { databases, engine, aws, floor, twin: Twin::forgetful() }
    }

    fn identities(&self) -> usize {
        self.databases.identities
    }

    fn fill(&mut self, until: usize, progress: &ProgressBar) {
        while self.identities() < until {
            let users = self.identities()..until.min(self.identities() + AT_ONCE);
            for user in users.clone() {
                self.call(self.input(user));
            }
            let batches: Vec<Batch> = users.clone().map(|user| self.twin.register(user)).collect();
            self.floor.apply(&batches);
            self.databases.identities = users.end;
            progress.set_position(users.end as u64);
        }
        self.sync();
    }

    fn input(&self, user: usize) -> Input {
        login(&self.databases.pool, user)
    }

    fn call(&self, input: Input) -> IdentityId {
        self.aws.resolve_developer_identity(input).expect("an identity")
    }

    fn sync(&self) {
        self.engine.sync().expect("a disk");
        self.floor.sync();
    }

    /// Adds users until there are this many.
    fn register(&mut self, users: usize) -> [Latency; 2] {
        let users: Vec<usize> = (self.identities()..self.identities() + users).collect();
        let shares = || users.chunks(CALLS);
        let (mut figure, mut floor) = (shares(), shares());
        let turns = take_turns(
            shares().len(),
            || {
                let users = figure.next().unwrap_or_default().iter();
                let inputs: Vec<_> = users.map(|user| self.input(*user)).collect();
                let times = each(inputs, |input| self.call(input));
                self.engine.sync().expect("a disk");
                times
            },
            || {
                let users = floor.next().unwrap_or_default().iter();
                let batches: Vec<Batch> = users.map(|user| self.twin.register(*user)).collect();
                let times = each(batches, |batch| self.floor.apply(&[batch]));
                self.floor.sync();
                times
            },
        );
        self.databases.identities += users.len();
        latencies(turns)
    }

    /// Resolves known users, with other ones in each turn as far as possible.
    fn resolve(&self, turns: usize) -> [Latency; 2] {
        let users: Vec<usize> = self.databases.scattered(turns * CALLS).collect();
        let shares = || users.chunks(CALLS).cycle();
        let (mut figure, mut floor) = (shares(), shares());
        latencies(take_turns(
            turns,
            || {
                let users = figure.next().unwrap_or_default().iter();
                let inputs: Vec<_> = users.map(|user| self.input(*user)).collect();
                each(inputs, |input| self.call(input))
            },
            || {
                let users = floor.next().unwrap_or_default().iter();
                let keys: Vec<_> = users.map(|user| self.twin.login_key(*user)).collect();
                each(keys, |key| self.floor.owner(&key))
            },
        ))
    }

    /// The bytes of an identity on the disk.
    fn bytes(&self) -> [u64; 2] {
        self.sync();
        let Databases { engine, floor, identities, .. } = &self.databases;
        [engine, floor].map(|path| disk::size(path) / *identities as u64)
    }

    fn row(&self, bench: &mut Bench) {
        let users = self.databases.asked(Twin::forgetful());
        bench.compare(
            &format!("resolve, {}", short(self.identities() as u64)),
            AtLeast(80),
            timed_each_of(&users.inputs, |input| self.call(input)),
            timed_each_of(&users.login_keys, |key| self.floor.owner(&key)),
        );
    }
}

/// The duration of each call in nanoseconds.
fn each<I, T>(inputs: Vec<I>, mut call: impl FnMut(I) -> T) -> Vec<u64> {
    let time = |input| {
        let start = Instant::now();
        let answer = black_box(call(input));
        let time = start.elapsed();
        drop(answer);
        u64::try_from(time.as_nanos()).expect("less than centuries")
    };
    inputs.into_iter().map(time).collect()
}

/// Percentiles over all turns.
fn latencies(turns: Vec<[Vec<u64>; 2]>) -> [Latency; 2] {
    let mut sides = [Vec::new(), Vec::new()];
    for turn in turns {
        for (side, times) in sides.iter_mut().zip(turn) {
            side.extend(times);
        }
    }
    sides.map(|mut times| {
        times.sort_unstable();
        let [p50, p99] = [50, 99].map(|hundredths| times[(times.len() - 1) * hundredths / 100]);
        Latency { p50, p99 }
    })
}

/// A short form, such as `1k` or `10M`.
fn short(identities: u64) -> String {
    match identities {
        1_000_000.. => format!("{}M", identities / 1_000_000),
        1_000.. => format!("{}k", identities / 1_000),
        _ => identities.to_string(),
    }
}
