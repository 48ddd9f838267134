//! Events in the journal, and the creation that the record of an identity tells itself.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ambient::Timestamp;
use crate::name::RequestId;
use crate::state::{ActorKind, ChangeKind, ChangeOperation, EventId, Source};
use crate::store::key::corrupt;
use crate::store::record::{Record, decode, encode};
use crate::store::{Key, StoreError, Value};

/// In the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EventRecord {
    pub(crate) date: Timestamp,
    pub(crate) source: Source,
    pub(crate) changes: Vec<ChangeKind>,
    pub(crate) undid: Option<EventId>,
    pub(crate) undone_by: Option<EventId>,
}

/// A [`Source`] in a record: the operation and the kind of caller as numbers, and a request id that
/// is a UUID in sixteen bytes.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SourceRecord {
    operation: u8,
    by: u8,
    request_uuid: Option<u128>,
    other_request_id: Option<RequestId>,
}

impl From<&Source> for SourceRecord {
    fn from(source: &Source) -> Self {
        let uuid = source.request_id.as_ref().and_then(uuid_of);
        Self {
            operation: source.operation.code(),
            by: match source.by {
                ActorKind::Anyone => 0,
                ActorKind::Account => 1,
                ActorKind::Administrator => 2,
            },
            request_uuid: uuid.map(|uuid| uuid.as_u128()),
            other_request_id: source.request_id.clone().filter(|_| uuid.is_none()),
        }
    }
}

/// The UUID that the id is the text of.
fn uuid_of(id: &RequestId) -> Option<Uuid> {
    let uuid = Uuid::try_parse(id.as_str()).ok();
    uuid.filter(|uuid| *uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer()) == *id.as_str())
}

impl SourceRecord {
    pub(super) fn into_source(self, key: &Key) -> Result<Source, StoreError> {
        let by = match self.by {
            0 => Some(ActorKind::Anyone),
            1 => Some(ActorKind::Account),
            2 => Some(ActorKind::Administrator),
            _ => None,
        };
        let uuid = self.request_uuid.map(|uuid| Uuid::from_u128(uuid).to_string().try_into());
        let request_id = match (uuid, self.other_request_id) {
            (Some(Ok(uuid)), None) => Some(Some(uuid)),
            (None, other) => Some(other),
            (Some(_), _) => None,
        };
        let operation = ChangeOperation::of_code(self.operation);
        match (operation, by, request_id) {
            (Some(operation), Some(by), Some(request_id)) => {
                Ok(Source { operation, by, request_id })
            }
            _ => Err(corrupt(key, "the record names no known call")),
        }
    }
}

impl Record for EventRecord {
    fn encode(&self) -> Result<Value, StoreError> {
        let Self { date, source, changes, undid, undone_by } = self;
        encode(&(date, SourceRecord::from(source), changes, undid, undone_by))
    }

    fn decode(key: &Key, value: &[u8]) -> Result<Self, StoreError> {
        type Parts = (Timestamp, SourceRecord, Vec<ChangeKind>, Option<EventId>, Option<EventId>);
        let (date, source, changes, undid, undone_by): Parts = decode(key, value)?;
        Ok(Self { date, source: source.into_source(key)?, changes, undid, undone_by })
    }
}

/// In the activity of a pool: the key says it all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ActivityEntry;

impl Record for ActivityEntry {
    fn encode(&self) -> Result<Value, StoreError> {
        encode(&())
    }

    fn decode(key: &Key, value: &[u8]) -> Result<Self, StoreError> {
        decode(key, value).map(|()| Self)
    }
}
