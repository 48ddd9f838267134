//! The exit status of each command: 0 yes, 1 no, 2 usage, 3 no answer.

use crate::scene::{ALICE, MERGE, NOBODY, OWNER, POOL, Scene, run};

#[test]
fn exit_statuses() {
    let (scene, server, token) = Scene::merged();
    server.stop();
    let (data, none) = (scene.data(), scene.name("none"));
    let (token, garbage) = (format!("@{token}"), format!("@{}", scene.write("garbage", "a.b.c")));
    let export = scene.name("export.jsonl");
    let guest = format!(r#"{{"IdentityPoolId": "{POOL}"}}"#);
    let delete = r#"{"IdentityPoolId": "us-east-1:00000000-0000-4000-8000-000000000000"}"#;
    let held = ["--data", data.as_str()];
    let find = |subject| ["find", "--pool", POOL, "--provider", "login.game", "--subject", subject];
    for (status, arguments) in [
        (0, &["check"][..]),
        (2, &["check", "--pool", POOL]),
        (2, &["check", "--json", "--json"]),
        (2, &["check", "--token-file", "a"]),
        (2, &["check", "--at", "http://localhost:4566"]),
        (0, &["stats"]),
        (0, &["stats", "--pool", POOL]),
        (1, &["stats", "--pool", "us-east-1:00000000-0000-4000-8000-000000000000"]),
        (2, &["stats", "--pool", "game"]),
        (0, &find("bob")),
        (1, &find("nobody")),
        (2, &["find", "--pool", POOL, "--subject", "bob"]),
        (2, &["find"]),
        (2, &["find", "--token", "eyJ"]),
        (0, &["find", "--token", &token]),
        (1, &["find", "--token", &garbage]),
        (0, &["token", &token]),
        (1, &["token", &garbage]),
        (2, &["token", "eyJ"]),
        (0, &["history", ALICE]),
        (1, &["history", NOBODY]),
        (2, &["history", "alice"]),
        (2, &["history", ALICE, "--limit", "-1"]),
        (0, &["graph", ALICE]),
        (0, &["graph", "--pool", POOL]),
        (1, &["graph", NOBODY]),
        (2, &["graph"]),
        (2, &["graph", ALICE, "--pool", POOL]),
        (2, &["graph", ALICE, "--format", "svg"]),
        (2, &["graph", ALICE, "--format", "dot", "--json"]),
        (0, &["explain", "GetId", "--body", &guest]),
        (1, &["explain", "DeleteIdentityPool", "--as", OWNER, "--body", delete]),
        (1, &["explain", "DeleteIdentityPool", "--body", &guest]),
        (1, &["explain", "ListIdentityPools", "--as", OWNER, "--body", r#"{"MaxResults": 1}"#]),
        (1, &["explain", "GetId", "--body", "{"]),
        (2, &["explain", "GetId"]),
        (2, &["explain", "Guess", "--body", "{}"]),
        (2, &["explain", "GetId", "--body", &guest, "--as", "alice"]),
        (0, &["undo", MERGE, "--preview"]),
        (1, &["undo", &format!("{ALICE}/9")]),
        (1, &["undo", &format!("{ALICE}/9"), "--preview"]),
        (2, &["undo", ALICE]),
        (0, &["export", &export]),
        (1, &["export", "--keys"]),
        (2, &["export", "--keys", "--pool", POOL]),
        (2, &["export", "--account", "game"]),
        (1, &["import", &export]),
        (2, &["import"]),
        (2, &["import", &export, "--pool", POOL, "--region", "us-east-1"]),
        (2, &["guess"]),
    ] {
        let ran = run(&[arguments, &held].concat());
        assert_eq!(ran.status, Some(status), "{arguments:?} {}", ran.errors);
        assert_eq!(ran.errors.is_empty(), status == 0 || !ran.output.is_empty(), "{arguments:?}");
        // Without a database there is no answer to a question that is one.
        let ran = run(&[arguments, &["--data", &none]].concat());
        let is_new = arguments[0] == "import";
        let expected = if status == 2 { 2 } else { 3 };
        assert!(ran.status == Some(expected) || is_new, "{arguments:?} {}", ran.errors);
    }
    for arguments in [&["check"][..], &["export"], &["check", "--data", "a", "--store", "b"], &[]] {
        assert_eq!(run(arguments).status, Some(2), "{arguments:?}");
    }
}
