//! Several tokens: those of one user are one login, and among those of several providers one bad
//! token fails the call.

use cognate::name::IdentityId;
use serde_json::json;

use crate::attacks::{AUDIENCE, ISSUER, MALFORMED, SIGNATURE, UNREGISTERED, expired, missing};
use crate::mint::{EXAMPLE, GOOGLE, Maker, NOW, USER_POOL, makers};
use crate::site::{Call, Door, Operation, Site};
use crate::support::{NOON, parse};

/// A token of a user that was issued `age` seconds ago and is valid for an hour.
fn issued(maker: &Maker, user: &str, age: u64) -> String {
    let mut claims = maker.claims();
    claims["sub"] = json!(user);
    claims["iat"] = json!(NOW - age);
    claims["exp"] = json!(NOW - age + 3_600);
    claims["jti"] = json!(format!("{user}-{age}"));
    maker.token(&claims)
}

#[test]
fn a_refreshed_token_is_the_same_login() {
    for maker in makers() {
        let site = Site::new();
        let (old, new) = (issued(&maker, "nora", 1_800), issued(&maker, "nora", 1));
        assert_ne!(old, new);
        let call = Call(Operation::GetId, None);
        let first = site.call(Door::Typed, &call, &[(maker.provider, &old)]).expect("let in");
        let before = site.world.dump();
        site.world.clock.set(NOON + 5_000);
        for (door, token) in [(Door::Typed, &new), (Door::Wire, &new), (Door::Wire, &old)] {
            let again = site.call(door, &call, &[(maker.provider, token)]).expect("let in");
            assert_eq!(again, first, "{}", maker.provider);
            assert!(site.world.dump() == before, "nothing was linked twice");
        }
        // The same with the identity given.
        let id: IdentityId = parse(first["IdentityId"].as_str().expect("an id"));
        for operation in [Operation::GetOpenIdToken, Operation::GetCredentialsForIdentity] {
            let call = Call(operation, Some(id.clone()));
            let again = site.call(Door::Wire, &call, &[(maker.provider, &new)]).expect("let in");
            assert_eq!(again["IdentityId"], first["IdentityId"]);
        }
        assert_eq!(site.world.describe(&id).logins.len(), 1);
        // The new token unlinks the login, so the old token no longer opens it either.
        let call = Call(Operation::UnlinkIdentity, Some(id));
        site.call(Door::Wire, &call, &[(maker.provider, &new)]).expect("unlinked");
        let call = Call(Operation::GetId, None);
        let later = site.call(Door::Wire, &call, &[(maker.provider, &old)]).expect("let in");
        assert_ne!(later, first);
        site.world.check();
    }
}

/// The first token has expired, and the user is still the same.
#[test]
fn an_expired_token_can_be_refreshed() {
    let (site, maker) = (Site::new(), makers()[1]);
    let call = Call(Operation::GetId, None);
    let old = issued(&maker, "nora", 3_599);
    let first = site.call(Door::Wire, &call, &[(GOOGLE, &old)]).expect("a second is left");
    site.world.clock.set(NOON + 1_000);
    let refused = site.call(Door::Wire, &call, &[(GOOGLE, &old)]).expect_err("over");
    let end = NOW + 1;
    let text = format!("Invalid login token. Token expired: {end} >= {end}");
    assert_eq!(refused.message, text);
    let new = issued(&maker, "nora", 0);
    assert_eq!(site.call(Door::Wire, &call, &[(GOOGLE, &new)]).expect("let in"), first);
}

