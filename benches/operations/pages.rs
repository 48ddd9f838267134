//! Pages, beside a scan of as many records.
//!
//! Instructions of a page of 60 identities, by callgrind: 533,000 when each was decoded whole,
//! 395,000 when only what is told was, 330,000 since records are visited where they lie. sled's
//! iteration over as many is 135,000 of these, decoding with the ids and provider names that are
//! told 129,000, and what the caller drops 24,000.

use cognate::Developer;
use cognate::name::IdentityPoolId;
use cognate::operation::{ListIdentitiesInput, LookupDeveloperIdentityInput};
use cognate::store::Tree;

use crate::floor::Floor;
use crate::measure::{Bench, Target, timed};
use crate::named;

const PAGE: i64 = 60;
/// The most that one identity has.
const USERS: usize = 20;

pub(crate) fn all(bench: &mut Bench, aws: &Developer, pool: &IdentityPoolId, floor: &Floor) {
    let scan = |times| {
        timed(times, || {
            let entries = floor.tree(Tree::Identities).iter().take(60);
            let entries: Result<Vec<_>, _> = entries.collect();
            entries.expect("a readable tree")
        })
    };
    let list = ListIdentitiesInput::new(pool, PAGE);
    bench.row(
        "list, page of 60",
        Target::Throughput(60),
        |times| timed(times, || aws.list_identities(list.clone()).expect("a page")),
        scan,
    );

    let first = aws.resolve_developer_identity(named(pool, "twenty-00")).expect("a new user");
    for n in 1..USERS {
        let input = named(pool, &format!("twenty-{n:02}")).identity_id(&first);
        aws.resolve_developer_identity(input.clone()).expect("linked");
    }
    let lookup = LookupDeveloperIdentityInput::new(pool).identity_id(&first).max_results(PAGE);
    bench.row(
        "lookup, 20 users",
        Target::Throughput(60),
        |times| timed(times, || aws.lookup_developer_identity(lookup.clone()).expect("a page")),
        scan,
    );
}
