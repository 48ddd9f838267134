//! Pages of listings, compared with a scan of as many records.
//!
//! Instructions of a page of 60 identities, by callgrind: 533,000 when each record was decoded
//! completely, 395,000 when only the shown members were, and 330,000 now that records are visited
//! in place. Of these, sled's iteration takes 135,000, decoding with the shown ids and provider
//! names 129,000, and dropping the answer 24,000.

use cognate::Developer;
use cognate::name::IdentityPoolId;
use cognate::operation::{ListIdentitiesInput, LookupDeveloperIdentityInput};
use cognate::store::Tree;

use crate::floor::Floor;
use crate::measure::{Bench, Target, timed};
use crate::named;

const PAGE: i64 = 60;
/// The largest number of users of an identity.
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
        aws.resolve_developer_identity(input).expect("linked");
    }
    let lookup = LookupDeveloperIdentityInput::new(pool).identity_id(&first).max_results(PAGE);
    bench.row(
        "lookup, 20 users",
        Target::Throughput(60),
        |times| timed(times, || aws.lookup_developer_identity(lookup.clone()).expect("a page")),
        scan,
    );
}
