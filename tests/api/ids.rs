//! Ids: an id names something in its own region only, and no id is given twice (I9).

use std::sync::atomic::{AtomicUsize, Ordering};

use cognate::ambient::EntropyError;
use cognate::name::{IdentityId, IdentityPoolId};
use cognate::operation::{
    CreateIdentityPoolInput, DeleteIdentitiesInput, DeleteIdentityPoolInput, DescribeIdentityInput,
    DescribeIdentityPoolInput, GetCredentialsForIdentityInput, GetIdInput,
    GetIdentityPoolRolesInput, GetOpenIdTokenInput, GetPrincipalTagAttributeMapInput, GuestAccess,
    ListIdentitiesInput, ListTagsForResourceInput, LookupDeveloperIdentityInput,
    MergeDeveloperIdentitiesInput, RoleType, SetIdentityPoolRolesInput,
    SetPrincipalTagAttributeMapInput, TagResourceInput, UnlinkDeveloperIdentityInput,
    UnlinkIdentityInput, UntagResourceInput, UpdateIdentityPoolInput,
};
use cognate::token::SigningAlgorithm;
use cognate::{Developer, ErrorKind, Public, Result, from_fn};
use uuid::Uuid;

use crate::support::{ACCOUNT, FACEBOOK, GAME, World, call, developer, key, parse, refused};

const ROLE: &str = "arn:aws:iam::123456789012:role/player";

/// A pool that allows everything: guests, developer users and users of Facebook.
fn pool(world: &World) -> IdentityPoolId {
    let input = CreateIdentityPoolInput::new("game", GuestAccess::Allowed)
        .allow_classic_flow(true)
        .developer_provider_name(GAME)
        .supported_login_providers(FACEBOOK, "1234567890");
    let pool = world.aws.create_identity_pool(input).expect("created").identity_pool_id;
    let roles = SetIdentityPoolRolesInput::new(&pool)
        .roles(RoleType::Authenticated, ROLE)
        .roles(RoleType::Unauthenticated, ROLE);
    world.aws.set_identity_pool_roles(roles).expect("set");
    pool
}

/// Ids with the same 128 bits in other regions.
fn elsewhere<T: std::str::FromStr>(id: &str) -> [T; 2] {
    let guid = id.strip_prefix("us-east-1").expect("of this region");
    ["eu-west-1", "us-east-2"].map(|region| parse(&format!("{region}{guid}")))
}

/// Calls every operation that takes the id of an identity. `user` presents a login of the identity.
fn on_identity(
    (aws, public): (&Developer, &Public),
    pool: &IdentityPoolId,
    id: &IdentityId,
    user: &str,
) -> Vec<(&'static str, Result<()>)> {
    let lookup = LookupDeveloperIdentityInput::new(pool).identity_id(id);
    let both = lookup.clone().developer_user_identifier("alice");
    let unlink = UnlinkDeveloperIdentityInput::new(pool, id, GAME, "alice");
    let unlink_public = UnlinkIdentityInput::new(id).logins(FACEBOOK, user);
    let unlink_public = unlink_public.logins_to_remove(FACEBOOK);
    let token = GetOpenIdTokenInput::new(id);
    let credentials = GetCredentialsForIdentityInput::new(id);
    let given = call(pool, "alice").identity_id(id);
    vec![
        ("DescribeIdentity", aws.describe_identity(DescribeIdentityInput::new(id)).map(drop)),
        ("LookupDeveloperIdentity", aws.lookup_developer_identity(lookup).map(drop)),
        ("LookupDeveloperIdentity of both", aws.lookup_developer_identity(both).map(drop)),
        (
            "GetOpenIdTokenForDeveloperIdentity",
            aws.get_open_id_token_for_developer_identity(given.clone()).map(drop),
        ),
        ("resolve_developer_identity", aws.resolve_developer_identity(given).map(drop)),
        ("GetOpenIdToken of a guest", public.get_open_id_token(token.clone()).map(drop)),
        ("GetOpenIdToken", public.get_open_id_token(token.logins(FACEBOOK, user)).map(drop)),
        (
            "GetCredentialsForIdentity of a guest",
            public.get_credentials_for_identity(credentials.clone()).map(drop),
        ),
        (
            "GetCredentialsForIdentity",
            public.get_credentials_for_identity(credentials.logins(FACEBOOK, user)).map(drop),
        ),
        ("UnlinkIdentity", public.unlink_identity(unlink_public)),
        ("UnlinkDeveloperIdentity", aws.unlink_developer_identity(unlink)),
    ]
}

