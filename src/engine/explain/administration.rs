//! The operations of administration that can be explained.

use crate::admin::{
    AdminDeleteIdentitiesInput, Alternative, CreateIdentityInput, DisableIdentityInput,
    Explanation, LinkLoginInput, StatedLogin, UndoInput, UnlinkLogin, UnlinkLoginInput,
};
use crate::engine::Admin;
use crate::engine::admin::decide_deletion;
use crate::engine::cache::KeptPool;
use crate::engine::explain::{About, ByAdmin, Explain, Outcome, unless_refused};
use crate::engine::gather::Reads;
use crate::engine::proving::Checked;
use crate::error::Result;
use crate::id::IdentityId;
use crate::name::{ProviderName, Subject};
use crate::rules::{Decided, admin};
use crate::state::Identity;

impl Explain for CreateIdentityInput {
    type Caller = Admin;

    fn explain(self, _: &Admin, ByAdmin(admin): ByAdmin<'_>) -> Result<Explanation> {
        let input = self.checked()?;
        let about = About {
            pool: Some(&input.identity_pool_id),
            given: input.identity_id.as_ref(),
            ..About::call("CreateIdentity")
        };
        let decide = |reads: &mut Reads<'_>| {
            let decided = admin.decide_creation(reads, &input);
            let pool = unless_refused(reads.known_pool(&input.identity_pool_id))?;
            let mut checked = Vec::with_capacity(input.logins.len());
            let mut is_reached = true;
            for StatedLogin { provider, subject } in &input.logins {
                let check = match &pool {
                    Some(kept) if is_reached => to_link(kept, provider, subject),
                    _ => Checked::NotReached,
                };
                is_reached = matches!(check, Checked::Stated(_));
                checked.push((provider.clone(), check));
            }
            Ok((decided.map(outcome), checked))
        };
        admin.core.explain(about, decide, |reads, refusal, scene| {
            admin.alternatives_to_creation(reads, refusal, scene, &input)
        })
    }
}

impl Explain for LinkLoginInput {
    type Caller = Admin;

    fn explain(self, _: &Admin, ByAdmin(admin): ByAdmin<'_>) -> Result<Explanation> {
        let input = self.checked()?;
        let about = About { given: Some(&input.identity_id), ..About::call("LinkLogin") };
        let decide = |reads: &mut Reads<'_>| {
            let decided = admin.decide_link(reads, &input);
            let checked = match unless_refused(reads.known_identity(&input.identity_id))? {
                Some((kept, _)) => to_link(&kept, &input.provider, &input.subject),
                None => Checked::NotReached,
            };
            Ok((decided.map(outcome), vec![(input.provider.clone(), checked)]))
        };
        admin.core.explain(about, decide, |_, _, scene| {
            let (Some(given), [owner]) = (&scene.given, scene.owners.as_slice()) else {
                return Ok(Vec::new());
            };
            // By then no identity has the login.
            let logins = scene.logins.iter().cloned();
            let links = |login| admin::link(given, login, None, given.modified()).is_ok();
            let identity_id = owner.id().clone();
            let is_found = owner.id() != given.id() && logins.into_iter().all(links);
            Ok(is_found
                .then_some(Alternative::AfterUnlinkLogin { identity_id })
                .into_iter()
                .collect())
        })
    }
}

impl Explain for UnlinkLoginInput {
    type Caller = Admin;

    fn explain(self, _: &Admin, ByAdmin(admin): ByAdmin<'_>) -> Result<Explanation> {
        let input = self.checked()?;
        let about = About { given: Some(&input.identity_id), ..About::call("UnlinkLogin") };
        let decide = |reads: &mut Reads<'_>| {
            let decided = admin.decide_unlinking(reads, &input);
            let checked = match unless_refused(reads.known_identity(&input.identity_id))? {
                Some((kept, identity)) => {
                    let named = admin::logins_named(&kept.pool, &input.provider, &input.subject);
                    let linked = admin::login_of(&identity, &named).or(named.first());
                    linked.cloned().map_or(Checked::NotReached, Checked::Stated)
                }
                None => Checked::NotReached,
            };
            Ok((decided.map(outcome), vec![(input.provider.clone(), checked)]))
        };
        admin.core.explain(about, decide, |reads, _, scene| {
            let mut found = Vec::new();
            for owner in scene.owners.iter().map(Identity::id) {
                let of_owner = UnlinkLogin { identity_id: owner.clone(), ..input.clone() };
                if unless_refused(admin.decide_unlinking(reads, &of_owner))?.is_some() {
                    found.push(Alternative::WithIdentityId { identity_id: owner.clone() });
                }
            }
            Ok(found)
        })
    }
}

impl Explain for DisableIdentityInput {
    type Caller = Admin;

    fn explain(self, _: &Admin, ByAdmin(admin): ByAdmin<'_>) -> Result<Explanation> {
        let input = self.checked()?;
        let about = About { given: Some(&input.identity_id), ..About::call("DisableIdentity") };
        let decide = |reads: &mut Reads<'_>| {
            Ok((admin.decide_disabling(reads, &input).map(outcome), Vec::new()))
        };
        admin.core.explain(about, decide, |_, _, _| Ok(Vec::new()))
    }
}

impl Explain for AdminDeleteIdentitiesInput {
    type Caller = Admin;

    fn explain(self, _: &Admin, ByAdmin(admin): ByAdmin<'_>) -> Result<Explanation> {
        let input = self.checked()?;
        let decide = |reads: &mut Reads<'_>| {
            let decided = decide_deletion(reads, &input);
            Ok((decided.map(|it| Outcome::of(it.effects)), Vec::new()))
        };
        let about = About::call("AdminDeleteIdentities");
        admin.core.explain(about, decide, |_, _, _| Ok(Vec::new()))
    }
}

impl Explain for UndoInput {
    type Caller = Admin;

    /// Foresees an [`undo`](Admin::undo).
    fn explain(self, _: &Admin, ByAdmin(admin): ByAdmin<'_>) -> Result<Explanation> {
        let input = self.checked()?;
        let given = &input.event_id.identity_id;
        let about = About { given: Some(given), ..About::call("Undo") };
        let decide = |reads: &mut Reads<'_>| {
            let decided = admin.decide_undo(reads, &input);
            let decided = decided.map(|it| Outcome::answering(it.effects, given.clone()));
            Ok((decided, Vec::new()))
        };
        admin.core.explain(about, decide, |_, _, _| Ok(Vec::new()))
    }
}

fn to_link(pool: &KeptPool, provider: &ProviderName, subject: &Subject) -> Checked {
    match admin::login_to_link(&pool.pool, provider, subject) {
        Ok(login) => Checked::Stated(login),
        Err(refusal) => Checked::Refused(refusal),
    }
}

fn outcome(decided: Decided<Identity>) -> Outcome {
    let id: IdentityId = decided.output.id().clone();
    Outcome::answering(decided.effects, id)
}
