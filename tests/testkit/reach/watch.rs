//! A door that counts the behaviours of the service that the calls through it meet.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cognate::credentials::Session;
use cognate::testkit::{Call, CallReply, Implementation, Provider};
use serde_json::Value;

/// The number of times that each behaviour was met.
pub(super) type Met = BTreeMap<String, usize>;

pub(super) struct Watching<'a, S> {
    pub(super) door: S,
    pub(super) met: &'a RefCell<Met>,
    /// The pools whose last role mappings have rules, each with the names of these mappings.
    rules: RefCell<BTreeMap<String, Vec<String>>>,
    /// The pools and providers whose attribute map was removed.
    unset: RefCell<BTreeSet<(String, String)>>,
}

/// Behaviours that a text of the answer shows.
const TEXTS: [&str; 6] = [
    "Basic (classic) flow is not supported with SAML, please use enhanced flow.",
    "Cannot merge these identities.",
    "Invalid login token. Can't pass in a Cognito token.",
    "Invalid login token. Incorrect token audience.",
    "Invalid login token. Issuer doesn't match providerName",
    "Token is not from a supported provider of this identity pool.",
];

/// All other behaviours.
const BEHAVIOURS: [&str; 31] = [
    "a final slash of a key that names the same provider",
    "two final slashes of a key",
    "an issuer that ends in a slash under a key without it",
    "an issuer without the final slash of its provider",
    "an issuer with two final slashes",
    "a provider under two keys, one user",
    "a provider under two keys, two users",
    "the target of the API reference's samples",
    "the usual target",
    "a token in us-east-1",
    "a token in eu-west-1",
    "a token in us-gov-east-1",
    "a token in us-gov-west-1",
    "a token in cn-north-1",
    "proof under cognito-identity.amazonaws.com",
    "proof under cognito-identity.us-gov-east-1.amazonaws.com",
    "proof under cognito-identity-us-gov.amazonaws.com",
    "proof under cognito-identity.cn-north-1.amazonaws.com.cn",
    "proof under the name of another partition",
    "a map of attributes: its own",
    "a map of attributes: the defaults",
    "a map of attributes: the defaults, another beside them",
    "a map of attributes: unset by an empty one",
    "a map of attributes: unset without one",
    "a map of attributes: read after it was unset",
    "a disabled identity",
    "a disabled identity in a list",
    "a custom role beside rules that do not offer it",
    "a Facebook user in `amr`",
    "a login beside a token that names it, under rules",
    "roles of another account for an account that is not known",
];

/// The behaviours that must be met.
pub(super) fn behaviours() -> impl Iterator<Item = &'static str> {
    TEXTS.into_iter().chain(BEHAVIOURS)
}

impl<'a, S: Implementation> Watching<'a, S> {
    pub(super) fn new(door: S, met: &'a RefCell<Met>) -> Self {
        Self { door, met, rules: RefCell::default(), unset: RefCell::default() }
    }

    fn count(&self, behaviour: impl Into<String>) {
        *self.met.borrow_mut().entry(behaviour.into()).or_default() += 1;
    }

    fn look_at(&self, call: &Call, reply: &CallReply) {
        let asked: Value = serde_json::from_str(&call.body).expect("a body");
        let told: Value = serde_json::from_str(&reply.body).unwrap_or_default();
        let succeeds = reply.status == 200;
        let message = told["message"].as_str().unwrap_or_default();
        if TEXTS.contains(&message) {
            self.count(message);
        }
        self.look_at_target(call, succeeds);
        self.look_at_logins(call, &asked, &told, succeeds);
        match call.operation.as_str() {
            "SetPrincipalTagAttributeMap" if succeeds => self.look_at_new_map(&asked),
            "GetPrincipalTagAttributeMap"
                if !succeeds && self.unset.borrow().contains(&map_of(&asked)) =>
            {
                self.count("a map of attributes: read after it was unset");
            }
            "DescribeIdentity" if is_disabled(&told) => self.count("a disabled identity"),
            "ListIdentities" if list(&told["Identities"]).iter().any(is_disabled) => {
                self.count("a disabled identity in a list");
            }
            "SetIdentityPoolRoles" if succeeds => self.look_at_roles(call, &asked),
            "GetCredentialsForIdentity" => self.look_at_credentials(&asked, &told),
            _ => {}
        }
        if let (Some(token), true) = (told["Token"].as_str(), succeeds) {
            self.count(format!("a token in {}", call.region));
            let amr = &payload(token)["amr"];
            let facebook = format!("graph.facebook.com:{}:", Provider::Facebook.clients()[0]);
            if names(amr).iter().any(|entry| entry.starts_with(&facebook)) {
                self.count("a Facebook user in `amr`");
            }
        }
    }

    fn look_at_target(&self, call: &Call, succeeds: bool) {
        if succeeds && call.target.starts_with("com.amazonaws.cognito.identity.model.") {
            self.count("the target of the API reference's samples");
        } else if succeeds {
            self.count("the usual target");
        }
    }

