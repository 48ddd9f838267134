//! Random operations. They use few names, so that the same names meet again. Some name missing
//! things, or are not allowed or invalid.
//!
//! There is one generator. It makes an operation from a few bytes, supplied by a fuzzer or
//! proptest. Smaller bytes make simpler operations.

mod logins;
mod settings;

pub(crate) use settings::CLAIMS;

use arbitrary::{Arbitrary, Result, Unstructured};
use proptest::array::uniform32;
use proptest::collection::{SizeRange, vec};
use proptest::prelude::any;
use proptest::strategy::Strategy;

use crate::testkit::names::{
    Account, Caller, Cursor, DeveloperProvider, Identity, Pool, Provider, Role, User,
};
use crate::testkit::operation::Operation;
use crate::testkit::settings::{Roles, Settings};

/// Sequences of operations for proptest. Each one begins with the creation of a pool.
pub fn operations(length: impl Into<SizeRange>) -> impl Strategy<Value = Vec<Operation>> {
    let parts = vec(uniform32(any::<u8>()), length);
    (uniform32(any::<u8>()), parts).prop_map(|(pool, parts)| {
        let operations = parts.iter().map(|bytes| operation(bytes));
        beginning(&pool).into_iter().chain(operations).collect()
    })
}

/// The operation for these bytes.
pub fn operation(bytes: &[u8]) -> Operation {
    let made = Operation::arbitrary(&mut Unstructured::new(bytes));
    // Missing bytes count as zero, so there is always an operation.
    made.unwrap_or(Operation::ListIdentityPools {
        caller: Caller::Account(Account::FIRST),
        max_results: 1,
        after: None,
    })
}

/// A first pool with most of the providers, and usually with roles. It usually belongs to the first
/// account, and often it already has one or two users. Rarely one of them has about as many logins
/// as an identity can have, and rarely an earlier pool had so many identities that its removal
/// takes several steps.
pub fn beginning(bytes: &[u8]) -> Vec<Operation> {
    let mut source = Source(Unstructured::new(bytes));
    let crowd = source.crowd().unwrap_or_default();
    let made = source.settings().and_then(|settings| {
        let developer = settings.developer.map(|_| DeveloperProvider::Game);
        let settings = Settings { developer, tags: None, ..settings };
        let account = match source.below(16)? {
            0..=8 => Account::FIRST,
            9 | 10 => Account { number: 1, ..Account::FIRST },
            11 | 12 => Account { number: Account::NOT_KNOWN, ..Account::FIRST },
            _ => Account { region: source.region()?, ..Account::FIRST },
        };
        let caller = Caller::Account(account);
        let logins = source.first_logins(caller, &settings)?;
        let mut roles = Roles {
            authenticated: Some(Role::Player),
            unauthenticated: Some(Role::Guest),
            ..Roles::default()
        };
        if source.below(8)? > 4 {
            roles.authenticated = (!source.rarely(3)?).then_some(Role::Player);
            roles.mappings = source.mappings(settings.providers.clone())?;
        }
        let roles = Operation::SetIdentityPoolRoles { caller, pool: Pool(0), roles };
        let has_roles = settings.name != 3 || settings.guests;
        let pool = Operation::CreateIdentityPool { caller, settings };
        Ok(std::iter::once(pool).chain(has_roles.then_some(roles)).chain(logins).collect())
    });
    crowd.into_iter().chain(made.unwrap_or_else(|_: arbitrary::Error| Vec::new())).collect()
}

impl<'a> Arbitrary<'a> for Operation {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let mut source = Source(Unstructured::new(u.bytes(u.len().min(32))?));
        source.operation()
    }

    fn size_hint(_: usize) -> (usize, Option<usize>) {
        (1, Some(32))
    }
}

struct Source<'a>(Unstructured<'a>);

