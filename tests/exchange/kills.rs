//! An import that ends at any of its commits leaves nothing behind.

use std::sync::Arc;

use cognate::ambient::Timestamp;
use cognate::exchange::{ExchangeError, Export, Import};
use cognate::operation::{CreateIdentityPoolInput, GuestAccess};
use cognate::store::MemoryStore;
use cognate::testkit::{Calls, FaultyStore, StoreFault, When};
use cognate::{Builder, Engine, Journal, from_fn};
use uuid::Uuid;

use crate::support::{ACCOUNT, Dump, dump};

/// Two pools with more identities than one commit adds.
fn file() -> Vec<u8> {
    let pool = |name: &str| {
        let settings = format!(
            "\"IdentityPoolName\":\"{name}\",\"AllowUnauthenticatedIdentities\":true,\
             \"DeveloperProviderName\":\"login.game\""
        );
        format!("{{\"pool\":{{\"settings\":{{{settings}}}}}}}\n")
    };
    let user = |number: u32| {
        let login = format!("{{\"developer\":\"login.game\",\"subject\":\"user-{number}\"}}");
        format!("{{\"identity\":{{\"logins\":[{login}]}}}}\n")
    };
    let users: String = (0..600).map(user).collect::<Vec<_>>().concat();
    let first = "{\"cognate\":\"seed\",\"version\":1}\n";
    let seed = [first, &pool("game"), &users, &pool("shop"), &users].concat();
    let engine = builder().in_memory().expect("opens");
    let import = Import::new().region("us-east-1".parse().unwrap());
    engine.admin().import(import, seed.as_bytes()).expect("imports");
    let mut file = Vec::new();
    engine.admin().export(Export::all().history(true), &mut file).expect("exports");
    file
}

/// Engines whose time stands still.
fn builder() -> Builder {
    let clock = from_fn(|| Timestamp::from_millis(1_900_000_000_000));
    Engine::builder().clock(clock).journal(Journal::keep(90))
}

/// A store that has a pool already.
fn used() -> MemoryStore {
    let store = Arc::new(MemoryStore::new());
    let ids = from_fn(|| Ok(Uuid::from_u128(7)));
    let engine = builder().ids(ids).open_exclusive(Arc::clone(&store)).expect("opens");
    let aws = engine.developer(ACCOUNT.parse().unwrap(), "us-east-1".parse().unwrap());
    let input = CreateIdentityPoolInput::new("before", GuestAccess::Allowed);
    aws.create_identity_pool(input).expect("creates");
    engine.close().expect("closes");
    Arc::into_inner(store).expect("is released")
}

/// Imports over a store that fails from its nth write on. Returns the outcome and the store.
fn import(
    file: &[u8],
    fault: StoreFault,
    when: When,
) -> (Result<(), ExchangeError>, Arc<FaultyStore<MemoryStore>>) {
    let store = Arc::new(FaultyStore::new(used()));
    store.inject(fault, Calls::Writes, when);
    let engine = builder().open_exclusive(Arc::clone(&store)).expect("opens");
    let outcome = engine.admin().import(Import::new(), file).map(drop);
    drop(engine);
    store.heal();
    (outcome, store)
}

/// What a later engine finds once it has removed what is left.
fn recovered(store: &Arc<FaultyStore<MemoryStore>>) -> Dump {
    let engine = Engine::builder().open_exclusive(Arc::clone(store)).expect("opens");
    assert_eq!(engine.check().expect("readable"), [], "before the removal");
    engine.finish_removals().expect("removes");
    assert_eq!(engine.check().expect("readable"), [], "after the removal");
    dump(store.inner())
}

#[test]
fn an_import_that_is_killed_at_any_commit_leaves_nothing() {
    let file = file();
    let (before, whole) = (dump(&used()), {
        let (outcome, store) = import(&file, StoreFault::Conflicts, When::From(usize::MAX));
        outcome.expect("imports");
        recovered(&store)
    });
    assert!(whole.len() > before.len() + 2_000);
    let mut killed = 0;
    loop {
        killed += 1;
        let when = When::From(killed);
        let (outcome, store) = import(&file, StoreFault::FailsBefore, when);
        if outcome.is_ok() {
            break;
        }
        assert!(recovered(&store) == before, "without commit {killed}");
        // The commit has happened, and nobody was told.
        let (outcome, store) = import(&file, StoreFault::FailsAfter, when);
        outcome.expect_err("fails");
        let found = recovered(&store);
        let is_last = import(&file, StoreFault::FailsBefore, When::From(killed + 1)).0.is_ok();
        assert!(found == *if is_last { &whole } else { &before }, "after commit {killed}");
    }
    // The two marks, the batches of 600 identities each, and the last commit.
    assert!(killed > 2 + 2 * 3, "{killed} commits");
}

#[test]
fn a_conflict_at_any_commit_is_tried_again() {
    let file = file();
    let mut hit = 0;
    loop {
        hit += 1;
        let (outcome, store) = import(&file, StoreFault::Conflicts, When::Nth(hit));
        outcome.expect("imports");
        let engine = Engine::builder().open_exclusive(Arc::clone(&store)).expect("opens");
        assert_eq!(engine.check().expect("readable"), []);
        if hit > 12 {
            break;
        }
    }
}

/// The engine itself removes what a single failure leaves.
#[test]
fn a_failure_is_cleared_by_the_import_itself() {
    let file = file();
    let before = dump(&used());
    for nth in 1..8 {
        let (outcome, store) = import(&file, StoreFault::FailsBefore, When::Nth(nth));
        outcome.expect_err("fails");
        assert!(dump(store.inner()) == before, "commit {nth}");
    }
}
