//! Views of a store in another process.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::store::{Key, KeyRange, Store, StoreError, StoreView, Value};
use crate::testkit::conformance::peer::{
    Answered, Asked, Peer, Place, Section, paired, places, unfitting,
};

/// A call about a view, by its number.
#[derive(Serialize, Deserialize)]
pub(super) enum AskedView {
    Open,
    Get(usize, Vec<Place>),
    Scan(usize, Section),
    Close(usize),
}

/// The views that this process has opened for another one.
pub(super) struct ServedViews<'a> {
    store: &'a dyn Store,
    open: BTreeMap<usize, Box<dyn StoreView + 'a>>,
    opened: usize,
}

impl<'a> ServedViews<'a> {
    pub(super) fn new(store: &'a dyn Store) -> Self {
        Self { store, open: BTreeMap::new(), opened: 0 }
    }

    pub(super) fn answer(&mut self, asked: AskedView) -> Result<Answered, StoreError> {
        Ok(match asked {
            AskedView::Open => match self.store.view()? {
                None => Answered::View(None),
                Some(view) => {
                    self.opened = self.opened.saturating_add(1);
                    self.open.insert(self.opened, view);
                    Answered::View(Some(self.opened))
                }
            },
            AskedView::Get(number, keys) => {
                let keys: Vec<Key> =
                    keys.into_iter().map(Key::try_from).collect::<Result<_, _>>()?;
                Answered::Values(self.numbered(number)?.get(&keys)?)
            }
            AskedView::Scan(number, section) => {
                let (range, limit) = section.range()?;
                Answered::Entries(places(self.numbered(number)?.scan(&range, limit)?))
            }
            AskedView::Close(number) => {
                self.open.remove(&number);
                Answered::Done
            }
        })
    }

    fn numbered(&self, number: usize) -> Result<&dyn StoreView, StoreError> {
        let view = self.open.get(&number);
        view.map(|view| &**view).ok_or_else(|| StoreError::failed("an unknown view"))
    }
}

/// A view in the other process.
pub(super) struct PeerView<'a> {
    peer: &'a Peer,
    number: usize,
}

impl<'a> PeerView<'a> {
    pub(super) fn open(peer: &'a Peer) -> Result<Option<Self>, StoreError> {
        match peer.ask(&Asked::View(AskedView::Open))? {
            Answered::View(number) => Ok(number.map(|number| Self { peer, number })),
            _ => Err(unfitting()),
        }
    }
}

impl StoreView for PeerView<'_> {
    fn get(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError> {
        let keys = keys.iter().map(Place::from).collect();
        match self.peer.ask(&Asked::View(AskedView::Get(self.number, keys)))? {
            Answered::Values(values) => Ok(values),
            _ => Err(unfitting()),
        }
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        let asked = AskedView::Scan(self.number, Section::new(range, limit));
        match self.peer.ask(&Asked::View(asked))? {
            Answered::Entries(entries) => paired(entries, |value| value),
            _ => Err(unfitting()),
        }
    }
}

impl Drop for PeerView<'_> {
    fn drop(&mut self) {
        // A process that does not answer has no views.
        drop(self.peer.ask(&Asked::View(AskedView::Close(self.number))));
    }
}
