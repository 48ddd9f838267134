//! The cost of the journal: the same engine with it and without it.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use cognate::name::{IdentityId, IdentityPoolId};
use cognate::operation::{
    CreateIdentityPoolInput, GetIdInput, GuestAccess, MergeDeveloperIdentitiesInput,
};
use cognate::store::{Durability, SledOptions};
use cognate::{Developer, Engine, Journal};

use crate::disk::size;
use crate::measure::{AtLeast, Bench, timed, timed_with};
use crate::writes::{LINK, MERGE, REGISTER, UNLINK, Write};
use crate::{PROVIDER, developer, named};

/// More identities make no difference to the bytes of one.
const MEASURED_MAX: usize = 100_000;
const WRITERS: usize = 8;

pub(crate) fn all(bench: &mut Bench, folder: &Path) {
    bytes(bench, folder);
    if DURABLE.iter().any(|row| bench.wants(row)) {
        let sides = sides(folder, "durable", Durability::PowerLoss);
        let [register, link] = DURABLE;
        compare(bench, (register, 87), WRITERS, &sides, REGISTER);
        compare(bench, (link, 60), WRITERS, &sides, LINK);
    }
    if RELAXED.iter().any(|row| bench.wants(row)) {
        let sides = sides(folder, "relaxed", Durability::Relaxed);
        let [link, merge, unlink] = RELAXED;
        compare(bench, (link, 35), 1, &sides, LINK);
        compare(bench, (merge, 35), 1, &sides, MERGE);
        compare(bench, (unlink, 35), 1, &sides, UNLINK);
    }
}

/// By several writers at once.
const DURABLE: [&str; 2] = ["journal, register, 8", "journal, link, 8"];
const RELAXED: [&str; 3] =
    ["journal, relaxed link", "journal, relaxed merge", "journal, relaxed unlink"];

/// An engine with a pool.
struct Side {
    engine: Engine,
    aws: Developer,
    pool: IdentityPoolId,
}

impl Side {
    fn open(path: &Path, durability: Durability, journal: Option<Journal>) -> Self {
        let builder = Engine::builder();
        let builder = match journal {
            Some(journal) => builder.journal(journal),
            None => builder,
        };
        let options = SledOptions::new(path).durability(durability);
        let engine = builder.open_sled(options).expect("a new database");
        let aws = developer(&engine);
        let input = CreateIdentityPoolInput::new("bench", GuestAccess::Allowed);
        let pool = aws.create_identity_pool(input.developer_provider_name(PROVIDER));
        let pool = pool.expect("a pool").identity_pool_id;
        Self { engine, aws, pool }
    }

    fn register(&self, user: &str) -> IdentityId {
        self.aws.resolve_developer_identity(named(&self.pool, user)).expect("a new user")
    }
}

const JOURNALS: [Option<Journal>; 2] = [Some(Journal::keep(90)), None];

/// Empty databases, with the journal and without it.
fn sides(folder: &Path, name: &str, durability: Durability) -> [Side; 2] {
    JOURNALS.map(|journal| {
        let name = format!("journal-{name}-{}", journal.is_some());
        Side::open(&folder.join(name), durability, journal)
    })
}

/// Makes the identity of a number.
type Make = fn(&Side, usize);

/// The bytes on the disk of identities that are made in these ways.
const BYTES: [(&str, u128, Make); 4] = [
    ("journal, bytes of a guest", 95, |side, _| {
        side.engine.public().get_id(GetIdInput::new(&side.pool)).expect("a guest");
    }),
    ("journal, bytes of a user", 95, |side, n| drop(side.register(&format!("first-{n:08}")))),
    ("journal, bytes linked", 40, |side, n| {
        let first = side.register(&format!("first-{n:08}"));
        let call = named(&side.pool, &format!("other-{n:08}")).identity_id(&first);
        side.aws.resolve_developer_identity(call).expect("linked");
    }),
    ("journal, bytes merged", 33, |side, n| {
        let users = ["first", "other"].map(|user| format!("{user}-{n:08}"));
        for user in &users {
            side.register(user);
        }
        let [first, other] = users.each_ref().map(String::as_str);
        let input = MergeDeveloperIdentitiesInput::new(&side.pool, PROVIDER, other, first);
        side.aws.merge_developer_identities(input).expect("merged");
    }),
];

fn bytes(bench: &mut Bench, folder: &Path) {
    let identities = bench.scale.identities.min(MEASURED_MAX);
    for (place, (row, least, make)) in BYTES.into_iter().enumerate() {
        if bench.wants(row) {
            let bytes = JOURNALS.map(|journal| {
                let path = folder.join(format!("journal-bytes-{place}-{}", journal.is_some()));
                let side = Side::open(&path, Durability::Relaxed, journal);
                (0..identities).for_each(|n| make(&side, n));
                drop(side);
                u128::from(size(&path)) * 100 / identities as u128
            });
            bench.measured(row, "bytes", AtLeast(least), &[bytes]);
        }
    }
}

fn compare<T: Send>(
    bench: &mut Bench,
    (name, least): (&str, u128),
    writers: usize,
    sides: &[Side; 2],
    Write { prepare, act }: Write<T>,
) {
    let next = AtomicUsize::new(0);
    let [figure, floor] = sides.each_ref().map(|side| {
        |times: u64| {
            let owned = (&side.aws, &side.pool);
            let call = |_| prepare(owned, next.fetch_add(1, Ordering::Relaxed));
            let calls = (0..times).map(call).collect();
            let sync = || side.engine.sync().expect("a disk");
            sync();
            timed_with(calls, writers, |call| act(owned.0, call)) + timed(1, sync)
        }
    });
    bench.variants(name, AtLeast(least), figure, floor);
}
