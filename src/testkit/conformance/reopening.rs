//! A database that is opened again.

use crate::store::{Batch, Key, Store, StoreError, Tree};
use crate::testkit::conformance::breach::{Breach, Outcome, ensure};
use crate::testkit::conformance::calls::{
    Draft as _, batch, clear, conflicts, contents, difference, done,
};
use crate::testkit::conformance::long::noise;
use crate::testkit::conformance::serial::{State, apply};

pub(super) const REQUIREMENT: &str =
    "what was committed is there after the database is opened again";

/// Drops the store and opens it again, several times, and leaves it empty.
pub(super) fn check<S: Store>(store: S, open: impl Fn() -> Result<S, StoreError>) -> Outcome {
    let mut state = State::new();
    let mut store = store;
    for (batches, round) in generations().into_iter().zip(0..) {
        for batch in batches {
            let holds = apply(&mut state, &batch);
            if holds { done(&store, batch)? } else { conflicts(&store, batch)? }
        }
        if round % 2 == 1 {
            store.sync()?;
        }
        drop(store);
        store = open().map_err(|error| Breach::from(error).at("opening it again"))?;
        let found = contents(&store)?;
        ensure!(found == state, "opening it again changed {}", difference(&state, &found));
    }
    clear(&store)
}

/// The batches before each opening.
fn generations() -> [Vec<Batch>; 4] {
    let [a, b, c] = ["a", "b", "c"].map(|name| Key::new(Tree::Logins, name));
    let [long_key, other_long_key] =
        [13, 14].map(|start| Key::new(Tree::Logins, noise(start, 4096)));
    let [large, larger] = [noise(15, 50_000), noise(16, 200_000)];
    let of_trees = |record: &str| {
        let keys = Tree::ALL.map(|tree| Key::new(tree, "of every tree"));
        keys.iter().fold(batch(), |batch, key| batch.put(key, record))
    };
    [
        vec![
            of_trees("1"),
            batch().put(&a, "1").put(&b, "").put(&long_key, &large),
            batch().absent(&c).put(&c, "1"),
        ],
        vec![
            batch().holds(&a, "1").put(&a, "2").delete(&b),
            batch().holds(&a, "1").put(&a, "never"),
            batch().holds(&long_key, &large).put(&long_key, &larger).put(&other_long_key, "1"),
        ],
        vec![of_trees("2"), batch().holds(&a, "2").holds(&c, "1").delete(&c)],
        vec![batch().delete(&long_key).put(&b, "2").put(&c, &larger)],
    ]
}
