//! The state that the engine, its handles and its sweeper share.

use std::sync::Arc;

use crate::ambient::{Clock, Entropy, Ids, Timestamp};
use crate::credentials::CredentialIssuer;
use crate::engine::Engine;
use crate::engine::cache::PoolCache;
use crate::engine::deletion::Remover;
use crate::engine::feed::Ring;
use crate::engine::hints::Hints;
use crate::engine::journal::Journal;
use crate::engine::keys::KeyRing;
use crate::engine::open_store::OpenStore;
use crate::engine::policy::Reviewer;
use crate::engine::throttle::Throttle;
use crate::id::AccountId;
use crate::login::LoginVerifier;
use crate::rules::developer::UnknownDeveloperUser;
use crate::rules::link::DeveloperLinking;
use crate::rules::roles::RoleAccounts;
use crate::token::ModulusEncoding;

/// The state that the engine, its handles and its sweeper share.
pub(super) struct Core {
    pub(super) store: OpenStore,
    /// Decoded pools, if the engine is the only one to use the store.
    pub(super) pools: Option<PoolCache>,
    /// Decoded pools of a shared store.
    pub(super) hints: Hints,
    pub(super) keys: KeyRing,
    pub(super) clock: Box<dyn Clock>,
    pub(super) entropy: Box<dyn Entropy>,
    pub(super) ids: Box<dyn Ids>,
    pub(super) verifier: Box<dyn LoginVerifier>,
    pub(super) credential_issuer: Option<Box<dyn CredentialIssuer>>,
    pub(super) reviewer: Option<Reviewer>,
    pub(super) throttle: Option<Throttle>,
    pub(super) ring: Arc<Ring>,
    pub(super) journal: Option<Journal>,
    pub(super) remover: Remover,
    /// The account of requests whose credentials name none.
    pub(super) default_account: AccountId,
    pub(super) choices: Choices,
}

/// Whether other engines may use the store at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// This engine alone: it caches pools and keys.
    Exclusive,
    /// Others may write too: the engine confirms pools for every call, and keeps keys for seconds.
    Shared,
}

/// The options where the service's behaviour is unknown, or where users may want another one.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Choices {
    pub(super) developer_linking: DeveloperLinking,
    pub(super) modulus_encoding: ModulusEncoding,
    pub(super) pinned_ids: bool,
    pub(super) role_accounts: RoleAccounts,
    pub(super) unknown_developer_user: UnknownDeveloperUser,
}

impl Core {
    /// Whether other engines may write to the store.
    pub(super) fn is_shared(&self) -> bool {
        self.pools.is_none()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

impl Engine {
    /// The time by the engine's [clock](crate::Builder::clock).
    pub fn now(&self) -> Timestamp {
        self.core.now()
    }
}
