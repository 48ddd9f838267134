//! Small worlds: every state of a pool with few identities and logins, and every call on each.
//!
//! The search begins with an empty pool. It performs every call on every world that it finds, and
//! undoes each event of the journal after a call that changes it. The model judges each answer. A
//! change of the pool leads to a world that is searched in turn. Worlds that differ only in the
//! names of their users are one world, so there are few.
//!
//! The users are two of the developer provider and two of one public provider. A search stops at a
//! number of identities: a call that makes one more is judged, but not followed.

mod calls;
mod undo;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::ambient::Timestamp;
use crate::engine::{Engine, Removal};
use crate::login::{LoginError, LoginVerifier, OidcVerifier};
use crate::name::{LoginToken, ProviderName};
use crate::state::{
    Identity as StoredIdentity, IdentityPool, IdentityState, SigningAlgorithm, VerifiedLogin,
};
use crate::store::record::Record;
use crate::store::{Batch, Commit, Key, KeyRange, MemoryStore, Store, StoreError, Tree, Value};
use crate::testkit::directory::Directory;
use crate::testkit::implementation::{TestClock, WireDoor};
use crate::testkit::issuer::login_verifier;
use crate::testkit::model::Model;
use crate::testkit::names::{
    Account, Caller, DeveloperProvider, Identity, NumberedLogin, Pool, User,
};
use crate::testkit::operation::Operation;
use crate::testkit::outcome::OperationOutcome;
use crate::testkit::script::Script;
use crate::{DeveloperLinking, Journal};

const OWNER: Caller = Caller::Account(Account::FIRST);
/// An earlier pool was deleted.
const POOL: Pool = Pool(1);

const FIRST_ACCOUNT: u64 = 123_456_789_012;

type Contents = BTreeMap<Key, Value>;

/// A state of the pool, with the calls that led to it.
struct World {
    model: Model,
    directory: Directory,
    contents: Contents,
    script: Script,
}

/// A world without the names of its users: whether it allows guests, and the identities in the
/// order of their creation. Each has its state and its users.
type Canonical = (bool, Vec<(bool, bool, BTreeSet<NumberedLogin>)>);

impl World {
    fn canonical(&self) -> Canonical {
        let renamed = |users: u8, subjects: u8| {
            let rename = |login: &NumberedLogin| match *login {
                NumberedLogin::User(User(user)) => NumberedLogin::User(User(user ^ users)),
                NumberedLogin::Public(provider, subject) => {
                    NumberedLogin::Public(provider, subject ^ subjects)
                }
            };
            let identities = self.model.identities.values().map(|state| {
                (state.is_guest(), state.is_disabled(), state.logins.iter().map(rename).collect())
            });
            identities.collect::<Vec<_>>()
        };
        let all =
            [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(users, subjects)| renamed(users, subjects));
        let guests = self.model.pools.get(&POOL).is_some_and(|pool| pool.settings.guests);
        (guests, all.into_iter().min().expect("four"))
    }
}

/// A store that counts its writes.
#[derive(Default)]
struct Counting {
    inner: MemoryStore,
    writes: AtomicUsize,
}

impl Counting {
    fn contents(&self) -> Contents {
        let all = |tree| self.inner.scan(&KeyRange::all(tree), usize::MAX).expect("readable");
        Tree::ALL.into_iter().flat_map(all).collect()
    }
}

impl Store for Counting {
    fn get(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError> {
        self.inner.get(keys)
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.inner.scan(range, limit)
    }

    fn scan_back(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.inner.scan_back(range, limit)
    }

    fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        let writes = !batch.is_read_only();
        let outcome = self.inner.commit(batch)?;
        let is_written = writes && outcome == Commit::Done;
        self.writes.fetch_add(usize::from(is_written), Ordering::Relaxed);
        Ok(outcome)
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.inner.sync()
    }
}

/// A verifier that verifies each token once. There are few tokens, and no time passes.
struct Remembering {
    inner: OidcVerifier,
    verified: Mutex<HashMap<(ProviderName, String), VerifiedLogin>>,
}

impl LoginVerifier for Remembering {
    fn verify(
        &self,
        pool: &IdentityPool,
        provider: &ProviderName,
        token: &LoginToken,
        now: Timestamp,
    ) -> Result<VerifiedLogin, LoginError> {
        let key = (provider.clone(), token.as_str().to_owned());
        let mut verified = self.verified.lock().expect("no panic");
        if let Some(login) = verified.get(&key) {
            return Ok(login.clone());
        }
        let login = self.inner.verify(pool, provider, token, now)?;
        verified.insert(key, login.clone());
        Ok(login)
    }
}

