//! Parts of the engine that answer as a row asks.

use std::sync::atomic::{AtomicU8, Ordering};

use cognate::ambient::{Entropy, EntropyError, Timestamp};
use cognate::login::{ClaimValue, LoginError, LoginVerifier, PublicProvider, VerifiedLogin};
use cognate::name::{LoginToken, ProviderName};
use cognate::operation::IdentityPool;

use crate::scene::CLIENT;

/// Random bytes that are the same for both doors.
#[derive(Default)]
pub(crate) struct Counted(AtomicU8);

impl Entropy for Counted {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        bytes.fill_with(|| self.0.fetch_add(1, Ordering::Relaxed));
        Ok(())
    }
}

/// Accepts `user:SUBJECT;NAME=VALUE;…` with claims, `client` and `role`. A value with commas is a
/// list. Other tokens name the error that they cause, or count as malformed.
pub(super) struct Teller;

impl LoginVerifier for Teller {
    fn verify(
        &self,
        pool: &IdentityPool,
        provider: &ProviderName,
        token: &LoginToken,
        now: Timestamp,
    ) -> Result<VerifiedLogin, LoginError> {
        let known = pool.public_provider(provider.as_str());
        let now = now.as_secs();
        let told = match token.as_str() {
            "bad-signature" => return Err(LoginError::BadSignature),
            "expired" => return Err(LoginError::Expired { now, exp: now - 1 }),
            "inactive" => return Err(LoginError::Inactive),
            "no-aud" => return Err(LoginError::MissingClaim("aud")),
            "unavailable" => return Err(LoginError::unavailable("the provider is gone")),
            "wrong-audience" => return Err(LoginError::WrongAudience),
            "wrong-issuer" => return Err(LoginError::WrongIssuer),
            other => other.strip_prefix("user:").ok_or(LoginError::Malformed)?,
        };
        let mut parts = told.split(';');
        let subject = parts.next().unwrap_or_default();
        let mut login =
            VerifiedLogin::assertion(provider, subject).map_err(|_| LoginError::Malformed)?;
        if matches!(known, Some(PublicProvider::UserPool(_))) {
            login = login.client_id(CLIENT);
        }
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            login = match name {
                "client" => login.client_id(value),
                "role" => login.role(value.parse().map_err(|_| LoginError::Malformed)?),
                _ => login.claim(name, claim(value)),
            };
        }
        Ok(login)
    }
}

fn claim(value: &str) -> ClaimValue {
    if value.contains(',') {
        ClaimValue::Many(value.split(',').map(str::to_owned).collect())
    } else {
        value.into()
    }
}
