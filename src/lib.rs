// Markdown takes the first of two definitions of a link. In rustdoc the links between pages lead to
// modules (`docs/links.txt`), elsewhere to the files that the end of each page names.
#![doc = include_str!("../docs/links.txt")]
#![doc = include_str!("../README.md")]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::todo,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

pub mod admin;
pub mod ambient;
mod cause;
mod check;
mod constraint;
#[cfg(feature = "control")]
pub mod control;
pub mod credentials;
mod engine;
mod error;
pub mod exchange;
#[cfg(feature = "http")]
pub mod http;
mod id;
pub mod login;
pub mod name;
pub mod operation;
mod part;
mod rules;
mod salvage;
mod state;
pub mod store;
#[cfg(feature = "http")]
pub mod sts;
mod sync;
#[cfg(feature = "testkit")]
pub mod testkit;
mod text;
pub mod token;
pub mod wire;

pub use cause::Cause;
pub use check::Finding;
pub use constraint::Constraint;
pub use constraint::Violation;
pub use constraint::Violations;
pub use engine::Admin;
pub use engine::Builder;
pub use engine::Developer;
pub use engine::Engine;
pub use engine::Explain;
pub use engine::Fed;
pub use engine::Feed;
pub use engine::Journal;
pub use engine::Public;
pub use engine::Removal;
pub use engine::Throttling;
pub use error::Error;
pub use error::ErrorKind;
pub use error::Result;
pub use part::FromFn;
pub use part::from_fn;
pub use rules::Refusal;
pub use rules::developer::UnknownDeveloperUser;
pub use rules::link::DeveloperLinking;
pub use rules::roles::RoleAccounts;
pub use salvage::Loss;
pub use salvage::Salvage;

/// A module for each page under `docs/`, also for the tests of its code.
#[cfg(any(doc, doctest))]
macro_rules! guide {
    ($($page:ident $file:literal)+) => {
        /// Pages about tasks, from the first program to a database that does not open.
        #[cfg_attr(
            not(feature = "postgres"),
            allow(
                rustdoc::broken_intra_doc_links,
                reason = "a page names items that only the feature `postgres` has",
            )
        )]
        pub mod guide {
            $(
                #[doc = include_str!("../docs/links.txt")]
                #[doc = include_str!($file)]
                pub mod $page {}
            )+
        }
    };
}

#[cfg(any(doc, doctest))]
guide! {
    operations "../docs/operations.md"
    embedding "../docs/embedding.md"
    administration "../docs/administration.md"
    exchange "../docs/exchange.md"
    server "../docs/server.md"
    control "../docs/control.md"
    command_line "../docs/command-line.md"
    stores "../docs/stores.md"
    postgres "../docs/postgres.md"
    tokens "../docs/tokens.md"
    testing "../docs/testing.md"
    recovery "../docs/recovery.md"
    performance "../docs/performance.md"
    differences "../docs/differences.md"
}
