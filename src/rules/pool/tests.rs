use super::*;
use crate::name::ProviderName;
use crate::rules::properties::world;
use crate::state::{AmbiguousRoleResolution, AttributeMap, CognitoIdentityProvider, RoleMapping};

fn refusal(change: impl FnOnce(&mut IdentityPool)) -> String {
    let mut settings = world::pool().settings;
    change(&mut settings);
    let decided = create(Pool { settings, ..world::pool() }, 0);
    decided.map_or_else(|refusal| refusal.to_string(), |_| "accepted".to_owned())
}

/// Contract section 6.1 and open question Q35.
#[test]
fn configurations() {
    let user_pool = |name: &str, client: Option<&str>| {
        let mut provider =
            CognitoIdentityProvider::new(name.parse().unwrap(), "c".parse().unwrap());
        provider.client_id = client.map(|client| client.parse().unwrap());
        move |pool: &mut IdentityPool| pool.cognito_identity_providers.push(provider)
    };
    let named = |name: &str| {
        let name = name.parse().unwrap();
        move |pool: &mut IdentityPool| pool.developer_provider_name = Some(name)
    };
    let oidc = |arn: &str| {
        let arn = arn.parse().unwrap();
        move |pool: &mut IdentityPool| pool.open_id_connect_provider_arns.push(arn)
    };
    let tag = |key: &str, value: &str| {
        let entry = (key.parse().unwrap(), value.parse().unwrap());
        move |pool: &mut IdentityPool| pool.identity_pool_tags.extend([entry])
    };
    let bad_pool = "Invalid Cognito Identity Provider";
    let arn = "arn:aws:iam::123456789012:";
    for (rule, refused, expected) in [
        ("a plain pool", refusal(|_| {}), "accepted"),
        (
            "user pool",
            refusal(user_pool("cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a", Some("c"))),
            "accepted",
        ),
        (
            "in China",
            refusal(user_pool("cognito-idp.cn-north-1.amazonaws.com.cn/p", Some("c"))),
            "accepted",
        ),
        (
            "no pool id",
            refusal(user_pool("cognito-idp.eu-west-1.amazonaws.com/", Some("c"))),
            bad_pool,
        ),
        ("no region", refusal(user_pool("cognito-idp..amazonaws.com/p", Some("c"))), bad_pool),
        (
            "another host",
            refusal(user_pool("cognito-idp.eu-west-1.example.com/p", Some("c"))),
            bad_pool,
        ),
        ("another service", refusal(user_pool("accounts.google.com", Some("c"))), bad_pool),
        ("no client", refusal(user_pool("cognito-idp.eu-west-1.amazonaws.com/p", None)), bad_pool),
        (
            "Google's name",
            refusal(named("accounts.google.com")),
            "'accounts.google.com' is the name of a public provider.",
        ),
        (
            "our own name",
            refusal(named("cognito-identity.amazonaws.com")),
            "'cognito-identity.amazonaws.com' is the name of a public provider.",
        ),
        ("an issuer", refusal(oidc(&format!("{arn}oidc-provider/id.example.com/x"))), "accepted"),
        (
            "a role",
            refusal(oidc(&format!("{arn}role/x"))),
            "Invalid provider ARN 'arn:aws:iam::123456789012:role/x'.",
        ),
        (
            "no issuer",
            refusal(oidc(&format!("{arn}oidc-provider/"))),
            "Invalid provider ARN 'arn:aws:iam::123456789012:oidc-provider/'.",
        ),
        ("a tag", refusal(tag("cost centre", "a_b.c:d/e=f+g-h@i")), "accepted"),
        ("a reserved tag", refusal(tag("aws:x", "y")), "Invalid tag 'aws:x'."),
        ("a tag's character", refusal(tag("x", "y;")), "Invalid tag 'x'."),
        (
            "the developer's name twice",
            refusal(|pool| {
                pool.supported_login_providers.insert("d".parse().unwrap(), "app".parse().unwrap());
            }),
            "'d' is the name of a public provider.",
        ),
        (
            "51 tags",
            refusal(|pool| {
                pool.identity_pool_tags = (0..51)
                    .map(|n| (n.to_string().parse().unwrap(), "".parse().unwrap()))
                    .collect();
            }),
            "A resource has at most 50 tags.",
        ),
    ] {
        assert_eq!(refused, expected, "{rule}");
    }
}

