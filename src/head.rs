//! What sits on the features: a linear classifier of centred directions.
//!
//! Features are scaled to unit length, centred on the examples' mean and scaled to unit length again, which on few
//! examples beats raw features by several points (Wang et al., "SimpleShot", 2019, arXiv 1911.04623). On those
//! directions the prototype head is a linear head whose rows are the classes' means (Snell et al., 2017; Qi et al.,
//! "weight imprinting", 2018), so one type serves both, and training starts where the prototypes are.

use std::rc::Rc;

use crate::backbone::Weights;
use crate::error::{Error, Result};

/// Length of an embedding, which makes it the inverse temperature of the cosines between them.
const SCALE: f32 = 12.0;

/// Candidates for the prototypes' length: multiplied with [`SCALE`], inverse temperatures of 2 to 12.
const SHARPNESS: [f32; 6] = [1.0 / 6.0, 0.25, 1.0 / 3.0, 0.5, 0.7, 1.0];

/// How a [`Head`] came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HeadKind {
    /// Means of the classes' examples: no training.
    Prototype,
    /// Trained by gradient descent.
    Linear,
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

/// Maps features to directions: unit length, centred, then of length 12: the inverse temperature of cosines.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedding {
    centre: Vec<f32>,
}

impl Embedding {
    /// Centres on the mean direction of `features`.
    pub fn fit(features: &[Rc<[f32]>]) -> Self {
        let mut centre = vec![0.0; features.first().map_or(0, |f| f.len())];
        for features in features {
            let factor = inverse_norm(features);
            centre.iter_mut().zip(features.iter()).for_each(|(sum, v)| *sum += v * factor);
        }
        centre.iter_mut().for_each(|v| *v /= features.len() as f32);
        Self { centre }
    }

    /// Embeds features; a vector of the same length, of length 12, or zero.
    pub fn apply(&self, features: &[f32]) -> Vec<f32> {
        let factor = inverse_norm(features);
        let mut direction: Vec<f32> = features.iter().zip(&self.centre).map(|(v, c)| v * factor - c).collect();
        let factor = SCALE * inverse_norm(&direction);
        direction.iter_mut().for_each(|v| *v *= factor);
        direction
    }
}

