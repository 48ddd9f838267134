//! Exports beside writers: each file has the state at one commit.

use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use cognate::Engine;
use cognate::exchange::{Export, Import};
use cognate::store::{Durability, SledOptions, SledStore};
use tempfile::TempDir;

use crate::writers::{builder, exports_have_one_moment, no_writer_waits_for_an_export};

#[expect(clippy::disallowed_methods, reason = "how long writers wait is measured")]
fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::print_stdout, reason = "shown with --nocapture")]
fn exports(store: &str, engine: Engine) {
    println!("{store}: {}", exports_have_one_moment(vec![engine], now));
}

fn in_memory() -> Engine {
    builder().in_memory().expect("opens")
}

fn over_sled(durability: Durability) -> (Engine, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let options = SledOptions::new(folder.path().join("identities.db")).durability(durability);
    let store: SledStore = options.open().expect("opens");
    (builder().open_exclusive(store).expect("opens"), folder)
}

#[test]
fn an_export_from_memory_has_one_moment() {
    exports("memory", in_memory());
}

#[test]
fn an_export_from_sled_has_one_moment() {
    let (engine, _folder) = over_sled(Durability::PowerLoss);
    exports("sled, durable", engine);
}

#[test]
fn an_export_from_relaxed_sled_has_one_moment() {
    let (engine, _folder) = over_sled(Durability::Relaxed);
    exports("sled, relaxed", engine);
}

#[test]
fn no_writer_waits_for_an_export_that_is_held() {
    no_writer_waits_for_an_export(vec![in_memory()], now);
    for durability in [Durability::PowerLoss, Durability::Relaxed] {
        let (engine, _folder) = over_sled(durability);
        no_writer_waits_for_an_export(vec![engine], now);
    }
}

/// Closing an engine ends its exports.
#[test]
fn closing_does_not_wait_for_an_export() {
    let engine = Engine::builder().in_memory().expect("opens");
    let seed = crate::support::guests(2_000);
    engine.admin().import(Import::new(), seed.as_bytes()).expect("imports");
    let (closing, other) = (Mutex::new(Some(engine.clone())), engine.clone());
    let export = Export::all().progress(move |_| {
        if let Some(engine) = closing.lock().unwrap().take() {
            thread::spawn(move || engine.close());
            // The next step finds the store closed; until then, closing waits.
            while engine_is_open(&other) {
                thread::yield_now();
            }
        }
    });
    let ended = engine.admin().export(export, &mut Vec::new()).expect_err("the engine closes");
    assert_eq!(ended.to_string(), "the engine is closed");
}

fn engine_is_open(engine: &Engine) -> bool {
    engine.health().is_ok()
}
