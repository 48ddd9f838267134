//! Public logins presented with developer users: links, merges and refusals.

use std::error::Error;
use std::time::Duration;

use aws_sdk_cognitoidentity::operation::get_open_id_token_for_developer_identity as developer_token;
use aws_sdk_cognitoidentity::operation::{
    get_open_id_token::GetOpenIdTokenError as TokenRefused,
    merge_developer_identities::MergeDeveloperIdentitiesError as MergeRefused,
};
use developer_token::GetOpenIdTokenForDeveloperIdentityError as DeveloperRefused;

use crate::check::{Checks, Text};
use crate::issuer::{GOOGLE, OIDC, USER_POOL};
use crate::scene::{PROVIDER, Scene, World};

pub async fn tell(world: &World, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    link_public(world, checks).await?;
    link_developer(world, checks).await?;
    merge(world, checks).await?;
    leave(world, checks).await
}

async fn link_public(world: &World, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    let scene = Scene::open(world, "developer users with public logins").await?;
    let issuers = &world.issuers;
    let dora = scene.identity_of("dora").await?;
    let request = scene.ask_for("dora").logins(GOOGLE, issuers.google.token("gina")?);
    let answer = request.send().await?;
    let what = "a public login is linked to a developer's user";
    checks.equal(what, answer.identity_id(), Some(&*dora));
    let what = "whose identity has both providers";
    checks.equal(what, scene.providers_of(&dora).await?, [GOOGLE, PROVIDER]);
    let known = scene.known(&issuers.google, "gina").await?;
    checks.equal("the public login alone finds it", known, &*dora);

    let alice = scene.known(&issuers.user_pool, "alice").await?;
    let request = scene.ask_for("dora").identity_id(&alice);
    let request = request.logins(USER_POOL, issuers.user_pool.token("alice")?).send();
    let text = Text::Exactly("This developer user identifier is already registered with Cognito.");
    let what = "a developer's user of another identity is refused with that identity's login too";
    let is_expected = DeveloperRefused::is_developer_user_already_registered_exception;
    scene.refuses(checks, what, request, is_expected, text).await?;
    let request = scene.ask_for("new").logins(USER_POOL, "no token").send();
    let text = Text::Exactly("Invalid login token. Not a valid OpenId Connect identity token.");
    let what = "a bad public login is refused beside a developer's user";
    let is_expected = DeveloperRefused::is_not_authorized_exception;
    scene.refuses(checks, what, request, is_expected, text).await
}

async fn link_developer(world: &World, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    let scene = Scene::open(world, "public users with developer users").await?;
    let issuers = &world.issuers;
    let alice = scene.known(&issuers.user_pool, "alice").await?;
    let request = scene.ask_for("anna").identity_id(&alice);
    let answer = request.logins(USER_POOL, issuers.user_pool.token("alice")?).send().await?;
    let what = "a developer's user is linked to an identity whose login is presented";
    checks.equal(what, answer.identity_id(), Some(&*alice));
    let answer = scene.ask_for("anna@work").identity_id(&alice).send().await?;
    let what = "a developer's user is linked to an identity by its id alone";
    checks.equal(what, answer.identity_id(), Some(&*alice));
    let what = "which has both users";
    checks.equal(what, scene.users_of(&alice).await?, ["anna", "anna@work"]);
    let what = "and names its providers once";
    checks.equal(what, scene.providers_of(&alice).await?, [USER_POOL, PROVIDER]);

    let gina = scene.known(&issuers.google, "gina").await?;
    // Dates are stored in milliseconds, and the next identity must be younger.
    tokio::time::sleep(Duration::from_millis(5)).await;
    let dora = scene.identity_of("dora").await?;
    let request = scene.ask_for("dora").logins(GOOGLE, issuers.google.token("gina")?);
    let answer = request.send().await?;
    let what = "without an IdentityId the identity of the developer's user survives";
    checks.equal(what, answer.identity_id(), Some(&*dora));
    let text = format!("Access to Identity '{gina}' is forbidden.");
    let request = scene.ask_token(&gina).logins(GOOGLE, issuers.google.token("gina")?).send();
    let what = "the identity of the public login is disabled";
    let is_expected = TokenRefused::is_not_authorized_exception;
    scene.refuses(checks, what, request, is_expected, Text::Exactly(&text)).await
}

async fn merge(world: &World, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    let scene = Scene::open(world, "merged developer users with public logins").await?;
    let issuers = &world.issuers;
    for (user, issuer, of_issuer) in [
        ("dora", &issuers.google, "gina"),
        ("dana", &issuers.google, "gustav"),
        ("dave", &issuers.oidc, "oscar"),
    ] {
        scene.ask_for(user).logins(issuer.name, issuer.token(of_issuer)?).send().await?;
    }
    let ask = |source: &str| {
        let request = scene.client.merge_developer_identities().identity_pool_id(&scene.pool);
        let request = request.developer_provider_name(PROVIDER).source_user_identifier(source);
        request.destination_user_identifier("dora").send()
    };
    let text = Text::Exactly("Cannot merge these identities.");
    let what = "a merge of two users of one public provider is a ResourceConflictException";
    let is_expected = MergeRefused::is_resource_conflict_exception;
    scene.refuses(checks, what, ask("dana"), is_expected, text).await?;
    let merged = ask("dave").await?.identity_id.unwrap_or_default();
    let what = "a merge takes the public logins along";
    checks.equal(what, scene.providers_of(&merged).await?, [GOOGLE, OIDC, PROVIDER]);
    let moved = scene.known(&issuers.oidc, "oscar").await?;
    checks.equal("which mean the merged identity", moved, merged);
    Ok(())
}

async fn leave(world: &World, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    let scene = Scene::open(world, "public logins alone").await?;
    let google = &world.issuers.google;
    let request = scene.ask_for("dora").logins(GOOGLE, google.token("gina")?);
    let dora = request.send().await?.identity_id.unwrap_or_default();
    let request = scene.client.unlink_developer_identity().identity_pool_id(&scene.pool);
    let request = request.developer_provider_name(PROVIDER).developer_user_identifier("dora");
    request.identity_id(&dora).send().await?;
    let what = "an identity that its last developer's user has left keeps its public login";
    checks.equal(what, scene.providers_of(&dora).await?, [GOOGLE]);
    let answer = scene.ask_token(&dora).logins(GOOGLE, google.token("gina")?).send().await?;
    checks.equal("which opens it", answer.identity_id(), Some(&*dora));

    scene.client.delete_identities().identity_ids_to_delete(&dora).send().await?;
    let request = scene.ask_token(&dora).logins(GOOGLE, google.token("gina")?).send().await;
    let text = format!("Identity '{dora}' not found.");
    let is_expected = TokenRefused::is_resource_not_found_exception;
    checks.refused("a deleted identity is gone", request, is_expected, Text::Exactly(&text));
    let fresh = scene.known(google, "gina").await?;
    checks.that("and its login gets a new one", &fresh, |fresh| *fresh != dora);
    Ok(())
}
