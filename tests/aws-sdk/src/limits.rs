//! Requests that violate a constraint of the service's model, and requests at its limits.

use std::error::Error;

use aws_sdk_cognitoidentity::operation::get_open_id_token_for_developer_identity as developer_token;
use developer_token::GetOpenIdTokenForDeveloperIdentityError as Refused;

use crate::check::{Broken, Checks, Text, is_validation_exception};
use crate::scene::{PROVIDER, Scene, World};

pub async fn tell(world: &World, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    let scene = Scene::new(world, "limits").await?;
    scene.identity_of("alice").await?;
    refuse_values(&scene, checks).await?;
    refuse_logins(&scene, checks).await?;
    count_code_points(&scene, checks).await
}

async fn refuse_values(scene: &Scene, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    let request = scene.ask_for("dave").token_duration(86_401).send();
    let text = Text::Exactly(
        "1 validation error detected: Value '86401' at 'tokenDuration' failed to satisfy \
         constraint: Member must have value less than or equal to 86400",
    );
    let what = "a token of more than a day is a ValidationException";
    scene.refuses(checks, what, request, is_validation_exception, text).await?;

    let request = scene.ask_for("dave").token_duration(0).send();
    let text = Text::Violations(&[Broken(
        "'0'",
        "tokenDuration",
        "Member must have value greater than or equal to 1",
    )]);
    let what = "a token of no time is a ValidationException";
    scene.refuses(checks, what, request, is_validation_exception, text).await?;

    let request = scene.ask_for("dave").identity_pool_id("nonsense").identity_id("#");
    let request = request.token_duration(86_401).send();
    let text = Text::Violations(&[
        Broken(
            "'nonsense'",
            "identityPoolId",
            r"Member must satisfy regular expression pattern: [\w-]+:[0-9a-f-]+",
        ),
        Broken(
            "'#'",
            "identityId",
            r"Member must satisfy regular expression pattern: [\w-]+:[0-9a-f-]+",
        ),
        Broken("'86401'", "tokenDuration", "Member must have value less than or equal to 86400"),
    ]);
    let what = "three broken constraints of three members are reported at once";
    scene.refuses(checks, what, request, is_validation_exception, text).await?;

    let request = scene.ask_for("dave").identity_id("").send();
    let text = Text::Violations(&[
        Broken("''", "identityId", "Member must have length greater than or equal to 1"),
        Broken(
            "''",
            "identityId",
            r"Member must satisfy regular expression pattern: [\w-]+:[0-9a-f-]+",
        ),
    ]);
    let what = "two broken constraints of one member count twice";
    scene.refuses(checks, what, request, is_validation_exception, text).await
}

async fn refuse_logins(scene: &Scene, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    let text = Text::Violations(&[Broken("null", "logins", "Member must not be null")]);
    let what = "a request without Logins is a ValidationException";
    scene.refuses(checks, what, scene.ask().send(), is_validation_exception, text).await?;

    let request = scene.ask().set_logins(Some([].into())).send();
    let what = "empty Logins are an InvalidParameterException";
    let is_expected = Refused::is_invalid_parameter_exception;
    scene.refuses(checks, what, request, is_expected, Text::Unspecified).await?;

    let request = scene.ask_for(&"ü".repeat(1025)).send();
    let what = "a user of 1025 code points is an InvalidParameterException";
    scene.refuses(checks, what, request, is_expected, Text::Unspecified).await
}

async fn count_code_points(scene: &Scene, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    let long = "ü".repeat(1024);
    let identity = scene.identity_of(&long).await?;
    let found = scene.lookup().developer_user_identifier(&long).send().await?;
    let what = "a user of 1024 code points is looked up";
    checks.equal(what, found.identity_id(), Some(&*identity));

    let mut request = scene.ask();
    for number in 0..50 {
        request = request.principal_tags(format!("tag{number}"), "v");
    }
    let answer = request.clone().logins(PROVIDER, "alice").send().await?;
    checks.that("fifty principal tags are accepted", &answer.token, Option::is_some);
    let request = request.logins(PROVIDER, "dave").principal_tags("one more", "v").send();
    let what = "one principal tag more is a ValidationException";
    scene.refuses(checks, what, request, is_validation_exception, Text::Unspecified).await
}
