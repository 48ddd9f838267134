//! The options of `cognate serve`: logins, roles, linking, throttling and key secrets.

use std::fs;

use serde_json::{Value, json};
use tempfile::tempdir;

use crate::issuer::{ISSUER, ISSUER_ARN, token, unsigned_token, write_key_set};
use crate::program::{Answer, Server, run};

const UNVERIFIED: &str = "the signatures of logins are not verified: anyone can log in as anyone";

/// A pool that accepts the issuer, and guests.
fn open_pool(server: &Server) -> String {
    let input = json!({
        "IdentityPoolName": "open",
        "AllowUnauthenticatedIdentities": true,
        "OpenIdConnectProviderARNs": [ISSUER_ARN],
        "SupportedLoginProviders": {"graph.facebook.com": "7346241598935552"},
    });
    server.call("CreateIdentityPool", &input).text("IdentityPoolId")
}

fn log_in(server: &Server, pool: &str, token: &str) -> Answer {
    server.ask("GetId", &json!({"IdentityPoolId": pool, "Logins": {ISSUER: token}}))
}

#[track_caller]
fn assert_refused(answer: &Answer, name: &str, message: &str) {
    assert_eq!(answer.status, 400, "{}", answer.body);
    assert_eq!(answer.json(), json!({"__type": name, "message": message}));
}

#[test]
fn a_key_set_lets_its_issuer_in() {
    let folder = tempdir().expect("a folder");
    let keys = write_key_set(folder.path());
    let data = folder.path().join("data");
    for option in [keys.clone(), format!("https://{keys}")] {
        let server = Server::start(&data, &["--oidc-jwks", &option]);
        let pool = open_pool(&server);
        let alice = log_in(&server, &pool, &token("alice", "game")).text("IdentityId");
        assert_eq!(log_in(&server, &pool, &token("alice", "shop")).text("IdentityId"), alice);
        assert_ne!(log_in(&server, &pool, &token("bob", "game")).text("IdentityId"), alice);
        assert_refused(
            &log_in(&server, &pool, &unsigned_token("alice", "game")),
            "NotAuthorizedException",
            "Invalid login token. Couldn't verify signed token.",
        );
        let log = server.stop();
        assert!(!log.contains(UNVERIFIED), "{log}");
    }

    // Without the option the engine has no keys of the issuer.
    let server = Server::start(&data, &[]);
    let pool = open_pool(&server);
    let answer = log_in(&server, &pool, &token("alice", "game"));
    assert_eq!(answer.status, 400, "{}", answer.body);
    assert_eq!(answer.json()["__type"], "ExternalServiceException");
}

#[test]
fn a_registered_application_keeps_others_out() {
    let folder = tempdir().expect("a folder");
    let keys = write_key_set(folder.path());
    let (game, shop) = (format!("{ISSUER}=game"), format!("https://{ISSUER}=shop"));
    let options = ["--oidc-jwks", &keys, "--oidc-client-id", &game, "--oidc-client-id", &shop];
    let server = Server::start(&folder.path().join("data"), &options);
    let pool = open_pool(&server);
    let alice = log_in(&server, &pool, &token("alice", "game")).text("IdentityId");
    assert_eq!(log_in(&server, &pool, &token("alice", "shop")).text("IdentityId"), alice);
    assert_refused(
        &log_in(&server, &pool, &token("alice", "other")),
        "NotAuthorizedException",
        "Invalid login token. Incorrect token audience.",
    );
}

#[test]
fn a_final_slash_of_an_issuer_does_not_count() {
    let folder = tempdir().expect("a folder");
    let keys = write_key_set(folder.path());
    let with_slash = keys.replace(&format!("{ISSUER}="), &format!("{ISSUER}/="));
    let (client, client_with_slash) = (format!("{ISSUER}=game"), format!("https://{ISSUER}/=game"));
    for (number, (keys, client)) in
        [(&keys, &client_with_slash), (&with_slash, &client), (&with_slash, &client_with_slash)]
            .into_iter()
            .enumerate()
    {
        let data = folder.path().join(format!("data-{number}"));
        let server = Server::start(&data, &["--oidc-jwks", keys, "--oidc-client-id", client]);
        let pool = open_pool(&server);
        let alice = log_in(&server, &pool, &token("alice", "game")).text("IdentityId");
        let logins = json!({format!("{ISSUER}/"): token("alice", "game")});
        let again = server.ask("GetId", &json!({"IdentityPoolId": pool, "Logins": logins}));
        assert_eq!(again.text("IdentityId"), alice);
        assert_refused(
            &log_in(&server, &pool, &token("alice", "other")),
            "NotAuthorizedException",
            "Invalid login token. Incorrect token audience.",
        );
    }
    // Two key sets of one issuer, and a client of another one.
    for (options, reason) in [
        (["--oidc-jwks", &keys, "--oidc-jwks", &with_slash], "two key sets are given for"),
        (
            ["--oidc-jwks", &keys, "--oidc-client-id", &format!("{ISSUER}//=game")],
            "is registered, but its key set is not given",
        ),
    ] {
        let output = run(&folder.path().join("none"), "127.0.0.1:0", &options);
        let errors = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(1), "{errors}");
        assert!(errors.contains(reason), "{errors}");
    }
}

