//! Imports over a store that engines share: the mark of each pool is claimed while it is filled.

use std::sync::Arc;

use cognate::Engine;
use cognate::exchange::{ExchangeError, Import};
use cognate::store::MemoryStore;
use cognate::testkit::{Calls, FaultyStore, StoreFault, TestClock, When};

use crate::support::{builder, dump, guests};

fn two_engines() -> (Engine, Engine, TestClock, Arc<MemoryStore>) {
    let (clock, store) = (TestClock::default(), Arc::new(MemoryStore::new()));
    let open = || builder(&clock, true).open_shared(Arc::clone(&store)).expect("opens");
    (open(), open(), clock.clone(), store)
}

/// Another engine removes deleted pools after every commit of the import, which takes ten seconds.
#[test]
fn other_engines_leave_an_import_alone() {
    let (one, other, clock, _) = two_engines();
    let remover = other.clone();
    let import = Import::new().progress(move |_| {
        clock.wait(10);
        remover.finish_removals().expect("removes");
    });
    let imported = one.admin().import(import, guests(3_000).as_bytes()).expect("imports");
    assert_eq!(imported.identities, 3_000);
    assert_eq!(other.check().expect("readable"), []);
    let counts = other.admin().count_identities(&imported.identity_pool_ids[0]);
    assert!(counts.is_ok());
}

/// An import that makes no progress for too long is like one that was killed.
#[test]
fn an_import_that_pauses_for_too_long_is_removed() {
    for pause_at in [256, 2_816, 3_001] {
        let (one, other, clock, store) = two_engines();
        let import = Import::new().progress(move |progress| {
            if progress.done >= pause_at {
                clock.wait(31);
                other.finish_removals().expect("removes");
            }
        });
        let ended = one.admin().import(import, guests(3_000).as_bytes());
        if pause_at == 3_001 {
            ended.expect("was whole before the pause");
            continue;
        }
        assert!(matches!(ended, Err(ExchangeError::TakenOver)), "{ended:?}");
        one.finish_removals().expect("removes");
        assert!(dump(&*store).is_empty(), "{pause_at}");
    }
}

/// The commit itself finds that another engine has taken over, at whatever commit it was held up.
#[test]
fn a_commit_that_comes_too_late_does_not_happen() {
    let file = guests(700);
    // The mark, the batches, and the last commit.
    for nth in 2..=5 {
        let (clock, inner) = (TestClock::default(), Arc::new(MemoryStore::new()));
        let store = Arc::new(FaultyStore::new(Arc::clone(&inner)));
        let one = builder(&clock, false).open_shared(Arc::clone(&store)).expect("opens");
        let other = builder(&clock, false).open_shared(Arc::clone(&inner)).expect("opens");
        store.inject(StoreFault::WaitsBefore, Calls::Writes, When::Nth(nth));
        let ended = std::thread::scope(|scope| {
            let import = scope.spawn(|| one.admin().import(Import::new(), file.as_bytes()));
            store.until_waiting(1);
            clock.wait(31);
            other.finish_removals().expect("removes");
            store.heal();
            import.join().expect("no panic")
        });
        assert!(matches!(ended, Err(ExchangeError::TakenOver)), "commit {nth}: {ended:?}");
        assert!(dump(&*inner).is_empty(), "commit {nth}");
    }
}

/// Two imports of one file: one of them makes it, wherever they meet.
#[test]
fn two_engines_import_the_same_pool() {
    let (one, other, _, store) = two_engines();
    let file = guests(700);
    let outcomes = std::thread::scope(|scope| {
        let imports = [one.clone(), other].map(|engine| {
            let file = &file;
            scope.spawn(move || engine.admin().import(Import::new(), file.as_bytes()))
        });
        imports.map(|import| import.join().expect("no panic"))
    });
    let whole = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(whole, 1, "{outcomes:?}");
    assert_eq!(one.check().expect("readable"), []);
    // The pool, its listing, its count and its event; each identity with its index.
    assert_eq!(dump(&*store).len(), 5 + 2 * 700);
}
