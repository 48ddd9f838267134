//! The keys of the regions, and the tokens that they sign and verify.
//!
//! A region's keys are numbered. The last one that this engine can use and that is not retired
//! signs; the others still verify. A key that the store keeps is made once, at the first token of
//! its region.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};

use crate::ambient::Timestamp;
use crate::engine::Core;
use crate::engine::gather::Reads;
use crate::error::{Error, Result};
use crate::id::Region;
use crate::rules::Refusal;
use crate::rules::claims::{Claims, TokenDuration};
use crate::state::{PrivateKey, SigningAlgorithm, StoredKey};
use crate::store::key::{corrupt, number_after};
use crate::store::record::Record;
use crate::store::{Batch, Key, KeyRange, Tree};
use crate::token::{
    Discovery, Jwk, Jwks, OpenIdToken, Presented, Seal, Signer, SigningKey, verify,
};

/// What is known of the keys in the store.
#[derive(Debug)]
pub(super) struct KeyRing {
    algorithm: SigningAlgorithm,
    handed_in: Option<SigningKey>,
    seal: Seal,
    /// Whether nobody else changes the keys in the store.
    alone: bool,
    known: RwLock<Known>,
    /// Held while a key is made: that takes a while, and one is enough.
    making: Mutex<()>,
}

/// Keys that were read from the store.
#[derive(Debug, Default)]
struct Known {
    signers: HashMap<Region, Arc<CurrentKey>>,
    verifiers: HashMap<String, Arc<StoredKey>>,
    /// Rises with every change: what was read from the store before one is not kept after it.
    generation: u64,
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
        alone: bool,
    ) -> Self {
        Self {
            algorithm,
            handed_in,
            seal,
            alone,
            known: RwLock::default(),
            making: Mutex::default(),
        }
    }

    pub(super) fn seal(&self) -> &Seal {
        &self.seal
    }

    /// The key that a record stands for, if this engine is to sign with it.
    fn usable(&self, kid: &str, record: &StoredKey) -> Result<Option<SigningKey>> {
        if record.retired.is_some() || record.algorithm != self.algorithm {
            return Ok(None);
        }
        if let Some(key) = &self.handed_in {
            return Ok((key.public() == record.public).then(|| key.clone()));
        }
        let opened = self.seal.open(record.algorithm, kid, record.private.clone())?;
        if opened.as_ref().is_some_and(|key| key.public() != record.public) {
            let detail = format!("signing key {kid}: its two halves differ");
            return Err(Error::Corrupt { detail });
        }
        Ok(opened)
    }

    /// To be noted before a key is read from the store that may be kept afterwards.
    pub(super) fn generation(&self) -> u64 {
        self.known.read().generation
    }

    /// Keeps a key that was read since `generation` was noted, unless a change came between.
    pub(super) fn keep_signer(&self, generation: u64, region: &Region, key: &Arc<CurrentKey>) {
        let mut known = self.known.write();
        if known.generation == generation {
            known.signers.insert(region.clone(), Arc::clone(key));
        }
    }

    fn keep_verifier(&self, generation: u64, kid: &str, key: &Arc<StoredKey>) {
        let mut known = self.known.write();
        if known.generation == generation {
            known.verifiers.insert(kid.to_owned(), Arc::clone(key));
        }
    }

    /// To be called after a change.
    fn forget(&self) {
        let mut known = self.known.write();
        let generation = known.generation.wrapping_add(1);
        *known = Known { generation, ..Known::default() };
    }
}

/// When a key is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Make {
    IfNoneCanBeUsed,
    Anyway,
}

/// The name of a region's key.
fn kid(region: &Region, number: u32) -> String {
    format!("{region}-{number}")
}

/// The key of the store that a name stands for.
fn named(name: &str) -> Option<(Region, u32)> {
    let (region, number) = name.rsplit_once('-')?;
    let (region, number) = (region.parse().ok()?, number.parse().ok()?);
    (kid(&region, number) == name).then_some((region, number))
}

