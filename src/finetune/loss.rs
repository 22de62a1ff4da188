//! What training makes small.

use burn::prelude::*;
use burn::tensor::activation::{log_softmax, relu};
use serde::{Deserialize, Serialize};

use super::optimizer::allow;
use crate::error::Result;

/// What training makes small. Every field has a default, unknown ones are refused.
///
/// `smoothing` is the probability mass spread evenly over the classes, 0 to below 1 (Szegedy et al., 2016, arXiv
/// 1512.00567).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Loss {
    /// Of the softmax.
    CrossEntropy {
        /// See [`Loss`].
        #[serde(default)]
        smoothing: f64,
    },
    /// Cross-entropy in which classes that are nearly right count little (Lin et al., 2017, arXiv 1708.02002).
    Focal {
        /// How little: it is multiplied with the probability that is missing to that power, 0 to 10.
        #[serde(default = "default_gamma")]
        gamma: f64,
        /// See [`Loss`].
        #[serde(default)]
        smoothing: f64,
    },
    /// Of embeddings: others are to be further away than the same class, by squared distance on the unit sphere (Schroff
    /// et al., 2015, arXiv 1503.03832). Each example is compared with the furthest of its class and the nearest other in
    /// the batch (Hermans et al., 2017, arXiv 1703.07737).
    Triplet {
        /// By how much, above 0 and at most 4.
        #[serde(default = "default_margin")]
        margin: f64,
    },
    /// Of embeddings: cross-entropy of finding an example's class among all others of the batch, by their cosines
    /// (Khosla et al., 2020, arXiv 2004.11362, with the sum outside of the logarithm).
    Contrastive {
        /// What cosines are divided by, 0.01 to 100.
        #[serde(default = "default_contrast")]
        temperature: f64,
    },
    /// Part cross-entropy, part likeness to what another network, the teacher, says (Hinton et al., 2015, arXiv
    /// 1503.02531).
    Distillation {
        /// What the logits of both are divided by to compare them, 0.01 to 100.
        #[serde(default = "default_softness")]
        temperature: f64,
        /// How much the likeness counts, 0 to 1.
        #[serde(default = "default_share")]
        share: f64,
    },
}

fn default_gamma() -> f64 {
    2.0
}

fn default_margin() -> f64 {
    0.2
}

fn default_contrast() -> f64 {
    0.1
}

fn default_softness() -> f64 {
    4.0
}

fn default_share() -> f64 {
    0.9
}

impl Default for Loss {
    fn default() -> Self {
        Self::CrossEntropy { smoothing: 0.0 }
    }
}

impl Loss {
    /// Checks every value.
    ///
    /// # Errors
    /// [`Error::BadOption`](crate::Error::BadOption) naming the option and what it may be.
    pub fn check(&self) -> Result<()> {
        let check_smoothing = |value| allow((0.0..1.0).contains(&value), "smoothing", value, "0 to below 1");
        let check_temperature = |value| allow((0.01..=100.0).contains(&value), "temperature", value, "0.01 to 100");
        match *self {
            Self::CrossEntropy { smoothing } => check_smoothing(smoothing),
            Self::Focal { gamma, smoothing } => {
                allow((0.0..=10.0).contains(&gamma), "gamma", gamma, "0 to 10")?;
                check_smoothing(smoothing)
            }
            Self::Triplet { margin } => allow(margin > 0.0 && margin <= 4.0, "margin", margin, "above 0 and at most 4"),
            Self::Contrastive { temperature } => check_temperature(temperature),
            Self::Distillation { temperature, share } => {
                check_temperature(temperature)?;
                allow((0.0..=1.0).contains(&share), "share", share, "0 to 1")
            }
        }
    }

    /// Whether it is one of embeddings, for [`Loss::of_embeddings`], and not of logits, for [`Loss::of_logits`].
    pub fn is_metric(&self) -> bool {
        matches!(self, Self::Triplet { .. } | Self::Contrastive { .. })
    }

    /// How many examples a batch has that can tell it anything.
    pub fn fewest(&self) -> usize {
        match self {
            Self::Triplet { .. } => 3,
            Self::Contrastive { .. } => 2,
            _ => 1,
        }
    }

    /// Whether [`Loss::of_logits`] asks for what a teacher says.
    pub fn needs_teacher(&self) -> bool {
        matches!(self, Self::Distillation { .. })
    }

