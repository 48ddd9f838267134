//! The state that a file has, divided into facts that each belong to one writer.

use std::collections::{BTreeMap, BTreeSet};

use cognate::name::IdentityId;
use serde_json::Value;

use super::{BOARDS, GAME, WRITERS, owner};

/// A part of the state that only one writer changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fact {
    /// An identity, with the provider, subject and ordinal of each login in their order.
    Identity { id: String, state: &'static str, revision: u64, logins: Vec<Login> },
    /// A login of a shared identity.
    OnBoard { board: usize, subject: String },
}

pub(super) type Login = (String, String, u64);

/// What a writer can tell about a state.
pub(super) type Part = BTreeSet<Fact>;

/// The state of a file.
#[derive(Debug)]
pub(super) struct Moment {
    identities: BTreeMap<String, Fact>,
    on_boards: Vec<Fact>,
    /// The revision of each shared identity.
    pub(super) revisions: [u64; BOARDS],
    /// The number of deletions that the file's history tells of, if it has history.
    pub(super) deletions: Option<u64>,
}

/// The writer whose developer user this is.
pub(super) fn writer_of(subject: &str) -> usize {
    let number = subject.strip_prefix('w').and_then(|rest| rest.split('-').next());
    number
        .and_then(|number| number.parse().ok())
        .unwrap_or_else(|| panic!("{subject} of no writer"))
}

impl Moment {
    pub(super) fn of(file: &[u8], boards: &[IdentityId]) -> Self {
        let (mut identities, mut on_boards) = (BTreeMap::new(), Vec::new());
        let (mut revisions, mut deletions, mut has_history) = ([0; BOARDS], 0, false);
        for line in std::str::from_utf8(file).expect("UTF-8").lines() {
            let line: Value = serde_json::from_str(line).expect("JSON");
            has_history |= line["history"] == true;
            let changes = line.get("event").and_then(|event| event["changes"].as_array());
            let mut changes = changes.into_iter().flatten();
            deletions += u64::from(changes.any(|change| change == "deleted"));
            let Some(line) = line.get("identity") else { continue };
            let (id, revision, logins) =
                (text(&line["id"]), number(&line["revision"]), logins(line));
            let state = state(&line["state"]);
            let Some(board) = boards.iter().position(|board| board.as_str() == id) else {
                let fact = Fact::Identity { id: id.clone(), state, revision, logins };
                assert_eq!(identities.insert(id, fact), None, "an identity twice");
                continue;
            };
            assert_eq!(state, "AUTHENTICATED");
            revisions[board] = revision;
            let mut subjects = logins.into_iter().map(|(provider, subject, _)| {
                assert_eq!(provider, GAME);
                subject
            });
            assert_eq!(subjects.next(), Some(owner(board)));
            on_boards.extend(subjects.map(|subject| Fact::OnBoard { board, subject }));
        }
        let deletions = has_history.then_some(deletions);
        Self { identities, on_boards, revisions, deletions }
    }

    /// The number of identities that are not shared.
    pub(super) fn identities(&self) -> usize {
        self.identities.len()
    }

    /// The part of each writer. The identities that nobody has logged are of no writer.
    pub(super) fn parts(&self, owners: &BTreeMap<String, usize>) -> [Part; WRITERS] {
        let mut parts: [Part; WRITERS] = Default::default();
        for (id, fact) in &self.identities {
            let writer = owners.get(id).unwrap_or_else(|| panic!("{fact:?} of no writer"));
            parts[*writer].insert(fact.clone());
        }
        for fact in &self.on_boards {
            let Fact::OnBoard { subject, .. } = fact else { continue };
            assert!(parts[writer_of(subject)].insert(fact.clone()), "{fact:?} twice");
        }
        parts
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn number(value: &Value) -> u64 {
    value.as_u64().expect("a number")
}

fn state(value: &Value) -> &'static str {
    let states = ["AUTHENTICATED", "UNAUTHENTICATED", "DISABLED"];
    states.into_iter().find(|state| value == state).unwrap_or_else(|| panic!("{value}"))
}

fn logins(identity: &Value) -> Vec<Login> {
    let logins = identity["logins"].as_array().expect("logins").iter();
    let login = |login: &Value| {
        let provider = login.get("developer").or(login.get("public")).expect("a provider");
        (text(provider), text(&login["subject"]), number(&login["ordinal"]))
    };
    logins.map(login).collect()
}
