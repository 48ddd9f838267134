//! Pages of listings, compared with reads of the same records.
//!
//! Instructions of a page of 60 identities, by callgrind: 533,000 when each record was decoded
//! completely, 395,000 when only the shown members were, and 330,000 now that records are visited
//! in place. Of these, sled's iteration takes 135,000, decoding with the shown ids and provider
//! names 129,000, and dropping the answer 24,000.

use cognate::Developer;
use cognate::name::{IdentityId, IdentityPoolId};
use cognate::operation::{ListIdentitiesInput, LookupDeveloperIdentityInput};
use cognate::store::{Key, Tree};

use crate::floor::{Floor, Twin};
use crate::measure::{AtLeast, Bench, timed, timed_each_of};
use crate::named;

const PAGE: i64 = 60;
/// The largest number of users of an identity.
const USERS: usize = 20;

pub(crate) fn all(bench: &mut Bench, aws: &Developer, pool: &IdentityPoolId, floor: &Floor) {
    let list = [ListIdentitiesInput::new(pool, PAGE)];
    bench.row(
        "list, page of 60",
        AtLeast(60),
        timed_each_of(&list, |input| aws.list_identities(input).expect("a page")),
        |times| {
            timed(times, || {
                let entries = floor.tree(Tree::Identities).iter().take(60);
                let entries: Result<Vec<_>, _> = entries.collect();
                entries.expect("a readable tree")
            })
        },
    );

    let first = identity_with_users(aws, pool);
    let lookup = [LookupDeveloperIdentityInput::new(pool).identity_id(&first).max_results(PAGE)];
    let keys = same_in(floor);
    bench.row(
        "lookup, 20 users",
        AtLeast(60),
        timed_each_of(&lookup, |input| aws.lookup_developer_identity(input).expect("a page")),
        |times| {
            timed(times, || {
                let get = |key: &Key| floor.tree(key.tree).get(&key.bytes);
                keys.each_ref().map(|key| get(key).expect("a readable tree").expect("a record"))
            })
        },
    );
}

fn identity_with_users(aws: &Developer, pool: &IdentityPoolId) -> IdentityId {
    let first = aws.resolve_developer_identity(named(pool, "twenty-00")).expect("a new user");
    for n in 1..USERS {
        let input = named(pool, &format!("twenty-{n:02}")).identity_id(&first);
        aws.resolve_developer_identity(input).expect("linked");
    }
    first
}

/// Writes the same identity to the floor. Returns the keys of its index entry and of its record.
fn same_in(floor: &Floor) -> [Key; 2] {
    let twin = Twin::new();
    identity_with_users(&twin.aws, &twin.pool);
    let batches = twin.take();
    floor.apply(&batches);
    [Tree::IdentityIndex, Tree::Identities].map(|tree| {
        let mut keys = batches.iter().flat_map(|batch| &batch.puts).map(|(key, _)| key);
        keys.find(|key| key.tree == tree).expect("a new user").clone()
    })
}
