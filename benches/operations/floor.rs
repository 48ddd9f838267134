//! The floors: the same work without an engine, with sled and ring only.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::thread::{self, Thread};

use cognate::ambient::{EntropyError, Ids};
use cognate::name::IdentityPoolId;
use cognate::store::{Batch, Commit, Key, KeyRange, MemoryStore, Store, StoreError, Tree, Value};
use cognate::token::SigningAlgorithm;
use cognate::{Developer, Engine};
use parking_lot::Mutex;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair,
    Ed25519KeyPair, KeyPair, RSA_PKCS1_2048_8192_SHA512, RSA_PKCS1_SHA512, RsaKeyPair,
    UnparsedPublicKey, VerificationAlgorithm,
};
use sled::IVec;
use sled::transaction::{TransactionResult, Transactional};
use uuid::Uuid;

use crate::{create_pool, developer, login};

/// The trees that users are written to.
const WRITTEN: [Tree; 3] = [Tree::Identities, Tree::IdentityIndex, Tree::Logins];

/// The number of relaxed commits that share a transaction, as in the engine.
pub(crate) const AT_ONCE: usize = 64;

/// Another engine, which shows the batches that it would write.
pub(crate) struct Twin {
    store: Arc<Recorder>,
    pub(crate) aws: Developer,
    pub(crate) pool: IdentityPoolId,
}

impl Twin {
    /// A twin that remembers users.
    pub(crate) fn new() -> Self {
        Self::over(Recorder { remembers: true, ..Recorder::default() })
    }

    /// A twin that forgets each user at once, so that any number fits.
    pub(crate) fn forgetful() -> Self {
        Self::over(Recorder::default())
    }

    fn over(recorder: Recorder) -> Self {
        let store = Arc::new(recorder);
        let engine = Engine::builder().ids(KnownPool::default());
        let engine = engine.open_shared(Arc::clone(&store) as Arc<dyn Store>);
        let aws = developer(&engine.expect("an engine"));
        let pool = create_pool(&aws);
        let twin = Self { store, aws, pool };
        twin.take();
        twin
    }

    /// The batches that were written since the last call.
    pub(crate) fn take(&self) -> Vec<Batch> {
        std::mem::take(&mut *self.store.batches.lock())
    }

    /// The batch for a new user.
    pub(crate) fn register(&self, user: usize) -> Batch {
        self.aws.resolve_developer_identity(login(&self.pool, user)).expect("a new user");
        self.take().pop().expect("a write")
    }

    /// The key of a user's login.
    pub(crate) fn login_key(&self, user: usize) -> Vec<u8> {
        let puts = self.register(user).puts;
        let mut logins = puts.into_iter().filter(|(key, _)| key.tree == Tree::Logins);
        logins.next().expect("a login").0.bytes
    }
}

/// The first id is always the same, so that the pools of all twins have the same keys.
#[derive(Default)]
struct KnownPool {
    is_minted: AtomicBool,
}

impl Ids for KnownPool {
    fn mint(&self) -> Result<Uuid, EntropyError> {
        let mut bytes = [1; 16];
        if self.is_minted.swap(true, Ordering::Relaxed) {
            getrandom::getrandom(&mut bytes).expect("the system's randomness");
        }
        Ok(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }
}

/// Records written batches.
#[derive(Default)]
struct Recorder {
    store: MemoryStore,
    remembers: bool,
    batches: Mutex<Vec<Batch>>,
}

impl Store for Recorder {
    fn get(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError> {
        self.store.get(keys)
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.store.scan(range, limit)
    }

    fn scan_back(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.store.scan_back(range, limit)
    }

    fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        let of_users = batch.written().any(|key| WRITTEN.contains(&key.tree));
        if of_users {
            self.batches.lock().push(batch.clone());
        }
        if of_users && !self.remembers { Ok(Commit::Done) } else { self.store.commit(batch) }
    }

    fn sync(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// sled without an engine.
pub(crate) struct Floor {
    kinds: &'static [Tree],
    trees: Vec<sled::Tree>,
    database: sled::Db,
    log: File,
}

impl Floor {
    pub(crate) fn open(path: &Path) -> Self {
        Self::of(path, &WRITTEN)
    }

    /// A database with these trees.
    pub(crate) fn of(path: &Path, kinds: &'static [Tree]) -> Self {
        let database = sled::Config::new().path(path).cache_capacity(64 << 20).open();
        let database = database.expect("a database");
        let trees = kinds.iter().map(|tree| database.open_tree(tree.name()).expect("a tree"));
        let trees = trees.collect();
        let log = File::options().write(true).open(path.join("db")).expect("sled's log");
        Self { kinds, trees, database, log }
    }

    pub(crate) fn tree(&self, tree: Tree) -> &sled::Tree {
        &self.trees[self.place(tree)]
    }

    /// The value of a known user's login.
    pub(crate) fn owner(&self, login_key: &[u8]) -> IVec {
        let value = self.tree(Tree::Logins).get(login_key).expect("a readable tree");
        value.expect("a known user")
    }

    /// Writes batches in one transaction.
    pub(crate) fn apply(&self, group: &[Batch]) {
        let result: TransactionResult<()> = self.trees.as_slice().transaction(|trees| {
            for batch in group {
                for key in &batch.deletes {
                    trees[self.place(key.tree)].remove(key.bytes.as_slice())?;
                }
                for (key, value) in &batch.puts {
                    trees[self.place(key.tree)].insert(key.bytes.as_slice(), value.as_slice())?;
                }
            }
            Ok(())
        });
        result.expect("a disk");
    }

    pub(crate) fn sync(&self) {
        self.database.flush().expect("a disk");
        self.log.sync_data().expect("a disk");
    }

    fn place(&self, tree: Tree) -> usize {
        self.kinds.iter().position(|kind| *kind == tree).expect("a tree of this database")
    }
}

/// A minimal group commit: one writer at a time commits for all that wait, and wakes each of them
/// once.
pub(crate) struct GroupCommit<'a> {
    floor: &'a Floor,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<(Batch, Arc<Writer>)>,
    is_led: bool,
}

struct Writer {
    thread: Thread,
    turn: AtomicU8,
}

impl Writer {
    const WAITS: u8 = 0;
    const LEADS: u8 = 1;
    const DONE: u8 = 2;