    /// The mean loss of a batch, `[1]`.
    ///
    /// Of each example there are its `logits`, in `targets` the probability of each class, and in `teacher` the
    /// probability that the teacher gives each, all `[batch, classes]`; in `weights`, `[batch]`, how much it counts, 1 on
    /// average. A teacher that is not needed is ignored.
    ///
    /// # Panics
    /// If it is a metric loss, or there is no teacher where one is needed.
    pub fn of_logits(
        &self,
        logits: Tensor<2>,
        targets: Tensor<2>,
        weights: Tensor<1>,
        teacher: Option<Tensor<2>>,
    ) -> Tensor<1> {
        let losses = match *self {
            Self::CrossEntropy { smoothing } => cross_entropy(smooth(targets, smoothing), log_softmax(logits, 1)),
            Self::Focal { gamma, smoothing } => {
                let log = log_softmax(logits, 1);
                // Not quite zero, where powers below 1 are infinitely steep, and not below it by rounding.
                let missing = log.clone().exp().neg().add_scalar(1.0).clamp_min(1e-7);
                cross_entropy(smooth(targets, smoothing) * missing.powf_scalar(gamma), log)
            }
            Self::Distillation { temperature, share } => {
                let teacher = teacher.expect("distillation needs a teacher");
                // Softened probabilities are those of the softened logits. A zero is a logarithm too small to matter.
                let teacher = log_softmax(teacher.clamp_min(1e-30).log().div_scalar(temperature), 1);
                let student = log_softmax(logits.clone().div_scalar(temperature), 1);
                let unlike = (teacher.clone().exp() * (teacher - student)).sum_dim(1);
                let wrong = cross_entropy(targets, log_softmax(logits, 1));
                // The square makes up for how much flatter softened logits are.
                unlike.mul_scalar(share * temperature * temperature) + wrong.mul_scalar(1.0 - share)
            }
            Self::Triplet { .. } | Self::Contrastive { .. } => panic!("{self:?} is no loss of logits"),
        };
        (losses * weights.unsqueeze_dim(1)).mean()
    }

    /// The share of a target's mass that is spread evenly over the classes.
    pub fn smoothing(&self) -> f32 {
        match *self {
            Self::CrossEntropy { smoothing } | Self::Focal { smoothing, .. } => smoothing as f32,
            Self::Triplet { .. } | Self::Contrastive { .. } | Self::Distillation { .. } => 0.0,
        }
    }

    /// The mean loss of a batch of embeddings `[batch, features]`, of any length but zero, with the class of each: `[1]`.
    ///
    /// It is the mean over those examples that can be judged: that have another of their class in the batch and, for
    /// [`Loss::Triplet`], one of another class. Without any, it is zero.
    ///
    /// # Panics
    /// If it is no metric loss, or the number of `targets` is not that of embeddings.
    pub fn of_embeddings(&self, embeddings: Tensor<2>, targets: &[usize]) -> Tensor<1> {
        let device = embeddings.device();
        let count = targets.len();
        let cosines = cosines(embeddings);
        // Tables of constants from here on stand in for masks, with the same few operations on every device.
        let table = |columns: usize, entry: &dyn Fn(usize, usize) -> f32| {
            let entries: Vec<f32> = (0..count * columns).map(|i| entry(i / columns, i % columns)).collect();
            Tensor::<2>::from_data(TensorData::new(entries, [count, columns]), &device)
        };
        let fellows: Vec<usize> =
            targets.iter().map(|target| targets.iter().filter(|other| *other == target).count() - 1).collect();
        let is_fellow = |a: usize, b: usize| a != b && targets[a] == targets[b];
        match *self {
            Self::Triplet { margin } => {
                let judged = |a: usize| fellows[a] > 0 && fellows[a] + 1 < count;
                let share = share_of((0..count).filter(|a| judged(*a)).count());
                // 4 puts a cosine out of the others' reach.
                let furthest = cosines.clone() + table(count, &|a, b| if is_fellow(a, b) { 0.0 } else { 4.0 });
                let nearest = cosines - table(count, &|a, b| if targets[a] == targets[b] { 4.0 } else { 0.0 });
                // Squared, a distance is twice what the cosine lacks to 1.
                let further = (nearest.max_dim(1) - furthest.min_dim(1)).mul_scalar(2.0);
                let shares = table(1, &|a, _| if judged(a) { share } else { 0.0 });
                (relu(further.add_scalar(margin)) * shares).sum()
            }
            Self::Contrastive { temperature } => {
                let share = share_of(fellows.iter().filter(|fellows| **fellows > 0).count());
                // An example is not to be found itself.
                let itself = table(count, &|a, b| if a == b { 1e9 } else { 0.0 });
                let log = log_softmax(cosines.div_scalar(temperature) - itself, 1);
                let shares = |a, b| if is_fellow(a, b) { share / fellows[a] as f32 } else { 0.0 };
                (log * table(count, &shares)).sum().neg()
            }
            _ => panic!("{self:?} is no loss of embeddings"),
        }
    }
}

/// What each of `count` examples counts.
fn share_of(count: usize) -> f32 {
    1.0 / count.max(1) as f32
}

