//! Measures and prints the rows.

use std::env::{self, VarError};
use std::hint::black_box;
use std::path::Path;
use std::sync::Barrier;
use std::time::{Duration, Instant};
use std::{fs, iter, thread};

use criterion::{Criterion, SamplingMode};

/// The least ratio of a row, in hundredths. The ratio is the floor divided by the figure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AtLeast(pub(crate) u128);

/// The results of one bench: medians of its turns, in hundredths of its unit.
struct Row {
    bench: String,
    unit: &'static str,
    least: AtLeast,
    figure: u128,
    floor: u128,
    ratio: u128,
    /// The quartiles of the ratio.
    spread: [u128; 2],
}

/// Measures rows, saves each at once so that a run that is cut leaves those it finished, and prints
/// the table at the end.
pub(crate) struct Bench {
    pub(crate) scale: Scale,
    criterion: Criterion,
    /// A text that the names of the selected rows contain.
    filter: String,
    table: Vec<Row>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let scale = Scale::chosen();
        let criterion = Criterion::default()
            .sample_size(10)
            // Ten samples need no more, and each plot processes all of them.
            .nresamples(10_000)
            .warm_up_time(scale.warm_up)
            .measurement_time(scale.measurement)
            .configure_from_args();
        // Prevents a comparison with a bench of another size.
        let criterion = match scale.set {
            Set::Short => criterion,
            Set::Smoke | Set::Long => criterion.save_baseline(format!("{:?}", scale.set)),
        };
        let filter = env::args().skip(1).find(|argument| !argument.starts_with('-'));
        Self { scale, criterion, filter: filter.unwrap_or_default(), table: Vec::new() }
    }

    /// Whether the command line selects a row.
    pub(crate) fn wants(&self, bench: &str) -> bool {
        bench.contains(&self.filter)
    }

    /// Measures one row in microseconds. Figure and floor each return the time of a number of
    /// calls.
    pub(crate) fn row(
        &mut self,
        bench: &str,
        least: AtLeast,
        figure: impl FnMut(u64) -> Duration,
        floor: impl FnMut(u64) -> Duration,
    ) {
        if self.wants(bench) {
            self.compare(bench, least, figure, floor);
        }
    }

    /// The same for a row that belongs to another selected one.
    pub(crate) fn compare(
        &mut self,
        bench: &str,
        least: AtLeast,
        mut figure: impl FnMut(u64) -> Duration,
        mut floor: impl FnMut(u64) -> Duration,
    ) {
        let mut group = self.criterion.benchmark_group(bench);
        group.sampling_mode(SamplingMode::Flat);
        group.bench_function("figure", |b| b.iter_custom(&mut figure));
        group.bench_function("floor", |b| b.iter_custom(&mut floor));
        group.finish();

        let times = [self.times(&mut figure), self.times(&mut floor)];
        let of_one = |time: Duration, times: u64| micros(time) / u128::from(times);
        let figure = || of_one(figure(times[0]), times[0]);
        let floor = || of_one(floor(times[1]), times[1]);
        let turns = take_turns(self.scale.turns, figure, floor);
        self.measured(bench, "µs", least, &turns);
    }

    /// Compares two variants of the engine, in microseconds. Both make as many calls in each turn,
    /// because writers share more of their syncs in a longer turn.
    pub(crate) fn variants(
        &mut self,
        bench: &str,
        least: AtLeast,
        mut figure: impl FnMut(u64) -> Duration,
        mut floor: impl FnMut(u64) -> Duration,
    ) {
        if !self.wants(bench) {
            return;
        }
        let times = self.times(&mut figure).max(self.times(&mut floor));
        let of_one = |time: Duration| micros(time) / u128::from(times);
        let turns = self.scale.turns;
        let turns = take_turns(turns, || of_one(figure(times)), || of_one(floor(times)));
        self.measured(bench, "µs", least, &turns);
    }

    /// Adds a row that was measured elsewhere: figure and floor of each turn, in hundredths.
    pub(crate) fn measured(
        &mut self,
        bench: &str,
        unit: &'static str,
        least: AtLeast,
        turns: &[[u128; 2]],
    ) {
        let quartiles = |of: &dyn Fn(&[u128; 2]) -> u128| {
            let mut values: Vec<u128> = turns.iter().map(of).collect();
            values.sort_unstable();
            [1, 2, 3].map(|quarters| values[(values.len() - 1) * quarters / 4])
        };
        let [_, figure, _] = quartiles(&|turn| turn[0]);
        let [_, floor, _] = quartiles(&|turn| turn[1]);
        let ratio = |[figure, floor]: &[u128; 2]| floor * 100 / (*figure).max(1);
        let [low, ratio, high] = quartiles(&ratio);
        let (bench, spread) = (bench.to_owned(), [low, high]);
        self.table.push(Row { bench, unit, least, figure, floor, ratio, spread });
        self.save();
    }

    /// Writes the rows measured so far to `cognate-bench.tsv` in the target folder.
    fn save(&self) {
        let mut lines = String::from("bench\tunit\tfigure\tfloor\tratio\tspread\ttarget\tmet\n");
        for row in &self.table {
            lines.extend([row.cells().join("\t").as_str(), "\n"]);
        }
        fs::write(target_folder().join("cognate-bench.tsv"), lines).expect("the target folder");
    }

    /// The number of calls that fit into one turn.
    fn times(&self, side: &mut impl FnMut(u64) -> Duration) -> u64 {
        let (mut times, turn) = (16, self.scale.turn);
        loop {
            let time = side(times);
            if time >= turn / 2 {
                let times = u128::from(times) * turn.as_nanos() / time.as_nanos();
                return u64::try_from(times).expect("few enough").max(1);
            }
            times *= 2;
        }
    }

    /// Prints the table.
    pub(crate) fn print(self) {
        self.criterion.final_summary();
        let Scale { identities, turns, .. } = self.scale;
        println!("{}", machine());
        println!("{identities} identities, medians of {turns} turns, quartiles of the ratio");
        let header = ["bench", "unit", "figure", "floor", "ratio", "spread", "target", "met"];
        let rows = self.table.iter().map(Row::cells);
        for [bench, unit, figure, floor, ratio, spread, target, met] in
            iter::once(header.map(str::to_owned)).chain(rows)
        {
            println!(
                "{bench:<26} {unit:<6} {figure:>9} {floor:>9} {ratio:>6} {spread:>13} {target:>7} \
                 {met}"
            );
        }
        println!(
            "Figure: the cost of the engine. Floor: the cost of the same work without it. Ratio: \
             floor / figure, so higher is better."
        );
        let missed = self.table.into_iter().filter(|row| !row.is_met()).map(|row| row.bench);
        let missed = missed.collect::<Vec<_>>().join("; ");
        println!("Missed targets: {}", if missed.is_empty() { "none" } else { &missed });
    }
}

