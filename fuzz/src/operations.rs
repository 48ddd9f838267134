//! Sequences of operations on a few users of one pool.
//!
//! What each answers is compared with what is remembered of the answers before it: which user has
//! which identity. That is no model of the service: most refusals it takes as they come.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};

use arbitrary::{Arbitrary, Unstructured};
use cognate::{
    DeleteIdentitiesInput, Developer, Engine, Error, ErrorKind, IdentityId, IdentityPoolId,
    IdentityState, ListIdentitiesInput, LookupDeveloperIdentityInput,
    MergeDeveloperIdentitiesInput, Result, Timestamp, UnlinkDeveloperIdentityInput,
};

use crate::scene::{self, DEVELOPER, NOW};

/// More operations say little more.
const OPERATIONS_MAX: usize = 100;

/// Performs the operations of an input.
pub fn run(data: &[u8]) {
    let Ok(operations) = Vec::<Operation>::arbitrary(&mut Unstructured::new(data)) else { return };
    let mut world = World::new();
    for operation in operations.into_iter().take(OPERATIONS_MAX) {
        match world.perform(operation) {
            Err(Error::Refused(_)) | Ok(()) => {}
            Err(error) => panic!("{operation:?}: {error}"),
        }
    }
    world.check();
}

#[derive(Debug, Clone, Copy, Arbitrary)]
enum Operation {
    Register(User),
    RegisterWith(User, Which),
    Token(User),
    Merge(User, User),
    Unlink(User, Which),
    LookupUser(User),
    LookupIdentity(Which, Page),
    LookupBoth(User, Which),
    Delete(Which, Which),
    List(Page, bool),
}

/// One of a few users, so that the same ones meet again; enough for an identity to be full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct User(u8);

impl User {
    const FEW: u8 = 4;
    const ALL: u8 = 22;

    fn name(self) -> String {
        format!("user-{}", self.0)
    }
}

impl<'a> Arbitrary<'a> for User {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let byte = u8::arbitrary(u)?;
        Ok(Self(if byte < 128 { byte % Self::FEW } else { byte % Self::ALL }))
    }

    fn size_hint(depth: usize) -> (usize, Option<usize>) {
        u8::size_hint(depth)
    }
}

/// One of the identities that have been seen.
#[derive(Debug, Clone, Copy, Arbitrary)]
struct Which(u8);

/// How much a page holds, 1 to 8.
#[derive(Debug, Clone, Copy, Arbitrary)]
struct Page(u8);

impl Page {
    fn size(self) -> i64 {
        i64::from(self.0 % 8) + 1
    }
}

struct World {
    engine: Engine,
    aws: Developer,
    pool: IdentityPoolId,
    /// Identities in the order in which they were first seen, deleted ones among them.
    seen: Vec<IdentityId>,
    deleted: BTreeSet<IdentityId>,
    identity_of: BTreeMap<User, IdentityId>,
}

impl World {
    fn new() -> Self {
        // Several operations fall into one millisecond.
        let calls = AtomicU64::new(0);
        let clock = move || {
            let millis = calls.fetch_add(1, Ordering::Relaxed) / 4;
            Timestamp::from_millis(NOW.as_millis() + millis)
        };
        let engine = scene::builder().clock(clock).in_memory().expect("an engine");
        let aws = scene::owner(&engine);
        let pool = scene::create_pool(&aws);
        let (seen, deleted, identity_of) = (Vec::new(), BTreeSet::new(), BTreeMap::new());
        Self { engine, aws, pool, seen, deleted, identity_of }
    }

    fn perform(&mut self, operation: Operation) -> Result<()> {
        match operation {
            Operation::Register(user) => self.register(user),
            Operation::RegisterWith(user, which) => self.register_with(user, which),
            Operation::Token(user) => self.token(user),
            Operation::Merge(source, destination) => self.merge(source, destination),
            Operation::Unlink(user, which) => self.unlink(user, which),
            Operation::LookupUser(user) => self.lookup_user(user),
            Operation::LookupIdentity(which, page) => self.lookup_identity(which, page),
            Operation::LookupBoth(user, which) => self.lookup_both(user, which),
            Operation::Delete(a, b) => self.delete([a, b]),
            Operation::List(page, hide_disabled) => self.list(page, hide_disabled),
        }
    }

