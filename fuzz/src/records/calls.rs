//! The operations that read damaged records.

mod journal;

use std::collections::BTreeSet;
use std::sync::Arc;

use cognate::admin::UndoInput;
use cognate::name::{IdentityId, IdentityPoolId, NextToken};
use cognate::operation::{
    DeleteIdentitiesInput, DeleteIdentityPoolInput, DescribeIdentityInput,
    DescribeIdentityPoolInput, GetCredentialsForIdentityInput, GetIdInput,
    GetIdentityPoolRolesInput, GetOpenIdTokenInput, GetPrincipalTagAttributeMapInput, GuestAccess,
    ListIdentitiesInput, ListIdentityPoolsInput, ListTagsForResourceInput,
    LookupDeveloperIdentityInput, MergeDeveloperIdentitiesInput, TagResourceInput,
    UnlinkDeveloperIdentityInput, UnlinkIdentityInput, UntagResourceInput, UpdateIdentityPoolInput,
};
use cognate::store::{Key, Tree, Value};
use cognate::{Developer, Engine, Error, Result};
use uuid::Uuid;

use crate::records::filled::{ELSEWHERE, Filled, OLGA, ROBERT, USERS};
use crate::records::layout::{self, Identity};
use crate::records::watch::Watch;
use crate::scene::{self, ACCOUNT, COGNITO, DEVELOPER, NOW, OIDC_ARN, PUBLIC};

/// A user that the filled store does not have.
const NEW_USER: &str = "round-trip";

pub(super) struct Calls<'a> {
    pub(super) engine: &'a Engine,
    pub(super) store: &'a Arc<Watch>,
    pub(super) filled: &'a Filled,
}

/// The exceptions from the rules for a call that reads a corrupt record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leeway {
    None,
    /// Removes the remains of a pool without reading all of them.
    RemovesUnread,
    /// Makes the key of one region after another. Each is complete by itself.
    WritesPieceByPiece,
}

