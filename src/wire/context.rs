//! The caller of a request, as its headers state it.

use crate::credentials::{SessionToken, VerifiedSession};
use crate::engine::Engine;
use crate::error::Error;
use crate::id::{AccountId, Region};
use crate::name::RequestId;
use crate::rules::Refusal;
use crate::wire::Fault;

/// The caller of a request, as its headers state it.
///
/// The engine checks no signature. An embedder that does reads the
/// [access key id](Self::access_key_id), finds its owner in a table of its own, verifies the
/// signature, and passes the context on [with the account](Self::with_account).
///
/// `Debug` does not show the session token.
///
/// # Example: an account table
///
/// ```
/// use std::collections::BTreeMap;
///
/// use cognate::name::AccountId;
/// use cognate::wire::Context;
///
/// let accounts = BTreeMap::from([("AKIAGAME", "123456789012".parse::<AccountId>()?)]);
/// let context = Context::from_authorization(Some(
///     "AWS4-HMAC-SHA256 Credential=AKIAGAME/20260101/us-east-1/cognito-identity/aws4_request, \
///      SignedHeaders=host, Signature=0",
/// ));
/// assert!(context.is_signed());
/// assert_eq!(context.region().map(|region| region.as_str()), Some("us-east-1"));
/// assert_eq!(context.account(), None);
///
/// let owner = context.access_key_id().and_then(|id| accounts.get(id)).cloned();
/// let context = owner.map(|owner| context.with_account(owner));
/// assert_eq!(context.and_then(|context| context.account()), Some("123456789012".parse()?));
/// # Ok::<(), cognate::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    caller: Caller,
    request_id: Option<RequestId>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Caller {
    Anonymous,
    Signed(Credential),
    /// An `Authorization` header of another kind.
    Unrecognized,
}

/// The credentials of a signed request.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Credential {
    access_key_id: Option<Box<str>>,
    /// The account that the embedder named.
    account: Option<AccountId>,
    region: Region,
    session_token: Option<SessionToken>,
}

impl Context {
    /// A request without credentials.
    pub fn anonymous() -> Self {
        Self::of(Caller::Anonymous)
    }

    /// A request with credentials of `account`, for a region.
    pub fn signed(account: AccountId, region: Region) -> Self {
        let account = Some(account);
        let credential = Credential { access_key_id: None, account, region, session_token: None };
        Self::of(Caller::Signed(credential))
    }

    /// A request with this `Authorization` header.
    ///
    /// The credential scope of the signature names the region. An access key id of twelve digits is
    /// the account; any other one stands for the engine's
    /// [default account](crate::Builder::default_account) until an account
    /// [is named](Self::with_account). A header without such a scope states no caller: signed
    /// operations then answer [`Fault::unrecognized_client`].
    ///
    /// # Example: a signature of AWS Signature Version 4
    ///
    /// ```
    /// use cognate::wire::Context;
    ///
    /// let context = Context::from_authorization(Some(
    ///     "AWS4-HMAC-SHA256 Credential=123456789012/20260101/us-east-1/cognito-identity/\
    ///      aws4_request, SignedHeaders=host, Signature=0",
    /// ));
    /// assert_eq!(context.access_key_id(), Some("123456789012"));
    /// assert_eq!(context.account(), Some("123456789012".parse()?));
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn from_authorization(header: Option<&str>) -> Self {
        let caller = match header.map(scope) {
            None => Caller::Anonymous,
            Some(Some((key_id, region))) => Caller::Signed(Credential {
                access_key_id: Some(key_id.into()),
                account: None,
                region,
                session_token: None,
            }),
            Some(None) => Caller::Unrecognized,
        };
        Self::of(caller)
    }

    fn of(caller: Caller) -> Self {
        Self { caller, request_id: None }
    }

