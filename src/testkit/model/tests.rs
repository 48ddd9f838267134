//! Answers that the model accepts and refuses, without any implementation.

use serde_json::json;

use super::*;
use crate::testkit::model::clause::{CONFLICT, NOT_AUTHORIZED};
use crate::testkit::names::{Caller, IdToken, Role, Spelling, User, cognito_name};
use crate::testkit::outcome::{Description, Statement};
use crate::testkit::settings::{Ambiguous, Mapping, Match, Rule};

const POOL: Pool = Pool(0);
const FIRST: Identity = Identity(0);
const GAME: DeveloperProvider = DeveloperProvider::Game;

/// A model that knows a pool of that account with all providers.
struct Scene {
    model: Model,
    account: Account,
}

impl Scene {
    fn new() -> Self {
        Self::of(Account::FIRST)
    }

    fn of(account: Account) -> Self {
        Self::with(account, &Provider::ALL)
    }

    fn with(account: Account, providers: &[Provider]) -> Self {
        let settings = Settings {
            name: 0,
            guests: true,
            classic_flow: None,
            developer: Some(GAME),
            providers: providers.to_vec(),
            tags: None,
        };
        let described = normal(settings.request());
        let mut scene = Self { model: Model::new(), account };
        let create = Operation::CreateIdentityPool { caller: scene.caller(), settings };
        scene.is_right(&create, OperationOutcome::Pool(POOL, described));
        scene
    }

    fn caller(&self) -> Caller {
        Caller::Account(self.account)
    }

    fn is_right(&mut self, operation: &Operation, outcome: OperationOutcome) {
        self.model.step(operation, &outcome).expect("the model agrees");
    }

    fn is_wrong(&self, operation: &Operation, outcome: OperationOutcome) {
        self.model.clone().step(operation, &outcome).expect_err("the model does not agree");
    }

    /// Links logins to the first identity.
    fn login(&mut self, logins: &[Presented]) {
        self.is_right(&get_id(logins), OperationOutcome::Identity(FIRST));
    }

    /// A token of the first identity, issued to its backend.
    fn token(&mut self, logins: &[Presented], amr: &[&str]) -> (Operation, OperationOutcome) {
        let operation = Operation::GetOpenIdTokenForDeveloperIdentity {
            caller: self.caller(),
            pool: POOL,
            identity: None,
            logins: logins.to_vec(),
            principal_tags: Vec::new(),
            duration_secs: None,
        };
        let issuer = format!("https://{}", cognito_name(self.account.region_name()));
        let said =
            Statement { issuer: Some(issuer), lifetime_secs: Some(900), ..statement(amr, None) };
        (operation, OperationOutcome::Token(FIRST, Token(0), Box::new(said)))
    }

    fn set_roles(&mut self, mappings: &[(Provider, Mapping)]) {
        let roles = Roles {
            authenticated: Some(Role::Player),
            unauthenticated: None,
            mappings: mappings.iter().cloned().collect(),
        };
        let caller = self.caller();
        let set = Operation::SetIdentityPoolRoles { caller, pool: POOL, roles };
        self.is_right(&set, OperationOutcome::Done);
    }
}

fn google(subject: u8) -> Presented {
    Presented::Public(Provider::Google, subject, IdToken::Genuine)
}

fn spelled(spelling: Spelling, provider: Provider) -> Presented {
    Presented::Spelled(spelling, provider, 1, IdToken::Genuine)
}

fn get_id(logins: &[Presented]) -> Operation {
    Operation::GetId { pool: POOL, account: None, logins: logins.to_vec() }
}

fn credentials(logins: &[Presented], custom_role: Option<Role>) -> Operation {
    let logins = logins.to_vec();
    Operation::GetCredentialsForIdentity { identity: FIRST, logins, custom_role }
}

fn statement(amr: &[&str], role: Option<Role>) -> Statement {
    let amr = std::iter::once(&"authenticated").chain(amr).map(ToString::to_string).collect();
    Statement {
        identity: FIRST,
        pool: POOL,
        issuer: None,
        amr,
        tags: BTreeMap::new(),
        role: role.map(Role::arn),
        lifetime_secs: None,
    }
}

fn session(amr: &[&str], role: Role) -> OperationOutcome {
    OperationOutcome::Credentials(FIRST, Some(Box::new(statement(amr, Some(role)))))
}

