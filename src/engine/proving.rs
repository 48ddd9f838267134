//! The proof that presented logins give.

use std::rc::Rc;
use std::sync::Arc;

use crate::ambient::Timestamp;
use crate::engine::Core;
use crate::engine::cache::KeptPool;
use crate::engine::gather::Reads;
use crate::engine::sessions::guarded;
use crate::error::{Error, Result};
use crate::id::IdentityId;
use crate::login::{LoginError, Logins, is_of_another_issuer};
use crate::name::{DeveloperUserIdentifier, LoginToken, ProviderName, is_same_provider};
use crate::rules::Refusal;
use crate::rules::claims::Claims;
use crate::rules::provider::{Accepts, TokenKind, token_kind};
use crate::state::{IdentityPool, Login, VerifiedLogin};
use crate::token::claims_to_be_ours;

/// The proof that presented logins give.
#[derive(Debug)]
pub(super) struct Proof {
    /// The logins, in the caller's order.
    pub(super) used: Vec<VerifiedLogin>,
    /// The claims of a token of this service for the authenticated identity.
    pub(super) token: Option<Claims>,
}

impl Proof {
    /// The `amr` of the token of this service.
    pub(super) fn amr(&self) -> Option<&[String]> {
        self.token.as_ref().map(Claims::amr)
    }

    pub(super) fn logins(&self) -> Vec<Login> {
        self.used.iter().map(|login| login.login().clone()).collect()
    }
}

/// Notes how logins were checked, if that will be explained or reviewed.
struct Notes<'a>(Option<&'a mut Vec<Checked>>);

impl Notes<'_> {
    /// Forgets the notes of an earlier attempt.
    fn begin(&mut self) {
        if let Some(notes) = &mut self.0 {
            notes.clear();
        }
    }

    fn note(&mut self, checked: impl FnOnce() -> Checked) {
        if let Some(notes) = &mut self.0 {
            notes.push(checked());
        }
    }

    /// Notes that the login with this index is refused.
    fn refuse(&mut self, index: usize, error: Error) -> Error {
        if let (Some(notes), Error::Refused(refusal)) = (&mut self.0, &error) {
            notes.resize(index, Checked::NotReached);
            notes.push(Checked::Refused(refusal.clone()));
        }
        error
    }
}

/// The logins of one call, with the results of their verification. After a lost race the verifier
/// is not asked again, unless another call has changed the pool.
pub(super) struct Proving<'a> {
    core: &'a Core,
    accepts: Accepts,
    logins: &'a Logins,
    proved: Option<(Arc<KeptPool>, Rc<Proof>)>,
    /// The refusal of logins that were verified before their turn.
    refused: Option<(Arc<KeptPool>, Error)>,
    /// How each login was checked, if that will be explained or reviewed.
    checked: Option<Vec<Checked>>,
}

/// How a login was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Checked {
    Stated(Login),
    Proved(Login),
    /// A token of this service for this identity.
    CognitoToken(IdentityId),
    Refused(Refusal),
    NotReached,
}

impl<'a> Proving<'a> {
    pub(super) fn new(core: &'a Core, accepts: Accepts, logins: &'a Logins) -> Self {
        let checked = core.reviewer.is_some().then(Vec::new);
        Self { core, accepts, logins, proved: None, refused: None, checked }
    }

    /// The logins of a call that will be explained.
    pub(super) fn for_explanation(core: &'a Core, accepts: Accepts, logins: &'a Logins) -> Self {
        Self { checked: Some(Vec::new()), ..Self::new(core, accepts, logins) }
    }

    /// How each login was checked, in the caller's order.
    pub(super) fn checked(&self) -> Vec<(ProviderName, Checked)> {
        let checked = self.checked.iter().flatten().cloned();
        let names = self.logins.iter().map(|(name, _)| name.clone());
        names.zip(checked.chain(std::iter::repeat(Checked::NotReached))).collect()
    }

    /// Verifies the logins for `pool`. A token of this service must be for the given identity.
    pub(super) fn prove(
        &mut self,
        pool: &Arc<KeptPool>,
        given: Option<&IdentityId>,
        now: Timestamp,
    ) -> Result<Rc<Proof>> {
        let is_same =
            |known: &Arc<KeptPool>| Arc::ptr_eq(known, pool) || known.record == pool.record;
        if let Some((known, refusal)) = self.refused.take()
            && is_same(&known)
        {
            return Err(refusal);
        }
        let proof = match self.proved.take() {
            Some((known, proof)) if is_same(&known) => proof,
            _ => {
                let notes = Notes(self.checked.as_mut());
                Rc::new(self.core.prove(pool, (self.accepts, self.logins), (given, now), notes)?)
            }
        };
        self.proved = Some((Arc::clone(pool), Rc::clone(&proof)));
        Ok(proof)
    }

    /// Verifies the logins before their turn, so that the next read of a shared store takes their
    /// owners along. A refusal waits for its turn, a corrupt record does not. An explanation does
    /// not hurry: it tells which logins are reached.
    pub(super) fn prove_ahead(
        &mut self,
        reads: &mut Reads<'_>,
        pool: &Arc<KeptPool>,
        given: Option<&IdentityId>,
        now: Timestamp,
    ) -> Result<()> {
        if self.logins.is_empty() || reads.is_for_explanation || !self.core.is_shared() {
            return Ok(());
        }
        match self.prove(pool, given, now) {
            Ok(proof) => reads.will_read_logins(pool, &proof.logins()),
            Err(corrupt @ Error::Corrupt { .. }) => return Err(corrupt),
            Err(refusal) => self.refused = Some((Arc::clone(pool), refusal)),
        }
        Ok(())
    }

