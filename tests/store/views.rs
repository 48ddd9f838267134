//! Views: random batches against cloned maps, writers that move what they share, and checks of an
//! engine while its callers go on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use cognate::name::IdentityPoolId;
use cognate::operation::{
    CreateIdentityPoolInput, DeleteIdentitiesInput, DeleteIdentityPoolInput,
    GetOpenIdTokenForDeveloperIdentityInput, GuestAccess, MergeDeveloperIdentitiesInput,
    UnlinkDeveloperIdentityInput,
};
use cognate::store::{
    Batch, Commit, Durability, Key, KeyRange, MemoryStore, SledOptions, Store, StoreView, Tree,
    Value,
};
use cognate::token::SigningAlgorithm;
use cognate::{Developer, Engine, Journal};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::effort;

type State = BTreeMap<Key, Value>;

/// The stores of the crate, each with the folder that it needs.
fn stores() -> Vec<(String, Arc<dyn Store>, Option<tempfile::TempDir>)> {
    let sled = |durability| {
        let folder = tempfile::tempdir().expect("a folder");
        let store = SledOptions::new(folder.path()).durability(durability).open().expect("opens");
        (format!("sled, {durability:?}"), Arc::new(store) as Arc<dyn Store>, Some(folder))
    };
    let memory: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let sleds = [Durability::PowerLoss, Durability::ProcessKill, Durability::Relaxed].map(sled);
    [("memory".to_owned(), memory, None)].into_iter().chain(sleds).collect()
}

#[derive(Debug, Clone)]
enum Step {
    Commit(Batch),
    Open,
    Drop(Index),
    Scan(Index, KeyRange, usize),
    Get(Index, Vec<Key>),
}

fn key() -> impl Strategy<Value = Key> {
    (prop_oneof![Just(Tree::Pools), Just(Tree::Logins)], vec(0..3_u8, 1..3))
        .prop_map(|(tree, bytes)| Key::new(tree, bytes))
}

fn value() -> impl Strategy<Value = Value> {
    // The last is long enough to be stored in pieces.
    (0..3_u8, prop_oneof![Just(0), Just(1), Just(5_000)]).prop_map(|(n, long)| vec![n; long])
}

fn step() -> impl Strategy<Value = Step> {
    let checks = vec((key(), proptest::option::of(value())), 0..2);
    let batch = (checks, vec(key(), 0..4), vec((key(), value()), 0..4));
    let batch = batch.prop_map(|(checks, deletes, puts)| {
        let mut batch = Batch::default();
        (batch.checks, batch.deletes, batch.puts) = (checks, deletes, puts);
        Step::Commit(batch)
    });
    let scan = (any::<Index>(), key(), any::<bool>(), 0..6_usize);
    let scan = scan.prop_map(|(view, from, whole, limit)| {
        let prefix = if whole { Vec::new() } else { from.bytes[..1].to_vec() };
        let range = KeyRange::prefix(from.tree, prefix);
        Step::Scan(view, if whole { range.after(&from.bytes) } else { range }, limit)
    });
    let get = (any::<Index>(), vec(key(), 0..4)).prop_map(|(view, keys)| Step::Get(view, keys));
    prop_oneof![
        6 => batch,
        2 => Just(Step::Open),
        1 => any::<Index>().prop_map(Step::Drop),
        3 => scan,
        2 => get,
    ]
}

