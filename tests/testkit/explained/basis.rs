//! The given identity, the presented logins and the rule of an explanation, said a second time.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cognate::Refusal;
use cognate::admin::{
    AppliedRule, ExplainedLogin, ExplainedVerdict, Explanation, IdentityDetails, LoginCheck,
};
use cognate::name::IdentityId;
use cognate::operation::IdentityState;
use serde_json::Value;

use crate::explained::asked::Asked;
use crate::explained::world::World;
use crate::explained::{Compared, Explained, ensure, same};

/// The claims of a token, or null if it is none.
fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    payload.and_then(|payload| serde_json::from_slice(&payload).ok()).unwrap_or_default()
}

/// The user of a token of this kit's providers.
fn subject(token: &str) -> Option<String> {
    let of_access_token = || token.strip_prefix("access-token-")?.split('-').next();
    claims(token)["sub"].as_str().or_else(of_access_token).map(str::to_owned)
}

fn without_slash(provider: &str) -> &str {
    provider.strip_suffix('/').unwrap_or(provider)
}

impl Explained<'_> {
    /// Checks the parts of an explanation that the verdict rests on.
    pub(super) fn check_basis(
        &self,
        asked: &Asked,
        world: &World,
        explanation: &Explanation,
    ) -> Compared {
        same("the operation", &explanation.operation, &asked.operation.as_str())?;
        let given = self.given(asked, world);
        same("the given identity", &explanation.given.as_ref(), &given)?;
        let presented = presented(asked);
        let names = explanation.logins.iter().map(|login| login.provider_name.to_string());
        let expected = presented.iter().map(|(provider, _)| provider.clone());
        same("the presented logins", &names.collect(), &expected.collect::<Vec<_>>())?;
        let pool = self.visible_pool(asked, world);
        for (login, (provider, proof)) in explanation.logins.iter().zip(&presented) {
            self.check_login(login, (provider, proof), (world, pool.as_deref()), explanation)?;
        }
        let rule = explanation.rule.map(AppliedRule::as_str);
        if let ExplainedVerdict::Answered { .. } = explanation.verdict {
            ensure(rule.is_some(), || "an answer without a rule".to_owned())?;
        }
        let is_checked = |login: &ExplainedLogin| {
            !matches!(login.check, LoginCheck::Refused(_) | LoginCheck::NotReached)
        };
        let is_all_checked = explanation.logins.iter().all(is_checked);
        let Some(rule) = rule else {
            return ensure(!is_about_identities(explanation), || "no rule".to_owned());
        };
        ensure(is_all_checked, || format!("{rule} before the logins are checked"))?;
        same("the rule", &rule, &expected_rule(asked, explanation))
    }

    /// The pool of the call, if its caller may see it.
    fn visible_pool(&self, asked: &Asked, world: &World) -> Option<String> {
        let Some(pool) = asked.member("IdentityPoolId") else {
            let given: IdentityId = asked.member("IdentityId")?.parse().ok()?;
            return Some(world.identities.get(&given)?.identity_pool_id.to_string());
        };
        let known = self.known.borrow();
        let (account, region) = known.owners.get(pool)?;
        let is_owner = |caller: &(String, String)| {
            (caller.0.as_str(), caller.1.as_str()) == (account.as_str(), region.as_str())
        };
        asked.caller.as_ref().is_none_or(is_owner).then(|| pool.to_owned())
    }

    fn given<'a>(&self, asked: &Asked, world: &'a World) -> Option<&'a IdentityDetails> {
        let given: IdentityId = asked.member("IdentityId")?.parse().ok()?;
        let pool = self.visible_pool(asked, world)?;
        world.identities.get(&given).filter(|given| given.identity_pool_id.as_str() == pool)
    }

    fn check_login(
        &self,
        login: &ExplainedLogin,
        (provider, proof): (&str, &str),
        (world, pool): (&World, Option<&str>),
        explanation: &Explanation,
    ) -> Compared {
        let owner = |is_stated: bool, subject: &str| {
            let owner = world.owner(pool?, |known| {
                known.is_developer() == is_stated
                    && without_slash(known.provider().as_str()) == without_slash(provider)
                    && known.subject().as_str() == subject
            });
            owner.map(|owner| owner.identity_id.clone())
        };
        let (expected_subject, expected_owner) = match &login.check {
            LoginCheck::Stated => (Some(proof.to_owned()), owner(true, proof)),
            LoginCheck::Proved => {
                let subject = subject(proof).ok_or("a proof without a subject")?;
                let key = (without_slash(provider).to_owned(), subject.clone());
                self.known.borrow_mut().tokens.insert(key, proof.to_owned());
                let owner = owner(false, &subject);
                (Some(subject), owner)
            }
            LoginCheck::CognitoToken => {
                (None, claims(proof)["sub"].as_str().and_then(|id| id.parse().ok()))
            }
            LoginCheck::Refused(cause) => {
                let ExplainedVerdict::Refused { refusal, .. } = &explanation.verdict else {
                    return Err("an answer despite a refused login".to_owned());
                };
                same("the refused login", cause, refusal)?;
                (None, None)
            }
            _ => (None, None),
        };
        let subject = login.subject.as_ref().map(ToString::to_string);
        same("a subject", &subject, &expected_subject)?;
        same("an owner", &login.owner, &expected_owner)
    }
}

