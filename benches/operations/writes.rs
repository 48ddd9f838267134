//! Operations that write, beside writes of the same records.

use std::sync::atomic::{AtomicUsize, Ordering};

use cognate::{
    Batch, Developer, Engine, GetOpenIdTokenForDeveloperIdentityInput, IdentityPoolId,
    MergeDeveloperIdentitiesInput, UnlinkDeveloperIdentityInput,
};

use crate::floor::{Floor, Twin};
use crate::measure::{Bench, Target, timed_with};
use crate::{PROVIDER, named};

/// A pool, and who owns it.
type Owned<'a> = (&'a Developer, &'a IdentityPoolId);

/// The engine that is measured, and a pool of its.
pub(crate) struct Measured<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) owned: Owned<'a>,
}

/// New users, on the disk once they are answered.
pub(crate) fn durable(bench: &mut Bench, engine: &Measured<'_>, floor: &Floor) {
    for writers in [1, 8, 32, 128] {
        let bench = &mut *bench;
        let name = format!("durable register, {writers}");
        writes(bench, (&name, 85), writers, engine, floor, REGISTER, |group| {
            floor.apply(group);
            floor.sync();
        });
    }
}

/// One writer; what it is answered is on the disk a moment later.
pub(crate) fn relaxed(bench: &mut Bench, engine: &Measured<'_>, floor: &Floor) {
    let apply = |group: &[Batch]| floor.apply(group);
    writes(bench, ("relaxed register", 70), 1, engine, floor, REGISTER, apply);
    writes(bench, ("relaxed link", 60), 1, engine, floor, LINK, apply);
    writes(bench, ("relaxed merge, 10 + 10", 60), 1, engine, floor, MERGE, apply);
    writes(bench, ("relaxed unlink", 60), 1, engine, floor, UNLINK, apply);
}

/// An operation on users that nobody else has: what comes before it, and the operation itself.
struct Write<T> {
    prepare: fn(Owned<'_>, usize) -> T,
    act: fn(&Developer, T),
}

type Call = GetOpenIdTokenForDeveloperIdentityInput;

const REGISTER: Write<Call> = Write {
    prepare: |(_, pool), n| named(pool, &user(n, 0)),
    act: |aws, input| drop(aws.resolve_developer_identity(&input).expect("a new user")),
};

const LINK: Write<Call> = Write {
    prepare: |owned, n| {
        let identity = users(owned, n, 0..1);
        named(owned.1, &user(n, 1)).identity_id(&identity).expect("an input")
    },
    act: |aws, input| drop(aws.resolve_developer_identity(&input).expect("linked")),
};

const UNLINK: Write<UnlinkDeveloperIdentityInput> = Write {
    prepare: |owned, n| {
        let identity = users(owned, n, 0..2);
        UnlinkDeveloperIdentityInput::new(owned.1, &identity, PROVIDER, user(n, 1).as_str())
            .expect("an input")
    },
    act: |aws, input| aws.unlink_developer_identity(input).expect("unlinked"),
};

const MERGE: Write<MergeDeveloperIdentitiesInput> = Write {
    prepare: |owned, n| {
        users(owned, n, 0..10);
        users(owned, n, 10..20);
        let (source, destination) = (user(n, 0), user(n, 10));
        let (source, destination) = (source.as_str(), destination.as_str());
        MergeDeveloperIdentitiesInput::new(owned.1, PROVIDER, source, destination)
            .expect("an input")
    },
    act: |aws, input| drop(aws.merge_developer_identities(input).expect("merged")),
};

fn user(n: usize, login: usize) -> String {
    format!("new-{n:08}-{login:02}")
}

/// One identity with these users.
fn users((aws, pool): Owned<'_>, n: usize, logins: std::ops::Range<usize>) -> cognate::IdentityId {
    let first = named(pool, &user(n, logins.start));
    let identity = aws.resolve_developer_identity(&first).expect("a new user");
    for login in logins.skip(1) {
        let input = named(pool, &user(n, login)).identity_id(&identity).expect("an input");
        aws.resolve_developer_identity(&input).expect("linked");
    }
    identity
}

fn writes<T: Send>(
    bench: &mut Bench,
    (name, least): (&str, u128),
    writers: usize,
    engine: &Measured<'_>,
    floor: &Floor,
    Write { prepare, act }: Write<T>,
    write: impl Fn(&[Batch]) + Sync,
) {
    // Other users than those of any other row.
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let next = || NEXT.fetch_add(1, Ordering::Relaxed);
    let twin = Twin::new();
    let twins = (&twin.aws, &twin.pool);
    let &Measured { engine, owned } = engine;
    bench.row(
        name,
        Target::Throughput(least),
        |times| {
            let calls = (0..times).map(|_| prepare(owned, next())).collect();
            engine.sync().expect("a disk");
            let time = timed_with(calls, writers, |call| act(owned.0, call));
            engine.sync().expect("a disk");
            time
        },
        |times| {
            let batches = (0..times).map(|_| {
                let call = prepare(twins, next());
                twin.take().iter().for_each(|batch| floor.apply(std::slice::from_ref(batch)));
                act(twins.0, call);
                twin.take().pop().expect("a write")
            });
            let batches: Vec<Batch> = batches.collect();
            floor.sync();
            let time = timed_with(batches.chunks(writers).collect(), 1, &write);
            floor.sync();
            time
        },
    );
}
