//! Named strategies: what the literature argues about, as functions that return plans.

use serde::{Deserialize, Serialize};

use super::{
    HeadPlan, HeadStart, Loss, NormMode, Optimizer, Phase, Plan, Schedule, StartingWeights, Trainable, Variation,
};
use crate::doodle::{Augmentation, PixelAugmentation};

/// A named way to fine-tune.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// Solve for the head, then fine-tune everything, or the last two stages where the device is slow, and keep as much of that
    /// as makes examples held out be recognised best, or nothing: never worse than the head alone, as far as those can tell.
    #[default]
    Auto,
    /// The head alone, solved by logistic regression on features that are computed once.
    FeatureExtraction,
    /// Everything from the start, with running statistics.
    Full,
    /// The naive way: everything from the start, with the statistics of each batch.
    FullBatchNorm,
    /// The head first, then everything at a tenth of the rate (Howard and Gugger, fastai's `fine_tune`).
    FreezeThenFinetune,
    /// A stage more in each phase, from the head on, the rate starting anew (Howard and Ruder, 2018, arXiv 1801.06146).
    GradualUnfreezing,
    /// Everything, with a smaller rate the further a stage is from the head (same paper).
    LayerWise,
    /// Everything, with a linear warm-up, then a cosine (Goyal et al., 2017, arXiv 1706.02677).
    WarmUp,
    /// The head to convergence, then everything at a small rate (Kumar et al., 2022, arXiv 2202.10054).
    LpFt,
    /// The last two stages alone.
    LastBlock,
    /// Random weights: the control that a transfer must beat.
    FromScratch,
    /// A student that learns a teacher's softened answers as well (Hinton et al., 2015, arXiv 1503.02531).
    Distil,
}

/// What a plan is made to measure for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Situation {
    /// Examples to learn from.
    pub examples: usize,
    /// Classes to tell apart.
    pub classes: usize,
    /// Examples of the smallest class.
    pub fewest: usize,
    /// Stages of the backbone.
    pub stages: usize,
    /// Side of what it sees, in pixels.
    pub side: usize,
    /// Whether the examples are strokes, which are varied as such; pictures are shifted and scaled.
    pub strokes: bool,
    /// Whether the backbone was pretrained on drawings, whose features need little adaptation.
    pub knows_drawings: bool,
    /// Seconds in which the device computes the features of a drawing, if that was measured.
    pub seconds_a_drawing: Option<f64>,
}

/// How long `auto` may take, in seconds.
const PATIENCE: f64 = 120.0;

/// Pixels of all pictures of a step together, at most: 16 pictures of 160 pixels, of which EfficientNet-Lite0 makes 220 MB.
const PIXELS: usize = 16 * 160 * 160;

/// A step forward and backward takes about as long as so many forward.
const FORWARDS_A_STEP: f64 = 3.5;

/// Examples a class from which on a backbone that knows drawings gains by fine-tuning: with 20 a class, of 10 or of 40, it
/// loses a little; with 100 it gains a point.
const MANY: usize = 50;

impl Strategy {
    /// All of them, in the order in which they are compared.
    pub const ALL: [Self; 12] = [
        Self::Auto,
        Self::FeatureExtraction,
        Self::Full,
        Self::FullBatchNorm,
        Self::FreezeThenFinetune,
        Self::GradualUnfreezing,
        Self::LayerWise,
        Self::WarmUp,
        Self::LpFt,
        Self::LastBlock,
        Self::FromScratch,
        Self::Distil,
    ];

    /// The plan, made to measure.
    pub fn plan(self, situation: &Situation) -> Plan {
        let mut plan = match self {
            Self::Auto => auto(situation),
            Self::FeatureExtraction => feature_extraction(),
            Self::Full => full(situation, NormMode::Running),
            Self::FullBatchNorm => full(situation, NormMode::Batch),
            Self::FreezeThenFinetune => freeze_then_finetune(situation),
            Self::GradualUnfreezing => gradual_unfreezing(situation),
            Self::LayerWise => layer_wise(situation),
            Self::WarmUp => warm_up(situation),
            Self::LpFt => lp_ft(situation),
            Self::LastBlock => last_block(situation),
            Self::FromScratch => from_scratch(situation),
            Self::Distil => distil(situation),
        };
        for phase in plan.phases.iter_mut().filter(|phase| phase.train != Trainable::Head) {
            phase.batch_size = phase.batch_size.min(situation.batch());
        }
        plan
    }
}

impl Situation {
    /// Epochs in which so many drawings are seen, within bounds.
    fn epochs(&self, drawings: usize, [fewest, most]: [usize; 2]) -> usize {
        drawings.div_ceil(self.examples.max(1)).clamp(fewest, most)
    }

