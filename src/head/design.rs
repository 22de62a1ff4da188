//! The examples of regressions, some of which leave a few of them out.
//!
//! An embedding is centred on the examples that it is fitted to, so that each part of a cross-validation has directions of
//! its own. Where features outnumber examples, only the products of directions with each other matter, and those of one
//! centre follow from those of another: examples are multiplied with each other once for all parts.

use super::LabelledFeatures;
use super::embedding::{Embedding, SCALE, stretch};
use super::matrix::Matrix;
use crate::error::{Error, Result};

/// Squares of offsets from a new centre that are this much of those from the old one are what rounding left.
const ROUNDING: f64 = 1e-6;

/// The square of the shortest offset that has a direction.
const SHORTEST: f64 = 1e-12;

/// The examples of a regression, without what depends on which of them count.
#[derive(Debug)]
pub(crate) struct Design {
    pub(super) classes: Vec<String>,
    pub(super) targets: Vec<usize>,
    /// Centred on all examples.
    embedding: Embedding,
    /// What examples differ from its centre by, a row each.
    offsets: Matrix,
    /// Products of `offsets` with each other, if examples among themselves take the place of features.
    products: Option<Matrix>,
}

impl Design {
    /// # Errors
    /// [`Error::TooFewClasses`] for less than two classes, [`Error::TooFewExamples`] for a class without any, and
    /// [`Error::BadInput`] for features that are not finite.
    pub fn new(examples: &LabelledFeatures) -> Result<Self> {
        let features = examples.features.first().map_or(0, |features| features.len());
        // An iteration takes half the products at as many.
        Self::build(examples, features >= examples.features.len())
    }

    pub(super) fn build(examples: &LabelledFeatures, among_themselves: bool) -> Result<Self> {
        let LabelledFeatures { classes, features, targets } = examples;
        if classes.len() < 2 {
            return Err(Error::TooFewClasses(classes.len()));
        }
        if let Some(class) = (0..classes.len()).find(|class| !targets.contains(class)) {
            return Err(Error::TooFewExamples(format!("“{}” has no drawing; draw at least one", classes[class])));
        }
        if let Some(index) = features.iter().position(|f| f.is_empty() || f.iter().any(|v| !v.is_finite())) {
            return Err(Error::BadInput(format!(
                "the features of example {index} are not finite numbers; get the weights of the backbone again"
            )));
        }
        let embedding = Embedding::fit(features);
        let mut offsets = Vec::with_capacity(features.len() * features[0].len());
        features.iter().for_each(|features| offsets.extend(embedding.offset(features)));
        let offsets = Matrix::new(features[0].len(), offsets);
        let products = among_themselves.then(|| offsets.products());
        Ok(Self { classes: classes.clone(), targets: targets.clone(), embedding, offsets, products })
    }

    /// Where the embedding of the examples that count is centred, as a difference from the centre of all.
    pub fn shift(&self, counts: &[bool]) -> Vec<f32> {
        let mut mean = vec![0.0; self.offsets.columns];
        for (row, _) in self.offsets.rows().zip(counts).filter(|(_, counts)| **counts) {
            mean.iter_mut().zip(row).for_each(|(sum, v)| *sum += v);
        }
        let count = counts.iter().filter(|counts| **counts).count() as f32;
        mean.iter_mut().for_each(|v| *v /= count);
        mean
    }

    /// The embedding with that centre.
    pub fn embedding(&self, shift: &[f32]) -> Embedding {
        Embedding::around(self.embedding.centre().iter().zip(shift).map(|(v, shift)| v + shift).collect())
    }

    /// The examples at `indices` as that embedding has them, a row each.
    pub fn embedded(&self, shift: &[f32], indices: impl Iterator<Item = usize>) -> Matrix {
        let mut values = Vec::new();
        for index in indices {
            let first = values.len();
            values.extend(self.offsets.row(index).iter().zip(shift).map(|(v, shift)| v - shift));
            stretch(&mut values[first..]);
        }
        Matrix::new(self.offsets.columns, values)
    }

    /// The products of all embedded examples with each other, where the embedding is centred on those that count; `None` if
    /// features are to be used.
    pub fn products(&self, counts: &[bool]) -> Option<Matrix> {
        let products = self.products.as_ref()?;
        let number = counts.iter().filter(|counts| **counts).count() as f64;
        let counted = |row: &[f32]| -> f64 {
            row.iter().zip(counts).filter(|(_, counts)| **counts).map(|(v, _)| f64::from(*v)).sum()
        };
        // Products with the new centre, and of that with itself.
        let means: Vec<f64> = products.rows().map(|row| counted(row) / number).collect();
        let square = means.iter().zip(counts).filter(|(_, counts)| **counts).map(|(v, _)| v).sum::<f64>() / number;
        let of = |i: usize, j: usize| f64::from(products.row(i)[j]) - means[i] - means[j] + square;
        let factor = |i: usize| {
            let enough = SHORTEST.max(ROUNDING * f64::from(products.row(i)[i]));
            if of(i, i) > enough { f64::from(SCALE) / of(i, i).sqrt() } else { 0.0 }
        };
        let factors: Vec<f64> = (0..counts.len()).map(factor).collect();
        let row = |i: usize| (0..counts.len()).map(move |j| (i, j));
        let values = (0..counts.len()).flat_map(row).map(|(i, j)| (of(i, j) * factors[i] * factors[j]) as f32);
        Some(Matrix::new(counts.len(), values.collect()))
    }
}