#[test]
fn a_key_set_that_cannot_be_used_stops_the_start() {
    let folder = tempdir().expect("a folder");
    let data = folder.path().join("data");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("a file");
        path.to_str().expect("text").to_owned()
    };
    let secret = r#"{"keys": [{"kty": "oct", "k": "c2VjcmV0", "alg": "HS256"}]}"#;
    let encryption = r#"{"keys": [{"kty": "OKP", "crv": "Ed25519", "use": "enc",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    for (file, reason) in [
        (folder.path().join("nowhere").to_str().expect("text").to_owned(), "No such file"),
        (folder.path().to_str().expect("text").to_owned(), "s a directory"),
        (write("text", "<html>"), "not a JSON Web Key Set"),
        (write("nothing", ""), "not a JSON Web Key Set"),
        (write("array", "[]"), "not a JSON Web Key Set"),
        (write("object", "{}"), "not a JSON Web Key Set"),
        (write("empty", r#"{"keys": []}"#), "none of its keys can verify a token"),
        (write("secret", secret), "none of its keys can verify a token"),
        (write("encryption", encryption), "none of its keys can verify a token"),
    ] {
        let output = run(&data, "127.0.0.1:0", &["--oidc-jwks", &format!("{ISSUER}={file}")]);
        let errors = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(1), "{errors}");
        assert_eq!(output.stdout, b"", "nothing is listening");
        let head = format!("cognate: cannot use the key set of {ISSUER} in {file}: ");
        assert!(errors.starts_with(&head) && errors.contains(reason), "{errors}");
        assert_eq!(errors.lines().count(), 1, "{errors}");
        assert!(!data.exists(), "{file}: a database was made");
    }
}

#[test]
fn options_that_make_no_sense_stop_the_start() {
    let folder = tempdir().expect("a folder");
    let keys = write_key_set(folder.path());
    let data = folder.path().join("data");
    let form = "expected an issuer, `=` and a value";
    for (options, code, reason) in [
        (&["--oidc-jwks", "x"][..], 2, form),
        (&["--oidc-jwks", "x="], 2, form),
        (&["--oidc-jwks", "=x"], 2, form),
        (&["--oidc-jwks", ""], 2, form),
        (&["--oidc-jwks"], 2, "--oidc-jwks <ISSUER=FILE|URL>"),
        (&["--oidc-jwks", &keys, "--oidc-client-id", "x"], 2, form),
        (&["--oidc-jwks", "https://=x"], 2, form),
        (
            &["--oidc-client-id", "other.example.com=game"],
            1,
            "cognate: a client of other.example.com is registered, but its key set is not given",
        ),
        (&["--oidc-jwks", &keys, "--oidc-jwks", &keys], 1, "two key sets are given for"),
        (
            &["--oidc-jwks", &keys, "--oidc-client-id", "other.example.com=game"],
            1,
            "cognate: a client of other.example.com is registered, but its key set is not given",
        ),
        (
            &["--oidc-jwks", &keys, "--trust-unverified-logins"],
            2,
            "'--oidc-jwks <ISSUER=FILE|URL>' cannot be used with '--trust-unverified-logins'",
        ),
        (&["--trust-unverified-logins=yes"], 2, "--trust-unverified-logins"),
        (&["--throttle=yes"], 2, "--throttle"),
        (&["--developer-linking"], 2, "[possible values: by-identity-id, by-linked-login]"),
        (
            &["--developer-linking", "by-id"],
            2,
            "[possible values: by-identity-id, by-linked-login]",
        ),
    ] {
        let output = run(&data, "127.0.0.1:0", options);
        let errors = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(code), "{options:?}: {errors}");
        assert_eq!(output.stdout, b"", "nothing is listening");
        assert!(errors.contains(reason), "{options:?}: {errors}");
        assert!(!data.exists(), "{options:?}: a database was made");
    }
}

