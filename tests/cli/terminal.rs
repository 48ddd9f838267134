//! Output on a terminal, and to a pipe that nobody reads any more.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use serde_json::json;

use crate::program::path;
use crate::scene::{Scene, at, explain_merge, yes};

/// Runs the program on a terminal, and returns what it prints there.
fn on_a_terminal(arguments: &str, environment: &[(&str, &str)]) -> String {
    let program = path().into_string().expect("text");
    let mut command = Command::new("script");
    command.args([
        "--quiet",
        "--return",
        "--command",
        &format!("{program} {arguments}"),
        "/dev/null",
    ]);
    command.env_remove("NO_COLOR").env("TERM", "xterm").envs(environment.iter().copied());
    let output = command.stdin(Stdio::null()).output().expect("script");
    assert!(output.status.success(), "{arguments}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn colours_are_for_terminals() {
    let scene = Scene::seeded();
    let check = format!("check --data {}", scene.data());
    assert_eq!(on_a_terminal(&check, &[]), "\u{1b}[1;32mno violations\u{1b}[0m\r\n");
    assert_eq!(on_a_terminal(&check, &[("NO_COLOR", "1")]), "no violations\r\n");
    assert_eq!(yes(&["check", "--data", &scene.data()]), "no violations\n");
    let explained = explain_merge(&["--data", &scene.data()], "alice", &[]);
    assert!(!explained.output.contains('\u{1b}'), "{}", explained.output);
}

#[test]
fn progress_is_for_terminals() {
    let scene = Scene::seeded();
    let lines: String = (0..3_000)
        .map(|number| {
            let login = json!({"developer": "login.game", "subject": format!("{number:0200}")});
            json!({"identity": {"logins": [login]}}).to_string() + "\n"
        })
        .collect();
    let pool = json!({"pool": {"settings": {
        "IdentityPoolName": "more",
        "AllowUnauthenticatedIdentities": false,
        "DeveloperProviderName": "login.game",
    }}});
    let seed = format!("{{\"cognate\":\"seed\",\"version\":1}}\n{pool}\n{lines}");
    let seed = scene.write("seed.jsonl", &seed);
    let import = format!("import {seed} --region us-east-1 --data {}", scene.data());
    let shown = on_a_terminal(&import, &[]);
    assert!(shown.contains('━') && shown.contains(" %  "), "{shown:?}");
    let last = shown.rsplit("\r\u{1b}[K").next();
    assert_eq!(last, Some("imported 1 pool, 3000 identities, 0 events\r\n"));
    let file = scene.name("export.jsonl");
    let shown = on_a_terminal(&format!("export {file} --data {}", scene.data()), &[]);
    assert!(shown.contains("\r\u{1b}[K") && shown.contains(" lines, "), "{shown:?}");
    // The lines themselves are no place for progress.
    let shown = on_a_terminal(&format!("export --data {}", scene.data()), &[]);
    assert!(!shown.contains('\u{1b}'));
    let quiet = yes(&["export", &file, "--data", &scene.data()]);
    assert_eq!(quiet, "exported 2 pools, 3004 identities, 0 events\n");
}

#[test]
fn a_reader_that_stops_early_ends_the_command_quietly() {
    let scene = Scene::seeded();
    let lines = "{\"identity\":{}}\n".repeat(5_000);
    let pool = json!({"pool": {"settings": {
        "IdentityPoolName": "more",
        "AllowUnauthenticatedIdentities": true,
    }}});
    let seed = format!("{{\"cognate\":\"seed\",\"version\":1}}\n{pool}\n{lines}");
    let seed = scene.write("seed.jsonl", &seed);
    yes(&["import", &seed, "--region", "us-east-1", "--data", &scene.data()]);
    let mut server = Some(scene.serve(&[]));
    let url = server.as_ref().map(at).expect("a server");
    for source in [["--at", url.as_str()], ["--data", &scene.data()]] {
        if source[0] == "--data" {
            server.take().expect("once").stop();
        }
        let mut command = Command::new(path());
        command.arg("export").args(source).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program");
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        output.read_line(&mut line).expect("a line");
        assert!(line.starts_with("{\"cognate\":\"export\""), "{line}");
        drop(output);
        let mut errors = String::new();
        child.stderr.take().expect("a pipe").read_to_string(&mut errors).expect("text");
        let status = child.wait().expect("an end").code();
        assert_eq!((status, errors.as_str()), (Some(0), ""), "{source:?}");
    }
}
