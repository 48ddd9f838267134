//! Refused calls: the logins that they reach, the identity in the way, and the calls that would be
//! answered instead.

use cognate::admin::{Alternative, ExplainedVerdict, Explanation, LoginCheck};
use cognate::name::{IdentityId, IdentityPoolId, ProviderName};
use cognate::operation::{
    DeleteIdentityPoolInput, GetCredentialsForIdentityInput, GetIdInput, GetOpenIdTokenInput,
    GuestAccess, UnlinkIdentityInput, UpdateIdentityPoolInput,
};
use cognate::{Explain, Refusal, Throttling};

use crate::support::{AMAZON, FACEBOOK, GAME, World, call, developer, parse, refused};

const GOOGLE: &str = "accounts.google.com";

/// A refused call, as it is explained.
struct Told {
    refusal: Refusal,
    obstacle: Option<IdentityId>,
    alternatives: Vec<Alternative>,
    checks: Vec<LoginCheck>,
}

fn told(explanation: Explanation) -> Told {
    let checks = explanation.logins.into_iter().map(|login| login.check).collect();
    let ExplainedVerdict::Refused { refusal, obstacle, alternatives, .. } = explanation.verdict
    else {
        panic!("answered: {:?}", explanation.verdict)
    };
    let obstacle = obstacle.map(|obstacle| obstacle.identity_id);
    Told { refusal, obstacle, alternatives, checks }
}

impl World {
    fn tell<I: Explain>(&self, caller: &I::Caller, input: I) -> Told {
        told(self.engine.admin().explain(caller, input).expect("an explanation"))
    }

    /// The identity of public logins.
    fn user(&self, pool: &IdentityPoolId, logins: &[(&str, &str)]) -> IdentityId {
        let input = logins.iter().fold(GetIdInput::new(pool), |input, (provider, token)| {
            input.logins(*provider, *token)
        });
        self.engine.public().get_id(input).expect("an identity").identity_id
    }

    /// Takes Facebook and the basic flow from the pool.
    fn without_facebook(&self, pool: &IdentityPoolId) {
        let update = UpdateIdentityPoolInput::new(pool, "game", GuestAccess::Denied)
            .allow_classic_flow(false)
            .supported_login_providers(AMAZON, "amzn1.app");
        self.aws.update_identity_pool(update).expect("updated");
    }
}

fn one_more_login(identity_id: &IdentityId, providers: &[&str]) -> Alternative {
    let provider_names = providers.iter().map(|name| parse::<ProviderName>(name)).collect();
    Alternative::WithLoginOf { identity_id: identity_id.clone(), provider_names }
}

#[test]
fn no_login_opens_a_flow_that_is_disabled() {
    let world = World::new();
    let pool = world.game();
    let alice = world.user(&pool, &[(AMAZON, "user:a")]);
    let public = world.engine.public();
    let without = world.tell(&public, GetOpenIdTokenInput::new(&alice));
    assert_eq!(without.alternatives, [one_more_login(&alice, &[AMAZON])]);

    world.without_facebook(&pool);
    let without = world.tell(&public, GetOpenIdTokenInput::new(&alice));
    assert_eq!((without.refusal, without.alternatives), (Refusal::ClassicFlowDisabled, vec![]));
}

#[test]
fn logins_of_a_provider_that_the_pool_has_no_more_are_of_no_use() {
    let world = World::new();
    let pool = world.game();
    let alice = world.user(&pool, &[(AMAZON, "user:a"), (FACEBOOK, "user:a")]);
    let public = world.engine.public();
    let input = || GetCredentialsForIdentityInput::new(&alice);
    let before = world.tell(&public, input()).alternatives;
    assert_eq!(before, [one_more_login(&alice, &[AMAZON, FACEBOOK])]);
    world.without_facebook(&pool);
    assert_eq!(world.tell(&public, input()).alternatives, [one_more_login(&alice, &[AMAZON])]);
}

#[test]
fn no_login_lets_a_user_unlink_a_developer_user() {
    let world = World::new();
    let pool = world.game();
    let alice = world.user(&pool, &[(AMAZON, "user:a")]);
    let public = world.engine.public();
    let refused = world.tell(&public, UnlinkIdentityInput::new(&alice).logins_to_remove(GAME));
    assert_eq!((refused.refusal, refused.alternatives), (Refusal::PublicProviderExpected, vec![]));
    let refused = world.tell(&public, UnlinkIdentityInput::new(&alice).logins_to_remove(AMAZON));
    assert_eq!(refused.alternatives, [one_more_login(&alice, &[AMAZON])]);
}