impl Source<'_> {
    /// The weight of each operation, out of 100.
    #[expect(clippy::type_complexity, reason = "a table of generators")]
    const WEIGHTS: [(u8, fn(&mut Self) -> Result<Operation>); 23] = [
        (18, Self::developer_token),
        (11, Self::get_id),
        (10, Self::credentials),
        (8, Self::token),
        (6, Self::merge),
        (5, Self::unlink_user),
        (5, Self::unlink),
        (5, Self::list_identities),
        (5, Self::lookup),
        (3, Self::describe),
        (3, Self::delete_identities),
        (3, Self::set_roles),
        (3, Self::set_attributes),
        (2, Self::update_pool),
        (2, Self::create_pool),
        (2, Self::tag),
        (1, Self::untag),
        (2, Self::list_pools),
        (1, Self::delete_pool),
        (1, Self::describe_pool),
        (1, Self::get_roles),
        (2, Self::get_attributes),
        (1, Self::list_tags),
    ];

    fn operation(&mut self) -> Result<Operation> {
        let mut place = self.below(100)?;
        for (weight, make) in Self::WEIGHTS {
            match place.checked_sub(weight) {
                Some(rest) => place = rest,
                None => return make(self),
            }
        }
        self.developer_token()
    }

    /// A pool of many guests that is deleted.
    fn crowd(&mut self) -> Result<Vec<Operation>> {
        const GUESTS: usize = 61;
        if !self.rarely(128)? {
            return Ok(Vec::new());
        }
        let (caller, pool) = (Caller::Account(Account::FIRST), Pool(0));
        let settings = Settings {
            name: 0,
            guests: true,
            classic_flow: None,
            developer: None,
            providers: Vec::new(),
            tags: None,
        };
        let guest = Operation::GetId { pool, account: None, logins: Vec::new() };
        let create = Operation::CreateIdentityPool { caller, settings };
        let guests = std::iter::repeat_n(guest, GUESTS);
        let delete = Operation::DeleteIdentityPool { caller: Caller::Owner, pool };
        Ok(std::iter::once(create).chain(guests).chain([delete]).collect())
    }

    fn byte(&mut self) -> Result<u8> {
        u8::arbitrary(&mut self.0)
    }

    fn below(&mut self, end: u8) -> Result<u8> {
        Ok(self.byte()?.checked_rem(end).unwrap_or_default())
    }

    /// True in one of `of` cases.
    fn rarely(&mut self, of: u8) -> Result<bool> {
        Ok(self.below(of)? == of.saturating_sub(1))
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> Result<T> {
        let choice = usize::from(self.byte()?).checked_rem(choices.len()).unwrap_or_default();
        choices.get(choice).copied().ok_or(arbitrary::Error::EmptyChoose)
    }

    /// Usually in one of the first two regions.
    fn account(&mut self) -> Result<Account> {
        let byte = self.byte()?;
        let region = if byte < 192 { byte >> 1 & 1 } else { self.region()? };
        Ok(Account { number: byte & 1, region })
    }

    /// The owner of a pool. Sometimes it is the unknown account, whose pools may have roles of any
    /// account.
    fn owner(&mut self) -> Result<Account> {
        let account = self.account()?;
        let is_known = !self.rarely(8)?;
        Ok(if is_known { account } else { Account { number: Account::NOT_KNOWN, ..account } })
    }

    fn region(&mut self) -> Result<u8> {
        self.one_of(&[0, 1, 2, 3, 4])
    }

    fn caller(&mut self) -> Result<Caller> {
        if self.rarely(16)? { Ok(Caller::Account(self.account()?)) } else { Ok(Caller::Owner) }
    }

    fn pool(&mut self) -> Result<Pool> {
        let byte = self.byte()?;
        Ok(match byte {
            0..=191 => Pool(0),
            192..=243 => Pool(u16::from(byte % 4)),
            244..=251 => Pool(byte.into()),
            252..=255 => Pool::UNKNOWN,
        })
    }

    fn owned_pool(&mut self) -> Result<(Caller, Pool)> {
        Ok((self.caller()?, self.pool()?))
    }

    fn identity(&mut self) -> Result<Identity> {
        let byte = self.byte()?;
        Ok(match byte {
            0..=127 => Identity::OF_LOGINS,
            128..=239 => Identity(u16::from(byte & 127)),
            240..=250 => Identity(byte.into()),
            251..=255 => Identity::UNKNOWN,
        })
    }

    /// Usually one of a few users. There are enough users to fill an identity.
    fn user(&mut self) -> Result<User> {
        let byte = self.byte()?;
        Ok(User(if byte < 208 { byte % 3 } else { byte % 24 }))
    }

    /// A provider that has logins.
    fn provider(&mut self) -> Result<Provider> {
        use Provider::{Auth0, Facebook, Google, OpenIdConnect, UserPool};
        self.one_of(&[Google, UserPool, OpenIdConnect, Google, UserPool, Auth0, Google, Facebook])
    }

    fn developer_provider(&mut self) -> Result<DeveloperProvider> {
        use DeveloperProvider::{Game, Invalid, Reserved, Shop};
        let byte = self.byte()?;
        Ok(match byte {
            0..=239 => Game,
            240..=247 => Shop,
            248..=251 => Reserved,
            252..=255 => Invalid,
        })
    }

    fn create_pool(&mut self) -> Result<Operation> {
        let caller = Caller::Account(self.owner()?);
        Ok(Operation::CreateIdentityPool { caller, settings: self.settings()? })
    }

    fn update_pool(&mut self) -> Result<Operation> {
        let (caller, pool) = self.owned_pool()?;
        Ok(Operation::UpdateIdentityPool { caller, pool, settings: self.settings()? })
    }

    /// Rarely deletes the first pool, where most operations happen.
    fn delete_pool(&mut self) -> Result<Operation> {
        let caller = self.caller()?;
        let pool = if self.rarely(8)? { self.pool()? } else { Pool::SPARE };
        Ok(Operation::DeleteIdentityPool { caller, pool })
    }

    fn describe_pool(&mut self) -> Result<Operation> {
        let (caller, pool) = self.owned_pool()?;
        Ok(Operation::DescribeIdentityPool { caller, pool })
    }

    fn list_pools(&mut self) -> Result<Operation> {
        let caller = Caller::Account(self.account()?);
        let (max_results, after) = (self.page_size()?, self.cursor()?);
        Ok(Operation::ListIdentityPools { caller, max_results, after })
    }

    fn get_roles(&mut self) -> Result<Operation> {
        let (caller, pool) = self.owned_pool()?;
        Ok(Operation::GetIdentityPoolRoles { caller, pool })
    }

    fn list_tags(&mut self) -> Result<Operation> {
        let (caller, pool) = self.owned_pool()?;
        Ok(Operation::ListTagsForResource { caller, pool })
    }

    fn get_attributes(&mut self) -> Result<Operation> {
        let ((caller, pool), provider) = (self.owned_pool()?, self.provider()?);
        Ok(Operation::GetPrincipalTagAttributeMap { caller, pool, provider })
    }

    fn tag(&mut self) -> Result<Operation> {
        let (caller, pool) = self.owned_pool()?;
        Ok(Operation::TagResource { caller, pool, tags: self.tags()? })
    }

    fn untag(&mut self) -> Result<Operation> {
        let (caller, pool) = self.owned_pool()?;
        Ok(Operation::UntagResource { caller, pool, tags: self.tags()? })
    }

    fn describe(&mut self) -> Result<Operation> {
        Ok(Operation::DescribeIdentity { caller: self.caller()?, identity: self.identity()? })
    }

    fn delete_identities(&mut self) -> Result<Operation> {
        let caller = self.caller()?;
        let mut identities = Vec::new();
        for _ in 0..self.one_of(&[1, 2, 1, 3, 1, 0])? {
            identities.push(self.identity()?);
        }
        Ok(Operation::DeleteIdentities { caller, identities })
    }

    fn page_size(&mut self) -> Result<i64> {
        let byte = self.byte()?;
        Ok(match byte {
            0..=199 => i64::from(byte % 4).saturating_add(1),
            200..=247 => i64::from(byte % 60).saturating_add(1),
            248..=251 => 0,
            252..=255 => 61,
        })
    }

    fn cursor(&mut self) -> Result<Option<Cursor>> {
        let byte = self.byte()?;
        Ok(match byte {
            0..=95 => None,
            96..=223 => Some(Cursor::LAST),
            224..=250 => Some(Cursor(byte.into())),
            251..=255 => Some(Cursor::UNKNOWN),
        })
    }

    fn list_identities(&mut self) -> Result<Operation> {
        let (caller, pool) = self.owned_pool()?;
        let (max_results, after) = (self.page_size()?, self.cursor()?);
        let hide_disabled = self.byte()? % 2 == 1;
        Ok(Operation::ListIdentities { caller, pool, max_results, after, hide_disabled })
    }

    fn lookup(&mut self) -> Result<Operation> {
        let (caller, pool) = self.owned_pool()?;
        let (by_user, by_identity) = self.one_of(&[
            (true, false),
            (false, true),
            (true, false),
            (true, true),
            (false, true),
            (true, true),
            (false, false),
        ])?;
        let user = by_user.then(|| self.user()).transpose()?;
        let identity = by_identity.then(|| self.identity()).transpose()?;
        let max_results = (self.byte()? % 4 != 0).then(|| self.page_size()).transpose()?;
        let after = self.cursor()?;
        Ok(Operation::LookupDeveloperIdentity { caller, pool, identity, user, max_results, after })
    }

    fn merge(&mut self) -> Result<Operation> {
        let (caller, pool) = self.owned_pool()?;
        let (source, destination) = (self.user()?, self.user()?);
        let provider = self.developer_provider()?;
        Ok(Operation::MergeDeveloperIdentities { caller, pool, provider, source, destination })
    }

    fn unlink_user(&mut self) -> Result<Operation> {
        let (caller, pool) = self.owned_pool()?;
        let (identity, user) = (self.identity()?, self.user()?);
        let provider = self.developer_provider()?;
        Ok(Operation::UnlinkDeveloperIdentity { caller, pool, identity, provider, user })
    }
}
