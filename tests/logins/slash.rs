//! Issuers that end in a slash, such as those of Auth0: one final slash of a provider's name is
//! ignored in every comparison.

mod kept;

use std::sync::{Arc, Mutex};

use cognate::ambient::Timestamp;
use cognate::login::{Issuer, IssuerKeys, JwkSet, LoginError, OidcVerifier, UnverifiedLogins};
use cognate::store::{Batch, Commit, Key, MemoryStore, Store, Tree};
use cognate::token::SigningAlgorithm;
use cognate::wire::{self, Context};
use cognate::{Builder, Engine, from_fn};
use serde_json::{Value, json};

use crate::mint::{KEYS, Maker, NOW, key_set};
use crate::support::{ACCOUNT, GAME, NOON, REGION};

const TENANT: &str = "tenant.auth0.com";
const TENANT_SLASH: &str = "tenant.auth0.com/";
const SPELLINGS: [&str; 2] = [TENANT, TENANT_SLASH];
const MISMATCH: &str = "Invalid login token. Issuer doesn't match providerName";
const UNSUPPORTED: &str = "Token is not from a supported provider of this identity pool.";

fn arn(issuer: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}")
}

/// A token of `https://ISSUER` for one of its users.
fn token(issuer: &str, sub: &str) -> String {
    let claims = json!({
        "iss": format!("https://{issuer}"), "sub": sub, "aud": "app", "exp": NOW + 600,
        "plan": "gold",
    });
    let header = json!({"alg": "EdDSA", "kid": "k", "typ": "JWT"});
    Maker::signed_by(&KEYS.ed25519, "EdDSA", header.to_string(), claims.to_string()).text()
}

fn keys() -> JwkSet {
    key_set(&[KEYS.ed25519.jwk("k")])
}

fn knows(name: &str) -> OidcVerifier {
    OidcVerifier::new().issuer(name, Issuer::new(keys()).client_id("app"))
}

struct Tenant(Engine);

impl Tenant {
    fn new(parts: impl FnOnce(Builder) -> Builder) -> Self {
        Self::over(Arc::new(MemoryStore::new()), parts)
    }

    fn over(store: Arc<MemoryStore>, parts: impl FnOnce(Builder) -> Builder) -> Self {
        let builder = Engine::builder()
            .clock(from_fn(|| Timestamp::from_millis(NOON)))
            .signing_algorithm(SigningAlgorithm::EdDsa);
        Self(parts(builder).open_shared(store).expect("opens"))
    }

    fn ask(&self, operation: &str, body: &Value) -> Result<Value, String> {
        let context = match operation {
            "GetId" | "GetOpenIdToken" | "GetCredentialsForIdentity" | "UnlinkIdentity" => {
                Context::anonymous()
            }
            _ => Context::signed(ACCOUNT.parse().unwrap(), REGION.parse().unwrap()),
        };
        let target = format!("AWSCognitoIdentityService.{operation}");
        let reply = wire::call(&self.0, &context, &target, body.to_string().as_bytes());
        let body = String::from_utf8(reply.body).expect("text");
        let body: Value = if body.is_empty() { json!({}) } else { body.parse().expect("JSON") };
        if reply.status == 200 { Ok(body) } else { Err(text(&body["message"])) }
    }

    #[track_caller]
    fn ok(&self, operation: &str, body: Value) -> Value {
        self.ask(operation, &body).expect(operation)
    }

    #[track_caller]
    fn refused(&self, operation: &str, body: Value) -> String {
        self.ask(operation, &body).expect_err(operation)
    }

    fn pool(&self, arns: &[&str]) -> String {
        let arns: Vec<_> = arns.iter().map(|issuer| arn(issuer)).collect();
        let pool = self.ok(
            "CreateIdentityPool",
            json!({
                "IdentityPoolName": "game", "AllowUnauthenticatedIdentities": true,
                "DeveloperProviderName": GAME, "OpenIdConnectProviderARNs": arns,
            }),
        );
        text(&pool["IdentityPoolId"])
    }

    #[track_caller]
    fn get_id(&self, pool: &str, logins: Value) -> String {
        text(&self.ok("GetId", json!({"IdentityPoolId": pool, "Logins": logins}))["IdentityId"])
    }

    fn providers(&self, identity: &str) -> Value {
        self.ok("DescribeIdentity", json!({"IdentityId": identity}))["Logins"].clone()
    }

