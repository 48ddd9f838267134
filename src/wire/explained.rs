//! Explanations of calls as they stand on the wire.

use serde::de::DeserializeOwned;

use crate::admin::Explanation;
use crate::engine::{Admin, Developer, Engine, Explain, Public};
use crate::error::Error;
use crate::operation::{
    DeleteIdentitiesInput, DeleteIdentityPoolInput, GetCredentialsForIdentityInput, GetIdInput,
    GetOpenIdTokenForDeveloperIdentityInput, GetOpenIdTokenInput, MergeDeveloperIdentitiesInput,
    UnlinkDeveloperIdentityInput, UnlinkIdentityInput,
};
use crate::wire::json::Document;
use crate::wire::operation::input;
use crate::wire::{Context, Fault, known_operation};

/// The explanation of an operation, by the caller that it needs.
#[derive(Clone, Copy)]
enum Explained {
    Signed(fn(&Admin, &Developer, &Document<'_>) -> Result<Explanation, Fault>),
    Unsigned(fn(&Admin, &Public, &Document<'_>) -> Result<Explanation, Fault>),
}

const EXPLAINED: [(&str, Explained); 9] = [
    ("DeleteIdentities", Explained::Signed(of::<DeleteIdentitiesInput>)),
    ("DeleteIdentityPool", Explained::Signed(of::<DeleteIdentityPoolInput>)),
    ("GetCredentialsForIdentity", Explained::Unsigned(of::<GetCredentialsForIdentityInput>)),
    ("GetId", Explained::Unsigned(of::<GetIdInput>)),
    ("GetOpenIdToken", Explained::Unsigned(of::<GetOpenIdTokenInput>)),
    (
        "GetOpenIdTokenForDeveloperIdentity",
        Explained::Signed(of::<GetOpenIdTokenForDeveloperIdentityInput>),
    ),
    ("MergeDeveloperIdentities", Explained::Signed(of::<MergeDeveloperIdentitiesInput>)),
    ("UnlinkDeveloperIdentity", Explained::Signed(of::<UnlinkDeveloperIdentityInput>)),
    ("UnlinkIdentity", Explained::Unsigned(of::<UnlinkIdentityInput>)),
];

fn of<I: Explain + DeserializeOwned>(
    admin: &Admin,
    caller: &I::Caller,
    body: &Document<'_>,
) -> Result<Explanation, Fault> {
    Ok(admin.explain(caller, input::<I>(body)?)?)
}

/// Explains the call that a request would make at this moment, as
/// [`Admin::explain`](crate::Admin::explain) does.
///
/// A refusal is a part of the explanation. It tells of identities of other people: show it to
/// administrators.
///
/// # Errors
///
/// The faults of [`call`](super::call) in front of the decision: the target, the body, the
/// credentials and the constraints. An operation that neither resolves, links, merges, unlinks nor
/// deletes, nor chooses a role, is an `InvalidParameterException`.
///
/// # Example: a guest
///
/// ```
/// # use cognate::{operation::*, *};
/// use cognate::wire::{self, Context};
///
/// # let engine = Engine::builder().in_memory()?;
/// # let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
/// # let input = CreateIdentityPoolInput::new("game", GuestAccess::Allowed);
/// # let pool = aws.create_identity_pool(input)?;
/// let body = format!(r#"{{"IdentityPoolId": "{}"}}"#, pool.identity_pool_id);
/// let target = "AWSCognitoIdentityService.GetId";
/// let explained = wire::explain(&engine, &Context::anonymous(), target, body.as_bytes());
/// assert!(explained.is_ok_and(|explained| explained.to_string().starts_with("answered")));
/// # Ok::<(), cognate::Error>(())
/// ```
pub fn explain(
    engine: &Engine,
    context: &Context,
    target: &str,
    body: &[u8],
) -> Result<Explanation, Fault> {
    let operation = known_operation(target)?;
    let document = operation.read(body)?;
    let violations = operation.check(&document)?;
    let violations = violations.map_or(Ok(()), |broken| Err(Error::from(broken)));
    let admin = engine.admin();
    let name = operation.name();
    let explained = EXPLAINED.iter().find(|(known, _)| *known == name).map(|(_, run)| *run);
    match explained {
        Some(Explained::Unsigned(run)) => {
            violations?;
            run(&admin, &engine.public(), &document)
        }
        Some(Explained::Signed(run)) => {
            let (account, region) = context.owner(engine)?;
            violations?;
            run(&admin, &engine.developer(account, region), &document)
        }
        None => {
            let message = format!("{name} neither decides about identities nor chooses a role");
            Err(Fault::new("InvalidParameterException", 400, message))
        }
    }
}
