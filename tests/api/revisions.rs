//! Revisions of pools and identities.

use std::collections::BTreeMap;

use cognate::admin::{DisableIdentityInput, IdentityDetails, LinkLoginInput, UnlinkLoginInput};
use cognate::name::IdentityId;
use cognate::operation::{
    ListIdentitiesInput, MergeDeveloperIdentitiesInput, TagResourceInput,
    UnlinkDeveloperIdentityInput, UntagResourceInput,
};
use cognate::store::{Batch, Commit, Key, Store, Tree};
use cognate::{Error, Refusal};

use crate::support::{GAME, World, call, dump};

fn details(world: &World, id: &IdentityId) -> IdentityDetails {
    world.engine.admin().identity(id).expect("an identity")
}

fn revision(world: &World, id: &IdentityId) -> u32 {
    details(world, id).revision
}

#[test]
fn each_change_of_an_identity_is_one_more_revision() {
    let world = World::new();
    let pool = world.game();
    let [alice, bob] = ["alice", "bob"].map(|user| world.register(&pool, user));
    assert_eq!([&alice, &bob].map(|id| revision(&world, id)), [1, 1]);

    // Several logins of one call are one change.
    let input = call(&pool, "alice").identity_id(&alice).logins("www.amazon.com", "user:1");
    assert_eq!(world.resolve(input.clone()).expect("linked"), alice);
    assert_eq!(revision(&world, &alice), 2);
    assert_eq!(world.resolve(input).expect("known"), alice);
    assert_eq!(world.register(&pool, "alice"), alice);
    assert_eq!(revision(&world, &alice), 2);

    // A merge changes both.
    let merge = MergeDeveloperIdentitiesInput::new(&pool, GAME, "bob", "alice");
    world.aws.merge_developer_identities(merge.clone()).expect("merged");
    assert_eq!([&alice, &bob].map(|id| revision(&world, id)), [3, 2]);
    world.aws.merge_developer_identities(merge).expect("merged already");
    assert_eq!([&alice, &bob].map(|id| revision(&world, id)), [3, 2]);

    let unlink = || UnlinkDeveloperIdentityInput::new(&pool, &alice, GAME, "bob");
    world.aws.unlink_developer_identity(unlink()).expect("unlinked");
    assert_eq!(revision(&world, &alice), 4);
    world.aws.unlink_developer_identity(unlink()).expect_err("a user who is gone");
    assert_eq!(revision(&world, &alice), 4);

    let admin = world.engine.admin();
    let link = LinkLoginInput::new(&alice, GAME, "carol");
    assert_eq!(admin.link_login(link.clone()).expect("linked").revision, 5);
    assert_eq!(admin.link_login(link).expect("linked already").revision, 5);
    let unlink = UnlinkLoginInput::new(&alice, GAME, "carol");
    assert_eq!(admin.unlink_login(unlink).expect("unlinked").revision, 6);
    let disable = DisableIdentityInput::new(&alice);
    assert_eq!(admin.disable_identity(disable.clone()).expect("disabled").revision, 7);
    assert_eq!(admin.disable_identity(disable).expect("disabled already").revision, 7);
    assert_eq!(revision(&world, &alice), 7);
}

/// The store of an engine without revisions: two identities of format 1 and a pool of format 2.
pub(crate) const WITHOUT_REVISIONS: &str = include_str!("../logins/slash.store");

pub(crate) fn plant(world: &World, records: &str) {
    let mut batch = Batch::default();
    for line in records.lines() {
        let [tree, key, value] = line.split(' ').collect::<Vec<_>>().try_into().expect("a record");
        let tree = Tree::ALL.into_iter().find(|known| known.name() == tree).expect("a tree");
        batch.puts.push((Key::new(tree, unhex(key)), unhex(value)));
    }
    assert_eq!(world.store.commit(batch).expect("writes"), Commit::Done);
}

fn unhex(text: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal");
    (0..text.len()).step_by(2).map(byte).collect()
}

