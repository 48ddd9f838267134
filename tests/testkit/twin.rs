//! Reproducible engines, and the bytes of their stores.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use cognate::ambient::{Entropy, EntropyError, Ids};
use cognate::store::{Batch, Key, KeyRange, MemoryStore, Store, Tree, Value};
use cognate::testkit::{self, TestClock};
use cognate::token::SigningAlgorithm;
use cognate::{Builder, Engine, Journal, Removal};

/// Numbers that follow from a seed (`SplitMix64`).
#[derive(Debug)]
pub(crate) struct Numbers(AtomicU64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    pub(crate) fn next(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut z = self.0.fetch_add(STEP, Ordering::SeqCst).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&self, end: u64) -> u64 {
        self.next() % end
    }

    /// The bytes that generate one operation.
    pub(crate) fn bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        self.fill_all(&mut bytes);
        bytes
    }

    fn fill_all(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }
}

impl Entropy for Numbers {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        self.fill_all(bytes);
        Ok(())
    }
}

impl Ids for Numbers {
    fn mint(&self) -> Result<uuid::Uuid, EntropyError> {
        let mut bytes = [0; 16];
        self.fill_all(&mut bytes);
        Ok(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }
}

/// A builder whose randomness follows entirely from `seed`. Every other engine keeps a journal.
pub(crate) fn builder(seed: u64, clock: TestClock) -> Builder {
    let builder = Engine::builder();
    let has_journal = (seed ^ seed >> 2) & 1 == 1;
    let builder = if has_journal { builder.journal(Journal::keep(90)) } else { builder };
    builder
        .signing_algorithm(SigningAlgorithm::EdDsa)
        .login_verifier(testkit::login_verifier())
        .clock(clock)
        .ids(Numbers::new(!seed))
        .entropy(Numbers::new(seed))
        .removal(Removal::Calling)
}

/// All contents of a store.
pub(crate) type Dump = BTreeMap<(&'static str, Vec<u8>), Value>;

pub(crate) fn dump(store: &dyn Store) -> Dump {
    let mut all = Dump::new();
    for tree in Tree::ALL {
        let mut range = KeyRange::prefix(tree, []);
        loop {
            let entries = store.scan(&range, 1_000).expect("reads");
            let Some((last, _)) = entries.last() else { break };
            range = range.after(&last.bytes.clone());
            all.extend(entries.into_iter().map(|(key, value)| ((tree.name(), key.bytes), value)));
        }
    }
    all
}

fn is_key(tree: &str) -> bool {
    [Tree::SigningKeys, Tree::SessionKeys].iter().any(|keys| keys.name() == tree)
}

/// The contents without signing keys and session keys.
pub(crate) fn records(of: &Dump) -> Dump {
    let records = of.iter().filter(|((tree, _), _)| !is_key(tree));
    records.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Whether a store equals its state before or after an operation. The first operation that needs a
/// key makes it in a separate commit, so the key may be there already.
pub(crate) fn is_before_or_after(found: &Dump, before: &Dump, after: &Dump) -> bool {
    let contains = |of: &Dump, part: &Dump| {
        part.iter()
            .filter(|((tree, _), _)| is_key(tree))
            .all(|(key, value)| of.get(key) == Some(value))
    };
    let records_found = records(found);
    let whole = records_found == records(before) || records_found == records(after);
    whole && contains(found, before) && contains(after, found)
}

/// The difference between two dumps.
pub(crate) fn difference(wanted: &Dump, found: &Dump) -> String {
    let missing: Vec<_> = wanted.iter().filter(|(k, v)| found.get(*k) != Some(*v)).collect();
    let extra: Vec<_> = found.keys().filter(|key| !wanted.contains_key(*key)).collect();
    format!("missing or other {missing:?}, too many {extra:?}")
}

/// A store in memory with the same contents.
pub(crate) fn filled(from: &Dump) -> MemoryStore {
    let store = MemoryStore::new();
    let mut batch = Batch::default();
    for ((name, bytes), value) in from {
        let tree = Tree::ALL.into_iter().find(|tree| tree.name() == *name).expect("a tree");
        batch.puts.push((Key::new(tree, bytes.clone()), value.clone()));
    }
    store.commit(batch).expect("fills");
    store
}
