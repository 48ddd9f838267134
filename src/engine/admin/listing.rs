//! Listings of all pools, and of the identities and logins of one.

use crate::admin::{
    AdminListIdentitiesInput, AdminListIdentitiesOutput, AdminListIdentityPoolsOutput,
    IdentityDetails, LinkedLogin, ListLoginsInput, ListLoginsOutput, OwnedIdentityPool,
};
use crate::ambient::Timestamp;
use crate::engine::Admin;
use crate::engine::admin::walk::Walk;
use crate::error::Result;
use crate::id::{Guid, IdentityId, IdentityPoolId};
use crate::name::{ProviderName, Subject, without_final_slash};
use crate::operation::ListIdentityPoolsInput;
use crate::rules::admin::IdentityFilter;
use crate::rules::page::{Listing, Page};
use crate::state::{Identity, LoginKind};
use crate::store::key::corrupt;
use crate::store::record::{Owner, PoolEntry, Record};
use crate::store::{Key, KeyRange, Store as _, Tree};

impl Admin {
    /// Lists the pools of every account and region, sorted by account, region and creation.
    ///
    /// [`count_identities`](Self::count_identities) tells how large a pool is.
    ///
    /// # Errors
    ///
    /// In this order:
    ///
    /// * [`Error::Invalid`](crate::Error::Invalid): a member violates its constraints.
    /// * [`NextTokenInvalid`](crate::Refusal::NextTokenInvalid): the token is not from this
    ///   listing.
    ///
    /// # Example: pools of two regions
    ///
    /// ```
    /// use cognate::Engine;
    /// use cognate::operation::{CreateIdentityPoolInput, GuestAccess, ListIdentityPoolsInput};
    ///
    /// let engine = Engine::builder().in_memory()?;
    /// for region in ["us-east-1", "eu-west-1"] {
    ///     let aws = engine.developer("123456789012".parse()?, region.parse()?);
    ///     aws.create_identity_pool(CreateIdentityPoolInput::new("game", GuestAccess::Denied))?;
    /// }
    /// let all = engine.admin().list_identity_pools(ListIdentityPoolsInput::new(60))?;
    /// let regions: Vec<_> = all.identity_pools.iter().map(|pool| pool.region.as_str()).collect();
    /// assert_eq!(regions, ["eu-west-1", "us-east-1"]);
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn list_identity_pools(
        &self,
        input: ListIdentityPoolsInput,
    ) -> Result<AdminListIdentityPoolsOutput> {
        const LISTING: Listing = Listing::AllPools;
        let input = input.checked()?;
        let mut range = KeyRange::all(Tree::PoolListing);
        if let Some(token) = &input.next_token {
            let is_entry =
                |bytes: &[u8]| Key::new(Tree::PoolListing, bytes).pool_listing_parts().is_some();
            range = range.after(&LISTING.position_where(token, is_entry)?);
        }
        let wanted = input.max_results.get().saturating_add(1);
        let mut entries = Vec::with_capacity(wanted);
        for (key, value) in self.core.store.scan(&range, wanted)? {
            let PoolEntry(identity_pool_name) = PoolEntry::decode(&key, &value)?;
            let parts = key.pool_listing_parts();
            let parts = parts.ok_or_else(|| corrupt(&key, "not a pool's entry"))?;
            let (account_id, region, creation_date, guid) = parts;
            let pool = OwnedIdentityPool {
                identity_pool_id: IdentityPoolId::new(&region, guid),
                identity_pool_name,
                account_id,
                region,
                creation_date,
            };
            entries.push((key.bytes, pool));
        }
        let page = Page::cut(LISTING, entries, input.max_results);
        Ok(AdminListIdentityPoolsOutput { identity_pools: page.entries, next_token: page.next })
    }

    /// Lists the identities of a pool that pass all filters of the input, in the order of their
    /// creation.
    ///
    /// Writes between two pages do not disturb the listing. No identity appears twice, and none is
    /// missed that passed the filters throughout. A call reads at most 16,384 identities. So a page
    /// can be shorter than requested, or even empty, and still have a token for the next page.
    ///
    /// # Errors
    ///
    /// In this order:
    ///
    /// * [`Error::Invalid`](crate::Error::Invalid): a member violates its constraints.
    /// * [`PoolNotFound`](crate::Refusal::PoolNotFound)
    /// * [`NextTokenInvalid`](crate::Refusal::NextTokenInvalid): the token is not from this
    ///   listing.
    ///
    /// # Example: guests of the last day
    ///
    /// ```
    /// # use cognate::{login::*, name::*, operation::*, store::*, token::*, *};
    /// use cognate::admin::AdminListIdentitiesInput;
    /// use cognate::ambient::{Clock, SystemClock, Timestamp};
    ///
    /// # let engine = Engine::builder().in_memory()?;
    /// # let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// # let input = CreateIdentityPoolInput::new("game", GuestAccess::Allowed);
    /// # let pool = aws.create_identity_pool(input)?.identity_pool_id;
    /// let guest = engine.public().get_id(GetIdInput::new(&pool))?;
    /// let yesterday = SystemClock.now().as_millis() - 86_400_000;
    /// let input = AdminListIdentitiesInput::new(&pool, 60)
    ///     .state(IdentityState::Unauthenticated)
    ///     .created_from(Timestamp::from_millis(yesterday));
    /// let page = engine.admin().list_identities(input)?;
    /// assert_eq!(page.identities[0].identity_id, guest.identity_id);
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn list_identities(
        &self,
        input: AdminListIdentitiesInput,
    ) -> Result<AdminListIdentitiesOutput> {
        const LISTING: Listing = Listing::FilteredIdentities;
        let input = input.checked()?;
        let filter = IdentityFilter { state: input.state, provider: input.provider.as_ref() };
        let page = self.core.read(|reads| {
            let kept = reads.known_pool(&input.identity_pool_id)?;
            let whole = KeyRange::identities_of(kept.guid).start;
            let position = input.next_token.as_ref();
            let position = position
                .map(|token| LISTING.position(token, &whole, KeyRange::IDENTITY_LENGTH))
                .transpose()?;
            let (from, before) = (input.created_from, input.created_before);
            let range = KeyRange::identities_created(
                kept.guid,
                from.map(Timestamp::from),
                before.map(Timestamp::from),
            );
            let (selects, size) = (!filter.shows_all(), input.max_results);
            let walk = Walk { listing: LISTING, ranges: vec![range], selects, size };
            let page = reads.page(walk.after(position.as_deref()), |key, value| {
                let identity = Identity::decode(key, value)?;
                Ok(filter.shows(&identity).then(|| IdentityDetails::from(&identity)))
            })?;
            Ok(page)
        })?;
        Ok(AdminListIdentitiesOutput {
            identity_pool_id: input.identity_pool_id.clone(),
            identities: page.entries,
            next_token: page.next,
        })
    }

