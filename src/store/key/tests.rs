use proptest::prelude::*;

use super::*;
use crate::name::{DeveloperProviderName, DeveloperUserIdentifier};
use crate::state::VerifiedLogin;

fn public(provider: &str, subject: &str) -> Login {
    let provider = provider.parse().expect("a provider");
    VerifiedLogin::assertion(&provider, subject).expect("a subject").login().clone()
}

fn texts() -> impl Strategy<Value = String> {
    proptest::collection::vec(prop_oneof!["\0", "a", "b", "\u{1}", "é", "\u{10ffff}"], 1..6)
        .prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn different_logins_have_different_keys(
        (p1, s1, p2, s2) in (texts(), texts(), texts(), texts())
    ) {
        let (a, b) = (public(&p1, &s1), public(&p2, &s2));
        let pool = Guid([9; 16]);
        let (ka, kb) = (Key::login(pool, &a), Key::login(pool, &b));
        prop_assert_eq!(ka == kb, a == b);
        prop_assert_eq!(ka.login_parts(), Some(a));
        // Within a provider the order is that of the subjects.
        if p1 == p2 {
            prop_assert_eq!(ka.cmp(&kb), s1.cmp(&s2));
        }
    }

    #[test]
    fn identities_are_ordered_by_creation_then_id(
        (t1, g1, t2, g2) in any::<(u64, [u8; 16], u64, [u8; 16])>()
    ) {
        let place = |t, g| Place { created: Timestamp::from_millis(t), guid: Guid(g) };
        let (a, b) = (place(t1, g1), place(t2, g2));
        let pool = Guid([0xff; 16]);
        let (ka, kb) = (Key::identity(pool, a), Key::identity(pool, b));
        prop_assert_eq!(ka.cmp(&kb), a.cmp(&b));
        prop_assert_eq!(ka.identity_parts(), Some((pool, a)));
        prop_assert!(KeyRange::identities_of(pool).contains(&ka));
        prop_assert!(!KeyRange::identities_of(pool).after(&ka.bytes).contains(&ka));
    }
}

#[test]
fn a_developer_login_is_no_public_login() {
    let name: DeveloperProviderName = "p".parse().expect("a name");
    let user: DeveloperUserIdentifier = "u".parse().expect("a user");
    let pool = Guid([0; 16]);
    let developer = Key::login(pool, &Login::developer(&name, &user));
    assert_ne!(developer, Key::login(pool, &public("p", "u")));
}

#[test]
fn a_region_does_not_see_the_pools_of_a_longer_one() {
    let account: AccountId = "123456789012".parse().expect("an account");
    let (short, long) =
        ("us-east-1".parse().expect("a region"), "us-east-11".parse().expect("a region"));
    let now = Timestamp::from_millis(1);
    let key = Key::pool_listing(&account, &long, now, Guid([1; 16]));
    assert!(!KeyRange::pools_of(&account, &short).contains(&key));
    assert!(KeyRange::pools_of(&account, &long).contains(&key));
    assert_eq!(key.bytes.len(), KeyRange::pools_of(&account, &long).pool_listing_length());
}

#[test]
fn a_signing_key_reads_back_from_its_key() {
    let region: Region = "eu-west-1".parse().expect("a region");
    let key = Key::signing_key(&region, 7);
    assert_eq!(key.signing_key_parts(), Some((region, 7)));
    assert_eq!(Key::new(Tree::SigningKeys, *b"x").signing_key_parts(), None);
}

#[test]
fn an_account_and_its_region_read_back_from_their_key() {
    let account: AccountId = "123456789012".parse().expect("an account");
    let region: Region = "eu-west-1".parse().expect("a region");
    let key = Key::account(&account, &region);
    assert_eq!(key.account_parts(), Some((account, region)));
    for bytes in ["", "123456789012", "12345678901", "12345678901aeu-west-1", "123456789012eu west"]
    {
        assert_eq!(Key::new(Tree::Accounts, bytes).account_parts(), None, "{bytes}");
    }
    assert_eq!(Key::new(Tree::Accounts, *b"123456789012\xff").account_parts(), None);
}

#[test]
fn an_entry_of_the_listing_of_pools_reads_back_from_its_key() {
    let account: AccountId = "123456789012".parse().expect("an account");
    for region in ["r", "eu-west-1"] {
        let region: Region = region.parse().expect("a region");
        // The first byte of the latest moment is the one that marks a zero inside a text.
        for created in [0, 1_700_000_000_000, u64::MAX].map(Timestamp::from_millis) {
            let key = Key::pool_listing(&account, &region, created, Guid([255; 16]));
            let parts = key.pool_listing_parts().expect("an entry");
            assert_eq!(parts, (account.clone(), region.clone(), created, Guid([255; 16])));
            let shorter = Key::new(Tree::PoolListing, &key.bytes[..key.bytes.len() - 1]);
            assert_eq!(shorter.pool_listing_parts(), None);
        }
    }
}

#[test]
fn a_key_that_is_no_login_has_no_parts() {
    let key = Key::login(Guid([7; 16]), &public("a\0b", "c"));
    for (at, byte) in [(16, b'x'), (17, 0xff), (key.bytes.len() - 1, 0xff)] {
        let mut bytes = key.bytes.clone();
        bytes[at] = byte;
        assert_eq!(Key::new(Tree::Logins, bytes).login_parts(), None, "{at}");
    }
    for length in 0..key.bytes.len() {
        assert_eq!(Key::new(Tree::Logins, &key.bytes[..length]).login_parts(), None, "{length}");
    }
}
