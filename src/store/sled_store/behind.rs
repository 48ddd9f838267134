//! Write-behind: the commits that a relaxed store has answered but not yet written.
//!
//! A commit is checked against these commits and joins them. A thread writes all that have gathered
//! in one transaction, so that they share its cost. A commit waits only if the next transaction is
//! full as well.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::{Condvar, Mutex, RwLock};

use crate::store::key::Order;
use crate::store::sled_store::Shared;
use crate::store::view::OpenViews;
use crate::store::{Batch, Commit, Key, KeyRange, StoreError, Value, Visitor};

/// The most commits in one transaction: a large transaction makes readers wait.
const GATHERED_MAX: usize = 64;

/// Values by key. `None` is a deleted record.
pub(super) type Layer = BTreeMap<Key, Option<Value>>;

#[derive(Debug, Default)]
pub(super) struct WriteBehind {
    /// Held from a commit's checks to its writes, so that the checks still hold.
    gathered: Mutex<Gathered>,
    full: Condvar,
    room: Condvar,
    layers: RwLock<Layers>,
    occupied: AtomicBool,
    /// Held while a layer is written. True once a layer was lost: later layers are not written.
    lost: Mutex<bool>,
}

#[derive(Debug, Default)]
struct Gathered {
    commits: usize,
    closed: bool,
}

/// A layer stays readable here until sled returns its values.
#[derive(Debug, Default)]
struct Layers {
    gathering: Layer,
    writing: Arc<Layer>,
}

impl WriteBehind {
    /// Waits for room if the disk does not keep up. `written` reads a value from sled.
    pub(super) fn commit(
        &self,
        batch: Batch,
        written: impl Fn(&Key) -> Result<Option<Value>, StoreError>,
        views: &OpenViews,
    ) -> Result<Commit, StoreError> {
        let mut gathered = self.gathered.lock();
        while gathered.commits >= GATHERED_MAX && !gathered.closed {
            self.room.wait(&mut gathered);
        }
        if gathered.closed {
            return Err(StoreError::Stopped);
        }
        for (key, expected) in &batch.checks {
            if self.get(key, &written)? != *expected {
                return Ok(Commit::Conflict);
            }
        }
        if batch.is_read_only() {
            return Ok(Commit::Done);
        }
        let _saved = views.save(batch.written(), |key| self.get(key, &written))?;
        let mut layers = self.layers.write();
        layers.gathering.extend(batch.deletes.into_iter().map(|key| (key, None)));
        layers.gathering.extend(batch.puts.into_iter().map(|(key, value)| (key, Some(value))));
        self.occupied.store(true, Ordering::SeqCst);
        drop(layers);
        gathered.commits = gathered.commits.saturating_add(1);
        if gathered.commits == GATHERED_MAX {
            self.full.notify_one();
        }
        Ok(Commit::Done)
    }

    /// Writes every earlier commit.
    pub(super) fn write(
        &self,
        write: impl FnOnce(&Layer) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut lost = self.lost.lock();
        if *lost {
            return Err(StoreError::Stopped);
        }
        let layer = self.take();
        if layer.is_empty() {
            return Ok(());
        }
        *lost = true;
        write(&layer)?;
        *lost = false;
        let mut layers = self.layers.write();
        layers.writing = Arc::default();
        self.occupied.store(!layers.gathering.is_empty(), Ordering::SeqCst);
        Ok(())
    }

    fn take(&self) -> Arc<Layer> {
        let mut gathered = self.gathered.lock();
        let mut layers = self.layers.write();
        layers.writing = Arc::new(std::mem::take(&mut layers.gathering));
        gathered.commits = 0;
        self.room.notify_all();
        Arc::clone(&layers.writing)
    }

    /// Waits until a layer is full. Returns false if the store is closed instead.
    pub(super) fn wait_until_full(&self) -> bool {
        let mut gathered = self.gathered.lock();
        while gathered.commits < GATHERED_MAX && !gathered.closed {
            self.full.wait(&mut gathered);
        }
        !gathered.closed
    }

    /// Ends the wait for a full layer: no more commits will come.
    pub(super) fn close(&self) {
        self.gathered.lock().closed = true;
        self.full.notify_all();
        self.room.notify_all();
    }

    /// Whether a commit waits to be written.
    pub(super) fn is_occupied(&self) -> bool {
        self.occupied.load(Ordering::SeqCst)
    }

    /// The newest value. `written` reads a value from sled.
    fn get(
        &self,
        key: &Key,
        written: impl FnOnce(&Key) -> Result<Option<Value>, StoreError>,
    ) -> Result<Option<Value>, StoreError> {
        if self.is_occupied() {
            let layers = self.layers.read();
            let newest = layers.gathering.get(key).or_else(|| layers.writing.get(key));
            if let Some(value) = newest {
                return Ok(value.clone());
            }
        }
        written(key)
    }

    fn range(&self, range: &KeyRange) -> Layer {
        if !self.is_occupied() {
            return Layer::new();
        }
        let start = Key { tree: range.tree, bytes: range.start.clone() };
        let within = |layer: &Layer| -> Layer {
            let entries = layer.range(&start..).take_while(|(key, _)| range.contains(key));
            entries.map(|(key, value)| (key.clone(), value.clone())).collect()
        };
        let layers = self.layers.read();
        let mut newest = within(&layers.writing);
        newest.extend(within(&layers.gathering));
        newest
    }
}

