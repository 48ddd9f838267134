//! Parts of the embedder that panic, block, fail or answer nonsense. Only the current call fails,
//! and the engine keeps working.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use cognate::ambient::Timestamp;
use cognate::credentials::{CredentialError, CredentialIssuer, Credentials, Session};
use cognate::from_fn;
use cognate::login::{Issuer, JwkSet, LoginError, LoginVerifier, OidcVerifier, VerifiedLogin};
use cognate::name::{LoginToken, ProviderName};
use cognate::operation::{DeleteIdentityPoolInput, IdentityPool};
use cognate::token::SigningAlgorithm;
use serde_json::json;

use crate::attacks::{AUDIENCE, EARLY, ISSUER, MALFORMED, SIGNATURE};
use crate::mint::{EXAMPLE, GOOGLE, KEYS, USER_POOL, key_set, makers, verifier};
use crate::site::{Call, Door, Operation, Site};
use crate::support::{key, parse};

/// Longer than any call that does not hang.
const HANGS: Duration = Duration::from_secs(20);

type Answered = Result<VerifiedLogin, LoginError>;

/// Answers some tokens in its own way, and passes all others to a real verifier.
struct Moody<F> {
    proper: OidcVerifier,
    mood: F,
}

impl<F: Fn(&ProviderName, &str) -> Option<Answered> + Send + Sync> LoginVerifier for Moody<F> {
    fn verify(
        &self,
        pool: &IdentityPool,
        provider: &ProviderName,
        token: &LoginToken,
        now: Timestamp,
    ) -> Answered {
        let moody = (self.mood)(provider, token.as_str());
        moody.unwrap_or_else(|| self.proper.verify(pool, provider, token, now))
    }
}

fn moody<F>(mood: F) -> Site
where
    F: Fn(&ProviderName, &str) -> Option<Answered> + Send + Sync + 'static,
{
    Site::with(|builder| {
        let builder = builder.signing_key(key(SigningAlgorithm::EdDsa));
        builder.login_verifier(Moody { proper: verifier(), mood })
    })
}

fn login(provider: &str, subject: &str) -> VerifiedLogin {
    VerifiedLogin::assertion(&parse(provider), subject).expect("a subject")
}

/// Asserts that every operation still accepts the genuine token.
fn assert_works_on(site: &Site) {
    let maker = makers()[3];
    let genuine = maker.genuine().text();
    let calls = site.calls().into_iter();
    for call in calls.filter(|Call(_, whose)| whose.as_ref() != Some(&site.guest)) {
        // Skipped, because it would unlink logins that the next calls need.
        if call.0 != Operation::UnlinkIdentity {
            let answer = site.call(Door::Typed, &call, &[(maker.provider, &genuine)]);
            let answer = answer.unwrap_or_else(|refused| panic!("{call:?}: {refused:?}"));
            assert_eq!(answer["IdentityId"], json!(site.alice));
        }
    }
    let call = Call(Operation::UnlinkIdentity, Some(site.alice.clone()));
    site.call(Door::Wire, &call, &[(maker.provider, &genuine)]).expect("unlinked");
    site.world.check();
}

