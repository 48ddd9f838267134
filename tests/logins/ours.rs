//! Tokens of this service as logins: the engine refuses any token that it would not have issued for
//! this pool and this identity, byte for byte.

mod rows;

use std::collections::HashSet;

use cognate::Builder;
use cognate::name::{IdentityId, IdentityPoolId};
use cognate::operation::{
    GetCredentialsForIdentityInput, GetIdInput, GetOpenIdTokenInput, MergeDeveloperIdentitiesInput,
};
use cognate::token::SigningAlgorithm;
use serde_json::json;

use crate::attacks::{COGNITO, FOREIGN, MISMATCH, expired};
use crate::mint::{EXAMPLE, KEYS, Maker, NOW, Parts, encode, hmacs, makers};
use crate::site::{Call, Door, Operation, Site, open_pool};
use crate::support::{GAME, NOON, World, call, key};

/// The provider name for tokens of this service.
const OURS: &str = "cognito-identity.amazonaws.com";

/// A world that signs with a key that the test has too.
struct Ours {
    site: Site,
    /// Signs with the engine's key.
    maker: Maker,
}

/// A token, the identity that it is presented for, and the refusals of the two operations.
struct Row {
    name: String,
    token: String,
    whose: IdentityId,
    credentials: String,
    unlink: String,
}

impl Ours {
    fn new(algorithm: SigningAlgorithm) -> Self {
        let site = Site::with(|builder| builder.signing_key(key(algorithm)));
        let [mut maker, ..] = makers();
        (maker.alg, maker.kid) = (algorithm.as_str(), "us-east-1-1");
        (maker.key, maker.stranger) = match algorithm {
            SigningAlgorithm::Rs512 => (&KEYS.rsa, &KEYS.rsa_2),
            SigningAlgorithm::Es256 => (&KEYS.p256, &KEYS.p256_2),
            SigningAlgorithm::EdDsa => (&KEYS.ed25519, &KEYS.ed25519_2),
            other => panic!("no key for {other:?}"),
        };
        Self { site, maker }
    }

    fn row(&self, name: impl Into<String>, token: impl Into<String>, message: &str) -> Row {
        Self::row_for(&self.site.alice, name, token, [message; 2])
    }

    fn row_for(
        whose: &IdentityId,
        name: impl Into<String>,
        token: impl Into<String>,
        [credentials, unlink]: [&str; 2],
    ) -> Row {
        Row {
            name: name.into(),
            token: token.into(),
            whose: whose.clone(),
            credentials: credentials.to_owned(),
            unlink: unlink.to_owned(),
        }
    }
}

pub(crate) fn token(world: &World, pool: &IdentityPoolId, user: &str) -> String {
    let output = world.aws.get_open_id_token_for_developer_identity(call(pool, user));
    output.expect("a token").token.as_str().to_owned()
}

pub(crate) fn guest_token(world: &World, guest: &IdentityId) -> String {
    let input = GetOpenIdTokenInput::new(guest);
    world.engine.public().get_open_id_token(input).expect("a token").token.as_str().to_owned()
}

pub(crate) fn session_token(site: &Site) -> String {
    let input = GetCredentialsForIdentityInput::new(&site.guest);
    let output = site.world.engine.public().get_credentials_for_identity(input);
    output.expect("credentials").credentials.session_token.as_str().to_owned()
}

/// Tokens of other engines with the same ids.
fn of_other_engines(site: &Site, algorithm: SigningAlgorithm) -> Vec<(String, String)> {
    let made = |builder: Builder| builder.signing_algorithm(SigningAlgorithm::EdDsa);
    let another = if algorithm == SigningAlgorithm::EdDsa {
        SigningAlgorithm::Es256
    } else {
        SigningAlgorithm::EdDsa
    };
    let handed_in = |builder: Builder| builder.signing_key(key(another));
    let others = [
        ("with a key of its own", Site::with(made)),
        ("with a handed in key", Site::with(handed_in)),
    ];
    let other = |(name, other): (&str, Site)| {
        assert_eq!((&other.alice, &other.pool), (&site.alice, &site.pool));
        (format!("another engine's, {name}"), token(&other.world, &other.pool, "alice"))
    };
    others.map(other).into()
}

