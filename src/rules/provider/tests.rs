use super::*;
use crate::rules::properties::world;

const USER_POOL: &str = "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a";
const OIDC: &str = "arn:aws:iam::123456789012:oidc-provider/id.example.com/x";
const SAML: &str = "arn:aws:iam::123456789012:saml-provider/corp";
const COGNITO: &str = "cognito-identity.amazonaws.com";

const CANNOT: &str = "! Invalid login token. Can't pass in a Cognito token.";
const EXPECTED: &str = "! Please provide a valid public provider";
const UNSUPPORTED: &str = "! Token is not from a supported provider of this identity pool.";
const NO_DEVELOPER: &str = "! This identity pool does not support the specified developer provider";

/// Contract sections 5.1, 5.2 and 5.4: the meaning of a key of a `Logins` map.
#[test]
fn keys_of_logins() {
    let pool = world::pool_with_providers();
    let shown = |accepts, name: &str, is_ours| {
        let found = token_kind(&pool, (accepts, &name.parse().unwrap()), || is_ours, || false);
        found.map_or_else(|refusal| format!("! {refusal}"), |found| format!("{found:?}"))
    };
    let developer = r#"Developer(DeveloperProviderName("d"))"#;
    for (name, is_ours, signed, public, or_cognito) in [
        ("d", false, developer, EXPECTED, EXPECTED),
        ("d", true, developer, CANNOT, CANNOT),
        ("graph.facebook.com", false, "Public", "Public", "Public"),
        ("graph.facebook.com", true, CANNOT, CANNOT, CANNOT),
        ("id.example.com/x", false, "Public", "Public", "Public"),
        (SAML, false, "Public", "Public", "Public"),
        (USER_POOL, false, "Public", "Public", "Public"),
        (OIDC, false, UNSUPPORTED, UNSUPPORTED, UNSUPPORTED),
        ("accounts.google.com", false, UNSUPPORTED, UNSUPPORTED, UNSUPPORTED),
        ("accounts.google.com", true, CANNOT, CANNOT, CANNOT),
        ("cognito-idp.eu-west-1.amazonaws.com/b", false, UNSUPPORTED, UNSUPPORTED, UNSUPPORTED),
        (COGNITO, false, CANNOT, CANNOT, "Cognito"),
        (COGNITO, true, CANNOT, CANNOT, "Cognito"),
        ("cognito-identity-us-gov.amazonaws.com", false, CANNOT, CANNOT, CANNOT),
        ("D", false, NO_DEVELOPER, UNSUPPORTED, UNSUPPORTED),
        ("login.other", false, NO_DEVELOPER, UNSUPPORTED, UNSUPPORTED),
        ("login.other", true, CANNOT, CANNOT, CANNOT),
    ] {
        assert_eq!(shown(Accepts::Developer, name, is_ours), signed, "{name}, signed");
        assert_eq!(shown(Accepts::Public, name, is_ours), public, "{name}, public");
        assert_eq!(shown(Accepts::PublicOrCognito, name, is_ours), or_cognito, "{name}, either");
    }
}

/// Contract section 5.2.6: the refusal for a token of another issuer comes before the one for a
/// missing provider.
#[test]
fn keys_that_the_pool_does_not_have() {
    const MISMATCH: &str = "Invalid login token. Issuer doesn't match providerName";
    let pool = world::pool_with_providers();
    let shown = |accepts, name: &str, is_ours, is_of_another| {
        let name = name.parse().unwrap();
        let found = token_kind(&pool, (accepts, &name), || is_ours, || is_of_another);
        found.map_or_else(|refusal| refusal.to_string(), |found| format!("{found:?}"))
    };
    for (name, is_public) in [
        ("accounts.google.com", true),
        ("accounts.google.com/", true),
        ("cognito-idp.eu-west-1.amazonaws.com/b", true),
        (OIDC, true),
        ("COGNITO", false),
        ("login.other", false),
    ] {
        let (cannot, unsupported, no_developer) =
            (&CANNOT[2..], &UNSUPPORTED[2..], &NO_DEVELOPER[2..]);
        for accepts in [Accepts::Developer, Accepts::Public, Accepts::PublicOrCognito] {
            let is_developer = accepts == Accepts::Developer && !is_public;
            let wanted = |otherwise| if is_developer { no_developer } else { otherwise };
            assert_eq!(shown(accepts, name, false, true), wanted(MISMATCH), "{name}, {accepts:?}");
            assert_eq!(
                shown(accepts, name, false, false),
                wanted(unsupported),
                "{name}, {accepts:?}"
            );
            assert_eq!(shown(accepts, name, true, true), cannot, "{name}, {accepts:?}");
        }
    }
    // For a provider of the pool, the verifier reports it.
    assert_eq!(shown(Accepts::Public, "graph.facebook.com", false, true), "Public");
    assert_eq!(shown(Accepts::Public, "d", false, true), EXPECTED[2..]);
}