/// An engine whose store is set to a world before each call.
struct Search {
    engine: Engine,
    door: WireDoor,
    store: Arc<Counting>,
    directory: Directory,
    /// The contents before the pool was created.
    bare: Contents,
    linking: DeveloperLinking,
    identities_max: usize,
    edges: usize,
    met: BTreeMap<&'static str, usize>,
    failures: BTreeMap<&'static str, String>,
}

impl Search {
    /// Searches all worlds with up to `identities_max` identities.
    fn of(linking: DeveloperLinking, identities_max: usize) -> Self {
        let store = Arc::new(Counting::default());
        let verifier = Remembering { inner: login_verifier(), verified: Mutex::default() };
        let clock = TestClock::default();
        let builder = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa);
        let builder = builder.login_verifier(verifier).clock(clock.clone());
        let builder = builder.developer_linking(linking).journal(Journal::keep(90));
        let builder = builder.removal(Removal::Calling);
        let engine = builder.open_shared(Arc::clone(&store)).expect("an engine");
        let door = WireDoor::new(engine.clone()).clock(clock);
        let (bare, met) = (BTreeMap::new(), BTreeMap::new());
        Self {
            engine,
            door,
            store,
            directory: Directory::new(FIRST_ACCOUNT),
            bare,
            linking,
            identities_max,
            edges: 0,
            met,
            failures: BTreeMap::new(),
        }
    }

    /// Enters a world: the next calls happen there.
    fn enter(&mut self, world: &World) {
        let deletes = self.store.contents().into_keys().collect();
        let puts = world.contents.clone().into_iter().collect();
        self.store.inner.commit(Batch { deletes, puts, ..Batch::default() }).expect("writable");
        self.directory = world.directory.clone();
    }

    /// Performs a call on the world that was entered. Returns the next world if the call succeeds.
    fn perform(&mut self, world: &World, operation: &Operation) -> Option<World> {
        let request = operation.request();
        let writes = self.store.writes.load(Ordering::Relaxed);
        let outcome = self.directory.send(&self.door, &request);
        let is_written = self.store.writes.load(Ordering::Relaxed) != writes;
        self.edges += 1;
        let mut script = world.script.clone();
        script.call(request, &outcome);
        let (model, clauses) = match world.model.after(operation, &outcome) {
            Ok(judged) => judged,
            Err(expected) => {
                self.fails(expected.clause, &format!("expected {expected}"), &script);
                self.enter(world);
                return None;
            }
        };
        for clause in clauses {
            *self.met.entry(clause).or_default() += 1;
            self.check_text(clause, &outcome, &script);
        }
        if outcome.exception().is_some() {
            if is_written {
                self.fails("I7", "I7: a refused call writes", &script);
                self.enter(world);
            }
            return None;
        }
        let directory = std::mem::replace(&mut self.directory, world.directory.clone());
        let contents = if is_written { self.store.contents() } else { world.contents.clone() };
        let next = World { model, directory, contents, script };
        if next.contents != world.contents {
            self.check(&next);
        }
        Some(next)
    }

    /// Keeps the first failure of each kind.
    fn fails(&mut self, kind: &'static str, what: &str, script: &Script) {
        self.failures.entry(kind).or_insert_with(|| format!("{script}# {what}"));
    }

    /// Checks that an exception says what its clause says. One name of an exception stands for
    /// several refusals, so their order shows only in the text.
    fn check_text(&mut self, clause: &'static str, outcome: &OperationOutcome, script: &Script) {
        let OperationOutcome::Refused { message, .. } = outcome else { return };
        let text = calls::TEXTS.iter().find(|(of, _)| *of == clause).map(|(_, text)| *text);
        if text.is_none_or(|texts| !texts.split('|').any(|text| message.contains(text))) {
            self.fails(clause, &format!("expected the text of {clause}: {text:?}"), script);
        }
    }

    /// Checks a changed store: its invariants, and that its records are those of the model.
    fn check(&mut self, world: &World) {
        let script = &world.script;
        let findings = self.engine.check().expect("readable");
        if !findings.is_empty() {
            self.fails("check", &format!("{findings:?}"), script);
        }
        if world.model.pools.is_empty() && !self.bare.is_empty() && world.contents != self.bare {
            self.fails("I6", "I6: something is left of a deleted pool", script);
        }
        let stored = world.contents.iter().filter(|(key, _)| key.tree == Tree::Identities);
        let stored = stored.map(|(key, value)| {
            let identity = StoredIdentity::decode(key, value).expect("an identity");
            let number = world.directory.number_of(identity.id().as_str()).expect("was seen");
            let login = |login: &crate::state::Login| {
                (login.provider().to_string(), login.subject().as_str().to_owned())
            };
            (number, (identity.state(), identity.logins().map(login).collect()))
        });
        let known = world.model.identities.iter().map(|(identity, known)| {
            let state = match (known.is_guest(), known.is_disabled()) {
                (true, _) => IdentityState::Unauthenticated,
                (_, true) => IdentityState::Disabled,
                _ => IdentityState::Authenticated,
            };
            let login = |login: &NumberedLogin| match *login {
                NumberedLogin::User(user) => {
                    (DeveloperProvider::Game.name().to_owned(), user.to_string())
                }
                NumberedLogin::Public(provider, subject) => {
                    (provider.name().to_owned(), subject.to_string())
                }
            };
            (*identity, (state, known.logins.iter().map(login).collect()))
        });
        let stored: BTreeMap<Identity, (IdentityState, BTreeSet<(String, String)>)> =
            stored.collect();
        let known: BTreeMap<_, _> = known.collect();
        if stored != known {
            let what = format!("the store has {stored:?}, the model has {known:?}");
            self.fails("records", &what, script);
        }
        self.check_histories(world);
    }

    /// The empty pool, after an earlier one that needed every key.
    fn beginning(&mut self) -> World {
        let mut world = World {
            model: Model::new().developer_linking(self.linking).oldest_survives().keep_history(),
            directory: Directory::new(FIRST_ACCOUNT),
            contents: BTreeMap::new(),
            script: Script::default(),
        };
        let guest = Operation::GetId { pool: Pool(0), account: None, logins: Vec::new() };
        let (identity, logins, custom_role) = (Identity(0), Vec::new(), None);
        let token = Operation::GetOpenIdToken { identity, logins: logins.clone() };
        let credentials = Operation::GetCredentialsForIdentity { identity, logins, custom_role };
        let delete = Operation::DeleteIdentityPool { caller: OWNER, pool: Pool(0) };
        let earlier = calls::pool(Pool(0)).into_iter().chain([guest, token, credentials, delete]);
        for operation in earlier {
            world = self.perform(&world, &operation).expect("a change or an answer");
            self.directory = world.directory.clone();
        }
        self.bare = world.contents.clone();
        for operation in calls::pool(POOL) {
            world = self.perform(&world, &operation).expect("a change");
            self.directory = world.directory.clone();
        }
        world
    }

    /// Whether a world is searched. One identity fewer is enough for a pool without guests, because
    /// few calls ask for them.
    fn is_small(&self, model: &Model) -> bool {
        model.pools.get(&POOL).is_some_and(|pool| {
            let identities = model.identities.len().saturating_add((!pool.settings.guests).into());
            identities <= self.identities_max
        })
    }

    /// Performs every call on every world. Returns the number of worlds.
    fn run(&mut self) -> usize {
        let first = self.beginning();
        (self.edges, self.met) = (0, BTreeMap::new());
        let mut known = BTreeSet::from([first.canonical()]);
        let mut waiting = VecDeque::from([first]);
        while let Some(mut world) = waiting.pop_front() {
            self.enter(&world);
            // The tokens that the world's users have stay valid in all later worlds.
            for operation in calls::tokens(&world) {
                match self.perform(&world, &operation) {
                    Some(next) if next.contents == world.contents => {
                        world = next;
                        self.directory = world.directory.clone();
                    }
                    _ => self.fails("token", "a token that changes the store", &world.script),
                }
            }
            let mut follow = |search: &Self, next: World| {
                if search.is_small(&next.model) && known.insert(next.canonical()) {
                    waiting.push_back(next);
                }
            };
            for operation in calls::all(&world) {
                let Some(next) = self.perform(&world, &operation) else { continue };
                if next.contents != world.contents {
                    let undone = self.undo_all(&next);
                    self.enter(&world);
                    std::iter::once(next).chain(undone).for_each(|next| follow(self, next));
                }
            }
        }
        known.len()
    }
}

