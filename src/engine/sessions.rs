//! Sessions: credentials that the engine issues and verifies itself.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::ambient::Timestamp;
use crate::credentials::{
    CredentialError, Credentials, ParsedSessionToken, SESSION_SECS_MAX, Session, SessionKey,
    VerifiedSession,
};
use crate::engine::Core;
use crate::engine::gather::Reads;
use crate::engine::keys::BeforeRead;
use crate::engine::rotation::{Add, Series};
use crate::error::{Error, Result};
use crate::rules::Refusal;
use crate::state::PrivateKey;
use crate::store::record::Numbered;
use crate::store::{Key, KeyRange, Tree};

/// The series of keys that seal sessions.
pub(super) struct SessionKeys;

/// A key that seals sessions, and its number.
#[derive(Debug)]
pub(super) struct NumberedSessionKey {
    number: u32,
    key: SessionKey,
}

impl Series for SessionKeys {
    type Kept = PrivateKey;
    type Ready = Arc<NumberedSessionKey>;

    const LIFETIME_SECS: u64 = SESSION_SECS_MAX;

    fn range(&self) -> KeyRange {
        KeyRange::all(Tree::SessionKeys)
    }

    fn key(&self, number: u32) -> Key {
        Key::session_key(number)
    }

    fn number(&self, key: &Key) -> Option<u32> {
        key.session_key_number()
    }

    fn ready(&self, core: &Core, number: u32, kept: &PrivateKey) -> Result<Option<Self::Ready>> {
        let key = core.unsealed(number, kept)?;
        Ok(Some(Arc::new(NumberedSessionKey { number, key })))
    }

    fn keep(&self, core: &Core, before: BeforeRead, ready: &Self::Ready) {
        core.keys.keep_session_key(before, ready);
    }

    fn forget(&self, core: &Core) {
        core.keys.forget_session_key();
    }

    fn make(&self, core: &Core, number: u32) -> Result<PrivateKey> {
        let mut bytes = vec![0; SessionKey::LENGTH];
        core.entropy.fill(&mut bytes)?;
        core.keys.seal().seal(&name(number), bytes, &*core.entropy)
    }
}

impl Core {
    /// Lets the embedder's issuer create credentials, or creates them itself.
    pub(super) fn issue(&self, session: &Session) -> Result<Credentials> {
        let Some(issuer) = &self.credential_issuer else {
            let current = self.current_session_key()?;
            return Ok(current.key.issue(current.number, session, &*self.entropy)?);
        };
        let credentials = guarded("credential issuer", || issuer.issue(session))?;
        credentials.map_err(|error| match error {
            CredentialError::Refused => Refusal::PoolConfigurationInvalid.into(),
            CredentialError::Unavailable(cause) => Refusal::CredentialsUnavailable(cause).into(),
        })
    }

    pub(super) fn verify_session(&self, token: &str) -> Result<VerifiedSession> {
        // A malformed token is answered without a read of the store.
        self.store.ensure_open()?;
        let parsed = ParsedSessionToken::parse(token).ok_or(Refusal::SessionInvalid)?;
        let number = parsed.number;
        let kept: Option<Numbered<PrivateKey>> =
            Reads::new(self).record(&Key::session_key(number))?;
        let key = kept.map(|kept| self.unsealed(number, &kept.key)).transpose()?;
        let verified = key.and_then(|key| key.open(parsed)).ok_or(Refusal::SessionInvalid)?;
        if self.now() >= verified.session.expiration {
            return Err(Refusal::SessionExpired.into());
        }
        Ok(verified)
    }

    /// Like [`verify_session`](Self::verify_session), but returns `None` for a token that names no
    /// session key of this engine and so was issued elsewhere.
    pub(super) fn own_session(&self, token: &str) -> Result<Option<VerifiedSession>> {
        match self.verify_session(token) {
            Err(Error::Refused(Refusal::SessionInvalid)) if !self.names_session_key(token)? => {
                Ok(None)
            }
            verified => verified.map(Some),
        }
    }

    /// Returns true if the token names a key that this engine has or had. Key numbers are assigned
    /// in order.
    fn names_session_key(&self, token: &str) -> Result<bool> {
        let Some(parsed) = ParsedSessionToken::parse(token) else { return Ok(false) };
        let last = self.kept_keys(&SessionKeys)?.last().map_or(0, |(number, _)| *number);
        Ok((1..=last).contains(&parsed.number))
    }

    /// The keys that are to be sealed. Fails if a key cannot be opened.
    pub(super) fn session_key_names(&self) -> Result<Vec<(Key, String)>> {
        let mut names = Vec::new();
        for (number, kept) in self.kept_keys(&SessionKeys)? {
            self.unsealed(number, &kept.key)?;
            names.push((Key::session_key(number), name(number)));
        }
        Ok(names)
    }

    pub(super) fn rotate_session_key(&self) -> Result<()> {
        self.add_key(&SessionKeys, Add::Always)
    }

    pub(super) fn unsealed(&self, number: u32, kept: &PrivateKey) -> Result<SessionKey> {
        let bytes = self.keys.seal().unseal(&name(number), kept)?;
        bytes.and_then(|bytes| SessionKey::new(&bytes)).ok_or(UNUSABLE)
    }
}

/// The name that the seal of a key is bound to.
fn name(number: u32) -> String {
    format!("session-{number}")
}

const UNUSABLE: Error = Error::SigningKey("the session key cannot be used");

/// A session ends at a whole second: the service's dates have no fraction there.
pub(super) fn end_of_session(now: Timestamp, secs: u64) -> Timestamp {
    Timestamp::from_millis(now.as_secs().saturating_add(secs).saturating_mul(1_000))
}

/// Runs a part that the embedder has supplied. A panic in it becomes an error of this call only.
pub(super) fn guarded<T>(part: &'static str, run: impl FnOnce() -> T) -> Result<T> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|_| Error::Panicked(part))
}
