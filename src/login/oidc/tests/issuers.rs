//! Emulators as issuers, and issuers with new keys.

use super::*;

#[test]
fn an_emulator_is_accepted_as_the_issuer_of_a_user_pool_only() {
    let at = |address: &str| verifier().user_pools_at(address);
    for (address, provider, issuer, accepted) in [
        ("http://localhost:9229", USER_POOL, "http://localhost:9229/us-east-1_abc", true),
        ("http://localhost:9229/", USER_POOL, "http://localhost:9229/us-east-1_abc", true),
        ("https://a/b", USER_POOL, "https://a/b/us-east-1_abc", true),
        ("http://localhost:9229", USER_POOL, "http://localhost:9229/us-east-1_other", false),
        ("http://localhost:9229", USER_POOL, "http://localhost:9229/us-east-1_abc/", false),
        ("http://localhost:9229", USER_POOL, "http://localhost:9229/x/us-east-1_abc", false),
        ("http://localhost:9229", USER_POOL, "http://localhost:9229us-east-1_abc", false),
        ("http://localhost:9229", USER_POOL, "https://localhost:9229/us-east-1_abc", false),
        ("http://localhost:9229", USER_POOL, "http://localhost:9228/us-east-1_abc", false),
        ("http://localhost:9229", USER_POOL, "us-east-1_abc", false),
        ("http://localhost:9229", USER_POOL, "/us-east-1_abc", false),
        ("http://localhost:9229", ISSUER, "http://localhost:9229/realm", false),
        ("http://localhost:9229", GOOGLE, "http://localhost:9229/", false),
    ] {
        let token = Signer::ed25519().token(&with(provider, "iss", json!(issuer)));
        let wrong = (!accepted).then_some(LoginError::WrongIssuer);
        assert_eq!(present(&at(address), provider, &token).err(), wrong, "{address} {issuer}");
        let alone = present(&verifier(), provider, &token);
        assert_eq!(alone.err(), Some(LoginError::WrongIssuer), "{issuer}");
    }
    let of_the_service = Signer::ed25519().token(&claims(USER_POOL));
    assert!(present(&at("http://localhost:9229"), USER_POOL, &of_the_service).is_ok());
    let iss = json!("http://localhost:9229/us-east-1_abc");
    let token = Signer::ed25519().token(&with(USER_POOL, "iss", iss));
    let emulated = present(&at("http://localhost:9229"), USER_POOL, &token).expect("accepted");
    assert_eq!(emulated.login().provider().as_str(), USER_POOL);
    let amr = format!("{USER_POOL}:CognitoSignIn:alice");
    assert_eq!(emulated.amr(&crate::login::mint::pool()), amr);
}

/// Has a key from the start, and a newer one that may be unavailable.
struct Rotating {
    first: Arc<JwkSet>,
    newer: Result<Option<Arc<JwkSet>>, LoginError>,
}

impl IssuerKeys for Rotating {
    fn keys(&self, _: &str, _: Option<&str>) -> Result<Arc<JwkSet>, LoginError> {
        Ok(Arc::clone(&self.first))
    }

    fn newer_keys(&self, _: &str, known: &Arc<JwkSet>) -> Result<Option<Arc<JwkSet>>, LoginError> {
        assert!(Arc::ptr_eq(known, &self.first));
        self.newer.clone()
    }
}

#[test]
fn newer_keys_count_if_the_known_ones_have_not_signed() {
    let all = Signer::all();
    let (old, new) = (Arc::new(all[6].keys()), Arc::new(Signer::ed25519().keys()));
    let down = || unavailable("{}", "timeout");
    let bad = || Some(LoginError::BadSignature);
    for (first, newer, error) in [
        (&old, Ok(Some(&new)), None),
        (&old, Ok(Some(&old)), bad()),
        (&old, Ok(None), bad()),
        (&old, Err(down()), Some(down())),
        (&new, Ok(Some(&old)), None),
        (&new, Err(down()), None),
    ] {
        let newer = newer.map(Option::<&Arc<JwkSet>>::cloned);
        let keys = Rotating { first: Arc::clone(first), newer };
        // Through a pointer, which forwards both methods.
        let verifier = OidcVerifier::new().issuer_keys(Box::new(keys));
        let token = Signer::ed25519().token(&claims(GOOGLE));
        assert_eq!(present(&verifier, GOOGLE, &token).err(), error);
    }
    let function = from_fn(move |_: &str, _: Option<&str>| Ok(Arc::clone(&old)));
    let verifier = OidcVerifier::new().issuer_keys(function);
    let token = Signer::ed25519().token(&claims(GOOGLE));
    assert_eq!(present(&verifier, GOOGLE, &token).err(), bad(), "a function has no newer ones");
}
