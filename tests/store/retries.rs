//! Retries of writers that meet: as many with the journal as without it.
//!
//! The store lets commits happen only once every writer wants to commit, so that all of them have
//! read the same state. The number of commits that conflict is then the same in every run.

use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use cognate::admin::{DisableIdentityInput, HistoryInput, LinkLoginInput, UndoInput};
use cognate::name::{IdentityId, IdentityPoolId};
use cognate::operation::{
    CreateIdentityPoolInput, DeleteIdentitiesInput, GetIdInput,
    GetOpenIdTokenForDeveloperIdentityInput, GuestAccess, MergeDeveloperIdentitiesInput,
    TagResourceInput, UnlinkDeveloperIdentityInput,
};
use cognate::store::{Batch, Commit, Key, KeyRange, MemoryStore, Store, StoreError, Value};
use cognate::token::SigningAlgorithm;
use cognate::{Developer, Engine, Journal, Removal};

const GAME: &str = "login.game";
const WRITERS: usize = 16;
/// All writers but the winner, in each round of those that are left.
const ALL_MEET: u64 = (WRITERS * (WRITERS - 1) / 2) as u64;

/// A store in which the writers of a race meet.
#[derive(Default)]
struct Meeting {
    inner: MemoryStore,
    race: Mutex<Race>,
    is_over: Condvar,
}

#[derive(Default)]
struct Race {
    /// The writers that have not ended.
    writers: usize,
    /// Those of them that want to commit.
    ready: usize,
    round: u64,
    conflicts: u64,
}

impl Race {
    /// Begins the commits once all writers are ready.
    fn start_round(&mut self) -> bool {
        let starts = self.ready == self.writers;
        if starts {
            self.ready = 0;
            self.round += 1;
        }
        starts
    }
}

impl Meeting {
    /// Waits until all writers want to commit. Does not wait outside a race.
    fn meet(&self) {
        const WAIT_MAX: Duration = Duration::from_secs(60);

        let mut race = self.race.lock().expect("no panic");
        if race.writers == 0 {
            return;
        }
        let own = race.round;
        race.ready += 1;
        if race.start_round() {
            self.is_over.notify_all();
        }
        let waits = |race: &mut Race| race.round == own;
        let waited = self.is_over.wait_timeout_while(race, WAIT_MAX, waits).expect("no panic");
        assert!(!waited.1.timed_out(), "a writer is missing");
    }

    /// Ends a writer, for which no other one waits any longer.
    fn leave(&self) {
        let mut race = self.race.lock().expect("no panic");
        race.writers -= 1;
        if race.writers > 0 && race.start_round() {
            self.is_over.notify_all();
        }
    }

    /// The conflicts among writers, each of which writes once.
    fn race(&self, write: impl Fn(usize) + Sync) -> u64 {
        *self.race.lock().expect("no panic") = Race { writers: WRITERS, ..Race::default() };
        thread::scope(|scope| {
            for writer in 0..WRITERS {
                let write = &write;
                scope.spawn(move || {
                    write(writer);
                    self.leave();
                });
            }
        });
        self.race.lock().expect("no panic").conflicts
    }
}

impl Store for Meeting {
    fn get(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError> {
        self.inner.get(keys)
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.inner.scan(range, limit)
    }

    fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        if batch.is_read_only() {
            return self.inner.commit(batch);
        }
        self.meet();
        let outcome = self.inner.commit(batch)?;
        self.race.lock().expect("no panic").conflicts += u64::from(outcome != Commit::Done);
        Ok(outcome)
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.inner.sync()
    }
}

/// An engine over such a store, with a pool.
struct Scene {
    store: Arc<Meeting>,
    engine: Engine,
    aws: Developer,
    pool: IdentityPoolId,
}

impl Scene {
    fn new(is_shared: bool, journal: Option<Journal>) -> Self {
        let store = Arc::new(Meeting::default());
        let builder = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa);
        let builder = builder.removal(Removal::Calling);
        let builder = match journal {
            Some(journal) => builder.journal(journal),
            None => builder,
        };
        let opened = Arc::clone(&store);
        let engine =
            if is_shared { builder.open_shared(opened) } else { builder.open_exclusive(opened) };
        let engine = engine.expect("opens");
        let account = "123456789012".parse().expect("an account");
        let aws = engine.developer(account, "us-east-1".parse().expect("a region"));
        let input = CreateIdentityPoolInput::new("game", GuestAccess::Allowed);
        let pool = aws.create_identity_pool(input.developer_provider_name(GAME));
        let pool = pool.expect("a pool").identity_pool_id;
        Self { store, engine, aws, pool }
    }

    fn call(&self, user: &str) -> GetOpenIdTokenForDeveloperIdentityInput {
        GetOpenIdTokenForDeveloperIdentityInput::new(&self.pool).logins(GAME, user)
    }

    fn register(&self, user: &str) -> IdentityId {
        self.aws.resolve_developer_identity(self.call(user)).expect("registered")
    }

    fn link(&self, user: &str, to: &IdentityId) {
        let call = self.call(user).identity_id(to);
        self.aws.resolve_developer_identity(call).expect("linked");
    }

    fn unlink(&self, user: &str, from: &IdentityId) {
        let input = UnlinkDeveloperIdentityInput::new(&self.pool, from, GAME, user);
        self.aws.unlink_developer_identity(input).expect("unlinked");
    }

    fn merge(&self, source: &str, destination: &str) {
        let input = MergeDeveloperIdentitiesInput::new(&self.pool, GAME, source, destination);
        self.aws.merge_developer_identities(input).expect("merged");
    }

    fn race(&self, write: impl Fn(usize) + Sync) -> u64 {
        self.store.race(write)
    }
}

