//! Removal of deleted pools: by the calling thread or in the background, and by one of several
//! engines.

mod thread_start;
pub(crate) mod watched;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use cognate::ambient::{Clock, SystemClock, Timestamp};
use cognate::name::IdentityPoolId;
use cognate::operation::{
    CreateIdentityPoolInput, DeleteIdentityPoolInput, GuestAccess, ListIdentityPoolsInput,
};
use cognate::store::{Batch, Key, KeyRange, MemoryStore, Store, Tree, Value};
use cognate::token::SigningAlgorithm;
use cognate::{Builder, Developer, Engine, Error, Removal, from_fn};

use crate::support::{ACCOUNT, GAME, NOON, REGION, call, developer, dump, key};
use watched::Watched;

const TERM: u64 = 30_000;

fn builder() -> Builder {
    let noon = from_fn(|| Timestamp::from_millis(NOON));
    Engine::builder().signing_key(key(SigningAlgorithm::EdDsa)).clock(noon)
}

/// An engine that removes in the calls only.
fn calling() -> Builder {
    builder().removal(Removal::Calling)
}

fn open(builder: Builder, store: &Arc<Watched>) -> Engine {
    builder.open_shared(Arc::clone(store)).expect("opens")
}

fn owner(engine: &Engine) -> Developer {
    developer(engine, ACCOUNT, REGION)
}

/// A pool with some users.
fn pool(aws: &Developer, users: usize) -> IdentityPoolId {
    let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied);
    let input = input.developer_provider_name(GAME);
    let pool = aws.create_identity_pool(input).expect("created").identity_pool_id;
    for user in 0..users {
        aws.resolve_developer_identity(call(&pool, &format!("user-{user}"))).expect("registered");
    }
    pool
}

fn delete(aws: &Developer, pool: &IdentityPoolId) {
    aws.delete_identity_pool(DeleteIdentityPoolInput::new(pool)).expect("deleted");
}

fn mark_of(pool: u8) -> Key {
    Key::new(Tree::Deletions, [pool; 16])
}

/// The mark of a pool that an engine has claimed until some moment.
fn claimed(claimer: u8, until: u64) -> Value {
    [[2].as_slice(), &[claimer; 16], &until.to_le_bytes()].concat()
}

/// A deleted pool with logins that a killed engine has left behind.
fn remains(pool: u8, mark: Value, logins: u32) -> Vec<(Key, Value)> {
    let login = |login: u32| {
        let bytes = [[pool; 16].as_slice(), b"dgame\0", format!("{login}").as_bytes()].concat();
        (Key::new(Tree::Logins, bytes), vec![1])
    };
    (0..logins).map(login).chain([(mark_of(pool), mark)]).collect()
}

