//! The output of every command, the same over a folder and over a server.

use cognate::store::{Batch, KeyRange, SledOptions, Store, Tree};
use serde_json::json;

use crate::golden::{assert_golden, masked};
use crate::program::program;
use crate::scene::{ALICE, BOB, MERGE, NOBODY, OWNER, POOL, Scene, at, run, yes};

/// Commands that change nothing: the name of the expected output, the status, and the arguments.
fn questions(token: &str) -> Vec<(&'static str, i32, Vec<String>)> {
    let merge = |into: &str| {
        let body = json!({
            "IdentityPoolId": POOL,
            "DeveloperProviderName": "login.game",
            "SourceUserIdentifier": "alice",
            "DestinationUserIdentifier": into,
        });
        body.to_string()
    };
    let (odd, nobody) = (merge("\"]); <img src=x onerror=alert(1)>"), merge("nobody"));
    let guest = json!({"IdentityPoolId": POOL}).to_string();
    let token = format!("@{token}");
    let login =
        |subject| vec!["find", "--pool", POOL, "--provider", "login.game", "--subject", subject];
    let explain = |body| vec!["explain", "MergeDeveloperIdentities", "--as", OWNER, "--body", body];
    let questions = [
        ("check", 0, vec!["check"]),
        ("stats", 0, vec!["stats"]),
        ("find", 0, login("bob")),
        ("find-nobody", 1, login("nobody")),
        ("find-token", 0, vec!["find", "--token", &token]),
        ("history", 0, vec!["history", ALICE]),
        ("history-limit", 0, vec!["history", BOB, "--limit", "1"]),
        ("history-nobody", 1, vec!["history", NOBODY]),
        ("graph", 0, vec!["graph", ALICE]),
        ("graph-pool", 0, vec!["graph", "--pool", POOL]),
        ("explain", 0, vec!["explain", "GetId", "--body", &guest]),
        ("explain-odd", 1, explain(&odd)),
        ("explain-nobody", 1, explain(&nobody)),
        ("undo-preview", 0, vec!["undo", MERGE, "--preview"]),
        ("token", 0, vec!["token", &token]),
        ("export", 0, vec!["export", "--history"]),
    ];
    let owned = |arguments: Vec<&str>| arguments.into_iter().map(str::to_owned).collect();
    questions.into_iter().map(|(name, status, of)| (name, status, owned(of))).collect()
}

#[test]
fn commands_answer_the_same_over_a_folder_and_over_a_server() {
    let (scene, server, token) = Scene::merged();
    let questions = questions(&token);
    let ask = |arguments: &[String], source: &[&str]| {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        run(&[&arguments, source].concat())
    };
    let url = at(&server);
    let mut answers = Vec::new();
    for (name, status, arguments) in &questions {
        for (form, more) in [("txt", &[][..]), ("json", &["--json"])] {
            let ran = ask(arguments, &[&["--at", &url], more].concat());
            assert_eq!(ran.status, Some(*status), "{name} {}", ran.errors);
            assert_golden(&format!("{name}.{form}"), &(ran.output.clone() + &ran.errors));
            answers.push(ran);
        }
    }
    for (name, arguments) in
        [("graph", vec!["graph", ALICE]), ("graph-pool", vec!["graph", "--pool", POOL])]
    {
        let drawn = yes(&[&arguments[..], &["--format", "mermaid", "--at", &url]].concat());
        assert_golden(&format!("{name}.mmd"), &drawn);
    }
    server.stop();
    let data = scene.data();
    let mut answers = answers.into_iter();
    for (name, _, arguments) in &questions {
        for more in [&[][..], &["--json"]] {
            let (there, here) =
                (answers.next(), ask(arguments, &[&["--data", &data], more].concat()));
            let there = there.expect("as many");
            assert_eq!(masked(&here.output), masked(&there.output), "{name}");
            assert_eq!((here.status, here.errors), (there.status, there.errors), "{name}");
        }
    }
}

#[test]
fn an_undo_tells_the_identities() {
    for (form, more) in [("txt", &[][..]), ("json", &["--json"])] {
        let (scene, server, _) = Scene::merged();
        server.stop();
        let data = scene.data();
        let undo = [&["undo", MERGE, "--data", &data], more].concat();
        assert_golden(&format!("undo.{form}"), &yes(&undo));
        let refused = run(&undo);
        assert_eq!(refused.status, Some(1), "undone already");
        assert_golden("undo-refused.txt", &(refused.output + &refused.errors));
    }
}

