//! Several logins: the identity that they open, and the links, merges and unlinks that follow.

mod developer;
mod unlink;

use std::error::Error;
use std::time::Duration;

use aws_sdk_cognitoidentity::operation::{
    get_credentials_for_identity::GetCredentialsForIdentityError as CredentialsRefused,
    get_id::GetIdError as IdRefused, get_open_id_token::GetOpenIdTokenError as TokenRefused,
};

use crate::check::{Checks, Text};
use crate::issuer::{GOOGLE, OIDC, USER_POOL};
use crate::scene::{Scene, World};

const DONT_MATCH: Text<'_> = Text::Exactly(
    "Logins don't match. Please include at least one valid login for this identity or identity \
     pool.",
);

pub async fn tell(world: &World, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    know_again(world, checks).await?;
    upgrade_guest(world, checks).await?;
    merge_guest(world, checks).await?;
    link(world, checks).await?;
    refuse(world, checks).await?;
    merge(world, checks).await?;
    developer::tell(world, checks).await?;
    unlink::tell(world, checks).await
}

async fn know_again(world: &World, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    let scene = Scene::open(world, "the same user").await?;
    let issuer = &world.issuers.user_pool;
    let alice = scene.known(issuer, "alice").await?;
    checks.equal("a user has a provider", scene.providers_of(&alice).await?, [USER_POOL]);
    let before = scene.picture().await?;
    let mut claims = issuer.claims("alice");
    claims["iat"] = (claims["iat"].as_u64().unwrap_or_default() - 60).into();
    claims["email"] = "alice@example.com".into();
    let refreshed = issuer.sign(&claims)?;
    let answer = scene.ask_id().logins(USER_POOL, &refreshed).send().await?;
    let what = "a refreshed token of the same user is the same identity";
    checks.equal(what, answer.identity_id(), Some(&*alice));
    let answer = scene.ask_token(&alice).logins(USER_POOL, &refreshed).send().await?;
    checks.equal("and opens it", answer.identity_id(), Some(&*alice));
    checks.equal("which changes nothing", scene.picture().await?, before);

    let other = scene.known(issuer, "Alice").await?;
    checks.that("letter case tells users apart", &other, |other| *other != alice);
    let namesake = scene.known(&world.issuers.google, "alice").await?;
    let what = "a user of another issuer is somebody else";
    checks.that(what, &namesake, |namesake| *namesake != alice);
    let elsewhere = Scene::open(world, "another place").await?.known(issuer, "alice").await?;
    let what = "a user has another identity in another pool";
    checks.that(what, &elsewhere, |elsewhere| *elsewhere != alice);
    Ok(())
}

async fn upgrade_guest(world: &World, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    let scene = Scene::open(world, "guests become users").await?;
    let issuers = &world.issuers;
    let guest = scene.guest().await?;
    let token = issuers.user_pool.token("alice")?;
    let answer = scene.ask_token(&guest).logins(USER_POOL, &token).send().await?;
    checks.equal("a guest who logs in keeps the id", answer.identity_id(), Some(&*guest));
    let what = "and has the login from then on";
    checks.equal(what, scene.providers_of(&guest).await?, [USER_POOL]);
    let known = scene.known(&issuers.user_pool, "alice").await?;
    checks.equal("GetId finds the former guest", known, &*guest);

    let text = format!("Access to Identity '{guest}' is forbidden.");
    let what = "a token without logins for a former guest is a NotAuthorizedException";
    let request = scene.ask_token(&guest).send();
    let is_expected = TokenRefused::is_not_authorized_exception;
    scene.refuses(checks, what, request, is_expected, Text::Exactly(&text)).await?;
    let what = "credentials without logins for a former guest are a NotAuthorizedException";
    let request = scene.ask_credentials(&guest).send();
    let is_expected = CredentialsRefused::is_not_authorized_exception;
    scene.refuses(checks, what, request, is_expected, Text::Exactly(&text)).await?;

    let second = scene.guest().await?;
    let request = scene.ask_credentials(&second).logins(GOOGLE, issuers.google.token("gina")?);
    let answer = request.send().await?;
    let what = "a guest who logs in for credentials keeps the id";
    checks.equal(what, answer.identity_id(), Some(&*second));
    checks.equal("and has that login", scene.providers_of(&second).await?, [GOOGLE]);

    let third = scene.guest().await?;
    let answer = scene.ask_for("dora").identity_id(&third).send().await?;
    let what = "a guest who becomes a developer's user keeps the id";
    checks.equal(what, answer.identity_id(), Some(&*third));
    checks.equal("and has that user", scene.users_of(&third).await?, ["dora"]);
    Ok(())
}

