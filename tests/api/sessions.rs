//! Credentials, and who is calling with them.

use std::sync::{Arc, Mutex};

use cognate::{
    AmbiguousRoleResolution, CreateIdentityPoolInput, CredentialError, CredentialIssuer,
    Credentials, ErrorKind, GetCredentialsForIdentityInput, GetCredentialsForIdentityOutput,
    GetIdInput, GetOpenIdTokenForDeveloperIdentityInput, GetOpenIdTokenInput, GuestAccess,
    IdentityId, IdentityPoolId, Refusal, RoleMapping, RoleType, Session, SetIdentityPoolRolesInput,
    SetPrincipalTagAttributeMapInput, SigningAlgorithm, SledOptions, Timestamp,
    UnlinkDeveloperIdentityInput, UpdateIdentityPoolInput,
};

use crate::support::{FACEBOOK, GAME, NOON, World, call, developer, key, parse, refused};

/// The application of Facebook.
const APP: &str = "1234567890";
const COGNITO: &str = "cognito-identity.amazonaws.com";
const PLAYER: &str = "arn:aws:iam::123456789012:role/service/player";
const GUEST: &str = "arn:aws:iam::123456789012:role/guest";

/// A pool with both roles, for guests too.
fn pool(world: &World) -> IdentityPoolId {
    let input = CreateIdentityPoolInput::new("game", GuestAccess::Allowed)
        .and_then(|input| input.developer_provider_name(GAME))
        .and_then(|input| input.supported_login_provider(FACEBOOK, APP));
    let pool = world.aws.create_identity_pool(input.expect("fits")).expect("created");
    let roles = SetIdentityPoolRolesInput::new(&pool.identity_pool_id)
        .and_then(|input| input.role(RoleType::Authenticated, PLAYER))
        .and_then(|input| input.role(RoleType::Unauthenticated, GUEST));
    world.aws.set_identity_pool_roles(roles.expect("fits")).expect("set");
    pool.identity_pool_id
}

fn guest(world: &World, pool: &IdentityPoolId) -> IdentityId {
    let input = GetIdInput::new(pool).expect("fits");
    world.engine.public().get_id(input).expect("a guest").identity_id
}

fn credentials(
    world: &World,
    identity: &IdentityId,
    logins: &[(&str, &str)],
) -> cognate::Result<GetCredentialsForIdentityOutput> {
    let input = GetCredentialsForIdentityInput::new(identity).expect("fits");
    let input = logins
        .iter()
        .fold(input, |input, (provider, token)| input.login(*provider, *token).expect("fits"));
    world.engine.public().get_credentials_for_identity(input)
}

/// The session that credentials open.
fn session(world: &World, credentials: &Credentials) -> Session {
    let verified = world.engine.verify_session(credentials.session_token.as_str());
    let verified = verified.expect("genuine");
    assert_eq!(verified.access_key_id, credentials.access_key_id);
    assert_eq!(verified.secret_key, credentials.secret_key);
    assert_eq!(verified.session.expiration, credentials.expiration);
    verified.session
}

#[test]
fn credentials_have_the_shape_of_the_service() {
    let world = World::new();
    let pool = pool(&world);
    let guest = guest(&world, &pool);
    let one = credentials(&world, &guest, &[]).expect("a guest's").credentials;
    let two = credentials(&world, &guest, &[]).expect("a guest's").credentials;
    for credentials in [&one, &two] {
        let (id, secret) = (&credentials.access_key_id, credentials.secret_key.as_str());
        assert!(id.starts_with("ASIA") && id.len() == 20, "{id}");
        assert!(id.bytes().all(|b| b.is_ascii_uppercase() || (b'2'..=b'7').contains(&b)), "{id}");
        assert_eq!(secret.len(), 40);
        assert_eq!(credentials.expiration.as_millis(), NOON + 3_600_000);
        let shown = format!("{credentials:?}");
        assert!(!shown.contains(secret), "{shown}");
        assert!(!shown.contains(credentials.session_token.as_str()), "{shown}");
    }
    assert_ne!(one.access_key_id, two.access_key_id);
    assert_ne!(one.secret_key, two.secret_key);
    assert_ne!(one.session_token, two.session_token);
}

