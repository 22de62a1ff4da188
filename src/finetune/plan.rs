//! What a training run does, as data.
//!
//! A [`Plan`] is a list of [`Phase`]s, each of which names what trains, for how long, and how. It serialises to JSON, so
//! that a run can be shown, edited, saved and compared. Named strategies are functions that return one: see
//! [`Strategy`](super::Strategy).

use serde::{Deserialize, Serialize};

use super::{Loss, Mixing, Optimizer, Schedule, allow};
use crate::backbone::InputAdaptation;
use crate::doodle::{Augmentation, PixelAugmentation};
use crate::error::{Error, Result};
use crate::head::HiddenActivation;

/// A training run. All fields but `phases` have defaults, unknown ones are refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Plan {
    /// What is done, one after the other.
    pub phases: Vec<Phase>,
    /// What sits on the features.
    #[serde(default)]
    pub head: HeadPlan,
    /// What the backbone starts from.
    #[serde(default)]
    pub weights: StartingWeights,
    /// How a backbone made for colours takes drawings.
    #[serde(default)]
    pub input: InputAdaptation,
    /// Share of each class held out for validation, 0 to 0.5. Classes of fewer than four examples give none, and if all but one are
    /// as small, nothing is held out: one class alone says nothing.
    #[serde(default = "Plan::usual_validation")]
    pub validation: f64,
    /// Whether all is done once more in the end, with the examples held out too, for as many epochs as were kept.
    #[serde(default)]
    pub refit: bool,
    /// The most memory for activations of frozen stages, in megabytes; beyond it they are computed again in each step.
    #[serde(default = "Plan::usual_cache")]
    pub cache_megabytes: usize,
    /// Decides what is held out, the order of examples, variations and random weights.
    #[serde(default)]
    pub seed: u64,
}

/// What the backbone starts from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StartingWeights {
    /// The weights that it came with.
    #[default]
    Pretrained,
    /// Random ones: the control that a transfer must beat.
    Random,
}

/// What sits on the features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct HeadPlan {
    /// Whether it works on centred directions of the features, as the prototypes do, or on the features themselves.
    pub directions: bool,
    /// Whether it starts from the classes' prototypes, or at random. Those need directions and no hidden layer.
    pub start: HeadStart,
    /// A layer between features and classes.
    pub hidden: Option<HiddenPlan>,
}

/// What the head starts from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HeadStart {
    /// The classes' mean directions.
    #[default]
    Prototype,
    /// Small random weights.
    Random,
}

/// A hidden layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct HiddenPlan {
    /// Its width, 1 to 4096.
    pub size: usize,
    /// What follows it.
    pub activation: HiddenActivation,
}

/// What trains for how long, and how. All fields but `train` and `epochs` have defaults, unknown ones are refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Phase {
    /// What it is called in reports.
    #[serde(default = "Phase::usual_name")]
    pub name: String,
    /// What trains; all else is frozen.
    pub train: Trainable,
    /// The most passes over the examples, 1 to 10,000.
    pub epochs: usize,
    /// How weights follow from gradients. With [`Optimizer::Logistic`], which solves, the fields below say nothing.
    #[serde(default)]
    pub optimizer: Optimizer,
    /// Highest learning rate, above 0 and at most 10.
    #[serde(default = "Phase::usual_rate")]
    pub rate: f64,
    /// Factor on the rate for each stage further from the head, above 0 and at most 1: layer-wise (discriminative) rates,
    /// Howard and Ruder, 2018 (arXiv 1801.06146).
    #[serde(default = "Phase::one")]
    pub stage_decay: f64,
    /// Share of the steps over which the rate rises to its highest, 0 to 1.
    #[serde(default)]
    pub warm_up: f64,
    /// The rate after that.
    #[serde(default)]
    pub schedule: Schedule,
    /// Which statistics the normalisation of stages that train goes by.
    #[serde(default)]
    pub norm: NormMode,
    /// What is made small.
    #[serde(default)]
    pub loss: Loss,
    /// How examples are varied.
    #[serde(default)]
    pub augmentation: Variation,
    /// Examples a step, 1 to 4096; at most all of them are used.
    #[serde(default = "Phase::usual_batch")]
    pub batch_size: usize,
    /// Longest gradient of a tensor, above 0; any if absent.
    #[serde(default)]
    pub clip: Option<f32>,
    /// Share of the averaged weights that stays at each step, 0 to below 1; the average is what is judged and kept.
    #[serde(default)]
    pub averaging: f64,
    /// Epochs without a better validation loss after which the phase ends; never if absent.
    #[serde(default)]
    pub patience: Option<usize>,
    /// Whether the weights of the epoch with the best validation loss are kept, or those of the last.
    #[serde(default = "Phase::yes")]
    pub keep_best: bool,
    /// Whether the phase is undone unless it made the validation loss smaller; where nothing is held out, it is kept.
    #[serde(default)]
    pub roll_back: bool,
    /// Whether the phase, once it is done, goes a quarter, half or three quarters of its way back if that makes the validation
    /// loss smaller (Wortsman et al., 2022, arXiv 2109.01903); where nothing is held out, it goes none.
    #[serde(default)]
    pub interpolate: bool,
}

