//! Views and commits whose sync is not over.

use super::*;

fn holds(view: &dyn StoreView, key: u8) -> bool {
    let found = view.get(&[Key::new(Tree::Pools, [key])]).expect("reads");
    found.into_iter().any(|value| value.is_some())
}

/// Commits while a sync is held up. Opens a view meanwhile, and returns what it got.
fn open_beside<'a>(
    store: &'a SledStore,
    log: &Held,
) -> Result<Box<dyn StoreView + 'a>, StoreError> {
    thread::scope(|scope| {
        let commit = scope.spawn(|| store.commit(put(1)));
        wait_for(&log.has_begun);
        let opening = scope.spawn(|| store.view());
        // Time to open it, if it does not wait.
        for _ in 0..20 {
            if !opening.is_finished() {
                thread::sleep(Duration::from_millis(5));
            }
        }
        assert!(!opening.is_finished(), "the commit is not durable yet");
        log.goes_on.store(true, Ordering::SeqCst);
        let committed = commit.join().expect("no panic");
        assert_eq!(committed.is_ok(), !log.fails);
        opening.join().expect("no panic").map(|view| view.expect("views"))
    })
}

/// A log whose first sync waits, and then fails or not.
#[derive(Default, Clone)]
struct Held {
    fails: bool,
    has_begun: Arc<AtomicBool>,
    goes_on: Arc<AtomicBool>,
}

impl Log for Held {
    fn sync_data(&self) -> io::Result<()> {
        self.has_begun.store(true, Ordering::SeqCst);
        wait_for(&self.goes_on);
        if self.fails { Err(io::Error::other("the disk is gone")) } else { Ok(()) }
    }
}

#[test]
fn a_view_waits_until_what_it_shows_is_durable() {
    let log = Held::default();
    let (_folder, store) = store_with_log(Durability::PowerLoss, log.clone());
    let early = store.view().expect("opens").expect("views");
    let view = open_beside(&store, &log).expect("opens");
    assert!(holds(&*view, 1) && !holds(&*early, 1));
}

#[test]
fn no_view_shows_what_may_be_lost() {
    let log = Held { fails: true, ..Held::default() };
    let (_folder, store) = store_with_log(Durability::PowerLoss, log.clone());
    let early = store.view().expect("opens").expect("views");
    let refused = open_beside(&store, &log).err();
    assert!(matches!(refused, Some(StoreError::Stopped)), "{refused:?}");
    assert!(matches!(store.view().err(), Some(StoreError::Stopped)));
    assert!(!holds(&*early, 1), "it shows what was durable");
}

#[test]
fn a_relaxed_store_has_a_view_of_what_it_has_answered() {
    let (_folder, store) = store_of(Durability::Relaxed);
    store.commit(put(1)).expect("room");
    let view = store.view().expect("opens").expect("views");
    assert_eq!(store.shared.applied(), 0, "nothing is written");
    store.commit(put(2)).expect("room");
    assert!(holds(&*view, 1) && !holds(&*view, 2));
    store.sync().expect("syncs");
    assert!(holds(&*view, 1) && !holds(&*view, 2));
}

#[test]
fn a_view_ends_with_the_folder() {
    let (folder, store) = store_of(Durability::ProcessKill);
    let view = store.view().expect("opens").expect("views");
    std::fs::rename(folder.path(), folder.path().with_extension("moved")).expect("moves");
    store.health().expect_err("the folder is gone");
    assert!(view.scan(&KeyRange::prefix(Tree::Pools, []), 1).is_err());
    assert!(store.view().is_err());
    drop(view);
    std::fs::rename(folder.path().with_extension("moved"), folder.path()).expect("moves");
}
