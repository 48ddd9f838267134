//! Inputs and outputs of the operations on a pool's tags.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::name::{Arn, TagKey, TagValue};
use crate::operation::input::{Given, input};

input! {
    /// Input of [`tag_resource`](crate::Developer::tag_resource).
    TagResourceInput => TagResource
    /// Adds tags to the pool with this ARN.
    fn new(resource_arn: Arn)
    {
        /// The ARN of the pool.
        "ResourceArn", resource_arn, get_resource_arn: Arn, required;

        /// A tag to add.
        "Tags", tags, get_tags: {BTreeMap<TagKey, TagValue>: TagKey => TagValue}, required;
    }
}

input! {
    /// Input of [`untag_resource`](crate::Developer::untag_resource).
    UntagResourceInput => UntagResource
    /// Removes tags from the pool with this ARN.
    fn new(resource_arn: Arn)
    {
        /// The ARN of the pool.
        "ResourceArn", resource_arn, get_resource_arn: Arn, required;

        /// The key of a tag to remove.
        "TagKeys", tag_keys, get_tag_keys: [TagKey], required;
    }
}

input! {
    /// Input of [`list_tags_for_resource`](crate::Developer::list_tags_for_resource).
    ListTagsForResourceInput => ListTagsForResource
    /// Lists the tags of the pool with this ARN.
    fn new(resource_arn: Arn)
    {
        /// The ARN of the pool.
        "ResourceArn", resource_arn, get_resource_arn: Arn, required;
    }
}

/// The tags of a pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct ListTagsForResourceOutput {
    /// The tags, by key.
    pub tags: BTreeMap<TagKey, TagValue>,
}

impl ListTagsForResourceOutput {
    /// An output with these members.
    pub fn new(tags: BTreeMap<TagKey, TagValue>) -> Self {
        Self { tags }
    }
}
