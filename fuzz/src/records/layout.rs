//! The format of keys and records, written by hand a second time, without the library's decoders.
//!
//! Integers of a record have a fixed length and are little-endian, those of a key are big-endian.
//! Texts, lists and maps begin with their length in 8 bytes, optional values with a byte, and
//! choices with their number in 4 bytes.

mod events;

use std::sync::LazyLock;

use cognate::store::{Key, Tree};

use crate::model::Shape;
use events::{activity, journal, link, source};

/// Whether an engine can have written the record under the key.
pub(super) fn is_right(key: &Key, value: &[u8]) -> bool {
    is_right_key(key) && record(key.tree, value).is_some()
}

fn is_right_key(key: &Key) -> bool {
    let key_of = match key.tree {
        Tree::Accounts => account,
        Tree::Pools | Tree::Deletions | Tree::IdentityIndex => guid,
        Tree::PoolListing => listing,
        Tree::Activity => activity,
        Tree::Identities => identity,
        Tree::Journal => journal,
        Tree::Logins => login,
        Tree::SessionKeys => number,
        Tree::SigningKeys => signing_key,
        other => panic!("{other:?} has no layout here"),
    };
    let mut bytes = Left(&key.bytes);
    key_of(&mut bytes).is_some() && bytes.0.is_empty()
}

/// The unread rest. Reading takes bytes from its front.
struct Left<'a>(&'a [u8]);

/// `None` if the bytes are invalid.
type Read<T = ()> = Option<T>;

fn account(key: &mut Left<'_>) -> Read {
    shapes().account.accepts(key.utf8(12)?).then_some(())?;
    shapes().region.accepts(key.utf8(key.0.len())?).then_some(())
}

fn guid(key: &mut Left<'_>) -> Read {
    key.take(16).map(drop)
}

fn listing(key: &mut Left<'_>) -> Read {
    shapes().account.accepts(key.utf8(12)?).then_some(())?;
    key.region()?;
    key.take(8)?;
    guid(key)
}

fn identity(key: &mut Left<'_>) -> Read {
    guid(key)?;
    key.take(8)?;
    guid(key)
}

fn login(key: &mut Left<'_>) -> Read {
    guid(key)?;
    matches!(key.take(1)?, b"d" | b"p").then_some(())?;
    shapes().provider.accepts(&key.terminated()?).then_some(())?;
    shapes().subject.accepts(key.utf8(key.0.len())?).then_some(())
}

fn number(key: &mut Left<'_>) -> Read {
    key.take(4).map(drop)
}

fn signing_key(key: &mut Left<'_>) -> Read {
    key.region()?;
    number(key)
}

fn record(tree: Tree, value: &[u8]) -> Read {
    let (format, body) = value.split_first()?;
    let mut body = Left(body);
    match (tree, format) {
        (Tree::Accounts, 1) => body.take(4).map(drop),
        (Tree::Activity | Tree::Deletions, 1) => Some(()),
        (Tree::Identities, 1) => Identity::read(&mut body).map(drop),
        (Tree::Identities, 2) => {
            Identity::read(&mut body)?;
            revision(&mut body)
        }
        (Tree::Identities, 3) => {
            Identity::read(&mut body)?;
            revision(&mut body)?;
            source(&mut body)
        }
        (Tree::Journal, 1) => events::event(&mut body),
        (Tree::IdentityIndex | Tree::Logins, 1) | (Tree::Deletions, 2) => body.take(24).map(drop),
        (Tree::Pools, 1) => settings(&mut body),
        (Tree::Pools, 2) => settings(&mut body).and_then(|()| roles(&mut body, attribute_map)),
        (Tree::Pools, 3) => {
            settings(&mut body)?;
            roles(&mut body, attribute_map)?;
            revision(&mut body)
        }
        (Tree::PoolListing, 1) => body.text(&shapes().pool_name).map(drop),
        (Tree::SessionKeys, 1) => {
            private_key(&mut body)?;
            body.optional(Left::moment)
        }
        (Tree::SigningKeys, 1) => {
            body.choice(3)?;
            let parts = if body.choice(3)? == 0 { 2 } else { 1 };
            (0..parts).try_for_each(|_| body.bytes())?;
            private_key(&mut body)?;
            body.optional(Left::moment)
        }
        _ => None,
    }?;
    body.0.is_empty().then_some(())
}

fn revision(body: &mut Left<'_>) -> Read {
    body.take(4).map(drop)
}

