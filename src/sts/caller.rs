//! `GetCallerIdentity`.

use ::http::Request;
use bytes::Bytes;

use super::signature::Authorization;
use super::{fault, xml};
use crate::credentials::VerifiedSession;
use crate::engine::Engine;
use crate::wire::Fault;

/// The service in the scope of every credential.
const SERVICE: &str = "sts";

/// The members of the result.
pub(super) fn perform(engine: &Engine, request: &Request<Bytes>) -> Result<Vec<String>, Fault> {
    let session = authenticate(engine, request)?.session;
    // The role of an embedder's own issuer can have any form, but those sessions are not read here.
    let arn = session.assumed_role_arn().ok_or_else(fault::invalid_client_token)?;
    Ok(vec![
        xml::text("Arn", &arn),
        xml::text("UserId", &session.assumed_role_id()),
        xml::text("Account", session.role_arn.iam_account().unwrap_or_default()),
    ])
}

/// The session whose credentials have signed the request.
fn authenticate(engine: &Engine, request: &Request<Bytes>) -> Result<VerifiedSession, Fault> {
    let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let header = text("authorization").ok_or_else(fault::missing_authentication_token)?;
    let authorization = Authorization::parse(header)?;
    if authorization.service() != SERVICE {
        return Err(fault::wrong_service());
    }
    let token = text("x-amz-security-token").ok_or_else(fault::invalid_client_token)?;
    let session = engine.verify_session(token).map_err(fault::of_session)?;
    if session.access_key_id != authorization.access_key_id() {
        return Err(fault::invalid_client_token());
    }
    authorization.verify(request, &session.secret_key, engine.now())?;
    Ok(session)
}
