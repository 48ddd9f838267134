//! What a client does by itself.

use std::collections::BTreeMap;

use cognate::{
    Claims, Credentials, GetCredentialsForIdentityInput, GetIdInput, GetOpenIdTokenInput,
    IdentityId, IdentityState, OpenIdToken, PrincipalTags, Result, UnlinkIdentityInput,
};

use crate::operations::World;
use crate::operations::memory::{Asked, Memory};
use crate::operations::names::{Held, Login, Logins, Providers, Which};
use crate::operations::pool::BOSS;
use crate::scene::{COGNITO, DEVELOPER};

impl World {
    pub(super) fn get_id(&mut self, logins: Logins) -> Result<()> {
        let input = logins.present(GetIdInput::new(&self.pool), GetIdInput::login)?;
        let id = self.engine.public().get_id(input)?.identity_id;
        self.answered(None, logins, false, &id);
        Ok(())
    }

    pub(super) fn token(&mut self, which: Which, logins: Logins) -> Result<()> {
        let given = self.memory.identity(which);
        let input = GetOpenIdTokenInput::new(&given);
        let input = logins.present(input, GetOpenIdTokenInput::login)?;
        let answer = self.engine.public().get_open_id_token(input)?;
        assert!(!self.memory.roles.has_mappings(), "a classic token, in spite of role mappings");
        self.answered(Some(&given), logins, false, &answer.identity_id);
        let tags = self.memory.tags_of(&logins.all());
        self.keep_token(answer.token, &answer.identity_id, &logins.all(), &tags);
        Ok(())
    }

    pub(super) fn credentials(
        &mut self,
        which: Which,
        logins: Logins,
        held: Held,
        custom: bool,
    ) -> Result<()> {
        type Input = GetCredentialsForIdentityInput;
        let given = self.memory.identity(which);
        let mut input = logins.present(Input::new(&given), Input::login)?;
        let held = held.of(&self.memory.tokens).cloned();
        if let Some((token, _)) = &held {
            input = input.login(COGNITO, token.as_str())?;
        }
        if custom {
            input = input.custom_role_arn(BOSS)?;
        }
        let asked_at = self.now();
        let answer = self.engine.public().get_credentials_for_identity(input)?;

        let claims = opened_by(&given, held.as_ref(), asked_at.as_secs());
        let named = self.memory.named(&self.pool, &given, claims.as_ref());
        self.answered(Some(&given), logins, !named.is_empty(), &answer.identity_id);
        let session = self.session(&answer.credentials);
        assert_eq!(session.identity_id, answer.identity_id);
        assert!(session.expiration > asked_at, "it is over");

        let is_guest = claims.is_none() && logins.logins().is_empty();
        let role = self.memory.roles.role(&named, &logins.logins(), is_guest, custom);
        assert_eq!(Some(session.role_arn.as_str()), role, "{:?} {logins:?}", self.memory.roles);
        let mut used = named.clone();
        used.extend(logins.all().into_iter().filter(|login| !named.contains(login)));
        assert_eq!(session.amr, Memory::amr(&self.pool, &used));
        let mut tags = self.memory.tags_of(&logins.all());
        if let Some(claims) = claims.filter(|_| !named.is_empty()) {
            tags.extend(texts(claims.principal_tags()));
        }
        assert_eq!(texts(&session.principal_tags), tags);
        Ok(())
    }

    pub(super) fn unlink(
        &mut self,
        which: Which,
        logins: Logins,
        held: Held,
        from: Providers,
    ) -> Result<()> {
        type Input = UnlinkIdentityInput;
        let given = self.memory.identity(which);
        let mut input = logins.present(Input::new(&given), Input::login)?;
        let held = held.of(&self.memory.tokens).cloned();
        if let Some((token, _)) = &held {
            input = input.login(COGNITO, token.as_str())?;
        }
        for provider in from.public() {
            input = input.login_to_remove(provider.name())?;
        }
        if from.has_developer() {
            input = input.login_to_remove(DEVELOPER)?;
        }
        let asked_at = self.now();
        self.engine.public().unlink_identity(input)?;

        assert!(!from.has_developer(), "a user was unlinked without the owner of the pool");
        assert!(!logins.are_forged(), "a forged token was accepted");
        assert_eq!(self.memory.state(&given), Some(IdentityState::Authenticated), "{given}");
        let claims = opened_by(&given, held.as_ref(), asked_at.as_secs());
        let named = self.memory.named(&self.pool, &given, claims.as_ref());
        let mut logins = logins.all().into_iter();
        let has_one = logins.any(|login| self.memory.identity_of.get(&login) == Some(&given));
        assert!(has_one || !named.is_empty(), "{given} was not opened");
        self.memory.identity_of.retain(|login, of| {
            let named =
                from.public().any(|from| matches!(login, Login::Public(p, _) if *p == from));
            *of != given || !named
        });
        self.look_at(&given);
        Ok(())
    }

    /// A client was answered `id`.
    fn answered(
        &mut self,
        given: Option<&IdentityId>,
        logins: Logins,
        is_opened: bool,
        id: &IdentityId,
    ) {
        assert!(!logins.are_forged(), "a forged token was accepted");
        self.memory.answered(&Asked { given, logins: &logins.all(), is_opened }, id);
        self.look_at(id);
        if let Some(given) = given {
            self.look_at(given);
        }
    }

    /// Verifies a token that was handed out for `logins`, and keeps it.
    pub(super) fn keep_token(
        &mut self,
        token: OpenIdToken,
        id: &IdentityId,
        logins: &[Login],
        tags: &BTreeMap<String, String>,
    ) {
        let claims = self.engine.verify_token(token.as_str()).expect("a token of its own");
        assert_eq!((claims.identity_id(), claims.identity_pool_id()), (id, &self.pool));
        assert_eq!(claims.amr(), Memory::amr(&self.pool, logins));
        assert_eq!(texts(claims.principal_tags()), *tags);
        self.memory.tokens.push((token, claims));
    }

    fn session(&self, credentials: &Credentials) -> cognate::Session {
        let verified = self.engine.verify_session(credentials.session_token.as_str());
        let verified = verified.expect("a session of its own");
        assert_eq!(verified.access_key_id, credentials.access_key_id);
        assert_eq!(verified.secret_key, credentials.secret_key);
        assert_eq!(verified.session.expiration, credentials.expiration);
        assert_eq!(verified.session.identity_pool_id, self.pool);
        verified.session
    }
}

/// What a token that was presented, and accepted, says of the authenticated `given`.
fn opened_by(
    given: &IdentityId,
    held: Option<&(OpenIdToken, Claims)>,
    now_secs: u64,
) -> Option<Claims> {
    let (_, claims) = held?;
    assert_eq!(claims.identity_id(), given, "a token for another identity was accepted");
    assert!(claims.expires_at() > now_secs, "a token was accepted after its end");
    Some(claims.clone()).filter(Claims::is_authenticated)
}

fn texts(tags: &PrincipalTags) -> BTreeMap<String, String> {
    tags.iter().map(|(key, value)| (key.as_str().to_owned(), value.as_str().to_owned())).collect()
}