    /// Pictures a step, so that what the network makes of them fits into the memory of a browser.
    fn batch(&self) -> usize {
        (PIXELS / (self.side * self.side)).max(2)
    }

    /// Seconds that so many epochs of fine-tuning everything take.
    fn seconds(&self, epochs: usize) -> f64 {
        self.seconds_a_drawing.unwrap_or(0.0) * FORWARDS_A_STEP * (self.examples * epochs) as f64
    }
}

/// Cross-entropy that does not insist.
const SMOOTHED: Loss = Loss::CrossEntropy { smoothing: 0.1 };

/// Variations that other hands might have drawn.
fn variation(situation: &Situation) -> Variation {
    if !situation.strokes {
        let pixels = PixelAugmentation { shift: 0.05, scale: 0.1, ..PixelAugmentation::default() };
        return Variation { pixels, ..Variation::default() };
    }
    let strokes = Augmentation {
        rotation: 12.0,
        shear: 0.1,
        stretch: 0.2,
        jitter: 0.004,
        bend: 0.02,
        dropout: 0.05,
        width: 0.3,
        ..Augmentation::default()
    };
    Variation { strokes, ..Variation::default() }
}

/// The head, solved.
fn solve() -> Phase {
    Phase { optimizer: Optimizer::Logistic {}, ..Phase::new("head", Trainable::Head, 1) }
}

/// A head by gradient descent.
fn head(situation: &Situation) -> Phase {
    Phase {
        rate: 2e-3,
        warm_up: 0.1,
        schedule: Schedule::Cosine { end: 0.0 },
        loss: Loss::CrossEntropy { smoothing: 0.05 },
        batch_size: 32,
        ..Phase::new("head", Trainable::Head, situation.epochs(6000, [10, 100]))
    }
}

/// Careful fine-tuning of what `train` names.
fn careful(situation: &Situation, train: Trainable, rate: f64) -> Phase {
    Phase {
        rate,
        warm_up: 0.1,
        schedule: Schedule::Cosine { end: 0.0 },
        loss: SMOOTHED,
        augmentation: variation(situation),
        clip: Some(1.0),
        averaging: 0.95,
        ..Phase::new("fine-tune", train, situation.epochs(4000, [6, 60]))
    }
}

/// A plain linear head on the features themselves, at random.
fn plain_head() -> HeadPlan {
    HeadPlan { directions: false, start: HeadStart::Random, hidden: None }
}

/// See [`Strategy::Auto`].
pub fn auto(situation: &Situation) -> Plan {
    let &Situation { examples, classes, fewest, stages, knows_drawings, .. } = situation;
    // A class can spare one for validation from four examples on, and what is held out must speak for all.
    if fewest < 4 || (knows_drawings && examples < MANY * classes) {
        return feature_extraction();
    }
    let mut fine_tune = if knows_drawings {
        let epochs = situation.epochs(10_000, [6, 20]);
        Phase { epochs, ..careful(situation, Trainable::Everything, 2e-3) }
    } else {
        Phase { stage_decay: 0.8, ..careful(situation, Trainable::Everything, 1e-3) }
    };
    // The second pass takes as long again.
    let affordable = |epochs: usize| 2.0 * situation.seconds(epochs) <= PATIENCE;
    while fine_tune.epochs > 6 && !affordable(fine_tune.epochs) {
        fine_tune.epochs -= 1;
    }
    if !affordable(fine_tune.epochs) {
        // Most of the time goes into the first stages, whose activations are computed once.
        fine_tune.train = Trainable::Last(2.min(stages));
    }
    let fine_tune = Phase { roll_back: true, interpolate: true, keep_best: false, ..fine_tune };
    Plan { validation: 0.2, refit: true, ..Plan::new(vec![solve(), fine_tune]) }
}

/// See [`Strategy::FeatureExtraction`].
pub fn feature_extraction() -> Plan {
    Plan { validation: 0.0, ..Plan::new(vec![solve()]) }
}

/// See [`Strategy::Full`] and [`Strategy::FullBatchNorm`].
pub fn full(situation: &Situation, norm: NormMode) -> Plan {
    let everything = Phase {
        optimizer: Optimizer::Adam { weight_decay: 0.0 },
        rate: 1e-3,
        norm,
        ..Phase::new("everything", Trainable::Everything, situation.epochs(4000, [6, 60]))
    };
    Plan { head: plain_head(), ..Plan::new(vec![everything]) }
}

