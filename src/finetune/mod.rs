//! Learning from examples.

mod cache;
mod logistic;
mod mixing;
mod plan;
mod schedule;
mod session;

pub use cache::FeatureCache;
pub use mixing::Mixing;
pub use plan::{Plan, Solver};
pub use schedule::warm_up_then_cosine;
pub use session::{Ending, Epoch, Report, train_head};
