//! The signing keys of the regions, and the tokens that they sign and verify.
//!
//! The first key of a region is generated for its first token, for the first key set while the
//! region has a pool, or by `Engine::prepare`.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard, RwLock};

use crate::ambient::Timestamp;
use crate::engine::gather::Reads;
use crate::engine::rotation::{Add, ON_ITS_WAY_SECS, Series};
use crate::engine::sessions::{NumberedSessionKey, SessionKeys};
use crate::engine::{Access, Core};
use crate::error::{Error, Result};
use crate::id::Region;
use crate::rules::claims::{Claims, TokenDuration};
use crate::state::{PrivateKey, SigningAlgorithm, StoredKey};
use crate::store::key::corrupt;
use crate::store::record::{Numbered, PoolCount, Record};
use crate::store::{Key, KeyRange, Tree, entries};
use crate::token::{Discovery, Jwk, Jwks, OpenIdToken, Seal, Signer, SigningKey};

/// The configuration of keys, and a cache of the keys in the store.
#[derive(Debug)]
pub(super) struct KeyRing {
    algorithm: SigningAlgorithm,
    handed_in: Option<SigningKey>,
    seal: Seal,
    access: Access,
    known: RwLock<Known>,
    making: Mutex<()>,
}

/// The time for which a key of a shared store is used without reading it again. A retired key may
/// sign and seal for longer than that.
const KEPT_SECS: u64 = 10;

const _: () = assert!(KEPT_SECS < ON_ITS_WAY_SECS);

/// The keys that have been read from the store.
#[derive(Debug, Default)]
struct Known {
    signers: HashMap<Region, Kept<Arc<CurrentKey>>>,
    verifiers: HashMap<String, Kept<Arc<Numbered<StoredKey>>>>,
    session_key: Option<Kept<Arc<NumberedSessionKey>>>,
    /// Rises with every change. A key that was read before a change is not cached after it.
    generation: u64,
}

/// A key, and the moment before it was read.
#[derive(Debug)]
struct Kept<K> {
    key: K,
    read: Timestamp,
}

/// The moment before a key is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct BeforeRead {
    generation: u64,
    now: Timestamp,
}

/// The key that signs in a region.
#[derive(Debug)]
pub(super) struct CurrentKey {
    kid: String,
    signer: Signer,
}

impl CurrentKey {
    pub(super) fn sign(&self, claims: &Claims) -> Result<OpenIdToken> {
        self.signer.sign(claims)
    }
}

impl KeyRing {
    pub(super) fn new(
        algorithm: SigningAlgorithm,
        handed_in: Option<SigningKey>,
        seal: Seal,
        access: Access,
    ) -> Self {
        Self {
            algorithm,
            handed_in,
            seal,
            access,
            known: RwLock::default(),
            making: Mutex::default(),
        }
    }

    pub(super) fn seal(&self) -> &Seal {
        &self.seal
    }

    /// Whether no other engine changes the keys in the store.
    pub(super) fn is_exclusive(&self) -> bool {
        self.access == Access::Exclusive
    }

    /// Held while a key is generated: generation is slow, and one key is enough.
    pub(super) fn making(&self) -> MutexGuard<'_, ()> {
        self.making.lock()
    }

    /// The stored key, if this engine may sign with it.
    fn usable(&self, kid: &str, kept: &StoredKey) -> Result<Option<SigningKey>> {
        if kept.algorithm != self.algorithm {
            return Ok(None);
        }
        if let Some(key) = &self.handed_in {
            return Ok((key.public() == kept.public).then(|| key.clone()));
        }
        let opened = self.seal.open(kept.algorithm, kid, &kept.private)?;
        if opened.as_ref().is_some_and(|key| key.public() != kept.public) {
            let detail = format!("signing key {kid}: its two halves differ");
            return Err(Error::Corrupt { detail });
        }
        Ok(opened)
    }

    /// Whether a stored key can be opened under this name, and is whole.
    pub(super) fn is_usable_for(&self, region: &Region, number: u32, kept: &StoredKey) -> bool {
        let opened = self.seal.open(kept.algorithm, &kid(region, number), &kept.private);
        opened.is_ok_and(|key| key.is_none_or(|key| key.public() == kept.public))
    }

    /// Keeps a key, unless keys have changed since the moment before it was read.
    fn keep(&self, before: BeforeRead, keep: impl FnOnce(&mut Known)) {
        let mut known = self.known.write();
        if known.generation == before.generation {
            keep(&mut known);
        }
    }

    pub(super) fn keep_signer(&self, before: BeforeRead, region: &Region, key: &Arc<CurrentKey>) {
        let key = Kept { key: Arc::clone(key), read: before.now };
        self.keep(before, |known| drop(known.signers.insert(region.clone(), key)));
    }

    fn keep_verifier(&self, before: BeforeRead, kid: &str, key: &Arc<Numbered<StoredKey>>) {
        let key = Kept { key: Arc::clone(key), read: before.now };
        self.keep(before, |known| drop(known.verifiers.insert(kid.to_owned(), key)));
    }

    pub(super) fn keep_session_key(&self, before: BeforeRead, key: &Arc<NumberedSessionKey>) {
        let key = Kept { key: Arc::clone(key), read: before.now };
        self.keep(before, |known| known.session_key = Some(key));
    }

    fn forget(&self, forget: impl FnOnce(&mut Known)) {
        let mut known = self.known.write();
        known.generation = known.generation.wrapping_add(1);
        forget(&mut known);
    }

    /// Forgets every key that was read.
    pub(super) fn forget_all(&self) {
        self.forget(|known| {
            known.signers.clear();
            known.verifiers.clear();
            known.session_key = None;
        });
    }

    pub(super) fn forget_session_key(&self) {
        self.forget(|known| known.session_key = None);
    }
}

