//! Engines over one store: each remembers pools, and none answers from a pool that has changed.

use std::sync::Arc;

use cognate::name::IdentityPoolId;
use cognate::operation::{
    CreateIdentityPoolInput, DeleteIdentityPoolInput, DescribeIdentityPoolInput, GetIdInput,
    GuestAccess, ListIdentitiesInput, LookupDeveloperIdentityInput, UpdateIdentityPoolInput,
};
use cognate::store::{Batch, Commit, Key, KeyRange, MemoryStore, Store, StoreError, Value};
use cognate::token::SigningAlgorithm;
use cognate::{Developer, Engine, ErrorKind};

use crate::support::{ACCOUNT, FACEBOOK, GAME, REGION, Voucher, call, developer, key};

/// A store that promises nothing about the moments of a read.
#[derive(Default)]
struct SeveralMoments(MemoryStore);

impl Store for SeveralMoments {
    fn get(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError> {
        self.0.get(keys)
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.0.scan(range, limit)
    }

    fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        self.0.commit(batch)
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.0.sync()
    }
}

fn open(store: &Arc<dyn Store>) -> Engine {
    let builder = Engine::builder().signing_key(key(SigningAlgorithm::EdDsa));
    builder.login_verifier(Voucher).open_shared(Arc::clone(store)).expect("opens")
}

/// Two engines that know the same pool.
struct Scene {
    ours: Engine,
    aws: Developer,
    theirs: Developer,
    pool: IdentityPoolId,
}

impl Scene {
    fn over(store: &Arc<dyn Store>) -> Self {
        let (ours, theirs) = (open(store), open(store));
        let aws = developer(&ours, ACCOUNT, REGION);
        let input = CreateIdentityPoolInput::new("game", GuestAccess::Allowed)
            .developer_provider_name(GAME)
            .supported_login_providers(FACEBOOK, "1234567890");
        let pool = aws.create_identity_pool(input).expect("created").identity_pool_id;
        aws.resolve_developer_identity(call(&pool, "alice")).expect("registered");
        Self { ours, aws, theirs: developer(&theirs, ACCOUNT, REGION), pool }
    }

    fn change(&self, change: impl FnOnce(UpdateIdentityPoolInput) -> UpdateIdentityPoolInput) {
        let described =
            self.theirs.describe_identity_pool(DescribeIdentityPoolInput::new(&self.pool));
        let input = UpdateIdentityPoolInput::from(described.expect("described"));
        self.theirs.update_identity_pool(change(input)).expect("updated");
    }

    fn guest(&self) -> Result<(), ErrorKind> {
        let input = GetIdInput::new(&self.pool);
        self.ours.public().get_id(input).map(drop).map_err(|error| error.kind())
    }
}

fn over_both_kinds(test: impl Fn(Scene)) {
    let stores: [Arc<dyn Store>; 2] =
        [Arc::new(MemoryStore::new()), Arc::new(SeveralMoments::default())];
    for store in &stores {
        test(Scene::over(store));
    }
}

#[test]
fn a_pool_that_another_engine_changes_is_noticed_by_the_next_call() {
    over_both_kinds(|scene| {
        assert_eq!(scene.guest(), Ok(()));
        scene.change(|input| input.allow_unauthenticated_identities(false));
        assert_eq!(scene.guest(), Err(ErrorKind::NotAuthorized), "a write with a stale hint");
        scene.change(|input| input.allow_unauthenticated_identities(true));
        assert_eq!(scene.guest(), Ok(()), "a refusal with a stale hint");

        scene.change(|input| input.identity_pool_name("renamed"));
        let described =
            scene.aws.describe_identity_pool(DescribeIdentityPoolInput::new(&scene.pool));
        let name = described.expect("described").identity_pool_name;
        assert_eq!(name.as_str(), "renamed", "an answer from the hint alone");
    });
}

#[test]
fn a_pool_that_another_engine_deletes_is_gone_at_once() {
    over_both_kinds(|scene| {
        let token = scene.aws.get_open_id_token_for_developer_identity(call(&scene.pool, "alice"));
        let token = token.expect("a token").token;
        scene.ours.verify_token(token.as_str()).expect("ours");
        let delete = DeleteIdentityPoolInput::new(&scene.pool);
        scene.theirs.delete_identity_pool(delete).expect("deleted");

        let (aws, pool) = (&scene.aws, &scene.pool);
        let lookup = LookupDeveloperIdentityInput::new(pool).developer_user_identifier("alice");
        let describe = DescribeIdentityPoolInput::new(pool);
        for refused in [
            aws.resolve_developer_identity(call(pool, "alice")).map(drop),
            aws.resolve_developer_identity(call(pool, "bob")).map(drop),
            aws.get_open_id_token_for_developer_identity(call(pool, "alice")).map(drop),
            aws.lookup_developer_identity(lookup).map(drop),
            aws.list_identities(ListIdentitiesInput::new(pool, 60)).map(drop),
            aws.describe_identity_pool(describe).map(drop),
        ] {
            assert_eq!(refused.expect_err("is gone").kind(), ErrorKind::ResourceNotFound);
        }
        assert_eq!(scene.guest(), Err(ErrorKind::ResourceNotFound));
        scene.ours.verify_token(token.as_str()).expect_err("its pool is gone");
    });
}

#[test]
fn a_user_whom_another_engine_unlinks_gets_a_new_identity() {
    over_both_kinds(|scene| {
        let resolve = || scene.aws.resolve_developer_identity(call(&scene.pool, "alice"));
        let first = resolve().expect("known");
        let unlink = cognate::operation::UnlinkDeveloperIdentityInput::new(
            &scene.pool,
            &first,
            GAME,
            "alice",
        );
        scene.theirs.unlink_developer_identity(unlink).expect("unlinked");
        assert_ne!(resolve().expect("registered again"), first);
    });
}
