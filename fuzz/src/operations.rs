//! Sequences of operations on a few users of one pool.
//!
//! What each answers is compared with what is remembered of the answers before it: which login has
//! which identity, and how the pool is set. That is no model of the service: most refusals it takes
//! as they come. A refusal must not write anything.

mod developer;
mod memory;
mod names;
mod pool;
mod public;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arbitrary::{Arbitrary, Unstructured};
use cognate::{
    DescribeIdentityInput, Developer, Engine, Error, GetIdInput, IdentityId, IdentityPoolId,
    IdentityState, LookupDeveloperIdentityInput, ProviderName, Result, Store, Timestamp,
};

use crate::scene::{self, NOW, Watched};
use memory::Memory;
use names::{Held, Login, Logins, Page, Providers, User, Which};
use pool::{Attributes, Keys, Roles};

/// More operations say little more.
const OPERATIONS_MAX: usize = 100;

/// Performs the operations of an input.
pub fn run(data: &[u8]) {
    let Ok(operations) = Vec::<Operation>::arbitrary(&mut Unstructured::new(data)) else { return };
    let mut world = World::new();
    for operation in operations.into_iter().take(OPERATIONS_MAX) {
        let writes = world.store.writes();
        match world.perform(operation) {
            Ok(()) => {}
            Err(Error::Refused(refusal)) => {
                // INVARIANT I7
                assert_eq!(world.store.writes(), writes, "{operation:?} wrote, and: {refusal}");
            }
            Err(error) => panic!("{operation:?}: {error}"),
        }
    }
    world.check();
}

#[derive(Debug, Clone, Copy, Arbitrary)]
enum Operation {
    Register(User),
    RegisterWith(User, Which),
    DeveloperToken(User, Logins),
    Merge(User, User),
    UnlinkDeveloper(User, Which),
    LookupUser(User),
    LookupIdentity(Which, Page),
    LookupBoth(User, Which),
    Delete(Which, Which),
    List(Page, bool),
    GetId(Logins),
    Token(Which, Logins),
    Credentials(Which, Logins, Held, bool),
    Unlink(Which, Logins, Held, Providers),
    SetRoles(Roles),
    GetRoles,
    SetAttributes(Providers, Attributes),
    GetAttributes(Providers),
    Tag(Keys),
    Untag(Keys),
    ListTags,
    Wait(Minutes),
}

#[derive(Debug, Clone, Copy, Arbitrary)]
struct Minutes(u8);

struct World {
    engine: Engine,
    store: Arc<Watched>,
    aws: Developer,
    pool: IdentityPoolId,
    ticks: Arc<AtomicU64>,
    memory: Memory,
}

impl World {
    /// Several operations fall into one millisecond.
    const TICKS_PER_MILLI: u64 = 4;

    fn new() -> Self {
        let ticks = Arc::new(AtomicU64::new(0));
        let clock = {
            let ticks = Arc::clone(&ticks);
            move || moment(ticks.fetch_add(1, Ordering::Relaxed))
        };
        let store = Arc::new(Watched::default());
        let builder = scene::builder().clock(clock);
        let engine = builder.store(Arc::clone(&store) as Arc<dyn Store>).expect("an engine");
        let aws = scene::owner(&engine);
        let pool = scene::create_pool(&aws);
        Self { engine, store, aws, pool, ticks, memory: Memory::default() }
    }

    fn perform(&mut self, operation: Operation) -> Result<()> {
        match operation {
            Operation::Register(user) => self.register(user),
            Operation::RegisterWith(user, which) => self.register_with(user, which),
            Operation::DeveloperToken(user, logins) => self.developer_token(user, logins),
            Operation::Merge(source, destination) => self.merge(source, destination),
            Operation::UnlinkDeveloper(user, which) => self.unlink_developer(user, which),
            Operation::LookupUser(user) => self.lookup_user(user),
            Operation::LookupIdentity(which, page) => self.lookup_identity(which, page),
            Operation::LookupBoth(user, which) => self.lookup_both(user, which),
            Operation::Delete(a, b) => self.delete([a, b]),
            Operation::List(page, hide_disabled) => self.list(page, hide_disabled),
            Operation::GetId(logins) => self.get_id(logins),
            Operation::Token(which, logins) => self.token(which, logins),
            Operation::Credentials(which, logins, held, custom) => {
                self.credentials(which, logins, held, custom)
            }
            Operation::Unlink(which, logins, held, from) => self.unlink(which, logins, held, from),
            Operation::SetRoles(roles) => self.set_roles(roles),
            Operation::GetRoles => self.get_roles(),
            Operation::SetAttributes(of, attributes) => self.set_attributes(of, attributes),
            Operation::GetAttributes(of) => self.get_attributes(of),
            Operation::Tag(keys) => self.tag(keys),
            Operation::Untag(keys) => self.untag(keys),
            Operation::ListTags => self.list_tags(),
            Operation::Wait(Minutes(minutes)) => {
                let ticks = u64::from(minutes) * 60_000 * Self::TICKS_PER_MILLI;
                self.ticks.fetch_add(ticks, Ordering::Relaxed);
                Ok(())
            }
        }
    }

    /// No later than what the next operation takes for the present.
    fn now(&self) -> Timestamp {
        moment(self.ticks.load(Ordering::Relaxed))
    }

    /// What can be seen of an identity is what is remembered of it, and its logins lead to it.
    fn look_at(&self, id: &IdentityId) {
        let input = DescribeIdentityInput::new(id).expect("an input");
        let described = self.aws.describe_identity(input);
        let state = described.as_ref().ok().map(|described| described.state);
        assert_eq!(state, self.memory.state(id), "{id}");
        let Ok(described) = described else { return };
        let providers: Vec<_> = described.logins.iter().map(ProviderName::as_str).collect();
        assert_eq!(providers, self.memory.providers(id), "{id}");
        for login in self.memory.logins_of(id) {
            let found = self.owner(*login).expect("a known login");
            assert_eq!(found, *id, "{login:?} belongs to another identity");
        }
    }

    /// Who has a login, which is known to belong to somebody.
    fn owner(&self, login: Login) -> Result<IdentityId> {
        match login {
            Login::User(user) => {
                let input = LookupDeveloperIdentityInput::new(&self.pool)?;
                let input = input.developer_user_identifier(user.name())?;
                Ok(self.aws.lookup_developer_identity(input)?.identity_id)
            }
            Login::Public(provider, subject) => {
                let input = GetIdInput::new(&self.pool)?.login(provider.name(), subject.token())?;
                Ok(self.engine.public().get_id(input)?.identity_id)
            }
        }
    }

    /// After all of them everything is as it was last seen.
    fn check(mut self) {
        for number in 0..User::ALL {
            drop(self.lookup_user(User(number)));
        }
        let writes = self.store.writes();
        for id in &self.memory.seen {
            self.look_at(id);
        }
        assert_eq!(self.store.writes(), writes, "who only looks changes nothing");
        self.list(Page(7), false).expect("a list");
        self.get_roles().expect("roles");
        for providers in [Providers(1), Providers(2)] {
            self.get_attributes(providers).expect("attributes");
        }
        self.list_tags().expect("tags");
        let findings = self.engine.check().expect("a readable store");
        assert!(findings.is_empty(), "{findings:?}");
    }
}

fn moment(ticks: u64) -> Timestamp {
    Timestamp::from_millis(NOW.as_millis() + ticks / World::TICKS_PER_MILLI)
}

/// Whether an identity in that state can be seen in a list without disabled ones.
fn is_shown(state: IdentityState) -> bool {
    state != IdentityState::Disabled
}
