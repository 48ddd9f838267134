//! An engine returns stored values unchanged.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use cognate::name::{DeveloperUserIdentifier, IdentityPoolId};
use cognate::operation::{
    CreateIdentityPoolInput, DescribeIdentityInput, DescribeIdentityPoolInput,
    GetCredentialsForIdentityInput, GetIdInput, GetPrincipalTagAttributeMapInput, GuestAccess,
    ListIdentitiesInput, ListIdentityPoolsInput, ListTagsForResourceInput,
    LookupDeveloperIdentityInput, RoleType, SetIdentityPoolRolesInput,
    SetPrincipalTagAttributeMapInput, TagResourceInput, UpdateIdentityPoolInput,
};
use cognate::{Developer, Engine, Error, ErrorKind, Result};

use crate::model::Shape;
use crate::scene::{self, ACCOUNT, PUBLIC};

/// The valid values of tags that come from claims.
static IS_TAG: LazyLock<Shape> =
    LazyLock::new(|| Shape::at("/SetPrincipalTagAttributeMap/members/PrincipalTags/value"));

/// Passes both texts to an engine wherever it takes a text.
pub(super) fn keep(first: &str, second: &str) {
    let engine = scene::builder().in_memory().expect("an engine");
    let aws = scene::owner(&engine);
    let pool = scene::create_pool(&aws);
    let kept = Kept { engine, aws, pool };
    let all: [(&str, Result<()>); 8] = [
        ("a pool's name", kept.pool_name(first)),
        ("a provider and its application", kept.provider(first, second)),
        ("a tag", kept.tag(first, second)),
        ("a user", kept.user(first)),
        ("a principal's tag", kept.principal_tag(first, second)),
        ("a claim that becomes a tag", kept.claim(first, second)),
        ("a subject", kept.subject(first)),
        ("what names nothing", kept.nothing(first)),
    ];
    for (what, outcome) in all {
        match outcome {
            Ok(()) | Err(Error::Invalid(_) | Error::Refused(_)) => {}
            Err(error) => panic!("{what}: {error}"),
        }
    }
    let findings = kept.engine.check().expect("a readable store");
    assert!(findings.is_empty(), "{findings:?}");
}

struct Kept {
    engine: Engine,
    aws: Developer,
    pool: IdentityPoolId,
}

impl Kept {
    fn pool_name(&self, name: &str) -> Result<()> {
        let input = CreateIdentityPoolInput::new(name, GuestAccess::Denied);
        let made = self.aws.create_identity_pool(input)?;
        let id = &made.identity_pool_id;
        let described = self.aws.describe_identity_pool(DescribeIdentityPoolInput::new(id))?;
        assert_eq!(described.identity_pool_name.as_str(), name);
        let listed = self.aws.list_identity_pools(ListIdentityPoolsInput::new(60))?;
        let mut listed = listed.identity_pools.iter();
        assert!(listed.any(|pool| pool.identity_pool_name.as_str() == name), "{name:?}");
        Ok(())
    }

    fn provider(&self, provider: &str, app: &str) -> Result<()> {
        let input = UpdateIdentityPoolInput::new(&self.pool, "game", GuestAccess::Allowed);
        let input = input
            .supported_login_providers(provider, app)
            .supported_login_providers(PUBLIC, "game-app");
        let updated = self.aws.update_identity_pool(input)?;
        let found = updated.supported_login_providers.iter();
        let mut found = found.map(|(provider, app)| (provider.as_str(), app.as_str()));
        assert!(provider == PUBLIC || found.any(|both| both == (provider, app)));
        Ok(())
    }

    fn tag(&self, key: &str, value: &str) -> Result<()> {
        let arn = self.aws.identity_pool_arn(&self.pool);
        self.aws.tag_resource(TagResourceInput::new(&arn).tags(key, value))?;
        let tags = self.aws.list_tags_for_resource(ListTagsForResourceInput::new(&arn))?.tags;
        let tags = tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        assert_eq!(tags.collect::<Vec<_>>(), [(key, value)]);
        Ok(())
    }

    fn user(&self, user: &str) -> Result<()> {
        let id = self.aws.resolve_developer_identity(scene::login(&self.pool, user))?;
        let input = LookupDeveloperIdentityInput::new(&self.pool);
        let found = self.aws.lookup_developer_identity(input.developer_user_identifier(user))?;
        assert_eq!(found.identity_id, id);
        let users = found.developer_user_identifier_list;
        assert_eq!(users.iter().map(DeveloperUserIdentifier::as_str).collect::<Vec<_>>(), [user]);
        Ok(())
    }