fn exception(exception: &str) -> OperationOutcome {
    OperationOutcome::Refused { exception: exception.to_owned(), message: String::new() }
}

/// A mapping that gives this role only to the user with this number.
fn rule(subject: u8, role: Role) -> Mapping {
    let (claim, match_type, value) = ("sub", Match::Equals, subject.to_string());
    Mapping { ambiguous: Ambiguous::Deny, rules: vec![Rule { claim, match_type, value, role }] }
}

#[test]
fn an_attribute_map_that_was_never_set_or_is_unset_is_not_found() {
    let mut scene = Scene::new();
    let (caller, pool, provider) = (scene.caller(), POOL, Provider::Google);
    let get = Operation::GetPrincipalTagAttributeMap { caller, pool, provider };
    let set =
        |attributes| Operation::SetPrincipalTagAttributeMap { caller, pool, provider, attributes };
    let defaults = OperationOutcome::Settings(json!({
        "UseDefaults": true,
        "PrincipalTags": { "client": "aud", "username": "sub" },
    }));
    let nothing = OperationOutcome::Settings(json!({ "UseDefaults": false }));
    scene.is_wrong(&get, nothing.clone());
    scene.is_right(&get, exception(NOT_FOUND));
    for unset in [Attributes::Nothing, Attributes::Absent] {
        scene.is_right(&set(unset), nothing.clone());
        scene.is_right(&get, exception(NOT_FOUND));
        for attributes in [Attributes::Defaults, Attributes::DefaultsBesideMap] {
            scene.is_wrong(
                &set(attributes),
                OperationOutcome::Settings(json!({ "UseDefaults": true })),
            );
            scene.is_right(&set(attributes), defaults.clone());
            scene.is_right(&get, defaults.clone());
        }
        scene.is_right(&set(unset), nothing.clone());
        scene.is_wrong(&get, defaults.clone());
        scene.is_right(&get, exception(NOT_FOUND));
    }
}

#[test]
fn a_disabled_identity_says_so_where_its_logins_were() {
    let mut scene = Scene::new();
    scene.login(&[google(1)]);
    let unlink = Operation::UnlinkIdentity {
        identity: FIRST,
        logins: vec![google(1)],
        providers: vec![Provider::Google],
        developer: false,
    };
    scene.is_right(&unlink, OperationOutcome::Done);
    let describe = Operation::DescribeIdentity { caller: scene.caller(), identity: FIRST };
    let described = |logins: &[&str]| {
        OperationOutcome::Description(Description {
            identity: FIRST,
            logins: logins.iter().map(ToString::to_string).collect(),
            created_millis: 1,
            modified_millis: 2,
        })
    };
    scene.is_wrong(&describe, described(&[]));
    scene.is_wrong(&describe, described(&["DISABLED", "accounts.google.com"]));
    scene.is_right(&describe, described(&["DISABLED"]));
}

#[test]
fn a_custom_role_that_the_token_carries_and_no_rule_has_is_an_invalid_parameter() {
    let mut scene = Scene::new();
    // The tokens of user 2 name the role `Boss`.
    scene.login(&[google(2)]);
    scene.set_roles(&[(Provider::Google, rule(2, Role::Moderator))]);
    let amr = ["accounts.google.com", "accounts.google.com:2"];
    let call = |custom| credentials(&[google(2)], custom);
    scene.is_right(&call(Some(Role::Moderator)), session(&amr, Role::Moderator));
    for (custom, right, wrong) in
        [(Role::Boss, INVALID, NOT_AUTHORIZED), (Role::Guest, NOT_AUTHORIZED, INVALID)]
    {
        scene.is_wrong(&call(Some(custom)), exception(wrong));
        scene.is_right(&call(Some(custom)), exception(right));
    }
    // A rule that does not match has the role.
    scene.set_roles(&[(Provider::Google, rule(1, Role::Boss))]);
    scene.is_right(&call(Some(Role::Boss)), exception(NOT_AUTHORIZED));
    let by_token = Mapping { ambiguous: Ambiguous::Deny, rules: Vec::new() };
    scene.set_roles(&[(Provider::Google, by_token)]);
    scene.is_right(&call(Some(Role::Guest)), exception(NOT_AUTHORIZED));
}

