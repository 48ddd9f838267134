//! Seeds of an existing pool, in one commit.

use std::collections::BTreeSet;
use std::io::Read;

use crate::engine::cache::KeptPool;
use crate::engine::events::Origin;
use crate::engine::exchange::checked::Unfit;
use crate::engine::gather::Reads;
use crate::engine::run::{not_minted, write_identity};
use crate::engine::{Admin, Core};
use crate::error::Error;
use crate::exchange::line::{FirstLine, IdentityLine, Line};
use crate::exchange::{ExchangeError, ImportFault, Imported, LineReader};
use crate::id::IdentityPoolId;
use crate::rules::{Change, Effect, Refusal};
use crate::state::{ChangeEvent, ChangeOperation, Identity, Login};
use crate::store::record::Address;
use crate::store::{Batch, Key, Tree};

type Result<T, E = ExchangeError> = std::result::Result<T, E>;

/// The maximum number of identities that one commit adds.
const IDENTITIES_MAX: usize = 1_000;

/// The events of a seed, or the line that is refused.
type Seeded = Result<Vec<ChangeEvent>, (u64, Unfit)>;

impl Admin {
    /// Adds the identities of a seed to an existing pool, in one commit. The seed has no pool, and
    /// at most 1,000 identities.
    ///
    /// # Errors
    ///
    /// * [`PoolNotFound`](crate::Refusal::PoolNotFound)
    /// * [`ExchangeError::Line`]: the line that is refused, and the reason.
    /// * [`ExchangeError::Io`] when `from` cannot be read, and [`ExchangeError::Engine`] when the
    ///   store fails.
    ///
    /// # Example: one more user
    ///
    /// ```
    /// # use cognate::{login::*, name::*, operation::*, store::*, token::*, *};
    /// # let engine = Engine::builder().in_memory()?;
    /// # let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// # let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied);
    /// # let pool = aws.create_identity_pool(input.developer_provider_name("login.game"))?;
    /// let seed = r#"{"cognate":"seed","version":1}
    /// {"identity":{"logins":[{"developer":"login.game","subject":"alice"}]}}
    /// "#;
    /// let id = &pool.identity_pool_id;
    /// assert_eq!(engine.admin().seed(id, seed.as_bytes())?.identities, 1);
    /// let alice = LookupDeveloperIdentityInput::new(id).developer_user_identifier("alice");
    /// aws.lookup_developer_identity(alice)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn seed(&self, pool: &IdentityPoolId, from: impl Read) -> Result<Imported> {
        let mut lines = LineReader::begin(from)?;
        if lines.first().is_export() {
            return Err(lines.fault(ImportFault::Misplaced));
        }
        let mut identities = Vec::new();
        while let Some(line) = lines.next()? {
            let Line::Identity(identity) = line else {
                return Err(lines.fault(ImportFault::Misplaced));
            };
            if identities.len() >= IDENTITIES_MAX {
                return Err(lines.fault(ImportFault::TooManyIdentities(IDENTITIES_MAX)));
            }
            identities.push((lines.number(), identity));
        }
        let (core, origin): (&Core, _) = (&self.core, self.origin(ChangeOperation::Import));
        let file = lines.first();
        let seeded = core.run_batch(|reads| core.seed(reads, pool, (&identities, file), origin))?;
        core.ring.publish(seeded.map_err(|(line, unfit)| unfit.at(line))?);
        let (identities, events) = lines.counts();
        Ok(Imported { identity_pool_ids: Vec::new(), identities, events })
    }
}

impl Core {
    fn seed(
        &self,
        reads: &mut Reads<'_>,
        id: &IdentityPoolId,
        (lines, file): (&[(u64, IdentityLine)], &FirstLine),
        origin: Origin<'_>,
    ) -> Result<(Batch, Seeded), Error> {
        let found = reads.any_pool(id)?;
        let kept = found.ok_or_else(|| Refusal::PoolNotFound { identity_pool_id: id.clone() })?;
        let now = self.now();
        let mut identities: Vec<Identity> = Vec::with_capacity(lines.len());
        for (line, identity) in lines {
            match self.checked_identity(identity.clone(), (&kept.pool, file), origin, now) {
                Ok(identity) => identities.push(identity),
                Err(unfit) => return Ok((Batch::default(), Err((*line, unfit)))),
            }
        }
        if let Some((line, fault)) = taken(reads, &kept, lines, &identities)? {
            return Ok((Batch::default(), Err((line, Unfit::Fault(fault)))));
        }
        let mut writes = Batch::default();
        let chosen = lines.iter().filter_map(|(_, line)| line.id.as_ref()?.guid());
        reads.chosen.extend(chosen.map(|identity| (kept.guid, identity)));
        self.forget_deletions(reads, &mut writes)?;
        let mut effects = Vec::with_capacity(identities.len());
        for identity in &identities {
            write_identity(&mut writes, Change::Create(identity.clone()))?;
            effects.push(Effect::Identity(Change::Create(identity.clone())));
        }
        let events = self.events(origin, &effects);
        Ok((writes, Ok(events)))
    }
}

/// The first line with an id or a login that is taken, in the pool or by an earlier line.
fn taken(
    reads: &mut Reads<'_>,
    pool: &KeptPool,
    lines: &[(u64, IdentityLine)],
    identities: &[Identity],
) -> Result<Option<(u64, ImportFault)>, Error> {
    let guids = identities.iter().filter_map(|identity| identity.id().guid());
    reads.will_read(guids.map(Key::identity_index));
    for identity in identities {
        let logins: Vec<Login> = identity.logins().cloned().collect();
        reads.will_read_logins(pool, &logins);
    }
    let (mut ids, mut known) = (BTreeSet::new(), BTreeSet::new());
    for ((line, _), identity) in lines.iter().zip(identities) {
        let id = identity.id();
        let guid = id.guid().ok_or_else(|| not_minted(id.as_str()))?;
        let is_taken = reads.record::<Address>(&Key::identity_index(guid))?.is_some();
        if is_taken || !ids.insert(guid) {
            return Ok(Some((*line, ImportFault::IdentityExists(id.clone()))));
        }
        let logins: Vec<Login> = identity.logins().cloned().collect();
        let owners = reads.owners(pool, &logins)?;
        for (login, owner) in logins.into_iter().zip(owners) {
            if owner.is_some() || known.contains(&login) {
                return Ok(Some((*line, ImportFault::LoginTwice { login })));
            }
            known.insert(login);
        }
    }
    // Each identity checks itself that its id is not taken.
    reads.seen.retain(|(key, _)| key.tree != Tree::IdentityIndex);
    Ok(None)
}
