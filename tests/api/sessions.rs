//! Credentials, and the sessions that they open.

mod keys;
mod tokens;

use std::sync::{Arc, Mutex};

use cognate::ambient::Timestamp;
use cognate::credentials::{CredentialError, CredentialIssuer, Credentials, Session};
use cognate::name::{IdentityId, IdentityPoolId};
use cognate::operation::{
    AmbiguousRoleResolution, CreateIdentityPoolInput, GetCredentialsForIdentityInput,
    GetCredentialsForIdentityOutput, GetIdInput, GetOpenIdTokenForDeveloperIdentityInput,
    GetOpenIdTokenInput, GuestAccess, RoleMapping, RoleType, SetIdentityPoolRolesInput,
    SetPrincipalTagAttributeMapInput, UnlinkDeveloperIdentityInput, UpdateIdentityPoolInput,
};
use cognate::store::SledOptions;
use cognate::token::SigningAlgorithm;
use cognate::{ErrorKind, Refusal};

use crate::support::{FACEBOOK, GAME, NOON, World, call, developer, key, parse, refused};

/// The application id at Facebook.
const APP: &str = "1234567890";
const COGNITO: &str = "cognito-identity.amazonaws.com";
const PLAYER: &str = "arn:aws:iam::123456789012:role/service/player";
const GUEST: &str = "arn:aws:iam::123456789012:role/guest";

/// A pool with both roles that also allows guests.
fn pool(world: &World) -> IdentityPoolId {
    let input = CreateIdentityPoolInput::new("game", GuestAccess::Allowed)
        .developer_provider_name(GAME)
        .supported_login_providers(FACEBOOK, APP);
    let pool = world.aws.create_identity_pool(input).expect("created");
    let roles = SetIdentityPoolRolesInput::new(&pool.identity_pool_id)
        .roles(RoleType::Authenticated, PLAYER)
        .roles(RoleType::Unauthenticated, GUEST);
    world.aws.set_identity_pool_roles(roles).expect("set");
    pool.identity_pool_id
}

fn guest(world: &World, pool: &IdentityPoolId) -> IdentityId {
    let input = GetIdInput::new(pool);
    world.engine.public().get_id(input).expect("a guest").identity_id
}

fn credentials(
    world: &World,
    identity: &IdentityId,
    logins: &[(&str, &str)],
) -> cognate::Result<GetCredentialsForIdentityOutput> {
    let input = GetCredentialsForIdentityInput::new(identity);
    let input =
        logins.iter().fold(input, |input, (provider, token)| input.logins(*provider, *token));
    world.engine.public().get_credentials_for_identity(input)
}

/// The session of the credentials.
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
        .logins(GAME, "alice")
        .principal_tags("plan", "gold");
    let alice = world.aws.get_open_id_token_for_developer_identity(token);
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

    // A login presented with the token is linked, and both are named.
    let both = [(COGNITO, alice.token.as_str()), (FACEBOOK, "user:a")];
    let output = credentials(&world, &alice.identity_id, &both).expect("alice's");
    let amr = session(&world, &output.credentials).amr;
    let facebook = format!("{FACEBOOK}:{APP}:a");
    assert_eq!(amr, ["authenticated", GAME, &full_name, FACEBOOK, facebook.as_str()]);
    let login = GetIdInput::new(&pool).logins(FACEBOOK, "user:a");
    let linked = world.engine.public().get_id(login).expect("known");
    assert_eq!(linked.identity_id, alice.identity_id);
    world.check();
}

#[test]
fn claims_become_tags_of_tokens_and_sessions() {
    let world = World::new();
    let pool = pool(&world);
    let set = SetPrincipalTagAttributeMapInput::new(&pool, FACEBOOK)
        .principal_tags("user", "sub")
        .principal_tags("plan", "plan");
    world.aws.set_principal_tag_attribute_map(set).expect("set");
    let input = call(&pool, "alice")
        .logins(FACEBOOK, "user:a;sub=a;plan=silver")
        .principal_tags("plan", "gold");
    let alice = world.aws.get_open_id_token_for_developer_identity(input).expect("registered");
    let claims = world.engine.verify_token(alice.token.as_str()).expect("genuine");
    // The backend's value of a tag wins over a provider's.
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

/// Records its requests and answers as configured.
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
        // When the issuer fails for a guest who logs in, the login is not linked.
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
fn a_trust_policy_finds_its_condition_keys() {
    let world = World::new();
    for (region, provider) in [
        ("us-east-1", "cognito-identity.amazonaws.com"),
        ("us-gov-west-1", "cognito-identity-us-gov.amazonaws.com"),
        ("cn-north-1", "cognito-identity.cn-north-1.amazonaws.com.cn"),
    ] {
        let world = world.of("123456789012", region);
        let pool = world.game();
        let input = call(&pool, "alice").principal_tags("Plan", "gold");
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
