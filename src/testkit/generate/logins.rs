//! Random logins, and the operations that present them.

use arbitrary::Result;

use crate::testkit::generate::Source;
use crate::testkit::names::{
    Caller, IdToken, Identity, Pool, Presented, Provider, Role, Spelling, Token, User,
};
use crate::testkit::operation::Operation;
use crate::testkit::settings::Settings;

impl Source<'_> {
    fn id_token(&mut self) -> Result<IdToken> {
        let byte = self.byte()?;
        Ok(match byte {
            0..=143 => IdToken::Genuine,
            144..=219 => IdToken::Refreshed,
            220..=239 => IdToken::OtherSlash,
            240..=241 => IdToken::Expired,
            242..=243 => IdToken::Forged,
            244..=247 => IdToken::ForAnotherClient,
            248..=249 => IdToken::OfAnotherIssuer,
            250..=251 => IdToken::TwoSlashes,
            252..=253 => IdToken::WithoutSubject,
            254..=255 => IdToken::Garbage,
        })
    }

    fn public_login(&mut self) -> Result<Presented> {
        let (provider, subject) = (self.provider()?, self.one_of(&[0, 1, 2, 0, 0, 1, 2, 0])?);
        let (token, spelling) = (self.id_token()?, self.byte()?);
        let spelling = match spelling {
            0..=215 => return Ok(Presented::Public(provider, subject, token)),
            216..=243 => Spelling::Slash,
            // It is unknown whether that is the name of a user pool.
            244..=249 if provider != Provider::UserPool => Spelling::TwoSlashes,
            244..=255 => Spelling::Wrong,
        };
        Ok(Presented::Spelled(spelling, provider, subject, token))
    }

    /// A token of the service, often of an identity that has another login of the call.
    fn own_token(&mut self) -> Result<Token> {
        let byte = self.byte()?;
        Ok(if byte < 192 { Token::OF_LOGINS } else { Token(byte.into()) })
    }

    /// None to three logins, for an operation without credentials.
    fn logins(&mut self) -> Result<Vec<Presented>> {
        let mut logins = Vec::new();
        for _ in 0..self.one_of(&[1, 0, 1, 2, 1, 0, 3, 2])? {
            let login = match self.byte()? {
                0..=223 => self.public_login()?,
                224..=239 => Presented::Cognito(self.own_token()?),
                240..=243 => Presented::Tampered(self.own_token()?),
                244..=247 => Presented::Abroad(self.own_token()?),
                248..=251 => Presented::User(self.developer_provider()?, self.user()?),
                252..=255 => Presented::Saml,
            };
            // Often adds the same user under another key, or another user of the provider.
            if let (Presented::Spelled(Spelling::Slash, provider, subject, token), true) =
                (login, self.rarely(4)?)
            {
                let subject = if self.rarely(2)? { 0 } else { subject };
                logins.push(Presented::Public(provider, subject, token));
            }
            logins.push(login);
        }
        Ok(logins)
    }

    /// Logins whose first one usually belongs to an identity.
    fn linked_logins(&mut self) -> Result<Vec<Presented>> {
        let mut logins = self.logins()?;
        if let Some(Presented::Public(_, subject, _)) = logins.first_mut()
            && !self.rarely(3)?
        {
            *subject = Presented::LINKED;
        }
        Ok(logins)
    }

    /// Logins that more often include a token of the service.
    fn proofs(&mut self) -> Result<Vec<Presented>> {
        let token = self.own_token()?;
        let mut logins = self.linked_logins()?;
        match self.below(8)? {
            0..=2 => {}
            3..=5 => logins.insert(0, Presented::Cognito(token)),
            _ => logins.push(Presented::Cognito(token)),
        }
        Ok(logins)
    }

    pub(super) fn get_id(&mut self) -> Result<Operation> {
        let (pool, logins) = (self.pool()?, self.logins()?);
        let account = match self.byte()? {
            0..=191 => None,
            192..=247 => Some(0),
            248..=255 => Some(1),
        };
        Ok(Operation::GetId { pool, account, logins })
    }

    pub(super) fn token(&mut self) -> Result<Operation> {
        let (identity, mut logins) = (self.identity()?, self.linked_logins()?);
        if self.rarely(6)? {
            logins.push(Presented::Saml);
        }
        Ok(Operation::GetOpenIdToken { identity, logins })
    }

    pub(super) fn credentials(&mut self) -> Result<Operation> {
        let identity = if self.rarely(3)? { self.identity()? } else { Identity::OF_LOGINS };
        let (logins, asks) = (self.proofs()?, self.below(5)? > 1);
        let roles =
            [Role::Boss, Role::Player, Role::Boss, Role::Moderator, Role::Boss, Role::Guest];
        let custom_role = asks.then(|| self.one_of(&roles)).transpose()?;
        Ok(Operation::GetCredentialsForIdentity { identity, logins, custom_role })
    }

    pub(super) fn unlink(&mut self) -> Result<Operation> {
        let (identity, logins) = (self.identity()?, self.proofs()?);
        let bits = self.byte()?;
        let mut providers = Provider::ALL.to_vec();
        providers.retain(|provider| bits >> (*provider as u8) & 1 == 0);
        let developer = self.rarely(16)?;
        Ok(Operation::UnlinkIdentity { identity, logins, providers, developer })
    }

    /// Often a developer user who has a public login too, and another such user at another
    /// provider. Rarely the first one has 19 to 21 logins, if that many fit.
    pub(super) fn first_logins(
        &mut self,
        caller: Caller,
        settings: &Settings,
    ) -> Result<Vec<Operation>> {
        let (first, second) = (self.provider()?, self.provider()?);
        let (subject, is_there) = (self.one_of(&[2, 0, 2, 1])?, !self.rarely(4)?);
        let (is_second, is_full) = (self.below(4)? < 3, self.rarely(16)?);
        let Some(developer) = settings.developer.filter(|_| is_there && settings.has(first)) else {
            return Ok(Vec::new());
        };
        let user = |provider, number| {
            let public = Presented::Public(provider, subject, IdToken::Genuine);
            Operation::GetOpenIdTokenForDeveloperIdentity {
                caller,
                pool: Pool(0),
                identity: None,
                logins: vec![public, Presented::User(developer, User(number))],
                principal_tags: Vec::new(),
                duration_secs: Some(86_400),
            }
        };
        let mut users = vec![user(first, 0)];
        if is_second && second != first && settings.has(second) {
            users.push(user(second, 1));
        }
        if is_full {
            let last = self.one_of(&[19, 18, 19, 20])?;
            users.extend((2..=last).map(|number| user(first, number)));
        }
        Ok(users)
    }

    pub(super) fn developer_token(&mut self) -> Result<Operation> {
        let (caller, pool) = self.owned_pool()?;
        let mut logins = Vec::new();
        if !self.rarely(24)? {
            logins.push(Presented::User(self.developer_provider()?, self.user()?));
        }
        let given = self.byte()?;
        let identity = (given % 3 == 1).then(|| self.identity()).transpose()?;
        for _ in 0..self.one_of(&[0, 1, 0, 2, 1, 1, 0, 0])? {
            let login = self.public_login()?;
            let place = if self.byte()? % 2 == 0 { logins.len() } else { 0 };
            logins.insert(place, login);
        }
        let duration_secs = match self.byte()? {
            0..=159 => None,
            160..=239 => Some(i64::from(self.byte()?).saturating_add(1)),
            240..=247 => Some(86_400),
            248..=251 => Some(0),
            252..=255 => Some(86_401),
        };
        let mut principal_tags = Vec::new();
        if self.rarely(4)? {
            principal_tags.push(("user".to_owned(), format!("tag {}", self.below(3)?)));
        }
        Ok(Operation::GetOpenIdTokenForDeveloperIdentity {
            caller,
            pool,
            identity,
            logins,
            principal_tags,
            duration_secs,
        })
    }
}
