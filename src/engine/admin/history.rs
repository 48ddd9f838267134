//! The journal: the history of an identity, and the activity of a pool.

use std::collections::BTreeMap;

use crate::admin::{Activity, ActivityInput, ActivityOutput, History, HistoryInput, HistoryOutput};
use crate::ambient::Timestamp;
use crate::engine::Admin;
use crate::engine::admin::walk::{STEP, STEPS_MAX};
use crate::engine::cache::KeptPool;
use crate::engine::gather::Reads;
use crate::engine::journal::{creation_of, told};
use crate::error::Result;
use crate::name::NextToken;
use crate::rules::page::{Listing, Page, PageSize};
use crate::state::{ChangeEvent, Identity};
use crate::store::key::{EventNumber, Place, corrupt};
use crate::store::record::{ActivityEntry, EventRecord, Record};
use crate::store::{Key, KeyRange, Tree};

/// An event with its number.
type Numbered = (EventNumber, EventRecord);

/// An event of a page: its record, unless that is still to be read.
type Entry = (EventNumber, Option<EventRecord>);

impl Admin {
    /// Lists the events of an identity, the newest first.
    ///
    /// The events form a chain without gaps. It ends with the creation, or with the oldest event
    /// that the [journal](crate::Builder::journal) has: history begins there if the journal was off
    /// before, or if older events have [expired](crate::Engine::expire_events).
    ///
    /// # Errors
    ///
    /// In this order:
    ///
    /// * [`Error::Invalid`](crate::Error::Invalid): a member violates its constraints.
    /// * [`IdentityNotFound`](crate::Refusal::IdentityNotFound)
    /// * [`NextTokenInvalid`](crate::Refusal::NextTokenInvalid): the token is not from this
    ///   listing.
    ///
    /// # Example: a merge
    ///
    /// ```
    /// use cognate::admin::{ChangeKind, HistoryInput};
    /// use cognate::{Engine, Journal};
    ///
    /// # use cognate::{login::*, name::*, operation::*, store::*, token::*, *};
    /// let engine = Engine::builder().journal(Journal::keep(90)).in_memory()?;
    /// # let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// # let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied)
    /// #     .developer_provider_name("login.game");
    /// # let pool = aws.create_identity_pool(input)?.identity_pool_id;
    /// # let user = |user: &str| {
    /// #     let call = GetOpenIdTokenForDeveloperIdentityInput::new(&pool);
    /// #     aws.resolve_developer_identity(call.logins("login.game", user))
    /// # };
    /// let (bob, alice) = (user("bob")?, user("alice")?);
    /// let merge = MergeDeveloperIdentitiesInput::new(&pool, "login.game", "bob", "alice");
    /// aws.merge_developer_identities(merge)?;
    /// let history = engine.admin().history(HistoryInput::new(&alice, 60))?;
    /// let [merged, created] = history.events.as_slice() else { panic!("two events") };
    /// assert!(matches!(merged.changes.as_slice(), [ChangeKind::TookOver { .. }]));
    /// assert!(matches!(created.changes.as_slice(), [ChangeKind::Created { .. }]));
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn history(&self, input: HistoryInput) -> Result<HistoryOutput> {
        const LISTING: Listing = Listing::History;
        let History { identity_id, max_results, next_token } = input.checked()?;
        let page = self.core.read(|reads| {
            let (kept, identity) = reads.known_identity(&identity_id)?;
            let of = (kept.guid, identity_id.guid());
            let is_of_identity = |position: &[u8]| {
                let number = Key::new(Tree::Journal, position).event_number();
                number.is_some_and(|number| (number.pool, number.identity) == of)
            };
            let before = next_token.as_ref();
            let before = before.map(|token| LISTING.position_where(token, is_of_identity));
            let wanted = max_results.get().saturating_add(1);
            let events = reads.history(&kept, &identity, before.transpose()?, wanted)?;
            let events = events.into_iter().map(|(number, record)| {
                (Key::event(number).bytes, told(&kept.pool, number, record))
            });
            Ok(Page::cut(LISTING, events.collect(), max_results))
        })?;
        Ok(HistoryOutput { identity_id, events: page.entries, next_token: page.next })
    }

    /// Lists the events of a pool and of its identities, the newest first. Events of the same
    /// millisecond have no order but that of the revisions of each identity.
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
    /// # Example: a new pool
    ///
    /// ```
    /// use cognate::admin::{ActivityInput, ChangeOperation};
    /// use cognate::{Engine, Journal};
    ///
    /// # use cognate::{login::*, name::*, operation::*, store::*, token::*, *};
    /// let engine = Engine::builder().journal(Journal::keep(90)).in_memory()?;
    /// # let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// # let input = CreateIdentityPoolInput::new("game", GuestAccess::Allowed);
    /// # let pool = aws.create_identity_pool(input)?.identity_pool_id;
    /// let activity = engine.admin().activity(ActivityInput::new(&pool, 60))?;
    /// let operations: Vec<_> = activity.events.iter().map(|event| event.operation).collect();
    /// assert_eq!(operations, [ChangeOperation::CreateIdentityPool]);
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn activity(&self, input: ActivityInput) -> Result<ActivityOutput> {
        let Activity { identity_pool_id, max_results, next_token } = input.checked()?;
        let page = self.core.read(|reads| {
            let kept = reads.known_pool(&identity_pool_id)?;
            reads.activity(&kept, next_token.as_ref(), max_results)
        })?;
        Ok(ActivityOutput { identity_pool_id, events: page.entries, next_token: page.next })
    }
}

