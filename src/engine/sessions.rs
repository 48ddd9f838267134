//! Sessions: the credentials that the engine makes by itself, and what they say.
//!
//! The keys that seal sessions are numbered. The last one that is not retired seals; the others
//! still open.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::ambient::Timestamp;
use crate::credentials::{
    CredentialError, Credentials, Presented, SESSION_SECS, Session, SessionKey, VerifiedSession,
};
use crate::engine::Core;
use crate::engine::gather::Reads;
use crate::error::{Error, Result};
use crate::rules::Refusal;
use crate::store::key::{corrupt, number_after};
use crate::store::record::{Record, StoredSessionKey};
use crate::store::{Batch, Key, KeyRange, Tree};

/// How many keys are read at once: as many as can be rotated within an hour.
const STEP: usize = 256;

impl Core {
    /// Lets the embedder's issuer make credentials, or makes them.
    pub(super) fn issue(&self, session: &Session) -> Result<Credentials> {
        let Some(issuer) = &self.credential_issuer else {
            let (number, key) = self.current_session_key()?;
            return Ok(key.issue(number, session, &*self.entropy)?);
        };
        let credentials = guarded("credential issuer", || issuer.issue(session))?;
        credentials.map_err(|error| match error {
            CredentialError::Refused => Refusal::PoolConfigurationInvalid.into(),
            CredentialError::Unavailable => Refusal::CredentialsUnavailable.into(),
        })
    }

    pub(super) fn verify_session(&self, token: &str) -> Result<VerifiedSession> {
        let presented = Presented::parse(token).ok_or(Refusal::SessionInvalid)?;
        let number = presented.number;
        let kept: Option<StoredSessionKey> = Reads::new(self).record(&Key::session_key(number))?;
        let key = kept.map(|kept| self.unsealed(number, kept)).transpose()?;
        let verified = key.and_then(|key| key.open(presented)).ok_or(Refusal::SessionInvalid)?;
        if self.now() >= verified.session.expiration {
            return Err(Refusal::SessionExpired.into());
        }
        Ok(verified)
    }

    /// Fails early where a key is needed and cannot be opened.
    pub(super) fn try_session_keys(&self) -> Result<()> {
        for (number, kept) in self.session_keys()? {
            self.unsealed(number, kept)?;
        }
        Ok(())
    }

    pub(super) fn rotate_session_key(&self) -> Result<()> {
        self.run_batch(|_| {
            let mut writes = Batch::default();
            let now = self.now();
            let keys = self.session_keys()?;
            let last = keys.last().map_or(0, |(number, _)| *number);
            for (number, kept) in keys {
                let key = Key::session_key(number);
                writes.checks.push((key.clone(), Some(kept.encode()?)));
                match kept.retired {
                    Some(retired) if is_over(retired, now) => writes.deletes.push(key),
                    Some(_) => {}
                    None => {
                        let retired = StoredSessionKey { retired: Some(now), ..kept };
                        writes.puts.push((key, retired.encode()?));
                    }
                }
            }
            self.add_session_key(&mut writes, number_after(last)?)?;
            Ok((writes, ()))
        })
    }

    /// The key that seals, made if there is none yet.
    fn current_session_key(&self) -> Result<(u32, SessionKey)> {
        self.run_batch(|_| {
            let mut writes = Batch::default();
            let keys = self.session_keys()?;
            let last = keys.last().map_or(0, |(number, _)| *number);
            if let Some((number, kept)) = keys.into_iter().rfind(|(_, k)| k.retired.is_none()) {
                return Ok((writes, (number, self.unsealed(number, kept)?)));
            }
            let number = number_after(last)?;
            let key = self.add_session_key(&mut writes, number)?;
            Ok((writes, (number, key)))
        })
    }

    fn add_session_key(&self, writes: &mut Batch, number: u32) -> Result<SessionKey> {
        let mut bytes = vec![0; SessionKey::LENGTH];
        self.entropy.fill(&mut bytes)?;
        let made = SessionKey::new(&bytes).ok_or(UNUSABLE)?;
        let sealed = self.keys.seal().seal(&name(number), bytes, &*self.entropy)?;
        let kept = StoredSessionKey { key: sealed, retired: None };
        let key = Key::session_key(number);
        // INVARIANT: numbers are not given twice; another engine may have been faster.
        writes.checks.push((key.clone(), None));
        writes.puts.push((key, kept.encode()?));
        Ok(made)
    }

    fn unsealed(&self, number: u32, kept: StoredSessionKey) -> Result<SessionKey> {
        let bytes = self.keys.seal().unseal(&name(number), kept.key)?;
        bytes.and_then(|bytes| SessionKey::new(&bytes)).ok_or(UNUSABLE)
    }

    fn session_keys(&self) -> Result<Vec<(u32, StoredSessionKey)>> {
        let read = self.store.scan(&KeyRange::all(Tree::SessionKeys), STEP)?;
        let keys = read.into_iter().map(|(key, value)| {
            let number = key.session_key_number();
            let number = number.ok_or_else(|| corrupt(&key, "not a key's number"))?;
            Ok((number, StoredSessionKey::decode(&key, &value)?))
        });
        keys.collect()
    }
}

/// The name to which a key's seal binds it.
fn name(number: u32) -> String {
    format!("session-{number}")
}

/// Whether the last session of a key is over.
fn is_over(retired: Timestamp, now: Timestamp) -> bool {
    now.as_secs() > retired.as_secs().saturating_add(SESSION_SECS).saturating_add(LAST_SESSION_SECS)
}

/// How long a session that was on its way may still be sealed with a key after it was retired.
const LAST_SESSION_SECS: u64 = 60;

const UNUSABLE: Error = Error::SigningKey("the session key cannot be used");

/// Runs a part of the embedder's, whose panic is an error of this call and no other.
pub(super) fn guarded<T>(part: &'static str, run: impl FnOnce() -> T) -> Result<T> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|_| Error::Panicked(part))
}
