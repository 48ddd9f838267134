//! The STS: a token for credentials, and credentials that ask who they are.

use std::error::Error;
use std::fmt::Debug;

use assuming::AssumeRoleWithWebIdentityError as Refused;
use assuming::builders::AssumeRoleWithWebIdentityFluentBuilder as AskRole;
use aws_credential_types::Credentials;
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::assume_role_with_web_identity as assuming;

use crate::anyone::{COGNITO, GUEST_ROLE, USER_ROLE};
use crate::check::Checks;
use crate::scene::{ACCOUNT, Scene, World};

pub async fn tell(world: &World, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    let scene = Scene::open(world, "sts").await?;
    let alice = scene.ask_for("alice").send().await?;
    let token = alice.token.unwrap_or_default();
    let answer = ask(world, USER_ROLE, &token).duration_seconds(900).send().await?;
    let subject = answer.subject_from_web_identity_token;
    checks.equal("a developer token is exchanged", subject.as_ref(), alice.identity_id.as_ref());
    checks.equal("for its pool", answer.audience.as_deref(), Some(&*scene.pool));
    checks.equal("of this provider", answer.provider.as_deref(), Some(COGNITO));
    let user = answer.assumed_role_user.ok_or("an answer without a user")?;
    let arn = format!("arn:aws:sts::{ACCOUNT}:assumed-role/user/alice@home");
    checks.equal("for the role and the session", user.arn(), &*arn);
    let made = answer.credentials.ok_or("an answer without credentials")?;
    let (id, secret) = (&made.access_key_id, &made.secret_access_key);
    let token_of_session = Some(made.session_token.clone());
    let own = Credentials::new(id, secret, token_of_session.clone(), None, "checks");
    let who = world.sts(Some(own)).get_caller_identity().send().await?;
    checks.equal("the credentials are told who they are", who.arn(), Some(user.arn()));
    checks.equal("and by which id", who.user_id(), Some(user.assumed_role_id()));
    checks.equal("and of which account", who.account(), Some(ACCOUNT));

    let identity = alice.identity_id.unwrap_or_default();
    let found = scene.ask_credentials(&identity).logins(COGNITO, &token).send().await?;
    let found = found.credentials.ok_or("an answer without credentials")?;
    let (key, other_secret) = (found.access_key_id(), found.secret_key().unwrap_or_default());
    let session = found.session_token().map(str::to_owned);
    let enhanced = Credentials::new(key.unwrap_or_default(), other_secret, session, None, "checks");
    let who = world.sts(Some(enhanced)).get_caller_identity().send().await?;
    let arn = format!("arn:aws:sts::{ACCOUNT}:assumed-role/user/CognitoIdentityCredentials");
    checks.equal("so are those of the enhanced flow", who.arn(), Some(&*arn));

    let wrong = Credentials::new(id, other_secret, token_of_session, None, "checks");
    let refused = world.sts(Some(wrong)).get_caller_identity().send().await;
    checks.equal("another secret key is refused", code(refused), "SignatureDoesNotMatch");
    let account = Credentials::new(ACCOUNT, "secret", None, None, "checks");
    let refused = world.sts(Some(account)).get_caller_identity().send().await;
    checks.equal("credentials of an account are refused", code(refused), "InvalidClientTokenId");
    let refused = ask(world, GUEST_ROLE, &token).send().await;
    checks.equal("a user is no guest", code(refused), "AccessDenied");
    let refused = ask(world, USER_ROLE, "none").send().await;
    let error = refused.err().map(SdkError::into_service_error);
    let is_known = error.as_ref().is_some_and(Refused::is_invalid_identity_token_exception);
    checks.that("what is no token is refused", &error, |_| is_known);
    Ok(())
}

fn ask(world: &World, role: &str, token: &str) -> AskRole {
    let request = world.sts(None).assume_role_with_web_identity();
    request.role_arn(role).role_session_name("alice@home").web_identity_token(token)
}

/// The code of a refusal; empty if there is none.
fn code<T: Debug, E: ProvideErrorMetadata>(answer: Result<T, SdkError<E>>) -> String {
    let error = answer.err();
    error.and_then(|error| error.code().map(str::to_owned)).unwrap_or_default()
}