/// The presented logins: providers, each with a token or a user.
fn presented(asked: &Asked) -> Vec<(String, String)> {
    let users: &[&str] = match asked.operation.as_str() {
        "MergeDeveloperIdentities" => &["SourceUserIdentifier", "DestinationUserIdentifier"],
        "UnlinkDeveloperIdentity" => &["DeveloperUserIdentifier"],
        _ => return asked.logins.clone(),
    };
    let provider = asked.member("DeveloperProviderName").unwrap_or_default();
    let user = |name: &&str| asked.member(name).unwrap_or_default().to_owned();
    users.iter().map(|name| (provider.to_owned(), user(name))).collect()
}

/// Whether the refusal is one of the rules about identities.
fn is_about_identities(explanation: &Explanation) -> bool {
    let ExplainedVerdict::Refused { refusal, .. } = &explanation.verdict else { return true };
    let is_foreign_token =
        explanation.logins.iter().any(|login| matches!(login.check, LoginCheck::Refused(_)));
    match refusal {
        Refusal::DeveloperUserAlreadyRegistered { .. }
        | Refusal::DeveloperUserElsewhere { .. }
        | Refusal::DeveloperUserNotFound { .. }
        | Refusal::IdentityForbidden { .. }
        | Refusal::LoginTaken
        | Refusal::MergeOfTwoUsers
        | Refusal::TooManyLogins => true,
        Refusal::LoginsDontMatch => !is_foreign_token,
        _ => false,
    }
}

/// The rule, from the given identity and the owners of the logins.
fn expected_rule(asked: &Asked, explanation: &Explanation) -> &'static str {
    let owners = explanation.logins.iter().filter(|login| login.check != LoginCheck::CognitoToken);
    match asked.operation.as_str() {
        "DeleteIdentities" => return "delete-identities",
        "DeleteIdentityPool" => return "delete-pool",
        "UnlinkDeveloperIdentity" => return "unlink-developer-user",
        "UnlinkIdentity" => return "unlink-logins",
        "MergeDeveloperIdentities" => {
            return match explanation.logins.as_slice() {
                [source, destination]
                    if source.owner.is_none() || source.owner != destination.owner =>
                {
                    "merge"
                }
                _ => "merge-of-one",
            };
        }
        _ => {}
    }
    let owners: BTreeSet<_> = owners.filter_map(|login| login.owner.as_ref()).collect();
    let Some(given) = &explanation.given else {
        return match owners.len() {
            0 => "a1",
            1 => "a2",
            _ => "a3",
        };
    };
    let is_of_another = |owner: &IdentityId| *owner != given.identity_id;
    let mut stated = explanation.logins.iter().filter(|login| login.check == LoginCheck::Stated);
    if stated.any(|login| login.owner.as_ref().is_some_and(is_of_another)) {
        return "already-registered";
    }
    let tokens = explanation.logins.iter().zip(&asked.logins);
    let tokens = tokens.filter(|(login, _)| login.check == LoginCheck::CognitoToken);
    let amr = tokens.map(|(_, (_, token))| claims(token)["amr"].clone()).next_back();
    let amr = amr.filter(|amr| amr[0] == "authenticated");
    let is_nothing_presented = explanation.logins.is_empty()
        || (explanation.logins.iter().all(|login| login.check == LoginCheck::CognitoToken)
            && amr.is_none());
    let names = amr.as_ref().is_some_and(|amr| names_login_of(amr, given));
    match given.state {
        IdentityState::Disabled => "d2",
        IdentityState::Unauthenticated if owners.is_empty() => "b1",
        IdentityState::Unauthenticated => "b2",
        IdentityState::Authenticated if is_nothing_presented => "d1",
        IdentityState::Authenticated if !names && !owners.contains(&given.identity_id) => "c3",
        IdentityState::Authenticated if owners.iter().copied().any(is_of_another) => "c2",
        IdentityState::Authenticated => "c1",
    }
}

/// Whether the `amr` of a token names a login that the identity still has.
fn names_login_of(amr: &Value, identity: &IdentityDetails) -> bool {
    let entries = amr.as_array().into_iter().flatten().filter_map(Value::as_str);
    let full_names: Vec<&str> = entries.skip(2).step_by(2).collect();
    identity.logins.iter().any(|login| {
        full_names.iter().any(|full| {
            let is_of_provider = full.contains(without_slash(login.provider().as_str()));
            is_of_provider && full.rsplit(':').next() == Some(login.subject().as_str())
        })
    })
}
