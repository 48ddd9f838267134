//! Sessions that this engine did not make, or that have expired.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use cognate::ambient::Timestamp;
use cognate::credentials::{CredentialError, CredentialIssuer, Credentials, Session};
use cognate::operation::GetCredentialsForIdentityInput;
use cognate::token::SigningAlgorithm;
use cognate::{Error, Refusal};

use crate::ours::{session_token, token};
use crate::site::Site;
use crate::support::{NOON, key};

/// The duration of a session.
const HOUR: u64 = 3_600_000;

fn is_invalid(site: &Site, token: &str) -> bool {
    match site.world.engine.verify_session(token) {
        Err(error @ Error::Refused(Refusal::SessionInvalid)) => {
            let text = "The security token included in the request is invalid.";
            assert_eq!(error.to_string(), text);
            true
        }
        _ => false,
    }
}

#[test]
fn every_byte_of_a_session_counts() {
    let site = Site::new();
    let token = session_token(&site);
    site.world.engine.verify_session(&token).expect("ours");
    let bytes = STANDARD.decode(&token).expect("base64");
    let before = site.world.dump();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        assert!(is_invalid(&site, &STANDARD.encode(&changed)), "a bit of byte {at}");
        if at % 7 == 0 {
            assert!(is_invalid(&site, &STANDARD.encode(&bytes[..at])), "{at} bytes are left");
            assert!(is_invalid(&site, &STANDARD.encode(&bytes[at + 1..])), "{at} bytes are gone");
            assert!(is_invalid(&site, &token[..at]), "{at} letters are left");
        }
    }
    assert!(site.world.dump() == before);
}

#[test]
fn only_sessions_of_this_engine_count() {
    let site = Site::new();
    let genuine = session_token(&site);
    let bytes = STANDARD.decode(&genuine).expect("base64");
    // The same ids and the same time, but another key.
    let other = Site::new();
    assert_eq!((&other.guest, &other.pool), (&site.guest, &site.pool));
    let theirs = session_token(&other);
    let their_bytes = STANDARD.decode(&theirs).expect("base64");
    let (nonce, sealed) = bytes[1..].split_at(12);
    let with = |version: u8, nonce: &[u8], sealed: &[u8]| {
        STANDARD.encode([&[version], nonce, sealed].concat())
    };
    let cut = bytes.len() - 16;
    // Without padding, and with a character that only base64url has.
    let in_base64url = URL_SAFE.encode(&bytes).replace('=', "") + "_";
    for (name, token) in [
        ("nothing", String::new()),
        ("a blank", " ".to_owned()),
        ("a word", "token".to_owned()),
        ("a version alone", STANDARD.encode([1])),
        ("a nonce alone", STANDARD.encode(&bytes[..13])),
        ("zeros", STANDARD.encode([0; 100])),
        ("another engine's", theirs),
        ("another engine's seal", with(1, nonce, &their_bytes[13..])),
        ("another engine's nonce", with(1, &their_bytes[1..13], sealed)),
        ("another version", with(2, nonce, sealed)),
        ("no version", STANDARD.encode(&bytes[1..])),
        ("no tag", STANDARD.encode(&bytes[..cut])),
        ("a tag of zeros", STANDARD.encode([&bytes[..cut], &[0; 16]].concat())),
        ("a byte more", STANDARD.encode([bytes.as_slice(), &[0]].concat())),
        ("a session twice", STANDARD.encode(bytes.repeat(2))),
        ("the text twice", genuine.repeat(2)),
        ("base64url", in_base64url),
        ("a blank before", format!(" {genuine}")),
        ("a blank behind", format!("{genuine} ")),
        ("a line end behind", format!("{genuine}\n")),
        ("a pad behind", format!("{genuine}=")),
        ("encoded twice", STANDARD.encode(&genuine)),
        ("in capitals", genuine.to_uppercase()),
        ("of other letters", "é".repeat(100)),
        ("a token for the identity", token(&site.world, &site.pool, "alice")),
        ("two million letters", "A".repeat(2_000_000)),
    ] {
        assert!(is_invalid(&site, &token), "{name}");
    }
    site.world.engine.verify_session(&genuine).expect("ours");
}

/// Only the standard alphabet and padding are accepted.
#[test]
fn a_session_is_in_standard_base64() {
    let site = Site::new();
    let (mut alphabets, mut paddings) = (0, 0);
    for _ in 0..40 {
        let genuine = session_token(&site);
        let bytes = STANDARD.decode(&genuine).expect("base64");
        site.world.engine.verify_session(&genuine).expect("ours");
        for other in [URL_SAFE.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)] {
            if other != genuine {
                assert!(is_invalid(&site, &other), "{other}");
                alphabets += 1;
            }
        }
        let unpadded = STANDARD_NO_PAD.encode(&bytes);
        if unpadded != genuine {
            assert!(is_invalid(&site, &unpadded), "{unpadded}");
            paddings += 1;
        }
    }
    assert!(alphabets > 0, "{alphabets} {paddings}");
}

#[test]
fn a_session_ends_at_its_expiration() {
    let site = Site::new();
    site.world.clock.set(NOON + 999);
    let token = session_token(&site);
    for (millis, ended) in [(HOUR - 1, false), (HOUR, true), (HOUR + 1, true), (u64::MAX / 2, true)]
    {
        site.world.clock.set(NOON + millis);
        match site.world.engine.verify_session(&token) {
            Ok(verified) => {
                assert!(!ended, "{millis}");
                assert_eq!(verified.session.expiration, Timestamp::from_millis(NOON + HOUR));
                assert_eq!(verified.session.identity_id, site.guest);
            }
            Err(error) => {
                assert!(ended && matches!(error, Error::Refused(Refusal::SessionExpired)));
                let text = "The security token included in the request is expired";
                assert_eq!(error.to_string(), text);
            }
        }
    }
    // The refusal of a forged session does not say when it was valid.
    let mut bytes = STANDARD.decode(&token).expect("base64");
    *bytes.last_mut().expect("a byte") ^= 1;
    assert!(is_invalid(&site, &STANDARD.encode(bytes)));
}

/// An issuer that writes any text into the session token.
struct Chooses(String);

impl CredentialIssuer for Chooses {
    fn issue(&self, session: &Session) -> Result<Credentials, CredentialError> {
        Ok(Credentials::new("ASIA", "secret", self.0.clone(), session.expiration))
    }
}

#[test]
fn a_session_of_the_embedders_issuer_is_not_the_engines() {
    let theirs = session_token(&Site::new());
    let site = Site::with(|builder| {
        builder.signing_key(key(SigningAlgorithm::EdDsa)).credential_issuer(Chooses(theirs.clone()))
    });
    let input = GetCredentialsForIdentityInput::new(&site.guest);
    let output = site.world.engine.public().get_credentials_for_identity(input);
    assert_eq!(output.expect("credentials").credentials.session_token.as_str(), theirs);
    assert!(is_invalid(&site, &theirs));
}