#[test]
fn unverified_logins_are_warned_of() {
    let folder = tempdir().expect("a folder");
    let server = Server::start(folder.path(), &["--trust-unverified-logins"]);
    let pool = open_pool(&server);
    let alice = log_in(&server, &pool, &unsigned_token("alice", "game")).text("IdentityId");
    assert_eq!(log_in(&server, &pool, &token("alice", "game")).text("IdentityId"), alice);
    let opaque = json!({"IdentityPoolId": pool, "Logins": {"graph.facebook.com": "anything"}});
    let answer = server.ask("GetId", &opaque);
    assert_ne!(answer.text("IdentityId"), alice);
    assert_refused(
        &log_in(&server, &pool, "no token"),
        "NotAuthorizedException",
        "Invalid login token. Not a valid OpenId Connect identity token.",
    );
    let log = server.stop();
    let warning = log.lines().next().expect("a line");
    assert!(warning.contains("WARN") && warning.contains(UNVERIFIED), "{log}");
    assert_eq!(log.matches(UNVERIFIED).count(), 1, "{log}");
}

#[test]
fn throttling_refuses_calls_above_the_rate() {
    /// More calls than any machine completes before the rate refills.
    const CALLS_MAX: u32 = 2_000;

    let folder = tempdir().expect("a folder");
    let options = ["--durability", "relaxed", "--throttle"];
    let server = Server::start(folder.path(), &options);
    let pool = open_pool(&server);
    let input = json!({"IdentityPoolId": pool});
    let refused = (0..CALLS_MAX).map(|_| server.ask("GetId", &input)).enumerate();
    let (calls, refused) =
        refused.into_iter().find(|(_, answer)| answer.status != 200).expect("a refusal");
    assert!(calls >= 25, "refused after {calls} calls");
    assert_refused(&refused, "TooManyRequestsException", "Rate exceeded");
    assert_eq!(refused.header("x-amzn-errortype"), Some("TooManyRequestsException:"));
    // Each operation has its own rate.
    assert_eq!(server.call("DescribeIdentityPool", &input).text("IdentityPoolId"), pool);
    drop(server);

    let other = folder.path().join("other");
    let server = Server::start(&other, &options[..2]);
    let pool = open_pool(&server);
    let input = json!({"IdentityPoolId": pool});
    for _ in 0..100 {
        server.ask("GetId", &input).text("IdentityId");
    }
}

/// By default the identity's id is enough, as the API reference says. With the option, a login of
/// the identity must be presented with the developer user, as observed at the service.
#[test]
fn linking_a_developer_user_can_require_a_linked_login() {
    let folder = tempdir().expect("a folder");
    let refused = "Logins don't match. Please include at least one valid login for this identity \
                   or identity pool.";
    for (linking, is_linked) in [
        (&[][..], true),
        (&["--developer-linking", "by-identity-id"], true),
        (&["--developer-linking", "by-linked-login"], false),
    ] {
        let server =
            Server::start(folder.path(), &[&["--trust-unverified-logins"], linking].concat());
        let pool = json!({
            "IdentityPoolName": "game",
            "AllowUnauthenticatedIdentities": false,
            "DeveloperProviderName": "login.game",
            "SupportedLoginProviders": {"graph.facebook.com": "7346241598935552"},
        });
        let pool = server.call("CreateIdentityPool", &pool).text("IdentityPoolId");
        let facebook = json!({"graph.facebook.com": "anything"});
        let call = json!({"IdentityPoolId": pool, "Logins": facebook});
        let alice = server.ask("GetId", &call).text("IdentityId");
        let link = |logins: Value| {
            let call = json!({"IdentityPoolId": pool, "IdentityId": alice, "Logins": logins});
            server.call("GetOpenIdTokenForDeveloperIdentity", &call)
        };
        let alone = link(json!({"login.game": "alice"}));
        if is_linked {
            assert_eq!(alone.text("IdentityId"), alice, "{linking:?}");
        } else {
            assert_refused(&alone, "NotAuthorizedException", refused);
        }
        let beside = link(json!({"login.game": "alice", "graph.facebook.com": "anything"}));
        assert_eq!(beside.text("IdentityId"), alice, "{linking:?}");
        // From now on the user alone opens the identity.
        assert_eq!(link(json!({"login.game": "alice"})).text("IdentityId"), alice, "{linking:?}");
        server.stop();
    }
}

