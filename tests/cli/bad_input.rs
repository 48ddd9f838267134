//! Files, folders and arguments that are not what a command needs.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::process::Command;
use std::{fs, iter};

use crate::program::path;
use crate::scene::{ALICE, POOL, Ran, Scene, at, run, run_with, yes};

#[track_caller]
fn assert_ends(ran: &Ran, status: i32, reason: &str) {
    assert_eq!((ran.status, ran.output.as_str()), (Some(status), ""), "{}", ran.errors);
    assert!(ran.errors.starts_with("cognate: ") && ran.errors.contains(reason), "{}", ran.errors);
    assert_eq!(ran.errors.lines().count(), 1, "{}", ran.errors);
}

#[test]
fn a_cut_import_names_the_line_and_changes_nothing() {
    let scene = Scene::seeded();
    let export = yes(&["export", "--data", &scene.data()]);
    let end = export.trim_end().rfind('\n').expect("lines");
    let cut = scene.write("cut.jsonl", &export[..=end]);
    let other = Scene::seeded();
    let server = other.serve(&[]);
    yes(&["check", "--at", &at(&server)]);
    let before = yes(&["stats", "--at", &at(&server), "--json"]);
    let new = scene.name("new");
    for source in [["--data", new.as_str()], ["--at", &at(&server)]] {
        let ran = run(&[&["import", &cut], &source[..]].concat());
        // The pool exists at the server, which is found first.
        let reason = match source[0] {
            "--data" => "line 6: the end of the file is missing",
            _ => "line 2: the pool us-east-1:11111111-1111-4111-8111-111111111111 exists already",
        };
        assert_ends(&ran, 1, reason);
    }
    assert_eq!(yes(&["stats", "--at", &at(&server), "--json"]), before);
    assert_eq!(yes(&["stats", "--data", &new, "--json"]), "{\n  \"IdentityPools\": []\n}\n");
}

#[test]
fn a_long_import_is_refused_at_its_first_line_over_a_server_too() {
    let scene = Scene::seeded();
    let server = scene.serve(&[]);
    let lines = iter::repeat_n("{\"identity\":{}}\n", 500_000);
    let file = scene.write("long.jsonl", &lines.collect::<String>());
    for source in [["--data", &scene.name("new")], ["--at", &at(&server)]] {
        let ran = run(&[&["import", file.as_str()], &source[..]].concat());
        assert_ends(&ran, 1, "line 1: ");
    }
}

#[test]
fn a_seed_for_a_pool_comes_from_the_input_stream() {
    let scene = Scene::seeded();
    let seed = "{\"cognate\":\"seed\",\"version\":1}\n{\"identity\":{}}\n";
    let import = ["import", "-", "--pool", POOL, "--data", &scene.data()];
    let ran = run_with(&import, seed.as_bytes());
    assert_eq!(ran.output, "imported 1 identity\n", "{}", ran.errors);
    let guests = yes(&["stats", "--data", &scene.data()]);
    assert!(guests.contains("2 guests"), "{guests}");
    let misplaced = "{\"cognate\":\"seed\",\"version\":1}\n{\"pool\":{}}\n";
    assert_ends(&run_with(&import, misplaced.as_bytes()), 1, "line 2: ");
}

#[test]
fn nothing_is_made_in_a_folder_without_a_database() {
    let scene = Scene::seeded();
    let (missing, empty) = (scene.path("missing"), scene.path("empty"));
    fs::create_dir(&empty).expect("a folder");
    for folder in [&missing, &empty] {
        let folder_name = folder.to_str().expect("text");
        for arguments in [
            &["check"][..],
            &["stats"],
            &["history", ALICE],
            &["export"],
            &["import", "-", "--pool", POOL],
        ] {
            let ran = run(&[arguments, &["--data", folder_name]].concat());
            assert_ends(&ran, 3, &format!("there is no database in {folder_name}"));
        }
    }
    assert!(!missing.exists());
    assert_eq!(fs::read_dir(&empty).expect("a folder").count(), 0);
}

#[test]
fn a_database_that_does_not_open() {
    let scene = Scene::seeded();
    fs::write(scene.path("data").join("sled").join("db"), [7; 4096]).expect("a file");
    let ran = run(&["check", "--data", &scene.data()]);
    assert_ends(&ran, 3, "cannot open the database in ");
    let ran = run(&["check", "--data", "postgres://localhost/cognate"]);
    assert_ends(&ran, 3, "--data names a folder");
}

#[test]
fn a_database_that_a_server_has_is_asked_through_the_server() {
    let scene = Scene::seeded();
    let _server = scene.serve(&[]);
    let ran = run(&["check", "--data", &scene.data()]);
    assert_ends(&ran, 3, "another process has the database in ");
    assert!(ran.errors.contains("`--at URL`"), "{}", ran.errors);
}

#[test]
fn files_that_cannot_be_read_or_written() {
    let scene = Scene::seeded();
    let (data, folder) = (scene.data(), scene.name("folder"));
    fs::create_dir(&folder).expect("a folder");
    let missing = scene.name("missing");
    for (arguments, reason) in [
        (&["import", &missing][..], "cannot read "),
        (&["import", &folder], "is a directory"),
        (&["token", &format!("@{missing}")], "cannot read "),
        (&["find", "--token", &format!("@{folder}")], "cannot read "),
        (&["export", &folder], "is not a regular file"),
        (&["export", &format!("{missing}/file")], "No such file"),
        (&["check", "--key-secret-file", &missing], "cannot read the key secret"),
    ] {
        assert_ends(&run(&[arguments, &["--data", &data]].concat()), 3, reason);
    }
}

#[test]
fn sealed_keys_need_their_secret() {
    let scene = Scene::seeded();
    let secret = scene.write("secret", "0123456789abcdef0123456789abcdef");
    let server = scene.serve(&["--key-secret-file", &secret]);
    let login = serde_json::json!({"IdentityPoolId": POOL, "Logins": {"login.game": "alice"}});
    let token = server.call("GetOpenIdTokenForDeveloperIdentity", &login).text("Token");
    let token = format!("@{}", scene.write("token", &token));
    server.stop();
    let source = ["--data", &scene.data(), "--key-secret-file", &secret];
    yes(&[&["token", &token][..], &source].concat());
    let file = scene.name("export.jsonl");
    yes(&[&["export", "--keys", &file][..], &source].concat());
    let copy = scene.name("copy");
    let import = ["import", &file, "--data", &copy];
    assert_ends(&run(&import), 1, "the key cannot be used with the secret of this engine");
    yes(&[&import[..], &["--key-secret-file", &secret]].concat());
    yes(&["token", &token, "--data", &copy]);
}

#[test]
fn arguments_that_are_not_text() {
    let raw = OsStr::from_bytes(b"a\xff");
    let scene = Scene::seeded();
    let run = |arguments: &[&OsStr]| {
        let output = Command::new(path()).args(arguments).output().expect("the program");
        (output.status.code(), String::from_utf8(output.stderr).expect("text"))
    };
    let [check, data, export] = ["check", "--data", "export"].map(OsStr::new);
    let (status, errors) = run(&[check, data, raw]);
    assert_eq!(status, Some(3));
    assert!(errors.contains("there is no database in a"), "{errors}");
    for option in ["--at", "--store", "--token-file", "--pool"] {
        assert_eq!(run(&[export, OsStr::new(option), raw]).0, Some(2), "{option}");
    }
    // A file may have such a name.
    let file: OsString = scene.path("").join(raw).into();
    assert_eq!(run(&[export, &file, data, scene.path("data").as_os_str()]).0, Some(0));
    assert!(fs::exists(&file).expect("a folder"));
}