/// The factor on the logits that makes drawings left out of their own prototype most likely. Each is taken as right with
/// probability (n + 1) / (n + 2) only, as in Platt's scaling (1999), lest a few easy drawings make a head too sure of
/// itself; without any, the softest is taken.
fn fit_sharpness(left_out: &[(Vec<f32>, usize)]) -> f32 {
    let doubt = 1.0 / (left_out.len() as f32 + 2.0);
    let loss = |sharpness: f32| -> f32 {
        let one = |(logits, class): &(Vec<f32>, usize)| {
            let probabilities = softmax(&logits.iter().map(|v| v * sharpness).collect::<Vec<_>>());
            let others = doubt / (probabilities.len() - 1) as f32;
            let target = |index| if index == *class { 1.0 - doubt } else { others };
            probabilities.iter().enumerate().map(|(index, p)| -target(index) * p.max(1e-9).ln()).sum::<f32>()
        };
        left_out.iter().map(one).sum()
    };
    // `min_by` keeps the first, softest, of equals.
    SHARPNESS.into_iter().min_by(|a, b| loss(*a).total_cmp(&loss(*b))).expect("there are candidates")
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// `v` at length one; zero stays zero.
fn unit(v: &[f32]) -> Vec<f32> {
    let factor = inverse_norm(v);
    v.iter().map(|v| v * factor).collect()
}

/// 1 / |v|, and 0 for a vector too short to have a direction.
fn inverse_norm(v: &[f32]) -> f32 {
    let norm = dot(v, v).sqrt();
    if norm > 1e-6 { norm.recip() } else { 0.0 }
}

/// A classifier of pooled features.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    kind: HeadKind,
    classes: Vec<String>,
    embedding: Option<Embedding>,
    /// `classes` rows of `features` values.
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl Head {
    /// The classes' mean directions: an answer without training, from one example a class on.
    ///
    /// # Errors
    /// [`Error::TooFewClasses`] if fewer than two classes have examples.
    pub fn prototype(examples: &LabelledFeatures) -> Result<Self> {
        let embedding = Embedding::fit(&examples.features);
        let length = examples.features.first().map_or(0, |f| f.len());
        let embedded: Vec<Vec<f32>> = examples.features.iter().map(|features| embedding.apply(features)).collect();
        let mut sums = vec![vec![0.0; length]; examples.classes.len()];
        let mut counts = vec![0; examples.classes.len()];
        for (direction, target) in embedded.iter().zip(&examples.targets) {
            counts[*target] += 1;
            sums[*target].iter_mut().zip(direction).for_each(|(sum, v)| *sum += v);
        }
        let taught: Vec<usize> = (0..counts.len()).filter(|class| counts[*class] > 0).collect();
        if taught.len() < 2 {
            return Err(Error::TooFewClasses(taught.len()));
        }
        let prototypes: Vec<Vec<f32>> = taught.iter().map(|class| unit(&sums[*class])).collect();
        let several = embedded.iter().zip(&examples.targets).filter(|(_, target)| counts[**target] > 1);
        let left_out = several.map(|(direction, target)| {
            let class = taught.iter().position(|class| class == target).expect("an example's class is taught");
            let without: Vec<f32> = sums[*target].iter().zip(direction).map(|(sum, v)| sum - v).collect();
            let mut logits: Vec<f32> = prototypes.iter().map(|prototype| dot(prototype, direction)).collect();
            logits[class] = dot(&unit(&without), direction);
            (logits, class)
        });
        let sharpness = fit_sharpness(&left_out.collect::<Vec<_>>());
        let classes: Vec<String> = taught.iter().map(|class| examples.classes[*class].clone()).collect();
        let weight = prototypes.into_iter().flatten().map(|v| v * sharpness).collect();
        let bias = vec![0.0; classes.len()];
        Ok(Self { kind: HeadKind::Prototype, classes, embedding: Some(embedding), weight, bias })
    }

    /// A trained head on the embedding of `start`.
    pub(crate) fn trained(start: &Self, weight: Vec<f32>, bias: Vec<f32>) -> Self {
        Self { kind: HeadKind::Linear, weight, bias, ..start.clone() }
    }

    /// The pretrained classifier in a weight file, on raw features: `classifier.weight` `[classes, features]` and
    /// `classifier.bias`.
    ///
    /// # Errors
    /// [`Error::BadWeights`] if the file has no usable classifier of that shape.
    pub fn pretrained(weights: &Weights, classes: Vec<String>, features: usize) -> Result<Self> {
        Ok(Self {
            kind: HeadKind::Pretrained,
            weight: weights.tensor("classifier.weight", &[classes.len(), features])?,
            bias: weights.tensor("classifier.bias", &[classes.len()])?,
            classes,
            embedding: None,
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

    /// Rows of the weight matrix, `[classes, features]`, and the bias, `[classes]`.
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
        let rows = self.weight.chunks_exact(embedded.len().max(1));
        rows.zip(&self.bias).map(|(row, bias)| bias + dot(row, &embedded)).collect()
    }

    /// One probability a class, summing to 1: the softmax of the logits.
    pub fn probabilities(&self, features: &[f32]) -> Vec<f32> {
        softmax(&self.logits(features))
    }
}

fn softmax(logits: &[f32]) -> Vec<f32> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let exponentials: Vec<f32> = logits.iter().map(|v| (v - largest).exp()).collect();
    let sum: f32 = exponentials.iter().sum();
    exponentials.into_iter().map(|v| v / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn examples(features: &[([f32; 3], usize)]) -> LabelledFeatures {
        LabelledFeatures {
            classes: ["cat", "never seen", "dog"].map(str::to_owned).to_vec(),
            features: features.iter().map(|(f, _)| Rc::from(f.as_slice())).collect(),
            targets: features.iter().map(|(_, t)| *t).collect(),
        }
    }

    #[test]
    fn prototypes_answer_after_one_example_each() {
        let head = Head::prototype(&examples(&[([1.0, 0.2, 0.0], 0), ([0.1, 1.0, 0.0], 2)])).unwrap();
        assert_eq!(head.classes(), ["cat", "dog"]);
        let p = head.probabilities(&[5.0, 1.0, 0.5]);
        // Sure of the direction, but not certain after one example each.
        assert!(p[0] > 0.8 && p[0] < 0.99 && (p.iter().sum::<f32>() - 1.0).abs() < 1e-6, "{p:?}");
    }

    #[test]
    fn one_class_is_no_choice() {
        assert_eq!(Head::prototype(&examples(&[([1.0, 0.2, 0.0], 0)])).unwrap_err(), Error::TooFewClasses(1));
        assert_eq!(Head::prototype(&examples(&[])).unwrap_err(), Error::TooFewClasses(0));
    }

    #[test]
    fn identical_drawings_in_two_classes_give_even_odds_and_no_nan() {
        let head = Head::prototype(&examples(&[([1.0, 2.0, 0.0], 0), ([1.0, 2.0, 0.0], 2)])).unwrap();
        for p in head.probabilities(&[0.3, 0.2, 0.1]) {
            assert!((p - 0.5).abs() < 1e-6);
        }
    }
}