#[test]
fn a_session_ends_with_a_whole_second() {
    let world = World::new();
    let pool = pool(&world);
    world.clock.set(NOON + 999);
    let guest = guest(&world, &pool);
    let credentials = credentials(&world, &guest, &[]).expect("a guest's").credentials;
    assert_eq!(credentials.expiration, Timestamp::from_millis(NOON + 3_600_000));
    let verify = || world.engine.verify_session(credentials.session_token.as_str());
    world.clock.set(NOON + 3_600_000 - 1);
    verify().expect("the last millisecond");
    world.clock.set(NOON + 3_600_000);
    let text = "The security token included in the request is expired".to_owned();
    assert_eq!(refused(verify()), ("NotAuthorizedException", text));
}

#[test]
fn a_session_says_who_is_calling() {
    let world = World::new();
    let pool = pool(&world);
    let guest = guest(&world, &pool);
    let of_guest = session(&world, &credentials(&world, &guest, &[]).expect("guest").credentials);
    assert_eq!((&of_guest.identity_id, &of_guest.identity_pool_id), (&guest, &pool));
    assert_eq!((of_guest.role_arn.as_str(), of_guest.amr), (GUEST, vec!["unauthenticated".into()]));
    assert!(of_guest.principal_tags.is_empty());

    let token = GetOpenIdTokenForDeveloperIdentityInput::new(&pool)
        .and_then(|input| input.login(GAME, "alice"))
        .and_then(|input| input.principal_tag("plan", "gold"));
    let alice = world.aws.get_open_id_token_for_developer_identity(token.expect("fits"));
    let alice = alice.expect("registered");
    let by_token = [(COGNITO, alice.token.as_str())];
    let output = credentials(&world, &alice.identity_id, &by_token).expect("alice's");
    let of_alice = session(&world, &output.credentials);
    assert_eq!(of_alice.role_arn.as_str(), PLAYER);
    let arn = "arn:aws:sts::123456789012:assumed-role/player/CognitoIdentityCredentials";
    assert_eq!(of_alice.assumed_role_arn().as_deref(), Some(arn));
    let full_name = format!("{GAME}:{pool}:alice");
    assert_eq!(of_alice.amr, ["authenticated", GAME, full_name.as_str()]);
    assert_eq!(of_alice.principal_tags, [(parse("plan"), parse("gold"))].into());

    // A login beside the token is linked, and both are named.
    let both = [(COGNITO, alice.token.as_str()), (FACEBOOK, "user:a")];
    let output = credentials(&world, &alice.identity_id, &both).expect("alice's");
    let amr = session(&world, &output.credentials).amr;
    let facebook = format!("{FACEBOOK}:{APP}:a");
    assert_eq!(amr, ["authenticated", GAME, &full_name, FACEBOOK, facebook.as_str()]);
    let login = GetIdInput::new(&pool).and_then(|input| input.login(FACEBOOK, "user:a"));
    let linked = world.engine.public().get_id(login.expect("fits")).expect("known");
    assert_eq!(linked.identity_id, alice.identity_id);
    world.check();
}

#[test]
fn claims_become_tags_of_tokens_and_sessions() {
    let world = World::new();
    let pool = pool(&world);
    let set = SetPrincipalTagAttributeMapInput::new(&pool, FACEBOOK)
        .and_then(|input| input.principal_tag("user", "sub"))
        .and_then(|input| input.principal_tag("plan", "plan"));
    world.aws.set_principal_tag_attribute_map(set.expect("fits")).expect("set");
    let input = call(&pool, "alice")
        .login(FACEBOOK, "user:a;sub=a;plan=silver")
        .and_then(|input| input.principal_tag("plan", "gold"))
        .expect("fits");
    let alice = world.aws.get_open_id_token_for_developer_identity(input).expect("registered");
    let claims = world.engine.verify_token(alice.token.as_str()).expect("genuine");
    // What the backend says counts before what a provider says.
    let expected = [(parse("plan"), parse("gold")), (parse("user"), parse("a"))].into();
    assert_eq!(claims.principal_tags(), &expected);
    let login = [(FACEBOOK, "user:a;sub=a;plan=silver")];
    let output = credentials(&world, &alice.identity_id, &login).expect("alice's");
    let tags = session(&world, &output.credentials).principal_tags;
    assert_eq!(tags, [(parse("plan"), parse("silver")), (parse("user"), parse("a"))].into());

    let long = format!("user:a;sub=a;plan={}", "x".repeat(256));
    let fits = credentials(&world, &alice.identity_id, &[(FACEBOOK, long.as_str())]);
    assert!(fits.is_ok(), "460 bytes are enough for that");
    let longer = format!("user:a;sub={};plan={}", "y".repeat(256), "x".repeat(256));
    let refused = credentials(&world, &alice.identity_id, &[(FACEBOOK, longer.as_str())]);
    assert_eq!(
        refused.map_err(|error| error.kind()).err(),
        Some(ErrorKind::InvalidIdentityPoolConfiguration),
    );
}

