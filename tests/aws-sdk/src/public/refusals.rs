//! Refusals of the public operations that come before the identity is looked up.

use std::error::Error;
use std::time::Duration;

use aws_sdk_cognitoidentity::operation::{
    get_credentials_for_identity::GetCredentialsForIdentityError as CredentialsRefused,
    get_id::GetIdError as IdRefused, get_open_id_token::GetOpenIdTokenError as TokenRefused,
};
use serde_json::{Value, json};

use crate::anyone::COGNITO;
use crate::check::{Broken, Checks, Text, is_validation_exception};
use crate::issuer::{GOOGLE, OIDC, USER_POOL, now_secs};
use crate::scene::{ACCOUNT, NOBODY, PROVIDER, REGION, Scene, World};
use crate::token::{spliced, verify};

const UNSUPPORTED: Text<'_> =
    Text::Exactly("Token is not from a supported provider of this identity pool.");
const IS_COGNITO: Text<'_> = Text::Exactly("Invalid login token. Can't pass in a Cognito token.");
const NO_GUESTS: Text<'_> =
    Text::Exactly("Unauthenticated access is not supported for this identity pool.");
const DONT_MATCH: Text<'_> = Text::Exactly(
    "Logins don't match. Please include at least one valid login for this identity or identity \
     pool.",
);
const NO_ROLE: Text<'_> =
    Text::Exactly("Invalid identity pool configuration. Check assigned IAM roles for this pool.");

pub async fn tell(world: &World, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    let scene = Scene::open(world, "public refusals").await?;
    refuse_unknown(&scene, checks).await?;
    refuse_settings(world, checks).await?;
    refuse_classic_flow(world, checks).await?;
    refuse_providers(world, &scene, checks).await?;
    refuse_tokens(world, &scene, checks).await?;
    refuse_cognito_tokens(world, &scene, checks).await?;
    refuse_values(&scene, checks).await
}

async fn refuse_unknown(scene: &Scene, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    let text = format!("IdentityPool '{NOBODY}' not found.");
    let request = scene.ask_id().identity_pool_id(NOBODY).send();
    let what = "an id from an unknown pool is a ResourceNotFoundException";
    let is_expected = IdRefused::is_resource_not_found_exception;
    scene.refuses(checks, what, request, is_expected, Text::Exactly(&text)).await?;

    let text = format!("Identity '{NOBODY}' not found.");
    let what = "a token for an unknown identity is a ResourceNotFoundException";
    let request = scene.ask_token(NOBODY).send();
    let is_expected = TokenRefused::is_resource_not_found_exception;
    scene.refuses(checks, what, request, is_expected, Text::Exactly(&text)).await?;
    let what = "credentials for an unknown identity are a ResourceNotFoundException";
    let request = scene.ask_credentials(NOBODY).send();
    let is_expected = CredentialsRefused::is_resource_not_found_exception;
    scene.refuses(checks, what, request, is_expected, Text::Exactly(&text)).await?;

    let request = scene.ask_id().account_id("999999999999").send();
    let text = Text::Exactly("Access to this identity pool is forbidden.");
    let what = "another account than the owner's is a NotAuthorizedException";
    let is_expected = IdRefused::is_not_authorized_exception;
    scene.refuses(checks, what, request, is_expected, text).await
}