impl Reads<'_> {
    /// The last events of an identity, the newest first, in front of a position.
    pub(super) fn history(
        &mut self,
        pool: &KeptPool,
        identity: &Identity,
        before: Option<Vec<u8>>,
        limit: usize,
    ) -> Result<Vec<Numbered>> {
        let Some(guid) = identity.id().guid() else { return Ok(Vec::new()) };
        let range = KeyRange::events_of(pool.guid, guid).before(before);
        let mut events = Vec::new();
        for (key, value) in self.scan_back(&range, limit)? {
            let number = key.event_number().ok_or_else(|| corrupt(&key, "not an event's key"))?;
            events.push((number, EventRecord::decode(&key, &value)?));
        }
        let creation = creation_of(identity)?;
        let creation = creation.filter(|(number, _)| range.contains(&Key::event(*number)));
        events.extend(creation.filter(|_| events.len() < limit));
        Ok(events)
    }

    /// A page of the events of a pool.
    fn activity(
        &mut self,
        pool: &KeptPool,
        token: Option<&NextToken>,
        size: PageSize,
    ) -> Result<Page<ChangeEvent>> {
        const LISTING: Listing = Listing::Activity;
        let parts = |position: &[u8]| {
            let parts = Key::new(Tree::Activity, position).activity_parts();
            parts.filter(|(_, number)| number.pool == pool.guid)
        };
        let before = token
            .map(|token| LISTING.position_where(token, |position| parts(position).is_some()))
            .transpose()?;
        let wanted = size.get().saturating_add(1);
        let identities = match before.as_deref().and_then(parts) {
            Some((date, number)) => created_before(date, number),
            None => KeyRange::identities_of(pool.guid),
        };
        let (creations, searched) = self.creations(identities, wanted)?;
        let mut entries: Vec<(Vec<u8>, Entry)> = Vec::new();
        for (number, event) in creations {
            let position = Key::activity(event.date, number).bytes;
            // The record of an imported identity can tell a later revision than the first.
            if before.as_ref().is_none_or(|before| position < *before) {
                entries.push((position, (number, Some(event))));
            }
        }
        let range = KeyRange::activity_of(pool.guid).before(before);
        for (key, value) in self.scan_back(&range, wanted)? {
            let parts = key.activity_parts();
            let (_, number) = parts.ok_or_else(|| corrupt(&key, "not an event's entry"))?;
            ActivityEntry::decode(&key, &value)?;
            entries.push((key.bytes, (number, None)));
        }
        if let Some(searched) = &searched {
            entries.retain(|(position, _)| position >= searched);
        }
        entries.sort_unstable_by(|(one, _), (other, _)| other.cmp(one));
        // A change between the two reads has moved the creation of its identity.
        entries.dedup_by(|(one, _), (other, _)| one == other);
        let Page { entries, mut next } = Page::cut(LISTING, entries, size);
        if let (None, Some(searched)) = (&next, searched) {
            next = LISTING.token(&searched);
        }
        Ok(Page { entries: self.told(pool, entries)?, next })
    }

    /// The last creations in a range of identities that only the records of the identities tell,
    /// the newest first. With them the position in the activity up to which the range was searched,
    /// if it was not searched far enough.
    fn creations(
        &mut self,
        mut range: KeyRange,
        wanted: usize,
    ) -> Result<(Vec<Numbered>, Option<Vec<u8>>)> {
        let mut creations = Vec::new();
        let (mut step, mut searched) = (wanted, None);
        for _ in 0..STEPS_MAX {
            let identities = self.scan_back(&range, step)?;
            let is_last = identities.len() < step;
            for (key, value) in identities {
                creations.extend(creation_of(&Identity::decode(&key, &value)?)?);
                searched = Some(key);
            }
            if is_last || creations.len() >= wanted {
                return Ok((creations, None));
            }
            range = range.before(searched.as_ref().map(|key| key.bytes.clone()));
            step = STEP;
        }
        let parts = searched.and_then(|key| key.identity_parts());
        Ok((
            creations,
            parts.map(|(pool, Place { created, guid })| {
                let number = EventNumber { pool, identity: Some(guid), revision: 0 };
                Key::activity(created, number).bytes
            }),
        ))
    }

    /// The events of a page. One that has expired meanwhile is left out.
    fn told(&mut self, pool: &KeptPool, entries: Vec<Entry>) -> Result<Vec<ChangeEvent>> {
        let unread = entries.iter().filter(|(_, event)| event.is_none());
        let unread = unread.map(|(number, _)| *number).collect();
        let mut read: BTreeMap<_, _> = self.core.stored_events(unread)?.into_iter().collect();
        let events = entries.into_iter().filter_map(|(number, event)| {
            let event = event.or_else(|| read.remove(&number))?;
            Some(told(&pool.pool, number, event))
        });
        Ok(events.collect())
    }
}

/// The identities whose creation is in front of an event in the activity of their pool.
fn created_before(date: Timestamp, number: EventNumber) -> KeyRange {
    let EventNumber { pool, identity, revision } = number;
    let of_pool = KeyRange::identities_of(pool);
    match identity {
        // The events of identities come before those of the pool.
        None => {
            let next = Timestamp::from_millis(date.as_millis().saturating_add(1));
            KeyRange::identities_created(pool, None, Some(next))
        }
        Some(guid) => {
            let own = Key::identity(pool, Place { created: date, guid }).bytes;
            let is_in_front = revision > 1;
            of_pool.before(Some(if is_in_front { [own.as_slice(), &[0]].concat() } else { own }))
        }
    }
}
