//! A policy that reviews links and merges.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use cognate::admin::{ExplainedVerdict, Explanation, LinkPolicy, Veto};
use cognate::name::IdentityPoolId;
use cognate::operation::{
    GetCredentialsForIdentityInput, GetIdInput, GetOpenIdTokenInput, MergeDeveloperIdentitiesInput,
};
use cognate::store::{KeyRange, MemoryStore, Store, Tree};
use cognate::token::SigningAlgorithm;
use cognate::{Developer, Engine, Error, ErrorKind, Public, Refusal, from_fn};
use parking_lot::Mutex;

use crate::support::{ACCOUNT, FACEBOOK, GAME, REGION, Voucher, call, developer, game, key};

const REASON: &str = "Ask the support.";

struct Scene {
    engine: Engine,
    store: Arc<MemoryStore>,
    aws: Developer,
    public: Public,
    pool: IdentityPoolId,
}

impl Scene {
    /// An engine with this policy, over a store with Alice and Anna, and Bob's face.
    fn new(policy: impl LinkPolicy + 'static) -> Self {
        let store = Arc::new(MemoryStore::new());
        let builder = || {
            let builder = Engine::builder().signing_key(key(SigningAlgorithm::EdDsa));
            builder.login_verifier(Voucher)
        };
        let engine = builder().open_shared(Arc::clone(&store)).expect("opens");
        let aws = developer(&engine, ACCOUNT, REGION);
        let pool = game(&aws);
        for user in ["alice", "anna"] {
            aws.resolve_developer_identity(call(&pool, user)).expect("registered");
        }
        let bob = GetIdInput::new(&pool).logins(FACEBOOK, "user:bob");
        engine.public().get_id(bob).expect("registered");

        let engine = builder().link_policy(policy).open_shared(Arc::clone(&store)).expect("opens");
        let aws = developer(&engine, ACCOUNT, REGION);
        let public = engine.public();
        Self { engine, store, aws, public, pool }
    }

    fn identities(&self) -> Vec<Vec<u8>> {
        let range = KeyRange::prefix(Tree::Identities, []);
        let records = self.store.scan(&range, 100).expect("reads");
        records.into_iter().map(|(_, value)| value).collect()
    }

    fn link(&self) -> Result<(), Error> {
        let link = call(&self.pool, "anna").logins(FACEBOOK, "user:anna");
        self.aws.get_open_id_token_for_developer_identity(link).map(drop)
    }
}

/// Each call that links or merges, and the number of identities that it changes.
fn links(scene: &Scene) -> Vec<(&'static str, usize, Result<(), Error>)> {
    let Scene { aws, public, pool, .. } = scene;
    let guest = || public.get_id(GetIdInput::new(pool)).expect("a guest").identity_id;
    let merge = call(pool, "alice").logins(FACEBOOK, "user:bob");
    let token = GetOpenIdTokenInput::new(guest()).logins(FACEBOOK, "user:carol");
    let credentials = GetCredentialsForIdentityInput::new(guest()).logins(FACEBOOK, "user:dave");
    let guest_merge = GetOpenIdTokenInput::new(guest()).logins(FACEBOOK, "user:bob");
    vec![
        ("link of a public login", 1, scene.link()),
        ("merge of two users", 2, aws.resolve_developer_identity(merge).map(drop)),
        ("login of a guest, token", 1, public.get_open_id_token(token).map(drop)),
        ("login of a guest, credentials", 1, {
            public.get_credentials_for_identity(credentials).map(drop)
        }),
        ("merge of a guest", 2, public.get_open_id_token(guest_merge).map(drop)),
    ]
}

#[test]
fn a_veto_refuses_the_call_with_its_reason() {
    let reviewed: Arc<Mutex<Vec<Explanation>>> = Arc::default();
    let notes = Arc::clone(&reviewed);
    let scene = Scene::new(from_fn(move |explanation: &Explanation| -> Result<(), Veto> {
        notes.lock().push(explanation.clone());
        Err(Veto::new(REASON))
    }));
    for (what, changed, answer) in links(&scene) {
        let refused = answer.expect_err(what);
        assert!(matches!(refused, Error::Refused(Refusal::LinkVetoed { .. })), "{what}: {refused}");
        assert_eq!(
            (refused.kind(), refused.to_string()),
            (ErrorKind::NotAuthorized, REASON.into())
        );
        let explanation = reviewed.lock().remove(0);
        let ExplainedVerdict::Answered { changes, role, .. } = &explanation.verdict else {
            panic!("{explanation}")
        };
        assert_eq!(changes.len(), changed, "{what}: {explanation}");
        let is_of_credentials = explanation.operation == "GetCredentialsForIdentity";
        assert_eq!(role.is_some(), is_of_credentials, "{explanation}");
    }
}

