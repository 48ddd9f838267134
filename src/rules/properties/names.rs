//! The full names of logins in a token.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::name::DeveloperProviderName;
use crate::rules::claims::{amr, named_logins, names_login_of};
use crate::rules::properties::cases;
use crate::rules::properties::world;
use crate::state::{Identity, Pool, VerifiedLogin};

const DEVELOPER: &str = "d";
const OIDC: &str = "id.example.com/x";
const OIDC_ARN: &str = "arn:aws:iam::123456789012:oidc-provider/id.example.com/x";
const USER_POOL: &str = "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a";
const PROVIDERS: [&str; 5] = [
    DEVELOPER,
    "graph.facebook.com",
    OIDC,
    USER_POOL,
    "arn:aws:iam::123456789012:saml-provider/corp",
];
/// The pool's application at Facebook, named before its users.
const FACEBOOK_APP: &str = "1634271429961880";
/// Some of these end with a colon and another one.
const SUBJECTS: [&str; 8] =
    ["a", "b", "a:b", "b:a", "CognitoSignIn:a", "OIDC:a", "CognitoSignIn:OIDC:b", "a:"];

/// A login, named like the engine and its verifiers do.
fn verified(provider: &str, subject: &str) -> VerifiedLogin {
    let named = provider.parse().expect("a provider");
    let login = VerifiedLogin::assertion(&named, subject).expect("a subject");
    match provider {
        DEVELOPER => {
            let provider: DeveloperProviderName = provider.parse().expect("a name");
            VerifiedLogin::developer(&provider, &subject.parse().expect("a user"))
        }
        OIDC => login.amr_entry(format!("{OIDC_ARN}:OIDC:{subject}")),
        USER_POOL => login.amr_entry(format!("{USER_POOL}:CognitoSignIn:{subject}")),
        _ => login,
    }
}

/// Logins of one call, with one for each provider.
fn logins() -> impl Strategy<Value = Vec<VerifiedLogin>> {
    let login = (select(PROVIDERS.to_vec()), select(SUBJECTS.to_vec()));
    vec(login, 0..5).prop_map(|logins| {
        let mut seen = BTreeSet::new();
        let first = logins.into_iter().filter(|(provider, _)| seen.insert(*provider));
        first.map(|(provider, subject)| verified(provider, subject)).collect()
    })
}

fn pool() -> Pool {
    let mut pool = world::pool_with_providers();
    let app = FACEBOOK_APP.parse().expect("an application");
    pool.settings.supported_login_providers.values_mut().for_each(|known| known.clone_from(&app));
    pool
}

fn identity_with(logins: &[VerifiedLogin]) -> Identity {
    let mut identity = world::guest("X");
    let logins = logins.iter().map(|login| login.login().clone());
    identity.link(logins, world::NOW).expect("logins that go together");
    identity
}

proptest! {
    #![proptest_config(cases(2048))]

    /// A token names exactly those of its logins that the identity still has, in the original
    /// order.
    #[test]
    fn a_token_names_what_it_was_made_for(used in logins(), has in logins()) {
        let pool = pool();
        let amr = amr(&pool.settings, &used);
        let identity = identity_with(&has);
        let named: Vec<_> = named_logins(&amr, &identity)
            .map(|(provider, full, login)| (provider.to_owned(), full.to_owned(), login.clone()))
            .collect();
        let expected: Vec<_> = used
            .iter()
            .filter(|used| identity.has(used.login()))
            .map(|used| {
                let login = used.login();
                (login.provider().to_string(), used.amr(&pool.settings), login.clone())
            })
            .collect();
        prop_assert_eq!(&named, &expected);
        prop_assert_eq!(names_login_of(&amr, &identity), !expected.is_empty());
        let own = identity_with(&used);
        prop_assert_eq!(named_logins(&amr, &own).count(), used.len());
    }

    /// Logins named by arbitrary text in a token always belong to the identity.
    #[test]
    fn arbitrary_words_name_only_logins_of_the_identity(
        words in vec(prop_oneof![select(PROVIDERS.to_vec()), select(SUBJECTS.to_vec())], 0..6),
        has in logins(),
    ) {
        let identity = identity_with(&has);
        let words: Vec<_> = words.into_iter().map(str::to_owned).collect();
        for (provider, _, login) in named_logins(&words, &identity) {
            prop_assert_eq!(provider, login.provider().as_str());
            prop_assert!(identity.has(login));
        }
    }
}