/// See [`Strategy::FreezeThenFinetune`].
pub fn freeze_then_finetune(situation: &Situation) -> Plan {
    let head = head(situation);
    let rate = head.rate / 10.0;
    let everything = Phase {
        rate,
        schedule: Schedule::Cosine { end: 0.0 },
        augmentation: variation(situation),
        ..Phase::new("everything", Trainable::Everything, situation.epochs(4000, [6, 60]))
    };
    Plan::new(vec![head, everything])
}

/// See [`Strategy::GradualUnfreezing`].
pub fn gradual_unfreezing(situation: &Situation) -> Plan {
    let epochs = situation.epochs(4000, [6, 60]).div_ceil(situation.stages).max(2);
    let unfreeze = |count: usize| Phase {
        name: format!("last {count}"),
        epochs,
        keep_best: false,
        averaging: 0.0,
        ..careful(situation, Trainable::Last(count), 5e-4)
    };
    Plan::new(std::iter::once(head(situation)).chain((1..=situation.stages).map(unfreeze)).collect())
}

/// See [`Strategy::LayerWise`].
pub fn layer_wise(situation: &Situation) -> Plan {
    Plan::new(vec![Phase { stage_decay: 0.75, ..careful(situation, Trainable::Everything, 2e-3) }])
}

/// See [`Strategy::WarmUp`].
pub fn warm_up(situation: &Situation) -> Plan {
    Plan::new(vec![careful(situation, Trainable::Everything, 1e-3)])
}

/// See [`Strategy::LpFt`].
pub fn lp_ft(situation: &Situation) -> Plan {
    Plan::new(vec![solve(), careful(situation, Trainable::Everything, 5e-4)])
}

/// See [`Strategy::LastBlock`].
pub fn last_block(situation: &Situation) -> Plan {
    Plan::new(vec![solve(), careful(situation, Trainable::Last(2.min(situation.stages)), 1e-3)])
}

/// See [`Strategy::FromScratch`].
pub fn from_scratch(situation: &Situation) -> Plan {
    let everything = Phase {
        norm: NormMode::Batch,
        epochs: situation.epochs(12_000, [10, 100]),
        name: "everything".into(),
        ..careful(situation, Trainable::Everything, 3e-3)
    };
    Plan { weights: StartingWeights::Random, head: plain_head(), ..Plan::new(vec![everything]) }
}

/// See [`Strategy::Distil`].
pub fn distil(situation: &Situation) -> Plan {
    let student = Phase {
        loss: Loss::Distillation { temperature: 4.0, share: 0.9 },
        ..careful(situation, Trainable::Everything, 1e-3)
    };
    Plan::new(vec![student])
}

#[cfg(test)]
mod tests {
    use super::*;

    const SITUATION: Situation = Situation {
        examples: 200,
        classes: 10,
        fewest: 20,
        side: 128,
        stages: 9,
        strokes: true,
        knows_drawings: false,
        seconds_a_drawing: Some(0.01),
    };

    #[test]
    fn every_strategy_is_a_possible_plan_that_survives_json() {
        let stages: Vec<String> = (0..SITUATION.stages).map(|stage| format!("stage{stage}")).collect();
        for strategy in Strategy::ALL {
            for examples in [2, 50, 200, 100_000] {
                let plan = strategy.plan(&Situation { examples, classes: 2, ..SITUATION });
                plan.check(&stages).unwrap();
                assert_eq!(serde_json::from_str::<Plan>(&serde_json::to_string(&plan).unwrap()).unwrap(), plan);
            }
        }
        assert_eq!(serde_json::to_string(&Strategy::LpFt).unwrap(), r#""lp-ft""#);
    }

    #[test]
    fn a_step_of_large_pictures_has_fewer() {
        let batches =
            |side| Strategy::LpFt.plan(&Situation { side, ..SITUATION }).phases.into_iter().map(|p| p.batch_size);
        assert!(batches(128).all(|batch| batch == 16));
        assert_eq!(batches(224).collect::<Vec<_>>(), [16, 8], "a head's step is of features");
    }

    #[test]
    fn auto_does_what_the_device_and_the_examples_allow() {
        let trains = |situation| auto(&situation).phases.last().map(|phase| phase.train.clone()).unwrap();
        assert_eq!(trains(SITUATION), Trainable::Everything);
        assert_eq!(trains(Situation { fewest: 3, ..SITUATION }), Trainable::Head);
        assert_eq!(trains(Situation { knows_drawings: true, ..SITUATION }), Trainable::Head);
        let many = Situation { examples: 1000, seconds_a_drawing: Some(1e-3), ..SITUATION };
        assert_eq!(trains(Situation { knows_drawings: true, ..many }), Trainable::Everything);
        assert_eq!(trains(Situation { seconds_a_drawing: Some(1.0), ..SITUATION }), Trainable::Last(2));
    }
}
