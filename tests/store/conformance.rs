//! The requirements of the trait `Store`, checked for every store.

use std::sync::Arc;
use std::thread;

use cognate::store::{
    Batch, Commit, Durability, Key, KeyRange, MemoryStore, SledOptions, Store, StoreError, Tree,
};

fn key(tree: Tree, name: &str) -> Key {
    Key::new(tree, name)
}

fn batch(checks: &[(&Key, Option<&str>)], deletes: &[&Key], puts: &[(&Key, &str)]) -> Batch {
    let mut batch = Batch::default();
    let bytes = |text: &str| text.as_bytes().to_vec();
    batch.checks = checks.iter().map(|(key, value)| ((*key).clone(), value.map(bytes))).collect();
    batch.deletes = deletes.iter().map(|key| (*key).clone()).collect();
    batch.puts = puts.iter().map(|(key, value)| ((*key).clone(), bytes(value))).collect();
    batch
}

fn read(store: &dyn Store, key: &Key) -> Option<String> {
    let value = store.get(std::slice::from_ref(key)).expect("reads").remove(0);
    value.map(|bytes| String::from_utf8(bytes).expect("text"))
}

fn conforms(store: &Arc<dyn Store>) {
    batches_happen_whole_or_not_at_all(&**store);
    later_writes_of_a_batch_win(&**store);
    trees_are_apart(&**store);
    scans_follow_the_order_of_keys(&**store);
    a_visit_shows_what_a_scan_returns(&**store);
    long_records_are_compared_whole(&**store);
    long_records_are_replaced_and_scanned(&**store);
    racing_writers_do_not_overwrite_each_other(store, "counter", 0);
    racing_writers_do_not_overwrite_each_other(store, "long counter", 3 * PIECE);
    racing_readers_see_long_records_whole(&**store);
}

fn batches_happen_whole_or_not_at_all(store: &dyn Store) {
    let (a, b) = (key(Tree::Pools, "whole-a"), key(Tree::Logins, "whole-b"));
    let create = batch(&[(&a, None), (&b, None)], &[], &[(&a, "1"), (&b, "1")]);
    assert_eq!(store.commit(create.clone()).expect("commits"), Commit::Done);
    assert_eq!(store.commit(create).expect("commits"), Commit::Conflict, "both are there");

    for failing in [
        batch(&[(&a, Some("1")), (&b, Some("2"))], &[], &[(&a, "9"), (&b, "9")]),
        batch(&[(&a, None)], &[&b], &[(&a, "9")]),
        batch(&[(&a, Some("11"))], &[&a, &b], &[]),
        batch(&[(&a, Some(""))], &[&a], &[]),
    ] {
        assert_eq!(store.commit(failing).expect("commits"), Commit::Conflict);
        assert_eq!(read(store, &a).as_deref(), Some("1"));
        assert_eq!(read(store, &b).as_deref(), Some("1"));
    }

    let checks_only = batch(&[(&a, Some("1")), (&b, Some("1"))], &[], &[]);
    assert_eq!(store.commit(checks_only).expect("commits"), Commit::Done);
    let wrong = batch(&[(&a, Some("1")), (&b, None)], &[], &[]);
    assert_eq!(store.commit(wrong).expect("commits"), Commit::Conflict);

    let change = batch(&[(&a, Some("1"))], &[&b], &[(&a, "2")]);
    assert_eq!(store.commit(change).expect("commits"), Commit::Done);
    assert_eq!(read(store, &a).as_deref(), Some("2"));
    assert_eq!(read(store, &b), None);
}

fn later_writes_of_a_batch_win(store: &dyn Store) {
    let a = key(Tree::Logins, "moved");
    store.commit(batch(&[], &[], &[(&a, "old")])).expect("commits");
    store.commit(batch(&[(&a, Some("old"))], &[&a], &[(&a, "new")])).expect("commits");
    assert_eq!(read(store, &a).as_deref(), Some("new"), "puts come after deletes");
    let missing = key(Tree::Logins, "was never there");
    store.commit(batch(&[], &[&missing], &[])).expect("what is absent can be deleted");
    let empty = key(Tree::Logins, "empty");
    store.commit(batch(&[], &[], &[(&empty, "")])).expect("commits");
    assert_eq!(read(store, &empty).as_deref(), Some(""), "an empty value is a value");
}

fn trees_are_apart(store: &dyn Store) {
    let keys: Vec<Key> = Tree::ALL.into_iter().map(|tree| key(tree, "apart")).collect();
    for key in &keys {
        store.commit(batch(&[(key, None)], &[], &[(key, key.tree.name())])).expect("commits");
    }
    let values = store.get(&keys).expect("reads");
    let names: Vec<_> = Tree::ALL.into_iter().map(|t| Some(t.name().as_bytes().to_vec())).collect();
    assert_eq!(values, names, "in the order that was asked for");
}