/// Runs the steps. Each view has to answer as the map that was cloned when it was opened.
fn follow(store: &dyn Store, steps: &[Step]) -> Result<(), TestCaseError> {
    let mut state = State::new();
    let mut views: Vec<(Box<dyn StoreView + '_>, State)> = Vec::new();
    for step in steps {
        match step {
            Step::Commit(batch) => {
                let holds =
                    batch.checks.iter().all(|(key, value)| state.get(key) == value.as_ref());
                prop_assert_eq!(store.commit(batch.clone()).unwrap() == Commit::Done, holds);
                if holds {
                    batch.deletes.iter().for_each(|key| drop(state.remove(key)));
                    state.extend(batch.puts.iter().cloned());
                }
            }
            Step::Open => views.push((store.view().unwrap().unwrap(), state.clone())),
            Step::Drop(index) if !views.is_empty() => {
                drop(views.swap_remove(index.index(views.len())));
            }
            Step::Scan(index, range, limit) if !views.is_empty() => {
                let (view, state) = index.get(&views);
                let within = state.iter().filter(|(key, _)| range.contains(key)).take(*limit);
                let within: Vec<_> = within.map(|(k, v)| (k.clone(), v.clone())).collect();
                prop_assert_eq!(view.scan(range, *limit).unwrap(), within);
            }
            Step::Get(index, keys) if !views.is_empty() => {
                let (view, state) = index.get(&views);
                let values: Vec<_> = keys.iter().map(|key| state.get(key).cloned()).collect();
                prop_assert_eq!(view.get(keys).unwrap(), values);
            }
            Step::Drop(_) | Step::Scan(..) | Step::Get(..) => {}
        }
    }
    for (view, state) in &views {
        let all = [Tree::Pools, Tree::Logins].map(|tree| KeyRange::prefix(tree, []));
        let found = all.iter().flat_map(|all| view.scan(all, usize::MAX).unwrap());
        prop_assert_eq!(&found.collect::<State>(), state);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24 * u32::try_from(effort()).unwrap()))]

    #[test]
    fn a_view_answers_as_the_map_that_was_cloned_for_it(steps in vec(step(), 1..100)) {
        for (name, store, _folder) in stores() {
            follow(&*store, &steps).map_err(|failed| TestCaseError::fail(format!("{name}: {failed}")))?;
        }
    }
}

/// Numbers that follow from a seed (`SplitMix64`).
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

const PLACES: u64 = 1_500;
const TOKENS: u64 = 600;
const WRITERS: u64 = 8;

fn place(n: u64) -> Key {
    let tree = [Tree::Identities, Tree::Logins][usize::try_from(n % 2).unwrap()];
    Key::new(tree, (n % PLACES).to_be_bytes())
}

/// Moves tokens to places without one, and renames a token when it moves.
fn move_tokens(store: &dyn Store, mut seed: u64, is_over: &AtomicBool) -> u64 {
    let mut moved = 0;
    while !is_over.load(Ordering::SeqCst) {
        let (from, to) = (place(next(&mut seed)), place(next(&mut seed)));
        let values = store.get(&[from.clone(), to.clone()]).expect("reads");
        let [Some(token), None] = values.as_slice() else { continue };
        let mut batch = Batch::default();
        batch.checks = vec![(from.clone(), Some(token.clone())), (to.clone(), None)];
        batch.deletes.push(from);
        batch.puts.push((to, [&token[..8], &next(&mut seed).to_be_bytes()].concat()));
        moved += u64::from(store.commit(batch).expect("commits") == Commit::Done);
    }
    moved
}

/// The places of all tokens, by their number, read in steps.
fn tokens(view: &dyn StoreView, step: usize) -> State {
    let mut found = State::new();
    for tree in [Tree::Identities, Tree::Logins] {
        let mut range = KeyRange::prefix(tree, []);
        loop {
            let entries = view.scan(&range, step).expect("scans");
            let is_last = entries.len() < step;
            if let Some((last, _)) = entries.last() {
                range = range.after(&last.bytes);
            }
            found.extend(entries);
            if is_last {
                break;
            }
        }
    }
    found
}

