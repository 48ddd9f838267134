//! Tags, attribute maps and pages.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;
use proptest::sample::select;

use crate::name::{
    DeveloperUserIdentifier, NextToken, PrincipalTagKey, PrincipalTagValue, TagKey, TagValue,
};
use crate::rules::developer::{Lookup, lookup};
use crate::rules::page::{Listing, Page, PageSize};
use crate::rules::properties::cases;
use crate::rules::properties::world;
use crate::rules::tags::{tag, untag};
use crate::rules::{Change, Decided, Effect, Refusal, attributes};
use crate::state::{IdentityPool, LOGINS_MAX, Login, Pool, PrincipalTags};

const TAGS_MAX: usize = IdentityPool::TAGS_MAX;

type Tags = BTreeMap<TagKey, TagValue>;

fn tags(count: impl Into<proptest::collection::SizeRange>) -> impl Strategy<Value = Tags> {
    let key = (0_u8..60).prop_map(|n| format!("k{n}").parse().expect("a key"));
    let value = (0_u8..3).prop_map(|n| format!("v{n}").parse().expect("a value"));
    btree_map(key, value, count)
}

fn pool_with(tags: &Tags) -> Pool {
    let mut pool = world::pool();
    pool.settings.identity_pool_tags = tags.clone();
    pool
}

/// The pool after a decision about it.
fn after<T>(before: &Pool, decided: Decided<T>) -> Pool {
    let mut pool = before.clone();
    for effect in decided.effects {
        let Effect::Pool(change) = effect else { panic!("{effect:?}") };
        let Change::Update { before, after } = *change else { panic!("{change:?}") };
        assert_eq!(before, pool);
        let unrevised = before.clone().succeeding(&before);
        assert_ne!(unrevised, after, "an effect without an effect");
        assert_eq!(unrevised.revision, after.revision, "{after:?}");
        pool = after;
    }
    pool
}

/// All entries of a listing and the number of its pages.
fn walk<T>(mut page: impl FnMut(Option<&NextToken>) -> Page<T>, size: PageSize) -> (Vec<T>, usize) {
    let (mut all, mut pages, mut next) = (Vec::new(), 0, None);
    loop {
        let read = page(next.as_ref());
        assert!(read.entries.len() <= size.get(), "a page too long");
        assert!(read.next.is_none() || read.entries.len() == size.get(), "a short page");
        all.extend(read.entries);
        pages += 1;
        next = read.next;
        if next.is_none() {
            return (all, pages);
        }
    }
}

fn sizes() -> impl Strategy<Value = PageSize> {
    prop_oneof![1_i64..8, 1_i64..=60].prop_map(|size| size.try_into().expect("a size"))
}