/// Worlds with and without caches.
fn worlds() -> [World; 2] {
    let parts = |builder: cognate::Builder| builder.signing_key(key(SigningAlgorithm::EdDsa));
    [World::new(), World::exclusive(parts)]
}

#[test]
fn an_identity_is_not_found_by_an_id_with_another_region() {
    for world in worlds() {
        let pool = pool(&world);
        let alice = call(&pool, "alice").logins(FACEBOOK, "user:a");
        let alice = world.resolve(alice).expect("registered");
        let guest = world.engine.public().get_id(GetIdInput::new(&pool)).expect("a guest");
        let before = (world.dump(), world.describe(&alice));
        let ids = [&alice, &guest.identity_id].map(|id| elsewhere(id.as_str())).concat();
        for id in &ids {
            for region in ["us-east-1", "eu-west-1"] {
                let aws = developer(&world.engine, ACCOUNT, region);
                let delete = DeleteIdentitiesInput::new([id]);
                let deleted = aws.delete_identities(delete).expect("as if it were gone");
                assert_eq!(deleted.unprocessed_identity_ids, [], "{id}");
            }
            let doors = (&world.aws, &world.engine.public());
            for (operation, outcome) in on_identity(doors, &pool, id, "user:a") {
                let not_found =
                    ("ResourceNotFoundException", format!("Identity '{id}' not found."));
                assert_eq!(refused(outcome), not_found, "{operation}");
            }
            assert_eq!((world.dump(), world.describe(&alice)), before, "{id}");
        }
        assert_eq!(world.describe(&guest.identity_id).logins, []);
        // The table calls what it says: with the right id most of it succeeds.
        let doors = (&world.aws, &world.engine.public());
        let outcomes = on_identity(doors, &pool, &alice, "user:a");
        let failed =
            outcomes.into_iter().filter_map(|(operation, done)| done.err().map(|_| operation));
        let guests_only = ["GetOpenIdToken of a guest", "GetCredentialsForIdentity of a guest"];
        assert_eq!(failed.collect::<Vec<_>>(), guests_only);
    }
}

/// Calls every operation that takes the id of a pool, or its ARN.
fn on_pool(
    (aws, public): (&Developer, &Public),
    pool: &IdentityPoolId,
    alice: &IdentityId,
) -> Vec<(&'static str, Result<()>)> {
    let lookup = LookupDeveloperIdentityInput::new(pool).developer_user_identifier("alice");
    let merge = MergeDeveloperIdentitiesInput::new(pool, GAME, "bob", "alice");
    let unlink = UnlinkDeveloperIdentityInput::new(pool, alice, GAME, "alice");
    let update = UpdateIdentityPoolInput::new(pool, "mine", GuestAccess::Allowed);
    let roles = SetIdentityPoolRolesInput::new(pool).roles(RoleType::Authenticated, ROLE);
    let tags = SetPrincipalTagAttributeMapInput::new(pool, FACEBOOK).use_defaults(true);
    let arn = aws.identity_pool_arn(pool);
    let get_roles = GetIdentityPoolRolesInput::new(pool);
    let get_tags = GetPrincipalTagAttributeMapInput::new(pool, FACEBOOK);
    vec![
        ("GetId", public.get_id(GetIdInput::new(pool)).map(drop)),
        (
            "GetId of a user",
            public.get_id(GetIdInput::new(pool).logins(FACEBOOK, "user:a")).map(drop),
        ),
        (
            "GetOpenIdTokenForDeveloperIdentity",
            aws.get_open_id_token_for_developer_identity(call(pool, "alice")).map(drop),
        ),
        (
            "resolve_developer_identity",
            aws.resolve_developer_identity(call(pool, "alice")).map(drop),
        ),
        (
            "DescribeIdentityPool",
            aws.describe_identity_pool(DescribeIdentityPoolInput::new(pool)).map(drop),
        ),
        ("ListIdentities", aws.list_identities(ListIdentitiesInput::new(pool, 60)).map(drop)),
        ("LookupDeveloperIdentity", aws.lookup_developer_identity(lookup).map(drop)),
        ("MergeDeveloperIdentities", aws.merge_developer_identities(merge).map(drop)),
        ("UnlinkDeveloperIdentity", aws.unlink_developer_identity(unlink)),
        ("GetIdentityPoolRoles", aws.get_identity_pool_roles(get_roles).map(drop)),
        ("SetIdentityPoolRoles", aws.set_identity_pool_roles(roles)),
        ("SetPrincipalTagAttributeMap", aws.set_principal_tag_attribute_map(tags).map(drop)),
        ("GetPrincipalTagAttributeMap", aws.get_principal_tag_attribute_map(get_tags).map(drop)),
        ("TagResource", aws.tag_resource(TagResourceInput::new(&arn).tags("a", "b"))),
        (
            "ListTagsForResource",
            aws.list_tags_for_resource(ListTagsForResourceInput::new(&arn)).map(drop),
        ),
        ("UntagResource", aws.untag_resource(UntagResourceInput::new(&arn).tag_keys("a"))),
        ("UpdateIdentityPool", aws.update_identity_pool(update).map(drop)),
        ("DeleteIdentityPool", aws.delete_identity_pool(DeleteIdentityPoolInput::new(pool))),
    ]
}