    fn register(&mut self, user: User) -> Result<()> {
        let id = self.aws.resolve_developer_identity(&scene::login(&self.pool, &user.name())?);
        self.registered(user, id.expect("without an identity nobody is refused"));
        Ok(())
    }

    fn token(&mut self, user: User) -> Result<()> {
        let input = scene::login(&self.pool, &user.name())?;
        let answer = self.aws.get_open_id_token_for_developer_identity(input)?;
        let claims = self.engine.verify_token(answer.token.as_str())?;
        assert_eq!(claims.identity_id(), &answer.identity_id, "{user:?}");
        self.registered(user, answer.identity_id);
        Ok(())
    }

    /// A known user has the same identity as ever, an unknown one an identity that never was.
    fn registered(&mut self, user: User, id: IdentityId) {
        if let Some(known) = self.identity_of.get(&user) {
            assert_eq!(&id, known, "{user:?} has another identity");
            return;
        }
        assert!(!self.seen.contains(&id), "{user:?} has an identity that was there: {id}");
        self.seen.push(id.clone());
        self.identity_of.insert(user, id);
    }

    fn register_with(&mut self, user: User, which: Which) -> Result<()> {
        let given = self.identity(which);
        let input = scene::login(&self.pool, &user.name())?.identity_id(&given)?;
        let known = self.identity_of.get(&user).cloned();
        match self.aws.resolve_developer_identity(&input) {
            Ok(id) => {
                assert_eq!(id, given, "{user:?} was linked to another identity");
                assert!(known.is_none_or(|known| known == id), "{user:?} has another identity");
                assert!(!self.deleted.contains(&id), "{user:?} was linked to what is deleted");
                self.identity_of.insert(user, id);
                Ok(())
            }
            Err(error) => {
                let elsewhere = known.is_some_and(|known| known != given);
                let refused = error.kind() == ErrorKind::DeveloperUserAlreadyRegistered;
                let there = !self.deleted.contains(&given) && self.seen.contains(&given);
                assert_eq!(refused, elsewhere && there, "{user:?}: {error}");
                Err(error)
            }
        }
    }

    fn merge(&mut self, source: User, destination: User) -> Result<()> {
        let (from, into) = (source.name(), destination.name());
        let input = MergeDeveloperIdentitiesInput::new(&self.pool, DEVELOPER, from, into)?;
        let merged = self.aws.merge_developer_identities(input)?.identity_id;
        let [source, destination] =
            [source, destination].map(|user| self.identity_of[&user].clone());
        assert_eq!(merged, destination, "the destination's identity has the logins of both");
        for id in self.identity_of.values_mut().filter(|id| **id == source) {
            id.clone_from(&merged);
        }
        Ok(())
    }

    fn unlink(&mut self, user: User, which: Which) -> Result<()> {
        let id = self.identity(which);
        let input = UnlinkDeveloperIdentityInput::new(&self.pool, &id, DEVELOPER, user.name())?;
        self.aws.unlink_developer_identity(input)?;
        assert_eq!(self.identity_of.remove(&user), Some(id), "{user:?} had another identity");
        Ok(())
    }

    fn lookup_user(&mut self, user: User) -> Result<()> {
        let input = LookupDeveloperIdentityInput::new(&self.pool)?
            .developer_user_identifier(user.name())?;
        let found = self.aws.lookup_developer_identity(input);
        let id = found.as_ref().ok().map(|found| &found.identity_id);
        assert_eq!(id, self.identity_of.get(&user), "{user:?}");
        found.map(drop)
    }

