//! Exports beside writers: each file has the state at one commit.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use cognate::exchange::{Export, Import};
use cognate::name::IdentityPoolId;
use cognate::operation::{
    CreateIdentityPoolInput, DeleteIdentitiesInput, GetOpenIdTokenForDeveloperIdentityInput,
    GuestAccess, MergeDeveloperIdentitiesInput,
};
use cognate::store::{Durability, MemoryStore, SledOptions, Store};
use cognate::{Developer, Engine, Journal};
use serde_json::Value;

use crate::support::{ACCOUNT, effort, lines};

const WRITERS: usize = 4;

/// The steps of a writer on each pair of its users, in this order.
const STEPS: usize = 4;

/// The log of all writers.
#[derive(Default)]
struct Log {
    begun: [AtomicUsize; WRITERS],
    answered: [AtomicUsize; WRITERS],
    /// For each step of each writer, the steps of all writers that had been answered before.
    seen: [Mutex<Vec<[usize; WRITERS]>>; WRITERS],
}

impl Log {
    fn answered(&self) -> [usize; WRITERS] {
        self.answered.each_ref().map(|answered| answered.load(Ordering::SeqCst))
    }

    fn begun(&self) -> [usize; WRITERS] {
        self.begun.each_ref().map(|begun| begun.load(Ordering::SeqCst))
    }
}

/// A writer pauses now and then, so that the files stay short.
const PAUSE: Duration = Duration::from_millis(1);

/// Registers pairs of users, merges each pair, and deletes the identity that was merged.
fn write(log: &Log, writer: usize, aws: &Developer, pool: &IdentityPoolId, stop: &AtomicBool) {
    let mut last = None;
    for step in 0.. {
        if stop.load(Ordering::SeqCst) {
            return;
        }
        log.seen[writer].lock().unwrap().push(log.answered());
        log.begun[writer].store(step + 1, Ordering::SeqCst);
        let pair = step / STEPS;
        let name = |half: usize| format!("w{writer}-{pair}-{half}");
        let resolve = |half| {
            let input = GetOpenIdTokenForDeveloperIdentityInput::new(pool);
            aws.resolve_developer_identity(input.logins("login.game", name(half)))
                .expect("registers")
        };
        match step % STEPS {
            0 => drop(resolve(0)),
            1 => last = Some(resolve(1)),
            2 => {
                let (from, to) = (name(1), name(0));
                let merge = MergeDeveloperIdentitiesInput::new(pool, "login.game", from, to);
                aws.merge_developer_identities(merge).expect("merges");
            }
            _ => {
                let gone = last.take().expect("was merged");
                aws.delete_identities(DeleteIdentitiesInput::new([&gone])).expect("deletes");
            }
        }
        log.answered[writer].store(step + 1, Ordering::SeqCst);
        if step % 8 == writer {
            thread::sleep(PAUSE);
        }
    }
}

/// The number of steps of each writer that a file has, none of them by half.
fn steps_in(file: &[u8]) -> [usize; WRITERS] {
    let mut owners: BTreeMap<String, usize> = BTreeMap::new();
    let mut logins_of: Vec<usize> = Vec::new();
    let mut disabled = 0;
    for line in lines(file) {
        let line: Value = serde_json::from_str(&line).expect("JSON");
        let Some(identity) = line.get("identity") else { continue };
        let logins = identity["logins"].as_array().expect("logins");
        disabled += usize::from(identity["state"] == "DISABLED");
        for login in logins {
            let subject = login["subject"].as_str().expect("a subject").to_owned();
            assert_eq!(owners.insert(subject, logins_of.len()), None, "a login twice");
        }
        logins_of.push(logins.len());
    }
    let mut undeleted = 0;
    let steps = std::array::from_fn(|writer| {
        let owner = |pair: usize, half: usize| owners.get(&format!("w{writer}-{pair}-{half}"));
        let pairs = (0..=owners.len()).take_while(|pair| owner(*pair, 0).is_some()).count();
        let registered =
            owners.keys().filter(|name| name.starts_with(&format!("w{writer}-"))).count();
        let Some(last) = pairs.checked_sub(1) else {
            assert_eq!(registered, 0);
            return 0;
        };
        let has_second = owner(last, 1).is_some();
        assert_eq!(registered, last * 2 + 1 + usize::from(has_second), "a user is missing");
        for pair in 0..last {
            assert_eq!(owner(pair, 0), owner(pair, 1), "pair {pair} of {writer} is not merged");
        }
        let is_merged = owner(last, 0) == owner(last, 1);
        undeleted += usize::from(is_merged);
        last * STEPS + 1 + usize::from(has_second) + usize::from(is_merged)
    });
    // Whether the last merged identity of each writer is deleted is not told apart.
    assert!(disabled <= undeleted, "{disabled} identities are disabled");
    steps
}

