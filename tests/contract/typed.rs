//! The typed door: each operation by name, as a method of the handle that has it.

use std::cell::RefCell;
use std::collections::BTreeSet;

use cognate::{Developer, Engine, Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::scene::Fault;

/// Calls the method of an operation.
pub(crate) fn call(engine: &Engine, aws: &Developer, operation: &str, body: &str) -> Answer {
    let public = engine.public();
    match operation {
        "CreateIdentityPool" => invoke(body, |input| aws.create_identity_pool(input)),
        "DeleteIdentities" => invoke(body, |input| aws.delete_identities(input)),
        "DeleteIdentityPool" => invoke(body, |input| aws.delete_identity_pool(input)),
        "DescribeIdentity" => invoke(body, |input| aws.describe_identity(input)),
        "DescribeIdentityPool" => invoke(body, |input| aws.describe_identity_pool(input)),
        "GetOpenIdTokenForDeveloperIdentity" => {
            invoke(body, |input| aws.get_open_id_token_for_developer_identity(input))
        }
        "GetCredentialsForIdentity" => {
            invoke(body, |input| public.get_credentials_for_identity(input))
        }
        "GetId" => invoke(body, |input| public.get_id(input)),
        "GetIdentityPoolRoles" => invoke(body, |input| aws.get_identity_pool_roles(input)),
        "GetOpenIdToken" => invoke(body, |input| public.get_open_id_token(input)),
        "GetPrincipalTagAttributeMap" => {
            invoke(body, |input| aws.get_principal_tag_attribute_map(input))
        }
        "ListIdentities" => invoke(body, |input| aws.list_identities(input)),
        "ListIdentityPools" => invoke(body, |input| aws.list_identity_pools(input)),
        "ListTagsForResource" => invoke(body, |input| aws.list_tags_for_resource(input)),
        "LookupDeveloperIdentity" => invoke(body, |input| aws.lookup_developer_identity(input)),
        "MergeDeveloperIdentities" => invoke(body, |input| aws.merge_developer_identities(input)),
        "SetIdentityPoolRoles" => invoke(body, |input| aws.set_identity_pool_roles(input)),
        "SetPrincipalTagAttributeMap" => {
            invoke(body, |input| aws.set_principal_tag_attribute_map(input))
        }
        // On the wire these two answer with an empty structure.
        "TagResource" => invoke(body, |input| aws.tag_resource(input)).map(|_| json!({})),
        "UntagResource" => invoke(body, |input| aws.untag_resource(input)).map(|_| json!({})),
        "UnlinkIdentity" => invoke(body, |input| public.unlink_identity(input)),
        "UnlinkDeveloperIdentity" => invoke(body, |input| aws.unlink_developer_identity(input)),
        "UpdateIdentityPool" => invoke(body, |input| aws.update_identity_pool(input)),
        other => panic!("no operation {other}"),
    }
}

type Answer = Result<Value, Fault>;

/// `null` if an operation returns nothing.
fn invoke<I, O>(body: &str, method: impl FnOnce(I) -> Result<O>) -> Answer
where
    I: DeserializeOwned,
    O: Serialize,
{
    let input = serde_json::from_str(body)
        .map_err(|error| Fault { name: "(not an input)".to_owned(), message: error.to_string() })?;
    let output = method(input).map_err(|error| {
        note(&error);
        Fault { name: error.kind().as_str().to_owned(), message: error.to_string() }
    })?;
    Ok(serde_json::to_value(output).expect("JSON"))
}

thread_local! {
    static REFUSALS: RefCell<BTreeSet<String>> = RefCell::default();
}

fn note(error: &Error) {
    if let Error::Refused(refusal) = error {
        let shown = format!("{refusal:?}");
        let name = shown.split([' ', '(']).next().expect("a name");
        REFUSALS.with_borrow_mut(|told| told.insert(name.to_owned()));
    }
}

/// The variant names of the refusals that this thread received.
pub(crate) fn refusals() -> BTreeSet<String> {
    REFUSALS.take()
}