fn assert_only_ours_counts(algorithm: SigningAlgorithm) {
    let ours = Ours::new(algorithm);
    let site = &ours.site;
    let genuine = token(&site.world, &site.pool, "alice");
    let brief = call(&site.pool, "alice").token_duration(1);
    let brief = site.world.aws.get_open_id_token_for_developer_identity(brief).expect("a token");

    let mut rows = ours.others();
    rows.extend(ours.texts(&genuine));
    rows.extend(ours.signed(&genuine));
    rows.extend(ours.signatures(&genuine, &token(&site.world, &site.pool, "bob")));
    for (name, token) in of_other_engines(site, algorithm) {
        rows.push(ours.row(name, token, FOREIGN));
    }
    let over = expired(NOW + 1).replace(&NOW.to_string(), &(NOW + 1).to_string());
    rows.push(ours.row("expired this second", brief.token.as_str(), &over));
    site.world.clock.set(NOON + 1_000);

    assert!(rows.len() >= 90, "{}", rows.len());
    let mut tokens: HashSet<_> = rows.iter().map(|row| (&row.token, &row.whose)).collect();
    assert_eq!(tokens.len(), rows.len(), "a token is there twice");
    assert!(tokens.insert((&genuine, &site.alice)), "a genuine one");

    let before = site.world.dump();
    for Row { name, token, whose, credentials, unlink } in &rows {
        for (provider, elsewhere) in [
            (OURS, None),
            ("cognito-identity-us-gov.amazonaws.com", Some(COGNITO)),
            ("cognito-identity.cn-north-1.amazonaws.com.cn", Some(COGNITO)),
        ] {
            for (operation, message) in [
                (Operation::GetCredentialsForIdentity, credentials),
                (Operation::UnlinkIdentity, unlink),
            ] {
                for door in Door::BOTH {
                    let call = Call(operation, Some(whose.clone()));
                    let refused = match site.call(door, &call, &[(provider, token)]) {
                        Ok(answer) => panic!("{name}, {call:?}, {door:?}: accepted: {answer}"),
                        Err(refused) => refused,
                    };
                    assert_eq!(refused.kind, "NotAuthorizedException", "{name}, {call:?}");
                    let message = elsewhere.unwrap_or(message);
                    assert_eq!(refused.message, message, "{name}, {call:?}, {door:?}");
                    let shown = token.len() > 12 && refused.shown.contains(token.as_str());
                    assert!(!shown, "{name}: {}", refused.shown);
                    assert!(site.world.dump() == before, "{name}, {call:?}, {door:?}: changed");
                }
            }
        }
    }
    site.world.check();

    // The control: the genuine token opens both.
    for door in Door::BOTH {
        let call = Call(Operation::GetCredentialsForIdentity, Some(site.alice.clone()));
        let answer = site.call(door, &call, &[(OURS, &genuine)]).expect("credentials");
        assert_eq!(answer["IdentityId"], json!(site.alice));
    }
    let call = Call(Operation::UnlinkIdentity, Some(site.alice.clone()));
    site.call(Door::Wire, &call, &[(OURS, &genuine)]).expect("unlinked");
    assert_eq!(site.world.describe(&site.alice).logins.len(), 1, "only the developer user is left");
}

#[test]
fn only_our_tokens_count_signed_with_ed25519() {
    assert_only_ours_counts(SigningAlgorithm::EdDsa);
}

#[test]
fn only_our_tokens_count_signed_with_p_256() {
    assert_only_ours_counts(SigningAlgorithm::Es256);
}

#[test]
fn only_our_tokens_count_signed_with_rsa() {
    assert_only_ours_counts(SigningAlgorithm::Rs512);
}
