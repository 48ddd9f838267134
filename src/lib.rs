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

pub mod ambient;
mod cause;
mod check;
mod constraint;
pub mod credentials;
mod engine;
mod error;
#[cfg(feature = "http")]
pub mod http;
mod id;
pub mod login;
pub mod name;
pub mod operation;
mod part;
mod rules;
mod state;
pub mod store;
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
pub use engine::Builder;
pub use engine::Developer;
pub use engine::Engine;
pub use engine::Public;
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