/// The records of identities and pools.
fn revised(world: &World) -> BTreeMap<Key, Vec<u8>> {
    let of = |key: &Key| [Tree::Identities, Tree::Pools].contains(&key.tree);
    dump(&world.store).into_iter().filter(|(key, _)| of(key)).collect()
}

/// The format and the last 4 bytes of the record whose key ends so.
fn format_and_revision(world: &World, tree: Tree, end: &str) -> (u8, u32) {
    let end = unhex(&end.replace('-', ""));
    let records = dump(&world.store);
    let mut of_tree = records.iter().filter(|(key, _)| key.tree == tree);
    let (_, value) = of_tree.find(|(key, _)| key.bytes.ends_with(&end)).expect("a record");
    (value[0], u32::from_le_bytes(*value.last_chunk().expect("4 bytes")))
}

#[test]
fn a_store_without_revisions_is_upgraded_record_by_record() {
    const POOL: &str = "22db4536-f4cc-42f5-8087-84290a8de01f";
    const ALICE: &str = "7bc333e3-c533-44ce-8327-996fa10913cd";
    const BOB: &str = "6a5e9a8e-765d-41dc-93d6-348ead76a0dd";
    let id = |guid: &str| format!("us-east-1:{guid}").parse::<IdentityId>().expect("an id");
    let (alice, bob, pool) = (id(ALICE), id(BOB), id(POOL).as_str().parse().expect("a pool's id"));
    let world = World::new();
    plant(&world, WITHOUT_REVISIONS);
    let before = revised(&world);

    // Reading upgrades nothing, and neither does a refused call.
    assert_eq!([&alice, &bob].map(|id| revision(&world, id)), [0, 0]);
    assert_eq!(world.register(&pool, "bob"), bob);
    let listed = world.aws.list_identities(ListIdentitiesInput::new(&pool, 60)).expect("listed");
    assert_eq!(listed.identities.len(), 2);
    let admin = world.engine.admin();
    let refused = admin.link_login(LinkLoginInput::new(&alice, GAME, "bob"));
    let refused = refused.expect_err("the login of another");
    let is_of_bob = |refusal: &Refusal| {
        matches!(refusal, Refusal::DeveloperUserAlreadyRegistered { identity_id, .. }
            if *identity_id == bob)
    };
    assert!(matches!(&refused, Error::Refused(refusal) if is_of_bob(refusal)), "{refused}");
    assert_eq!(revised(&world), before);

    // A change of one identity leaves the other one and the pool as they are.
    let linked = admin.link_login(LinkLoginInput::new(&alice, GAME, "alice")).expect("linked");
    assert_eq!((linked.revision, details(&world, &alice)), (1, linked));
    assert_eq!(format_and_revision(&world, Tree::Identities, ALICE), (2, 1));
    assert_eq!(revision(&world, &bob), 0);
    let now = revised(&world);
    assert!(now.keys().eq(before.keys()), "another record");
    assert_eq!(now.iter().filter(|(key, value)| before[*key] != **value).count(), 1);
    let unlinked = admin.unlink_login(UnlinkLoginInput::new(&alice, GAME, "alice"));
    assert_eq!(unlinked.expect("unlinked").revision, 2);

    // The pool in turn.
    assert_eq!(format_and_revision(&world, Tree::Pools, POOL).0, 2);
    let arn = world.aws.identity_pool_arn(&pool);
    let tag = TagResourceInput::new(&arn).tags("stage", "test");
    world.aws.tag_resource(tag.clone()).expect("tagged");
    assert_eq!(format_and_revision(&world, Tree::Pools, POOL), (3, 1));
    world.aws.tag_resource(tag).expect("tagged already");
    assert_eq!(format_and_revision(&world, Tree::Pools, POOL), (3, 1));
    world.aws.untag_resource(UntagResourceInput::new(&arn).tag_keys("stage")).expect("untagged");
    assert_eq!(format_and_revision(&world, Tree::Pools, POOL), (3, 2));
    assert_eq!(world.engine.check().expect("readable"), []);
}