/// The keys of a region.
struct SigningKeys<'a> {
    region: &'a Region,
}

impl Series for SigningKeys<'_> {
    type Kept = StoredKey;
    type Ready = Arc<CurrentKey>;

    const LIFETIME_SECS: u64 = TokenDuration::SECS_MAX.unsigned_abs();

    fn range(&self) -> KeyRange {
        KeyRange::signing_keys_of(self.region)
    }

    fn key(&self, number: u32) -> Key {
        Key::signing_key(self.region, number)
    }

    fn number(&self, key: &Key) -> Option<u32> {
        key.signing_key_parts().map(|(_, number)| number)
    }

    fn ready(&self, core: &Core, number: u32, kept: &StoredKey) -> Result<Option<Self::Ready>> {
        let kid = kid(self.region, number);
        if let Some(known) = core.keys.known.read().signers.get(self.region)
            && known.key.kid == kid
        {
            return Ok(Some(Arc::clone(&known.key)));
        }
        let key = core.keys.usable(&kid, kept)?;
        Ok(key.map(|key| Arc::new(CurrentKey { signer: Signer::new(key, &kid), kid })))
    }

    fn keep(&self, core: &Core, before: BeforeRead, ready: &Self::Ready) {
        core.keys.keep_signer(before, self.region, ready);
    }

    fn forget(&self, core: &Core) {
        core.keys.forget(|known| {
            known.signers.remove(self.region);
            known.verifiers.clear();
        });
    }

    fn make(&self, core: &Core, number: u32) -> Result<StoredKey> {
        let keys = &core.keys;
        let (key, private) = if let Some(key) = &keys.handed_in {
            (key.clone(), PrivateKey::HandedIn)
        } else {
            let kid = kid(self.region, number);
            keys.seal.generate(keys.algorithm, &kid, &*core.entropy)?
        };
        Ok(StoredKey { algorithm: keys.algorithm, public: key.public(), private })
    }
}

/// The `kid` of a region's key.
fn kid(region: &Region, number: u32) -> String {
    format!("{region}-{number}")
}

/// The region and the number in a `kid`.
pub(super) fn named(name: &str) -> Option<(Region, u32)> {
    let (region, number) = name.rsplit_once('-')?;
    let (region, number) = (region.parse().ok()?, number.parse().ok()?);
    (kid(&region, number) == name).then_some((region, number))
}

/// Whether the key can still have valid tokens.
pub(super) fn is_alive(key: &Numbered<StoredKey>, now: Timestamp) -> bool {
    !key.is_over(SigningKeys::LIFETIME_SECS, now)
}

impl Core {
    pub(super) fn jwks(&self) -> Result<Jwks> {
        // Clients cache the key set and would refuse the first token of a region.
        for region in self.regions_of_pools()? {
            self.current_key(&region)?;
        }
        let now = self.now();
        let mut keys = self.signing_keys()?;
        keys.retain(|(_, _, key)| is_alive(key, now));
        let modulus = self.choices.modulus_encoding;
        let keys = keys.iter().map(|(region, number, Numbered { key, .. })| {
            Jwk::new(kid(region, *number), key.algorithm, &key.public, modulus)
        });
        Ok(Jwks { keys: keys.collect() })
    }