    fn wake(&self, turn: u8) {
        self.turn.store(turn, Ordering::Release);
        self.thread.unpark();
    }

    /// Returns whether the writer leads. Otherwise its batch is on the disk.
    fn wait(&self) -> bool {
        loop {
            match self.turn.load(Ordering::Acquire) {
                Self::WAITS => thread::park(),
                turn => return turn == Self::LEADS,
            }
        }
    }
}

impl<'a> GroupCommit<'a> {
    pub(crate) fn new(floor: &'a Floor) -> Self {
        Self { floor, queue: Mutex::default() }
    }

    /// Writes a batch. It is on the disk when this returns.
    pub(crate) fn commit(&self, batch: Batch) {
        let mut queue = self.queue.lock();
        let turn = if queue.is_led { Writer::WAITS } else { Writer::LEADS };
        queue.is_led = true;
        let writer = Arc::new(Writer { thread: thread::current(), turn: AtomicU8::new(turn) });
        queue.waiting.push((batch, Arc::clone(&writer)));
        drop(queue);
        if writer.wait() {
            self.lead();
        }
    }

    fn lead(&self) {
        let group = std::mem::take(&mut self.queue.lock().waiting);
        let (batches, writers): (Vec<_>, Vec<_>) = group.into_iter().unzip();
        self.floor.apply(&batches);
        self.floor.sync();
        for writer in writers {
            writer.wake(Writer::DONE);
        }
        let mut queue = self.queue.lock();
        match queue.waiting.first() {
            Some((_, next)) => next.wake(Writer::LEADS),
            None => queue.is_led = false,
        }
    }
}

/// A key for signing and verifying with ring only.
pub(crate) struct RawKey {
    pub(crate) algorithm: SigningAlgorithm,
    pub(crate) der: Vec<u8>,
    pub(crate) sign: Sign,
    pub(crate) public: UnparsedPublicKey<Vec<u8>>,
    /// The share of its throughput that tokens must reach, in hundredths.
    pub(crate) token_target: u128,
}

impl RawKey {
    /// Whether this is the fastest key, with which other costs show most.
    pub(crate) fn is_the_fastest(&self) -> bool {
        self.algorithm == SigningAlgorithm::EdDsa
    }
}

pub(crate) type Sign = Arc<dyn Fn(&[u8]) -> Vec<u8> + Send + Sync>;

impl RawKey {
    pub(crate) fn all() -> [Self; 3] {
        let random = SystemRandom::new();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/keys");
        let read = |name: &str| std::fs::read(folder.join(name)).expect("a key of the tests");

        let der = read("rsa-2048.p8");
        let pair = RsaKeyPair::from_pkcs8(&der).expect("an RSA key");
        let public = public(&RSA_PKCS1_2048_8192_SHA512, &pair);
        let rng = random.clone();
        let sign = Arc::new(move |message: &[u8]| {
            let mut signature = vec![0; pair.public().modulus_len()];
            pair.sign(&RSA_PKCS1_SHA512, &rng, message, &mut signature).expect("a signature");
            signature
        });
        let rs512 =
            Self { algorithm: SigningAlgorithm::Rs512, der, sign, public, token_target: 97 };

        let der = read("p-256.p8");
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der, &random);
        let pair = pair.expect("a P-256 key");
        let public = self::public(&ECDSA_P256_SHA256_FIXED, &pair);
        let sign = Arc::new(move |message: &[u8]| {
            pair.sign(&random, message).expect("a signature").as_ref().to_vec()
        });
        let es256 =
            Self { algorithm: SigningAlgorithm::Es256, der, sign, public, token_target: 82 };

        let der = read("ed25519.p8");
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).expect("an Ed25519 key");
        let public = self::public(&ED25519, &pair);
        let sign = Arc::new(move |message: &[u8]| pair.sign(message).as_ref().to_vec());
        let eddsa =
            Self { algorithm: SigningAlgorithm::EdDsa, der, sign, public, token_target: 85 };
        [rs512, es256, eddsa]
    }
}

fn public(
    algorithm: &'static dyn VerificationAlgorithm,
    pair: &impl KeyPair,
) -> UnparsedPublicKey<Vec<u8>> {
    UnparsedPublicKey::new(algorithm, pair.public_key().as_ref().to_vec())
}
