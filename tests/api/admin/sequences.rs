//! Random sequences of administration and of the service's operations, compared with a naive view
//! of the same pools.
