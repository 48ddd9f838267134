//! Pointers and functions in the place of a part that the embedder provides.

/// Implements a trait for `&T`, `Box<T>` and `Arc<T>` where `T` implements it. Every method must be
/// listed: a default that is not forwarded would hide what `T` does.
macro_rules! forward {
    ($part:ident $methods:tt) => {
        $crate::part::forward!(&T, $part $methods);
        $crate::part::forward!(Box<T>, $part $methods);
        $crate::part::forward!(std::sync::Arc<T>, $part $methods);
    };
    ($pointer:ty, $part:ident {
        $(fn $method:ident(&self $(, $argument:ident: $type:ty)* $(,)?) -> $output:ty;)+
    }) => {
        impl<T: $part + ?Sized> $part for $pointer {
            $(fn $method(&self $(, $argument: $type)*) -> $output {
                (**self).$method($($argument),*)
            })+
        }
    };
}

pub(crate) use forward;

/// A function as a part with a single method: a [`Clock`](crate::ambient::Clock), an
/// [`Entropy`](crate::ambient::Entropy), an [`Ids`](crate::ambient::Ids), a
/// [`LoginVerifier`](crate::login::LoginVerifier), a [`LinkPolicy`](crate::admin::LinkPolicy), a
/// [`CredentialIssuer`](crate::credentials::CredentialIssuer), an
/// [`IssuerKeys`](crate::login::IssuerKeys) or a [`TokenCheck`](crate::login::TokenCheck).
///
/// Made by [`from_fn`].
#[derive(Debug, Clone, Copy)]
pub struct FromFn<F>(pub(crate) F);

/// Lets a function or a closure stand for a trait with a single method.
///
/// The function takes what the method takes, without `self`. A closure must state the types of the
/// parameters that are references.
///
/// # Example: a clock that stands still, and an issuer that is out of order
///
/// ```
/// use cognate::ambient::Timestamp;
/// use cognate::credentials::{CredentialError, Credentials, Session};
/// use cognate::{Engine, from_fn};
///
/// let noon = Timestamp::from_millis(1_700_000_000_000);
/// let out_of_order = |_: &Session| -> Result<Credentials, CredentialError> {
///     Err(CredentialError::unavailable("the STS is being repaired"))
/// };
/// let engine = Engine::builder()
///     .clock(from_fn(move || noon))
///     .credential_issuer(from_fn(out_of_order))
///     .in_memory()?;
/// # Ok::<(), cognate::Error>(())
/// ```
pub fn from_fn<F>(function: F) -> FromFn<F> {
    FromFn(function)
}
