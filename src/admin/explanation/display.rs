//! Explanations as lines for a person.

use std::fmt;

use crate::admin::{
    Alternative, ExplainedChange, ExplainedLogin, ExplainedVerdict, Explanation, IdentityDetails,
    LoginCheck, RoleChoice, RoleRule,
};
use crate::error::ErrorKind;
use crate::id::IdentityId;
use crate::name::ProviderName;
use crate::rules::Refusal;
use crate::state::Login;

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, given, logins, rule, verdict } = self;
        match verdict {
            ExplainedVerdict::Answered { identity_id: Some(id), .. } => {
                write!(f, "answered    {operation}: {id}")?;
            }
            ExplainedVerdict::Answered { identity_id: None, .. } => {
                write!(f, "answered    {operation}")?;
            }
            ExplainedVerdict::Refused { refusal, .. } => {
                write!(f, "refused     {operation}: {}", Reason(refusal))?;
            }
        }
        if let Some(given) = given {
            write!(f, "\n  given     {given}")?;
        }
        for login in logins {
            write!(f, "\n  login     {login}")?;
        }
        if let Some(rule) = rule {
            write!(f, "\n  rule      {rule}")?;
        }
        match verdict {
            ExplainedVerdict::Answered { changes, role, .. } => {
                for change in changes {
                    write!(f, "\n  change    {change}")?;
                }
                if let Some(role) = role {
                    write!(f, "\n  role      {role}")?;
                }
            }
            ExplainedVerdict::Refused { obstacle, alternatives, .. } => {
                if let Some(obstacle) = obstacle.as_ref().filter(|it| given.as_ref() != Some(it)) {
                    write!(f, "\n  obstacle  {obstacle}")?;
                }
                for alternative in alternatives {
                    write!(f, "\n  else      {alternative}")?;
                }
            }
        }
        Ok(())
    }
}

/// The exception and its message.
struct Reason<'a>(&'a Refusal);

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", ErrorKind::from(self.0), self.0)
    }
}

impl fmt::Display for IdentityDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  {}", self.identity_id, self.state)?;
        logins(f, &self.logins)
    }
}

fn logins(f: &mut fmt::Formatter<'_>, logins: &[Login]) -> fmt::Result {
    let mut separator = "  ";
    for login in logins {
        write!(f, "{separator}{login}")?;
        separator = ", ";
    }
    Ok(())
}

impl fmt::Display for ExplainedLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { provider_name, subject, check, owner } = self;
        write!(f, "{provider_name}")?;
        if let Some(subject) = subject {
            write!(f, " {}", subject.as_str().escape_debug())?;
        }
        match check {
            LoginCheck::Stated => write!(f, ", stated by the caller")?,
            LoginCheck::Proved => write!(f, ", proved by its token")?,
            LoginCheck::CognitoToken => write!(f, ", a token of this service")?,
            LoginCheck::Refused(refusal) => return write!(f, ", refused: {}", Reason(refusal)),
            LoginCheck::NotReached => return write!(f, ", not checked"),
        }
        match (owner, check) {
            (Some(owner), LoginCheck::CognitoToken) => write!(f, " for {owner}"),
            (Some(owner), _) => write!(f, ", belongs to {owner}"),
            (None, _) => write!(f, ", belongs to no identity"),
        }
    }
}

impl fmt::Display for ExplainedChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Created { state, logins: linked } => {
                write!(f, "a new identity  {}", *state)?;
                logins(f, linked)
            }
            Self::Changed { before, after }
            | Self::Disabled { before, after }
            | Self::Restored { before, after } => {
                write!(f, "{}  {}", before.identity_id, after.state)?;
                moved(f, before, after)
            }
            Self::Deleted { before } => write!(f, "{} is deleted", before.identity_id),
            Self::PoolDeleted { identity_pool_id } => write!(f, "{identity_pool_id} is deleted"),
        }
    }
}

/// The logins that an identity gains, and those that it loses.
fn moved(
    f: &mut fmt::Formatter<'_>,
    before: &IdentityDetails,
    after: &IdentityDetails,
) -> fmt::Result {
    for login in after.logins.iter().filter(|login| !before.logins.contains(login)) {
        write!(f, "  + {login}")?;
    }
    for login in before.logins.iter().filter(|login| !after.logins.contains(login)) {
        write!(f, "  - {login}")?;
    }
    Ok(())
}

impl fmt::Display for RoleChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, ", self.role_arn)?;
        match &self.chosen_by {
            RoleRule::Unauthenticated => write!(f, "the pool's role for guests"),
            RoleRule::Authenticated => write!(f, "the pool's authenticated role"),
            RoleRule::RulesMapping { provider, number } => {
                write!(f, "by rule {number} of the role mapping of {provider}")
            }
            RoleRule::TokenMapping { provider } => {
                write!(f, "preferred by the token of {provider}")
            }
            RoleRule::AmbiguousRole { provider } => {
                write!(f, "the pool's authenticated role, as {provider} names no single one")
            }
            RoleRule::Provider { provider } => write!(f, "granted by {provider}"),
            RoleRule::CustomRole { provider } => {
                write!(f, "asked for by the caller, and offered by {provider}")
            }
        }
    }
}

impl fmt::Display for Alternative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WithoutIdentityId { identity_id } => {
                write!(f, "without IdentityId: ")?;
                match identity_id {
                    Some(id) => write!(f, "{id}"),
                    None => write!(f, "a new identity"),
                }
            }
            Self::WithIdentityId { identity_id } => write!(f, "with IdentityId {identity_id}"),
            Self::WithLoginOf { identity_id, provider_names } => {
                with_login(f, identity_id, provider_names)
            }
            Self::MergeDeveloperIdentities {
                source_user_identifier,
                destination_user_identifier,
            } => write!(
                f,
                "after MergeDeveloperIdentities of {} into {}",
                source_user_identifier.as_str().escape_debug(),
                destination_user_identifier.as_str().escape_debug(),
            ),
            Self::AfterUnlinkLogin { identity_id } => {
                write!(f, "after UnlinkLogin from {identity_id}")
            }
            Self::EnhancedFlow => write!(f, "GetCredentialsForIdentity, the enhanced flow"),
            Self::WithoutCustomRole { role_arn } => {
                write!(f, "without CustomRoleArn: {role_arn}")
            }
        }
    }
}

fn with_login(
    f: &mut fmt::Formatter<'_>,
    id: &IdentityId,
    providers: &[ProviderName],
) -> fmt::Result {
    write!(f, "with one more login of {id}:")?;
    let mut separator = " ";
    for provider in providers {
        write!(f, "{separator}{provider}")?;
        separator = " or ";
    }
    Ok(())
}