/// After a merge of Carol into Alice, the call still presents the Facebook user of Bob.
#[test]
fn a_merge_after_which_the_call_is_refused_is_no_alternative() {
    let world = World::new();
    let pool = world.game();
    let alice = world.resolve(call(&pool, "alice").logins(FACEBOOK, "user:a")).expect("registered");
    let carol = world.register(&pool, "carol");
    world.user(&pool, &[(FACEBOOK, "user:b")]);
    let merge = Alternative::MergeDeveloperIdentities {
        source_user_identifier: parse("carol"),
        destination_user_identifier: parse("alice"),
    };
    let without = Alternative::WithoutIdentityId { identity_id: Some(carol.clone()) };
    let input = || call(&pool, "carol").identity_id(&alice);

    let refused = world.tell(&world.aws, input().logins(FACEBOOK, "user:b"));
    assert_eq!((&refused.alternatives, refused.obstacle), (&vec![without.clone()], Some(carol)));
    let refused = world.tell(&world.aws, input().logins(AMAZON, "user:c"));
    assert_eq!(refused.alternatives, [without, merge]);
}

/// Erin and Fred have a Facebook user each. Dave, into whom both would be merged, has none.
#[test]
fn two_identities_are_in_the_way_of_each_other() {
    let world = World::new();
    let pool = world.game();
    let update = UpdateIdentityPoolInput::new(&pool, "game", GuestAccess::Denied)
        .supported_login_providers(AMAZON, "amzn1.app")
        .supported_login_providers(FACEBOOK, "1234567890")
        .supported_login_providers(GOOGLE, "app");
    world.aws.update_identity_pool(update).expect("updated");
    world.register(&pool, "dave");
    world.user(&pool, &[(AMAZON, "user:erin"), (FACEBOOK, "user:erin")]);
    let fred = world.user(&pool, &[(GOOGLE, "user:fred"), (FACEBOOK, "user:fred")]);
    let input = call(&pool, "dave").logins(AMAZON, "user:erin").logins(GOOGLE, "user:fred");
    let refused = world.tell(&world.aws, input);
    assert_eq!((refused.refusal, refused.obstacle), (Refusal::MergeOfTwoUsers, Some(fred)));
}

/// Over an exclusive store and over a shared one, where calls verify logins ahead.
#[test]
fn logins_that_are_not_reached_are_not_told() {
    for world in [World::new(), World::exclusive(|builder| builder)] {
        let pool = world.game();
        let alice = world.user(&pool, &[(AMAZON, "user:a")]);
        world.without_facebook(&pool);
        for token in ["user:a", "expired"] {
            let input = GetOpenIdTokenInput::new(&alice).logins(AMAZON, token);
            let refused = world.tell(&world.engine.public(), input);
            assert_eq!(refused.refusal, Refusal::ClassicFlowDisabled);
            assert_eq!(refused.checks, [LoginCheck::NotReached], "{token}");
        }
    }
}

/// An engine over a shared store remembers the pool, so its first attempt reaches the login.
#[test]
fn an_earlier_attempt_is_forgotten() {
    let world = World::new();
    let pool = world.game();
    let input = || call(&pool, "alice").logins(AMAZON, "expired");
    let refused = world.tell(&world.aws, input());
    assert!(matches!(refused.checks.as_slice(), [_, LoginCheck::Refused(_)]));

    let other = cognate::Engine::builder().open_shared(world.store.clone()).expect("opens");
    let other = developer(&other, "123456789012", "us-east-1");
    other.delete_identity_pool(DeleteIdentityPoolInput::new(&pool)).expect("deleted");
    let refused = world.tell(&world.aws, input());
    assert_eq!(refused.refusal, Refusal::PoolNotFound { identity_pool_id: pool.clone() });
    assert_eq!(refused.checks, [LoginCheck::NotReached, LoginCheck::NotReached]);
}

/// 25 calls of `GetId` a second are admitted.
#[test]
fn explanations_use_no_rate() {
    let world = World::with(|builder| builder.throttling(Throttling::DocumentedRates));
    let pool = world.game();
    let public = world.engine.public();
    let input = || GetIdInput::new(&pool).logins(AMAZON, "user:a");
    for _ in 0..100 {
        world.engine.admin().explain(&public, input()).expect("an explanation");
    }
    for _ in 0..25 {
        public.get_id(input()).expect("admitted");
    }
    assert_eq!(refused(public.get_id(input())).0, "TooManyRequestsException");
}
