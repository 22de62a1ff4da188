//! What sits on the features: a linear classifier of centred directions, with a hidden layer if need be.
//!
//! Features are scaled to unit length, centred on the examples' mean and scaled to unit length again, which on few
//! examples beats raw features by several points (Wang et al., "SimpleShot", 2019, arXiv 1911.04623). On those
//! directions the prototype head is a linear head whose rows are the classes' means (Snell et al., 2017; Qi et al.,
//! "weight imprinting", 2018), so one type serves both.
//!
//! ```
//! use doodletune::head::{Head, LabelledFeatures, ranking};
//!
//! // Of a backbone they would be longer.
//! let examples = LabelledFeatures {
//!     classes: vec!["cat".into(), "house".into()],
//!     features: vec![[1.0, 0.1, 0.0].into(), [0.9, 0.0, 0.2].into(), [0.0, 1.0, 0.9].into()],
//!     targets: vec![0, 0, 1],
//! };
//! let head = Head::prototype(&examples)?;
//! let answer = ranking(head.classes(), &head.logits(&[0.1, 0.8, 1.0]));
//! assert_eq!(answer[0].label, "house");
//! # Ok::<(), doodletune::Error>(())
//! ```
//!
//! | module | what |
//! | --- | --- |
//! | `embedding` | from features to directions |
//! | `prototype` | the classes' means: an answer at once |
//! | `logistic` | logistic regression, solved to convergence |
//! | `design` | its examples, some of which may be held out |
//! | `hidden` | a layer between directions and logits |
//! | `matrix`, `exponential` | the arithmetic under them |
//! | `tensors` | a head in a file |

mod design;
mod embedding;
mod exponential;
mod hidden;
mod logistic;
mod matrix;
mod prototype;
mod tensors;

use std::rc::Rc;

pub(crate) use design::Design;
pub use embedding::Embedding;
pub(crate) use embedding::SCALE;
pub(crate) use hidden::LEAK;
pub use hidden::{Hidden, HiddenActivation};
pub(crate) use logistic::Logistic;
use serde::{Deserialize, Serialize};
pub(crate) use tensors::HeadText;

use crate::backbone::Weights;
use crate::error::Result;
use crate::kernels::dot;

/// How a [`Head`] came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HeadKind {
    /// Means of the classes' examples: no training.
    Prototype,
    /// Trained: by logistic regression or by gradient descent.
    Linear,
    /// Trained, with a hidden layer.
    Mlp,
    /// Came ready-made with the weights.
    Pretrained,
}

/// Features with the class of each.
#[derive(Debug, Clone)]
pub struct LabelledFeatures {
    /// Names of the classes.
    pub classes: Vec<String>,
    /// Pooled features of each example, all of one length.
    pub features: Vec<Rc<[f32]>>,
    /// Index into `classes` of each example.
    pub targets: Vec<usize>,
}

impl LabelledFeatures {
    /// The examples at `indices`, with the same classes.
    pub fn select(&self, indices: &[usize]) -> Self {
        Self {
            classes: self.classes.clone(),
            features: indices.iter().map(|i| self.features[*i].clone()).collect(),
            targets: indices.iter().map(|i| self.targets[*i]).collect(),
        }
    }
}