async fn merge_guest(world: &World, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    let scene = Scene::open(world, "guests become known users").await?;
    let issuer = &world.issuers.user_pool;
    let alice = scene.known(issuer, "alice").await?;
    for by_token in [true, false] {
        let by = if by_token { "a token" } else { "credentials" };
        let guest = scene.guest().await?;
        let token = issuer.token("alice")?;
        let identity = if by_token {
            scene.ask_token(&guest).logins(USER_POOL, &token).send().await?.identity_id
        } else {
            scene.ask_credentials(&guest).logins(USER_POOL, &token).send().await?.identity_id
        };
        let what = format!("a guest who logs in for {by} as a known user gets that identity");
        checks.equal(&what, identity.as_deref(), Some(&*alice));
        let disabled = scene.describe(&guest).await?;
        checks.equal("the guest is described as disabled", disabled.logins(), ["DISABLED"]);

        let text = format!("Access to Identity '{guest}' is forbidden.");
        let text = Text::Exactly(&text);
        let is_expected = TokenRefused::is_not_authorized_exception;
        let request = scene.ask_token(&guest).send();
        let what = format!("the guest merged for {by} is disabled");
        scene.refuses(checks, &what, request, is_expected, text).await?;
        let request = scene.ask_token(&guest).logins(USER_POOL, &token).send();
        let what = format!("the guest merged for {by} is not opened by the login");
        scene.refuses(checks, &what, request, is_expected, text).await?;
        let request = scene.ask_credentials(&guest).logins(USER_POOL, &token).send();
        let what = format!("the guest merged for {by} gets no credentials");
        let is_expected = CredentialsRefused::is_not_authorized_exception;
        scene.refuses(checks, &what, request, is_expected, text).await?;
    }
    checks.equal("the user is as before", scene.providers_of(&alice).await?, [USER_POOL]);
    Ok(())
}

async fn link(world: &World, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    let scene = Scene::open(world, "second logins").await?;
    let issuers = &world.issuers;
    let alice = scene.known(&issuers.user_pool, "alice").await?;
    let token = issuers.user_pool.token("alice")?;

    let request = scene.ask_id().logins(USER_POOL, &token);
    let answer = request.logins(GOOGLE, issuers.google.token("gina")?).send().await?;
    let what = "a second provider is linked to the identity of the first";
    checks.equal(what, answer.identity_id(), Some(&*alice));
    checks.equal("which has both", scene.providers_of(&alice).await?, [GOOGLE, USER_POOL]);
    let gina = scene.known(&issuers.google, "gina").await?;
    checks.equal("the second alone finds it", gina, &*alice);

    let request = scene.ask_credentials(&alice).logins(GOOGLE, issuers.google.token("gina")?);
    let answer = request.logins(OIDC, issuers.oidc.token("oscar")?).send().await?;
    let what = "a third provider is linked by asking for credentials";
    checks.equal(what, answer.identity_id(), Some(&*alice));
    let what = "the identity has all three";
    checks.equal(what, scene.providers_of(&alice).await?, [GOOGLE, USER_POOL, OIDC]);

    let before = scene.picture().await?;
    let request = scene.ask_token(&alice).logins(OIDC, issuers.oidc.token("oscar")?);
    let request = request.logins(USER_POOL, token).logins(GOOGLE, issuers.google.token("gina")?);
    let answer = request.send().await?;
    checks.equal("all logins together mean it too", answer.identity_id(), Some(&*alice));
    let amr = scene.read(world, answer.token)?;
    let what = "its token names all providers of the call";
    checks.that(what, &amr["amr"], |amr| {
        let amr = amr.as_array().map_or(&[][..], Vec::as_slice);
        amr.len() == 7
            && [OIDC, USER_POOL, GOOGLE].iter().all(|name| amr.iter().any(|it| it == name))
    });
    checks.equal("and nothing changes", scene.picture().await?, before);
    Ok(())
}