/// The parts of an identity's record that the rig needs.
pub(super) struct Identity {
    pub(super) is_authenticated: bool,
    /// The offset of the last-modified date in the record.
    pub(super) modified_at: usize,
    pub(super) modified: u64,
    pub(super) links: usize,
    /// The offset of the revision, if there is one.
    pub(super) revision_at: usize,
}

impl Identity {
    pub(super) fn of(value: &[u8]) -> Option<Self> {
        record(Tree::Identities, value)?;
        Self::read(&mut Left(&value[1..]))
    }

    fn read(body: &mut Left<'_>) -> Read<Self> {
        let length = body.0.len();
        body.text(&shapes().region)?;
        let is_authenticated = body.choice(3)? == 1;
        let modified_at = 1 + length - body.0.len();
        let modified = u64::from_le_bytes(body.take(8)?.try_into().ok()?);
        let mut links = 0;
        body.list(|body| {
            links += 1;
            link(body)
        })?;
        let revision_at = 1 + length - body.0.len();
        Some(Self { is_authenticated, modified_at, modified, links, revision_at })
    }
}

fn settings(body: &mut Left<'_>) -> Read {
    let shapes = shapes();
    body.text(&shapes.account)?;
    body.text(&shapes.region)?;
    body.moment()?;
    body.text(&shapes.pool_name)?;
    body.boolean()?;
    body.optional(Left::boolean)?;
    body.map(
        |body| body.text(&shapes.provider).map(str::to_owned),
        |body| body.text(&shapes.application).map(drop),
    )?;
    body.optional(|body| body.text(&shapes.developer_provider).map(drop))?;
    body.list(|body| body.text(&shapes.arn).map(drop))?;
    body.list(|body| {
        body.optional(|body| body.text(&shapes.user_pool).map(drop))?;
        body.optional(|body| body.text(&shapes.client).map(drop))?;
        body.optional(Left::boolean)
    })?;
    body.list(|body| body.text(&shapes.arn).map(drop))?;
    body.map(
        |body| body.text(&shapes.tag_key).map(str::to_owned),
        |body| body.text(&shapes.tag_value).map(drop),
    )
}

fn roles(body: &mut Left<'_>, attribute_map: impl Fn(&mut Left<'_>) -> Read) -> Read {
    let shapes = shapes();
    body.map(|body| body.choice(2), |body| body.text(&shapes.arn).map(drop))?;
    let provider = |body: &mut Left<'_>| body.text(&shapes.provider).map(str::to_owned);
    body.map(provider, |body| {
        body.choice(2)?;
        body.optional(|body| body.choice(2).map(drop))?;
        body.optional(|body| {
            body.list(|body| {
                body.text(&shapes.claim)?;
                body.choice(4)?;
                body.text(&shapes.rule_value)?;
                body.text(&shapes.arn).map(drop)
            })
        })
    })?;
    body.map(provider, attribute_map)
}

/// Whether it uses the defaults, and its own tags.
fn attribute_map(body: &mut Left<'_>) -> Read {
    let shapes = shapes();
    body.boolean()?;
    body.optional(|body| {
        body.map(
            |body| body.text(&shapes.principal_tag_key).map(str::to_owned),
            |body| body.text(&shapes.principal_tag_value).map(drop),
        )
    })
}

/// Whether no attribute map of a pool of the third format changes when the pool is written again.
/// Earlier engines wrote own tags beside the defaults, or neither.
pub(super) fn has_settled_attribute_maps(pool: &[u8]) -> bool {
    let settled = |body: &mut Left<'_>| {
        let [uses_defaults, has_tags, ..] = body.0 else { return None };
        (uses_defaults != has_tags).then_some(())?;
        attribute_map(body)
    };
    let mut body = Left(pool.get(1..).unwrap_or_default());
    settings(&mut body).and_then(|()| roles(&mut body, settled)).is_some()
}

/// Held by the embedder, unsealed, or sealed.
fn private_key(body: &mut Left<'_>) -> Read {
    match body.choice(3)? {
        0 => Some(()),
        1 => body.bytes(),
        _ => {
            body.take(12)?;
            body.bytes()
        }
    }
}

