//! A hidden layer between directions and logits.

use burn::prelude::*;
use burn::tensor::activation::{leaky_relu, mish, relu, silu};
use serde::{Deserialize, Serialize};

use super::Head;
use crate::kernels::dot;

/// What a hidden layer makes of its sums.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HiddenActivation {
    /// max(x, 0).
    #[default]
    Relu,
    /// x, and a hundredth of it below zero (Maas et al., 2013).
    LeakyRelu,
    /// x · sigmoid(x) (Elfwing et al., 2018, arXiv 1702.03118).
    Silu,
    /// x · tanh(ln(1 + eˣ)) (Misra, 2020, arXiv 1908.08681).
    Mish,
}

/// What is left of the negative with [`HiddenActivation::LeakyRelu`].
pub(crate) const LEAK: f32 = 0.01;

impl HiddenActivation {
    /// Of a batch `[batch, hidden]`, for training.
    pub fn forward(self, x: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Relu => relu(x),
            Self::LeakyRelu => leaky_relu(x, LEAK.into()),
            Self::Silu => silu(x),
            Self::Mish => mish(x),
        }
    }

    /// The same of one value.
    pub fn apply(self, x: f32) -> f32 {
        match self {
            Self::Relu => x.max(0.0),
            Self::LeakyRelu => x.max(x * LEAK),
            Self::Silu => x / (1.0 + (-x).exp()),
            Self::Mish => x * x.exp().ln_1p().tanh(),
        }
    }
}

/// A hidden layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Hidden {
    /// Rows of the weight matrix, `[hidden, features]`.
    pub weight: Vec<f32>,
    /// `[hidden]`.
    pub bias: Vec<f32>,
    /// What follows.
    pub activation: HiddenActivation,
}

impl Hidden {
    /// `[features]` to `[hidden]`.
    pub(super) fn forward(&self, embedded: &[f32]) -> Vec<f32> {
        let rows = self.weight.chunks_exact(embedded.len().max(1));
        rows.zip(&self.bias).map(|(row, bias)| self.activation.apply(bias + dot(row, embedded))).collect()
    }
}

impl Head {
    /// The hidden layer, if it has one.
    pub fn hidden(&self) -> Option<&Hidden> {
        self.hidden.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::head::{HeadKind, LabelledFeatures};

    const ALL: [HiddenActivation; 4] =
        [HiddenActivation::Relu, HiddenActivation::LeakyRelu, HiddenActivation::Silu, HiddenActivation::Mish];

    #[test]
    fn activations_are_the_same_in_training_and_inference() {
        let values: Vec<f32> = (-40..=40).map(|v| v as f32 * 0.25).chain([-90.0, -30.0, 30.0, 90.0]).collect();
        for activation in ALL {
            let x = Tensor::<1>::from_data(values.as_slice(), &Device::flex()).reshape([1, values.len()]);
            let trained: Vec<f32> = activation.forward(x).into_data().try_to_vec().unwrap();
            for (x, trained) in values.iter().zip(trained) {
                let inferred = activation.apply(*x);
                assert!((inferred - trained).abs() <= 1e-6 * x.abs().max(1.0), "{activation:?} of {x}");
            }
        }
    }

    #[test]
    fn logits_go_through_the_hidden_layer() {
        let examples = LabelledFeatures {
            classes: vec!["cat".into(), "dog".into()],
            features: vec![Rc::from([1.0, 0.0, 0.5]), Rc::from([0.0, 1.0, 0.5])],
            targets: vec![0, 1],
        };
        let prototype = Head::prototype(&examples).unwrap();
        let embedded = prototype.embedding().unwrap().apply(&examples.features[0]);
        for activation in ALL {
            // The second unit is off where the first is on.
            let weight: Vec<f32> = embedded.iter().copied().chain(embedded.iter().map(|v| -v)).collect();
            let hidden = Hidden { weight, bias: vec![0.5, 0.25], activation };
            let [on, off] = [144.5, -143.75].map(|v| activation.apply(v));
            let (classes, embedding) = (prototype.classes().to_vec(), prototype.embedding().cloned());
            let output = (vec![1.0, 2.0, -1.0, 3.0], vec![10.0, 20.0]);
            let head = Head::new(HeadKind::Mlp, classes, embedding, Some(hidden), output);
            let logits = head.logits(&examples.features[0]);
            assert!((logits[0] - (10.0 + on + 2.0 * off)).abs() < 1e-3, "{activation:?}: {logits:?}");
            assert!((logits[1] - (20.0 - on + 3.0 * off)).abs() < 1e-3, "{activation:?}: {logits:?}");
            assert_eq!((head.kind(), head.classes()), (HeadKind::Mlp, prototype.classes()));
        }
        assert_eq!(serde_json::to_string(&HeadKind::Mlp).unwrap(), r#""mlp""#);
    }
}
