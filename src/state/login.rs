//! Logins as they are kept and as they are proved.

use serde::{Deserialize, Serialize};

use crate::constraint::Violations;
use crate::id::IdentityPoolId;
use crate::name::{DeveloperProviderName, DeveloperUserIdentifier, ProviderName, Subject};

/// A login that is kept: who a user is at a provider, within one pool.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Login {
    kind: LoginKind,
    provider: ProviderName,
    subject: Subject,
}

/// How a login was proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum LoginKind {
    /// Stated by the pool's owner in a signed call.
    Developer,
    /// Proved by a token of a public provider.
    Public,
}

impl Login {
    pub(crate) fn developer(
        provider: &DeveloperProviderName,
        user: &DeveloperUserIdentifier,
    ) -> Self {
        Self { kind: LoginKind::Developer, provider: provider.into(), subject: user.into() }
    }

    pub(crate) fn is_developer(&self) -> bool {
        self.kind == LoginKind::Developer
    }

    pub(crate) fn kind(&self) -> LoginKind {
        self.kind
    }

    /// The provider.
    pub fn provider(&self) -> &ProviderName {
        &self.provider
    }

    /// Who the user is at the provider.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// Two users of one public provider, which an identity may not have (I3).
    pub(crate) fn rivals(&self, other: &Self) -> bool {
        !self.is_developer()
            && self.kind == other.kind
            && self.provider == other.provider
            && self.subject != other.subject
    }
}

/// A login of a public provider that a [`LoginVerifier`](crate::LoginVerifier) has found to be
/// genuine.
///
/// Only a verifier makes one, through [`assertion`](Self::assertion); the engine links no other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedLogin {
    login: Login,
    /// Where it is not made of the login itself.
    amr: Option<String>,
}

impl VerifiedLogin {
    /// States that `subject` of `provider` has been authenticated. Whoever calls this vouches for
    /// it.
    ///
    /// In the `amr` claim of a token the login then appears as `PROVIDER` and `PROVIDER:SUBJECT`.
    ///
    /// # Errors
    ///
    /// A subject that does not fit its shape.
    pub fn assertion(
        provider: &ProviderName,
        subject: impl TryInto<Subject, Error: Into<Violations>>,
    ) -> Result<Self, Violations> {
        let subject = subject.try_into().map_err(Into::into)?;
        let login = Login { kind: LoginKind::Public, provider: provider.clone(), subject };
        Ok(Self { login, amr: None })
    }

    /// A user of a pool's developer provider, stated in a signed call.
    pub(crate) fn developer(
        provider: &DeveloperProviderName,
        user: &DeveloperUserIdentifier,
    ) -> Self {
        Self { login: Login::developer(provider, user), amr: None }
    }

    /// The same login under another name in the `amr` claim: `<oidc provider arn>:OIDC:<sub>`.
    #[must_use]
    pub fn amr_entry(mut self, entry: impl Into<String>) -> Self {
        self.amr = Some(entry.into());
        self
    }

    /// The login as it is kept.
    pub fn login(&self) -> &Login {
        &self.login
    }

    /// The full name in the `amr` claim of a token for `pool`.
    pub(crate) fn amr(&self, pool: &IdentityPoolId) -> String {
        let Login { kind, provider, subject } = &self.login;
        match (&self.amr, kind) {
            (Some(amr), _) => amr.clone(),
            (None, LoginKind::Developer) => format!("{provider}:{pool}:{subject}"),
            (None, LoginKind::Public) => format!("{provider}:{subject}"),
        }
    }
}
