//! Reads the discovery document of a running `cognate` server and verifies its tokens.
//!
//! `cargo run --release -- PATH_TO_COGNATE_BINARY` starts servers on free ports with empty folders
//! and uses them with the crates `openidconnect` and `jsonwebtoken`. It checks each setting that
//! `docs/tokens.md` names: a token is accepted with the setting, and refused
//! without it. Prints a line per check, and stops at the first one that fails.

mod server;

use std::env;
use std::error::Error;
use std::path::Path;

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use openidconnect::core::{
    CoreIdToken, CoreIdTokenVerifier, CoreJwsSigningAlgorithm, CoreProviderMetadata,
    CoreResponseType, CoreSubjectIdentifierType,
};
use openidconnect::{ClientId, IssuerUrl, JsonWebTokenType, Nonce, ResponseTypes};
use serde_json::{Value, json};

use crate::server::Server;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> Outcome {
    let binary =
        env::args_os().nth(1).ok_or("usage: cognate-openid-test PATH_TO_COGNATE_BINARY")?;
    for (name, algorithm, core) in [
        ("rs512", Algorithm::RS512, CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512),
        ("es256", Algorithm::ES256, CoreJwsSigningAlgorithm::EcdsaP256Sha256),
        ("eddsa", Algorithm::EdDSA, CoreJwsSigningAlgorithm::EdDsa),
    ] {
        for region in ["us-east-1", "us-gov-east-1", "us-gov-west-1", "cn-north-1"] {
            println!("-- {name} in {region}");
            let server = Server::start(Path::new(&binary), &["--signing-algorithm", name])?;
            let user = User::register(&server, region)?;
            openid_connect(&server, &user, &core)?;
            json_web_token(&server, &user, algorithm)?;
        }
    }
    println!("-- the modulus as the service writes it");
    let server = Server::start(Path::new(&binary), &["--modulus-encoding", "base64"])?;
    let user = User::register(&server, "us-east-1")?;
    let issuer = user.issuer()?;
    let metadata = CoreProviderMetadata::discover(&issuer, &|request| server.fetch(&request))?;
    let found = verified(&metadata, &user, &user.pool, both);
    check("openidconnect verifies nothing with the key", found.is_none())?;
    let keys = key_set(&server)?;
    let key = keys.find("us-east-1-1").ok_or("no key")?;
    check("jsonwebtoken refuses the key", DecodingKey::from_jwk(key).is_err())
}

fn check(what: &str, holds: bool) -> Outcome {
    if !holds {
        return Err(format!("FAIL {what}").into());
    }
    println!("ok   {what}");
    Ok(())
}

/// A developer user and a token.
struct User {
    region: String,
    pool: String,
    identity: String,
    token: String,
}

impl User {
    fn register(server: &Server, region: &str) -> Outcome<Self> {
        let pool = json!({
            "IdentityPoolName": "game", "AllowUnauthenticatedIdentities": false,
            "DeveloperProviderName": "login.game",
        });
        let pool = text(&server.call(region, "CreateIdentityPool", &pool)?, "IdentityPoolId")?;
        let input = json!({"IdentityPoolId": pool, "Logins": {"login.game": "alice"}});
        let output = server.call(region, "GetOpenIdTokenForDeveloperIdentity", &input)?;
        let (identity, token) = (text(&output, "IdentityId")?, text(&output, "Token")?);
        Ok(Self { region: region.to_owned(), pool, identity, token })
    }

    fn issuer(&self) -> Outcome<IssuerUrl> {
        Ok(IssuerUrl::new(format!(
            "https://{}",
            match self.region.as_str() {
                "us-gov-east-1" => "cognito-identity.us-gov-east-1.amazonaws.com",
                "us-gov-west-1" => "cognito-identity-us-gov.amazonaws.com",
                "cn-north-1" => "cognito-identity.cn-north-1.amazonaws.com.cn",
                _ => "cognito-identity.amazonaws.com",
            }
        ))?)
    }
}

fn text(value: &Value, member: &str) -> Outcome<String> {
    Ok(value[member].as_str().ok_or_else(|| format!("no {member} in {value}"))?.to_owned())
}