/// Whether a token of the key can still be valid.
fn is_alive(key: &StoredKey, now: Timestamp) -> bool {
    let last_exp = |retired: Timestamp| {
        let signed = retired.as_secs().saturating_add(LAST_TOKEN_SECS);
        signed.saturating_add(TokenDuration::SECS_MAX.unsigned_abs())
    };
    key.retired.is_none_or(|retired| now.as_secs() <= last_exp(retired))
}

/// How long a token that was on its way may still be signed with a key after it was retired.
const LAST_TOKEN_SECS: u64 = 60;

/// How many keys are read at once.
const STEP: usize = 256;

impl Core {
    pub(super) fn verify_token(&self, token: &str) -> Result<Claims> {
        let presented = Presented::parse(token).ok_or(Refusal::TokenForeign)?;
        let (region, number) = named(&presented.kid).ok_or(Refusal::TokenForeign)?;
        let key = self.verifying_key(&presented.kid, &region, number)?;
        let now = self.now();
        let key = key.filter(|key| is_alive(key, now)).ok_or(Refusal::TokenForeign)?;
        let claims = verify(&presented, &key, now.as_secs())?;
        let pool = Reads::new(self).any_pool(claims.identity_pool_id())?;
        let ours = pool.is_some_and(|kept| {
            kept.pool.region == region
                && claims.identity_id().region().as_ref() == Ok(&region)
                && claims.identity_pool_arn().is_none_or(|arn| arn == kept.pool.arn().as_str())
        });
        if ours { Ok(claims) } else { Err(Refusal::TokenForeign.into()) }
    }

    pub(super) fn jwks(&self) -> Result<Jwks> {
        let now = self.now();
        let mut keys = self.stored_keys(KeyRange::all(Tree::SigningKeys))?;
        keys.retain(|(_, _, key)| is_alive(key, now));
        let keys = keys.iter().map(|(region, number, key)| {
            Jwk::new(kid(region, *number), key.algorithm, &key.public)
        });
        Ok(Jwks { keys: keys.collect() })
    }

    pub(super) fn discovery(&self, base: &str) -> Result<Discovery> {
        let keys = self.stored_keys(KeyRange::all(Tree::SigningKeys))?;
        let mut algorithms = vec![self.keys.algorithm];
        for (_, _, key) in keys {
            if is_alive(&key, self.now()) && !algorithms.contains(&key.algorithm) {
                algorithms.push(key.algorithm);
            }
        }
        Ok(Discovery::new(base, algorithms))
    }

    pub(super) fn rotate(&self, region: &Region) -> Result<()> {
        let _making = self.keys.making.lock();
        self.make_key(region, Make::Anyway)
    }

    /// Fails early where a key that is needed cannot be opened.
    pub(super) fn try_keys(&self) -> Result<()> {
        for (region, number, key) in self.stored_keys(KeyRange::all(Tree::SigningKeys))? {
            self.keys.usable(&kid(&region, number), &key)?;
        }
        Ok(())
    }

    /// The key that signs in a region, made if there is none yet.
    pub(super) fn current_key(&self, region: &Region) -> Result<Arc<CurrentKey>> {
        if self.keys.alone
            && let Some(current) = self.keys.known.read().signers.get(region)
        {
            return Ok(Arc::clone(current));
        }
        if let Some(current) = self.find_current_key(region)? {
            return Ok(current);
        }
        let _making = self.keys.making.lock();
        self.make_key(region, Make::IfNoneCanBeUsed)?;
        self.find_current_key(region)?.ok_or(Error::Contended)
    }

