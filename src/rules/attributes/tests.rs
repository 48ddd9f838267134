use super::*;
use crate::rules::world;

const FACEBOOK: &str = "graph.facebook.com";
const OIDC: &str = "arn:aws:iam::123456789012:oidc-provider/id.example.com/x";

/// `key=claim` for each tag.
fn map(text: &str) -> AttributeMap {
    let tags = text.split_whitespace().map(|tag| {
        let (key, claim) = tag.split_once('=').expect("key=claim");
        (key.parse().expect("a key"), claim.parse().expect("a claim"))
    });
    AttributeMap { use_defaults: false, principal_tags: Some(tags.collect()) }
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
    let defaults = AttributeMap { use_defaults: true, ..map("d=dept") };
    for (map, expected) in [
        (AttributeMap::default(), ""),
        (map("d=dept u=sub"), "d=Sales u=sub-1"),
        (map("d=missing g=groups l=long e=empty a=aud"), "a=app"),
        (defaults, "client=app username=sub-1"),
    ] {
        assert_eq!(made(&[(FACEBOOK, map.clone())], &[login(FACEBOOK)]), expected, "{map:?}");
    }
    assert_eq!(made(&[(OIDC, map("u=sub"))], &[login("id.example.com/x")]), "u=sub-1");
    assert_eq!(made(&[(OIDC, map("u=sub"))], &[login(FACEBOOK)]), "", "of another provider");
    let both = [(FACEBOOK, map("t=sub")), (OIDC, map("t=dept u=dept"))];
    let used = [login(FACEBOOK), login("id.example.com/x")];
    assert_eq!(made(&both, &used), "t=sub-1 u=Sales", "the first counts");
}

/// Open question Q24.
#[test]
fn maps_of_providers() {
    let pool = world::pool_with_providers();
    let other: ProviderName = "accounts.google.com".parse().unwrap();
    let known: ProviderName = FACEBOOK.parse().unwrap();
    assert_eq!(get(&pool, &known), Ok(AttributeMap::default()));
    assert_eq!(get(&pool, &other), Err(Refusal::ProviderNotFound { provider: other.clone() }));
    let refused = Refusal::ProviderNotConfigured { provider: other.clone() };
    assert_eq!(set(&pool, &other, map("")), Err(refused));
    assert_eq!(set(&pool, &known, map("a=b")).map(|decided| decided.output), Ok(map("a=b")));
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