/// Which parameters a phase changes. The head always trains.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trainable {
    /// The head alone.
    Head,
    /// All stages.
    Everything,
    /// So many stages, counted from the head.
    Last(usize),
    /// So many stages, counted from the input, for new kinds of input.
    First(usize),
    /// Stages by their names.
    Stages(Vec<String>),
}

/// Which statistics batch normalisation goes by where it trains. Frozen stages always go by the running ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NormMode {
    /// The running statistics of the pretraining, which stay as they are: right for few examples.
    #[default]
    Running,
    /// Those of each batch, which move the running ones.
    Batch,
}

/// How examples are varied while they are learned from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Variation {
    /// Variations of drawings, before there are pixels.
    pub strokes: Augmentation,
    /// Variations of pixels.
    pub pixels: PixelAugmentation,
    /// Mixtures of two examples.
    pub mixing: Option<Mixing>,
    /// How many views of an example are kept where activations are cached, 1 to 64: the example itself and variations. Where
    /// nothing is frozen, every epoch sees new ones.
    pub views: usize,
}

impl Default for HeadPlan {
    fn default() -> Self {
        Self { directions: true, start: HeadStart::Prototype, hidden: None }
    }
}

impl Default for HiddenPlan {
    fn default() -> Self {
        Self { size: 128, activation: HiddenActivation::Relu }
    }
}

impl Default for Variation {
    fn default() -> Self {
        Self { strokes: Augmentation::default(), pixels: PixelAugmentation::default(), mixing: None, views: 4 }
    }
}

impl Variation {
    /// Whether examples are shown as they are.
    pub fn is_none(&self) -> bool {
        self.strokes == Augmentation::default() && self.pixels == PixelAugmentation::default()
    }

    /// Checks every value.
    ///
    /// # Errors
    /// [`Error::BadOption`] naming the option and what it may be.
    pub fn check(&self) -> Result<()> {
        allow((1..=64).contains(&self.views), "augmentation.views", self.views, "1 to 64")?;
        self.strokes.check()?;
        self.pixels.check()?;
        self.mixing.as_ref().map_or(Ok(()), Mixing::check)
    }
}

impl Plan {
    /// A plan of these phases, with defaults for all else.
    pub fn new(phases: Vec<Phase>) -> Self {
        Self {
            phases,
            head: HeadPlan::default(),
            weights: StartingWeights::default(),
            input: InputAdaptation::default(),
            validation: Self::usual_validation(),
            refit: false,
            cache_megabytes: Self::usual_cache(),
            seed: 0,
        }
    }

    fn usual_validation() -> f64 {
        0.15
    }

    fn usual_cache() -> usize {
        256
    }

    /// Whether the backbone stays as it is.
    pub fn is_frozen(&self) -> bool {
        self.phases.iter().all(|phase| phase.train == Trainable::Head)
    }

    /// Checks every value for a backbone of these stages.
    ///
    /// # Errors
    /// [`Error::BadOption`] naming the phase, the option, and what it may be.
    pub fn check(&self, stages: &[impl AsRef<str>]) -> Result<()> {
        if self.phases.is_empty() {
            return Err(Error::BadOption("a plan needs at least one phase".into()));
        }
        allow((0.0..=0.5).contains(&self.validation), "validation", self.validation, "0 to 0.5")?;
        if let Some(hidden) = &self.head.hidden {
            allow((1..=4096).contains(&hidden.size), "head.hidden.size", hidden.size, "1 to 4096")?;
        }
        let has_prototypes = self.head.directions && self.head.hidden.is_none();
        if self.head.start == HeadStart::Prototype && !has_prototypes {
            return Err(Error::BadOption(
                "a head starts from prototypes only with directions and without a hidden layer; set head.start to \
                 \"random\""
                    .into(),
            ));
        }
        for phase in &self.phases {
            phase.check(stages, has_prototypes).map_err(|error| match error {
                Error::BadOption(what) => Error::BadOption(format!("phase “{}”: {what}", phase.name)),
                other => other,
            })?;
        }
        if self.weights == StartingWeights::Random && self.is_frozen() {
            return Err(Error::BadOption("random weights that stay frozen learn nothing; train the stages too".into()));
        }
        Ok(())
    }
}

