//! The pure core: the decisions of the service as total functions over plain data.
//!
//! A rule gets the request, the stored records of the logins in question, a fresh id and the time.
//! It returns [`Decided`] or a [`Refusal`]. It uses no storage, clock, randomness or cryptography.
//!
//! # Invariants
//!
//! | | always true, in every store, after every crash |
//! | --- | --- |
//! | I1 | a login of a pool points at exactly one identity, and that identity is AUTHENTICATED and of that pool |
//! | I2 | the login index and the identity records agree in both directions |
//! | I3 | an identity has at most one login per public provider; many developer user identifiers are fine |
//! | I4 | an identity has at most 20 logins |
//! | I5 | AUTHENTICATED if and only if it has a login; for every operation of the service, one that has had a login is never UNAUTHENTICATED again, and DISABLED is final; only an administrator's undo ends either |
//! | I6 | every identity's pool exists; deleting a pool leaves nothing of it behind |
//! | I7 | a refused operation changes nothing |
//! | I8 | an answered operation survives a crash; an unanswered one happened completely or not at all |
//! | I9 | no id is minted twice, but an administrator may choose the id of one that is gone, and an import may bring one back; `CreationDate <= LastModifiedDate` |
//! | I10 | a token's `sub`, `aud` and `amr` name an identity, pool and logins that existed together in one committed state |
//! | I11 | with the journal on, folding an identity's history from its first kept event gives the identity |
//!
//! # Order of refusals
//!
//! A call is checked in this order: constraints of single members, rules across members, existence
//! (pool, identity, user), settings of the pool, each presented login in turn, the resolution
//! table.

pub(crate) mod admin;
pub(crate) mod attributes;
pub(crate) mod chosen;
pub(crate) mod claims;
pub(crate) mod developer;
pub(crate) mod link;
pub(crate) mod page;
pub(crate) mod pool;
#[cfg(test)]
mod properties;
pub(crate) mod provider;
pub(crate) mod public;
mod refusal;
pub(crate) mod roles;
pub(crate) mod rule;
pub(crate) mod session;
pub(crate) mod tags;
pub(crate) mod undo;
#[cfg(feature = "http")]
pub(crate) mod web_identity;

use crate::state::{EventId, Identity, Pool};
pub use refusal::Refusal;

/// The decision of a rule. Either all of it takes effect, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decided<T> {
    pub(crate) effects: Vec<Effect>,
    pub(crate) output: T,
}

impl<T> Decided<T> {
    /// An answer that changes nothing.
    pub(crate) fn unchanged(output: T) -> Self {
        Self { effects: Vec::new(), output }
    }

    /// Replaces a pool by its next revision. Writes nothing if the pool stays the same.
    pub(crate) fn replacing(before: &Pool, after: Pool, output: T) -> Self {
        if after == *before {
            return Self::unchanged(output);
        }
        let change = Change::Update { before: before.clone(), after: after.succeeding(before) };
        Self { effects: vec![Effect::Pool(Box::new(change))], output }
    }

    pub(crate) fn map<U>(self, to: impl FnOnce(T) -> U) -> Decided<U> {
        Decided { effects: self.effects, output: to(self.output) }
    }
}

impl Decided<Identity> {
    /// Updates an identity to its next revision, and answers with that. Writes nothing if the
    /// identity stays the same.
    pub(crate) fn updating(before: &Identity, after: Identity) -> Self {
        if after == *before { Self::unchanged(after) } else { Self::merging(before, after) }
    }

    /// Updates the identity that others are merged into, and answers with it. A merged guest brings
    /// nothing, but the merge is a change of both.
    pub(crate) fn merging(before: &Identity, after: Identity) -> Self {
        let after = after.succeeding(before);
        let change = Change::Update { before: before.clone(), after: after.clone() };
        Self { effects: vec![Effect::Identity(change)], output: after }
    }
}

/// One change. The login index is derived from the logins of the identities (I2), so no rule
/// decides about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    Pool(Box<Change<Pool>>),
    Identity(Change<Identity>),
    /// The change of this event is undone by the others.
    Undone(EventId),
}

/// A record before and after a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change<T> {
    Create(T),
    Update { before: T, after: T },
    Delete(T),
}
