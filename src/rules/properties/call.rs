//! Calls over worlds: gathering the records like an engine, applying the rule, checking the result.

use crate::id::IdentityId;
use crate::name::ProviderName;
use crate::rules::link::{OpenedBy, Resolution, resolve};
use crate::rules::properties::world::{NOW, World, amr, id, login, logins, name, pool};
use crate::rules::rule::AppliedRule;
use crate::rules::{Change, Decided, Effect, Refusal, developer, public};
use crate::state::Identity;

/// A call. Its identities and logins are spelled as in a [`World`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Call {
    /// Presents logins, with or without an identity.
    Present {
        given: Option<String>,
        proof: OpenedWith,
        logins: String,
    },
    /// Merges the identities of two developer users.
    Merge {
        source: String,
        destination: String,
    },
    UnlinkDeveloper {
        identity: String,
        user: String,
    },
    /// Unlinks users of `providers`. The proof is a login of the identity, or a token for `token`.
    UnlinkPublic {
        identity: String,
        logins: String,
        token: String,
        providers: String,
    },
    Delete {
        identity: String,
    },
}

/// The proof for a given identity, beside its logins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OpenedWith {
    Login,
    Id,
    /// A token for these logins.
    Token(String),
}

impl Call {
    pub(crate) fn present(given: &str, proof: OpenedWith, logins: &str) -> Self {
        let given = (given != "-").then(|| given.to_owned());
        Self::Present { given, proof, logins: logins.to_owned() }
    }

    /// Passes on the input of the resolution, if logins are presented.
    fn resolution<T>(
        &self,
        world: &World,
        receive: impl FnOnce(Resolution<'_>) -> T,
    ) -> Result<T, Refusal> {
        let Self::Present { given, proof, logins: presented } = self else {
            panic!("{self:?} presents no logins");
        };
        let given = given.as_ref().map(|given| world.known(given)).transpose()?;
        let (pool, logins) = (pool(), logins(presented));
        let owners = world.owners(&logins);
        let token = if let OpenedWith::Token(token) = proof { amr(token) } else { Vec::new() };
        let opened_by = match proof {
            OpenedWith::Login => OpenedBy::Login,
            OpenedWith::Id => OpenedBy::Id,
            OpenedWith::Token(_) => OpenedBy::Token(&token),
        };
        let (logins, owners) = (&logins, &owners);
        Ok(receive(Resolution { pool: &pool, given, opened_by, logins, owners }))
    }

    /// The rule that decides the presented logins, unless the given identity is missing.
    pub(crate) fn rule(&self, world: &World) -> Option<AppliedRule> {
        self.resolution(world, |resolution| resolution.rule()).ok()
    }

    fn decide(
        &self,
        world: &World,
        fresh: IdentityId,
    ) -> Result<Decided<Option<IdentityId>>, Refusal> {
        match self {
            Self::Present { .. } => {
                let decided = self.resolution(world, |resolution| resolve(resolution, fresh, NOW));
                Ok(decided??.map(Some))
            }
            Self::Merge { source, destination } => {
                let (from, to) = (world.owner(source), world.owner(destination));
                let (source, destination) = (source.parse().unwrap(), destination.parse().unwrap());
                let merged = developer::merge((&source, from), (&destination, to), NOW)?;
                Ok(merged.map(Some))
            }
            Self::UnlinkDeveloper { identity, user } => {
                let registered = world.owner(user).is_some();
                let login = login(&format!("d:{user}"));
                let unlinked = developer::unlink(world.known(identity)?, &login, registered, NOW)?;
                Ok(unlinked.map(|()| None))
            }
            Self::UnlinkPublic { identity, logins: proved, token, providers } => {
                let names = providers.split(',').filter(|name| !name.is_empty());
                let names: Vec<ProviderName> = names.map(|name| name.parse().unwrap()).collect();
                public::check_removal(&pool(), &names)?;
                let token = (!token.is_empty()).then(|| amr(token));
                let before = world.known(identity)?;
                let unlinked =
                    public::unlink(before, &logins(proved), token.as_deref(), &names, NOW)?;
                Ok(unlinked.map(|()| None))
            }
            Self::Delete { identity } => {
                let deleted = Change::Delete(world.known(identity)?.clone());
                Ok(Decided { effects: vec![Effect::Identity(deleted)], output: None })
            }
        }
    }
}

impl World {
    fn known(&self, identity: &str) -> Result<&Identity, Refusal> {
        let id = id(identity);
        self.get(&id).ok_or(Refusal::IdentityNotFound { identity_id: id })
    }

    /// Applies a call and asserts the invariants of the resulting world.
    pub(crate) fn call(
        &mut self,
        call: &Call,
        fresh: IdentityId,
    ) -> Result<Option<IdentityId>, Refusal> {
        let Decided { effects, output } = call.decide(self, fresh)?;
        let before = self.clone();
        self.apply(effects);
        self.assert_invariants();
        self.assert_follows(&before);
        Ok(output)
    }
}

/// The outcome of a call: the identity and the resulting world, or the refusal. A new identity is
/// N.
pub(crate) fn outcome(world: &str, call: &Call) -> String {
    let mut world = World::parse(world);
    match world.call(call, id("N")) {
        Ok(identity) => {
            let identity = identity.map_or("-".to_owned(), |identity| name(&identity));
            format!("{identity} | {}", world.print())
        }
        Err(refusal) => format!("! {refusal}"),
    }
}
