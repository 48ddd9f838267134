//! Tags of a pool.

use std::collections::BTreeMap;

use crate::id::{AccountId, IdentityPoolId};
use crate::name::{Arn, TagKey, TagValue};
use crate::rules::{Decided, Refusal};
use crate::state::{IdentityPool, Pool};

type Tags = BTreeMap<TagKey, TagValue>;

pub(crate) fn check(tags: &Tags) -> Result<(), Refusal> {
    if tags.len() > IdentityPool::TAGS_MAX {
        return Err(Refusal::TooManyTags);
    }
    match tags.iter().find(|(key, value)| !is_tag(key, value)) {
        Some((key, _)) => Err(Refusal::TagInvalid { key: key.clone() }),
        None => Ok(()),
    }
}

/// The pool in an ARN of the form `arn:PARTITION:cognito-identity:REGION:ACCOUNT:identitypool/ID`.
pub(crate) fn pool_of(arn: &Arn) -> Result<IdentityPoolId, Refusal> {
    let parts: Vec<_> = arn.as_str().splitn(6, ':').collect();
    let id = match parts.as_slice() {
        ["arn", _, "cognito-identity", _, _, resource] => resource.strip_prefix("identitypool/"),
        _ => None,
    };
    id.and_then(|id| id.parse().ok())
        .ok_or_else(|| Refusal::ResourceArnInvalid { arn: arn.clone() })
}

/// Returns true if an ARN is exactly the ARN of a pool.
pub(crate) fn is_arn_of(arn: &Arn, pool: &Pool) -> bool {
    let account =
        arn.as_str().split(':').nth(4).and_then(|account| AccountId::try_from(account).ok());
    account.is_some_and(|account| {
        pool.account.may_be(account.as_str())
            && *arn == Arn::of_pool(&account, &pool.region, pool.id())
    })
}

/// Adds tags. A tag with an existing key replaces the old one.
pub(crate) fn tag(before: &Pool, added: Tags) -> Result<Decided<()>, Refusal> {
    let mut tags = before.settings.identity_pool_tags.clone();
    tags.extend(added);
    check(&tags)?;
    Ok(retag(before, tags))
}

/// Removes tags. Keys that the pool does not have are ignored.
pub(crate) fn untag(before: &Pool, keys: &[TagKey]) -> Decided<()> {
    let mut tags = before.settings.identity_pool_tags.clone();
    tags.retain(|key, _| !keys.contains(key));
    retag(before, tags)
}

fn retag(before: &Pool, tags: Tags) -> Decided<()> {
    let mut after = before.clone();
    after.settings.identity_pool_tags = tags;
    Decided::replacing(before, after, ())
}

/// Allowed are letters, digits, spaces and `_ . : / = + - @`. The prefix `aws:` is reserved for the
/// service.
fn is_tag(key: &TagKey, value: &TagValue) -> bool {
    let legal = |text: &str| text.chars().all(|c| c.is_alphanumeric() || " _.:/=+-@".contains(c));
    let reserved = key.as_str().get(..4).is_some_and(|head| head.eq_ignore_ascii_case("aws:"));
    legal(key.as_str()) && legal(value.as_str()) && !reserved
}

#[cfg(test)]
mod tests {
    use super::*;

    const POOL: &str = "us-east-1:aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa";

    #[test]
    fn arns_of_pools() {
        let found = |arn: &str| pool_of(&arn.parse().expect("an ARN"));
        let arn = format!("arn:aws:cognito-identity:us-east-1:123456789012:identitypool/{POOL}");
        assert_eq!(found(&arn), Ok(POOL.parse().unwrap()));
        for other in [
            arn.replacen("arn", "urn", 1),
            arn.replace("cognito-identity", "cognito-idp"),
            arn.replace("identitypool/", "userpool/"),
            arn.replace(POOL, "aaaaaaaa"),
            arn.replace("us-east-1:1", "1"),
        ] {
            let refused = Refusal::ResourceArnInvalid { arn: other.parse().unwrap() };
            assert_eq!(found(&other), Err(refused));
        }
    }

    #[test]
    fn keys_and_values() {
        for (key, value, accepted) in [
            ("Kostenstelle 7", "größer_.:/=+-@", true),
            ("key", "", true),
            ("key", "aws:value", true),
            ("awsx", "value", true),
            ("xaws:key", "value", true),
            ("aws:", "value", false),
            ("AWS:key", "value", false),
            ("key", "a;b", false),
            ("a;b", "value", false),
            ("ä", "value", true),
            ("äöü:", "value", true),
        ] {
            let key: TagKey = key.parse().unwrap();
            let tags = Tags::from([(key.clone(), value.parse().unwrap())]);
            let expected = if accepted { Ok(()) } else { Err(Refusal::TagInvalid { key }) };
            assert_eq!(check(&tags), expected, "{tags:?}");
        }
    }

    #[test]
    fn a_pool_has_fifty_tags() {
        let tags = |count: usize| -> Tags {
            let key = |n: usize| n.to_string().parse().unwrap();
            (0..count).map(|n| (key(n), "".parse().unwrap())).collect()
        };
        assert_eq!(check(&tags(IdentityPool::TAGS_MAX)), Ok(()));
        assert_eq!(check(&tags(IdentityPool::TAGS_MAX + 1)), Err(Refusal::TooManyTags));
    }
}