    fn lookup_both(&mut self, user: User, which: Which) -> Result<()> {
        let id = self.identity(which);
        let input = LookupDeveloperIdentityInput::new(&self.pool)?
            .identity_id(&id)?
            .developer_user_identifier(user.name())?;
        let found = self.aws.lookup_developer_identity(input);
        assert_eq!(found.is_ok(), self.identity_of.get(&user) == Some(&id), "{user:?} and {id}");
        found.map(drop)
    }

    /// All pages together name the identity's users, each once.
    fn lookup_identity(&mut self, which: Which, page: Page) -> Result<()> {
        let id = self.identity(which);
        let input = LookupDeveloperIdentityInput::new(&self.pool)?.identity_id(&id)?;
        let mut page =
            self.aws.lookup_developer_identity(input.clone().max_results(page.size())?)?;
        let mut found = Vec::new();
        loop {
            found.extend(page.developer_user_identifier_list);
            let Some(token) = page.next_token else { break };
            page = self.aws.lookup_developer_identity(input.clone().next_token(token)?)?;
        }
        let mut found: Vec<String> = found.iter().map(|user| user.as_str().to_owned()).collect();
        found.sort_unstable();
        let known = self.identity_of.iter().filter(|(_, of)| **of == id);
        let mut known: Vec<String> = known.map(|(user, _)| user.name()).collect();
        known.sort_unstable();
        assert_eq!(found, known, "{id}");
        Ok(())
    }

    fn delete(&mut self, which: [Which; 2]) -> Result<()> {
        let ids = which.map(|which| self.identity(which));
        let left = self.aws.delete_identities(DeleteIdentitiesInput::new(&ids)?)?;
        assert!(left.unprocessed_identity_ids.is_empty(), "all of them are the caller's");
        self.identity_of.retain(|_, of| !ids.contains(of));
        self.deleted.extend(ids);
        Ok(())
    }

    /// All pages together name every identity once, in the order of creation; those without a user
    /// are disabled.
    fn list(&mut self, page: Page, hide_disabled: bool) -> Result<()> {
        let input = ListIdentitiesInput::new(&self.pool, page.size())?.hide_disabled(hide_disabled);
        let mut page = self.aws.list_identities(input.clone())?;
        let mut listed = Vec::new();
        loop {
            listed.extend(page.identities);
            let Some(token) = page.next_token else { break };
            page = self.aws.list_identities(input.clone().next_token(token)?)?;
        }
        assert!(listed.is_sorted_by_key(|identity| identity.creation_date), "in order");
        let mut found = Vec::new();
        for identity in listed {
            let has_users = self.identity_of.values().any(|of| *of == identity.identity_id);
            let state =
                if has_users { IdentityState::Authenticated } else { IdentityState::Disabled };
            assert_eq!(identity.state, state, "{}", identity.identity_id);
            assert_eq!(identity.logins.len(), usize::from(has_users), "one provider");
            found.push(identity.identity_id);
        }
        found.sort_unstable();
        let hidden =
            |id: &IdentityId| hide_disabled && !self.identity_of.values().any(|of| of == id);
        let there = self.seen.iter().filter(|id| !self.deleted.contains(*id) && !hidden(id));
        let mut there: Vec<_> = there.cloned().collect();
        there.sort_unstable();
        assert_eq!(found, there, "every identity once");
        Ok(())
    }

    fn identity(&self, Which(number): Which) -> IdentityId {
        let place = usize::from(number).checked_rem(self.seen.len());
        place.map_or_else(
            || "us-east-1:00000000-0000-0000-0000-000000000000".parse().expect("an id"),
            |place| self.seen[place].clone(),
        )
    }

    /// After all of them the users have the identities that they were last seen with.
    fn check(mut self) {
        for number in 0..User::ALL {
            drop(self.lookup_user(User(number)));
        }
        self.list(Page(7), false).expect("a list");
        let findings = self.engine.check().expect("a readable store");
        assert!(findings.is_empty(), "{findings:?}");
    }
}
