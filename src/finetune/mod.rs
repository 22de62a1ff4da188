//! Learning from examples.

mod cache;
mod logistic;
mod loss;
mod optimizer;
mod plan;
mod schedule;
mod session;

pub use cache::FeatureCache;
pub use loss::Loss;
pub use optimizer::Optimizer;
pub use plan::{Plan, Solver};
pub use schedule::{Schedule, reductions, warm_up_then_cosine};
pub use session::{Ending, Epoch, Report, train_head};