#[test]
fn a_pool_is_not_found_by_an_id_with_another_region() {
    for world in worlds() {
        let pool = pool(&world);
        let alice = call(&pool, "alice").logins(FACEBOOK, "user:a");
        let alice = world.resolve(alice).expect("registered");
        world.register(&pool, "bob");
        let described = || {
            let input = DescribeIdentityPoolInput::new(&pool);
            world.aws.describe_identity_pool(input).expect("described")
        };
        let before = (world.dump(), described());
        for other in &elsewhere(pool.as_str()) {
            for region in ["us-east-1", "eu-west-1"] {
                let doors = (&developer(&world.engine, ACCOUNT, region), &world.engine.public());
                for (operation, outcome) in on_pool(doors, other, &alice) {
                    let error = outcome.expect_err(operation);
                    assert_eq!(error.kind(), ErrorKind::ResourceNotFound, "{operation}: {error}");
                    assert_eq!((world.dump(), described()), before, "{operation}");
                }
            }
        }
        // The table calls what it says: with the right id all of it succeeds.
        for (operation, outcome) in on_pool((&world.aws, &world.engine.public()), &pool, &alice) {
            outcome.expect(operation);
        }
    }
}

/// A world in which each id is minted `times` times in a row.
fn repeating(times: usize, is_exclusive: bool) -> World {
    let minted = AtomicUsize::new(0);
    let mint = move || -> Result<Uuid, EntropyError> {
        Ok(Uuid::from_u128((minted.fetch_add(1, Ordering::SeqCst) / times) as u128))
    };
    let parts = |builder: cognate::Builder| {
        builder.signing_key(key(SigningAlgorithm::EdDsa)).ids(from_fn(mint))
    };
    if is_exclusive { World::exclusive(parts) } else { World::with(parts) }
}

#[test]
fn a_new_identity_gets_an_id_that_no_other_has() {
    for is_exclusive in [true, false] {
        let world = repeating(3, is_exclusive);
        let there = world.of(ACCOUNT, "eu-west-1");
        let pools = [pool(&world), pool(&world), pool(&there)];
        let mut guids = Vec::new();
        for round in 0..4 {
            for (world, pool) in [(&world, &pools[0]), (&world, &pools[1]), (&there, &pools[2])] {
                let public = world.engine.public();
                let guest = public.get_id(GetIdInput::new(pool)).expect("a guest");
                let user = GetIdInput::new(pool).logins(FACEBOOK, format!("user:{round}"));
                let user = public.get_id(user).expect("a user");
                let alice = world.register(pool, &format!("alice {round}"));
                for id in [guest.identity_id, user.identity_id, alice] {
                    assert_eq!(world.describe(&id).identity_id, id);
                    guids.push(id.as_str().split_once(':').expect("a region").1.to_owned());
                }
            }
        }
        let all = guids.len();
        guids.sort_unstable();
        guids.dedup();
        assert_eq!((guids.len(), all), (36, 36), "in every pool and region");
        world.check();
    }
}

#[test]
fn a_generator_of_a_single_id_makes_a_single_identity() {
    for is_exclusive in [true, false] {
        let world = repeating(usize::MAX, is_exclusive);
        let pool = pool(&world);
        let alice = world.register(&pool, "alice");
        let before = (world.dump(), world.describe(&alice));
        let public = world.engine.public();
        for outcome in [
            public.get_id(GetIdInput::new(&pool)).map(drop),
            public.get_id(GetIdInput::new(&pool).logins(FACEBOOK, "user:a")).map(drop),
            world.resolve(call(&pool, "bob")).map(drop),
        ] {
            let refused = outcome.expect_err("no id is left");
            assert_eq!(refused.kind(), ErrorKind::TooManyRequests);
            assert_eq!((world.dump(), world.describe(&alice)), before);
        }
        assert_eq!(world.register(&pool, "alice"), alice, "a known user needs no id");
        world.check();
    }
}