async fn refuse(world: &World, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    let scene = Scene::open(world, "logins that do not fit").await?;
    let issuers = &world.issuers;
    let alice = scene.known(&issuers.user_pool, "alice").await?;
    scene.known(&issuers.google, "gina").await?;
    let is_expected = TokenRefused::is_not_authorized_exception;
    for (who, user) in [("an unknown user", "gustav"), ("the user of another identity", "gina")] {
        let request = scene.ask_token(&alice).logins(GOOGLE, issuers.google.token(user)?).send();
        let what = format!("a token by the login of {who} alone is refused");
        scene.refuses(checks, &what, request, is_expected, DONT_MATCH).await?;
        let request =
            scene.ask_credentials(&alice).logins(GOOGLE, issuers.google.token(user)?).send();
        let what = format!("credentials by the login of {who} alone are refused");
        let is_expected = CredentialsRefused::is_not_authorized_exception;
        scene.refuses(checks, &what, request, is_expected, DONT_MATCH).await?;
    }

    // Alice also has a Google user, which Gina does not present.
    let request = scene.ask_id().logins(USER_POOL, issuers.user_pool.token("alice")?);
    request.logins(GOOGLE, issuers.google.token("alice-g")?).send().await?;
    let text = Text::Exactly("Login is already linked to another account.");
    let request = scene.ask_id().logins(USER_POOL, issuers.user_pool.token("alice")?);
    let request = request.logins(GOOGLE, issuers.google.token("gustav")?).send();
    let what = "an id for a second user of one provider is a ResourceConflictException";
    let is_expected = IdRefused::is_resource_conflict_exception;
    scene.refuses(checks, what, request, is_expected, text).await?;
    let request = scene.ask_token(&alice).logins(USER_POOL, issuers.user_pool.token("alice")?);
    let request = request.logins(GOOGLE, issuers.google.token("gina")?).send();
    let what = "a merge to two users of one provider is a ResourceConflictException";
    let is_expected = TokenRefused::is_resource_conflict_exception;
    let text = Text::Exactly("Cannot merge these identities.");
    scene.refuses(checks, what, request, is_expected, text).await
}

async fn merge(world: &World, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    let scene = Scene::open(world, "logins that merge").await?;
    let issuers = &world.issuers;
    let gina = scene.known(&issuers.google, "gina").await?;
    // Dates are stored in milliseconds, and the next identity must be younger.
    tokio::time::sleep(Duration::from_millis(5)).await;
    let alice = scene.known(&issuers.user_pool, "alice").await?;

    let request = scene.ask_token(&alice).logins(USER_POOL, issuers.user_pool.token("alice")?);
    let answer = request.logins(GOOGLE, issuers.google.token("gina")?).send().await?;
    let what = "the given identity survives a merge, though it is the younger one";
    checks.equal(what, answer.identity_id(), Some(&*alice));
    let what = "and has the logins of both";
    checks.equal(what, scene.providers_of(&alice).await?, [GOOGLE, USER_POOL]);
    let what = "the other one is described as disabled";
    checks.equal(what, scene.describe(&gina).await?.logins(), ["DISABLED"]);
    let moved = scene.known(&issuers.google, "gina").await?;
    checks.equal("its login means the survivor", moved, &*alice);
    let request = scene.ask_credentials(&gina).logins(GOOGLE, issuers.google.token("gina")?);
    let text = format!("Access to Identity '{gina}' is forbidden.");
    let what = "the other one is disabled";
    let is_expected = CredentialsRefused::is_not_authorized_exception;
    scene.refuses(checks, what, request.send(), is_expected, Text::Exactly(&text)).await?;

    let oscar = scene.known(&issuers.oidc, "oscar").await?;
    let request = scene.ask_id().logins(OIDC, issuers.oidc.token("oscar")?);
    let answer = request.logins(GOOGLE, issuers.google.token("gina")?).send().await?;
    let what = "without an IdentityId the older of two identities survives";
    checks.equal(what, answer.identity_id(), Some(&*alice));
    let what = "and the younger one is disabled";
    checks.equal(what, scene.describe(&oscar).await?.logins(), ["DISABLED"]);
    let before = scene.picture().await?;
    let request = scene.ask_id().logins(OIDC, issuers.oidc.token("oscar")?);
    request.logins(GOOGLE, issuers.google.token("gina")?).send().await?;
    checks.equal("a second merge changes nothing", scene.picture().await?, before);
    Ok(())
}
