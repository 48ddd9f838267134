use super::*;
use crate::rules::properties::world;

/// The full name of `subject` in a token, in each form of contract section 4.
#[test]
fn a_token_names_the_login_that_it_was_made_for_and_no_other() {
    const OIDC: &str = "id.example.com/x";
    const USER_POOL: &str = "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a";
    const SAML: &str = "arn:aws:iam::123456789012:saml-provider/corp";
    const ARN: &str = "arn:aws:iam::123456789012:oidc-provider/id.example.com/x";
    for (provider, head, named) in [
        ("graph.facebook.com", "graph.facebook.com", true),
        (SAML, SAML, true),
        (OIDC, OIDC, true),
        (OIDC, &format!("{ARN}:OIDC"), true),
        (USER_POOL, USER_POOL, true),
        (USER_POOL, &format!("{USER_POOL}:CognitoSignIn"), true),
        (OIDC, &format!("{ARN}/:OIDC"), true),
        (OIDC, &format!("{ARN}//:OIDC"), false),
        // Forms of another provider.
        (OIDC, &format!("{ARN}/y:OIDC"), false),
        (OIDC, &format!("{SAML}:OIDC"), false),
        (OIDC, &format!("{OIDC}:OIDC"), false),
        (OIDC, "graph.facebook.com", false),
        (OIDC, ARN, false),
        (USER_POOL, "CognitoSignIn", false),
        // Only Facebook has an application in the name.
        ("graph.facebook.com", "graph.facebook.com:a", true),
        ("graph.facebook.com", "graph.facebook.com:a:c", false),
        ("www.amazon.com", "www.amazon.com:a", false),
        // A user identifier that ends with a colon and the subject.
        ("www.amazon.com", "www.amazon.com:CognitoSignIn", false),
        (OIDC, &format!("{ARN}:OIDC:a"), false),
        (USER_POOL, &format!("{USER_POOL}:CognitoSignIn:a"), false),
        (SAML, &format!("{SAML}:a"), false),
    ] {
        let mut identity = world::guest("G");
        let linked = VerifiedLogin::assertion(&provider.parse().unwrap(), "b").unwrap();
        identity.link([linked.login().clone()], world::NOW).unwrap();
        let amr = [AUTHENTICATED, provider, &format!("{head}:b")].map(str::to_owned);
        assert_eq!(names_login_of(&amr, &identity), named, "{head} for {provider}");
    }
}

/// Observed: `graph.facebook.com:APP:USER`. An application id has no colon; a user id may have one.
#[test]
fn a_facebook_login_is_named_with_its_application() {
    const FACEBOOK: &str = "graph.facebook.com";
    let pool = world::pool_with_providers();
    let used = |subject: &str| {
        VerifiedLogin::assertion(&FACEBOOK.parse().unwrap(), subject).unwrap().client_id("other")
    };
    for subject in ["1810025299029282", "a:b", ":", "app:1", "CognitoSignIn:1", "1:"] {
        let login = used(subject);
        let amr = amr(&pool.settings, std::slice::from_ref(&login));
        let full = format!("{FACEBOOK}:app:{subject}");
        assert_eq!(amr, [AUTHENTICATED, FACEBOOK, full.as_str()]);
        let mut identity = world::guest("G");
        identity.link([login.login().clone()], world::NOW).unwrap();
        assert!(names_login_of(&amr, &identity), "{subject}");
        // The older form, which some verifiers still write.
        let before = [AUTHENTICATED, FACEBOOK, &format!("{FACEBOOK}:{subject}")];
        let named = names_login_of(&before.map(str::to_owned), &identity);
        assert_eq!(named, !subject.contains(':'), "{subject}");
        let mut other = world::guest("H");
        other.link([used("app:1").login().clone()], world::NOW).unwrap();
        assert_eq!(names_login_of(&amr, &other), subject == "app:1", "{subject}");
    }
    // No other provider is known to name the application.
    let amazon = VerifiedLogin::assertion(&"www.amazon.com".parse().unwrap(), "a").unwrap();
    let mut pool = pool;
    let app = pool.settings.supported_login_providers.values().next().cloned().unwrap();
    pool.settings.supported_login_providers.insert("www.amazon.com".parse().unwrap(), app);
    assert_eq!(
        amr(&pool.settings, &[amazon]),
        [AUTHENTICATED, "www.amazon.com", "www.amazon.com:a"]
    );
}

#[test]
fn durations_keep_their_bounds() {
    let kept = |secs: i64| TokenDuration::try_from(secs).map(TokenDuration::as_secs);
    assert_eq!((kept(1), kept(86_400)), (Ok(1), Ok(86_400)));
    for (secs, bound) in [
        (i64::MIN, "greater than or equal to 1"),
        (0, "greater than or equal to 1"),
        (86_401, "less than or equal to 86400"),
        (i64::MAX, "less than or equal to 86400"),
    ] {
        let refused = format!(
            "1 validation error detected: Value '{secs}' at 'tokenDuration' failed to satisfy \
             constraint: Member must have value {bound}"
        );
        assert_eq!(kept(secs).map_err(|v| v.to_string()), Err(refused));
    }
}

#[test]
fn durations_of_whole_seconds() {
    let kept = |duration: Duration| TokenDuration::try_from(duration).map(TokenDuration::as_secs);
    assert_eq!(kept(Duration::from_millis(1_999)), Ok(1));
    assert!(kept(Duration::from_millis(999)).is_err());
    assert!(kept(Duration::MAX).is_err());
}

/// Contract section 4.
#[test]
fn claims_of_a_guest_and_of_a_user() {
    let pool = world::pool();
    let tags = PrincipalTags::from([("k".parse().unwrap(), "v".parse().unwrap())]);
    let used = world::logins("d:alice,p:1").into_iter().map(VerifiedLogin::of).collect::<Vec<_>>();
    let user_amr = [
        "authenticated",
        "d",
        "d:us-east-1:aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa:alice",
        "p",
        "p:1",
    ];
    let arn = pool.arn();
    for (used, amr, arn) in [
        (used.as_slice(), user_amr.as_slice(), Some(arn.as_str())),
        (&[], &["unauthenticated"], None),
    ] {
        let (id, duration) = (world::id("X"), TokenDuration::CLASSIC_FLOW);
        let claims = Claims::new(&pool, id.clone(), used, tags.clone(), duration, world::NOW);
        assert_eq!((claims.identity_id(), claims.identity_pool_id()), (&id, pool.id()));
        assert_eq!(claims.amr(), amr);
        assert_eq!(claims.is_authenticated(), !used.is_empty());
        assert_eq!(claims.identity_pool_arn(), arn);
        assert_eq!(claims.principal_tags(), &tags);
        assert_eq!((claims.issued_at(), claims.expires_at()), (1_000, 1_600));
    }
}