/// Waits for the sweeper.
fn eventually(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..2_000 {
        if is_so() {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("not within 20 seconds: {what}");
}

#[test]
fn opening_removes_nothing() {
    let store = Arc::new(Watched::with(remains(7, vec![1], 130)));
    let before = dump(&store.inner);
    let engine = open(calling(), &store);
    assert_eq!((store.commits(), dump(&store.inner)), (0, before));
    engine.finish_removals().expect("removes");
    assert_eq!(dump(&store.inner), []);
}

#[test]
fn opening_does_not_wait_for_the_background() {
    let store = Arc::new(Watched::with(remains(7, vec![1], 130)));
    store.shut();
    let engine = open(builder(), &store);
    let pools = owner(&engine).list_identity_pools(ListIdentityPoolsInput::new(1));
    assert_eq!(pools.expect("is served").identity_pools.len(), 0);
    assert_eq!(store.commits(), 0);
    store.open();
    eventually("the remains are gone", || store.remains() == 0);
}

/// Nothing is removed before the first answer, and opening reads as much of large remains as of
/// small ones.
#[test]
fn opening_serves_at_once_whatever_is_left() {
    let reads = [10, 100_000].map(|logins| {
        let store = Arc::new(Watched::with(remains(7, vec![1], logins)));
        store.shut();
        let engine = open(builder(), &store);
        let pools = owner(&engine).list_identity_pools(ListIdentityPoolsInput::new(1));
        assert_eq!(pools.expect("is served").identity_pools.len(), 0);
        assert_eq!(store.commits(), 0, "{logins} logins");
        let reads = store.reads_of_maker();
        store.open();
        reads
    });
    assert_eq!(reads[0], reads[1]);
    assert!(reads[0] > 0);
}

#[test]
fn the_next_deletion_removes_pools_that_earlier_engines_have_left() {
    let two = [remains(1, vec![1], 130), remains(2, claimed(9, NOON - 1), 3)].concat();
    let store = Arc::new(Watched::with(two));
    let aws = owner(&open(calling(), &store));
    let pool = pool(&aws, 3);
    delete(&aws, &pool);
    assert_eq!(store.remains(), 0);
}

#[test]
fn by_default_a_deletion_takes_one_commit_whatever_the_size() {
    let store = Arc::new(Watched::new());
    let engine = open(builder(), &store);
    let aws = owner(&engine);
    let pools = [1, 10, 1_000].map(|users| pool(&aws, users));
    for pool in &pools {
        let before = store.own_commits();
        delete(&aws, pool);
        assert_eq!(store.own_commits() - before, 1);
    }
    eventually("the pools are removed", || store.remains() == 0);
    assert_eq!(engine.check().expect("readable"), []);
    assert!(engine.removal_failure().is_none());
}

#[test]
fn a_claim_holds_until_it_ends() {
    let now = Arc::new(AtomicU64::new(NOON));
    let clock = Arc::clone(&now);
    let clock = from_fn(move || Timestamp::from_millis(clock.load(Ordering::SeqCst)));
    let store = Arc::new(Watched::with(remains(7, claimed(9, NOON + 20_000), 130)));
    let engine = open(calling().clock(clock), &store);
    for (moment, is_over) in [(0, false), (19_999, false), (20_000, true)] {
        now.store(NOON + moment, Ordering::SeqCst);
        engine.finish_removals().expect("no failure");
        assert_eq!(store.remains(), if is_over { 0 } else { 131 }, "after {moment} ms");
    }
}

/// The clock of the claimer was wrong.
#[test]
fn a_claim_far_ahead_holds_up_nobody() {
    for until in [NOON + 3_600_000, u64::MAX] {
        let store = Arc::new(Watched::with(remains(7, claimed(9, until), 130)));
        open(calling(), &store).finish_removals().expect("removes");
        assert_eq!(store.remains(), 0, "{until}");
    }
    // The clocks of two engines differ a little.
    let store = Arc::new(Watched::with(remains(7, claimed(9, NOON + TERM + 1_000), 130)));
    open(calling(), &store).finish_removals().expect("leaves it");
    assert_eq!(store.remains(), 131);
}

#[test]
fn an_engine_that_is_alone_takes_over_at_once() {
    let store = Arc::new(Watched::with(remains(7, claimed(9, NOON + 20_000), 130)));
    let engine = calling().open_exclusive(Arc::clone(&store)).expect("opens");
    engine.finish_removals().expect("removes");
    assert_eq!(store.remains(), 0);
}

#[test]
fn a_claim_is_extended_while_the_removal_goes_on() {
    let now = Arc::new(AtomicU64::new(NOON));
    let clock = Arc::clone(&now);
    let clock = from_fn(move || Timestamp::from_millis(clock.load(Ordering::SeqCst)));
    let store = Watched::with(remains(7, vec![1], 1_300));
    let steps = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&steps);
    // Each step takes two seconds.
    let store = Arc::new(store.after_commits(move |inner| {
        counted.fetch_add(1, Ordering::SeqCst);
        let moment = now.fetch_add(2_000, Ordering::SeqCst);
        let Some(mark) = inner.get_one(&mark_of(7)).expect("readable") else { return };
        let (_, until) = mark.split_last_chunk().expect("a claim");
        let left = u64::from_le_bytes(*until).saturating_sub(moment);
        assert!((TERM / 2..=TERM).contains(&left), "{left} ms are left");
    }));
    open(calling().clock(clock), &store).finish_removals().expect("removes");
    assert_eq!(store.remains(), 0);
    assert_eq!(steps.load(Ordering::SeqCst), 22);
}

#[test]
fn a_step_does_not_happen_after_another_engine_has_taken_over() {
    let takes_over = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&takes_over);
    let store = Watched::with(remains(7, vec![1], 300));
    let store = Arc::new(store.before_commits(move |inner| {
        // In the third step.
        if count.fetch_add(1, Ordering::SeqCst) == 2 {
            let mut batch = Batch::default();
            batch.puts.push((mark_of(7), claimed(9, NOON + TERM)));
            inner.commit(batch).expect("taken over");
        }
    }));
    open(calling(), &store).finish_removals().expect("leaves it");
    assert_eq!(store.remains(), 1 + 300 - 2 * 60, "two steps have happened");
    assert_eq!(store.inner.get_one(&mark_of(7)).ok(), Some(Some(claimed(9, NOON + TERM))));
}

