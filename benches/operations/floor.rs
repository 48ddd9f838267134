//! The same without an engine: sled and ring by themselves.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use cognate::{
    Batch, Commit, Developer, Engine, IdentityPoolId, Key, KeyRange, MemoryStore, SigningAlgorithm,
    Store, StoreError, Tree, Value,
};
use parking_lot::Mutex;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA512, RsaKeyPair,
};
use sled::transaction::{TransactionResult, Transactional};

use crate::{create_pool, developer, login};

/// The trees that a new user is written to.
const WRITTEN: [Tree; 3] = [Tree::Identities, Tree::IdentityIndex, Tree::Logins];

/// The place of the logins among them.
pub(crate) const LOGIN: usize = 2;

/// What is written for a new user: a key and a value in each of the trees.
pub(crate) type Records = [(Vec<u8>, Value); WRITTEN.len()];

/// Another engine, which tells what it would write for a user.
pub(crate) struct Twin {
    store: Arc<Recorder>,
    aws: Developer,
    pool: IdentityPoolId,
}

impl Twin {
    pub(crate) fn new() -> Self {
        let store = Arc::new(Recorder::default());
        let engine = Engine::builder().store(Arc::clone(&store) as Arc<dyn Store>);
        let aws = developer(&engine.expect("an engine"));
        let pool = create_pool(&aws);
        Self { store, aws, pool }
    }

    pub(crate) fn records(&self, user: usize) -> Records {
        self.aws.resolve_developer_identity(&login(&self.pool, user)).expect("a new user");
        let mut puts = std::mem::take(&mut *self.store.puts.lock());
        let records = WRITTEN.map(|tree| {
            let place = puts.iter().position(|(key, _)| key.tree == tree);
            let (key, value) = puts.swap_remove(place.expect("a record in each tree"));
            (key.bytes, value)
        });
        assert!(puts.is_empty(), "no other record");
        records
    }
}

/// Keeps pools, but of users only what the last batch would have written.
#[derive(Default)]
struct Recorder {
    pools: MemoryStore,
    puts: Mutex<Vec<(Key, Value)>>,
}

impl Store for Recorder {
    fn get(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError> {
        self.pools.get(keys)
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.pools.scan(range, limit)
    }

    fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        if batch.written().any(|key| WRITTEN.contains(&key.tree)) {
            *self.puts.lock() = batch.puts;
            return Ok(Commit::Done);
        }
        self.pools.commit(batch)
    }

    fn sync(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// sled by itself.
pub(crate) struct Floor {
    pub(crate) trees: [sled::Tree; WRITTEN.len()],
    database: sled::Db,
    log: File,
}

impl Floor {
    pub(crate) fn open(path: &Path) -> Self {
        let database = sled::Config::new().path(path).cache_capacity(64 << 20).open();
        let database = database.expect("a new database");
        let trees = WRITTEN.map(|tree| database.open_tree(tree.name()).expect("a new tree"));
        let log = File::options().write(true).open(path.join("db")).expect("sled's log");
        Self { trees, database, log }
    }

    pub(crate) fn load(&self, records: &Records) {
        for (tree, (key, value)) in self.trees.iter().zip(records) {
            tree.insert(key, value.as_slice()).expect("a disk");
        }
    }

    pub(crate) fn sync(&self) {
        self.database.flush().expect("a disk");
        self.log.sync_data().expect("a disk");
    }

    /// Returns when the records of all these users are on the disk.
    pub(crate) fn write(&self, group: &[Records]) {
        let result: TransactionResult<()> = self.trees.as_slice().transaction(|trees| {
            for records in group {
                for (tree, (key, value)) in trees.iter().zip(records) {
                    tree.insert(key.as_slice(), value.as_slice())?;
                }
            }
            Ok(())
        });
        result.expect("a disk");
        self.sync();
    }
}

/// A key, and how ring by itself signs with it.
pub(crate) struct RawKey {
    pub(crate) algorithm: SigningAlgorithm,
    pub(crate) der: Vec<u8>,
    pub(crate) sign: Sign,
}

type Sign = Box<dyn Fn(&[u8]) -> Vec<u8>>;

impl RawKey {
    pub(crate) fn all() -> [Self; 3] {
        let random = SystemRandom::new();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/keys");
        let read = |name: &str| std::fs::read(folder.join(name)).expect("a key of the tests");

        let der = read("rsa-2048.p8");
        let pair = RsaKeyPair::from_pkcs8(&der).expect("an RSA key");
        let rng = random.clone();
        let sign = Box::new(move |message: &[u8]| {
            let mut signature = vec![0; pair.public().modulus_len()];
            pair.sign(&RSA_PKCS1_SHA512, &rng, message, &mut signature).expect("a signature");
            signature
        });
        let rs512 = Self { algorithm: SigningAlgorithm::Rs512, der, sign };

        let der = read("p-256.p8");
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der, &random);
        let pair = pair.expect("a P-256 key");
        let sign = Box::new(move |message: &[u8]| {
            pair.sign(&random, message).expect("a signature").as_ref().to_vec()
        });
        let es256 = Self { algorithm: SigningAlgorithm::Es256, der, sign };

        let der = read("ed25519.p8");
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).expect("an Ed25519 key");
        let sign = Box::new(move |message: &[u8]| pair.sign(message).as_ref().to_vec());
        [rs512, es256, Self { algorithm: SigningAlgorithm::EdDsa, der, sign }]
    }
}
