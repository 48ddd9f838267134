//! The error behind a failure, told to the operator and not to the caller.

use std::error::Error;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// The error behind a failure of the store or of another part that the embedder provides.
///
/// It is the `source` of the error that the engine returns, so it appears in logs. The caller of an
/// operation never sees it. Clones share one error. Two causes are equal if their texts are equal.
///
/// # Example: the cause of a failed login
///
/// ```
/// use std::error::Error;
/// use std::io;
///
/// use cognate::login::LoginError;
///
/// let timeout = io::Error::from(io::ErrorKind::TimedOut);
/// let failed = LoginError::unavailable(timeout);
/// let source = failed.source().and_then(|source| source.downcast_ref::<io::Error>());
/// assert_eq!(source.map(io::Error::kind), Some(io::ErrorKind::TimedOut));
/// ```
#[derive(Clone)]
pub struct Cause(Arc<dyn Error + Send + Sync>);

impl Cause {
    /// The cause that is this error, or has this text.
    pub fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(error.into().into())
    }
}

impl Deref for Cause {
    type Target = dyn Error + Send + Sync;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl PartialEq for Cause {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.to_string() == other.0.to_string()
    }
}

impl Eq for Cause {}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
