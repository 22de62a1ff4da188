//! Batches of examples that are mixed with one another.

use burn::prelude::*;
use burn::tensor::Int;
use rand::seq::SliceRandom;
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use crate::doodle::{normal, window};
use crate::error::{Error, Result};

/// How the examples of a batch are mixed, each with another one, and their targets in the same shares. The share is drawn
/// once a batch, from a symmetric Beta distribution: the smaller its `alpha`, the more of one example.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "lowercase", deny_unknown_fields)]
pub enum Mixing {
    /// Laid over one another (Zhang et al., "mixup", 2018, arXiv 1710.09412).
    Mixup {
        /// Of the Beta distribution, 0.01 to 10.
        #[serde(default = "default_mixup")]
        alpha: f32,
    },
    /// A rectangle of the one on the other (Yun et al., "CutMix", 2019, arXiv 1905.04899).
    Cutmix {
        /// Of the Beta distribution, 0.01 to 10. 1 makes all areas equally likely.
        #[serde(default = "default_cutmix")]
        alpha: f32,
    },
}

fn default_mixup() -> f32 {
    0.2
}

fn default_cutmix() -> f32 {
    1.0
}

impl Mixing {
    /// Checks every value.
    ///
    /// # Errors
    /// [`Error::BadOption`] naming the option and what it may be.
    pub fn check(&self) -> Result<()> {
        let (Self::Mixup { alpha } | Self::Cutmix { alpha }) = self;
        if (0.01..=10.0).contains(alpha) {
            return Ok(());
        }
        Err(Error::BadOption(format!("alpha is {alpha}, but must be 0.01 to 10")))
    }

    /// Mixes a batch `[batch, channels, height, width]` and its targets, a row each.
    pub fn mix(&self, x: Tensor<4>, targets: Tensor<2>, rng: &mut impl Rng) -> (Tensor<4>, Tensor<2>) {
        let [batch, channels, height, width] = x.dims();
        let mut partners: Vec<i32> = (0..batch as i32).collect();
        partners.shuffle(rng);
        let partners = Tensor::<1, Int>::from_data(partners.as_slice(), &x.device());
        let others = x.clone().select(0, partners.clone());
        let (x, share) = match *self {
            Self::Mixup { alpha } => {
                let share = symmetric_beta(alpha, rng);
                (x * share + others * (1.0 - share), share)
            }
            Self::Cutmix { alpha } => {
                let side = (1.0 - symmetric_beta(alpha, rng)).sqrt();
                let [rows, columns] = [height, width].map(|length| window(length, side, rng));
                // The border has cut some off: what counts is what is there.
                let share = 1.0 - (rows.len() * columns.len()) as f32 / (height * width) as f32;
                let place = [0..batch, 0..channels, rows, columns];
                if place.iter().any(|range| range.is_empty()) {
                    return (x, targets);
                }
                (x.slice_assign(place.clone(), others.slice(place)), share)
            }
        };
        let others = targets.clone().select(0, partners);
        (x, targets * share + others * (1.0 - share))
    }
}

/// A value of the distribution Beta(alpha, alpha): the share that one of two values of Gamma(alpha) has in their sum.
fn symmetric_beta(alpha: f32, rng: &mut impl Rng) -> f32 {
    // In logarithms, as for a small alpha both may be too small for f32.
    let [a, b] = [(); 2].map(|()| log_gamma(alpha, rng));
    1.0 / (1.0 + (b - a).exp())
}

/// The logarithm of a value of the distribution Gamma(shape): Marsaglia and Tsang, "A simple method for generating gamma
/// variables", 2000, for shape + 1, and their step down from there, which serves any shape.
fn log_gamma(shape: f32, rng: &mut impl Rng) -> f32 {
    let d = shape + 1.0 - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = normal(rng);
        let v = (1.0 + c * x).powi(3);
        if v > 0.0 && log_uniform(rng) < 0.5 * x * x + d * (1.0 - v + v.ln()) {
            return (d * v).ln() + log_uniform(rng) / shape;
        }
    }
}

/// The logarithm of a value above 0 and up to 1.
fn log_uniform(rng: &mut impl Rng) -> f32 {
    (1.0 - rng.random::<f32>()).ln()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_pcg::Pcg64Mcg;

    use super::*;

    fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.into_data().try_to_vec().unwrap()
    }

    #[test]
    fn targets_have_the_shares_of_the_pixels() {
        let device = Device::flex();
        // Example i is filled with i and of class i, so that its targets say what it is filled with on average.
        let identity = Tensor::<2>::eye(5, &device);
        let filled = Tensor::<1, Int>::arange(0..5, &device).float().reshape([5, 1, 1, 1]).expand([5, 2, 9, 7]);
        for mixing in [Mixing::Mixup { alpha: 0.4 }, Mixing::Cutmix { alpha: 1.0 }] {
            let mix = |seed| {
                let (x, targets) = mixing.mix(filled.clone(), identity.clone(), &mut Pcg64Mcg::seed_from_u64(seed));
                (values(x), values(targets))
            };
            assert!(mix(1) == mix(1) && mix(1) != mix(2));
            for (x, targets) in (0..40).map(mix) {
                for (x, targets) in x.chunks_exact(126).zip(targets.chunks_exact(5)) {
                    let expected: f32 = targets.iter().enumerate().map(|(class, share)| class as f32 * share).sum();
                    assert!((x.iter().sum::<f32>() / 126.0 - expected).abs() < 1e-4);
                    assert!((targets.iter().sum::<f32>() - 1.0).abs() < 1e-5);
                    let whole = x.iter().all(|v| v.fract() == 0.0);
                    assert!(whole || matches!(mixing, Mixing::Mixup { .. }), "pixels are of one or the other");
                }
            }
        }
    }

    #[test]
    fn shares_have_the_moments_of_their_distribution() {
        let mut rng = Pcg64Mcg::seed_from_u64(8);
        for alpha in [0.01, 0.2, 1.0, 4.0] {
            let count = 20_000;
            let shares: Vec<f32> = (0..count).map(|_| symmetric_beta(alpha, &mut rng)).collect();
            assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)));
            let mean = shares.iter().sum::<f32>() / count as f32;
            let variance = shares.iter().map(|share| (share - mean).powi(2)).sum::<f32>() / count as f32;
            let expected = 0.25 / (2.0 * alpha + 1.0);
            assert!(
                (mean - 0.5).abs() < 0.015 && (variance / expected - 1.0).abs() < 0.04,
                "{alpha}: {mean}, {variance}"
            );
        }
    }

    #[test]
    fn is_data_and_refused_by_name() {
        let parse = |json: &str| serde_json::from_str::<Mixing>(json).map_err(|error| error.to_string());
        assert_eq!(parse(r#"{"name": "mixup"}"#).unwrap(), Mixing::Mixup { alpha: 0.2 });
        assert_eq!(parse(r#"{"name": "cutmix", "alpha": 0.5}"#).unwrap(), Mixing::Cutmix { alpha: 0.5 });
        assert!(parse(r#"{"name": "cutmix", "beta": 1}"#).unwrap_err().contains("beta"));
        assert!(parse(r#"{"name": "cutout"}"#).unwrap_err().contains("mixup"));
        let error = Mixing::Mixup { alpha: 0.0 }.check().unwrap_err();
        assert!(error.code() == "bad-option" && error.to_string().contains("alpha"), "{error}");
    }
}
