//! Stores: one conformance test for all of them, what befalls a sled database, and races.

mod conformance;
mod damage;
mod kill;
mod planted;
mod races;
mod replay;
