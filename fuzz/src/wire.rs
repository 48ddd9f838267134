//! Requests in the AWS JSON protocol.
//!
//! An input is text. Each request is a line with the target, and from the next line on the body;
//! an empty line ends it. After the target and a space may stand an `Authorization` header, or the
//! word `anonymous`; without either the owner of the pool is the caller.
//!
//! Two engines get the same requests, one that keeps its pools in memory and one that reads them
//! anew: they have to give the same replies.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cognate::wire::{self, Context, Reply};
use cognate::{
    Batch, Commit, Engine, Key, KeyRange, MemoryStore, Store, StoreError, Value as StoredValue,
};
use serde_json::Value;

use crate::scene::{self, DEVELOPER, PROOF, PUBLIC};

/// More requests say little more.
const REQUESTS_MAX: usize = 12;

/// Sends the requests of an input.
pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let requests: Vec<_> = text.split("\n\n").take(REQUESTS_MAX).map(Request::parse).collect();
    let secrets = Secrets::of(&requests);

    let store = Arc::new(Counting::default());
    let alone = furnish(scene::builder().in_memory().expect("an engine"));
    let watched = scene::builder().store(Arc::clone(&store) as Arc<dyn Store>);
    let watched = furnish(watched.expect("an engine"));

    for request in &requests {
        let writes = store.writes();
        let reply = request.send(&watched);
        // INVARIANT I7
        assert!(reply.status == 200 || store.writes() == writes, "a refusal changed something");
        let answer = answer_of(&reply);
        for secret in &secrets.0 {
            assert!(!answer.iter().any(|text| text.contains(secret)), "`{secret}` is given away");
        }
        let again = request.send(&alone);
        let again = (again.status, String::from_utf8_lossy(&again.body).into_owned());
        let reply = (reply.status, String::from_utf8_lossy(&reply.body).into_owned());
        assert_eq!(reply, again, "the pools that are kept are not those that are stored");
    }
    for engine in [alone, watched] {
        let findings = engine.check().expect("a readable store");
        assert!(findings.is_empty(), "{findings:?}");
    }
}

/// A pool, and in it the user alice, and bob who has a public login too.
fn furnish(engine: Engine) -> Engine {
    let aws = scene::owner(&engine);
    let pool = scene::create_pool(&aws);
    let alice = scene::login(&pool, "alice");
    let bob = scene::login(&pool, "bob").and_then(|bob| bob.login(PUBLIC, "proof-of-robert"));
    for user in [alice, bob] {
        let input = user.expect("an input");
        aws.get_open_id_token_for_developer_identity(input).expect("a new user");
    }
    engine
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

    fn send(&self, engine: &Engine) -> Reply {
        let context = match self.authorization {
            Some("anonymous") => Context::anonymous(),
            Some(_) => Context::from_authorization(self.authorization),
            None => {
                let owner = scene::owner(engine);
                Context::signed(owner.account().clone(), owner.region().clone())
            }
        };
        wire::handle(engine, &context, self.target, self.body.as_bytes())
    }
}

/// The texts of a reply that is as it has to be.
fn answer_of(reply: &Reply) -> Vec<String> {
    let mut texts = Vec::new();
    assert!(matches!(reply.status, 200 | 400), "{}: {:?}", reply.status, reply.fault);
    assert_eq!(reply.status == 200, reply.fault.is_none());
    if reply.body.is_empty() {
        assert_eq!(reply.status, 200, "a refusal says why");
        return texts;
    }
    let body: Value = serde_json::from_slice(&reply.body).expect("a body of JSON");
    assert!(body.is_object(), "{body}");
    let says_why = body["__type"].is_string() && body["message"].is_string();
    assert_eq!(reply.status == 400, says_why, "{body}");
    collect(&body, &mut texts);
    texts
}

/// Tokens of users that occur nowhere else in the requests: no reply may contain one.
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
                    // Of a developer provider it is the user's name, and no secret.
                    let known = developers.contains(&provider.as_str());
                    collect(token, if known { &mut others } else { &mut tokens });
                }
            }
        }
        // What has another form can occur in a reply by accident.
        tokens.retain(|token| token.len() > PROOF.len() && token.starts_with(PROOF));
        tokens.retain(|token| !others.iter().any(|other| other.contains(token)));
        Self(tokens)
    }
}

/// Adds all texts in a value, names of members among them.
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

/// Counts how often something is written.
#[derive(Default)]
struct Counting {
    store: MemoryStore,
    writes: AtomicUsize,
}

impl Counting {
    fn writes(&self) -> usize {
        self.writes.load(Ordering::Relaxed)
    }
}

impl Store for Counting {
    fn get(&self, keys: &[Key]) -> Result<Vec<Option<StoredValue>>, StoreError> {
        self.store.get(keys)
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, StoredValue)>, StoreError> {
        self.store.scan(range, limit)
    }

    fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        let writes = !batch.is_read_only();
        let outcome = self.store.commit(batch)?;
        if writes && outcome == Commit::Done {
            self.writes.fetch_add(1, Ordering::Relaxed);
        }
        Ok(outcome)
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.store.sync()
    }
}
