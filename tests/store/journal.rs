//! The journal of a database in files: erasure, copies, and salvage.

use std::fs;
use std::path::Path;

use cognate::admin::{ActivityInput, ChangeEvent, HistoryInput, LinkLoginInput, UnlinkLoginInput};
use cognate::name::{IdentityId, IdentityPoolId};
use cognate::operation::{
    CreateIdentityPoolInput, DeleteIdentitiesInput, GetOpenIdTokenForDeveloperIdentityInput,
    GuestAccess, MergeDeveloperIdentitiesInput,
};
use cognate::store::{
    Batch, Commit, Durability, Key, KeyRange, MemoryStore, SledOptions, SledStore, Store, Tree,
    copy,
};
use cognate::token::SigningAlgorithm;
use cognate::{Developer, Engine, Journal, Salvage};

const GAME: &str = "login.game";

fn open(path: &Path) -> Engine {
    let builder = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa);
    builder.journal(Journal::keep(90)).open(path).expect("opens")
}

fn store(path: &Path) -> SledStore {
    SledOptions::new(path).durability(Durability::Relaxed).open().expect("opens")
}

fn owner(engine: &Engine) -> Developer {
    engine.developer("123456789012".parse().unwrap(), "us-east-1".parse().unwrap())
}

fn register(engine: &Engine, pool: &IdentityPoolId, user: &str) -> IdentityId {
    let input = GetOpenIdTokenForDeveloperIdentityInput::new(pool).logins(GAME, user);
    owner(engine).resolve_developer_identity(input).expect("registers")
}

fn new_pool(engine: &Engine) -> IdentityPoolId {
    let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied);
    let pool = owner(engine).create_identity_pool(input.developer_provider_name(GAME));
    pool.expect("creates").identity_pool_id
}

fn link(engine: &Engine, id: &IdentityId, user: &str) {
    engine.admin().link_login(LinkLoginInput::new(id, GAME, user)).expect("links");
}

fn history(engine: &Engine, id: &IdentityId) -> Vec<ChangeEvent> {
    engine.admin().history(HistoryInput::new(id, 60)).expect("lists").events
}

fn revisions(engine: &Engine, id: &IdentityId) -> Vec<u32> {
    history(engine, id).iter().map(|event| event.revision).collect()
}

fn activity(engine: &Engine, pool: &IdentityPoolId) -> Vec<ChangeEvent> {
    engine.admin().activity(ActivityInput::new(pool, 60)).expect("lists").events
}

