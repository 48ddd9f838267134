mod server;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use cognate::login::{IssuerKeys, JwkSet, LoginError};

use super::fetcher::Fetcher;
use super::{HttpUrl, KeySets, USER_POOLS_MAX, user_pool_id};
use server::{Script, Server, key_set};

const ISSUER: &str = "login.example.com";
const OTHER: &str = "other.example.com";
const USER_POOL: &str = "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a";

/// Key sets whose time a test moves.
struct Scene {
    server: Server,
    sets: Arc<KeySets>,
    /// In seconds.
    waited: Arc<AtomicU64>,
}

impl Scene {
    /// An issuer at `/keys`, another one at `/other`, and an emulator.
    fn new() -> Self {
        let server = Server::start();
        let issuers = [(ISSUER, "/keys"), (OTHER, "/other")];
        let issuers = issuers.map(|(name, path)| (name.to_owned(), server.url(path)));
        let emulator = HttpUrl::folder(&server.url).expect("a URL");
        let mut sets = KeySets::new(issuers, Some(emulator));
        let (waited, begun) = (Arc::new(AtomicU64::new(0)), now());
        let passed = Arc::clone(&waited);
        let clock = move || {
            let passed = Duration::from_secs(passed.load(Ordering::SeqCst));
            begun.checked_add(passed).expect("a time")
        };
        sets.fetcher = Fetcher::with_clock(false, clock);
        Self { server, sets: Arc::new(sets), waited }
    }

    fn wait(&self, secs: u64) {
        self.waited.fetch_add(secs, Ordering::SeqCst);
    }

    fn keys(&self, issuer: &str) -> Arc<JwkSet> {
        self.sets.keys(issuer, None).expect("keys")
    }

    /// The number of keys that are newer than `known`, or 0.
    fn newer(&self, known: &Arc<JwkSet>) -> usize {
        self.sets.newer_keys(ISSUER, known).expect("an answer").map_or(0, |keys| keys.len())
    }

    fn failure(&self, issuer: &str) -> String {
        reason(self.sets.keys(issuer, None).expect_err("no keys"))
    }
}

fn reason(error: LoginError) -> String {
    let LoginError::Unavailable(cause) = error else { panic!("{error}") };
    cause.to_string()
}

#[expect(clippy::disallowed_methods, reason = "how long a fetch takes is measured")]
fn now() -> Instant {
    Instant::now()
}

#[test]
fn keys_are_fetched_once_and_kept() {
    let scene = Scene::new();
    scene.server.has_keys("/keys", 2);
    assert_eq!(scene.keys(ISSUER).len(), 2);
    scene.wait(3_599);
    assert_eq!((scene.keys(ISSUER).len(), scene.server.requests()), (2, 1));
}

#[test]
fn a_rotated_key_is_fetched_but_a_storm_fetches_once_in_ten_seconds() {
    let scene = Scene::new();
    scene.server.has_keys("/keys", 1);
    let first = scene.keys(ISSUER);
    scene.server.has_keys("/keys", 2);
    assert_eq!(scene.newer(&first), 0, "the first fetch has just been");
    scene.wait(10);
    assert_eq!(scene.newer(&first), 2);
    let second = scene.keys(ISSUER);
    for _ in 0..50 {
        assert_eq!(scene.newer(&second), 0);
    }
    assert_eq!(scene.newer(&first), 2, "others have fetched them already");
    assert_eq!(scene.server.requests(), 2);
    scene.wait(9);
    assert_eq!((scene.newer(&second), scene.server.requests()), (0, 2));
    scene.wait(1);
    scene.server.has_keys("/keys", 3);
    assert_eq!((scene.newer(&second), scene.server.requests()), (3, 3));
}

#[test]
fn requests_at_the_same_time_share_a_fetch() {
    let scene = Scene::new();
    scene.server.does("/keys", Script::Slow(Duration::from_millis(300), key_set(1)));
    thread::scope(|scope| {
        let asking: Vec<_> = (0..8).map(|_| scope.spawn(|| scene.keys(ISSUER).len())).collect();
        for asked in asking {
            assert_eq!(asked.join().expect("keys"), 1);
        }
    });
    assert_eq!(scene.server.requests(), 1);
}

#[test]
fn known_keys_are_used_while_others_fetch() {
    let scene = Scene::new();
    scene.server.has_keys("/keys", 1);
    let known = scene.keys(ISSUER);
    scene.wait(3_600);
    scene.server.does("/keys", Script::Slow(Duration::from_secs(2), key_set(2)));
    thread::scope(|scope| {
        let fetching = scope.spawn(|| scene.newer(&known));
        while scene.server.requests() < 2 {
            thread::sleep(Duration::from_millis(5));
        }
        let begun = now();
        assert_eq!(scene.keys(ISSUER).len(), 1);
        assert!(begun.elapsed() < Duration::from_secs(1));
        assert_eq!(fetching.join().expect("keys"), 2);
    });
}

