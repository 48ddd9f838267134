//! Listings read in pages while others write: no entry appears twice, and none that existed
//! throughout is missing.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use cognate::name::{IdentityId, IdentityPoolId};
use cognate::operation::{
    CreateIdentityPoolInput, DeleteIdentitiesInput, DeleteIdentityPoolInput,
    GetOpenIdTokenForDeveloperIdentityInput, GuestAccess, ListIdentitiesInput,
    ListIdentityPoolsInput, MergeDeveloperIdentitiesInput, UnlinkDeveloperIdentityInput,
    UpdateIdentityPoolInput,
};
use cognate::store::{Durability, SledOptions};
use cognate::token::SigningAlgorithm;
use cognate::{Builder, Developer, Engine, Journal};

use crate::effort;
use crate::twin::Numbers;

const STANDING: u64 = 20;
const PASSING: u64 = 6;
const WALKS: u32 = 25;

fn developer(engine: &Engine) -> Developer {
    engine.developer("123456789012".parse().unwrap(), "us-east-1".parse().unwrap())
}

fn new_pool(aws: &Developer, name: &str) -> IdentityPoolId {
    let input = CreateIdentityPoolInput::new(name, GuestAccess::Denied);
    let input = input.developer_provider_name("login.game");
    aws.create_identity_pool(input).expect("creates").identity_pool_id
}

fn register(aws: &Developer, pool: &IdentityPoolId, user: &str) -> IdentityId {
    let input = GetOpenIdTokenForDeveloperIdentityInput::new(pool);
    let input = input.logins("login.game", user);
    aws.resolve_developer_identity(input).expect("registers")
}

/// A page of a listing, and the token of the next page.
type Page<T> = (Vec<T>, Option<String>);

/// Reads a listing from beginning to end, again and again, while others write.
fn walk<T: Ord + Clone + std::fmt::Debug>(
    standing: &BTreeSet<T>,
    page: impl Fn(i64, Option<String>) -> Page<T>,
    write: impl Fn(u64, &Numbers) + Sync,
) {
    let (done, sizes) = (AtomicBool::new(false), Numbers::new(1));
    let size = || sizes.below(4).cast_signed() + 1;
    thread::scope(|scope| {
        for writer in 0..2 {
            let (done, write) = (&done, &write);
            scope.spawn(move || {
                let numbers = Numbers::new(writer);
                while !done.load(Ordering::SeqCst) {
                    write(writer, &numbers);
                }
            });
        }
        // Set even if a walk panics, so that the writers end.
        let _done = Done(&done);
        for walk in 0..WALKS * effort() {
            let (mut shown, mut next) = page(size(), None);
            while next.is_some() {
                let (entries, after) = page(size(), next);
                shown.extend(entries);
                next = after;
            }
            let once: BTreeSet<T> = shown.iter().cloned().collect();
            assert_eq!(once.len(), shown.len(), "walk {walk} shows something twice: {shown:?}");
            assert!(standing.is_subset(&once), "walk {walk} misses one of {standing:?}: {shown:?}");
        }
    });
}

struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Temporary users are registered and merged with permanent ones, and their identities are deleted.
fn identities(engine: &Engine, hide_disabled: bool) {
    let aws = developer(engine);
    let pool = new_pool(&aws, "game");
    let standing: BTreeSet<IdentityId> =
        (0..STANDING).map(|n| register(&aws, &pool, &format!("standing-{n}"))).collect();
    let page = |size, next| {
        let mut input = ListIdentitiesInput::new(&pool, size).hide_disabled(hide_disabled);
        if let Some(next) = next {
            input = input.next_token(next);
        }
        let page = aws.list_identities(input).expect("lists");
        let ids = page.identities.into_iter().map(|identity| identity.identity_id);
        (ids.collect(), page.next_token.map(|token| token.to_string()))
    };
    walk(&standing, page, |writer, numbers| {
        let user = format!("passing-{writer}-{}", numbers.below(PASSING));
        let passing = register(&aws, &pool, &user);
        let into = format!("standing-{}", numbers.below(STANDING));
        if standing.contains(&passing) {
            let unlink = UnlinkDeveloperIdentityInput::new(&pool, &passing, "login.game", user);
            aws.unlink_developer_identity(unlink).expect("unlinks");
            return;
        }
        if numbers.below(2) == 0 {
            let merge = MergeDeveloperIdentitiesInput::new(&pool, "login.game", user, into);
            aws.merge_developer_identities(merge).expect("merges");
        }
        let delete = DeleteIdentitiesInput::new([&passing]);
        aws.delete_identities(delete).expect("deletes");
    });
    assert_eq!(engine.check().expect("readable"), []);
}

/// Temporary pools are created and deleted, and permanent ones are renamed.
fn pools(engine: &Engine) {
    let aws = developer(engine);
    let standing: BTreeSet<IdentityPoolId> =
        (0..STANDING).map(|_| new_pool(&aws, "standing")).collect();
    let page = |size, next| {
        let mut input = ListIdentityPoolsInput::new(size);
        if let Some(next) = next {
            input = input.next_token(next);
        }
        let page = aws.list_identity_pools(input).expect("lists");
        let ids = page.identity_pools.into_iter().map(|pool| pool.identity_pool_id);
        (ids.collect(), page.next_token.map(|token| token.to_string()))
    };
    walk(&standing, page, |_, numbers| {
        let passing = new_pool(&aws, "passing");
        let place = usize::try_from(numbers.below(STANDING)).expect("a few");
        let renamed = standing.iter().nth(place).expect("one");
        let name = format!("standing {}", numbers.below(3));
        let update = UpdateIdentityPoolInput::new(renamed, name, GuestAccess::Denied);
        aws.update_identity_pool(update).expect("updates");
        let delete = DeleteIdentityPoolInput::new(&passing);
        aws.delete_identity_pool(delete).expect("deletes");
    });
    assert_eq!(engine.check().expect("readable"), []);
}

fn all_listings(open: impl Fn(Builder) -> Engine) {
    let builder = || Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa);
    let journal = Journal::keep(90);
    identities(&open(builder()), false);
    identities(&open(builder().journal(journal)), true);
    pools(&open(builder().journal(journal)));
}

#[test]
fn in_memory() {
    all_listings(|builder| builder.in_memory().expect("opens"));
}

#[test]
fn over_sled() {
    let folders = tempfile::tempdir().expect("a folder");
    let count = AtomicUsize::new(0);
    all_listings(|builder| {
        let folder = folders.path().join(count.fetch_add(1, Ordering::SeqCst).to_string());
        let options = SledOptions::new(folder).durability(Durability::Relaxed);
        builder.open_sled(options).expect("opens")
    });
}
