//! Events against the identities: folding the events of an identity gives the identity.

#![expect(clippy::wildcard_enum_match_arm, reason = "a change of any other kind is all the same")]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use cognate::admin::{Actor, ChangeEvent, ChangeKind, FoldedIdentity, Link};
use cognate::credentials::Session;
use cognate::login::Login;
use cognate::name::{IdentityId, IdentityPoolId};
use cognate::testkit::{self, Call, CallReply, Implementation, Run, TestClock, TypedDoor};
use cognate::{Engine, Fed, Feed, Refusal};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::{figure, seeded};

/// Parts of changes that a run must meet.
const KINDS: [&str; 10] = [
    "Created",
    "Linked",
    "TookOver",
    "GaveUp",
    "Unlinked",
    "Disabled",
    "Deleted",
    "PoolCreated",
    "PoolChanged",
    "PoolDeleted",
];

/// An engine whose events are compared with its identities after every call.
struct Told {
    engine: Engine,
    door: TypedDoor,
    feed: RefCell<Feed>,
    folded: RefCell<BTreeMap<IdentityId, (IdentityPoolId, FoldedIdentity)>>,
    /// The revisions of the pools.
    pools: RefCell<BTreeMap<IdentityPoolId, u32>>,
    met: RefCell<BTreeMap<&'static str, usize>>,
}

impl Told {
    fn new() -> Self {
        let clock = TestClock::default();
        let builder = Engine::builder().login_verifier(testkit::login_verifier());
        let builder = builder.signing_key(testkit::signing_key()).clock(clock.clone());
        let engine = builder.in_memory().expect("opens");
        let feed = RefCell::new(engine.feed());
        let door = TypedDoor::new(engine.clone()).clock(clock);
        let (folded, pools, met) = (RefCell::default(), RefCell::default(), RefCell::default());
        Self { engine, door, feed, folded, pools, met }
    }

    fn events(&self) -> Vec<Arc<ChangeEvent>> {
        let mut feed = self.feed.borrow_mut();
        let mut events = Vec::new();
        while let Fed::Event(event) = feed.next(Duration::ZERO) {
            events.push(event);
        }
        events
    }

    fn fold(&self, event: &ChangeEvent) {
        let Some(id) = &event.identity_id else { return self.fold_pool(event) };
        let mut folded = self.folded.borrow_mut();
        let pool = event.identity_pool_id.clone();
        let (_, before) = folded.remove(id).unwrap_or((pool.clone(), FoldedIdentity::default()));
        assert_eq!(event.revision, before.revision + 1, "{event:?}");
        let after = before.after(event);
        let found = self.engine.admin().identity(id);
        let Some(state) = after.state else {
            assert!(is_gone(&found), "{event:?} {found:?}");
            return;
        };
        let found = found.expect("an identity");
        let of_found = (found.state, found.logins, found.revision, &found.identity_pool_id);
        let logins: Vec<Login> = logins(&after.links).cloned().collect();
        assert_eq!((state, logins, after.revision, &pool), of_found, "{event:?}");
        folded.insert(id.clone(), (pool, after));
    }

    fn fold_pool(&self, event: &ChangeEvent) {
        let [kind] = event.changes.as_slice() else { panic!("{event:?}") };
        let mut pools = self.pools.borrow_mut();
        let before = pools.remove(&event.identity_pool_id).unwrap_or_default();
        assert_eq!(event.revision, before + 1, "{event:?}");
        if matches!(kind, ChangeKind::PoolDeleted) {
            let mut folded = self.folded.borrow_mut();
            folded.retain(|_, (pool, _)| *pool != event.identity_pool_id);
        } else {
            pools.insert(event.identity_pool_id.clone(), event.revision);
        }
    }

