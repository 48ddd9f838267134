//! `GetCallerIdentity`: which credentials are asked about, and which are refused.

use super::signer::{Key, Parts};
use super::*;
use crate::operation::GetCredentialsForIdentityInput;

const ASK: &str = "Action=GetCallerIdentity&Version=2011-06-15";

/// The credentials of a user, as `GetCredentialsForIdentity` returns them.
fn key(world: &World) -> Key {
    let token = world.user_token(&world.pool, "alice");
    let identity = world.engine.verify_token(&token).expect("genuine").identity_id().clone();
    let input = GetCredentialsForIdentityInput::new(&identity);
    let input = input.logins("cognito-identity.amazonaws.com", token.as_str());
    let found = world.engine.public().get_credentials_for_identity(input).expect("credentials");
    Key {
        id: found.credentials.access_key_id,
        secret: found.credentials.secret_key.as_str().to_owned(),
        token: Some(found.credentials.session_token.as_str().to_owned()),
    }
}

#[test]
fn credentials_of_both_flows_are_told_who_they_are() {
    let world = World::new();
    let key = key(&world);
    let (status, body) = world.send(&Parts::form(ASK, DATE).signed(&key));
    assert_eq!(status, 200, "{body}");
    let arn = "arn:aws:sts::123456789012:assumed-role/player/CognitoIdentityCredentials";
    let user = member(&body, "UserId").to_owned();
    let expected = format!(
        "<GetCallerIdentityResponse xmlns=\"{NAMESPACE}\"><GetCallerIdentityResult>\
         <Arn>{arn}</Arn><UserId>{user}</UserId><Account>123456789012</Account>\
         </GetCallerIdentityResult><ResponseMetadata><RequestId>0-1</RequestId>\
         </ResponseMetadata></GetCallerIdentityResponse>\n"
    );
    assert_eq!(body, expected);
    assert!(user.ends_with(":CognitoIdentityCredentials"), "{user}");

    let token = world.user_token(&world.pool, "bob");
    let assumed = world.post(&form(&[
        ("Action", "AssumeRoleWithWebIdentity"),
        ("Version", "2011-06-15"),
        ("RoleArn", &role("player")),
        ("RoleSessionName", "bob@home"),
        ("WebIdentityToken", &token),
    ]));
    let part = |name: &str| member(&assumed.1, name).to_owned();
    let (id, secret, token) = (part("AccessKeyId"), part("SecretAccessKey"), part("SessionToken"));
    let key = Key { id, secret, token: Some(token) };
    let body = world.send(&Parts::form(ASK, DATE).signed(&key)).1;
    assert_eq!(member(&body, "Arn"), part("Arn"));
    assert_eq!(member(&body, "UserId"), part("AssumedRoleId"));
}

#[test]
fn a_query_is_signed_too() {
    let world = World::new();
    let key = key(&world);
    let query = [("Action", "GetCallerIdentity"), ("Version", "2011-06-15"), ("A b", "é+/=~")];
    let query = query.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let parts = Parts { method: "GET", query, body: Vec::new(), ..Parts::form("", DATE) };
    assert_eq!(world.send(&parts.signed(&key)).0, 200);
    let mut request = parts.signed(&key);
    let uri = request.uri().to_string().replace('~', "~~");
    *request.uri_mut() = uri.parse().expect("a target");
    assert_eq!(refusal_of(world.send(&request)).1, "SignatureDoesNotMatch");
}

#[test]
fn other_credentials_are_refused() {
    let (world, stranger) = (World::new(), World::new());
    let (own, foreign) = (key(&world), key(&stranger));
    let other = key(&world);
    let unknown =
        (403, "InvalidClientTokenId", "The security token included in the request is invalid.");
    let mismatch = (
        403,
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. Check \
         your AWS Secret Access Key and signing method. Consult the service documentation for \
         details.",
    );
    for (what, key, expected) in [
        ("of another engine", foreign.clone(), unknown),
        ("without a session token", Key { token: None, ..own.clone() }, unknown),
        ("with a token that is none", Key { token: Some("x".to_owned()), ..own.clone() }, unknown),
        ("with the token of others", Key { token: other.token.clone(), ..own.clone() }, unknown),
        ("with the id of others", Key { id: other.id.clone(), ..own.clone() }, unknown),
        (
            "with the secret of others",
            Key { secret: other.secret.clone(), ..own.clone() },
            mismatch,
        ),
        (
            "of an account",
            Key { id: "123456789012".to_owned(), secret: "x".to_owned(), token: None },
            unknown,
        ),
    ] {
        let (status, code, message) = refusal_of(world.send(&Parts::form(ASK, DATE).signed(&key)));
        assert_eq!((status, code.as_str(), message.as_str()), expected, "credentials {what}");
    }
    let unsigned = refusal_of(world.post(ASK));
    let text = "Request is missing Authentication Token";
    assert_eq!(unsigned, (403, "MissingAuthenticationToken".to_owned(), text.to_owned()));
    let elsewhere = Parts { service: "s3", ..Parts::form(ASK, DATE) };
    let (status, code, message) = refusal_of(world.send(&elsewhere.signed(&own)));
    assert_eq!((status, code.as_str()), (403, "SignatureDoesNotMatch"));
    assert_eq!(message, "Credential should be scoped to correct service: 'sts'. ");
}

#[test]
fn credentials_that_are_over_are_refused() {
    let world = World::new();
    let key = key(&world);
    world.pass(3_599);
    let ask = |date| world.send(&Parts::form(ASK, date).signed(&key));
    assert_eq!(ask("20150830T133559Z").0, 200);
    assert_eq!(refusal_of(ask(DATE)).1, "SignatureDoesNotMatch", "it was signed an hour ago");
    world.pass(1);
    let text = "The security token included in the request is expired";
    assert_eq!(
        refusal_of(ask("20150830T133600Z")),
        (403, "ExpiredToken".to_owned(), text.to_owned())
    );
}

#[test]
fn a_changed_body_is_refused() {
    let world = World::new();
    let mut request = Parts::form(ASK, DATE).signed(&key(&world));
    assert_eq!(world.send(&request).0, 200);
    *request.body_mut() = format!("{ASK}&A=").into();
    assert_eq!(refusal_of(world.send(&request)).1, "SignatureDoesNotMatch");
}
