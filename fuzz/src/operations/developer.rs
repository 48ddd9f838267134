//! What the owner of the pool does.

use std::collections::BTreeMap;

use cognate::{
    DeleteIdentitiesInput, ErrorKind, GetOpenIdTokenForDeveloperIdentityInput, IdentityId,
    ListIdentitiesInput, LookupDeveloperIdentityInput, MergeDeveloperIdentitiesInput, ProviderName,
    Result, UnlinkDeveloperIdentityInput,
};

use crate::operations::memory::Asked;
use crate::operations::names::{Login, Logins, Page, User, Which};
use crate::operations::{World, is_shown};
use crate::scene::{self, DEVELOPER};

impl World {
    pub(super) fn register(&mut self, user: User) -> Result<()> {
        let id = self.aws.resolve_developer_identity(&scene::login(&self.pool, &user.name())?);
        let id = id.expect("without an identity nobody is refused");
        let logins = [Login::User(user)];
        self.memory.answered(&Asked { given: None, logins: &logins, is_opened: false }, &id);
        Ok(())
    }

    pub(super) fn developer_token(&mut self, user: User, logins: Logins) -> Result<()> {
        let mut input = scene::login(&self.pool, &user.name())?;
        let mut own_tag = BTreeMap::new();
        if user.has_tag() {
            input = input.principal_tag("user", "backend")?;
            own_tag.insert("user".to_owned(), "backend".to_owned());
        }
        let input = logins.present(Ok(input), GetOpenIdTokenForDeveloperIdentityInput::login)?;
        let answer = self.aws.get_open_id_token_for_developer_identity(input)?;

        assert!(!logins.are_forged(), "a forged token was accepted");
        let logins: Vec<_> = [Login::User(user)].into_iter().chain(logins.all()).collect();
        let asked = Asked { given: None, logins: &logins, is_opened: false };
        self.memory.answered(&asked, &answer.identity_id);
        self.look_at(&answer.identity_id);
        let mut tags = self.memory.tags_of(&logins);
        tags.extend(own_tag);
        self.keep_token(answer.token, &answer.identity_id, &logins, &tags);
        Ok(())
    }

    pub(super) fn register_with(&mut self, user: User, which: Which) -> Result<()> {
        let given = self.memory.identity(which);
        let input = scene::login(&self.pool, &user.name())?.identity_id(&given)?;
        let known = self.memory.identity_of.get(&Login::User(user)).cloned();
        match self.aws.resolve_developer_identity(&input) {
            Ok(id) => {
                assert_eq!(id, given, "{user:?} was linked to another identity");
                assert!(known.as_ref().is_none_or(|known| *known == id), "{user:?} has {known:?}");
                let logins = [Login::User(user)];
                // The id is enough for a user whom nobody has.
                let asked =
                    Asked { given: Some(&given), logins: &logins, is_opened: known.is_none() };
                self.memory.answered(&asked, &id);
                self.look_at(&id);
                Ok(())
            }
            Err(error) => {
                let elsewhere = known.is_some_and(|known| known != given);
                let refused = error.kind() == ErrorKind::DeveloperUserAlreadyRegistered;
                let there = self.memory.state(&given).is_some();
                assert_eq!(refused, elsewhere && there, "{user:?}: {error}");
                Err(error)
            }
        }
    }

    pub(super) fn merge(&mut self, source: User, destination: User) -> Result<()> {
        let (from, into) = (source.name(), destination.name());
        let input = MergeDeveloperIdentitiesInput::new(&self.pool, DEVELOPER, from, into)?;
        let merged = self.aws.merge_developer_identities(input)?.identity_id;
        let [source, destination] =
            [source, destination].map(|user| self.memory.identity_of[&Login::User(user)].clone());
        assert_eq!(merged, destination, "the destination's identity has the logins of both");
        for id in self.memory.identity_of.values_mut().filter(|id| **id == source) {
            id.clone_from(&merged);
        }
        for id in [source, destination] {
            self.look_at(&id);
        }
        Ok(())
    }