#[test]
fn more_proof_never_turns_a_yes_into_a_no() {
    let mut scene = Scene::new();
    let user_pool = Presented::Public(Provider::UserPool, 1, IdToken::Genuine);
    let pool_name = Provider::UserPool.name();
    let amr = ["accounts.google.com", "accounts.google.com:1"];
    let pool_amr = [pool_name, &format!("{pool_name}:CognitoSignIn:1")];
    let user_amr = ["login.game", "login.game:$pool0:user-0"];
    let logins = [google(1), user_pool, Presented::User(GAME, User(0))];
    let (operation, outcome) = scene.token(&logins, &[amr, pool_amr, user_amr].concat());
    scene.is_right(&operation, outcome);
    let of_google = (Provider::Google, rule(1, Role::Moderator));
    scene.set_roles(&[of_google, (Provider::UserPool, rule(1, Role::Boss))]);

    let amr = [amr, pool_amr, user_amr].concat();
    let token = Presented::Cognito(Token(0));
    for (logins, role) in [
        (vec![token, google(1)], Role::Moderator),
        (vec![google(1), token], Role::Moderator),
        (vec![token, user_pool], Role::Boss),
        (vec![token, google(1), user_pool], Role::Moderator),
        (vec![user_pool, token, google(1)], Role::Boss),
    ] {
        let call = credentials(&logins, None);
        scene.is_wrong(&call, exception(NOT_AUTHORIZED));
        scene.is_right(&call, session(&amr, role));
    }
    scene.is_right(&credentials(&[token], None), exception(NOT_AUTHORIZED));
    // The login alone is refused, but the token alone is not.
    let anybody = Mapping { ambiguous: Ambiguous::AuthenticatedRole, ..rule(2, Role::Boss) };
    scene.set_roles(&[(Provider::Google, anybody), (Provider::UserPool, rule(2, Role::Boss))]);
    scene.is_right(&credentials(&[user_pool], None), exception(NOT_AUTHORIZED));
    for logins in [[token, user_pool], [user_pool, token]] {
        let call = credentials(&logins, None);
        scene.is_wrong(&call, exception(NOT_AUTHORIZED));
        scene.is_right(&call, session(&amr, Role::Player));
    }
}

#[test]
fn saml_is_not_for_the_classic_flow() {
    let mut scene = Scene::new();
    scene.is_right(&get_id(&[]), OperationOutcome::Identity(FIRST));
    for logins in [vec![Presented::Saml], vec![google(1), Presented::Saml]] {
        let call = Operation::GetOpenIdToken { identity: FIRST, logins };
        scene.is_wrong(&call, exception(NOT_AUTHORIZED));
        scene.is_wrong(&call, exception(UNAVAILABLE));
        scene.is_right(&call, exception(INVALID));
    }
    let mut scene = Scene::with(Account::FIRST, &Provider::ISSUERS);
    scene.is_right(&get_id(&[]), OperationOutcome::Identity(FIRST));
    let call = Operation::GetOpenIdToken { identity: FIRST, logins: vec![Presented::Saml] };
    scene.is_right(&call, exception(INVALID));
    scene.is_right(&call, exception(NOT_AUTHORIZED));
    scene.is_wrong(&call, exception(NOT_FOUND));
}

#[test]
fn a_facebook_user_is_one_of_an_application() {
    let mut scene = Scene::new();
    let logins = [
        Presented::Public(Provider::Facebook, 1, IdToken::Genuine),
        Presented::User(GAME, User(0)),
    ];
    let user = ["login.game", "login.game:$pool0:user-0"];
    let short = ["graph.facebook.com", "graph.facebook.com:1"];
    let (operation, outcome) = scene.token(&logins, &[short, user].concat());
    scene.is_wrong(&operation, outcome);
    // Facebook may be unreachable. That says nothing about other providers.
    scene.is_right(&operation, exception(UNAVAILABLE));
    scene.is_wrong(&get_id(&[google(1)]), exception(UNAVAILABLE));
    let long = ["graph.facebook.com", "graph.facebook.com:7346241598935552:1"];
    let (operation, outcome) = scene.token(&logins, &[long, user].concat());
    scene.is_right(&operation, outcome);
}

