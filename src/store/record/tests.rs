//! Each record in the bytes of its formats: a database of an earlier format stays readable.

use std::fmt::Debug;

use proptest::prelude::*;

use super::*;
use crate::name::ProviderName;
use crate::state::{
    AmbiguousRoleResolution, AttributeMap, CognitoIdentityProvider, IdentityPool, Login,
    MappingRule, MatchType, Pool, PrincipalTags, PublicKey, RoleMapping, RoleType,
    SigningAlgorithm, VerifiedLogin,
};
use crate::store::Tree;

const POOL: Guid = Guid([0x11; 16]);
const GUID: Guid = Guid([0x22; 16]);
const CREATED: Timestamp = Timestamp::from_millis(0x0102_0304);

fn region() -> Region {
    "us-east-1".parse().expect("a region")
}

fn identity() -> (Key, Identity) {
    let place = Place { created: CREATED, guid: GUID };
    let (pool, id) = (IdentityPoolId::new(&region(), POOL), IdentityId::new(&region(), GUID));
    let mut identity = Identity::guest(id, pool, CREATED);
    let developer = Login::developer(&"d.x".parse().unwrap(), &"ann".parse().unwrap());
    let public = VerifiedLogin::assertion(&"p".parse().unwrap(), "sub").unwrap().login().clone();
    identity.link([developer, public], Timestamp::from_millis(0x0506)).expect("links");
    (Key::identity(POOL, place), identity)
}

fn pool() -> (Key, Pool) {
    let settings = IdentityPool {
        identity_pool_id: IdentityPoolId::new(&region(), POOL),
        identity_pool_name: "game".parse().unwrap(),
        allow_unauthenticated_identities: true,
        allow_classic_flow: Some(false),
        supported_login_providers: [("g".parse().unwrap(), "app".parse().unwrap())].into(),
        developer_provider_name: Some("d.x".parse().unwrap()),
        open_id_connect_provider_arns: vec!["arn:aws:iam::1:oidc-provider/i".parse().unwrap()],
        cognito_identity_providers: vec![
            CognitoIdentityProvider::new("u".parse().unwrap(), "c".parse().unwrap())
                .server_side_token_check(true),
        ],
        saml_provider_arns: Vec::new(),
        identity_pool_tags: [("k".parse().unwrap(), "".parse().unwrap())].into(),
    };
    let account = "123456789012".parse().unwrap();
    (Key::pool(POOL), Pool::new((account, region()), CREATED, settings))
}

fn signing_key(private: PrivateKey) -> Numbered<StoredKey> {
    let public = PublicKey::Ed25519(vec![0xaa, 0xbb]);
    let key = StoredKey { algorithm: SigningAlgorithm::EdDsa, public, private };
    Numbered { key, retired: Some(CREATED) }
}

fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).expect("a nibble");
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn is_fixed<R: Record + PartialEq + Debug>(key: &Key, record: &R, fixture: &str) {
    let bytes = record.encode().expect("encodes");
    assert_eq!(hex(&bytes), fixture, "{record:?}");
    assert_eq!(R::decode(key, &bytes).as_ref().ok(), Some(record));
    is_whole::<R>(key, &bytes);
}

/// A record is refused with a byte too few or too many.
fn is_whole<R: Record>(key: &Key, bytes: &[u8]) {
    for length in 0..bytes.len() {
        assert!(R::decode(key, &bytes[..length]).is_err(), "{length} bytes of {}", hex(bytes));
    }
    let longer = [bytes, &[0]].concat();
    assert!(R::decode(key, &longer).is_err(), "a byte too many after {}", hex(bytes));
}

