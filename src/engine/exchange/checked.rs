//! Lines of a file as state: everything that no operation would create is refused.

use crate::ambient::Timestamp;
use crate::engine::Core;
use crate::engine::events::Origin;
use crate::error::Error;
use crate::exchange::line::{
    FirstLine, GivenIdentity, GivenPool, IdentityLine, PoolLine, required,
};
use crate::exchange::{ExchangeError, Import, ImportFault, is_told_by};
use crate::id::{Guid, IdentityId, IdentityPoolId};
use crate::name::{DeveloperProviderName, is_same_provider};
use crate::operation::{
    SetIdentityPoolRolesInput, SetPrincipalTagAttributeMapInput, UpdateIdentityPoolInput,
};
use crate::rules;
use crate::state::{AttributeMap, ChangeKind, EventId, Identity, IdentityPool, Login, Pool};
use crate::store::record::Record as _;

/// The reason why a line makes no state.
pub(super) enum Unfit {
    Fault(ImportFault),
    Engine(Error),
}

impl Unfit {
    /// The error for a line.
    pub(super) fn at(self, line: u64) -> ExchangeError {
        match self {
            Self::Fault(fault) => ExchangeError::Line { line, fault },
            Self::Engine(error) => error.into(),
        }
    }
}

impl From<ImportFault> for Unfit {
    fn from(fault: ImportFault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Error> for Unfit {
    fn from(error: Error) -> Self {
        Self::Engine(error)
    }
}

impl Core {
    /// The pool of a line, if it keeps the rules of its settings.
    pub(super) fn checked_pool(
        &self,
        mut line: PoolLine,
        file: &FirstLine,
        import: &Import,
    ) -> Result<Pool, Unfit> {
        if file.is_export() {
            required(line.id.as_ref(), "id")?;
            required(line.account.as_ref(), "account")?;
            required(line.created, "created")?;
            required(line.revision, "revision")?;
        }
        let (id, region) = if let Some(id) = line.id.take() {
            let region = id.region().ok().filter(|_| known(id.guid()).is_some());
            let region = region.ok_or_else(|| ImportFault::NoGuid(id.to_string()))?;
            (id, region)
        } else {
            let region = import.region.clone().ok_or(ImportFault::RegionMissing)?;
            (IdentityPoolId::new(&region, self.fresh_guid(None)?), region)
        };
        let account = line.account.take().or_else(|| import.account.clone());
        let given = GivenPool {
            id,
            account: account.unwrap_or_else(|| self.default_account.clone()),
            region,
            created: line.created.map_or_else(|| self.now(), |date| date.0),
            revision: line.revision.unwrap_or(1),
        };
        let pool = line.into_pool(given)?;
        check_members(&pool)?;
        self.check_rules(&pool)?;
        Ok(pool)
    }

    fn check_rules(&self, pool: &Pool) -> Result<(), ImportFault> {
        let refused = ImportFault::Refused;
        rules::pool::check(&pool.settings).map_err(refused)?;
        let accounts = self.choices.role_accounts;
        rules::roles::set(pool, pool.roles.clone(), accounts).map_err(refused)?;
        let mut providers = pool.attribute_maps.keys().zip(1..);
        let twice = providers.find(|(provider, next)| {
            let mut others = pool.attribute_maps.keys().skip(*next);
            others.any(|other| is_same_provider(other.as_str(), provider.as_str()))
        });
        if let Some((provider, _)) = twice {
            return Err(ImportFault::TwoAttributeMaps(provider.clone()));
        }
        for (provider, map) in &pool.attribute_maps {
            rules::attributes::set(pool, provider, Some(map.clone())).map_err(refused)?;
        }
        let is_short = pool.encode().is_ok();
        if is_short { Ok(()) } else { Err(refused(rules::Refusal::PoolTooLarge)) }
    }

    /// The identity of a line, if it keeps the invariants by itself.
    pub(super) fn checked_identity(
        &self,
        line: IdentityLine,
        (pool, file): (&Pool, &FirstLine),
        origin: Origin<'_>,
        now: Timestamp,
    ) -> Result<Identity, Unfit> {
        if line.tells_creation() && !file.has_history() {
            return Err(ImportFault::CreationWithoutHistory.into());
        }
        let id = match line.id.clone() {
            Some(id) => {
                identity_guid(&id, pool)?;
                id
            }
            None if file.is_export() => return Err(ImportFault::Missing("id").into()),
            None => IdentityId::new(&pool.region, self.fresh_guid(pool.id().guid())?),
        };
        let (is_export, account) = (file.is_export(), &pool.account);
        let given = GivenIdentity { id, pool: pool.id(), account, now, is_export };
        let identity = line.into_identity(given)?;
        if let Some(creation) = identity.creation()
            && !is_told_by(&identity, ChangeKind::beginning(&identity, creation.operation))
        {
            let event = EventId::new(identity.id().clone(), identity.revision());
            return Err(ImportFault::EventContradicts(event).into());
        }
        if !is_export && let Some(login) = unconfigured(&pool.settings, &identity) {
            return Err(ImportFault::UnknownProvider { login: login.clone() }.into());
        }
        let is_told = self.journal.is_some() && !file.has_history();
        Ok(if is_told { identity.created_by(Some(origin.source())) } else { identity })
    }
}

/// The guid of an id, unless it is that of nothing.
fn known(guid: Option<Guid>) -> Option<Guid> {
    guid.filter(|guid| *guid != Guid::NIL)
}

/// The guid of an identity of this pool.
pub(super) fn identity_guid(id: &IdentityId, pool: &Pool) -> Result<Guid, ImportFault> {
    let guid = known(id.guid()).ok_or_else(|| ImportFault::NoGuid(id.to_string()))?;
    if id.region().is_ok_and(|region| region == pool.region) {
        Ok(guid)
    } else {
        Err(ImportFault::OtherRegion(id.clone()))
    }
}

/// Checks the constraints of members in the way of the operations that set them.
fn check_members(pool: &Pool) -> Result<(), ImportFault> {
    let invalid = ImportFault::Invalid;
    UpdateIdentityPoolInput::from(pool.settings.clone()).check().map_err(invalid)?;
    let mut roles = SetIdentityPoolRolesInput::new(pool.id());
    for (kind, role) in &pool.roles.defaults {
        roles = roles.roles(*kind, role);
    }
    for (provider, mapping) in &pool.roles.mappings {
        roles = roles.role_mappings(provider, mapping.clone());
    }
    roles.check().map_err(invalid)?;
    for (provider, map) in &pool.attribute_maps {
        let AttributeMap::Own(tags) = map else { continue };
        let mut input = SetPrincipalTagAttributeMapInput::new(pool.id(), provider);
        for (key, claim) in tags {
            input = input.principal_tags(key, claim);
        }
        input.check().map_err(invalid)?;
    }
    Ok(())
}

/// A login of a provider that the pool is not configured for.
fn unconfigured<'a>(settings: &IdentityPool, identity: &'a Identity) -> Option<&'a Login> {
    let developer = settings.developer_provider_name.as_ref().map(DeveloperProviderName::as_str);
    let mut logins = identity.logins();
    logins.find(|login| {
        let provider = login.provider().as_str();
        let is_known = if login.is_developer() {
            developer == Some(provider)
        } else {
            settings.public_provider(provider).is_some()
        };
        !is_known
    })
}