impl Calls<'_> {
    /// One call. If it is refused, it has written nothing. If it read a corrupt record, it must say
    /// so.
    pub(super) fn call<T>(&self, what: &str, call: impl FnOnce() -> Result<T>) -> Option<T> {
        self.judged(what, Leeway::None, call)
    }

    /// A call that removes the remains of a pool without reading all of them.
    pub(super) fn removing<T>(&self, what: &str, call: impl FnOnce() -> Result<T>) -> Option<T> {
        self.judged(what, Leeway::RemovesUnread, call)
    }

    fn judged<T>(&self, what: &str, leeway: Leeway, call: impl FnOnce() -> Result<T>) -> Option<T> {
        let removes = leeway == Leeway::RemovesUnread;
        self.store.begin(removes);
        let writes = self.store.writes();
        let answer = call();
        let spoiled = if removes { BTreeSet::new() } else { self.store.spoiled() };
        match answer {
            Ok(answer) => {
                assert!(spoiled.is_empty(), "{what}: answered from corrupt records: {spoiled:?}");
                Some(answer)
            }
            Err(Error::Corrupt { .. }) => {
                // INVARIANT I7
                let is_unchanged = self.store.writes() == writes;
                let may_write = leeway != Leeway::None;
                assert!(may_write || is_unchanged, "{what}: reported corruption, but wrote");
                None
            }
            Err(error @ (Error::Refused(_) | Error::SigningKey(_) | Error::CopyUnfinished)) => {
                let are_ignored = !spoiled.is_empty();
                assert!(!are_ignored, "{what}: ignored corrupt records {spoiled:?}: {error}");
                // INVARIANT I7
                assert_eq!(self.store.writes(), writes, "{what}: was refused, but wrote: {error}");
                None
            }
            Err(error) => panic!("{what}: {error}"),
        }
    }

    fn owners(&self) -> [Developer; 2] {
        let (account, region) = (ACCOUNT.parse(), ELSEWHERE.parse());
        let abroad = self.engine.developer(account.expect("an account"), region.expect("a region"));
        [scene::owner(self.engine), abroad]
    }

    /// Every operation that only reads.
    pub(super) fn look(&self) {
        let writes = self.store.writes();
        for aws in self.owners() {
            self.pages("ListIdentityPools", |next| {
                let input = ListIdentityPoolsInput::new(1);
                let input = with_token(input, next, ListIdentityPoolsInput::next_token);
                Ok(aws.list_identity_pools(input)?.next_token)
            });
            for pool in &self.filled.pools {
                self.look_at_pool(&aws, pool);
            }
        }
        let aws = scene::owner(self.engine);
        for id in &self.filled.identities {
            self.call("DescribeIdentity", || aws.describe_identity(DescribeIdentityInput::new(id)));
            self.pages("LookupDeveloperIdentity", |next| {
                let input = LookupDeveloperIdentityInput::new(&self.filled.pools[0]);
                let input = input.identity_id(id).max_results(1);
                let input = with_token(input, next, LookupDeveloperIdentityInput::next_token);
                Ok(aws.lookup_developer_identity(input)?.next_token)
            });
        }
        self.look_at_journal();
        for user in USERS {
            self.call("LookupDeveloperIdentity", || {
                let input = LookupDeveloperIdentityInput::new(&self.filled.pools[0]);
                aws.lookup_developer_identity(input.developer_user_identifier(user))
            });
        }
        self.call("discovery", || self.engine.discovery("http://127.0.0.1"));
        let claims = self.call("verify_token", || self.engine.verify_token(&self.filled.token));
        assert!(claims.is_none_or(|claims| claims == self.filled.claims), "other claims");
        for session in &self.filled.sessions {
            let verified = self.call("verify_session", || self.engine.verify_session(session));
            let guest = &self.filled.identities[4];
            assert!(verified.is_none_or(|verified| verified.session.identity_id == *guest));
        }
        assert_eq!(self.store.writes(), writes, "a reading call wrote");
        // Last, because it makes the keys of regions that have lost theirs.
        self.judged("jwks", Leeway::WritesPieceByPiece, || self.engine.jwks());
    }

    fn look_at_pool(&self, aws: &Developer, pool: &IdentityPoolId) {
        self.call("DescribeIdentityPool", || {
            aws.describe_identity_pool(DescribeIdentityPoolInput::new(pool))
        });
        self.call("GetIdentityPoolRoles", || {
            aws.get_identity_pool_roles(GetIdentityPoolRolesInput::new(pool))
        });
        for provider in [PUBLIC, OIDC_ARN] {
            self.call("GetPrincipalTagAttributeMap", || {
                let input = GetPrincipalTagAttributeMapInput::new(pool, provider);
                aws.get_principal_tag_attribute_map(input)
            });
        }
        self.call("ListTagsForResource", || {
            let input = ListTagsForResourceInput::new(aws.identity_pool_arn(pool));
            aws.list_tags_for_resource(input)
        });
        for hides in [false, true] {
            self.pages("ListIdentities", |next| {
                let input = ListIdentitiesInput::new(pool, 2).hide_disabled(hides);
                let input = with_token(input, next, ListIdentitiesInput::next_token);
                Ok(aws.list_identities(input)?.next_token)
            });
        }
    }

    /// Reads a listing to its end.
    fn pages(&self, what: &str, page: impl Fn(Option<NextToken>) -> Result<Option<NextToken>>) {
        let mut next = None;
        // No list is longer.
        for _ in 0..=self.store.entries().len() + 256 {
            match self.call(what, || page(next.take())) {
                Some(Some(token)) => next = Some(token),
                Some(None) | None => return,
            }
        }
        panic!("{what}: the pages do not end");
    }

    /// Writing and undoing leaves every byte as it was, except for dates and revisions.
    pub(super) fn write_and_take_back(&self) {
        for (aws, pools) in
            self.owners().iter().zip([&self.filled.pools[..2], &self.filled.pools[2..]])
        {
            for pool in pools {
                self.tag_and_untag(aws, pool);
            }
        }
        let aws = scene::owner(self.engine);
        for id in &self.filled.identities {
            self.link_and_unlink(&aws, id);
        }
    }

    fn tag_and_untag(&self, aws: &Developer, pool: &IdentityPoolId) {
        let key = Key::new(Tree::Pools, guid(pool.as_str()));
        let before = self.store.value(&key);
        let arn = aws.identity_pool_arn(pool);
        let tags = || {
            let tags = aws.list_tags_for_resource(ListTagsForResourceInput::new(&arn))?.tags;
            Ok(tags.iter().any(|(key, value)| (key.as_str(), value.as_str()) == (NEW_USER, "tag")))
        };
        if self.call("ListTagsForResource", tags) != Some(false) {
            return;
        }
        let tagged = self.call("TagResource", || {
            aws.tag_resource(TagResourceInput::new(&arn).tags(NEW_USER, "tag"))
        });
        if tagged.is_none() {
            return;
        }
        assert_eq!(self.call("ListTagsForResource", tags), Some(true), "the tag is not there");
        self.call("UntagResource", || {
            aws.untag_resource(UntagResourceInput::new(&arn).tag_keys(NEW_USER))
        })
        .expect("a tag that was just made");
        let before = before.map(as_written_now);
        if before.as_deref().is_some_and(layout::has_settled_attribute_maps) {
            assert_eq!(self.store.value(&key), before.map(changed_twice), "{key} has changed");
        }
    }

    fn link_and_unlink(&self, aws: &Developer, id: &IdentityId) {
        let pool = &self.filled.pools[0];
        let key = self.store.entries().into_iter().map(|(key, _)| key).find(|key| {
            key.tree == Tree::Identities
                && key.bytes.len() == 40
                && key.bytes.starts_with(&guid(pool.as_str()))
                && key.bytes.ends_with(&guid(id.as_str()))
        });
        let Some(key) = key else { return };
        let before = self.store.value(&key).expect("a record");
        let is_plain = Identity::of(&before)
            .is_some_and(|identity| identity.is_authenticated && (1..20).contains(&identity.links));
        let is_linked = before.windows(NEW_USER.len()).any(|bytes| bytes == NEW_USER.as_bytes());
        if !is_plain || is_linked {
            return;
        }
        let linked = self.call("link", || {
            let input = scene::login(pool, NEW_USER).identity_id(id);
            aws.resolve_developer_identity(input)
        });
        if linked.as_ref() != Some(id) || self.store.value(&key).as_ref() == Some(&before) {
            return;
        }
        self.call("UnlinkDeveloperIdentity", || {
            let input = UnlinkDeveloperIdentityInput::new(pool, id, DEVELOPER, NEW_USER);
            aws.unlink_developer_identity(input)
        })
        .expect("a login that was just linked");
        assert_eq!(
            self.store.value(&key),
            Some(changed_twice(touched(before))),
            "{key} has changed"
        );
    }

    /// All other operations that read before they write. At the end, little is left.
    pub(super) fn change(&self) {
        let [aws, abroad] = &self.owners();
        let [pool, second, third] = self.filled.pools.as_slice() else { unreachable!() };
        let ids = &self.filled.identities;
        for user in USERS {
            let made = self.call("GetOpenIdTokenForDeveloperIdentity", || {
                aws.get_open_id_token_for_developer_identity(scene::login(pool, user))
            });
            if let Some(made) = made {
                self.call("verify_token", || self.engine.verify_token(made.token.as_str()));
            }
        }
        self.act_as_clients();
        for event in self.events() {
            self.call("undo", || self.engine.admin().undo(UndoInput::new(&event)));
        }
        self.call("UpdateIdentityPool", || {
            let input = UpdateIdentityPoolInput::new(second, "another", GuestAccess::Allowed);
            aws.update_identity_pool(input)
        });
        self.call("MergeDeveloperIdentities", || {
            let input = MergeDeveloperIdentitiesInput::new(pool, DEVELOPER, USERS[0], USERS[1]);
            aws.merge_developer_identities(input)
        });
        self.call("DeleteIdentities", || {
            aws.delete_identities(DeleteIdentitiesInput::new([&ids[3], &ids[4]]))
        });
        for aws in [aws, abroad] {
            self.call("rotate_signing_key", || self.engine.rotate_signing_key(aws.region()));
        }
        self.call("rotate_session_key", || self.engine.rotate_session_key());
        for (aws, pool) in [(aws, pool), (aws, second), (abroad, third)] {
            self.removing("DeleteIdentityPool", || {
                aws.delete_identity_pool(DeleteIdentityPoolInput::new(pool))
            });
        }
    }

    fn act_as_clients(&self) {
        let (public, ids) = (self.engine.public(), &self.filled.identities);
        let logins = [(PUBLIC, ROBERT), OLGA];
        for (provider, token) in logins {
            self.call("GetId", || {
                public.get_id(GetIdInput::new(&self.filled.pools[0]).logins(provider, token))
            });
        }
        for (id, login) in [(&ids[1], Some(logins[0])), (&ids[3], Some(logins[1])), (&ids[4], None)]
        {
            self.call("GetOpenIdToken", || {
                let input = GetOpenIdTokenInput::new(id);
                public.get_open_id_token(match login {
                    Some((provider, token)) => input.logins(provider, token),
                    None => input,
                })
            });
            self.call("GetCredentialsForIdentity", || {
                let input = GetCredentialsForIdentityInput::new(id);
                public.get_credentials_for_identity(match login {
                    Some((provider, token)) => input.logins(provider, token),
                    None => input,
                })
            });
        }
        self.call("GetCredentialsForIdentity", || {
            let input = GetCredentialsForIdentityInput::new(&ids[0]);
            public.get_credentials_for_identity(input.logins(COGNITO, self.filled.token.as_str()))
        });
        self.call("UnlinkIdentity", || {
            let input = UnlinkIdentityInput::new(&ids[1]).logins(PUBLIC, ROBERT);
            public.unlink_identity(input.logins_to_remove(PUBLIC))
        });
    }
}

