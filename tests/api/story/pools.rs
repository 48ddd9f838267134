//! Updates and deletions of pools.

use cognate::name::IdentityPoolId;
use cognate::operation::{
    CognitoIdentityProvider, CreateIdentityPoolInput, DeleteIdentityPoolInput,
    DescribeIdentityInput, DescribeIdentityPoolInput, GuestAccess, IdentityPool,
    ListIdentityPoolsInput, UnlinkDeveloperIdentityInput, UpdateIdentityPoolInput,
};
use cognate::store::Tree;
use cognate::token::SigningAlgorithm;

use super::{merge, world};
use crate::support::{FACEBOOK, GAME, World, call, key, parse, refused};

const OIDC: &str = "arn:aws:iam::123456789012:oidc-provider/idp.example";
const SAML: &str = "arn:aws:iam::123456789012:saml-provider/corp";
const USER_POOL: &str = "cognito-idp.us-east-1.amazonaws.com/us-east-1_a";

fn everything(world: &World) -> IdentityPool {
    let input = CreateIdentityPoolInput::new("game", GuestAccess::Allowed)
        .supported_login_providers(FACEBOOK, "12")
        .developer_provider_name(GAME)
        .open_id_connect_provider_arns(OIDC)
        .saml_provider_arns(SAML)
        .identity_pool_tags("team", "blue");
    let user_pool = CognitoIdentityProvider::new(parse(USER_POOL), parse("3n4b"));
    let input = input.cognito_identity_providers(user_pool.server_side_token_check(true));
    world.aws.create_identity_pool(input.allow_classic_flow(false)).expect("created")
}

fn describe(world: &World, pool: &IdentityPoolId) -> cognate::Result<IdentityPool> {
    world.aws.describe_identity_pool(DescribeIdentityPoolInput::new(pool))
}

fn delete(world: &World, pool: &IdentityPoolId) -> cognate::Result<()> {
    world.aws.delete_identity_pool(DeleteIdentityPoolInput::new(pool))
}

fn update(pool: &IdentityPoolId) -> UpdateIdentityPoolInput {
    UpdateIdentityPoolInput::new(pool, "game 2", GuestAccess::Denied)
}

#[test]
fn an_update_resets_omitted_settings_except_the_developer_provider_and_the_tags() {
    let world = world();
    let before = everything(&world);
    let id = &before.identity_pool_id;
    assert_eq!(describe(&world, id).expect("described"), before);

    let after = world.aws.update_identity_pool(update(id)).expect("updated");
    assert_eq!(describe(&world, id).expect("described"), after);
    assert_eq!(after.identity_pool_id, *id);
    assert_eq!(after.identity_pool_name.as_str(), "game 2");
    assert!(!after.allow_unauthenticated_identities);
    assert_eq!(after.allow_classic_flow, None);
    assert!(after.supported_login_providers.is_empty());
    assert_eq!(after.open_id_connect_provider_arns, []);
    assert_eq!(after.cognito_identity_providers, []);
    assert_eq!(after.saml_provider_arns, []);
    assert_eq!(after.developer_provider_name, Some(parse(GAME)), "stays");
    assert_eq!(after.identity_pool_tags, before.identity_pool_tags, "stay");

    let listing = ListIdentityPoolsInput::new(60);
    let listed = world.aws.list_identity_pools(listing).expect("listed").identity_pools;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].identity_pool_name.as_str(), "game 2", "renamed there too");
    world.check();
}

#[test]
fn an_update_replaces_what_it_gives() {
    let world = world();
    let id = everything(&world).identity_pool_id;
    let input = update(&id)
        .allow_classic_flow(true)
        .identity_pool_tags("cost", "")
        .developer_provider_name(GAME)
        .supported_login_providers(FACEBOOK, "34");
    let after = world.aws.update_identity_pool(input.clone()).expect("updated");
    assert_eq!(after.allow_classic_flow, Some(true));
    assert_eq!(after.supported_login_providers, [(parse(FACEBOOK), parse("34"))].into());
    assert_eq!(after.identity_pool_tags, [(parse("cost"), parse(""))].into());
    assert_eq!(world.aws.update_identity_pool(input).expect("again"), after);

    let mut none = after.clone();
    none.identity_pool_tags.clear();
    let after = world.aws.update_identity_pool(none.into()).expect("updated");
    assert!(
        after.identity_pool_tags.is_empty(),
        "an empty map of tags differs from an omitted one"
    );
}