#[test]
fn a_verifier_that_fails_fails_one_call() {
    let site = moody(|_, token| match token {
        "panic-secret-token" => panic!("the verifier is not well: {token}"),
        "index-secret-token" => Some(Ok(login(GOOGLE, &token[..token.len() * 2]))),
        "unavailable" => Some(Err(LoginError::unavailable("the provider is gone"))),
        "malformed" => Some(Err(LoginError::Malformed)),
        "issuer" => Some(Err(LoginError::WrongIssuer)),
        "signature" => Some(Err(LoginError::BadSignature)),
        "early" => Some(Err(LoginError::NotYetValid)),
        "audience" => Some(Err(LoginError::WrongAudience)),
        "inactive" => Some(Err(LoginError::Inactive)),
        "another-provider" => Some(Ok(login(USER_POOL, "alice"))),
        "a-shorter-name" => Some(Ok(login("accounts.google.co", "alice"))),
        "a-developer" => Some(Ok(login("login.game", "alice"))),
        _ => None,
    });
    let (internal, refused) = ("InternalErrorException", "NotAuthorizedException");
    let panicked = ("the login verifier panicked", "Internal error");
    let same = |text| (text, text);
    let before = site.world.dump();
    for (token, kind, (typed, wire)) in [
        ("panic-secret-token", internal, panicked),
        ("index-secret-token", internal, panicked),
        ("unavailable", "ExternalServiceException", same("The login provider is not available.")),
        ("malformed", refused, same(MALFORMED)),
        ("issuer", refused, same(ISSUER)),
        ("signature", refused, same(SIGNATURE)),
        ("early", refused, same(EARLY)),
        ("audience", refused, same(AUDIENCE)),
        ("inactive", refused, same("Token is inactive")),
        ("another-provider", refused, same(ISSUER)),
        ("a-shorter-name", refused, same(ISSUER)),
        ("a-developer", refused, same(ISSUER)),
    ] {
        for call in site.calls() {
            for door in Door::BOTH {
                let answer = site.call(door, &call, &[(GOOGLE, token)]);
                let answer = answer.expect_err("refused");
                let text = if door == Door::Typed { typed } else { wire };
                assert_eq!(
                    (answer.kind.as_str(), answer.message.as_str()),
                    (kind, text),
                    "{call:?}"
                );
                assert!(!answer.shown.contains("secret-token"), "{}", answer.shown);
                assert!(site.world.dump() == before, "{token}, {call:?}, {door:?}: changed");
            }
        }
    }
    assert_works_on(&site);
}

/// Lookups of keys may fail as well.
#[test]
fn keys_that_cannot_be_fetched_fail_one_call() {
    const GIVES: usize = 0;
    let mood = Arc::new(AtomicUsize::new(GIVES));
    let asked = Arc::clone(&mood);
    let keys: Arc<JwkSet> = Arc::new(key_set(&[KEYS.p384.jwk("ex-1"), KEYS.ed25519.jwk("ex-2")]));
    let site = Site::with(move |builder| {
        let looked_up =
            verifier().issuer(EXAMPLE, Issuer::without_keys().client_id("gameweb")).issuer_keys(
                from_fn(move |_: &str, _: Option<&str>| match asked.load(Ordering::SeqCst) {
                    GIVES => Ok(Arc::clone(&keys)),
                    1 => panic!("the network is gone"),
                    2 => Err(LoginError::unavailable("the network is gone")),
                    _ => Ok(Arc::new(key_set(&[]))),
                }),
            );
        builder.signing_key(key(SigningAlgorithm::EdDsa)).login_verifier(looked_up)
    });
    let genuine = makers()[2].genuine().text();
    let before = site.world.dump();
    for (fails, kind) in [
        (1, "InternalErrorException"),
        (2, "ExternalServiceException"),
        (3, "NotAuthorizedException"),
    ] {
        mood.store(fails, Ordering::SeqCst);
        for call in site.calls() {
            for door in Door::BOTH {
                let answer = site.call(door, &call, &[(EXAMPLE, &genuine)]);
                assert_eq!(answer.expect_err("refused").kind, kind, "{call:?}, {door:?}");
                assert!(site.world.dump() == before, "{call:?}, {door:?}: changed");
            }
        }
    }
    mood.store(GIVES, Ordering::SeqCst);
    assert_works_on(&site);
}

/// An issuer of credentials that fails on demand.
struct Told(Arc<AtomicUsize>);

impl CredentialIssuer for Told {
    fn issue(&self, session: &Session) -> Result<Credentials, CredentialError> {
        match self.0.load(Ordering::SeqCst) {
            0 => Ok(Credentials::new("ASIA0", "key", "token", session.expiration)),
            1 => panic!("no credentials for {}", session.role_arn),
            2 => Err(CredentialError::Refused),
            _ => Err(CredentialError::unavailable("the STS is gone")),
        }
    }
}