#[test]
fn a_corrupt_record_holds_up_its_own_pool_only() {
    let mut all =
        [remains(1, vec![1], 3), remains(2, vec![1], 70), remains(3, vec![1], 3)].concat();
    let identity = Key::new(Tree::Identities, [[2; 16].as_slice(), &[0; 24]].concat());
    all.push((identity, vec![0xff]));
    for is_in_background in [false, true] {
        let store = Arc::new(Watched::with(all.clone()));
        let removal = if is_in_background { Removal::Background } else { Removal::Calling };
        let engine = open(builder().removal(removal), &store);
        if is_in_background {
            eventually("the failure is kept", || engine.removal_failure().is_some());
            let failure = engine.removal_failure().expect("is kept");
            assert!(matches!(*failure, Error::Corrupt { .. }), "{failure}");
        } else {
            let failure = engine.finish_removals().expect_err("is told");
            assert!(matches!(failure, Error::Corrupt { .. }), "{failure}");
        }
        assert_eq!(store.remains(), 72);
    }
}

#[test]
fn a_failure_is_kept_and_the_removal_tried_again() {
    let store = Arc::new(Watched::with(remains(7, vec![1], 130)));
    store.fail_after(0);
    let engine = open(builder(), &store);
    eventually("the failure is kept", || engine.removal_failure().is_some());
    let first = engine.removal_failure().expect("is kept");
    eventually("it is tried again", || {
        engine.removal_failure().is_some_and(|failure| !Arc::ptr_eq(&failure, &first))
    });
    assert!(matches!(*first, Error::Storage(_)), "{first}");
    assert_eq!(store.remains(), 131);
    store.heal();
    eventually("the remains are gone", || store.remains() == 0);
    eventually("the failure is gone", || engine.removal_failure().is_none());
}

#[test]
fn a_failure_within_a_call_is_kept_and_fails_no_call() {
    let store = Arc::new(Watched::new());
    let engine = open(calling(), &store);
    let aws = owner(&engine);
    let pool = pool(&aws, 70);
    // One commit deletes the pool, and two remove its users.
    store.fail_after(2);
    delete(&aws, &pool);
    let failure = engine.removal_failure().expect("is kept");
    assert!(matches!(*failure, Error::Storage(_)), "{failure}");
    assert!(store.remains() > 0);
    store.heal();
    engine.finish_removals().expect("removes");
    assert!(engine.removal_failure().is_none());
    assert_eq!(store.remains(), 0);
}

#[test]
fn an_engine_takes_over_when_the_claim_of_another_has_ended() {
    let until = SystemClock.now().as_millis() + 400;
    let store = Arc::new(Watched::with(remains(7, claimed(9, until), 130)));
    let _engine = open(builder().clock(SystemClock), &store);
    eventually("the remains are gone", || store.remains() == 0);
    assert!(SystemClock.now().as_millis() >= until);
}