/// Searches all worlds of this many identities, and fails at the end with every kind of failure.
fn search(linking: DeveloperLinking, identities_max: usize) {
    let mut search = Search::of(linking, identities_max);
    let states = search.run();
    let Search { edges, met, failures, .. } = search;
    #[expect(clippy::print_stdout, reason = "shown with --nocapture")]
    {
        println!("{linking:?}, {identities_max} identities: {states} states, {edges} edges");
        for (clause, times) in &met {
            println!("{times:8} {clause}");
        }
    }
    let failures: Vec<_> = failures.into_values().collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    for clause in calls::TEXTS.iter().map(|(clause, _)| clause).chain(&undo::UNDONE) {
        assert!(met.contains_key(clause), "{clause}");
    }
}

/// Two identities, or three and both kinds of linking with `COGNATE_EFFORT` above 1.
#[test]
fn every_call_on_every_small_world() {
    let effort = std::env::var("COGNATE_EFFORT").ok();
    let effort: u32 = effort.map_or(1, |effort| effort.parse().expect("a whole number"));
    if effort == 1 {
        search(DeveloperLinking::ByIdentityId, 2);
    } else {
        search(DeveloperLinking::ByIdentityId, 3);
        search(DeveloperLinking::ByLinkedLogin, 3);
    }
}