/// A guest's own token proves no more than the guest's id.
#[test]
fn a_guests_token_does_not_get_around_a_pool_without_guests() {
    let world = World::new();
    let pool = pool(&world);
    let guest = guest(&world, &pool);
    let input = GetOpenIdTokenInput::new(&guest).expect("fits");
    let token = world.engine.public().get_open_id_token(input).expect("a guest's").token;
    let by_token = [(COGNITO, token.as_str())];
    credentials(&world, &guest, &by_token).expect("guests are allowed");
    let update = UpdateIdentityPoolInput::new(&pool, "game", GuestAccess::Denied).expect("fits");
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
    let input = CreateIdentityPoolInput::new("bare", GuestAccess::Allowed).expect("fits");
    let pool = world.aws.create_identity_pool(input).expect("created").identity_pool_id;
    let roles = SetIdentityPoolRolesInput::new(&pool)
        .and_then(|input| input.role(RoleType::Unauthenticated, GUEST));
    world.aws.set_identity_pool_roles(roles.expect("fits")).expect("set");
    let guest = guest(&world, &pool);
    let input = GetOpenIdTokenInput::new(&guest).expect("fits");
    let token = world.engine.public().get_open_id_token(input).expect("a guest's").token;
    credentials(&world, &guest, &[(COGNITO, token.as_str())]).expect("a guest's");
}

/// A token proves the logins that it names, as long as they are the identity's.
#[test]
fn a_token_opens_nothing_that_its_login_has_left() {
    let world = World::new();
    let pool = pool(&world);
    let input = call(&pool, "alice").principal_tag("plan", "gold").expect("fits");
    let alice = world.aws.get_open_id_token_for_developer_identity(input).expect("registered");
    let bob = call(&pool, "bob").identity_id(&alice.identity_id).expect("fits");
    assert_eq!(world.resolve(&bob).expect("linked"), alice.identity_id);
    let by_token = [(COGNITO, alice.token.as_str())];
    credentials(&world, &alice.identity_id, &by_token).expect("alice's");
    let beside = [by_token[0], (FACEBOOK, "user:b")];
    credentials(&world, &alice.identity_id, &beside).expect("Facebook's is linked");

    let unlink = UnlinkDeveloperIdentityInput::new(&pool, &alice.identity_id, GAME, "alice");
    world.aws.unlink_developer_identity(unlink.expect("fits")).expect("unlinked");
    let before = world.dump();
    for logins in [&by_token[..], &[by_token[0], (FACEBOOK, "user:a")]] {
        let (name, text) = refused(credentials(&world, &alice.identity_id, logins));
        assert_eq!(name, "NotAuthorizedException");
        assert!(text.starts_with("Logins don't match."), "{text}");
    }
    assert_eq!(world.dump(), before);

    // Beside a login that opens, it says nothing.
    let output = credentials(&world, &alice.identity_id, &beside).expect("Facebook opens");
    let session = session(&world, &output.credentials);
    assert!(session.principal_tags.is_empty());
    assert_eq!(session.amr, ["authenticated", FACEBOOK, &format!("{FACEBOOK}:{APP}:b")]);
}

/// What a token says of a login is not said again beside it, whatever the verifier calls it by now.
#[test]
fn a_login_has_one_full_name_in_a_session() {
    let world = World::new();
    let pool = pool(&world);
    let arn = "arn:aws:iam::123456789012:oidc-provider/graph.facebook.com:OIDC:a";
    let named = format!("user:a;amr={arn}");
    let input = GetIdInput::new(&pool).and_then(|input| input.login(FACEBOOK, named.as_str()));
    let identity = world.engine.public().get_id(input.expect("fits")).expect("new").identity_id;
    let input = GetOpenIdTokenInput::new(&identity);
    let input = input.and_then(|input| input.login(FACEBOOK, named.as_str())).expect("fits");
    let token = world.engine.public().get_open_id_token(input).expect("known").token;
    let beside = [(COGNITO, token.as_str()), (FACEBOOK, "user:a")];
    let output = credentials(&world, &identity, &beside).expect("both open it");
    let session = session(&world, &output.credentials);
    assert_eq!(session.amr, ["authenticated", FACEBOOK, arn]);
}

