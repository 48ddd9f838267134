//! Pools, their settings and their tags.

use serde_json::Value;

use crate::testkit::json::Json;
use crate::testkit::model::clause::{
    ANSWERED, ATTRIBUTES_PROVIDER, ATTRIBUTES_UNKNOWN, DEVELOPER_FIXED, DEVELOPER_RESERVED, Judged,
    Refusal, TAGS_ILLEGAL, TOO_MANY_TAGS, exactly, expected, refused,
};
use crate::testkit::model::{Model, PoolState, TAGS_MAX, normal};
use crate::testkit::names::{Account, DeveloperProvider, Pool, Provider};
use crate::testkit::outcome::OperationOutcome;
use crate::testkit::settings::{Attributes, Roles, Settings, Tags};

impl PoolState {
    pub(super) fn described(&self) -> Value {
        let mut described = normal(Settings { tags: None, ..self.settings.clone() }.request());
        if let (Some(members), false) = (described.as_object_mut(), self.tags.is_empty()) {
            members.insert("IdentityPoolTags".to_owned(), self.tags());
        }
        described
    }

    pub(super) fn listed_tags(&self) -> Value {
        let tags = (!self.tags.is_empty()).then(|| ("Tags".to_owned(), self.tags()));
        Value::Object(tags.into_iter().collect())
    }

    fn tags(&self) -> Value {
        let tags = self.tags.iter();
        tags.map(|(key, value)| (format!("tag-{key}"), Value::from(value.to_string()))).collect()
    }

    pub(super) fn has_any_provider(&self) -> bool {
        self.settings.developer.is_some() || !self.settings.providers.is_empty()
    }
}

fn check_settings(settings: &Settings) -> Result<(), Refusal> {
    if settings.developer == Some(DeveloperProvider::Reserved) {
        return Err(DEVELOPER_RESERVED);
    }
    if settings.tags.is_some_and(|tags| !are_legal(tags)) {
        return Err(TAGS_ILLEGAL);
    }
    let many = settings.tags.is_some_and(|tags| tags.numbers().count() > TAGS_MAX);
    if many { Err(TOO_MANY_TAGS) } else { Ok(()) }
}

fn are_legal(tags: Tags) -> bool {
    tags.numbers().all(|number| number < Tags::ILLEGAL)
}

impl Model {
    pub(super) fn create_pool(
        &mut self,
        owner: Account,
        settings: &Settings,
        outcome: &OperationOutcome,
    ) -> Judged {
        if let Err(exception) = check_settings(settings) {
            return refused(exception, outcome);
        }
        let tags = settings.tags.iter().flat_map(|t| t.numbers().map(|n| (n, t.value))).collect();
        let state = PoolState {
            owner,
            settings: settings.clone(),
            tags,
            roles: Roles::default(),
            attributes: std::collections::BTreeMap::new(),
        };
        match outcome {
            OperationOutcome::Pool(pool, described)
                if *described == state.described() && self.past_pools.insert(*pool) =>
            {
                self.pools.insert(*pool, state);
                ANSWERED
            }
            _ => expected(format!("a new pool {}", state.described())),
        }
    }

    pub(super) fn update_pool(
        &mut self,
        caller: Account,
        pool: Pool,
        settings: &Settings,
        outcome: &OperationOutcome,
    ) -> Judged {
        let updated = self.pool_mut(caller, pool).and_then(|state| {
            let known = state.settings.developer;
            if known.is_some() && settings.developer.is_some() && settings.developer != known {
                return Err(DEVELOPER_FIXED);
            }
            check_settings(settings)?;
            if let Some(tags) = settings.tags {
                state.tags = tags.numbers().map(|number| (number, tags.value)).collect();
            }
            state.settings = settings.clone();
            state.settings.developer = settings.developer.or(known);
            state.roles.mappings.retain(|provider, _| settings.has(*provider));
            state.attributes.retain(|provider, _| settings.has(*provider));
            Ok(OperationOutcome::Pool(pool, state.described()))
        });
        exactly(updated, outcome)
    }

    pub(super) fn delete_pool(
        &mut self,
        caller: Account,
        pool: Pool,
        outcome: &OperationOutcome,
    ) -> Judged {
        let deleted = self.pool(caller, pool).map(|_| OperationOutcome::Done);
        if deleted.is_ok() {
            self.pools.remove(&pool);
            // INVARIANT I6
            self.identities.retain(|_, state| state.pool != pool);
            self.settle_cursors();
        }
        exactly(deleted, outcome)
    }

    pub(super) fn tag(
        &mut self,
        caller: Account,
        pool: Pool,
        tags: Tags,
        outcome: &OperationOutcome,
    ) -> Judged {
        let tagged = self.pool_mut(caller, pool).and_then(|state| {
            state.tags.extend(tags.numbers().map(|number| (number, tags.value)));
            if !are_legal(tags) {
                return Err(TAGS_ILLEGAL);
            }
            let fits = state.tags.len() <= TAGS_MAX;
            if fits { Ok(OperationOutcome::Done) } else { Err(TOO_MANY_TAGS) }
        });
        exactly(tagged, outcome)
    }

    pub(super) fn untag(
        &mut self,
        caller: Account,
        pool: Pool,
        tags: Tags,
        outcome: &OperationOutcome,
    ) -> Judged {
        let untagged = self.pool_mut(caller, pool).map(|state| {
            state.tags.retain(|number, _| !tags.numbers().any(|n| n == *number));
            OperationOutcome::Done
        });
        exactly(untagged, outcome)
    }

    pub(super) fn set_attributes(
        &mut self,
        (caller, pool): (Account, Pool),
        provider: Provider,
        attributes: Attributes,
        outcome: &OperationOutcome,
    ) -> Judged {
        let set = self.pool_mut(caller, pool).and_then(|state| {
            if !state.settings.has(provider) {
                return Err(ATTRIBUTES_PROVIDER);
            }
            if attributes.claims().is_empty() {
                state.attributes.remove(&provider);
            } else {
                state.attributes.insert(provider, attributes);
            }
            Ok(OperationOutcome::Settings(told(attributes)))
        });
        exactly(set, outcome)
    }

    pub(super) fn attributes(
        &self,
        caller: Account,
        pool: Pool,
        provider: Provider,
    ) -> Result<OperationOutcome, Refusal> {
        let state = self.pool(caller, pool)?;
        let attributes = state.attributes.get(&provider).copied().ok_or(ATTRIBUTES_UNKNOWN)?;
        Ok(OperationOutcome::Settings(told(attributes)))
    }
}

fn told(attributes: Attributes) -> Value {
    let uses_defaults = ("UseDefaults", Json::Bool(attributes.are_defaults()));
    normal(vec![uses_defaults, ("PrincipalTags", attributes.map())])
}