#[test]
fn views_find_each_token_once_whatever_moves() {
    for (name, store, _folder) in stores() {
        for n in 0..TOKENS {
            let mut batch = Batch::default();
            batch.puts.push((place(n), n.to_be_bytes().repeat(2)));
            store.commit(batch).expect("commits");
        }
        let (is_over, moved) = (AtomicBool::new(false), AtomicU64::new(0));
        thread::scope(|scope| {
            for seed in 0..WRITERS {
                let (store, is_over, moved) = (&store, &is_over, &moved);
                scope.spawn(move || {
                    moved.fetch_add(move_tokens(&**store, seed, is_over), Ordering::SeqCst);
                });
            }
            let mut previous: Option<(Box<dyn StoreView + '_>, State)> = None;
            for round in 0..12 * effort() {
                let view = store.view().expect("opens").expect("views");
                let step = [7, 100, 256, 257, 5_000][usize::try_from(round % 5).unwrap()];
                let first = tokens(&*view, step);
                let mut numbers: Vec<_> = first.values().map(|token| &token[..8]).collect();
                numbers.sort_unstable();
                let expected: Vec<_> = (0..TOKENS).map(u64::to_be_bytes).collect();
                assert!(numbers.iter().eq(&expected), "{name}: {} tokens", numbers.len());
                let places: Vec<Key> = (0..PLACES).map(place).collect();
                let values = view.get(&places).expect("reads");
                let got = places.into_iter().zip(values).filter_map(|(k, v)| Some((k, v?)));
                assert_eq!(got.collect::<State>(), first, "{name}");
                if let Some((view, first)) = previous.replace((view, first)) {
                    assert_eq!(tokens(&*view, 64), first, "{name}: an earlier view");
                }
            }
            is_over.store(true, Ordering::SeqCst);
        });
        let moved = moved.into_inner();
        assert!(moved > 100, "{name}: {moved} moves");
    }
}

fn pool(aws: &Developer, name: &str) -> IdentityPoolId {
    let input = CreateIdentityPoolInput::new(name, GuestAccess::Allowed);
    let input = input.developer_provider_name("login.game");
    aws.create_identity_pool(input).expect("creates").identity_pool_id
}

/// Registers, links, merges, unlinks and deletes few users, and now and then a whole pool. Calls
/// may be refused. Returns how many were answered.
fn live(aws: &Developer, shared: &IdentityPoolId, mut seed: u64, calls: u64) -> u64 {
    let mut answered = 0;
    let mut own = pool(aws, "own");
    for call in 0..calls {
        let pool = if next(&mut seed).is_multiple_of(3) { &own } else { shared };
        let [user, other, way] = std::array::from_fn(|_| next(&mut seed));
        let [user, other] = [user, other].map(|user| format!("user-{}", user % 40));
        let input =
            || GetOpenIdTokenForDeveloperIdentityInput::new(pool).logins("login.game", &*user);
        let is_answered = match (way % 8, aws.resolve_developer_identity(input())) {
            (_, Err(_)) => false,
            (0..3, Ok(_)) => true,
            (3, Ok(identity)) => {
                let input =
                    GetOpenIdTokenForDeveloperIdentityInput::new(pool).identity_id(&identity);
                aws.resolve_developer_identity(input.logins("login.game", other)).is_ok()
            }
            (4 | 5, Ok(_)) => {
                let input = MergeDeveloperIdentitiesInput::new(pool, "login.game", &*user, &*other);
                aws.merge_developer_identities(input).is_ok()
            }
            (6, Ok(identity)) => {
                let input =
                    UnlinkDeveloperIdentityInput::new(pool, &identity, "login.game", &*user);
                aws.unlink_developer_identity(input).is_ok()
            }
            (_, Ok(identity)) => {
                aws.delete_identities(DeleteIdentitiesInput::new([&identity])).is_ok()
            }
        };
        answered += u64::from(is_answered);
        if call % 100 == 99 {
            aws.delete_identity_pool(DeleteIdentityPoolInput::new(&own)).expect("deletes");
            own = self::pool(aws, "own");
        }
    }
    answered
}

/// Writers of every kind find that the engine is sound at each moment.
#[test]
fn check_runs_beside_writers() {
    for (name, store, _folder) in stores() {
        let builder = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa);
        let builder = builder.journal(Journal::keep(90));
        let engine = builder.open_exclusive(store).expect("opens");
        let aws = engine.developer("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
        let shared = pool(&aws, "shared");
        let calls = 500 * effort();
        let (checks, answered) = thread::scope(|scope| {
            let lives: Vec<_> = (0..WRITERS)
                .map(|seed| {
                    let (aws, shared) = (&aws, &shared);
                    scope.spawn(move || live(aws, shared, seed, calls))
                })
                .collect();
            let mut checks = 0;
            while lives.iter().any(|life| !life.is_finished()) {
                assert_eq!(engine.check().expect("readable"), [], "{name}");
                checks += 1;
            }
            let answered = lives.into_iter().map(|life| life.join().expect("no panic"));
            (checks, answered.sum::<u64>())
        });
        assert!(answered > WRITERS * calls / 4, "{name}: {answered} answers");
        assert!(checks > 1, "{name}: the writers were too fast");
    }
}