/// Whether a file of the folder, or of one in it, has the text.
fn is_in_files(path: &Path, text: &str) -> bool {
    fs::read_dir(path).expect("a folder").any(|entry| {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            return is_in_files(&path, text);
        }
        let bytes = fs::read(path).expect("reads");
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

/// What the page on administration says: the log still has the bytes of removed records, and a copy
/// has only the records.
#[test]
fn a_copy_of_a_database_has_nothing_of_deleted_identities() {
    let folder = tempfile::tempdir().expect("a folder");
    let [path, into] = ["old", "new"].map(|name| folder.path().join(name));
    let engine = open(&path);
    let pool = new_pool(&engine);
    let mut kept = Vec::new();
    let mut deleted = Vec::new();
    for n in 0..40 {
        kept.push(register(&engine, &pool, &format!("kept-{n}")));
        let first = register(&engine, &pool, &format!("secret-{n}"));
        let second = register(&engine, &pool, &format!("secret-of-{n}"));
        link(&engine, &first, &format!("secret-too-{n}"));
        let (from, to) = (format!("secret-{n}"), format!("secret-of-{n}"));
        let merge = MergeDeveloperIdentitiesInput::new(&pool, GAME, from, to);
        owner(&engine).merge_developer_identities(merge).expect("merges");
        deleted.push(second);
    }
    link(&engine, &kept[7], "kept-too");
    owner(&engine).delete_identities(DeleteIdentitiesInput::new(&deleted)).expect("deletes");
    let told = history(&engine, &kept[7]);
    engine.close().expect("closes");
    assert!(is_in_files(&path, "secret-"), "the log is written over later");

    let (from, to) = (store(&path), store(&into));
    let copied = copy(&from, &to).expect("an empty target");
    drop((from, to));
    assert!(copied.entries > 0);
    assert!(is_in_files(&into, "kept-"));
    assert!(!is_in_files(&into, "secret-"));
    let engine = open(&into);
    assert_eq!((history(&engine, &kept[7]), told.len()), (told, 2));
    assert_eq!(engine.check().expect("reads"), []);
}

#[test]
fn a_copy_has_the_journal_and_the_activity() {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = open(folder.path());
    let pool = new_pool(&engine);
    let alice = register(&engine, &pool, "alice");
    link(&engine, &alice, "alice-2");
    let told = (history(&engine, &alice), activity(&engine, &pool));
    assert_eq!((told.0.len(), told.1.len()), (2, 3));
    engine.close().expect("closes");
    let memory = std::sync::Arc::new(MemoryStore::new());
    copy(&store(folder.path()), &memory).expect("an empty target");
    let engine = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa);
    let engine = engine.open_shared(memory).expect("opens");
    assert_eq!((history(&engine, &alice), activity(&engine, &pool)), told);
    assert_eq!(engine.check().expect("reads"), []);
}

/// A closed database with a pool, an identity of revision 4, one that was merged into it, and one
/// that is deleted.
struct Scene {
    folder: tempfile::TempDir,
    pool: IdentityPoolId,
    alice: IdentityId,
    bob: IdentityId,
    /// The record of Alice's identity when it had revision 2.
    older: (Key, Vec<u8>),
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("database");
        let engine = open(&path);
        let pool = new_pool(&engine);
        let [alice, bob, carol] =
            ["alice", "bob", "carol"].map(|user| register(&engine, &pool, user));
        link(&engine, &alice, "alice-2");
        engine.close().expect("closes");
        let older = record(&store(&path), Tree::Identities, &alice);
        let engine = open(&path);
        let unlinked = UnlinkLoginInput::new(&alice, GAME, "alice-2");
        engine.admin().unlink_login(unlinked).expect("unlinks");
        let merge = MergeDeveloperIdentitiesInput::new(&pool, GAME, "bob", "alice");
        owner(&engine).merge_developer_identities(merge).expect("merges");
        owner(&engine).delete_identities(DeleteIdentitiesInput::new([&carol])).expect("deletes");
        assert_eq!(engine.check().expect("reads"), []);
        engine.close().expect("closes");
        Self { folder, pool, alice, bob, older }
    }

    /// Changes records behind the engine's back, salvages the database, and opens what is kept.
    fn salvaged(&self, damage: impl FnOnce(&SledStore) -> Batch) -> (Salvage, Engine) {
        let path = self.folder.path();
        let (from, into) = (path.join("database"), path.join("salvaged"));
        let old = store(&from);
        assert_eq!(old.commit(damage(&old)).expect("writes"), Commit::Done);
        drop(old);
        let salvage = SledOptions::new(&from).salvage(&into).expect("reads");
        SledOptions::new(&into).accept_salvage().expect("no violation");
        let engine = open(&into);
        assert_eq!(engine.check().expect("reads"), []);
        (salvage, engine)
    }
}

/// The record of a tree whose key ends with the id of an identity.
fn record(store: &SledStore, tree: Tree, id: &IdentityId) -> (Key, Vec<u8>) {
    records(store, tree, id).remove(0)
}

/// The records of a tree whose keys have the id of an identity.
fn records(store: &SledStore, tree: Tree, id: &IdentityId) -> Vec<(Key, Vec<u8>)> {
    let (_, guid) = id.as_str().split_once(':').expect("an id");
    let hex = guid.replace('-', "");
    let all = store.scan(&KeyRange::prefix(tree, []), usize::MAX).expect("reads");
    all.into_iter().filter(|(key, _)| key.to_string().contains(&hex)).collect()
}

fn deleting(keys: impl IntoIterator<Item = Key>) -> Batch {
    let mut batch = Batch::default();
    batch.deletes.extend(keys);
    batch
}

fn putting(key: Key, value: Vec<u8>) -> Batch {
    let mut batch = Batch::default();
    batch.puts.push((key, value));
    batch
}

