//! Answers of a server that are no answers, by what they mean for the call.

use std::error::Error;
use std::fmt;

use tokio_postgres::error::{DbError, Severity, SqlState};

use crate::store::StoreError;

/// The reason why a request had no answer.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) kind: ProblemKind,
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProblemKind {
    /// The request met another one, and changed nothing.
    Contended(Contention),
    /// The connection cannot be used any more. The request may have been carried out.
    Broken,
    /// The server cannot do it now, and has changed nothing.
    Busy,
    /// The server will not do it, and has changed nothing.
    Refused,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Contention {
    Serialization,
    Deadlock,
    Unique,
}

impl Problem {
    pub(super) fn broken(text: impl Into<String>) -> Self {
        Self { kind: ProblemKind::Broken, text: text.into() }
    }

    pub(super) fn contended(contention: Contention) -> Self {
        let text = "another commit changed the records again and again".to_owned();
        Self { kind: ProblemKind::Contended(contention), text }
    }

    pub(super) fn busy(text: impl Into<String>) -> Self {
        Self { kind: ProblemKind::Busy, text: text.into() }
    }

    pub(super) fn refused(text: impl Into<String>) -> Self {
        Self { kind: ProblemKind::Refused, text: text.into() }
    }

    /// The problem with this in front of its text.
    pub(super) fn at(self, place: &str) -> Self {
        Self { text: format!("{place}: {}", self.text), ..self }
    }

    /// The problem without this secret in its text.
    pub(super) fn without(self, secret: Option<&str>) -> Self {
        match secret {
            Some(secret) if !secret.is_empty() && self.text.contains(secret) => {
                Self { text: self.text.replace(secret, "…"), ..self }
            }
            _ => self,
        }
    }

    /// The error of a call that has changed nothing.
    pub(super) fn into_error(self) -> StoreError {
        match self.kind {
            ProblemKind::Refused => StoreError::failed(self.text),
            ProblemKind::Busy | ProblemKind::Broken | ProblemKind::Contended(_) => {
                StoreError::unavailable(self.text)
            }
        }
    }

    /// The error of a commit of which nobody knows whether it happened.
    pub(super) fn into_unknown(self) -> StoreError {
        StoreError::unknown(self.text)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<tokio_postgres::Error> for Problem {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            Some(answer) => Self { kind: kind_of(answer), text: text_of(answer) },
            // The library's own text hides the reason.
            None => match error.source() {
                Some(source) => Self::broken(format!("{error}: {source}")),
                None => Self::broken(error.to_string()),
            },
        }
    }
}

/// The message and the code. The details contain keys, which name users.
fn text_of(answer: &DbError) -> String {
    format!("{} (SQLSTATE {})", answer.message(), answer.code().code())
}

fn kind_of(answer: &DbError) -> ProblemKind {
    let code = answer.code();
    if *code == SqlState::T_R_SERIALIZATION_FAILURE {
        return ProblemKind::Contended(Contention::Serialization);
    }
    if *code == SqlState::T_R_DEADLOCK_DETECTED {
        return ProblemKind::Contended(Contention::Deadlock);
    }
    if *code == SqlState::UNIQUE_VIOLATION {
        return ProblemKind::Contended(Contention::Unique);
    }
    let is_fatal = matches!(answer.parsed_severity(), Some(Severity::Fatal | Severity::Panic));
    match code.code().as_bytes() {
        // A role or a database that is not there, or no right to them.
        b"3D000" | b"42501" | [b'2', b'8', ..] => ProblemKind::Refused,
        // The server is read-only, or has no such statement any more.
        b"25006" | b"26000" | b"0A000" => ProblemKind::Broken,
        // No room for another connection, or no other resources; a statement took too long.
        [b'5', b'3', ..] | b"57014" | b"55P03" => ProblemKind::Busy,
        [b'0', b'8', ..] | [b'5', b'7', ..] => ProblemKind::Broken,
        _ if is_fatal => ProblemKind::Broken,
        _ => ProblemKind::Refused,
    }
}
