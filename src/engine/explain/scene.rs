//! The records that an explained call is about.

use std::sync::Arc;

use crate::admin::{ExplainedLogin, ExplainedVerdict, Explanation, IdentityDetails, LoginCheck};
use crate::engine::cache::KeptPool;
use crate::engine::explain::{About, unless_refused};
use crate::engine::gather::Reads;
use crate::engine::proving::Checked;
use crate::error::Result;
use crate::id::IdentityId;
use crate::name::ProviderName;
use crate::rules::rule::AppliedRule;
use crate::rules::{Refusal, link};
use crate::state::{Identity, Login};

/// The records that a call is about, as its caller sees them.
#[derive(Debug)]
pub(in crate::engine) struct Scene {
    pub(super) pool: Option<Arc<KeptPool>>,
    pub(super) given: Option<Identity>,
    /// Whether every presented login was stated or proved.
    pub(super) is_proved: bool,
    /// The logins that were, in the order of the call.
    pub(super) logins: Vec<Login>,
    /// The identities that have them, without duplicates.
    pub(super) owners: Vec<Identity>,
    is_merge: bool,
}

impl Reads<'_> {
    /// Finds the records that a call is about.
    pub(in crate::engine) fn scene(
        &mut self,
        about: About<'_>,
        checked: Vec<(ProviderName, Checked)>,
    ) -> Result<(Scene, Vec<ExplainedLogin>)> {
        let (pool, given) = self.pool_and_given(about)?;
        let is_proved = checked.iter().all(|(_, checked)| match checked {
            Checked::Stated(_) | Checked::Proved(_) | Checked::CognitoToken(_) => true,
            Checked::Refused(_) | Checked::NotReached => false,
        });
        let (logins, owners) = (Vec::new(), Vec::new());
        let is_merge = about.is_merge;
        let mut scene = Scene { pool, given, is_proved, logins, owners, is_merge };
        let mut explained = Vec::with_capacity(checked.len());
        for (provider_name, checked) in checked {
            let (subject, check, owner) = match checked {
                Checked::Stated(login) => {
                    let subject = login.subject().clone();
                    (Some(subject), LoginCheck::Stated, self.owner(&mut scene, login)?)
                }
                Checked::Proved(login) => {
                    let subject = login.subject().clone();
                    (Some(subject), LoginCheck::Proved, self.owner(&mut scene, login)?)
                }
                Checked::CognitoToken(id) => (None, LoginCheck::CognitoToken, Some(id)),
                Checked::Refused(refusal) => (None, LoginCheck::Refused(refusal), None),
                Checked::NotReached => (None, LoginCheck::NotReached, None),
            };
            explained.push(ExplainedLogin { provider_name, subject, check, owner });
        }
        Ok((scene, explained))
    }

    fn pool_and_given(
        &mut self,
        about: About<'_>,
    ) -> Result<(Option<Arc<KeptPool>>, Option<Identity>)> {
        let Some(id) = about.pool else {
            let Some(given) = about.given else { return Ok((None, None)) };
            return Ok(self.identity(given)?.unzip());
        };
        let pool = match about.owner {
            Some(owner) => unless_refused(self.pool(owner, id))?,
            None => self.any_pool(id)?,
        };
        let given = pool.as_ref().zip(about.given);
        let given = given.map(|(pool, id)| unless_refused(self.identity_of(pool, id)));
        Ok((pool, given.transpose()?.flatten()))
    }

    /// The identity that has a login. Adds both to the scene.
    fn owner(&mut self, scene: &mut Scene, login: Login) -> Result<Option<IdentityId>> {
        let Some(pool) = &scene.pool else { return Ok(None) };
        let places = self.owners(pool, std::slice::from_ref(&login))?;
        if !scene.logins.contains(&login) {
            scene.logins.push(login);
        }
        let Some(place) = places.into_iter().flatten().next() else { return Ok(None) };
        let owner = self.identity_at(pool, place)?;
        let id = owner.id().clone();
        if scene.owners.iter().all(|known| *known.id() != id) {
            scene.owners.push(owner);
        }
        Ok(Some(id))
    }
}

impl Scene {
    pub(in crate::engine) fn explanation(
        self,
        about: About<'_>,
        rule: Option<AppliedRule>,
        logins: Vec<ExplainedLogin>,
        verdict: ExplainedVerdict,
    ) -> Explanation {
        let given = self.given.as_ref().map(IdentityDetails::from);
        Explanation { operation: about.operation, given, logins, rule, verdict }
    }

    /// The identity that is in the way of a refused call.
    pub(super) fn obstacle(&self, refusal: &Refusal) -> Option<&Identity> {
        let given = self.given.as_ref();
        let is_given = |owner: &Identity| given.is_some_and(|given| given.id() == owner.id());
        let other = self.owners.iter().find(|owner| !is_given(owner));
        if let Refusal::DeveloperUserAlreadyRegistered { identity_id, .. }
        | Refusal::LoginOfAnother { identity_id } = refusal
        {
            self.owners.iter().find(|owner| owner.id() == identity_id)
        } else if matches!(refusal, Refusal::DeveloperUserElsewhere { .. }) {
            other
        } else if matches!(refusal, Refusal::LoginsDontMatch) {
            other.or(given)
        } else if matches!(refusal, Refusal::IdentityForbidden { .. }) {
            given
        } else if matches!(refusal, Refusal::MergeOfTwoUsers) {
            self.rival()
        } else if matches!(refusal, Refusal::LoginTaken | Refusal::TooManyLogins) {
            self.survivor()
        } else {
            None
        }
    }

    /// The identity that would get the logins.
    fn survivor(&self) -> Option<&Identity> {
        if self.is_merge {
            return self.owners.last();
        }
        let given = self.given.as_ref().filter(|given| !given.is_guest());
        given.or_else(|| link::parent(&self.logins, &self.owners))
    }

    /// The first owner that has a rival of a login of the survivor, or of an owner before it.
    fn rival(&self) -> Option<&Identity> {
        let survivor = self.survivor()?;
        let mut gathered: Vec<&Login> = survivor.logins().collect();
        self.owners.iter().filter(|owner| owner.id() != survivor.id()).find(|owner| {
            let is_rival = owner.logins().any(|login| gathered.iter().any(|it| it.rivals(login)));
            gathered.extend(owner.logins());
            is_rival
        })
    }
}