/// Tokens that would be linked or merged, with a bad one at every position.
#[test]
fn one_bad_token_fails_the_call() {
    let [user_pool, google, example, _] = makers();
    let new = |maker: &Maker| issued(maker, "nora", 1);
    let (of_user_pool, of_google) = (new(&user_pool), new(&google));
    let known = google.genuine().text();
    let header = example.header().to_string();
    let claims = example.claims().to_string();
    let stranger = Maker::signed_by(example.stranger, example.alg, header, claims).text();
    let bad = [
        ("password".to_owned(), MALFORMED.to_owned()),
        (example.with("exp", json!(NOW)), expired(NOW)),
        (example.with("aud", json!("other")), UNREGISTERED.to_owned()),
        (example.with("iss", json!("https://evil.example")), ISSUER.to_owned()),
        (example.with("sub", json!(null)), missing("sub")),
        (stranger, SIGNATURE.to_owned()),
    ];
    let site = Site::new();
    let before = site.world.dump();
    for (token, message) in &bad {
        let bad = (EXAMPLE, token.as_str());
        for logins in [
            vec![bad, (GOOGLE, &of_google)],
            vec![(GOOGLE, &of_google), bad],
            vec![bad, (GOOGLE, &known)],
            vec![(GOOGLE, &known), bad],
            vec![(USER_POOL, &of_user_pool), bad, (GOOGLE, &of_google)],
            vec![(USER_POOL, &of_user_pool), (GOOGLE, &known), bad],
        ] {
            for call in site.calls() {
                for door in Door::BOTH {
                    let refused = site.call(door, &call, &logins).expect_err("one is bad");
                    assert_eq!(refused.message, *message, "{call:?}, {door:?}");
                    assert_eq!(refused.kind, "NotAuthorizedException");
                    assert!(site.world.dump() == before, "{call:?}, {door:?}: changed");
                }
            }
        }
    }
    // Without the bad one, the merge happens.
    let call = Call(Operation::GetId, None);
    let logins = [(USER_POOL, of_user_pool.as_str()), (EXAMPLE, &issued(&example, "nora", 1))];
    site.call(Door::Wire, &call, &logins).expect("let in");
    assert!(site.world.dump() != before);
}

#[test]
fn the_first_of_two_bad_tokens_is_reported() {
    let [user_pool, google, ..] = makers();
    let late = google.with("exp", json!(NOW - 9));
    let elsewhere = user_pool.with("iss", json!("https://evil.example"));
    let site = Site::new();
    let before = site.world.dump();
    let (late, elsewhere) = ((GOOGLE, late.as_str()), (USER_POOL, elsewhere.as_str()));
    let unknown = ("graph.facebook.com", "whatever");
    for (logins, message) in [
        (vec![late, elsewhere], expired(NOW - 9)),
        (vec![elsewhere, late], ISSUER.to_owned()),
        // Providers are checked before any token is verified.
        (vec![late, unknown], AUDIENCE.to_owned()),
        (vec![unknown, late], AUDIENCE.to_owned()),
    ] {
        for call in site.calls() {
            for door in Door::BOTH {
                let refused = site.call(door, &call, &logins).expect_err("both are bad");
                assert_eq!(refused.message, message, "{call:?}, {door:?}");
                assert!(site.world.dump() == before, "{call:?}, {door:?}: changed");
            }
        }
    }
}

/// Of two tokens under one name the last counts. The first may be invalid.
#[test]
fn a_name_that_is_there_twice_counts_once() {
    let (site, maker) = (Site::new(), makers()[1]);
    let good = maker.genuine().text();
    let bad = maker.with("exp", json!(NOW));
    let before = site.world.dump();
    for call in [
        Call(Operation::GetId, None),
        Call(Operation::GetOpenIdToken, Some(site.alice.clone())),
        Call(Operation::GetCredentialsForIdentity, Some(site.alice.clone())),
    ] {
        for door in Door::BOTH {
            let refused = site.call(door, &call, &[(GOOGLE, &good), (GOOGLE, &bad)]);
            assert_eq!(refused.expect_err("the last is bad").message, expired(NOW));
            assert!(site.world.dump() == before, "{call:?}, {door:?}: changed");
        }
    }
    for door in Door::BOTH {
        let call = Call(Operation::GetId, None);
        let answer = site.call(door, &call, &[(GOOGLE, &bad), (GOOGLE, &good)]);
        assert_eq!(answer.expect("the last is good")["IdentityId"], json!(site.alice));
    }
}

/// Ten tokens are accepted, and eleven are refused.
#[test]
fn eleven_tokens_are_too_many() {
    let site = Site::new();
    let good = makers()[1].genuine().text();
    let names: Vec<_> =
        (0..10).map(|n| format!("cognito-idp.us-east-1.amazonaws.com/us-east-1_{n}")).collect();
    let mut logins = vec![(GOOGLE, good.as_str())];
    logins.extend(names.iter().map(|name| (name.as_str(), "x")));
    let before = site.world.dump();
    for door in Door::BOTH {
        let refused = site.call(door, &Call(Operation::GetId, None), &logins).expect_err("eleven");
        assert_eq!(refused.kind, "ValidationException");
        assert!(!refused.shown.contains(&good), "{}", refused.shown);
        let ten = &logins[..10];
        let refused = site.call(door, &Call(Operation::GetId, None), ten).expect_err("unknown");
        assert_eq!(refused.message, AUDIENCE);
        assert!(site.world.dump() == before, "{door:?}: changed");
    }
}
