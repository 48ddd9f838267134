//! A store that engines have filled: every tree has a record, most have several of every kind.

use std::sync::Arc;

use cognate::{
    AmbiguousRoleResolution, Builder, Claims, CognitoIdentityProvider, CreateIdentityPoolInput,
    Developer, Engine, GetCredentialsForIdentityInput, GetIdInput, GetOpenIdTokenInput,
    GuestAccess, IdentityId, IdentityPoolId, Key, MappingRule, MatchType,
    MergeDeveloperIdentitiesInput, Region, RoleMapping, RoleType, SetIdentityPoolRolesInput,
    SetPrincipalTagAttributeMapInput, Store, TagResourceInput, Tree, Value,
};

use crate::records::watch::Watch;
use crate::scene::{self, ACCOUNT, Counted, DEVELOPER, OIDC, OIDC_ARN, PUBLIC};

/// Another region, where keys are sealed.
pub(super) const ELSEWHERE: &str = "eu-west-1";

/// Of the pool's public provider.
pub(super) const ROBERT: &str = "proof-of-robert;team=red";

/// Under which a public login leads to the second user of the pool.
pub(super) const OLGA: (&str, &str) = (OIDC, "proof-of-olga");

pub(super) struct Filled {
    pub(super) entries: Vec<(Key, Value)>,
    pub(super) pools: Vec<IdentityPoolId>,
    /// Of alice, bob, carol, dave and a guest, all of the first pool. Carol's was merged into
    /// bob's.
    pub(super) identities: Vec<IdentityId>,
    pub(super) token: String,
    pub(super) claims: Claims,
    pub(super) sessions: Vec<String>,
}

/// Users of the developer provider.
pub(super) const USERS: [&str; 4] = ["alice", "bob", "carol", "dave \u{1f3ae} größe"];

/// No id of the filled store is higher.
const IDS_MAX: u64 = 1_000;

impl Filled {
    pub(super) fn new() -> Self {
        let store = Arc::new(Watch::default());
        let plain = open(scene::builder_with_own_keys(), &store).expect("an engine");
        let aws = scene::owner(&plain);
        let pools = vec![scene::create_pool(&aws), create_pool_of_all(&aws)];
        configure(&aws, &pools[0]);
        let identities = register(&plain, &aws, &pools[0]);
        let alice = scene::login(&pools[0], USERS[0]).expect("an input");
        let alice = aws.get_open_id_token_for_developer_identity(alice).expect("a known user");
        let token = alice.token.as_str().to_owned();
        let claims = plain.verify_token(&token).expect("its own token");
        let mut sessions = vec![session(&plain, &identities[4])];

        // From here on keys are sealed.
        let builder = scene::builder_with_own_keys().ids(Counted::after(IDS_MAX / 2));
        let sealed = open(builder.key_secret(SECRET), &store).expect("an engine");
        sealed.rotate_session_key().expect("a new key");
        sessions.push(session(&sealed, &identities[4]));
        let region: Region = ELSEWHERE.parse().expect("a region");
        let abroad = sealed.developer(ACCOUNT.parse().expect("an account"), region.clone());
        let mut pools = pools;
        pools.push(scene::create_pool(&abroad));
        let guest = sealed.public().get_id(GetIdInput::new(&pools[2]).expect("an input"));
        let input = GetOpenIdTokenInput::new(&guest.expect("a guest").identity_id);
        sealed.public().get_open_id_token(input.expect("an input")).expect("a token");
        sealed.rotate_signing_key(&region).expect("a new key");
        // A pool was deleted, and the engine stopped before the mark was gone.
        store.plant([(Key::new(Tree::Deletions, [0xdd; 16]), vec![1])]);

        let entries = store.entries();
        for tree in Tree::ALL {
            assert!(entries.iter().any(|(key, _)| key.tree == tree), "nothing in {tree:?}");
        }
        Self { entries, pools, identities, token, claims, sessions }
    }
}

const SECRET: &[u8] = b"a secret of thirty-two bytes: ok";

/// An engine that knows the secret, and makes other ids than those of the filled store.
pub(super) fn engine(store: &Arc<Watch>) -> cognate::Result<Engine> {
    let builder = scene::builder_with_own_keys().key_secret(SECRET);
    open(builder.ids(Counted::after(IDS_MAX)), store)
}

