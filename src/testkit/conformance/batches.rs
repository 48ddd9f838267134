//! Requirements for batches.

use crate::ambient::{Entropy as _, SystemEntropy};
use crate::store::{Batch, Key, Store, Token, Tree};
use crate::testkit::conformance::Case;
use crate::testkit::conformance::breach::{Breach, Outcome, ensure};
use crate::testkit::conformance::calls::{Draft as _, batch, conflicts, done, get, holds};

pub(super) const CASES: [Case; 5] = [
    Case { requirement: "a batch happens whole or not at all", run: whole_or_not_at_all },
    Case { requirement: "puts of a batch follow its deletes", run: puts_follow_deletes },
    Case { requirement: "an empty record is a record", run: an_empty_record_is_a_record },
    Case { requirement: "every tree has keys of its own", run: trees_are_apart },
    Case { requirement: "a token changes no outcome", run: a_token_changes_no_outcome },
];

fn whole_or_not_at_all(store: &dyn Store) -> Outcome {
    let (a, b) = (Key::new(Tree::Pools, "a"), Key::new(Tree::Logins, "b"));
    let create = batch().absent(&a).absent(&b).put(&a, "1").put(&b, "1");
    done(store, create.clone())?;
    conflicts(store, create)?;
    for failing in [
        batch().holds(&a, "1").holds(&b, "2").put(&a, "9").put(&b, "9"),
        batch().absent(&a).delete(&b).put(&a, "9"),
        batch().holds(&a, "11").delete(&a).delete(&b),
        batch().holds(&a, "").delete(&a),
        batch().holds(&a, "1").absent(&b).put(&a, "9").put(&b, "9"),
        batch().holds(&a, "1").absent(&b),
        batch().absent(&a),
        batch().holds(&Key::new(Tree::Pools, "absent"), ""),
    ] {
        conflicts(store, failing)?;
    }
    done(store, batch())?;
    done(store, batch().holds(&a, "1").holds(&b, "1").absent(&Key::new(Tree::Pools, "b")))?;
    done(store, batch().holds(&a, "1").delete(&b).put(&a, "2"))?;
    holds(store, &a, Some(b"2"))?;
    holds(store, &b, None)
}

fn puts_follow_deletes(store: &dyn Store) -> Outcome {
    let a = Key::new(Tree::Logins, "moved");
    done(store, batch().delete(&a))?;
    done(store, batch().put(&a, "old"))?;
    done(store, batch().holds(&a, "old").delete(&a).put(&a, "new"))?;
    holds(store, &a, Some(b"new"))?;
    done(store, batch().delete(&a).put(&a, "newer"))?;
    holds(store, &a, Some(b"newer"))
}

fn an_empty_record_is_a_record(store: &dyn Store) -> Outcome {
    let empty = Key::new(Tree::Logins, "empty");
    done(store, batch().absent(&empty).put(&empty, ""))?;
    holds(store, &empty, Some(b""))?;
    conflicts(store, batch().absent(&empty).put(&empty, "1"))?;
    conflicts(store, batch().holds(&empty, "\0").put(&empty, "1"))?;
    done(store, batch().holds(&empty, "").put(&empty, "1"))?;
    done(store, batch().holds(&empty, "1").put(&empty, ""))?;
    done(store, batch().holds(&empty, "").delete(&empty))?;
    conflicts(store, batch().holds(&empty, ""))
}

fn trees_are_apart(store: &dyn Store) -> Outcome {
    let keys = Tree::ALL.map(|tree| Key::new(tree, "apart"));
    for key in &keys {
        done(store, batch().absent(key).put(key, key.tree.name()))?;
    }
    for (value, key) in get(store, &keys)?.into_iter().zip(&keys) {
        let name = key.tree.name();
        ensure!(value.as_deref() == Some(name.as_bytes()), "{name} holds the record of another");
    }
    Ok(())
}

fn a_token_changes_no_outcome(store: &dyn Store) -> Outcome {
    let a = Key::new(Tree::Accounts, "a");
    let token = |mut batch: Batch| {
        let mut token = Token([0; 16]);
        let drawn = SystemEntropy.fill(&mut token.0);
        drawn.map_err(|error| Breach::new(error.to_string()))?;
        batch.token = Some(token);
        Ok::<_, Breach>(batch)
    };
    done(store, token(batch().absent(&a).put(&a, "1"))?)?;
    done(store, token(batch().holds(&a, "1").put(&a, "2"))?)?;
    conflicts(store, token(batch().holds(&a, "1").put(&a, "3"))?)?;
    done(store, token(batch().put(&a, "4"))?)?;
    holds(store, &a, Some(b"4"))?;
    done(store, token(batch().holds(&a, "4").delete(&a))?)?;
    holds(store, &a, None)
}