#[test]
fn withdrawn_keys_are_forgotten_after_an_hour_but_not_when_the_issuer_is_down() {
    let scene = Scene::new();
    scene.server.has_keys("/keys", 2);
    scene.keys(ISSUER);
    scene.wait(3_600);
    scene.server.does("/keys", Script::Cut);
    assert_eq!(scene.keys(ISSUER).len(), 2);
    scene.server.has_keys("/keys", 1);
    assert_eq!((scene.keys(ISSUER).len(), scene.server.requests()), (2, 2), "too soon");
    scene.wait(1);
    assert_eq!(scene.keys(ISSUER).len(), 1);
}

#[test]
fn a_failing_issuer_is_asked_less_and_less_often() {
    let scene = Scene::new();
    scene.server.does("/keys", Script::Answer(500, key_set(1)));
    let mut asked = Vec::new();
    for second in 0..200 {
        let before = scene.server.requests();
        let reason = scene.failure(ISSUER);
        assert_eq!(reason, format!("the keys of {ISSUER}: the answer is 500"));
        if scene.server.requests() > before {
            asked.push(second);
        }
        scene.wait(1);
    }
    assert_eq!(asked, [0, 1, 3, 7, 15, 31, 63, 123, 183]);
    scene.server.has_keys("/keys", 1);
    scene.wait(60);
    assert_eq!(scene.keys(ISSUER).len(), 1);
}

#[test]
fn a_key_of_an_issuer_that_went_down_is_unavailable() {
    let scene = Scene::new();
    scene.server.has_keys("/keys", 1);
    let known = scene.keys(ISSUER);
    scene.server.does("/keys", Script::Answer(503, String::new()));
    scene.wait(10);
    let error = scene.sets.newer_keys(ISSUER, &known).expect_err("no answer");
    assert_eq!(reason(error), format!("the keys of {ISSUER}: the answer is 503"));
    assert_eq!(scene.keys(ISSUER).len(), 1, "the known one still verifies tokens");
}

