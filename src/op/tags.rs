//! Inputs and outputs of the operations on a pool's tags.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::name::{Arn, TagKey, TagValue};
use crate::op::member;

/// What [`tag_resource`](crate::Developer::tag_resource) takes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TagResourceInput {
    pub(crate) resource_arn: Arn,
    pub(crate) tags: BTreeMap<TagKey, TagValue>,
}

impl TagResourceInput {
    /// A pool by its ARN; its tags are still to be given.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`]
    pub fn new(arn: impl TryInto<Arn, Error: Into<Error>>) -> Result<Self> {
        Ok(Self { resource_arn: member("resourceArn", arn)?, tags: BTreeMap::new() })
    }

    /// A tag.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`]
    pub fn tag(
        mut self,
        key: impl TryInto<TagKey, Error: Into<Error>>,
        value: impl TryInto<TagValue, Error: Into<Error>>,
    ) -> Result<Self> {
        const NAME: &str = "tags";
        self.tags.insert(member(NAME, key)?, member(NAME, value)?);
        Ok(self)
    }
}

/// What [`untag_resource`](crate::Developer::untag_resource) takes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UntagResourceInput {
    pub(crate) resource_arn: Arn,
    pub(crate) tag_keys: Vec<TagKey>,
}

impl UntagResourceInput {
    /// A pool by its ARN; the keys are still to be given.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`]
    pub fn new(arn: impl TryInto<Arn, Error: Into<Error>>) -> Result<Self> {
        Ok(Self { resource_arn: member("resourceArn", arn)?, tag_keys: Vec::new() })
    }

    /// The key of a tag that is to go.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`]
    pub fn tag_key(mut self, key: impl TryInto<TagKey, Error: Into<Error>>) -> Result<Self> {
        self.tag_keys.push(member("tagKeys", key)?);
        Ok(self)
    }
}

/// What [`list_tags_for_resource`](crate::Developer::list_tags_for_resource) takes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListTagsForResourceInput {
    pub(crate) resource_arn: Arn,
}

impl ListTagsForResourceInput {
    /// A pool by its ARN.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`]
    pub fn new(arn: impl TryInto<Arn, Error: Into<Error>>) -> Result<Self> {
        Ok(Self { resource_arn: member("resourceArn", arn)? })
    }
}

/// The tags of a pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct ListTagsForResourceOutput {
    /// By key.
    pub tags: BTreeMap<TagKey, TagValue>,
}
