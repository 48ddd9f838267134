//! Parts of the library other than operations that rows need.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cognate::credentials::{CredentialError, CredentialIssuer, Credentials};
use cognate::login::{Issuer, JwkSet, OidcVerifier};
use cognate::name::{LoginToken, ProviderName};
use cognate::{Throttling, from_fn};
use serde_json::Value;

use crate::scene::{ISSUER, Scene, text};

/// The identity and the tags that a session of credentials names.
pub(crate) struct Session {
    pub(crate) role: String,
    /// The caller, as STS names it.
    pub(crate) caller: String,
    /// The principal's tags.
    pub(crate) tags: Value,
}

/// Reads the session of an answer that has credentials.
#[track_caller]
pub(crate) fn session(scene: &Scene, answer: &Value) -> Session {
    let token = text(&answer["Credentials"]["SessionToken"]);
    let session = scene.world.engine.verify_session(&token).expect("ours").session;
    Session {
        role: session.role_arn.to_string(),
        caller: session.assumed_role_arn().expect("a role"),
        tags: serde_json::to_value(session.principal_tags).expect("JSON"),
    }
}

/// An engine whose issuer refuses to make credentials.
pub(crate) fn refusing(scene: &Scene, why: CredentialError) -> Scene {
    struct Refusing(CredentialError);

    impl CredentialIssuer for Refusing {
        fn issue(&self, _: &cognate::credentials::Session) -> Result<Credentials, CredentialError> {
            Err(self.0.clone())
        }
    }

    scene.with(|builder| builder.credential_issuer(Refusing(why)))
}

/// An engine that throttles at the documented rates.
pub(crate) fn throttled(scene: &Scene) -> Scene {
    scene.with(|builder| builder.throttling(Throttling::DocumentedRates))
}

/// An engine that knows an issuer's keys and one application that is registered with it.
pub(crate) fn registered(scene: &Scene, jwks: &Value, client: &str) -> Scene {
    let keys = JwkSet::from_json(jwks.to_string()).expect("a key set");
    let verifier = OidcVerifier::new().issuer(ISSUER, Issuer::new(keys).client_id(client));
    scene.with(|builder| builder.login_verifier(verifier))
}

/// An engine that verifies OpenID Connect tokens itself. It has the keys of every issuer, and its
/// user pools report the user `gone` as deleted.
pub(crate) fn verifying(scene: &Scene, jwks: &Value) -> Scene {
    let gone = |_: &ProviderName, token: &LoginToken| {
        let claims =
            token.as_str().split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
        let claims: Value = serde_json::from_slice(&claims.expect("base64url")).expect("JSON");
        Ok(claims["sub"] != "gone")
    };
    let keys = Arc::new(JwkSet::from_json(jwks.to_string()).expect("a key set"));
    let keys = move |_: &str, _: Option<&str>| Ok(Arc::clone(&keys));
    let verifier = OidcVerifier::new().issuer_keys(from_fn(keys));
    let verifier = verifier.server_side_token_check(from_fn(gone));
    scene.with(|builder| builder.login_verifier(verifier))
}
