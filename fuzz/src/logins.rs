//! Presented logins and sessions.
//!
//! The first byte of an input selects the kind of the rest:
//!
//! | | the rest |
//! | --- | --- |
//! | `k` | a key set |
//! | `t` | a token of an issuer |
//! | `e` | edits of a genuine one |
//! | `c` | claims, or a header, a line end and claims, to be signed with an issuer's key |
//! | `m` | a choice of claims and of a header, to be signed with an issuer's key |
//! | `s` | a session token |
//! | `f` | edits of a genuine one |

mod issuers;
mod made;

use std::sync::LazyLock;

use arbitrary::{Arbitrary, Unstructured};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use cognate::login::{JwkSet, LoginVerifier, OidcVerifier};
use cognate::name::LoginToken;
use cognate::operation::{
    GetCredentialsForIdentityInput, GetIdInput, RoleType, SetIdentityPoolRolesInput,
};
use cognate::{Engine, ErrorKind};
use serde_json::{Map, Value};

use crate::edits::{Edit, edited};
use crate::scene::{self, NOW};
use issuers::{Issuer, Signer, Token};
use made::Made;

/// Presents the login or session of an input.
pub fn run(data: &[u8]) {
    static SCENE: LazyLock<Scene> = LazyLock::new(Scene::new);
    let scene = &*SCENE;
    let Some((kind, data)) = data.split_first() else { return };
    let text = String::from_utf8_lossy(data);
    match kind {
        b'k' => scene.present_keys(data),
        b't' => scene.present_everywhere(&text),
        b'e' => drop(scene.present_edited(&mut Unstructured::new(data))),
        b'c' => {
            let split = data.iter().position(|byte| *byte == b'\n');
            match split {
                Some(end) => scene.present_signed(&data[..end], &data[end + 1..]),
                None => scene.present_signed(&scene.signers[Signer::FASTEST].header(), data),
            }
        }
        b'm' => {
            let Ok(made) = Made::arbitrary(&mut Unstructured::new(data)) else { return };
            scene.present_signed(&made.header(), &made.claims(&scene.issuers));
        }
        b's' => scene.present_session(&text),
        b'f' => {
            let edits = Vec::<Edit>::arbitrary(&mut Unstructured::new(data));
            scene.present_session(&edited(&scene.session, &edits.unwrap_or_default()));
        }
        _ => {}
    }
}

struct Scene {
    /// Each issuer has a pool with no other provider.
    issuers: Vec<Issuer>,
    signers: Vec<Signer>,
    verifier: OidcVerifier,
    /// Genuine tokens, not all of them for these pools.
    tokens: Vec<Token>,
    engine: Engine,
    session: String,
}

impl Scene {
    fn new() -> Self {
        let engine = scene::builder().in_memory().expect("an engine");
        let issuers = Issuer::all(&scene::owner(&engine));
        let signers = Signer::all();
        let keys: Vec<_> = signers.iter().map(Signer::jwk).collect();
        let keys = JwkSet::from_json(issuers::key_set(&keys)).expect("a key set");
        assert_eq!(keys.len(), signers.len());
        let verifier = issuers.iter().fold(OidcVerifier::new(), |verifier, issuer| {
            let known = cognate::login::Issuer::new(keys.clone()).client_id(issuers::CLIENT);
            verifier.issuer(issuer.name, known)
        });
        let tokens = Token::all(&issuers, &signers);
        let session = session(&engine);
        let scene = Self { issuers, signers, verifier, tokens, engine, session };
        for token in &scene.tokens {
            for (place, issuer) in scene.issuers.iter().enumerate() {
                let accepted = subject_of(&scene.verifier, issuer, &token.text).is_some();
                assert_eq!(accepted, token.is_for == Some(place), "{}", token.text);
            }
        }
        scene.present_session(&scene.session);
        scene
    }

    /// A key set verifies a genuine token only if it has the genuine key.
    fn present_keys(&self, data: &[u8]) {
        let Ok(keys) = JwkSet::from_json(data) else { return };
        let document: Value = serde_json::from_slice(data).expect("a key set is JSON");
        assert!(document.is_object(), "a key set is an object");
        let listed = document["keys"].as_array().expect("an array of keys");
        let objects = listed.iter().filter(|key| key.is_object()).count();
        assert!(keys.len() <= objects, "more keys than there are");
        let issuer = &self.issuers[0];
        let verifier = OidcVerifier::new().issuer(issuer.name, keys);
        for token in self.tokens.iter().filter(|token| token.is_for == Some(0)) {
            if subject_of(&verifier, issuer, &token.text).is_some() {
                let signer = &self.signers[token.signer];
                let is_listed = listed.iter().any(|key| signer.is_public_key(key));
                assert!(is_listed, "verified with a wrong key");
            }
        }
    }

