//! Isolation: a caller cannot reach pools of another account or region.

use cognate::name::{IdentityId, IdentityPoolId};
use cognate::operation::{
    DeleteIdentitiesInput, DeleteIdentityPoolInput, DescribeIdentityInput,
    DescribeIdentityPoolInput, GuestAccess, ListIdentitiesInput, ListIdentityPoolsInput,
    LookupDeveloperIdentityInput, UnlinkDeveloperIdentityInput, UnprocessedIdentityErrorCode,
    UpdateIdentityPoolInput,
};
use cognate::{Developer, Result};

use super::{merge, world};
use crate::support::{ACCOUNT, GAME, REGION, World, call, developer, refused};

const STRANGER: &str = "999999999999";

/// Every operation that names a resource of the owner.
fn everything(
    aws: &Developer,
    pool: &IdentityPoolId,
    id: &IdentityId,
) -> Vec<(&'static str, Result<()>)> {
    let lookup = || LookupDeveloperIdentityInput::new(pool);
    vec![
        (
            "DescribeIdentityPool",
            aws.describe_identity_pool(DescribeIdentityPoolInput::new(pool)).map(drop),
        ),
        (
            "UpdateIdentityPool",
            aws.update_identity_pool(UpdateIdentityPoolInput::new(
                pool,
                "mine",
                GuestAccess::Allowed,
            ))
            .map(drop),
        ),
        ("DeleteIdentityPool", aws.delete_identity_pool(DeleteIdentityPoolInput::new(pool))),
        ("ListIdentities", aws.list_identities(ListIdentitiesInput::new(pool, 60)).map(drop)),
        (
            "GetOpenIdTokenForDeveloperIdentity",
            aws.get_open_id_token_for_developer_identity(call(pool, "alice")).map(drop),
        ),
        (
            "GetOpenIdTokenForDeveloperIdentity with the identity",
            aws.get_open_id_token_for_developer_identity(call(pool, "alice").identity_id(id))
                .map(drop),
        ),
        (
            "LookupDeveloperIdentity by identity",
            aws.lookup_developer_identity(lookup().identity_id(id)).map(drop),
        ),
        (
            "LookupDeveloperIdentity by user",
            aws.lookup_developer_identity(lookup().developer_user_identifier("alice")).map(drop),
        ),
        (
            "MergeDeveloperIdentities",
            aws.merge_developer_identities(merge(pool, "bob", "alice")).map(drop),
        ),
        (
            "UnlinkDeveloperIdentity",
            aws.unlink_developer_identity(UnlinkDeveloperIdentityInput::new(
                pool, id, GAME, "alice",
            )),
        ),
    ]
}

fn nothing_is_found(owners: &World, strangers: &Developer) {
    let pool = owners.game();
    let alice = owners.register(&pool, "alice");
    owners.register(&pool, "bob");
    let not_found = ("ResourceNotFoundException", format!("IdentityPool '{pool}' not found."));
    for (operation, outcome) in everything(strangers, &pool, &alice) {
        assert_eq!(refused(outcome), not_found, "{operation}");
    }
    let outcome = strangers.describe_identity(DescribeIdentityInput::new(&alice));
    let not_found = ("ResourceNotFoundException", format!("Identity '{alice}' not found."));
    assert_eq!(refused(outcome), not_found);
    let listing = ListIdentityPoolsInput::new(60);
    assert_eq!(strangers.list_identity_pools(listing).expect("listed").identity_pools, []);
    let delete = DeleteIdentitiesInput::new([&alice]);
    strangers.delete_identities(delete).expect("answered");
}

#[test]
fn a_stranger_finds_nothing() {
    for (account, region) in [(STRANGER, REGION), (ACCOUNT, "eu-west-1"), (STRANGER, "eu-west-1")] {
        for world in [World::new(), world()] {
            nothing_is_found(&world, &developer(&world.engine, account, region));
            world.check();
        }
    }
}

#[test]
fn calls_of_a_stranger_change_no_byte() {
    let world = World::new();
    let pool = world.game();
    let alice = world.register(&pool, "alice");
    world.register(&pool, "bob");
    let before = world.dump();
    for (account, region) in [(STRANGER, REGION), (ACCOUNT, "eu-west-1")] {
        let strangers = developer(&world.engine, account, region);
        for (operation, outcome) in everything(&strangers, &pool, &alice) {
            outcome.expect_err(operation);
            assert_eq!(world.dump(), before, "{operation}");
        }
        let delete = DeleteIdentitiesInput::new([&alice]);
        strangers.delete_identities(delete).expect("answered");
        assert_eq!(world.dump(), before, "DeleteIdentities");
    }
    for (operation, outcome) in everything(&world.aws, &pool, &alice) {
        // The owner's calls delete the pool, so all later ones fail.
        let reached = outcome.is_ok();
        let before_deletion = ["DescribeIdentityPool", "UpdateIdentityPool", "DeleteIdentityPool"];
        assert_eq!(reached, before_deletion.contains(&operation), "{operation}");
    }
}

#[test]
fn users_of_one_name_in_two_accounts_are_two() {
    let ours = world();
    let theirs = ours.of(STRANGER, REGION);
    let (pool, other) = (ours.game(), theirs.game());
    let alice = theirs.register(&other, "alice");
    assert_ne!(ours.register(&pool, "alice"), alice);
    // The id of the other account's identity does not help.
    let input = call(&pool, "alice").identity_id(&alice);
    let not_found = format!("Identity '{alice}' not found.");
    assert_eq!(refused(ours.resolve(input)), ("ResourceNotFoundException", not_found));
}

#[test]
fn a_deletion_skips_identities_of_others() {
    let ours = world();
    let theirs = ours.of(STRANGER, REGION);
    let pool = ours.game();
    let [alice, bob] = ["alice", "bob"].map(|user| ours.register(&pool, user));
    let eve = theirs.register(&theirs.game(), "eve");

    let unknown: IdentityId = "us-east-1:0".parse().expect("fits");
    let input = DeleteIdentitiesInput::new([&alice, &eve, &unknown, &alice, &eve]);
    let output = ours.aws.delete_identities(input).expect("as far as it goes");
    let [unprocessed] = output.unprocessed_identity_ids.as_slice() else {
        panic!("only the stranger's: {output:?}")
    };
    assert_eq!(unprocessed.identity_id, eve);
    assert_eq!(unprocessed.error_code, UnprocessedIdentityErrorCode::AccessDenied);

    let outcome = ours.aws.describe_identity(DescribeIdentityInput::new(&alice));
    let not_found = format!("Identity '{alice}' not found.");
    assert_eq!(refused(outcome), ("ResourceNotFoundException", not_found));
    assert_ne!(ours.register(&pool, "alice"), alice, "the login is free again");
    assert_eq!(ours.register(&pool, "bob"), bob);
    assert_eq!(theirs.describe(&eve).identity_id, eve);
    ours.check();
}

#[test]
fn an_identity_of_another_region_is_neither_deleted_nor_reported() {
    let world = world();
    let pool = world.game();
    let alice = world.register(&pool, "alice");
    let elsewhere = developer(&world.engine, ACCOUNT, "eu-west-1");
    let input = DeleteIdentitiesInput::new([&alice]);
    let output = elsewhere.delete_identities(input).expect("nothing to do");
    assert_eq!(output.unprocessed_identity_ids, []);
    assert_eq!(world.register(&pool, "alice"), alice);
}
