//! Reference outputs of EfficientNet-Lite0 from PyTorch, with which onnxruntime agrees to 2.4e-5.

use burn::tensor::{Tensor, TensorData};
use doodletune::backbone::{Backbone, Weights};
use doodletune::device::read;
use doodletune::head::Head;
use serde::Deserialize;

use super::apart;

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

/// Inputs of one shape.
#[derive(Deserialize)]
pub struct Case {
    batch: usize,
    pub size: usize,
    features: Vec<Vec<f32>>,
    logits: Vec<Vec<f32>>,
    stages: Vec<Stage>,
}

#[derive(Deserialize)]
struct Stage {
    at: String,
    shape: Vec<usize>,
    mean: f32,
    std: f32,
    first8: Vec<f32>,
}

/// Where a network strays from the reference, and by how much.
#[derive(Debug, Default)]
pub struct Drift {
    /// Largest absolute difference of a pooled feature.
    pub features: f32,
    /// Largest absolute difference of a logit.
    pub logits: f32,
    /// Largest difference of mean, deviation or first values at each block, as a share of the block's deviation.
    pub blocks: Vec<(String, f32)>,
}

impl Drift {
    /// Fails with the first block that strays, then with features and logits.
    pub fn assert_within(&self, tolerance: f32, what: &str) {
        for (block, drift) in &self.blocks {
            assert!(*drift < 10.0 * tolerance, "{what}: {block} strays by {drift:.2e}; all: {self:?}");
        }
        assert!(self.features < tolerance, "{what}: features stray by {:.2e}", self.features);
        assert!(self.logits < tolerance, "{what}: logits stray by {:.2e}", self.logits);
    }
}

/// The reference cases: two pictures of 224 pixels, one of 128, one of 96.
pub fn cases() -> Vec<Case> {
    serde_json::from_str::<Golden>(include_str!("../fixtures/efficientnet_lite0.json"))
        .expect("the fixture is valid")
        .cases
}

/// Runs a case and compares.
pub async fn drift(backbone: &Backbone, weights: &Weights<'_>, case: &Case) -> Drift {
    let [channels, size] = [3, case.size];
    let values: Vec<f32> = (0..case.batch * channels * size * size)
        .map(|index| {
            let [n, c, i, j] =
                [index / (channels * size * size), index / (size * size) % channels, index / size % size, index % size];
            (0.05 * (c + 1) as f64 * i as f64 + 0.03 * (n + 1) as f64 * j as f64).sin() as f32
        })
        .collect();
    let input = Tensor::from_data(TensorData::new(values, [case.batch, channels, size, size]), backbone.device());
    let mut outputs = Vec::new();
    let features = backbone.forward_observed(input, |_, output| outputs.push(output.clone()));
    let features = read(features).await.expect("the features can be read");

    let mut drift = Drift { features: apart(&features, &case.features.concat()), ..Drift::default() };
    let labels = (0..1000).map(|index| index.to_string()).collect();
    let head = Head::pretrained(weights, labels, 1280).expect("the file has a classifier");
    for (features, expected) in features.chunks_exact(1280).zip(&case.logits) {
        drift.logits = drift.logits.max(apart(&head.logits(features), expected));
    }
    assert_eq!(outputs.len(), case.stages.len());
    for (output, expected) in outputs.into_iter().zip(&case.stages) {
        assert_eq!(output.dims().as_slice(), expected.shape, "{}", expected.at);
        let values = read(output).await.expect("a block can be read");
        let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / values.len() as f64;
        let variance = values.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / values.len() as f64;
        let found = [mean as f32, variance.sqrt() as f32];
        let strayed = apart(&found, &[expected.mean, expected.std]).max(apart(&values[..8], &expected.first8));
        drift.blocks.push((expected.at.clone(), strayed / expected.std));
    }
    drift
}