/// A token says nothing of the claims that a mapping asks for.
#[test]
fn a_role_mapping_counts_for_a_token_of_this_service_too() {
    let world = World::new();
    let pool = pool(&world);
    let input = call(&pool, "alice").login(FACEBOOK, "user:a").expect("fits");
    let alice = world.aws.get_open_id_token_for_developer_identity(input).expect("registered");
    let by_token = [(COGNITO, alice.token.as_str())];
    for (ambiguous, role) in [
        (AmbiguousRoleResolution::AuthenticatedRole, Some(PLAYER)),
        (AmbiguousRoleResolution::Deny, None),
    ] {
        let roles = SetIdentityPoolRolesInput::new(&pool)
            .and_then(|input| input.role(RoleType::Authenticated, PLAYER))
            .and_then(|input| input.role_mapping(FACEBOOK, RoleMapping::token(ambiguous)));
        world.aws.set_identity_pool_roles(roles.expect("fits")).expect("set");
        let outcome = credentials(&world, &alice.identity_id, &by_token);
        let chosen = outcome.map(|output| session(&world, &output.credentials).role_arn);
        assert_eq!(chosen.ok().as_ref().map(cognate::Arn::as_str), role, "{ambiguous:?}");
    }
}

/// Notes what it is asked, and does as it is told.
struct Issuer {
    asked: Arc<Mutex<Vec<Session>>>,
    answer: Result<(), CredentialError>,
}

impl CredentialIssuer for Issuer {
    fn issue(&self, session: &Session) -> Result<Credentials, CredentialError> {
        self.asked.lock().expect("not poisoned").push(session.clone());
        self.answer
            .clone()
            .map(|()| Credentials::new("AKID", "secret", "token", session.expiration))
    }
}

#[test]
fn an_embedder_can_make_the_credentials() {
    for (answer, kind) in [
        (Ok(()), None),
        (Err(CredentialError::Refused), Some(ErrorKind::InvalidIdentityPoolConfiguration)),
        (Err(CredentialError::unavailable("the STS is gone")), Some(ErrorKind::ExternalService)),
    ] {
        let asked = Arc::default();
        let issuer = Issuer { asked: Arc::clone(&asked), answer };
        let world = World::with(|builder| {
            builder.signing_key(key(SigningAlgorithm::EdDsa)).credential_issuer(issuer)
        });
        let pool = pool(&world);
        let guest = guest(&world, &pool);
        let before = world.dump();
        // A guest who logs in: what has no credentials is not linked either.
        let outcome = credentials(&world, &guest, &[(FACEBOOK, "user:a")]);
        assert_eq!(outcome.as_ref().err().map(cognate::Error::kind), kind);
        assert_eq!(world.dump() == before, kind.is_some());
        let asked = asked.lock().expect("not poisoned");
        assert_eq!(asked.len(), 1);
        assert_eq!((&asked[0].identity_id, asked[0].role_arn.as_str()), (&guest, PLAYER));
        if let Ok(output) = outcome {
            assert_eq!(output.credentials.access_key_id, "AKID");
            let own = world.engine.verify_session("token").expect_err("not made by the engine");
            assert!(matches!(own, cognate::Error::Refused(Refusal::SessionInvalid)), "{own:?}");
        }
    }
}

#[test]
fn sessions_survive_their_engine() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = |secret: Option<&str>| {
        let builder = cognate::Engine::builder().signing_key(key(SigningAlgorithm::EdDsa));
        let builder = match secret {
            Some(secret) => builder.key_secret(secret),
            None => builder,
        };
        builder.open_sled(SledOptions::new(folder.path()))
    };
    let engine = open(Some("a secret")).expect("opens");
    let aws = developer(&engine, "123456789012", "us-east-1");
    let input = CreateIdentityPoolInput::new("game", GuestAccess::Allowed).expect("fits");
    let pool = aws.create_identity_pool(input).expect("created").identity_pool_id;
    let roles = SetIdentityPoolRolesInput::new(&pool)
        .and_then(|input| input.role(RoleType::Unauthenticated, GUEST));
    aws.set_identity_pool_roles(roles.expect("fits")).expect("set");
    let guest = engine.public().get_id(GetIdInput::new(&pool).expect("fits")).expect("a guest");
    let input = GetCredentialsForIdentityInput::new(&guest.identity_id).expect("fits");
    let output = engine.public().get_credentials_for_identity(input).expect("a guest's");
    drop((engine, aws));

    // The key of sessions is sealed as those of tokens are.
    for wrong in [None, Some("another secret")] {
        let refused = open(wrong).expect_err("sealed");
        assert!(matches!(refused, cognate::Error::SigningKey(_)), "{refused:?}");
    }
    let engine = open(Some("a secret")).expect("opens");
    let token = output.credentials.session_token;
    let verified = engine.verify_session(token.as_str()).expect("genuine");
    assert_eq!(verified.session.identity_id, guest.identity_id);
}

