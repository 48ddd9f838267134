//! Events in the journal, and their keys.

use crate::records::layout::{Left, Read, guid, shapes};

/// The pool, and an event of an identity or of the pool itself.
pub(super) fn journal(key: &mut Left<'_>) -> Read {
    guid(key)?;
    event_number(key)
}

fn event_number(key: &mut Left<'_>) -> Read {
    match key.take(1)? {
        b"i" => guid(key)?,
        b"p" => {}
        _ => return None,
    }
    key.take(4).map(drop)
}

pub(super) fn activity(key: &mut Left<'_>) -> Read {
    guid(key)?;
    key.take(8)?;
    event_number(key)
}

pub(super) fn event(body: &mut Left<'_>) -> Read {
    body.moment()?;
    source(body)?;
    body.list(change)?;
    body.optional(event_id)?;
    body.optional(event_id)
}

/// The operation, the kind of caller, and the request id: a UUID or another one.
pub(super) fn source(body: &mut Left<'_>) -> Read {
    matches!(body.take(1)?, [1..=15 | 64..=70]).then_some(())?;
    matches!(body.take(1)?, [0..=2]).then_some(())?;
    let mut ids = 0;
    body.optional(|body| {
        ids += 1;
        body.take(16).map(drop)
    })?;
    body.optional(|body| {
        ids += 1;
        body.text(&shapes().request).map(drop)
    })?;
    (ids < 2).then_some(())
}

fn change(body: &mut Left<'_>) -> Read {
    match body.choice(12)? {
        // Created, unlinked.
        0 | 5 => body.list(link),
        // Linked, and whether it was a guest.
        1 => {
            body.list(link)?;
            body.boolean()
        }
        // Took over, gave up, gave back.
        2..=4 => {
            body.list(link)?;
            event_id(body)
        }
        // Restored.
        7 => {
            body.choice(3)?;
            body.list(link)
        }
        // A changed pool, with its members.
        10 => body.list(|body| body.choice(12).map(drop)),
        // Disabled, deleted, a pool created or deleted.
        _ => Some(()),
    }
}

fn event_id(body: &mut Left<'_>) -> Read {
    let length = body.length()?;
    let (identity, revision) = body.utf8(length)?.rsplit_once('/')?;
    let number: u32 = revision.parse().ok()?;
    (shapes().identity.accepts(identity) && number.to_string() == revision).then_some(())
}

pub(super) fn link(body: &mut Left<'_>) -> Read {
    body.choice(2)?;
    body.text(&shapes().provider)?;
    body.text(&shapes().subject)?;
    body.take(4).map(drop)
}