fn scans_follow_the_order_of_keys(store: &dyn Store) {
    let names: [&[u8]; 6] = [b"s", b"s\x00", b"s\x00\xff", b"s\x01", b"sa", b"s\xff\xff"];
    for name in names.iter().rev() {
        let key = Key::new(Tree::Identities, *name);
        store.commit(batch(&[], &[], &[(&key, "x")])).expect("commits");
    }
    let outside = [Key::new(Tree::Identities, *b"r\xff"), Key::new(Tree::Identities, *b"t")];
    for key in &outside {
        store.commit(batch(&[], &[], &[(key, "x")])).expect("commits");
    }
    let scan = |range: &KeyRange, limit| {
        let entries = store.scan(range, limit).expect("scans");
        entries.into_iter().map(|(key, _)| key.bytes).collect::<Vec<_>>()
    };
    let all = KeyRange::prefix(Tree::Identities, *b"s");
    assert_eq!(scan(&all, 100), names);
    assert_eq!(scan(&all, 2), names[..2]);
    assert_eq!(scan(&all, 0), Vec::<Vec<u8>>::new());
    assert_eq!(scan(&all.clone().after(names[1]), 100), names[2..]);
    assert_eq!(scan(&all.clone().after(names[5]), 100), Vec::<Vec<u8>>::new());
    let to_the_end = KeyRange::prefix(Tree::Identities, *b"\xff");
    assert_eq!(scan(&to_the_end, 100), Vec::<Vec<u8>>::new());
    let everything = KeyRange::prefix(Tree::Identities, []);
    assert!(scan(&everything, 1000).contains(&b"t".to_vec()));
}

fn a_visit_shows_what_a_scan_returns(store: &dyn Store) {
    let range = KeyRange::prefix(Tree::Identities, *b"v");
    let names = ["v1", "v2", "v3"].map(|name| key(Tree::Identities, name));
    let puts: Vec<_> = names.iter().map(|name| (name, "value")).collect();
    assert_eq!(store.commit(batch(&[], &[], &puts)).expect("commits"), Commit::Done);
    for limit in 0..=4 {
        let mut shown = Vec::new();
        let visited = store.visit(&range, limit, &mut |key, value| {
            shown.push((key.clone(), value.to_vec()));
            Ok(())
        });
        visited.expect("reads");
        assert_eq!(shown, store.scan(&range, limit).expect("reads"), "{limit}");
    }
    let mut shown = 0;
    let ended = store.visit(&range, 3, &mut |_, _| {
        shown += 1;
        if shown == 2 { Err(StoreError::Stopped) } else { Ok(()) }
    });
    assert!(matches!(ended, Err(StoreError::Stopped)) && shown == 2, "{shown} were shown");
    let all: Vec<&Key> = names.iter().collect();
    assert_eq!(store.commit(batch(&[], &all, &[])).expect("commits"), Commit::Done);
}

/// sled stores a longer record in pieces of this length.
const PIECE: usize = 4096;

/// A text of this length whose places all differ from those of another `fill`.
fn long(fill: char, length: usize) -> String {
    std::iter::repeat_n(fill, length).collect()
}

fn long_records_are_compared_whole(store: &dyn Store) {
    let name = key(Tree::Identities, "long");
    for length in [PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 2 * PIECE + 1, 5 * PIECE + 7] {
        let stored = long('a', length);
        store.commit(batch(&[], &[], &[(&name, &stored)])).expect("commits");
        let differs_at = |place: usize| {
            let mut other = stored.clone();
            other.replace_range(place..=place, "b");
            other
        };
        let mut wrong: Vec<Option<String>> = [0, length / 2, length - PIECE / 2, length - 1]
            .map(|place| Some(differs_at(place)))
            .into();
        wrong.extend([1, PIECE].map(|less| Some(stored[less.min(length)..].to_owned())));
        wrong.extend([1, PIECE].map(|more| Some(stored.clone() + &long('a', more))));
        wrong.extend([Some(String::new()), Some("a".to_owned()), None]);
        for expected in wrong {
            let what = expected.as_ref().map(String::len);
            let change = batch(&[(&name, expected.as_deref())], &[&name], &[]);
            let outcome = store.commit(change).expect("commits");
            assert_eq!(outcome, Commit::Conflict, "{what:?} for {length}");
        }
        let checks_only = batch(&[(&name, Some(&stored))], &[], &[]);
        assert_eq!(store.commit(checks_only).expect("commits"), Commit::Done, "{length}");
        let delete = batch(&[(&name, Some(&stored))], &[&name], &[]);
        assert_eq!(store.commit(delete).expect("commits"), Commit::Done, "{length}");
        assert_eq!(read(store, &name), None);
    }
}