    fn principal_tag(&self, key: &str, value: &str) -> Result<()> {
        let input = scene::login(&self.pool, "alice").principal_tags(key, value);
        let made = self.aws.get_open_id_token_for_developer_identity(input)?;
        let claims = self.engine.verify_token(made.token.as_str()).expect("its own token");
        let tags = claims.principal_tags().iter();
        let tags = tags.map(|(key, value)| (key.as_str(), value.as_str()));
        assert_eq!(tags.collect::<Vec<_>>(), [(key, value)]);
        Ok(())
    }

    /// The first text is the tag's key and the claim's name, the second the claim's value.
    fn claim(&self, name: &str, value: &str) -> Result<()> {
        let roles = SetIdentityPoolRolesInput::new(&self.pool);
        let role = format!("arn:aws:iam::{ACCOUNT}:role/player");
        self.aws.set_identity_pool_roles(roles.roles(RoleType::Authenticated, role))?;
        let map = SetPrincipalTagAttributeMapInput::new(&self.pool, PUBLIC);
        self.aws.set_principal_tag_attribute_map(map.principal_tags(name, name))?;
        let map = GetPrincipalTagAttributeMapInput::new(&self.pool, PUBLIC);
        let tags = self.aws.get_principal_tag_attribute_map(map)?.principal_tags;
        let mut tags = tags.iter().flatten().map(|(key, claim)| (key.as_str(), claim.as_str()));
        assert_eq!(tags.next(), Some((name, name)));
        // A proof cannot carry its own separators.
        if [name, value].iter().any(|text| text.contains([';', '='])) || name == "sub" {
            return Ok(());
        }
        let token = format!("proof-of-robert;{name}={value}");
        let input = GetIdInput::new(&self.pool).logins(PUBLIC, token.as_str());
        let id = self.engine.public().get_id(input)?.identity_id;
        let input = GetCredentialsForIdentityInput::new(&id).logins(PUBLIC, token);
        let tag = Some((name, value)).filter(|_| IS_TAG.accepts(value));
        let length = tag.map_or(0, |(key, value)| key.len() + value.len());
        let credentials = match self.engine.public().get_credentials_for_identity(input) {
            Ok(answer) => answer.credentials,
            Err(error) => {
                assert!(length > 460, "{tag:?}: {error}");
                assert_eq!(error.kind(), ErrorKind::InvalidIdentityPoolConfiguration);
                return Ok(());
            }
        };
        assert!(length <= 460, "{tag:?} is too long for a session");
        let session = self.engine.verify_session(credentials.session_token.as_str());
        let tags = session.expect("its own session").session.principal_tags;
        let tags = tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        assert_eq!(tags.collect::<BTreeMap<_, _>>(), tag.into_iter().collect());
        Ok(())
    }

    /// Two logins are equal if and only if their subjects are.
    fn subject(&self, subject: &str) -> Result<()> {
        let get = |subject: &str| {
            let input = GetIdInput::new(&self.pool);
            let input = input.logins(PUBLIC, format!("proof-of-{subject}"));
            Ok::<_, Error>(self.engine.public().get_id(input)?.identity_id)
        };
        let id = get(subject)?;
        assert_eq!(get(subject)?, id);
        let shorter: String = subject.chars().take(subject.chars().count() - 1).collect();
        if !subject.contains(';') && !shorter.is_empty() {
            assert_ne!(get(&shorter)?, id, "{subject:?}");
        }
        Ok(())
    }

    /// A foreign id, page token or ARN names nothing.
    fn nothing(&self, text: &str) -> Result<()> {
        let is_refused = |error: Error| {
            matches!(error.kind(), ErrorKind::InvalidParameter | ErrorKind::Validation)
        };
        let list = ListIdentitiesInput::new(&self.pool, 1).next_token(text);
        assert!(self.aws.list_identities(list).err().is_none_or(is_refused), "{text:?}");
        let tags = self.aws.list_tags_for_resource(ListTagsForResourceInput::new(text));
        assert!(tags.is_err() || text == self.aws.identity_pool_arn(&self.pool).as_str());
        let alice = self.aws.resolve_developer_identity(scene::login(&self.pool, "alice"))?;
        match self.aws.describe_identity(DescribeIdentityInput::new(text)) {
            Ok(found) => assert_eq!(found.identity_id.as_str(), text),
            Err(error) => assert!(text != alice.as_str(), "{error}"),
        }
        match self.aws.describe_identity_pool(DescribeIdentityPoolInput::new(text)) {
            Ok(found) => assert_eq!(found.identity_pool_id.as_str(), text),
            Err(error) => assert!(text != self.pool.as_str(), "{error}"),
        }
        let input = LookupDeveloperIdentityInput::new(&self.pool).identity_id(&alice);
        let users = self.aws.lookup_developer_identity(input.next_token(text));
        assert!(users.err().is_none_or(is_refused), "{text:?}");
        Ok(())
    }
}
