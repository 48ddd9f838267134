//! Pages and their tokens, and the form of the outputs.

use cognate::Refusal;
use cognate::admin::{AdminListIdentitiesInput, ListLoginsInput};
use cognate::ambient::Timestamp;
use cognate::name::{IdentityPoolId, NextToken};
use cognate::operation::{IdentityState, ListIdentitiesInput, ListIdentityPoolsInput};
use cognate::store::{Key, Tree};

use crate::admin::{delete, guest, plant, records, refusal, town};
use crate::support::{AMAZON, GAME, NOON, World, parse};

#[test]
fn pages_go_on_after_an_entry_that_is_gone() {
    let world = World::new();
    let (pool, admin) = (town(&world), world.engine.admin());
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(|user| world.register(&pool, user));
    let of_identities = AdminListIdentitiesInput::new(&pool, 1);
    let first = admin.list_identities(of_identities.clone()).expect("listed");
    let of_logins = ListLoginsInput::new(&pool, 1).provider(GAME);
    let first_login = admin.list_logins(of_logins.clone()).expect("listed");
    delete(&admin, [&alice, &bob]).expect("deleted");
    let next = first.next_token.expect("there are more");
    let second = admin.list_identities(of_identities.next_token(next)).expect("listed");
    assert_eq!((&second.identities[0].identity_id, second.next_token), (&carol, None));
    let next = first_login.next_token.expect("there are more");
    let second = admin.list_logins(of_logins.next_token(next)).expect("listed");
    assert_eq!((&second.logins[0].identity_id, second.next_token), (&carol, None));
}

#[test]
fn a_token_of_one_listing_is_no_token_of_another() {
    let world = World::new();
    let (pool, other, admin) = (town(&world), town(&world), world.engine.admin());
    for (pool, user) in [(&pool, "alice"), (&pool, "bob"), (&other, "alice"), (&other, "bob")] {
        world.register(pool, user);
    }
    let with = |token: Option<&NextToken>, of: &str, pool: &IdentityPoolId| match of {
        "pools" => {
            let input = ListIdentityPoolsInput::new(1);
            let input = token.into_iter().fold(input, ListIdentityPoolsInput::next_token);
            admin.list_identity_pools(input).map(|page| page.next_token)
        }
        "own pools" => {
            let input = ListIdentityPoolsInput::new(1);
            let input = token.into_iter().fold(input, ListIdentityPoolsInput::next_token);
            world.aws.list_identity_pools(input).map(|page| page.next_token)
        }
        "identities" => {
            let input = AdminListIdentitiesInput::new(pool, 1);
            let input = token.into_iter().fold(input, AdminListIdentitiesInput::next_token);
            admin.list_identities(input).map(|page| page.next_token)
        }
        "own identities" => {
            let input = ListIdentitiesInput::new(pool, 1);
            let input = token.into_iter().fold(input, ListIdentitiesInput::next_token);
            world.aws.list_identities(input).map(|page| page.next_token)
        }
        _ => {
            let input = ListLoginsInput::new(pool, 1);
            let input = token.into_iter().fold(input, ListLoginsInput::next_token);
            admin.list_logins(input).map(|page| page.next_token)
        }
    };
    let listings = ["pools", "own pools", "identities", "own identities", "logins"];
    for of in listings {
        let token = with(None, of, &pool).expect("listed").expect("there is more");
        for to in listings {
            if of == to {
                with(Some(&token), to, &pool).expect("its own token");
            } else {
                let refused = refusal(with(Some(&token), to, &pool));
                assert_eq!(refused, Refusal::NextTokenInvalid, "{of} to {to}");
            }
        }
        if !of.ends_with("pools") {
            let refused = refusal(with(Some(&token), of, &other));
            assert_eq!(refused, Refusal::NextTokenInvalid, "{of} of another pool");
        }
        let text = token.as_str();
        for changed in ["AAAA", &text[..20], &format!("{text}=")] {
            let refused = refusal(with(Some(&parse(changed)), of, &pool));
            assert_eq!(refused, Refusal::NextTokenInvalid, "{of} by {changed}");
        }
    }
    // A token of a login goes on within a provider only if the login is of it.
    let input = ListLoginsInput::new(&pool, 1).provider(GAME);
    let token = admin.list_logins(input).expect("listed").next_token.expect("there is more");
    let of_amazon = ListLoginsInput::new(&pool, 1).provider(AMAZON).next_token(&token);
    assert_eq!(refusal(admin.list_logins(of_amazon)), Refusal::NextTokenInvalid);
}

/// The number of records that one call reads at most.
const CALL: usize = 16_384;

