//! Explanations of calls that are not made.

mod refused;

use cognate::admin::{
    AdminDeleteIdentitiesInput, DisableIdentityInput, ExplainedVerdict, LinkLoginInput, RoleRule,
    UnlinkLoginInput,
};
use cognate::ambient::Timestamp;
use cognate::login::{LoginError, VerifiedLogin};
use cognate::name::{Arn, IdentityId, IdentityPoolId, LoginToken, ProviderName};
use cognate::operation::{
    DeleteIdentityPoolInput, GetCredentialsForIdentityInput, GetIdInput,
    GetOpenIdTokenForDeveloperIdentityInput, GetOpenIdTokenInput, IdentityPool,
    MergeDeveloperIdentitiesInput, UnlinkDeveloperIdentityInput,
};
use cognate::token::SigningAlgorithm;
use cognate::{Developer, Engine, Explain, Public, from_fn};

use crate::support::{ACCOUNT, FACEBOOK, GAME, REGION, Voucher, World, developer, game, key};

/// Alice and Bob, who have an identity each, and a guest.
struct Scene {
    engine: Engine,
    aws: Developer,
    public: Public,
    pool: IdentityPoolId,
    alice: IdentityId,
    bob: IdentityId,
    guest: IdentityId,
}

impl Scene {
    fn new() -> Self {
        let builder = Engine::builder().signing_key(key(SigningAlgorithm::EdDsa));
        let engine = builder.login_verifier(Voucher).in_memory().expect("opens");
        let (aws, public) = (developer(&engine, ACCOUNT, REGION), engine.public());
        let pool = game(&aws);
        let resolve = |user: &str, face: &str| {
            let input = GetOpenIdTokenForDeveloperIdentityInput::new(&pool).logins(GAME, user);
            aws.resolve_developer_identity(input.logins(FACEBOOK, face)).expect("registered")
        };
        let (alice, bob) = (resolve("alice", "user:a"), resolve("bob", "user:b"));
        let guest = public.get_id(GetIdInput::new(&pool)).expect("a guest").identity_id;
        Self { engine, aws, public, pool, alice, bob, guest }
    }

    fn user(&self, name: &str) -> GetOpenIdTokenForDeveloperIdentityInput {
        GetOpenIdTokenForDeveloperIdentityInput::new(&self.pool).logins(GAME, name)
    }

    /// The explanation as a person reads it, with names in place of ids.
    fn tell<I: Explain>(&self, caller: &I::Caller, input: I) -> String {
        let told = self.engine.admin().explain(caller, input).expect("an explanation").to_string();
        [("ALICE", &self.alice), ("BOB", &self.bob), ("GUEST", &self.guest)]
            .iter()
            .fold(told, |told, (name, id)| told.replace(id.as_str(), name))
    }
}

/// Lines without their margin.
fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim_start).filter(|line| !line.is_empty()).collect()
}

#[track_caller]
fn expect(told: &str, expected: &str) {
    assert_eq!(lines(told), lines(expected), "{told}");
}

#[test]
fn a_new_user() {
    let scene = Scene::new();
    let told = scene.tell(&scene.aws, scene.user("carol"));
    expect(
        &told,
        "answered    GetOpenIdTokenForDeveloperIdentity
         login     login.game carol, stated by the caller, belongs to no identity
         rule      a1
         change    a new identity  AUTHENTICATED  login.game carol",
    );
}

#[test]
fn a_user_who_is_registered_elsewhere() {
    let scene = Scene::new();
    let told = scene.tell(&scene.aws, scene.user("bob").identity_id(&scene.guest));
    expect(
        &told,
        "refused     GetOpenIdTokenForDeveloperIdentity: DeveloperUserAlreadyRegisteredException: \
         This developer user identifier is already registered with Cognito.
         given     GUEST  UNAUTHENTICATED
         login     login.game bob, stated by the caller, belongs to BOB
         rule      already-registered
         obstacle  BOB  AUTHENTICATED  login.game bob, graph.facebook.com b
         else      without IdentityId: BOB",
    );
}