#[test]
fn a_rotated_key_opens_its_sessions_for_an_hour() {
    let world = World::new();
    let pool = pool(&world);
    let guest = guest(&world, &pool);
    let session = || credentials(&world, &guest, &[]).expect("a guest's").credentials;
    let verify = |credentials: &Credentials| {
        world.engine.verify_session(credentials.session_token.as_str()).map(drop)
    };
    world.engine.rotate_session_key().expect("the first key");
    let old = session();
    world.engine.rotate_session_key().expect("rotated");
    let new = session();
    verify(&old).and_then(|()| verify(&new)).expect("both open");
    world.clock.set(NOON + 3_661_000);
    world.engine.rotate_session_key().expect("rotated");
    let expired =
        ("NotAuthorizedException", "The security token included in the request is expired");
    let gone = ("NotAuthorizedException", "The security token included in the request is invalid.");
    let told = |credentials| {
        let (name, text) = refused(verify(credentials));
        (name, text)
    };
    assert_eq!(told(&old), (gone.0, gone.1.to_owned()), "the key that is over is gone");
    assert_eq!(told(&new), (expired.0, expired.1.to_owned()), "the last one is not");
    world.check();
}

#[test]
fn engines_over_one_store_know_each_others_sessions() {
    let world = World::new();
    let pool = pool(&world);
    let guest = guest(&world, &pool);
    let over: Arc<dyn cognate::Store> = world.store.clone();
    let other = cognate::Engine::builder()
        .clock(world.clock.clone())
        .signing_key(key(SigningAlgorithm::EdDsa))
        .open_shared(over)
        .expect("opens");
    let here = credentials(&world, &guest, &[]).expect("a guest's").credentials;
    other.verify_session(here.session_token.as_str()).expect("one key for both");
    let input = GetCredentialsForIdentityInput::new(&guest).expect("fits");
    let there = other.public().get_credentials_for_identity(input).expect("a guest's").credentials;
    world.engine.verify_session(there.session_token.as_str()).expect("one key for both");
    let stranger = World::new().engine.verify_session(here.session_token.as_str());
    let text = "The security token included in the request is invalid.".to_owned();
    assert_eq!(refused(stranger), ("NotAuthorizedException", text));
}

#[test]
fn a_trust_policy_finds_its_condition_keys() {
    let world = World::new();
    for (region, provider) in [
        ("us-east-1", "cognito-identity.amazonaws.com"),
        ("us-gov-west-1", "cognito-identity-us-gov.amazonaws.com"),
        ("cn-north-1", "cognito-identity.cn-north-1.amazonaws.com.cn"),
    ] {
        let world = world.of("123456789012", region);
        let pool = world.game();
        let input = call(&pool, "alice").principal_tag("Plan", "gold").expect("fits");
        let alice = world.aws.get_open_id_token_for_developer_identity(input).expect("a token");
        let caller = world.engine.web_identity(alice.token.as_str()).expect("genuine");
        assert_eq!(caller.provider(), provider);
        assert_eq!(caller.claims().identity_id(), &alice.identity_id);
        let full_name = format!("{GAME}:{pool}:alice");
        let (aud, sub) = (pool.as_str(), alice.identity_id.as_str());
        for (key, values) in [
            (format!("{provider}:aud"), vec![aud]),
            (format!("{provider}:AUD").to_uppercase(), vec![aud]),
            (format!("{provider}:sub"), vec![sub]),
            (format!("{provider}:amr"), vec!["authenticated", GAME, &full_name]),
            ("aws:FederatedProvider".to_owned(), vec![provider]),
            ("aws:RequestTag/plan".to_owned(), vec!["gold"]),
            ("aws:RequestTag/other".to_owned(), vec![]),
            (format!("{provider}:iss"), vec![]),
            ("accounts.google.com:aud".to_owned(), vec![]),
            ("aud".to_owned(), vec![]),
            ("aws:RequestTag/é".to_owned(), vec![]),
            ("é".repeat(20), vec![]),
        ] {
            assert_eq!(caller.condition_values(&key), values, "{key}");
        }
    }
    let forged = world.engine.web_identity("eyJ.e30.AA").expect_err("no token");
    assert_eq!(forged.kind(), ErrorKind::NotAuthorized);
}