#[test]
fn format_1() {
    let any = Key::new(Tree::Pools, *b"any");
    is_fixed(&any, &PoolCount(7), "0107000000");
    is_fixed(&any, &PoolEntry("game".parse().unwrap()), "01040000000000000067616d65");
    is_fixed(&any, &Deletion::default(), "01");
    is_fixed(
        &any,
        &Address { pool: POOL, created: CREATED },
        "01111111111111111111111111111111110403020100000000",
    );
    is_fixed(
        &any,
        &Owner(Place { created: CREATED, guid: GUID }),
        "01040302010000000022222222222222222222222222222222",
    );
    is_fixed(
        &any,
        &signing_key(PrivateKey::HandedIn),
        "0102000000020000000200000000000000aabb00000000010403020100000000",
    );
    is_fixed(
        &any,
        &signing_key(PrivateKey::Plain(vec![1, 2])),
        "0102000000020000000200000000000000aabb0100000002000000000000000102010403020100000000",
    );
    let sealed = PrivateKey::Sealed { nonce: [9; 12], sealed: vec![1, 2] };
    is_fixed(
        &any,
        &signing_key(sealed),
        "0102000000020000000200000000000000aabb0200000009090909090909090909090902000000000000000102010403020100000000",
    );
    let sessions = Numbered { key: PrivateKey::Plain(vec![1, 2]), retired: None };
    is_fixed(&any, &sessions, "01010000000200000000000000010200");
}

#[test]
fn a_claimed_mark_of_format_2() {
    let any = Key::new(Tree::Deletions, *b"any");
    let claim = Some(Claim { claimer: [0x33; 16], until: CREATED });
    let fixture = "02333333333333333333333333333333330403020100000000";
    is_fixed(&any, &Deletion { claim }, fixture);
}

/// The identity without its revision.
const IDENTITY: &str = "090000000000000075732d656173742d310100000004030201000000000200000000000000000000000300000000000000642e780300000000000000616e6e0000000001000000010000000000000070030000000000000073756201000000";

/// An identity of format 1 has no revision.
#[test]
fn an_identity_of_format_1_is_read() {
    let (key, identity) = identity();
    let bytes = unhex(&format!("01{IDENTITY}"));
    let read = Identity::decode(&key, &bytes).expect("decodes");
    assert_eq!(read, unrevised(&identity));
    assert_eq!(read.clone().succeeding(&read), identity, "the next revision is the first");
    is_whole::<Identity>(&key, &bytes);
    assert_eq!(IdentitySummary::decode(&key, &bytes).expect("decodes"), identity.summary());
}

#[test]
fn an_identity_of_format_2() {
    let (key, identity) = identity();
    is_fixed(&key, &identity, &format!("02{IDENTITY}01000000"));
    let record = identity.encode().expect("encodes");
    let summary = IdentitySummary::decode(&key, &record).expect("decodes");
    assert_eq!(summary, identity.summary());
    let changed = identity.clone().succeeding(&identity);
    is_fixed(&key, &changed, &format!("02{IDENTITY}02000000"));
}

/// As if an engine without revisions had written it.
fn unrevised(identity: &Identity) -> Identity {
    let ids = (identity.id().clone(), identity.pool().clone());
    let dates = (identity.created(), identity.modified());
    Identity::restored(ids, identity.state(), dates, 0, identity.links().to_vec())
}

/// The last revision stays the last.
#[test]
fn revisions_do_not_overflow() {
    let (key, identity) = identity();
    let last = unhex(&format!("02{IDENTITY}ffffffff"));
    let last = Identity::decode(&key, &last).expect("decodes");
    assert_eq!(identity.succeeding(&last).revision(), u32::MAX);
    let (_, pool) = pool();
    let last = Pool { revision: u32::MAX, ..pool.clone() };
    assert_eq!(pool.succeeding(&last), last);
}

/// A pool of format 1 has neither roles nor a revision.
#[test]
fn a_pool_of_format_1_is_read() {
    let fixture = "010c00000000000000313233343536373839303132090000000000000075732d656173742d310403020100000000040000000000000067616d6501010001000000000000000100000000000000670300000000000000617070010300000000000000642e7801000000000000001e0000000000000061726e3a6177733a69616d3a3a313a6f6964632d70726f76696465722f690100000000000000010100000000000000750101000000000000006301010000000000000000010000000000000001000000000000006b0000000000000000";
    let (key, pool) = pool();
    let bytes = unhex(fixture);
    assert_eq!(Pool::decode(&key, &bytes).ok(), Some(Pool { revision: 0, ..pool }));
    is_whole::<Pool>(&key, &bytes);
}

