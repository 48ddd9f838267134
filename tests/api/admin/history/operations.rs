//! The event of each operation: the caller, the request, and what has changed.

use cognate::admin::{
    AdminDeleteIdentitiesInput, DisableIdentityInput, LinkLoginInput, UndoInput, UnlinkLoginInput,
};
use cognate::name::RequestId;
use cognate::operation::{
    AmbiguousRoleResolution, CreateIdentityPoolInput, DeleteIdentitiesInput,
    GetCredentialsForIdentityInput, GetIdInput, GetOpenIdTokenInput, GuestAccess,
    MergeDeveloperIdentitiesInput, RoleMapping, RoleType, SetIdentityPoolRolesInput,
    SetPrincipalTagAttributeMapInput, TagResourceInput, UnlinkDeveloperIdentityInput,
    UnlinkIdentityInput, UntagResourceInput, UpdateIdentityPoolInput,
};
use cognate::wire;

use super::*;
use crate::support::{ACCOUNT, REGION, target};

fn request(text: &str) -> RequestId {
    text.parse().expect("an id")
}

/// The time that passes between two steps.
const SECOND: u64 = 1000;

/// Asserts the events that the last step has added to the pool's activity, and passes a second.
struct Told<'a> {
    world: &'a World,
    pool: IdentityPoolId,
    known: usize,
    now: u64,
}

impl<'a> Told<'a> {
    /// Begins a second after the events that the pool has.
    fn behind(world: &'a World, pool: &IdentityPoolId) -> Self {
        let (known, now) = (activity(world, pool).len(), NOON + SECOND);
        world.clock.set(now);
        Self { world, pool: pool.clone(), known, now }
    }

    #[track_caller]
    fn expect(&mut self, expected: &[&str]) {
        let events = activity(self.world, &self.pool);
        let new = &events[..events.len() - self.known];
        assert_eq!(lines(new), expected);
        assert!(new.iter().all(|event| event.date.as_millis() == self.now));
        self.known = events.len();
        self.now += SECOND;
        self.world.clock.set(self.now);
    }
}

#[test]
fn each_change_of_a_pool_names_its_members() {
    const UUID: &str = "f3a1c2d4-0000-4000-8000-00000000000a";
    let world = world();
    let aws = world.aws.request(request(UUID));
    let created = aws.create_identity_pool(CreateIdentityPoolInput::new("p", GuestAccess::Allowed));
    let pool = created.expect("created").identity_pool_id;
    let mut told = Told { world: &world, pool: pool.clone(), known: 0, now: NOON };
    told.expect(&[&format!("pool/1 CreateIdentityPool {ACCOUNT} {UUID}: created")]);

    let update = |name: &str, guests| UpdateIdentityPoolInput::new(&pool, name, guests);
    aws.update_identity_pool(update("town", GuestAccess::Denied).developer_provider_name(GAME))
        .expect("updated");
    told.expect(&[&format!(
        "pool/2 UpdateIdentityPool {ACCOUNT} {UUID}: changed [IdentityPoolName, \
         AllowUnauthenticatedIdentities, DeveloperProviderName]"
    )]);
    let arn = |of: &str| format!("arn:aws:iam::{ACCOUNT}:{of}");
    let user_pool = "cognito-idp.us-east-1.amazonaws.com/us-east-1_a".parse().expect("a name");
    let user_pool = cognate::operation::CognitoIdentityProvider::new(user_pool, parse("client"));
    let all = update("town", GuestAccess::Denied)
        .developer_provider_name(GAME)
        .allow_classic_flow(true)
        .supported_login_providers(FACEBOOK, "1234567890")
        .supported_login_providers(AMAZON, "amzn1.app")
        .open_id_connect_provider_arns(arn("oidc-provider/id.example.com").as_str())
        .cognito_identity_providers(user_pool)
        .saml_provider_arns(arn("saml-provider/corp").as_str())
        .identity_pool_tags("stage", "test");
    world.aws.update_identity_pool(all.clone()).expect("updated");
    told.expect(&[&format!(
        "pool/3 UpdateIdentityPool {ACCOUNT} -: changed [AllowClassicFlow, \
         SupportedLoginProviders, OpenIdConnectProviderArns, CognitoIdentityProviders, \
         SamlProviderArns, IdentityPoolTags]"
    )]);
    world.aws.update_identity_pool(all).expect("the same again");
    told.expect(&[]);

    let roles = || {
        let roles = SetIdentityPoolRolesInput::new(&pool);
        roles.roles(RoleType::Authenticated, arn("role/user").as_str())
    };
    world.aws.set_identity_pool_roles(roles()).expect("set");
    told.expect(&[&format!("pool/4 SetIdentityPoolRoles {ACCOUNT} -: changed [Roles]")]);
    let mapping = RoleMapping::token(AmbiguousRoleResolution::Deny);
    let mapped = roles().role_mappings(FACEBOOK, mapping);
    world.aws.set_identity_pool_roles(mapped).expect("set");
    told.expect(&[&format!("pool/5 SetIdentityPoolRoles {ACCOUNT} -: changed [RoleMappings]")]);
    let map = SetPrincipalTagAttributeMapInput::new(&pool, FACEBOOK).use_defaults(true);
    world.aws.set_principal_tag_attribute_map(map).expect("set");
    told.expect(&[&format!(
        "pool/6 SetPrincipalTagAttributeMap {ACCOUNT} -: changed [PrincipalTags]"
    )]);
    let arn = world.aws.identity_pool_arn(&pool);
    world.aws.tag_resource(TagResourceInput::new(&arn).tags("a", "b")).expect("tagged");
    told.expect(&[&format!("pool/7 TagResource {ACCOUNT} -: changed [IdentityPoolTags]")]);
    world.aws.untag_resource(UntagResourceInput::new(&arn).tag_keys("a")).expect("untagged");
    told.expect(&[&format!("pool/8 UntagResource {ACCOUNT} -: changed [IdentityPoolTags]")]);
    world.aws.untag_resource(UntagResourceInput::new(&arn).tag_keys("a")).expect("no longer there");
    told.expect(&[]);
    world.check();
}

