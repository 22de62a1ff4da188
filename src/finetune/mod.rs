//! Learning from examples.

mod cache;
mod comparison;
mod logistic;
mod metrics;
mod plan;
mod schedule;
mod session;

pub use cache::FeatureCache;
pub use comparison::Gain;
pub use metrics::{Bin, Calibration, ClassEvaluation, Evaluation, Reliability, cross_validate};
pub use plan::{Plan, Solver};
pub use schedule::warm_up_then_cosine;
pub use session::{Ending, Epoch, Report, train_head};