#[test]
fn two_engines_remove_the_pools_of_both() {
    let store = Arc::new(Watched::new());
    let engines = [(); 2].map(|()| open(builder().clock(SystemClock), &store));
    thread::scope(|scope| {
        for engine in &engines {
            scope.spawn(|| {
                let aws = owner(engine);
                for _ in 0..5 {
                    let pool = pool(&aws, 70);
                    delete(&aws, &pool);
                }
            });
        }
    });
    eventually("the pools are removed", || store.remains() == 0);
}

/// The sweeper waits for half a minute, or for the end of a claim.
#[test]
fn the_last_handle_ends_a_sweeper_that_waits() {
    for ends_by in [drop as fn(Engine), |engine| engine.close().expect("closes")] {
        let left = [remains(7, claimed(9, NOON + 20_000), 3), remains(1, vec![1], 3)].concat();
        let store = Arc::new(Watched::with(left));
        let engine = open(builder(), &store);
        let handle = owner(&engine);
        eventually("the other pool is removed", || store.remains() == 4);
        let begun = SystemClock.now().as_millis();
        drop(handle);
        ends_by(engine);
        assert_eq!(Arc::strong_count(&store), 1, "the store is released");
        assert!(SystemClock.now().as_millis() - begun < 10_000);
    }
}

#[test]
fn a_sweeper_ends_with_the_call_that_it_is_in() {
    for ends_by in [drop as fn(Engine), |engine| engine.close().expect("closes")] {
        let store = Arc::new(Watched::with(remains(7, vec![1], 10_000)));
        store.shut();
        let engine = open(builder(), &store);
        store.until_one_waits();
        thread::scope(|scope| {
            let ending = scope.spawn(|| {
                ends_by(engine);
                Arc::strong_count(&store)
            });
            thread::sleep(Duration::from_millis(200));
            store.open();
            assert_eq!(ending.join().expect("ends"), 1, "the store is released");
        });
        assert!(store.remains() > 0, "it went on");
    }
}

/// The pool is removed after the check has read its identities, and before it looks at their logins.
#[test]
fn a_check_beside_a_removal_finds_nothing() {
    let store = Arc::new(MemoryStore::new());
    let over = Arc::clone(&store);
    let aws = owner(&calling().open_shared(over).expect("opens"));
    let pool = pool(&aws, 30);
    let identities = dump(&store);
    delete(&aws, &pool);
    let is_of_the_pool = |(key, _): &(Key, Value)| {
        matches!(key.tree, Tree::Identities | Tree::IdentityIndex | Tree::Logins)
    };
    let guid = identities.iter().find(|(key, _)| key.tree == Tree::Pools).expect("a pool");
    let mark = (Key::new(Tree::Deletions, guid.0.bytes.clone()), vec![1]);
    let left = identities.iter().filter(|entry| is_of_the_pool(entry)).cloned().chain([mark]);
    let is_being_checked = Arc::new(AtomicBool::new(false));
    let removes = Arc::clone(&is_being_checked);
    let watched = Watched::with(left).before_gets(move |inner| {
        if !removes.load(Ordering::SeqCst) {
            return;
        }
        let mut batch = Batch::default();
        batch.deletes.extend(dump(inner).into_iter().map(|(key, _)| key));
        inner.commit(batch).expect("removed");
    });
    assert_eq!(watched.remains(), 91);
    let store = Arc::new(watched);
    let engine = open(calling(), &store);
    is_being_checked.store(true, Ordering::SeqCst);
    assert_eq!(engine.check().expect("readable"), []);
    assert_eq!(store.remains(), 0);
}

#[test]
fn remains_are_no_findings() {
    let owner = [[1].as_slice(), &[0; 24]].concat();
    let mut left = remains(7, vec![1], 3);
    left.iter_mut().filter(|(key, _)| key.tree == Tree::Logins).for_each(|(_, value)| {
        value.clone_from(&owner);
    });
    let store = Arc::new(Watched::with(left));
    let engine = open(calling(), &store);
    assert_eq!(engine.check().expect("readable"), []);
    let range = KeyRange::prefix(Tree::Logins, []);
    assert_eq!(store.scan(&range, 10).expect("readable").len(), 3, "they are there");
}