#[test]
fn a_developer_provider_can_be_set_once() {
    let world = world();
    let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied);
    let id = world.aws.create_identity_pool(input).expect("created").identity_pool_id;
    let unsupported =
        "This identity pool does not support the specified developer provider".to_owned();
    let outcome = world.resolve(call(&id, "alice"));
    assert_eq!(refused(outcome), ("InvalidParameterException", unsupported));

    let named = |name| update(&id).developer_provider_name(name);
    let after = world.aws.update_identity_pool(named(GAME)).expect("set");
    assert_eq!(after.developer_provider_name, Some(parse(GAME)));
    world.register(&id, "alice");
    let fixed = "Developer provider name cannot be changed once it has been set.".to_owned();
    let outcome = world.aws.update_identity_pool(named("login.Game"));
    assert_eq!(refused(outcome), ("InvalidParameterException", fixed));
    world.aws.update_identity_pool(named(GAME)).expect("the same is no change");
}

#[test]
fn a_provider_that_is_removed_leaves_its_logins_linked() {
    let world = world();
    let id = everything(&world).identity_pool_id;
    let both = call(&id, "alice").logins(FACEBOOK, "user:a");
    let alice = world.resolve(both.clone()).expect("registered");
    world.aws.update_identity_pool(update(&id)).expect("updated");
    let unsupported = "Token is not from a supported provider of this identity pool.".to_owned();
    assert_eq!(refused(world.resolve(both)), ("NotAuthorizedException", unsupported));
    assert_eq!(world.describe(&alice).logins, [parse(FACEBOOK), parse(GAME)]);

    let again = update(&id).supported_login_providers(FACEBOOK, "12");
    world.aws.update_identity_pool(again).expect("updated");
    let zoe = call(&id, "zoe").logins(FACEBOOK, "user:a");
    assert_eq!(world.resolve(zoe).expect("known"), alice);
    world.check();
}

/// A pool with identities of every kind.
fn lived_in(world: &World) -> IdentityPoolId {
    let pool = world.game();
    let both = call(&pool, "alice").logins(FACEBOOK, "user:a");
    world.resolve(both).expect("registered");
    world.register(&pool, "bob");
    world.aws.merge_developer_identities(merge(&pool, "bob", "alice")).expect("merged");
    let carol = world.register(&pool, "carol");
    let unlink = UnlinkDeveloperIdentityInput::new(&pool, &carol, GAME, "carol");
    world.aws.unlink_developer_identity(unlink).expect("unlinked");
    for n in 0..130 {
        world.register(&pool, &format!("user-{n}"));
    }
    pool
}

#[test]
fn a_deleted_pool_leaves_nothing_behind() {
    let world = World::with(|builder| builder.signing_algorithm(SigningAlgorithm::EdDsa));
    let pool = lived_in(&world);
    delete(&world, &pool).expect("deleted");
    let left: Vec<_> = world.dump().into_iter().map(|(key, _)| key.tree).collect();
    assert_eq!(left, [Tree::SigningKeys], "but for the region's key");
    world.check();
}

#[test]
fn a_deleted_pool_leaves_the_others_alone() {
    let world = World::with(|builder| builder.signing_key(key(SigningAlgorithm::EdDsa)));
    let kept = world.game();
    let alice = world.register(&kept, "alice");
    let before = world.dump();
    let pool = lived_in(&world);
    assert_ne!(world.dump(), before);
    delete(&world, &pool).expect("deleted");
    assert_eq!(world.dump(), before);
    assert_eq!(world.register(&kept, "alice"), alice);
}

#[test]
fn identities_of_a_deleted_pool_are_not_found() {
    let world = world();
    let pool = world.game();
    let alice = world.register(&pool, "alice");
    describe(&world, &pool).expect("described");
    delete(&world, &pool).expect("deleted");
    let not_found = ("ResourceNotFoundException", format!("IdentityPool '{pool}' not found."));
    assert_eq!(refused(describe(&world, &pool)), not_found);
    assert_eq!(refused(world.resolve(call(&pool, "alice"))), not_found);
    assert_eq!(refused(delete(&world, &pool)), not_found);
    let outcome = world.aws.describe_identity(DescribeIdentityInput::new(&alice));
    let not_found = format!("Identity '{alice}' not found.");
    assert_eq!(refused(outcome), ("ResourceNotFoundException", not_found));
    assert_ne!(world.register(&world.game(), "alice"), alice);
}