#[test]
fn an_issuer_of_credentials_that_fails_fails_one_call() {
    let mood = Arc::new(AtomicUsize::new(0));
    let told = Told(Arc::clone(&mood));
    let site = Site::with(|builder| {
        builder.signing_key(key(SigningAlgorithm::EdDsa)).credential_issuer(told)
    });
    // Logins that would be linked to the guest and to alice's identity.
    let nora = makers()[3].with("sub", json!("nora"));
    let google = makers()[1].genuine().text();
    let guest = Call(Operation::GetCredentialsForIdentity, Some(site.guest.clone()));
    let alice = Call(Operation::GetCredentialsForIdentity, Some(site.alice.clone()));
    let before = site.world.dump();
    let roles = "Invalid identity pool configuration. Check assigned IAM roles for this pool.";
    let gone = "Credentials are not available.";
    for (fails, kind, typed, wire) in [
        (1, "InternalErrorException", "the credential issuer panicked", "Internal error"),
        (2, "InvalidIdentityPoolConfigurationException", roles, roles),
        (3, "ExternalServiceException", gone, gone),
    ] {
        mood.store(fails, Ordering::SeqCst);
        for (call, logins) in [
            (&guest, vec![]),
            (&guest, vec![(EXAMPLE, nora.as_str())]),
            (&guest, vec![(GOOGLE, google.as_str())]),
            (&alice, vec![(GOOGLE, google.as_str())]),
        ] {
            for door in Door::BOTH {
                let answer = site.call(door, call, &logins).expect_err("refused");
                let text = if door == Door::Typed { typed } else { wire };
                assert_eq!((answer.kind.as_str(), answer.message.as_str()), (kind, text));
                assert!(site.world.dump() == before, "{call:?}, {door:?}: changed");
            }
        }
    }
    mood.store(0, Ordering::SeqCst);
    let answer = site.call(Door::Wire, &guest, &[(EXAMPLE, &nora)]).expect("credentials");
    assert_eq!(answer["Credentials"]["AccessKeyId"], "ASIA0");
    assert_eq!(answer["IdentityId"], json!(site.guest));
    assert!(site.world.dump() != before, "nora is linked");
    assert_works_on(&site);
}

/// A verifier that reports when it is asked about `slow`, and answers on demand.
fn slow() -> (Site, Receiver<()>, Sender<()>) {
    let (asked, was_asked) = channel();
    let (answer, may_answer) = channel::<()>();
    let ends = Mutex::new((asked, may_answer));
    let site = moody(move |provider, token| {
        (token == "slow").then(|| {
            let ends = ends.lock().expect("one at a time");
            ends.0.send(()).expect("heard");
            ends.1.recv_timeout(HANGS).expect("told to go on");
            Ok(login(provider.as_str(), "slow"))
        })
    });
    (site, was_asked, answer)
}

#[test]
fn a_slow_verifier_delays_no_other_call() {
    for door in Door::BOTH {
        let (site, was_asked, answer) = slow();
        let call = Call(Operation::GetCredentialsForIdentity, Some(site.guest.clone()));
        thread::scope(|scope| {
            let waiting = scope.spawn(|| site.call(door, &call, &[(GOOGLE, "slow")]));
            was_asked.recv_timeout(HANGS).expect("asked");
            // Logins of the same pool, identity and provider.
            assert_works_on(&site);
            let genuine = makers()[1].genuine().text();
            let get_id = Call(Operation::GetId, None);
            site.call(Door::Typed, &get_id, &[(GOOGLE, &genuine)]).expect("let in");
            site.call(Door::Wire, &call, &[]).expect("the guest, without a login");
            assert!(site.world.describe(&site.guest).logins.is_empty());
            site.world.register(&site.pool, "dave");
            assert!(!waiting.is_finished(), "it waits");
            answer.send(()).expect("heard");
            let answer = waiting.join().expect("no panic").expect("let in");
            assert_eq!(answer["IdentityId"], json!(site.guest));
        });
        assert_eq!(site.world.describe(&site.guest).logins.len(), 1);
        site.world.check();
    }
}

/// The verifier's answer comes too late for a deleted pool.
#[test]
fn a_pool_can_be_deleted_while_a_verifier_is_slow() {
    for door in Door::BOTH {
        let (site, was_asked, answer) = slow();
        let call = Call(Operation::GetId, None);
        thread::scope(|scope| {
            let waiting = scope.spawn(|| site.call(door, &call, &[(GOOGLE, "slow")]));
            was_asked.recv_timeout(HANGS).expect("asked");
            let delete = DeleteIdentityPoolInput::new(&site.pool);
            site.world.aws.delete_identity_pool(delete).expect("deleted");
            let before = site.world.dump();
            answer.send(()).expect("heard");
            let refused = waiting.join().expect("no panic").expect_err("no such pool");
            assert_eq!(refused.kind, "ResourceNotFoundException");
            assert_eq!(refused.message, format!("IdentityPool '{}' not found.", site.pool));
            assert!(site.world.dump() == before, "nothing of it is left");
        });
        site.world.check();
    }
}