fn openid_connect(server: &Server, user: &User, algorithm: &CoreJwsSigningAlgorithm) -> Outcome {
    let metadata =
        CoreProviderMetadata::discover(&user.issuer()?, &|request| server.fetch(&request))?;
    check("openidconnect discovers the issuer", metadata.issuer() == &user.issuer()?)?;
    let base = server.url();
    let jwks_uri = format!("{base}/.well-known/jwks_uri");
    check("and where the keys are", metadata.jwks_uri().as_str() == jwks_uri)?;
    let authorization = metadata.authorization_endpoint().as_str();
    check("and an authorization endpoint", authorization == format!("{base}/authorize"))?;
    check("where nobody logs in", server.send("GET", "/authorize", "", "")?.0 == 404)?;
    check("and no token endpoint", metadata.token_endpoint().is_none())?;
    let response_types = [ResponseTypes::new(vec![CoreResponseType::IdToken])];
    check("and the implicit flow", *metadata.response_types_supported() == response_types)?;
    let subjects = [CoreSubjectIdentifierType::Public];
    check("and one id for all", *metadata.subject_types_supported() == subjects)?;
    let algorithms = std::slice::from_ref(algorithm);
    check("and the algorithm", metadata.id_token_signing_alg_values_supported() == algorithms)?;

    let subject = Some(user.identity.clone());
    let found = verified(&metadata, user, &user.pool, both);
    check("openidconnect verifies a token", found == subject)?;
    let found = verified(&metadata, user, "another", both);
    check("and refuses it for another audience", found.is_none())?;
    let found = verified(&metadata, user, &user.pool, allow_algorithms);
    check("and refuses the type JWS unless it is allowed", found.is_none())?;
    let found = verified(&metadata, user, &user.pool, allow_type);
    check("and refuses the algorithm unless it is allowed", found.is_none())
}

/// The subject of the user's token, if a verifier with these settings accepts it.
fn verified(
    metadata: &CoreProviderMetadata,
    user: &User,
    audience: &str,
    set: fn(CoreIdTokenVerifier<'_>) -> CoreIdTokenVerifier<'_>,
) -> Option<String> {
    let (issuer, keys) = (metadata.issuer().clone(), metadata.jwks().clone());
    let audience = ClientId::new(audience.to_owned());
    let verifier = set(CoreIdTokenVerifier::new_public_client(audience, issuer, keys));
    let token: CoreIdToken = user.token.parse().ok()?;
    let claims = token.claims(&verifier, |_: Option<&Nonce>| Ok(())).ok()?;
    Some(claims.subject().to_string())
}

fn both(verifier: CoreIdTokenVerifier<'_>) -> CoreIdTokenVerifier<'_> {
    allow_type(allow_algorithms(verifier))
}

fn allow_algorithms(verifier: CoreIdTokenVerifier<'_>) -> CoreIdTokenVerifier<'_> {
    verifier.set_allowed_algs([
        CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
        CoreJwsSigningAlgorithm::EcdsaP256Sha256,
        CoreJwsSigningAlgorithm::EdDsa,
    ])
}

fn allow_type(verifier: CoreIdTokenVerifier<'_>) -> CoreIdTokenVerifier<'_> {
    let types = JsonWebTokenType::new("JWS".to_owned()).normalize();
    verifier.set_allowed_jose_types(types.ok())
}

fn key_set(server: &Server) -> Outcome<JwkSet> {
    Ok(serde_json::from_str(&server.send("GET", "/.well-known/jwks_uri", "", "")?.1)?)
}

fn json_web_token(server: &Server, user: &User, algorithm: Algorithm) -> Outcome {
    let keys = key_set(server)?;
    let kid = decode_header(&user.token)?.kid.ok_or("no key is named")?;
    let key = DecodingKey::from_jwk(keys.find(&kid).ok_or("the key is not published")?)?;
    let verifies = |set: &dyn Fn(&mut Validation)| {
        let mut validation = Validation::new(algorithm);
        validation.set_audience(&[&user.pool]);
        validation.set_issuer(&[user.issuer().ok()?.as_str()]);
        validation.set_required_spec_claims(&["aud", "exp", "iss", "sub"]);
        set(&mut validation);
        let claims = decode::<Value>(&user.token, &key, &validation).ok()?.claims;
        Some(claims["sub"] == user.identity)
    };
    check("jsonwebtoken verifies a token", verifies(&|_| ()) == Some(true))?;
    let other = verifies(&|validation| validation.set_audience(&["another"]));
    check("and refuses it for another audience", other.is_none())?;
    let other = verifies(&|validation| validation.set_issuer(&["https://example.com"]));
    check("and from another issuer", other.is_none())?;
    let other = verifies(&|validation| validation.algorithms = vec![Algorithm::RS256]);
    check("and unless the algorithm is named", other.is_none())
}
