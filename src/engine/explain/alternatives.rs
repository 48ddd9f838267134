//! Calls that would be answered in place of a refused one. Each was decided in the same attempt.

use crate::admin::{Alternative, CreateIdentity};
use crate::engine::explain::scene::Scene;
use crate::engine::explain::{known, unless_refused};
use crate::engine::gather::Reads;
use crate::engine::proving::Proving;
use crate::engine::{Admin, Developer, Public};
use crate::error::Result;
use crate::id::{Guid, IdentityId};
use crate::name::{Arn, DeveloperUserIdentifier, ProviderName, is_same_provider};
use crate::operation::{
    GetCredentialsForIdentity, GetOpenIdToken, GetOpenIdTokenForDeveloperIdentity,
    MergeDeveloperIdentities, UnlinkDeveloperIdentity,
};
use crate::rules::link::{self, OpenedBy, Resolution};
use crate::rules::provider::Accepts;
use crate::rules::{Change, Effect, Refusal, admin, public};
use crate::state::{Identity, Login, Pool};

impl Admin {
    pub(super) fn alternatives_to_creation(
        &self,
        reads: &mut Reads<'_>,
        refusal: &Refusal,
        scene: &Scene,
        input: &CreateIdentity,
    ) -> Result<Vec<Alternative>> {
        if let Refusal::IdTaken { .. }
        | Refusal::IdInvalid { .. }
        | Refusal::IdOfAnotherRegion { .. } = refusal
        {
            let without = CreateIdentity { identity_id: None, ..input.clone() };
            let decided = unless_refused(self.decide_creation(reads, &without))?;
            let found = decided.map(|_| Alternative::WithoutIdentityId { identity_id: None });
            return Ok(found.into_iter().collect());
        }
        let (Some(kept), [owner]) = (&scene.pool, scene.owners.as_slice()) else {
            return Ok(Vec::new());
        };
        let id = IdentityId::new(&kept.pool.region, Guid::NIL);
        let logins = scene.logins.clone();
        let taken = logins.iter().filter(|login| owner.has(login)).count();
        let is_found = taken == 1
            && scene.is_proved
            && admin::create(&kept.pool, id, logins, self.core.now()).is_ok();
        let identity_id = owner.id().clone();
        let found = is_found.then_some(Alternative::AfterUnlinkLogin { identity_id });
        Ok(found.into_iter().collect())
    }
}

impl Developer {
    pub(super) fn alternatives_to_resolution(
        &self,
        reads: &mut Reads<'_>,
        refusal: &Refusal,
        scene: &Scene,
        input: &GetOpenIdTokenForDeveloperIdentity,
    ) -> Result<Vec<Alternative>> {
        let mut found = Vec::new();
        if input.identity_id.is_some() {
            let without = GetOpenIdTokenForDeveloperIdentity { identity_id: None, ..input.clone() };
            let mut proving = Proving::new(&self.core, Accepts::Developer, &without.logins);
            let decided = self.decide_resolution(reads, &without, &mut proving);
            if let Some(decided) = unless_refused(decided)? {
                let identity_id = known(decided.output.identity);
                found.push(Alternative::WithoutIdentityId { identity_id });
            }
        }
        found.extend(scene.with_login_of_given(refusal, |_, _| true));
        if let Refusal::DeveloperUserAlreadyRegistered { user, .. } = refusal {
            found.extend(self.merge_into_given(reads, user, scene)?);
        }
        Ok(found)
    }

