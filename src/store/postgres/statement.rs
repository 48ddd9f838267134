//! The texts of statements. They depend on the shape of a request only, so a connection keeps the
//! statements of the shapes that it has run.

use std::fmt;
use std::fmt::Write as _;

use bytes::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use uuid::Uuid;

use crate::store::Tree;
use crate::store::key::Order;
use crate::store::postgres::row::table;

/// The form of a request, without its values.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Shape {
    Read(Vec<Part>),
    Range {
        tree: Tree,
        has_end: bool,
        order: Order,
    },
    Commit {
        checks: Vec<Part>,
        writes: Vec<Part>,
        has_token: bool,
    },
    /// Deletes the keys that a commit inserted for their absence, in these trees.
    Cleaning(Vec<Tree>),
}

/// The same for some keys of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Part {
    pub(super) action: Action,
    pub(super) tree: Tree,
    pub(super) form: Form,
}

/// Each action has its parameters in this order: `k`, the version, the value; of many keys also `h`
/// behind `k`, and behind it `tail` where keys are inserted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Action {
    /// Finds values, if they differ from a known version.
    Confirm,
    /// Finds values.
    Find,
    /// Compares and locks rows that stay.
    Share,
    /// Compares and locks rows that are written.
    Own,
    Delete,
    /// Deletes what may be absent, and keeps it absent until the commit.
    Clear,
    /// Keeps absent keys absent until the commit.
    Vacate,
    Update,
    Insert,
    Upsert,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Form {
    /// One key that its head contains, each column a parameter.
    One,
    /// Any keys, each column an array.
    Many,
}

/// The version of a key that is there for its absence only.
const VACANT: &str = "'00000000-0000-0000-0000-000000000000'::uuid";

impl Shape {
    pub(super) fn sql(&self, schema: &str) -> String {
        let mut text = Text { schema, sql: String::new(), parameters: 0 };
        match self {
            Self::Read(parts) => {
                for (part, number) in parts.iter().zip(0_usize..) {
                    if number > 0 {
                        text.push(format_args!(" UNION ALL "));
                    }
                    text.find(*part, number);
                }
            }
            Self::Range { tree, has_end, order } => text.range(*tree, *has_end, *order),
            Self::Commit { checks, writes, has_token } => {
                text.verdict(checks);
                for (part, number) in writes.iter().zip(0_usize..) {
                    text.push(format_args!(", "));
                    text.write(*part, number);
                }
                if *has_token {
                    let token = text.next();
                    text.push(format_args!(
                        ", token AS (INSERT INTO {schema}.tokens (token, at, happened) \
                         SELECT {token}, now(), true FROM verdict WHERE verdict.holds)"
                    ));
                }
                text.push(format_args!(" SELECT verdict.level, verdict.holds FROM verdict"));
            }
            Self::Cleaning(trees) => text.clean(trees),
        }
        text.sql
    }
}

/// A statement while it is written.
struct Text<'s> {
    schema: &'s str,
    sql: String,
    parameters: usize,
}