#[test]
fn two_users_of_one_provider() {
    let scene = Scene::new();
    let merge = MergeDeveloperIdentitiesInput::new(&scene.pool, GAME, "bob", "alice");
    let told = scene.tell(&scene.aws, merge);
    expect(
        &told,
        "refused     MergeDeveloperIdentities: ResourceConflictException: Cannot merge these \
         identities.
         login     login.game bob, stated by the caller, belongs to BOB
         login     login.game alice, stated by the caller, belongs to ALICE
         rule      merge
         obstacle  BOB  AUTHENTICATED  login.game bob, graph.facebook.com b",
    );
}

#[test]
fn a_user_who_belongs_to_another_identity() {
    let scene = Scene::new();
    let input = UnlinkDeveloperIdentityInput::new(&scene.pool, &scene.alice, GAME, "bob");
    let told = scene.tell(&scene.aws, input);
    expect(
        &told,
        "refused     UnlinkDeveloperIdentity: ResourceConflictException: The specified developer \
         user identifier is not associated with identity 'ALICE'.
         given     ALICE  AUTHENTICATED  login.game alice, graph.facebook.com a
         login     login.game bob, stated by the caller, belongs to BOB
         rule      unlink-developer-user
         obstacle  BOB  AUTHENTICATED  login.game bob, graph.facebook.com b
         else      with IdentityId BOB",
    );
}

#[test]
fn a_token_that_is_refused() {
    let scene = Scene::new();
    let input = GetIdInput::new(&scene.pool).logins(FACEBOOK, "forged");
    let told = scene.tell(&scene.public, input);
    expect(
        &told,
        "refused     GetId: NotAuthorizedException: Invalid login token. Not a valid OpenId \
         Connect identity token.
         login     graph.facebook.com, refused: NotAuthorizedException: Invalid login token. Not \
         a valid OpenId Connect identity token.",
    );
}

#[test]
fn a_login_of_another_identity() {
    let scene = Scene::new();
    let input = GetOpenIdTokenInput::new(&scene.alice).logins(FACEBOOK, "user:b");
    let told = scene.tell(&scene.public, input);
    expect(
        &told,
        "refused     GetOpenIdToken: NotAuthorizedException: Logins don't match. Please include \
         at least one valid login for this identity or identity pool.
         given     ALICE  AUTHENTICATED  login.game alice, graph.facebook.com a
         login     graph.facebook.com b, proved by its token, belongs to BOB
         rule      c3
         obstacle  BOB  AUTHENTICATED  login.game bob, graph.facebook.com b
         else      with IdentityId BOB",
    );
}

#[test]
fn no_login_for_an_authenticated_identity() {
    let scene = Scene::new();
    let told = scene.tell(&scene.public, GetCredentialsForIdentityInput::new(&scene.bob));
    expect(
        &told,
        "refused     GetCredentialsForIdentity: NotAuthorizedException: Access to Identity 'BOB' \
         is forbidden.
         given     BOB  AUTHENTICATED  login.game bob, graph.facebook.com b
         rule      d1
         else      with one more login of BOB: graph.facebook.com",
    );
}

#[test]
fn credentials_and_their_role() {
    let scene = Scene::new();
    let input = GetCredentialsForIdentityInput::new(&scene.bob).logins(FACEBOOK, "user:b");
    let told = scene.tell(&scene.public, input);
    expect(
        &told,
        "answered    GetCredentialsForIdentity: BOB
         given     BOB  AUTHENTICATED  login.game bob, graph.facebook.com b
         login     graph.facebook.com b, proved by its token, belongs to BOB
         rule      c1
         role      arn:aws:iam::123456789012:role/user, the pool's authenticated role",
    );
}