#[test]
fn answers_that_are_no_key_sets_are_refused() {
    let elsewhere = Server::start();
    elsewhere.has_keys("/keys", 1);
    let huge = format!(r#"{{"keys":[],"x":"{}"}}"#, "x".repeat(1024 * 1024));
    for (script, reason) in [
        (Script::Answer(200, "<html>".to_owned()), "not a JSON Web Key Set"),
        (Script::Answer(200, String::new()), "not a JSON Web Key Set"),
        (Script::Answer(200, r#"{"keys":[]}"#.to_owned()), "none of its keys can verify a token"),
        (Script::Answer(200, huge), "the answer is longer than 1 MiB"),
        (Script::Answer(404, String::new()), "they do not exist: the answer is 404"),
        (Script::Answer(204, String::new()), "the answer is 204"),
        (Script::Redirect(format!("{}/keys", elsewhere.url)), "the answer leads elsewhere"),
        (Script::Redirect("/other".to_owned()), "the answer leads elsewhere"),
    ] {
        let scene = Scene::new();
        scene.server.has_keys("/other", 1);
        scene.server.does("/keys", script);
        assert_eq!(scene.failure(ISSUER), format!("the keys of {ISSUER}: {reason}"));
        assert_eq!(scene.keys(OTHER).len(), 1, "{reason}");
    }
    assert_eq!(elsewhere.requests(), 0);
    let scene = Scene::new();
    scene.server.does("/keys", Script::Cut);
    scene.failure(ISSUER);
}

#[test]
fn a_silent_issuer_is_given_up_after_five_seconds_and_holds_up_nobody_else() {
    let scene = Scene::new();
    scene.server.does("/keys", Script::Slow(Duration::from_secs(9), key_set(1)));
    scene.server.has_keys("/other", 1);
    let begun = now();
    thread::scope(|scope| {
        let asking: Vec<_> = (0..24).map(|_| scope.spawn(|| scene.failure(ISSUER))).collect();
        while scene.server.requests() == 0 {
            thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(scene.keys(OTHER).len(), 1);
        assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
        let reasons: Vec<_> =
            asking.into_iter().map(|asked| asked.join().expect("a reason")).collect();
        let short = format!("the keys of {ISSUER}: no answer yet");
        let long = format!("the keys of {ISSUER}: no answer within 5 s");
        let count = |wanted| reasons.iter().filter(|reason| **reason == wanted).count();
        assert_eq!((count(long), count(short)), (9, 15), "{reasons:?}");
    });
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    assert_eq!(scene.server.paths.lock().iter().filter(|path| *path == "/keys").count(), 1);
}

#[test]
fn each_user_pool_of_an_emulator_has_its_keys() {
    let scene = Scene::new();
    let other = USER_POOL.replace("_a", "_b");
    scene.server.has_keys("/eu-west-1_a/.well-known/jwks.json", 1);
    scene.server.has_keys("/.well-known/jwks.json", 3);
    assert_eq!(scene.keys(USER_POOL).len(), 1);
    assert_eq!(scene.keys(&other).len(), 3, "those of the emulator");
    let requests = scene.server.paths.lock().join(" ");
    let expected = "/eu-west-1_a/.well-known/jwks.json /eu-west-1_b/.well-known/jwks.json \
                    /.well-known/jwks.json";
    assert_eq!(requests, expected);
}

#[test]
fn the_emulator_is_not_asked_for_other_issuers() {
    let scene = Scene::new();
    let unknown = "accounts.google.com";
    let reason = format!("the keys of {unknown}: nothing tells where its keys are");
    assert_eq!((scene.failure(unknown), scene.server.requests()), (reason, 0));
}

#[test]
fn the_keys_of_the_least_wanted_user_pool_are_forgotten() {
    let scene = Scene::new();
    scene.server.has_keys("/.well-known/jwks.json", 1);
    for number in 0..USER_POOLS_MAX {
        scene.sets.user_pool(&format!("{USER_POOL}{number}")).expect("a user pool");
    }
    scene.keys(&format!("{USER_POOL}7"));
    for number in 0..USER_POOLS_MAX {
        let keys = scene.sets.user_pool(&format!("{USER_POOL}x{number}"));
        keys.expect("a user pool").get(&scene.sets.fetcher).expect("keys");
        scene.wait(1);
        assert!(scene.sets.user_pools.lock().len() <= USER_POOLS_MAX);
    }
    let names = scene.sets.user_pools.lock();
    assert!(!names.contains_key(&format!("{USER_POOL}0")));
    assert!(names.contains_key(&format!("{USER_POOL}x999")));
}

#[test]
fn only_the_id_of_a_user_pool_becomes_part_of_a_path() {
    for (name, id) in [
        (USER_POOL, Some("eu-west-1_a")),
        ("cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_A", Some("cn-north-1_A")),
        ("cognito-idp.local.amazonaws.com/local_6dNhV", Some("local_6dNhV")),
        ("cognito-idp.eu-west-1.amazonaws.com/..", None),
        ("cognito-idp.eu-west-1.amazonaws.com/a/b", None),
        ("cognito-idp.eu-west-1.amazonaws.com/a:80", None),
        ("cognito-idp.eu-west-1.amazonaws.com/", None),
        ("cognito-idp.eu-west-1.example.com/eu-west-1_a", None),
        ("eu-west-1.amazonaws.com/eu-west-1_a", None),
        ("accounts.google.com", None),
    ] {
        assert_eq!(user_pool_id(name), id, "{name}");
    }
}

#[test]
fn urls_are_of_http_and_have_no_password() {
    for (text, url) in [
        ("http://localhost:9229/", Some("http://localhost:9229/")),
        ("http://localhost:9229/keys/", Some("http://localhost:9229/keys/")),
        ("HTTPS://login.example.com/keys?v=1", Some("https://login.example.com/keys?v=1")),
        ("http://[::1]:9229/a", Some("http://[::1]:9229/a")),
        ("http://user:secret@localhost", None),
        ("http://", None),
        ("http://localhost/#keys", None),
        ("ftp://localhost/keys", None),
        ("/keys", None),
        ("", None),
    ] {
        let read = text.parse::<HttpUrl>().ok().map(|url| url.to_string());
        assert_eq!(read.as_deref(), url, "{text}");
    }
    for (text, folder) in [
        ("http://localhost:9229", Some("http://localhost:9229")),
        ("http://localhost:9229/", Some("http://localhost:9229")),
        ("http://localhost:9229/a/", Some("http://localhost:9229/a")),
        ("http://localhost:9229/?a", None),
        ("http://user:secret@localhost", None),
    ] {
        let read = HttpUrl::folder(text).ok().map(|url| url.to_string());
        assert_eq!(read.as_deref(), folder, "{text}");
    }
    for (text, open) in [
        ("http://localhost:9229", false),
        ("http://127.0.0.2", false),
        ("http://[::1]:1", false),
        ("https://login.example.com", false),
        ("http://cognito:9229", true),
        ("http://192.0.2.1", true),
    ] {
        assert_eq!(text.parse::<HttpUrl>().expect("a URL").is_open_to_others(), open, "{text}");
    }
}