#[test]
fn each_call_of_the_service_is_told_with_its_caller() {
    // Not the text of a UUID as the engine would print it.
    const UPPER: &str = "F3A1C2D4-0000-4000-8000-00000000000A";
    let world = world();
    let pool = town(&world);
    let role = format!("arn:aws:iam::{ACCOUNT}:role/user");
    let roles = SetIdentityPoolRolesInput::new(&pool);
    let roles = roles.roles(RoleType::Authenticated, role.as_str());
    world.aws.set_identity_pool_roles(roles).expect("set");
    let mut told = Told::behind(&world, &pool);
    let public = world.engine.public().request(request("a/b:7"));

    let guest = public.get_id(GetIdInput::new(&pool)).expect("a guest").identity_id;
    told.expect(&["<2>/1 GetId anyone a/b:7: created"]);
    let context = wire::Context::anonymous().with_request_id(request(UPPER));
    let body = format!(r#"{{"IdentityPoolId":"{pool}","Logins":{{"{FACEBOOK}":"user:face"}}}}"#);
    let reply = wire::call(&world.engine, &context, &target("GetId"), body.as_bytes());
    assert_eq!(reply.status, 200);
    told.expect(&[&format!("<3>/1 GetId anyone {UPPER}: created f:face")]);
    let face: IdentityId = parse(&id(3));

    let input = GetOpenIdTokenInput::new(&guest).logins(AMAZON, "user:gus");
    world.engine.public().get_open_id_token(input).expect("linked");
    told.expect(&["<2>/2 GetOpenIdToken anyone -: linked a:gus to a guest"]);
    let input = GetCredentialsForIdentityInput::new(&face).logins(FACEBOOK, "user:face");
    public.get_credentials_for_identity(input.logins(AMAZON, "user:amy")).expect("linked");
    told.expect(&["<3>/2 GetCredentialsForIdentity anyone a/b:7: linked a:amy"]);
    let input = GetCredentialsForIdentityInput::new(&face).logins(FACEBOOK, "user:face");
    public.get_credentials_for_identity(input).expect("known");
    told.expect(&[]);

    // The credentials have drawn ids of their own.
    world.ids.next(4);
    let aws = world.aws.request(request("7"));
    let alice = aws.resolve_developer_identity(call(&pool, "alice")).expect("registered");
    let resolve = "GetOpenIdTokenForDeveloperIdentity 123456789012";
    told.expect(&[&format!("<4>/1 {resolve} 7: created g:alice")]);
    let context = wire::Context::signed(parse(ACCOUNT), parse(REGION));
    let context = context.with_request_id(request("8"));
    let body = format!(r#"{{"IdentityPoolId":"{pool}","Logins":{{"{GAME}":"bob"}}}}"#);
    let target = target("GetOpenIdTokenForDeveloperIdentity");
    let reply = wire::call(&world.engine, &context, &target, body.as_bytes());
    assert_eq!(reply.status, 200);
    told.expect(&[&format!("<5>/1 {resolve} 8: created g:bob")]);

    let merge = MergeDeveloperIdentitiesInput::new(&pool, GAME, "bob", "alice");
    aws.merge_developer_identities(merge.clone()).expect("merged");
    told.expect(&[
        "<5>/2 MergeDeveloperIdentities 123456789012 7: gave up g:bob to <4>/2",
        "<4>/2 MergeDeveloperIdentities 123456789012 7: took over g:bob from <5>/2",
    ]);
    aws.merge_developer_identities(merge).expect("merged already");
    told.expect(&[]);
    let input = UnlinkDeveloperIdentityInput::new(&pool, &alice, GAME, "bob");
    aws.unlink_developer_identity(input.clone()).expect("unlinked");
    told.expect(&["<4>/3 UnlinkDeveloperIdentity 123456789012 7: unlinked g:bob"]);
    aws.unlink_developer_identity(input).expect_err("unlinked already");
    told.expect(&[]);
    let input = UnlinkIdentityInput::new(&face).logins(FACEBOOK, "user:face");
    public.unlink_identity(input.clone().logins_to_remove(AMAZON)).expect("unlinked");
    told.expect(&["<3>/3 UnlinkIdentity anyone a/b:7: unlinked a:amy"]);
    public.unlink_identity(input.logins_to_remove(FACEBOOK)).expect("unlinked");
    told.expect(&["<3>/4 UnlinkIdentity anyone a/b:7: unlinked f:face, disabled"]);
    let deleted = aws.delete_identities(DeleteIdentitiesInput::new([&face])).expect("deleted");
    assert_eq!(deleted.unprocessed_identity_ids, []);
    let events = activity(&world, &pool);
    assert_eq!(lines(&events[..1]), ["<3>/5 DeleteIdentities 123456789012 7: deleted"]);
    let of_face = events.iter().filter(|event| event.identity_id.as_ref() == Some(&face));
    assert_eq!(of_face.count(), 1);
    world.check();
}

#[test]
fn each_call_of_an_administrator_is_told() {
    let world = world();
    let pool = town(&world);
    let alice = world.register(&pool, "alice");
    let admin = world.engine.admin().request(request("ticket-7"));
    let mut told = Told::behind(&world, &pool);
    admin.link_login(LinkLoginInput::new(&alice, FACEBOOK, "a")).expect("linked");
    told.expect(&["<2>/2 LinkLogin administrator ticket-7: linked f:a"]);
    admin.link_login(LinkLoginInput::new(&alice, FACEBOOK, "a")).expect("linked already");
    told.expect(&[]);
    admin.unlink_login(UnlinkLoginInput::new(&alice, FACEBOOK, "a")).expect("unlinked");
    told.expect(&["<2>/3 UnlinkLogin administrator ticket-7: unlinked f:a"]);
    admin.undo(UndoInput::new(event(&alice, 2))).expect_err("overtaken");
    told.expect(&[]);
    admin.undo(UndoInput::new(event(&alice, 3))).expect("undone");
    told.expect(&["<2>/4 Undo administrator ticket-7: restored f:a Authenticated undid <2>/3"]);
    world.engine.admin().disable_identity(DisableIdentityInput::new(&alice)).expect("disabled");
    told.expect(&["<2>/5 DisableIdentity administrator -: unlinked g:alice f:a, disabled"]);
    let marked = "<2>/3 UnlinkLogin administrator ticket-7: unlinked f:a undone by <2>/4";
    assert!(lines(&history(&world, &alice)).contains(&marked.to_owned()));
    admin.delete_identities(AdminDeleteIdentitiesInput::new([&alice])).expect("deleted");
    let deleted = "<2>/6 AdminDeleteIdentities administrator ticket-7: deleted";
    assert_eq!(lines(&activity(&world, &pool)[..1]), [deleted]);
    world.check();
}

#[test]
fn request_ids_keep_their_text() {
    for text in [
        "f3a1c2d4-0000-4000-8000-00000000000a",
        "00000000-0000-0000-0000-000000000000",
        "F3A1C2D4-0000-4000-8000-00000000000A",
        "f3a1c2d40000400080000000000000a1",
        "{f3a1c2d4-0000-4000-8000-00000000000a}",
        "urn:uuid:f3a1c2d4-0000-4000-8000-00000000000a",
        "x",
        "\u{e9}-7",
        &"x".repeat(64),
    ] {
        let world = world();
        let pool = town(&world);
        let aws = world.aws.request(request(text));
        let alice = aws.resolve_developer_identity(call(&pool, "alice")).expect("registered");
        let told = |world: &World| {
            let events = history(world, &alice);
            events.iter().map(|event| event.request_id.clone()).collect::<Vec<_>>()
        };
        assert_eq!(told(&world), [Some(request(text))]);
        // Once the journal tells the creation, too.
        let admin = world.engine.admin();
        link(&admin, &alice, FACEBOOK, "a").expect("linked");
        assert_eq!(told(&world), [None, Some(request(text))]);
    }
    for text in ["", " ", "a b", &"x".repeat(65)] {
        assert!(text.parse::<RequestId>().is_err(), "{text}");
    }
}
