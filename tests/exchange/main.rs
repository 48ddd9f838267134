//! Exports, imports and seeds.

mod bad_input;
mod bad_state;
mod beside;
mod changed;
mod files;
mod histories;
mod keys;
mod kills;
mod pages;
mod round_trips;
mod seeds;
mod shared;
mod support;
mod writers;