/// A pool of format 2 has no revision.
#[test]
fn a_pool_of_format_2_is_read() {
    let (key, pool) = pool_with_roles();
    let bytes = unhex(&format!("02{POOL_WITH_ROLES}"));
    assert_eq!(Pool::decode(&key, &bytes).ok(), Some(Pool { revision: 0, ..pool }));
    is_whole::<Pool>(&key, &bytes);
}

#[test]
fn a_pool_of_format_3() {
    let (key, pool) = pool_with_roles();
    is_fixed(&key, &pool, &format!("03{POOL_WITH_ROLES}01000000"));
    let changed = pool.clone().succeeding(&pool);
    is_fixed(&key, &changed, &format!("03{POOL_WITH_ROLES}02000000"));
}

fn pool_with_roles() -> (Key, Pool) {
    let (key, mut pool) = pool();
    let arn = || "arn:aws:iam::1:role/r".parse().unwrap();
    let rule = MappingRule::new("c", MatchType::NotEqual, "v", arn()).unwrap();
    pool.roles.defaults = [(RoleType::Unauthenticated, arn())].into();
    pool.roles.mappings = [
        ("g".parse().unwrap(), RoleMapping::token(AmbiguousRoleResolution::Deny)),
        (
            "u:c".parse().unwrap(),
            RoleMapping::rules(AmbiguousRoleResolution::AuthenticatedRole, [rule]),
        ),
    ]
    .into();
    let own = [("k".parse().unwrap(), "sub".parse().unwrap())];
    pool.attribute_maps = [
        ("g".parse().unwrap(), AttributeMap::Defaults),
        ("u".parse().unwrap(), AttributeMap::Own(own.into())),
    ]
    .into();
    (key, pool)
}

/// That pool without its revision.
const POOL_WITH_ROLES: &str = "0c00000000000000313233343536373839303132090000000000000075732d656173742d310403020100000000040000000000000067616d6501010001000000000000000100000000000000670300000000000000617070010300000000000000642e7801000000000000001e0000000000000061726e3a6177733a69616d3a3a313a6f6964632d70726f76696465722f690100000000000000010100000000000000750101000000000000006301010000000000000000010000000000000001000000000000006b0000000000000000010000000000000001000000150000000000000061726e3a6177733a69616d3a3a313a726f6c652f720200000000000000010000000000000067000000000101000000000300000000000000753a6301000000010000000001010000000000000001000000000000006303000000010000000000000076150000000000000061726e3a6177733a69616d3a3a313a726f6c652f72020000000000000001000000000000006701000100000000000000750001010000000000000001000000000000006b0300000000000000737562";

/// Earlier versions wrote maps as they were given.
#[test]
fn attribute_maps_as_they_were_given_are_read() {
    let (key, pool) = pool();
    let tags: PrincipalTags = [("k".parse().unwrap(), "sub".parse().unwrap())].into();
    let own = AttributeMap::Own(tags);
    // In the place of the last tags: their own form is in the fixture above.
    let written = |attributes: &[u8]| {
        let mut pool = pool.clone();
        pool.attribute_maps = [("u".parse().unwrap(), own.clone())].into();
        let bytes = pool.encode().expect("encodes");
        let tail = [&[0, 1, 1][..], &[0; 7], &[1], &[0; 7], b"k", &[3], &[0; 7], b"sub"].concat();
        let revision = [1, 0, 0, 0];
        let head = bytes.strip_suffix(&revision).expect("the revision comes last");
        let head = head.strip_suffix(tail.as_slice()).expect("the tags come before");
        [head, attributes, &revision].concat()
    };
    let tags = [&[1, 1][..], &[0; 7], &[1], &[0; 7], b"k", &[3], &[0; 7], b"sub"].concat();
    let no_tags = [&[1][..], &[0; 8]].concat();
    for (defaults, tags, expected) in [
        (1, tags.as_slice(), Some(AttributeMap::Defaults)),
        (1, no_tags.as_slice(), Some(AttributeMap::Defaults)),
        (1, &[0], Some(AttributeMap::Defaults)),
        (0, tags.as_slice(), Some(own.clone())),
        (0, no_tags.as_slice(), None),
        (0, &[0], None),
    ] {
        let bytes = written(&[&[defaults], tags].concat());
        let read = Pool::decode(&key, &bytes).expect("decodes");
        let map = read.attribute_maps.get(&"u".parse::<ProviderName>().unwrap());
        assert_eq!(map, expected.as_ref(), "{defaults} {tags:?}");
        assert_eq!(read.attribute_maps.len(), usize::from(expected.is_some()));
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<_> = text.chars().map(|c| c.to_digit(16).expect("a digit")).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).expect("a byte")).collect()
}

