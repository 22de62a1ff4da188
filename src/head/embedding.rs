//! Features as centred directions.

use std::rc::Rc;

use crate::kernels::dot;

/// Length of an embedding, which makes it the inverse temperature of the cosines between them.
pub(crate) const SCALE: f32 = 12.0;

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

    /// Centres on a mean direction that is known.
    pub(crate) fn around(centre: Vec<f32>) -> Self {
        Self { centre }
    }

    /// What is subtracted from directions.
    pub(crate) fn centre(&self) -> &[f32] {
        &self.centre
    }

    /// Embeds features; a vector of the same length, of length 12, or zero.
    pub fn apply(&self, features: &[f32]) -> Vec<f32> {
        let mut direction: Vec<f32> = self.offset(features).collect();
        stretch(&mut direction);
        direction
    }

    /// What features of unit length differ by from the centre.
    pub(super) fn offset<'a>(&'a self, features: &'a [f32]) -> impl Iterator<Item = f32> + 'a {
        let factor = inverse_norm(features);
        features.iter().zip(&self.centre).map(move |(v, c)| v * factor - c)
    }
}

/// Gives a direction the length of an embedding.
pub(super) fn stretch(direction: &mut [f32]) {
    let factor = SCALE * inverse_norm(direction);
    direction.iter_mut().for_each(|v| *v *= factor);
}

/// 1 / |v|, and 0 for a vector too short to have a direction.
pub(super) fn inverse_norm(v: &[f32]) -> f32 {
    let norm = dot(v, v).sqrt();
    if norm > 1e-6 { norm.recip() } else { 0.0 }
}