    /// Names the request. The [events](crate::admin::ChangeEvent) of the call have this id, and so
    /// has a response of `http::handle_as`. Without it, a response over HTTP gets a fresh id.
    #[must_use]
    pub fn with_request_id(mut self, id: RequestId) -> Self {
        self.request_id = Some(id);
        self
    }

    /// The same request with this `X-Amz-Security-Token` header.
    ///
    /// A session token that the engine has made stands for the account of the session's role. It is
    /// refused beside an access key id that it was not made for. Any other session token makes no
    /// difference: an embedder with a [`CredentialIssuer`](crate::credentials::CredentialIssuer)
    /// reads its own tokens and names the account.
    #[must_use]
    pub fn with_session_token(mut self, header: Option<&str>) -> Self {
        if let (Caller::Signed(credential), Some(token)) = (&mut self.caller, header) {
            credential.session_token = Some(SessionToken::presented(token));
        }
        self
    }

    /// The same request, made for `account`, whatever its access key id and session token say. A
    /// request that is not signed stays as it is.
    #[must_use]
    pub fn with_account(mut self, account: AccountId) -> Self {
        if let Caller::Signed(credential) = &mut self.caller {
            credential.account = Some(account);
        }
        self
    }

    /// The id of the request, if it was [given](Self::with_request_id).
    pub fn request_id(&self) -> Option<&RequestId> {
        self.request_id.as_ref()
    }

    /// Whether the request has no `Authorization` header.
    pub fn is_anonymous(&self) -> bool {
        matches!(self.caller, Caller::Anonymous)
    }

    /// Whether the request states an account or an access key id. A request with an `Authorization`
    /// header of another kind is neither signed nor anonymous.
    pub fn is_signed(&self) -> bool {
        matches!(self.caller, Caller::Signed(_))
    }

    /// The access key id in the `Authorization` header.
    pub fn access_key_id(&self) -> Option<&str> {
        self.credential()?.access_key_id.as_deref()
    }

    /// The account that the request names: the one that was [given](Self::with_account), or else an
    /// access key id of twelve digits. [`acting_account`](Self::acting_account) also knows sessions
    /// and the default account.
    pub fn account(&self) -> Option<AccountId> {
        self.credential()?.account()
    }

    /// The region in the credential scope.
    pub fn region(&self) -> Option<&Region> {
        self.credential().map(|credential| &credential.region)
    }

    /// The session token of a signed request.
    pub fn session_token(&self) -> Option<&SessionToken> {
        self.credential()?.session_token.as_ref()
    }

    /// The session whose credentials signed the request, if this engine has made them. It tells the
    /// secret key that the signature has to fit, and the role. `None` stands for a session token
    /// that is missing or was made elsewhere.
    ///
    /// # Errors
    ///
    /// * [`Fault::unrecognized_client`] for a token of the engine that was altered, or that belongs
    ///   to another access key id.
    /// * [`Fault::expired_token`] from the end of the session on.
    /// * [`Fault::internal_error`] when the store fails.
    pub fn session(&self, engine: &Engine) -> Result<Option<VerifiedSession>, Fault> {
        let Some(token) = self.session_token() else { return Ok(None) };
        let session = engine.own_session(token.as_str()).map_err(session_fault)?;
        let is_forged = session
            .as_ref()
            .is_some_and(|session| Some(session.access_key_id.as_str()) != self.access_key_id());
        if is_forged { Err(Fault::unrecognized_client()) } else { Ok(session) }
    }

    /// The account that [`call`](crate::wire::call) performs a signed operation for: the
    /// [given](Self::with_account) one, that of the session's role, the access key id, or the
    /// engine's default account.
    ///
    /// # Errors
    ///
    /// * [`Fault::missing_authentication_token`] for an anonymous request.
    /// * [`Fault::unrecognized_client`] for an `Authorization` header of another kind, and for a
    ///   session whose role names no account.
    /// * Those of [`session`](Self::session).
    pub fn acting_account(&self, engine: &Engine) -> Result<AccountId, Fault> {
        let credential = self.require_credential()?;
        if let Some(account) = &credential.account {
            return Ok(account.clone());
        }
        let Some(own) = self.session(engine)? else {
            return Ok(credential.account().unwrap_or_else(|| engine.default_account()));
        };
        let account = own.session.role_arn.iam_account().and_then(|account| account.parse().ok());
        account.ok_or_else(Fault::unrecognized_client)
    }

