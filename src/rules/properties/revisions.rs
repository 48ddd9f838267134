//! Revisions: one more with each change of a record, and no other.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::id::IdentityId;
use crate::name::TagKey;
use crate::rules::properties::cases;
use crate::rules::properties::logins::scenes;
use crate::rules::properties::world::{self, NOW, World, id};
use crate::rules::roles::RoleAccounts;
use crate::rules::{Change, Decided, Effect, Refusal, admin, attributes, pool, roles, tags};
use crate::state::{AttributeMap, Identity, Pool, PoolRoles, RoleType};

/// The revisions of records before a call. 0 is that of a record of an older format.
fn revision() -> impl Strategy<Value = u32> {
    prop_oneof![Just(0), Just(1), 2..9_u32, Just(u32::MAX - 1), Just(u32::MAX)]
}

/// The world with these revisions.
fn revised(world: &str, revisions: &[u32]) -> World {
    let mut world = World::parse(world);
    for (identity, revision) in world.0.iter_mut().zip(revisions.iter().cycle()) {
        let ids = (identity.id().clone(), identity.pool().clone());
        let dates = (identity.created(), identity.modified());
        let links = identity.links().to_vec();
        *identity = Identity::restored(ids, identity.state(), dates, *revision, links);
    }
    world
}

/// Asserts that each identity has one more revision if it has changed or others were merged into
/// it, and the same if not. A new one has the first.
fn assert_counted(before: &World, after: &World, answer: Option<&IdentityId>) {
    let is_emptied = |after: &Identity| {
        after.is_disabled() && before.get(after.id()).is_some_and(|before| !before.is_disabled())
    };
    let survivor = answer.filter(|_| after.0.iter().any(is_emptied));
    for after in &after.0 {
        let revision = match before.get(after.id()) {
            None => 1,
            Some(before) => {
                let seen = |of: &Identity| (of.state(), of.modified(), of.links().to_vec());
                let is_same = seen(before) == seen(after) && survivor != Some(after.id());
                before.revision().saturating_add((!is_same).into())
            }
        };
        assert_eq!(after.revision(), revision, "{before:?} becomes {after:?}");
    }
}

/// An administrator's change of an identity.
#[derive(Debug, Clone, Copy)]
enum Administered {
    Link(&'static str),
    Unlink(&'static str),
    Disable,
}

impl Administered {
    fn decide(self, world: &World, id: &IdentityId) -> Result<Decided<Identity>, Refusal> {
        let before = world.get(id).ok_or(Refusal::LoginNotFound)?;
        match self {
            Self::Link(login) => {
                let login = world::login(login);
                let owners = world.owners(std::slice::from_ref(&login));
                admin::link(before, login, owners.first(), NOW)
            }
            Self::Unlink(login) => {
                let named = [world::login(login)];
                admin::unlink(before, &named, NOW)
                    .ok_or_else(|| admin::not_linked(before, &named, None))
            }
            Self::Disable => Ok(admin::disable(before, NOW)),
        }
    }
}

fn administered() -> impl Strategy<Value = Administered> {
    let login = select(vec!["d:a", "d:b", "p:1", "p:2", "q:1"]);
    prop_oneof![
        3 => login.clone().prop_map(Administered::Link),
        3 => login.prop_map(Administered::Unlink),
        1 => Just(Administered::Disable),
    ]
}

/// A change of a pool.
#[derive(Debug, Clone, Copy)]
enum PoolChange {
    Tag,
    Untag,
    Guests(bool),
    Roles(bool),
    Attributes(bool),
}

impl PoolChange {
    fn decide(self, before: &Pool) -> Result<Decided<()>, Refusal> {
        let key: TagKey = "k".parse().expect("a key");
        match self {
            Self::Tag => tags::tag(before, [(key, "v".parse().expect("a value"))].into()),
            Self::Untag => Ok(tags::untag(before, &[key])),
            Self::Guests(allowed) => {
                let mut settings = before.settings.clone();
                settings.allow_unauthenticated_identities = allowed;
                Ok(pool::update(before, settings, true)?.map(drop))
            }
            Self::Roles(player) => {
                let role = "arn:aws:iam::123456789012:role/player".parse().expect("a role");
                let defaults = player.then_some((RoleType::Authenticated, role));
                let defaults = defaults.into_iter().collect();
                let roles = PoolRoles { defaults, ..PoolRoles::default() };
                roles::set(before, roles, RoleAccounts::Any)
            }
            Self::Attributes(uses_defaults) => {
                let map = uses_defaults.then_some(AttributeMap::Defaults);
                attributes::set(before, &"graph.facebook.com".parse().expect("a provider"), map)
            }
        }
    }
}

fn pool_changes() -> impl Strategy<Value = PoolChange> {
    prop_oneof![
        Just(PoolChange::Tag),
        Just(PoolChange::Untag),
        any::<bool>().prop_map(PoolChange::Guests),
        any::<bool>().prop_map(PoolChange::Roles),
        any::<bool>().prop_map(PoolChange::Attributes),
    ]
}

proptest! {
    #![proptest_config(cases(1024))]

    #[test]
    fn each_changed_identity_has_one_more_revision(
        (world, call) in scenes(),
        revisions in vec(revision(), 1..7),
    ) {
        let before = revised(&world, &revisions);
        let mut after = before.clone();
        let answer = after.call(&call, id("N"));
        if answer.is_err() {
            prop_assert_eq!(&after, &before, "I7");
        }
        assert_counted(&before, &after, answer.ok().flatten().as_ref());
        // A repeated call can create a guest, but it changes no other identity.
        let mut again = after.clone();
        let answer = again.call(&call, id("O"));
        assert_counted(&after, &again, answer.ok().flatten().as_ref());
    }

    #[test]
    fn each_identity_that_an_administrator_changes_has_one_more_revision(
        (world, _) in scenes(),
        revisions in vec(revision(), 1..7),
        of in select(vec!["U", "V", "W"]),
        change in administered(),
    ) {
        let mut world = revised(&world, &revisions);
        for _ in 0..2 {
            let before = world.clone();
            let Ok(Decided { effects, output }) = change.decide(&world, &id(of)) else { continue };
            world.apply(effects);
            assert_counted(&before, &world, None);
            prop_assert_eq!(world.get(&id(of)), Some(&output), "the answer is what is stored");
        }
    }

    #[test]
    fn each_changed_pool_has_one_more_revision(
        first in revision(),
        changes in vec(pool_changes(), 1..12),
    ) {
        let mut pool = Pool { revision: first, ..world::pool_with_providers() };
        for change in changes {
            let decided = change.decide(&pool).expect("accepted");
            let before = pool.clone();
            for effect in decided.effects {
                let Effect::Pool(change) = effect else { panic!("{effect:?}") };
                let Change::Update { before, after } = *change else { panic!("{change:?}") };
                prop_assert_eq!(&before, &pool);
                pool = after;
            }
            let is_same = Pool { revision: before.revision, ..pool.clone() } == before;
            let expected = before.revision.saturating_add((!is_same).into());
            prop_assert_eq!(pool.revision, expected);
            prop_assert_eq!(change.decide(&pool), Ok(Decided::unchanged(())), "again");
        }
    }
}
