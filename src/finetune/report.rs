//! What a run tells of itself.

use serde::{Deserialize, Serialize};

use super::Evaluation;

/// What is reported after each epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Epoch {
    /// Name of the phase. A logistic regression calls its parts `strength` and `solve`.
    pub phase: String,
    /// Whether this is the second pass, over all examples. See [`Plan::refit`](super::Plan::refit).
    pub refit: bool,
    /// From 1 in each phase. A candidate in `strength`, an iteration in `solve`.
    pub epoch: usize,
    /// How many there are at most when the phase ends.
    pub epochs: usize,
    /// Optimizer steps so far in the phase.
    pub step: usize,
    /// How many there are at most when the phase ends.
    pub steps: usize,
    /// Mean loss of the training examples over the epoch, varied and smoothed as the phase says. Of a logistic regression:
    /// cross-entropy after the epoch.
    pub loss: f32,
    /// Share of training examples that were right at the same time, mixed ones if taken for what counts most in them; 0 for losses
    /// on embeddings, which do not classify.
    pub accuracy: f32,
    /// Mean cross-entropy of the examples held out, if any are, after the epoch, at the temperature that suits them: in `strength` of all, each in its turn, and
    /// in `solve` as the best candidate did there.
    pub validation_loss: Option<f32>,
    /// Share of the examples held out that are right.
    pub validation_accuracy: Option<f32>,
    /// Highest of the last step's learning rates: the head's.
    pub rate: Option<f64>,
    /// The last step's learning rate of each stage that trains.
    pub rates: Vec<StageRate>,
    /// Strength of the logistic regression's penalty: half of it times the squared weights, which act on vectors of
    /// length 12, is added to the mean loss.
    pub strength: Option<f32>,
    /// Estimated time to the last epoch of the phase.
    pub seconds_left: f64,
    /// Whether these are the best weights so far, which serve predictions from now on.
    pub best: bool,
    /// What the user should know: a rate that was halved, a phase that was undone, or of which a part was kept.
    pub notice: Option<String>,
}

/// A learning rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageRate {
    /// The stage.
    pub stage: String,
    /// Its rate.
    pub rate: f64,
}

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// All phases were done.
    Finished,
    /// Somebody stopped it.
    Stopped,
    /// Somebody paused it: it can go on.
    Paused,
}

fn whole() -> f32 {
    1.0
}

/// What a phase came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PhaseReport {
    /// Its name.
    pub phase: String,
    /// The stages that it trained.
    pub stages: Vec<String>,
    /// Epochs done.
    pub epochs: usize,
    /// The epoch whose weights were kept; 0 if those from before the phase were.
    pub kept_epoch: usize,
    /// How much of the way from the weights before the phase to those after it was kept, 0 to 1. See
    /// [`Phase::interpolate`](super::Phase::interpolate).
    // Reports of before that was known have all of it.
    #[serde(default = "whole")]
    pub kept_share: f32,
    /// Whether it was undone, because it did not make the validation loss smaller.
    pub rolled_back: bool,
    /// Loss and accuracy of the epoch that was kept, as in [`Epoch`]; those of validation are of as much of the way as was
    /// kept.
    pub loss: Option<f32>,
    /// See [`Epoch::accuracy`].
    pub accuracy: Option<f32>,
    /// See [`Epoch::validation_loss`].
    pub validation_loss: Option<f32>,
    /// See [`Epoch::validation_accuracy`].
    pub validation_accuracy: Option<f32>,
    /// What the head's logits were divided by so that examples held out are most probable, if any were (Guo et al., 2017,
    /// arXiv 1706.04599).
    pub temperature: Option<f64>,
    /// Drawings that went through frozen stages.
    pub frozen_forwards: usize,
    /// How long it took.
    pub seconds: f64,
}

/// What a run came to. Losses and accuracies are those of the last phase that was kept in the first pass: for weights that
/// were refitted on all examples they are an estimate, on the careful side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Why the run ended.
    pub reason: Ending,
    /// Epochs done.
    pub epochs: usize,
    /// See [`Epoch::loss`].
    pub loss: Option<f32>,
    /// See [`Epoch::accuracy`].
    pub accuracy: Option<f32>,
    /// See [`Epoch::validation_loss`].
    pub validation_loss: Option<f32>,
    /// See [`Epoch::validation_accuracy`].
    pub validation_accuracy: Option<f32>,
    /// The strength that a logistic regression's cross-validation chose. See [`Epoch::strength`].
    pub strength: Option<f32>,
    /// How many examples were learned from in the first pass.
    pub training_examples: usize,
    /// How many were held out: by the plan for all of it, or by the cross-validation each for a fifth.
    pub validation_examples: usize,
    /// What each phase of the first pass came to.
    pub phases: Vec<PhaseReport>,
    /// What became of the examples that the plan held out, if it held any.
    pub evaluation: Option<Evaluation>,
    /// How long it took.
    pub seconds: f64,
}
