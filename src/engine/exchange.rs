//! Exports, imports and seeds.

mod checked;
mod export;
mod held;
mod import;
mod seed;