proptest! {
    #[test]
    fn any_bytes_are_decoded_or_refused(
        bytes in proptest::collection::vec(any::<u8>(), 0..200), first in 0..4_u8,
    ) {
        let bytes = [&[first], bytes.as_slice()].concat();
        let (key, _) = identity();
        // Whatever decodes encodes to what it was decoded from.
        if let Ok(identity) = Identity::decode(&key, &bytes) {
            // One of format 1 is written in format 2, with revision 0.
            let upgraded = || [&[2], &bytes[1..], &[0; 4]].concat();
            let expected = if first == 1 { upgraded() } else { bytes.clone() };
            prop_assert_eq!(identity.encode().ok(), Some(expected));
        }
        if let Ok(pool) = Pool::decode(&key, &bytes) {
            // One of an earlier format is written in format 3.
            let encoded = pool.encode().ok();
            let again = encoded.as_ref().and_then(|bytes| Pool::decode(&key, bytes).ok());
            prop_assert!(encoded == Some(bytes.clone()) || again == Some(pool));
        }
        if let Ok(stored) = Numbered::<StoredKey>::decode(&key, &bytes) {
            prop_assert_eq!(stored.encode().ok(), Some(bytes.clone()));
        }
        if let Ok(mark) = Deletion::decode(&key, &bytes) {
            prop_assert_eq!(mark.encode().ok(), Some(bytes.clone()));
        }
        if let Ok(owner) = Owner::decode(&key, &bytes) {
            prop_assert_eq!(owner.encode().ok(), Some(bytes));
        }
    }
}

/// Guids are numbers to serde.
#[test]
fn a_guid_is_written_in_its_own_order() {
    let guid = Guid(0x0001_0203_0405_0607_0809_0a0b_0c0d_0e0f_u128.to_be_bytes());
    let key = Key::identity_index(guid);
    let address = Address { pool: guid, created: CREATED };
    let written = address.encode().expect("encodes");
    assert_eq!(written[1..17], guid.0);
    assert_eq!(Address::decode(&key, &written).expect("decodes"), address);
}

#[test]
fn a_summary_is_what_the_whole_identity_tells() {
    let (key, mut identity) = identity();
    let again = VerifiedLogin::assertion(&"a".parse().unwrap(), "other").unwrap().login().clone();
    let user = Login::developer(&"d.x".parse().unwrap(), &"bob".parse().unwrap());
    identity.link([again, user], Timestamp::from_millis(0x0708)).expect("links");
    let written = identity.encode().expect("encodes");
    let summary = IdentitySummary::decode(&key, &written).expect("decodes");
    assert_eq!(summary, identity.summary());
    assert_eq!(
        summary.providers.iter().map(ProviderName::as_str).collect::<Vec<_>>(),
        ["a", "d.x", "p"]
    );
    for length in 0..written.len() {
        assert!(IdentitySummary::decode(&key, &written[..length]).is_err(), "{length} bytes");
    }
    // Also of what a listing does not tell.
    let subject = written.windows(3).position(|bytes| bytes == b"bob").expect("is written");
    let mut corrupt = written;
    corrupt[subject] = 0xff;
    assert!(Identity::decode(&key, &corrupt).is_err());
    assert!(IdentitySummary::decode(&key, &corrupt).is_err(), "a subject that is no text");
}