#[test]
fn roles_of_other_accounts_need_an_option() {
    let folder = tempdir().expect("a folder");
    let role = "arn:aws:iam::999999999999:role/user";
    let set = |server: &Server, pool: &str| {
        let input = json!({"IdentityPoolId": pool, "Roles": {"unauthenticated": role}});
        server.call("SetIdentityPoolRoles", &input)
    };
    let server = Server::start(folder.path(), &[]);
    let pool = open_pool(&server);
    let message = format!("Access to Role '{role}' is forbidden.");
    assert_refused(&set(&server, &pool), "NotAuthorizedException", &message);
    server.stop();

    let server = Server::start(folder.path(), &["--roles-of-any-account"]);
    let answer = set(&server, &pool);
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    let roles = server.call("GetIdentityPoolRoles", &json!({"IdentityPoolId": pool})).json();
    assert_eq!(roles["Roles"], json!({"unauthenticated": role}));
    let guest = server.ask("GetId", &json!({"IdentityPoolId": pool})).text("IdentityId");
    let input = json!({"IdentityId": guest});
    let answer = server.ask("GetCredentialsForIdentity", &input);
    assert_eq!(answer.text("IdentityId"), guest);
    server.stop();

    // The roles stay set without the option.
    let server = Server::start(folder.path(), &[]);
    let roles = server.call("GetIdentityPoolRoles", &json!({"IdentityPoolId": pool})).json();
    assert_eq!(roles["Roles"], json!({"unauthenticated": role}));
}

#[test]
fn the_key_secret_is_changed_with_the_previous_one() {
    let folder = tempdir().expect("a folder");
    let file = |name: &str, secret: &str| {
        let path = folder.path().join(name);
        fs::write(&path, secret).expect("written");
        path.to_str().expect("text").to_owned()
    };
    let (old, new) = (file("old", "the first secret"), file("new", "the second secret"));
    let data = folder.path().join("data");
    let first = Server::start(&data, &["--key-secret-file", &old]);
    open_pool(&first);
    let keys = first.get("/.well-known/jwks.json").body;
    first.stop();

    let both = ["--key-secret-file", &new, "--previous-key-secret-file", &old];
    let server = Server::start(&data, &both);
    assert_eq!(server.get("/.well-known/jwks.json").body, keys);
    server.stop();
    let refused = run(&data, "127.0.0.1:0", &["--key-secret-file", &old]);
    let log = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1));
    assert!(log.contains("the key is sealed with another secret"), "{log}");
    Server::start(&data, &["--key-secret-file", &new]).stop();
}

#[test]
fn tags_choose_the_id_of_a_pool_only_if_ids_are_pinned() {
    const ID: &str = "us-east-1:11111111-1111-4111-8111-111111111111";

    let folder = tempdir().expect("a folder");
    let input = json!({
        "IdentityPoolName": "pinned",
        "AllowUnauthenticatedIdentities": true,
        "IdentityPoolTags": {"_custom_id_": ID},
    });
    let server = Server::start(&folder.path().join("tags"), &[]);
    assert_ne!(server.call("CreateIdentityPool", &input).text("IdentityPoolId"), ID);
    drop(server);
    let server = Server::start(&folder.path().join("pinned"), &["--pin-ids"]);
    assert_eq!(server.call("CreateIdentityPool", &input).text("IdentityPoolId"), ID);
    assert_refused(
        &server.call("CreateIdentityPool", &input),
        "ResourceConflictException",
        &format!("'{ID}' is taken."),
    );
}

#[test]
fn a_seed_gives_the_same_ids_in_a_new_folder() {
    let folder = tempdir().expect("a folder");
    let ids = |data: &str, seed: &str| {
        let server = Server::start(&folder.path().join(data), &["--seed-ids", seed]);
        let pool = open_pool(&server);
        let guest = server.ask("GetId", &json!({"IdentityPoolId": pool}));
        [pool, guest.text("IdentityId")]
    };
    let first = ids("first", "7");
    assert_eq!(ids("second", "7"), first);
    assert_ne!(ids("third", "8"), first);
    // The second run over the same data skips the ids of the first.
    assert!(ids("first", "7").iter().all(|id| !first.contains(id)));
}
