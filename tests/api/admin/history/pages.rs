//! Pages of events, and their tokens.

use std::collections::BTreeSet;

use cognate::admin::ListLoginsInput;
use cognate::name::NextToken;
use cognate::operation::TagResourceInput;
use cognate::store::{Key, Store, Tree};

use super::*;

#[test]
fn pages_of_every_size_give_the_same_events() {
    let world = world();
    let (pool, admin) = (town(&world), world.engine.admin());
    let ids: Vec<_> = (0..9).map(|n| world.register(&pool, &format!("user-{n}"))).collect();
    for (n, id) in ids.iter().enumerate().take(6) {
        for m in 0..n * 4 {
            world.clock.set(NOON + u64::try_from(m).expect("fits"));
            link(&admin, id, FACEBOOK, &format!("{n}")).expect("linked");
            unlink(&admin, id, FACEBOOK, &format!("{n}")).expect("unlinked");
        }
    }
    let [whole, of_pool] = [history(&world, &ids[5]), activity(&world, &pool)];
    assert_eq!(revisions(&whole), (1..=41).rev().collect::<Vec<_>>());
    assert_eq!(of_pool.len(), 1 + 9 + 2 * 4 * (1 + 2 + 3 + 4 + 5));
    for size in 1..=60 {
        assert_eq!(history_in_pages(&world, &ids[5], size), whole, "{size}");
        assert_eq!(activity_in_pages(&world, &pool, size), of_pool, "{size}");
    }
    // A single event, and a page that is just full.
    assert_eq!(revisions(&history_in_pages(&world, &ids[8], 1)), [1]);
    let full = admin.history(HistoryInput::new(&ids[5], 41)).expect("listed");
    assert_eq!((full.events.len(), full.next_token), (41, None));
}

/// Most identities have changed, so the journal tells of them, and the records of the others.
#[test]
fn the_activity_of_a_large_pool_tells_every_event_once_and_in_its_order() {
    let world = world();
    let pool = town(&world);
    let mut expected = BTreeSet::new();
    expected.insert((None, 1));
    for n in 0..400_u64 {
        world.clock.set(NOON + n / 3);
        let id = world.register(&pool, &format!("user-{n}"));
        expected.insert((Some(id.clone()), 1));
        if n % 5 > 0 && n < 360 {
            let input = call(&pool, &format!("user-{n}")).logins(FACEBOOK, format!("user:{n}"));
            assert_eq!(world.resolve(input).expect("linked"), id);
            expected.insert((Some(id), 2));
        }
        if n % 100 == 50 {
            let arn = world.aws.identity_pool_arn(&pool);
            let tag = TagResourceInput::new(&arn).tags(format!("{n}").as_str(), "x");
            world.aws.tag_resource(tag).expect("tagged");
            expected.insert((None, u32::try_from(n / 100).expect("fits") + 2));
        }
    }
    let whole = activity(&world, &pool);
    let told: BTreeSet<_> =
        whole.iter().map(|event| (event.identity_id.clone(), event.revision)).collect();
    assert_eq!((told.len(), &told), (whole.len(), &expected));
    let position = |event: &ChangeEvent| {
        let of_pool = event.identity_id.is_none();
        (event.date, of_pool, event.identity_id.clone(), event.revision)
    };
    assert!(whole.is_sorted_by(|newer, older| position(newer) > position(older)));
    for size in [1, 2, 7, 59] {
        assert_eq!(activity_in_pages(&world, &pool, size), whole, "{size}");
    }
    // One engine without a cache, and one that has written nothing.
    assert_eq!(activity(&world.over(with_journal), &pool), whole);
    world.check();
}

/// A page searches a limited number of records for creations, and ends where it has searched.
#[test]
fn identities_without_a_creation_in_their_records_end_a_page_early() {
    const MANY: u32 = 17_000;
    let world = World::with(without_journal);
    let pool = town(&world);
    let model = guest(&world, &pool);
    let journal = world.over(with_journal);
    let alice = journal.register(&pool, "alice");
    let key = |tree, at| Key::new(tree, records(&world, tree).into_keys().nth(at).expect("a key"));
    let [identity, index] = [Tree::Identities, Tree::IdentityIndex].map(|tree| key(tree, 0));
    assert!(identity.bytes.ends_with(&index.bytes) && model != alice);
    let values = [identity.clone(), index].map(|key| world.store.get(&[key]).expect("reads"));
    let [identity_value, address] = values.map(|mut values| values.remove(0).expect("a record"));
    // Younger guests: the key has the moment of the creation, and then the guid.
    let (pool_of, guid) = (&identity.bytes[..16], &identity.bytes[24..36]);
    let puts = (0..MANY).flat_map(|n| {
        let created = NOON + 1 + u64::from(n);
        let guid = [guid, &(0x0100_0000 + n).to_be_bytes()].concat();
        let at = [pool_of, &created.to_be_bytes(), &guid].concat();
        let mut address = address.clone();
        let moment = address.len() - 8;
        address[moment..].copy_from_slice(&created.to_le_bytes());
        let index = (Key::new(Tree::IdentityIndex, guid), address);
        [(Key::new(Tree::Identities, at), identity_value.clone()), index]
    });
    plant(&world, puts.collect());
    world.clock.set(NOON + 1_000_000);
    let bob = journal.register(&pool, "bob");

    let admin = world.engine.admin();
    let first = admin.activity(ActivityInput::new(&pool, 60)).expect("listed");
    let ids = |events: &[ChangeEvent]| {
        events
            .iter()
            .map(|event| event.identity_id.clone().expect("an identity"))
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&first.events), std::slice::from_ref(&bob));
    assert!(first.next_token.is_some());
    assert_eq!(ids(&activity(&world, &pool)), [bob, alice]);
}