#[test]
fn a_graph_knows_nothing_of_deleted_identities() {
    let (scene, server, _) = Scene::merged();
    let delete = json!({"IdentityIdsToDelete": [ALICE]});
    assert_eq!(server.call("DeleteIdentities", &delete).status, 200);
    server.stop();
    let data = scene.data();
    for (name, whom) in [("identity", &[BOB][..]), ("pool", &["--pool", POOL])] {
        let drawn = yes(&[&["graph", "--data", &data], whom].concat());
        assert_golden(&format!("graph-deleted-{name}.txt"), &drawn);
    }
}

#[test]
fn texts_of_strangers_are_escaped() {
    let scene = Scene::seeded();
    let login = "a\u{1b}[31m\n\u{202e}";
    let find = ["find", "--pool", POOL, "--provider", "login.game", "--subject", login];
    let merge = json!({
        "IdentityPoolId": POOL,
        "DeveloperProviderName": "login.game",
        "SourceUserIdentifier": "alice",
        "DestinationUserIdentifier": login,
    });
    let merge = merge.to_string();
    let explain = ["explain", "MergeDeveloperIdentities", "--as", OWNER, "--body", &merge];
    let odd = ["history", "us-east-1:0dd00000-0000-4000-8000-000000000000"];
    for arguments in [&find[..], &explain, &odd, &["graph", "--pool", POOL], &["stats"]] {
        let ran = run(&[arguments, &["--data", &scene.data()]].concat());
        let printed = ran.output + &ran.errors;
        let is_obeyed = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!printed.contains(is_obeyed), "{arguments:?} {printed:?}");
    }
}

#[test]
fn files_are_counted() {
    let scene = Scene::seeded();
    let (file, copy) = (scene.name("export.jsonl"), scene.name("copy"));
    for (form, more) in [("txt", &[][..]), ("json", &["--json"])] {
        let export = yes(&[&["export", &file, "--data", &scene.data()], more].concat());
        assert_golden(&format!("export-file.{form}"), &export);
        let copy = format!("{copy}-{form}");
        let import = yes(&[&["import", &file, "--data", &copy], more].concat());
        assert_golden(&format!("import.{form}"), &import);
    }
}

#[test]
fn violations_are_told() {
    let scene = Scene::seeded();
    let store = SledOptions::new(scene.path("data")).open().expect("opens");
    let logins = store.scan(&KeyRange::prefix(Tree::Logins, []), 1).expect("reads");
    let mut batch = Batch::default();
    batch.deletes.extend(logins.into_iter().map(|(key, _)| key));
    store.commit(batch).expect("commits");
    store.sync().expect("syncs");
    drop(store);
    for (form, more) in [("txt", &[][..]), ("json", &["--json"])] {
        let ran = run(&[&["check", "--data", &scene.data()], more].concat());
        assert_eq!((ran.status, ran.errors.as_str()), (Some(1), ""));
        assert_golden(&format!("check-violations.{form}"), &ran.output);
    }
}

#[test]
fn a_token_of_another_database_is_no() {
    let (_scene, server, token) = Scene::merged();
    server.stop();
    let other = Scene::seeded();
    for (form, more) in [("txt", &[][..]), ("json", &["--json"])] {
        let token = format!("@{token}");
        let ran = run(&[&["token", &token, "--data", &other.data()], more].concat());
        assert_eq!((ran.status, ran.errors.as_str()), (Some(1), ""));
        assert_golden(&format!("token-invalid.{form}"), &ran.output);
    }
}

#[test]
fn every_command_has_help_with_examples() {
    const COMMANDS: [&str; 11] = [
        "check",
        "export",
        "import",
        "explain",
        "find",
        "history",
        "undo",
        "graph",
        "token",
        "stats",
        "completions",
    ];
    let help = COMMANDS.map(|command| {
        let help = yes(&[command, "--help"]);
        assert!(help.contains("\nExamples:\n  cognate "), "{command}");
        format!("$ cognate {command} --help\n{help}\n")
    });
    assert_golden("help.txt", &help.concat());
}

#[test]
fn completions_are_scripts_of_the_shell() {
    for (shell, mark) in [
        ("bash", "complete -F _cognate"),
        ("elvish", "set edit:completion:arg-completer[cognate]"),
        ("fish", "complete -c cognate"),
        ("powershell", "Register-ArgumentCompleter"),
        ("zsh", "#compdef cognate"),
    ] {
        let script = yes(&["completions", shell]);
        assert!(script.contains(mark), "{shell}");
        for word in ["salvage", "token-file", "history"] {
            assert!(script.contains(word), "{shell} {word}");
        }
    }
    assert_eq!(program(&["completions", "ed"]).0, Some(2));
}
