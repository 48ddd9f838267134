//! `UnlinkIdentity`: public logins leave an identity, and the last one disables it.

use std::error::Error;

use aws_sdk_cognitoidentity::operation::{
    get_open_id_token::GetOpenIdTokenError as TokenRefused,
    unlink_identity::UnlinkIdentityError as Refused,
};

use crate::anyone::COGNITO;
use crate::check::{Checks, Text};
use crate::issuer::{GOOGLE, OIDC, USER_POOL};
use crate::logins::DONT_MATCH;
use crate::scene::{NOBODY, PROVIDER, Scene, World};

pub async fn tell(world: &World, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    let scene = Scene::open(world, "unlink public logins").await?;
    let issuers = &world.issuers;
    let alice = scene.known(&issuers.user_pool, "alice").await?;
    let request = scene.ask_id().logins(USER_POOL, issuers.user_pool.token("alice")?);
    request.logins(GOOGLE, issuers.google.token("gina")?).send().await?;
    refuse(world, &scene, checks, &alice).await?;
    unlink_one(world, &scene, checks, &alice).await?;
    unlink_last(world, &scene, checks, &alice).await?;
    unlink_by_token(world, &scene, checks).await
}

async fn refuse(
    world: &World,
    scene: &Scene,
    checks: &mut Checks,
    alice: &str,
) -> Result<(), Box<dyn Error>> {
    let issuers = &world.issuers;
    let token = issuers.user_pool.token("alice")?;
    let request = scene.ask_unlink(NOBODY).logins(USER_POOL, &token).logins_to_remove(USER_POOL);
    let text = format!("Identity '{NOBODY}' not found.");
    let what = "unlinking from an unknown identity is a ResourceNotFoundException";
    let is_expected = Refused::is_resource_not_found_exception;
    scene.refuses(checks, what, request.send(), is_expected, Text::Exactly(&text)).await?;

    let is_expected = Refused::is_not_authorized_exception;
    let request = scene.ask_unlink(alice).logins(OIDC, issuers.oidc.token("oscar")?);
    let request = request.logins_to_remove(GOOGLE).send();
    let what = "unlinking by the login of another is a NotAuthorizedException";
    scene.refuses(checks, what, request, is_expected, DONT_MATCH).await?;

    let request = scene.ask_unlink(alice).logins(USER_POOL, "alice").logins_to_remove(GOOGLE);
    let text = Text::Exactly("Invalid login token. Not a valid OpenId Connect identity token.");
    let what = "unlinking by a bad token is a NotAuthorizedException";
    scene.refuses(checks, what, request.send(), is_expected, text).await?;

    let request = scene.ask_unlink(alice).logins(USER_POOL, &token).logins_to_remove(PROVIDER);
    let text = Text::Exactly("Please provide a valid public provider");
    let what = "unlinking the developer provider is an InvalidParameterException";
    let is_expected = Refused::is_invalid_parameter_exception;
    scene.refuses(checks, what, request.send(), is_expected, text).await
}

async fn unlink_one(
    world: &World,
    scene: &Scene,
    checks: &mut Checks,
    alice: &str,
) -> Result<(), Box<dyn Error>> {
    let issuers = &world.issuers;
    let token = issuers.user_pool.token("alice")?;
    let before = scene.picture().await?;
    let request = scene.ask_unlink(alice).logins(USER_POOL, &token);
    request.logins_to_remove(OIDC).send().await?;
    let what = "unlinking a provider without a login changes nothing";
    checks.equal(what, scene.picture().await?, before);

    scene.ask_unlink(alice).logins(USER_POOL, &token).logins_to_remove(GOOGLE).send().await?;
    checks.equal("the other login stays", scene.providers_of(alice).await?, [USER_POOL]);
    let known = scene.known(&issuers.user_pool, "alice").await?;
    checks.equal("and keeps the identity", known, alice);
    let fresh = scene.known(&issuers.google, "gina").await?;
    checks.that("the unlinked login gets a new identity", &fresh, |fresh| *fresh != alice);
    Ok(())
}

async fn unlink_last(
    world: &World,
    scene: &Scene,
    checks: &mut Checks,
    alice: &str,
) -> Result<(), Box<dyn Error>> {
    let issuer = &world.issuers.user_pool;
    let token = issuer.token("alice")?;
    let request = scene.ask_unlink(alice).logins(USER_POOL, &token);
    request.logins_to_remove(USER_POOL).send().await?;
    let what = "an identity without its last login is described as disabled";
    checks.equal(what, scene.describe(alice).await?.logins(), ["DISABLED"]);
    let text = format!("Access to Identity '{alice}' is forbidden.");
    let text = Text::Exactly(&text);
    let is_expected = TokenRefused::is_not_authorized_exception;
    let request = scene.ask_token(alice).send();
    let what = "an identity without its last login is no guest again";
    scene.refuses(checks, what, request, is_expected, text).await?;
    let request = scene.ask_token(alice).logins(USER_POOL, &token).send();
    let what = "nor does its former login open it";
    scene.refuses(checks, what, request, is_expected, text).await?;
    let fresh = scene.known(issuer, "alice").await?;
    checks.that("the user gets a new identity", &fresh, |fresh| *fresh != alice);
    Ok(())
}

async fn unlink_by_token(
    world: &World,
    scene: &Scene,
    checks: &mut Checks,
) -> Result<(), Box<dyn Error>> {
    let request = scene.ask_for("dora").logins(OIDC, world.issuers.oidc.token("olga")?);
    let answer = request.send().await?;
    let dora = answer.identity_id.unwrap_or_default();
    let token = answer.token.unwrap_or_default();
    let request = scene.ask_unlink(&dora).logins(COGNITO, token).logins_to_remove(OIDC);
    request.send().await?;
    let what = "a developer's token unlinks a public login";
    checks.equal(what, scene.providers_of(&dora).await?, [PROVIDER]);
    checks.equal("the developer's user stays", scene.identity_of("dora").await?, dora);
    Ok(())
}
