//! Every type that is made from a text, with its constraints in the service model.

use std::fmt::Debug;
use std::hash::Hash;
use std::str::FromStr;
use std::sync::LazyLock;

use cognate::Violations;
use cognate::name::{
    AccountId, Arn, ClaimName, ClaimedAccountId, DeveloperProviderName, DeveloperUserIdentifier,
    IdentityId, IdentityPoolId, IdentityPoolName, LoginToken, MappingRuleValue, NextToken,
    PrincipalTagKey, PrincipalTagValue, ProviderAppId, ProviderName, Region, Subject, TagKey,
    TagValue, UserPoolClientId, UserPoolProviderName,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::model::Shape;
use crate::names::check_message;

pub(super) struct Kind {
    /// The place of the text in a message.
    member: &'static str,
    pub(super) shape: Shape,
    pub(super) check: fn(&Self, &str),
    pub(super) compare: fn(&str, &str),
}

macro_rules! kinds {
    ($($type:ident at $member:literal is $shape:expr;)*) => {
        vec![$(Kind {
            member: $member,
            shape: $shape,
            check: |kind, text| check::<$type>(kind, text, $type::as_str),
            compare: |one, other| compare::<$type>([one, other]),
        }),*]
    };
}

pub(super) static KINDS: LazyLock<Vec<Kind>> = LazyLock::new(|| {
    let of = |operation: &str, place: &str| Shape::at(&format!("/{operation}/members/{place}"));
    let pool = |place: &str| of("CreateIdentityPool", place);
    let rule = |member: &str| {
        let rules = "RoleMappings/value/members/RulesConfiguration/members/Rules";
        of("SetIdentityPoolRoles", &format!("{rules}/member/members/{member}"))
    };
    // The model has no owner's account, no region and no subject.
    let account = Shape::new((12, 12), Some(r"\d+"));
    let region = Shape::new((1, 18), Some(r"[\w-]+"));
    kinds! {
        AccountId at "accountId" is account;
        Arn at "arn" is of("ListTagsForResource", "ResourceArn");
        ClaimName at "claim" is rule("Claim");
        ClaimedAccountId at "accountId" is of("GetId", "AccountId");
        DeveloperProviderName at "developerProviderName" is pool("DeveloperProviderName");
        DeveloperUserIdentifier at "developerUserIdentifier"
            is of("LookupDeveloperIdentity", "DeveloperUserIdentifier");
        IdentityId at "identityId" is of("DescribeIdentity", "IdentityId");
        IdentityPoolId at "identityPoolId" is of("DescribeIdentityPool", "IdentityPoolId");
        IdentityPoolName at "identityPoolName" is pool("IdentityPoolName");
        LoginToken at "logins" is of("GetId", "Logins/value");
        MappingRuleValue at "value" is rule("Value");
        NextToken at "nextToken" is of("ListIdentities", "NextToken");
        PrincipalTagKey at "principalTags"
            is of("GetOpenIdTokenForDeveloperIdentity", "PrincipalTags/key");
        PrincipalTagValue at "principalTags"
            is of("GetOpenIdTokenForDeveloperIdentity", "PrincipalTags/value");
        ProviderAppId at "supportedLoginProviders" is pool("SupportedLoginProviders/value");
        ProviderName at "logins" is of("GetId", "Logins/key");
        Region at "region" is region;
        Subject at "subject" is of("LookupDeveloperIdentity", "DeveloperUserIdentifier");
        TagKey at "identityPoolTags" is of("TagResource", "Tags/key");
        TagValue at "identityPoolTags" is of("TagResource", "Tags/value");
        UserPoolClientId at "clientId"
            is pool("CognitoIdentityProviders/member/members/ClientId");
        UserPoolProviderName at "providerName"
            is pool("CognitoIdentityProviders/member/members/ProviderName");
    }
});

/// Asserts that a value keeps its text, and exists if and only if the model accepts the text.
fn check<T>(kind: &Kind, text: &str, as_str: impl Fn(&T) -> &str)
where
    T: FromStr<Err = Violations> + TryFrom<String, Error = Violations>,
    T: for<'a> TryFrom<&'a str, Error = Violations>,
    T: Ord + Hash + Clone + Debug + Serialize + DeserializeOwned,
{
    let parsed: Result<T, _> = text.parse();
    assert_eq!(parsed, T::try_from(text));
    assert_eq!(parsed, T::try_from(text.to_owned()));
    let json = serde_json::Value::from(text);
    assert_eq!(parsed.as_ref().ok(), serde_json::from_value(json.clone()).ok().as_ref());
    match (parsed, kind.shape.message(text, kind.member)) {
        (Ok(value), None) => {
            assert_eq!(as_str(&value), text);
            assert_eq!(serde_json::to_value(&value).expect("a text"), json);
            // Text of one or two letters may occur in the type's name.
            let is_shown = text.len() < 16 || format!("{value:?}").contains(&format!("{text:?}"));
            assert!(is_shown || kind.shape.is_sensitive, "{value:?} is not {text}");
            let is_told = text.len() >= 16 && format!("{value:?}").contains(text);
            assert!(!(is_told && kind.shape.is_sensitive), "{value:?} is told");
        }
        (Err(violations), Some(message)) => check_message(violations, &message),
        (Ok(value), Some(message)) => panic!("{value:?} was accepted: {message}"),
        (Err(violations), None) => panic!("{text:?} was refused: {violations}"),
    }
}

/// Values have the order of their texts.
fn compare<T: FromStr + Ord>(texts: [&str; 2]) {
    let [Ok(one), Ok(other)] = texts.map(str::parse::<T>) else { return };
    let [one_text, other_text] = texts;
    assert_eq!(one.cmp(&other), one_text.cmp(other_text));
    assert_eq!(one.partial_cmp(&other), Some(one_text.cmp(other_text)));
    assert_eq!(one == other, one_text == other_text);
}