impl Row {
    fn is_met(&self) -> bool {
        self.ratio >= self.least.0
    }

    fn cells(&self) -> [String; 8] {
        let [figure, floor, ratio, least] =
            [self.figure, self.floor, self.ratio, self.least.0].map(decimal);
        let spread = self.spread.map(decimal).join(" to ");
        let met = if self.is_met() { "yes" } else { "no" };
        let bench = self.bench.clone();
        [bench, self.unit.into(), figure, floor, ratio, spread, format!(">= {least}"), met.into()]
    }
}

pub(crate) fn target_folder() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder")
}

/// The model and the number of processors.
fn machine() -> String {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        processors.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    format!("{cores} of {}", model.unwrap_or("an unknown processor"))
}

/// The selected amount of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Set {
    /// Everything runs, but too briefly for meaningful numbers.
    Smoke,
    Short,
    Long,
}

impl Set {
    fn chosen() -> Self {
        let chosen = match env::var("COGNATE_BENCH").as_deref() {
            Ok("smoke") => Self::Smoke,
            Ok("short") | Err(VarError::NotPresent) => Self::Short,
            Ok("long") => Self::Long,
            other => panic!("COGNATE_BENCH is smoke, short or long, not {other:?}"),
        };
        // `cargo test --benches` does not pass `--bench`: it only checks that everything runs.
        if env::args().any(|argument| argument == "--bench") { chosen } else { Self::Smoke }
    }
}

