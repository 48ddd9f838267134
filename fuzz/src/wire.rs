//! Requests in the AWS JSON protocol.
//!
//! An input is text. Each request is a line with the target, followed by the body; an empty line
//! ends it. After the target and a space, there may be an `Authorization` header or the word
//! `anonymous`; without either, the pool's owner is the caller. `LAST-TOKEN` in a body stands for
//! the last token in a reply.
//!
//! Two engines get the same requests, one that caches its pools and one that reads them each time.
//! Their replies must be equal.

use std::sync::Arc;

use cognate::Engine;
use cognate::operation::{
    GetOpenIdTokenForDeveloperIdentityInput, RoleType, SetIdentityPoolRolesInput,
};
use cognate::store::Store;
use cognate::wire::{self, Context, Reply};
use serde_json::Value;

use crate::scene::{self, ACCOUNT, DEVELOPER, PROOF, PUBLIC, Watched};

/// More requests find little more.
const REQUESTS_MAX: usize = 12;

/// The placeholder of the last token.
pub(crate) const LAST_TOKEN: &str = "LAST-TOKEN";

/// Sends the requests of an input.
pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let requests: Vec<_> = text.split("\n\n").take(REQUESTS_MAX).map(Request::parse).collect();
    let secrets = Secrets::of(&requests);

    let store = Arc::new(Watched::default());
    let alone = scene::builder().in_memory().expect("an engine");
    furnish(&alone);
    let watched = scene::builder().open_shared(Arc::clone(&store) as Arc<dyn Store>);
    let watched = watched.expect("an engine");
    let mut token = furnish(&watched);

    for request in &requests {
        let writes = store.writes();
        let body = request.body.replace(LAST_TOKEN, &token);
        let reply = request.send(&watched, &body);
        // INVARIANT I7
        assert!(reply.status == 200 || store.writes() == writes, "a refusal changed something");
        let target = request.target;
        assert!(reply.status != 200 || request.may_succeed(), "an unsigned call of {target}");
        let answer = answer_of(&reply);
        if let Some(handed_out) = verify(&watched, &reply.body) {
            token = handed_out;
        }
        for secret in &secrets.0 {
            assert!(!answer.iter().any(|text| text.contains(secret)), "`{secret}` is given away");
        }
        let again = request.send(&alone, &body);
        let again = (again.status, String::from_utf8_lossy(&again.body).into_owned());
        let reply = (reply.status, String::from_utf8_lossy(&reply.body).into_owned());
        assert_eq!(reply, again, "the cached pools differ from the stored ones");
    }
    for engine in [alone, watched] {
        let findings = engine.check().expect("a readable store");
        assert!(findings.is_empty(), "{findings:?}");
    }
}

/// A pool with both roles, with the users alice, and bob who also has a public login. Returns a
/// token of bob.
pub(crate) fn furnish(engine: &Engine) -> String {
    let aws = scene::owner(engine);
    let pool = scene::create_pool(&aws);
    let roles = [(RoleType::Authenticated, "player"), (RoleType::Unauthenticated, "guest")];
    let roles =
        roles.into_iter().fold(SetIdentityPoolRolesInput::new(&pool), |input, (of, role)| {
            input.roles(of, format!("arn:aws:iam::{ACCOUNT}:role/{role}"))
        });
    aws.set_identity_pool_roles(roles).expect("roles");
    let token = |user: GetOpenIdTokenForDeveloperIdentityInput| {
        let made = aws.get_open_id_token_for_developer_identity(user);
        made.expect("a new user").token.as_str().to_owned()
    };
    token(scene::login(&pool, "alice"));
    let bob = scene::login(&pool, "bob");
    token(bob.logins(PUBLIC, "proof-of-robert"))
}

struct Request<'a> {
    target: &'a str,
    authorization: Option<&'a str>,
    body: &'a str,
}

