//! `GetId`, `GetOpenIdToken` and `GetCredentialsForIdentity` without credentials: their answers,
//! and the tokens that they refuse.

mod refusals;

use std::error::Error;

use aws_sdk_cognitoidentity::operation::get_credentials_for_identity as credentials;
use credentials::GetCredentialsForIdentityOutput;
use serde_json::{Value, json};

use crate::anyone::COGNITO;
use crate::check::Checks;
use crate::issuer::{GOOGLE, OIDC, OIDC_ARN, USER_POOL, now_secs};
use crate::scene::{ACCOUNT, REGION, Scene, World};
use crate::token::verify;

const HOUR_SECS: u64 = 3600;

pub async fn tell(world: &World, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    let scene = Scene::open(world, "public").await?;
    admit_guests(world, &scene, checks).await?;
    admit_users(world, &scene, checks).await?;
    issue_credentials(world, &scene, checks).await?;
    refusals::tell(world, checks).await
}

async fn admit_guests(
    world: &World,
    scene: &Scene,
    checks: &mut Checks,
) -> Result<(), Box<dyn Error>> {
    let guest = scene.guest().await?;
    checks.that("a guest's identity is of the pool's region", &guest, |id| {
        id.strip_prefix("us-east-1:").is_some_and(|guid| guid.len() == 36)
    });
    checks.equal("a guest has no logins", scene.describe(&guest).await?.logins, None);
    let other = scene.ask_id().set_logins(Some([].into())).send().await?.identity_id;
    let what = "every call without logins makes a new guest";
    checks.that(what, &other, |other| other.as_deref().is_some_and(|other| other != guest));
    let answer = scene.ask_id().account_id(ACCOUNT).send().await?;
    let what = "GetId takes the account that owns the pool";
    checks.that(what, &answer.identity_id, Option::is_some);

    let far = world.client(ACCOUNT, "eu-west-1");
    let request = far.create_identity_pool().identity_pool_name("far away");
    let request = request.allow_unauthenticated_identities(true).send().await?;
    let far = Scene::of(world, far, request.identity_pool_id).guest().await?;
    let what = "a guest's identity is of the pool's region, wherever the call is for";
    checks.that(what, &far, |id| id.starts_with("eu-west-1:"));

    let answer = scene.ask_token(&guest).send().await?;
    checks.equal("GetOpenIdToken answers the guest's id", answer.identity_id(), Some(&*guest));
    let token = answer.token.unwrap_or_default();
    let verified = verify(&token, &world.server.published_keys()?, &scene.pool)?;
    checks.equal("a guest's token is good for 600 seconds", verified.duration_secs(), Some(600));
    let expected = json!({
        "sub": guest,
        "aud": scene.pool,
        "amr": ["unauthenticated"],
        "iss": "https://cognito-identity.amazonaws.com",
    });
    let what = "a guest's token says unauthenticated, and no pool ARN";
    checks.equal(what, verified.timeless_claims(), expected);
    let before = scene.picture().await?;
    scene.ask_token(&guest).send().await?;
    checks.equal("a token changes nothing", scene.picture().await?, before);
    Ok(())
}

async fn admit_users(
    world: &World,
    scene: &Scene,
    checks: &mut Checks,
) -> Result<(), Box<dyn Error>> {
    let issuers = &world.issuers;
    let alice = scene.known(&issuers.user_pool, "alice").await?;
    let token = issuers.user_pool.token("alice")?;
    let answer = scene.ask_token(&alice).logins(USER_POOL, &token).send().await?;
    checks.equal("GetOpenIdToken answers the user's id", answer.identity_id(), Some(&*alice));
    let token = answer.token.unwrap_or_default();
    let verified = verify(&token, &world.server.published_keys()?, &scene.pool)?;
    checks.equal("a user's token is good for 600 seconds", verified.duration_secs(), Some(600));
    let expected = expected_claims(
        scene,
        &alice,
        &json!(["authenticated", USER_POOL, format!("{USER_POOL}:CognitoSignIn:alice")]),
    );
    let what = "a token for a user of a user pool";
    checks.equal(what, verified.timeless_claims(), expected);

    let oscar = scene.known(&issuers.oidc, "oscar").await?;
    let token = issuers.oidc.token("oscar")?;
    let answer = scene.ask_token(&oscar).logins(OIDC, token).send().await?;
    let amr = json!(["authenticated", OIDC, format!("{OIDC_ARN}:OIDC:oscar")]);
    let what = "a token for a user of an OpenID Connect provider";
    checks.equal(what, scene.read(world, answer.token)?, expected_claims(scene, &oscar, &amr));

    let gina = scene.known(&issuers.google, "gina").await?;
    let token = issuers.google.token("gina")?;
    let answer = scene.ask_token(&gina).logins(GOOGLE, token).send().await?;
    let claims = scene.read(world, answer.token)?;
    let what = "a token for a user of Google names Google, and no other provider";
    checks.that(what, &claims["amr"], |amr| {
        amr[0] == "authenticated" && amr[1] == GOOGLE && amr.as_array().map(Vec::len) == Some(3)
    });

    // The logins are linked, but not presented.
    let (google, user_pool) = (issuers.google.token("gina")?, issuers.user_pool.token("gus")?);
    scene.ask_id().logins(GOOGLE, &google).logins(USER_POOL, user_pool).send().await?;
    let answer = scene.ask_token(&gina).logins(GOOGLE, google).send().await?;
    let what = "a token names the providers of the call alone";
    checks.equal(what, scene.read(world, answer.token)?, claims);
    Ok(())
}

