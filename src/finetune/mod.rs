//! Learning from examples: plans, and how they are carried out.
//!
//! | module | what |
//! | --- | --- |
//! | `plan` | a run as data: phases, and what trains in each |
//! | `strategy` | named strategies, which build plans |
//! | `examples` | what is learned from, and the views of it |
//! | `rehearsal` | what a plan does on a GPU, done ahead for its kernels |
//! | `session`, `checkpoint` | the loop that carries a plan out, and what it goes on from elsewhere |
//! | `model`, `fit` | what it has come to between phases, and a phase in progress |
//! | `network`, `objective` | stages and layers with gradients, and what a step makes small |
//! | `activations` | what frozen stages make of the examples, computed once |
//! | `logistic`, `unfinished` | the head alone, solved; and one that knows drawings half-way |
//! | `optimizer`, `schedule`, `loss`, `mixing` | the parts |
//! | `report`, `metrics`, `comparison` | what is told of a run |

mod activations;
mod checkpoint;
mod comparison;
mod examples;
mod fit;
mod logistic;
mod loss;
mod metrics;
mod mixing;
mod model;
mod network;
mod objective;
mod optimizer;
mod plan;
mod rehearsal;
mod report;
mod schedule;
mod session;
mod strategy;
mod unfinished;

pub use comparison::Gain;
pub(crate) use examples::seeded;
pub use examples::{Examples, Source};
pub use logistic::{fit as solve_head, fit_at as solve_head_at};
pub use loss::Loss;
pub use metrics::{Answer, Bin, Calibration, ClassEvaluation, Evaluation, Reliability, cross_validate};
pub use mixing::Mixing;
pub use model::features;
pub use network::numbered;
pub use optimizer::Optimizer;
use optimizer::allow;
pub use plan::{HeadPlan, HeadStart, HiddenPlan, NormMode, Phase, Plan, StartingWeights, Trainable, Variation};
pub use rehearsal::{Kernels, Rehearsal};
pub use report::{Ending, Epoch, PhaseReport, Report, StageRate};
pub use schedule::Schedule;
use schedule::reductions;
pub use session::{Session, Signal, Trained};
pub use strategy::{Situation, Strategy};
pub use unfinished::solve_unfinished;
