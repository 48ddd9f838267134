//! The choice of the role for credentials. The chosen role is not visible from outside, only
//! whether a call gets credentials.

use std::error::Error;

use aws_sdk_cognitoidentity::operation::{
    get_credentials_for_identity::GetCredentialsForIdentityError as CredentialsRefused,
    get_open_id_token::GetOpenIdTokenError as TokenRefused,
};
use aws_sdk_cognitoidentity::types::{
    AmbiguousRoleResolutionType as Ambiguous, MappingRuleMatchType as Match, RoleMapping,
};
use serde_json::{Value, json};

use super::{ADMIN_ROLE, ask_roles, by_rules, by_token, rule};
use crate::anyone::{GUEST_ROLE, USER_ROLE};
use crate::check::{Checks, Text};
use crate::issuer::{GOOGLE, Issuer, USER_POOL};
use crate::scene::{Scene, World};

const DENIED: Text<'_> =
    Text::Around("The ambiguous role mapping rules for: ", " denied this request.");
const NO_ROLE: Text<'_> =
    Text::Exactly("Invalid identity pool configuration. Check assigned IAM roles for this pool.");

/// The outcome of a call for credentials.
#[derive(Clone, Copy)]
enum Outcome {
    Credentials,
    Denied,
    NotAuthorized,
    NoRole,
}
use Outcome::{Credentials, Denied, NoRole, NotAuthorized};

pub async fn tell(world: &World, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    let scene = Scene::open(world, "choice of roles").await?;
    choose_default(world, &scene, checks).await?;
    choose_by_rules(world, &scene, checks).await?;
    choose_by_token(world, &scene, checks).await?;
    refuse_classic_flow(&scene, checks).await
}

async fn choose_default(
    world: &World,
    scene: &Scene,
    checks: &mut Checks,
) -> Result<(), Box<dyn Error>> {
    let google = &world.issuers.google;
    ask_roles(scene).roles("unauthenticated", GUEST_ROLE).send().await?;
    let guest = scene.guest().await?;
    let answer = scene.ask_credentials(&guest).send().await?;
    checks.that("a guest needs the guests' role", &answer.credentials, Option::is_some);
    expect(scene, checks, "a user without the users' role", google, &json!({}), None, NoRole)
        .await?;

    ask_roles(scene).roles("authenticated", USER_ROLE).send().await?;
    let request = scene.ask_credentials(&guest).send();
    let what = "credentials for a guest without the guests' role are refused";
    let is_expected = CredentialsRefused::is_invalid_identity_pool_configuration_exception;
    scene.refuses(checks, what, request, is_expected, NO_ROLE).await?;
    expect(scene, checks, "a user with the users' role", google, &json!({}), None, Credentials)
        .await
}

async fn choose_by_rules(
    world: &World,
    scene: &Scene,
    checks: &mut Checks,
) -> Result<(), Box<dyn Error>> {
    let google = &world.issuers.google;
    for (by, claims, outcome) in [
        (Match::Equals, json!({ "team": "red" }), Credentials),
        (Match::Equals, json!({ "team": "Red" }), Denied),
        (Match::Equals, json!({ "team": ["blue", "red"] }), Credentials),
        (Match::Equals, json!({}), Denied),
        (Match::StartsWith, json!({ "team": "red 1" }), Credentials),
        (Match::StartsWith, json!({ "team": "infrared" }), Denied),
        (Match::Contains, json!({ "team": "infrared 1" }), Credentials),
        (Match::Contains, json!({ "team": ["blue", "infrared"] }), Credentials),
        (Match::Contains, json!({ "team": "blue" }), Denied),
        (Match::NotEqual, json!({ "team": "blue" }), Credentials),
        (Match::NotEqual, json!({ "team": "red" }), Denied),
        (Match::NotEqual, json!({}), Denied),
    ] {
        let what = format!("{claims} where a rule wants team {by} red and denies others");
        let mapping = by_rules(Ambiguous::Deny, [rule("team", by, "red", ADMIN_ROLE)?])?;
        map(scene, GOOGLE, mapping).await?;
        expect(scene, checks, &what, google, &claims, None, outcome).await?;
    }

    let rules = || rule("team", Match::Equals, "red", ADMIN_ROLE);
    map(scene, GOOGLE, by_rules(Ambiguous::AuthenticatedRole, [rules()?])?).await?;
    let what = "a user whom no rule fits where others get the users' role";
    expect(scene, checks, what, google, &json!({}), None, Credentials).await?;
    let mapping = by_rules(Ambiguous::AuthenticatedRole, [rules()?])?;
    ask_roles(scene).set_roles(Some([].into())).role_mappings(GOOGLE, mapping).send().await?;
    let what = "a user whom no rule fits where there is no users' role";
    expect(scene, checks, what, google, &json!({}), None, NoRole).await?;
    let what = "a user whom a rule fits where there is no users' role";
    expect(scene, checks, what, google, &json!({ "team": "red" }), None, Credentials).await?;

    map(scene, GOOGLE, by_rules(Ambiguous::Deny, [rules()?])?).await?;
    let what = "a user of another provider than the mapped one";
    let other = &world.issuers.user_pool;
    expect(scene, checks, what, other, &json!({}), None, Credentials).await
}

