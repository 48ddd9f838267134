//! Outputs and settings that an embedder builds, for a stand-in of the engine or for tests of its
//! own parts: `new` and the public members suffice for every answer that an engine gives.

use cognate::operation::{
    CreateIdentityPoolInput, DeleteIdentitiesInput, DeleteIdentitiesOutput, DescribeIdentityInput,
    DescribeIdentityPoolInput, GetCredentialsForIdentityInput, GetCredentialsForIdentityOutput,
    GetIdInput, GetIdOutput, GetIdentityPoolRolesInput, GetIdentityPoolRolesOutput,
    GetOpenIdTokenForDeveloperIdentityOutput, GetOpenIdTokenInput, GetOpenIdTokenOutput,
    GetPrincipalTagAttributeMapInput, GetPrincipalTagAttributeMapOutput, GuestAccess,
    IdentityDescription, IdentityPool, IdentityPoolShortDescription, ListIdentitiesInput,
    ListIdentitiesOutput, ListIdentityPoolsInput, ListIdentityPoolsOutput,
    ListTagsForResourceInput, ListTagsForResourceOutput, LookupDeveloperIdentityInput,
    LookupDeveloperIdentityOutput, MergeDeveloperIdentitiesInput, MergeDeveloperIdentitiesOutput,
    RoleType, SetIdentityPoolRolesInput, SetPrincipalTagAttributeMapInput, UnprocessedIdentityId,
};

use crate::support::{ACCOUNT, FACEBOOK, GAME, REGION, World, call, developer};

const ROLE: &str = "arn:aws:iam::123456789012:role/player";

#[test]
fn answers_about_pools_can_be_built() {
    let world = World::new();
    let input = CreateIdentityPoolInput::new("game", GuestAccess::Allowed)
        .allow_classic_flow(true)
        .developer_provider_name(GAME)
        .supported_login_providers(FACEBOOK, "1234567890")
        .identity_pool_tags("stage", "test");
    let made = world.aws.create_identity_pool(input).expect("created");
    let pool = &made.identity_pool_id;
    let mut built = IdentityPool::new(pool.clone(), made.identity_pool_name.clone(), true);
    let described = world.aws.describe_identity_pool(DescribeIdentityPoolInput::new(pool));
    assert_ne!(Some(&built), described.as_ref().ok());
    built.allow_classic_flow = Some(true);
    built.developer_provider_name = made.developer_provider_name;
    built.supported_login_providers = made.supported_login_providers;
    built.identity_pool_tags.clone_from(&made.identity_pool_tags);
    assert_eq!(built, described.expect("described"));

    world.game();
    let listed = world.aws.list_identity_pools(ListIdentityPoolsInput::new(1)).expect("listed");
    let name = built.identity_pool_name.clone();
    let entry = IdentityPoolShortDescription::new(pool.clone(), name);
    let mut page = ListIdentityPoolsOutput::new(vec![entry]);
    assert_ne!(page, listed, "there is a second page");
    page.next_token.clone_from(&listed.next_token);
    assert_eq!(page, listed);

    let tags = ListTagsForResourceInput::new(world.aws.identity_pool_arn(pool));
    let tags = world.aws.list_tags_for_resource(tags).expect("listed");
    assert_eq!(ListTagsForResourceOutput::new(made.identity_pool_tags), tags);

    let roles = SetIdentityPoolRolesInput::new(pool).roles(RoleType::Authenticated, ROLE);
    world.aws.set_identity_pool_roles(roles).expect("set");
    let roles = GetIdentityPoolRolesInput::new(pool);
    let roles = world.aws.get_identity_pool_roles(roles).expect("read");
    let mut built = GetIdentityPoolRolesOutput::new(pool.clone());
    built.roles.insert(RoleType::Authenticated, ROLE.parse().expect("a role"));
    assert_eq!(built, roles);

    let map = SetPrincipalTagAttributeMapInput::new(pool, FACEBOOK).use_defaults(true);
    world.aws.set_principal_tag_attribute_map(map).expect("set");
    let map = GetPrincipalTagAttributeMapInput::new(pool, FACEBOOK);
    let map = world.aws.get_principal_tag_attribute_map(map).expect("read");
    let provider = FACEBOOK.parse().expect("a name");
    let mut built = GetPrincipalTagAttributeMapOutput::new(pool.clone(), provider, true);
    built.principal_tags.clone_from(&map.principal_tags);
    assert_eq!(built, map);
}

#[test]
fn answers_about_identities_can_be_built() {
    let world = World::new();
    let input = CreateIdentityPoolInput::new("game", GuestAccess::Allowed)
        .allow_classic_flow(true)
        .developer_provider_name(GAME);
    let pool = world.aws.create_identity_pool(input).expect("created").identity_pool_id;
    let roles = SetIdentityPoolRolesInput::new(&pool).roles(RoleType::Unauthenticated, ROLE);
    world.aws.set_identity_pool_roles(roles).expect("set");

    let public = world.engine.public();
    let guest = public.get_id(GetIdInput::new(&pool)).expect("a guest");
    let id = guest.identity_id.clone();
    assert_eq!(GetIdOutput::new(id.clone()), guest);
    let token = public.get_open_id_token(GetOpenIdTokenInput::new(&id)).expect("a token");
    assert_eq!(GetOpenIdTokenOutput::new(id.clone(), token.token.clone()), token);
    let input = GetCredentialsForIdentityInput::new(&id);
    let session = public.get_credentials_for_identity(input).expect("credentials");
    let credentials = session.credentials.clone();
    assert_eq!(GetCredentialsForIdentityOutput::new(id.clone(), credentials), session);

    let described = world.describe(&id);
    let built = IdentityDescription::new(id.clone(), described.creation_date);
    assert_eq!(built, described);
    let listed = world.aws.list_identities(ListIdentitiesInput::new(&pool, 60)).expect("listed");
    assert_eq!(ListIdentitiesOutput::new(pool.clone(), vec![built]), listed);

    let token = world.aws.get_open_id_token_for_developer_identity(call(&pool, "alice"));
    let token = token.expect("a token");
    let alice = token.identity_id.clone();
    let built = GetOpenIdTokenForDeveloperIdentityOutput::new(alice.clone(), token.token.clone());
    assert_eq!(built, token);
    let input = LookupDeveloperIdentityInput::new(&pool).identity_id(&alice);
    let found = world.aws.lookup_developer_identity(input).expect("found");
    let users = vec!["alice".parse().expect("a user")];
    assert_eq!(LookupDeveloperIdentityOutput::new(alice.clone(), users), found);
    let merged = MergeDeveloperIdentitiesInput::new(&pool, GAME, "bob", "alice");
    world.register(&pool, "bob");
    let merged = world.aws.merge_developer_identities(merged).expect("merged");
    assert_eq!(MergeDeveloperIdentitiesOutput::new(alice.clone()), merged);

    let stranger = developer(&world.engine, "999999999999", REGION);
    let input = DeleteIdentitiesInput::new([&alice]);
    let kept = stranger.delete_identities(input).expect("answered");
    let code = kept.unprocessed_identity_ids[0].error_code;
    let entry = UnprocessedIdentityId::new(alice.clone(), code);
    assert_eq!(DeleteIdentitiesOutput::new(vec![entry]), kept);
    let input = DescribeIdentityInput::new(&alice);
    developer(&world.engine, ACCOUNT, REGION).describe_identity(input).expect("is still there");
}
