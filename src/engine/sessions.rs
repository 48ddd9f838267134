//! Sessions: the credentials that the engine makes by itself, and what they say.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::credentials::{CredentialError, Credentials, Session, SessionKey, VerifiedSession};
use crate::engine::Core;
use crate::engine::gather::Reads;
use crate::error::{Error, Result};
use crate::rules::Refusal;
use crate::store::record::{Record, StoredSessionKey};
use crate::store::{Batch, Key};

/// The name to which the key's seal binds it.
const NAME: &str = "session";

impl Core {
    /// Lets the embedder's issuer make credentials, or makes them.
    pub(super) fn issue(&self, session: &Session) -> Result<Credentials> {
        let Some(issuer) = &self.credential_issuer else {
            return Ok(self.session_key()?.issue(session, &*self.entropy)?);
        };
        let credentials = guarded("credential issuer", || issuer.issue(session))?;
        credentials.map_err(|error| match error {
            CredentialError::Refused => Refusal::PoolConfigurationInvalid.into(),
            CredentialError::Unavailable => Refusal::ProviderUnavailable.into(),
        })
    }

    pub(super) fn verify_session(&self, token: &str) -> Result<VerifiedSession> {
        let key = self.find_session_key(&mut Reads::new(self))?;
        let verified = key.and_then(|key| key.open(token)).ok_or(Refusal::SessionInvalid)?;
        if self.now() >= verified.session.expiration {
            return Err(Refusal::SessionExpired.into());
        }
        Ok(verified)
    }

    /// Fails early where the key is needed and cannot be opened.
    pub(super) fn try_session_key(&self) -> Result<()> {
        self.find_session_key(&mut Reads::new(self)).map(drop)
    }

    /// The key that seals sessions, made at the first one.
    fn session_key(&self) -> Result<Arc<SessionKey>> {
        self.run_batch(|reads| {
            let mut writes = Batch::default();
            if let Some(key) = self.find_session_key(reads)? {
                return Ok((writes, key));
            }
            let mut bytes = vec![0; SessionKey::LENGTH];
            self.entropy.fill(&mut bytes)?;
            let key = SessionKey::new(&bytes).map(Arc::new).ok_or(UNUSABLE)?;
            let kept = StoredSessionKey(self.keys.seal().seal(NAME, bytes, &*self.entropy)?);
            writes.puts.push((Key::session_key(), kept.encode()?));
            Ok((writes, key))
        })
    }

    fn find_session_key(&self, reads: &mut Reads<'_>) -> Result<Option<Arc<SessionKey>>> {
        if let Some(key) = self.session_key.get() {
            return Ok(Some(Arc::clone(key)));
        }
        let Some(StoredSessionKey(kept)) = reads.record(&Key::session_key())? else {
            return Ok(None);
        };
        let bytes = self.keys.seal().unseal(NAME, kept)?;
        let key = bytes.and_then(|bytes| SessionKey::new(&bytes)).map(Arc::new).ok_or(UNUSABLE)?;
        // Once made it never changes.
        Ok(Some(Arc::clone(self.session_key.get_or_init(|| key))))
    }
}

const UNUSABLE: Error = Error::SigningKey("the session key cannot be used");

/// Runs a part of the embedder's, whose panic is an error of this call and no other.
pub(super) fn guarded<T>(part: &'static str, run: impl FnOnce() -> T) -> Result<T> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|_| Error::Panicked(part))
}