    fn regions_of_pools(&self) -> Result<BTreeSet<Region>> {
        let mut regions = BTreeSet::new();
        for entry in entries(&self.store, KeyRange::all(Tree::Accounts)) {
            let (key, value) = entry?;
            PoolCount::decode(&key, &value)?;
            let parts = key.account_parts();
            let (_, region) = parts.ok_or_else(|| corrupt(&key, "not an account in a region"))?;
            regions.insert(region);
        }
        Ok(regions)
    }

    pub(super) fn discovery(&self, base: &str) -> Result<Discovery> {
        let mut algorithms = vec![self.keys.algorithm];
        let mut regions = self.regions_of_pools()?;
        for (region, _, key) in self.signing_keys()? {
            if is_alive(&key, self.now()) {
                regions.insert(region);
                if !algorithms.contains(&key.key.algorithm) {
                    algorithms.push(key.key.algorithm);
                }
            }
        }
        let issuers = regions.iter().map(Region::token_issuer).collect();
        Ok(Discovery::new(base, issuers, algorithms))
    }

    pub(super) fn rotate(&self, region: &Region) -> Result<()> {
        self.add_key(&SigningKeys { region }, Add::Always)
    }

    /// Seals all keys with the current secret. Fails before that if a key cannot be opened.
    pub(super) fn open_keys(&self) -> Result<()> {
        let (signing, session) = (self.signing_key_names()?, self.session_key_names()?);
        self.reseal::<StoredKey>(&signing)?;
        self.reseal::<PrivateKey>(&session)
    }

    /// The keys that are to be sealed. Fails if a current key cannot be opened.
    fn signing_key_names(&self) -> Result<Vec<(Key, String)>> {
        let mut names = Vec::new();
        for (region, number, kept) in self.signing_keys()? {
            let kid = kid(&region, number);
            if kept.retired.is_none() {
                self.keys.usable(&kid, &kept.key)?;
            }
            names.push((Key::signing_key(&region, number), kid));
        }
        Ok(names)
    }

    /// The key that signs in a region. Generates it if there is none yet.
    pub(super) fn current_key(&self, region: &Region) -> Result<Arc<CurrentKey>> {
        self.store.ensure_open()?;
        if let Some(current) = self.keys.known.read().signers.get(region)
            && self.is_fresh(current)
        {
            return Ok(Arc::clone(&current.key));
        }
        self.current(&SigningKeys { region })
    }

    /// The key that seals sessions.
    pub(super) fn current_session_key(&self) -> Result<Arc<NumberedSessionKey>> {
        self.store.ensure_open()?;
        if let Some(current) = &self.keys.known.read().session_key
            && self.is_fresh(current)
        {
            return Ok(Arc::clone(&current.key));
        }
        self.current(&SessionKeys)
    }

    /// Note this before reading a key that may be kept afterwards.
    pub(super) fn before_read_of_keys(&self) -> BeforeRead {
        BeforeRead { generation: self.keys.known.read().generation, now: self.now() }
    }

    /// Whether a kept key may be used without reading it again.
    fn is_fresh<K>(&self, kept: &Kept<K>) -> bool {
        self.keys.is_exclusive() || {
            let (read, now) = (kept.read, self.now());
            read <= now && now.as_secs() < read.as_secs().saturating_add(KEPT_SECS)
        }
    }

    pub(super) fn verifying_key(
        &self,
        kid: &str,
        region: &Region,
        number: u32,
    ) -> Result<Option<Arc<Numbered<StoredKey>>>> {
        if let Some(kept) = self.keys.known.read().verifiers.get(kid)
            && self.is_fresh(kept)
        {
            return Ok(Some(Arc::clone(&kept.key)));
        }
        let before = self.before_read_of_keys();
        let mut reads = Reads::new(self);
        let kept = reads.record(&Key::signing_key(region, number))?;
        let key = kept.map(Arc::new);
        if let Some(key) = &key {
            self.keys.keep_verifier(before, kid, key);
        }
        Ok(key)
    }

    /// The keys of all regions.
    fn signing_keys(&self) -> Result<Vec<(Region, u32, Numbered<StoredKey>)>> {
        let mut keys = Vec::new();
        for entry in entries(&self.store, KeyRange::all(Tree::SigningKeys)) {
            let (key, value) = entry?;
            let parts = key.signing_key_parts();
            let (region, number) = parts.ok_or_else(|| corrupt(&key, "not a key's name"))?;
            keys.push((region, number, Numbered::decode(&key, &value)?));
        }
        Ok(keys)
    }
}
