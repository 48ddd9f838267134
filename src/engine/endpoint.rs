//! The part of the engine that only an endpoint over HTTP needs: ids of requests, and roles that
//! are assumed with a token.

use crate::credentials::{Credentials, Session};
use crate::engine::Engine;
use crate::engine::sessions::end_of_session;
use crate::error::Result;
use crate::name::{Arn, RequestId, RoleSessionName};
use crate::rules::claims::Claims;
use crate::rules::web_identity;

/// The input of `AssumeRoleWithWebIdentity`.
#[derive(Debug)]
pub(crate) struct RoleRequest {
    pub(crate) role_arn: Arn,
    pub(crate) role_session_name: RoleSessionName,
    pub(crate) duration_secs: u64,
}

/// A role that was assumed.
#[derive(Debug)]
pub(crate) struct AssumedRole {
    pub(crate) claims: Claims,
    pub(crate) session: Session,
    pub(crate) credentials: Credentials,
}

impl Engine {
    /// A request id: sixteen unpredictable bytes in the form of a UUID.
    pub(crate) fn request_id(&self) -> Result<RequestId> {
        let mut bytes = [0; 16];
        self.core.entropy.fill(&mut bytes)?;
        let id = uuid::Builder::from_random_bytes(bytes).into_uuid().to_string();
        Ok(id.try_into()?)
    }

    /// Makes credentials for a role of the pool that has issued the token.
    ///
    /// Nothing is written, and a token that is valid can be used any number of times.
    pub(crate) fn assume_role(&self, token: &str, request: RoleRequest) -> Result<AssumedRole> {
        let core = &self.core;
        let claims = core.verify_token(token)?;
        core.read(|reads| {
            let (kept, identity) = reads.known_identity(claims.identity_id())?;
            let accounts = core.choices.role_accounts;
            let known = (&kept.pool, &identity);
            Ok(web_identity::check(known, &claims, &request.role_arn, accounts)?)
        })?;
        let session = Session {
            role_session_name: request.role_session_name,
            principal_tags: claims.principal_tags().clone(),
            amr: claims.amr().to_vec(),
            ..Session::new(
                claims.identity_id().clone(),
                claims.identity_pool_id().clone(),
                request.role_arn,
                end_of_session(core.now(), request.duration_secs),
            )
        };
        let credentials = core.issue(&session)?;
        Ok(AssumedRole { claims, session, credentials })
    }
}
