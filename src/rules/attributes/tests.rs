use super::*;
use crate::rules::properties::world;
use crate::rules::{Change, Effect};

const FACEBOOK: &str = "graph.facebook.com";
const OIDC: &str = "arn:aws:iam::123456789012:oidc-provider/id.example.com/x";

/// `key=claim` for each tag.
fn map(text: &str) -> AttributeMap {
    AttributeMap::Own(tags_of(text))
}

fn tags_of(text: &str) -> PrincipalTags {
    let tags = text.split_whitespace().map(|tag| {
        let (key, claim) = tag.split_once('=').expect("key=claim");
        (key.parse().expect("a key"), claim.parse().expect("a claim"))
    });
    tags.collect()
}

fn login(provider: &str) -> VerifiedLogin {
    let provider = provider.parse().expect("a provider");
    let login = VerifiedLogin::assertion(&provider, "sub-1").expect("a subject");
    let groups = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    login
        .claim("sub", "sub-1")
        .claim("aud", groups(&["app"]))
        .claim("dept", "Sales")
        .claim("groups", groups(&["a", "b"]))
        .claim("long", "x".repeat(257))
        .claim("empty", "")
}

fn made(maps: &[(&str, AttributeMap)], used: &[VerifiedLogin]) -> String {
    let mut pool = world::pool_with_providers();
    let maps = maps.iter().cloned();
    pool.attribute_maps = maps.map(|(name, map)| (name.parse().unwrap(), map)).collect();
    let tags = tags(&pool, used);
    let shown: Vec<_> = tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
    shown.join(" ")
}

/// Contract section 9.
#[test]
fn tags_of_claims() {
    for (map, expected) in [
        (map("d=dept u=sub"), "d=Sales u=sub-1"),
        (map("d=missing g=groups l=long e=empty a=aud"), "a=app"),
        (AttributeMap::Defaults, "client=app username=sub-1"),
    ] {
        assert_eq!(made(&[(FACEBOOK, map.clone())], &[login(FACEBOOK)]), expected, "{map:?}");
    }
    assert_eq!(made(&[(OIDC, map("u=sub"))], &[login("id.example.com/x")]), "u=sub-1");
    assert_eq!(made(&[(OIDC, map("u=sub"))], &[login(FACEBOOK)]), "", "of another provider");
    let both = [(FACEBOOK, map("t=sub")), (OIDC, map("t=dept u=dept"))];
    let used = [login(FACEBOOK), login("id.example.com/x")];
    assert_eq!(made(&both, &used), "t=sub-1 u=Sales", "the first counts");
}

/// Contract section 9: the request, the resulting map and its tags.
#[test]
fn maps_that_are_asked_for() {
    let own = |text: &str| if text.is_empty() { PrincipalTags::new() } else { tags_of(text) };
    for (use_defaults, given, expected) in [
        (true, "", Some((true, "client=aud username=sub"))),
        (true, "d=dept", Some((true, "client=aud username=sub"))),
        (false, "d=dept", Some((false, "d=dept"))),
        (false, "", None),
    ] {
        let map = AttributeMap::new(use_defaults, own(given));
        let made = map.map(|map| (map.uses_defaults(), map.principal_tags()));
        assert_eq!(made, expected.map(|(defaults, tags)| (defaults, tags_of(tags))), "{given}");
    }
}

/// Contract section 9 and open question Q24.
#[test]
fn maps_of_providers() {
    let mut pool = world::pool_with_providers();
    let other: ProviderName = "accounts.google.com".parse().unwrap();
    let known: ProviderName = FACEBOOK.parse().unwrap();
    let not_found =
        |provider: &ProviderName| Err(Refusal::AttributeMapNotFound { provider: provider.clone() });
    assert_eq!(get(&pool, &known), not_found(&known));
    assert_eq!(get(&pool, &other), not_found(&other));
    for asked in [Some(map("a=b")), None] {
        let refused = Refusal::ProviderNotConfigured { provider: other.clone() };
        assert_eq!(set(&pool, &other, asked), Err(refused));
    }
    assert_eq!(set(&pool, &known, None), Ok(Decided::unchanged(())), "there is none to remove");
    for asked in [Some(map("a=b")), Some(AttributeMap::Defaults), None] {
        let decided = set(&pool, &known, asked.clone()).expect("set");
        let [Effect::Pool(change)] = decided.effects.as_slice() else { panic!("{decided:?}") };
        let Change::Update { after, .. } = &**change else { panic!("{change:?}") };
        pool = after.clone();
        assert_eq!(get(&pool, &known), asked.ok_or(()).or_else(|()| not_found(&known)));
    }
    assert!(pool.attribute_maps.is_empty());
}

#[test]
fn all_tags_have_460_bytes_together() {
    let with = |second: usize| {
        let text = |length: usize| "x".repeat(length).parse().expect("fits");
        PrincipalTags::from([
            ("a".parse().expect("a key"), text(256)),
            ("b".parse().expect("a key"), text(second)),
        ])
    };
    assert_eq!(check_length(&with(202)), Ok(()));
    assert_eq!(check_length(&with(203)), Err(Refusal::PoolConfigurationInvalid));
}