#[test]
fn an_intact_journal_is_salvaged_whole() {
    let scene = Scene::new();
    let (salvage, engine) = scene.salvaged(|_| Batch::default());
    assert!(salvage.is_whole(), "{salvage}");
    assert_eq!(revisions(&engine, &scene.alice), [4, 3, 2, 1]);
    assert_eq!(revisions(&engine, &scene.bob), [2, 1]);
    // The pool's creation, six events, and a deletion.
    assert_eq!(activity(&engine, &scene.pool).len(), 8);
}

#[test]
fn a_lost_event_leaves_a_gap() {
    let scene = Scene::new();
    let alice = scene.alice.clone();
    let (salvage, engine) = scene.salvaged(|old| {
        let (key, _) = records(old, Tree::Journal, &alice).remove(1);
        deleting([key])
    });
    assert_eq!(revisions(&engine, &scene.alice), [4, 3, 1]);
    let [loss] = salvage.left_out.as_slice() else { panic!("{salvage}") };
    assert!(loss.to_string().starts_with("activity/"), "{loss}");
    assert_eq!(activity(&engine, &scene.pool).len(), 7);
}

#[test]
fn a_lost_entry_of_the_activity_is_made_anew() {
    let scene = Scene::new();
    let alice = scene.alice.clone();
    let (salvage, engine) = scene.salvaged(|old| {
        let entries = records(old, Tree::Activity, &alice).into_iter();
        deleting(entries.map(|(key, _)| key))
    });
    assert_eq!((salvage.left_out.len(), salvage.made_anew.len()), (0, 4), "{salvage}");
    assert_eq!(activity(&engine, &scene.pool).len(), 8);
}

#[test]
fn events_of_a_lost_identity_are_left_out() {
    let scene = Scene::new();
    let alice = scene.alice.clone();
    let (salvage, engine) = scene.salvaged(|old| {
        let (key, _) = record(old, Tree::Identities, &alice);
        deleting([key])
    });
    // The index, two logins, and four events with their entries.
    assert_eq!(salvage.left_out.len(), 1 + 2 + 8, "{salvage}");
    let left = activity(&engine, &scene.pool);
    assert!(left.iter().all(|event| event.identity_id.as_ref() != Some(&scene.alice)));
    assert_eq!((left.len(), revisions(&engine, &scene.bob)), (4, vec![2, 1]));
}

#[test]
fn events_behind_an_older_record_are_left_out() {
    let scene = Scene::new();
    let older = scene.older.clone();
    let (salvage, engine) = scene.salvaged(|_| putting(older.0, older.1));
    assert_eq!(revisions(&engine, &scene.alice), [2, 1]);
    let text = salvage.to_string();
    assert!(text.contains("the identity has no such revision: the history lacks"), "{text}");
    // The identity can change again.
    link(&engine, &scene.alice, "alice-3");
    assert_eq!(engine.check().expect("reads"), []);
}

#[test]
fn events_that_lead_nowhere_are_left_out() {
    let scene = Scene::new();
    let alice = scene.alice.clone();
    let (salvage, engine) = scene.salvaged(|old| {
        let events = records(old, Tree::Journal, &alice);
        // The link takes the place of the unlink behind it.
        putting(events[2].0.clone(), events[1].1.clone())
    });
    assert_eq!(revisions(&engine, &scene.alice), [4]);
    let text = salvage.to_string();
    assert_eq!(text.matches("the events do not lead to the identity").count(), 3, "{text}");
    assert_eq!(revisions(&engine, &scene.bob), [2, 1]);
}

#[test]
fn garbage_in_a_journal_is_left_out() {
    let scene = Scene::new();
    let alice = scene.alice.clone();
    let (salvage, engine) = scene.salvaged(|old| {
        let events = records(old, Tree::Journal, &alice);
        let mut batch = putting(Key::new(Tree::Journal, "garbage"), events[0].1.clone());
        batch.puts.push((events[1].0.clone(), b"garbage".to_vec()));
        let mut foreign = events[2].clone();
        foreign.0.bytes[0] ^= 0xff;
        batch.puts.push(foreign);
        batch
    });
    assert_eq!(revisions(&engine, &scene.alice), [4, 3, 1]);
    let text = salvage.to_string();
    for reason in ["not the key of an event", "does not decode", "the event's pool is not there"] {
        assert!(text.contains(reason), "{reason}: {text}");
    }
}