#[test]
fn a_refused_link_changes_nothing() {
    let scene =
        Scene::new(from_fn(|_: &Explanation| -> Result<(), Veto> { Err(Veto::new(REASON)) }));
    let before = scene.identities();
    scene.link().expect_err("a veto");
    let merge = call(&scene.pool, "alice").logins(FACEBOOK, "user:bob");
    let explained = scene.engine.admin().explain(&scene.aws, merge.clone()).expect("explained");
    let ExplainedVerdict::Refused { refusal, .. } = explained.verdict else { panic!("answered") };
    assert_eq!(refusal, Refusal::LinkVetoed { reason: REASON.into() });
    scene.aws.resolve_developer_identity(merge).expect_err("a veto");
    assert_eq!(scene.identities(), before);
}

#[test]
fn the_policy_is_asked_about_links_and_merges_only() {
    let scene = Scene::new(from_fn(|explanation: &Explanation| -> Result<(), Veto> {
        panic!("asked about {explanation}")
    }));
    let Scene { aws, public, pool, .. } = &scene;
    aws.resolve_developer_identity(call(pool, "alice")).expect("a known user");
    aws.get_open_id_token_for_developer_identity(call(pool, "bob")).expect("a new user");
    let new = GetIdInput::new(pool).logins(FACEBOOK, "user:eve");
    public.get_id(new).expect("a new user");
    public.get_id(GetIdInput::new(pool)).expect("a guest");
    let merge = MergeDeveloperIdentitiesInput::new(pool, GAME, "bob", "alice");
    aws.merge_developer_identities(merge).expect("a merge by name");
}

#[test]
fn a_permission_lets_the_call_pass() {
    let scene = Scene::new(from_fn(|_: &Explanation| -> Result<(), Veto> { Ok(()) }));
    for (what, _, answer) in links(&scene) {
        answer.unwrap_or_else(|error| panic!("{what}: {error}"));
    }
    assert_eq!(scene.engine.check().expect("reads"), []);
}

/// Fails once, and then permits.
fn failing_once(fail: impl Fn() + Send + Sync + 'static) -> impl LinkPolicy {
    let left = Mutex::new(1);
    from_fn(move |_: &Explanation| -> Result<(), Veto> {
        let fails = std::mem::replace(&mut *left.lock(), 0) > 0;
        if fails {
            fail();
        }
        Ok(())
    })
}

#[test]
fn a_panic_fails_the_call_alone() {
    let scene = Scene::new(failing_once(|| panic!("as the test wants")));
    let before = scene.identities();
    let failed = scene.link().expect_err("a panic");
    assert!(matches!(failed, Error::Panicked("link policy")), "{failed}");
    assert_eq!(failed.kind(), ErrorKind::InternalError);
    assert_eq!(scene.identities(), before);
    scene.link().expect("the next call");
}

/// Blocks until the test ends.
struct Blocked {
    until: Mutex<Receiver<()>>,
}

impl LinkPolicy for Blocked {
    fn review(&self, _: &Explanation) -> Result<(), Veto> {
        let _ = self.until.lock().recv();
        Ok(())
    }

    fn deadline(&self) -> Duration {
        Duration::from_millis(5)
    }
}

fn blocked() -> (Sender<()>, Blocked) {
    let (release, until) = channel();
    (release, Blocked { until: Mutex::new(until) })
}

#[test]
fn a_policy_that_blocks_fails_the_call_alone() {
    let (_release, policy) = blocked();
    let scene = Scene::new(policy);
    let before = scene.identities();
    let failed = scene.link().expect_err("no answer in time");
    assert!(matches!(failed, Error::Unresponsive("link policy")), "{failed}");
    assert_eq!(failed.kind(), ErrorKind::InternalError);
    assert_eq!(scene.identities(), before);
    scene.aws.resolve_developer_identity(call(&scene.pool, "bob")).expect("another call");
}

/// Reviews that never end are not collected without a bound.
#[test]
fn reviews_that_do_not_end_are_bounded() {
    let (release, policy) = blocked();
    let scene = Scene::new(policy);
    for _ in 0..300 {
        scene.link().expect_err("no answer in time");
    }
    drop(release);
    let answered = (0..100).any(|_| scene.link().is_ok());
    assert!(answered, "reviews that have ended leave room");
}

#[test]
fn a_pointer_to_a_policy_has_its_deadline() {
    let (_release, policy) = blocked();
    let policy: Arc<dyn LinkPolicy> = Arc::new(Box::new(policy));
    assert_eq!(policy.deadline(), Duration::from_millis(5));
}