    fn amr(&self, identity: &str, logins: Value) -> Vec<String> {
        let body = json!({"IdentityId": identity, "Logins": logins});
        let token = text(&self.ok("GetOpenIdToken", body)["Token"]);
        self.0.verify_token(&token).expect("ours").amr().to_vec()
    }

    /// The role and the tags of the credentials for these logins.
    fn session(&self, identity: &str, logins: Value) -> (String, Value) {
        let body = json!({"IdentityId": identity, "Logins": logins});
        let got = self.ok("GetCredentialsForIdentity", body);
        let token = text(&got["Credentials"]["SessionToken"]);
        let session = self.0.verify_session(&token).expect("ours").session;
        (session.role_arn.as_str().to_owned(), json!(session.principal_tags))
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// Every spelling of the verifier's name, the ARN, `iss` and the key of `Logins`.
#[test]
fn a_user_of_an_issuer_is_one_login_under_both_spellings() {
    for name in [TENANT, TENANT_SLASH, "https://tenant.auth0.com/"] {
        for configured in SPELLINGS {
            let issuer = Issuer::without_keys().client_id("app");
            let unverified = UnverifiedLogins::trust_everyone().issuer(name, issuer);
            for tenant in [
                Tenant::new(|builder| builder.login_verifier(knows(name))),
                Tenant::new(|builder| builder.login_verifier(unverified)),
            ] {
                let pool = tenant.pool(&[configured]);
                let alice = tenant.get_id(&pool, json!({TENANT: token(TENANT_SLASH, "alice")}));
                let bob = tenant.get_id(&pool, json!({TENANT_SLASH: token(TENANT, "bob")}));
                assert_ne!(alice, bob);
                let amr = ["authenticated", TENANT, &format!("{}:OIDC:alice", arn(configured))];
                for (issuer, key) in [
                    (TENANT, TENANT),
                    (TENANT, TENANT_SLASH),
                    (TENANT_SLASH, TENANT),
                    (TENANT_SLASH, TENANT_SLASH),
                ] {
                    let login = json!({key: token(issuer, "alice")});
                    assert_eq!(tenant.get_id(&pool, login.clone()), alice, "{issuer} as {key}");
                    assert_eq!(tenant.amr(&alice, login), amr, "{issuer} as {key}");
                }
                assert_eq!(tenant.providers(&alice), json!([TENANT]));
                assert_eq!(tenant.0.check().expect("readable"), []);
            }
        }
    }
}

#[test]
fn only_one_final_slash_is_ignored() {
    let tenant = Tenant::new(|builder| builder.login_verifier(knows(TENANT)));
    let pool = tenant.pool(&[TENANT_SLASH]);
    let ask = |key: &str, token: String| {
        tenant.refused("GetId", json!({"IdentityPoolId": pool, "Logins": {key: token}}))
    };
    for issuer in
        ["tenant.auth0.com//", "Tenant.auth0.com", "tenant.auth0.com:443/", "tenant.auth0.com/x"]
    {
        for key in SPELLINGS {
            assert_eq!(ask(key, token(issuer, "alice")), MISMATCH, "{issuer} as {key}");
        }
        let login = token(TENANT_SLASH, "alice");
        assert_eq!(ask(issuer, login), MISMATCH, "{issuer}");
        // Its own issuer, which the pool does not accept.
        assert_eq!(ask(issuer, token(issuer, "alice")), UNSUPPORTED, "{issuer}");
    }
    // A pool with two slashes has another provider.
    let pool = tenant.pool(&["tenant.auth0.com//"]);
    for key in SPELLINGS {
        let body = json!({"IdentityPoolId": pool, "Logins": {key: token(TENANT, "alice")}});
        assert_eq!(tenant.refused("GetId", body), UNSUPPORTED);
    }
    // A verifier with two slashes knows another issuer.
    let tenant = Tenant::new(|builder| builder.login_verifier(knows("tenant.auth0.com//")));
    let pool = tenant.pool(&[TENANT]);
    let body = json!({"IdentityPoolId": pool, "Logins": {TENANT: token(TENANT, "alice")}});
    assert_eq!(tenant.refused("GetId", body), "The login provider is not available.");
}

/// Two keys that differ by the slash are two logins. Each is verified; for one user they are the
/// same.
#[test]
fn both_spellings_in_one_call() {
    let tenant = Tenant::new(|builder| builder.login_verifier(knows(TENANT)));
    let pool = tenant.pool(&[TENANT_SLASH]);
    let (alice, bob) = (token(TENANT_SLASH, "alice"), token(TENANT_SLASH, "bob"));
    let both = json!({TENANT: alice, TENANT_SLASH: alice});
    let id = tenant.get_id(&pool, both.clone());
    assert_eq!(tenant.get_id(&pool, json!({TENANT: alice})), id);
    assert_eq!(tenant.providers(&id), json!([TENANT]));
    let amr = ["authenticated", TENANT, &format!("{}:OIDC:alice", arn(TENANT_SLASH))];
    assert_eq!(tenant.amr(&id, both), amr);
    for logins in
        [json!({TENANT: alice, TENANT_SLASH: bob}), json!({TENANT: bob, TENANT_SLASH: alice})]
    {
        let refused = tenant.refused("GetId", json!({"IdentityPoolId": pool, "Logins": logins}));
        assert_eq!(refused, "Login is already linked to another account.");
    }
    let forged = alice.rsplit_once('.').expect("signed").0.to_owned() + ".AAAA";
    let logins = json!({TENANT: alice, TENANT_SLASH: forged});
    let refused = tenant.refused("GetId", json!({"IdentityPoolId": pool, "Logins": logins}));
    assert_eq!(refused, "Invalid login token. Couldn't verify signed token.");
    let listed = tenant.ok("ListIdentities", json!({"IdentityPoolId": pool, "MaxResults": 60}));
    assert_eq!(listed["Identities"].as_array().map(Vec::len), Some(1));
}

#[test]
fn an_identity_has_one_user_of_an_issuer_however_it_is_spelled() {
    let tenant = Tenant::new(|builder| builder.login_verifier(knows(TENANT)));
    let pool = tenant.pool(&SPELLINGS);
    let alice = token(TENANT, "alice");
    let id = tenant.get_id(&pool, json!({TENANT: alice}));
    let logins = json!({TENANT: alice, TENANT_SLASH: token(TENANT_SLASH, "bob")});
    let refused = tenant.refused("GetOpenIdToken", json!({"IdentityId": id, "Logins": logins}));
    assert_eq!(refused, "Login is already linked to another account.");
}

#[test]
fn a_login_is_unlinked_by_either_spelling() {
    for (presented, removed) in [(TENANT, TENANT_SLASH), (TENANT_SLASH, TENANT)] {
        let tenant = Tenant::new(|builder| builder.login_verifier(knows(TENANT)));
        let pool = tenant.pool(&[TENANT_SLASH]);
        let login = json!({presented: token(TENANT_SLASH, "alice")});
        let id = tenant.get_id(&pool, login.clone());
        for (other, name) in [("tenant.auth0.com//", "two"), ("Tenant.auth0.com", "case")] {
            let body = json!({"IdentityId": id, "Logins": login, "LoginsToRemove": [other]});
            tenant.ok("UnlinkIdentity", body);
            assert_eq!(tenant.providers(&id), json!([TENANT]), "{name}");
        }
        let body = json!({"IdentityId": id, "Logins": login, "LoginsToRemove": [removed]});
        tenant.ok("UnlinkIdentity", body);
        let again = tenant.get_id(&pool, json!({removed: token(TENANT_SLASH, "alice")}));
        assert_ne!(again, id);
        assert_eq!(tenant.0.check().expect("readable"), []);
    }
}

/// The role and the tags of a provider apply to either spelling of the mapping's ARN.
#[test]
fn role_mappings_and_attribute_maps_of_either_spelling() {
    for configured in SPELLINGS {
        for mapped in SPELLINGS {
            let tenant = Tenant::new(|builder| builder.login_verifier(knows(TENANT)));
            let pool = tenant.pool(&[configured]);
            let role = format!("arn:aws:iam::{ACCOUNT}:role/gold");
            let by_plan =
                json!({"Claim": "plan", "MatchType": "Equals", "Value": "gold", "RoleARN": role});
            let mapping = json!({
                "Type": "Rules", "AmbiguousRoleResolution": "Deny",
                "RulesConfiguration": {"Rules": [by_plan]},
            });
            let body = json!({"IdentityPoolId": pool, "Roles": {}, "RoleMappings": {arn(mapped): mapping}});
            tenant.ok("SetIdentityPoolRoles", body);
            let attributes = |provider: &str, tags: Value| {
                let arn = arn(provider);
                let of = json!({"IdentityPoolId": pool, "IdentityProviderName": arn});
                let mut set = of.clone();
                set["PrincipalTags"] = tags;
                tenant.ok("SetPrincipalTagAttributeMap", set);
                of
            };
            // The second map replaces the first.
            for other in SPELLINGS {
                attributes(other, json!({"gone": "sub"}));
            }
            attributes(mapped, json!({"tier": "plan"}));
            for asked in SPELLINGS {
                let body = json!({"IdentityPoolId": pool, "IdentityProviderName": arn(asked)});
                let got = tenant.ok("GetPrincipalTagAttributeMap", body);
                assert_eq!(got["PrincipalTags"], json!({"tier": "plan"}), "{asked}");
            }
            for key in SPELLINGS {
                let login = json!({key: token(TENANT_SLASH, "alice")});
                let id = tenant.get_id(&pool, login.clone());
                let found = tenant.session(&id, login);
                assert_eq!(found, (role.clone(), json!({"tier": "gold"})), "{configured} {mapped}");
            }
            // They stay while the provider stays, under either spelling.
            for issuer in [TENANT, TENANT_SLASH] {
                let body = json!({
                    "IdentityPoolId": pool, "IdentityPoolName": "game",
                    "AllowUnauthenticatedIdentities": true,
                    "OpenIdConnectProviderARNs": [arn(issuer)],
                });
                tenant.ok("UpdateIdentityPool", body);
                let login = json!({TENANT: token(TENANT_SLASH, "alice")});
                let id = tenant.get_id(&pool, login.clone());
                assert_eq!(tenant.session(&id, login).0, role);
            }
        }
    }
}

#[test]
fn a_token_of_the_engine_names_the_login_whatever_its_spelling_was() {
    let tenant = Tenant::new(|builder| builder.login_verifier(knows(TENANT)));
    let pool = tenant.pool(&[TENANT_SLASH]);
    let login = json!({TENANT_SLASH: token(TENANT_SLASH, "alice")});
    let id = tenant.get_id(&pool, login.clone());
    let got = tenant.ok("GetOpenIdToken", json!({"IdentityId": id, "Logins": login}));
    let roles = json!({"authenticated": format!("arn:aws:iam::{ACCOUNT}:role/a")});
    tenant.ok("SetIdentityPoolRoles", json!({"IdentityPoolId": pool, "Roles": roles}));
    let logins = json!({"cognito-identity.amazonaws.com": got["Token"]});
    tenant.session(&id, logins);
}

/// A callback gets the names without a final slash, so that one set of keys is cached.
#[test]
fn a_callback_is_asked_for_the_name_without_the_slash() {
    struct Asked(Arc<Mutex<Vec<String>>>);

    impl IssuerKeys for Asked {
        fn keys(&self, issuer: &str, _: Option<&str>) -> Result<Arc<JwkSet>, LoginError> {
            self.0.lock().expect("whole").push(issuer.to_owned());
            Ok(Arc::new(keys()))
        }
    }

    let asked = Arc::new(Mutex::new(Vec::new()));
    let verifier = OidcVerifier::new().issuer_keys(Asked(Arc::clone(&asked)));
    let tenant = Tenant::new(|builder| builder.login_verifier(verifier));
    let pool = tenant.pool(&[TENANT_SLASH]);
    for key in SPELLINGS {
        tenant.get_id(&pool, json!({key: token(TENANT_SLASH, "alice")}));
    }
    assert_eq!(*asked.lock().expect("whole"), [TENANT, TENANT]);
}

/// A developer provider with that name would be taken for the issuer.
#[test]
fn a_developer_provider_is_not_named_like_an_issuer_with_a_slash() {
    let tenant = Tenant::new(|builder| builder);
    let body = json!({
        "IdentityPoolName": "game", "AllowUnauthenticatedIdentities": true,
        "DeveloperProviderName": TENANT, "OpenIdConnectProviderARNs": [arn(TENANT_SLASH)],
    });
    let refused = tenant.refused("CreateIdentityPool", body);
    assert_eq!(refused, "'tenant.auth0.com' is the name of a public provider.");
}
