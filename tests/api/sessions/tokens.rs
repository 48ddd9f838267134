//! The engine's own tokens as logins of a session.

use super::*;

/// A guest's own token proves no more than the guest's id.
#[test]
fn a_guests_token_does_not_get_around_a_pool_without_guests() {
    let world = World::new();
    let pool = pool(&world);
    let guest = guest(&world, &pool);
    let input = GetOpenIdTokenInput::new(&guest);
    let token = world.engine.public().get_open_id_token(input).expect("a guest's").token;
    let by_token = [(COGNITO, token.as_str())];
    credentials(&world, &guest, &by_token).expect("guests are allowed");
    let update = UpdateIdentityPoolInput::new(&pool, "game", GuestAccess::Denied);
    world.aws.update_identity_pool(update).expect("updated");
    let text = "Unauthenticated access is not supported for this identity pool.";
    for logins in [&by_token[..], &[]] {
        let refusal = refused(credentials(&world, &guest, logins));
        assert_eq!(refusal, ("NotAuthorizedException", text.to_owned()));
    }
}

#[test]
fn a_guests_token_needs_no_provider() {
    let world = World::new();
    let input = CreateIdentityPoolInput::new("bare", GuestAccess::Allowed);
    let pool = world.aws.create_identity_pool(input).expect("created").identity_pool_id;
    let roles = SetIdentityPoolRolesInput::new(&pool).roles(RoleType::Unauthenticated, GUEST);
    world.aws.set_identity_pool_roles(roles).expect("set");
    let guest = guest(&world, &pool);
    let input = GetOpenIdTokenInput::new(&guest);
    let token = world.engine.public().get_open_id_token(input).expect("a guest's").token;
    credentials(&world, &guest, &[(COGNITO, token.as_str())]).expect("a guest's");
}

/// A token proves the logins that it names, as long as they belong to the identity.
#[test]
fn a_token_opens_nothing_that_its_login_has_left() {
    let world = World::new();
    let pool = pool(&world);
    let input = call(&pool, "alice").principal_tags("plan", "gold");
    let alice = world.aws.get_open_id_token_for_developer_identity(input).expect("registered");
    let bob = call(&pool, "bob").identity_id(&alice.identity_id);
    assert_eq!(world.resolve(bob).expect("linked"), alice.identity_id);
    let by_token = [(COGNITO, alice.token.as_str())];
    credentials(&world, &alice.identity_id, &by_token).expect("alice's");
    let beside = [by_token[0], (FACEBOOK, "user:b")];
    credentials(&world, &alice.identity_id, &beside).expect("Facebook's is linked");

    let unlink = UnlinkDeveloperIdentityInput::new(&pool, &alice.identity_id, GAME, "alice");
    world.aws.unlink_developer_identity(unlink).expect("unlinked");
    let before = world.dump();
    for logins in [&by_token[..], &[by_token[0], (FACEBOOK, "user:a")]] {
        let (name, text) = refused(credentials(&world, &alice.identity_id, logins));
        assert_eq!(name, "NotAuthorizedException");
        assert!(text.starts_with("Logins don't match."), "{text}");
    }
    assert_eq!(world.dump(), before);

    // With a login that opens the identity, the token adds nothing.
    let output = credentials(&world, &alice.identity_id, &beside).expect("Facebook opens");
    let session = session(&world, &output.credentials);
    assert!(session.principal_tags.is_empty());
    assert_eq!(session.amr, ["authenticated", FACEBOOK, &format!("{FACEBOOK}:{APP}:b")]);
}

/// A login that the token names is not named a second time, even if the verifier's name for it
/// changed.
#[test]
fn a_login_has_one_full_name_in_a_session() {
    let world = World::new();
    let pool = pool(&world);
    let arn = "arn:aws:iam::123456789012:oidc-provider/graph.facebook.com:OIDC:a";
    let named = format!("user:a;amr={arn}");
    let input = GetIdInput::new(&pool).logins(FACEBOOK, named.as_str());
    let identity = world.engine.public().get_id(input).expect("new").identity_id;
    let input = GetOpenIdTokenInput::new(&identity);
    let input = input.logins(FACEBOOK, named.as_str());
    let token = world.engine.public().get_open_id_token(input).expect("known").token;
    let beside = [(COGNITO, token.as_str()), (FACEBOOK, "user:a")];
    let output = credentials(&world, &identity, &beside).expect("both open it");
    let session = session(&world, &output.credentials);
    assert_eq!(session.amr, ["authenticated", FACEBOOK, arn]);
}

/// A token carries no claims for a role mapping.
#[test]
fn a_role_mapping_counts_for_a_token_of_this_service_too() {
    let world = World::new();
    let pool = pool(&world);
    let input = call(&pool, "alice").logins(FACEBOOK, "user:a");
    let alice = world.aws.get_open_id_token_for_developer_identity(input).expect("registered");
    let by_token = [(COGNITO, alice.token.as_str())];
    for (ambiguous, role) in [
        (AmbiguousRoleResolution::AuthenticatedRole, Some(PLAYER)),
        (AmbiguousRoleResolution::Deny, None),
    ] {
        let roles = SetIdentityPoolRolesInput::new(&pool)
            .roles(RoleType::Authenticated, PLAYER)
            .role_mappings(FACEBOOK, RoleMapping::token(ambiguous));
        world.aws.set_identity_pool_roles(roles).expect("set");
        let outcome = credentials(&world, &alice.identity_id, &by_token);
        let chosen = outcome.map(|output| session(&world, &output.credentials).role_arn);
        assert_eq!(chosen.ok().as_ref().map(cognate::name::Arn::as_str), role, "{ambiguous:?}");
    }
}