    /// Each event of a merge names the other one.
    fn check_merges(events: &[Arc<ChangeEvent>]) {
        for event in events {
            for change in &event.changes {
                let (other, links) = match change {
                    ChangeKind::TookOver { links, from } => (from, links),
                    ChangeKind::GaveUp { links, to } => (to, links),
                    _ => continue,
                };
                let named = events.iter().find(|named| {
                    named.identity_id.as_ref() == Some(&other.identity_id)
                        && named.revision == other.revision
                });
                let named = named.unwrap_or_else(|| panic!("{event:?}"));
                let is_same = named.changes.iter().any(|change| match change {
                    ChangeKind::TookOver { links: theirs, from: id }
                    | ChangeKind::GaveUp { links: theirs, to: id } => {
                        Some(&id.identity_id) == event.identity_id.as_ref()
                            && logins(theirs).eq(logins(links))
                    }
                    _ => false,
                });
                assert!(is_same, "{event:?} {named:?}");
            }
        }
    }

    /// Every identity that is there has been told of.
    fn check_all(&self) {
        let admin = self.engine.admin();
        let folded = self.folded.borrow();
        for (id, (_, told)) in &*folded {
            let found = admin.identity(id).expect("an identity");
            assert_eq!((Some(found.state), found.revision), (told.state, told.revision), "{id}");
        }
        for pool in self.pools.borrow().keys() {
            let counts = admin.count_identities(pool).expect("a pool");
            let told = folded.values().filter(|(of, _)| of == pool).count();
            let all = counts.unauthenticated + counts.authenticated + counts.disabled;
            assert_eq!(usize::try_from(all), Ok(told), "{pool}");
        }
    }
}

fn logins(links: &[Link]) -> impl Iterator<Item = &Login> {
    links.iter().map(|link| &link.login)
}

fn is_gone<T>(found: &cognate::Result<T>) -> bool {
    matches!(found, Err(cognate::Error::Refused(Refusal::IdentityNotFound { .. })))
}

fn name(kind: &ChangeKind) -> &'static str {
    let debug = format!("{kind:?}");
    let found = KINDS.iter().find(|name| debug.split([' ', '{']).next() == Some(name));
    found.unwrap_or_else(|| panic!("{debug}"))
}

impl Implementation for Told {
    fn call(&self, call: &Call) -> io::Result<CallReply> {
        let reply = self.door.call(call)?;
        let events = self.events();
        assert!(reply.status == 200 || events.is_empty(), "{call:?}: {events:?}");
        for event in &events {
            assert_eq!(event.operation.as_str(), call.operation);
            let by = call.caller.as_ref().map_or(Actor::Anyone, |(account, _)| {
                Actor::Account(account.parse().expect("an account"))
            });
            assert_eq!(event.by, by, "{call:?}");
            for kind in &event.changes {
                *self.met.borrow_mut().entry(name(kind)).or_default() += 1;
            }
            self.fold(event);
        }
        Self::check_merges(&events);
        Ok(reply)
    }

    fn session(&self, session_token: &str) -> Option<Session> {
        self.door.session(session_token)
    }

    fn wait(&self, secs: u64) -> bool {
        self.door.wait(secs)
    }
}

#[test]
fn folding_the_events_of_an_identity_gives_the_identity() {
    let all: RefCell<BTreeMap<&'static str, usize>> = RefCell::default();
    let ran = TestRunner::new(seeded("feed", 96)).run(
        &testkit::operations(1..=60),
        |operations| -> Result<(), TestCaseError> {
            let told = Told::new();
            let mut run = Run::new(testkit::Model::new().oldest_survives());
            for operation in &operations {
                run.perform(&told, operation)?;
            }
            told.check_all();
            for (kind, times) in told.met.take() {
                *all.borrow_mut().entry(kind).or_default() += times;
            }
            Ok(())
        },
    );
    if let Err(error) = ran {
        panic!("{error}");
    }
    let all = all.into_inner();
    figure(format_args!("{all:?}"));
    for kind in KINDS {
        assert!(all.get(kind).copied().unwrap_or_default() >= 3, "{kind}: {all:?}");
    }
}