    /// A merge after which the given identity has the user.
    fn merge_into_given(
        &self,
        reads: &mut Reads<'_>,
        user: &DeveloperUserIdentifier,
        scene: &Scene,
    ) -> Result<Option<Alternative>> {
        let (Some(pool), Some(given)) = (&scene.pool, &scene.given) else { return Ok(None) };
        let name = pool.pool.settings.developer_provider_name.as_ref();
        let destination = given.logins().find(|login| login.is_developer());
        let (Some(name), Some(destination)) = (name, destination) else { return Ok(None) };
        let merge = MergeDeveloperIdentities {
            identity_pool_id: pool.pool.id().clone(),
            developer_provider_name: name.clone(),
            source_user_identifier: user.clone(),
            destination_user_identifier: destination.subject().into(),
        };
        let merged = unless_refused(self.decide_merge(reads, &merge))?;
        let would_do = merged.is_some_and(|merged| scene.resolves_after(given, &merged.effects));
        Ok(would_do.then_some(Alternative::MergeDeveloperIdentities {
            source_user_identifier: merge.source_user_identifier,
            destination_user_identifier: merge.destination_user_identifier,
        }))
    }

    pub(super) fn alternatives_to_unlinking(
        &self,
        reads: &mut Reads<'_>,
        scene: &Scene,
        input: &UnlinkDeveloperIdentity,
    ) -> Result<Vec<Alternative>> {
        let mut found = Vec::new();
        for owner in scene.owners.iter().map(Identity::id) {
            let of_owner = UnlinkDeveloperIdentity { identity_id: owner.clone(), ..input.clone() };
            if unless_refused(self.decide_unlinking(reads, &of_owner))?.is_some() {
                found.push(Alternative::WithIdentityId { identity_id: owner.clone() });
            }
        }
        Ok(found)
    }
}

impl Public {
    pub(super) fn alternatives_to_token(
        &self,
        reads: &mut Reads<'_>,
        refusal: &Refusal,
        scene: &Scene,
        input: &GetOpenIdToken,
    ) -> Result<Vec<Alternative>> {
        let mut found = Vec::new();
        if let Some(owner) = scene.leads_to() {
            let of_owner = GetOpenIdToken { identity_id: owner.clone(), ..input.clone() };
            let mut proving = Proving::new(&self.core, Accepts::Public, &of_owner.logins);
            let decided = self.decide_claims(reads, &of_owner, &mut proving);
            if unless_refused(decided)?.is_some() {
                found.push(Alternative::WithIdentityId { identity_id: owner });
            }
        }
        let is_about_the_flow = matches!(
            refusal,
            Refusal::ClassicFlowDisabled
                | Refusal::ClassicFlowWithRoleMappings
                | Refusal::ClassicFlowWithSaml
        );
        if is_about_the_flow {
            let enhanced = GetCredentialsForIdentity {
                identity_id: input.identity_id.clone(),
                logins: input.logins.clone(),
                custom_role_arn: None,
            };
            if self.role_of(reads, &enhanced)?.is_some() {
                found.push(Alternative::EnhancedFlow);
            }
        }
        found.extend(scene.with_login_of_given(refusal, |pool, login| {
            public::check_classic_flow(pool, [login.provider()]).is_ok()
        }));
        Ok(found)
    }

    pub(super) fn alternatives_to_credentials(
        &self,
        reads: &mut Reads<'_>,
        refusal: &Refusal,
        scene: &Scene,
        input: &GetCredentialsForIdentity,
    ) -> Result<Vec<Alternative>> {
        let mut found = Vec::new();
        if input.custom_role_arn.is_some() {
            let without = GetCredentialsForIdentity { custom_role_arn: None, ..input.clone() };
            let role = self.role_of(reads, &without)?;
            found.extend(role.map(|role_arn| Alternative::WithoutCustomRole { role_arn }));
        }
        if let Some(owner) = scene.leads_to() {
            let of_owner =
                GetCredentialsForIdentity { identity_id: owner.clone(), ..input.clone() };
            if self.role_of(reads, &of_owner)?.is_some() {
                found.push(Alternative::WithIdentityId { identity_id: owner });
            }
        }
        found.extend(scene.with_login_of_given(refusal, |_, _| true));
        Ok(found)
    }
}

