//! Alternatives to refused calls: each one is explained, and must be answered.

use cognate::admin::{Alternative, AppliedRule, ExplainedVerdict, Explanation};
use cognate::name::{IdentityId, ProviderName};
use cognate::{Engine, Refusal};

use crate::explained::asked::Asked;
use crate::explained::world::World;
use crate::explained::{Compared, Explained, ensure, same};

impl Explained<'_> {
    pub(super) fn check_alternatives(
        &self,
        asked: &Asked,
        world: &World,
        explanation: &Explanation,
    ) -> Compared {
        let ExplainedVerdict::Refused { refusal, alternatives, .. } = &explanation.verdict else {
            return Ok(());
        };
        for alternative in alternatives {
            let checked = self.check_alternative(asked, world, alternative);
            checked.map_err(|problem| format!("{alternative:?}: {problem}"))?;
        }
        self.check_that_none_is_missing(asked, refusal, alternatives)?;
        self.check_that_no_identity_is_missing(asked, explanation, alternatives)?;
        self.check_that_no_login_is_missing(asked, explanation, alternatives)
    }

    fn check_alternative(
        &self,
        asked: &Asked,
        world: &World,
        alternative: &Alternative,
    ) -> Compared {
        let engine = &self.engine;
        match alternative {
            Alternative::WithoutIdentityId { identity_id } => {
                let (id, _) = answered(engine, &asked.clone().without("IdentityId"))?;
                same("the identity", identity_id, &id)
            }
            Alternative::WithIdentityId { identity_id } => {
                let (id, _) =
                    answered(engine, &asked.clone().with("IdentityId", identity_id.as_str()))?;
                let is_unlinking = asked.operation == "UnlinkDeveloperIdentity";
                same("the identity", &Some(identity_id).filter(|_| !is_unlinking), &id.as_ref())
            }
            Alternative::WithLoginOf { identity_id, provider_names } => {
                ensure(!provider_names.is_empty(), || "no provider".to_owned())?;
                for (provider, place) in provider_names.iter().zip(1..) {
                    let is_twice = provider_names[place..].contains(provider);
                    ensure(!is_twice, || format!("{provider} twice"))?;
                    self.check_login_of(asked, world, identity_id, provider)?;
                }
                Ok(())
            }
            Alternative::MergeDeveloperIdentities {
                source_user_identifier: source,
                destination_user_identifier: destination,
            } => {
                let copy = self.copy(world);
                let merged = asked.merge(&copy, source.as_str(), destination.as_str());
                merged.map_err(|error| format!("the merge: {error}"))?;
                let (id, _) = answered(&copy, asked)?;
                let id = id.as_ref().map(IdentityId::as_str);
                same("the identity", &asked.member("IdentityId"), &id)
            }
            Alternative::EnhancedFlow => answered(engine, &enhanced(asked)).map(drop),
            Alternative::WithoutCustomRole { role_arn } => {
                let (_, role) = answered(engine, &asked.clone().without("CustomRoleArn"))?;
                same("the role", &Some(role_arn.to_string()), &role)
            }
            other => Err(format!("an unknown alternative {other:?}")),
        }
    }

    /// Adds each login that the identity has at the provider.
    fn check_login_of(
        &self,
        asked: &Asked,
        world: &World,
        id: &IdentityId,
        provider: &ProviderName,
    ) -> Compared {
        let identity = world.identities.get(id).ok_or("an identity that is missing")?;
        let logins = identity.logins.iter().filter(|login| login.provider() == provider);
        let mut count = 0;
        for login in logins {
            let (name, subject) = (provider.to_string(), login.subject().to_string());
            let proof = if login.is_developer() {
                subject
            } else {
                let known = self.known.borrow();
                let token = known.tokens.get(&(name.clone(), subject));
                token.ok_or("a login that nobody has proved")?.clone()
            };
            let explained = outcome(&self.engine, &asked.clone().with_login(&name, &proof));
            let (answered, _) = match explained {
                Err(refused)
                    if asked.operation == "GetCredentialsForIdentity"
                        && is_about_roles(&refused) =>
                {
                    self.count("a role that is refused to one more login");
                    continue;
                }
                explained => explained.map_err(|refusal| refusal.to_string())?,
            };
            let is_unlinking = asked.operation == "UnlinkIdentity";
            same("the identity", &Some(id).filter(|_| !is_unlinking), &answered.as_ref())?;
            count += 1;
        }
        self.count(if count == 0 { "no login to add" } else { "a login to add" });
        Ok(())
    }

    /// If all logins belong to one identity, and its id would do, the id is named.
    fn check_that_no_identity_is_missing(
        &self,
        asked: &Asked,
        explanation: &Explanation,
        alternatives: &[Alternative],
    ) -> Compared {
        let mut owners: Vec<_> = explanation.logins.iter().map(|login| &login.owner).collect();
        owners.dedup();
        let ([Some(owner)], Some(given)) = (owners.as_slice(), asked.member("IdentityId")) else {
            return Ok(());
        };
        let has_alternative =
            ["GetCredentialsForIdentity", "GetOpenIdToken", "UnlinkDeveloperIdentity"];
        let is_other =
            has_alternative.contains(&asked.operation.as_str()) && owner.as_str() != given;
        let with_owner = asked.clone().with("IdentityId", owner.as_str());
        let alternative = Alternative::WithIdentityId { identity_id: owner.clone() };
        let expected = is_other && answered(&self.engine, &with_owner).is_ok();
        same("with IdentityId", &alternatives.contains(&alternative), &expected)
    }

    /// If the call only lacks a proof, all providers whose logins would do are named.
    fn check_that_no_login_is_missing(
        &self,
        asked: &Asked,
        explanation: &Explanation,
        alternatives: &[Alternative],
    ) -> Compared {
        let rule = explanation.rule.map(AppliedRule::as_str);
        let given = explanation.given.as_ref().filter(|_| matches!(rule, Some("c3" | "d1")));
        let Some(given) = given else { return Ok(()) };
        let known = self.known.borrow();
        for login in given.logins.iter().filter(|login| !login.is_developer()) {
            let provider = login.provider();
            let is_presented =
                |name: &str| name.trim_end_matches('/') == provider.as_str().trim_end_matches('/');
            let token = known.tokens.get(&(provider.to_string(), login.subject().to_string()));
            let token = token.filter(|_| !asked.logins.iter().any(|(name, _)| is_presented(name)));
            let Some(token) = token else { continue };
            if answered(&self.engine, &asked.clone().with_login(provider.as_str(), token)).is_ok() {
                let is_named = |alternative: &Alternative| {
                    matches!(alternative, Alternative::WithLoginOf { provider_names, .. }
                        if provider_names.contains(provider))
                };
                ensure(alternatives.iter().any(is_named), || format!("no login of {provider}"))?;
            }
        }
        Ok(())
    }

    /// The alternatives that need no search are all there.
    fn check_that_none_is_missing(
        &self,
        asked: &Asked,
        refusal: &Refusal,
        alternatives: &[Alternative],
    ) -> Compared {
        let is_answered = |asked: &Asked| answered(&self.engine, asked).is_ok();
        let is_found = |is_it: fn(&Alternative) -> bool| alternatives.iter().any(is_it);
        if asked.operation == "GetOpenIdTokenForDeveloperIdentity"
            && asked.member("IdentityId").is_some()
        {
            let found = is_found(|it| matches!(it, Alternative::WithoutIdentityId { .. }));
            same("without IdentityId", &found, &is_answered(&asked.clone().without("IdentityId")))?;
        }
        if asked.member("CustomRoleArn").is_some() {
            let found = is_found(|it| matches!(it, Alternative::WithoutCustomRole { .. }));
            same(
                "without CustomRoleArn",
                &found,
                &is_answered(&asked.clone().without("CustomRoleArn")),
            )?;
        }
        if matches!(
            refusal,
            Refusal::ClassicFlowDisabled
                | Refusal::ClassicFlowWithRoleMappings
                | Refusal::ClassicFlowWithSaml
        ) {
            let found = is_found(|it| *it == Alternative::EnhancedFlow);
            same("the enhanced flow", &found, &is_answered(&enhanced(asked)))?;
        }
        Ok(())
    }
}

fn enhanced(asked: &Asked) -> Asked {
    Asked { operation: "GetCredentialsForIdentity".to_owned(), ..asked.clone() }
}

/// An identity and a role.
type Answer = (Option<IdentityId>, Option<String>);

/// The answer of a call that is not refused.
fn answered(engine: &Engine, asked: &Asked) -> Result<Answer, String> {
    outcome(engine, asked).map_err(|refusal| refusal.to_string())
}

fn outcome(engine: &Engine, asked: &Asked) -> Result<Answer, Refusal> {
    let explained = asked.explained(engine).expect("an input");
    let explanation = explained.unwrap_or_else(|error| panic!("{asked:?}: {error}"));
    match explanation.verdict {
        ExplainedVerdict::Answered { identity_id, role, .. } => {
            Ok((identity_id, role.map(|role| role.role_arn.to_string())))
        }
        ExplainedVerdict::Refused { refusal, .. } => Err(refusal),
        other => panic!("an unknown verdict {other:?}"),
    }
}

fn is_about_roles(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::AmbiguousRole { .. }
            | Refusal::CustomRoleNotOffered { .. }
            | Refusal::PoolConfigurationInvalid
            | Refusal::RoleForbidden { .. }
    )
}
