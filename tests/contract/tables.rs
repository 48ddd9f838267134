//! The tables of rules and messages, and checks of the rows against them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use crate::row::play_once;
use crate::{TABLES, rows};

/// A text of the service.
pub(crate) struct Message {
    pub(crate) r#type: &'static str,
    pub(crate) text: &'static str,
}

/// A line of a table: its id, its text, and the reason why it has no row.
struct Line {
    id: &'static str,
    says: &'static str,
    without: &'static str,
}

const RULES: &str = include_str!("rules.tsv");
const MESSAGES: &str = include_str!("messages.tsv");
const UNCOVERED: &str = include_str!("UNCOVERED.md");

/// The cells of a table, without its header.
fn cells<const N: usize>(table: &'static str) -> impl Iterator<Item = [&'static str; N]> {
    table.lines().skip(1).map(|line| {
        let cells: Vec<_> = line.split('\t').collect();
        cells.try_into().unwrap_or_else(|_| panic!("not {N} cells: {line}"))
    })
}

fn rules() -> impl Iterator<Item = Line> {
    cells(RULES).map(|[id, says, without]| Line { id, says, without })
}

fn messages() -> impl Iterator<Item = Line> {
    cells(MESSAGES).map(|[id, _, _, says, without]| Line { id, says, without })
}

/// Whether an id names a message, such as `M1`.
pub(crate) fn is_message(id: &str) -> bool {
    id.strip_prefix('M').is_some_and(|number| number.parse::<u32>().is_ok())
}

/// The message with this id.
pub(crate) fn message(id: &str) -> Message {
    let found = cells(MESSAGES).find(|[known, ..]: &[_; 5]| *known == id);
    let [_, r#type, _, text, _] = found.unwrap_or_else(|| panic!("no message {id}"));
    Message { r#type, text }
}

#[test]
fn every_rule_has_a_row_or_a_reason() {
    let lines: Vec<_> = rules().chain(messages()).collect();
    let without: BTreeMap<_, _> = lines.iter().map(|line| (line.id, line.without)).collect();
    assert_eq!(without.len(), lines.len(), "an id stands twice");
    for line in &lines {
        assert!(!line.id.is_empty() && line.id.trim() == line.id, "`{}`", line.id);
        assert!(is_message(line.id) || !line.says.is_empty(), "{} says nothing", line.id);
    }
    let named: BTreeSet<_> = rows().flat_map(|row| row.ids).collect();
    for id in &named {
        let reason = without.get(*id).unwrap_or_else(|| panic!("{id} is in no table"));
        assert_eq!(*reason, "", "{id} has a row, and a reason to have none");
    }
    let unnamed: Vec<_> = lines.iter().filter(|line| !named.contains(&line.id)).collect();
    let unnamed = unnamed.iter().filter(|line| line.without.is_empty()).map(|line| line.id);
    assert_eq!(unnamed.collect::<Vec<_>>(), Vec::<&str>::new(), "no row names them");
}

/// Every refusal of the library is tested by a row.
#[test]
fn every_refusal_has_a_row() {
    let tables = TABLES.iter().map(|(table, _)| play_once(table));
    let mut told: BTreeSet<_> = tables.flatten().cloned().collect();
    // Refusals of `verify_session` only, and one that needs more than the wire accepts.
    told.extend(["SessionExpired", "SessionInvalid", "PoolTooLarge"].map(str::to_owned));
    // Refusals of administration and of policies: `tests/api/admin` and `tests/api/policy.rs`.
    told.extend(["LinkVetoed", "LoginNotFound", "LoginOfAnother"].map(str::to_owned));
    told.extend(["EventNotFound", "EventNotReversible", "UndoOvertaken"].map(str::to_owned));
    // Refusals of chosen ids: `tests/api/chosen.rs`.
    let of_ids = ["IdAmbiguous", "IdInvalid", "IdOfAnotherRegion", "IdTaken"];
    told.extend(of_ids.map(str::to_owned));
    let source = include_str!("../../src/rules/refusal.rs");
    let (_, variants) = source.split_once("pub enum Refusal {\n").expect("the refusals");
    let (variants, _) = variants.split_once("\n}\n").expect("their end");
    // A variant is indented by four spaces and begins with a capital letter.
    let variants = variants.lines().filter_map(|line| line.strip_prefix("    "));
    let variants = variants.filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()));
    let variants = variants.filter_map(|line| line.split([',', ' ', '(']).next());
    let variants = variants.map(str::to_owned);
    let untold: Vec<_> = variants.filter(|variant| !told.contains(variant)).collect();
    assert_eq!(untold, Vec::<String>::new());
}

#[test]
fn every_row_names_a_rule() {
    for row in rows() {
        assert!(row.ids.iter().any(|id| !is_message(id)), "{:?}", row.ids);
    }
}

#[test]
fn uncovered_rules_are_listed() {
    let mut text =
        "# Rules without a row\n\nMade from `rules.tsv` and `messages.tsv`.\n".to_owned();
    let mut list = |title: &str, lines: Vec<Line>| {
        let open: Vec<_> = lines.iter().filter(|line| !line.without.is_empty()).collect();
        let (open_count, all) = (open.len(), lines.len());
        writeln!(text, "\n## {title}: {open_count} of {all}\n\n| id | says | why no row |")
            .unwrap();
        writeln!(text, "| --- | --- | --- |").unwrap();
        for line in open {
            let says = line.says.replace('|', "\\|");
            writeln!(text, "| {} | {says} | {} |", line.id, line.without).unwrap();
        }
    };
    list("Rules", rules().collect());
    list("Messages", messages().collect());
    if std::env::var_os("COGNATE_BLESS").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contract/UNCOVERED.md");
        std::fs::write(path, text).expect("written");
    } else {
        assert!(
            text == UNCOVERED,
            "UNCOVERED.md does not match the tables: run with COGNATE_BLESS=1"
        );
    }
}
