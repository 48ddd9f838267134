//! The keys of the regions, and the tokens that they sign and verify.
//!
//! A region's keys are numbered; the last one signs, those before it still verify. A key that the
//! store keeps is made once, at the first token of its region.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};

use crate::ambient::Timestamp;
use crate::engine::Core;
use crate::engine::gather::Reads;
use crate::error::Result;
use crate::id::Region;
use crate::rules::Refusal;
use crate::rules::claims::{Claims, TokenDuration};
use crate::state::{PrivateKey, SigningAlgorithm, StoredKey};
use crate::store::key::corrupt;
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
    signers: RwLock<HashMap<Region, Arc<CurrentKey>>>,
    verifiers: RwLock<HashMap<String, Arc<StoredKey>>>,
    /// Held while a key is made: that takes a while, and one is enough.
    making: Mutex<()>,
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
            signers: RwLock::default(),
            verifiers: RwLock::default(),
            making: Mutex::default(),
        }
    }

    /// The key that a record stands for, if this engine is to sign with it.
    fn usable(&self, kid: &str, record: &StoredKey) -> Result<Option<SigningKey>> {
        if record.retired.is_some() || record.algorithm != self.algorithm {
            return Ok(None);
        }
        match &self.handed_in {
            Some(key) => Ok((key.public() == record.public).then(|| key.clone())),
            None => self.seal.open(record.algorithm, kid, record.private.clone()),
        }
    }
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
                && claims.identity_pool_arn().is_none_or(|arn| arn == kept.pool.arn())
        });
        if ours { Ok(claims) } else { Err(Refusal::TokenForeign.into()) }
    }

    pub(super) fn jwks(&self) -> Result<Jwks> {
        let now = self.now();
        let mut keys = self.stored_keys(KeyRange::all(Tree::SigningKeys))?;
        keys.retain(|(_, _, key)| is_alive(key, now));
        let keys = keys.iter().map(|(region, number, key)| Jwk::new(kid(region, *number), key));
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
        self.make_key(region, |_| false)
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
            && let Some(current) = self.keys.signers.read().get(region)
        {
            return Ok(Arc::clone(current));
        }
        if let Some(current) = self.find_current_key(region)? {
            return Ok(current);
        }
        let _making = self.keys.making.lock();
        self.make_key(region, |usable| usable)?;
        let made = self.find_current_key(region)?;
        made.ok_or_else(|| corrupt(&Key::signing_key(region, 0), "no key can be used").into())
    }

    /// The last of the region's keys, if it can be used.
    fn find_current_key(&self, region: &Region) -> Result<Option<Arc<CurrentKey>>> {
        let keys = self.stored_keys(KeyRange::signing_keys_of(region))?;
        let Some((_, number, record)) = keys.last() else { return Ok(None) };
        let kid = kid(region, *number);
        let known = self.keys.signers.read().get(region).cloned();
        if let Some(current) = known.filter(|current| current.kid == kid) {
            return Ok(record.retired.is_none().then_some(current));
        }
        let Some(key) = self.keys.usable(&kid, record)? else { return Ok(None) };
        let current = Arc::new(CurrentKey { signer: Signer::new(key, &kid), kid });
        self.keys.signers.write().insert(region.clone(), Arc::clone(&current));
        Ok(Some(current))
    }

    /// Adds a key to a region unless `keeps` the last one, told whether that can be used. Keys
    /// whose last token is over go.
    fn make_key(&self, region: &Region, keeps: impl Fn(bool) -> bool) -> Result<()> {
        let mut made: Option<(String, StoredKey)> = None;
        self.run_batch(|reads| {
            let now = self.now();
            let keys = self.stored_keys(KeyRange::signing_keys_of(region))?;
            let mut writes = Batch::default();
            let last = keys.last().map_or(0, |(_, number, _)| *number);
            let last_key = Key::signing_key(region, last);
            if let Some(record) = reads.record::<StoredKey>(&last_key)? {
                if keeps(self.keys.usable(&kid(region, last), &record)?.is_some()) {
                    return Ok((writes, ()));
                }
                let retired = Some(record.retired.unwrap_or(now));
                writes.puts.push((last_key, StoredKey { retired, ..record }.encode()?));
            }
            let over =
                keys.iter().filter(|(_, number, key)| *number != last && !is_alive(key, now));
            writes.deletes.extend(over.map(|(_, number, _)| Key::signing_key(region, *number)));
            let number = last.saturating_add(1);
            let kid = kid(region, number);
            let record = match made.take().filter(|(name, _)| *name == kid) {
                Some((_, record)) => record,
                None => self.new_key(&kid)?,
            };
            made = Some((kid, record.clone()));
            let new_key = Key::signing_key(region, number);
            if reads.record::<StoredKey>(&new_key)?.is_none() {
                writes.puts.push((new_key, record.encode()?));
            }
            Ok((writes, ()))
        })?;
        self.keys.signers.write().remove(region);
        self.keys.verifiers.write().clear();
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
            && let Some(key) = self.keys.verifiers.read().get(kid)
        {
            return Ok(Some(Arc::clone(key)));
        }
        let mut reads = Reads::new(self);
        let record: Option<StoredKey> = reads.record(&Key::signing_key(region, number))?;
        let key = record.map(Arc::new);
        if let Some(key) = &key {
            self.keys.verifiers.write().insert(kid.to_owned(), Arc::clone(key));
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
