//! The engine against an independent model.

mod crash;
mod faults;
#[cfg(unix)]
mod full_disk;
mod history;
mod listings;
mod machine;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod power;
mod races;
mod reach;
mod twin;

/// The factor for the amount of work: the environment variable `COGNATE_EFFORT`, or 1.
fn effort() -> u32 {
    std::env::var("COGNATE_EFFORT").map_or(1, |effort| effort.parse().expect("a whole number"))
}

/// Reports of a long run.
#[expect(clippy::print_stdout, reason = "shown with --nocapture")]
fn figure(figure: std::fmt::Arguments<'_>) {
    println!("{figure}");
}