async fn refuse_settings(world: &World, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    let is_expected = IdRefused::is_not_authorized_exception;
    let closed = Scene::new(world, "without guests").await?;
    let what = "a guest in a pool without guests is a NotAuthorizedException";
    closed.refuses(checks, what, closed.ask_id().send(), is_expected, NO_GUESTS).await?;

    let client = world.client(ACCOUNT, REGION);
    let request = client.create_identity_pool().identity_pool_name("guests alone");
    let pool = request.allow_unauthenticated_identities(true).send().await?.identity_pool_id;
    let bare = Scene::of(world, client, pool);
    let request = bare.ask_id().logins(GOOGLE, world.issuers.google.token("gina")?).send();
    let text =
        format!("Identity pool - {} does not have identity providers configured.", bare.pool);
    let what = "logins for a pool without providers are a NotAuthorizedException";
    bare.refuses(checks, what, request, is_expected, Text::Exactly(&text)).await?;

    let guest = bare.guest().await?;
    let answer = bare.ask_token(&guest).send().await?;
    checks.that("a pool without roles hands out tokens", &answer.token, Option::is_some);
    let what = "credentials of a pool without roles are refused as its configuration";
    let request = bare.ask_credentials(&guest).send();
    let is_expected = CredentialsRefused::is_invalid_identity_pool_configuration_exception;
    bare.refuses(checks, what, request, is_expected, NO_ROLE).await?;

    let request = bare.client.update_identity_pool().identity_pool_id(&bare.pool);
    let request = request.identity_pool_name("no longer").allow_unauthenticated_identities(false);
    request.send().await?;
    let what = "a token for a guest who is allowed no more is a NotAuthorizedException";
    let request = bare.ask_token(&guest).send();
    let is_expected = TokenRefused::is_not_authorized_exception;
    bare.refuses(checks, what, request, is_expected, NO_GUESTS).await?;
    let what = "credentials for a guest who is allowed no more are a NotAuthorizedException";
    let request = bare.ask_credentials(&guest).send();
    let is_expected = CredentialsRefused::is_not_authorized_exception;
    bare.refuses(checks, what, request, is_expected, NO_GUESTS).await
}

async fn refuse_classic_flow(world: &World, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    let client = world.client(ACCOUNT, REGION);
    let request = client.create_identity_pool().identity_pool_name("enhanced flow alone");
    let request = request.allow_unauthenticated_identities(true).developer_provider_name(PROVIDER);
    let pool = request.allow_classic_flow(false).send().await?.identity_pool_id;
    let scene = Scene::of(world, client, pool);
    let guest = scene.guest().await?;
    let request = scene.ask_token(&guest).send();
    let text = Text::Exactly("Basic (classic) flow is not enabled, please use enhanced flow.");
    let what = "a token without the classic flow is an InvalidParameterException";
    let is_expected = TokenRefused::is_invalid_parameter_exception;
    scene.refuses(checks, what, request, is_expected, text).await?;
    let answer = scene.ask_for("dora").send().await?;
    let what = "a developer's token does not need the classic flow";
    checks.that(what, &answer.token, Option::is_some);

    let request = scene.client.update_identity_pool().identity_pool_id(&scene.pool);
    let request = request.identity_pool_name("both flows").allow_unauthenticated_identities(true);
    request.allow_classic_flow(true).send().await?;
    let answer = scene.ask_token(&guest).send().await?;
    checks.that("the classic flow can be allowed", &answer.token, Option::is_some);
    Ok(())
}

async fn refuse_providers(
    world: &World,
    scene: &Scene,
    checks: &mut Checks,
) -> Result<(), Box<dyn Error>> {
    let issuers = &world.issuers;
    let is_expected = IdRefused::is_not_authorized_exception;
    let request = scene.ask_id().logins("graph.facebook.com", "token").send();
    let what = "a provider that the pool does not have is a NotAuthorizedException";
    scene.refuses(checks, what, request, is_expected, UNSUPPORTED).await?;

    for issuer in [&issuers.user_pool, &issuers.google] {
        let mut claims = issuer.claims("alice");
        claims["aud"] = json!("another");
        let request = scene.ask_id().logins(issuer.name, issuer.sign(&claims)?).send();
        let what = format!("a token of {} for another application is refused", issuer.name);
        scene.refuses(checks, &what, request, is_expected, UNSUPPORTED).await?;
    }

    let text = Text::Exactly("Please provide a valid public provider");
    let request = scene.ask_id().logins(PROVIDER, "dora").send();
    let what = "an id for a developer user is an InvalidParameterException";
    let is_expected = IdRefused::is_invalid_parameter_exception;
    scene.refuses(checks, what, request, is_expected, text).await?;
    let dora = scene.identity_of("dora").await?;
    let request = scene.ask_credentials(&dora).logins(PROVIDER, "dora").send();
    let what = "credentials for a developer user are an InvalidParameterException";
    let is_expected = CredentialsRefused::is_invalid_parameter_exception;
    scene.refuses(checks, what, request, is_expected, text).await
}

