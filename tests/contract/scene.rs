//! The scene that a row plays in: an engine behind one of its doors.

mod teller;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cognate::operation::{DescribeIdentityInput, IdentityState};
use cognate::store::Store;
use cognate::token::SigningAlgorithm;
use cognate::{Builder, DeveloperLinking, Engine, wire};
use serde_json::{Value, json};

use crate::support::{
    ACCOUNT, AMAZON, FACEBOOK, GAME, REGION, World, developer, key, message, model, parse, target,
};
use crate::{parts, tables, typed};

pub(crate) use teller::Counted;
use teller::Teller;

/// The user pool that the pools accept.
pub(crate) const USER_POOL: &str = "cognito-idp.us-east-1.amazonaws.com/us-east-1_abc";
pub(crate) const CLIENT: &str = "app";
/// The application of Facebook that the pools accept.
pub(crate) const FACEBOOK_APP: &str = "1234567890";
/// An OpenID Connect provider that the pools accept.
pub(crate) const ISSUER: &str = "idp.example";
pub(crate) const ISSUER_ARN: &str = "arn:aws:iam::123456789012:oidc-provider/idp.example";
/// A SAML provider that the pools accept.
pub(crate) const SAML: &str = "arn:aws:iam::123456789012:saml-provider/corp";
/// The provider name for tokens of the service itself.
pub(crate) const COGNITO: &str = "cognito-identity.amazonaws.com";
/// An id that no pool and no identity has.
pub(crate) const NOBODY: &str = "us-east-1:00000000-0000-4000-8000-00000000dead";

/// The operations that need no credentials.
pub(crate) const PUBLIC: [&str; 4] =
    ["GetCredentialsForIdentity", "GetId", "GetOpenIdToken", "UnlinkIdentity"];

/// The way in which an operation is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    Typed,
    Wire,
}

/// An exception.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) name: String,
    pub(crate) message: String,
}

/// An operation, its request and its outcome.
pub(crate) type Call = (String, String, Result<Value, Fault>);

#[derive(Default)]
struct Log {
    calls: Vec<Call>,
    heard: BTreeSet<&'static str>,
}

/// An engine behind a door, and the account that calls it.
pub(crate) struct Scene {
    pub(crate) door: Door,
    pub(crate) world: World,
    account: String,
    region: String,
    log: Rc<RefCell<Log>>,
}

impl Scene {
    pub(crate) fn new(door: Door, linking: DeveloperLinking) -> Self {
        let world = world(|builder| builder.developer_linking(linking));
        let (account, region) = (ACCOUNT.to_owned(), REGION.to_owned());
        Self { door, world, account, region, log: Rc::default() }
    }

    /// Another engine behind the same door.
    pub(crate) fn with(&self, parts: impl FnOnce(Builder) -> Builder) -> Self {
        let world = world(parts);
        let (account, region) = (self.account.clone(), self.region.clone());
        Self { door: self.door, world, account, region, log: Rc::clone(&self.log) }
    }

    /// An engine over another store. Refusals are not checked for writes to it.
    pub(crate) fn over(&self, store: Arc<dyn Store>) -> Self {
        let mut scene = self.of(&self.account, &self.region);
        let (clock, ids) = (self.world.clock.clone(), self.world.ids.clone());
        let builder = Engine::builder().clock(clock).ids(ids);
        let builder = builder.signing_key(key(SigningAlgorithm::Rs512));
        scene.world.engine = builder.open_exclusive(store).expect("opens");
        scene.world.aws = developer(&scene.world.engine, &self.account, &self.region);
        scene
    }

    /// The same engine for another caller.
    pub(crate) fn of(&self, account: &str, region: &str) -> Self {
        let world = self.world.of(account, region);
        let (account, region) = (account.to_owned(), region.to_owned());
        Self { door: self.door, world, account, region, log: Rc::clone(&self.log) }
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.log.borrow().calls.clone()
    }

