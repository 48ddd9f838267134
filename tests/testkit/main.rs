//! The engine against the model: one that knows nothing of the engine.

mod machine;
mod reach;