impl Public {
    pub(super) fn alternatives_to_unlinking_logins(
        refusal: &Refusal,
        scene: &Scene,
    ) -> Vec<Alternative> {
        scene.with_login_of_given(refusal, |_, _| true).into_iter().collect()
    }

    fn role_of(
        &self,
        reads: &mut Reads<'_>,
        input: &GetCredentialsForIdentity,
    ) -> Result<Option<Arn>> {
        let accepts = Accepts::PublicOrCognito;
        let mut proving = Proving::new(&self.core, accepts, &input.logins);
        let decided = unless_refused(self.decide_session(reads, input, &mut proving))?;
        Ok(decided.map(|decided| decided.output.0.role_arn))
    }
}

impl Scene {
    /// The identity that the presented logins lead to, unless it is the given one.
    fn leads_to(&self) -> Option<IdentityId> {
        let parent = link::parent(&self.logins, &self.owners).filter(|_| self.is_proved)?;
        let is_given = self.given.as_ref().is_some_and(|given| given.id() == parent.id());
        (!is_given).then(|| parent.id().clone())
    }

    /// The same call with one more login of the given identity, if that is the proof it lacks.
    fn with_login_of_given(
        &self,
        refusal: &Refusal,
        accepts: impl Fn(&Pool, &Login) -> bool,
    ) -> Option<Alternative> {
        let (Some(kept), Some(given)) = (&self.pool, &self.given) else { return None };
        let settings = &kept.pool.settings;
        // A call that states a developer user has no room for another one.
        let is_public = |login: &&Login| {
            !login.is_developer() && settings.public_provider(login.provider().as_str()).is_some()
        };
        let is_new = |login: &&Login| {
            let is_of = |known: &Login| {
                is_same_provider(known.provider().as_str(), login.provider().as_str())
            };
            accepts(&kept.pool, login) && !self.logins.iter().any(is_of)
        };
        let would_do = |login: &&Login| {
            let logins: Vec<Login> = self.logins.iter().chain([*login]).cloned().collect();
            self.resolves(given, &logins, Clone::clone)
        };
        let more = given.logins().filter(is_public).filter(is_new).filter(would_do);
        let provider_names: Vec<ProviderName> = more.map(|it| it.provider().clone()).collect();
        let lacks_proof =
            matches!(refusal, Refusal::LoginsDontMatch | Refusal::IdentityForbidden { .. });
        let identity_id = given.id().clone();
        let is_found = lacks_proof && self.is_proved && !provider_names.is_empty();
        is_found.then_some(Alternative::WithLoginOf { identity_id, provider_names })
    }

    /// Whether the call resolves to the given identity after other effects.
    fn resolves_after(&self, given: &Identity, effects: &[Effect]) -> bool {
        let after = |before: &Identity| {
            let changed = effects.iter().find_map(|effect| match effect {
                Effect::Identity(Change::Update { after, .. }) if after.id() == before.id() => {
                    Some(after)
                }
                Effect::Identity(_) | Effect::Pool(_) | Effect::Undone(_) => None,
            });
            changed.unwrap_or(before).clone()
        };
        self.resolves(&after(given), &self.logins, after)
    }

    /// Whether logins resolve to the given identity, if their owners are those of the scene `after`
    /// some change.
    fn resolves(
        &self,
        given: &Identity,
        logins: &[Login],
        after: impl Fn(&Identity) -> Identity,
    ) -> bool {
        let Some(pool) = &self.pool else { return false };
        let others = self.owners.iter().filter(|owner| owner.id() != given.id());
        let owners = others.map(after).chain([given.clone()]);
        let owners: Vec<Identity> =
            owners.filter(|owner| logins.iter().any(|login| owner.has(login))).collect();
        let resolution = Resolution {
            pool: &pool.pool,
            given: Some(given),
            opened_by: OpenedBy::Login,
            logins,
            owners: &owners,
        };
        link::resolve(resolution, given.id().clone(), given.modified()).is_ok()
    }
}
