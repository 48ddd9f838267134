//! Random settings of pools.

use std::collections::BTreeMap;

use arbitrary::Result;

use crate::testkit::generate::Source;
use crate::testkit::names::{DeveloperProvider, Provider, Role};
use crate::testkit::operation::Operation;
use crate::testkit::settings::{
    Ambiguous, Attributes, Mapping, Match, Roles, Rule, Settings, Tags,
};

/// Claims of rules. No token has the last one.
pub(crate) const CLAIMS: [&str; 12] = [
    "sub", "teams", "sub", "level", "teams", "staff", "sub", "scores", "address", "seats",
    "nickname", "nothing",
];

const VALUES: [&str; 10] =
    ["1", "2", "0", "all", "team-1", "team", "true", "{\"floor\":2}", "false", "-"];

impl Source<'_> {
    pub(super) fn settings(&mut self) -> Result<Settings> {
        let bits = self.byte()?;
        let providers = self.byte()?;
        // Pools with few providers are rarer, because little happens in them.
        let mut all = Provider::ALL.to_vec();
        all.retain(|provider| providers < 192 || providers >> (*provider as u8) & 1 == 0);
        if bits >> 2 & 7 == 7 && providers % 4 == 3 {
            all.clear();
        }
        let developer = match bits >> 2 & 7 {
            7 => None,
            6 => Some(self.one_of(&[
                DeveloperProvider::Shop,
                DeveloperProvider::Reserved,
                DeveloperProvider::Invalid,
                DeveloperProvider::Game,
            ])?),
            _ => Some(DeveloperProvider::Game),
        };
        Ok(Settings {
            name: bits & 3,
            guests: bits >> 5 != 7,
            classic_flow: self.one_of(&[None, Some(true), None, Some(false)])?,
            developer,
            providers: all,
            tags: self.rarely(4)?.then(|| self.tags()).transpose()?,
        })
    }

    pub(super) fn set_attributes(&mut self) -> Result<Operation> {
        use Attributes::{
            Absent, Defaults, DefaultsBesideMap, Implementation, Long, Nothing, Typed, Useless,
        };
        let ((caller, pool), provider) = (self.owned_pool()?, self.provider()?);
        let attributes = self.one_of(&[
            Defaults,
            Long,
            Typed,
            Nothing,
            Long,
            Useless,
            DefaultsBesideMap,
            Long,
            Absent,
            Implementation,
        ])?;
        Ok(Operation::SetPrincipalTagAttributeMap { caller, pool, provider, attributes })
    }

    pub(super) fn tags(&mut self) -> Result<Tags> {
        if self.rarely(8)? {
            // As many as a pool can have, or one more.
            return Ok(Tags { first: self.below(9)?, others: self.one_of(&[49, 50])?, value: 0 });
        }
        Ok(Tags { first: self.below(62)?, others: self.below(30)?, value: self.below(3)? })
    }

    pub(super) fn role(&mut self) -> Result<Role> {
        self.one_of(&[Role::Player, Role::Boss, Role::Moderator, Role::Guest])
    }

    pub(super) fn set_roles(&mut self) -> Result<Operation> {
        let (caller, pool) = self.owned_pool()?;
        let mut roles = Roles {
            authenticated: (!self.rarely(4)?).then_some(Role::Player),
            unauthenticated: (!self.rarely(4)?).then_some(Role::Guest),
            ..Roles::default()
        };
        let count = self.below(3)?.into();
        let providers = [self.provider()?, self.provider()?].into_iter().take(count);
        roles.mappings = self.mappings(providers)?;
        Ok(Operation::SetIdentityPoolRoles { caller, pool, roles })
    }

    pub(super) fn mappings(
        &mut self,
        providers: impl IntoIterator<Item = Provider>,
    ) -> Result<BTreeMap<Provider, Mapping>> {
        providers.into_iter().map(|provider| Ok((provider, self.mapping()?))).collect()
    }

    fn mapping(&mut self) -> Result<Mapping> {
        let ambiguous = self.one_of(&[Ambiguous::AuthenticatedRole, Ambiguous::Deny])?;
        let mut rules = Vec::new();
        for _ in 0..self.one_of(&[1, 0, 2, 0, 3])? {
            let claim = self.one_of(&CLAIMS)?;
            let match_type =
                self.one_of(&[Match::Equals, Match::NotEqual, Match::Contains, Match::StartsWith])?;
            let value = self.one_of(&VALUES)?.to_owned();
            rules.push(Rule { claim, match_type, value, role: self.role()? });
        }
        Ok(Mapping { ambiguous, rules })
    }
}