    /// The account and the region of a signed request.
    pub(super) fn owner(&self, engine: &Engine) -> Result<(AccountId, Region), Fault> {
        let region = self.require_credential()?.region.clone();
        Ok((self.acting_account(engine)?, region))
    }

    fn credential(&self) -> Option<&Credential> {
        self.require_credential().ok()
    }

    fn require_credential(&self) -> Result<&Credential, Fault> {
        match &self.caller {
            Caller::Anonymous => Err(Fault::missing_authentication_token()),
            Caller::Signed(credential) => Ok(credential),
            Caller::Unrecognized => Err(Fault::unrecognized_client()),
        }
    }
}

impl Credential {
    fn account(&self) -> Option<AccountId> {
        let from_key = || self.access_key_id.as_deref()?.parse().ok();
        self.account.clone().or_else(from_key)
    }
}

fn session_fault(error: Error) -> Fault {
    if matches!(error, Error::Refused(Refusal::SessionExpired)) {
        Fault::expired_token()
    } else if matches!(error, Error::Refused(Refusal::SessionInvalid)) {
        Fault::unrecognized_client()
    } else {
        error.into()
    }
}

/// The access key id and the region of
/// `AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, …`
fn scope(header: &str) -> Option<(&str, Region)> {
    let (algorithm, parameters) = header.trim().split_once(' ')?;
    if !algorithm.starts_with("AWS4-") {
        return None;
    }
    let mut parameters = parameters.split(',').map(str::trim);
    let credential = parameters.find_map(|parameter| parameter.strip_prefix("Credential="))?;
    // The key id may hold slashes; the scope behind it has four parts.
    let mut parts = credential.rsplitn(5, '/');
    let (terminator, _service, region) = (parts.next()?, parts.next()?, parts.next()?);
    let (_date, key_id) = (parts.next()?, parts.next()?);
    if terminator != "aws4_request" || key_id.is_empty() {
        return None;
    }
    Some((key_id, region.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(header: &str) -> Option<(String, String)> {
        scope(header).map(|(key_id, region)| (key_id.to_owned(), region.to_string()))
    }

    #[test]
    fn the_scope_names_key_and_region() {
        let tail = "SignedHeaders=host;x-amz-date, Signature=00";
        for (credential, key_id) in [
            ("123456789012/20260101/eu-west-1/cognito-identity/aws4_request", "123456789012"),
            ("AKIDEXAMPLE/20260101/eu-west-1/cognito-identity/aws4_request", "AKIDEXAMPLE"),
            ("a/b/20260101/eu-west-1/cognito-identity/aws4_request", "a/b"),
        ] {
            let header = format!("AWS4-HMAC-SHA256 Credential={credential}, {tail}");
            assert_eq!(found(&header), Some((key_id.to_owned(), "eu-west-1".to_owned())));
        }
    }

    #[test]
    fn a_header_of_another_kind_has_no_scope() {
        for header in [
            "",
            "Bearer abc",
            "AWS4-HMAC-SHA256",
            "AWS4-HMAC-SHA256 Signature=00",
            "AWS4-HMAC-SHA256 Credential=/20260101/eu-west-1/cognito-identity/aws4_request",
            "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu west/cognito-identity/aws4_request",
            "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/cognito-identity/other",
            "AWS4-HMAC-SHA256 Credential=AKID/eu-west-1/cognito-identity/aws4_request",
        ] {
            assert_eq!(found(header), None, "{header}");
        }
    }
}