async fn refuse_tokens(
    world: &World,
    scene: &Scene,
    checks: &mut Checks,
) -> Result<(), Box<dyn Error>> {
    let issuer = &world.issuers.user_pool;
    let altered = |member: &str, value: Value| {
        let mut claims = issuer.claims("alice");
        claims[member] = value;
        issuer.sign(&claims)
    };
    let mut without_audience = issuer.claims("alice");
    without_audience.as_object_mut().ok_or("claims")?.remove("aud");
    let exp = now_secs() - 1;
    let expired = format!(" >= {exp}");
    let forged = spliced(&issuer.token("alice")?, &issuer.token("bob")?).unwrap_or_default();
    let by_another = world.issuers.google.sign(&issuer.claims("alice"))?;
    for (what, token, text) in [
        (
            "no token at all",
            "alice".to_owned(),
            Text::Exactly("Invalid login token. Not a valid OpenId Connect identity token."),
        ),
        (
            "a token without an audience",
            issuer.sign(&without_audience)?,
            Text::Exactly("Invalid login token. Missing a required claim: aud"),
        ),
        (
            "a token of another issuer",
            altered("iss", json!("https://accounts.google.com"))?,
            Text::Exactly("Invalid login token. Issuer doesn't match providerName"),
        ),
        (
            "a token under another token's signature",
            forged,
            Text::Exactly("Invalid login token. Couldn't verify signed token."),
        ),
        (
            "a token under another issuer's signature",
            by_another,
            Text::Exactly("Invalid login token. Couldn't verify signed token."),
        ),
        (
            "a token of the past",
            altered("exp", json!(exp))?,
            Text::Around("Invalid login token. Token expired: ", &expired),
        ),
    ] {
        let request = scene.ask_id().logins(USER_POOL, token).send();
        let what = format!("{what} is a NotAuthorizedException");
        let is_expected = IdRefused::is_not_authorized_exception;
        scene.refuses(checks, &what, request, is_expected, text).await?;
    }

    let (good, bad) = (world.issuers.google.token("gina")?, altered("exp", json!(exp))?);
    let request = scene.ask_id().logins(GOOGLE, good).logins(USER_POOL, bad).send();
    let text = Text::Around("Invalid login token. Token expired: ", &expired);
    let what = "one bad token among good ones fails the call";
    let is_expected = IdRefused::is_not_authorized_exception;
    scene.refuses(checks, what, request, is_expected, text).await?;

    // The pool does not name the audience of an OpenID Connect provider.
    let mut claims = world.issuers.oidc.claims("oscar");
    claims["azp"] = json!("an application");
    let request = scene.ask_id().logins(OIDC, world.issuers.oidc.sign(&claims)?);
    checks.that("an authorized party is read", &request.send().await?.identity_id, Option::is_some);
    Ok(())
}