impl Text<'_> {
    fn push(&mut self, sql: fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.sql.write_fmt(sql);
    }

    /// The next parameter.
    fn next(&mut self) -> String {
        self.parameters = self.parameters.saturating_add(1);
        format!("${}", self.parameters)
    }

    fn table(&self, tree: Tree) -> String {
        format!("{}.{}", self.schema, table(tree))
    }

    /// Keys as rows `q`, from an array for each of their columns.
    fn rows(&mut self, columns: &str) -> String {
        let arrays: Vec<String> = columns
            .split(", ")
            .map(|column| {
                let of = if column == "version" { "uuid" } else { "bytea" };
                format!("{}::{of}[]", self.next())
            })
            .collect();
        format!("unnest({})", arrays.join(", "))
    }

    fn find(&mut self, part: Part, number: usize) {
        let at = self.table(part.tree);
        match part.form {
            Form::One => {
                let k = self.next();
                let v = if part.action == Action::Confirm {
                    format!("CASE WHEN t.version = {} THEN NULL ELSE t.v END", self.next())
                } else {
                    "t.v".to_owned()
                };
                self.push(format_args!(
                    "SELECT {number}, {v} FROM {at} AS t WHERE t.k = {k} AND t.h = ''"
                ));
            }
            Form::Many => {
                let rows = self.rows("k, h, version");
                self.push(format_args!(
                    "SELECT {number}, CASE WHEN t.version = q.version THEN NULL ELSE t.v END, q.i \
                     FROM {rows} WITH ORDINALITY AS q(k, h, version, i) \
                     JOIN {at} AS t ON t.k = q.k AND t.h = q.h"
                ));
            }
        }
    }

    fn range(&mut self, tree: Tree, has_end: bool, order: Order) {
        let (at, k, tail) = (self.table(tree), self.next(), self.next());
        self.push(format_args!(
            "SELECT t.k, t.tail, t.v FROM {at} AS t \
             WHERE t.k >= {k} AND (t.k > {k} OR t.tail >= {tail})"
        ));
        if has_end {
            let (k, tail) = (self.next(), self.next());
            self.push(format_args!(" AND t.k <= {k} AND (t.k < {k} OR t.tail < {tail})"));
        }
        let limit = self.next();
        let order = match order {
            Order::Ascending => "t.k, t.tail",
            Order::Descending => "t.k DESC, t.tail DESC",
        };
        self.push(format_args!(" ORDER BY {order} LIMIT {limit}"));
    }

    /// Compares and locks the checked rows, and decides whether anything is written.
    fn verdict(&mut self, checks: &[Part]) {
        self.push(format_args!("WITH verdict AS MATERIALIZED (SELECT l.level, l.level"));
        for part in checks {
            let at = self.table(part.tree);
            let lock = if part.action == Action::Share { "SHARE" } else { "UPDATE" };
            match part.form {
                Form::One => {
                    let (k, version) = (self.next(), self.next());
                    self.push(format_args!(
                        " AND coalesce((SELECT t.version = {version} FROM {at} AS t \
                         WHERE t.k = {k} AND t.h = '' FOR {lock}), false)"
                    ));
                }
                Form::Many => {
                    let rows = self.rows("k, h, version");
                    self.push(format_args!(
                        " AND (SELECT bool_and(t.version IS NOT DISTINCT FROM q.version) \
                         FROM {rows} WITH ORDINALITY AS q(k, h, version, i) LEFT JOIN LATERAL \
                         (SELECT r.version FROM {at} AS r WHERE r.k = q.k AND r.h = q.h \
                         FOR {lock}) AS t ON true)"
                    ));
                }
            }
        }
        self.push(format_args!(
            " AS holds FROM \
             (SELECT current_setting('transaction_isolation') = 'repeatable read' AS level) AS l)"
        ));
    }

    fn write(&mut self, part: Part, number: usize) {
        let at = self.table(part.tree);
        match part.action {
            Action::Confirm | Action::Find | Action::Share | Action::Own => {}
            Action::Delete => self.delete(&at, part.form, number),
            Action::Clear => {
                let rows = self.rows("k, h, tail");
                self.push(format_args!(
                    "q{number} AS MATERIALIZED (SELECT q.* FROM verdict, \
                     {rows} AS q(k, h, tail) WHERE verdict.holds), \
                     w{number} AS (DELETE FROM {at} AS t USING q{number} AS q \
                     WHERE t.k = q.k AND t.h = q.h RETURNING t.k, t.h), \
                     v{number} AS (INSERT INTO {at} (k, h, tail, version, v) \
                     SELECT q.k, q.h, q.tail, {VACANT}, ''::bytea FROM q{number} AS q \
                     WHERE (q.k, q.h) NOT IN (SELECT k, h FROM w{number}))"
                ));
            }
            Action::Vacate => {
                let rows = self.rows("k, h, tail");
                self.push(format_args!(
                    "w{number} AS (INSERT INTO {at} (k, h, tail, version, v) \
                     SELECT q.k, q.h, q.tail, {VACANT}, ''::bytea FROM verdict, \
                     {rows} AS q(k, h, tail) WHERE verdict.holds)"
                ));
            }
            Action::Update => self.update(&at, part.form, number),
            Action::Insert => self.insert(&at, part.form, number, ""),
            Action::Upsert => {
                let upsert =
                    " ON CONFLICT (k, h) DO UPDATE SET version = excluded.version, v = excluded.v";
                self.insert(&at, part.form, number, upsert);
            }
        }
    }

    fn delete(&mut self, at: &str, form: Form, number: usize) {
        let key = match form {
            Form::One => format!("verdict WHERE t.k = {} AND t.h = ''", self.next()),
            Form::Many => {
                let rows = self.rows("k, h");
                format!("verdict, {rows} AS q(k, h) WHERE t.k = q.k AND t.h = q.h")
            }
        };
        self.push(format_args!(
            "w{number} AS (DELETE FROM {at} AS t USING {key} AND verdict.holds)"
        ));
    }

    fn update(&mut self, at: &str, form: Form, number: usize) {
        match form {
            Form::One => {
                let (k, version, v) = (self.next(), self.next(), self.next());
                self.push(format_args!(
                    "w{number} AS (UPDATE {at} AS t SET version = {version}, v = {v} \
                     FROM verdict WHERE verdict.holds AND t.k = {k} AND t.h = '')"
                ));
            }
            Form::Many => {
                let rows = self.rows("k, h, version, v");
                self.push(format_args!(
                    "w{number} AS (UPDATE {at} AS t SET version = q.version, v = q.v \
                     FROM verdict, {rows} AS q(k, h, version, v) \
                     WHERE verdict.holds AND t.k = q.k AND t.h = q.h)"
                ));
            }
        }
    }

    fn insert(&mut self, at: &str, form: Form, number: usize, end: &str) {
        self.push(format_args!("w{number} AS (INSERT INTO {at} (k, h, tail, version, v) "));
        match form {
            Form::One => {
                let (k, version, v) = (self.next(), self.next(), self.next());
                self.push(format_args!(
                    "SELECT {k}, ''::bytea, ''::bytea, {version}, {v} \
                     FROM verdict WHERE verdict.holds{end})"
                ));
            }
            Form::Many => {
                let rows = self.rows("k, h, tail, version, v");
                self.push(format_args!(
                    "SELECT q.k, q.h, q.tail, q.version, q.v FROM verdict, \
                     {rows} AS q(k, h, tail, version, v) WHERE verdict.holds{end})"
                ));
            }
        }
    }

    fn clean(&mut self, trees: &[Tree]) {
        for (tree, number) in trees.iter().zip(0_usize..) {
            let start = if number == 0 { "WITH" } else { "," };
            let (at, rows) = (self.table(*tree), self.rows("k, h"));
            self.push(format_args!(
                "{start} w{number} AS (DELETE FROM {at} AS t USING {rows} AS q(k, h) \
                 WHERE t.k = q.k AND t.h = q.h AND t.version = {VACANT})"
            ));
        }
        self.push(format_args!(" SELECT 1"));
    }
}