async fn choose_by_token(
    world: &World,
    scene: &Scene,
    checks: &mut Checks,
) -> Result<(), Box<dyn Error>> {
    let issuer = &world.issuers.user_pool;
    let provider = format!("{USER_POOL}:{}", issuer.client);
    map(scene, &provider, by_token(Some(Ambiguous::Deny))?).await?;
    let roles = json!({ "cognito:roles": [USER_ROLE, ADMIN_ROLE] });
    let preferred = json!({
        "cognito:roles": [USER_ROLE, ADMIN_ROLE], "cognito:preferred_role": ADMIN_ROLE,
    });
    for (what, claims, custom, outcome) in [
        ("a token with a preferred role", &preferred, None, Credentials),
        ("a token with two roles and none preferred", &roles, None, Denied),
        ("a token without roles", &json!({}), None, Denied),
        ("a custom role among the token's", &roles, Some(ADMIN_ROLE), Credentials),
        ("a custom role that is not among the token's", &roles, Some(GUEST_ROLE), NotAuthorized),
    ] {
        expect(scene, checks, what, issuer, claims, custom, outcome).await?;
    }
    map(scene, &provider, by_token(Some(Ambiguous::AuthenticatedRole))?).await?;
    let what = "a token with two roles where others get the users' role";
    expect(scene, checks, what, issuer, &roles, None, Credentials).await
}

async fn refuse_classic_flow(scene: &Scene, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    let guest = scene.guest().await?;
    let request = scene.ask_token(&guest).send();
    let text = Text::Exactly(
        "Basic (classic) flow is not supported with RoleMappings, please use enhanced flow.",
    );
    let what = "a token of a pool with role mappings is an InvalidParameterException";
    let is_expected = TokenRefused::is_invalid_parameter_exception;
    scene.refuses(checks, what, request, is_expected, text).await
}

/// Sets one mapping besides the role of authenticated users.
async fn map(scene: &Scene, provider: &str, mapping: RoleMapping) -> Result<(), Box<dyn Error>> {
    let request = ask_roles(scene).roles("authenticated", USER_ROLE);
    request.role_mappings(provider, mapping).send().await?;
    Ok(())
}

/// Checks the outcome of a call by a user whose token has these additional claims.
async fn expect(
    scene: &Scene,
    checks: &mut Checks,
    what: &str,
    issuer: &Issuer,
    more: &Value,
    custom: Option<&str>,
    outcome: Outcome,
) -> Result<(), Box<dyn Error>> {
    let identity = scene.known(issuer, "alice").await?;
    let mut claims = issuer.claims("alice");
    for (name, value) in more.as_object().into_iter().flatten() {
        claims[name] = value.clone();
    }
    let request = scene.ask_credentials(&identity).logins(issuer.name, issuer.sign(&claims)?);
    let request = request.set_custom_role_arn(custom.map(str::to_owned)).send();
    let not_authorized = CredentialsRefused::is_not_authorized_exception;
    let no_role = CredentialsRefused::is_invalid_identity_pool_configuration_exception;
    let (is_expected, text): (fn(&_) -> bool, _) = match outcome {
        Credentials => {
            let answer = request.await;
            checks.that(&format!("{what}: credentials"), &answer, |answer| {
                answer.as_ref().is_ok_and(|answer| answer.credentials.is_some())
            });
            return Ok(());
        }
        Denied => (not_authorized, DENIED),
        NotAuthorized => (not_authorized, Text::Unspecified),
        NoRole => (no_role, NO_ROLE),
    };
    scene.refuses(checks, what, request, is_expected, text).await
}
