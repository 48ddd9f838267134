//! Serial execution: the effect of batches one after the other.

use std::collections::BTreeMap;

use crate::store::{Batch, Commit, Key, Value};

/// The content of a database.
pub(super) type State = BTreeMap<Key, Value>;

/// Applies a batch. Returns whether its checks hold.
pub(super) fn apply(state: &mut State, batch: &Batch) -> bool {
    let holds = batch.checks.iter().all(|(key, value)| state.get(key) == value.as_ref());
    if holds {
        for key in &batch.deletes {
            state.remove(key);
        }
        state.extend(batch.puts.iter().cloned());
    }
    holds
}

/// A batch and its outcome.
pub(super) type Committed<'a> = (&'a Batch, &'a Commit);

/// Whether the two batches in one order or the other lead from `before` to `after` with these
/// outcomes.
pub(super) fn explains(
    before: &State,
    one: Committed<'_>,
    other: Committed<'_>,
    after: &State,
) -> bool {
    [[one, other], [other, one]].iter().any(|order| is_order(before, order, after))
}

fn is_order(before: &State, order: &[Committed<'_>], after: &State) -> bool {
    let mut state = before.clone();
    let mut moments = vec![before.clone()];
    for (batch, outcome) in order {
        if apply(&mut state, batch) != (**outcome == Commit::Done) {
            return false;
        }
        moments.push(state.clone());
    }
    let is_of_a_moment = |(batch, outcome): &Committed<'_>| match outcome {
        Commit::Done | Commit::Conflict => true,
        Commit::ConflictWith(told) => {
            let is_checked = |key: &Key| batch.checks.iter().any(|(checked, _)| checked == key);
            told.iter().all(|(key, _)| is_checked(key))
                && moments
                    .iter()
                    .any(|moment| told.iter().all(|(key, value)| moment.get(key) == value.as_ref()))
        }
    };
    state == *after && order.iter().all(is_of_a_moment)
}
