//! A store filled by engines: every tree has a record, and most have several of every kind.

use std::sync::Arc;

use cognate::admin::{EventId, UndoInput};
use cognate::name::{IdentityId, IdentityPoolId, Region};
use cognate::operation::{
    AmbiguousRoleResolution, CognitoIdentityProvider, CreateIdentityPoolInput,
    GetCredentialsForIdentityInput, GetIdInput, GetOpenIdTokenInput, GuestAccess, MappingRule,
    MatchType, MergeDeveloperIdentitiesInput, RoleMapping, RoleType, SetIdentityPoolRolesInput,
    SetPrincipalTagAttributeMapInput, TagResourceInput,
};
use cognate::store::{Key, Store, Tree, Value};
use cognate::token::Claims;
use cognate::{Builder, Developer, Engine, Journal};

use crate::records::watch::Watch;
use crate::scene::{self, ACCOUNT, Counted, DEVELOPER, OIDC, OIDC_ARN, PUBLIC};

/// Another region, whose keys are sealed.
pub(super) const ELSEWHERE: &str = "eu-west-1";

/// A token of the pool's public provider.
pub(super) const ROBERT: &str = "proof-of-robert;team=red";

/// A public login of the pool's second user.
pub(super) const OLGA: (&str, &str) = (OIDC, "proof-of-olga");

pub(super) struct Filled {
    pub(super) entries: Vec<(Key, Value)>,
    pub(super) pools: Vec<IdentityPoolId>,
    /// Identities of alice, bob, carol, dave and a guest, all in the first pool. Carol's was merged
    /// into bob's.
    pub(super) identities: Vec<IdentityId>,
    pub(super) token: String,
    pub(super) claims: Claims,
    pub(super) sessions: Vec<String>,
}

/// Users of the developer provider.
pub(super) const USERS: [&str; 4] = ["alice", "bob", "carol", "dave \u{1f3ae} größe"];

/// Every id of the filled store is at most this number.
const IDS_MAX: u64 = 1_000;

impl Filled {
    pub(super) fn new() -> Self {
        let store = Arc::new(Watch::default());
        let builder = scene::builder_with_own_keys().journal(JOURNAL);
        let plain = open(builder, &store).expect("an engine");
        let request = |id: &str| id.parse().expect("the id of a request");
        let aws = scene::owner(&plain).request(request("7"));
        let pools = vec![scene::create_pool(&aws), create_pool_of_all(&aws)];
        configure(&aws, &pools[0]);
        let identities = register(&plain, &aws, &pools[0]);
        let alice = scene::login(&pools[0], USERS[0]);
        let alice = aws.get_open_id_token_for_developer_identity(alice).expect("a known user");
        let token = alice.token.as_str().to_owned();
        let claims = plain.verify_token(&token).expect("its own token");
        let mut sessions = vec![session(&plain, &identities[4])];

        let merged = EventId::new(identities[2].clone(), 2);
        plain.admin().undo(UndoInput::new(&merged)).expect("carol is carol again");
        let aws = aws.request(request("6ba7b810-9dad-11d1-80b4-00c04fd430c8"));
        let merge = || MergeDeveloperIdentitiesInput::new(&pools[0], DEVELOPER, USERS[2], USERS[1]);
        aws.merge_developer_identities(merge()).expect("carol is bob");

        // Keys are sealed from here on, and no journal is kept.
        let builder = scene::builder_with_own_keys().ids(Counted::after(IDS_MAX / 2));
        let sealed = open(builder.key_secret(SECRET), &store).expect("an engine");
        sealed.rotate_session_key().expect("a new key");
        sessions.push(session(&sealed, &identities[4]));
        let region: Region = ELSEWHERE.parse().expect("a region");
        let abroad = sealed.developer(ACCOUNT.parse().expect("an account"), region.clone());
        let mut pools = pools;
        pools.push(scene::create_pool(&abroad));
        let guest = sealed.public().get_id(GetIdInput::new(&pools[2]));
        let input = GetOpenIdTokenInput::new(&guest.expect("a guest").identity_id);
        sealed.public().get_open_id_token(input).expect("a token");
        sealed.rotate_signing_key(&region).expect("a new key");
        // A deleted pool whose engine stopped before it removed the mark.
        store.plant([(Key::new(Tree::Deletions, [0xdd; 16]), vec![1])]);

        let mut entries = store.entries();
        // Inputs name records by their numbers, and these trees came later.
        entries.sort_by_key(|(key, _)| matches!(key.tree, Tree::Activity | Tree::Journal));
        for tree in Tree::ALL {
            assert!(entries.iter().any(|(key, _)| key.tree == tree), "nothing in {tree:?}");
        }
        Self { entries, pools, identities, token, claims, sessions }
    }
}

