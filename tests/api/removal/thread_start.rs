//! The start of the thread that removes deleted pools.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use cognate::Journal;

use super::watched::Watched;
use super::{builder, delete, eventually, owner, pool, remains};

/// A store of another engine can have remains at any time, and old events have to go.
#[test]
fn an_engine_has_a_thread_only_if_it_has_work() {
    let watched = |left| Arc::new(Watched::with(left));
    let store = watched(Vec::new());
    let aws = owner(&builder().open_exclusive(Arc::clone(&store)).expect("opens"));
    let kept = pool(&aws, 3);
    let (reads, calls) = (store.reads_of_others(), store.commits());
    thread::sleep(Duration::from_millis(50));
    assert_eq!((store.reads_of_others(), reads), (0, 0), "nothing is to be removed");
    assert_eq!(calls, store.own_commits());
    delete(&aws, &kept);
    eventually("the thread works", || store.reads_of_others() > 0);
    for (builder, is_shared, left) in [
        (builder(), false, remains(7, vec![1], 3)),
        (builder().journal(Journal::keep(1)), false, Vec::new()),
        (builder(), true, Vec::new()),
    ] {
        let store = watched(left);
        let over = Arc::clone(&store);
        let opened =
            if is_shared { builder.open_shared(over) } else { builder.open_exclusive(over) };
        let _engine = opened.expect("opens");
        eventually("the thread works", || store.reads_of_others() > 0);
    }
}
