//! Presented tokens of the engine.
//!
//! An input is used in three ways: as a token, as a header and claims that are signed with the
//! engine's own key, and as edits of a genuine token.

use std::sync::LazyLock;

use arbitrary::{Arbitrary, Unstructured};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cognate::{Engine, ErrorKind};
use ring::signature::Ed25519KeyPair;

use crate::edits::edited;
use crate::scene::{self, KEY, NOW, REGION};

/// Presents the tokens of an input.
pub fn run(data: &[u8]) {
    static SCENE: LazyLock<Scene> = LazyLock::new(Scene::new);
    let scene = &*SCENE;
    if let Ok(text) = str::from_utf8(data) {
        scene.present(text);
    }
    scene.present_signed(data);
    if let Ok(edits) = Vec::arbitrary(&mut Unstructured::new(data)) {
        scene.present(&edited(&scene.token, &edits));
    }
}

struct Scene {
    engine: Engine,
    /// A token that the engine made.
    token: String,
    header: Vec<u8>,
    pair: Ed25519KeyPair,
}

impl Scene {
    fn new() -> Self {
        let engine = scene::builder().in_memory().expect("an engine");
        let aws = scene::owner(&engine);
        let pool = scene::create_pool(&aws);
        let input = scene::login(&pool, "alice").principal_tags("team", "red");
        let made = aws.get_open_id_token_for_developer_identity(input).expect("a new user");
        let token = made.token.as_str().to_owned();
        engine.verify_token(&token).expect("its own token");
        let (header, _) = token.split_once('.').expect("three parts");
        let header = URL_SAFE_NO_PAD.decode(header).expect("base64url");
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(KEY).expect("a key of the tests");
        Self { engine, token, header, pair }
    }

    /// Only the engine's own token is accepted, byte for byte.
    fn present(&self, text: &str) {
        if self.verifies(text).is_some() {
            assert_eq!(text, self.token, "another token was accepted");
        }
    }

    /// A token signed with the engine's key is accepted only if the engine would write it so.
    fn present_signed(&self, data: &[u8]) {
        let mut parts = data.splitn(2, |byte| *byte == b'\n');
        let (header, claims) = match (parts.next(), parts.next()) {
            (Some(header), Some(claims)) => (header, claims),
            _ => (self.header.as_slice(), data),
        };
        let [header_text, claims_text] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part));
        let mut token = format!("{header_text}.{claims_text}");
        let signature = self.pair.sign(token.as_bytes());
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);

        if let Some(accepted) = self.verifies(&token) {
            assert_eq!(header, self.header, "another header was accepted");
            let written = serde_json::to_vec(&accepted).expect("claims are JSON");
            assert_eq!(claims, written, "other claims were accepted");
            assert!(accepted.expires_at() > NOW.as_secs(), "an expired token was accepted");
            let region = accepted.identity_id().region().expect("a region");
            assert_eq!(region.as_str(), REGION, "an identity of another region was accepted");
        }
    }

    fn verifies(&self, token: &str) -> Option<cognate::token::Claims> {
        match self.engine.verify_token(token) {
            Ok(claims) => Some(claims),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::NotAuthorized, "{error}");
                None
            }
        }
    }
}