#[test]
fn one_final_slash_of_a_key_is_forgiven_and_nothing_else() {
    for provider in [Provider::Google, Provider::OpenIdConnect, Provider::Auth0] {
        let mut scene = Scene::new();
        let plain = Presented::Public(provider, 1, IdToken::Genuine);
        scene.login(&[plain]);
        let slash = spelled(Spelling::Slash, provider);
        for logins in [vec![slash], vec![plain, slash], vec![slash, plain]] {
            scene.is_wrong(&get_id(&logins), exception(NOT_AUTHORIZED));
            scene.is_wrong(&get_id(&logins), OperationOutcome::Identity(Identity(1)));
            scene.is_right(&get_id(&logins), OperationOutcome::Identity(FIRST));
        }
        let rival = Presented::Public(provider, 2, IdToken::Genuine);
        scene.is_right(&get_id(&[slash, rival]), exception(CONFLICT));
        for spelling in [Spelling::TwoSlashes, Spelling::Wrong] {
            let call = get_id(&[spelled(spelling, provider)]);
            scene.is_wrong(&call, OperationOutcome::Identity(FIRST));
            scene.is_right(&call, exception(NOT_AUTHORIZED));
        }
        for (token, is_good) in [(IdToken::OtherSlash, true), (IdToken::TwoSlashes, false)] {
            let call = get_id(&[Presented::Public(provider, 1, token)]);
            let good = OperationOutcome::Identity(FIRST);
            scene.is_right(&call, if is_good { good } else { exception(NOT_AUTHORIZED) });
        }
    }
}

#[test]
fn an_issuer_is_named_with_or_without_its_final_slash() {
    for name in ["game.eu.auth0.com", "game.eu.auth0.com/"] {
        let mut scene = Scene::new();
        let logins = [
            Presented::Public(Provider::Auth0, 1, IdToken::Genuine),
            Presented::User(GAME, User(0)),
        ];
        let arn = Provider::Auth0.configured_name();
        let full = format!("{arn}:OIDC:1");
        let amr = [name, &full, "login.game", "login.game:$pool0:user-0"];
        let (operation, outcome) = scene.token(&logins, &amr);
        scene.is_right(&operation, outcome);
        // The ARN is the one in the pool.
        let full = full.replace("com/:", "com:");
        let amr = [name, &full, "login.game", "login.game:$pool0:user-0"];
        let (operation, outcome) = scene.token(&logins, &amr);
        scene.is_wrong(&operation, outcome);
    }
}

#[test]
fn the_issuer_of_tokens_follows_the_region() {
    let names = [
        "cognito-identity.amazonaws.com",
        "cognito-identity.amazonaws.com",
        "cognito-identity.us-gov-east-1.amazonaws.com",
        "cognito-identity-us-gov.amazonaws.com",
        "cognito-identity.cn-north-1.amazonaws.com.cn",
    ];
    for (region, name) in (0..).zip(names) {
        let mut scene = Scene::of(Account { number: 0, region });
        let logins = [Presented::User(GAME, User(0))];
        let amr = ["login.game", "login.game:$pool0:user-0"];
        let (operation, outcome) = scene.token(&logins, &amr);
        let OperationOutcome::Token(identity, token, said) = outcome else { panic!("no token") };
        assert_eq!(said.issuer, Some(format!("https://{name}")));
        let issuer = Some("https://cognito-identity.example.com".to_owned());
        let other = Statement { issuer, ..(*said).clone() };
        scene.is_wrong(&operation, OperationOutcome::Token(identity, token, Box::new(other)));
        scene.is_right(&operation, OperationOutcome::Token(identity, token, said));
    }
}

#[test]
fn a_pool_of_an_account_that_is_not_known_has_roles_of_any() {
    for (number, outcome) in [
        (0, OperationOutcome::Done),
        (Account::NOT_KNOWN, OperationOutcome::Done),
        (1, exception(NOT_AUTHORIZED)),
    ] {
        let mut scene = Scene::of(Account { number, region: 0 });
        let roles = Roles { authenticated: Some(Role::Player), ..Roles::default() };
        let caller = scene.caller();
        let set = Operation::SetIdentityPoolRoles { caller, pool: POOL, roles };
        scene.is_right(&set, outcome);
    }
}

#[test]
fn a_pool_of_an_account_that_is_not_known_may_be_of_any() {
    for (number, is_wrong) in [(Account::NOT_KNOWN, false), (1, true)] {
        let mut scene = Scene::of(Account { number, region: 0 });
        let get = Operation::GetId { pool: POOL, account: Some(0), logins: Vec::new() };
        let got = OperationOutcome::Identity(FIRST);
        scene.is_right(&get, if is_wrong { exception(NOT_AUTHORIZED) } else { got });
    }
}