#[test]
fn a_login_that_an_administrator_links_twice() {
    let scene = Scene::new();
    let admin = scene.engine.admin();
    let told = scene.tell(&admin, LinkLoginInput::new(&scene.alice, GAME, "bob"));
    expect(
        &told,
        "refused     LinkLogin: DeveloperUserAlreadyRegisteredException: This developer user \
         identifier is already registered with Cognito.
         given     ALICE  AUTHENTICATED  login.game alice, graph.facebook.com a
         login     login.game bob, stated by the caller, belongs to BOB
         rule      link-login
         obstacle  BOB  AUTHENTICATED  login.game bob, graph.facebook.com b
         else      after UnlinkLogin from BOB",
    );
    admin.unlink_login(UnlinkLoginInput::new(&scene.bob, GAME, "bob")).expect("unlinked");
    let told = scene.tell(&admin, LinkLoginInput::new(&scene.alice, GAME, "bob"));
    expect(
        &told,
        "answered    LinkLogin: ALICE
         given     ALICE  AUTHENTICATED  login.game alice, graph.facebook.com a
         login     login.game bob, stated by the caller, belongs to no identity
         rule      link-login
         change    ALICE  AUTHENTICATED  + login.game bob",
    );
}

#[test]
fn a_login_that_an_administrator_unlinks_from_another_identity() {
    let scene = Scene::new();
    let admin = scene.engine.admin();
    let told = scene.tell(&admin, UnlinkLoginInput::new(&scene.alice, FACEBOOK, "b"));
    expect(
        &told,
        "refused     UnlinkLogin: ResourceConflictException: Login belongs to identity 'BOB'.
         given     ALICE  AUTHENTICATED  login.game alice, graph.facebook.com a
         login     graph.facebook.com b, stated by the caller, belongs to BOB
         rule      unlink-login
         obstacle  BOB  AUTHENTICATED  login.game bob, graph.facebook.com b
         else      with IdentityId BOB",
    );
}

#[test]
fn identities_that_an_administrator_disables_and_deletes() {
    let scene = Scene::new();
    let admin = scene.engine.admin();
    let told = scene.tell(&admin, DisableIdentityInput::new(&scene.bob));
    expect(
        &told,
        "answered    DisableIdentity: BOB
         given     BOB  AUTHENTICATED  login.game bob, graph.facebook.com b
         rule      disable-identity
         change    BOB  DISABLED  - login.game bob  - graph.facebook.com b",
    );
    let told = scene.tell(&admin, AdminDeleteIdentitiesInput::new([&scene.guest]));
    expect(
        &told,
        "answered    AdminDeleteIdentities
         rule      delete-identities
         change    GUEST is deleted",
    );
    let told = scene.tell(&scene.aws, DeleteIdentityPoolInput::new(&scene.pool));
    let pool = scene.pool.as_str();
    let deleted =
        format!("answered DeleteIdentityPool\nrule delete-pool\nchange {pool} is deleted");
    assert_eq!(told.split_whitespace().collect::<Vec<_>>().join(" "), deleted.replace('\n', " "));
}

#[test]
fn a_role_that_the_provider_grants() {
    let role = format!("arn:aws:iam::{ACCOUNT}:role/boss");
    let granted: Arn = role.parse().expect("a role");
    let verifier =
        move |_: &IdentityPool, provider: &ProviderName, _: &LoginToken, _: Timestamp| {
            let login = VerifiedLogin::assertion(provider, "dave");
            Ok(login.map_err(|_| LoginError::Malformed)?.role(granted.clone()))
        };
    let world = World::with(|builder| builder.login_verifier(from_fn(verifier)));
    let pool = game(&world.aws);
    let public = world.engine.public();
    let dave = public.get_id(GetIdInput::new(&pool).logins(FACEBOOK, "any")).expect("an identity");
    let input = GetCredentialsForIdentityInput::new(&dave.identity_id).logins(FACEBOOK, "any");
    let told = world.engine.admin().explain(&public, input.clone()).expect("an explanation");
    let ExplainedVerdict::Answered { role: Some(choice), .. } = told.verdict else { panic!() };
    assert_eq!(
        choice.chosen_by,
        RoleRule::Provider { provider: FACEBOOK.parse().expect("a name") }
    );
    let answer = public.get_credentials_for_identity(input).expect("credentials");
    let session = world.engine.verify_session(answer.credentials.session_token.as_str());
    assert_eq!(session.expect("a session").session.role_arn, choice.role_arn);
    assert_eq!(choice.role_arn.as_str(), role);
}