fn long_records_are_replaced_and_scanned(store: &dyn Store) {
    let range = KeyRange::prefix(Tree::Identities, *b"piece");
    let [before, name, after] =
        ["piece 1", "piece 2", "piece 3"].map(|name| key(Tree::Identities, name));
    store.commit(batch(&[], &[], &[(&before, "short"), (&after, "short")])).expect("commits");
    let values = [
        long('a', 3 * PIECE),
        long('b', 3 * PIECE),
        long('c', PIECE + 1),
        "short".to_owned(),
        long('d', 9 * PIECE),
    ];
    let mut known = None;
    for value in &values {
        let change = batch(&[(&name, known)], &[], &[(&name, value)]);
        assert_eq!(store.commit(change.clone()).expect("commits"), Commit::Done);
        assert_eq!(store.commit(change).expect("commits"), Commit::Conflict, "was replaced");
        assert_eq!(read(store, &name).as_deref(), Some(value.as_str()));
        for limit in [2, 3, 9] {
            let found = store.scan(&range, limit).expect("scans");
            let whole = [(&before, "short"), (&name, value), (&after, "short")];
            let whole = whole.map(|(key, value)| (key.clone(), value.as_bytes().to_vec()));
            assert_eq!(found, whole[..limit.min(3)]);
        }
        known = Some(value);
    }
    let all = [&before, &name, &after];
    assert_eq!(store.commit(batch(&[], &all, &[])).expect("commits"), Commit::Done);
    assert_eq!(store.scan(&range, 9).expect("scans"), []);
}

/// `padding` makes the records long.
fn racing_writers_do_not_overwrite_each_other(store: &Arc<dyn Store>, name: &str, padding: usize) {
    const WRITERS: usize = 4;
    const EACH: usize = 50;
    let counter = key(Tree::Accounts, name);
    let number = |text: &str| text.trim_start().parse::<usize>().unwrap();
    thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(|| {
                for _ in 0..EACH {
                    loop {
                        let before = read(&**store, &counter);
                        let after = before.as_deref().map_or(0, number) + 1;
                        let after = format!("{}{after}", long(' ', padding));
                        let raise =
                            batch(&[(&counter, before.as_deref())], &[], &[(&counter, &after)]);
                        if store.commit(raise).expect("commits") == Commit::Done {
                            break;
                        }
                    }
                }
            });
        }
    });
    let last = read(&**store, &counter).expect("is there");
    assert_eq!(number(&last), WRITERS * EACH);
}

/// A writer replaces a record again and again; it is there at every moment, and of one moment.
fn racing_readers_see_long_records_whole(store: &dyn Store) {
    const WRITES: usize = 100;
    let name = key(Tree::Pools, "raced");
    let range = KeyRange::prefix(Tree::Pools, *b"raced");
    let values = ['a', 'b', 'c'].map(|fill| long(fill, 20 * PIECE + 5));
    let write = |n: usize| {
        store.commit(batch(&[], &[], &[(&name, &values[n % 3])])).expect("commits");
    };
    write(0);
    let is_whole = |value: &[u8]| values.iter().any(|whole| whole.as_bytes() == value);
    thread::scope(|scope| {
        let writer = scope.spawn(|| (1..WRITES).for_each(write));
        while !writer.is_finished() {
            let value = store.get_one(&name).expect("reads");
            assert!(is_whole(&value.expect("is there")));
            let entries = store.scan(&range, 9).expect("scans");
            assert!(entries.len() == 1 && is_whole(&entries[0].1), "{}", entries.len());
        }
    });
    store.commit(batch(&[], &[&name], &[])).expect("commits");
}

#[test]
fn memory() {
    conforms(&(Arc::new(MemoryStore::new()) as Arc<dyn Store>));
}

#[test]
fn sled_at_every_durability() {
    for durability in [Durability::PowerLoss, Durability::ProcessKill, Durability::Relaxed] {
        let folder = tempfile::tempdir().expect("a folder");
        let options = SledOptions::new(folder.path()).durability(durability);
        let store: Arc<dyn Store> = Arc::new(options.clone().open().expect("opens"));
        conforms(&store);
        drop(store);
        let again = options.open().expect("opens again");
        let counter = key(Tree::Accounts, "counter");
        assert_eq!(read(&again, &counter).as_deref(), Some("200"), "{durability:?}");
    }
}