/// The amount of work.
pub(crate) struct Scale {
    pub(crate) set: Set,
    pub(crate) identities: usize,
    /// The turns of figure and floor in the loop of the table, and the duration of each.
    pub(crate) turns: usize,
    turn: Duration,
    warm_up: Duration,
    measurement: Duration,
}

impl Scale {
    fn chosen() -> Self {
        let set = Set::chosen();
        let identities = env::var("COGNATE_BENCH_IDENTITIES").ok().map(|number| {
            let number = number.parse().expect("COGNATE_BENCH_IDENTITIES is a number");
            assert!(number > 0, "COGNATE_BENCH_IDENTITIES is not 0");
            number
        });
        let millis = Duration::from_millis;
        let (default, turns, turn, warm_up, measurement) = match set {
            Set::Smoke => (2_000, 3, millis(10), millis(20), millis(100)),
            Set::Short => (100_000, 50, millis(50), millis(200), millis(800)),
            Set::Long => (1_000_000, 50, millis(100), millis(500), millis(1_000)),
        };
        let identities = identities.unwrap_or(default);
        Self { set, identities, turns, turn, warm_up, measurement }
    }
}

/// The figure and the floor of each turn. Their order alternates, so that the after-effects of one
/// affect both.
pub(crate) fn take_turns<T>(
    turns: usize,
    mut figure: impl FnMut() -> T,
    mut floor: impl FnMut() -> T,
) -> Vec<[T; 2]> {
    let turns = (0..turns).map(|turn| {
        if turn % 2 == 0 {
            [figure(), floor()]
        } else {
            let floor = floor();
            [figure(), floor]
        }
    });
    turns.collect()
}

/// Converts to hundredths of microseconds.
pub(crate) fn micros(time: Duration) -> u128 {
    time.as_nanos() / 10
}

/// The time of this many calls.
pub(crate) fn timed<T>(times: u64, mut call: impl FnMut() -> T) -> Duration {
    let start = Instant::now();
    for _ in 0..times {
        black_box(call());
    }
    start.elapsed()
}

/// The time of this many calls, each with a fresh clone of the next input in `all`.
pub(crate) fn timed_each_of<I: Clone, T>(
    all: &[I],
    mut call: impl FnMut(I) -> T,
) -> impl FnMut(u64) -> Duration {
    const AT_ONCE: u64 = 64;
    let mut all = all.iter().cycle();
    move |times| {
        let (mut left, mut time) = (times, Duration::ZERO);
        while left > 0 {
            let made: Vec<I> = (0..left.min(AT_ONCE)).filter_map(|_| all.next().cloned()).collect();
            left -= made.len() as u64;
            let start = Instant::now();
            for each in made {
                black_box(call(each));
            }
            time += start.elapsed();
        }
        time
    }
}

/// The time of this many calls, shared among writers.
pub(crate) fn timed_with<T: Send>(
    mut calls: Vec<T>,
    writers: usize,
    call: impl Fn(T) + Sync,
) -> Duration {
    let share = calls.len().div_ceil(writers);
    let shares: Vec<Vec<T>> =
        (0..writers).map(|_| calls.split_off(calls.len().saturating_sub(share))).collect();
    let (ready, released) = (Barrier::new(writers + 1), Barrier::new(writers + 1));
    let start = thread::scope(|scope| {
        for share in shares {
            scope.spawn(|| {
                ready.wait();
                released.wait();
                share.into_iter().for_each(&call);
            });
        }
        ready.wait();
        // Before the release: behind it, the writers may have begun already.
        let start = Instant::now();
        released.wait();
        start
    });
    start.elapsed()
}

/// Formats hundredths as a decimal number.
fn decimal(hundredths: u128) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}