/// The input for the page of a token.
fn with_token<I>(input: I, token: Option<NextToken>, set: impl FnOnce(I, NextToken) -> I) -> I {
    match token {
        Some(token) => set(input, token),
        None => input,
    }
}

fn guid(id: &str) -> [u8; 16] {
    let (_, guid) = id.split_once(':').expect("an id");
    Uuid::parse_str(guid).expect("a guid").into_bytes()
}

/// The record of a pool in the current format. The first format had no roles and no attributes:
/// three empty maps. The second had no revision.
fn as_written_now(mut pool: Value) -> Value {
    if let Some(format @ 1) = pool.first_mut() {
        *format = 2;
        pool.extend([0; 3 * 8]);
    }
    if let Some(format @ 2) = pool.first_mut() {
        *format = 3;
        pool.extend([0; 4]);
    }
    pool
}

/// The record of an identity after a change, with its date. The first format had no revision. The
/// third tells the creation too, until the first change.
fn touched(mut identity: Value) -> Value {
    let said = Identity::of(&identity).expect("a record that was read");
    let modified = said.modified.max(NOW.as_millis()).to_le_bytes();
    identity[said.modified_at..][..modified.len()].copy_from_slice(&modified);
    if let Some(format @ 1) = identity.first_mut() {
        *format = 2;
        identity.extend([0; 4]);
    }
    if let Some(format @ 3) = identity.first_mut() {
        *format = 2;
        identity.truncate(said.revision_at + 4);
    }
    identity
}

/// A record that ends in its revision, two revisions later.
fn changed_twice(mut record: Value) -> Value {
    let revision = record.last_chunk_mut().expect("a revision");
    *revision = u32::from_le_bytes(*revision).saturating_add(2).to_le_bytes();
    record
}