    /// The messages that refusals were compared with.
    pub(crate) fn heard(&self) -> BTreeSet<&'static str> {
        self.log.borrow().heard.clone()
    }

    /// Calls an operation.
    pub(crate) fn call(&self, operation: &str, body: Value) -> Result<Value, Fault> {
        self.call_text(operation, &body.to_string())
    }

    /// The same with a body whose members are in a given order.
    pub(crate) fn call_text(&self, operation: &str, body: &str) -> Result<Value, Fault> {
        let before = self.world.dump();
        let answer = match self.door {
            Door::Typed => typed::call(&self.world.engine, &self.world.aws, operation, body),
            Door::Wire => self.wire(operation, body),
        };
        if let Err(fault) = &answer {
            assert!(
                self.world.dump() == before,
                "{operation} {body} was refused and did something"
            );
            assert_declared(operation, &fault.name);
        }
        let call = (operation.to_owned(), body.to_owned(), answer.clone());
        self.log.borrow_mut().calls.push(call);
        answer
    }

    fn wire(&self, operation: &str, body: &str) -> Result<Value, Fault> {
        let context = if PUBLIC.contains(&operation) {
            wire::Context::anonymous()
        } else {
            wire::Context::signed(parse(&self.account), parse(&self.region))
        };
        self.wire_as(&context, operation, body)
    }

    /// Calls an operation through the wire door, regardless of the row's door.
    pub(crate) fn wire_as(
        &self,
        context: &wire::Context,
        operation: &str,
        body: &str,
    ) -> Result<Value, Fault> {
        let before = self.world.dump();
        let reply = wire::call(&self.world.engine, context, &target(operation), body.as_bytes());
        let text = String::from_utf8(reply.body).expect("text");
        let told = if text.is_empty() { Value::Null } else { text.parse().expect("JSON") };
        let Some(fault) = reply.fault else {
            assert_eq!(reply.status, 200, "{operation}: {text}");
            return Ok(told);
        };
        assert!(self.world.dump() == before, "{operation} {body} was refused and did something");
        let (name, message) = (fault.name().to_owned(), fault.message().to_owned());
        assert_eq!(told, json!({"__type": name, "message": message}), "{operation}");
        let status = if name == "InternalErrorException" { 500 } else { 400 };
        assert_eq!(reply.status, status, "{operation}: {text}");
        Err(Fault { name, message })
    }

    /// Calls an operation that succeeds.
    #[track_caller]
    pub(crate) fn ok(&self, operation: &str, body: Value) -> Value {
        let sent = body.to_string();
        self.call(operation, body).unwrap_or_else(|fault| panic!("{operation} {sent}: {fault:?}"))
    }

    /// Calls an operation that is refused with this exception and text.
    #[track_caller]
    pub(crate) fn refused(&self, operation: &str, body: Value, name: &str, text: &str) {
        let sent = body.to_string();
        let answer = self.call(operation, body);
        let fault = Fault { name: name.to_owned(), message: text.to_owned() };
        assert_eq!(answer, Err(fault), "{operation} {sent}");
    }

    /// Calls an operation that is refused with a message of the table, with its placeholders
    /// filled. A message without a text matches any text.
    #[track_caller]
    pub(crate) fn says(
        &self,
        id: &'static str,
        operation: &str,
        body: Value,
        fill: &[(&str, &str)],
    ) {
        let sent = body.to_string();
        let fault = self.call(operation, body).expect_err(&format!("{id}: {operation} {sent}"));
        self.hear(id, &fault, fill);
    }

    /// Compares a fault with a message of the table.
    #[track_caller]
    pub(crate) fn hear(&self, id: &'static str, fault: &Fault, fill: &[(&str, &str)]) {
        let known = tables::message(id);
        let filled = fill.iter().fold(known.text.to_owned(), |text, (name, value)| {
            assert!(text.contains(&format!("{{{name}}}")), "{id} has no {name}");
            text.replace(&format!("{{{name}}}"), value)
        });
        assert_eq!(fault.name, known.r#type, "{id}: {}", fault.message);
        if !filled.is_empty() {
            assert_eq!(fault.message, filled, "{id}");
        }
        self.log.borrow_mut().heard.insert(id);
    }

    /// Calls an operation that violates constraints: the shown value, the place and the reason of
    /// each.
    #[track_caller]
    pub(crate) fn invalid(&self, operation: &str, body: Value, failures: &[(&str, &str, &str)]) {
        self.refused(operation, body, "ValidationException", &message(failures));
    }

    /// A pool with these settings. By default it has a name and allows no guests.
    #[track_caller]
    pub(crate) fn pool(&self, settings: Value) -> String {
        let plain = json!({"IdentityPoolName": "game", "AllowUnauthenticatedIdentities": false});
        let pool = self.ok("CreateIdentityPool", merged(plain, settings));
        text(&pool["IdentityPoolId"])
    }

    /// A pool with a developer provider, public providers of every kind, and guests.
    #[track_caller]
    pub(crate) fn game(&self) -> String {
        self.pool(game())
    }

    /// A developer call with these logins.
    pub(crate) fn developer(&self, pool: &str, logins: Value) -> Result<Value, Fault> {
        self.call(DEVELOPER, json!({"IdentityPoolId": pool, "Logins": logins}))
    }

    /// A developer call for an identity.
    pub(crate) fn link(&self, pool: &str, id: &str, logins: Value) -> Result<Value, Fault> {
        let body = json!({"IdentityPoolId": pool, "IdentityId": id, "Logins": logins});
        self.call(DEVELOPER, body)
    }

    /// The identity of a developer call that succeeds.
    #[track_caller]
    pub(crate) fn identity(&self, pool: &str, logins: Value) -> String {
        text(&self.developer(pool, logins).expect("an identity")["IdentityId"])
    }

    /// The identity of a developer user.
    #[track_caller]
    pub(crate) fn user(&self, pool: &str, user: &str) -> String {
        self.identity(pool, json!({GAME: user}))
    }

    /// The identity of public logins.
    #[track_caller]
    pub(crate) fn get_id(&self, pool: &str, logins: Value) -> String {
        text(&self.ok("GetId", json!({"IdentityPoolId": pool, "Logins": logins}))["IdentityId"])
    }

    /// A new guest.
    #[track_caller]
    pub(crate) fn guest(&self, pool: &str) -> String {
        text(&self.ok("GetId", json!({"IdentityPoolId": pool}))["IdentityId"])
    }

    /// The role of the last credentials.
    #[track_caller]
    pub(crate) fn role(&self) -> String {
        let calls = self.calls();
        let (operation, body, answer) = calls.last().expect("a call");
        parts::session(self, answer.as_ref().unwrap_or_else(|_| panic!("{operation} {body}"))).role
    }

    #[track_caller]
    pub(crate) fn describe(&self, id: &str) -> Value {
        self.ok("DescribeIdentity", json!({"IdentityId": id}))
    }

    /// The names of an identity's providers.
    #[track_caller]
    pub(crate) fn logins(&self, id: &str) -> Value {
        self.describe(id)["Logins"].clone()
    }

    /// The state of an identity, which the service does not show.
    #[track_caller]
    pub(crate) fn state(&self, id: &str) -> IdentityState {
        let input = DescribeIdentityInput::new(id);
        self.world.aws.describe_identity(input).expect("described").state
    }

    /// The identifiers of an identity's developer users.
    #[track_caller]
    pub(crate) fn users(&self, pool: &str, id: &str) -> Value {
        let body = json!({"IdentityPoolId": pool, "IdentityId": id});
        self.ok("LookupDeveloperIdentity", body)["DeveloperUserIdentifierList"].clone()
    }
}