const JOURNAL: Journal = Journal::keep(90);

const SECRET: &[u8] = b"a secret of thirty-two bytes: ok";

/// An engine that knows the secret, and mints other ids than those of the filled store.
pub(super) fn engine(store: &Arc<Watch>) -> cognate::Result<Engine> {
    let builder = scene::builder_with_own_keys().key_secret(SECRET).journal(JOURNAL);
    open(builder.ids(Counted::after(IDS_MAX)), store)
}

fn open(builder: Builder, store: &Arc<Watch>) -> cognate::Result<Engine> {
    builder.open_shared(Arc::clone(store) as Arc<dyn Store>)
}

/// A pool with every setting.
fn create_pool_of_all(aws: &Developer) -> IdentityPoolId {
    let user_pool = "cognito-idp.us-east-1.amazonaws.com/us-east-1_abc";
    let client = |name: &str| {
        CognitoIdentityProvider::new(user_pool.parse().expect("a pool"), name.parse().expect("id"))
    };
    let input = CreateIdentityPoolInput::new("all of it", GuestAccess::Denied)
        .developer_provider_name("login.all")
        .supported_login_providers("accounts.google.com", "app-1")
        .supported_login_providers("www.amazon.com", "app-2")
        .open_id_connect_provider_arns(OIDC_ARN)
        .saml_provider_arns("arn:aws:iam::123456789012:saml-provider/s")
        .identity_pool_tags("größe", "\u{5927}")
        .allow_classic_flow(true)
        .cognito_identity_providers(client("client1").server_side_token_check(true))
        .cognito_identity_providers(client("client2"));
    aws.create_identity_pool(input).expect("a new pool").identity_pool_id
}

/// Roles, a mapping of each kind, tags, and claims that become tags.
fn configure(aws: &Developer, pool: &IdentityPoolId) {
    let role = |name: &str| format!("arn:aws:iam::{ACCOUNT}:role/{name}");
    let deny = AmbiguousRoleResolution::Deny;
    let red = MappingRule::new("team", MatchType::Equals, "red", role("red").as_str());
    let roles = SetIdentityPoolRolesInput::new(pool)
        .roles(RoleType::Authenticated, role("player"))
        .roles(RoleType::Unauthenticated, role("guest"))
        .role_mappings(PUBLIC, RoleMapping::rules(deny, [red.expect("a rule")]))
        .role_mappings(OIDC_ARN, RoleMapping::token(AmbiguousRoleResolution::AuthenticatedRole));
    aws.set_identity_pool_roles(roles).expect("roles");
    let map = SetPrincipalTagAttributeMapInput::new(pool, PUBLIC).principal_tags("größe", "team");
    aws.set_principal_tag_attribute_map(map).expect("a map");
    let map = SetPrincipalTagAttributeMapInput::new(pool, OIDC_ARN);
    aws.set_principal_tag_attribute_map(map.use_defaults(true)).expect("a map");
    let tags = TagResourceInput::new(aws.identity_pool_arn(pool))
        .tags("stage", "test")
        .tags("team", "\u{fc}ber");
    aws.tag_resource(tags).expect("tags");
}

fn register(engine: &Engine, aws: &Developer, pool: &IdentityPoolId) -> Vec<IdentityId> {
    let public = [(USERS[1], (PUBLIC, ROBERT)), (USERS[3], OLGA)];
    let mut identities = Vec::new();
    for user in USERS {
        let login = public.iter().find(|(of, _)| *of == user);
        let mut input = scene::login(pool, user);
        if let Some((_, (provider, token))) = login {
            input = input.logins(*provider, *token);
        }
        let registered = aws.resolve_developer_identity(input);
        identities.push(registered.expect("a new user"));
    }
    let merge = MergeDeveloperIdentitiesInput::new(pool, DEVELOPER, USERS[2], USERS[1]);
    aws.merge_developer_identities(merge).expect("carol is bob");
    let guest = engine.public().get_id(GetIdInput::new(pool));
    identities.push(guest.expect("a guest").identity_id);
    identities
}

fn session(engine: &Engine, guest: &IdentityId) -> String {
    let input = GetCredentialsForIdentityInput::new(guest);
    let answer = engine.public().get_credentials_for_identity(input).expect("a guest's");
    answer.credentials.session_token.as_str().to_owned()
}
