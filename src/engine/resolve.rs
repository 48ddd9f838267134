//! From logins as they are presented to the identity that they mean.

use crate::ambient::Timestamp;
use crate::engine::Core;
use crate::engine::cache::KeptPool;
use crate::engine::gather::Reads;
use crate::error::Result;
use crate::id::IdentityId;
use crate::login::{LoginError, Logins};
use crate::name::{DeveloperUserIdentifier, LoginToken, ProviderName};
use crate::rules::link::{self, DeveloperLinking, Resolution};
use crate::rules::pool::{Provider, provider};
use crate::rules::{Decided, Refusal};
use crate::state::{Identity, IdentityPool, Login, VerifiedLogin};

impl Core {
    /// Verifies presented logins: first what each stands for, then the tokens, each in turn.
    pub(super) fn prove(
        &self,
        pool: &KeptPool,
        logins: &Logins,
        now: Timestamp,
    ) -> Result<Vec<VerifiedLogin>> {
        let mut developers = Vec::with_capacity(logins.iter().len());
        for (name, token) in logins.iter() {
            developers.push(match provider(&pool.pool, name)? {
                Provider::Developer(name) => {
                    let user = DeveloperUserIdentifier::try_from(token.as_str())
                        .map_err(|_| Refusal::DeveloperUserIdentifierTooLong)?;
                    Some(VerifiedLogin::developer(name, &user))
                }
                Provider::Public => None,
            });
        }
        if developers.iter().all(Option::is_none) {
            return Err(Refusal::DeveloperProviderMissing.into());
        }
        let settings = &pool.pool.settings;
        let proved = developers.into_iter().zip(logins.iter());
        let proved = proved.map(|(developer, (name, token))| {
            developer.map_or_else(|| self.verify(settings, name, token, now), Ok)
        });
        proved.collect()
    }

    /// Asks the verifier, whose answer has to be about what it was asked.
    fn verify(
        &self,
        pool: &IdentityPool,
        provider: &ProviderName,
        token: &LoginToken,
        now: Timestamp,
    ) -> Result<VerifiedLogin> {
        let verified = self.verifier.verify(pool, provider, token, now).map_err(refusal)?;
        if verified.login().provider() == provider {
            Ok(verified)
        } else {
            Err(Refusal::LoginIssuerMismatch.into())
        }
    }

    /// Finds the identity of proved logins, or decides what it is to be.
    pub(super) fn resolve(
        &self,
        reads: &mut Reads<'_>,
        pool: &KeptPool,
        given: Option<&Identity>,
        used: &[VerifiedLogin],
        now: Timestamp,
    ) -> Result<Decided<IdentityId>> {
        let logins: Vec<Login> = used.iter().map(|login| login.login().clone()).collect();
        let owners = reads.owners(pool, &logins)?;
        if given.is_none()
            && let Some(place) = link::settled(&owners)
        {
            return Ok(Decided::answer(IdentityId::new(&pool.pool.region, place.guid)));
        }
        let owners = reads.identities_at(pool, owners.into_iter().flatten())?;
        let fresh = IdentityId::new(&pool.pool.region, self.fresh_guid()?);
        let resolution = Resolution {
            pool: &pool.pool,
            given,
            given_is_proof: self.developer_linking == DeveloperLinking::ByIdentityId,
            logins: &logins,
            owners: &owners,
        };
        Ok(link::resolve(resolution, fresh, now)?)
    }
}

fn refusal(error: LoginError) -> Refusal {
    match error {
        LoginError::Unavailable => Refusal::ProviderUnavailable,
        LoginError::Malformed => Refusal::LoginMalformed,
        LoginError::MissingClaim(claim) => Refusal::LoginClaimMissing { claim },
        LoginError::WrongIssuer => Refusal::LoginIssuerMismatch,
        LoginError::BadSignature => Refusal::LoginSignatureInvalid,
        LoginError::NotYetValid => Refusal::LoginNotYetValid,
        LoginError::Expired { now, exp } => Refusal::LoginExpired { now, exp },
        LoginError::WrongAudience => Refusal::ProviderUnsupported,
        LoginError::Inactive => Refusal::LoginInactive,
    }
}
