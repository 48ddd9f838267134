//! Stores: one conformance test for all of them, and what befalls a sled database.

mod conformance;
mod damage;
mod kill;
