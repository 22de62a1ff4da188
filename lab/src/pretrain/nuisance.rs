//! What differs between drawings of one category, whichever it is: directions of the features that say little.

use doodletune::backbone::NamedTensor;
use nalgebra::{DMatrix, SymmetricEigen};

/// How many directions are kept. All 320 would be no better, and take a tenth of the file.
const DIRECTIONS: usize = 128;

/// Added to each direction's variance, as a share of the mean one: the fewer drawings there are, the less is known.
const DOUBT: f64 = 0.3;

/// Directions, `[directions, features]`, each as long as the root of the share of it that is to be taken away.
pub struct Nuisance(DMatrix<f64>);

impl Nuisance {
    /// From pooled features, row by row, and the category of each.
    ///
    /// Directions of length one, the features lie on a sphere; their covariance within categories is divided by its root,
    /// up to a common factor.
    pub fn fit(features: &[Vec<f32>], targets: &[usize]) -> Self {
        let length = features.first().map_or(0, Vec::len);
        let unit = |row: &Vec<f32>| {
            let norm = row.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt().max(1e-9);
            row.iter().map(|v| f64::from(*v) / norm).collect::<Vec<f64>>()
        };
        let rows: Vec<Vec<f64>> = features.iter().map(unit).collect();
        let categories = targets.iter().max().map_or(0, |most| most + 1);
        let mut means = vec![(vec![0.0; length], 0.0); categories];
        for (row, target) in rows.iter().zip(targets) {
            means[*target].0.iter_mut().zip(row).for_each(|(sum, v)| *sum += v);
            means[*target].1 += 1.0;
        }
        let centred = rows.iter().zip(targets).flat_map(|(row, target)| {
            let (sums, count) = &means[*target];
            row.iter().zip(sums).map(move |(v, sum)| v - sum / count)
        });
        let centred = DMatrix::from_row_iterator(rows.len(), length, centred.collect::<Vec<_>>());
        let covariance = centred.tr_mul(&centred) / rows.len() as f64;
        let doubt = DOUBT * covariance.trace() / length as f64;
        let eigen = SymmetricEigen::new(covariance);
        let mut order: Vec<usize> = (0..length).collect();
        order.sort_by(|a, b| eigen.eigenvalues[*b].total_cmp(&eigen.eigenvalues[*a]));
        let (kept, rest) = order.split_at(DIRECTIONS.min(length / 2));
        let factor = |index: usize| (eigen.eigenvalues[index].max(0.0) + doubt).sqrt().recip();
        let common = rest.iter().map(|index| factor(*index)).sum::<f64>() / rest.len() as f64;
        let directions = kept.iter().map(|index| {
            let taken = (1.0 - factor(*index) / common).max(0.0);
            eigen.eigenvectors.column(*index).transpose() * taken.sqrt()
        });
        Self(DMatrix::from_rows(&directions.collect::<Vec<_>>()))
    }

    /// Row by row.
    pub fn to_tensor(&self) -> NamedTensor {
        let (rows, columns) = self.0.shape();
        let values = self.0.transpose().iter().map(|v| *v as f32).collect();
        NamedTensor { name: "nuisance.weight".into(), shape: vec![rows, columns], values }
    }

    /// A classifier's rows, such that on features without nuisance they say what `rows` say on features with it.
    pub fn adapt(&self, rows: &[f32]) -> Vec<f32> {
        let columns = self.0.ncols();
        let map = DMatrix::identity(columns, columns) - self.0.tr_mul(&self.0);
        let rows = DMatrix::from_row_iterator(rows.len() / columns, columns, rows.iter().map(|v| f64::from(*v)));
        let inverse = map.try_inverse().expect("less than all of a direction is taken away");
        (rows * inverse).transpose().iter().map(|v| *v as f32).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two categories that differ in the second value, and vary a lot in the first.
    fn fit() -> (Vec<Vec<f32>>, Nuisance) {
        let row = |index: usize| {
            let [varies, tells] = [(index as f32 * 0.7).sin(), if index.is_multiple_of(2) { 0.3 } else { -0.3 }];
            vec![varies, tells, 0.02 * (index as f32).cos(), 1.0]
        };
        let rows: Vec<Vec<f32>> = (0..40).map(row).collect();
        let targets: Vec<usize> = (0..40).map(|index| index % 2).collect();
        let nuisance = Nuisance::fit(&rows, &targets);
        (rows, nuisance)
    }

    #[test]
    fn what_varies_within_categories_is_taken_away() {
        let (_, nuisance) = fit();
        let map = DMatrix::identity(4, 4) - nuisance.0.tr_mul(&nuisance.0);
        assert!(map[(0, 0)] < 0.7 && map[(1, 1)] > 0.9, "{map}");
    }

    #[test]
    fn an_adapted_classifier_says_the_same() {
        let (rows, nuisance) = fit();
        let classifier = [0.5f32, -1.0, 2.0, 0.1];
        let adapted = nuisance.adapt(&classifier);
        let map = DMatrix::identity(4, 4) - nuisance.0.tr_mul(&nuisance.0);
        for row in rows {
            let before: f32 = row.iter().zip(classifier).map(|(v, c)| v * c).sum();
            let freed = &map * DMatrix::from_iterator(4, 1, row.iter().map(|v| f64::from(*v)));
            let after: f32 = freed.iter().zip(&adapted).map(|(v, c)| *v as f32 * c).sum();
            assert!((before - after).abs() < 1e-5, "{before} {after}");
        }
    }
}
