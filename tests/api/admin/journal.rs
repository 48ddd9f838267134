//! Worlds with a journal, and what it says.

use cognate::admin::{
    ActivityInput, Actor, ChangeEvent, ChangeKind, EventId, HistoryInput, Link, UndoInput,
};
use cognate::name::{IdentityId, IdentityPoolId};
use cognate::token::SigningAlgorithm;
use cognate::{Builder, Journal};

use crate::support::{AMAZON, FACEBOOK, GAME, World, key};

/// No test makes more events.
const EVENTS_MAX: usize = 5_000;

pub(super) fn with_journal(builder: Builder) -> Builder {
    builder.journal(Journal::keep(90)).signing_key(key(SigningAlgorithm::EdDsa))
}

pub(super) fn without_journal(builder: Builder) -> Builder {
    builder.signing_key(key(SigningAlgorithm::EdDsa))
}

/// A world whose events are kept for 90 days.
pub(super) fn world() -> World {
    World::with(with_journal)
}

/// All events of an identity, the newest first.
pub(super) fn history(world: &World, id: &IdentityId) -> Vec<ChangeEvent> {
    history_in_pages(world, id, 60)
}

pub(super) fn history_in_pages(world: &World, id: &IdentityId, size: i64) -> Vec<ChangeEvent> {
    let (admin, mut events) = (world.engine.admin(), Vec::new());
    let mut input = HistoryInput::new(id, size);
    loop {
        let page = admin.history(input.clone()).expect("listed");
        assert_eq!(page.identity_id, *id);
        events.extend(page.events);
        assert!(events.len() < EVENTS_MAX, "pages without end");
        let Some(next) = page.next_token else { return events };
        input = input.next_token(next);
    }
}

/// All events of a pool, the newest first.
pub(super) fn activity(world: &World, pool: &IdentityPoolId) -> Vec<ChangeEvent> {
    activity_in_pages(world, pool, 60)
}

pub(super) fn activity_in_pages(
    world: &World,
    pool: &IdentityPoolId,
    size: i64,
) -> Vec<ChangeEvent> {
    let (admin, mut events) = (world.engine.admin(), Vec::new());
    let mut input = ActivityInput::new(pool, size);
    loop {
        let page = admin.activity(input.clone()).expect("listed");
        assert_eq!(page.identity_pool_id, *pool);
        events.extend(page.events);
        assert!(events.len() < EVENTS_MAX, "pages without end");
        let Some(next) = page.next_token else { return events };
        input = input.next_token(next);
    }
}

/// The newest event of an identity.
pub(super) fn last(world: &World, id: &IdentityId) -> EventId {
    let events = history(world, id);
    events.first().and_then(ChangeEvent::id).expect("an event")
}

/// The event that has made this revision.
pub(super) fn event(id: &IdentityId, revision: u32) -> EventId {
    UndoInput::new(format!("{id}/{revision}").as_str()).get_event_id().expect("fits").clone()
}

/// The number of an identity that the world's ids have given it.
fn number(id: &IdentityId) -> u64 {
    let (_, digits) = id.as_str().rsplit_once('-').expect("a guid");
    u64::from_str_radix(digits, 16).expect("hexadecimal")
}

fn name(event: &EventId) -> String {
    format!("<{}>/{}", number(&event.identity_id), event.revision)
}

/// The logins: the first letter of the provider and the subject.
fn logins(links: &[Link]) -> String {
    let shown = links.iter().map(|link| {
        let provider = match link.login.provider().as_str() {
            GAME => "g",
            FACEBOOK => "f",
            AMAZON => "a",
            other => other,
        };
        format!(" {provider}:{}", link.login.subject())
    });
    shown.collect()
}

/// An event as a line, with the numbers of its identities.
pub(super) fn told(event: &ChangeEvent) -> String {
    let of = event.id().map_or_else(|| format!("pool/{}", event.revision), |id| name(&id));
    let by = match &event.by {
        Actor::Anyone => "anyone",
        Actor::Account(account) => account.as_str(),
        Actor::Administrator => "administrator",
        other => panic!("{other:?}"),
    };
    let request = event.request_id.as_ref().map_or("-", |id| id.as_str());
    let changes = event.changes.iter().map(|change| match change {
        ChangeKind::Created { links } => format!("created{}", logins(links)),
        ChangeKind::Linked { links, was_guest } => {
            format!("linked{}{}", logins(links), if *was_guest { " to a guest" } else { "" })
        }
        ChangeKind::TookOver { links, from } => {
            format!("took over{} from {}", logins(links), name(from))
        }
        ChangeKind::GaveUp { links, to } => format!("gave up{} to {}", logins(links), name(to)),
        ChangeKind::GaveBack { links, to } => {
            format!("gave back{} to {}", logins(links), name(to))
        }
        ChangeKind::Unlinked { links } => format!("unlinked{}", logins(links)),
        ChangeKind::Disabled => "disabled".to_owned(),
        ChangeKind::Restored { state, links } => {
            format!("restored{} {state:?}", logins(links))
        }
        ChangeKind::Deleted => "deleted".to_owned(),
        ChangeKind::PoolCreated => "created".to_owned(),
        ChangeKind::PoolChanged { members } => format!("changed {members:?}"),
        ChangeKind::PoolDeleted | _ => panic!("{change:?}"),
    });
    let changes = changes.collect::<Vec<_>>().join(", ");
    let undid = event.undid.as_ref().map(|id| format!(" undid {}", name(id)));
    let undone = event.undone_by.as_ref().map(|id| format!(" undone by {}", name(id)));
    let marks = [undid, undone].into_iter().flatten().collect::<String>();
    format!("{of} {} {by} {request}: {changes}{marks}", event.operation)
}