    fn present_everywhere(&self, text: &str) {
        for place in 0..self.issuers.len() {
            self.present(place, text);
        }
    }

    fn present_edited(&self, u: &mut Unstructured<'_>) -> arbitrary::Result<()> {
        let token = &self.tokens[usize::from(u8::arbitrary(u)?) % self.tokens.len()];
        let place = usize::from(u8::arbitrary(u)?) % self.issuers.len();
        self.present(place, &edited(&token.text, &Vec::<Edit>::arbitrary(u)?));
        Ok(())
    }

    /// Only a genuine token for the pool is accepted, byte for byte.
    fn present(&self, place: usize, text: &str) {
        let Some(subject) = subject_of(&self.verifier, &self.issuers[place], text) else { return };
        let is_it = |token: &&Token| {
            // ES256 has two valid signatures for each token.
            let has_other_signature =
                self.signers[token.signer].is_malleable() && is_twin(&token.text, text);
            token.text == text || has_other_signature
        };
        let genuine = self.tokens.iter().find(is_it).expect("another token was accepted");
        assert_eq!(genuine.is_for, Some(place), "a token for another pool was accepted: {text}");
        assert_eq!(subject, issuers::SUBJECT);
    }

    /// Claims signed with an issuer's key are accepted only if they are valid.
    fn present_signed(&self, header: &[u8], claims: &[u8]) {
        let token = self.signers[Signer::FASTEST].sign(header, claims);
        for issuer in &self.issuers {
            let Some(subject) = subject_of(&self.verifier, issuer, &token) else { continue };
            let header: Map<String, Value> = serde_json::from_slice(header).expect("a header");
            assert_eq!(header["alg"], "EdDSA", "another algorithm was accepted");
            assert!(!header.contains_key("crit"), "an extension was ignored");
            let claims: Map<String, Value> = serde_json::from_slice(claims).expect("claims");
            issuer.check(&claims);
            assert_eq!(claims["sub"], subject);
        }
    }

    /// Only the engine's own session is accepted, byte for byte.
    fn present_session(&self, text: &str) {
        match self.engine.verify_session(text) {
            Ok(_) => assert_eq!(text, self.session, "another session was accepted"),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::NotAuthorized, "{error}");
                assert_ne!(text, self.session, "{error}");
            }
        }
    }
}

/// The subject of an accepted token.
fn subject_of(verifier: &OidcVerifier, issuer: &Issuer, text: &str) -> Option<String> {
    let token = LoginToken::try_from(text).ok()?;
    let provider = issuer.name.parse().expect("a provider");
    let accepted = verifier.verify(&issuer.pool, &provider, &token, NOW).ok()?;
    assert_eq!(*accepted.login().provider(), provider);
    Some(accepted.login().subject().as_str().to_owned())
}

/// Whether two tokens have the same contents and signatures with the same `r`.
fn is_twin(one: &str, other: &str) -> bool {
    let (Some((one, r)), Some((other, other_r))) = (one.rsplit_once('.'), other.rsplit_once('.'))
    else {
        return false;
    };
    let [r, other_r] = [r, other_r].map(|text| URL_SAFE_NO_PAD.decode(text).unwrap_or_default());
    one == other && r.len() == 64 && other_r.len() == 64 && r[..32] == other_r[..32]
}

/// A guest's session.
fn session(engine: &Engine) -> String {
    let aws = scene::owner(engine);
    let pool = scene::create_pool(&aws);
    let roles = SetIdentityPoolRolesInput::new(&pool);
    let role = "arn:aws:iam::123456789012:role/guest";
    let roles = roles.roles(RoleType::Unauthenticated, role);
    aws.set_identity_pool_roles(roles).expect("roles");
    let guest = engine.public().get_id(GetIdInput::new(&pool));
    let input = GetCredentialsForIdentityInput::new(&guest.expect("a guest").identity_id);
    let answer = engine.public().get_credentials_for_identity(input);
    let token = answer.expect("a guest's").credentials.session_token.as_str().to_owned();
    assert!(STANDARD.decode(&token).is_ok(), "the session is a text");
    token
}