/// One final slash of a public provider is ignored; one of a developer provider is significant.
#[test]
fn keys_with_a_final_slash() {
    let pool = world::pool_with_providers();
    let shown = |accepts, name: &str| {
        let found = token_kind(&pool, (accepts, &name.parse().unwrap()), || false, || false);
        found.map_or_else(|refusal| format!("! {refusal}"), |found| format!("{found:?}"))
    };
    for name in ["graph.facebook.com", "id.example.com/x", SAML, USER_POOL] {
        assert_eq!(shown(Accepts::Public, &format!("{name}/")), "Public");
        assert_eq!(shown(Accepts::Public, &format!("{name}//")), UNSUPPORTED);
        assert!(is_reserved(&pool.settings, &format!("{name}/")));
    }
    assert!(!is_reserved(&pool.settings, "graph.facebook.com//"));
    assert_eq!(shown(Accepts::PublicOrCognito, &format!("{COGNITO}/")), "Cognito");
    assert_eq!(shown(Accepts::Public, &format!("{COGNITO}/")), CANNOT);
    assert_eq!(shown(Accepts::Developer, "d/"), NO_DEVELOPER);
    assert_eq!(shown(Accepts::Public, "d/"), UNSUPPORTED);
}

/// Contract sections 8.1 and 9: the spelling of a provider in mappings.
#[test]
fn names_in_mappings() {
    let pool = world::pool_with_providers();
    let with_client = format!("{USER_POOL}:client");
    for (name, of_client, of_provider) in [
        ("graph.facebook.com", true, true),
        ("accounts.google.com", false, false),
        (USER_POOL, false, true),
        (with_client.as_str(), true, false),
        ("cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a:other", false, false),
        (OIDC, true, true),
        ("arn:aws:iam::123456789012:oidc-provider/id.example.com/x/", true, true),
        ("arn:aws:iam::123456789012:oidc-provider/id.example.com/x//", false, false),
        ("graph.facebook.com/", true, true),
        ("id.example.com/x", false, false),
        ("https://id.example.com/x", false, false),
        (SAML, true, true),
        ("d", false, false),
    ] {
        assert_eq!(is_configured(&pool.settings, name, true), of_client, "{name}, of a client");
        assert_eq!(is_configured(&pool.settings, name, false), of_provider, "{name}");
    }
}

#[test]
fn a_pool_without_providers() {
    let mut pool = world::pool();
    pool.settings.developer_provider_name = None;
    let missing = Refusal::ProvidersMissing { identity_pool_id: pool.id().clone() };
    let kind = |accepts, name: &str| {
        token_kind(&pool, (accepts, &name.parse().unwrap()), || false, || false)
    };
    for accepts in [Accepts::Public, Accepts::PublicOrCognito] {
        assert_eq!(kind(accepts, "graph.facebook.com"), Err(missing.clone()));
    }
    assert_eq!(kind(Accepts::PublicOrCognito, COGNITO), Ok(TokenKind::Cognito));
    assert_eq!(kind(Accepts::Developer, "d"), Err(Refusal::DeveloperProviderUnsupported));
}

#[test]
fn a_provider_of_any_kind_is_one() {
    type Providers = fn(&IdentityPool, &mut IdentityPool);
    let kinds: [Providers; 5] = [
        |all, own| own.developer_provider_name.clone_from(&all.developer_provider_name),
        |all, own| own.supported_login_providers.clone_from(&all.supported_login_providers),
        |all, own| own.cognito_identity_providers.clone_from(&all.cognito_identity_providers),
        |all, own| own.open_id_connect_provider_arns.clone_from(&all.open_id_connect_provider_arns),
        |all, own| own.saml_provider_arns.clone_from(&all.saml_provider_arns),
    ];
    let name = "accounts.google.com".parse().unwrap();
    for (number, kind) in kinds.into_iter().enumerate() {
        let mut pool = world::pool();
        pool.settings.developer_provider_name = None;
        kind(&world::pool_with_providers().settings, &mut pool.settings);
        let refused = token_kind(&pool, (Accepts::Public, &name), || false, || false);
        assert_eq!(refused, Err(Refusal::ProviderUnsupported), "kind {number}");
    }
}

/// Contract sections 5.5 to 5.7.
#[test]
fn the_developer_provider() {
    let mut pool = world::pool();
    let (known, other) = ("d".parse().unwrap(), "D".parse().unwrap());
    assert_eq!(developer_provider(&pool, &known), Ok(&known));
    let refused = Err(Refusal::DeveloperProviderUnsupported);
    assert_eq!(developer_provider(&pool, &other), refused);
    pool.settings.developer_provider_name = None;
    assert_eq!(developer_provider(&pool, &known), refused);
}
