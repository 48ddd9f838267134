//! The grant for a token of this service and logins presented together.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::subsequence;

use crate::name::Arn;
use crate::rules::Refusal;
use crate::rules::claims::{self, Claims, names_login_of};
use crate::rules::properties::cases;
use crate::rules::properties::roles::{PROVIDERS, logins, pools, role};
use crate::rules::properties::world;
use crate::rules::roles::RoleAccounts;
use crate::rules::session::{Evidence, Grant};
use crate::state::{AttributeMap, Identity, Pool, PrincipalTags, VerifiedLogin};

/// An identity and the proof presented for it. The parts need not fit together.
#[derive(Debug)]
struct Scene {
    pool: Pool,
    identity: Identity,
    used: Vec<VerifiedLogin>,
    token: Claims,
    custom: Option<Arn>,
    accounts: RoleAccounts,
}

impl Scene {
    fn evidence<'a>(
        &'a self,
        used: &'a [VerifiedLogin],
        token: Option<&'a Claims>,
    ) -> Evidence<'a> {
        Evidence { pool: &self.pool, identity: &self.identity, used, token }
    }

    fn grant(&self, used: &[VerifiedLogin], token: Option<&Claims>) -> Result<Grant, Refusal> {
        self.evidence(used, token).grant(self.custom.as_ref(), self.accounts)
    }

    /// Returns true if the token gives access to the identity.
    fn token_counts(&self) -> bool {
        names_login_of(self.token.amr(), &self.identity)
    }
}

fn login_of(provider: &str) -> VerifiedLogin {
    VerifiedLogin::assertion(&provider.parse().expect("a provider"), "1").expect("a subject")
}

fn tags(keys: &[&str], value: &str) -> PrincipalTags {
    keys.iter().map(|key| (key.parse().expect("a key"), value.parse().expect("a value"))).collect()
}

/// Tags from claims. Two of them are too long together.
fn attribute_maps() -> impl Strategy<Value = Vec<Option<PrincipalTags>>> {
    let map = subsequence(vec![("a", "one"), ("b", "many"), ("c", "long"), ("d", "long")], 1..=4);
    let map = map.prop_map(|pairs| pairs.iter().flat_map(|(k, c)| tags(&[k], c)).collect());
    vec(option::of(map), PROVIDERS.len())
}

fn scenes() -> impl Strategy<Value = Scene> {
    let said = subsequence(vec!["a", "c", "e"], 0..=3).prop_map(|keys| tags(&keys, "said"));
    let one_or_more = || subsequence(PROVIDERS.to_vec(), 1..=PROVIDERS.len());
    let accounts =
        any::<bool>().prop_map(|any| if any { RoleAccounts::Any } else { RoleAccounts::OwnOnly });
    let proof = (logins(), vec(any::<bool>(), 3), one_or_more(), one_or_more(), said);
    (pools(), attribute_maps(), proof, option::of(role()), accounts).prop_map(
        |(mut pool, maps, (used, long, has, named, said), custom, accounts)| {
            let maps = PROVIDERS.into_iter().zip(maps);
            let maps = maps.filter_map(|(provider, map)| {
                Some((provider.parse().expect("a provider"), AttributeMap::Own(map?)))
            });
            pool.attribute_maps = maps.collect();
            let used = used.into_iter().zip(long).map(|(login, is_long)| {
                if is_long { login.claim("long", "x".repeat(240)) } else { login }
            });
            let mut identity = world::guest("X");
            let has = has.into_iter().map(|provider| login_of(provider).login().clone());
            identity.link(has, world::NOW).expect("one of each provider");
            let named: Vec<_> = named.into_iter().map(login_of).collect();
            let token = Claims::verified(
                pool.region.token_issuer(),
                (identity.id().clone(), pool.id().clone()),
                claims::amr(&pool.settings, &named),
                said,
                None,
                (0, 1),
            );
            Scene { pool, identity, used: used.collect(), token, custom, accounts }
        },
    )
}

fn pairs(amr: &[String]) -> BTreeMap<&str, &str> {
    let entries: Vec<_> = amr.iter().skip(1).map(String::as_str).collect();
    let pairs = entries.chunks(2).map(|pair| (pair[0], pair[1]));
    let distinct: BTreeMap<_, _> = pairs.collect();
    assert_eq!(distinct.len() * 2, entries.len(), "a login is named twice: {amr:?}");
    distinct
}

proptest! {
    #![proptest_config(cases(1024))]

    /// A token beside logins changes nothing about their grant except for the tags.
    #[test]
    fn a_token_beside_logins_takes_nothing_away(scene in scenes()) {
        prop_assume!(!scene.used.is_empty());
        let alone = scene.grant(&scene.used, None);
        let both = scene.grant(&scene.used, Some(&scene.token));
        match (alone, both) {
            (Ok(mut alone), both) => {
                if scene.token_counts() {
                    alone.tags.extend(scene.token.principal_tags().clone());
                }
                prop_assert_eq!(both, Ok(alone));
            }
            // The refusal is the same as for the logins alone.
            (Err(alone), Err(both)) => prop_assert_eq!(alone, both),
            (Err(_), Ok(_)) => prop_assert!(scene.token_counts()),
        }
    }

    /// Logins beside a token never lose its grant, even if the token does not name them.
    #[test]
    fn logins_beside_a_token_take_nothing_away(scene in scenes()) {
        prop_assume!(scene.token_counts());
        if let Ok(alone) = scene.grant(&[], Some(&scene.token)) {
            let both = scene.grant(&scene.used, Some(&scene.token));
            prop_assert!(both.is_ok(), "{:?} alone, {:?} together", alone, both);
        }
    }

    /// A token and logins together give no role that neither gives alone.
    #[test]
    fn a_token_and_logins_add_no_role(scene in scenes()) {
        prop_assume!(scene.token_counts() && !scene.used.is_empty());
        if let Ok(both) = scene.grant(&scene.used, Some(&scene.token)) {
            let pool = Pool { attribute_maps: BTreeMap::new(), ..scene.pool.clone() };
            let by_logins = Evidence { pool: &pool, ..scene.evidence(&scene.used, None) };
            let by_logins = by_logins.grant(scene.custom.as_ref(), scene.accounts);
            let by_token = scene.grant(&[], Some(&scene.token));
            let of_logins = by_logins.is_ok_and(|grant| grant.role == both.role);
            prop_assert!(of_logins || by_token == Ok(both));
        }
    }

    #[test]
    fn a_session_names_every_login_that_was_proved(scene in scenes()) {
        prop_assume!(scene.token_counts() && !scene.used.is_empty());
        let amr = |used: &[VerifiedLogin], token| scene.evidence(used, token).amr();
        let both = amr(&scene.used, Some(&scene.token));
        let (by_logins, by_token) = (amr(&scene.used, None), amr(&[], Some(&scene.token)));
        let apart: BTreeSet<_> = pairs(&by_logins).into_iter().chain(pairs(&by_token)).collect();
        let together: BTreeSet<_> = pairs(&both).into_iter().collect();
        prop_assert_eq!(together, apart);
    }
}