impl<'a> Left<'a> {
    fn take(&mut self, length: usize) -> Read<&'a [u8]> {
        let (taken, left) = self.0.split_at_checked(length)?;
        self.0 = left;
        Some(taken)
    }

    fn utf8(&mut self, length: usize) -> Read<&'a str> {
        str::from_utf8(self.take(length)?).ok()
    }

    /// A region in a key: it contains no zero, so the first zero ends it.
    fn region(&mut self) -> Read {
        let length = self.0.iter().position(|byte| *byte == 0)?;
        shapes().region.accepts(self.utf8(length)?).then_some(())?;
        self.take(1).map(drop)
    }

    /// A text in a key with more to follow: a zero ends it, and a zero before 255 stands for
    /// itself.
    fn terminated(&mut self) -> Read<String> {
        let mut text = Vec::new();
        loop {
            match (self.take(1)?, self.0.first()) {
                ([0], Some(255)) => {
                    text.push(0);
                    self.take(1)?;
                }
                ([0], _) => return String::from_utf8(text).ok(),
                (byte, _) => text.extend(byte),
            }
        }
    }

    fn choice(&mut self, choices: u32) -> Read<u32> {
        let number = u32::from_le_bytes(self.take(4)?.try_into().ok()?);
        (number < choices).then_some(number)
    }

    fn boolean(&mut self) -> Read {
        matches!(self.take(1)?, [0 | 1]).then_some(())
    }

    fn moment(&mut self) -> Read {
        self.take(8).map(drop)
    }

    fn length(&mut self) -> Read<usize> {
        u64::from_le_bytes(self.take(8)?.try_into().ok()?).try_into().ok()
    }

    fn bytes(&mut self) -> Read {
        let length = self.length()?;
        self.take(length).map(drop)
    }

    fn text(&mut self, shape: &Shape) -> Read<&'a str> {
        let length = self.length()?;
        self.utf8(length).filter(|text| shape.accepts(text))
    }

    fn optional(&mut self, value: impl FnOnce(&mut Self) -> Read) -> Read {
        match self.take(1)? {
            [0] => Some(()),
            [1] => value(self),
            _ => None,
        }
    }

    fn list(&mut self, mut element: impl FnMut(&mut Self) -> Read) -> Read {
        let length = self.length()?;
        (0..length).try_for_each(|_| element(self))
    }

    /// The keys must rise strictly, as they are written.
    fn map<K: Ord>(
        &mut self,
        key: impl Fn(&mut Self) -> Read<K>,
        value: impl Fn(&mut Self) -> Read,
    ) -> Read {
        let mut last = None;
        self.list(|body| {
            let next = Some(key(body)?);
            (next > last).then_some(())?;
            last = next;
            value(body)
        })
    }
}

struct Shapes {
    account: Shape,
    application: Shape,
    arn: Shape,
    claim: Shape,
    client: Shape,
    developer_provider: Shape,
    identity: Shape,
    pool_name: Shape,
    principal_tag_key: Shape,
    principal_tag_value: Shape,
    provider: Shape,
    region: Shape,
    request: Shape,
    rule_value: Shape,
    subject: Shape,
    tag_key: Shape,
    tag_value: Shape,
    user_pool: Shape,
}

fn shapes() -> &'static Shapes {
    static SHAPES: LazyLock<Shapes> = LazyLock::new(|| {
        let pool = |place: &str| Shape::at(&format!("/CreateIdentityPool/members/{place}"));
        let rule = |member: &str| {
            let rules = "/SetIdentityPoolRoles/members/RoleMappings/value/members";
            let rule = "RulesConfiguration/members/Rules/member/members";
            Shape::at(&format!("{rules}/{rule}/{member}"))
        };
        Shapes {
            account: Shape::new((12, 12), Some(r"\d+")),
            application: pool("SupportedLoginProviders/value"),
            arn: pool("SamlProviderARNs/member"),
            claim: rule("Claim"),
            client: pool("CognitoIdentityProviders/member/members/ClientId"),
            developer_provider: pool("DeveloperProviderName"),
            identity: Shape::at("/DescribeIdentity/members/IdentityId"),
            pool_name: pool("IdentityPoolName"),
            principal_tag_key: Shape::at("/SetPrincipalTagAttributeMap/members/PrincipalTags/key"),
            principal_tag_value: Shape::at(
                "/SetPrincipalTagAttributeMap/members/PrincipalTags/value",
            ),
            provider: Shape::at("/GetId/members/Logins/key"),
            region: Shape::new((1, 18), Some(r"[\w-]+")),
            request: Shape::new((1, 64), Some(r"\S+")),
            rule_value: rule("Value"),
            subject: Shape::at("/LookupDeveloperIdentity/members/DeveloperUserIdentifier"),
            tag_key: pool("IdentityPoolTags/key"),
            tag_value: pool("IdentityPoolTags/value"),
            user_pool: pool("CognitoIdentityProviders/member/members/ProviderName"),
        }
    });
    &SHAPES
}