impl Phase {
    /// A phase with defaults for all that is not named here.
    pub fn new(name: impl Into<String>, train: Trainable, epochs: usize) -> Self {
        Self {
            name: name.into(),
            train,
            epochs,
            optimizer: Optimizer::default(),
            rate: Self::usual_rate(),
            stage_decay: 1.0,
            warm_up: 0.0,
            schedule: Schedule::default(),
            norm: NormMode::default(),
            loss: Loss::default(),
            augmentation: Variation::default(),
            batch_size: Self::usual_batch(),
            clip: None,
            averaging: 0.0,
            patience: None,
            keep_best: true,
            roll_back: false,
            interpolate: false,
        }
    }

    fn usual_name() -> String {
        "train".into()
    }

    fn usual_rate() -> f64 {
        1e-3
    }

    fn usual_batch() -> usize {
        16
    }

    fn one() -> f64 {
        1.0
    }

    fn yes() -> bool {
        true
    }

    fn check(&self, stages: &[impl AsRef<str>], has_prototypes: bool) -> Result<()> {
        allow((1..=10_000).contains(&self.epochs), "epochs", self.epochs, "1 to 10000")?;
        allow(self.rate > 0.0 && self.rate <= 10.0, "rate", self.rate, "above 0 and at most 10")?;
        let decay = self.stage_decay;
        allow(decay > 0.0 && decay <= 1.0, "stageDecay", decay, "above 0 and at most 1")?;
        allow((0.0..=1.0).contains(&self.warm_up), "warmUp", self.warm_up, "0 to 1")?;
        allow((1..=4096).contains(&self.batch_size), "batchSize", self.batch_size, "1 to 4096")?;
        allow((0.0..1.0).contains(&self.averaging), "averaging", self.averaging, "0 to below 1")?;
        if let Some(clip) = self.clip {
            allow(clip > 0.0 && clip.is_finite(), "clip", clip, "above 0")?;
        }
        if let Some(patience) = self.patience {
            allow(patience > 0, "patience", patience, "at least 1")?;
        }
        self.optimizer.check()?;
        self.schedule.check()?;
        self.loss.check()?;
        self.augmentation.check()?;
        self.trains(stages)?;
        if matches!(self.optimizer, Optimizer::Logistic {}) && (self.train != Trainable::Head || !has_prototypes) {
            return Err(Error::BadOption(
                "the optimizer “logistic” solves for a linear head on directions alone; train \"head\", or choose another"
                    .into(),
            ));
        }
        if matches!(self.optimizer, Optimizer::Logistic {}) && self.roll_back {
            return Err(Error::BadOption(
                "rollBack undoes epochs, and the optimizer “logistic” has none; leave it out".into(),
            ));
        }
        let fewest = self.loss.fewest();
        if self.batch_size < fewest {
            return Err(Error::BadOption(format!(
                "batchSize is {}, but this loss compares examples of a batch and needs at least {fewest}",
                self.batch_size
            )));
        }
        if self.loss.is_metric() {
            if self.train == Trainable::Head {
                return Err(Error::BadOption(
                    "a loss on embeddings trains no head; train stages too, or choose another loss".into(),
                ));
            }
            if !has_prototypes {
                return Err(Error::BadOption(
                    "a loss on embeddings ends in prototypes, which need head.directions and no hidden layer".into(),
                ));
            }
            if self.augmentation.mixing.is_some() {
                return Err(Error::BadOption("a loss on embeddings takes no mixtures; leave out mixing".into()));
            }
        }
        Ok(())
    }