#[test]
fn a_page_goes_on_where_it_ended_whatever_comes_between() {
    let world = world();
    let (pool, admin) = (town(&world), world.engine.admin());
    let alice = world.register(&pool, "alice");
    link(&admin, &alice, FACEBOOK, "1").expect("linked");
    world.clock.set(NOON + 1);
    let bob = world.register(&pool, "bob");
    unlink(&admin, &alice, FACEBOOK, "1").expect("unlinked");
    let first = admin.history(HistoryInput::new(&alice, 1)).expect("listed");
    let of_pool = admin.activity(ActivityInput::new(&pool, 2)).expect("listed");
    assert_eq!(lines(&of_pool.events)[0][..7], *"<3>/1 G");
    world.clock.set(NOON + 2);
    link(&admin, &alice, FACEBOOK, "2").expect("linked");
    // The creation moves from the record to the journal.
    link(&admin, &bob, FACEBOOK, "3").expect("linked");
    let next = first.next_token.expect("there are more");
    let second = admin.history(HistoryInput::new(&alice, 60).next_token(next)).expect("listed");
    assert_eq!(revisions(&second.events), [2, 1]);
    let next = of_pool.next_token.expect("there are more");
    let second = admin.activity(ActivityInput::new(&pool, 60).next_token(next)).expect("listed");
    let told = [of_pool.events, second.events].concat();
    let told: Vec<_> = told.iter().map(|e| (e.identity_id.as_ref(), e.revision)).collect();
    let (alice, bob) = (Some(&alice), Some(&bob));
    assert_eq!(told, [(bob, 1), (alice, 3), (None, 1), (alice, 2), (alice, 1)]);
}

#[test]
fn a_token_of_another_listing_is_refused() {
    let world = world();
    let (pool, other, admin) = (town(&world), town(&world), world.engine.admin());
    let alice = world.register(&pool, "alice");
    let [bob, carol] = ["bob", "carol"].map(|user| world.register(&pool, user));
    let dave = world.register(&other, "dave");
    for id in [&alice, &bob, &carol, &dave] {
        link(&admin, id, AMAZON, id.as_str().rsplit_once('-').expect("a guid").1).expect("linked");
    }
    let token = |next: Option<NextToken>| next.expect("there are more");
    let of_history = token(admin.history(HistoryInput::new(&alice, 1)).expect("l").next_token);
    let of_activity = token(admin.activity(ActivityInput::new(&pool, 1)).expect("l").next_token);
    let of_logins = token(admin.list_logins(ListLoginsInput::new(&pool, 1)).expect("l").next_token);
    let noise: NextToken = parse("AAAA");

    let history = |id, token: &NextToken| admin.history(HistoryInput::new(id, 1).next_token(token));
    history(&alice, &of_history).expect("its own token");
    for (id, token) in [
        (&bob, &of_history),
        (&dave, &of_history),
        (&alice, &of_activity),
        (&alice, &of_logins),
        (&alice, &noise),
    ] {
        assert_eq!(refusal(history(id, token)), Refusal::NextTokenInvalid);
    }
    let activity =
        |id, token: &NextToken| admin.activity(ActivityInput::new(id, 1).next_token(token));
    activity(&pool, &of_activity).expect("its own token");
    for (id, token) in
        [(&other, &of_activity), (&pool, &of_history), (&pool, &of_logins), (&pool, &noise)]
    {
        assert_eq!(refusal(activity(id, token)), Refusal::NextTokenInvalid);
    }
    let listed = ListLoginsInput::new(&pool, 1).next_token(&of_history);
    assert_eq!(refusal(admin.list_logins(listed)), Refusal::NextTokenInvalid);

    // Cut, changed and lengthened tokens are refused, or go on somewhere in the same listing.
    let text = of_activity.as_str();
    for at in 0..text.len() {
        for forged in [text[..at].to_owned(), format!("{}{}", text, &text[..at]), {
            let mut bytes = text.as_bytes().to_vec();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            String::from_utf8(bytes).expect("ASCII")
        }] {
            let Ok(forged) = forged.parse::<NextToken>() else { continue };
            match activity(&pool, &forged) {
                Ok(page) => assert!(page.events.iter().all(|e| e.identity_pool_id == pool)),
                Err(cognate::Error::Refused(refused)) => {
                    assert_eq!(refused, Refusal::NextTokenInvalid);
                }
                Err(other) => panic!("{other:?}"),
            }
        }
    }
    // The identity is looked for before the token is read.
    let unknown: IdentityId = parse(&id(0xfff));
    let refused = refusal(history(&unknown, &noise));
    assert_eq!(refused, Refusal::IdentityNotFound { identity_id: unknown });
}
