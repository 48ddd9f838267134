//! Sources of ids.

use std::sync::atomic::{AtomicU64, Ordering};

use uuid::{Builder, Uuid};

use crate::ambient::{Entropy, EntropyError, SystemEntropy};
use crate::part::{FromFn, forward};

/// Mints the ids of pools and identities.
///
/// # Example: ids that count up
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// use cognate::{Engine, from_fn};
/// use uuid::Uuid;
///
/// let last = AtomicU64::new(0);
/// let mint = move || Ok(Uuid::from_u128(last.fetch_add(1, Ordering::Relaxed).into()));
/// let engine = Engine::builder().ids(from_fn(mint)).in_memory()?;
/// # Ok::<(), cognate::Error>(())
/// ```
pub trait Ids: Send + Sync {
    /// A new id. Neither this process nor an earlier one may have returned it before, unless
    /// [`may_repeat`](Self::may_repeat) says so.
    ///
    /// # Errors
    ///
    /// [`EntropyError`] when no randomness is available.
    fn mint(&self) -> Result<Uuid, EntropyError>;

    /// Whether an earlier source of this kind, over the same store, may have returned the same ids.
    /// The engine then looks up each id before it uses it, and mints the next one if it is taken.
    fn may_repeat(&self) -> bool {
        false
    }
}

forward!(Ids {
    fn mint(&self) -> Result<Uuid, EntropyError>;
    fn may_repeat(&self) -> bool;
});

impl<F: Fn() -> Result<Uuid, EntropyError> + Send + Sync> Ids for FromFn<F> {
    fn mint(&self) -> Result<Uuid, EntropyError> {
        (self.0)()
    }
}

/// Random ids (UUID version 4), drawn from an [`Entropy`]. They do not reveal when they were made.
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomIds<E = SystemEntropy>(pub E);

impl<E: Entropy> Ids for RandomIds<E> {
    fn mint(&self) -> Result<Uuid, EntropyError> {
        let mut bytes = [0; 16];
        self.0.fill(&mut bytes)?;
        Ok(Builder::from_random_bytes(bytes).into_uuid())
    }
}

/// Ids in the form of UUID version 4, drawn from a seed: the same seed gives the same ids in the
/// same order.
///
/// For tests that compare whole outputs, or that name ids in files. Everybody can predict the ids.
/// Keys and secrets do not come from here.
///
/// A new source begins with its first id again. Over a store that has ids of an earlier run, the
/// engine skips those that it finds: those of pools, of pools that are being removed, of
/// identities, and of deleted identities that the journal of their pool still tells of. Each of
/// them costs a read. The id of a pool or an identity that has left no trace is drawn again.
///
/// # Example: the same id in every run
///
/// ```
/// use cognate::ambient::SeededIds;
/// use cognate::Engine;
/// use cognate::operation::{CreateIdentityPoolInput, GuestAccess};
///
/// let first_pool = || {
///     let engine = Engine::builder().ids(SeededIds::new(7)).in_memory()?;
///     let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
///     aws.create_identity_pool(CreateIdentityPoolInput::new("game", GuestAccess::Denied))
/// };
/// assert_eq!(first_pool()?.identity_pool_id, first_pool()?.identity_pool_id);
/// # Ok::<(), cognate::Error>(())
/// ```
#[derive(Debug)]
pub struct SeededIds {
    seed: u64,
    drawn: AtomicU64,
}

impl SeededIds {
    /// The ids of a seed, from the first one on.
    pub const fn new(seed: u64) -> Self {
        Self { seed, drawn: AtomicU64::new(0) }
    }
}

impl Ids for SeededIds {
    fn mint(&self) -> Result<Uuid, EntropyError> {
        let number = self.drawn.fetch_add(1, Ordering::Relaxed);
        let high = mixed(mixed(self.seed).wrapping_add(number));
        let low = mixed(high ^ mixed(number));
        let bytes = (u128::from(high) << 64) | u128::from(low);
        Ok(Builder::from_random_bytes(bytes.to_be_bytes()).into_uuid())
    }

    fn may_repeat(&self) -> bool {
        true
    }
}

/// The finalizer of `SplitMix64`: every bit of the number changes about half of the bits.
const fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn random_ids_are_version_4() {
        let id = RandomIds(SystemEntropy).mint().expect("randomness");
        assert_eq!(id.get_version_num(), 4);
    }

    #[test]
    fn seeded_ids_are_the_same_in_every_version() {
        let ids = SeededIds::new(0);
        let first = [(); 2].map(|()| ids.mint().expect("an id").to_string());
        assert_eq!(
            first,
            ["a706dd2f-4d19-4e6f-a7f7-2697a2731486", "2a98f501-af37-497f-91f3-7609fa478210"]
        );
    }

    #[test]
    fn seeds_and_numbers_give_different_ids() {
        let mut seen = BTreeSet::new();
        for seed in [0, 1, 2, 7, u64::MAX] {
            let ids = SeededIds::new(seed);
            for _ in 0..1_000 {
                let id = ids.mint().expect("an id");
                assert_eq!(id.get_version_num(), 4);
                assert!(seen.insert(id), "{id} is drawn twice");
            }
        }
    }
}
