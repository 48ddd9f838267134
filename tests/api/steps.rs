//! Work that the engine does in steps, with more items than one step handles.

use std::sync::Arc;

use cognate::Engine;
use cognate::name::{IdentityId, IdentityPoolId};
use cognate::operation::{
    CreateIdentityPoolInput, DeleteIdentityPoolInput, GetCredentialsForIdentityInput, GetIdInput,
    GuestAccess, RoleType, SetIdentityPoolRolesInput,
};
use cognate::store::{Batch, Key, KeyRange, MemoryStore, Store, Tree};
use cognate::token::SigningAlgorithm;

use crate::support::{ACCOUNT, NOON, REGION, World, call, parse};

const HOUR: u64 = 3_600_000;
const MINUTE: u64 = 60_000;

/// More keys than the 256 that one step reads.
const KEYS: usize = 300;

fn worlds() -> [World; 2] {
    let parts = |builder: cognate::Builder| builder.signing_algorithm(SigningAlgorithm::EdDsa);
    [World::with(parts), World::exclusive(parts)]
}

/// A guest in a pool that has a role for guests.
fn guest(world: &World) -> IdentityId {
    let input = CreateIdentityPoolInput::new("game", GuestAccess::Allowed);
    let pool = world.aws.create_identity_pool(input).expect("created").identity_pool_id;
    let role = format!("arn:aws:iam::{ACCOUNT}:role/guest");
    let roles = SetIdentityPoolRolesInput::new(&pool);
    let roles = roles.roles(RoleType::Unauthenticated, role.as_str());
    world.aws.set_identity_pool_roles(roles).expect("set");
    let input = GetIdInput::new(&pool);
    world.engine.public().get_id(input).expect("a guest").identity_id
}

/// The session token of new credentials.
fn session(world: &World, guest: &IdentityId) -> String {
    let input = GetCredentialsForIdentityInput::new(guest);
    let output = world.engine.public().get_credentials_for_identity(input).expect("credentials");
    output.credentials.session_token.as_str().to_owned()
}

fn count(world: &World, tree: Tree) -> usize {
    world.dump().iter().filter(|(key, _)| key.tree == tree).count()
}

#[test]
fn session_keys_rotate_more_often_within_an_hour_than_one_step_reads() {
    // A former bug: after 257 rotations no credentials could be made, and expired keys stayed.
    for world in worlds() {
        let guest = guest(&world);
        let first = session(&world, &guest);
        for _ in 0..KEYS {
            world.engine.rotate_session_key().expect("rotated");
        }
        let last = session(&world, &guest);
        for token in [&first, &last] {
            world.engine.verify_session(token).expect("of this hour");
        }
        world.check();
    }
}

#[test]
fn expired_session_keys_are_deleted_step_by_step() {
    let [world, _] = worlds();
    let guest = guest(&world);
    session(&world, &guest);
    for _ in 0..KEYS {
        world.engine.rotate_session_key().expect("rotated");
    }
    world.clock.set(NOON + 12 * HOUR + MINUTE + 1000);
    let mut left = count(&world, Tree::SessionKeys);
    assert_eq!(left, KEYS + 1);
    while left > 3 {
        world.engine.rotate_session_key().expect("rotated");
        let now = count(&world, Tree::SessionKeys);
        assert!(now < left, "{now} of {left} keys are left");
        left = now;
    }
    let last = session(&world, &guest);
    world.engine.verify_session(&last).expect("by the newest key");
    world.check();
}

#[test]
fn signing_keys_rotate_more_often_within_a_day_than_one_step_reads() {
    for world in worlds() {
        let (pool, region) = (world.game(), parse(REGION));
        let token = |user| {
            let input = call(&pool, user).token_duration(86_400);
            let output = world.aws.get_open_id_token_for_developer_identity(input);
            output.expect("a token").token.as_str().to_owned()
        };
        let first = token("alice");
        for _ in 0..KEYS {
            world.engine.rotate_signing_key(&region).expect("rotated");
        }
        let last = token("alice");
        let keys = world.engine.jwks().expect("readable").keys;
        assert_eq!(keys.len(), KEYS + 1);
        assert_eq!(keys.last().map(|key| key.kid.as_str()), Some("us-east-1-301"));
        for token in [&first, &last] {
            world.engine.verify_token(token).expect("of this day");
        }
        world.clock.set(NOON + 24 * HOUR + MINUTE + 1000);
        for _ in 0..3 {
            world.engine.rotate_signing_key(&region).expect("rotated");
        }
        assert_eq!(world.engine.jwks().expect("readable").keys.len(), 4);
        world.check();
    }
}

fn users(world: &World, pool: &IdentityPoolId, number: usize) {
    for user in 0..number {
        world.register(pool, &format!("user-{user}"));
    }
}

/// The contents of the store without the signing keys, which stay.
fn remains(world: &World) -> Vec<Key> {
    let entries = world.dump().into_iter().map(|(key, _)| key);
    entries.filter(|key| key.tree != Tree::SigningKeys).collect()
}

#[test]
fn a_pool_that_takes_several_steps_is_deleted() {
    let world = World::new();
    let pool = world.game();
    users(&world, &pool, 150);
    let input = DeleteIdentityPoolInput::new(&pool);
    world.aws.delete_identity_pool(input).expect("deleted");
    assert_eq!(remains(&world), []);
}

#[test]
fn more_pools_are_removed_than_one_step_reads() {
    // 300 deleted pools, each with logins that a killed engine left behind.
    let store = Arc::new(MemoryStore::new());
    let mut batch = Batch::default();
    for pool in 0_u16..300 {
        let [high, low] = pool.to_be_bytes();
        let guid = [[high, low].as_slice(), &[7; 14]].concat();
        batch.puts.push((Key::new(Tree::Deletions, guid.clone()), vec![1]));
        for login in 0_u8..(if pool == 7 { 130 } else { 1 }) {
            let bytes = [guid.as_slice(), b"dgame\0", &[b'a' + login % 26, login]].concat();
            batch.puts.push((Key::new(Tree::Logins, bytes), vec![1]));
        }
    }
    store.commit(batch).expect("planted");
    let over: Arc<dyn Store> = store.clone();
    let engine = Engine::builder().open_shared(over).expect("opens");
    engine.finish_removals().expect("removes");
    for tree in Tree::ALL {
        let left = store.scan(&KeyRange::prefix(tree, []), usize::MAX).expect("readable");
        assert_eq!(left, [], "{tree:?}");
    }
    assert_eq!(engine.check().expect("readable"), []);
}

#[test]
fn a_check_finds_damage_after_its_first_step() {
    let world = World::new();
    let pool = world.game();
    users(&world, &pool, 1_100);
    world.check();
    let (last, _) =
        world.dump().into_iter().rfind(|(key, _)| key.tree == Tree::Logins).expect("one");
    let mut batch = Batch::default();
    batch.deletes.push(last.clone());
    world.store.commit(batch).expect("planted");
    let findings = world.engine.check().expect("readable");
    let [finding] = findings.as_slice() else { panic!("one finding: {findings:?}") };
    assert_eq!(finding.invariant, Some(2));
    assert!(finding.detail.starts_with(&last.to_string()), "{finding:?}");
}