    /// For each stage, from the input on, whether it trains.
    ///
    /// # Errors
    /// [`Error::BadOption`] if nothing but the head would train where stages were asked for, or if a stage does not exist.
    pub fn trains(&self, stages: &[impl AsRef<str>]) -> Result<Vec<bool>> {
        let count = stages.len();
        let within = |wanted: usize| {
            if (1..=count).contains(&wanted) {
                return Ok(wanted);
            }
            let what = if wanted == 0 { "trains no stage" } else { "trains more stages than there are" };
            Err(Error::BadOption(format!("train {what}; name 1 to {count}, or train \"head\"")))
        };
        Ok(match &self.train {
            Trainable::Head => vec![false; count],
            Trainable::Everything => vec![true; count],
            Trainable::Last(wanted) => {
                let wanted = within(*wanted)?;
                (0..count).map(|stage| stage >= count - wanted).collect()
            }
            Trainable::First(wanted) => {
                let wanted = within(*wanted)?;
                (0..count).map(|stage| stage < wanted).collect()
            }
            Trainable::Stages(names) => {
                let known = || stages.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
                if names.is_empty() {
                    return Err(Error::BadOption(format!("train names no stage; there are {}", known())));
                }
                if let Some(name) = names.iter().find(|name| stages.iter().all(|stage| stage.as_ref() != **name)) {
                    return Err(Error::BadOption(format!("there is no stage “{name}”; there are {}", known())));
                }
                stages.iter().map(|stage| names.iter().any(|name| name == stage.as_ref())).collect()
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAGES: [&str; 3] = ["stem", "stage1", "head_conv"];

    fn refusal(json: &str) -> String {
        let plan: Result<Plan, _> = serde_json::from_str(json);
        match plan {
            Ok(plan) => plan.check(&STAGES).expect_err(json).to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_plan_survives_json_and_needs_little_of_it() {
        let short: Plan = serde_json::from_str(r#"{"phases": [{"train": "everything", "epochs": 3}]}"#).unwrap();
        assert_eq!(short, Plan::new(vec![Phase::new("train", Trainable::Everything, 3)]));
        short.check(&STAGES).unwrap();
        let json = serde_json::to_string(&short).unwrap();
        assert_eq!(serde_json::from_str::<Plan>(&json).unwrap(), short);
        let other = r#"{"phases": [{"train": {"last": 2}, "epochs": 3, "optimizer": {"name": "sgd"}, "loss": {"name": "focal"}}]}"#;
        serde_json::from_str::<Plan>(other).unwrap().check(&STAGES).unwrap();
    }

    #[test]
    fn what_is_unknown_or_impossible_is_refused_by_name() {
        let phase =
            |fields: &str| refusal(&format!(r#"{{"phases": [{{"train": "everything", "epochs": 1, {fields}}}]}}"#));
        for (fields, name) in [
            (r#""rate": 0"#, "rate"),
            (r#""leraning": 1"#, "leraning"),
            (r#""stageDecay": 2"#, "stageDecay"),
            (r#""warmUp": 1.5"#, "warmUp"),
            (r#""batchSize": 0"#, "batchSize"),
            (r#""averaging": 1"#, "averaging"),
            (r#""clip": -1"#, "clip"),
            (r#""patience": 0"#, "patience"),
            (r#""norm": "layer""#, "layer"),
            (r#""optimizer": {"name": "adamw", "weightDecay": -1}"#, "weightDecay"),
            (r#""optimizer": {"name": "logistic"}"#, "logistic"),
            (r#""augmentation": {"views": 0}"#, "views"),
            (r#""augmentation": {"strokes": {"rotation": 900}}"#, "rotation"),
        ] {
            let refusal = phase(fields);
            assert!(refusal.contains(name), "{fields}: {refusal}");
        }
        let train = |what: &str| refusal(&format!(r#"{{"phases": [{{"train": {what}, "epochs": 1}}]}}"#));
        assert!(train(r#"{"last": 0}"#).contains("trains no stage"));
        assert!(train(r#"{"first": 4}"#).contains("more stages than there are"));
        assert!(train(r#"{"stages": []}"#).contains("names no stage"));
        let unknown = train(r#"{"stages": ["stem", "neck"]}"#);
        assert!(unknown.contains("neck") && unknown.contains("stem, stage1, head_conv"), "{unknown}");
        assert!(refusal(r#"{"phases": []}"#).contains("at least one phase"));
        let random = r#"{"weights": "random", "phases": [{"train": "head", "epochs": 1}]}"#;
        assert!(refusal(random).contains("frozen"));
        let hidden = r#"{"head": {"hidden": {"size": 8}}, "phases": [{"train": "head", "epochs": 1}]}"#;
        assert!(refusal(hidden).contains("head.start"));
    }

    #[test]
    fn stages_are_named_from_both_ends() {
        let trains = |train| Phase::new("", train, 1).trains(&STAGES).unwrap();
        assert_eq!(trains(Trainable::Head), [false; 3]);
        assert_eq!(trains(Trainable::Last(1)), [false, false, true]);
        assert_eq!(trains(Trainable::First(2)), [true, true, false]);
        assert_eq!(trains(Trainable::Stages(vec!["stage1".into()])), [false, true, false]);
    }
}