    /// As [`prove_ahead`](Self::prove_ahead), for an identity whose pool is not known yet.
    pub(super) fn prove_ahead_for(
        &mut self,
        reads: &mut Reads<'_>,
        id: &IdentityId,
        now: Timestamp,
    ) -> Result<()> {
        if let Some(pool) = reads.hinted_pool_of(id)? {
            self.prove_ahead(reads, &pool, Some(id), now)?;
        }
        Ok(())
    }
}

impl Core {
    /// First determines the kind of each login, then verifies the tokens in turn.
    fn prove(
        &self,
        pool: &KeptPool,
        (accepts, logins): (Accepts, &Logins),
        (given, now): (Option<&IdentityId>, Timestamp),
        mut notes: Notes<'_>,
    ) -> Result<Proof> {
        notes.begin();
        let mut kinds = Vec::with_capacity(logins.iter().len());
        for (name, token) in logins.iter() {
            let is_ours = || claims_to_be_ours(token.as_str());
            let is_of_another = || is_of_another_issuer(token, name);
            let kind = token_kind(&pool.pool, (accepts, name), is_ours, is_of_another);
            let kind = kind.and_then(|kind| {
                let is_developer = matches!(kind, TokenKind::Developer(_));
                if is_developer { user(token).map(|_| kind) } else { Ok(kind) }
            });
            kinds.push(kind.map_err(|refusal| notes.refuse(kinds.len(), refusal.into()))?);
        }
        let has_developer = kinds.iter().any(|kind| matches!(kind, TokenKind::Developer(_)));
        if accepts == Accepts::Developer && !has_developer {
            return Err(Refusal::DeveloperProviderMissing.into());
        }
        let mut proof = Proof { used: Vec::with_capacity(kinds.len()), token: None };
        for ((kind, (name, token)), index) in kinds.into_iter().zip(logins.iter()).zip(0..) {
            match kind {
                TokenKind::Developer(name) => {
                    let login = VerifiedLogin::developer(name, &user(token)?);
                    notes.note(|| Checked::Stated(login.login().clone()));
                    proof.used.push(login);
                }
                TokenKind::Public => {
                    let verified = self.verify(&pool.pool.settings, name, token, now);
                    let verified = verified.map_err(|error| notes.refuse(index, error))?;
                    notes.note(|| Checked::Proved(verified.login().clone()));
                    // A login presented under both spellings of its provider is used once.
                    if proof.used.iter().all(|used| used.login() != verified.login()) {
                        proof.used.push(verified);
                    }
                }
                TokenKind::Cognito => {
                    let claims = self.claims_for(pool, token, given);
                    let claims = claims.map_err(|error| notes.refuse(index, error))?;
                    notes.note(|| Checked::CognitoToken(claims.identity_id().clone()));
                    // The token of a guest proves no more than the id of the guest.
                    proof.token = Some(claims).filter(Claims::is_authenticated);
                }
            }
        }
        Ok(proof)
    }

    /// The claims of a token of this service, which must be for the given identity.
    fn claims_for(
        &self,
        pool: &KeptPool,
        token: &LoginToken,
        given: Option<&IdentityId>,
    ) -> Result<Claims> {
        let claims = self.verify_token_for(&pool.pool, token.as_str())?;
        let claims = claims.filter(|claims| given == Some(claims.identity_id()));
        Ok(claims.ok_or(Refusal::LoginsDontMatch)?)
    }

    /// Asks the verifier, and checks that its answer is about the presented provider.
    fn verify(
        &self,
        pool: &IdentityPool,
        provider: &ProviderName,
        token: &LoginToken,
        now: Timestamp,
    ) -> Result<VerifiedLogin> {
        let verify = || self.verifier.verify(pool, provider, token, now);
        let verified = guarded("login verifier", verify)?.map_err(refusal)?;
        if is_same_provider(verified.login().provider().as_str(), provider.as_str()) {
            Ok(verified)
        } else {
            Err(Refusal::LoginIssuerMismatch.into())
        }
    }
}

fn user(token: &LoginToken) -> Result<DeveloperUserIdentifier, Refusal> {
    DeveloperUserIdentifier::try_from(token.as_str())
        .map_err(|_| Refusal::DeveloperUserIdentifierTooLong)
}

fn refusal(error: LoginError) -> Refusal {
    match error {
        LoginError::Unavailable(cause) => Refusal::ProviderUnavailable(cause),
        LoginError::Malformed => Refusal::LoginMalformed,
        LoginError::MissingClaim(claim) => Refusal::LoginClaimMissing { claim },
        LoginError::WrongIssuer => Refusal::LoginIssuerMismatch,
        LoginError::BadSignature => Refusal::LoginSignatureInvalid,
        LoginError::NotYetValid => Refusal::LoginNotYetValid,
        LoginError::Expired { now, exp } => Refusal::LoginExpired { now, exp },
        LoginError::WrongAudience => Refusal::ProviderUnsupported,
        LoginError::UnregisteredAudience => Refusal::LoginAudienceIncorrect,
        LoginError::Inactive => Refusal::LoginInactive,
    }
}