    fn look_at_logins(&self, call: &Call, asked: &Value, told: &Value, succeeds: bool) {
        let logins = asked["Logins"].as_object().into_iter().flatten();
        let logins: Vec<_> = logins.map(|(key, token)| (key.as_str(), payload_of(token))).collect();
        for (key, claims) in &logins {
            let issuer = claims["iss"].as_str().and_then(|iss| iss.strip_prefix("https://"));
            let issuer = issuer.unwrap_or_default();
            if succeeds && key.ends_with('/') {
                self.count("a final slash of a key that names the same provider");
            }
            if !succeeds && key.ends_with("//") {
                self.count("two final slashes of a key");
            }
            if succeeds && issuer.strip_suffix('/') == Some(key) {
                self.count("an issuer that ends in a slash under a key without it");
            }
            if succeeds && issuer == Provider::Auth0.name() {
                self.count("an issuer without the final slash of its provider");
            }
            if !succeeds && issuer.ends_with("//") {
                self.count("an issuer with two final slashes");
            }
            if key.starts_with("cognito-identity") && call.operation == "GetCredentialsForIdentity"
            {
                if succeeds {
                    self.count(format!("proof under {key}"));
                } else if issuer != *key && issuer.starts_with("cognito-identity") {
                    self.count("proof under the name of another partition");
                }
            }
        }
        let mut providers = BTreeSet::new();
        if !logins.iter().all(|(key, _)| providers.insert(key.trim_end_matches('/'))) {
            if succeeds {
                self.count("a provider under two keys, one user");
            } else if told["__type"] == "ResourceConflictException" {
                self.count("a provider under two keys, two users");
            }
        }
    }

    fn look_at_new_map(&self, asked: &Value) {
        let uses_defaults = asked["UseDefaults"] == true;
        let map = asked["PrincipalTags"].as_object();
        let (is_unset, kind) = match (uses_defaults, map.map(serde_json::Map::is_empty)) {
            (true, Some(_)) => (false, "the defaults, another beside them"),
            (true, None) => (false, "the defaults"),
            (false, Some(false)) => (false, "its own"),
            (false, Some(true)) => (true, "unset by an empty one"),
            (false, None) => (true, "unset without one"),
        };
        self.count(format!("a map of attributes: {kind}"));
        let mut unset = self.unset.borrow_mut();
        if is_unset {
            unset.insert(map_of(asked));
        } else {
            unset.remove(&map_of(asked));
        }
    }

    fn look_at_roles(&self, call: &Call, asked: &Value) {
        let account = call.caller.as_ref().map(|(account, _)| account.as_str());
        let roles = asked["Roles"].as_object().is_some_and(|roles| !roles.is_empty());
        if account == Some("000000000000") && roles {
            self.count("roles of another account for an account that is not known");
        }
        let mappings = asked["RoleMappings"].as_object().into_iter().flatten();
        let with_rules = mappings.filter(|(_, mapping)| mapping["Type"] == "Rules");
        let with_rules = with_rules.map(|(name, _)| name.clone()).collect();
        self.rules.borrow_mut().insert(asked["IdentityPoolId"].to_string(), with_rules);
    }

    fn look_at_credentials(&self, asked: &Value, told: &Value) {
        let Some(logins) = asked["Logins"].as_object() else { return };
        let is_user = |key: &String| key.starts_with("login.");
        let is_refused = told["__type"] == "InvalidParameterException";
        if is_refused && asked["CustomRoleArn"].is_string() && !logins.keys().any(is_user) {
            self.count("a custom role beside rules that do not offer it");
        }
        let own = logins.iter().find(|(key, _)| key.starts_with("cognito-identity"));
        let Some((own, token)) = own.filter(|_| told["Credentials"].is_object()) else { return };
        let claims = payload_of(token);
        let rules = self.rules.borrow();
        let Some(rules) = rules.get(&claims["aud"].to_string()) else { return };
        let named = names(&claims["amr"]);
        let is_both = |key: &str| {
            let has_rules = rules.iter().any(|mapping| mapping.contains(key));
            named.contains(&key) && has_rules
        };
        let mut others = logins.keys().filter(|key| *key != own);
        if others.any(|key| is_both(key.trim_end_matches('/'))) {
            self.count("a login beside a token that names it, under rules");
        }
    }
}

impl<S: Implementation> Implementation for Watching<'_, S> {
    fn call(&self, call: &Call) -> io::Result<CallReply> {
        let reply = self.door.call(call)?;
        self.look_at(call, &reply);
        Ok(reply)
    }

    fn session(&self, session_token: &str) -> Option<Session> {
        self.door.session(session_token)
    }

    fn wait(&self, secs: u64) -> bool {
        self.door.wait(secs)
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn names(value: &Value) -> Vec<&str> {
    list(value).iter().filter_map(Value::as_str).collect()
}

fn is_disabled(description: &Value) -> bool {
    names(&description["Logins"]) == ["DISABLED"]
}

/// The pool and the provider of an attribute map.
fn map_of(asked: &Value) -> (String, String) {
    (asked["IdentityPoolId"].to_string(), asked["IdentityProviderName"].to_string())
}

fn payload_of(token: &Value) -> Value {
    token.as_str().map(payload).unwrap_or_default()
}

/// The claims of a token, or null if it is none.
fn payload(token: &str) -> Value {
    let payload = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    payload.and_then(|payload| serde_json::from_slice(&payload).ok()).unwrap_or_default()
}