fn text(length: std::ops::Range<usize>) -> impl Strategy<Value = String> {
    (select(vec!["a", "é"]), length).prop_map(|(letter, length)| letter.repeat(length))
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn tags_come_and_go(has in tags(0..=TAGS_MAX), added in tags(0..12), removed in tags(0..12)) {
        let before = pool_with(&has);
        let mut expected = has.clone();
        expected.extend(added.clone());
        match tag(&before, added.clone()) {
            Ok(decided) => {
                let tagged = after(&before, decided);
                prop_assert_eq!(&tagged.settings, &pool_with(&expected).settings);
                prop_assert!(expected.len() <= TAGS_MAX);
                let again = tag(&tagged, added.clone()).expect("again");
                prop_assert_eq!(again, Decided::unchanged(()), "tagging again");
            }
            Err(refusal) => {
                prop_assert_eq!(refusal, Refusal::TooManyTags);
                prop_assert!(expected.len() > TAGS_MAX);
            }
        }
        let keys: Vec<_> = removed.keys().cloned().collect();
        let untagged = after(&before, untag(&before, &keys));
        let mut expected = has;
        expected.retain(|key, _| !removed.contains_key(key));
        prop_assert_eq!(&untagged.settings, &pool_with(&expected).settings);
        prop_assert_eq!(untag(&untagged, &keys), Decided::unchanged(()), "untagging again");
    }

    /// Tagging with new keys and untagging them restores the pool.
    #[test]
    fn untagging_undoes_tagging(has in tags(0..=TAGS_MAX), added in tags(0..12)) {
        let before = pool_with(&has);
        let added: Tags = added.into_iter().filter(|(key, _)| !has.contains_key(key)).collect();
        let keys: Vec<_> = added.keys().cloned().collect();
        if let Ok(decided) = tag(&before, added) {
            let tagged = after(&before, decided);
            prop_assert_eq!(after(&tagged, untag(&tagged, &keys)).settings, before.settings);
        }
    }

    /// The limit counts bytes, not characters.
    #[test]
    fn tags_of_a_session_are_never_longer_than_460_bytes(
        tags in btree_map(text(1..20), text(1..120), 0..9),
    ) {
        let length: usize = tags.iter().map(|(key, value)| key.len() + value.len()).sum();
        let tags = tags.iter().map(|(key, value)| {
            let key: PrincipalTagKey = key.parse().expect("a key");
            let value: PrincipalTagValue = value.parse().expect("a value");
            (key, value)
        });
        let tags: PrincipalTags = tags.collect();
        prop_assert_eq!(attributes::check_length(&tags).is_ok(), length <= 460);
    }

    #[test]
    fn pages_show_everything_once(
        positions in btree_set(vec(any::<u8>(), 3), 0..130),
        listing in prop_oneof![Just(Listing::Pools), Just(Listing::Identities)],
        size in sizes(),
    ) {
        let page = |token: Option<&NextToken>| {
            let after = token.map(|token| listing.position(token, &[], 3).expect("a position"));
            let rest = positions.iter().filter(|p| after.as_ref().is_none_or(|after| *p > after));
            let rest = rest.take(size.get() + 1).map(|p| (p.clone(), p.clone()));
            Page::cut(listing, rest.collect(), size)
        };
        let (all, pages) = walk(page, size);
        prop_assert_eq!(all.iter().collect::<Vec<_>>(), positions.iter().collect::<Vec<_>>());
        prop_assert_eq!(pages, positions.len().div_ceil(size.get()).max(1));
    }

    /// A lookup shows every user exactly once who stays linked throughout. A user who is linked or
    /// unlinked between two pages is shown at most once per link.
    #[test]
    fn a_lookup_shows_everything_once(
        users in btree_set("[a-z]{1,3}", 1..=LOGINS_MAX),
        changes in vec((any::<bool>(), "[a-z]{1,3}", any::<prop::sample::Index>()), 0..30),
        size in sizes(),
    ) {
        let developer = |user: &str| world::login(&format!("d:{user}"));
        let mut identity = world::guest("X");
        identity.link(users.iter().map(|user| developer(user)), world::NOW).expect("fits");
        let (mut ever, mut throughout, mut changes) = (users.clone(), users, changes.into_iter());
        let (all, _) = walk(
            |token| {
                let by = Lookup::Identity(identity.id());
                let page = lookup(by, &identity, (size, token)).expect("a page").users;
                if let Some((gains, user, at)) = changes.next() {
                    let known: Vec<Login> = identity.logins().cloned().collect();
                    if gains && known.len() < LOGINS_MAX && ever.insert(user.clone()) {
                        identity.link([developer(&user)], world::NOW).expect("fits");
                    } else if !gains && known.len() > 1 {
                        let lost = at.get(&known);
                        identity.unlink(lost, world::NOW);
                        throughout.remove(lost.subject().as_str());
                    }
                }
                page
            },
            size,
        );
        let shown: BTreeSet<_> = all.iter().map(DeveloperUserIdentifier::as_str).collect();
        prop_assert_eq!(shown.len(), all.len(), "shown twice: {:?}", all);
        for user in &throughout {
            prop_assert!(shown.contains(user.as_str()), "{:?} lacks {:?}", all, user);
        }
    }
}