/// A value of a statement.
pub(super) enum Parameter<'a> {
    Bytes(&'a [u8]),
    Text(&'a str),
    Number(i32),
    Limit(i64),
    Version(Option<Uuid>),
    Heads(Vec<&'a [u8]>),
    Hashes(Vec<Vec<u8>>),
    Versions(Vec<Option<Uuid>>),
}

impl Parameter<'_> {
    pub(super) fn of(&self) -> Type {
        match self {
            Self::Bytes(_) => Type::BYTEA,
            Self::Text(_) => Type::TEXT,
            Self::Number(_) => Type::INT4,
            Self::Limit(_) => Type::INT8,
            Self::Version(_) => Type::UUID,
            Self::Heads(_) | Self::Hashes(_) => Type::BYTEA_ARRAY,
            Self::Versions(_) => Type::UUID_ARRAY,
        }
    }
}

/// Without the value: parameters name users.
impl fmt::Debug for Parameter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(…)", self.of())
    }
}

impl ToSql for Parameter<'_> {
    fn to_sql(
        &self,
        of: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Bytes(value) => value.to_sql(of, out),
            Self::Text(value) => value.to_sql(of, out),
            Self::Number(value) => value.to_sql(of, out),
            Self::Limit(value) => value.to_sql(of, out),
            Self::Version(value) => value.to_sql(of, out),
            Self::Heads(value) => value.to_sql(of, out),
            Self::Hashes(value) => value.to_sql(of, out),
            Self::Versions(value) => value.to_sql(of, out),
        }
    }

    /// A statement is prepared with the types of its parameters.
    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
