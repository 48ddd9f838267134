//! Administration: all pools, identities and logins, through the handle that nothing limits.

mod damaged;
mod erasure;
pub(crate) mod explained;
mod finding;
mod history;
mod journal;
mod linking;
mod listing;
mod refusals;
mod sequences;
mod undo;

use std::collections::BTreeMap;

use cognate::admin::IdentityDetails;
use cognate::name::{IdentityId, IdentityPoolId};
use cognate::operation::{CreateIdentityPoolInput, GetIdInput, GuestAccess};
use cognate::store::{Batch, Commit, Key, Store, Tree};
use cognate::{Refusal, Result};

use crate::support::{AMAZON, FACEBOOK, GAME, World};
use explained::{delete, disable, link, unlink};

/// A pool with guests, a developer provider and two public providers.
fn town(world: &World) -> IdentityPoolId {
    let input = CreateIdentityPoolInput::new("town", GuestAccess::Allowed)
        .developer_provider_name(GAME)
        .supported_login_providers(FACEBOOK, "1234567890")
        .supported_login_providers(AMAZON, "amzn1.app");
    world.aws.create_identity_pool(input).expect("created").identity_pool_id
}

fn guest(world: &World, pool: &IdentityPoolId) -> IdentityId {
    world.engine.public().get_id(GetIdInput::new(pool)).expect("a guest").identity_id
}

/// The identity of a user of a public provider, new or known.
fn user_of(world: &World, pool: &IdentityPoolId, provider: &str, subject: &str) -> IdentityId {
    let input = GetIdInput::new(pool).logins(provider, format!("user:{subject}"));
    world.engine.public().get_id(input).expect("a user").identity_id
}

/// The providers and subjects of an identity, in the order of their links.
fn logins_of(identity: &IdentityDetails) -> Vec<(&str, &str)> {
    identity.logins.iter().map(|l| (l.provider().as_str(), l.subject().as_str())).collect()
}

fn refusal<T: std::fmt::Debug>(outcome: Result<T>) -> Refusal {
    match outcome {
        Err(cognate::Error::Refused(refusal)) => refusal,
        other => panic!("no refusal: {other:?}"),
    }
}

/// Plants records in the store of a world.
fn plant(world: &World, puts: Vec<(Key, Vec<u8>)>) {
    let mut batch = Batch::default();
    batch.puts = puts;
    assert_eq!(world.store.commit(batch).expect("planted"), Commit::Done);
}

/// The records of a tree.
fn records(world: &World, tree: Tree) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let entries = world.dump().into_iter().filter(|(key, _)| key.tree == tree);
    entries.map(|(key, value)| (key.bytes, value)).collect()
}

#[test]
fn administration_is_never_throttled() {
    let world = World::with(|builder| builder.throttling(cognate::Throttling::DocumentedRates));
    let (pool, admin) = (town(&world), world.engine.admin());
    let bob = world.register(&pool, "bob");
    for n in 0..200 {
        let user = format!("user-{n}");
        link(&admin, &bob, GAME, &user).expect("linked");
        unlink(&admin, &bob, GAME, &user).expect("unlinked");
        admin.identity(&bob).expect("found");
    }
    world.check();
}