/// A classifier of pooled features.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    kind: HeadKind,
    classes: Vec<String>,
    embedding: Option<Embedding>,
    hidden: Option<Hidden>,
    /// `classes` rows of as many values as there are features or, if there are any, hidden units.
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl Head {
    /// A head of these parts: `output` has rows `[classes, features]`, or `[classes, hidden]` with a hidden layer, and a bias
    /// `[classes]`.
    pub(crate) fn new(
        kind: HeadKind,
        classes: Vec<String>,
        embedding: Option<Embedding>,
        hidden: Option<Hidden>,
        output: (Vec<f32>, Vec<f32>),
    ) -> Self {
        let (weight, bias) = output;
        Self { kind, classes, embedding, hidden, weight, bias }
    }

    /// The pretrained classifier in a weight file, on raw features: `classifier.weight` `[classes, features]` and
    /// `classifier.bias`.
    ///
    /// # Errors
    /// [`Error::BadWeights`](crate::Error::BadWeights) if the file has no usable classifier of that shape.
    pub fn pretrained(weights: &Weights, classes: Vec<String>, features: usize) -> Result<Self> {
        Ok(Self {
            kind: HeadKind::Pretrained,
            weight: weights.tensor("classifier.weight", &[classes.len(), features])?,
            bias: weights.tensor("classifier.bias", &[classes.len()])?,
            classes,
            embedding: None,
            hidden: None,
        })
    }

    /// How it came about.
    pub fn kind(&self) -> HeadKind {
        self.kind
    }

    /// Names of the classes, in the order of the logits.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// Rows of the last weight matrix, `[classes, features]` or, with a hidden layer, `[classes, hidden]`, and its bias,
    /// `[classes]`.
    pub(crate) fn parameters(&self) -> (&[f32], &[f32]) {
        (&self.weight, &self.bias)
    }

    /// The embedding it works on; `None` for raw features.
    pub(crate) fn embedding(&self) -> Option<&Embedding> {
        self.embedding.as_ref()
    }

    /// The same head with other names for its classes, in the same order.
    pub(crate) fn with_classes(self, classes: Vec<String>) -> Self {
        Self { classes, ..self }
    }

    /// The same head with its logits divided by `temperature`: as right as before, but otherwise sure.
    pub(crate) fn at_temperature(mut self, temperature: f64) -> Self {
        self.weight.iter_mut().chain(&mut self.bias).for_each(|v| *v /= temperature as f32);
        self
    }

    /// Gives a class another name.
    pub(crate) fn rename(&mut self, from: &str, to: &str) {
        self.classes.iter_mut().filter(|class| *class == from).for_each(|class| *class = to.to_owned());
    }

    /// One logit a class.
    pub fn logits(&self, features: &[f32]) -> Vec<f32> {
        let embedded = match &self.embedding {
            Some(embedding) => embedding.apply(features),
            None => features.to_vec(),
        };
        let inputs = match &self.hidden {
            Some(hidden) => hidden.forward(&embedded),
            None => embedded,
        };
        let rows = self.weight.chunks_exact(inputs.len().max(1));
        rows.zip(&self.bias).map(|(row, bias)| bias + dot(row, &inputs)).collect()
    }

    /// One probability a class, summing to 1: the softmax of the logits.
    pub fn probabilities(&self, features: &[f32]) -> Vec<f32> {
        softmax(&self.logits(features))
    }
}

/// A class and its probability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Guess {
    /// Name of the class.
    pub label: String,
    /// 0 to 1; those of all classes sum to 1.
    pub probability: f32,
}

/// Whether the answer of `logits` is the class at `target`: the first of equals is.
pub fn is_right(logits: &[f32], target: usize) -> bool {
    let own = logits[target];
    logits[..target].iter().all(|logit| *logit < own) && logits[target..].iter().all(|logit| *logit <= own)
}

/// What `logits` make of `classes`, the most probable first, and the first of equals.
pub fn ranking(classes: &[String], logits: &[f32]) -> Vec<Guess> {
    let probabilities = softmax(logits);
    let guess = |(label, probability): (&String, f32)| Guess { label: label.clone(), probability };
    let mut ranking: Vec<Guess> = classes.iter().zip(probabilities).map(guess).collect();
    ranking.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    ranking
}

fn softmax(logits: &[f32]) -> Vec<f32> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let exponentials: Vec<f32> = logits.iter().map(|v| (v - largest).exp()).collect();
    let sum: f32 = exponentials.iter().sum();
    exponentials.into_iter().map(|v| v / sum).collect()
}

/// Cross-entropy of a softmax when the class at `target` is right with probability 1 - `doubt`, and the others share the
/// rest.
pub(crate) fn cross_entropy(logits: &[f32], target: usize, doubt: f32) -> f32 {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let normaliser = largest + logits.iter().map(|v| (v - largest).exp()).sum::<f32>().ln();
    let others = (logits.iter().sum::<f32>() - logits[target]) / (logits.len() - 1) as f32;
    normaliser - (1.0 - doubt) * logits[target] - doubt * others
}
