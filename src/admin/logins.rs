//! Inputs and outputs of the administration of logins.

use serde::Serialize;

use crate::id::{IdentityId, IdentityPoolId};
use crate::name::{NextToken, ProviderName, Subject};
use crate::operation::input::{Given, input};
use crate::rules::page::PageSize;
use crate::state::Login;

input! {
    /// Input of [`list_logins`](crate::Admin::list_logins).
    ListLoginsInput => ListLogins
    /// The first page of a pool's logins. A login is shown if it passes all filters that are set.
    fn new(identity_pool_id: IdentityPoolId, max_results: PageSize)
    {
        /// The pool.
        "IdentityPoolId", identity_pool_id, get_identity_pool_id: IdentityPoolId, required;

        /// The maximum number of logins in a page: 1 to 60.
        "MaxResults", max_results, get_max_results: PageSize, required;

        /// The token of the previous page. Keep the filters from page to page.
        "NextToken", next_token, get_next_token: NextToken, optional;

        /// Shows logins of this provider, public or developer. The pool need no longer be
        /// configured for it.
        "Provider", provider, get_provider: ProviderName, optional;

        /// Shows logins whose subject begins with this text.
        "SubjectPrefix", subject_prefix, get_subject_prefix: Subject, optional;
    }
}

/// A page of a pool's logins. Users of the developer provider come first. Then the logins are
/// sorted by provider and subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct ListLoginsOutput {
    /// The pool.
    pub identity_pool_id: IdentityPoolId,
    /// The logins. Each is as it was at some moment during the call.
    pub logins: Vec<LinkedLogin>,
    /// The token of the next page. `None` on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<NextToken>,
}

/// A login and the identity that has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct LinkedLogin {
    /// The login.
    pub login: Login,
    /// The identity.
    pub identity_id: IdentityId,
}

input! {
    /// Input of [`link_login`](crate::Admin::link_login).
    LinkLoginInput => LinkLogin
    /// Links a user of a provider to an identity.
    fn new(identity_id: IdentityId, provider: ProviderName, subject: Subject)
    {
        /// The identity.
        "IdentityId", identity_id, get_identity_id: IdentityId, required;

        /// A provider of the identity's pool, public or developer.
        "Provider", provider, get_provider: ProviderName, required;

        /// The user's id at the provider: 1 to 1024 characters.
        "Subject", subject, get_subject: Subject, required;
    }
}

input! {
    /// Input of [`unlink_login`](crate::Admin::unlink_login).
    UnlinkLoginInput => UnlinkLogin
    /// Unlinks a user of a provider from an identity.
    fn new(identity_id: IdentityId, provider: ProviderName, subject: Subject)
    {
        /// The identity.
        "IdentityId", identity_id, get_identity_id: IdentityId, required;

        /// The provider, public or developer. The pool need no longer be configured for it.
        "Provider", provider, get_provider: ProviderName, required;

        /// The user's id at the provider: 1 to 1024 characters.
        "Subject", subject, get_subject: Subject, required;
    }
}