impl<'a> Request<'a> {
    fn parse(text: &'a str) -> Self {
        let (line, body) = text.split_once('\n').unwrap_or((text, ""));
        let (target, authorization) = match line.split_once(' ') {
            Some((target, authorization)) => (target, Some(authorization)),
            None => (line, None),
        };
        Self { target, authorization, body }
    }

    /// Whether the caller has credentials, or needs none.
    fn may_succeed(&self) -> bool {
        let operation = wire::ServiceOperation::of_target(self.target);
        self.authorization != Some("anonymous")
            || operation.is_some_and(|operation| !operation.needs_credentials())
    }

    fn send(&self, engine: &Engine, body: &str) -> Reply {
        let context = match self.authorization {
            Some("anonymous") => Context::anonymous(),
            Some(_) => Context::from_authorization(self.authorization),
            None => {
                let owner = scene::owner(engine);
                Context::signed(owner.account().clone(), owner.region().clone())
            }
        };
        wire::call(engine, &context, self.target, body.as_bytes())
    }
}

/// Checks that a token in the body of a reply is genuine and for the reply's identity. Returns the
/// token.
pub(crate) fn verify(engine: &Engine, body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    if let Some(session) = body["Credentials"]["SessionToken"].as_str() {
        let session = engine.verify_session(session).expect("a session of its own").session;
        assert_eq!(body["IdentityId"], session.identity_id.as_str());
    }
    let token = body["Token"].as_str()?;
    let claims = engine.verify_token(token).expect("a token of its own");
    assert_eq!(body["IdentityId"], claims.identity_id().as_str());
    Some(token.to_owned())
}

/// The texts of a well-formed reply.
fn answer_of(reply: &Reply) -> Vec<String> {
    let mut texts = Vec::new();
    assert!(matches!(reply.status, 200 | 400), "{}: {:?}", reply.status, reply.fault);
    let fault = reply.fault.as_ref();
    assert_eq!(reply.status == 200, fault.is_none());
    if reply.body.is_empty() {
        assert_eq!(reply.status, 200, "a refusal says why");
        return texts;
    }
    let body: Value = serde_json::from_slice(&reply.body).expect("a body of JSON");
    assert!(body.is_object(), "{body}");
    assert_eq!(body["__type"].as_str(), fault.map(wire::Fault::name), "{body}");
    assert_eq!(body["message"].as_str(), fault.map(wire::Fault::message), "{body}");
    collect(&body, &mut texts);
    texts
}

/// Tokens of users that occur nowhere else in the requests. No reply may contain one.
struct Secrets(Vec<String>);

impl Secrets {
    fn of(requests: &[Request<'_>]) -> Self {
        let mut tokens = Vec::new();
        let mut others = Vec::new();
        let bodies: Vec<Value> =
            requests.iter().filter_map(|request| serde_json::from_str(request.body).ok()).collect();
        let names = bodies.iter().filter_map(|body| body["DeveloperProviderName"].as_str());
        let developers: Vec<&str> = names.chain([DEVELOPER]).collect();
        for request in requests {
            others.extend([request.target, request.authorization.unwrap_or("")].map(str::to_owned));
        }
        for body in &bodies {
            let Some(members) = body.as_object() else { continue };
            for (name, member) in members {
                others.push(name.clone());
                let Some(logins) = member.as_object().filter(|_| name == "Logins") else {
                    collect(member, &mut others);
                    continue;
                };
                for (provider, token) in logins {
                    others.push(provider.clone());
                    // For a developer provider it is the user identifier, which is not secret.
                    let known = developers.contains(&provider.as_str());
                    collect(token, if known { &mut others } else { &mut tokens });
                }
            }
        }
        // Texts of another form can occur in a reply by accident.
        tokens.retain(|token| token.len() > PROOF.len() && token.starts_with(PROOF));
        tokens.retain(|token| !others.iter().any(|other| other.contains(token)));
        Self(tokens)
    }
}

/// Collects all texts of a value, including names of members.
fn collect(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        Value::Object(members) => {
            for (name, member) in members {
                texts.push(name.clone());
                collect(member, texts);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
