//! The events that the journal tells.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cognate::Fed;
use cognate::admin::{ActivityInput, ChangeEvent, FoldedIdentity, HistoryInput};
use cognate::login::Login;
use cognate::name::{IdentityId, IdentityPoolId};
use cognate::operation::ListIdentityPoolsInput;
use cognate::testkit::{RecordedChange, RecordedEvent};
use proptest::prelude::*;

use super::{Checked, Scene, name};

/// The events of each pool itself.
pub(super) type PoolEvents = BTreeMap<IdentityPoolId, Vec<ChangeEvent>>;

const PAGE_MAX: usize = 60;

impl Scene<'_> {
    /// Takes the events of pools from the feed.
    pub(super) fn listen(&mut self) {
        let Some(feed) = &mut self.feed else { return };
        while let Fed::Event(event) = feed.next(Duration::ZERO) {
            if event.identity_id.is_none() {
                let of_pool = self.pool_events.entry(event.identity_pool_id.clone()).or_default();
                of_pool.push((*event).clone());
            }
        }
    }

    /// Compares the histories that have changed since the last time.
    pub(super) fn check_histories(&mut self) -> Checked {
        let mut compared = std::mem::take(&mut self.compared);
        compared.retain(|identity, _| self.run.model().history(*identity).is_some());
        for (identity, expected) in self.run.model().histories() {
            if compared.get(&identity).is_some_and(|known| known == expected) {
                continue;
            }
            let known = compared.insert(identity, expected.to_vec()).unwrap_or_default();
            if known.len() > expected.len() {
                self.count("erased");
            }
            for change in expected.iter().skip(known.len()).flat_map(|event| &event.changes) {
                self.count(format!("recorded {}", name(change)));
            }
            let id = self.id(identity);
            let events = self.history(&id);
            let recorded: Option<Vec<RecordedEvent>> =
                events.iter().map(|event| self.run.recorded(event)).collect();
            prop_assert_eq!(recorded.as_deref(), Some(expected), "the history of {}", identity);
            self.check_fold(&id, &events)?;
        }
        self.compared = compared;
        Ok(())
    }

    /// The events of an identity, the oldest first.
    fn history(&self, id: &IdentityId) -> Vec<ChangeEvent> {
        let admin = self.engine.admin();
        let (mut events, mut next) = (Vec::new(), None);
        loop {
            let size = i64::try_from(self.below(PAGE_MAX) + 1).expect("a few");
            let mut input = HistoryInput::new(id, size);
            if let Some(next) = next {
                input = input.next_token(next);
            }
            let page = admin.history(input).expect("a history");
            events.extend(page.events);
            next = page.next_token;
            if next.is_none() {
                break;
            }
        }
        events.reverse();
        events
    }

    /// INVARIANT I11: the events from the creation on lead to the identity.
    fn check_fold(&self, id: &IdentityId, events: &[ChangeEvent]) -> Checked {
        let Some(first) = events.first() else { return Ok(()) };
        prop_assert_eq!(first.revision, 1, "{:?}", first);
        for (event, next) in events.iter().zip(events.iter().skip(1)) {
            prop_assert!(event.date <= next.date, "{:?} {:?}", event, next);
        }
        let folded = events.iter().fold(FoldedIdentity::default(), FoldedIdentity::after);
        let found = self.engine.admin().identity(id).expect("an identity");
        let logins: Vec<&Login> = folded.links.iter().map(|link| &link.login).collect();
        let found_logins: Vec<&Login> = found.logins.iter().collect();
        prop_assert_eq!(
            (folded.state, logins, folded.revision),
            (Some(found.state), found_logins, found.revision),
            "{} folded",
            id
        );
        Ok(())
    }

    fn pools(&self) -> Vec<IdentityPoolId> {
        let admin = self.engine.admin();
        let (mut pools, mut next) = (Vec::new(), None);
        loop {
            let mut input = ListIdentityPoolsInput::new(60);
            if let Some(next) = next {
                input = input.next_token(next);
            }
            let page = admin.list_identity_pools(input).expect("pools");
            pools.extend(page.identity_pools.into_iter().map(|pool| pool.identity_pool_id));
            next = page.next_token;
            if next.is_none() {
                return pools;
            }
        }
    }

    /// The events of a pool, the newest first.
    fn activity(&self, pool: &IdentityPoolId, size: usize) -> Checked<Vec<ChangeEvent>> {
        let admin = self.engine.admin();
        let (mut events, mut next, mut pages) = (Vec::new(), None, 0);
        loop {
            let mut input = ActivityInput::new(pool, i64::try_from(size).expect("a few"));
            if let Some(next) = next {
                input = input.next_token(next);
            }
            let page = admin.activity(input).expect("an activity");
            prop_assert!(page.events.len() <= size, "{} of {}", page.events.len(), size);
            events.extend(page.events);
            next = page.next_token;
            pages += 1;
            if next.is_none() {
                break;
            }
        }
        if pages > 1 {
            self.count("activity of several pages");
        }
        Ok(events)
    }

    /// Compares everything at the end of a run.
    pub(super) fn end(&mut self) -> Checked {
        self.compared.clear();
        self.check_histories()?;
        let mut told = BTreeSet::new();
        for pool in self.pools() {
            let events = self.activity(&pool, 1)?;
            let in_larger_pages = self.activity(&pool, self.below(PAGE_MAX) + 1)?;
            prop_assert_eq!(&events, &in_larger_pages);
            self.check_order(&events)?;
            let (of_identities, of_pool): (Vec<_>, Vec<_>) =
                events.into_iter().partition(|event| event.identity_id.is_some());
            if self.feed.is_some() {
                let mut expected = self.pool_events.remove(&pool).unwrap_or_default();
                expected.sort_by_key(|event| (Reverse(event.date), Reverse(event.revision)));
                prop_assert_eq!(&of_pool, &expected);
            }
            let revisions: BTreeSet<u32> = of_pool.iter().map(|event| event.revision).collect();
            let expected: BTreeSet<u32> = (1..).take(of_pool.len()).collect();
            prop_assert!(!of_pool.is_empty() && revisions == expected, "{:?}", of_pool);
            for event in of_identities {
                let recorded = self.run.recorded(&event);
                prop_assert!(recorded.is_some(), "{:?}", event);
                prop_assert!(told.insert(recorded), "{:?} is told twice", event);
            }
        }
        let deleted = self.events(|event| event.changes.contains(&RecordedChange::Deleted));
        for _ in &deleted {
            self.count("recorded Deleted");
        }
        let expected: BTreeSet<_> = self.run.model().recorded_events().cloned().map(Some).collect();
        prop_assert_eq!(told, expected, "the activities");
        prop_assert_eq!(self.engine.check().expect("readable"), []);
        Ok(())
    }

    /// The newest event comes first, and of one identity that with the highest revision.
    fn check_order(&self, events: &[ChangeEvent]) -> Checked {
        let mut newest: BTreeMap<Option<&IdentityId>, u32> = BTreeMap::new();
        for (event, next) in events.iter().zip(events.iter().skip(1)) {
            prop_assert!(event.date >= next.date, "{:?} {:?}", event, next);
            if event.date == next.date {
                self.count("events of one millisecond");
            }
        }
        // The events of a pool have the time of the clock, which can run back.
        for event in events.iter().filter(|event| event.identity_id.is_some()) {
            let later = newest.insert(event.identity_id.as_ref(), event.revision);
            prop_assert!(later.is_none_or(|it| it > event.revision), "{:?} {:?}", event, later);
        }
        Ok(())
    }
}
