//! `UnlinkDeveloperIdentity`: a user leaves an identity, and the last one disables it.

use std::error::Error;
use std::time::Duration;

use aws_sdk_cognitoidentity::operation::get_open_id_token_for_developer_identity as developer_token;
use aws_sdk_cognitoidentity::operation::unlink_developer_identity::{
    UnlinkDeveloperIdentityError as Refused,
    builders::UnlinkDeveloperIdentityFluentBuilder as AskUnlink,
};
use developer_token::GetOpenIdTokenForDeveloperIdentityError as TokenRefused;

use crate::check::{Broken, Checks, Text, is_validation_exception};
use crate::scene::{NOBODY, PROVIDER, Scene, World};

pub async fn tell(world: &World, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    let scene = Scene::new(world, "unlink").await?;
    let alice = scene.identity_of("alice").await?;
    scene.ask_for("bob").identity_id(&alice).send().await?;
    let carol = scene.identity_of("carol").await?;
    refuse(&scene, checks, &alice).await?;
    unlink_one(&scene, checks, &alice).await?;
    unlink_last(&scene, checks, &carol).await
}

async fn refuse(scene: &Scene, checks: &mut Checks, alice: &str) -> Result<(), Box<dyn Error>> {
    let request = ask(scene, alice, "carol").send();
    let what = "unlinking a user of another identity is a ResourceConflictException";
    let is_expected = Refused::is_resource_conflict_exception;
    scene.refuses(checks, what, request, is_expected, Text::Unspecified).await?;

    let request = ask(scene, alice, "nobody").send();
    let text = Text::Exactly("Developer user identifier 'nobody' not found.");
    let what = "unlinking an unknown user is a ResourceNotFoundException";
    let is_expected = Refused::is_resource_not_found_exception;
    scene.refuses(checks, what, request, is_expected, text).await?;

    let request = ask(scene, NOBODY, "bob").send();
    let text = format!("Identity '{NOBODY}' not found.");
    let what = "unlinking from an unknown identity is a ResourceNotFoundException";
    scene.refuses(checks, what, request, is_expected, Text::Exactly(&text)).await?;

    let request = ask(scene, alice, "bob").identity_pool_id(NOBODY).send();
    let text = format!("IdentityPool '{NOBODY}' not found.");
    let what = "unlinking in an unknown pool is a ResourceNotFoundException";
    scene.refuses(checks, what, request, is_expected, Text::Exactly(&text)).await?;

    let request = ask(scene, alice, "bob").developer_provider_name("login.other").send();
    let text =
        Text::Exactly("This identity pool does not support the specified developer provider");
    let what = "unlinking from a wrong provider is an InvalidParameterException";
    let is_expected = Refused::is_invalid_parameter_exception;
    scene.refuses(checks, what, request, is_expected, text).await?;

    let request = ask(scene, "nonsense", "bob").send();
    let text = Text::Violations(&[Broken(
        "'nonsense'",
        "identityId",
        r"Member must satisfy regular expression pattern: [\w-]+:[0-9a-f-]+",
    )]);
    let what = "unlinking from an IdentityId of another form is a ValidationException";
    scene.refuses(checks, what, request, is_validation_exception, text).await
}

async fn unlink_one(scene: &Scene, checks: &mut Checks, alice: &str) -> Result<(), Box<dyn Error>> {
    let before = scene.describe(alice).await?;
    // Dates are stored in milliseconds, and this one must be later than the last.
    tokio::time::sleep(Duration::from_millis(5)).await;
    ask(scene, alice, "bob").send().await?;
    checks.equal("the other user stays", scene.users_of(alice).await?, ["alice"]);
    checks.equal("and keeps the identity", scene.identity_of("alice").await?, alice);
    let after = scene.describe(alice).await?;
    checks.equal("the identity keeps its provider", after.logins(), [PROVIDER]);
    checks.that("the identity was modified", &after.last_modified_date, |date| {
        *date > before.last_modified_date
    });
    let fresh = scene.identity_of("bob").await?;
    checks.that("the unlinked user gets a new identity", &fresh, |fresh| *fresh != alice);
    Ok(())
}

async fn unlink_last(
    scene: &Scene,
    checks: &mut Checks,
    carol: &str,
) -> Result<(), Box<dyn Error>> {
    ask(scene, carol, "carol").send().await?;
    let logins = scene.describe(carol).await?.logins;
    let what = "an identity without its last user is described as disabled";
    checks.equal(what, logins, Some(vec!["DISABLED".to_owned()]));
    let request = scene.ask_for("dave").identity_id(carol).send();
    let text = format!("Access to Identity '{carol}' is forbidden.");
    let what = "an identity without its last user is disabled";
    let is_expected = TokenRefused::is_not_authorized_exception;
    scene.refuses(checks, what, request, is_expected, Text::Exactly(&text)).await?;
    let fresh = scene.identity_of("carol").await?;
    checks.that("its last user gets a new identity", &fresh, |fresh| *fresh != carol);
    Ok(())
}

fn ask(scene: &Scene, identity: &str, user: &str) -> AskUnlink {
    scene
        .client
        .unlink_developer_identity()
        .identity_pool_id(&scene.pool)
        .identity_id(identity)
        .developer_provider_name(PROVIDER)
        .developer_user_identifier(user)
}
