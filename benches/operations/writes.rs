//! Operations that write, compared with writes of the same records.
//!
//! sled writes two buffers to the disk for each transaction and wakes seven threads for them.
//! Relaxed commits reached 0.8 to 1 of the floor when each had its own transaction (0.3 to 0.6
//! without the closing sync, which leaves out the floor's backlog). The engine therefore writes
//! them in the background, 64 to a transaction. The floor does the same in the foreground. Neither
//! the digest nor the frequency of syncs made a difference.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cognate::name::{IdentityId, IdentityPoolId};
use cognate::operation::{
    GetOpenIdTokenForDeveloperIdentityInput, MergeDeveloperIdentitiesInput,
    UnlinkDeveloperIdentityInput,
};
use cognate::store::{Batch, Durability};
use cognate::{Developer, Engine};

use crate::floor::{AT_ONCE, Floor, GroupCommit, Twin};
use crate::measure::{AtLeast, Bench, timed, timed_with};
use crate::{PROVIDER, named};

/// A pool and its owner.
type Owned<'a> = (&'a Developer, &'a IdentityPoolId);

/// The measured engine with one of its pools, and the floor.
pub(crate) struct Measured<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) owned: Owned<'a>,
    pub(crate) floor: &'a Floor,
}

/// New users, each on the disk when it is answered.
pub(crate) fn durable(bench: &mut Bench, measured: &Measured<'_>) {
    for writers in [1, 8, 32, 128] {
        let name = format!("durable register, {writers}");
        let durability = Durability::PowerLoss;
        writes(bench, (&name, 85), (writers, durability), measured, REGISTER);
    }
}

/// One writer, until all of its answered writes are on the disk.
pub(crate) fn relaxed(bench: &mut Bench, measured: &Measured<'_>) {
    let by = (1, Durability::Relaxed);
    writes(bench, ("relaxed register", 70), by, measured, REGISTER);
    writes(bench, ("relaxed link", 60), by, measured, LINK);
    writes(bench, ("relaxed merge, 10 + 10", 60), by, measured, MERGE);
    writes(bench, ("relaxed unlink", 60), by, measured, UNLINK);
}

/// An operation on fresh users: its preparation, and the operation itself.
pub(crate) struct Write<T> {
    pub(crate) prepare: fn(Owned<'_>, usize) -> T,
    pub(crate) act: fn(&Developer, T),
}

type Call = GetOpenIdTokenForDeveloperIdentityInput;

pub(crate) const REGISTER: Write<Call> = Write {
    prepare: |(_, pool), n| named(pool, &user(n, 0)),
    act: |aws, input| drop(aws.resolve_developer_identity(input).expect("a new user")),
};

pub(crate) const LINK: Write<Call> = Write {
    prepare: |owned, n| {
        let identity = users(owned, n, 0..1);
        named(owned.1, &user(n, 1)).identity_id(&identity)
    },
    act: |aws, input| drop(aws.resolve_developer_identity(input).expect("linked")),
};

pub(crate) const UNLINK: Write<UnlinkDeveloperIdentityInput> = Write {
    prepare: |owned, n| {
        let identity = users(owned, n, 0..2);
        UnlinkDeveloperIdentityInput::new(owned.1, &identity, PROVIDER, user(n, 1).as_str())
    },
    act: |aws, input| aws.unlink_developer_identity(input).expect("unlinked"),
};

pub(crate) const MERGE: Write<MergeDeveloperIdentitiesInput> = Write {
    prepare: |owned, n| {
        users(owned, n, 0..10);
        users(owned, n, 10..20);
        let (source, destination) = (user(n, 0), user(n, 10));
        let (source, destination) = (source.as_str(), destination.as_str());
        MergeDeveloperIdentitiesInput::new(owned.1, PROVIDER, source, destination)
    },
    act: |aws, input| drop(aws.merge_developer_identities(input).expect("merged")),
};

fn user(n: usize, login: usize) -> String {
    format!("new-{n:08}-{login:02}")
}

/// One identity with these users.
fn users((aws, pool): Owned<'_>, n: usize, logins: Range<usize>) -> IdentityId {
    let first = named(pool, &user(n, logins.start));
    let identity = aws.resolve_developer_identity(first).expect("a new user");
    for login in logins.skip(1) {
        let input = named(pool, &user(n, login)).identity_id(&identity);
        aws.resolve_developer_identity(input).expect("linked");
    }
    identity
}

fn writes<T: Send>(
    bench: &mut Bench,
    (name, least): (&str, u128),
    (writers, durability): (usize, Durability),
    &Measured { engine, owned, floor }: &Measured<'_>,
    Write { prepare, act }: Write<T>,
) {
    // Users that no other row has.
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let next = || NEXT.fetch_add(1, Ordering::Relaxed);
    let is_durable = durability == Durability::PowerLoss;
    let until_synced = |time: Duration, sync: &dyn Fn()| {
        let closing = timed(1, sync);
        if is_durable { time } else { time + closing }
    };
    let sync = || engine.sync().expect("a disk");
    let twin = Twin::new();
    let twins = (&twin.aws, &twin.pool);
    let commits = GroupCommit::new(floor);
    let apply = |batches: &[Batch]| floor.apply(batches);
    bench.row(
        name,
        AtLeast(least),
        |times| {
            let calls = (0..times).map(|_| prepare(owned, next())).collect();
            sync();
            until_synced(timed_with(calls, writers, |call| act(owned.0, call)), &sync)
        },
        |times| {
            let batches = (0..times).map(|_| {
                let call = prepare(twins, next());
                apply(&twin.take());
                act(twins.0, call);
                twin.take().pop().expect("a write")
            });
            let batches: Vec<Batch> = batches.collect();
            floor.sync();
            if is_durable {
                return timed_with(batches, writers, |batch| commits.commit(batch));
            }
            let groups = batches.chunks(AT_ONCE).collect();
            until_synced(timed_with(groups, writers, apply), &|| floor.sync())
        },
    );
}