#[test]
fn a_call_that_finds_nothing_ends_and_the_next_one_goes_on() {
    let world = World::new();
    let (pool, admin) = (town(&world), world.engine.admin());
    world.register(&pool, "alice");
    let guest = guest(&world, &pool);
    let (key, value) = records(&world, Tree::Identities).pop_last().expect("the guest");
    let (login, owner) = records(&world, Tree::Logins).pop_last().expect("alice");
    let crowd = (0..2 * CALL).flat_map(|n| {
        let mut other = key.clone();
        other.truncate(key.len() - 8);
        other.extend((1_000_000 + n as u64).to_be_bytes());
        let bulk = [&login[..login.len() - 5], format!("bulk-{n:05}").as_bytes()].concat();
        [(Tree::Identities, other, value.clone()), (Tree::Logins, bulk, owner.clone())]
    });
    let crowd = crowd.map(|(tree, key, value)| (Key::new(tree, key), value));
    plant(&world, crowd.collect());
    world.clock.set(NOON + 1);
    let zoe = world.register(&pool, "zoe");

    let counts = admin.count_identities(&pool).expect("counted");
    assert_eq!((counts.unauthenticated, counts.authenticated), (2 * CALL as u64 + 1, 2));
    assert_eq!(counts.logins[&parse(GAME)], 2 * CALL as u64 + 2);

    let input = AdminListIdentitiesInput::new(&pool, 60).state(IdentityState::Authenticated);
    let (mut found, mut pages, mut next) = (Vec::new(), 0, None);
    loop {
        let input = next.into_iter().fold(input.clone(), |input, token: NextToken| {
            AdminListIdentitiesInput::next_token(input, token)
        });
        let page = admin.list_identities(input).expect("listed");
        found.extend(page.identities.into_iter().map(|identity| identity.identity_id));
        pages += 1;
        next = page.next_token;
        if next.is_none() {
            break;
        }
    }
    assert_eq!((found.len(), found.last(), pages), (2, Some(&zoe), 3));
    assert!(!found.contains(&guest));

    let input = ListLoginsInput::new(&pool, 60).subject_prefix("z");
    let (mut found, mut pages, mut next) = (Vec::new(), 0, None);
    loop {
        let input = next.into_iter().fold(input.clone(), |input, token: NextToken| {
            ListLoginsInput::next_token(input, token)
        });
        let page = admin.list_logins(input).expect("listed");
        found.extend(page.logins.into_iter().map(|login| login.identity_id));
        pages += 1;
        next = page.next_token;
        if next.is_none() {
            break;
        }
    }
    assert_eq!((found, pages), (vec![zoe.clone()], 3));
    // With the provider the same prefix is one short range.
    let input = ListLoginsInput::new(&pool, 60).provider(GAME).subject_prefix("z");
    let page = admin.list_logins(input).expect("listed");
    assert_eq!((page.logins.len(), page.next_token), (1, None));
    assert_eq!(page.logins[0].identity_id, zoe);
}

#[test]
fn outputs_have_the_names_of_the_service() {
    let world = World::new();
    let (pool, admin) = (town(&world), world.engine.admin());
    world.clock.set(NOON + 77);
    let alice = world.register(&pool, "alice");
    let json = |value: serde_json::Result<serde_json::Value>| value.expect("JSON").to_string();
    let pools = admin.list_identity_pools(ListIdentityPoolsInput::new(60)).expect("listed");
    let expected = format!(
        r#"{{"IdentityPools":[{{"AccountId":"123456789012","CreationDate":1700000000.0,"IdentityPoolId":"{pool}","IdentityPoolName":"town","Region":"us-east-1"}}]}}"#
    );
    assert_eq!(json(serde_json::to_value(&pools)), expected);
    let input = AdminListIdentitiesInput::new(&pool, 60);
    let listed = admin.list_identities(input).expect("listed");
    let login = r#"{"Kind":"Developer","Provider":"login.game","Subject":"alice"}"#;
    let expected = format!(
        r#"{{"Identities":[{{"CreationDate":1700000000.077,"IdentityId":"{alice}","IdentityPoolId":"{pool}","LastModifiedDate":1700000000.077,"Logins":[{login}],"Revision":1,"State":"AUTHENTICATED"}}],"IdentityPoolId":"{pool}"}}"#
    );
    assert_eq!(json(serde_json::to_value(&listed)), expected);
    let listed = admin.list_logins(ListLoginsInput::new(&pool, 60)).expect("listed");
    let expected = format!(
        r#"{{"IdentityPoolId":"{pool}","Logins":[{{"IdentityId":"{alice}","Login":{login}}}]}}"#
    );
    assert_eq!(json(serde_json::to_value(&listed)), expected);
    let counts = admin.count_identities(&pool).expect("counted");
    let expected = format!(
        r#"{{"Authenticated":1,"Disabled":0,"IdentityPoolId":"{pool}","Logins":{{"login.game":1}},"OtherLogins":0,"Unauthenticated":0}}"#
    );
    assert_eq!(json(serde_json::to_value(&counts)), expected);
    let input = AdminListIdentitiesInput::new(&pool, 60)
        .state(IdentityState::Disabled)
        .created_from(Timestamp::from_millis(NOON + 77));
    let expected = format!(
        r#"{{"CreatedFrom":1700000000.077,"IdentityPoolId":"{pool}","MaxResults":60,"State":"DISABLED"}}"#
    );
    assert_eq!(json(serde_json::to_value(&input)), expected);
    assert_eq!(serde_json::from_str::<AdminListIdentitiesInput>(&expected).expect("read"), input);
}