    pub(super) fn unlink_developer(&mut self, user: User, which: Which) -> Result<()> {
        let id = self.memory.identity(which);
        let input = UnlinkDeveloperIdentityInput::new(&self.pool, &id, DEVELOPER, user.name())?;
        self.aws.unlink_developer_identity(input)?;
        let known = self.memory.identity_of.remove(&Login::User(user));
        assert_eq!(known.as_ref(), Some(&id), "{user:?} had another identity");
        self.look_at(&id);
        Ok(())
    }

    pub(super) fn lookup_user(&mut self, user: User) -> Result<()> {
        let found = self.owner(Login::User(user));
        let known = self.memory.identity_of.get(&Login::User(user));
        assert_eq!(found.as_ref().ok(), known, "{user:?}");
        found.map(drop)
    }

    pub(super) fn lookup_both(&mut self, user: User, which: Which) -> Result<()> {
        let id = self.memory.identity(which);
        let input = LookupDeveloperIdentityInput::new(&self.pool)?
            .identity_id(&id)?
            .developer_user_identifier(user.name())?;
        let found = self.aws.lookup_developer_identity(input);
        let known = self.memory.identity_of.get(&Login::User(user));
        assert_eq!(found.is_ok(), known == Some(&id), "{user:?} and {id}");
        found.map(drop)
    }

    /// All pages together name the identity's users, each once.
    pub(super) fn lookup_identity(&mut self, which: Which, page: Page) -> Result<()> {
        let id = self.memory.identity(which);
        let input = LookupDeveloperIdentityInput::new(&self.pool)?.identity_id(&id)?;
        let mut page =
            self.aws.lookup_developer_identity(input.clone().max_results(page.size())?)?;
        let mut found = Vec::new();
        loop {
            found.extend(page.developer_user_identifier_list);
            let Some(token) = page.next_token else { break };
            page = self.aws.lookup_developer_identity(input.clone().next_token(token)?)?;
        }
        let mut found: Vec<String> = found.iter().map(|user| user.as_str().to_owned()).collect();
        found.sort_unstable();
        let known = self.memory.logins_of(&id).filter_map(|login| match login {
            Login::User(user) => Some(user.name()),
            Login::Public(..) => None,
        });
        let mut known: Vec<String> = known.collect();
        known.sort_unstable();
        assert_eq!(found, known, "{id}");
        Ok(())
    }

    pub(super) fn delete(&mut self, which: [Which; 2]) -> Result<()> {
        let ids = which.map(|which| self.memory.identity(which));
        let left = self.aws.delete_identities(DeleteIdentitiesInput::new(&ids)?)?;
        assert!(left.unprocessed_identity_ids.is_empty(), "all of them are the caller's");
        self.memory.identity_of.retain(|_, of| !ids.contains(of));
        self.memory.deleted.extend(ids);
        Ok(())
    }

    /// All pages together name every identity once, in the order of creation.
    pub(super) fn list(&mut self, page: Page, hide_disabled: bool) -> Result<()> {
        let input = ListIdentitiesInput::new(&self.pool, page.size())?.hide_disabled(hide_disabled);
        let mut page = self.aws.list_identities(input.clone())?;
        let mut listed = Vec::new();
        loop {
            listed.extend(page.identities);
            let Some(token) = page.next_token else { break };
            page = self.aws.list_identities(input.clone().next_token(token)?)?;
        }
        assert!(listed.is_sorted_by_key(|identity| identity.creation_date), "in order");
        for identity in &listed {
            let id = &identity.identity_id;
            assert_eq!(Some(identity.state), self.memory.state(id), "{id}");
            let providers: Vec<_> = identity.logins.iter().map(ProviderName::as_str).collect();
            assert_eq!(providers, self.memory.providers(id), "{id}");
        }
        let mut found: Vec<_> = listed.into_iter().map(|identity| identity.identity_id).collect();
        found.sort_unstable();
        let is_listed = |id: &&IdentityId| {
            let state = self.memory.state(id);
            state.is_some_and(|state| !hide_disabled || is_shown(state))
        };
        let mut there: Vec<_> = self.memory.seen.iter().filter(is_listed).cloned().collect();
        there.sort_unstable();
        assert_eq!(found, there, "every identity once");
        Ok(())
    }
}
