//! A model of the service, and a harness that runs any implementation against it. Feature
//! `testkit`.
//!
//! The model restates the contract naively and knows nothing of the engine. The harness sends
//! generated sequences of all 23 operations to an implementation. The model decides if the service
//! could have given each answer. An [`Implementation`] is an engine behind its [`TypedDoor`] or its
//! [`WireDoor`], any server of AWS JSON 1.1 at an [`HttpEndpoint`], or one of your own.
//!
//! # Example: testing an emulator
//!
//! ```
//! use cognate::testkit::{self, Model, WireDoor};
//! use cognate::token::SigningAlgorithm;
//! use cognate::Engine;
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
//! [`Conformance`] is another suite: it checks that a [`Store`](crate::store::Store) keeps what the
//! engine requires of it.
//!
//! A failure is reported as a short [`Script`] that any other implementation can replay. Logins of
//! public providers use tokens that this kit signs. Configure the implementation with the kit's
//! [`issuer_key_set`], or let it trust all tokens.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "an operation or an outcome of any other kind is all the same"
)]

mod conformance;
mod directory;
mod faults;
mod generate;
mod history;
mod implementation;
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
mod survey;
#[cfg(test)]
mod worlds;

pub use conformance::{Conformance, Nonconformity};
pub use faults::{Calls, FaultyStore, StoreFault, When};
pub use generate::{beginning, operation, operations};
pub use history::{Event, History, Unexplained};
pub use implementation::{HttpEndpoint, Implementation, TestClock, TypedDoor, WireDoor};
pub use issuer::{issuer_key_set, login_verifier};
pub use key::signing_key;
pub use model::{
    Expected, Model, NumberedEvent, RecordedCaller, RecordedChange, RecordedEvent, UndoObstacle,
};
pub use names::{
    Account, Caller, Cursor, DeveloperProvider, IdToken, Identity, NumberedLogin, Pool, Presented,
    Provider, Role, Spelling, Token, User,
};
pub use operation::Operation;
pub use outcome::{Description, OperationOutcome, Page, Statement};
pub use request::{Call, CallReply};
pub use run::{Disagreement, Run, check, run};
pub use script::{Script, ScriptError};
pub use settings::{Ambiguous, Attributes, Mapping, Match, Roles, Rule, Settings, Tags};
pub use survey::{Deviation, Deviations, Kind, Survey};