fn open(builder: Builder, store: &Arc<Watch>) -> cognate::Result<Engine> {
    builder.open_shared(Arc::clone(store) as Arc<dyn Store>)
}

/// With all that a pool can have.
fn create_pool_of_all(aws: &Developer) -> IdentityPoolId {
    let user_pool = "cognito-idp.us-east-1.amazonaws.com/us-east-1_abc";
    let client = |name: &str| {
        CognitoIdentityProvider::new(user_pool.parse().expect("a pool"), name.parse().expect("id"))
    };
    let input = CreateIdentityPoolInput::new("all of it", GuestAccess::Denied)
        .and_then(|input| input.developer_provider_name("login.all"))
        .and_then(|input| input.supported_login_provider("accounts.google.com", "app-1"))
        .and_then(|input| input.supported_login_provider("www.amazon.com", "app-2"))
        .and_then(|input| input.open_id_connect_provider_arn(OIDC_ARN))
        .and_then(|input| input.saml_provider_arn("arn:aws:iam::123456789012:saml-provider/s"))
        .and_then(|input| input.identity_pool_tag("größe", "\u{5927}"))
        .expect("an input")
        .allow_classic_flow(true)
        .cognito_identity_provider(client("client1").server_side_token_check(true))
        .cognito_identity_provider(client("client2"));
    aws.create_identity_pool(input).expect("a new pool").identity_pool_id
}

/// Roles, a mapping of each kind, tags, and claims that become tags.
fn configure(aws: &Developer, pool: &IdentityPoolId) {
    let role = |name: &str| format!("arn:aws:iam::{ACCOUNT}:role/{name}");
    let deny = AmbiguousRoleResolution::Deny;
    let red = MappingRule::new("team", MatchType::Equals, "red", role("red").as_str());
    let roles = SetIdentityPoolRolesInput::new(pool)
        .and_then(|input| input.role(RoleType::Authenticated, role("player")))
        .and_then(|input| input.role(RoleType::Unauthenticated, role("guest")))
        .and_then(|input| {
            input.role_mapping(PUBLIC, RoleMapping::rules(deny, [red.expect("a rule")]))
        })
        .and_then(|input| {
            let other = RoleMapping::token(AmbiguousRoleResolution::AuthenticatedRole);
            input.role_mapping(OIDC_ARN, other)
        });
    aws.set_identity_pool_roles(roles.expect("an input")).expect("roles");
    let map = SetPrincipalTagAttributeMapInput::new(pool, PUBLIC)
        .and_then(|input| input.principal_tag("größe", "team"));
    aws.set_principal_tag_attribute_map(map.expect("an input")).expect("a map");
    let map = SetPrincipalTagAttributeMapInput::new(pool, OIDC_ARN).expect("an input");
    aws.set_principal_tag_attribute_map(map.use_defaults(true)).expect("a map");
    let tags = TagResourceInput::new(aws.identity_pool_arn(pool))
        .and_then(|input| input.tag("stage", "test"))
        .and_then(|input| input.tag("team", "\u{fc}ber"));
    aws.tag_resource(tags.expect("an input")).expect("tags");
}

fn register(engine: &Engine, aws: &Developer, pool: &IdentityPoolId) -> Vec<IdentityId> {
    let public = [(USERS[1], (PUBLIC, ROBERT)), (USERS[3], OLGA)];
    let mut identities = Vec::new();
    for user in USERS {
        let login = public.iter().find(|(of, _)| *of == user);
        let input = scene::login(pool, user).and_then(|input| match login {
            Some((_, (provider, token))) => input.login(*provider, *token),
            None => Ok(input),
        });
        let registered = aws.resolve_developer_identity(&input.expect("an input"));
        identities.push(registered.expect("a new user"));
    }
    let merge = MergeDeveloperIdentitiesInput::new(pool, DEVELOPER, USERS[2], USERS[1]);
    aws.merge_developer_identities(merge.expect("an input")).expect("carol is bob");
    let guest = engine.public().get_id(GetIdInput::new(pool).expect("an input"));
    identities.push(guest.expect("a guest").identity_id);
    identities
}

fn session(engine: &Engine, guest: &IdentityId) -> String {
    let input = GetCredentialsForIdentityInput::new(guest).expect("an input");
    let answer = engine.public().get_credentials_for_identity(input).expect("a guest's");
    answer.credentials.session_token.as_str().to_owned()
}
