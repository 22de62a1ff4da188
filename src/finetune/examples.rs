//! What a run learns from, and the views of it that the network sees.

use std::rc::Rc;

use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::Variation;
use crate::backbone::InputSpec;
use crate::dataset::ExampleId;
use crate::doodle::{Doodle, Input, Picture};
use crate::error::{Error, Result};
use crate::head::LabelledFeatures;

/// An example's drawing, so that it can be shown again and in other ways.
#[derive(Debug, Clone)]
pub enum Source {
    /// Strokes.
    Doodle(Rc<Doodle>),
    /// An image as the network sees it, 8-bit RGB: a fraction of what a photo takes.
    Picture {
        /// Width and height.
        side: usize,
        /// Row by row.
        pixels: Rc<[[u8; 3]]>,
    },
}

impl Source {
    /// Keeps what is needed of `input`, for a network that sees `spec`.
    ///
    /// # Errors
    /// [`Error::EmptyDrawing`] if there is nothing to see.
    pub fn keep(input: &Input, spec: &InputSpec) -> Result<Self> {
        Ok(match input {
            Input::Doodle(doodle) => Self::Doodle(Rc::new(doodle.clone())),
            Input::Image(_) => {
                let Picture { side, pixels } = input.render(spec)?;
                let bytes = |pixel: &[f32; 3]| pixel.map(|v| (v.clamp(0.0, 1.0) * 255.0).round() as u8);
                Self::Picture { side, pixels: pixels.iter().map(bytes).collect() }
            }
        })
    }

    /// The example as it is.
    ///
    /// # Errors
    /// [`Error::BadOption`] for a picture that was kept for another size.
    pub fn picture(&self, spec: &InputSpec) -> Result<Picture> {
        match self {
            Self::Doodle(doodle) => doodle.render(spec),
            Self::Picture { side, .. } if *side != spec.size => {
                Err(Error::BadOption(format!("an example of {side} pixels cannot be shown at {}", spec.size)))
            }
            Self::Picture { side, pixels } => Ok(Picture {
                side: *side,
                pixels: pixels.iter().map(|pixel| pixel.map(|v| f32::from(v) / 255.0)).collect(),
            }),
        }
    }

    /// A picture as opaque 8-bit RGBA on white paper; nothing of strokes.
    pub fn to_rgba(&self, spec: &InputSpec) -> Vec<u8> {
        let Self::Picture { pixels, .. } = self else { return vec![] };
        // The way back from the specification's paper and ink.
        let byte = |v: u8| {
            let ink = (spec.paper - f32::from(v) / 255.0) / (spec.paper - spec.ink);
            ((1.0 - ink).clamp(0.0, 1.0) * 255.0).round() as u8
        };
        pixels.iter().flat_map(|[r, g, b]| [byte(*r), byte(*g), byte(*b), 255]).collect()
    }

    /// A variation of the example.
    ///
    /// # Errors
    /// As [`Source::picture`].
    pub fn vary(&self, spec: &InputSpec, variation: &Variation, rng: &mut impl Rng) -> Result<Picture> {
        let picture = match self {
            Self::Doodle(doodle) => {
                let varied = variation.strokes.vary(doodle, rng);
                let line_width = variation.strokes.vary_width(spec.line_width, rng);
                varied.render(&InputSpec { line_width, ..spec.clone() })?
            }
            Self::Picture { .. } => self.picture(spec)?,
        };
        Ok(variation.pixels.vary(&picture, spec.paper, rng))
    }
}

/// Examples with all that is known of them.
#[derive(Debug, Clone)]
pub struct Examples {
    /// Names of the classes.
    pub classes: Vec<String>,
    /// The numbers by which whoever gives them knows them; an [`Evaluation`](super::Evaluation) names them by these.
    pub ids: Vec<ExampleId>,
    /// What was drawn.
    pub sources: Vec<Source>,
    /// Pooled features of each, by the backbone as it came; all of one length.
    pub features: Vec<Rc<[f32]>>,
    /// Index into `classes` of each.
    pub targets: Vec<usize>,
    /// A teacher's probabilities of the classes for each, where there is a teacher.
    pub teacher: Option<Vec<Vec<f32>>>,
}

impl Examples {
    /// Those at `indices`, in that order.
    pub fn select(&self, indices: &[usize]) -> Self {
        Self {
            classes: self.classes.clone(),
            ids: indices.iter().map(|i| self.ids[*i]).collect(),
            sources: indices.iter().map(|i| self.sources[*i].clone()).collect(),
            features: indices.iter().map(|i| self.features[*i].clone()).collect(),
            targets: indices.iter().map(|i| self.targets[*i]).collect(),
            teacher: self.teacher.as_ref().map(|rows| indices.iter().map(|i| rows[*i].clone()).collect()),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.targets.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }

    /// For heads on features of the backbone as it came.
    pub fn labelled_features(&self) -> LabelledFeatures {
        self.with_features(self.features.clone())
    }

    /// For heads on other features of the same examples.
    pub fn with_features(&self, features: Vec<Rc<[f32]>>) -> LabelledFeatures {
        LabelledFeatures { classes: self.classes.clone(), features, targets: self.targets.clone() }
    }

    /// A weight for each example, one in the mean, such that every class counts the same, however many examples it has.
    pub fn weights(&self) -> Vec<f32> {
        let mut counts = vec![0usize; self.classes.len()];
        self.targets.iter().for_each(|target| counts[*target] += 1);
        let present = counts.iter().filter(|count| **count > 0).count();
        let weight = |target: &usize| self.len() as f32 / (present * counts[*target]) as f32;
        self.targets.iter().map(weight).collect()
    }

    /// A view of an example: number 0 is the example itself, all others are variations, the same for the same numbers.
    ///
    /// # Errors
    /// As [`Source::picture`].
    pub fn view(&self, index: usize, view: u64, spec: &InputSpec, variation: &Variation, seed: u64) -> Result<Picture> {
        if view == 0 || variation.is_none() {
            return self.sources[index].picture(spec);
        }
        self.sources[index].vary(spec, variation, &mut seeded(&[seed, index as u64, view]))
    }
}

/// A random sequence that follows from `numbers` alone.
pub(crate) fn seeded(numbers: &[u64]) -> Pcg64Mcg {
    // Steele et al., "Fast splittable pseudorandom number generators", 2014: neighbours become strangers.
    let mixed = numbers.iter().fold(0u64, |state, number| {
        let mut z = (state ^ number).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    });
    Pcg64Mcg::seed_from_u64(mixed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_count_the_same_however_many_examples_they_have() {
        let examples = Examples {
            classes: ["a", "b", "none"].map(str::to_owned).to_vec(),
            ids: vec![],
            sources: vec![],
            features: vec![],
            targets: vec![0, 0, 0, 1],
            teacher: None,
        };
        let weights = examples.weights();
        assert!((weights.iter().sum::<f32>() - 4.0).abs() < 1e-6);
        assert!((weights[..3].iter().sum::<f32>() - weights[3]).abs() < 1e-6, "{weights:?}");
    }

    #[test]
    fn random_sequences_differ_by_every_number() {
        use rand::RngExt;
        let first = |numbers: &[u64]| seeded(numbers).random::<u64>();
        assert_eq!(first(&[1, 2, 3]), first(&[1, 2, 3]));
        for other in [[1, 2, 4], [1, 3, 3], [2, 2, 3], [2, 1, 3]] {
            assert_ne!(first(&[1, 2, 3]), first(&other));
        }
    }
}
