//! Learning from examples.

mod cache;
mod plan;
mod schedule;
mod session;

pub use cache::FeatureCache;
pub use plan::Plan;
pub use schedule::warm_up_then_cosine;
pub use session::{Ending, Epoch, Report, train_head};