async fn refuse_cognito_tokens(
    world: &World,
    scene: &Scene,
    checks: &mut Checks,
) -> Result<(), Box<dyn Error>> {
    let answer = scene.ask_for("dora").send().await?;
    let dora = answer.identity_id.unwrap_or_default();
    let token = answer.token.unwrap_or_default();
    for provider in [COGNITO, PROVIDER, GOOGLE] {
        let request = scene.ask_id().logins(provider, &token).send();
        let what = format!("an id for a Cognito token under {provider} is refused");
        let is_expected = IdRefused::is_not_authorized_exception;
        scene.refuses(checks, &what, request, is_expected, IS_COGNITO).await?;
    }
    let request = scene.ask_token(&dora).logins(COGNITO, &token).send();
    let what = "a token for a Cognito token is a NotAuthorizedException";
    let is_expected = TokenRefused::is_not_authorized_exception;
    scene.refuses(checks, what, request, is_expected, IS_COGNITO).await?;

    let is_expected = CredentialsRefused::is_not_authorized_exception;
    let foreign = world.issuers.user_pool.token("alice")?;
    let other = scene.ask_for("dana").send().await?.token.unwrap_or_default();
    let forged = spliced(&token, &other).unwrap_or_default();
    let text = Text::Exactly("Invalid login token. Not a Cognito token.");
    for (what, token) in [("another issuer's", foreign), ("a forged", forged)] {
        let request = scene.ask_credentials(&dora).logins(COGNITO, token).send();
        let what = format!("credentials for {what} token as the service's are refused");
        scene.refuses(checks, &what, request, is_expected, text).await?;
    }
    let request = scene.ask_credentials(&dora).logins(COGNITO, other).send();
    let what = "credentials for another identity's token are a NotAuthorizedException";
    scene.refuses(checks, what, request, is_expected, DONT_MATCH).await?;
    let elsewhere = Scene::open(world, "another public pool").await?;
    let stranger = elsewhere.ask_for("dora").send().await?.token.unwrap_or_default();
    let request = scene.ask_credentials(&dora).logins(COGNITO, stranger).send();
    let what = "credentials for another pool's token are a NotAuthorizedException";
    scene.refuses(checks, what, request, is_expected, DONT_MATCH).await?;

    let brief = scene.ask_for("dora").token_duration(1).send().await?.token.unwrap_or_default();
    let claims = verify(&brief, &world.server.published_keys()?, &scene.pool)?.claims;
    let expired = format!(" >= {}", claims["exp"]);
    tokio::time::sleep(Duration::from_millis(2100)).await;
    let request = scene.ask_credentials(&dora).logins(COGNITO, brief).send();
    let text = Text::Around("Invalid login token. Token expired: ", &expired);
    let what = "credentials for a token of the past are a NotAuthorizedException";
    scene.refuses(checks, what, request, is_expected, text).await
}

async fn refuse_values(scene: &Scene, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    let pattern = r"Member must satisfy regular expression pattern: [\w-]+:[0-9a-f-]+";
    let request = scene.ask_id().identity_pool_id("nonsense").send();
    let text = Text::Violations(&[Broken("'nonsense'", "identityPoolId", pattern)]);
    let what = "an id from a pool of another form is a ValidationException";
    scene.refuses(checks, what, request, is_validation_exception, text).await?;

    let request = scene.anyone.get_credentials_for_identity().send();
    let text = Text::Violations(&[Broken("null", "identityId", "Member must not be null")]);
    let what = "credentials for nobody are a ValidationException";
    scene.refuses(checks, what, request, is_validation_exception, text).await?;

    let request = scene.ask_credentials("").logins(GOOGLE, "").send();
    let text = Text::Violations(&[
        Broken(
            "'{accounts.google.com=***Sensitive Data Redacted***}'",
            "logins",
            "Map value must satisfy constraint: [Member must have length less than or equal to \
             50000, Member must have length greater than or equal to 1]",
        ),
        Broken("''", "identityId", "Member must have length greater than or equal to 1"),
        Broken("''", "identityId", pattern),
    ]);
    let what = "credentials with three broken constraints report all of them";
    scene.refuses(checks, what, request, is_validation_exception, text).await?;

    let request = scene.ask_unlink(NOBODY).send();
    let text = Text::Violations(&[
        Broken("null", "logins", "Member must not be null"),
        Broken("null", "loginsToRemove", "Member must not be null"),
    ]);
    let what = "unlinking nothing by nothing is a ValidationException";
    scene.refuses(checks, what, request, is_validation_exception, text).await
}
