//! The classes' mean directions.

use super::embedding::{Embedding, inverse_norm};
use super::{Head, HeadKind, LabelledFeatures, cross_entropy};
use crate::error::{Error, Result};
use crate::kernels::dot;

/// Candidates for the prototypes' length: multiplied with the length of embeddings, inverse temperatures of 2 to 12.
const SHARPNESS: [f32; 6] = [1.0 / 6.0, 0.25, 1.0 / 3.0, 0.5, 0.7, 1.0];

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
        Ok(Self { kind: HeadKind::Prototype, classes, embedding: Some(embedding), hidden: None, weight, bias })
    }
}

/// The factor on the logits that makes drawings left out of their own prototype most likely. Each is taken as right with
/// probability (n + 1) / (n + 2) only, as in Platt's scaling (1999), lest a few easy drawings make a head too sure of
/// itself; without any, the softest is taken.
fn fit_sharpness(left_out: &[(Vec<f32>, usize)]) -> f32 {
    let doubt = 1.0 / (left_out.len() as f32 + 2.0);
    let loss = |sharpness: f32| -> f32 {
        let sharpened = |logits: &[f32]| -> Vec<f32> { logits.iter().map(|v| v * sharpness).collect() };
        left_out.iter().map(|(logits, class)| cross_entropy(&sharpened(logits), *class, doubt)).sum()
    };
    // `min_by` keeps the first, softest, of equals.
    SHARPNESS.into_iter().min_by(|a, b| loss(*a).total_cmp(&loss(*b))).expect("there are candidates")
}

/// `v` at length one; zero stays zero.
fn unit(v: &[f32]) -> Vec<f32> {
    let factor = inverse_norm(v);
    v.iter().map(|v| v * factor).collect()
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

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