fn export(engine: &Engine) -> Vec<u8> {
    let mut file = Vec::new();
    engine.admin().export(Export::all().history(true), &mut file).expect("exports");
    file
}

/// A file has exactly the steps that were committed before one moment: all that were answered when
/// the export began, none that began after it, and with each step those that it came after.
fn is_of_one_moment(log: &Log, steps: [usize; WRITERS], (before, after): (Steps, Steps)) {
    for writer in 0..WRITERS {
        // The deletion, which is the last step of a pair, may be there too.
        let most = steps[writer] + usize::from(steps[writer] % STEPS == STEPS - 1);
        assert!(most >= before[writer], "{steps:?} without the answered {before:?}");
        assert!(steps[writer] <= after[writer], "{steps:?} with more than {after:?}");
        let Some(last) = steps[writer].checked_sub(1) else { continue };
        let seen = log.seen[writer].lock().unwrap()[last];
        for (other, seen) in seen.into_iter().enumerate() {
            let most = steps[other] + usize::from(steps[other] % STEPS == STEPS - 1);
            assert!(most >= seen, "step {last} of {writer} without step {seen} of {other}");
        }
    }
}

type Steps = [usize; WRITERS];

fn exports_beside_writers(store: impl Store + 'static) {
    let engine = Engine::builder().journal(Journal::keep(90)).open_exclusive(store);
    let engine = engine.expect("opens");
    let aws = engine.developer(ACCOUNT.parse().unwrap(), "us-east-1".parse().unwrap());
    let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied);
    let input = input.developer_provider_name("login.game");
    let pool = aws.create_identity_pool(input).expect("creates").identity_pool_id;
    let (log, stop) = (Log::default(), AtomicBool::new(false));
    let mut files = Vec::new();
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (log, aws, pool, stop) = (&log, &aws, &pool, &stop);
            scope.spawn(move || write(log, writer, aws, pool, stop));
        }
        for _ in 0..12 * effort() {
            thread::sleep(Duration::from_millis(5));
            let before = log.answered();
            let file = export(&engine);
            files.push((file, (before, log.begun())));
        }
        stop.store(true, Ordering::SeqCst);
    });
    assert!(log.answered().iter().all(|steps| *steps > STEPS), "{:?}", log.answered());
    let mut most = 0;
    for (file, bounds) in files {
        let steps = steps_in(&file);
        is_of_one_moment(&log, steps, bounds);
        most = most.max(steps.iter().sum());
        let other = Engine::builder().journal(Journal::keep(90)).in_memory().expect("opens");
        other.admin().import(Import::new(), file.as_slice()).expect("imports");
        assert_eq!(other.check().expect("readable"), []);
    }
    assert!(most > 0);
}

#[test]
fn an_export_from_memory_has_one_moment() {
    exports_beside_writers(Arc::new(MemoryStore::new()));
}

#[test]
fn an_export_from_sled_has_one_moment() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = SledOptions::new(folder.path().join("identities.db"));
    exports_beside_writers(options.durability(Durability::Relaxed).open().expect("opens"));
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