    /// Lists the logins of a pool that pass all filters of the input, each with its identity.
    ///
    /// Writes between two pages do not disturb the listing: see
    /// [`list_identities`](Self::list_identities). With a provider, a call reads only the logins
    /// that it shows. With a prefix of the subject alone, it reads at most 16,384 logins. So a page
    /// can be shorter than requested, or even empty, and still have a token for the next page.
    ///
    /// # Errors
    ///
    /// In this order:
    ///
    /// * [`Error::Invalid`](crate::Error::Invalid): a member violates its constraints.
    /// * [`PoolNotFound`](crate::Refusal::PoolNotFound)
    /// * [`NextTokenInvalid`](crate::Refusal::NextTokenInvalid): the token is not from this
    ///   listing.
    ///
    /// # Example: users whose names begin with `al`
    ///
    /// ```
    /// # use cognate::{login::*, name::*, operation::*, store::*, token::*, *};
    /// use cognate::admin::ListLoginsInput;
    ///
    /// # let engine = Engine::builder().in_memory()?;
    /// # let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// # let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied);
    /// # let input = input.developer_provider_name("login.game");
    /// # let pool = aws.create_identity_pool(input)?.identity_pool_id;
    /// for user in ["bob", "alice", "alan"] {
    ///     let call = GetOpenIdTokenForDeveloperIdentityInput::new(&pool);
    ///     aws.resolve_developer_identity(call.logins("login.game", user))?;
    /// }
    /// let input = ListLoginsInput::new(&pool, 60).provider("login.game").subject_prefix("al");
    /// let found = engine.admin().list_logins(input)?.logins;
    /// let users: Vec<_> = found.iter().map(|found| found.login.subject().as_str()).collect();
    /// assert_eq!(users, ["alan", "alice"]);
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn list_logins(&self, input: ListLoginsInput) -> Result<ListLoginsOutput> {
        const LISTING: Listing = Listing::Logins;
        let input = input.checked()?;
        let prefix = input.subject_prefix.as_ref().map_or("", Subject::as_str);
        let page = self.core.read(|reads| {
            let kept = reads.known_pool(&input.identity_pool_id)?;
            let ranges = login_ranges(kept.guid, input.provider.as_ref(), prefix);
            let position = input.next_token.as_ref().map(|token| {
                LISTING.position_where(token, |position| {
                    let key = Key::new(Tree::Logins, position);
                    let is_in_range = ranges.iter().any(|range| range.contains(&key));
                    is_in_range && key.login_parts().is_some()
                })
            });
            let position = position.transpose()?;
            let selects = input.provider.is_none() && !prefix.is_empty();
            let walk = Walk { listing: LISTING, ranges, selects, size: input.max_results };
            let page = reads.page(walk.after(position.as_deref()), |key, value| {
                let Owner(place) = Owner::decode(key, value)?;
                let login = key.login_parts();
                let login = login.ok_or_else(|| corrupt(key, "not the key of a login"))?;
                let identity_id = IdentityId::new(&kept.pool.region, place.guid);
                let is_shown = login.subject().as_str().starts_with(prefix);
                Ok(is_shown.then_some(LinkedLogin { login, identity_id }))
            })?;
            Ok(page)
        })?;
        Ok(ListLoginsOutput {
            identity_pool_id: input.identity_pool_id.clone(),
            logins: page.entries,
            next_token: page.next,
        })
    }
}

/// The ranges of the logins of a provider, in the order of their keys: of the developer provider
/// with its name, and of the public provider in the two spellings in which a login may be stored.
fn login_ranges(pool: Guid, provider: Option<&ProviderName>, prefix: &str) -> Vec<KeyRange> {
    let Some(provider) = provider.map(ProviderName::as_str) else {
        return vec![KeyRange::logins_of(pool)];
    };
    let bare = without_final_slash(provider);
    let with_slash = (!bare.ends_with('/')).then(|| format!("{bare}/"));
    let public = std::iter::once(bare).chain(with_slash.as_deref());
    let public = public.map(|name| KeyRange::logins_at(pool, LoginKind::Public, name, prefix));
    let developer = KeyRange::logins_at(pool, LoginKind::Developer, provider, prefix);
    std::iter::once(developer).chain(public).collect()
}
