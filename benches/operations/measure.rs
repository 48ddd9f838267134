//! How the rows are measured and printed.

use std::env;
use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use criterion::{Criterion, SamplingMode};

/// Measures rows, and prints the table of them at the end.
pub(crate) struct Bench {
    scale: Scale,
    criterion: Criterion,
    table: Vec<[String; 5]>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let scale = Scale::chosen();
        let criterion = Criterion::default()
            .sample_size(10)
            .warm_up_time(scale.warm_up)
            .measurement_time(scale.measurement)
            .without_plots()
            .configure_from_args();
        // So that the next bench is not compared with what means nothing.
        let criterion =
            if scale.smoke { criterion.save_baseline("smoke".into()) } else { criterion };
        Self { scale, criterion, table: Vec::new() }
    }

    pub(crate) fn identities(&self) -> usize {
        self.scale.identities
    }

    /// Measures one row; figure and floor each tell how long so many times took.
    pub(crate) fn row(
        &mut self,
        (name, unit): (&str, &str),
        mut figure: impl FnMut(u64) -> Duration,
        mut floor: impl FnMut(u64) -> Duration,
    ) {
        let mut group = self.criterion.benchmark_group(name);
        group.sampling_mode(SamplingMode::Flat);
        group.bench_function("figure", |b| b.iter_custom(&mut figure));
        group.bench_function("floor", |b| b.iter_custom(&mut floor));
        group.finish();

        let times = [self.times(&mut figure), self.times(&mut floor)];
        let mut means = [Vec::new(), Vec::new()];
        for _ in 0..self.scale.turns {
            means[0].push(figure(times[0]).as_nanos() / u128::from(times[0]));
            means[1].push(floor(times[1]).as_nanos() / u128::from(times[1]));
        }
        let [figure, floor] = means.map(|mut means| {
            means.sort_unstable();
            means[means.len() / 2]
        });
        let micros = |nanos: u128| decimal(nanos / 10);
        let ratio = decimal(figure * 100 / floor.max(1));
        self.table.push([name.into(), unit.into(), micros(figure), micros(floor), ratio]);
    }

    /// How often something fits into one turn.
    fn times(&self, side: &mut impl FnMut(u64) -> Duration) -> u64 {
        let mut times = 16;
        while side(times) < self.scale.turn / 2 {
            times *= 2;
        }
        times
    }

    pub(crate) fn print(self) {
        self.criterion.final_summary();
        let Scale { identities, turns, .. } = self.scale;
        println!("{identities} identities, medians of {turns} turns");
        let head = ["bench", "unit", "figure", "floor", "ratio"].map(str::to_owned);
        for [bench, unit, figure, floor, ratio] in std::iter::once(&head).chain(&self.table) {
            println!("{bench:<22} {unit:<12} {figure:>10} {floor:>10} {ratio:>7}");
        }
    }
}

/// How much is measured.
struct Scale {
    smoke: bool,
    identities: usize,
    /// Turns of figure and floor in the loop of the table, and how long each takes.
    turns: usize,
    turn: Duration,
    warm_up: Duration,
    measurement: Duration,
}

impl Scale {
    fn chosen() -> Self {
        // `cargo test --benches` does not say `--bench`: it only wants to see that all of it runs.
        let smoke = env::var_os("COGNATE_BENCH_SMOKE").is_some_and(|value| value == "1")
            || env::args().all(|argument| argument != "--bench");
        let identities = env::var("COGNATE_BENCH_IDENTITIES").ok().map(|number| {
            let number = number.parse().expect("COGNATE_BENCH_IDENTITIES is a number");
            assert!(number > 0, "COGNATE_BENCH_IDENTITIES is not 0");
            number
        });
        let millis = Duration::from_millis;
        let (default, turns, turn, warm_up, measurement) = if smoke {
            (2_000, 3, millis(10), millis(20), millis(100))
        } else {
            (100_000, 40, millis(100), millis(500), millis(2_000))
        };
        let identities = identities.unwrap_or(default);
        Self { smoke, identities, turns, turn, warm_up, measurement }
    }
}

/// How long that many calls take.
pub(crate) fn timed<T>(times: u64, mut call: impl FnMut() -> T) -> Duration {
    let start = Instant::now();
    for _ in 0..times {
        black_box(call());
    }
    start.elapsed()
}

/// How long that many writers take who share the calls among them.
pub(crate) fn timed_with<T: Send>(
    mut calls: Vec<T>,
    writers: usize,
    call: impl Fn(T) + Sync,
) -> Duration {
    if writers == 1 {
        let start = Instant::now();
        calls.into_iter().for_each(call);
        return start.elapsed();
    }
    let share = calls.len().div_ceil(writers);
    let shares: Vec<Vec<T>> =
        (0..writers).map(|_| calls.split_off(calls.len().saturating_sub(share))).collect();
    let start = Instant::now();
    thread::scope(|scope| {
        for share in shares {
            scope.spawn(|| share.into_iter().for_each(&call));
        }
    });
    start.elapsed()
}

/// Hundredths as a decimal number.
fn decimal(hundredths: u128) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}