#[test]
fn a_pool_has_fifty_user_pools() {
    let with = |count: usize| {
        refusal(|pool| {
            let name = "cognito-idp.eu-west-1.amazonaws.com/p".parse().unwrap();
            let one = CognitoIdentityProvider::new(name, "c".parse().unwrap());
            pool.cognito_identity_providers = vec![one; count];
        })
    };
    assert_eq!(with(IdentityPool::USER_POOLS_MAX), "accepted");
    assert_eq!(
        with(IdentityPool::USER_POOLS_MAX + 1),
        "An identity pool has at most 50 user pools."
    );
}

#[test]
fn an_account_has_a_thousand_pools() {
    assert!(create(world::pool(), IdentityPool::PER_ACCOUNT_MAX - 1).is_ok());
    assert_eq!(create(world::pool(), IdentityPool::PER_ACCOUNT_MAX), Err(Refusal::TooManyPools));
}

/// The pool written by a decision.
fn written<T>(decided: &Decided<T>) -> &Pool {
    let [Effect::Pool(change)] = decided.effects.as_slice() else { panic!("not one effect") };
    let Change::Update { after, .. } = &**change else { panic!("{change:?}") };
    after
}

/// Contract section 6.3.
#[test]
fn updates() {
    let mut before = world::pool();
    before.settings.allow_classic_flow = Some(true);
    before.settings.identity_pool_tags.extend([("k".parse().unwrap(), "v".parse().unwrap())]);
    let requested = |developer: Option<&str>| {
        let mut requested = world::pool().settings;
        requested.developer_provider_name = developer.map(|name| name.parse().unwrap());
        requested
    };
    let decided = update(&before, requested(None), true).expect("accepted");
    assert_eq!(written(&decided).settings, decided.output, "what is answered is written");
    let kept = decided.output;
    assert_eq!(kept.developer_provider_name, before.settings.developer_provider_name);
    assert_eq!(kept.identity_pool_tags, before.settings.identity_pool_tags);
    assert_eq!(kept.allow_classic_flow, None, "what is left out is reset");
    let replaced = update(&before, requested(Some("d")), false).expect("accepted").output;
    assert!(replaced.identity_pool_tags.is_empty());
    let changed = update(&before, requested(Some("e")), true);
    assert_eq!(changed, Err(Refusal::DeveloperProviderFixed));

    before.settings.developer_provider_name = None;
    let set = update(&before, requested(Some("e")), true).expect("set once").output;
    assert_eq!(set.developer_provider_name, Some("e".parse().unwrap()));
}

#[test]
fn mappings_and_maps_go_with_their_providers() {
    let mut before = world::pool_with_providers();
    let names = ["graph.facebook.com", "arn:aws:iam::123456789012:saml-provider/corp"];
    for name in names {
        let mapping = RoleMapping::token(AmbiguousRoleResolution::Deny);
        before.roles.mappings.insert(name.parse().unwrap(), mapping);
        before.attribute_maps.insert(name.parse().unwrap(), AttributeMap::Defaults);
    }
    let mut requested = before.settings.clone();
    requested.saml_provider_arns.clear();
    let decided = update(&before, requested, true).expect("accepted");
    let after = written(&decided);
    let left: Vec<_> = after.roles.mappings.keys().map(ProviderName::as_str).collect();
    assert_eq!(left, names[..1]);
    let left: Vec<_> = after.attribute_maps.keys().map(ProviderName::as_str).collect();
    assert_eq!(left, names[..1]);
}
