//! The errors of sled and of the store.

use crate::store::StoreError;

pub(super) fn folder_gone() -> StoreError {
    StoreError::failed(
        "the folder of the database was removed, moved or replaced while it was open",
    )
}

pub(super) fn store_error(error: sled::Error) -> StoreError {
    use std::io::ErrorKind::{InvalidData, NotFound, UnexpectedEof};
    let damage = match &error {
        // A file of sled's is missing, truncated or damaged.
        sled::Error::Io(io) => matches!(io.kind(), InvalidData | NotFound | UnexpectedEof),
        sled::Error::Corruption { .. }
        | sled::Error::CollectionNotFound(_)
        | sled::Error::ReportableBug(_)
        | sled::Error::Unsupported(_) => true,
    };
    if damage { StoreError::Corrupt(text(&error)) } else { StoreError::failed(error) }
}

/// sled's own text of damage ends with an empty backtrace.
fn text(error: &sled::Error) -> String {
    match error {
        sled::Error::Corruption { at: Some(place), .. } => {
            format!("sled has read damaged data at {place}")
        }
        sled::Error::Corruption { at: None, .. } => "sled has read damaged data".to_owned(),
        sled::Error::CollectionNotFound(_)
        | sled::Error::Io(_)
        | sled::Error::ReportableBug(_)
        | sled::Error::Unsupported(_) => error.to_string(),
    }
}