fn user(name: &str, number: usize) -> String {
    format!("{name}-{number}")
}

/// The conflicts of writers that each have identities of their own, by what they do.
fn apart(scene: &Scene) -> Vec<(&'static str, u64)> {
    let admin = scene.engine.admin();
    let own = (0..WRITERS).map(|n| scene.register(&user("own", n))).collect::<Vec<_>>();
    let guests = (0..WRITERS).map(|_| {
        let guest = scene.engine.public().get_id(GetIdInput::new(&scene.pool));
        guest.expect("a guest").identity_id
    });
    let guests = guests.collect::<Vec<_>>();
    vec![
        ("register", scene.race(|n| drop(scene.register(&user("new", n))))),
        (
            "guest",
            scene.race(|_| {
                scene.engine.public().get_id(GetIdInput::new(&scene.pool)).expect("a guest");
            }),
        ),
        ("link", scene.race(|n| scene.link(&user("second", n), &own[n]))),
        ("unlink", scene.race(|n| scene.unlink(&user("second", n), &own[n]))),
        ("merge", scene.race(|n| scene.merge(&user("new", n), &user("own", n)))),
        (
            "administration",
            scene.race(|n| {
                let input = LinkLoginInput::new(&guests[n], GAME, user("linked", n).as_str());
                admin.link_login(input).expect("linked");
            }),
        ),
        (
            "disable",
            scene.race(|n| {
                admin.disable_identity(DisableIdentityInput::new(&guests[n])).expect("disabled");
            }),
        ),
        (
            "delete",
            scene.race(|n| {
                scene
                    .aws
                    .delete_identities(DeleteIdentitiesInput::new([&own[n]]))
                    .expect("deleted");
            }),
        ),
    ]
}

/// The conflicts of writers that all change one record, by what they do.
fn together(scene: &Scene) -> Vec<(&'static str, u64)> {
    let one = scene.register("one");
    for n in 0..WRITERS {
        scene.register(&user("source", n));
    }
    let arn = "arn:aws:cognito-identity:us-east-1:123456789012:identitypool";
    let arn = format!("{arn}/{}", scene.pool);
    vec![
        ("register", scene.race(|_| drop(scene.register("same")))),
        ("link", scene.race(|n| scene.link(&user("second", n), &one))),
        ("unlink", scene.race(|n| scene.unlink(&user("second", n), &one))),
        ("merge", scene.race(|n| scene.merge(&user("source", n), "one"))),
        (
            "pool",
            scene.race(|n| {
                let input = TagResourceInput::new(&arn).tags(user("key", n), "value");
                scene.aws.tag_resource(input).expect("tagged");
            }),
        ),
    ]
}

const JOURNALS: [Option<Journal>; 2] = [None, Some(Journal::keep(90))];

#[test]
fn writers_of_different_identities_do_not_meet() {
    for is_shared in [false, true] {
        for journal in JOURNALS {
            let scene = Scene::new(is_shared, journal);
            for (write, conflicts) in apart(&scene) {
                assert_eq!(conflicts, 0, "{write}, shared: {is_shared}, {journal:?}");
            }
            assert_eq!(scene.engine.check().expect("readable"), []);
        }
    }
}

#[test]
fn writers_of_one_record_meet_as_often_with_the_journal_as_without_it() {
    for journal in JOURNALS {
        let scene = Scene::new(false, journal);
        for (write, conflicts) in together(&scene) {
            // Once the first has registered the user, the others find it and write nothing.
            let expected = if write == "register" { WRITERS as u64 - 1 } else { ALL_MEET };
            assert_eq!(conflicts, expected, "{write}, {journal:?}");
        }
        assert_eq!(scene.engine.check().expect("readable"), []);
    }
}

#[test]
fn undos_of_different_merges_do_not_meet() {
    for is_shared in [false, true] {
        let scene = Scene::new(is_shared, Some(Journal::keep(90)));
        let admin = scene.engine.admin();
        let merges = (0..WRITERS).map(|n| {
            let (source, destination) = (user("source", n), user("destination", n));
            scene.register(&source);
            let identity = scene.register(&destination);
            scene.merge(&source, &destination);
            let history = admin.history(HistoryInput::new(&identity, 1)).expect("a history");
            history.events[0].id().expect("an identity's event")
        });
        let merges = merges.collect::<Vec<_>>();
        let undo = |n: usize| drop(admin.undo(UndoInput::new(&merges[n])).expect("undone"));
        assert_eq!(scene.race(undo), 0, "shared: {is_shared}");
        assert_eq!(scene.engine.check().expect("readable"), []);
    }
}