/// The developer operation.
pub(crate) const DEVELOPER: &str = "GetOpenIdTokenForDeveloperIdentity";

/// The settings of [`Scene::game`].
pub(crate) fn game() -> Value {
    json!({
        "AllowUnauthenticatedIdentities": true,
        "DeveloperProviderName": GAME,
        "SupportedLoginProviders": {FACEBOOK: FACEBOOK_APP, AMAZON: "amzn1.app"},
        "CognitoIdentityProviders": [{"ProviderName": USER_POOL, "ClientId": CLIENT}],
        "OpenIdConnectProviderARNs": [ISSUER_ARN],
        "SamlProviderARNs": [SAML],
    })
}

/// The members of both. Those of `over` win.
pub(crate) fn merged(mut base: Value, over: Value) -> Value {
    let over = over.as_object().expect("an object").clone();
    base.as_object_mut().expect("an object").extend(over);
    base
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// A part of a token: 0 is its header, 1 its claims.
pub(crate) fn part(answer: &Value, part: usize) -> String {
    let token = text(&answer["Token"]);
    let part = URL_SAFE_NO_PAD.decode(token.split('.').nth(part).expect("a part"));
    String::from_utf8(part.expect("base64url")).expect("text")
}

pub(crate) fn claims(answer: &Value) -> Value {
    part(answer, 1).parse().expect("JSON")
}

/// Exceptions that the model does not declare, or declares for other operations only.
const UNDECLARED: [&str; 4] = [
    "ExternalServiceException",
    "SerializationException",
    "UnknownOperationException",
    "ValidationException",
];

fn assert_declared(operation: &str, name: &str) {
    let Some(known) = model().get(operation).cloned() else { return };
    let declared = known["errors"].as_array().expect("a list").contains(&name.into());
    assert!(declared || UNDECLARED.contains(&name), "{operation} does not declare {name}");
}

fn world(parts: impl FnOnce(Builder) -> Builder) -> World {
    World::with(|builder| {
        let builder = builder.signing_key(key(SigningAlgorithm::Rs512)).login_verifier(Teller);
        parts(builder.entropy(Counted::default()))
    })
}
