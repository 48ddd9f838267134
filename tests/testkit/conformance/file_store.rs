//! A store in a file that processes share: each call locks it and reads it whole.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek, SeekFrom, Write as _};
use std::path::Path;
use std::sync::Mutex;

use cognate::store::{Batch, Commit, Key, KeyRange, Store, StoreError, Tree, Value};

type Entries = BTreeMap<Key, Value>;

pub(super) struct FileStore {
    file: Mutex<File>,
    lock: Lock,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Lock {
    /// Keeps out all other handles.
    OfTheFile,
    /// Keeps out the other handles of this process.
    OfTheProcess,
}

static PROCESS: Mutex<()> = Mutex::new(());

impl FileStore {
    pub(super) fn open(path: &Path, lock: Lock) -> Result<Self, StoreError> {
        let mut options = OpenOptions::new();
        let opened = options.read(true).write(true).create(true).truncate(false).open(path);
        Ok(Self { file: Mutex::new(opened.map_err(StoreError::failed)?), lock })
    }

    /// Reads the file, and writes it if `work` says that the entries have changed.
    fn with<T>(&self, work: impl FnOnce(&mut Entries) -> (T, bool)) -> Result<T, StoreError> {
        let mut file = self.file.lock().expect("no panic");
        if self.lock == Lock::OfTheProcess {
            let _alone = PROCESS.lock().expect("no panic");
            return within(&mut file, work).map_err(StoreError::failed);
        }
        file.lock().map_err(StoreError::failed)?;
        let done = within(&mut file, work).map_err(StoreError::failed);
        file.unlock().map_err(StoreError::failed)?;
        done
    }
}

fn within<T>(file: &mut File, work: impl FnOnce(&mut Entries) -> (T, bool)) -> std::io::Result<T> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut bytes)?;
    let mut entries = decode(&bytes);
    let (outcome, has_changed) = work(&mut entries);
    if has_changed {
        let bytes = encode(&entries);
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&bytes)?;
        file.set_len(bytes.len() as u64)?;
    }
    Ok(outcome)
}

/// Each entry: its tree, the lengths of key and record, and both.
fn encode(entries: &Entries) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (key, value) in entries {
        let tree = Tree::ALL.iter().position(|tree| *tree == key.tree).expect("a tree");
        for number in [tree, key.bytes.len(), value.len()] {
            bytes.extend((number as u64).to_be_bytes());
        }
        bytes.extend(&key.bytes);
        bytes.extend(value);
    }
    bytes
}

/// What is cut off by another writer is lost.
fn decode(mut bytes: &[u8]) -> Entries {
    let mut entries = Entries::new();
    while let Some((head, rest)) = bytes.split_first_chunk::<24>() {
        let (numbers, _) = head.as_chunks::<8>();
        let mut numbers = numbers.iter().map(|number| u64::from_be_bytes(*number));
        let mut number = || usize::try_from(numbers.next().expect("three")).expect("fits");
        let (tree, key, value) = (number(), number(), number());
        let Some((key, rest)) = rest.split_at_checked(key) else { break };
        let Some((value, rest)) = rest.split_at_checked(value) else { break };
        let Some(tree) = Tree::ALL.get(tree) else { break };
        entries.insert(Key::new(*tree, key), value.to_vec());
        bytes = rest;
    }
    entries
}

impl Store for FileStore {
    fn get(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError> {
        self.with(|entries| (keys.iter().map(|key| entries.get(key).cloned()).collect(), false))
    }

    fn reads_one_moment(&self) -> bool {
        true
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.with(|entries| {
            let within = entries.iter().filter(|(key, _)| range.contains(key)).take(limit);
            (within.map(|(key, value)| (key.clone(), value.clone())).collect(), false)
        })
    }

    fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        self.with(|entries| {
            for (key, expected) in &batch.checks {
                if entries.get(key) != expected.as_ref() {
                    return (Commit::Conflict, false);
                }
            }
            for key in &batch.deletes {
                entries.remove(key);
            }
            let is_write = !batch.is_read_only();
            entries.extend(batch.puts);
            (Commit::Done, is_write)
        })
    }

    fn sync(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
