//! The story of many identities: 100,000 with the release program of `COGNATE_PROGRAM`, and fewer
//! with a program without optimization, which needs a minute of one core for 100,000.

use std::env;
use std::fmt::Write;

use serde_json::{Value, json};

use crate::scene::{POOL, Scene, at, yes};

/// The number of identities.
fn identities() -> usize {
    if env::var_os("COGNATE_PROGRAM").is_some() { 100_000 } else { 10_000 }
}

/// The identity of a user.
fn id(number: usize) -> String {
    format!("us-east-1:{number:08x}-0000-4000-8000-000000000000")
}

fn seed() -> String {
    let mut seed = "{\"cognate\":\"seed\",\"version\":1}\n".to_owned();
    let settings = json!({
        "IdentityPoolName": "game",
        "AllowUnauthenticatedIdentities": true,
        "DeveloperProviderName": "login.game",
    });
    let pool = json!({"pool": {"id": POOL, "account": "123456789012", "settings": settings}});
    writeln!(seed, "{pool}").expect("memory");
    for number in 0..identities() {
        let login = json!({"developer": "login.game", "subject": format!("user-{number}")});
        let identity = json!({"identity": {"id": id(number), "logins": [login]}});
        writeln!(seed, "{identity}").expect("memory");
    }
    seed
}

/// The lines of an export but the first and the last, which have its date.
fn content(export: &str) -> Vec<&str> {
    let lines: Vec<&str> = export.lines().collect();
    let (first, last) = (lines.first().expect("a line"), lines.last().expect("a line"));
    assert!(first.starts_with("{\"cognate\"") && last.starts_with("{\"end\""), "{first} {last}");
    lines[1..lines.len() - 1].to_vec()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).expect("a file")
}

#[test]
fn many_identities_are_imported_merged_unmerged_and_exported() {
    let scene = Scene::empty();
    let (data, seed) = (scene.data(), scene.write("seed.jsonl", &seed()));
    let imported = yes(&["import", &seed, "--data", &data]);
    assert_eq!(imported, format!("imported 1 pool, {} identities, 0 events\n", identities()));

    let server = scene.serve(&[]);
    let url = at(&server);
    let source = ["--at", url.as_str()];
    let ask = |arguments: &[&str]| yes(&[arguments, &source].concat());
    let merge = json!({
        "IdentityPoolId": POOL,
        "DeveloperProviderName": "login.game",
        "SourceUserIdentifier": "user-7",
        "DestinationUserIdentifier": "user-9000",
    });
    let body = merge.to_string();
    let explain =
        ["explain", "MergeDeveloperIdentities", "--as", "123456789012/us-east-1", "--body", &body];
    let foreseen: Value =
        serde_json::from_str(&ask(&[&explain[..], &["--json"]].concat())).expect("JSON");
    let before = scene.name("before.jsonl");
    ask(&["export", &before]);

    let merged = server.call("MergeDeveloperIdentities", &merge).text("IdentityId");
    assert_eq!(merged, id(9000));
    assert_eq!(foreseen["Explanation"]["Verdict"]["Answered"]["IdentityId"], merged.as_str());
    let history = ask(&["history", &merged]);
    let newest = history.lines().next().expect("an event");
    let (event, told) = newest.split_once("  ").expect("columns");
    let from = format!("took over login.game user-7 from {}/2", id(7));
    assert!(told.contains(&from), "{told}");
    let find = ["find", "--pool", POOL, "--provider", "login.game", "--subject", "user-7"];
    assert!(ask(&find).starts_with(&merged));
    let graph = ask(&["graph", &id(7)]);
    assert!(graph.contains("style=dashed") && graph.contains("merged into"), "{graph}");
    let again = ask(&explain);
    assert!(!again.contains("change"), "they are one: {again}");

    let all = ask(&["graph", "--pool", POOL, "--json"]);
    let all: Value = serde_json::from_str(&all).expect("JSON");
    assert_eq!(all["Identities"].as_object().map(serde_json::Map::len), Some(identities()));

    let preview = ask(&["undo", event, "--preview"]);
    assert!(preview.contains(&id(7)), "{preview}");
    assert!(ask(&find).starts_with(&merged), "a preview changes nothing");
    let undone = ask(&["undo", event]);
    assert!(undone.starts_with("undone"), "{undone}");
    assert!(ask(&find).starts_with(&id(7)));
    assert_eq!(ask(&["check"]), "no violations\n");

    let (there, here) = (scene.name("there.jsonl"), scene.name("here.jsonl"));
    ask(&["export", &there, "--history"]);
    let (before, after) = (read(&before), read(&there));
    let changed = content(&before).into_iter().zip(content(&after)).filter(|(a, b)| a != b);
    assert!(changed.count() >= 2, "two identities have a later revision");
    server.stop();
    let copy = scene.name("copy");
    let imported = yes(&["import", &there, "--data", &copy]);
    assert!(
        imported.starts_with(&format!("imported 1 pool, {} identities", identities())),
        "{imported}"
    );
    yes(&["export", &here, "--history", "--data", &copy]);
    assert!(content(&after) == content(&read(&here)), "the exports differ");
    assert_eq!(yes(&["check", "--data", &copy]), "no violations\n");
    assert_eq!(yes(&["check", "--data", &data]), "no violations\n");
}