impl Shared {
    /// Writes the changes that a relaxed store has answered.
    pub(super) fn write_behind(&self) -> Result<(), StoreError> {
        self.stop_unless_durable(|| self.behind.write(|layer| self.write_layer(layer)))
    }

    fn write_layer(&self, layer: &Layer) -> Result<(), StoreError> {
        self.transact(|group| {
            layer.iter().try_for_each(|(key, value)| match value {
                Some(value) => group.put(key, value),
                None => group.delete(key),
            })
        })?;
        if self.progress.add_records(layer.len()) { self.flush().map(drop) } else { Ok(()) }
    }

    /// The value after the last commit, whether that commit is written or not.
    pub(super) fn current(&self, key: &Key) -> Result<Option<Value>, StoreError> {
        self.behind.get(key, |key| self.read(key))
    }

    /// Shows the entries after the last commit.
    pub(super) fn current_range(
        &self,
        range: &KeyRange,
        order: Order,
        limit: usize,
        visitor: Visitor<'_>,
    ) -> Result<(), StoreError> {
        // Read before the trees: a commit that is written meanwhile is then in both, never in
        // neither.
        let newest = self.behind.range(range);
        if newest.is_empty() {
            return self.read_range(range, order, limit, visitor);
        }
        let mut entries = BTreeMap::new();
        // Read more entries, as some may turn out to be deleted.
        self.read_range(range, order, limit.saturating_add(newest.len()), &mut |key, value| {
            entries.insert(key.clone(), value.to_vec());
            Ok(())
        })?;
        for (key, value) in newest {
            match value {
                Some(value) => entries.insert(key, value),
                None => entries.remove(&key),
            };
        }
        let mut show = |(key, value): (&Key, &Value)| visitor(key, value);
        match order {
            Order::Ascending => entries.iter().take(limit).try_for_each(&mut show),
            Order::Descending => entries.iter().rev().take(limit).try_for_each(&mut show),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::store::Tree;

    fn key(n: usize) -> Key {
        Key::new(Tree::Pools, n.to_be_bytes())
    }

    fn put(n: usize) -> Batch {
        Batch { puts: vec![(key(n), vec![1])], ..Batch::default() }
    }

    /// Reads from an empty database.
    const NOTHING: fn(&Key) -> Result<Option<Value>, StoreError> = |_| Ok(None);

    fn commit(behind: &WriteBehind, n: usize) -> Result<Commit, StoreError> {
        behind.commit(put(n), NOTHING, &OpenViews::default())
    }

    #[test]
    fn what_is_being_written_can_be_read() {
        let behind = WriteBehind::default();
        commit(&behind, 1).expect("room");
        let is_there = || behind.get(&key(1), NOTHING).expect("reads").is_some();
        behind
            .write(|layer| {
                assert!(layer.contains_key(&key(1)) && is_there() && behind.is_occupied());
                commit(&behind, 2).map(drop)
            })
            .expect("written");
        assert!(!is_there(), "sled has it");
        assert!(behind.is_occupied(), "what was committed meanwhile");
        let written = behind.write(|layer| {
            assert_eq!(layer.len(), 1);
            Ok(())
        });
        written.expect("written");
        assert!(!behind.is_occupied());
    }

    #[test]
    fn nothing_is_written_that_followed_on_what_was_lost() {
        let behind = WriteBehind::default();
        commit(&behind, 1).expect("room");
        let lost = behind.write(|_| Err(StoreError::failed("disk full")));
        assert!(matches!(lost, Err(StoreError::Failed(_))));
        commit(&behind, 2).expect("room");
        let refused = behind.write(|_| panic!("is not written"));
        assert!(matches!(refused, Err(StoreError::Stopped)));
        assert!(behind.get(&key(1), NOTHING).expect("reads").is_some(), "as it was answered");
    }

    /// A writer that is woken early continues to wait.
    fn until_it_waits<T>(behind: &WriteBehind, writer: &thread::ScopedJoinHandle<'_, T>) {
        while !behind.room.notify_one() {
            assert!(!writer.is_finished(), "there was room");
            thread::yield_now();
        }
        // Lets it fall asleep again. If it does not, the test proves less but does not fail.
        thread::sleep(Duration::from_millis(20));
    }

    #[test]
    fn who_waits_for_room_gets_it_by_a_write() {
        let behind = WriteBehind::default();
        let commit = |n| commit(&behind, n);
        for n in 0..GATHERED_MAX {
            commit(n).expect("room");
        }
        assert!(behind.wait_until_full());
        thread::scope(|scope| {
            let waits = scope.spawn(|| commit(GATHERED_MAX));
            until_it_waits(&behind, &waits);
            behind.write(|_| Ok(())).expect("written");
            assert_eq!(waits.join().expect("no panic").expect("room"), Commit::Done);
        });
    }

    #[test]
    fn who_waits_for_room_learns_that_there_will_be_none() {
        let behind = WriteBehind::default();
        let commit = |n| commit(&behind, n);
        for n in 0..GATHERED_MAX {
            commit(n).expect("room");
        }
        thread::scope(|scope| {
            let waits = scope.spawn(|| commit(GATHERED_MAX));
            until_it_waits(&behind, &waits);
            behind.close();
            let refused = waits.join().expect("no panic");
            assert!(matches!(refused, Err(StoreError::Stopped)));
        });
        assert!(!behind.wait_until_full());
    }
}