/// Distributions `[batch, classes]` with the share `smoothing` of their mass spread evenly.
fn smooth(targets: Tensor<2>, smoothing: f64) -> Tensor<2> {
    let classes = targets.dims()[1] as f64;
    targets.mul_scalar(1.0 - smoothing).add_scalar(smoothing / classes)
}

/// Of each example, `[batch, 1]`; of the logarithms of probabilities, `[batch, classes]` like `targets`.
fn cross_entropy(targets: Tensor<2>, log: Tensor<2>) -> Tensor<2> {
    (targets * log).sum_dim(1).neg()
}

/// Of each with each, `[batch, batch]`; 0 with an embedding of length zero.
fn cosines(embeddings: Tensor<2>) -> Tensor<2> {
    // Clamped before the root: at zero it is infinitely steep.
    let lengths = embeddings.clone().square().sum_dim(1).clamp_min(1e-12).sqrt();
    let unit = embeddings / lengths;
    unit.clone().matmul(unit.transpose())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGITS: [[f32; 3]; 2] = [[1.0, 2.0, -1.0], [0.0, -1.0, 0.5]];
    const TARGETS: [[f32; 3]; 2] = [[0.0, 1.0, 0.0], [0.25, 0.0, 0.75]];
    const TEACHER: [[f32; 3]; 2] = [[0.2, 0.7, 0.1], [0.5, 0.0, 0.5]];
    const WEIGHTS: [f32; 2] = [0.5, 1.5];

    const EMBEDDINGS: [[f32; 2]; 5] = [[3.0, 4.0], [1.0, 0.0], [0.0, 2.0], [-1.0, 1.0], [-5.0, -12.0]];
    const CLASSES: [usize; 5] = [0, 0, 1, 1, 2];

    const OF_LOGITS: [Loss; 6] = [
        Loss::CrossEntropy { smoothing: 0.0 },
        Loss::CrossEntropy { smoothing: 0.3 },
        Loss::Focal { gamma: 2.0, smoothing: 0.0 },
        Loss::Focal { gamma: 0.5, smoothing: 0.3 },
        Loss::Distillation { temperature: 4.0, share: 0.9 },
        Loss::Distillation { temperature: 2.0, share: 0.5 },
    ];
    const OF_EMBEDDINGS: [Loss; 4] = [
        Loss::Triplet { margin: 0.2 },
        Loss::Triplet { margin: 1.0 },
        Loss::Contrastive { temperature: 0.1 },
        Loss::Contrastive { temperature: 1.0 },
    ];

    /// A loss of this file's examples.
    fn of(loss: Loss, inputs: Tensor<2>) -> Tensor<1> {
        let device = inputs.device();
        if loss.is_metric() {
            return loss.of_embeddings(inputs, &CLASSES);
        }
        let teacher = loss.needs_teacher().then(|| Tensor::from_data(TEACHER, &device));
        let targets = Tensor::from_data(TARGETS, &device);
        loss.of_logits(inputs, targets, Tensor::from_data(WEIGHTS, &device), teacher)
    }

    fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.into_data().try_to_vec().unwrap()
    }

    /// The loss, and its gradient by the inputs.
    fn with_gradient<const R: usize, const C: usize>(
        inputs: [[f32; C]; R],
        of: impl Fn(Tensor<2>) -> Tensor<1>,
    ) -> (f32, Vec<f32>) {
        let inputs = Tensor::<2>::from_data(inputs, &Device::flex().autodiff()).require_grad();
        let loss = of(inputs.clone());
        let gradients = loss.backward();
        (values(loss.inner())[0], values(inputs.grad(&gradients).unwrap()))
    }

    #[test]
    fn each_equals_its_formula() {
        // Worked out in double precision.
        let of_logits = [0.634101, 0.855976, 0.169965, 0.6739136, 3.4750343, 0.6942848];
        let of_embeddings = [0.2464466, 0.6464466, 0.8490574, 0.9233836];
        let device = Device::flex();
        let cases = OF_LOGITS.into_iter().zip(of_logits).map(|case| (Tensor::from_data(LOGITS, &device), case));
        let metric = OF_EMBEDDINGS.into_iter().zip(of_embeddings);
        for (inputs, (loss, expected)) in cases.chain(metric.map(|case| (Tensor::from_data(EMBEDDINGS, &device), case)))
        {
            let found = values(of(loss, inputs))[0];
            assert!((found - expected).abs() < 3e-6 * expected.max(1.0), "{loss:?}: {found}");
        }
    }

    #[test]
    fn gradients_are_those_of_finite_differences() {
        fn check<const R: usize, const C: usize>(loss: Loss, inputs: [[f32; C]; R]) {
            let (_, gradient) = with_gradient(inputs, |inputs| of(loss, inputs));
            let at = |inputs: [[f32; C]; R]| values(of(loss, Tensor::from_data(inputs, &Device::flex())))[0];
            for (index, found) in gradient.into_iter().enumerate() {
                let moved = |by: f32| {
                    let mut moved = inputs;
                    moved[index / C][index % C] += by;
                    at(moved)
                };
                let expected = (moved(4e-3) - moved(-4e-3)) / 8e-3;
                assert!((found - expected).abs() < 2e-3 * expected.abs().max(1.0), "{loss:?}: {found}, {expected}");
            }
        }
        OF_LOGITS.into_iter().for_each(|loss| check(loss, LOGITS));
        OF_EMBEDDINGS.into_iter().for_each(|loss| check(loss, EMBEDDINGS));
    }

    #[test]
    fn batches_without_pairs_are_worth_nothing() {
        for loss in OF_EMBEDDINGS {
            for classes in [[0, 1, 2, 3, 4].as_slice(), &[0]] {
                let rows = classes.len();
                let of = |inputs: Tensor<2>| loss.of_embeddings(inputs.slice([0..rows, 0..2]), classes);
                let (value, gradient) = with_gradient(EMBEDDINGS, of);
                assert!(value == 0.0 && gradient.iter().all(|v| *v == 0.0), "{loss:?}: {value}, {gradient:?}");
            }
        }
        // A batch of one class has no triplets.
        let (value, gradient) = with_gradient(EMBEDDINGS, |inputs| OF_EMBEDDINGS[0].of_embeddings(inputs, &[7; 5]));
        assert!(value == 0.0 && gradient.iter().all(|v| *v == 0.0), "{value}, {gradient:?}");
    }

    #[test]
    fn extremes_stay_finite() {
        for loss in OF_LOGITS {
            for scale in [0.0, 1e4] {
                let (value, gradient) = with_gradient(LOGITS.map(|row| row.map(|v| v * scale)), |v| of(loss, v));
                assert!(value.is_finite() && gradient.iter().all(|v| v.is_finite()), "{loss:?}: {value}, {gradient:?}");
            }
        }
        let twins = [[0.0, 0.0], [1e-9, 0.0], [3.0, 4.0], [3.0, 4.0], [3.0, 4.0]];
        for loss in OF_EMBEDDINGS.into_iter().chain([Loss::Contrastive { temperature: 0.01 }]) {
            let (value, gradient) = with_gradient(twins, |v| of(loss, v));
            assert!(value.is_finite() && gradient.iter().all(|v| v.is_finite()), "{loss:?}: {value}, {gradient:?}");
        }
    }

    #[test]
    fn a_teacher_that_agrees_asks_for_nothing() {
        let loss = Loss::Distillation { temperature: 4.0, share: 1.0 };
        let (value, gradient) = with_gradient(LOGITS, |inputs| {
            let device = inputs.device();
            let teacher = log_softmax(Tensor::<2>::from_data(LOGITS, &device), 1).exp();
            let targets = Tensor::from_data(TARGETS, &device);
            loss.of_logits(inputs, targets, Tensor::from_data(WEIGHTS, &device), Some(teacher))
        });
        assert!(value.abs() < 1e-5 && gradient.iter().all(|v| v.abs() < 1e-5), "{value}, {gradient:?}");
    }

    #[test]
    fn refuses_by_name() {
        let parse = |json: &str| serde_json::from_str::<Loss>(json).map_err(|error| error.to_string());
        for name in ["cross-entropy", "focal", "triplet", "contrastive", "distillation"] {
            let loss = parse(&format!(r#"{{"name": "{name}"}}"#)).unwrap();
            loss.check().unwrap();
            assert_eq!(parse(&serde_json::to_string(&loss).unwrap()), Ok(loss));
            let error = parse(&format!(r#"{{"name": "{name}", "alhpa": 1}}"#)).unwrap_err();
            assert!(error.contains("alhpa"), "{name}: {error}");
        }
        assert!(parse(r#"{"name": "hinge"}"#).unwrap_err().contains("cross-entropy"));
        for (json, name) in [
            (r#"{"name": "cross-entropy", "smoothing": 1}"#, "smoothing is 1"),
            (r#"{"name": "focal", "gamma": -1}"#, "gamma is -1"),
            (r#"{"name": "focal", "smoothing": -0.5}"#, "smoothing is -0.5"),
            (r#"{"name": "triplet", "margin": 0}"#, "margin is 0"),
            (r#"{"name": "contrastive", "temperature": 0}"#, "temperature is 0"),
            (r#"{"name": "distillation", "temperature": 1000}"#, "temperature is 1000"),
            (r#"{"name": "distillation", "share": 2}"#, "share is 2"),
        ] {
            let error = parse(json).unwrap().check().unwrap_err();
            assert!(error.code() == "bad-option" && error.to_string().contains(name), "{error}");
        }
        Loss::Triplet { margin: f64::NAN }.check().unwrap_err();
    }
}
