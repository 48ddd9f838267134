//! A model of the service, and what puts an implementation through it. Feature `testkit`.
//!
//! The model says the contract a second time, naively, and knows nothing of the engine. Sequences
//! of all 23 operations go to an implementation, and the model says of each answer whether the
//! service could have given it. What is put through it is a [`Subject`]: an engine behind its
//! [`TypedDoor`] or its [`WireDoor`], whatever speaks AWS JSON 1.1 at an [`HttpEndpoint`], or an
//! implementation of your own.
//!
//! # Example: put an emulator through it
//!
//! ```
//! use cognate::testkit::{self, Model, WireDoor};
//! use cognate::{Engine, SigningAlgorithm};
//!
//! let emulator = || {
//!     let builder = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa);
//!     let engine = builder.login_verifier(testkit::login_verifier()).in_memory();
//!     WireDoor::new(engine.expect("an engine"))
//! };
//! if let Err(script) = testkit::check(16, 40, &Model::new(), emulator) {
//!     panic!("{script}");
//! }
//! ```
//!
//! What fails ends as a short [`Script`] that can be performed again by any other implementation.
//! Logins of public providers prove themselves with tokens that this kit signs: hand its
//! [`issuer_key_set`] to the implementation, or let it trust them.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "an operation or an outcome of any other kind is all the same"
)]

mod directory;
mod faults;
mod generate;
mod history;
mod issuer;
mod json;
mod key;
mod model;
mod names;
mod operation;
mod outcome;
mod request;
mod run;
mod script;
mod settings;
mod subject;
mod survey;

pub use faults::{Calls, Fault, FaultyStore, When};
pub use generate::{beginning, operation, operations};
pub use history::{Event, History, Unexplained};
pub use issuer::{issuer_key_set, login_verifier};
pub use key::signing_key;
pub use model::Model;
pub use names::{
    Account, Caller, Cursor, DeveloperProvider, IdToken, Identity, Login, Pool, Presented,
    Provider, Role, Spelling, Token, User,
};
pub use operation::Operation;
pub use outcome::{Description, Outcome, Page, Statement};
pub use request::{Call, Reply};
pub use run::{Disagreement, Run, check, run};
pub use script::{Script, ScriptError};
pub use settings::{Ambiguous, Attributes, Mapping, Match, Roles, Rule, Settings, Tags};
pub use subject::{HttpEndpoint, Subject, TestClock, TypedDoor, WireDoor};
pub use survey::{Finding, Findings, Kind, Survey};