async fn issue_credentials(
    world: &World,
    scene: &Scene,
    checks: &mut Checks,
) -> Result<(), Box<dyn Error>> {
    let guest = scene.guest().await?;
    let answer = scene.ask_credentials(&guest).send().await?;
    let what = "GetCredentialsForIdentity answers the guest's id";
    checks.equal(what, answer.identity_id(), Some(&*guest));
    checks.that("a guest gets credentials for an hour", &answer, is_for_an_hour);
    let again = scene.ask_credentials(&guest).send().await?;
    checks.that("credentials are new each time", &again, |again| {
        is_for_an_hour(again) && key_of(again) != key_of(&answer)
    });

    let user_pool = &world.issuers.user_pool;
    let alice = scene.known(user_pool, "alice").await?;
    let request = scene.ask_credentials(&alice).logins(USER_POOL, user_pool.token("alice")?);
    let answer = request.send().await?;
    let what = "GetCredentialsForIdentity answers the user's id";
    checks.equal(what, answer.identity_id(), Some(&*alice));
    checks.that("a user gets credentials for an hour", &answer, is_for_an_hour);

    let answer = scene.ask_for("dora").send().await?;
    let dora = answer.identity_id.unwrap_or_default();
    let token = answer.token.unwrap_or_default();
    let answer = scene.ask_credentials(&dora).logins(COGNITO, token).send().await?;
    let what = "a developer's token opens the identity that it is for";
    checks.equal(what, answer.identity_id(), Some(&*dora));
    checks.that("and gets credentials for an hour", &answer, is_for_an_hour);

    let answer = scene.ask_token(&guest).send().await?;
    let token = answer.token.unwrap_or_default();
    let answer = scene.ask_credentials(&guest).logins(COGNITO, token).send().await?;
    let what = "a guest's token opens the guest";
    checks.that(what, &answer, is_for_an_hour);
    Ok(())
}

fn expected_claims(scene: &Scene, identity: &str, amr: &Value) -> Value {
    let pool = &scene.pool;
    json!({
        "sub": identity,
        "aud": pool,
        "amr": amr,
        "iss": "https://cognito-identity.amazonaws.com",
        "https://cognito-identity.amazonaws.com/identity-pool-arn":
            format!("arn:aws:cognito-identity:{REGION}:{ACCOUNT}:identitypool/{pool}"),
    })
}

fn key_of(answer: &GetCredentialsForIdentityOutput) -> Option<&str> {
    answer.credentials.as_ref()?.access_key_id()
}

/// Four members that are not empty, and an expiration in whole seconds.
fn is_for_an_hour(answer: &GetCredentialsForIdentityOutput) -> bool {
    let Some(credentials) = &answer.credentials else { return false };
    let texts =
        [credentials.access_key_id(), credentials.secret_key(), credentials.session_token()];
    let ends = credentials.expiration().filter(|ends| ends.subsec_nanos() == 0);
    let ends = ends.and_then(|ends| u64::try_from(ends.secs()).ok());
    texts.iter().all(|text| text.is_some_and(|text| !text.is_empty()))
        && ends.is_some_and(|ends| ends.abs_diff(now_secs() + HOUR_SECS) < 60)
}