    /// The last of the region's keys that can be used.
    fn find_current_key(&self, region: &Region) -> Result<Option<Arc<CurrentKey>>> {
        let generation = self.keys.generation();
        let known = self.keys.known.read().signers.get(region).cloned();
        let keys = self.stored_keys(KeyRange::signing_keys_of(region))?;
        for (_, number, record) in keys.iter().rev() {
            let kid = kid(region, *number);
            let known = known.as_ref().filter(|known| known.kid == kid);
            if let Some(known) = known.filter(|_| record.retired.is_none()) {
                return Ok(Some(Arc::clone(known)));
            }
            if let Some(key) = self.keys.usable(&kid, record)? {
                let current = Arc::new(CurrentKey { signer: Signer::new(key, &kid), kid });
                self.keys.keep_signer(generation, region, &current);
                return Ok(Some(current));
            }
        }
        Ok(None)
    }

    /// Adds a key to a region. The keys before it retire, unless another engine may sign with them;
    /// keys whose last token is over go.
    fn make_key(&self, region: &Region, make: Make) -> Result<()> {
        let mut unused: Option<(String, StoredKey)> = None;
        self.run_batch(|reads| {
            let now = self.now();
            let mut writes = Batch::default();
            let mut last = 0;
            for (_, number, _) in self.stored_keys(KeyRange::signing_keys_of(region))? {
                last = number;
                let key = Key::signing_key(region, number);
                let Some(record) = reads.record::<StoredKey>(&key)? else { continue };
                let usable = self.keys.usable(&kid(region, number), &record)?.is_some();
                if usable && make == Make::IfNoneCanBeUsed {
                    return Ok((Batch::default(), ()));
                }
                if !is_alive(&record, now) {
                    writes.deletes.push(key);
                } else if record.retired.is_none() && (self.keys.alone || make == Make::Anyway) {
                    let retired = StoredKey { retired: Some(now), ..record };
                    writes.puts.push((key, retired.encode()?));
                }
            }
            let number = number_after(last)?;
            let (kid, key) = (kid(region, number), Key::signing_key(region, number));
            // INVARIANT: numbers are not given twice; another engine may have been faster.
            writes.checks.push((key.clone(), None));
            let record = match unused.take().filter(|(name, _)| *name == kid) {
                Some((_, record)) => record,
                None => self.new_key(&kid)?,
            };
            writes.puts.push((key, record.encode()?));
            unused = Some((kid, record));
            Ok((writes, ()))
        })?;
        self.keys.forget();
        Ok(())
    }

    fn new_key(&self, kid: &str) -> Result<StoredKey> {
        let algorithm = self.keys.algorithm;
        let (key, private) = match &self.keys.handed_in {
            Some(key) => (key.clone(), PrivateKey::HandedIn),
            None => self.keys.seal.generate(algorithm, kid, &*self.entropy)?,
        };
        Ok(StoredKey { algorithm, public: key.public(), private, retired: None })
    }

    fn verifying_key(
        &self,
        kid: &str,
        region: &Region,
        number: u32,
    ) -> Result<Option<Arc<StoredKey>>> {
        if self.keys.alone
            && let Some(key) = self.keys.known.read().verifiers.get(kid)
        {
            return Ok(Some(Arc::clone(key)));
        }
        let generation = self.keys.generation();
        let mut reads = Reads::new(self);
        let record: Option<StoredKey> = reads.record(&Key::signing_key(region, number))?;
        let key = record.map(Arc::new);
        if let Some(key) = &key {
            self.keys.keep_verifier(generation, kid, key);
        }
        Ok(key)
    }

    fn stored_keys(&self, mut range: KeyRange) -> Result<Vec<(Region, u32, StoredKey)>> {
        let mut keys = Vec::new();
        loop {
            let read = self.store.scan(&range, STEP)?;
            let more = read.len() == STEP;
            for (key, value) in read {
                let parts = key.signing_key_parts();
                let (region, number) = parts.ok_or_else(|| corrupt(&key, "not a key's name"))?;
                keys.push((region, number, StoredKey::decode(&key, &value)?));
                range = range.after(&key.bytes);
            }
            if !more {
                return Ok(keys);
            }
        }
    }
}
